using Crm.Tool.Tests.Support;

namespace Crm.Tool.Tests.Commands;

public sealed class CommandLine : IDisposable
{
    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData]
    [InlineData("frobnicate")]
    [InlineData("import", "x.csv", "--store", "memory")]
    [InlineData("import", "x.csv", "--map", "cdnow")]
    [InlineData("import", "x.csv", "--map", "cdnow", "--store", "memory", "--zone", "Mars")]
    [InlineData("import", "x.csv", "--map", "cdnow", "--store", "memory", "--json", "--csv")]
    [InlineData("import", "x.csv", "--map", "cdnow", "--store", "memory", "--lang", "fr")]
    [InlineData("report", "summary")]
    [InlineData("report", "summary", "--store", "postgresql:Hust=nowhere")]
    [InlineData("report", "summary", "--store", "postgresql:Database=club")]
    [InlineData("schema")]
    [InlineData("schema", "--dialect", "oracle")]
    [InlineData("schema", "--dialect", "sqlite", "--citus")]
    [InlineData("schema", "--dialect", "postgresql", "--partitions", "5000")]
    [InlineData("schema", "--dialect", "postgresql", "--partitions", "8", "--citus")]
    [InlineData("report", "summary", "--store", "mysql:shop")]
    [InlineData("report", "summary", "--store", "memory", "--as-of", "yesterday")]
    [InlineData("report", "summary", "--store", "memory", "--tenant", "Big Shop")]
    [InlineData("validate")]
    public async Task A_wrong_command_line_is_exit_code_2_and_a_sentence(params string[] args)
    {
        var tool = await Support.Tool.RunAsync(args);

        Assert.Equal((2, ""), (tool.Code, tool.Out));
        Assert.NotEqual("", tool.Error.Trim());
        Assert.DoesNotContain("   at ", tool.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("none.db", "There is no store at")]
    [InlineData("text.db", "The store: ")]
    public async Task A_store_that_cannot_be_used_is_exit_code_3(string name, string expected)
    {
        folder.Write("text.db", new string('x', 5_000));
        var tool = await Support.Tool.RunAsync("report", "summary", "--store", folder.PathOf(name));

        Assert.Equal((3, ""), (tool.Code, tool.Out));
        Assert.StartsWith(expected, tool.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_does_not_answer_is_exit_code_3_and_no_password_is_shown()
    {
        var tool = await Support.Tool.RunAsync("report", "summary", "--store", "postgresql:Host=127.0.0.1;Port=1;Username=amy;Password=secret-word");

        Assert.Equal((3, ""), (tool.Code, tool.Out));
        Assert.StartsWith("The store: ", tool.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("secret-word", tool.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("import", "--help")]
    [InlineData("report", "--help")]
    [InlineData("report", "summary", "--help")]
    [InlineData("validate", "--help")]
    [InlineData("laws", "--help")]
    [InlineData("schema", "--help")]
    [InlineData("demo", "--help")]
    [InlineData("segments", "--help")]
    [InlineData("segments", "explain", "--help")]
    [InlineData("verify", "--help")]
    [InlineData("loyalty", "--help")]
    [InlineData("loyalty", "balance", "--help")]
    [InlineData("loyalty", "open", "--help")]
    [InlineData("loyalty", "simulate", "--help")]
    public async Task Every_command_has_help_with_examples(params string[] args)
    {
        var tool = await Support.Tool.RunAsync(args);

        Assert.Equal((0, ""), (tool.Code, tool.Error));
        Assert.Contains($"Examples:\n  crm {string.Join(' ', args.SkipLast(1))}".TrimEnd(), tool.Out.ReplaceLineEndings("\n"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_tenant_sees_only_what_is_its_own()
    {
        var sales = folder.Write("sales.csv", SampleSales.OnlineRetail(50));
        var store = folder.PathOf("shops.db");
        await Support.Tool.RunAsync("import", sales, "--map", "online-retail", "--store", store, "--tenant", "tea");

        Assert.Equal(50, (await Support.Tool.RunAsync("report", "summary", "--store", store, "--tenant", "tea", "--json")).Json.GetProperty("events").GetInt32());
        Assert.Equal(0, (await Support.Tool.RunAsync("report", "summary", "--store", store, "--tenant", "coffee", "--json")).Json.GetProperty("events").GetInt32());
        Assert.Equal(0, (await Support.Tool.RunAsync("report", "summary", "--store", store, "--json")).Json.GetProperty("events").GetInt32());
    }

    [Fact]
    public async Task The_process_says_what_the_command_says()
    {
        var sales = folder.Write("sales.csv", SampleSales.OnlineRetail(50));
        var store = $"sqlite:{folder.PathOf("shop.db")}";
        var import = await ToolProcess.RunAsync("import", sales, "--map", "online-retail", "--store", store, "--json");
        var summary = await ToolProcess.RunAsync("report", "summary", "--store", store, "--json");
        var wrong = await ToolProcess.RunAsync("import", sales, "--map", "on-line", "--store", store);

        Assert.Equal((0, 50), (import.Code, import.Json.GetProperty("recorded").GetInt32()));
        Assert.Equal((0, 50), (summary.Code, summary.Json.GetProperty("events").GetInt32()));
        Assert.Equal((1, ""), (wrong.Code, wrong.Out));
        Assert.Contains("No mapping is named 'on-line'", wrong.Error, StringComparison.Ordinal);
    }
}
