using Crm.Engine;
using Crm.Events;
using Crm.Storage;
using Crm.Testing;
using Crm.Tests.Shared;
using Crm.Tool.Reports;
using Crm.Tool.Stores;
using Crm.Tool.Tests.Support;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Tool.Tests.Reports;

/// <summary>What reports say was taken back is what the engine takes back, whatever came first.</summary>
public sealed class CountingTakenBack : IDisposable
{
    private static readonly Identity Amy = Identity.User("amy");
    private static readonly Identity Ben = Identity.User("ben");
    private static readonly Instant Opening = Instant.FromUtc(2026, 1, 1, 0, 0);
    private static readonly Instant End = Opening + Duration.FromDays(100);
    private static readonly StoreSettings Settings = new(DateTimeZone.Utc);
    private readonly TestFolder folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task A_cancelled_purchase_is_no_revenue_in_the_summary_and_no_amount_net_of_what_was_taken_back()
    {
        var file = folder.PathOf("shop.db");
        await RecordAsync(file, Purchase("till:1", 1), Cancellation("till:2", "till:1", 2), Purchase("till:3", 3));

        Assert.Equal(("200.00", "100.00", "100.00"), await RevenueAsync(file, day: 9));
        Assert.Equal(("100.00", "0.00", "100.00"), await RevenueAsync(file, day: 1));
        Assert.Equal(("2", "200"), await RfmAsync(file));
        Assert.Equal(("2", "100"), await RfmAsync(file, "--net"));
    }

    [Fact]
    public async Task What_was_refunded_of_a_cancelled_purchase_before_is_not_taken_back_twice()
    {
        var file = folder.PathOf("shop.db");
        await RecordAsync(file, Purchase("till:1", 1), Refund("till:2", "till:1", 30, 2), Cancellation("till:3", "till:1", 3));

        Assert.Equal(("100.00", "30.00", "70.00"), await RevenueAsync(file, day: 2));
        Assert.Equal(("100.00", "100.00", "0.00"), await RevenueAsync(file, day: 3));
    }

    [Fact]
    public async Task A_refund_that_was_cancelled_is_no_refund_and_a_cancellation_that_was_cancelled_takes_nothing_back()
    {
        var file = folder.PathOf("shop.db");
        await RecordAsync(file, Purchase("till:1", 1), Refund("till:2", "till:1", 30, 2), Cancellation("till:3", "till:2", 3), Purchase("till:4", 4), Cancellation("till:5", "till:4", 5), Cancellation("till:6", "till:5", 6));

        Assert.Equal(("100.00", "0.00", "100.00"), await RevenueAsync(file, day: 3));
        Assert.Equal(("200.00", "100.00", "100.00"), await RevenueAsync(file, day: 5));
        Assert.Equal(("200.00", "0.00", "200.00"), await RevenueAsync(file, day: 6));
        Assert.Equal(("2", "200"), await RfmAsync(file, "--net"));
    }

    [Fact]
    public async Task A_cancellation_that_comes_before_its_purchase_takes_it_back()
    {
        var file = folder.PathOf("shop.db");
        await RecordAsync(file, Cancellation("till:2", "till:1", 2), Purchase("till:1", 1));

        Assert.Equal(("100.00", "100.00", "0.00"), await RevenueAsync(file, day: 2));
    }

    [Fact]
    public void What_is_left_of_revenue_is_what_the_engine_leaves_of_the_purchases() => Law(NetAsync).Check(Config.QuickThrowOnFailure.WithMaxTest(200));

    [Fact]
    public void Counting_refunds_alone_is_caught() => Caught(async store => await store.Scan.ReadAllAsync(Token).Select(row => row.Entry.Event.Kind switch
    {
        EventKinds.PurchaseName => row.Entry.Event.Spend?.Amount ?? 0,
        EventKinds.RefundName => -row.Entry.Event.Spend?.Amount ?? 0,
        _ => 0,
    }).SumAsync(Token));

    [Fact]
    public void Adding_up_receipts_is_caught() => Caught(async store => await store.Scan.ReadAllAsync(Token).Select(row => row.Entry.Event.Kind switch
    {
        EventKinds.PurchaseName => row.Entry.Event.Spend?.Amount ?? 0,
        _ => row.Entry.Receipt.TakenBack is { } taken ? -(taken.Matched + taken.Spread).Amount : 0,
    }).SumAsync(Token));

    private static void Caught(Func<OpenedStore, ValueTask<decimal>> net) => Counterfeits.Caught(() => Law(net).Check(Config.QuickThrowOnFailure.WithMaxTest(200)));

    private static Property Law(Func<OpenedStore, ValueTask<decimal>> net) => Prop.ForAll(Arb.From(Histories), async Task<bool> (history) =>
    {
        await using var store = await OpenedStore.OpenAsync(new StoreLocation.Memory { Tenant = "default" }, OpenMode.CreateWhenMissing, Token);
        var clock = new FakeClock(End);
        var engine = await store.EngineAsync(Settings, clock, Token);
        foreach (var happened in history)
        {
            clock.Advance(Duration.FromSeconds(1));
            if (happened.Kind == EventKinds.MergedName)
            {
                // Whoever has no event yet is nobody, whom no one can be merged with.
                foreach (var customer in new[] { Amy, Ben })
                {
                    await engine.RecordAsync(Purchase($"till:before-{happened.Key.Value}-{customer.Value}", 0, customer), Token);
                }

                await engine.MergeAsync(new MergeRequest(happened.Key, CustomerRef.Of(Amy), CustomerRef.Of(Ben)), Token);
                continue;
            }

            await engine.RecordAsync(happened, Token);
        }

        var left = await engine.ReadAllAsync(new PastQuestion(End + Duration.FromDays(1)), Token)
            .Select(view => view.History.Where(entry => entry.Event?.Kind == EventKinds.PurchaseName).Sum(entry => entry.Event?.Spend?.Amount ?? 0)).SumAsync(Token);
        Assert.Equal(left, await net(store));
        return true;
    });

    // Both reports, which have to agree.
    private static async ValueTask<decimal> NetAsync(OpenedStore store)
    {
        var asOf = new AsOf.At(End + Duration.FromDays(1));
        var summary = await SummaryReport.MakeAsync(store, asOf, [], (_, _) => { }, Token);
        var net = summary.Revenue.Values.Sum(revenue => revenue.Net.Amount);
        Assert.Equal(net, (await Sales.ReadAsync(store, asOf, Token)).Customers.Sum(customer => customer.Gross - customer.TakenBack));
        return net;
    }

    // Two customers who may become one. Purchases, up to four refunds of a quarter or less that name one of the same customer, and cancellations of anything; each may be recorded before what it takes back.
    private static Gen<CustomerEvent[]> Histories =>
        from count in Gen.Choose(1, 12)
        from rolls in Gen.ListOf(Gen.Choose(0, 99), count)
        from picks in Gen.ListOf(Gen.Choose(0, 1_000), count)
        from days in Gen.ListOf(Gen.Choose(0, 99), count)
        from places in Gen.ListOf(Gen.Choose(0, 1_000), count)
        from merge in Gen.Choose(0, 2 * count)
        let events = Build([.. rolls], [.. picks], [.. days])
        let mixed = events.Select((happened, i) => (happened, Place: places[i])).OrderBy(each => each.Place).Select(each => each.happened).ToList()
        select merge >= mixed.Count ? mixed.ToArray() : [.. mixed[..merge], new CustomerEvent { Key = EventKey.Parse("desk:merge"), Kind = EventKinds.MergedName }, .. mixed[merge..]];

    private static CustomerEvent[] Build(int[] rolls, int[] picks, int[] days)
    {
        var events = new List<CustomerEvent>();
        for (var i = 0; i < rolls.Length; i++)
        {
            var key = $"till:{i}";
            var purchases = events.Where(earlier => earlier.Kind == EventKinds.PurchaseName && events.Count(other => other.Original == earlier.Key && other.Kind == EventKinds.RefundName) < 4).ToList();
            events.Add(rolls[i] switch
            {
                < 30 when purchases.Count > 0 && purchases[picks[i] % purchases.Count] is var bought => Refund(key, bought.Key.ToString(), picks[i] % 26, days[i], bought.Identity),
                < 65 when events.Count > 0 => Cancellation(key, $"till:{(picks[i] % rolls.Length == i ? 0 : picks[i] % rolls.Length)}", days[i], picks[i] % 2 == 0 ? Amy : Ben),
                _ => Purchase(key, days[i], picks[i] % 2 == 0 ? Amy : Ben),
            });
        }

        return [.. events];
    }

    private static CustomerEvent Purchase(string key, int day, Identity? customer = null) => CustomerEvent.Purchase(key, customer ?? Amy, Money.Hkd(100)) with { OccurredAt = On(day) };

    private static CustomerEvent Refund(string key, string original, int amount, int day, Identity? customer = null) => CustomerEvent.Refund(key, customer ?? Amy, original, Money.Hkd(amount)) with { OccurredAt = On(day) };

    private static CustomerEvent Cancellation(string key, string original, int day, Identity? customer = null) =>
        new() { Key = EventKey.Parse(key), Kind = EventKinds.CancellationName, Identity = customer ?? Amy, Original = EventKey.Parse(original), OccurredAt = On(day) };

    private static Instant On(int day) => Opening + Duration.FromDays(day);

    private static async Task RecordAsync(string file, params CustomerEvent[] events)
    {
        await using var store = await OpenedStore.OpenAsync(new StoreLocation.Sqlite(file) { Tenant = "default" }, OpenMode.CreateWhenMissing, Token);
        var engine = await store.EngineAsync(Settings, new FakeClock(End), Token);
        foreach (var happened in events)
        {
            await engine.RecordAsync(happened, Token);
        }
    }

    private static async Task<(string Gross, string Refunded, string Net)> RevenueAsync(string file, int day)
    {
        var tool = await Support.Tool.RunAsync(End, Token, "report", "summary", "--store", file, "--as-of", $"{On(day):uuuu-MM-dd}", "--json");
        Assert.Equal((0, ""), (tool.Code, tool.Error));
        var revenue = tool.Json.GetProperty("revenue").GetProperty("HKD");
        return ($"{revenue.GetProperty("gross")}", $"{revenue.GetProperty("refunded")}", $"{revenue.GetProperty("net")}");
    }

    private static async Task<(string Frequency, string Monetary)> RfmAsync(string file, params string[] options)
    {
        var tool = await Support.Tool.RunAsync(End, Token, ["report", "rfm", "--store", file, "--csv", .. options]);
        Assert.Equal((0, ""), (tool.Code, tool.Error));
        var cells = tool.Out.Split('\n')[1].Split(',');
        return (cells[2], cells[3]);
    }
}
