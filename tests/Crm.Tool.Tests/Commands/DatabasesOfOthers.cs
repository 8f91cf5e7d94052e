using Crm.Storage.Sql;
using Crm.Tool.Tests.Support;
using Microsoft.Data.Sqlite;

namespace Crm.Tool.Tests.Commands;

/// <summary>A SQLite file is a store when the tables are in it; what only reads makes none, and a dry run changes none.</summary>
public sealed class DatabasesOfOthers : IDisposable
{
    private readonly TestFolder folder = new();
    private readonly string file;
    private readonly string sales;

    public DatabasesOfOthers()
    {
        file = folder.PathOf("app.db");
        sales = folder.Write("sales.csv", SampleSales.OnlineRetail(20));
    }

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("", "report", "summary")]
    [InlineData("", "verify")]
    [InlineData("CREATE TABLE app (x INT)", "report", "summary")]
    [InlineData("CREATE TABLE app (x INT)", "segments", "list")]
    [InlineData("CREATE TABLE app (x INT)", "privacy", "retention", "--until", "2020-01-01")]
    public async Task A_database_without_the_tables_is_no_store_and_stays_as_it_is(string content, params string[] args)
    {
        Make(content);
        var before = await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken);

        var tool = await Support.Tool.RunAsync([.. args, "--store", file]);

        Assert.Equal((3, ""), (tool.Code, tool.Out));
        Assert.StartsWith($"There is no store at '{file}'.", tool.Error, StringComparison.Ordinal);
        Assert.Equal(before, await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken));
        Assert.Equal(["app.db", "sales.csv"], Directory.EnumerateFiles(folder.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_dry_run_leaves_another_applications_database_as_it_is()
    {
        Make("CREATE TABLE app (x INT)");
        var before = await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken);

        var dry = await Support.Tool.RunAsync("import", sales, "--map", "online-retail", "--store", file, "--dry-run", "--json");

        Assert.Equal((0, 20, 0), (dry.Code, dry.Json.GetProperty("events").GetInt32(), dry.Json.GetProperty("already").GetInt32()));
        Assert.Equal(before, await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task An_import_makes_the_tables_beside_those_of_the_application()
    {
        Make("CREATE TABLE app (x INT)");

        Assert.Equal(0, (await Support.Tool.RunAsync("import", sales, "--map", "online-retail", "--store", file)).Code);
        Assert.Equal(20, (await Support.Tool.RunAsync("report", "summary", "--store", file, "--json")).Json.GetProperty("events").GetInt32());
        Assert.Equal(1, Scalar("SELECT COUNT(*) FROM sqlite_master WHERE name = 'app'"));
    }

    [Theory]
    [InlineData("import")]
    [InlineData("privacy")]
    public async Task A_dry_run_brings_no_store_forward(string command)
    {
        Make(null);
        var tool = await Support.Tool.RunAsync([.. command == "import" ? ["import", sales, "--map", "online-retail"] : (string[])["privacy", "retention", "--until", "2020-01-01"], "--store", file, "--dry-run"]);

        Assert.Equal((3, ""), (tool.Code, tool.Out));
        Assert.Contains($"version 1 of the schema, and this release writes version {SqlSchema.Versions}", tool.Error, StringComparison.Ordinal);
        Assert.Equal(1, Scalar("SELECT MAX(version) FROM crm_schema"));
    }

    [Fact]
    public async Task Laws_remove_what_they_made_and_not_the_file_of_others()
    {
        Make("CREATE TABLE app (x INT)");

        await Support.Tool.RunAsync("laws", "--store", file);

        Assert.Equal(1, Scalar("SELECT COUNT(*) FROM sqlite_master WHERE name = 'app'"));
    }

    // Null: a store of the first release.
    private void Make(string? sql)
    {
        if (sql?.Length == 0)
        {
            File.WriteAllBytes(file, []);
            return;
        }

        var script = SqlSchema.Script(Crm.Storage.Sqlite.SqliteDialect.Instance);
        Execute(sql ?? script[..script.IndexOf("-- Migration 2", StringComparison.Ordinal)], command => command.ExecuteNonQuery());
    }

    private long Scalar(string sql) => Execute(sql, command => (long)command.ExecuteScalar()!);

    private T Execute<T>(string sql, Func<SqliteCommand, T> run)
    {
        using var connection = new SqliteConnection($"Data Source={file};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return run(command);
    }
}
