using Crm.Conditions;
using Crm.Engine;
using Crm.Events;
using Crm.Storage.PostgreSql;
using Crm.Storage.Sql;
using Crm.Testing;
using Crm.Tests.Shared;
using Crm.Values;
using NodaTime;
using Npgsql;

namespace Crm.Storage.Tests;

/// <summary>What goes wrong with a server of PostgreSQL, and what its callers hear: exceptions that say what happened and hold no value of a person.</summary>
public sealed class PostgreSqlTroubles : IAsyncDisposable
{
    private const string Secret = "Chan-Tai-Man-91234567";
    private readonly PostgreSqlStoreOptions options = new() { Schema = PostgreSqlServer.NewSchema() };
    private readonly List<SqlStore> opened = [];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        foreach (var store in opened)
        {
            await store.DisposeAsync();
        }

        PostgreSqlServer.Execute($"DROP SCHEMA IF EXISTS {options.Schema} CASCADE");
    }

    [Fact]
    public async Task Connections_that_the_server_has_ended_are_replaced_and_the_event_is_recorded_once()
    {
        var store = await OpenAsync($"Application Name={options.Schema}");
        var engine = Engine(store);
        await engine.RecordAsync(Purchase("pos:1"), Token);
        Assert.True((long)PostgreSqlServer.Execute($"SELECT COUNT(*) FROM pg_stat_activity WHERE application_name = '{options.Schema}' AND CASE WHEN application_name = '{options.Schema}' THEN pg_terminate_backend(pid) END")! > 0);

        var receipt = await engine.RecordAsync(Purchase("pos:2"), Token);

        Assert.Equal(2, receipt.Version);
        Assert.Equal(receipt, await engine.RecordAsync(Purchase("pos:2"), Token));
    }

    [Fact]
    public async Task An_exhausted_pool_is_said_so()
    {
        var store = await OpenAsync("Maximum Pool Size=1;Timeout=2");
        await store.CommitAsync(Samples.Birth(1), Token);
        await using var held = await HeldAsync();
        using var cancelling = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var waiting = store.CommitAsync(Samples.Commit(1, 1, "pos:2"), cancelling.Token).AsTask();
        await IsWaitedForAsync(held, waiting); // with the one connection

        var exhausted = await Assert.ThrowsAnyAsync<NpgsqlException>(() => store.LoadAsync(CustomerRef.Of(Samples.Customer(2)), Token).AsTask());

        Assert.Contains("pool", exhausted.Message, StringComparison.Ordinal);
        await cancelling.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    [Fact]
    public async Task A_statement_that_takes_too_long_is_said_so_and_writes_nothing()
    {
        var store = await OpenAsync("Options=-c statement_timeout=2000");
        await store.CommitAsync(Samples.Birth(1), Token);
        await using (await HeldAsync())
        {
            var late = await Assert.ThrowsAsync<PostgresException>(() => store.CommitAsync(Samples.Commit(1, 1, "pos:2"), Token).AsTask());
            Assert.Equal(PostgresErrorCodes.QueryCanceled, late.SqlState);
            Assert.Contains("statement timeout", late.Message, StringComparison.Ordinal);
        }

        Assert.Equal(1, (await store.LoadAsync(CustomerRef.Of(Samples.Customer(1)), Token)).Version);
        Assert.Equal(CommitResult.Done, await store.CommitAsync(Samples.Commit(1, 1, "pos:2"), Token));
    }

    [Theory]
    [InlineData("Command Timeout=4")]
    [InlineData("Options=-c lock_timeout=3000")]
    public async Task Who_waits_for_a_row_that_a_host_holds_keeps_nobody_of_the_group_from_being_recorded(string patience)
    {
        var engine = Engine(await OpenAsync(patience));
        await engine.RecordAsync([.. Enumerable.Range(0, 20).Select(n => Purchase($"pos:{n}") with { Identity = Identity.User(n) })], cancellationToken: Token);
        await using var held = await HeldAsync($"WHERE customer_id = (SELECT customer_id FROM {options.Schema}.crm_identity WHERE value = '7')");

        var faults = await Task.WhenAll(Enumerable.Range(0, 100).Select(async n => await Record.ExceptionAsync(async () => await engine.RecordAsync(Purchase($"app:{n}") with { Identity = Identity.User(n % 20) }, Token))));

        Assert.Equal([7, 27, 47, 67, 87], faults.Index().Where(fault => fault.Item is not null).Select(fault => fault.Index));
        Assert.All(faults.OfType<Exception>(), fault => Assert.IsAssignableFrom<NpgsqlException>(fault));
    }

    [Fact]
    public async Task Who_waits_for_rows_that_a_host_holds_keeps_nobody_else_waiting()
    {
        var engine = Engine(await OpenAsync("Command Timeout=60"));
        await engine.RecordAsync([.. Enumerable.Range(0, 20).Select(n => Purchase($"pos:{n}") with { Identity = Identity.User(n) })], cancellationToken: Token);
        var waiting = new List<Task>();
        await using (await HeldAsync($"WHERE customer_id IN (SELECT customer_id FROM {options.Schema}.crm_identity WHERE value IN ('7', '8', '9'))"))
        {
            foreach (var held in new[] { 7, 8, 9 })
            {
                waiting.Add(engine.RecordAsync(Purchase($"app:{held}") with { Identity = Identity.User(held) }, Token).AsTask());
                for (var n = 0; n < 40; n++)
                {
                    await engine.RecordAsync(Purchase($"app:{held}-{n}") with { Identity = Identity.User(10 + (n % 10)) }, Token);
                }
            }

            Assert.DoesNotContain(waiting, caller => caller.IsCompleted);
        }

        await Task.WhenAll(waiting);
    }

    [Fact]
    public async Task The_schema_is_made_however_long_it_takes_whatever_statements_may_take()
    {
        var store = Open("Command Timeout=1;Options=-c statement_timeout=200 -c lock_timeout=200");
        await using var other = await OtherAsync();
        await RunAsync(other, $"BEGIN; {new PostgreSqlDialect(options.Schema).LockForMigration}");

        var migrating = store.MigrateAsync(Token).AsTask();
        await GoOnLateAsync(other, migrating);
        await migrating;

        Assert.Equal((long)SqlSchema.Versions, PostgreSqlServer.Execute($"SELECT MAX(version) FROM {options.Schema}.crm_schema"));
    }

    [Fact]
    public async Task An_audience_takes_as_long_as_it_takes_and_can_be_cancelled()
    {
        await (await OpenAsync("")).CommitAsync(Samples.Birth(1), Token);
        var store = Open("Command Timeout=1");
        await using var other = await OtherAsync();
        await RunAsync(other, $"BEGIN; LOCK TABLE {options.Schema}.crm_customer");
        using var cancelling = new CancellationTokenSource();
        var cancelled = AudienceAsync(store, cancelling.Token);
        await cancelling.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);

        var selecting = AudienceAsync(store, Token);
        await GoOnLateAsync(other, selecting);

        Assert.Equal([Samples.Customer(1)], (await selecting).Members);
    }

    [Fact]
    public async Task An_audience_is_given_up_where_a_host_says_when()
    {
        var store = Open("", options with { AudienceTimeout = Duration.FromSeconds(1) });
        await store.CommitAsync(Samples.Birth(1), Token);
        await using var other = await OtherAsync();
        await RunAsync(other, $"BEGIN; LOCK TABLE {options.Schema}.crm_customer");

        var late = await Assert.ThrowsAsync<NpgsqlException>(() => AudienceAsync(store, Token));

        Assert.IsType<TimeoutException>(late.InnerException);
        Assert.Throws<ArgumentOutOfRangeException>(() => Open("", options with { AudienceTimeout = Duration.FromMilliseconds(-1) }));
    }

    [Fact]
    public async Task A_commit_that_waits_can_be_cancelled_and_writes_nothing()
    {
        var store = await OpenAsync("");
        await store.CommitAsync(Samples.Birth(1), Token);
        using var cancelling = new CancellationTokenSource();
        await using (var held = await HeldAsync())
        {
            var waiting = store.CommitAsync(Samples.Commit(1, 1, "pos:2"), cancelling.Token).AsTask();
            await IsWaitedForAsync(held, waiting);
            await cancelling.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        }

        Assert.Equal(1, (await store.LoadAsync(CustomerRef.Of(Samples.Customer(1)), Token)).Version);
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_said_so_by_the_driver()
    {
        await using var store = PostgreSqlStore.Open("Host=127.0.0.1;Port=1;Username=nobody;Database=nowhere;Timeout=2", options);

        await Assert.ThrowsAnyAsync<NpgsqlException>(async () => await Engine(store).RecordAsync(Purchase("pos:1"), Token));
    }

    [Fact]
    public async Task No_trouble_quotes_a_value_of_a_person()
    {
        var store = await OpenAsync("Options=-c statement_timeout=2000");
        var engine = Engine(store);
        var happened = Purchase("pos:1") with { Identity = new Identity("member", Secret), Profile = Fields.Of(("name", Secret)) };
        await engine.RecordAsync(happened, Token);
        var told = new List<Exception>();
        await using (await HeldAsync())
        {
            told.Add(await Assert.ThrowsAnyAsync<Exception>(async () => await engine.RecordAsync(happened with { Key = EventKey.Parse("pos:2") }, Token)));
        }

        PostgreSqlServer.Execute($"ALTER TABLE {options.Schema}.crm_identity ADD CONSTRAINT no_more CHECK (reference < 2)");
        told.Add(await Assert.ThrowsAnyAsync<Exception>(async () => await engine.RecordAsync(happened with { Key = EventKey.Parse("pos:3"), AlsoKnownAs = [new Identity("member", Secret + "-too")] }, Token)));
        PostgreSqlServer.Execute($"ALTER TABLE {options.Schema}.crm_profile ADD CONSTRAINT none CHECK (tenant = 'nobody') NOT VALID");
        told.Add(await Assert.ThrowsAnyAsync<Exception>(async () => await engine.RecordAsync(happened with { Key = EventKey.Parse("pos:4"), Profile = Fields.Of(("name", Secret + "-too")) }, Token)));

        Assert.Equal(3, told.Count);
        Assert.All(told, fault => Assert.DoesNotContain(Secret, fault.ToString(), StringComparison.Ordinal));
    }

    private static CustomerEvent Purchase(string key) => CustomerEvent.Purchase(key, Identity.User("amy"), Money.Hkd(52));

    private static CrmEngine Engine(ICustomerStore store) => new(store, [], new CrmOptions(), new FakeClock(Samples.At(0)), new SeededIdSource());

    private static Task<AudienceAnswer> AudienceAsync(SqlStore store, CancellationToken cancellationToken) =>
        store.SelectAsync(new Condition.All([]), new EventKinds([]), null, new Moment(Samples.At(1), DateTimeZone.Utc), cancellationToken).AsTask();

    /// <summary>A store whose connections are impatient. The tables are made by a patient one before.</summary>
    private async Task<SqlStore> OpenAsync(string further, PostgreSqlStoreOptions? with = null)
    {
        await using (var patient = PostgreSqlStore.Open(PostgreSqlServer.ConnectionString, with ?? options))
        {
            await patient.MigrateAsync(Token);
        }

        return Open(further, with);
    }

    private SqlStore Open(string further, PostgreSqlStoreOptions? with = null)
    {
        var store = PostgreSqlStore.Open($"{PostgreSqlServer.ConnectionString};{further}", with ?? options);
        opened.Add(store);
        return store;
    }

    /// <summary>Somebody else who has the rows of customers in hand.</summary>
    private async Task<NpgsqlConnection> HeldAsync(string where = "")
    {
        var connection = await OtherAsync();
        await RunAsync(connection, $"BEGIN; SELECT 1 FROM {options.Schema}.crm_customer {where} FOR UPDATE");
        return connection;
    }

    private static async Task<NpgsqlConnection> OtherAsync()
    {
        var connection = new NpgsqlConnection(PostgreSqlServer.ConnectionString + ";Pooling=false");
        await connection.OpenAsync(Token);
        return connection;
    }

    private static async Task<object?> RunAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(Token);
    }

    /// <summary>Ends the transaction of a connection for which somebody waits, and longer than the shortest time-out of the driver later.</summary>
    private static async Task GoOnLateAsync(NpgsqlConnection connection, Task waiting)
    {
        await IsWaitedForAsync(connection, waiting);
        await RunAsync(connection, "SELECT pg_sleep(1.5); COMMIT");
    }

    /// <summary>Until somebody waits for the connection, or the work that would is done.</summary>
    private static async Task IsWaitedForAsync(NpgsqlConnection connection, Task work)
    {
        while (!work.IsCompleted && (long)(await RunAsync(connection, "SELECT COUNT(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"))! == 0)
        {
            await Task.Yield();
        }
    }
}
