using Crm.Storage.PostgreSql;
using Crm.Storage.Sqlite;
using Crm.Testing;
using Crm.Tests.Shared;
using Crm.Values;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Crm.Storage.Tests;

/// <summary>Every store can say what is new in its ledger.</summary>
public sealed class NewInTheLedger
{
    private const int Many = 300;

    public static TheoryData<string> Names => [.. TestedStore.All.Select(store => store.Name)];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Names))]
    public async Task What_was_written_after_a_version_is_told_in_order_and_nothing_else(string name)
    {
        await using var factory = TestedStore.All.Single(store => store.Name == name).Fresh();
        var store = await factory.OpenAsync("tea", Token);
        var ledger = Assert.IsType<ILedgerScan>(store, exactMatch: false);
        Assert.Empty(await ledger.ReadVersionsAsync(null, 10, Token));
        for (var customer = 1; customer <= Many; customer++)
        {
            Assert.Equal(CommitResult.Done, await store.CommitAsync(Samples.Commit(customer, 0) with { Ledger = [Samples.Issued(customer), Samples.Issued(1)] }, Token));
        }

        Assert.Equal(CommitResult.Done, await store.CommitAsync(Samples.Commit(7, 1) with { Ledger = [Samples.Issued(50), Samples.Issued(60)] }, Token));
        Assert.Equal(CommitResult.Done, await store.CommitAsync(Samples.Commit(8, 1), Token));
        Assert.Equal(CommitResult.Done, await (await factory.OpenAsync("coffee", Token)).CommitAsync(Samples.Commit(7, 0) with { Ledger = [Samples.Issued(99)] }, Token));

        var versions = new List<CustomerVersion>();
        for (IReadOnlyList<CustomerVersion> some; (some = await ledger.ReadVersionsAsync(versions.Count == 0 ? null : versions[^1].Customer, 128, Token)).Count > 0;)
        {
            versions.AddRange(some);
        }

        Assert.Equal([.. Enumerable.Range(1, Many).Select(Samples.Customer).OrderBy(customer => (customer.Bucket, customer))], versions.Select(version => version.Customer));
        Assert.Equal(Many + 2, versions.Sum(version => version.Version));
        var whole = await ledger.ReadLedgerAfterAsync([.. versions.Select(version => version with { Version = 0 })], Token);
        Assert.Equal(await ((IJournalScan)store).ReadLedgerAsync(Token).ToListAsync(Token), whole.Select(line => (line.Customer, line.Entry)));
        Assert.Empty(await ledger.ReadLedgerAfterAsync(versions, Token));
        Assert.Empty(await ledger.ReadLedgerAfterAsync([], Token));
        var news = await ledger.ReadLedgerAfterAsync([.. versions.Select(version => version with { Version = 1 })], Token);
        Assert.Equal([(Samples.Customer(7), 2L, 50L), (Samples.Customer(7), 2L, 60L)], news.Select(line => (line.Customer, line.Version, line.Entry.Amount)));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Whose_ledger_was_written_to_since_a_mark_is_told_and_nobody_of_another_tenant(string name)
    {
        await using var factory = TestedStore.All.Single(store => store.Name == name).Fresh();
        var store = await factory.OpenAsync("tea", Token);
        var other = await factory.OpenAsync("coffee", Token);
        var news = Assert.IsType<ILedgerNews>(store, exactMatch: false);
        for (var customer = 1; customer <= Many; customer++)
        {
            Assert.Equal(CommitResult.Done, await store.CommitAsync(Paid(customer, 0), Token));
        }

        var first = await news.ReadNewsAsync(null, Token);
        Assert.Null(first.Customers);
        if (first.Mark is null)
        {
            Assert.Contains("distributed", name);
            return;
        }

        Assert.Equal(CommitResult.Done, await store.CommitAsync(Paid(7, 1), Token));
        Assert.Equal(CommitResult.Done, await store.CommitAsync(Samples.Commit(8, 1), Token));
        Assert.Equal([CommitResult.Done, CommitResult.Done], await ((IBulkCommit)store).CommitManyAsync([Paid(3, 1), Paid(9, 1)], Token));
        Assert.Equal(CommitResult.Done, await other.CommitAsync(Paid(5_000, 0), Token));
        var second = await news.ReadNewsAsync(first.Mark, Token);
        var told = Assert.IsType<Sequence<CustomerId>>(second.Customers);

        Assert.Equal([.. told.OrderBy(customer => (customer.Bucket, customer))], told);
        Assert.Equal(told.Count, told.Distinct().Count());
        Assert.Superset(new HashSet<CustomerId> { Samples.Customer(3), Samples.Customer(7), Samples.Customer(9) }, told.ToHashSet());
        Assert.DoesNotContain(Samples.Customer(5_000), told);
        if (!name.StartsWith("PostgreSQL", StringComparison.Ordinal))
        {
            // Others write into the server of the tests, and while they do some are told twice.
            Assert.Equal(3, told.Count);
            Assert.Empty(Assert.IsType<Sequence<CustomerId>>((await news.ReadNewsAsync(second.Mark, Token)).Customers));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(4)]
    public async Task What_a_transaction_wrote_that_began_early_and_ended_late_is_told(int partitions)
    {
        await using var database = new PostgreSqlFactory(new PostgreSqlStoreOptions { Partitions = partitions });
        await using var store = database.OpenWith(options => options);
        await store.CommitManyAsync([Paid(2, 0), Paid(3, 0)], Token);
        var mark = (await store.ReadNewsAsync(null, Token)).Mark;
        await using var connection = new NpgsqlConnection(database.ConnectionString);
        await connection.OpenAsync(Token);
        await using (var late = await connection.BeginTransactionAsync(Token))
        {
            Assert.Equal(CommitResult.Done, await store.Within(connection, late).CommitAsync(Paid(1, 0), Token));
            Assert.Equal(CommitResult.Done, await store.CommitAsync(Paid(2, 1), Token));
            var early = await store.ReadNewsAsync(mark, Token);
            Assert.Contains(Samples.Customer(2), Told(early));
            Assert.DoesNotContain(Samples.Customer(1), Told(early));
            mark = early.Mark;
            Assert.Equal(CommitResult.Done, await store.CommitAsync(Paid(3, 1), Token));
            mark = (await store.ReadNewsAsync(mark, Token)).Mark;
            await late.CommitAsync(Token);
        }

        Assert.Contains(Samples.Customer(1), Told(await store.ReadNewsAsync(mark, Token)));
    }

    [Fact]
    public async Task Counts_that_go_on_while_many_transactions_end_in_any_order_come_to_the_whole_count()
    {
        await using var database = new PostgreSqlFactory(new PostgreSqlStoreOptions());
        await using var store = database.OpenWith(options => options);
        await store.CommitManyAsync([.. Enumerable.Range(0, 8).Select(customer => Paid(customer, 0))], Token);
        var mark = (await store.ReadNewsAsync(null, Token)).Mark;
        var versions = Enumerable.Range(0, 8).ToDictionary(Samples.Customer, _ => 1L);
        var writing = Task.WhenAll(Enumerable.Range(0, 8).Select(customer => Task.Run(async () =>
        {
            await using var connection = new NpgsqlConnection(database.ConnectionString);
            await connection.OpenAsync(Token);
            for (var version = 1; version <= 12; version++)
            {
                await using var transaction = await connection.BeginTransactionAsync(Token);
                Assert.Equal(CommitResult.Done, await store.Within(connection, transaction).CommitAsync(Paid(customer, version), Token));
                for (var held = 0; held < customer * 3; held++)
                {
                    await Task.Yield();
                }

                await transaction.CommitAsync(Token);
            }
        })));
        for (var last = false; !last;)
        {
            last = writing.IsCompleted;
            var news = await store.ReadNewsAsync(mark, Token);
            foreach (var line in await store.ReadLedgerAfterAsync([.. Told(news).Select(customer => new CustomerVersion(customer, versions[customer]))], Token))
            {
                Assert.Equal(++versions[line.Customer], line.Version);
            }

            mark = news.Mark;
        }

        await writing;
        Assert.All(versions.Values, version => Assert.Equal(13, version));
    }

    [Fact]
    public async Task A_mark_of_another_table_or_of_numbers_not_yet_given_means_that_it_may_be_anybody()
    {
        await using var database = new PostgreSqlFactory(new PostgreSqlStoreOptions());
        await using var elsewhere = new PostgreSqlFactory(new PostgreSqlStoreOptions());
        await using var store = database.OpenWith(options => options);
        await using var other = elsewhere.OpenWith(options => options);
        await store.CommitAsync(Paid(1, 0), Token);
        await other.CommitAsync(Paid(1, 0), Token);
        var mark = Assert.IsType<string>((await store.ReadNewsAsync(null, Token)).Mark);

        Assert.Null((await store.ReadNewsAsync((await other.ReadNewsAsync(null, Token)).Mark, Token)).Customers);
        Assert.Null((await store.ReadNewsAsync("9" + new string('0', 17) + mark[mark.IndexOf(' ', StringComparison.Ordinal)..], Token)).Customers);
        Assert.NotNull((await store.ReadNewsAsync(mark, Token)).Customers);
    }

    [Fact]
    public async Task The_mark_of_a_database_means_nothing_in_another_that_was_made_of_it()
    {
        IsSuperuser();
        var (first, second) = (PostgreSqlServer.NewSchema(), PostgreSqlServer.NewSchema());
        PostgreSqlServer.Execute($"CREATE DATABASE {first}");
        try
        {
            string? mark;
            await using (var store = PostgreSqlStore.Open(InDatabase(first)))
            {
                Assert.Equal(CommitResult.Done, await store.CommitAsync(Paid(1, 0), Token));
                mark = (await store.ReadNewsAsync(null, Token)).Mark;
                Assert.NotNull((await store.ReadNewsAsync(mark, Token)).Customers);
            }

            PostgreSqlServer.Execute($"CREATE DATABASE {second} TEMPLATE {first}");
            await using var copy = PostgreSqlStore.Open(InDatabase(second));
            Assert.Null((await copy.ReadNewsAsync(mark, Token)).Customers);
        }
        finally
        {
            PostgreSqlServer.Execute($"DROP DATABASE IF EXISTS {second} WITH (FORCE)");
            PostgreSqlServer.Execute($"DROP DATABASE {first} WITH (FORCE)");
        }
    }

    [Fact]
    public async Task A_database_that_receives_rows_by_replication_gives_no_mark_and_every_role_may_ask()
    {
        IsSuperuser();
        await using var database = new PostgreSqlFactory(new PostgreSqlStoreOptions());
        await using var store = database.OpenWith(options => options);
        await store.CommitAsync(Paid(1, 0), Token);
        var mark = (await store.ReadNewsAsync(null, Token)).Mark;
        await using var connection = new NpgsqlConnection(database.ConnectionString);
        await connection.OpenAsync(Token);
        await using var transaction = await connection.BeginTransactionAsync(Token); // nobody else sees the subscription, and it is gone with it
        var inside = Assert.IsType<ILedgerNews>(store.Within(connection, transaction), exactMatch: false);
        var role = database.Schema;

        await Run($"CREATE ROLE {role} NOLOGIN; GRANT USAGE ON SCHEMA {role} TO {role}; GRANT SELECT ON ALL TABLES IN SCHEMA {role} TO {role}; SET LOCAL ROLE {role}");
        Assert.NotNull((await inside.ReadNewsAsync(mark, Token)).Customers);
        await Run($"RESET ROLE; CREATE SUBSCRIPTION {role} CONNECTION 'dbname=nowhere' PUBLICATION {role} WITH (connect = false); SET LOCAL ROLE {role}");
        Assert.Equal(new LedgerNews(null, null), await inside.ReadNewsAsync(mark, Token));

        async Task Run(string sql)
        {
            await using var command = new NpgsqlCommand(sql, connection, transaction);
            await command.ExecuteNonQueryAsync(Token);
        }
    }

    [Fact]
    public async Task A_store_of_the_schema_before_is_brought_up_to_date_and_tells_from_then_on()
    {
        await using var database = new PostgreSqlFactory(new PostgreSqlStoreOptions());
        await using (var before = database.OpenWith(options => options))
        {
            await before.CommitManyAsync([Paid(1, 0), Paid(2, 0)], Token);
        }

        database.Execute("ALTER TABLE crm_ledger DROP COLUMN written; DROP INDEX crm_checkpoint_opening; DELETE FROM crm_schema WHERE version >= 3");
        await using var store = database.OpenWith(options => options);
        var mark = (await store.ReadNewsAsync(null, Token)).Mark;
        await store.CommitAsync(Paid(2, 1), Token);

        Assert.Contains(Samples.Customer(2), Told(await store.ReadNewsAsync(mark, Token)));
        Assert.Equal(3, await store.ReadLedgerAsync(Token).CountAsync(Token));
    }

    [Fact]
    public async Task In_a_file_that_was_restored_or_compacted_it_may_be_anybody_or_nobody_is_left_out()
    {
        using var file = new TemporaryFile();
        string? mark;
        await using (var store = SqliteStore.Open(file.Path))
        {
            await store.CommitManyAsync([Paid(1, 0), Paid(2, 0), Paid(3, 0)], Token);
            mark = (await store.ReadNewsAsync(null, Token)).Mark;
        }

        Execute(file, "DELETE FROM crm_ledger WHERE rowid = 1; VACUUM");
        await using (var store = SqliteStore.Open(file.Path))
        {
            await store.CommitAsync(Paid(2, 1), Token);
            Assert.Contains(Samples.Customer(2), (await store.ReadNewsAsync(mark, Token)).Customers ?? [Samples.Customer(2)]);
            mark = (await store.ReadNewsAsync(null, Token)).Mark;
        }

        Execute(file, "DELETE FROM crm_ledger WHERE rowid = (SELECT max(rowid) FROM crm_ledger)");
        await using var restored = SqliteStore.Open(file.Path);
        Assert.Null((await restored.ReadNewsAsync(mark, Token)).Customers);
        await restored.CommitAsync(Paid(3, 1), Token);
        Assert.Null((await restored.ReadNewsAsync(mark, Token)).Customers);
    }

    [Theory]
    [InlineData(20, 0)]
    [InlineData(10, 1)]
    public async Task In_a_file_that_was_restored_and_where_the_same_customer_went_on_it_may_be_anybody(long amount, int later)
    {
        using var file = new TemporaryFile();
        using var copy = new TemporaryFile();
        await Write(file, Paid(1, 0));
        File.Copy(file.Path, copy.Path, overwrite: true);
        var mark = await Write(file, Paid(1, 1) with { Ledger = [Samples.Issued(10)] });
        var went = Paid(1, 1) with { Ledger = [Samples.Issued(amount)] };
        await Write(copy, went with { RecordedAt = went.RecordedAt + NodaTime.Duration.FromSeconds(later) });

        await using var kept = SqliteStore.Open(file.Path);
        await using var restored = SqliteStore.Open(copy.Path);
        Assert.Empty(Told(await kept.ReadNewsAsync(mark, Token)));
        Assert.Null((await restored.ReadNewsAsync(mark, Token)).Customers);
    }

    private static string InDatabase(string name) => new NpgsqlConnectionStringBuilder(PostgreSqlServer.ConnectionString) { Database = name, Pooling = false }.ConnectionString;

    private static void IsSuperuser()
    {
        if (PostgreSqlServer.Execute("SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user") is not true)
        {
            Assert.Skip("The user of CRM_TEST_POSTGRES may not make databases, roles and subscriptions.");
        }
    }

    private static async Task<string?> Write(TemporaryFile file, Commit commit)
    {
        await using var store = SqliteStore.Open(file.Path);
        Assert.Equal(CommitResult.Done, await store.CommitAsync(commit, Token));
        return (await store.ReadNewsAsync(null, Token)).Mark;
    }

    private static Commit Paid(int customer, long version) => Samples.Commit(customer, version, $"pos:{customer}-{version}") with { Ledger = [Samples.Issued(5)] };

    private static Sequence<CustomerId> Told(LedgerNews news) => Assert.IsType<Sequence<CustomerId>>(news.Customers);

    private static void Execute(TemporaryFile file, string sql)
    {
        using var connection = new SqliteConnection($"Data Source={file.Path};Pooling=False");
        connection.Open();
        foreach (var statement in sql.Split(';'))
        {
            using var command = connection.CreateCommand();
            command.CommandText = statement;
            command.ExecuteNonQuery();
        }
    }
}
