using System.Globalization;
using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Engines;
using Crm.Engine;
using Crm.Events;
using Crm.Loyalty;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Rules;
using Crm.Storage;
using Crm.Storage.Sqlite;
using Crm.Testing;
using Crm.Values;

namespace Crm.Benchmarks;

/// <summary>
/// A thousand purchases of a thousand customers, recorded through the engine into SQLite under the programme "1 point per whole 1.00", and the same rows inserted by a loop
/// written by hand. Both write to a file of their own, fully durably, in one transaction for the thousand; the loop neither loads, decides, checks nor encodes anything.
/// </summary>
[SimpleJob(RunStrategy.Monitoring, launchCount: 1, warmupCount: 4, iterationCount: 20, invocationCount: 1)]
[MemoryDiagnoser]
public class SqliteBenchmarks : IDisposable
{
    private const int Batch = 1_000;
    private const int Batches = 30;
    private readonly List<IReadOnlyList<Commit>> commits = [];
    private string folder = null!;
    private SqliteByHand byHand = null!;
    private Crm.Storage.Sql.SqlStore store = null!;
    private CrmEngine engine = null!;
    private FakeClock clock = null!;
    private int number;

    [GlobalSetup(Target = nameof(By_hand))]
    public async Task OpenByHandAsync()
    {
        var path = NewFile();
        await using (var schema = SqliteStore.Open(path))
        {
            await schema.MigrateAsync();
        }

        byHand = new SqliteByHand(path);
        var captured = new CapturingStore(commits);
        var deciding = Engine(captured);
        for (var batch = 0; batch < Batches; batch++)
        {
            await RecordAsync(deciding, batch);
        }
    }

    [GlobalSetup(Target = nameof(Through_the_engine))]
    public void OpenEngine()
    {
        store = SqliteStore.Open(NewFile());
        engine = Engine(store);
    }

    [GlobalCleanup]
    public void Dispose()
    {
        byHand?.Dispose();
        store?.Dispose();
        Directory.Delete(folder, recursive: true);
        GC.SuppressFinalize(this);
    }

    [Benchmark(Baseline = true, OperationsPerInvoke = Batch)]
    public void By_hand() => byHand.Insert(commits[number++]);

    [Benchmark(OperationsPerInvoke = Batch)]
    public async Task Through_the_engine() => await RecordAsync(engine, number++);

    private string NewFile()
    {
        folder = Directory.CreateTempSubdirectory("crm-benchmarks").FullName;
        return Path.Combine(folder, "club.db");
    }

    private CrmEngine Engine(ICustomerStore into)
    {
        clock = new FakeClock(TeaShop.Opening);
        var program = new LoyaltyProgram
        {
            Name = "club",
            Zone = "Asia/Hong_Kong",
            Units = [new LoyaltyUnit("points", UnitKind.Redeemable)],
            Rules = [new PointsPerAmount { Name = "base", Unit = "points", Points = 1, Every = Money.Hkd(1), Basis = EarningBasis.WholeSpend }],
        };
        return new CrmEngine(into, [new LoyaltyModule(program)], new CrmOptions(), clock, new SeededIdSource());
    }

    private async Task RecordAsync(CrmEngine into, int batch)
    {
        var events = new CustomerEvent[Batch];
        for (var i = 0; i < Batch; i++)
        {
            events[i] = TeaShop.Purchase(batch, Identity.User(i)) with { Key = new EventKey("till", string.Create(CultureInfo.InvariantCulture, $"{batch}-{i}")) };
        }

        clock.Set(events[0].OccurredAt!.Value);
        await into.RecordAsync(events);
    }
}
