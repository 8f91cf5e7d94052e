using Crm.Storage;
using Crm.Storage.PostgreSql;
using Crm.Storage.Sql;
using Crm.Storage.Sqlite;
using Crm.Testing;
using Crm.Tests.Shared;
using Crm.Tool.Tests.Support;
using Microsoft.Data.Sqlite;

namespace Crm.Tool.Tests.Commands;

/// <summary>What the tool does with a file, it does with a PostgreSQL database.</summary>
public sealed class StoresInPostgreSql : IDisposable
{
    private readonly TestFolder folder = new();
    private readonly string schema = PostgreSqlServer.NewSchema();

    private string Store => $"postgresql:{PostgreSqlServer.ConnectionString};Search Path={schema}";

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task An_import_and_its_report_are_the_same_as_with_a_file()
    {
        try
        {
            var missing = await Support.Tool.RunAsync("report", "summary", "--store", Store);
            var sales = folder.Write("sales.csv", SampleSales.OnlineRetail(200));
            var club = folder.Write("club.json", SampleSales.Program("club", "Europe/London", "GBP"));
            var file = folder.PathOf("shop.db");
            foreach (var store in new[] { file, Store })
            {
                var import = await Support.Tool.RunAsync("import", sales, "--map", "online-retail", "--program", club, "--store", store, "--json");
                Assert.True(import.Code == 0, import.Error);
                var again = await Support.Tool.RunAsync("import", sales, "--map", "online-retail", "--store", store.Replace("postgresql:", "postgres:", StringComparison.Ordinal), "--json");
                Assert.Equal(0, again.Json.GetProperty("recorded").GetInt32());
            }

            Assert.Equal((3, ""), (missing.Code, missing.Out));
            Assert.StartsWith("There is no store in schema", missing.Error, StringComparison.Ordinal);
            Assert.Equal(
                (await Support.Tool.RunAsync("report", "summary", "--store", file, "--json")).Out,
                (await Support.Tool.RunAsync("report", "summary", "--store", Store, "--json")).Out);
        }
        finally
        {
            PostgreSqlServer.Execute($"DROP SCHEMA IF EXISTS {schema} CASCADE");
        }
    }

    [Fact]
    public async Task A_replica_answers_reports_and_segments_as_the_primary_does_and_takes_no_event()
    {
        try
        {
            var sales = folder.Write("sales.csv", SampleSales.OnlineRetail(200));
            Assert.Equal(0, (await Support.Tool.RunAsync("import", sales, "--map", "online-retail", "--store", Store)).Code);
            var often = folder.Write("often.json", """{"$schema":"segment/1","id":"often","label":{"en":"often","zh-Hant":"often"},"where":{"count":"purchase","window":{"last":"P90D"},"is":{"gte":4}}}""");
            var lately = folder.Write("lately.json", """{"$schema":"segment/1","id":"lately","label":{"en":"lately","zh-Hant":"lately"},"where":{"count":"purchase","window":{"last":"P1D"},"is":{"gte":1}}}""");
            // A replica takes nothing but what it is sent by the primary, as a session that only reads does.
            var replica = $"{Store};Options=-c default_transaction_read_only=on";

            foreach (var question in new string[][]
            {
                ["report", "summary"],
                ["report", "rfm"],
                ["segments", "size", "often", "--segments", often],
                ["segments", "members", "lately", "--segments", lately],
                ["segments", "overlap", "often", "lately", "--segments", often, lately],
            })
            {
                var primary = await Support.Tool.RunAsync([.. question, "--store", Store, "--as-of", "2011-01-03", "--json"]);
                var copied = await Support.Tool.RunAsync([.. question, "--store", replica, "--as-of", "2011-01-03", "--json"]);

                Assert.True(primary.Code == 0, primary.Error);
                Assert.Equal((primary.Code, primary.Out), (copied.Code, copied.Out));
            }

            var more = folder.Write("more.csv", SampleSales.OnlineRetail(220));
            Assert.Equal(3, (await Support.Tool.RunAsync("import", more, "--map", "online-retail", "--store", replica)).Code);
        }
        finally
        {
            PostgreSqlServer.Execute($"DROP SCHEMA IF EXISTS {schema} CASCADE");
        }
    }

    [Fact]
    public async Task All_laws_are_kept_and_nothing_of_them_is_left()
    {
        try
        {
            var tool = await Support.Tool.RunAsync("laws", "--store", Store);

            Assert.True(tool.Code == 0, tool.Out);
            var skipped = StorageLaws.All.Count(law => law.Needs is { } need && need != typeof(IFaultyStores));
            Assert.EndsWith($"{StorageLaws.All.Count - skipped} kept, 0 broken, {skipped} skipped", tool.Out.TrimEnd(), StringComparison.Ordinal);
            Assert.All(SqlSchema.Tables.Skip(1), table => Assert.Equal(0L, PostgreSqlServer.Execute($"SELECT COUNT(*) FROM {schema}.{table}")));
        }
        finally
        {
            PostgreSqlServer.Execute($"DROP SCHEMA IF EXISTS {schema} CASCADE");
        }
    }

    [Fact]
    public async Task The_printed_schema_is_one_that_a_store_finds()
    {
        var tool = await Support.Tool.RunAsync("schema", "--dialect", "sqlite");
        var file = folder.PathOf("by-hand.db");
        await using (var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Pooling = false }.ToString()))
        {
            await connection.OpenAsync(TestContext.Current.CancellationToken);
            await using var command = connection.CreateCommand();
            command.CommandText = tool.Out;
            await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }

        await using var store = SqliteStore.Open(file);

        Assert.True(await store.ExistsAsync(TestContext.Current.CancellationToken));
        Assert.Equal(CommitResult.Done, await store.CommitAsync(Samples.Birth(1), TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(1, false)]
    public async Task Nothing_is_said_of_distribution_where_there_is_nothing_to_distribute(int from, bool distributes)
    {
        var script = (await Support.Tool.RunAsync("schema", "--dialect", "postgresql", "--citus", "--from", from.ToString(System.Globalization.CultureInfo.InvariantCulture))).Out;

        Assert.Equal((distributes, distributes), (script.Contains("Citus", StringComparison.Ordinal), script.Contains("create_distributed_table", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task The_printed_schema_brings_a_store_on_from_the_version_that_it_has_and_no_other()
    {
        try
        {
            var whole = (await Support.Tool.RunAsync("schema", "--dialect", "postgresql", "--schema", schema)).Out;
            PostgreSqlServer.Execute($"{whole[..whole.IndexOf("-- Migration 2", StringComparison.Ordinal)]}COMMIT");
            var old = await Support.Tool.RunAsync("report", "summary", "--store", Store);
            Assert.Equal(3, old.Code);
            Assert.Contains($"apply what 'crm schema --dialect postgresql --schema {schema} --from 1' prints", old.Error, StringComparison.Ordinal);

            var upgrade = (await Support.Tool.RunAsync("schema", "--dialect", "postgresql", "--schema", schema, "--from", "1")).Out;
            var another = (await Support.Tool.RunAsync("schema", "--dialect", "postgresql", "--schema", schema, "--from", "2")).Out;
            Assert.Throws<Npgsql.PostgresException>(() => PostgreSqlServer.Execute(another));
            Assert.Equal(1L, PostgreSqlServer.Execute($"SELECT MAX(version) FROM {schema}.crm_schema"));
            PostgreSqlServer.Execute(upgrade);
            Assert.Throws<Npgsql.PostgresException>(() => PostgreSqlServer.Execute(upgrade));

            Assert.Equal(0, (await Support.Tool.RunAsync("report", "summary", "--store", Store)).Code);
            Assert.Equal((long)SqlSchema.Versions, PostgreSqlServer.Execute($"SELECT COUNT(*) FROM {schema}.crm_schema"));
            Assert.DoesNotContain("create_distributed_table", (await Support.Tool.RunAsync("schema", "--dialect", "postgresql", "--citus", "--from", "1")).Out, StringComparison.Ordinal);
        }
        finally
        {
            PostgreSqlServer.Execute($"DROP SCHEMA IF EXISTS {schema} CASCADE");
        }
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("999")]
    public async Task A_version_that_nobody_knows_is_refused(string from)
    {
        var tool = await Support.Tool.RunAsync("schema", "--dialect", "sqlite", "--from", from);

        Assert.Equal(2, tool.Code);
        Assert.Contains($"--from: this release knows no version {from} of the schema; 0 to {SqlSchema.Versions} is expected.", tool.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_schema_for_Citus_distributes_every_table_of_customers_by_bucket()
    {
        var tool = await Support.Tool.RunAsync("schema", "--dialect", "postgresql", "--schema", "crm", "--citus", "--json");

        var sql = tool.Json.GetProperty("sql").GetString() ?? "";
        Assert.All(SqlSchema.TablesByBucket, table => Assert.Contains($"create_distributed_table('\"crm\".{table}', 'bucket', colocate_with", sql, StringComparison.Ordinal));
        Assert.Equal(SqlSchema.Tables.Count, CitusSchema.Statements(new PostgreSqlDialect("crm", distributed: true)).Count);
        Assert.DoesNotContain("PARTITION BY", sql, StringComparison.Ordinal);
    }
}
