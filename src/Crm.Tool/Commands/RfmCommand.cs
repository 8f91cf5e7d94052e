using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Crm.Analytics.Scores;
using Crm.Tool.Json;
using Crm.Tool.Reports;
using Crm.Values;
using NodaTime;
using NodaTime.Text;

namespace Crm.Tool.Commands;

/// <summary>crm report rfm: customers scored by recency, frequency and amount.</summary>
internal static class RfmCommand
{
    private const string FixedBins = "fixed:";

    public static Command Create(IClock clock)
    {
        var bins = new Option<string>("--bins") { Description = "How values become scores from 1 to 5.", HelpName = "quintile-rank|quintile-value|fixed:FILE|rfm-package", DefaultValueFactory = _ => "quintile-rank" };
        var segments = new Option<string?>("--segments") { Description = "A JSON file with named ranges of scores, the first that fits counting. Left out: the ten of the R package rfm.", HelpName = "FILE" };
        var net = new Option<bool>("--net") { Description = "Amounts net of refunds and cancellations." };
        var command = new Command("rfm", "Customers by recency, frequency and amount, with scores and a segment.") { bins, segments, net };
        return HabitCommands.Report(command, clock, (parsed, sales, output) =>
        {
            var (scale, names) = (Bins(parsed.GetRequiredValue(bins)), Segments(parsed.GetValue(segments)));
            var buyers = sales.Buyers.ToList();
            var values = buyers.Select(customer => new RfmValues(Recency(customer, sales), customer.Purchases.Count, customer.Gross - (parsed.GetValue(net) ? customer.TakenBack : 0))).ToList();
            var rows = buyers.Zip(values, scale.Score(values)).Select(one => new object?[]
            {
                one.First.Customer, (long)one.Second.RecencyDays, (long)one.Second.Frequency, one.Second.Monetary, (long)one.Third.R, (long)one.Third.F, (long)one.Third.M, names.Of(one.Third),
            }).ToList();
            new ResultTable(
                "customers",
                [
                    new("customer", new("Customer", "客戶")), new("recency_days", new("Days since", "距今日數")), new("frequency", new("Purchases", "購買次數")), new("monetary", new("Amount", "金額")),
                    new("r", new("R", "R")), new("f", new("F", "F")), new("m", new("M", "M")), new("segment", new("Segment", "分眾")),
                ],
                rows).Write(output, json =>
                {
                    json.WriteString("asOf", LocalDatePattern.Iso.Format(sales.AsOf));
                    json.WriteString("bins", parsed.GetRequiredValue(bins));
                });
        }).WithExamples(
            "crm report rfm --store shop.db --as-of 2026-06-30 --csv",
            "crm report rfm --bins fixed:bins.json --segments segments.json --net --store shop.db --json");
    }

    // Whole days of 24 hours up to the beginning of the day of the report.
    private static int Recency(CustomerSales customer, Sales sales) =>
        (int)Math.Max(0, Math.Floor((sales.StartOfAsOf - customer.Purchases.Max(sale => sale.At)).TotalDays));

    private static RfmBins Bins(string name) => name switch
    {
        "quintile-rank" => new RfmBins.QuintileByRank(),
        "quintile-value" => new RfmBins.QuintileByValue(),
        "rfm-package" => new RfmBins.RfmPackage(),
        _ when name.StartsWith(FixedBins, StringComparison.Ordinal) => Read(name[FixedBins.Length..], (root, faults) =>
        {
            var bins = StrictObject.Read(root, "", faults, "recency", "frequency", "monetary");
            var (recency, frequency, monetary) = (Cuts(bins, "recency", faults), Cuts(bins, "frequency", faults), Cuts(bins, "monetary", faults));
            return faults.Count == 0 ? new RfmBins.Fixed(recency, frequency, monetary) : null;
        }),
        _ => throw ToolException.Usage($"--bins: '{name}' is unknown; quintile-rank, quintile-value, rfm-package or fixed:FILE is expected."),
    };

    private static RfmSegments Segments(string? file) => file is null ? RfmSegments.OfRfmPackage : Read(file, (root, faults) =>
    {
        var segments = new List<RfmSegment>();
        foreach (var (element, path) in StrictObject.Read(root, "", faults, "segments").Items("segments", "a list of segments", required: true))
        {
            var segment = StrictObject.Read(element, path, faults, "name", "r", "f", "m");
            segments.Add(new RfmSegment(segment.Text("name", "a name") ?? "", Range(segment, "r", faults), Range(segment, "f", faults), Range(segment, "m", faults)));
        }

        return faults.Count == 0 ? new RfmSegments(segments) : null;
    });

    private static T Read<T>(string file, Func<JsonElement, List<JsonFault>, T?> read)
        where T : class
    {
        var faults = new List<JsonFault>();
        try
        {
            using var json = JsonDocument.Parse(NamedFile.JsonText(file));
            return read(json.RootElement, faults) ?? throw ToolException.Input(faults.Select(fault => $"{file}: {fault}"));
        }
        catch (Exception wrong) when (wrong is IOException or UnauthorizedAccessException or JsonException)
        {
            throw ToolException.Input($"{file}: cannot be read: {wrong.Message}");
        }
        catch (ArgumentException wrong)
        {
            throw ToolException.Input($"{file}: {wrong.Sentence()}");
        }
    }

    private static Sequence<decimal> Cuts(StrictObject bins, string name, List<JsonFault> faults)
    {
        var cuts = new List<decimal>();
        foreach (var (element, path) in bins.Items(name, "four rising numbers, such as [7, 30, 90, 180]", required: true))
        {
            cuts.Add(Number(element, path, faults));
        }

        return cuts.ToSequence();
    }

    // A score, or the least and the greatest.
    private static ScoreRange Range(StrictObject segment, string name, List<JsonFault> faults)
    {
        if (segment.Require(name, "a score or two, such as 5 or [3, 5]") is not { } found)
        {
            return new(1, 5);
        }

        if (found.Element.ValueKind != JsonValueKind.Array)
        {
            var score = Score(found.Element, found.Path, faults);
            return new(score, score);
        }

        var scores = segment.Items(name, "two scores", required: true).Select(item => Score(item.Element, item.Path, faults)).ToList();
        if (scores.Count == 2)
        {
            return new(scores[0], scores[1]);
        }

        faults.Add(new(found.Path, string.Create(CultureInfo.InvariantCulture, $"{scores.Count} scores"), "two, the lesser first, such as [3, 5]"));
        return new(1, 5);
    }

    private static int Score(JsonElement element, string path, List<JsonFault> faults)
    {
        if (element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out var score) && score is >= 1 and <= 5)
        {
            return score;
        }

        faults.Add(new(path, StrictObject.Show(element), "a score from 1 to 5"));
        return 1;
    }

    private static decimal Number(JsonElement element, string path, List<JsonFault> faults)
    {
        if (element.ValueKind == JsonValueKind.Number && element.TryGetDecimal(out var number))
        {
            return number;
        }

        faults.Add(new(path, StrictObject.Show(element), "a number"));
        return 0;
    }
}
