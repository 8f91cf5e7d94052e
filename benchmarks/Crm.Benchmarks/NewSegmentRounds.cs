using System.Diagnostics;
using System.Globalization;
using Crm.Conditions;
using Crm.Engine;
using Crm.Segmentation.Segments;
using Crm.Segmentation.Studies;
using Crm.Testing;
using Crm.Values;
using NodaTime;

namespace Crm.Benchmarks;

/// <summary>
/// New segments over a <see cref="StoredShop"/>: asked by the store's executor, and filled in from now and by replay, each into a copy of its own, in turns; and the rows that were written, by hand:
/// <c>dotnet run -c Release --project benchmarks/Crm.Benchmarks -- segments new [CUSTOMERS] [FILE] [PART…]</c>. A file that is there is used again, one that is not is kept. With the part "postgresql" the same rows are in PostgreSQL.
/// </summary>
internal static class NewSegmentRounds
{
    private const string InPostgreSql = "postgresql";
    private const int Rounds = 3;
    private const int MostForRounds = 200_000;

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

    private static readonly Part[] Parts = [new("now", Regulars, RebuildFrom.Now), new("best", Best, RebuildFrom.Now), new("history", Regulars, RebuildFrom.History)];

    /// <param name="customers">How many.</param>
    /// <param name="kept">Where the shop is, or is to be; null: it is made and deleted.</param>
    /// <param name="parts">Which of "now", "best", "history"; none is all. And "postgresql".</param>
    public static async Task RunAsync(int customers, string? kept, string[] parts)
    {
        var folder = Directory.CreateTempSubdirectory("crm-new-segment-");
        try
        {
            var shop = kept ?? Path.Combine(folder.FullName, "shop.db");
            if (!File.Exists(shop))
            {
                await StoredShop.MakeAsync(shop, customers, new SegmentCatalog([Spenders]));
            }

            var names = parts.Except([InPostgreSql]).ToList();
            var asked = Parts.Where(part => names.Count == 0 || names.Contains(part.Name)).ToList();
            var rounds = customers > MostForRounds ? 1 : Rounds;
            var files = new SqliteShopCopies(shop, folder.FullName);
            await using var server = parts.Contains(InPostgreSql) ? await PostgreSqlShopCopies.LoadAsync(shop) : null;
            foreach (var part in asked)
            {
                await part.LookAsync(shop, files, server);
            }

            for (var round = 0; round < rounds; round++)
            {
                foreach (var part in asked)
                {
                    await part.RunAsync((ShopCopies?)server ?? files);
                }
            }

            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{customers} customers with {StoredShop.Each} purchases each; the least of {rounds} rounds"));
            asked.ForEach(part => part.Say(customers));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>A segment, and the ways in which it is asked and filled in.</summary>
    private sealed record Part(string Name, Segment Segment, RebuildFrom From)
    {
        private readonly List<Spent> ask = [];
        private readonly List<Spent> preview = [];
        private readonly List<Spent> fill = [];
        private readonly List<Spent> hand = [];
        private ChangedRows? rows;
        private long memory;

        /// <summary>Finds out what is going to be written; and, of a server, whether it is the same there.</summary>
        public async Task LookAsync(string shop, SqliteShopCopies files, PostgreSqlShopCopies? server)
        {
            var filled = await files.MakeAsync("looked");
            await FillAsync(files, filled);
            rows = ChangedRows.Between(shop, filled);
            await files.DeleteAsync(filled);
            if (server is not null)
            {
                var (byEngine, byHand) = (await server.MakeAsync("engine"), await server.MakeAsync("hand"));
                await FillAsync(server, byEngine);
                await server.WriteAsync(byHand, rows);
                if (await server.SumAsync(byEngine, rows) != await server.SumAsync(byHand, rows))
                {
                    throw new InvalidOperationException($"{Name}: what is written by hand is not what the engine writes.");
                }

                await server.DeleteAsync(byEngine);
                await server.DeleteAsync(byHand);
            }

            fill.Clear();
        }

        public async Task RunAsync(ShopCopies copies)
        {
            var asked = await copies.MakeAsync("asked");
            await TimeAsync(ask, copies, asked, [Spenders], async study => await study.Engine.SelectAsync(Segment.Where));
            await TimeAsync(preview, copies, asked, [Spenders], async study => await study.Study.PreviewAsync(Segment));
            await copies.DeleteAsync(asked);
            var filled = await copies.MakeAsync("filled");
            await FillAsync(copies, filled);
            await copies.DeleteAsync(filled);
            var byHand = await copies.MakeAsync("hand");
            await TimeAsync(hand, copies.Processors, () => copies.WriteAsync(byHand, rows ?? throw new InvalidOperationException("Nobody has looked what is to be written.")));
            await copies.DeleteAsync(byHand);
        }

        public void Say(int customers)
        {
            var (asking, writing, filling) = (Spent.Least(ask), Spent.Least(hand), Spent.Least(fill));
            var yardstick = asking + writing;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Name}: asking {asking}, preview {Spent.Least(preview)}, writing by hand {writing} ({rows?.Counts})"));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Name}: filling in {filling}, {customers / filling.Seconds:0} customers a second, {1_000_000 * filling.Processor / customers:0.0} µs of processor a customer; {filling.Seconds / yardstick.Seconds:0.00} times asking and writing by hand, by the processors {filling.Processor / yardstick.Processor:0.00}; {filling.Seconds / asking.Seconds:0.0} and {filling.Processor / asking.Processor:0.0} times asking; at most {memory / 1_000_000} MB more on the heap"));
        }

        private Task FillAsync(ShopCopies copies, string copy) => TimeAsync(fill, copies, copy, [Spenders, Segment], BackfillAsync);

        private async Task BackfillAsync(Asked asked)
        {
            var peak = new Peak();
            var report = await asked.Study.BackfillAsync(new BackfillRequest { From = From, Progress = peak });
            memory = Math.Max(memory, peak.Bytes);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Name}: {report.Seen} seen, {report.Changed} changed, told {peak.Times} times; {string.Join(", ", report.Segments)}"));
        }

        private static async Task TimeAsync(List<Spent> times, ShopCopies copies, string copy, Segment[] segments, Func<Asked, Task> work)
        {
            await using var store = copies.Open(copy);
            var (catalog, clock) = (new SegmentCatalog(segments), new FakeClock(StoredShop.Now));
            var engine = StoredShop.Engine(store, catalog, clock);
            await TimeAsync(times, copies.Processors, () => work(new Asked(engine, new SegmentStudy(engine, catalog, clock))));
        }

        private static async Task TimeAsync(List<Spent> times, ProcessorTime processors, Func<Task> work)
        {
            GC.Collect();
            var (used, before) = (processors.Now(), Stopwatch.GetTimestamp());
            await work();
            var (elapsed, now) = (Stopwatch.GetElapsedTime(before), processors.Now());
            times.Add(new Spent(elapsed.TotalSeconds, now.Client - used.Client + (double.IsNaN(now.Server) ? 0 : now.Server - used.Server)));
        }
    }

    private sealed record Asked(CrmEngine Engine, SegmentStudy Study);

    /// <summary>The most memory in use whenever progress is told, what is not collected yet included, beyond that before it began.</summary>
    private sealed class Peak : IProgress<BackfillReport>
    {
        private readonly long before = GC.GetTotalMemory(forceFullCollection: true);

        public long Bytes { get; private set; }

        public int Times { get; private set; }

        public void Report(BackfillReport value) => (Bytes, Times) = (Math.Max(Bytes, GC.GetTotalMemory(forceFullCollection: false) - before), Times + 1);
    }

    /// <summary>What a piece of work took: of the clock, and of all processors together, which other work on the machine disturbs less.</summary>
    private readonly record struct Spent(double Seconds, double Processor)
    {
        public static Spent Least(List<Spent> times) => new(times.Min(time => time.Seconds), times.Min(time => time.Processor));

        public static Spent operator +(Spent one, Spent other) => new(one.Seconds + other.Seconds, one.Processor + other.Processor);

        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Seconds:0.00} s, processors {Processor:0.00}");
    }
}
