using System.Globalization;

namespace Crm.Tool.Import.Assembly;

/// <summary>A row that could not be understood.</summary>
/// <param name="Line">Where it stands in the file, from 1.</param>
/// <param name="Column">The column at fault; null when it is the row as a whole.</param>
/// <param name="Value">What stands there.</param>
/// <param name="Reason">A code, such as "not-a-number".</param>
internal sealed record RejectedRow(long Line, string? Column, string Value, string Reason)
{
    /// <summary>The reason where a formula has failed; the value is its error.</summary>
    public const string ErrorInTheCell = "error-in-the-cell";

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"line {Line}{(Column is null ? "" : $", {Column}")}: '{Value}' ({Reason})");
}
