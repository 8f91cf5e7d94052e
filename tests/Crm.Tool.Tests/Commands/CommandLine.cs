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
    [InlineData("loyalty", "balance", "phone:+852", "--store", "{store}")]
    [InlineData("loyalty", "explain", "phone:+852", "pos:1", "--store", "{store}")]
    [InlineData("segments", "explain", "vip", "phone:none", "--store", "{store}")]
    [InlineData("privacy", "erase", "phone:none", "--store", "{store}", "--key", "desk:1")]
    [InlineData("privacy", "erase", "user:1", "--store", "{store}", "--key", "none")]
    [InlineData("schema", "--dialect", "postgresql", "--schema", "No Schema")]
    [InlineData("schema", "--dialect", "postgresql", "--partitions", "-1")]
    [InlineData("report", "summary", "--store", "postgresql:Hust=nowhere")]
    [InlineData("report", "summary", "--store", "postgresql:Host=here;Search Path=No Schema")]
    [InlineData("validate", "{club}")]
    [InlineData("import", "{sales}", "--map", "online-retail", "--store", "memory", "--program", "{club}")]
    [InlineData("loyalty", "certify", "--store", "{store}", "--key", "{sales}", "--certificate", "{certificate}")]
    public async Task What_is_said_to_people_names_no_parameter(params string[] args)
    {
        var places = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["{sales}"] = folder.Write("sales.csv", SampleSales.OnlineRetail(5)),
            ["{club}"] = folder.Write("club.json", SampleSales.Program("club", "Europe/London", "pounds")),
            ["{store}"] = folder.PathOf("shop.db"),
            ["{certificate}"] = folder.PathOf("books.txt"),
        };
        await Support.Tool.RunAsync("import", places["{sales}"], "--map", "online-retail", "--store", places["{store}"]);

        var tool = await Support.Tool.RunAsync([.. args.Select(arg => places.GetValueOrDefault(arg, arg))]);

        Assert.Contains(tool.Code, new[] { ExitCode.WrongInput, ExitCode.Usage });
        Assert.NotEqual("", (tool.Out + tool.Error).Trim());
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

    [Theory]
    [InlineData("import", "", "--map", "cdnow", "--store", "memory")]
    [InlineData("import", "x\0y", "--map", "cdnow", "--store", "memory")]
    [InlineData("import", "{sales}", "--map", "", "--store", "memory")]
    [InlineData("import", "{sales}", "--map", "{folder}", "--store", "memory")]
    [InlineData("import", "{sales}", "--map", "{locked}", "--store", "memory")]
    [InlineData("import", "{sales}", "--map", "{half}", "--store", "memory")]
    [InlineData("import", "{sales}", "--map", "cdnow", "--store", "memory", "--program", "")]
    [InlineData("import", "--suggest", "")]
    [InlineData("import", "--suggest", "{folder}")]
    [InlineData("validate", "")]
    [InlineData("validate", "x\0y")]
    [InlineData("validate", "{folder}")]
    [InlineData("validate", "{half}")]
    [InlineData("loyalty", "open", "", "--map", "{opening}", "--store", "memory")]
    [InlineData("loyalty", "open", "{sales}", "--map", "", "--store", "memory")]
    [InlineData("segments", "diff", "", "{half}", "--store", "{store}")]
    [InlineData("segments", "list", "--segments", "", "--store", "{store}")]
    [InlineData("segments", "test", "", "--segments", "")]
    [InlineData("report", "rfm", "--bins", "fixed:", "--store", "{store}")]
    [InlineData("report", "rfm", "--segments", "", "--store", "{store}")]
    [InlineData("loyalty", "certify", "--check", "", "--key", "")]
    [InlineData("loyalty", "certify", "--key", "", "--certificate", "{folder}", "--store", "{store}")]
    [InlineData("loyalty", "certify", "--export", "", "--store", "{store}")]
    [InlineData("loyalty", "certify", "--certificate", "{folder}", "--store", "{store}")]
    [InlineData("loyalty", "certify", "--check", "{folder}", "--key", "{folder}")]
    [InlineData("import", "{sales}", "--map", "cdnow", "--store", "memory", "--program", "{half}")]
    [InlineData("segments", "list", "--segments", "{half}", "--store", "{store}")]
    [InlineData("campaigns", "simulate", "{half}", "--store", "{store}")]
    [InlineData("campaigns", "simulate", "", "--store", "{store}")]
    [InlineData("loyalty", "simulate", "", "--store", "{store}")]
    public async Task A_file_that_cannot_be_read_is_a_sentence_and_never_a_trace(params string[] args)
    {
        var places = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["{folder}"] = folder.Path,
            ["{sales}"] = folder.Write("sales.csv", SampleSales.OnlineRetail(5)),
            ["{half}"] = folder.Write("half.json", """{ "name": "\ud800", "format": { "kind": "csv" }, "rows": [] }"""),
            ["{locked}"] = Directory.CreateDirectory(folder.PathOf("locked.json")).FullName,
            ["{opening}"] = folder.Write("opening.json", """{ "name": "old-till", "zone": "Asia/Hong_Kong", "format": { "kind": "csv" }, "member": { "column": "member", "kind": "user" }, "tiers": { "tier": "tier" } }"""),
            ["{store}"] = folder.PathOf("shop.db"),
        };
        await Support.Tool.RunAsync("import", places["{sales}"], "--map", "online-retail", "--store", places["{store}"]);

        var tool = await Support.Tool.RunAsync([.. args.Select(arg => places.GetValueOrDefault(arg, arg))]);

        Assert.Contains(tool.Code, new[] { ExitCode.WrongInput, ExitCode.Usage });
        Assert.NotEqual("", tool.Error.Trim());
        Assert.DoesNotContain("   at ", tool.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_mapping_that_somebody_holds_is_a_sentence_and_never_a_trace()
    {
        var sales = folder.Write("sales.csv", SampleSales.OnlineRetail(5));
        var map = folder.Write("map.json", "{}");
        await using var held = new FileStream(map, FileMode.Open, FileAccess.ReadWrite, FileShare.None);

        var tool = await Support.Tool.RunAsync("import", sales, "--map", map, "--store", "memory");

        Assert.Equal((1, ""), (tool.Code, tool.Out));
        Assert.StartsWith($"--map: '{map}' cannot be read: ", tool.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_customer_of_a_later_release_is_exit_code_3_and_nothing_is_written()
    {
        var sales = folder.Write("sales.csv", SampleSales.OnlineRetail(50));
        var store = folder.PathOf("shop.db");
        string[] import = ["import", sales, "--map", "online-retail", "--store", store, "--program", folder.Write("club.json", SampleSales.Program("club", "Europe/London", "GBP"))];
        await Support.Tool.RunAsync(import);
        await using (var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={store};Pooling=False"))
        {
            await connection.OpenAsync(TestContext.Current.CancellationToken);
            await using var later = connection.CreateCommand();
            later.CommandText = "UPDATE crm_slot SET codec = 99 WHERE name = 'kernel' AND customer_id = (SELECT MAX(customer_id) FROM crm_slot)";
            Assert.Equal(1, await later.ExecuteNonQueryAsync(TestContext.Current.CancellationToken));
        }

        File.WriteAllText(sales, SampleSales.OnlineRetail(50).Replace("\n1", "\n9", StringComparison.Ordinal));
        foreach (var command in new string[][] { import, ["report", "summary", "--store", store] })
        {
            var tool = await Support.Tool.RunAsync(command);

            Assert.Equal((3, ""), (tool.Code, tool.Out));
            Assert.StartsWith("The store: The state of 'kernel' has version 99", tool.Error, StringComparison.Ordinal);
        }

        await using var opened = Crm.Storage.Sqlite.SqliteStore.Open(store);
        Assert.Equal(50, await opened.ReadAllAsync(TestContext.Current.CancellationToken).CountAsync(TestContext.Current.CancellationToken));
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
