using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
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
/// <c>dotnet run -c Release --project benchmarks/Crm.Benchmarks -- postgresql [SECONDS]</c>. The server is a throwaway cluster with its defaults, or the one that CRM_BENCH_POSTGRES names.
/// </summary>
internal static class PostgreSqlSpeed
{
    private const int Customers = 1_000;
    private const int Remembered = 20_000;
    private static int number;

    public static async Task RunAsync(double seconds)
    {
        var connectionString = Environment.GetEnvironmentVariable("CRM_BENCH_POSTGRES") ?? PostgreSqlCluster.Start(durable: true) ?? throw new InvalidOperationException("No PostgreSQL: set CRM_BENCH_POSTGRES, or install the server.");
        var schema = $"bench_{Guid.NewGuid():N}";
        var options = new PostgreSqlStoreOptions { Schema = schema };
        var pooled = $"{connectionString};Maximum Pool Size=100";
        await using var store = PostgreSqlStore.Open(pooled, options);
        var single = EngineOver(store, grouped: false);
        var remembering = EngineOver(store, grouped: false, Remembered);
        var grouped = EngineOver(store, grouped: true, Remembered);
        await BirthsAsync(single);
        var rounds = 3;

        foreach (var writers in new[] { 1, 8, 32 })
        {
            var (engine, knowing, commit, hand, bench) = (new List<double>(), new List<double>(), new List<double>(), new List<double>(), new List<double>());
            for (var round = 0; round < rounds; round++)
            {
                engine.Add(await RateAsync(writers, seconds, writer => RecordAsync(single, Mine(writer, writers))));
                hand.Add(await ByHandAsync(pooled, schema, writers, seconds));
                await BirthsAsync(remembering); // whoever was changed by others in between is known again
                knowing.Add(await RateAsync(writers, seconds, writer => RecordAsync(remembering, Mine(writer, writers))));
                commit.Add(await CommitsAsync(store, writers, seconds));
                bench.Add(await PgBench.RunAsync(connectionString, schema, Customers, writers, (int)Math.Ceiling(seconds)) ?? double.NaN);
            }

            Say($"{writers,2} writers: engine (load, decide, commit) {Middle(engine):0}/s, remembering {Middle(knowing):0}/s, store's commit alone {Middle(commit):0}/s, by hand {Middle(hand):0}/s, pgbench {Middle(bench):0}/s");
            Say($"            engine/hand {Middle(engine) / Middle(hand):0.00}, remembering/hand {Middle(knowing) / Middle(hand):0.00}, commit/hand {Middle(commit) / Middle(hand):0.00}, hand/pgbench {Middle(hand) / Middle(bench):0.00}");
        }

        var one = await PgBench.RunAsync(connectionString, schema, Customers, 1, (int)Math.Ceiling(seconds)) ?? double.NaN;
        var eight = await PgBench.RunAsync(connectionString, schema, Customers, 8, (int)Math.Ceiling(seconds)) ?? double.NaN;
        var hot = await PgBench.RunAsync(connectionString, schema, 1, 8, (int)Math.Ceiling(seconds)) ?? double.NaN;
        await BirthsAsync(grouped);
        var many = await RateAsync(1_000, 2 * seconds, caller => RecordAsync(grouped, caller % Customers));
        var hottest = await RateAsync(1_000, 2 * seconds, _ => RecordAsync(grouped, 0));
        Say($"grouped, 1,000 callers: {many:0}/s; pgbench one a transaction {one:0}/s (1 client), {eight:0}/s (8 clients): {many / one:0.0} and {many / eight:0.0} times");
        Say($"grouped, one hot customer: {hottest:0}/s; pgbench on one customer {hot:0}/s (8 clients): {hottest / hot:0.0} times");

        await BulkAsync(pooled, schema, single, rounds);
        await SqliteAsync(seconds);
        await using var drop = new NpgsqlConnection(connectionString);
        await drop.OpenAsync();
        await using var command = new NpgsqlCommand($"DROP SCHEMA {schema} CASCADE", drop);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task BulkAsync(string pooled, string schema, CrmEngine engine, int rounds)
    {
        var (bulk, hand) = (new List<double>(), new List<double>());
        await using var connection = Connect(pooled);
        await connection.OpenAsync();
        var byHand = new PostgreSqlByHand(connection, schema);
        var target = new ByHandTarget();
        var deciding = EngineOver(target.Memory, grouped: false);
        await deciding.RecordAsync([.. Enumerable.Range(0, Customers).Select(n => Purchase(n, "bulk-"))]);
        await byHand.WriteAsync(target.Take());
        for (var round = 0; round < 8 * rounds; round++)
        {
            CustomerEvent[] events = [.. Enumerable.Range(0, Customers).Select(n => Purchase(n))];
            var started = Stopwatch.GetTimestamp();
            await engine.RecordAsync(events);
            bulk.Add(Customers / Stopwatch.GetElapsedTime(started).TotalSeconds);

            // The hand's customers are others than the engine's, so that both insert new rows of as many customers.
            await deciding.RecordAsync([.. Enumerable.Range(0, Customers).Select(n => Purchase(n, "bulk-"))]);
            var commits = target.Take();
            started = Stopwatch.GetTimestamp();
            await byHand.WriteAsync(commits);
            hand.Add(Customers / Stopwatch.GetElapsedTime(started).TotalSeconds);
        }

        Say($"bulk of 1,000: engine {Middle(bulk):0}/s, by hand multi-row {Middle(hand):0}/s: {Middle(bulk) / Middle(hand):0.00}");
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
            var deciding = EngineOver(target.Memory, grouped: false);
            await BirthsAsync(deciding);
            byHand.Insert(target.Take());
            var single = EngineOver(store, grouped: false);
            var remembering = EngineOver(store, grouped: false, Remembered);
            var grouped = EngineOver(store, grouped: true);
            await BirthsAsync(single);
            for (var batch = 0; batch < 8; batch++)
            {
                await BirthsAsync(deciding);
            }

            var commits = target.Take();
            var (engine, knowing, hand) = (new List<double>(), new List<double>(), new List<double>());
            for (var round = 0; round < 4; round++)
            {
                engine.Add(await RateAsync(1, seconds / 2, _ => RecordAsync(single, Interlocked.Increment(ref number) % Customers)));
                await BirthsAsync(remembering);
                knowing.Add(await RateAsync(1, seconds / 2, _ => RecordAsync(remembering, Interlocked.Increment(ref number) % Customers)));
                var started = Stopwatch.GetTimestamp();
                var part = commits.Skip(round * (commits.Count / 4)).Take(commits.Count / 4).ToList();
                foreach (var commit in part)
                {
                    byHand.Insert([commit]);
                }

                hand.Add(part.Count / Stopwatch.GetElapsedTime(started).TotalSeconds);
            }

            var many = await RateAsync(1_000, seconds, caller => RecordAsync(grouped, caller % Customers));
            Say($"SQLite, one at a time: engine {Middle(engine):0}/s, remembering {Middle(knowing):0}/s, by hand {Middle(hand):0}/s: {Middle(engine) / Middle(hand):0.00} and {Middle(knowing) / Middle(hand):0.00}; grouped, 1,000 callers: {many:0}/s, {many / Middle(engine):0.0} times one at a time");
        }

        Directory.Delete(folder, recursive: true);
    }

    // The commits that the memory store was given for the same purchases, written by hand.
    private static async Task<double> ByHandAsync(string pooled, string schema, int writers, double seconds)
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

    private static async Task<double> CommitsAsync(ICustomerStore store, int writers, double seconds)
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
        var each = Math.Max(1, 200 / writers);
        var enough = (int)(seconds * (writers == 1 ? 8_000 : 20_000 / writers) / each) + 1;
        for (var writer = 0; writer < writers; writer++)
        {
            var target = new ByHandTarget();
            var deciding = EngineOver(target.Memory, grouped: false);
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

    private static int Mine(int writer, int writers) => (Interlocked.Increment(ref number) * writers % Customers) + writer is var customer && customer < Customers ? customer : writer;

    private static async Task RecordAsync(CrmEngine engine, int customer) => await engine.RecordAsync(Purchase(customer));

    private static CustomerEvent Purchase(int customer, string of = "") =>
        CustomerEvent.Purchase(string.Create(CultureInfo.InvariantCulture, $"till:{Interlocked.Increment(ref number)}"), Identity.User(string.Create(CultureInfo.InvariantCulture, $"{of}{customer}")), Money.Hkd(52));

    private static async Task BirthsAsync(CrmEngine engine) => await engine.RecordAsync([.. Enumerable.Range(0, Customers).Select(n => Purchase(n))]);

    private static CrmEngine EngineOver(ICustomerStore store, bool grouped, int remembered = 0)
    {
        var program = new LoyaltyProgram
        {
            Name = "club",
            Zone = "Asia/Hong_Kong",
            Units = [new LoyaltyUnit("points", UnitKind.Redeemable)],
            Rules = [new PointsPerAmount { Name = "base", Unit = "points", Points = 1, Every = Money.Hkd(1), Basis = EarningBasis.WholeSpend }],
        };
        return new CrmEngine(store, [new LoyaltyModule(program)], new CrmOptions { GroupCommits = grouped, RememberCustomers = remembered }, NodaTime.SystemClock.Instance, new RandomIdSource());
    }

    /// <summary>How often a second so many workers, each after its own last time, get something done.</summary>
    private static async Task<double> RateAsync(int workers, double seconds, Func<int, Task> once)
    {
        for (var worker = 0; worker < Math.Min(workers, 8); worker++)
        {
            await once(worker);
            await once(worker);
        }

        var done = 0L;
        var started = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, workers).Select(worker => Task.Run(async () =>
        {
            while (Stopwatch.GetElapsedTime(started).TotalSeconds < seconds)
            {
                await once(worker);
                Interlocked.Increment(ref done);
            }
        })));
        return done / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private static double Middle(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static void Say(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));

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
