using Crm.Conditions;
using Crm.Events;
using Crm.Storage.PostgreSql;
using Crm.Storage.Sql;
using Crm.Testing;
using Crm.Tests.Shared;
using Crm.Values;
using Microsoft.Extensions.DependencyInjection;
using NodaTime;
using Npgsql;

namespace Crm.Storage.Tests;

/// <summary>What is particular about PostgreSQL, beyond the laws.</summary>
public sealed class PostgreSqlStores : IAsyncDisposable
{
    private readonly PostgreSqlFactory database = new(new PostgreSqlStoreOptions());

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => database.DisposeAsync();

    [Fact]
    public async Task A_store_of_a_newer_schema_is_refused_with_a_sentence()
    {
        await using (var store = Open())
        {
            await store.CommitAsync(Samples.Birth(1), Token);
        }

        database.Execute("INSERT INTO crm_schema (version, oldest) VALUES (6, 5), (7, 3)");
        await using var newer = Open();

        var refused = await Assert.ThrowsAsync<NewerSchemaException>(() => newer.CommitAsync(Samples.Commit(1, 1), Token).AsTask());

        Assert.Equal("The store has schema version 7, and this release of Crm.Core knows versions up to 4: use the release that wrote the store, or a later one.", refused.Message);
        Assert.Equal(1L, database.Execute("SELECT version FROM crm_customer"));
    }

    [Fact]
    public async Task A_version_that_is_added_while_its_document_is_removed_is_not_left_alone()
    {
        await using var store = Open();
        IDocumentStore documents = store;
        await documents.AddAsync(Document(1) with { Removable = true }, Token);
        await using var other = await OtherAsync();
        await using var removing = await other.BeginTransactionAsync(Token);
        await RunAsync(other, "DELETE FROM crm_document");

        var adding = documents.AddAsync(Document(2), Token).AsTask();
        await WaitsAsync(other, adding);
        await removing.CommitAsync(Token);

        Assert.False(await adding);
        Assert.Empty(await documents.ReadAllAsync("case", Token).ToListAsync(Token));
    }

    [Fact]
    public async Task A_document_that_is_removed_while_a_version_is_added_goes_whole_or_not_at_all()
    {
        await using var store = Open();
        IDocumentStore documents = store;
        await documents.AddAsync(Document(1) with { Removable = true }, Token);
        await using var other = await OtherAsync();
        await using var adding = await other.BeginTransactionAsync(Token);
        await RunAsync(other, """
            UPDATE crm_document SET version = version WHERE version = 1;
            INSERT INTO crm_document (tenant, kind, name, version, content, written_at, removable) SELECT tenant, kind, name, 2, content, written_at, 0 FROM crm_document
            """);

        var removing = documents.RemoveAsync("case", "club", Token).AsTask();
        await WaitsAsync(other, removing);
        await adding.CommitAsync(Token);

        Assert.False(await removing);
        Assert.Equal([1, 2], (await documents.ReadAllAsync("case", Token).ToListAsync(Token)).Select(document => document.Version));
    }

    [Fact]
    public void What_is_spelled_for_audiences_that_are_asked_once_is_let_go()
    {
        var texts = new PostgreSqlTexts(new PostgreSqlDialect());
        var first = Spelled(texts, 0);
        for (var n = 1; n < 5_000; n++)
        {
            Spelled(texts, n);
        }

        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();

        Assert.False(first.IsAlive);
        Assert.Equal("SELECT 1 WHERE $1 = 1", texts.Of(new SqlStatement("SELECT 1 WHERE {0} = 1", SqlType.Whole), 1, guarded: false));

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static WeakReference Spelled(PostgreSqlTexts texts, int n)
        {
            var statement = new SqlStatement($"SELECT {n}");
            texts.Of(statement, 1, guarded: false);
            return new WeakReference(statement);
        }
    }

    [Fact]
    public async Task A_store_whose_versions_do_not_say_who_may_read_it_is_refused_with_the_statement_that_puts_it_right()
    {
        await using (var store = Open())
        {
            await store.CommitAsync(Samples.Birth(1), Token);
        }

        database.Execute("ALTER TABLE crm_schema DROP COLUMN oldest");
        await using var later = Open();

        var refused = await Assert.ThrowsAsync<OlderSchemaException>(() => later.CommitAsync(Samples.Commit(1, 1), Token).AsTask());
        await Assert.ThrowsAsync<OlderSchemaException>(() => later.FindSchemaAsync(Token).AsTask());

        Assert.EndsWith("crm_schema ADD COLUMN oldest bigint NOT NULL DEFAULT 1", refused.Remedy, StringComparison.Ordinal);
        database.Execute(refused.Remedy);
        Assert.Equal(CommitResult.Done, await later.CommitAsync(Samples.Commit(1, 1), Token));
    }

    [Fact]
    public async Task Ten_stores_that_start_at_once_make_the_schema_once()
    {
        var stores = Enumerable.Range(0, 10).Select(_ => Open()).ToList();

        var results = await Task.WhenAll(stores.Select((store, n) => Task.Run(async () => await store.CommitAsync(Samples.Birth(n), Token))));

        Assert.All(results, result => Assert.Equal(CommitResult.Done, result));
        Assert.Equal(4L, database.Execute("SELECT COUNT(*) FROM crm_schema"));
        Assert.Equal(10L, database.Execute("SELECT COUNT(*) FROM crm_customer"));
        foreach (var store in stores)
        {
            await store.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_script_that_is_run_by_hand_lets_ten_stores_wait_that_start_beside_it()
    {
        var waiting = Enumerable.Range(0, 10).Select(_ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).ToList();
        var stores = waiting.Select(mine => database.OpenWith(options => options with { OnStatement = sql => Notice(sql, mine) })).ToList();
        var migrating = new List<Task>();

        // As psql does: one statement after the other.
        await using var connection = new NpgsqlConnection(database.ConnectionString);
        await connection.OpenAsync(Token);
        foreach (var (statement, index) in SqlSchema.Script(new PostgreSqlDialect(database.Schema)).Split(";\n", StringSplitOptions.RemoveEmptyEntries).Select((statement, index) => (statement, index)))
        {
            await using var command = new NpgsqlCommand(statement, connection);
            await command.ExecuteNonQueryAsync(Token);
            if (index == 5)
            {
                migrating.AddRange(stores.Select(store => Task.Run(async () => await store.MigrateAsync(Token), Token)));
                await Task.WhenAll(waiting.Select(mine => mine.Task)).WaitAsync(Token);
            }
        }

        await Task.WhenAll(migrating);
        Assert.Equal((long)SqlSchema.Versions, database.Execute("SELECT COUNT(*) FROM crm_schema"));
        Assert.Equal(CommitResult.Done, await stores[0].CommitAsync(Samples.Birth(1), Token));
        foreach (var store in stores)
        {
            await store.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_script_that_comes_after_a_store_changes_nothing()
    {
        await using var store = Open();
        await store.CommitAsync(Samples.Birth(1), Token);

        Assert.Throws<PostgresException>(() => database.Execute(SqlSchema.Script(new PostgreSqlDialect(database.Schema))));

        Assert.Equal(((object)(long)SqlSchema.Versions, (object)1L), (database.Execute("SELECT COUNT(*) FROM crm_schema"), database.Execute("SELECT COUNT(*) FROM crm_customer")));
    }

    private static void Notice(string sql, TaskCompletionSource waits)
    {
        if (sql.Contains("pg_advisory_xact_lock", StringComparison.Ordinal))
        {
            waits.TrySetResult();
        }
    }

    [Fact]
    public async Task A_role_that_may_make_no_schemas_makes_its_tables_in_the_one_it_was_given()
    {
        var role = PostgreSqlServer.NewSchema();
        string[] schemas = [PostgreSqlServer.NewSchema(), PostgreSqlServer.NewSchema()];
        PostgreSqlServer.Execute($"CREATE ROLE {role}; CREATE SCHEMA {schemas[0]} AUTHORIZATION {role}; CREATE SCHEMA {schemas[1]} AUTHORIZATION {role}");
        try
        {
            PostgreSqlServer.Execute($"SET ROLE {role}; {SqlSchema.Script(new PostgreSqlDialect(schemas[1]))}");
            foreach (var schema in schemas)
            {
                await using var store = PostgreSqlStore.Open($"{PostgreSqlServer.ConnectionString};Options=-c role={role}", new PostgreSqlStoreOptions { Schema = schema });

                Assert.Equal(CommitResult.Done, await store.CommitAsync(Samples.Birth(1), Token));
            }

            Assert.Equal(1L, PostgreSqlServer.Execute($"SELECT COUNT(DISTINCT tableowner) FROM pg_tables WHERE schemaname IN ('{schemas[0]}', '{schemas[1]}') AND tableowner = '{role}'"));
        }
        finally
        {
            PostgreSqlServer.Execute($"DROP SCHEMA {schemas[0]} CASCADE; DROP SCHEMA {schemas[1]} CASCADE; DROP ROLE {role}");
        }
    }

    [Fact]
    public async Task Stores_in_two_schemas_never_meet()
    {
        await using var elsewhere = new PostgreSqlFactory(new PostgreSqlStoreOptions());
        await using var here = Open();
        await using var there = elsewhere.OpenWith(options => options);
        await here.CommitAsync(Samples.Birth(1), Token);

        Assert.Equal(CustomerSnapshot.Nobody, await there.LoadAsync(CustomerRef.Of(Samples.User(1)) with { Recording = EventKey.Parse("pos:birth-1") }, Token));
        Assert.Equal(CommitResult.Done, await there.CommitAsync(Samples.Birth(1), Token));
        Assert.Equal(1L, database.Execute("SELECT COUNT(*) FROM crm_customer"));
    }

    [Fact]
    public async Task Partitions_are_made_by_bucket_and_hold_the_rows()
    {
        await using var partitioned = database.OpenWith(options => options with { Partitions = 4 });

        await partitioned.CommitManyAsync([.. Enumerable.Range(0, 200).Select(n => Samples.Birth(n))], Token);

        Assert.Equal(4L, database.Execute($"SELECT COUNT(*) FROM pg_inherits WHERE inhparent = '{database.Schema}.crm_event'::regclass"));
        Assert.Equal(0L, database.Execute("SELECT COUNT(*) FROM ONLY crm_event"));
        Assert.Equal(200L, database.Execute("SELECT COUNT(*) FROM crm_event"));
        Assert.InRange((long)database.Execute("SELECT COUNT(*) FROM crm_event_0")!, 1, 199);
    }

    [Fact]
    public async Task A_server_as_it_is_installed_takes_as_many_partitions_as_it_says_and_refuses_more_with_a_sentence()
    {
        if (PostgreSqlCluster.Start(durable: false, roomy: false) is not { } asInstalled)
        {
            Assert.Skip("The server is not installed here.");
            return;
        }

        var options = new PostgreSqlStoreOptions { Schema = "crm", Partitions = 1024 };
        await using var tooMany = PostgreSqlStore.Open(asInstalled, options);
        var refused = await Assert.ThrowsAsync<PostgresException>(() => tooMany.CommitAsync(Samples.Birth(1), Token).AsTask());
        Assert.Equal("1024 partitions were asked for; this server has room for the locks of at most 71 partitions: take no more, or let max_locks_per_transaction be 922 or more (it is 64)", refused.MessageText);
        Assert.False(refused.IsTransient);
        Assert.Null(await tooMany.FindSchemaAsync(Token));

        var stores = Enumerable.Range(0, 10).Select(_ => PostgreSqlStore.Open(asInstalled, options with { Partitions = 71 })).ToList();
        Assert.All(
            await Task.WhenAll(stores.Select((store, n) => Task.Run(async () => await store.CommitAsync(Samples.Birth(n) with { NextDue = Samples.At(1), NextDueChanged = true, Outbox = [Samples.Message(n, $"welcome-{n}")] }, Token)))),
            result => Assert.Equal(CommitResult.Done, result));
        var wide = If.Purchases().Count().AtLeast(1000) | If.Fact("loyalty.points").AtLeast(1) | If.Field("customer.region").Is("HK");
        await Task.WhenAll(stores.Select(store => Task.Run(async () =>
        {
            Assert.Empty((await store.SelectAsync(wide, new EventKinds([]), null, new Moment(Samples.At(0), DateTimeZone.Utc), Token)).Undecided);
            await ((IOutbox)store).LeaseAsync(Samples.At(5), Samples.At(6), 100, Token);
            await store.LeaseDueAsync(Samples.At(1), Samples.At(1), Samples.At(2), 100, Token);
        })));
        foreach (var store in stores)
        {
            await store.DisposeAsync();
        }
    }

    [Fact]
    public void The_locks_of_a_partition_are_no_more_than_are_reckoned_with()
    {
        Assert.InRange((Locks(4) - Locks(2)) / 2, 1, PostgreSqlDialect.LocksOfPartition);

        long Locks(int partitions)
        {
            using var connection = new NpgsqlConnection(database.ConnectionString);
            connection.Open();
            using var transaction = connection.BeginTransaction();
            using var making = new NpgsqlCommand(SqlSchema.Script(new PostgreSqlDialect(database.Schema, partitions)).Replace("COMMIT;", "", StringComparison.Ordinal), connection);
            making.ExecuteNonQuery();
            using var counting = new NpgsqlCommand("SELECT COUNT(*) FROM (SELECT DISTINCT locktype, database, relation, transactionid, classid, objid, objsubid FROM pg_locks WHERE pid = pg_backend_pid()) held", connection);
            return (long)counting.ExecuteScalar()!;
        }
    }

    [Fact]
    public async Task A_commit_asks_only_the_partition_of_its_customer()
    {
        await using var partitioned = database.OpenWith(options => options with { Partitions = 8 });
        await partitioned.CommitAsync(Samples.Birth(1), Token);

        using var connection = new NpgsqlConnection($"{database.ConnectionString};Search Path={database.Schema}");
        connection.Open();
        using var command = new NpgsqlCommand("EXPLAIN SELECT * FROM crm_slot WHERE tenant = 'default' AND bucket = $1 AND customer_id = $2", connection)
        {
            Parameters = { new() { Value = (long)Samples.Customer(1).Bucket }, new() { Value = new byte[16] } },
        };
        using var reader = command.ExecuteReader();
        var plan = new List<string>();
        while (reader.Read())
        {
            plan.Add(reader.GetString(0));
        }

        Assert.Single(plan, line => line.Contains("Scan", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_recorded_purchase_takes_at_most_eight_statements()
    {
        var statements = new List<string>();
        await using var store = database.OpenWith(options => options with { OnStatement = statements.Add });
        await store.CommitAsync(Samples.Birth(1), Token);
        statements.Clear();

        Assert.Equal(CommitResult.Done, await store.CommitAsync(SqliteStores.Purchase(1), Token));

        Assert.InRange(statements.Count, 1, 8);
    }

    [Fact]
    public async Task Keys_and_what_follows_the_guards_are_written_without_looking_whether_they_are_there()
    {
        var statements = new List<string>();
        await using var store = database.OpenWith(options => options with { OnStatement = statements.Add });
        await store.CommitAsync(Samples.Birth(1), Token);
        statements.Clear();

        await store.CommitAsync(SqliteStores.Purchase(1), Token);

        Assert.All(["crm_key ", "crm_event ", "crm_ledger "], table =>
        {
            var sql = Assert.Single(statements, sql => sql.Contains(table, StringComparison.Ordinal));
            Assert.StartsWith("INSERT", sql, StringComparison.Ordinal);
            Assert.DoesNotContain("ON CONFLICT", sql, StringComparison.Ordinal);
        });
    }

    // A conflict that the server raises stands in its log with the values of the primary key.
    [Fact]
    public async Task An_identity_that_is_taken_is_no_error_of_the_server_that_names_it()
    {
        var statements = new List<string>();
        await using var store = database.OpenWith(options => options with { OnStatement = statements.Add });

        await store.CommitManyAsync([.. Enumerable.Range(0, 40).Select(n => Samples.Birth(n))], Token);
        await store.CommitAsync(Samples.Birth(40), Token);

        var claims = statements.FindAll(sql => sql.Contains("INTO", StringComparison.Ordinal) && sql.Contains("crm_identity ", StringComparison.Ordinal));
        Assert.Equal(2, claims.Count);
        Assert.All(claims, sql => Assert.Contains("ON CONFLICT DO NOTHING", sql, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(40)]
    public async Task A_key_that_is_there_already_is_answered_and_its_neighbours_are_written(int neighbours)
    {
        await using var store = Open();
        await store.CommitAsync(Samples.Birth(0), Token);
        var twice = SqliteStores.Purchase(0);
        await store.CommitAsync(twice, Token);
        var again = twice with { ExpectedVersion = 2, Version = 3, Entries = [twice.Entries[0] with { Version = 3 }] };

        var results = await store.CommitManyAsync([.. Enumerable.Range(1, neighbours).Select(n => Samples.Birth(n)), again], Token);

        Assert.Equal(Enumerable.Repeat(CommitResult.Done, neighbours), results.SkipLast(1));
        Assert.IsType<CommitResult.AlreadyCommitted>(results[^1]);
        Assert.Equal((2L, 2L + neighbours), (database.Execute("SELECT MAX(version) FROM crm_event"), database.Execute("SELECT COUNT(*) FROM crm_key")));
    }

    [Fact]
    public async Task A_commit_whose_entry_is_there_already_is_given_up_and_writes_nothing()
    {
        await using var store = Open();
        await store.CommitAsync(Samples.Birth(1), Token);
        database.Execute("CREATE TEMP TABLE other AS SELECT * FROM crm_event; UPDATE other SET version = 2, event_key = 'other'; INSERT INTO crm_event SELECT * FROM other");

        await Assert.ThrowsAsync<InvalidOperationException>(async () => await store.CommitAsync(SqliteStores.Purchase(1), Token));

        Assert.Equal((1L, 1L, 2L), (database.Execute("SELECT version FROM crm_customer"), database.Execute("SELECT COUNT(*) FROM crm_key"), database.Execute("SELECT COUNT(*) FROM crm_event")));
    }

    [Theory]
    [InlineData("crm_event_line")]
    [InlineData("crm_ledger")]
    public async Task A_commit_one_of_whose_rows_is_there_already_is_given_up_and_writes_nothing(string table)
    {
        await using var store = Open();
        await store.CommitAsync(Samples.Birth(1), Token);
        await store.CommitAsync(SqliteStores.Purchase(1), Token);
        database.Execute($"UPDATE {table} SET version = 3");

        await Assert.ThrowsAsync<InvalidOperationException>(async () => await store.CommitAsync(SqliteStores.NextPurchase(1), Token));

        Assert.Equal((2L, 2L, 0L), (database.Execute("SELECT version FROM crm_customer"), database.Execute("SELECT COUNT(*) FROM crm_key"), database.Execute("SELECT COUNT(*) FROM crm_event WHERE version > 2")));
    }

    [Fact]
    public async Task A_schema_that_was_made_by_hand_is_found_and_used_by_one_who_may_make_nothing()
    {
        var role = "r" + database.Schema;
        database.Execute(SqlSchema.Script(new PostgreSqlDialect(database.Schema)));
        database.Execute($"CREATE ROLE {role} LOGIN; GRANT USAGE ON SCHEMA {database.Schema} TO {role}; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {database.Schema} TO {role}");
        try
        {
            await using var store = PostgreSqlStore.Open(new NpgsqlConnectionStringBuilder(database.ConnectionString) { Username = role, Password = null }.ToString(), new PostgreSqlStoreOptions { Schema = database.Schema });

            Assert.Equal(CommitResult.Done, await store.CommitAsync(Samples.Birth(1), Token));
        }
        finally
        {
            database.Execute($"DROP OWNED BY {role}; DROP ROLE {role}");
        }
    }

    [Fact]
    public async Task A_lost_race_raises_no_error_that_tells_a_name()
    {
        var statements = new List<string>();
        await using var store = database.OpenWith(options => options with { OnStatement = statements.Add });
        await store.CommitAsync(Samples.Birth(1), Token);
        var claims = Samples.Commit(2, 0, "pos:2") with { Claims = [new IdentityClaim(Samples.User(1), 1)] };

        Assert.Equal(new CommitResult.IdentityTaken(Samples.User(1), Samples.Customer(1)), await store.CommitAsync(claims, Token));
        Assert.Equal(new CommitResult.VersionConflict(), await store.CommitAsync(Samples.Commit(3, 5, "pos:3"), Token));
        Assert.Equal(0L, database.Execute("SELECT COUNT(*) FROM crm_key WHERE event_key IN ('2', '3')"));
        Assert.All(statements.FindAll(sql => sql.Contains("INSERT INTO", StringComparison.Ordinal) && sql.Contains("crm_identity ", StringComparison.Ordinal)), sql => Assert.Contains("ON CONFLICT DO NOTHING", sql, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_worker_with_a_range_of_buckets_gets_only_its_own()
    {
        await using var store = Open();
        var births = Enumerable.Range(0, 100).Select(n => Samples.Birth(n) with { NextDue = Samples.At(1), NextDueChanged = true, Outbox = [Samples.Message(n, $"welcome-{n}")] }).ToList();
        await store.CommitManyAsync(births, Token);

        var leased = new List<CustomerId>();
        for (var part = 0; part < 3; part++)
        {
            var range = BucketRange.Part(part, 3);
            await using var worker = database.OpenWith(options => options with { Buckets = range });
            var due = await worker.LeaseDueAsync(Samples.At(1), Samples.At(1), Samples.At(2), 1_000, Token);
            var items = await ((IOutbox)worker).LeaseAsync(Samples.At(5), Samples.At(6), 1_000, Token);
            Assert.All(due.Concat(items.Select(item => item.Customer)), customer => Assert.InRange(customer.Bucket, range.First, range.Last));
            Assert.Equal(due.Order(), items.Select(item => item.Customer).Order());
            leased.AddRange(due);
        }

        Assert.Equal(births.Select(birth => birth.Customer).Order(), leased.Order());
    }

    [Fact]
    public async Task Ten_workers_at_once_lease_every_item_once()
    {
        await using var store = Open();
        await store.CommitManyAsync([.. Enumerable.Range(0, 400).Select(n => Samples.Birth(n) with { NextDue = Samples.At(1), NextDueChanged = true, Outbox = [Samples.Message(n, $"welcome-{n}")] })], Token);

        var leased = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => Task.Run(async () =>
        {
            var mine = new List<string>();
            while (await ((IOutbox)store).LeaseAsync(Samples.At(5), Samples.At(6), 17, Token) is { Count: > 0 } items)
            {
                mine.AddRange(items.Select(item => item.Id));
            }

            return mine;
        })));

        var all = leased.SelectMany(mine => mine).ToList();
        Assert.Equal(all.Distinct().Count(), all.Count);
        Assert.Equal(400, all.Count + await CountFreeAsync(store));
    }

    [Fact]
    public void One_line_chooses_PostgreSQL_in_a_container()
    {
        using var services = new ServiceCollection().AddCrm(crm => crm.UsePostgreSql("Host=localhost;Database=club").Partitioned(16)).BuildServiceProvider();

        Assert.IsType<SqlStore>(services.GetRequiredService<ICustomerStore>());
        Assert.Throws<ArgumentException>(() => new ServiceCollection().AddCrm(crm => crm.UsePostgreSql("Database=club")));
        Assert.Throws<ArgumentException>(() => new ServiceCollection().AddCrm(crm => crm.UsePostgreSql("Host=localhost", new PostgreSqlStoreOptions { Schema = "a b" })));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ServiceCollection().AddCrm(crm => crm.UsePostgreSql("Host=localhost").Partitioned(0)));
        Assert.Contains("UsePostgreSql", Assert.Throws<InvalidOperationException>(() => new ServiceCollection().AddCrm(crm => crm.UseMemory().Partitioned(8))).Message, StringComparison.Ordinal);
    }

    private static async Task<int> CountFreeAsync(SqlStore store) => (await ((IOutbox)store).LeaseAsync(Samples.At(5), Samples.At(6), 1_000, Token)).Count;

    private static StoredDocument Document(int version) => new("case", "club", version, "{}", Samples.At(version));

    private async Task<NpgsqlConnection> OtherAsync()
    {
        var connection = new NpgsqlConnection($"{database.ConnectionString};Search Path={database.Schema}");
        await connection.OpenAsync(Token);
        return connection;
    }

    private static async Task<object?> RunAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(Token);
    }

    // Until the task waits for the connection, or has not waited at all.
    private static async Task WaitsAsync(NpgsqlConnection connection, Task task)
    {
        while (!task.IsCompleted && (long)(await RunAsync(connection, "SELECT COUNT(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"))! == 0)
        {
            await Task.Yield();
        }
    }

    private SqlStore Open() => database.OpenWith(options => options);
}
