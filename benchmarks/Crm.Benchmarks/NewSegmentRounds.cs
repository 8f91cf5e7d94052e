using System.Diagnostics;
using System.Globalization;
using Crm.Conditions;
using Crm.Engine;
using Crm.Events;
using Crm.Segmentation;
using Crm.Segmentation.Segments;
using Crm.Segmentation.Studies;
using Crm.Storage.Sql;
using Crm.Storage.Sqlite;
using Crm.Testing;
using Crm.Values;
using Microsoft.Data.Sqlite;
using NodaTime;

namespace Crm.Benchmarks;

/// <summary>
/// A new segment over customers with ten purchases each in a SQLite file: asked by the store's executor, and filled in from now and by replay, each into a copy of its own, in turns:
/// <c>dotnet run -c Release --project benchmarks/Crm.Benchmarks -- segments new [CUSTOMERS]</c>.
/// </summary>
internal static class NewSegmentRounds
{
    private const int Rounds = 3;
    private const int Each = 10;
    private const int AtOnce = 1_000;
    private static readonly Instant Start = Instant.FromUtc(2025, 1, 1, 4, 0);
    private static readonly Instant Now = Start + Duration.FromDays(400);

    private static readonly Segment Spenders = new() { Id = "spenders", Label = new Text("Spenders", "大客"), Where = If.Purchases().SumOfSpend(Currency.Hkd).AtLeast(600) };

    private static readonly Segment Regulars = new()
    {
        Id = "regulars",
        Label = new Text("Regulars", "常客"),
        Where = new Condition.All([If.Purchases().InLast(Duration.FromDays(90)).Count().AtLeast(2), new Condition.Not(If.Purchases().InLast(Duration.FromDays(14)).Count().AtLeast(1))]),
    };

    // A tenth of all.
    private static readonly Segment Best = new()
    {
        Id = "best",
        Label = new Text("Best", "貴客"),
        Where = new Condition.All([If.Purchases().InLast(Duration.FromDays(120)).SumOfSpend(Currency.Hkd).AtLeast(285), If.Purchases().InLast(Duration.FromDays(300)).Count().AtLeast(3)]),
    };

    public static async Task RunAsync(int customers)
    {
        var folder = Directory.CreateTempSubdirectory("crm-new-segment-");
        try
        {
            await FillAsync(Path.Combine(folder.FullName, "shop.db"), customers);
            var (ask, preview, now, history) = (new List<Spent>(), new List<Spent>(), new List<Spent>(), new List<Spent>());
            var (askBest, best) = (new List<Spent>(), new List<Spent>());
            for (var round = 0; round < Rounds; round++)
            {
                await WithAsync(folder, "asked", [Spenders], async study => await TimeAsync(ask, async () => await study.Engine.SelectAsync(Regulars.Where)));
                await WithAsync(folder, "asked", [Spenders], async study => await TimeAsync(preview, async () => await study.Study.PreviewAsync(Regulars)));
                await WithAsync(folder, "now", [Spenders, Regulars], async study => await TimeAsync(now, () => BackfillAsync(study, RebuildFrom.Now)));
                await WithAsync(folder, "asked", [Spenders], async study => await TimeAsync(askBest, async () => await study.Engine.SelectAsync(Best.Where)));
                await WithAsync(folder, "best", [Spenders, Best], async study => await TimeAsync(best, () => BackfillAsync(study, RebuildFrom.Now)));
                await WithAsync(folder, "history", [Spenders, Regulars], async study => await TimeAsync(history, () => BackfillAsync(study, RebuildFrom.History)));
            }

            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{customers} customers with {Each} purchases each; least and median of {Rounds} rounds, and the processors' least"));
            Say("asking", ask, ask, customers);
            Say("preview, with the overlap and a sample", preview, ask, customers);
            Say("filling in from now", now, ask, customers);
            Say("filling in by replay", history, ask, customers);
            Say("asking for a tenth", askBest, askBest, customers);
            Say("filling it in from now", best, askBest, customers);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task BackfillAsync(Asked asked, RebuildFrom from)
    {
        var report = await asked.Study.BackfillAsync(new BackfillRequest { From = from });
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{from}: {report.Seen} seen, {report.Changed} changed; {string.Join(", ", report.Segments)}"));
    }

    private static async Task TimeAsync(List<Spent> times, Func<Task> work)
    {
        GC.Collect();
        var (processor, before) = (Environment.CpuUsage.TotalTime, Stopwatch.GetTimestamp());
        await work();
        times.Add(new Spent(Stopwatch.GetElapsedTime(before).TotalSeconds, (Environment.CpuUsage.TotalTime - processor).TotalSeconds));
    }

    private static void Say(string what, List<Spent> times, List<Spent> asking, int customers)
    {
        var (least, median, processor) = (times.Min(time => time.Seconds), Median(times), times.Min(time => time.Processor));
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{what}: {least:0.00} s, median {median:0.00}, processors {processor:0.00}; {1_000_000 * least / customers:0.0} µs a customer, {customers / least:0} customers a second; {least / asking.Min(time => time.Seconds):0.0} times asking, by the processors {processor / asking.Min(time => time.Processor):0.0}"));
    }

    private static double Median(List<Spent> times) => times.Select(time => time.Seconds).Order().ElementAt(times.Count / 2);

    private static async Task WithAsync(DirectoryInfo folder, string name, Segment[] segments, Func<Asked, Task> work)
    {
        var file = Path.Combine(folder.FullName, $"{name}.db");
        File.Copy(Path.Combine(folder.FullName, "shop.db"), file);
        await using (var store = Open(file))
        {
            var (catalog, clock) = (new SegmentCatalog(segments), new FakeClock(Now));
            var engine = Engine(store, catalog, clock);
            await work(new Asked(engine, new SegmentStudy(engine, catalog, clock)));
        }

        foreach (var left in folder.GetFiles($"{name}.db*"))
        {
            left.Delete();
        }
    }

    private static async Task FillAsync(string file, int customers)
    {
        await using var store = Open(file);
        await store.MigrateAsync(CancellationToken.None);
        var clock = new FakeClock(Now - Duration.FromDays(1));
        var engine = Engine(store, new SegmentCatalog([Spenders]), clock);
        var started = Stopwatch.GetTimestamp();
        var events = Enumerable.Range(0, customers).SelectMany(customer => Enumerable.Range(0, Each).Select(number => CustomerEvent.Purchase($"till:{customer}-{number}", Identity.User(customer), Money.Hkd(20 + ((customer + (number * 7)) % 90))) with
        {
            OccurredAt = Start + Duration.FromDays((customer % 60) + (number * 37)) + Duration.FromMinutes(customer % 600),
        }));
        foreach (var some in events.Chunk(AtOnce))
        {
            clock.Advance(Duration.FromMilliseconds(1));
            await engine.RecordAsync(some, RecordMode.Backfill);
        }

        while ((await engine.RunDueAsync()).Customers > 0)
        {
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"filled in {Stopwatch.GetElapsedTime(started).TotalSeconds:0} s"));
    }

    private static SqlStore Open(string file) =>
        SqliteStore.Open(new SqliteConnectionStringBuilder { DataSource = file, Pooling = false }.ToString(), new SqliteStoreOptions { Durability = SqliteDurability.Normal });

    private static CrmEngine Engine(SqlStore store, SegmentCatalog catalog, FakeClock clock) =>
        new(store, [new SegmentationModule(catalog)], new CrmOptions { Zone = DateTimeZone.Utc }, clock, new SeededIdSource(11));

    private sealed record Asked(CrmEngine Engine, SegmentStudy Study);

    /// <summary>What a piece of work took: of the clock, and of all processors together, which other work on the machine disturbs less.</summary>
    private readonly record struct Spent(double Seconds, double Processor);
}
