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

    public static async Task RunAsync()
    {
        var folder = Directory.CreateTempSubdirectory("crm-simulation-");
        try
        {
            await using var store = SqliteStore.Open(new Microsoft.Data.Sqlite.SqliteConnectionStringBuilder { DataSource = Path.Combine(folder.FullName, "shop.db") }.ToString(), new SqliteStoreOptions { Durability = SqliteDurability.Normal });
            await store.MigrateAsync(CancellationToken.None);
            await FillAsync(store);
            await RunAsync(store);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task RunAsync(SqlStore store)
    {
        var request = new SimulationRequest { Running = [Program], Candidate = Program with { Rules = [Per("points", "base") with { Points = 2 }, Per("status", "status")] }, Until = Start + Duration.FromDays(500) };
        var histories = new List<StoredHistory>();
        await foreach (var some in ((IHistoryScan)store).ReadHistoriesAsync(0, CustomerId.BucketCount - 1, CancellationToken.None))
        {
            histories.AddRange(some);
        }

        var memory = new InMemoryHistories(histories);
        var (fold1, fold2, read, both) = (double.MaxValue, double.MaxValue, double.MaxValue, double.MaxValue);
        for (var round = 0; round < Rounds; round++)
        {
            fold1 = Math.Min(fold1, await TimeAsync(async () => await ProgramSimulation.RunAsync(request, memory, 1)));
            fold2 = Math.Min(fold2, await TimeAsync(async () => await ProgramSimulation.RunAsync(request, memory, 2)));
            read = Math.Min(read, await TimeAsync(() => ReadAsync(store)));
            both = Math.Min(both, await TimeAsync(async () => await ProgramSimulation.RunAsync(request, store, 2)));
        }

        var events = histories.Sum(history => history.Entries.Count);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{events} events of {histories.Count} customers, each folded twice"));
        Say("from memory, one thread", fold1, events);
        Say("from memory, two threads", fold2, events);
        Say("reading alone, two threads", read, events);
        Say("from SQLite, two threads", both, events);
    }

    private static void Say(string what, double seconds, int events) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what}: {events / seconds:0} events a second, {1_000_000 * seconds / events:0.00} µs an event"));

    private static Task ReadAsync(SqlStore store) => Task.WhenAll(Enumerable.Range(0, 2).Select(half => Task.Run(async () =>
    {
        var count = 0;
        await foreach (var some in store.ReadHistoriesAsync(half * 512, (half * 512) + 511, CancellationToken.None))
        {
            count += some.Count;
        }

        return count;
    })));

    private static async Task<double> TimeAsync(Func<Task> work)
    {
        GC.Collect();
        var before = Stopwatch.GetTimestamp();
        await work();
        return Stopwatch.GetElapsedTime(before).TotalSeconds;
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
