using Crm.Engine;
using Crm.Events;
using Crm.Storage.PostgreSql;
using Crm.Storage.Sql;
using Crm.Testing;
using Crm.Values;
using NodaTime;
using Npgsql;

namespace Crm.Storage.Tests;

/// <summary>Somebody holds a row that the store wants, and then wants one that the store has: nobody may be left waiting for the other, nor hear of it.</summary>
public sealed class WaitingInCircles
{
    private static readonly CustomerId[] Two = [.. new[] { Samples.Customer(1), Samples.Customer(2) }.OrderBy(customer => customer.Bucket).ThenBy(customer => customer)];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false, "crm_outbox")]
    [InlineData(true, "crm_outbox")]
    [InlineData(false, "crm_wakeup")]
    [InlineData(true, "crm_wakeup")]
    public async Task A_lease_waits_for_no_row_with_another_in_hand(bool distributed, string table)
    {
        await using var database = new PostgreSqlFactory(new PostgreSqlStoreOptions { Distributed = distributed });
        await using var store = database.OpenWith(options => options);
        foreach (var (n, customer) in Two.Index())
        {
            var item = Samples.Message(1, "waits", n) with { Customer = customer };
            Assert.Equal(CommitResult.Done, await store.CommitAsync(Samples.Commit(1, 0) with { Customer = customer, Outbox = [item], NextDue = Samples.At(n), NextDueChanged = true }, Token));
        }

        await using var other = await HolderAsync(database);
        await other.RunAsync($"UPDATE {table} SET tenant = tenant WHERE customer_id = {Bytes(Two[1])}");
        var leasing = LeaseAsync(store, table);
        await other.IsWaitedForAsync(leasing);
        await other.RunAsync($"UPDATE {table} SET tenant = tenant WHERE customer_id = {Bytes(Two[0])}; COMMIT");
        var first = await leasing;

        Assert.Equal(Two, first.Concat(await LeaseAsync(store, table)));
        Assert.Equal(distributed ? 2 : 1, first.Count); // one machine passes over what others hold
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_merge_that_gives_way_is_tried_again(bool distributed)
    {
        await using var database = new PostgreSqlFactory(new PostgreSqlStoreOptions { Distributed = distributed });
        await using var store = database.OpenWith(options => options);
        await store.CommitManyAsync([Samples.Birth(1), Samples.Birth(2) with { Outbox = [Samples.Message(2, "a"), Samples.Message(2, "b")] }], Token);
        await using var other = await HolderAsync(database);
        await other.RunAsync($"SET LOCAL deadlock_timeout = '1min'; UPDATE crm_outbox SET attempts = 7 WHERE id = '{Samples.Message(2, "b").Id}'");

        var merging = store.CommitTogetherAsync(
            [Samples.Commit(2, 1, "pos:gone") with { Retirement = new Retirement(Samples.Customer(1), 2, 1), Settled = [Samples.Message(2, "a").Id] }, Samples.Commit(1, 1, "pos:merged")],
            Token).AsTask();
        await other.IsWaitedForAsync(merging);
        await other.RunAsync($"UPDATE crm_outbox SET attempts = 7 WHERE id = '{Samples.Message(2, "a").Id}'; COMMIT");

        Assert.Equal(new AtomicResult(CommitResult.Done, null), await merging);
        var left = Assert.Single(await ((IOutbox)store).LeaseAsync(Samples.At(9), Samples.At(10), 5, Token));
        Assert.Equal((Samples.Message(2, "b").Id, Samples.Customer(1), 7), (left.Id, left.Customer, left.Attempts));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_journal_whose_disposal_gives_way_is_disposed_of_at_the_next_try(bool distributed)
    {
        await using var database = new PostgreSqlFactory(new PostgreSqlStoreOptions { Distributed = distributed });
        await using var store = database.OpenWith(options => options);
        var clock = new FakeClock(Samples.At(0));
        var engine = new CrmEngine(store, [], new CrmOptions(), clock, new SeededIdSource());
        foreach (var key in new[] { "pos:1", "pos:2" })
        {
            await engine.RecordAsync(CustomerEvent.Purchase(key, Samples.User(1), Money.Hkd(52)), Token);
            clock.Advance(Duration.FromDays(100));
        }

        await using var other = await HolderAsync(database);
        await other.RunAsync("SET LOCAL deadlock_timeout = '1min'; UPDATE crm_event SET tenant = tenant WHERE event_key = '1'");
        var disposing = engine.DisposeOfJournalAsync(new DisposalRequest(Samples.At(24)), Token).AsTask();
        await other.IsWaitedForAsync(disposing);
        await other.RunAsync("UPDATE crm_customer SET tenant = tenant; COMMIT");

        Assert.Equal(1, (await disposing).Entries);
    }

    [Fact]
    public async Task A_migration_that_gives_way_to_an_earlier_release_is_tried_again()
    {
        await using var database = new PostgreSqlFactory(new PostgreSqlStoreOptions());
        var (script, second) = (SqlSchema.Script(new PostgreSqlDialect(database.Schema)), "\n-- Migration 2\n");
        database.Execute(script[..script.IndexOf(second, StringComparison.Ordinal)] + "COMMIT");
        await using var store = database.OpenWith(options => options);
        await using var other = await HolderAsync(database);
        await other.RunAsync("SET LOCAL deadlock_timeout = '1min'; UPDATE crm_key SET tenant = tenant");
        var migrating = store.MigrateAsync(Token).AsTask();
        await other.IsWaitedForAsync(migrating);
        await other.RunAsync("UPDATE crm_checkpoint SET tenant = tenant; COMMIT");

        await migrating;

        Assert.Equal((long)SqlSchema.Versions, database.Execute("SELECT COUNT(*) FROM crm_schema"));
        Assert.Equal(CommitResult.Done, await store.CommitAsync(Samples.Birth(1), Token));
    }

    private static async Task<IReadOnlyList<CustomerId>> LeaseAsync(SqlStore store, string table) => table == "crm_wakeup"
        ? await store.LeaseDueAsync(Samples.At(9), Samples.At(9), Samples.At(10), 5, Token)
        : [.. (await ((IOutbox)store).LeaseAsync(Samples.At(9), Samples.At(10), 5, Token)).Select(item => item.Customer)];

    private static string Bytes(CustomerId customer) => $"'\\x{customer.Value:x32}'";

    private static async Task<Holder> HolderAsync(PostgreSqlFactory database)
    {
        var holder = new Holder(new NpgsqlConnection($"{database.ConnectionString};Pooling=false"));
        await holder.BeginAsync(database.Schema);
        return holder;
    }

    /// <summary>Another transaction, by hand.</summary>
    private sealed class Holder(NpgsqlConnection connection) : IAsyncDisposable
    {
        public async Task BeginAsync(string schema)
        {
            await connection.OpenAsync(Token);
            await RunAsync($"BEGIN; SET LOCAL search_path = {schema}");
        }

        public async Task<object?> RunAsync(string sql)
        {
            await using var command = new NpgsqlCommand(sql, connection);
            return await command.ExecuteScalarAsync(Token);
        }

        /// <summary>Until somebody waits for this one, or the work that would is done.</summary>
        public async Task IsWaitedForAsync(Task work)
        {
            while (!work.IsCompleted && (long)(await RunAsync("SELECT COUNT(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"))! == 0)
            {
                await Task.Yield();
            }
        }

        public ValueTask DisposeAsync() => connection.DisposeAsync();
    }
}
