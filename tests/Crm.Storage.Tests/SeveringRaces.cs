using System.Data.Common;
using Crm.Storage.PostgreSql;
using Crm.Storage.Sql;
using Crm.Storage.Sqlite;
using Crm.Testing;
using Crm.Values;

namespace Crm.Storage.Tests;

/// <summary>An identity is severed while somebody else writes the follow-up that names it.</summary>
public sealed class SeveringRaces : IAsyncDisposable
{
    private readonly TemporaryFile file = new();
    private readonly PostgreSqlFactory server = new(new PostgreSqlStoreOptions());

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        file.Dispose();
        await server.DisposeAsync();
    }

    [Theory]
    [InlineData("SQLite")]
    [InlineData("PostgreSQL")]
    public async Task A_follow_up_that_is_replaced_while_an_identity_is_severed_keeps_what_is_new_and_loses_the_identity(string kind)
    {
        await using var store = kind == "SQLite" ? SqliteStore.Open(file.Path) : server.OpenWith(options => options);
        await store.CommitAsync(Samples.Birth(2), Token);
        await store.CommitAsync(Samples.Commit(1, 0) with { Outbox = [FollowUp("earlier")] }, Token);
        var newer = new Commit[] { Samples.Commit(1, 1) with { Outbox = [FollowUp("later")] } };
        await using var severing = new SqlStore(
            new InBetween(kind == "SQLite" ? new SqliteDatabase(file.Path, new SqliteStoreOptions()) : new PostgreSqlDatabase(server.ConnectionString, new PostgreSqlStoreOptions { Schema = server.Schema }), async () => Assert.Equal([CommitResult.Done], await store.CommitManyAsync(newer, Token))),
            new SqlStoreOptions());

        Assert.Equal(CommitResult.Done, await severing.CommitAsync(Samples.Commit(2, 1) with { Severed = [Samples.User(2)] }, Token));

        var waiting = Assert.IsType<OutboxItem.OfFollowUp>(Assert.Single(await ((IOutbox)store).LeaseAsync(Later, Later, 10, Token)));
        Assert.Equal(("later", (Identity?)null), (waiting.Event.Actor, waiting.Event.Identity));
    }

    private static NodaTime.Instant Later => Samples.At(1_000);

    private static OutboxItem FollowUp(string actor) => Samples.FollowUp(1, "gift:1") is OutboxItem.OfFollowUp item ? item with { Event = item.Event with { Actor = actor } } : throw new InvalidOperationException("A sample follow-up is none.");

    /// <summary>A database in which somebody else writes once, after the follow-ups that wait have been read.</summary>
    private sealed class InBetween(SqlDatabase inner, Func<Task> write) : SqlDatabase
    {
        private bool written;

        public override SqlDialect Dialect => inner.Dialect;

        public override SqlSession Join(DbConnection connection, DbTransaction transaction) => inner.Join(connection, transaction);

        public override ValueTask<SqlSession> ReadAsync(CancellationToken cancellationToken) => inner.ReadAsync(cancellationToken);

        public override async ValueTask<SqlSession> WriteAsync(CancellationToken cancellationToken) => new Session(await inner.WriteAsync(cancellationToken), this);

        public override ValueTask DisposeAsync() => inner.DisposeAsync();

        private async Task AfterAsync(IReadOnlyList<SqlQuery> queries)
        {
            if (!written && queries.Any(query => query.Call.Statement.ToString().Contains("state = 0 AND kind =", StringComparison.Ordinal)))
            {
                written = true;
                await write();
            }
        }

        private sealed class Session(SqlSession inner, InBetween database) : SqlSession
        {
            public override ValueTask BeginAsync(CancellationToken cancellationToken) => inner.BeginAsync(cancellationToken);

            public override ValueTask CommitAsync() => inner.CommitAsync();

            public override ValueTask RollbackAsync() => inner.RollbackAsync();

            public override ValueTask<bool> ExecuteAsync(IReadOnlyList<SqlCall> calls, CancellationToken cancellationToken) => inner.ExecuteAsync(calls, cancellationToken);

            public override async ValueTask QueryAsync(IReadOnlyList<SqlQuery> queries, CancellationToken cancellationToken)
            {
                await inner.QueryAsync(queries, cancellationToken);
                await database.AfterAsync(queries);
            }

            public override ValueTask RunAsync(string sql, CancellationToken cancellationToken) => inner.RunAsync(sql, cancellationToken);

            public override ValueTask<bool> TryCommitAsync(IReadOnlyList<SqlCall> calls, CancellationToken cancellationToken) => inner.TryCommitAsync(calls, cancellationToken);

            public override ValueTask<List<T>> ChangeAsync<T>(SqlCall call, Func<SqlReader, T> read, CancellationToken cancellationToken) => inner.ChangeAsync(call, read, cancellationToken);

            public override ValueTask DisposeAsync() => inner.DisposeAsync();
        }
    }
}
