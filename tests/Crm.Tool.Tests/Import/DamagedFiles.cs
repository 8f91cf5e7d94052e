using System.IO.Compression;
using System.Text;
using Crm.Tool.Import.Mappings;
using Crm.Tool.Import.Reading;
using Crm.Tool.Tests.Support;

namespace Crm.Tool.Tests.Import;

/// <summary>Files that are not what they seem, or not all of it, end a command with a sentence that names them.</summary>
public sealed class DamagedFiles : IDisposable
{
    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("garbage.csv.gz")]
    [InlineData("head.csv.gz")]
    [InlineData("cut.csv.gz")]
    [InlineData("cut.xlsx.gz")]
    [InlineData("cut.xlsx")]
    [InlineData("archive.xlsx")]
    [InlineData("no-sheet.xlsx")]
    [InlineData("xml.xlsx")]
    [InlineData("xml.xlsx.gz")]
    public async Task A_damaged_file_is_a_sentence_and_never_a_trace(string name)
    {
        var path = Damaged(name);
        var map = folder.Write("opening.json", """{ "name": "till", "zone": "UTC", "format": { "kind": "csv" }, "member": { "column": "customer_id", "kind": "user" }, "tiers": { "tier": "revenue" } }""");

        foreach (var args in new string[][]
        {
            ["import", path, "--map", "rfm-orders", "--store", "memory"],
            ["import", "--suggest", path],
            ["loyalty", "open", path, "--map", map, "--store", "memory"],
        })
        {
            var tool = await Support.Tool.RunAsync(args);

            Assert.Equal((1, ""), (tool.Code, tool.Out));
            Assert.Contains(path, tool.Error, StringComparison.Ordinal);
            Assert.Single(tool.Error.TrimEnd().Split('\n'));
        }
    }

    [Fact]
    public void Whatever_byte_of_a_sheet_is_wrong_there_are_rows_or_a_sentence()
    {
        var book = Workbook.Of(["customer_id", "order_date", "revenue"], [["7", new DateTime(2011, 2, 5), 5d], ["8", Workbook.Error("#N/A"), 6d]]);
        var sheet = Sheet(book);
        var (rows, sentences) = (0, 0);
        for (var at = 0; at < sheet.Length; at += 3)
        {
            var path = folder.Write("sales.xlsx", WithSheet(book, [.. sheet[..at], (byte)"<&9\"x"[at % 5], .. sheet[(at + 1)..]]));
            try
            {
                _ = SourceFile.Rows(path, new(FileKind.Xlsx, ',', true, FileEncoding.Utf8)).ToList();
                rows++;
            }
            catch (ToolException wrong)
            {
                Assert.Contains(path, wrong.Message, StringComparison.Ordinal);
                sentences++;
            }
        }

        Assert.All(new[] { rows, sentences }, count => Assert.InRange(count, 10, sheet.Length));
    }

    [Theory]
    [InlineData("\n\n\n")]
    [InlineData("\r\n \r\n\t\r\n")]
    [InlineData("   ")]
    [InlineData("")]
    public async Task A_file_of_blank_lines_has_nothing_to_suggest_from(string text)
    {
        var path = folder.Write("blank.csv", text);
        var tool = await Support.Tool.RunAsync("import", "--suggest", path);

        Assert.Equal((1, ""), (tool.Code, tool.Out));
        Assert.Equal($"{path}: found no row; expected at least a header or a row of a sale.", tool.Error.TrimEnd());
    }

    private string Damaged(string name)
    {
        var sales = Encoding.ASCII.GetBytes("customer_id,order_date,revenue\n" + string.Concat(Enumerable.Range(0, 500).Select(i => $"{i},2020-01-01,{i * 7919 % 1000}\n")));
        var book = Workbook.Of(["customer_id", "order_date", "revenue"], [.. Enumerable.Range(0, 500).Select(i => (object[])[$"{i}", new DateTime(2020, 1, 1), (double)(i * 7919 % 1000)])]);
        byte[] bytes = name switch
        {
            "garbage.csv.gz" => [0x1f, 0x8b, .. "no gzip at all, only its first two bytes"u8],
            "head.csv.gz" => [0x1f, 0x8b],
            "cut.csv.gz" => Zipped(sales)[..^200],
            "cut.xlsx.gz" => Zipped(book)[..^200],
            "cut.xlsx" => book[..^200],
            "archive.xlsx" => Archive(),
            "no-sheet.xlsx" => WithSheet(book, null),
            "xml.xlsx" => WithSheet(book, Sheet(book)[..^40]),
            "xml.xlsx.gz" => Zipped(WithSheet(book, Sheet(book)[..^40])),
            _ => throw new ArgumentException(name, nameof(name)),
        };
        var path = folder.PathOf(name);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    private static byte[] Zipped(byte[] bytes)
    {
        using var memory = new MemoryStream();
        using (var zip = new GZipStream(memory, CompressionLevel.Fastest))
        {
            zip.Write(bytes);
        }

        return memory.ToArray();
    }

    private static byte[] Archive()
    {
        using var memory = new MemoryStream();
        using (var zip = new ZipArchive(memory, ZipArchiveMode.Create))
        {
            using var entry = zip.CreateEntry("letter.txt").Open();
            entry.Write("Dear all"u8);
        }

        return memory.ToArray();
    }

    private static byte[] Sheet(byte[] workbook)
    {
        using var zip = new ZipArchive(new MemoryStream(workbook));
        using var sheet = EntryOf(zip).Open();
        using var memory = new MemoryStream();
        sheet.CopyTo(memory);
        return memory.ToArray();
    }

    // Null: the archive has no sheet.
    private static byte[] WithSheet(byte[] workbook, byte[]? sheet)
    {
        using var memory = new MemoryStream();
        memory.Write(workbook);
        using (var zip = new ZipArchive(memory, ZipArchiveMode.Update, leaveOpen: true))
        {
            var name = EntryOf(zip).FullName;
            EntryOf(zip).Delete();
            if (sheet is not null)
            {
                using var entry = zip.CreateEntry(name).Open();
                entry.Write(sheet);
            }
        }

        return memory.ToArray();
    }

    private static ZipArchiveEntry EntryOf(ZipArchive zip) => zip.Entries.First(entry => entry.FullName.Contains("sheet", StringComparison.OrdinalIgnoreCase) && entry.FullName.EndsWith(".xml", StringComparison.Ordinal));
}
