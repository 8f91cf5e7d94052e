using Crm.Conditions;
using Crm.Engine;
using Crm.Events;
using Crm.Modules;
using Crm.Storage.PostgreSql;
using Crm.Storage.Sql;
using Crm.Storage.Sqlite;
using Crm.Testing;
using Crm.Tests.Shared;
using Crm.Values;
using NodaTime;
using Npgsql;

namespace Crm.Storage.Tests;

using Outcome = Crm.Modules.Outcome;

/// <summary>How often recording goes to a server of PostgreSQL and back, counted on the wire, and how much of a history comes back.</summary>
public sealed class RoundTrips : IAsyncDisposable
{
    private readonly PostgreSqlStoreOptions options = new() { Schema = PostgreSqlServer.NewSchema() };
    private readonly FaultyWire wire = new(PostgreSqlServer.ConnectionString, new StoreFaults());
    private readonly FakeClock clock = new(Instant.FromUtc(2026, 3, 1, 9, 0));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync()
    {
        wire.Dispose();
        PostgreSqlServer.Execute($"DROP SCHEMA IF EXISTS {options.Schema} CASCADE");
        return ValueTask.CompletedTask;
    }

    [Theory]
    [InlineData(false, false, 2)]
    [InlineData(true, false, 3)]
    [InlineData(false, true, 1)]
    [InlineData(true, true, 2)]
    public async Task A_purchase_is_one_load_and_one_commit_and_one_more_for_a_profile_of_the_host(bool hostHasProfiles, bool remembers, int trips)
    {
        await using var store = PostgreSqlStore.Open(wire.ConnectionString, options);
        await using var host = NpgsqlDataSource.Create(wire.ConnectionString + ";No Reset On Close=true"); // a reset would be counted
        var engine = Engine(store, hostHasProfiles ? new CrmPorts { Profiles = new HostProfiles(host) } : null, remembers);
        await WarmAsync(engine);

        Assert.Equal(trips, await TripsAsync(() => engine.RecordAsync(Purchase(100), Token)));
        Assert.Equal(trips, await TripsAsync(() => engine.RecordAsync(Purchase(101), Token)));
    }

    [Fact]
    public async Task What_needs_history_is_one_round_trip_more()
    {
        await using var store = PostgreSqlStore.Open(wire.ConnectionString, options);
        var engine = Engine(store);
        await WarmAsync(engine);
        clock.Advance(Duration.FromDays(60));
        await engine.RecordAsync(Purchase(100), Token);
        clock.Advance(Duration.FromDays(60));
        await engine.RecordAsync(Purchase(101), Token);
        Assert.NotEqual(0L, PostgreSqlServer.Execute($"SELECT COUNT(*) FROM {options.Schema}.crm_checkpoint"));

        var refund = CustomerEvent.Refund("pos:back", Identity.User("amy"), "pos:101", Money.Hkd(10)) with { OccurredAt = clock.GetCurrentInstant() };
        Assert.Equal(3, await TripsAsync(() => engine.RecordAsync(refund, Token)));
        var late = Purchase(102) with { OccurredAt = clock.GetCurrentInstant() - Duration.FromHours(1) };
        Assert.Equal(3, await TripsAsync(() => engine.RecordAsync(late, Token)));
    }

    [Fact]
    public async Task A_history_from_a_checkpoint_on_brings_no_line_of_before()
    {
        using var file = new TemporaryFile();
        var counted = new CountingRows(new SqliteDatabase(file.Path, new SqliteStoreOptions()));
        await using var store = new SqlStore(counted);
        await store.CommitAsync(
            Samples.Birth(1) with
            {
                Version = 500,
                Entries = [.. Enumerable.Range(1, 500).Select(version => Samples.Entry(1, version, WithLines(Samples.Purchase($"pos:{version}", version))))],
                Checkpoints = [new Checkpoint(Samples.At(100), []), new Checkpoint(Samples.At(495), [])],
            },
            Token);

        foreach (var start in new HistoryStart[] { new HistoryStart.Before(Samples.At(499)), new HistoryStart.BeforeEvent(EventKey.Parse("pos:499")) })
        {
            counted.Rows = 0;
            var history = await store.LoadHistoryAsync(Samples.Customer(1), start, Token);

            Assert.Equal(Samples.At(495), history.Checkpoint?.At);
            Assert.Equal([496, 497, 498, 499, 500], history.Entries.Select(entry => entry.Version));
            Assert.All(history.Entries, entry => Assert.Equal(2, entry.Event.Lines.Count));
            Assert.InRange(counted.Rows, 15, 20);
        }

        static CustomerEvent WithLines(CustomerEvent happened) => happened with { Lines = [new EventLine("tea", 1, Money.Hkd(20)), new EventLine("cup", 1, Money.Hkd(20))] };
    }

    private async Task<int> TripsAsync<T>(Func<ValueTask<T>> act)
    {
        var before = wire.Answers;
        await act();
        return wire.Answers - before;
    }

    // Connections are opened, and statements are prepared with what is sent.
    private async Task WarmAsync(CrmEngine engine)
    {
        for (var n = 0; n < 10; n++)
        {
            await engine.RecordAsync(Purchase(n), Token);
        }
    }

    private CustomerEvent Purchase(int number) => CustomerEvent.Purchase($"pos:{number}", Identity.User("amy"), Money.Hkd(52), new EventLine("tea", 1, Money.Hkd(52))) with { OccurredAt = clock.GetCurrentInstant() };

    private CrmEngine Engine(ICustomerStore store, CrmPorts? ports = null, bool remembers = false) => new(store, [new Regions()], new CrmOptions { CheckpointEvery = 8, RememberCustomers = remembers ? 16 : 0 }, clock, new SeededIdSource(), ports);

    /// <summary>Asks for the profile of whoever buys.</summary>
    private sealed class Regions : CustomerModule<Regions.Seen>
    {
        public override ModuleContract Contract { get; } = new() { Name = "regions", Codec = new SeenCodec(), Handles = ["*"], Conditions = [If.Field("customer.region").Is("HK")] };

        protected override Outcome Handle(Seen state, ModuleContext context) => new Outcome.Accepted { State = new Seen(state.Count + 1) };

        internal sealed record Seen(long Count);

        private sealed class SeenCodec : SlotCodec<Seen>
        {
            public override int Version => 1;

            public override Seen Empty { get; } = new(0);

            protected override void Write(Seen state, SlotWriter writer) => writer.Whole(state.Count);

            protected override Seen Read(int version, ref SlotReader reader) => new(reader.Whole());
        }
    }

    private sealed class HostProfiles(NpgsqlDataSource host) : ICustomerProfiles
    {
        public async ValueTask<Fields> ReadAsync(CustomerId customer, string? user, CancellationToken cancellationToken)
        {
            await using var command = host.CreateCommand("SELECT 'HK'");
            return Fields.Of(("region", (string)(await command.ExecuteScalarAsync(cancellationToken))!));
        }

        public IAsyncEnumerable<HostProfile> ReadAllAsync(CancellationToken cancellationToken) => AsyncEnumerable.Empty<HostProfile>();
    }

    private sealed class CountingRows(SqlDatabase inner) : SqlDatabase
    {
        public int Rows { get; set; }

        public override SqlDialect Dialect => inner.Dialect;

        public override async ValueTask<SqlSession> ReadAsync(CancellationToken cancellationToken) => new Session(await inner.ReadAsync(cancellationToken), this);

        public override async ValueTask<SqlSession> WriteAsync(CancellationToken cancellationToken) => new Session(await inner.WriteAsync(cancellationToken), this);

        public override ValueTask DisposeAsync() => inner.DisposeAsync();

        private sealed class Session(SqlSession inner, CountingRows count) : SqlSession
        {
            public override ValueTask BeginAsync(CancellationToken cancellationToken) => inner.BeginAsync(cancellationToken);

            public override ValueTask CommitAsync() => inner.CommitAsync();

            public override ValueTask RollbackAsync() => inner.RollbackAsync();

            public override ValueTask<bool> ExecuteAsync(IReadOnlyList<SqlCall> calls, CancellationToken cancellationToken) => inner.ExecuteAsync(calls, cancellationToken);

            public override ValueTask QueryAsync(IReadOnlyList<SqlQuery> queries, CancellationToken cancellationToken) => inner.QueryAsync(
                [
                    .. queries.Select(query => query with
                    {
                        Take = row =>
                        {
                            count.Rows++;
                            query.Take(row);
                        },
                    }),
                ],
                cancellationToken);

            public override ValueTask RunAsync(string sql, CancellationToken cancellationToken) => inner.RunAsync(sql, cancellationToken);

            public override ValueTask DisposeAsync() => inner.DisposeAsync();
        }
    }
}
