using Crm.Storage.PostgreSql;
using Crm.Storage.Sql;
using Crm.Testing;
using Crm.Tests.Shared;

namespace Crm.Storage.Tests;

/// <summary>The laws about faults are held over what production sends to PostgreSQL: one batch, which the wire is cut within.</summary>
public sealed class FaultsOnTheWire : IDisposable
{
    private const string AllOrNothing = "A_fault_between_any_two_steps_leaves_all_or_nothing";
    private readonly PostgreSqlStoreOptions options = new() { Schema = PostgreSqlServer.NewSchema() };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => PostgreSqlServer.Execute($"DROP SCHEMA IF EXISTS {options.Schema} CASCADE");

    [Fact]
    public async Task A_commit_is_many_statements_and_one_answer()
    {
        using var wire = new FaultyWire(PostgreSqlServer.ConnectionString, new StoreFaults());
        await using var store = PostgreSqlStore.Open(wire.ConnectionString, options);
        await store.CommitAsync(Samples.Birth(1), Token);
        var (statements, answers) = (wire.Statements, wire.Answers);

        await store.CommitAsync(Samples.Commit(1, 1, "pos:2") with { Slots = [Samples.Slot("loyalty", 1)], Ledger = [Samples.Issued(5)], Outbox = [Samples.Message(1, "thanks")] }, Token);

        Assert.Equal((6, 1), (wire.Statements - statements, wire.Answers - answers)); // key, version, event, slot, ledger, outbox
    }

    [Fact]
    public async Task A_fault_strikes_between_any_two_statements_of_a_batch_before_it_is_committed_and_before_the_answer()
    {
        var faults = new StoreFaults();
        using var wire = new FaultyWire(PostgreSqlServer.ConnectionString, faults);
        await using var store = PostgreSqlStore.Open(wire.ConnectionString, options);
        await store.CommitAsync(Samples.Birth(1), Token);
        var written = new List<bool>();
        for (var step = 1; step < 100; step++)
        {
            var version = (await store.LoadAsync(CustomerRef.Of(Samples.Customer(1)), Token)).Version;
            faults.FailAt(step);
            try
            {
                await store.CommitAsync(Samples.Commit(1, version, $"pos:{step}") with { Slots = [Samples.Slot("loyalty", 1)] }, Token);
                break;
            }
            catch (Npgsql.NpgsqlException)
            {
                faults.Heal();
                written.Add((await store.LoadAsync(CustomerRef.Of(Samples.Customer(1)), Token)).Version > version);
            }
        }

        // Before the key, the version, the event, the slot and the sync nothing is committed; when only the answer is lost all is.
        Assert.Equal([false, false, false, false, false, true], written);
    }

    [Fact]
    public async Task A_commit_that_is_sent_as_two_batches_is_caught()
    {
        await using var factory = new TwoBatchesFactory();

        var half = await Assert.ThrowsAsync<LawBroken>(() => StorageLaws.Named(AllOrNothing).Check(factory, Token));

        Assert.StartsWith("After a commit that was broken off", half.Message, StringComparison.Ordinal);
    }

    /// <summary>A PostgreSQL whose commits are two transactions where they ought to be one.</summary>
    private sealed class TwoBatchesFactory() : PostgreSqlFactory(new PostgreSqlStoreOptions())
    {
        protected override SqlDatabase Over(string connectionString, PostgreSqlStoreOptions options) => new TwoBatches(base.Over(connectionString, options));
    }

    private sealed class TwoBatches(SqlDatabase inner) : SqlDatabase
    {
        public override SqlDialect Dialect => inner.Dialect;

        public override async ValueTask<SqlSession> ReadAsync(CancellationToken cancellationToken) => new Session(await inner.ReadAsync(cancellationToken));

        public override async ValueTask<SqlSession> WriteAsync(CancellationToken cancellationToken) => new Session(await inner.WriteAsync(cancellationToken));

        public override ValueTask DisposeAsync() => inner.DisposeAsync();

        private sealed class Session(SqlSession inner) : SqlSession
        {
            public override ValueTask BeginAsync(CancellationToken cancellationToken) => inner.BeginAsync(cancellationToken);

            public override ValueTask CommitAsync() => inner.CommitAsync();

            public override ValueTask RollbackAsync() => inner.RollbackAsync();

            public override ValueTask<bool> ExecuteAsync(IReadOnlyList<SqlCall> calls, CancellationToken cancellationToken) => inner.ExecuteAsync(calls, cancellationToken);

            public override ValueTask QueryAsync(IReadOnlyList<SqlQuery> queries, CancellationToken cancellationToken) => inner.QueryAsync(queries, cancellationToken);

            public override ValueTask RunAsync(string sql, CancellationToken cancellationToken) => inner.RunAsync(sql, cancellationToken);

            public override async ValueTask<bool> TryCommitAsync(IReadOnlyList<SqlCall> calls, CancellationToken cancellationToken) =>
                await inner.TryCommitAsync([.. calls.SkipLast(2)], cancellationToken) && await inner.TryCommitAsync([.. calls.TakeLast(2)], cancellationToken);

            public override ValueTask<List<T>> ChangeAsync<T>(SqlCall call, Func<SqlReader, T> read, CancellationToken cancellationToken) => inner.ChangeAsync(call, read, cancellationToken);

            public override ValueTask DisposeAsync() => inner.DisposeAsync();
        }
    }
}
