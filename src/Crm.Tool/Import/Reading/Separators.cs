namespace Crm.Tool.Import.Reading;

/// <summary>Guesses what stands between the cells of a text.</summary>
internal static class Separators
{
    private static readonly char[] Usual = [',', ';', '\t', '|', ' '];

    /// <summary>The separator that occurs most often in a row, a blank only when no other does; null when there is none.</summary>
    public static char? Best(string row)
    {
        var best = Usual.Where(separator => separator != ' ')
            .Select(separator => (separator, count: row.AsSpan().Count(separator)))
            .OrderByDescending(pair => pair.count)
            .First();
        return best.count > 0 ? best.separator : row.Trim().Contains(' ', StringComparison.Ordinal) ? ' ' : null;
    }

    public static string Show(char separator) => separator switch { '\t' => "\\t", _ => separator.ToString() };
}
