using System.Globalization;
using Crm.Tool.Import.Mappings;
using Crm.Values;

namespace Crm.Tool.Import.Reading;

/// <summary>Where the columns of a mapping stand in one file.</summary>
internal sealed class ColumnPlaces
{
    private readonly Dictionary<Column, int> places;

    private ColumnPlaces(Dictionary<Column, int> places, int width) => (this.places, Least, Width) = (places, places.Values.Max() + 1, width);

    /// <summary>The place of a column, from 0.</summary>
    public int this[Column column] => places[column];

    /// <summary>How many columns a row has at most: those of the header of a CSV file. Where there is none, or runs of blanks are between the columns, nothing says it.</summary>
    public int Width { get; }

    /// <summary>How many columns a row has at least, so that those that are looked at are there.</summary>
    public int Least { get; }

    /// <summary>Why a row is none of the file: it has not all the columns, or more than the header, so that what stands in it has moved over. Null where it is one.</summary>
    public string? FaultOf(SourceRow row) =>
        row.Cells.Length < Least ? "too-few-columns"
        : row.Cells.Length > Width && row.Cells.AsSpan(Width).ContainsAnyExcept("") ? "too-many-columns"
        : null;

    /// <summary>Finds the columns by the first row: the header, where the mapping says that there is one.</summary>
    /// <exception cref="ToolException">Columns are missing, or their names stand twice; the message names them all and, where it can be guessed, why.</exception>
    public static ColumnPlaces Find(Mapping mapping, string path, SourceRow first) => Find(mapping.Name, mapping.Format, [.. mapping.Columns], path, first);

    /// <summary>Finds columns by the first row: the header, where there is one.</summary>
    /// <exception cref="ToolException">Columns are missing, or their names stand twice; the message names them all and, where it can be guessed, why.</exception>
    public static ColumnPlaces Find(string mapping, FileFormat format, IReadOnlyList<Column> columns, string path, SourceRow first)
    {
        var cells = first.Cells;
        var found = new Dictionary<Column, int>();
        var problems = new List<string>();
        foreach (var column in columns)
        {
            int[] at = column.Name is null ? [column.Place - 1] : [.. Enumerable.Range(0, cells.Length).Where(i => string.Equals(cells[i], column.Name, StringComparison.Ordinal))];
            if (at.Length > 1)
            {
                problems.Add($"{path}: the header has '{column.Name}' {Places(at)}; a mapping names a column that stands there once, and others by their place.");
                continue;
            }

            if (at.Length == 1 && at[0] < cells.Length)
            {
                found.Add(column, at[0]);
                continue;
            }

            var near = column.Name is null ? null : Names.Nearest(column.Name, cells);
            problems.Add(column.Name is null
                ? $"{path}: the {Row(format)} has {Count(cells.Length)}; the mapping '{mapping}' expects a {column}."
                : $"{path}: the header has no column '{column.Name}'{(near is null ? "" : $"; did you mean '{near}'?")}");
        }

        if (problems.Count == 0)
        {
            return new ColumnPlaces(found, format is { Kind: FileKind.Csv, Header: true } ? cells.Length : int.MaxValue);
        }

        var separated = columns.Max(column => column.Place) is var widest && cells.Length < Math.Max(2, Math.Max(widest, columns.Count))
            ? OtherSeparator(format, cells)
            : null;
        throw ToolException.Input(separated is null
            ? [.. problems, $"{path}: the {Row(format)} has {Count(cells.Length)}: {string.Join(", ", cells)}."]
            : [$"{path}: the {Row(format)} has {Count(cells.Length)}; the mapping '{mapping}' expects {string.Join(", ", columns)}. {separated}"]);
    }

    private static string Places(int[] places)
    {
        var said = Array.ConvertAll(places, place => string.Create(CultureInfo.InvariantCulture, $"in column {place + 1}"));
        return $"{string.Join(", ", said[..^1])} and {said[^1]}";
    }

    private static string Row(FileFormat format) => format.Header ? "header" : "first row";

    private static string Count(int columns) => columns == 1 ? "1 column" : string.Create(CultureInfo.InvariantCulture, $"{columns} columns");

    private static string? OtherSeparator(FileFormat format, string[] cells)
    {
        var text = string.Join(format.Separator, cells);
        var best = Separators.Best(text);
        return best is null || (format.Kind == FileKind.Csv && best == format.Separator)
            ? null
            : format.Kind == FileKind.Spaced
                ? $"The row has '{Separators.Show(best.Value)}' in it: did you mean a mapping with format.kind 'csv' and separator '{Separators.Show(best.Value)}'?"
                : $"Did you mean {(best == ' ' ? "format.kind 'spaced'" : $"separator '{Separators.Show(best.Value)}'")}?";
    }
}
