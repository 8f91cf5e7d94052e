using System.Globalization;
using Crm.Values;

namespace Crm.Events;

/// <summary>Sentences for the lines that the engine itself writes into receipts, such as what a refund takes of what was given before, in English and in Traditional Chinese as written in Hong Kong.</summary>
public static class EngineTexts
{
    /// <summary>The name that stands in those lines for a module.</summary>
    public const string Module = "kernel";

    /// <summary>The sentence of a line; null for those of modules, which have their own.</summary>
    public static Text? Describe(ReceiptLine line)
    {
        ArgumentNullException.ThrowIfNull(line);
        var units = line.Unit is null ? "" : string.Create(CultureInfo.InvariantCulture, $"{line.Amount:+#,0;−#,0;0} {line.Unit}");
        return line switch
        {
            { Module: not Module } => null,
            { Text: { } own } => own,
            { Code: "corrected" } => new($"Corrected by {units}.", $"更正 {units}。"),
            { Code: "corrects" } => new($"{units} of what came of '{line.Subject}'.", $"「{line.Subject}」之所得：{units}。"),
            { Code: "merged-units" } => new($"{units} of '{line.Subject}' by becoming one customer.", $"因合併：「{line.Subject}」{units}。"),
            { Code: "beyond-replay-horizon" } => new("It came too late to change what was decided before, and counts as of now.", "此事項來得太遲，不改變先前的決定，只由現在起計算。"),
            { Code: "disposed-of" } => new("What it did is not kept any longer.", "當時的結果已不再保存。"),
            _ => null,
        };
    }
}
