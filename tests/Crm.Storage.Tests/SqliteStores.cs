using System.Reflection;
using Crm.Engine;
using Crm.Events;
using Crm.Storage.Sql;
using Crm.Storage.Sqlite;
using Crm.Testing;
using Crm.Values;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using NodaTime;
using SQLitePCL;

namespace Crm.Storage.Tests;

/// <summary>What is particular about SQLite, beyond the laws.</summary>
public sealed class SqliteStores : IDisposable
{
    private readonly TemporaryFile file = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => file.Dispose();

    [Fact]
    public async Task A_store_of_a_newer_schema_is_refused_with_a_sentence()
    {
        await using (var store = SqliteStore.Open(file.Path))
        {
            await store.CommitAsync(Samples.Birth(1), Token);
        }

        Execute("INSERT INTO crm_schema (version, oldest) VALUES (6, 5), (7, 3)");
        await using var newer = SqliteStore.Open(file.Path);

        var refused = await Assert.ThrowsAsync<NewerSchemaException>(() => newer.CommitAsync(Samples.Commit(1, 1), Token).AsTask());
        await Assert.ThrowsAsync<NewerSchemaException>(() => newer.LoadAsync(CustomerRef.Of(Samples.Customer(1)), Token).AsTask());

        Assert.Equal("The store has schema version 7, and this release of Crm.Core knows versions up to 4: use the release that wrote the store, or a later one.", refused.Message);
        Assert.Equal(1, Execute("SELECT version FROM crm_customer"));
    }

    [Fact]
    public async Task A_store_whose_versions_do_not_say_who_may_read_it_is_refused_with_the_statement_that_puts_it_right()
    {
        await using (var store = SqliteStore.Open(file.Path))
        {
            await store.CommitAsync(Samples.Birth(1), Token);
        }

        Execute("ALTER TABLE crm_schema DROP COLUMN oldest");
        await using var later = SqliteStore.Open(file.Path);

        var refused = await Assert.ThrowsAsync<OlderSchemaException>(() => later.CommitAsync(Samples.Commit(1, 1), Token).AsTask());
        await Assert.ThrowsAsync<OlderSchemaException>(() => later.FindSchemaAsync(Token).AsTask());

        Assert.Equal(
            "The store's table crm_schema has no column 'oldest', which says with which releases its tables can be used: an early release made it. Run once, with the rights of whoever made the tables: ALTER TABLE crm_schema ADD COLUMN oldest INTEGER NOT NULL DEFAULT 1",
            refused.Message);
        Execute(refused.Remedy);
        Assert.Equal(CommitResult.Done, await later.CommitAsync(Samples.Commit(1, 1), Token));
    }

    [Fact]
    public async Task Ten_stores_that_start_at_once_make_the_schema_once()
    {
        var stores = Enumerable.Range(0, 10).Select(_ => SqliteStore.Open(file.Path)).ToList();

        var results = await Task.WhenAll(stores.Select((store, n) => Task.Run(async () => await store.CommitAsync(Samples.Birth(n), Token))));

        Assert.All(results, result => Assert.Equal(CommitResult.Done, result));
        Assert.Equal(4, Execute("SELECT COUNT(*) FROM crm_schema"));
        Assert.Equal(10, Execute("SELECT COUNT(*) FROM crm_customer"));
        foreach (var store in stores)
        {
            await store.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_file_that_is_opened_again_has_everything()
    {
        var birth = Samples.Birth(1) with
        {
            Entries = [Samples.FullEntry(1, 1, "pos:1")],
            Slots = [Samples.Slot("loyalty", 7)],
            Ledger = [Samples.Issued(52)],
            Outbox = [Samples.Message(1, "welcome")],
            NextDue = Samples.At(3),
            NextDueChanged = true,
        };
        await using (var store = SqliteStore.Open($"Data Source={file.Path}"))
        {
            await store.CommitAsync(birth, Token);
            await ((IQuotas)store).SetAsync("mug", 5, Token);
        }

        await using var again = SqliteStore.Open(file.Path);

        var snapshot = await again.LoadAsync(CustomerRef.Of(Samples.User(1)), Token);
        Assert.Equal(birth.Slots, snapshot.Slots);
        Assert.Equal(birth.Entries, (await again.ReadJournalAsync(Samples.Customer(1), 0, Token).ToListAsync(Token)).ToSequence());
        Assert.Equal(birth.Ledger[0], (await again.ReadLedgerAsync(Token).SingleAsync(Token)).Entry);
        Assert.Equal([Samples.Customer(1)], await again.LeaseDueAsync(Samples.At(3), Samples.At(3), Samples.At(4), 10, Token));
        Assert.Equal(birth.Outbox[0], Assert.Single(await ((IOutbox)again).LeaseAsync(Samples.At(3), Samples.At(4), 10, Token)));
        Assert.Equal(5, await ((IQuotas)again).AvailableAsync("mug", Token));
    }

    [Fact]
    public async Task A_recorded_purchase_takes_at_most_eight_statements()
    {
        var statements = new List<string>();
        await using var store = SqliteStore.Open(file.Path, new SqliteStoreOptions { OnStatement = statements.Add });
        await store.CommitAsync(Samples.Birth(1), Token);
        var purchase = Purchase(1);
        statements.Clear();

        Assert.Equal(CommitResult.Done, await store.CommitAsync(purchase, Token));

        Assert.InRange(statements.Count, 1, 8);
        Assert.Equal(purchase.Entries[0], await store.ReadJournalAsync(Samples.Customer(1), 1, Token).SingleAsync(Token));
    }

    [Theory]
    [InlineData("crm_event_line")]
    [InlineData("crm_ledger")]
    public async Task A_commit_one_of_whose_rows_is_there_already_is_given_up_and_writes_nothing(string table)
    {
        await using var store = SqliteStore.Open(file.Path);
        await store.CommitAsync(Samples.Birth(1), Token);
        await store.CommitAsync(Purchase(1), Token);
        Execute($"UPDATE {table} SET version = 3");

        await Assert.ThrowsAsync<InvalidOperationException>(async () => await store.CommitAsync(NextPurchase(1), Token));

        Assert.Equal(2, (await store.LoadAsync(CustomerRef.Of(Samples.Customer(1)), Token)).Version);
        Assert.Equal(2, await store.ReadJournalAsync(Samples.Customer(1), 0, Token).CountAsync(Token));
    }

    [Fact]
    public async Task A_customer_is_loaded_while_a_write_waits_for_another_process()
    {
        await using var store = SqliteStore.Open(file.Path);
        await store.CommitAsync(Samples.Birth(1), Token);
        using var other = Connect();
        using var held = other.BeginTransaction();
        var waiting = Task.Run(async () => await store.CommitAsync(Samples.Birth(2), Token), Token);
        await Task.Delay(200, Token);

        var loaded = await Task.Run(async () => await store.LoadAsync(CustomerRef.Of(Samples.Customer(1)), Token), Token).WaitAsync(TimeSpan.FromSeconds(20), Token);

        Assert.Equal((1, false), (loaded.Version, waiting.IsCompleted));
        await held.RollbackAsync(Token);
        Assert.Equal(CommitResult.Done, await waiting);
    }

    [Fact]
    public async Task A_thousand_purchases_take_few_statements_to_load_and_commit()
    {
        var statements = 0;
        await using var store = SqliteStore.Open(file.Path, new SqliteStoreOptions { OnStatement = _ => statements++ });
        var births = Enumerable.Range(0, 1_000).Select(n => Samples.Birth(n)).ToList();
        await store.CommitManyAsync(births, Token);
        statements = 0;

        var loaded = await store.LoadManyAsync([.. births.Select(birth => CustomerRef.Of(birth.Claims[0].Identity))], Token);
        var committed = await store.CommitManyAsync([.. Enumerable.Range(0, 1_000).Select(Purchase)], Token);

        Assert.All(loaded, snapshot => Assert.Equal(1, snapshot.Version));
        Assert.All(committed, result => Assert.Equal(CommitResult.Done, result));
        Assert.InRange(statements, 8, 150);
    }

    [Fact]
    public async Task No_statement_reads_a_table_whole_because_its_list_is_long()
    {
        await using (var store = SqliteStore.Open(file.Path))
        {
            await store.MigrateAsync(Token);
        }

        using var connection = Connect();
        var statements = StatementsOfTheStore().Where(statement => statement.TakesRows).ToList();

        Assert.True(statements.Count > 30);
        Assert.All(statements, statement => Assert.DoesNotContain(Plan(statement.In(SqliteDialect.Instance, Math.Min(256, statement.MostRows))), ReadsWhole));
        var tempting = new SqlStatement(
            "WITH v (tenant, bucket, customer_id) AS (VALUES {rows}) SELECT c.version FROM v JOIN crm_customer c ON c.tenant = v.tenant AND c.bucket = v.bucket AND c.customer_id = v.customer_id",
            SqlType.Characters, SqlType.Whole, SqlType.Bytes);
        Assert.Contains(Plan(tempting.In(SqliteDialect.Instance, 256)), ReadsWhole);
        Assert.DoesNotContain(Plan(tempting.In(SqliteDialect.Instance, 32)), ReadsWhole);

        List<string> Plan(string sql) => Explained(connection, $"EXPLAIN QUERY PLAN {sql}", column: 3);
    }

    [Fact]
    public async Task What_is_sent_for_one_row_makes_no_table_of_it_and_reads_none_whole()
    {
        await using (var store = SqliteStore.Open(file.Path))
        {
            await store.MigrateAsync(Token);
        }

        using var connection = Connect();
        var statements = StatementsOfTheStore().Where(statement => statement.OfOne is not null).ToList();

        Assert.True(statements.Count >= 4);
        Assert.All(statements, statement =>
        {
            var one = Assert.IsType<SqlStatement>(statement.OfOne);
            Assert.False(one.TakesRows);
            Assert.Equal(statement.Columns, one.Columns);
            var ofAnswer = one.ToString().Contains("RETURNING", StringComparison.Ordinal) ? 1 : 0; // what it returns it keeps until all is changed
            Assert.InRange(Steps(statement).Count(MakesTable), ofAnswer + 1, int.MaxValue);
            Assert.Equal(ofAnswer, Steps(one).Count(MakesTable));
            Assert.DoesNotContain(Explained(connection, $"EXPLAIN QUERY PLAN {one.In(SqliteDialect.Instance, 1)}", column: 3), ReadsWhole);
        });

        static bool MakesTable(string step) => step is "OpenEphemeral" or "OpenAutoindex" or "SorterOpen";

        List<string> Steps(SqlStatement statement) => Explained(connection, $"EXPLAIN {statement.In(SqliteDialect.Instance, 1)}", column: 1);
    }

    [Fact]
    public async Task A_customer_is_loaded_alone_as_among_others()
    {
        await using var store = SqliteStore.Open(file.Path);
        var purchase = Purchase(1) with { Profile = Fields.Of(("district", "central")), Claims = [new IdentityClaim(Identity.Phone("+85291234567"), 2)] };
        await store.CommitManyAsync([Samples.Birth(1), Samples.Birth(2)], Token);
        Assert.Equal(CommitResult.Done, await store.CommitAsync(purchase, Token));
        CustomerRef[] others = [CustomerRef.Of(Samples.Customer(2)), CustomerRef.Of(Samples.User(2)), CustomerRef.Of(Samples.User(9)) with { Recording = new EventKey("pos", "none") }];
        CustomerRef[] references =
        [
            CustomerRef.Of(Samples.User(1)), CustomerRef.Of(Samples.Customer(1)), CustomerRef.Of(Identity.Phone("+85291234567")), CustomerRef.Of(Samples.User(8)), CustomerRef.Of(Samples.Customer(8)),
            CustomerRef.Of(Samples.User(1)) with { Recording = purchase.Entries[0].Event.Key }, CustomerRef.Of(Samples.User(1)) with { Recording = new EventKey("pos", "other") },
        ];

        foreach (var reference in references)
        {
            Assert.Equal((await store.LoadManyAsync([reference, .. others], Token))[0], await store.LoadAsync(reference, Token));
        }

        var known = await store.LoadAsync(references[5], Token);
        Assert.Equal((2L, 2, 2), (known.Version, known.Identities, known.Slots.Count));
        Assert.Equal((purchase.Profile, purchase.Entries[0].Receipt), (known.Profile, known.Recorded?.Receipt));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Only_who_is_as_expected_is_changed_alone_as_among_others(bool amongOthers)
    {
        await using var store = SqliteStore.Open(file.Path);
        await store.CommitManyAsync([Samples.Birth(1), Samples.Birth(2), Samples.Birth(3)], Token);
        await store.CommitAsync(Purchase(1), Token);
        var later = NextPurchase(1);

        Assert.IsNotType<CommitResult.Committed>(await CommitAsync(Purchase(1) with { Entries = [Samples.FullEntry(1, 2, "pos:late")] }, 2));
        Assert.IsNotType<CommitResult.Committed>(await CommitAsync(later with { Upon = Samples.Slot("kernel", 9) }, 2));
        Assert.IsNotType<CommitResult.Committed>(await CommitAsync(later with { Upon = Samples.Slot("other", 1) }, 2));
        Assert.Equal(CommitResult.Done, await CommitAsync(later with { Upon = Samples.Slot("kernel", 1) }, 3));

        async ValueTask<CommitResult> CommitAsync(Commit commit, int other) => amongOthers
            ? (await store.CommitManyAsync([commit, Samples.Commit(other, (await store.LoadAsync(CustomerRef.Of(Samples.Customer(other)), Token)).Version)], Token))[0]
            : await store.CommitAsync(commit, Token);
    }

    [Fact]
    public void Values_of_every_length_are_bound_as_they_are()
    {
        using var connection = Connect();
        using var link = new SqliteLink(connection, Duration.FromSeconds(1));
        var answer = new SqlStatement("VALUES {rows}", SqlType.Characters, SqlType.Bytes, SqlType.Whole, SqlType.Exact);

        foreach (var length in (int[])[0, 1, 7, 511, 512, 513, 4_096, 100_000, 2_000_000, 1, 0])
        {
            var (text, bytes) = (string.Concat(Enumerable.Repeat("a蘭𠮷"[..(length % 2 == 0 ? 2 : 4)], length)), Enumerable.Range(0, length).Select(n => (byte)n).ToArray());
            var call = new SqlCall(answer).Add(text, bytes, long.MinValue, 1.5m).Add("after", new byte[] { 9 }, 3, SqlValue.Null).Add((string?)null, (byte[]?)null, length, -2m);
            var statement = link.Bound(call, 0, call.Rows);
            Assert.True(link.First(statement, Token));
            Assert.Equal((text, true, long.MinValue, "1.5"), (Text(0), bytes.AsSpan().SequenceEqual(SqliteColumns.Bytes(statement, 1)), SqliteColumns.Whole(statement, 2), Text(3)));
            Assert.False(SqliteColumns.IsNull(statement, 0) || SqliteColumns.IsNull(statement, 1));
            Assert.True(link.Next(statement));
            Assert.Equal(("after", (byte)9, 3L, true), (Text(0), SqliteColumns.Bytes(statement, 1)[0], SqliteColumns.Whole(statement, 2), SqliteColumns.IsNull(statement, 3)));
            Assert.True(link.Next(statement));
            Assert.Equal((true, true, (long)length, "-2"), (SqliteColumns.IsNull(statement, 0), SqliteColumns.IsNull(statement, 1), SqliteColumns.Whole(statement, 2), Text(3)));
            Assert.False(link.Next(statement));
            raw.sqlite3_reset(statement);

            string Text(int column) => System.Text.Encoding.UTF8.GetString(SqliteColumns.Bytes(statement, column));
        }
    }

    [Fact]
    public async Task Readers_do_not_wait_for_a_writer()
    {
        await using var store = SqliteStore.Open(file.Path);
        await store.CommitAsync(Samples.Birth(1), Token);
        using var other = new SqliteConnection($"Data Source={file.Path};Pooling=False");
        other.Open();
        using var writing = other.BeginTransaction(deferred: false);

        var snapshot = await store.LoadAsync(CustomerRef.Of(Samples.Customer(1)), Token);

        Assert.Equal(1, snapshot.Version);
    }

    [Theory]
    [InlineData(SqliteKind.File)]
    [InlineData(SqliteKind.Ado)]
    public async Task What_is_severed_is_in_no_byte_of_the_files_however_often_it_was_written_and_moved(SqliteKind kind)
    {
        await using var store = new SqlStore(kind == SqliteKind.File ? new SqliteDatabase(file.Path, new SqliteStoreOptions()) : new AdoDatabase($"Data Source={file.Path};Pooling=False"));
        const int Many = 600;
        for (var n = 0; n < Many; n++)
        {
            var known = Samples.Birth(n) with { Profile = Fields.Of(("name", $"severed-name-{n}"), ("remarks", new string('x', n * 7))) };
            await store.CommitAsync(known with { Claims = [.. known.Claims, new IdentityClaim(new Identity("member", $"severed-member-{n}-{new string('y', n % 60)}"), 2)] }, Token);
        }

        await store.CommitManyAsync([.. Enumerable.Range(0, Many).Select(n => Samples.Commit(n, 1) with { Profile = Fields.Of(("name", $"severed-again-{n}")) })], Token);
        Assert.NotEmpty(file.Find("severed-"));

        await store.CommitManyAsync([.. Enumerable.Range(0, Many).Select(n => Samples.Commit(n, 2) with { Profile = Fields.None, Severed = [new Identity("member", $"severed-member-{n}-{new string('y', n % 60)}")] })], Token);

        // A connection that does not overwrite what it deletes leaves it behind, and the search finds it.
        Assert.Equal(kind == SqliteKind.File ? [] : ["the bytes of the file"], file.Find("severed-").Where(place => place != "the bytes of the file-wal" || kind == SqliteKind.File));
    }

    [Fact]
    public async Task The_log_is_emptied_when_somebody_is_erased_and_not_for_each_customer_of_a_retention_run()
    {
        await using var store = SqliteStore.Open(file.Path);
        var clock = new FakeClock(Samples.At(0));
        var engine = new CrmEngine(store, [], new CrmOptions(), clock, new SeededIdSource());
        foreach (var (key, channel) in new[] { ("pos:1", "channel-long-ago"), ("pos:2", "channel-lately") })
        {
            await engine.RecordAsync(CustomerEvent.Purchase(key, Samples.User(1), Money.Hkd(52)) with { Channel = channel }, Token);
            clock.Advance(Duration.FromDays(100));
        }

        Assert.Equal(1, (await engine.DisposeOfJournalAsync(new DisposalRequest(Samples.At(24)), Token)).Entries);
        Assert.Equal(["the bytes of the file-wal"], file.Find("channel-long-ago"));
        Assert.IsType<EraseResult.Erased>(await engine.EraseAsync(new EraseRequest(EventKey.Parse("desk:1"), CustomerRef.Of(Samples.User(1))), Token));

        Assert.Empty(file.Find("channel-l"));
    }

    [Fact]
    public async Task What_is_severed_while_somebody_reads_leaves_the_log_with_a_later_commit()
    {
        await using var store = SqliteStore.Open(file.Path);
        await store.CommitAsync(Samples.Birth(1) with { Profile = Fields.Of(("name", "severed-name")) }, Token);
        using (var other = Connect())
        using (var reading = other.BeginTransaction(deferred: true))
        {
            using var command = other.CreateCommand();
            command.CommandText = "SELECT COUNT(*) FROM crm_profile";
            command.Transaction = reading;
            command.ExecuteScalar();
            Assert.Equal(CommitResult.Done, await store.CommitAsync(Samples.Commit(1, 1) with { Profile = Fields.None }, Token));
            Assert.NotEmpty(file.Find("severed-name"));
        }

        await store.CommitAsync(Samples.Commit(1, 2), Token);

        Assert.Empty(file.Find("severed-name"));
    }

    [Fact]
    public async Task A_writer_that_waits_for_another_process_keeps_no_thread_and_may_cancel()
    {
        await using var store = SqliteStore.Open(file.Path);
        await store.CommitAsync(Samples.Birth(1), Token);
        using var other = Connect();
        using var held = other.BeginTransaction();
        using var cancelling = new CancellationTokenSource();

        var waiting = store.CommitAsync(Samples.Commit(1, 1), cancelling.Token).AsTask();
        Assert.False(waiting.IsCompleted);
        await cancelling.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);

        var patient = store.CommitAsync(Samples.Commit(1, 1), Token).AsTask();
        Assert.False(patient.IsCompleted);
        await held.RollbackAsync(Token);
        Assert.Equal(CommitResult.Done, await patient);
    }

    [Fact]
    public async Task A_writer_that_waits_too_long_fails_and_the_store_goes_on()
    {
        await using var store = SqliteStore.Open(file.Path, new SqliteStoreOptions { BusyTimeout = Duration.FromMilliseconds(50) });
        await store.CommitAsync(Samples.Birth(1), Token);
        using (var other = new SqliteConnection($"Data Source={file.Path};Pooling=False"))
        {
            other.Open();
            using var writing = other.BeginTransaction(deferred: false);
            await Assert.ThrowsAsync<SqliteException>(() => store.CommitAsync(Samples.Commit(1, 1, "pos:2"), Token).AsTask());
        }

        Assert.Equal(CommitResult.Done, await store.CommitAsync(Samples.Commit(1, 1, "pos:2"), Token));
    }

    [Theory]
    [InlineData("Data Source=")]
    [InlineData("Mode=Memory")]
    [InlineData("Dat Source=club.db")]
    public void A_connection_string_that_names_no_database_is_refused(string source) =>
        Assert.Throws<ArgumentException>(() => SqliteStore.Open(source));

    [Fact]
    public void What_a_connection_string_says_is_not_said_again() =>
        Assert.DoesNotContain("hush", Assert.Throws<ArgumentException>(() => SqliteStore.Open("Data Source=;Password=hush")).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("file::memory:")]
    [InlineData("Data Source=file::memory:?cache=private")]
    public async Task A_database_in_memory_is_one_however_it_is_named(string source)
    {
        await using var store = SqliteStore.Open(source);
        await store.CommitAsync(Samples.Birth(1), Token);

        Assert.Single(await store.ReadJournalAsync(Samples.Customer(1), 0, Token).ToListAsync(Token));
    }

    [Fact]
    public async Task A_file_whose_text_is_not_UTF_8_is_refused_with_a_sentence()
    {
        Execute("PRAGMA encoding = 'UTF-16le'; CREATE TABLE shop_order (number TEXT)");
        await using var store = SqliteStore.Open(file.Path);

        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => store.CommitAsync(Samples.Birth(1), Token).AsTask());

        Assert.Equal($"The database '{file.Path}' keeps its text as UTF-16le; the store compares text by the bytes of UTF-8. A database of its own is expected, or one that was made with PRAGMA encoding = 'UTF-8', as SQLite does by itself.", refused.Message);
        await Assert.ThrowsAsync<InvalidOperationException>(() => store.ExistsAsync(Token).AsTask());
    }

    [Fact]
    public async Task Whoever_waits_to_write_while_the_store_is_closed_is_told_so()
    {
        var database = new SqliteDatabase(file.Path, new SqliteStoreOptions());
        var writing = await database.WriteAsync(Token);
        var waiting = database.WriteAsync(Token).AsTask();

        var closing = database.DisposeAsync().AsTask();
        var late = database.WriteAsync(Token).AsTask();
        var loading = Task.Run(() => database.LoadAsync(Token).AsTask(), Token);
        await writing.DisposeAsync();

        foreach (var refused in new[] { waiting, late, loading })
        {
            await Assert.ThrowsAsync<ObjectDisposedException>(() => refused.WaitAsync(TimeSpan.FromSeconds(20), Token));
        }

        await closing.WaitAsync(TimeSpan.FromSeconds(20), Token);
        await database.DisposeAsync();
    }

    [Fact]
    public async Task Whoever_waits_for_the_tables_while_the_store_is_closed_gets_an_answer()
    {
        var gate = new TaskCompletionSource();
        var store = new SqlStore(new OpenedLate(new SqliteDatabase(file.Path, new SqliteStoreOptions()), gate.Task), new SqliteStoreOptions());
        var first = store.CommitAsync(Samples.Birth(1), Token).AsTask();
        var second = store.CommitAsync(Samples.Birth(2), Token).AsTask();

        await store.DisposeAsync();
        gate.SetResult();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => first.WaitAsync(TimeSpan.FromSeconds(20), Token));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => second.WaitAsync(TimeSpan.FromSeconds(20), Token));
    }

    [Fact]
    public async Task Readers_that_end_while_the_store_is_closed_leave_no_file_open()
    {
        Assert.SkipUnless(Directory.Exists("/proc/self/fd"), "The system does not list open files");
        for (var round = 0; round < 100; round++)
        {
            var database = new SqliteDatabase(file.Path, new SqliteStoreOptions());
            var readers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => database.ReadAsync(Token).AsTask()));

            await Task.WhenAll(readers.Select(reader => Task.Run(() => reader.DisposeAsync().AsTask(), Token)).Append(Task.Run(() => database.DisposeAsync().AsTask(), Token)));
        }

        Assert.DoesNotContain(Directory.EnumerateFiles("/proc/self/fd"), name => new FileInfo(name).LinkTarget == file.Path);
    }

    [Fact]
    public void What_is_prepared_for_audiences_that_are_asked_once_is_let_go()
    {
        using var connection = Connect();
        using var link = new SqliteLink(connection, Duration.FromSeconds(1));

        Prepare(0, 1_000);
        var some = Prepared();
        Prepare(1_000, 6_000);

        Assert.InRange(Prepared(), 1, 2 * some);

        void Prepare(int from, int until)
        {
            for (var n = from; n < until; n++)
            {
                raw.sqlite3_reset(link.Bound(new SqlCall(new SqlStatement($"SELECT {n}, {{0}}", SqlType.Whole)).Add(n), 0, 1));
            }
        }

        int Prepared()
        {
            const int StatementBytes = 3;
            Assert.Equal(raw.SQLITE_OK, raw.sqlite3_db_status(connection.Handle, StatementBytes, out var bytes, out _, 0));
            return bytes;
        }
    }

    [Fact]
    public void A_tenant_without_a_name_is_refused() =>
        Assert.Contains("'Tea Club'", Assert.Throws<ArgumentException>(() => SqliteStore.Open(file.Path, new SqliteStoreOptions { Tenant = "Tea Club" })).Message, StringComparison.Ordinal);

    [Fact]
    public void One_line_chooses_SQLite_in_a_container()
    {
        using var services = new ServiceCollection().AddCrm(crm => crm.UseSqlite($"Data Source={file.Path}")).BuildServiceProvider();

        Assert.IsType<SqlStore>(services.GetRequiredService<ICustomerStore>());
        Assert.Throws<ArgumentException>(() => new ServiceCollection().AddCrm(crm => crm.UseSqlite("Data Source=")));
    }

    [Fact]
    public async Task Every_row_of_a_customer_begins_with_tenant_and_bucket()
    {
        await using (var store = SqliteStore.Open(file.Path))
        {
            await store.MigrateAsync(Token);
        }

        using var connection = Connect();
        using var command = connection.CreateCommand();
        command.CommandText = """
            SELECT m.name, i.name FROM sqlite_master m JOIN pragma_table_info(m.name) i
            WHERE m.type = 'table' AND i.pk > 0 AND m.name NOT IN ('crm_schema', 'crm_quota', 'crm_document') ORDER BY m.name, i.pk
            """;
        using var reader = command.ExecuteReader();
        var keys = new Dictionary<string, string>();
        while (reader.Read())
        {
            keys[reader.GetString(0)] = keys.GetValueOrDefault(reader.GetString(0)) + reader.GetString(1) + ",";
        }

        Assert.Equal(
            ["crm_checkpoint", "crm_customer", "crm_event", "crm_event_line", "crm_fact", "crm_identity", "crm_key", "crm_ledger", "crm_outbox", "crm_profile", "crm_slot", "crm_text", "crm_wakeup"],
            keys.Keys.Order(StringComparer.Ordinal));
        Assert.All(keys.Values, key => Assert.StartsWith("tenant,bucket,", key, StringComparison.Ordinal));
    }

    // What is made of the list itself is read whole: it is v, r or free.
    private static bool ReadsWhole(string line) => line.Split(' ') is ["SCAN", var table, ..] && table is not ("v" or "r" or "free" or "CONSTANT") && !char.IsAsciiDigit(table[0]);

    private static IEnumerable<SqlStatement> StatementsOfTheStore() => typeof(SqlStore).Assembly.GetTypes().SelectMany(type => type.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic))
        .Where(field => field.FieldType == typeof(SqlStatement)).Select(field => (SqlStatement)field.GetValue(null)!);

    private static List<string> Explained(SqliteConnection connection, string sql, int column)
    {
        var lines = new List<string>();
        Assert.Equal(raw.SQLITE_OK, raw.sqlite3_prepare_v2(connection.Handle, sql, out var plan));
        using (plan)
        {
            while (raw.sqlite3_step(plan) == raw.SQLITE_ROW)
            {
                lines.Add(raw.sqlite3_column_text(plan, column).utf8_to_string());
            }
        }

        return lines;
    }

    /// <summary>A purchase with all that a loyalty programme writes: lines, slots, ledger entries, a fact and the next due instant.</summary>
    internal static Commit Purchase(int customer) => Samples.Commit(customer, 1) with
    {
        Entries = [Samples.FullEntry(customer, 2, $"pos:purchase-{customer}")],
        Slots = [Samples.Slot("kernel", 1), Samples.Slot("loyalty", 2)],
        Ledger = [Samples.Issued(52), Samples.Issued(10, "bonus")],
        Facts = [new("loyalty.points", 62)],
        NextDue = Samples.At(100),
        NextDueChanged = true,
    };

    /// <summary>What the customer buys after <see cref="Purchase"/>.</summary>
    internal static Commit NextPurchase(int customer) => Purchase(customer) with { ExpectedVersion = 2, Version = 3, Entries = [Samples.FullEntry(customer, 3, $"pos:next-{customer}")] };

    private SqliteConnection Connect()
    {
        var connection = new SqliteConnection($"Data Source={file.Path};Pooling=False");
        connection.Open();
        return connection;
    }

    private long? Execute(string sql)
    {
        using var connection = Connect();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return (long?)command.ExecuteScalar();
    }

    /// <summary>A database that gives nobody a connection to write with before its time.</summary>
    private sealed class OpenedLate(SqlDatabase inner, Task opened) : SqlDatabase
    {
        public override SqlDialect Dialect => inner.Dialect;

        public override ValueTask<SqlSession> ReadAsync(CancellationToken cancellationToken) => inner.ReadAsync(cancellationToken);

        public override async ValueTask<SqlSession> WriteAsync(CancellationToken cancellationToken)
        {
            await opened;
            return await inner.WriteAsync(cancellationToken);
        }

        public override ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
