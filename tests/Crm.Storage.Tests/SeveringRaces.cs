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

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_name_that_is_cut_while_it_is_looked_up_leads_to_nobody_and_one_that_is_claimed_by_another_to_them(bool isClaimed)
    {
        await using var distributed = new PostgreSqlFactory(new PostgreSqlStoreOptions { Distributed = true });
        await using var store = distributed.OpenWith(options => options);
        await store.CommitAsync(Samples.Birth(2), Token);
        var options = new PostgreSqlStoreOptions { Schema = distributed.Schema, Distributed = true };
        await using var looking = new SqlStore(
            new InBetween(
                new PostgreSqlDatabase(distributed.ConnectionString, options),
                async () =>
                {
                    Assert.Equal(CommitResult.Done, await store.CommitAsync(Samples.Commit(2, 1) with { Severed = [Samples.User(2)] }, Token));
                    Assert.Equal(CommitResult.Done, await store.CommitAsync(isClaimed ? Samples.Birth(3) with { Claims = [new IdentityClaim(Samples.User(2), 1)] } : Samples.Birth(3), Token));
                },
                "SELECT v.n, i.customer_id, i.reference"),
            options);

        var found = await looking.LoadAsync(CustomerRef.Of(Samples.User(2)), Token);

        Assert.Equal(isClaimed ? (Samples.Customer(3), 1) : (null, null), (found.Customer, found.IdentityReference));
    }

    private static NodaTime.Instant Later => Samples.At(1_000);

    private static OutboxItem FollowUp(string actor) => Samples.FollowUp(1, "gift:1") is OutboxItem.OfFollowUp item ? item with { Event = item.Event with { Actor = actor } } : throw new InvalidOperationException("A sample follow-up is none.");

    /// <summary>A database in which somebody else writes once, after a question was answered: the one for the follow-ups that wait, or another.</summary>
    private sealed class InBetween(SqlDatabase inner, Func<Task> write, string question = "state = 0 AND kind =") : SqlDatabase
    {
        private bool written;

        public override SqlDialect Dialect => inner.Dialect;

        public override SqlSession Join(DbConnection connection, DbTransaction transaction) => inner.Join(connection, transaction);

        public override async ValueTask<SqlSession> ReadAsync(CancellationToken cancellationToken) => new Session(await inner.ReadAsync(cancellationToken), this);

        public override async ValueTask<SqlSession> WriteAsync(CancellationToken cancellationToken) => new Session(await inner.WriteAsync(cancellationToken), this);

        public override ValueTask DisposeAsync() => inner.DisposeAsync();

        private async Task AfterAsync(IReadOnlyList<SqlQuery> queries)
        {
            if (!written && queries.Any(query => query.Call.Statement.ToString().Contains(question, StringComparison.Ordinal)))
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
