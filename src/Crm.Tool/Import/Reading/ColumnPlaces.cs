using System.Globalization;
using Crm.Tool.Import.Mappings;
using Crm.Values;

namespace Crm.Tool.Import.Reading;

/// <summary>Where the columns of a mapping stand in one file.</summary>
internal sealed class ColumnPlaces
{
    private readonly Dictionary<Column, int> places;

    private ColumnPlaces(Dictionary<Column, int> places) => this.places = places;

    /// <summary>The place of a column, from 0.</summary>
    public int this[Column column] => places[column];

    /// <summary>Finds the columns by the first row: the header, where the mapping says that there is one.</summary>
    /// <exception cref="ToolException">Columns are missing; the message names them all and, where it can be guessed, why.</exception>
    public static ColumnPlaces Find(Mapping mapping, string path, SourceRow first)
    {
        var cells = first.Cells;
        var found = new Dictionary<Column, int>();
        var problems = new List<string>();
        foreach (var column in mapping.Columns)
        {
            var place = column.Name is null ? column.Place - 1 : Array.FindIndex(cells, cell => string.Equals(cell, column.Name, StringComparison.Ordinal));
            if (place >= 0 && place < cells.Length)
            {
                found.Add(column, place);
                continue;
            }

            var near = column.Name is null ? null : Names.Nearest(column.Name, cells);
            problems.Add(column.Name is null
                ? $"{path}: the {Row(mapping)} has {Count(cells.Length)}; the mapping '{mapping.Name}' expects a {column}."
                : $"{path}: the header has no column '{column.Name}'{(near is null ? "" : $"; did you mean '{near}'?")}");
        }

        if (problems.Count == 0)
        {
            return new ColumnPlaces(found);
        }

        var separated = mapping.Columns.Max(column => column.Place) is var widest && cells.Length < Math.Max(2, Math.Max(widest, mapping.Columns.Count()))
            ? OtherSeparator(mapping, cells)
            : null;
        throw ToolException.Input(separated is null
            ? [.. problems, $"{path}: the {Row(mapping)} has {Count(cells.Length)}: {string.Join(", ", cells)}."]
            : [$"{path}: the {Row(mapping)} has {Count(cells.Length)}; the mapping '{mapping.Name}' expects {string.Join(", ", mapping.Columns)}. {separated}"]);
    }

    private static string Row(Mapping mapping) => mapping.Format.Header ? "header" : "first row";

    private static string Count(int columns) => columns == 1 ? "1 column" : string.Create(CultureInfo.InvariantCulture, $"{columns} columns");

    private static string? OtherSeparator(Mapping mapping, string[] cells)
    {
        var text = string.Join(mapping.Format.Separator, cells);
        var best = Separators.Best(text);
        return best is null || (mapping.Format.Kind == FileKind.Csv && best == mapping.Format.Separator)
            ? null
            : mapping.Format.Kind == FileKind.Spaced
                ? $"The row has '{Separators.Show(best.Value)}' in it: did you mean a mapping with format.kind 'csv' and separator '{Separators.Show(best.Value)}'?"
                : $"Did you mean {(best == ' ' ? "format.kind 'spaced'" : $"separator '{Separators.Show(best.Value)}'")}?";
    }
}
