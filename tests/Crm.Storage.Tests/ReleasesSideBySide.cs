using System.Globalization;
using System.Text.RegularExpressions;
using Crm.Engine;
using Crm.Events;
using Crm.Storage.PostgreSql;
using Crm.Storage.Sql;
using Crm.Storage.Sqlite;
using Crm.Testing;
using Crm.Values;
using Microsoft.Data.Sqlite;

namespace Crm.Storage.Tests;

/// <summary>A release goes on, and starts, beside a later one that has migrated the store, where the migration says that it may.</summary>
public sealed class ReleasesSideBySide
{
    private static readonly string[] Changed = ["crm_customer", "crm_slot", "crm_event", "crm_event_line", "crm_key", "crm_ledger", "crm_fact", "crm_wakeup", "crm_checkpoint", "crm_outbox", "crm_quota", "crm_document", "crm_identity", "crm_profile"];
    private readonly FakeClock clock = new(Samples.At(0));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    // What a later release may do to tables that this one uses: columns that statements of now do not name.
    private static string LaterMigration => string.Concat(Changed.Select(table => $"ALTER TABLE {table} ADD COLUMN later bigint; ")) + $"INSERT INTO crm_schema (version, oldest) VALUES ({SqlSchema.Versions + 1}, {SqlSchema.Versions})";

    [Fact]
    public async Task In_SQLite_a_release_goes_on_and_starts_beside_a_later_one_whose_tables_it_can_use()
    {
        using var file = new TemporaryFile();
        await GoesOnAsync(() => SqliteStore.Open(file.Path), () =>
        {
            using var connection = new SqliteConnection($"Data Source={file.Path};Pooling=False");
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = LaterMigration;
            command.ExecuteNonQuery();
        });
    }

    [Fact]
    public async Task In_PostgreSQL_a_release_goes_on_and_starts_beside_a_later_one_whose_tables_it_can_use()
    {
        await using var database = new PostgreSqlFactory(new PostgreSqlStoreOptions());
        await GoesOnAsync(() => database.OpenWith(options => options), () => database.Execute(LaterMigration));
    }

    [Fact]
    public void Every_migration_says_which_releases_can_use_its_tables() => Assert.All(
        Enumerable.Range(1, SqlSchema.Versions),
        version =>
        {
            var said = Regex.Match(SqlSchema.Script(SqliteDialect.Instance), $@"INSERT INTO crm_schema \(version, oldest\) VALUES \({version}, (\d+)\);");
            Assert.InRange(int.Parse(said.Groups[1].Value, CultureInfo.InvariantCulture), 1, version);
        });

    private async Task GoesOnAsync(Func<SqlStore> open, Action migrateLater)
    {
        await using var running = open();
        await RecordAsync(running, "pos:1");
        migrateLater();

        await RecordAsync(running, "pos:2");
        await using var restarted = open();
        await RecordAsync(restarted, "pos:3");
        await restarted.CommitManyAsync([Bench(2), Bench(3)], Token);
        await ((IQuotas)restarted).SetAsync("mug", 3, Token);
        await ((IDocumentStore)restarted).AddAsync(new StoredDocument("programme", "club", 1, "{}", Samples.At(0)), Token);

        Assert.Equal(["pos:1", "pos:2", "pos:3"], (await restarted.LoadAsync(CustomerRef.Of(Identity.User("amy")), Token)) is { Customer: { } amy }
            ? await restarted.ReadJournalAsync(amy, 0, Token).Select(entry => entry.Event.Key.ToString()).ToListAsync(Token)
            : []);
        Assert.Equal(2, (await ((IOutbox)restarted).LeaseAsync(Samples.At(50), Samples.At(51), 10, Token)).Count);
        Assert.Equal(2, (await restarted.LeaseDueAsync(Samples.At(50), Samples.At(50), Samples.At(51), 10, Token)).Count);
        Assert.Equal(3, await ((IQuotas)running).AvailableAsync("mug", Token));
        Assert.Equal(2, await running.ReadLedgerAsync(Token).CountAsync(Token));
        Assert.Equal(3, await running.ReadCustomersAsync(Token).CountAsync(Token));
    }

    private static Commit Bench(int customer) => Samples.Birth(customer) with
    {
        Slots = [Samples.Slot("loyalty", 1)],
        Ledger = [Samples.Issued(5)],
        Facts = [new("loyalty.points", 5)],
        Profile = Fields.Of(("city", "HK")),
        NextDue = Samples.At(1),
        NextDueChanged = true,
        Outbox = [Samples.Message(customer, "thanks")],
        Checkpoints = [new Checkpoint(Samples.At(0), [Samples.Slot("loyalty", 1)])],
    };

    private async Task RecordAsync(SqlStore store, string key) =>
        await new CrmEngine(store, [], new CrmOptions(), clock, new SeededIdSource()).RecordAsync(CustomerEvent.Purchase(key, Identity.User("amy"), Money.Hkd(52)), Token);
}
