using System.Data.Common;
using Crm.Engine;
using Crm.Events;
using Crm.Storage.PostgreSql;
using Crm.Storage.Sql;
using Crm.Storage.Sqlite;
using Crm.Testing;
using Crm.Values;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using NodaTime;
using Npgsql;
using OrdersAndPoints;

namespace Crm.Storage.Tests;

/// <summary>A host's order and what the engine records for it are both there or neither, and several customers can be committed together.</summary>
public sealed class HostTransactions
{
    private static readonly Identity Amy = Identity.User("amy");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string> Databases => ["SQLite", "PostgreSQL"];

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task With_plain_ADO_NET_a_rollback_takes_the_purchase_with_it(string kind)
    {
        await using var host = await Host.OpenAsync(kind);

        Assert.Null(await PlainOrders.PlaceAsync(host.Connection, host.Engine, "1", Amy, Money.Hkd(52), _ => false));
        Assert.Equal((0, CustomerSnapshot.Nobody), (await host.OrdersAsync(), await host.Store.LoadAsync(CustomerRef.Of(Amy), Token)));

        Assert.NotNull(await PlainOrders.PlaceAsync(host.Connection, host.Engine, "1", Amy, Money.Hkd(52), _ => true));
        Assert.Equal((1, 1), (await host.OrdersAsync(), (await host.Store.LoadAsync(CustomerRef.Of(Amy), Token)).Version));
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task With_Entity_Framework_a_rollback_takes_the_purchase_with_it(string kind)
    {
        await using var host = await Host.OpenAsync(kind);
        await using var shop = host.Shop();

        Assert.Null(await EfOrders.PlaceAsync(shop, host.Engine, "1", Amy, Money.Hkd(52), _ => false));
        Assert.Equal((0, CustomerSnapshot.Nobody), (await host.OrdersAsync(), await host.Store.LoadAsync(CustomerRef.Of(Amy), Token)));

        shop.ChangeTracker.Clear();
        Assert.NotNull(await EfOrders.PlaceAsync(shop, host.Engine, "1", Amy, Money.Hkd(52), _ => true));
        Assert.Equal((1, 1), (await host.OrdersAsync(), (await host.Store.LoadAsync(CustomerRef.Of(Amy), Token)).Version));
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task What_is_refused_within_a_transaction_leaves_the_hosts_part_alone(string kind)
    {
        await using var host = await Host.OpenAsync(kind);
        await host.Engine.RecordAsync(CustomerEvent.Purchase("shop:1", Amy, Money.Hkd(52)), Token);
        await using var transaction = await host.Connection.BeginTransactionAsync(Token);
        await host.ExecuteAsync("INSERT INTO shop_order (number, cents) VALUES ('9', 1)", transaction);
        var within = host.Engine.Within(host.Connection, transaction);
        var inside = host.Store.Within(host.Connection, transaction);

        var again = await within.RecordAsync(CustomerEvent.Purchase("shop:1", Amy, Money.Hkd(52)), Token);
        await Assert.ThrowsAsync<KeyReusedException>(() => within.RecordAsync(CustomerEvent.Purchase("shop:1", Amy, Money.Hkd(99)), Token).AsTask());
        var conflict = await inside.CommitAsync(Samples.Commit(77, 3, "pos:77"), Token);
        await within.RecordAsync(CustomerEvent.Purchase("shop:2", Amy, Money.Hkd(10)), Token);
        await transaction.CommitAsync(Token);

        Assert.Equal(1, again.Version);
        Assert.Equal(new CommitResult.VersionConflict(), conflict);
        Assert.Equal((1, 2), (await host.OrdersAsync(), (await host.Store.LoadAsync(CustomerRef.Of(Amy), Token)).Version));
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Within_a_transaction_its_own_writes_are_seen_and_by_nobody_else(string kind)
    {
        await using var host = await Host.OpenAsync(kind);
        await using var transaction = await host.Connection.BeginTransactionAsync(Token);
        var within = host.Engine.Within(host.Connection, transaction);

        await within.RecordAsync(CustomerEvent.Purchase("shop:1", Amy, Money.Hkd(52)), Token);
        await within.RecordAsync(CustomerEvent.Purchase("shop:2", Amy, Money.Hkd(52)), Token);

        Assert.Equal(2, (await within.ReadAsync(CustomerRef.Of(Amy), Token))?.Version);
        Assert.Null(await host.Engine.ReadAsync(CustomerRef.Of(Amy), Token));
        await transaction.RollbackAsync(Token);
        await Assert.ThrowsAnyAsync<Exception>(async () => await host.Engine.Within(host.Connection, transaction).RecordAsync(CustomerEvent.Purchase("shop:3", Amy, Money.Hkd(52)), Token));
        Assert.Null(await host.Engine.ReadAsync(CustomerRef.Of(Amy), Token));
    }

    [Fact]
    public async Task An_error_that_ends_the_transaction_in_SQLite_is_what_the_host_hears()
    {
        await using var host = await Host.OpenAsync("SQLite");
        await host.ExecuteAsync("CREATE TRIGGER closed BEFORE INSERT ON crm_event BEGIN SELECT RAISE(ROLLBACK, 'the till is closed'); END", null);
        await using var transaction = await host.Connection.BeginTransactionAsync(Token);

        var told = await Assert.ThrowsAsync<SqliteException>(() => host.Store.Within(host.Connection, transaction).CommitAsync(Samples.Birth(1), Token).AsTask());

        Assert.Contains("the till is closed", told.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_error_that_breaks_the_connection_to_PostgreSQL_is_what_the_host_hears()
    {
        await using var host = await Host.OpenAsync("PostgreSQL");
        await host.ExecuteAsync(
            """
            CREATE FUNCTION closed() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END';
            CREATE TRIGGER closed BEFORE INSERT ON crm_event FOR EACH ROW EXECUTE FUNCTION closed()
            """,
            null);
        await using var transaction = await host.Connection.BeginTransactionAsync(Token);

        var told = await Assert.ThrowsAnyAsync<Exception>(() => host.Store.Within(host.Connection, transaction).CommitAsync(Samples.Birth(1), Token).AsTask());

        Assert.Equal(PostgresErrorCodes.AdminShutdown, Assert.IsType<PostgresException>(told).SqlState);
    }

    [Fact]
    public async Task Who_was_slower_with_a_customer_is_told_and_nothing_is_tried_again()
    {
        await using var host = await Host.OpenAsync("PostgreSQL");
        await host.Engine.RecordAsync(CustomerEvent.Purchase("shop:1", Amy, Money.Hkd(52)), Token);
        var slower = new SlowerThan(host.Store, () => host.Engine.RecordAsync(CustomerEvent.Purchase("shop:2", Amy, Money.Hkd(1)), Token).AsTask());
        var engine = new CrmEngine(slower, [], new CrmOptions(), new FakeClock(Samples.Start), new SeededIdSource());
        await using var transaction = await host.Connection.BeginTransactionAsync(Token);

        await Assert.ThrowsAsync<TooManyConflictsException>(() => engine.Within(host.Connection, transaction).RecordAsync(CustomerEvent.Purchase("shop:3", Amy, Money.Hkd(1)), Token).AsTask());

        Assert.Equal(1, slower.Commits);
    }

    [Fact]
    public void A_store_that_cannot_join_says_what_to_implement()
    {
        var engine = new CrmEngine(new InMemoryStore(), [], new CrmOptions(), new FakeClock(Samples.Start), new SeededIdSource());
        using var connection = new SqliteConnection("Data Source=:memory:");
        connection.Open();
        using var transaction = connection.BeginTransaction();

        Assert.Contains(nameof(IHostTransactions), Assert.Throws<InvalidOperationException>(() => engine.Within(connection, transaction)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Commits_that_belong_together_are_written_all_or_none(string kind)
    {
        await using var host = await Host.OpenAsync(kind);
        IAtomicCommits store = host.Store;

        Assert.Equal(new AtomicResult(CommitResult.Done, null), await store.CommitTogetherAsync([Samples.Birth(1), Samples.Birth(2)], Token));
        Assert.Equal(new AtomicResult(new CommitResult.VersionConflict(), 1), await store.CommitTogetherAsync([Samples.Commit(1, 1, "pos:a"), Samples.Commit(2, 5, "pos:b"), Samples.Birth(3)], Token));
        Assert.Equal((1L, 1L, CustomerSnapshot.Nobody), (await VersionAsync(1), await VersionAsync(2), await host.Store.LoadAsync(CustomerRef.Of(Samples.Customer(3)), Token)));
        Assert.Equal(new AtomicResult(new CommitResult.IdentityTaken(Samples.User(1), Samples.Customer(1)), 0), await store.CommitTogetherAsync([Samples.Birth(4) with { Claims = [new IdentityClaim(Samples.User(1), 1)] }], Token));
        await Assert.ThrowsAsync<InvalidOperationException>(() => store.CommitTogetherAsync([Samples.Commit(1, 1), Samples.Commit(1, 2)], Token).AsTask());

        async Task<long> VersionAsync(int customer) => (await host.Store.LoadAsync(CustomerRef.Of(Samples.Customer(customer)), Token)).Version;
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task Hundreds_of_callers_share_few_transactions_and_each_has_its_receipt(string kind)
    {
        var inserts = 0;
        await using var host = await Host.OpenAsync(kind, sql => _ = sql.Contains("INSERT INTO", StringComparison.Ordinal) && sql.Contains("crm_event ", StringComparison.Ordinal) ? Interlocked.Increment(ref inserts) : 0);

        // All have called before the first can be written, however slowly they come.
        await using var held = await host.Connection.BeginTransactionAsync(Token);
        await host.ExecuteAsync(kind == "SQLite" ? "UPDATE shop_order SET cents = 0" : "LOCK TABLE crm_customer IN EXCLUSIVE MODE", held);
        List<Task<Receipt>> callers = [.. Enumerable.Range(0, 400).Select(n => host.Engine.RecordAsync(CustomerEvent.Purchase($"shop:{n}", Identity.User(n % 150), Money.Hkd(1)), Token).AsTask())];
        Assert.DoesNotContain(callers, caller => caller.IsCompleted);
        await held.RollbackAsync(Token);
        var receipts = await Task.WhenAll(callers);

        Assert.Equal(400, receipts.Select(receipt => receipt.Key).Distinct().Count());
        Assert.Equal(400, await host.Store.ReadAllAsync(Token).CountAsync(Token));
        Assert.InRange(inserts, 1, 200);
    }

    /// <summary>A host's database with an order table, and the store beside it.</summary>
    private sealed class Host : IAsyncDisposable
    {
        private readonly TemporaryFile? file;
        private readonly PostgreSqlFactory? server;

        private Host(string kind, Action<string>? onStatement)
        {
            if (kind == "SQLite")
            {
                file = new TemporaryFile();
                Connection = new SqliteConnection($"Data Source={file.Path};Pooling=False");
                Store = SqliteStore.Open(file.Path, new SqliteStoreOptions { OnStatement = onStatement });
            }
            else
            {
                server = new PostgreSqlFactory(new PostgreSqlStoreOptions());
                Connection = new NpgsqlConnection($"{server.ConnectionString};Search Path={server.Schema}");
                Store = server.OpenWith(options => options with { OnStatement = onStatement });
            }

            Engine = new CrmEngine(Store, [], new CrmOptions { RememberCustomers = 16 }, new FakeClock(Samples.Start), new SeededIdSource());
        }

        public DbConnection Connection { get; }

        public SqlStore Store { get; }

        public CrmEngine Engine { get; }

        public static async Task<Host> OpenAsync(string kind, Action<string>? onStatement = null)
        {
            var host = new Host(kind, onStatement);
            await host.Store.MigrateAsync(Token);
            await host.Connection.OpenAsync(Token);
            await host.ExecuteAsync("CREATE TABLE shop_order (number VARCHAR(20) PRIMARY KEY, cents BIGINT NOT NULL)", null);
            return host;
        }

        public ShopContext Shop() => new(Connection is SqliteConnection
            ? new DbContextOptionsBuilder<ShopContext>().UseSqlite(Connection).Options
            : new DbContextOptionsBuilder<ShopContext>().UseNpgsql(Connection).Options);

        public async Task ExecuteAsync(string sql, DbTransaction? transaction)
        {
            await using var command = Connection.CreateCommand();
            command.Transaction = transaction;
            command.CommandText = sql;
            await command.ExecuteNonQueryAsync(Token);
        }

        public async Task<int> OrdersAsync()
        {
            await using var command = Connection.CreateCommand();
            command.CommandText = "SELECT COUNT(*) FROM shop_order";
            return Convert.ToInt32(await command.ExecuteScalarAsync(Token), System.Globalization.CultureInfo.InvariantCulture);
        }

        public async ValueTask DisposeAsync()
        {
            await Connection.DisposeAsync();
            await Store.DisposeAsync();
            file?.Dispose();
            if (server is not null)
            {
                await server.DisposeAsync();
            }
        }
    }

    /// <summary>A store that joins a host's transaction, and finds each time that somebody else was faster.</summary>
    private sealed class SlowerThan(SqlStore store, Func<Task> faster) : ICustomerStore, IHostTransactions
    {
        private ICustomerStore inner = store;

        public int Commits { get; private set; }

        public ICustomerStore Within(DbConnection connection, DbTransaction transaction)
        {
            inner = store.Within(connection, transaction);
            return this;
        }

        public ValueTask<CustomerSnapshot> LoadAsync(CustomerRef customer, CancellationToken cancellationToken) => inner.LoadAsync(customer, cancellationToken);

        public ValueTask<CustomerHistory> LoadHistoryAsync(CustomerId customer, HistoryStart start, CancellationToken cancellationToken) => inner.LoadHistoryAsync(customer, start, cancellationToken);

        public async ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken)
        {
            Commits++;
            await faster();
            return await inner.CommitAsync(commit, cancellationToken);
        }

        public IAsyncEnumerable<JournalEntry> ReadJournalAsync(CustomerId customer, long afterVersion, CancellationToken cancellationToken) => inner.ReadJournalAsync(customer, afterVersion, cancellationToken);
    }
}
