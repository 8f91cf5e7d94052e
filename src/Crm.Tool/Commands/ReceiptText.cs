using System.Text.Json;
using Crm.Events;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Values;

namespace Crm.Tool.Commands;

/// <summary>Writes receipt lines: with their codes and numbers, and as sentences in both languages.</summary>
internal static class ReceiptText
{
    /// <summary>The lines that say what happened, and those that say why something did not.</summary>
    public static (List<ReceiptLine> Why, List<ReceiptLine> WhyNot) Split(Sequence<ReceiptLine> lines) =>
        ([.. lines.Where(line => line.Code != LineCodes.WhyNot)], [.. lines.Where(line => line.Code == LineCodes.WhyNot)]);

    /// <summary>The sentence of a line, whichever module wrote it.</summary>
    public static Text Of(ReceiptLine line) => line.Text ?? EngineTexts.Describe(line)
        ?? (line.Module is LoyaltyNames.Module or LoyaltyNames.KeepingModule ? LoyaltyTexts.Describe(line with { Module = LoyaltyNames.Module }) : new Text($"{line.Module}: {line.Code} {line.Subject}", $"{line.Module}：{line.Code} {line.Subject}"));

    public static void Write(Utf8JsonWriter json, string name, IEnumerable<ReceiptLine> lines)
    {
        json.WriteStartArray(name);
        foreach (var line in lines)
        {
            json.WriteStartObject();
            json.WriteString("code", line.Code);
            if (line.Subject is not null)
            {
                json.WriteString("subject", line.Subject);
            }

            if (line.Unit is not null)
            {
                json.WriteString("unit", line.Unit);
                json.WriteNumber("amount", line.Amount);
            }

            var text = Of(line);
            json.WriteString("en", text.English);
            json.WriteString("zh-Hant", text.Chinese);
            if (LoyaltyTexts.PartsOf(line) is { IsEmpty: false } parts)
            {
                Write(json, "parts", parts);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <summary>The sums of each unit.</summary>
    public static IEnumerable<(string Unit, long Amount)> Sums(IEnumerable<ReceiptLine> lines) => lines.Where(line => line.Unit is not null)
        .GroupBy(line => line.Unit ?? "", StringComparer.Ordinal).OrderBy(unit => unit.Key, StringComparer.Ordinal).Select(unit => (unit.Key, unit.Sum(line => line.Amount)));

    /// <summary>The lines as sentences, their parts below them.</summary>
    public static void Print(ToolOutput output, IEnumerable<ReceiptLine> lines, int depth = 0)
    {
        foreach (var line in lines)
        {
            output.Line($"{new string(' ', depth * 2)}{Of(line).In(output.Language)}");
            Print(output, LoyaltyTexts.PartsOf(line), depth + 1);
        }
    }

    /// <summary>Rows for CSV: what, about what, of which unit how much, and the sentence.</summary>
    public static IEnumerable<IReadOnlyList<string>> Rows(IEnumerable<ReceiptLine> lines, ToolOutput output) => lines.Select(line => (string[])
        [line.Code, line.Subject ?? "", line.Unit ?? "", line.Unit is null ? "" : line.Amount.ToString(System.Globalization.CultureInfo.InvariantCulture), Of(line).In(output.Language)]);
}
