using Crm.Storage.PostgreSql;
using Crm.Storage.Sql;
using Crm.Storage.Sqlite;
using Crm.Testing;
using Crm.Values;

namespace Crm.Storage.Tests;

/// <summary>The SQL that the store sends keeps to what a partitioned, or a distributed, database needs.</summary>
public sealed class Statements
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_statement_to_SQLite_names_tenant_and_bucket()
    {
        using var file = new TemporaryFile();
        var sent = new HashSet<string>(StringComparer.Ordinal);
        await using var store = SqliteStore.Open(file.Path, new SqliteStoreOptions { OnStatement = sql => sent.Add(sql) });

        await DoEverythingAsync(store);

        Assert.InRange(sent.Count, 40, 100);
        Assert.All(sent, StatementRules.Check);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Every_statement_to_PostgreSQL_names_tenant_and_bucket(bool distributed)
    {
        await using var database = new PostgreSqlFactory(new PostgreSqlStoreOptions { Distributed = distributed });
        var sent = new HashSet<string>(StringComparer.Ordinal);
        await using var store = database.OpenWith(options => options with { OnStatement = sql => sent.Add(sql) });

        await DoEverythingAsync(store);

        Assert.InRange(sent.Count, 40, 100);
        Assert.All(sent, distributed ? StatementRules.CheckDistributed : StatementRules.Check);
    }

    [Theory]
    [InlineData("SELECT content FROM crm_slot WHERE customer_id = $1")]
    [InlineData("SELECT content FROM crm_slot WHERE tenant = $1 AND customer_id = $2")]
    [InlineData("SELECT c.version FROM v JOIN crm_customer c ON c.tenant = v.tenant AND c.customer_id = v.customer_id")]
    [InlineData("SELECT c.version FROM crm_customer c LEFT JOIN crm_profile p ON p.customer_id = c.customer_id WHERE c.tenant = $1 AND c.bucket = $2")]
    [InlineData("INSERT INTO crm_slot (customer_id, name, content) VALUES ($1, $2, $3)")]
    [InlineData("UPDATE crm_outbox SET state = 1 WHERE tenant = $1 AND id = $2")]
    [InlineData("UPDATE \"crm\".crm_outbox SET state = 1 WHERE tenant = $1 AND id = $2")]
    [InlineData("DELETE FROM crm_fact WHERE (tenant, customer_id, name) IN (VALUES ($1, $2, $3))")]
    [InlineData("SELECT customer_id FROM crm_wakeup WHERE tenant = $1 AND due_at <= $2 ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED")]
    [InlineData("SELECT s.content FROM crm_slot s WHERE s.name = $1 AND EXISTS (SELECT 1 FROM crm_event WHERE tenant = $2 AND bucket = $3)")]
    [InlineData("SELECT content FROM crm_slot WHERE name = $1 UNION ALL SELECT content FROM crm_profile WHERE tenant = $2 AND bucket = $3")]
    [InlineData("SELECT 1 FROM (SELECT version FROM crm_customer WHERE customer_id = $1) c WHERE tenant = $2 AND bucket = $3")]
    [InlineData("SELECT available FROM crm_quota WHERE name = $1")]
    [InlineData("UPDATE crm_document SET content = $1 WHERE kind = $2 AND name = $3")]
    public void A_statement_that_names_no_bucket_is_seen(string sql) => Assert.NotNull(StatementRules.FaultOf(sql));

    [Theory]
    [InlineData("SELECT content FROM crm_slot WHERE tenant = $1 AND bucket = $2 FOR UPDATE")]
    [InlineData("SELECT 1 FROM crm_key k JOIN crm_event e ON e.tenant = k.tenant AND e.bucket = k.customer_bucket")]
    public void A_statement_that_a_distributed_database_refuses_is_seen(string sql) => Assert.NotNull(StatementRules.DistributedFaultOf(sql));

    [Theory]
    [InlineData("SELECT 1 FROM crm_customer c JOIN crm_slot s ON s.tenant = c.tenant", "SELECT 1 FROM \"club\".crm_customer c JOIN \"club\".crm_slot s ON s.tenant = c.tenant")]
    [InlineData("SELECT x.\"crm_rank\", x.\"crm_fact\" FROM crm_members x JOIN shop.crm_slot y ON 1 = 1", "SELECT x.\"crm_rank\", x.\"crm_fact\" FROM crm_members x JOIN shop.crm_slot y ON 1 = 1")]
    [InlineData("CREATE INDEX crm_outbox_free ON crm_outbox (tenant)", "CREATE INDEX crm_outbox_free ON \"club\".crm_outbox (tenant)")]
    public void Only_tables_of_the_store_are_named_with_its_schema(string text, string sent) => Assert.Equal(sent, new SqlStatement(text).In(new PostgreSqlDialect("club"), 0));

    [Fact]
    public void No_table_has_what_a_distributed_database_refuses()
    {
        var script = SqlSchema.Script(new PostgreSqlDialect("crm", distributed: true));

        Assert.All(["REFERENCES", "UNIQUE", "SERIAL", "AS IDENTITY", "GENERATED", "SEQUENCE", "TRIGGER"], word => Assert.DoesNotContain(word, script, StringComparison.OrdinalIgnoreCase));
    }

    private static async Task DoEverythingAsync(SqlStore store)
    {
        var full = SqliteStores.Purchase(1) with
        {
            Claims = [new IdentityClaim(Identity.Phone("+85291234567"), 2)],
            Profile = Fields.Of(("district", "central")),
            Checkpoints = [new Checkpoint(Samples.At(1), [])],
            CheckpointsInvalidFrom = Samples.At(0),
            Outbox = [Samples.Message(1, "welcome"), Samples.Message(1, "thanks")],
            Withdrawn = ["other"],
            Quotas = [new Modules.QuotaDraw("mug", 1), new Modules.QuotaDraw("cup", -1)],
        };
        await ((IQuotas)store).SetAsync("mug", 5, Token);
        await store.CommitAsync(Samples.Birth(1), Token);
        Assert.Equal(CommitResult.Done, await store.CommitAsync(full, Token));
        await store.CommitManyAsync([full, Samples.Birth(2) with { Claims = [new IdentityClaim(Samples.User(1), 1)] }, Samples.Birth(3)], Token);
        await store.CommitAsync(Samples.Commit(1, 2) with { Facts = [new Modules.Fact("loyalty.points", default)], Profile = default(Fields), NextDueChanged = true, Settled = ["welcome"] }, Token);
        await store.LoadManyAsync([CustomerRef.Of(Samples.User(1)) with { Recording = full.Entries[0].Event.Key }, CustomerRef.Of(Samples.Customer(1))], Token);
        await store.LoadHistoryAsync(Samples.Customer(1), new HistoryStart.BeforeEvent(full.Entries[0].Event.Key), Token);
        await store.ReadJournalAsync(Samples.Customer(1), 0, Token).CountAsync(Token);
        await store.ReadCustomersAsync(Token).CountAsync(Token);
        await store.ReadLedgerAsync(Token).CountAsync(Token);
        await store.ReadFactsAsync(Token).CountAsync(Token);
        await store.ReadIdentitiesAsync(Token).CountAsync(Token);
        await store.CommitAsync(Samples.Commit(3, 1) with { NextDue = Samples.At(1), NextDueChanged = true }, Token);
        Assert.Single(await store.LeaseDueAsync(Samples.At(9), Samples.At(9), Samples.At(10), 5, Token));
        var items = await ((IOutbox)store).LeaseAsync(Samples.At(9), Samples.At(10), 5, Token);
        await ((IOutbox)store).ReleaseAsync(items[0], Samples.At(10), Samples.At(11), Token);
        await ((IOutbox)store).SettleAsync(items[0], Token);
        await ((IQuotas)store).AvailableAsync("mug", Token);
        await store.CountDeferredAsync(Samples.At(9), Token);
        Commit[] merge =
        [
            Samples.Commit(3, 2, "pos:gone") with { Retirement = new Retirement(Samples.Customer(1), 2, 1), NextDueChanged = true, Outbox = [Samples.Message(3, "waits")] },
            Samples.Commit(1, 3, "pos:merged"),
        ];
        Assert.Equal(new AtomicResult(CommitResult.Done, null), await store.CommitTogetherAsync(merge, Token));
        Assert.Equal(Samples.Customer(1), (await store.LoadAsync(CustomerRef.Of(Samples.Customer(3)), Token)).Customer);
        await ((IDocumentStore)store).AddAsync(new StoredDocument("kind", "name", 1, "{}", Samples.At(1)), Token);
        await ((IDocumentStore)store).LatestAsync("kind", "name", Token);
        await ((IDocumentStore)store).ReadAllAsync("kind", Token).CountAsync(Token);
    }
}
