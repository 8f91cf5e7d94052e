using Crm.Storage.Sql;
using Crm.Tests.Shared;
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
    [MemberData(nameof(OnlyReads))]
    public async Task What_only_reads_brings_no_store_forward_and_says_what_does(string command)
    {
        Make(null);
        var before = await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken);

        var old = await Support.Tool.RunAsync([.. Call(command), "--store", file]);

        Assert.Equal((3, ""), (old.Code, old.Out));
        Assert.Contains("apply what 'crm schema --dialect sqlite --from 1' prints", old.Error, StringComparison.Ordinal);
        Assert.Equal(before, await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken));

        var script = await Support.Tool.RunAsync("schema", "--dialect", "sqlite", "--from", "1");
        Execute(script.Out, script => script.ExecuteNonQuery());
        var after = await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken);
        var now = await Support.Tool.RunAsync([.. Call(command), "--store", file]);

        Assert.True(now.Code is 0 or 1, now.Error); // of nobody there is little to say
        Assert.Equal(SqlSchema.Versions, Scalar("SELECT MAX(version) FROM crm_schema"));
        Assert.Equal(after, await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken));
        Execute($"INSERT INTO crm_schema (version, oldest) VALUES ({SqlSchema.Versions + 1}, {SqlSchema.Versions + 1})", later => later.ExecuteNonQuery());
        var later = await Support.Tool.RunAsync([.. Call(command), "--store", file]);
        Assert.Equal((3, ""), (later.Code, later.Out));
        Assert.Contains($"The store has schema version {SqlSchema.Versions + 1}", later.Error, StringComparison.Ordinal);
    }

    public static TheoryData<string> OnlyReads { get; } =
    [
        "verify",
        "report summary",
        "report rfm",
        "report nes",
        "report pareto",
        "segments list",
        "loyalty certify",
        "loyalty balance user:1",
        "loyalty expiring user:1",
        "loyalty explain user:1 pos:1",
        "campaigns dead-letters",
    ];

    // A programme, a journey or a segment that does not fit could hide what the command above does to a store.
    [Fact]
    public void Only_commands_that_write_may_bring_a_store_forward()
    {
        var writing = Directory.EnumerateFiles(RepositoryRoot.PathOf("src", "Crm.Tool"), "*.cs", SearchOption.AllDirectories)
            .Where(source => !source.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal) && !source.EndsWith("OpenedStore.cs", StringComparison.Ordinal))
            .Where(source => File.ReadAllText(source) is var code && (code.Contains("OpenMode.MustExist", StringComparison.Ordinal) || code.Contains("OpenMode.CreateWhenMissing", StringComparison.Ordinal)))
            .Select(Path.GetFileName);

        Assert.Equal(["DemoCommand.cs", "EraseCommand.cs", "Importer.cs", "LawRun.cs", "OpenCommand.cs", "RetentionCommand.cs"], writing.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("import")]
    [InlineData("privacy")]
    public async Task A_dry_run_brings_no_store_forward(string command)
    {
        Make(null);
        var tool = await Support.Tool.RunAsync([.. command == "import" ? ["import", sales, "--map", "online-retail"] : (string[])["privacy", "retention", "--until", "2020-01-01"], "--store", file, "--dry-run"]);

        Assert.Equal((3, ""), (tool.Code, tool.Out));
        Assert.Contains($"version 1 of the schema, and this release reads version {SqlSchema.Versions}", tool.Error, StringComparison.Ordinal);
        Assert.Equal(1, Scalar("SELECT MAX(version) FROM crm_schema"));
    }

    [Fact]
    public async Task Laws_remove_what_they_made_and_not_the_file_of_others()
    {
        Make("CREATE TABLE app (x INT)");

        await Support.Tool.RunAsync("laws", "--store", file);

        Assert.Equal(1, Scalar("SELECT COUNT(*) FROM sqlite_master WHERE name = 'app'"));
    }

    private static string[] Call(string command) => command.Split(' ');

    // Null: a store of the first release.
    private void Make(string? sql)
    {
        if (sql?.Length == 0)
        {
            File.WriteAllBytes(file, []);
            return;
        }

        var script = SqlSchema.Script(Crm.Storage.Sqlite.SqliteDialect.Instance);
        Execute(sql ?? $"{script[..script.IndexOf("-- Migration 2", StringComparison.Ordinal)]}COMMIT", command => command.ExecuteNonQuery());
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
