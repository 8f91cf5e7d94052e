namespace Crm.Tool.Import.Reading;

/// <summary>A row of a file.</summary>
/// <param name="Line">The line of the file on which it begins (the row of a sheet), from 1.</param>
/// <param name="Cells">Its cells, without blanks around them.</param>
internal readonly record struct SourceRow(long Line, string[] Cells)
{
    /// <summary>The places, from 0, of the cells that are dates in a workbook and stand here as ISO text; null: none.</summary>
    public IReadOnlySet<int>? Dates { get; init; }

    /// <summary>Whether a cell is a date and no text that may say one.</summary>
    public bool IsDate(int place) => Dates?.Contains(place) == true;
}
