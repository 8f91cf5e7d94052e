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

    /// <summary>The places, from 0, of the cells of a workbook whose formulas have failed, and which stand here as their errors, such as "#N/A"; null: none.</summary>
    public IReadOnlySet<int>? Errors { get; init; }

    /// <summary>Whether a cell is an error and no text.</summary>
    public bool IsError(int place) => Errors?.Contains(place) == true;
}
