using System.Globalization;
using System.IO.Compression;
using System.Xml;
using System.Xml.Linq;

namespace Crm.Tool.Import.Reading;

/// <summary>The cells of a workbook's first sheet whose formulas have failed. The reader of workbooks takes them for empty ones, and an empty cell means something else.</summary>
internal static class FailedCells
{
    private const int MostColumns = 16_384;

    /// <summary>By the row of the sheet, from 1: their places, from 0, and errors, such as "#N/A". Nothing for a binary sheet (.xlsb), which is no XML.</summary>
    public static IReadOnlyDictionary<long, List<(int Place, string Error)>> In(Stream workbook)
    {
        var found = new Dictionary<long, List<(int, string)>>();
        using var archive = new ZipArchive(workbook, ZipArchiveMode.Read, leaveOpen: true);
        if (FirstSheet(archive) is not { } sheet)
        {
            return found;
        }

        using var stream = sheet.Open();
        using var xml = XmlReader.Create(stream);
        var (row, place) = (0L, -1);
        while (xml.Read())
        {
            if (xml.NodeType != XmlNodeType.Element)
            {
                continue;
            }

            if (xml.LocalName == "row")
            {
                row = long.TryParse(xml.GetAttribute("r"), NumberStyles.None, CultureInfo.InvariantCulture, out var said) ? said : row + 1;
                place = -1;
            }
            else if (xml.LocalName == "c")
            {
                place = PlaceOf(xml.GetAttribute("r")) ?? place + 1;
                if (xml.GetAttribute("t") == "e")
                {
                    using var cell = xml.ReadSubtree();
                    var error = cell.ReadToDescendant("v", xml.NamespaceURI) ? cell.ReadElementContentAsString().Trim() : "";
                    (found.TryGetValue(row, out var known) ? known : found[row] = []).Add((place, error.Length > 0 ? error : "#ERROR"));
                }
            }
        }

        return found;
    }

    // The letters of "AB12"; null where there are none, as the format allows: the cell is then the next one.
    private static int? PlaceOf(string? reference)
    {
        var place = 0;
        foreach (var letter in reference ?? "")
        {
            if (!char.IsAsciiLetterUpper(letter) || place > MostColumns)
            {
                break;
            }

            place = (place * 26) + (letter - 'A' + 1);
        }

        return place == 0 ? null : place - 1;
    }

    private static ZipArchiveEntry? FirstSheet(ZipArchive archive)
    {
        const string book = "xl/workbook.xml";
        var first = Xml(archive, book)?.Descendants().FirstOrDefault(element => element.Name.LocalName == "sheet");
        var id = first?.Attributes().FirstOrDefault(attribute => attribute.Name.LocalName == "id" && attribute.Name.NamespaceName.Length > 0)?.Value;
        var target = Xml(archive, "xl/_rels/workbook.xml.rels")?.Descendants().FirstOrDefault(element => element.Name.LocalName == "Relationship" && (string?)element.Attribute("Id") == id)?.Attribute("Target")?.Value;
        return target is not null && Uri.TryCreate(new Uri($"zip:///{book}"), target, out var part) && part.AbsolutePath.EndsWith(".xml", StringComparison.OrdinalIgnoreCase)
            ? archive.GetEntry(Uri.UnescapeDataString(part.AbsolutePath).TrimStart('/'))
            : null;
    }

    private static XDocument? Xml(ZipArchive archive, string part)
    {
        if (archive.GetEntry(part) is not { } entry)
        {
            return null;
        }

        using var stream = entry.Open();
        using var xml = XmlReader.Create(stream);
        return XDocument.Load(xml);
    }
}
