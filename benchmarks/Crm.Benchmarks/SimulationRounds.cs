using System.Diagnostics;
using System.Globalization;
using Crm.Engine;
using Crm.Events;
using Crm.Loyalty;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Simulation;
using Crm.Loyalty.Tiers;
using Crm.Loyalty.Wallets;
using Crm.Storage;
using Crm.Storage.Sql;
using Crm.Storage.Sqlite;
using Crm.Testing;
using Crm.Values;
using NodaTime;

namespace Crm.Benchmarks;

/// <summary>
/// A simulation over sixty thousand purchases of six thousand customers, in three ways that take turns: folding alone, from histories in memory; reading alone, from a SQLite file; and both, as 'crm loyalty simulate'
/// does it. Each purchase is folded twice, under the running programme and under the other. The least of several rounds is shown.
/// </summary>
internal static class SimulationRounds
{
    private const int Rounds = 7;
    private const int Customers = 6_000;
    private const int Each = 10;
    private const int AtOnce = 1_000;
    private static readonly Instant Start = Instant.FromUtc(2025, 1, 1, 4, 0);

    private static readonly LoyaltyProgram Program = new()
    {
        Name = "club",
        Zone = "Asia/Hong_Kong",
        Units = [new LoyaltyUnit("points", UnitKind.Redeemable) { Expiry = LotExpiry.AfterMonths(12, LastDay.Included) }, new LoyaltyUnit("status", UnitKind.Status)],
        Rules = [Per("points", "base"), Per("status", "status")],
        Ladders = [new() { Unit = "status", Window = QualificationWindow.CalendarYear, Tiers = [new("bronze", 0), new("silver", 20), new("gold", 50)] }],
    };

    /// <param name="parts">Which of "fold1", "fold2", "read" and "both" are measured; none: all.</param>
    public static async Task RunAsync(IReadOnlyCollection<string> parts)
    {
        var folder = Directory.CreateTempSubdirectory("crm-simulation-");
        try
        {
            await using var store = SqliteStore.Open(new Microsoft.Data.Sqlite.SqliteConnectionStringBuilder { DataSource = Path.Combine(folder.FullName, "shop.db") }.ToString(), new SqliteStoreOptions { Durability = SqliteDurability.Normal });
            await store.MigrateAsync(CancellationToken.None);
            await FillAsync(store);
            await RunAsync(store, parts);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task RunAsync(SqlStore store, IReadOnlyCollection<string> parts)
    {
        var request = new SimulationRequest { Running = [Program], Candidate = Program with { Rules = [Per("points", "base") with { Points = 2 }, Per("status", "status")] }, Until = Start + Duration.FromDays(500) };
        var histories = new List<StoredHistory>();
        await foreach (var some in ((IHistoryScan)store).ReadHistoriesAsync(0, CustomerId.BucketCount - 1, CancellationToken.None))
        {
            histories.AddRange(some);
        }

        var memory = new InMemoryHistories(histories);
        var never = new Spent(double.MaxValue, double.MaxValue);
        var (fold1, fold2, read, both) = (never, never, never, never);
        for (var round = 0; round < Rounds; round++)
        {
            fold1 = await LeastAsync("fold1", fold1, async () => await ProgramSimulation.RunAsync(request, memory, 1));
            fold2 = await LeastAsync("fold2", fold2, async () => await ProgramSimulation.RunAsync(request, memory, 2));
            read = await LeastAsync("read", read, () => ReadAsync(store));
            both = await LeastAsync("both", both, async () => await ProgramSimulation.RunAsync(request, store, 2));
        }

        var events = histories.Sum(history => history.Entries.Count);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{events} events of {histories.Count} customers, each folded twice"));
        Say("from memory, one thread", fold1, events);
        Say("from memory, two threads", fold2, events);
        Say("reading alone, two threads", read, events);
        Say("from SQLite, two threads", both, events);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"collections of the three generations: {GC.CollectionCount(0)}, {GC.CollectionCount(1)}, {GC.CollectionCount(2)}; paused {GC.GetTotalPauseDuration().TotalMilliseconds:0} ms; {GC.GetTotalAllocatedBytes() / 1_000_000:0} MB allocated"));

        async Task<Spent> LeastAsync(string part, Spent least, Func<Task> work)
        {
            if (parts.Count > 0 && !parts.Contains(part))
            {
                return least;
            }

            var spent = await TimeAsync(work);
            return new Spent(Math.Min(least.Seconds, spent.Seconds), Math.Min(least.Processor, spent.Processor));
        }
    }

    private static void Say(string what, Spent spent, int events) => Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"{what}: {events / spent.Seconds:0} events a second, {1_000_000 * spent.Seconds / events:0.00} µs an event, {1_000_000 * spent.Processor / events:0.00} µs of the processors"));

    private static Task ReadAsync(SqlStore store) => Task.WhenAll(Enumerable.Range(0, 2).Select(half => Task.Run(async () =>
    {
        var count = 0;
        await foreach (var some in store.ReadHistoriesAsync(half * 512, (half * 512) + 511, CancellationToken.None))
        {
            count += some.Count;
        }

        return count;
    })));

    private static async Task<Spent> TimeAsync(Func<Task> work)
    {
        GC.Collect();
        var (processor, before) = (Environment.CpuUsage.TotalTime, Stopwatch.GetTimestamp());
        await work();
        return new Spent(Stopwatch.GetElapsedTime(before).TotalSeconds, (Environment.CpuUsage.TotalTime - processor).TotalSeconds);
    }

    private static async Task FillAsync(SqlStore store)
    {
        var clock = new FakeClock(Start + Duration.FromDays(400));
        var engine = new CrmEngine(store, LoyaltyModule.Of(Program), new CrmOptions(), clock, new SeededIdSource());
        var events = Enumerable.Range(0, Customers).SelectMany(customer => Enumerable.Range(0, Each).Select(number => CustomerEvent.Purchase($"till:{customer}-{number}", Identity.User(customer), Money.Hkd(20 + ((customer + (number * 7)) % 90))) with
        {
            OccurredAt = Start + Duration.FromDays((customer % 30) + (number * 37)) + Duration.FromMinutes(customer % 600),
        }));
        foreach (var some in events.Chunk(AtOnce))
        {
            clock.Advance(Duration.FromSeconds(1));
            await engine.RecordAsync(some, RecordMode.Backfill);
        }
    }

    private static PointsPerAmount Per(string unit, string name) => new() { Name = name, Unit = unit, Points = 1, Every = Money.Hkd(10), Basis = EarningBasis.WholeSpend };

    /// <summary>What a piece of work took: of the clock, and of all processors together, which other work on the machine disturbs less.</summary>
    private readonly record struct Spent(double Seconds, double Processor);

    /// <summary>Histories that were read before.</summary>
    private sealed class InMemoryHistories(IReadOnlyList<StoredHistory> all) : IJournalScan, IHistoryScan
    {
        private readonly ILookup<int, StoredHistory> byBucket = all.ToLookup(history => history.Customer.Bucket);

        public async IAsyncEnumerable<IReadOnlyList<StoredHistory>> ReadHistoriesAsync(int firstBucket, int lastBucket, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
        {
            await Task.CompletedTask;
            for (var bucket = firstBucket; bucket <= lastBucket; bucket++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                yield return [.. byBucket[bucket]];
            }
        }

        public IAsyncEnumerable<CustomerId> ReadCustomersAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

        public IAsyncEnumerable<(CustomerId Customer, JournalEntry Entry)> ReadAllAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

        public IAsyncEnumerable<(CustomerId Customer, Crm.Ledger.LedgerEntry Entry)> ReadLedgerAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

        public IAsyncEnumerable<(CustomerId Customer, Identity Identity)> ReadIdentitiesAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

        public IAsyncEnumerable<(CustomerId Customer, Crm.Modules.Fact Fact)> ReadFactsAsync(CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
