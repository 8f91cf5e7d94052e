using System.Text;
using BenchmarkDotNet.Attributes;
using Crm.Definitions;
using Crm.Events;
using Crm.Loyalty.Programs;
using Crm.Values;

namespace Crm.Benchmarks;

/// <summary>
/// Which of many rules, written as JSON, one purchase of three articles concerns: by the index of a programme, by asking a delegate for each rule, and by a hash table written for this very question.
/// </summary>
[MemoryDiagnoser]
public class RuleMatching
{
    private RuleIndex index = new([]);
    private Func<CustomerEvent, bool>[] delegates = [];
    private Dictionary<string, int> byHand = [];
    private Definition<LoyaltyProgram>? definition;
    private CustomerEvent sale = CustomerEvent.Purchase("pos:1", Identity.User("amy"), Money.Hkd(30));

    /// <summary>How many rules the programme has.</summary>
    [Params(10, 100, 1_000, 10_000)]
    public int Rules { get; set; }

    /// <summary>Reads the programme and makes the purchase.</summary>
    [GlobalSetup]
    public void Read()
    {
        var json = new StringBuilder("""{ "name": "club", "zone": "Asia/Hong_Kong", "units": [{ "name": "points", "kind": "redeemable" }], "rules": [""");
        for (var i = 0; i < Rules; i++)
        {
            json.Append(i == 0 ? "" : ",").Append(FormattableString.Invariant($$"""{ "rule": "fixed", "name": "rule-{{i}}", "unit": "points", "points": 5, "with": { "skus": ["sku-{{i}}"] } }"""));
        }

        definition = LoyaltyProgramJson.Read(json.Append("]}").ToString()).Define();
        index = new ProgramPlan(definition, []).RulesFor(EventKinds.PurchaseName) ?? index;
        var skus = Enumerable.Range(0, Rules).Select(i => $"sku-{i}").ToArray();
        delegates = skus.Select(sku => (Func<CustomerEvent, bool>)(happened => Has(happened, sku))).ToArray();
        byHand = skus.Select((sku, i) => (sku, i)).ToDictionary(pair => pair.sku, pair => pair.i, StringComparer.Ordinal);
        sale = sale with { Lines = [new EventLine(skus[Rules / 2], 1, Money.Hkd(10)), new EventLine("other", 1, Money.Hkd(10)), new EventLine(skus[^1], 1, Money.Hkd(10))] };
    }

    /// <summary>By the index of the programme.</summary>
    [Benchmark]
    public int By_index()
    {
        var found = index.Find(sale);
        var count = found.Count;
        found.Dispose();
        return count;
    }

    /// <summary>By asking each rule.</summary>
    [Benchmark]
    public int By_delegates()
    {
        var count = 0;
        foreach (var matches in delegates)
        {
            count += matches(sale) ? 1 : 0;
        }

        return count;
    }

    /// <summary>By a table made for the question.</summary>
    [Benchmark(Baseline = true)]
    public int By_hand()
    {
        var count = 0;
        foreach (ref readonly var line in sale.Lines.AsSpan())
        {
            count += byHand.TryGetValue(line.Sku, out _) ? 1 : 0;
        }

        return count;
    }

    /// <summary>Making a programme ready for use.</summary>
    [Benchmark]
    public object Compile() => new ProgramPlan(definition ?? throw new InvalidOperationException("The programme was not read."), []);

    private static bool Has(CustomerEvent happened, string sku)
    {
        foreach (ref readonly var line in happened.Lines.AsSpan())
        {
            if (string.Equals(line.Sku, sku, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }
}
