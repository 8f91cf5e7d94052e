using Crm.Engine;
using Crm.Events;
using Crm.Storage.PostgreSql;
using Crm.Storage.Sql;
using Crm.Testing;
using Crm.Tests.Shared;
using Crm.Values;
using Npgsql;

namespace Crm.Storage.Tests;

/// <summary>Servers of PostgreSQL that somebody else has set up in a way of their own, and pools between them and the host.</summary>
public sealed class ServersOfOthers
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("repeatable read")]
    [InlineData("serializable")]
    public async Task Whom_the_server_isolates_more_than_usual_leases_what_somebody_has_just_changed(string isolation)
    {
        IsSuperuser();
        await using var factory = new PostgreSqlFactory(new PostgreSqlStoreOptions { Distributed = true }); // whose leases wait for rows
        await using (var usual = factory.OpenWith(options => options))
        {
            await usual.CommitAsync(Samples.Birth(1) with { Outbox = [Samples.Message(1, "welcome")] }, Token);
        }

        var role = factory.Schema;
        factory.Execute($"CREATE ROLE {role} LOGIN SUPERUSER; ALTER ROLE {role} SET default_transaction_isolation = '{isolation}'");
        try
        {
            await using var store = PostgreSqlStore.Open(new NpgsqlConnectionStringBuilder(factory.ConnectionString) { Username = role }.ToString(), new PostgreSqlStoreOptions { Schema = factory.Schema, Distributed = true });
            await using var other = new NpgsqlConnection($"{factory.ConnectionString};Search Path={factory.Schema};Pooling=false");
            await other.OpenAsync(Token);
            await RunAsync(other, "BEGIN; UPDATE crm_outbox SET attempts = 7");
            var leasing = ((IOutbox)store).LeaseAsync(Samples.At(5), Samples.At(6), 10, Token).AsTask();
            while (!leasing.IsCompleted && (long)(await RunAsync(other, "SELECT COUNT(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"))! == 0)
            {
                await Task.Yield();
            }

            await RunAsync(other, "COMMIT");

            Assert.Equal(7, Assert.Single(await leasing).Attempts);
        }
        finally
        {
            factory.Execute($"DROP ROLE {role}");
        }
    }

    [Fact]
    public async Task Statements_are_prepared_nowhere_where_the_connection_string_says_so()
    {
        await using var factory = new PostgreSqlFactory(new PostgreSqlStoreOptions());
        var options = new PostgreSqlStoreOptions { Schema = factory.Schema };
        await using var database = new PostgreSqlDatabase($"{factory.ConnectionString};Maximum Pool Size=1;Max Auto Prepare=0", options);
        await using var store = new SqlStore(database, options);
        var engine = new CrmEngine(store, [], new CrmOptions(), new FakeClock(Samples.At(0)), new SeededIdSource());
        for (var n = 0; n < 4; n++)
        {
            await engine.RecordAsync(CustomerEvent.Purchase($"pos:{n}", Identity.User("amy"), Money.Hkd(52)), Token);
            await using var session = await database.ReadAsync(Token);
            await session.RunAsync("DEALLOCATE ALL", Token); // the next transaction is another session's
        }

        Assert.Equal(4, (await store.LoadAsync(CustomerRef.Of(Identity.User("amy")), Token)).Version);
    }

    [Fact]
    public async Task A_database_that_lacks_letters_is_refused_with_a_sentence_before_anything_is_made()
    {
        IsSuperuser();
        var name = PostgreSqlServer.NewSchema();
        PostgreSqlServer.Execute($"CREATE DATABASE {name} TEMPLATE template0 ENCODING LATIN1 LOCALE 'C'");
        try
        {
            await using var store = PostgreSqlStore.Open(new NpgsqlConnectionStringBuilder(PostgreSqlServer.ConnectionString) { Database = name, Pooling = false }.ToString());

            var refused = await Assert.ThrowsAsync<PostgresException>(() => store.CommitAsync(Samples.Birth(1), Token).AsTask());

            Assert.Equal($"The database {name} keeps its text as LATIN1, which has not every letter. One that was made with ENCODING 'UTF8' is expected.", refused.MessageText);
            Assert.Null(await store.FindSchemaAsync(Token));
        }
        finally
        {
            PostgreSqlServer.Execute($"DROP DATABASE {name} WITH (FORCE)");
        }
    }

    private static async Task<object?> RunAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(Token);
    }

    private static void IsSuperuser() =>
        Assert.SkipUnless(PostgreSqlServer.Execute("SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user") is true, "The user of CRM_TEST_POSTGRES may not make databases and roles.");
}
