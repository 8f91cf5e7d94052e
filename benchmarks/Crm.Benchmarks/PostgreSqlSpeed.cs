using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Runtime;
using Crm.Engine;
using Crm.Events;
using Crm.Loyalty;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Rules;
using Crm.Storage;
using Crm.Storage.PostgreSql;
using Crm.Storage.Sqlite;
using Crm.Testing;
using Crm.Tests.Shared;
using Crm.Values;
using Npgsql;

namespace Crm.Benchmarks;

/// <summary>
/// Purchases under the programme "1 point per whole 1.00" into PostgreSQL, fully durable, through the engine and by yardsticks, in turns within one run on one server:
/// <c>dotnet run -c Release --project benchmarks/Crm.Benchmarks -- postgresql [SECONDS [PARTS]]</c>. The server is a throwaway cluster with its defaults, or the one that CRM_BENCH_POSTGRES names.
/// </summary>
internal static class PostgreSqlSpeed
{
    private const int Customers = 1_000;
    private const int Remembered = 10_000;
    private const int Rounds = 9;
    private const int MostRounds = 24;
    private const int BatchesARound = 3;
    private const double Compiling = 0.05;
    private static readonly CrmOptions Usual = new();
    private static ProcessorTime processors = ProcessorTime.Own;
    private static int number;

    /// <summary>Runs some of the parts single, hot, memory, bulk and sqlite; none named: all. A number is the part of single with so many writers.</summary>
    public static async Task RunAsync(double seconds, IReadOnlyList<string> parts)
    {
        var connectionString = Environment.GetEnvironmentVariable("CRM_BENCH_POSTGRES") ?? PostgreSqlCluster.Start(durable: true) ?? throw new InvalidOperationException("No PostgreSQL: set CRM_BENCH_POSTGRES, or install the server.");
        processors = await ProcessorTime.OfAsync(connectionString);
        var schema = $"bench_{Guid.NewGuid():N}";
        var options = new PostgreSqlStoreOptions { Schema = schema };
        var pooled = $"{connectionString};Maximum Pool Size=100";
        await using var store = PostgreSqlStore.Open(pooled, options);
        var loading = EngineOver(store, grouped: false, remembered: 0);
        await BirthsAsync(loading);
        int[] counts = parts is [] || parts.Contains("single") ? [1, 8, 32] : [.. parts.SelectMany(part => int.TryParse(part, CultureInfo.InvariantCulture, out var writers) ? [writers] : Array.Empty<int>())];
        foreach (var writers in counts)
        {
            await SingleAsync(connectionString, pooled, schema, store, loading, writers, seconds);
        }

        if (parts is [] || parts.Contains("hot"))
        {
            await ManyAsync(connectionString, schema, store, seconds);
        }

        if (parts is [] || parts.Contains("memory"))
        {
            foreach (var purchases in new[] { 1, 40 })
            {
                await MemoryAsync(purchases);
            }
        }

        if (parts is [] || parts.Contains("bulk"))
        {
            await BulkAsync(pooled, schema, loading);
        }

        if (parts is [] || parts.Contains("sqlite"))
        {
            await SqliteAsync(seconds);
        }

        await using var drop = new NpgsqlConnection(connectionString);
        await drop.OpenAsync();
        await using var command = new NpgsqlCommand($"DROP SCHEMA {schema} CASCADE", drop);
        await command.ExecuteNonQueryAsync();
    }

    // One event a call, so many callers at once.
    private static async Task SingleAsync(string connectionString, string pooled, string schema, ICustomerStore store, CrmEngine loading, int writers, double seconds)
    {
        var remembering = EngineOver(store, grouped: false, Remembered);
        var usual = EngineOver(store, Usual);
        var forgetful = EngineOver(store, Usual with { RememberCustomers = 0 });
        var (engine, knowing, byDefault, grouped, commit, hand, bench) = (new List<Rate>(), new List<Rate>(), new List<Rate>(), new List<Rate>(), new List<Rate>(), new List<Rate>(), new List<Rate>());
        await InTurnsAsync(
            [engine, knowing, byDefault, grouped, commit, hand],
            async () => engine.Add(await EngineAsync(loading, writers, seconds)),
            async () => hand.Add(await ByHandAsync(pooled, schema, writers, seconds)),
            async () => knowing.Add(await EngineAsync(remembering, writers, seconds)),
            async () => byDefault.Add(await EngineAsync(usual, writers, seconds)),
            async () => grouped.Add(await EngineAsync(forgetful, writers, seconds)),
            async () => commit.Add(await CommitsAsync(store, writers, seconds)),
            async () => bench.Add(await PgBenchAsync(connectionString, schema, Customers, writers, seconds)));

        Say($"{writers,2} writers: by hand {Of(hand)}, pgbench {Of(bench)}");
        Against(hand, "engine with its defaults", byDefault);
        Against(hand, "grouped, loading", grouped);
        Against(hand, "ungrouped, loading", engine);
        Against(hand, "ungrouped, remembering", knowing);
        Against(hand, "the store's commit alone", commit);
    }

    private static async Task ManyAsync(string connectionString, string schema, ICustomerStore store, double seconds)
    {
        await ManyAsync(connectionString, schema, EngineOver(store, Usual), "engine with its defaults", seconds);
        await ManyAsync(connectionString, schema, EngineOver(store, Usual with { RememberCustomers = 0 }), "grouped, loading", seconds);
    }

    private static async Task ManyAsync(string connectionString, string schema, CrmEngine engine, string what, double seconds)
    {
        var (one, eight, alone, many, hottest) = (new List<Rate>(), new List<Rate>(), new List<Rate>(), new List<Rate>(), new List<Rate>());
        await UntilEnoughAsync(
            Rounds,
            [many, hottest],
            async _ =>
            {
                one.Add(await PgBenchAsync(connectionString, schema, Customers, 1, seconds));
                eight.Add(await PgBenchAsync(connectionString, schema, Customers, 8, seconds));
                alone.Add(await PgBenchAsync(connectionString, schema, 1, 8, seconds));
                var of = await BirthsAsync(engine);
                many.Add(await RateAsync(Customers, seconds, caller => RecordAsync(engine, caller, of)));
                hottest.Add(await RateAsync(Customers, seconds, _ => RecordAsync(engine, 0, of)));
            });

        Say($"pgbench, one a transaction: 1 client {Of(one)}; 8 clients {Of(eight)}; 8 clients on one customer {Of(alone)}");
        Say($"{what}, 1,000 callers: {Of(many)}: {PerSecond(many) / PerSecond(one):0.0} and {PerSecond(many) / PerSecond(eight):0.0} times");
        Say($"{what}, one hot customer: {Of(hottest)}: {PerSecond(hottest) / PerSecond(alone):0.0} times");
    }

    // What a remembered customer takes: what is left when the commits and everything else are gone.
    private static async Task MemoryAsync(int purchases)
    {
        var recent = new RecentCustomers(Usual.RememberCustomers, Usual.RememberFor);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        await FillAsync(recent, purchases);
        var taken = GC.GetTotalMemory(forceFullCollection: true) - before;
        Say($"{recent.Count} customers with {purchases} purchases each are remembered in {taken / recent.Count} bytes each");
        GC.KeepAlive(recent);
    }

    private static async Task FillAsync(RecentCustomers recent, int purchases)
    {
        var target = new ByHandTarget();
        var deciding = EngineOver(target.Memory, grouped: false, remembered: 0);
        var of = string.Create(CultureInfo.InvariantCulture, $"{Interlocked.Increment(ref number)}-");
        var states = new Dictionary<CustomerId, CustomerSnapshot>();
        for (var purchase = 0; purchase < purchases; purchase++)
        {
            await deciding.RecordAsync([.. Enumerable.Range(0, Usual.RememberCustomers).Select(n => Purchase(n, of))]);
            foreach (var commit in target.Take())
            {
                var snapshot = states.GetValueOrDefault(commit.Customer, CustomerSnapshot.Nobody);
                recent.Keep(snapshot, commit, [], recent.Began, NodaTime.SystemClock.Instance.GetCurrentInstant());
                states[commit.Customer] = RecentCustomers.After(snapshot, commit);
            }
        }
    }

    private static async Task BulkAsync(string pooled, string schema, CrmEngine engine)
    {
        var (bulk, hand) = (new List<Rate>(), new List<Rate>());
        await using var connection = Connect(pooled);
        await connection.OpenAsync();
        var byHand = new PostgreSqlByHand(connection, schema);
        var target = new ByHandTarget();
        var deciding = EngineOver(target.Memory, grouped: false, remembered: 0);
        var (mine, byHands) = (await BirthsAsync(engine), await BirthsAsync(deciding));
        await byHand.WriteAsync(target.Take());
        await UntilEnoughAsync(
            BatchesARound * Rounds,
            [bulk, hand],
            async _ =>
            {
                CustomerEvent[] events = [.. Enumerable.Range(0, Customers).Select(n => Purchase(n, mine))];
                var watch = Watch.Start(processors);
                await engine.RecordAsync(events);
                bulk.Add(watch.Rate(Customers));

                await deciding.RecordAsync([.. Enumerable.Range(0, Customers).Select(n => Purchase(n, byHands))]);
                var commits = target.Take();
                watch = Watch.Start(processors);
                await byHand.WriteAsync(commits);
                hand.Add(watch.Rate(Customers));
            });

        Say($"1,000 events a call: by hand in rows of many {Of(hand)}");
        Against(hand, "engine", bulk);
    }

    private static async Task SqliteAsync(double seconds)
    {
        var folder = Directory.CreateTempSubdirectory("crm-benchmarks").FullName;
        await using (var store = SqliteStore.Open(Path.Combine(folder, "engine.db")))
        await using (var schema = SqliteStore.Open(Path.Combine(folder, "hand.db")))
        {
            await schema.MigrateAsync();
            using var byHand = new SqliteByHand(Path.Combine(folder, "hand.db"));
            var target = new ByHandTarget();
            var deciding = EngineOver(target.Memory, grouped: false, remembered: 0);
            var byHands = await BirthsAsync(deciding);
            byHand.Insert(target.Take());
            processors = ProcessorTime.Own;
            var single = EngineOver(store, grouped: false, remembered: 0);
            var remembering = EngineOver(store, grouped: false, Remembered);
            var usual = EngineOver(store, Usual);
            var (engine, knowing, byDefault, hand, many) = (new List<Rate>(), new List<Rate>(), new List<Rate>(), new List<Rate>(), new List<Rate>());
            await UntilEnoughAsync(
                Rounds,
                [engine, knowing, byDefault, hand, many],
                async _ =>
                {
                    for (var batch = 0; batch < 4; batch++)
                    {
                        await deciding.RecordAsync([.. Enumerable.Range(0, Customers).Select(n => Purchase(n, byHands))]);
                    }

                    var commits = target.Take();
                    var watch = Watch.Start(processors);
                    foreach (var commit in commits)
                    {
                        byHand.Insert([commit]);
                    }

                    hand.Add(watch.Rate(commits.Count));
                    engine.Add(await EngineAsync(single, 1, seconds));
                    knowing.Add(await EngineAsync(remembering, 1, seconds));
                    byDefault.Add(await EngineAsync(usual, 1, seconds));
                    many.Add(await EngineAsync(usual, Customers, seconds));
                });

            Say($"SQLite, one at a time: by hand {Of(hand)}");
            Against(hand, "engine with its defaults", byDefault);
            Against(hand, "ungrouped, loading", engine);
            Against(hand, "ungrouped, remembering", knowing);
            Say($"SQLite, 1,000 callers: {Of(many)}: {PerSecond(many) / PerSecond(byDefault):0.0} times one at a time");
        }

        Directory.Delete(folder, recursive: true);
    }

    // Every round begins with another part, so that none of them always follows the same.
    private static Task InTurnsAsync(List<Rate>[] rates, params Func<Task>[] parts) => UntilEnoughAsync(
        Rounds,
        rates,
        async round =>
        {
            for (var part = 0; part < parts.Length; part++)
            {
                await parts[(round + part) % parts.Length]();
            }
        });

    // Rounds until there are enough of each rate while which hardly any code was compiled: that takes a processor from what is measured, for seconds.
    private static async Task UntilEnoughAsync(int enough, List<Rate>[] rates, Func<int, Task> round)
    {
        for (var n = 0; n < MostRounds * (enough / Rounds) && Array.Exists(rates, of => of.Count(rate => rate.Counts) < enough); n++)
        {
            await round(n);
        }
    }

    // Every part of every round has customers of its own, as many, who are born before: so none works in pages that another has filled.
    private static async Task<Rate> EngineAsync(CrmEngine engine, int writers, double seconds)
    {
        var of = await BirthsAsync(engine);
        return await RateAsync(writers, seconds, writer => RecordAsync(engine, Mine(writer, writers), of));
    }

    // The commits that the memory store was given for the same purchases, written by hand.
    private static async Task<Rate> ByHandAsync(string pooled, string schema, int writers, double seconds)
    {
        var commits = await CapturedAsync(writers, seconds);
        var hands = new ConcurrentDictionary<int, (NpgsqlConnection Connection, PostgreSqlByHand Hand, int Next)>();
        for (var writer = 0; writer < writers; writer++)
        {
            var connection = Connect(pooled);
            await connection.OpenAsync();
            hands[writer] = (connection, new PostgreSqlByHand(connection, schema), 0);
            foreach (var birth in commits[writer].Births.Chunk(200))
            {
                await hands[writer].Hand.WriteAsync(birth);
            }
        }

        var rate = await RateAsync(writers, seconds, async writer =>
        {
            var (connection, hand, next) = hands[writer];
            hands[writer] = (connection, hand, next + 1);
            await hand.WriteAsync(commits[writer].Purchases[next]);
        });
        foreach (var (connection, _, _) in hands.Values)
        {
            await connection.DisposeAsync();
        }

        return rate;
    }

    private static async Task<Rate> CommitsAsync(ICustomerStore store, int writers, double seconds)
    {
        var commits = await CapturedAsync(writers, seconds);
        foreach (var birth in commits.SelectMany(writer => writer.Births).Chunk(500))
        {
            await ((IBulkCommit)store).CommitManyAsync(birth, default);
        }

        var next = new int[writers];
        return await RateAsync(writers, seconds, async writer =>
        {
            var result = await store.CommitAsync(commits[writer].Purchases[next[writer]++], default);
            _ = result is CommitResult.Committed ? result : throw new InvalidOperationException($"A commit of the benchmark was not written: {result}.");
        });
    }

    /// <summary>For each writer, births of customers of its own and enough purchases of theirs, as the engine would commit them.</summary>
    private static async Task<List<(IReadOnlyList<Commit> Births, IReadOnlyList<Commit> Purchases)>> CapturedAsync(int writers, double seconds)
    {
        var all = new List<(IReadOnlyList<Commit>, IReadOnlyList<Commit>)>();
        var each = Math.Max(1, Customers / writers);
        var enough = (int)(seconds * (writers == 1 ? 8_000 : 20_000 / writers) / each) + 1;
        for (var writer = 0; writer < writers; writer++)
        {
            var target = new ByHandTarget();
            var deciding = EngineOver(target.Memory, grouped: false, remembered: 0);
            var of = string.Create(CultureInfo.InvariantCulture, $"{Interlocked.Increment(ref number)}-");
            await deciding.RecordAsync([.. Enumerable.Range(0, each).Select(n => Purchase(n, of))]);
            var births = target.Take();
            for (var i = 0; i < enough; i++)
            {
                await deciding.RecordAsync([.. Enumerable.Range(0, each).Select(n => Purchase(n, of))]);
            }

            all.Add((births, target.Take()));
        }

        return all;
    }

    private static NpgsqlConnection Connect(string pooled) => new($"{pooled};Max Auto Prepare=100;Auto Prepare Min Usages=2;No Reset On Close=true");

    private static int Mine(int writer, int writers) => (Interlocked.Increment(ref number) % (Customers / writers) * writers) + writer;

    private static async Task RecordAsync(CrmEngine engine, int customer, string of) => await engine.RecordAsync(Purchase(customer, of));

    private static CustomerEvent Purchase(int customer, string of) =>
        CustomerEvent.Purchase(string.Create(CultureInfo.InvariantCulture, $"till:{Interlocked.Increment(ref number)}"), Identity.User(string.Create(CultureInfo.InvariantCulture, $"{of}{customer}")), Money.Hkd(52));

    // Customers who have bought once, and what their names begin with.
    private static async Task<string> BirthsAsync(CrmEngine engine)
    {
        var of = string.Create(CultureInfo.InvariantCulture, $"{Interlocked.Increment(ref number)}-");
        await engine.RecordAsync([.. Enumerable.Range(0, Customers).Select(n => Purchase(n, of))]);
        return of;
    }

    private static CrmEngine EngineOver(ICustomerStore store, bool grouped, int remembered) => EngineOver(store, new CrmOptions { GroupCommits = grouped, RememberCustomers = remembered });

    private static CrmEngine EngineOver(ICustomerStore store, CrmOptions options)
    {
        var program = new LoyaltyProgram
        {
            Name = "club",
            Zone = "Asia/Hong_Kong",
            Units = [new LoyaltyUnit("points", UnitKind.Redeemable)],
            Rules = [new PointsPerAmount { Name = "base", Unit = "points", Points = 1, Every = Money.Hkd(1), Basis = EarningBasis.WholeSpend }],
        };
        return new CrmEngine(store, [new LoyaltyModule(program)], options, NodaTime.SystemClock.Instance, new RandomIdSource());
    }

    // How often so many workers, each after its own last time, get something done.
    private static async Task<Rate> RateAsync(int workers, double seconds, Func<int, Task> once)
    {
        for (var worker = 0; worker < Math.Min(workers, 8); worker++)
        {
            await once(worker);
            await once(worker);
        }

        var done = 0L;
        var watch = Watch.Start(processors);
        await Task.WhenAll(Enumerable.Range(0, workers).Select(worker => Task.Run(async () =>
        {
            while (watch.Elapsed.TotalSeconds < seconds)
            {
                await once(worker);
                Interlocked.Increment(ref done);
            }
        })));
        return watch.Rate(done);
    }

    private static async Task<Rate> PgBenchAsync(string connectionString, string schema, int customers, int clients, double seconds)
    {
        var whole = (int)Math.Ceiling(seconds);
        var watch = Watch.Start(processors);
        return await PgBench.RunAsync(connectionString, schema, customers, clients, whole) is { } rate
            ? new Rate(rate, double.NaN, watch.Rate((long)(rate * whole)).Server, Counts: true)
            : new Rate(double.NaN, double.NaN, double.NaN, Counts: true);
    }

    private static void Against(List<Rate> hand, string what, List<Rate> rates) => Say($"            {what} {Of(rates)}: {Ratio(rates, hand):0.00}");

    // The middle of the ratios of the rounds: what disturbs a disk for a while disturbs both parts of a round.
    private static double Ratio(List<Rate> rates, List<Rate> hand)
    {
        var ratios = rates.Zip(hand).Where(pair => pair.First.Counts && pair.Second.Counts).Select(pair => pair.First.PerSecond / pair.Second.PerSecond).Order().ToList();
        return ratios is [] ? double.NaN : ratios[ratios.Count / 2];
    }

    private static string Of(List<Rate> rates) =>
        string.Create(CultureInfo.InvariantCulture, $"{PerSecond(rates):0}/s (processors {Middle(rates, rate => rate.Client):0} + {Middle(rates, rate => rate.Server):0} µs)");

    private static double PerSecond(List<Rate> rates) => Middle(rates, rate => rate.PerSecond);

    // Of those that count; where none does, of all.
    private static double Middle(List<Rate> rates, Func<Rate, double> value)
    {
        var counted = rates.Exists(rate => rate.Counts) ? rates.FindAll(rate => rate.Counts) : rates;
        return counted.Select(value).Order().ElementAt(counted.Count / 2);
    }

    private static void Say(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));

    /// <summary>How often a second something was done, the microseconds of processors that this process and the server used each time (NaN: unknown), and whether hardly any code was compiled meanwhile.</summary>
    private readonly record struct Rate(double PerSecond, double Client, double Server, bool Counts);

    /// <summary>Measures by the clock and by the processors.</summary>
    private sealed class Watch
    {
        private readonly ProcessorTime of;
        private readonly (double Client, double Server) before;
        private readonly TimeSpan compiled;
        private readonly long started;

        private Watch(ProcessorTime of)
        {
            this.of = of;
            compiled = JitInfo.GetCompilationTime();
            before = of.Now();
            started = Stopwatch.GetTimestamp();
        }

        public TimeSpan Elapsed => Stopwatch.GetElapsedTime(started);

        public static Watch Start(ProcessorTime of) => new(of);

        public Rate Rate(long done)
        {
            var elapsed = Elapsed;
            var (client, server) = of.Now();
            return new Rate(done / elapsed.TotalSeconds, (client - before.Client) * 1e6 / done, (server - before.Server) * 1e6 / done, JitInfo.GetCompilationTime() - compiled < Compiling * elapsed);
        }
    }

    /// <summary>Keeps what an engine commits, to be written by hand.</summary>
    private sealed class ByHandTarget
    {
        private readonly List<IReadOnlyList<Commit>> batches = [];

        public ByHandTarget() => Memory = new CapturingStore(batches);

        public CapturingStore Memory { get; }

        /// <summary>What was committed since the last time.</summary>
        public List<Commit> Take()
        {
            var taken = batches.SelectMany(batch => batch).ToList();
            batches.Clear();
            return taken;
        }
    }
}
