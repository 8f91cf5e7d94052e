using System.Text.Json;
using Crm.Campaigns;
using Crm.Campaigns.Decisions;
using Crm.Definitions;
using Crm.Events;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Segmentation.Library;
using Crm.Segmentation.Segments;
using Crm.Tool.Demo;
using Crm.Tool.Stores;
using Crm.Values;
using NodaTime;
using LineCodes = Crm.Loyalty.Receipts.LineCodes;

namespace Crm.Tool.Commands;

/// <summary>Writes receipt lines: with their codes and numbers, and as sentences in both languages.</summary>
/// <param name="segments">Has the labels of segments; those of others are called by their ids.</param>
/// <param name="at">As of when it has them.</param>
/// <param name="namesPrograms">Whether sentences begin with the programme that they are about, because there are several.</param>
internal sealed class ReceiptText(SegmentCatalog segments, Instant at, bool namesPrograms)
{
    /// <summary>For receipts of a store: with its segments, and with the names of its programmes where it has more than one.</summary>
    public static async ValueTask<ReceiptText> OfAsync(OpenedStore store, IClock clock, Instant at, CancellationToken cancellationToken) => await DemoMark.IsOnAsync(store.Documents, cancellationToken)
        ? new ReceiptText(new TeaShop().Segments, at, namesPrograms: false)
        : new ReceiptText(await SegmentsAsync(store, clock, cancellationToken), at, (await StoredPrograms.CatalogAsync(store.Documents, cancellationToken)).Names.Count > 1);

    /// <summary>The lines that say what happened, and those that say why something did not.</summary>
    public static (List<ReceiptLine> Why, List<ReceiptLine> WhyNot) Split(Sequence<ReceiptLine> lines) =>
        ([.. lines.Where(line => line.Code != LineCodes.WhyNot)], [.. lines.Where(line => line.Code == LineCodes.WhyNot)]);

    /// <summary>The sentence of a line, whichever module wrote it; of a module of a host, which has its own, the codes.</summary>
    public Text Of(ReceiptLine line) => In(line.Program, Sentence(line));

    public void Write(Utf8JsonWriter json, string name, IEnumerable<ReceiptLine> lines)
    {
        json.WriteStartArray(name);
        foreach (var line in lines)
        {
            json.WriteStartObject();
            json.WriteString("code", line.Code);
            if (line.Program is not null)
            {
                json.WriteString("program", line.Program);
            }

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

    /// <summary>The lines as sentences, their parts below them.</summary>
    public void Print(ToolOutput output, IEnumerable<ReceiptLine> lines, int depth = 0)
    {
        foreach (var line in lines)
        {
            output.Line($"{new string(' ', depth * 2)}{Of(line).In(output.Language)}");
            Print(output, LoyaltyTexts.PartsOf(line), depth + 1);
        }
    }

    /// <summary>Why rules gave nothing, each with its rule.</summary>
    public void PrintWhyNot(ToolOutput output, IEnumerable<ReceiptLine> lines)
    {
        foreach (var line in lines)
        {
            var text = Sentence(line);
            output.Line(In(line.Program, new Text($"{line.Subject}: {text.English}", $"{line.Subject}: {text.Chinese}")).In(output.Language));
        }
    }

    /// <summary>A table for CSV: what, about what, of which unit how much, the sentence, and in which programme.</summary>
    public IEnumerable<IReadOnlyList<string>> Table(IEnumerable<ReceiptLine> lines, ToolOutput output) => lines.Select(line => (string[])
        [line.Code, line.Subject ?? "", line.Unit ?? "", line.Unit is null ? "" : line.Amount.ToString(System.Globalization.CultureInfo.InvariantCulture), Of(line).In(output.Language), line.Program ?? ""])
        .Prepend(["code", "subject", "unit", "amount", "text", "program"]);

    private Text In(string? program, Text text) => namesPrograms && program is not null ? new Text($"{program}: {text.English}", $"{program}：{text.Chinese}") : text;

    private Text Sentence(ReceiptLine line) => line.Text ?? EngineTexts.Describe(line) ?? line.Module switch
    {
        LoyaltyNames.Module => LoyaltyTexts.Describe(line),
        CampaignNames.Module => CampaignTexts.Describe(line),
        SegmentNames.Module => segments.Describe(line, at),
        _ => new Text($"{line.Module}: {line.Code} {line.Subject}", $"{line.Module}：{line.Code} {line.Subject}"),
    };

    // What was saved need not fit together any more; then ids have to do.
    private static async ValueTask<SegmentCatalog> SegmentsAsync(OpenedStore store, IClock clock, CancellationToken cancellationToken)
    {
        try
        {
            return await new SegmentLibrary(store.Documents, clock).LoadAsync(null, cancellationToken);
        }
        catch (InvalidSegmentException)
        {
            return new SegmentCatalog(new DefinitionCatalog<Segment>([]));
        }
    }
}
