using BenchmarkDotNet.Attributes;
using Crm.Engine;
using Crm.Loyalty;
using Crm.Storage;
using Crm.Testing;
using Crm.Values;

namespace Crm.Benchmarks;

/// <summary>One purchase recorded into the memory store: load, decode, fold, encode, receipt, commit.</summary>
[MemoryDiagnoser]
public class RecordBenchmarks
{
    private const int Customers = 1_000;
    private CrmEngine engine = null!;
    private CrmEngine simple = null!;
    private FakeClock clock = null!;
    private int purchases;
    private int simplePurchases;

    [GlobalSetup]
    public void Open()
    {
        clock = new FakeClock(TeaShop.Opening);
        engine = new CrmEngine(new InMemoryStore(), TeaShop.Modules(), TeaShop.Options, clock, new SeededIdSource());
        simple = new CrmEngine(new InMemoryStore(), [new LoyaltyModule(TeaShop.SimpleProgram)], TeaShop.Options, clock, new SeededIdSource());
        for (var warm = 0; warm < 20 * Customers; warm++)
        {
            Record_one_purchase();
            Record_one_simple_purchase();
        }
    }

    [Benchmark]
    public long Record_one_purchase() => Record(engine, purchases++);

    /// <summary>The same under one rule, "1 point per whole 1.00", and nothing that watches.</summary>
    [Benchmark]
    public long Record_one_simple_purchase() => Record(simple, simplePurchases++);

    private long Record(CrmEngine into, int number)
    {
        // Customers take turns; each buys every three days.
        var round = number / Customers;
        var happened = TeaShop.Purchase(round, Identity.User(number % Customers)) with { Key = new EventKey("till", number.ToString(System.Globalization.CultureInfo.InvariantCulture)) };
        clock.Set(happened.OccurredAt!.Value);
        return into.RecordAsync(happened).AsTask().GetAwaiter().GetResult().Version;
    }
}
