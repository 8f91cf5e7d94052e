using System.Collections.Concurrent;
using Crm.CrashProgram;
using Crm.Engine;
using Crm.Events;
using Crm.Loyalty;
using Crm.Loyalty.Programs;
using Crm.Modules;
using Crm.Storage;
using Crm.Storage.PostgreSql;
using Crm.Storage.Sqlite;
using Crm.Testing;
using Crm.Tests.Shared;
using NodaTime;

namespace Crm.EndToEnd.Tests.Races;

/// <summary>Two hosts over one store, each with connections and an engine of its own, as two processes are.</summary>
internal sealed class Town : IAsyncDisposable
{
    private readonly string schema = PostgreSqlServer.NewSchema();
    private readonly string file = Path.Combine(Path.GetTempPath(), $"crm-race-{Guid.NewGuid():N}.db");
    private readonly string kind;
    private readonly InMemoryStore memory = new();
    private readonly FakeClock clock = new(Instant.FromUtc(2026, 3, 1, 4, 0));

    /// <param name="kind">One of <see cref="Kinds"/>.</param>
    /// <param name="program">The programme, where it is another than the club's.</param>
    public Town(string kind, LoyaltyProgram? program = null)
    {
        this.kind = kind;
        Stores = [Open(), Open()];
        Hosts = [.. Stores.Select((store, host) => program is null
            ? Club.Engine(store, clock, new SeededIdSource(host + 1), Outgoing)
            : new CrmEngine(store, [new LoyaltyModule(program)], Club.Options, clock, new SeededIdSource(host + 1)))];
    }

    public static TheoryData<string> Kinds => ["memory", "SQLite", "PostgreSQL"];

    public IReadOnlyList<ICustomerStore> Stores { get; }

    public IReadOnlyList<CrmEngine> Hosts { get; }

    public CountingChannel Outgoing { get; } = new();

    public Instant Now => clock.GetCurrentInstant();

    public FakeClock Clock => clock;

    /// <summary>A moment later: events of one customer that came together count a tick apart, and their messages with them.</summary>
    public void Later() => clock.Advance(Duration.FromSeconds(1));

    /// <summary>Does something many times at once, on threads of their own and at alternating hosts.</summary>
    public Task<T[]> AtOnceAsync<T>(int times, Func<CrmEngine, int, Task<T>> work)
    {
        var start = new ManualResetEventSlim();
        var tasks = Enumerable.Range(0, times).Select(n => Task.Run(async () =>
        {
            start.Wait();
            return await work(Hosts[n % Hosts.Count], n);
        })).ToList();
        start.Set();
        return Task.WhenAll(tasks);
    }

    public async Task<long> LedgerAsync()
    {
        var sum = 0L;
        await foreach (var (_, entry) in ((IJournalScan)Stores[0]).ReadLedgerAsync(default))
        {
            sum += entry.Amount;
        }

        return sum;
    }

    public async Task<int> CustomersAsync() => await ((IJournalScan)Stores[0]).ReadCustomersAsync(default).CountAsync();

    public async ValueTask DisposeAsync()
    {
        foreach (var store in Stores.OfType<IAsyncDisposable>())
        {
            await store.DisposeAsync();
        }

        if (kind == "PostgreSQL")
        {
            PostgreSqlServer.Execute($"DROP SCHEMA IF EXISTS {schema} CASCADE");
        }

        foreach (var suffix in new[] { "", "-wal", "-shm" })
        {
            File.Delete(file + suffix);
        }
    }

    private ICustomerStore Open() => kind switch
    {
        "memory" => memory,
        "SQLite" => SqliteStore.Open(file),
        _ => PostgreSqlStore.Open(PostgreSqlServer.ConnectionString, new PostgreSqlStoreOptions { Schema = schema }),
    };
}

/// <summary>Counts what it is given, and takes its time.</summary>
internal sealed class CountingChannel : IMessageChannel
{
    public ConcurrentBag<string> Sent { get; } = [];

    public string Name => Greeter.Channel;

    public async ValueTask<SendOutcome> SendAsync(string id, Message message, CustomerView customer, CancellationToken cancellationToken)
    {
        await Task.Yield();
        Sent.Add(id);
        return new SendOutcome.Sent();
    }
}
