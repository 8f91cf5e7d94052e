namespace Crm.Tool.Import.Reading;

/// <summary>Cells between runs of blanks; blanks at the ends of a line mean nothing.</summary>
internal static class SpacedRows
{
    private static readonly char[] Blanks = [' ', '\t'];

    public static IEnumerable<SourceRow> Read(TextReader text)
    {
        for (var line = 1L; text.ReadLine() is { } read; line++)
        {
            var cells = read.Split(Blanks, StringSplitOptions.RemoveEmptyEntries);
            if (cells.Length > 0)
            {
                yield return new SourceRow(line, cells);
            }
        }
    }
}
