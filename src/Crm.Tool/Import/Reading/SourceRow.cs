namespace Crm.Tool.Import.Reading;

/// <summary>A row of a file.</summary>
/// <param name="Line">The line of the file on which it begins (the row of a sheet), from 1.</param>
/// <param name="Cells">Its cells, without blanks around them.</param>
internal readonly record struct SourceRow(long Line, string[] Cells);
