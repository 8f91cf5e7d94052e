using Crm.Tool.Tests.Support;

namespace Crm.Tool.Tests.Commands;

public sealed class ImportingSales : IDisposable
{
    private readonly TestFolder folder = new();
    private readonly string sales;
    private readonly string store;

    public ImportingSales()
    {
        sales = folder.Write("sales.csv", SampleSales.OnlineRetail(200));
        store = folder.PathOf("shop.db");
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Json_is_one_object_with_the_agreed_fields()
    {
        var tool = await ImportAsync("--json");

        Assert.Equal((0, ""), (tool.Code, tool.Error));
        Assert.Equal(
            ["rows", "lines", "events", "recorded", "already", "ignored", "rejected", "roundedLines", "unmatchedRefunds", "customers", "seconds"],
            tool.Json.EnumerateObject().Select(property => property.Name));
        Assert.Equal(["lines", "quantity", "amount"], tool.Json.GetProperty("unmatchedRefunds").EnumerateObject().Select(property => property.Name));
        Assert.Equal((200, 0), (Number(tool, "recorded"), Number(tool, "already")));
        Assert.Equal(Number(tool, "rows"), Number(tool, "lines"));
    }

    [Fact]
    public async Task Importing_twice_records_nothing_and_changes_nothing()
    {
        var first = await ImportAsync("--json");
        var before = await SummaryAsync();
        var second = await ImportAsync("--json");

        Assert.Equal((0, 200, 0), (Number(second, "recorded"), Number(second, "already"), Number(second, "customers")));
        Assert.Equal(first.Json.GetProperty("unmatchedRefunds").ToString(), second.Json.GetProperty("unmatchedRefunds").ToString());
        Assert.Equal(before.Out, (await SummaryAsync()).Out);
    }

    [Fact]
    public async Task A_dry_run_writes_nothing_and_knows_what_is_there_already()
    {
        var dry = await ImportAsync("--dry-run", "--json");

        Assert.Equal((0, 200, 0, 0), (dry.Code, Number(dry, "events"), Number(dry, "recorded"), Number(dry, "already")));
        Assert.False(File.Exists(store));

        await ImportAsync();
        Assert.Equal((0, 200), (Number(dry = await ImportAsync("--dry-run", "--json"), "recorded"), Number(dry, "already")));
    }

    [Fact]
    public async Task Strict_writes_nothing_when_a_row_is_rejected_and_lists_all_of_them()
    {
        File.AppendAllText(sales, "X1,A,,many,2011-01-05 10:00:00,1,8,UK\nX2,A,,1,later,1,8,UK\n");
        var strict = await ImportAsync("--strict", "--json");

        Assert.Equal((1, ""), (strict.Code, strict.Out));
        Assert.Contains("Quantity: 'many' (not-a-number)", strict.Error, StringComparison.Ordinal);
        Assert.Contains("InvoiceDate: 'later' (not-a-time)", strict.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(store));

        var lenient = await ImportAsync("--json");
        Assert.Equal((0, 200), (lenient.Code, Number(lenient, "recorded")));
        Assert.Equal(["Quantity", "InvoiceDate"], lenient.Json.GetProperty("rejected").EnumerateArray().Select(row => row.GetProperty("column").GetString()));
        Assert.Equal(["line", "column", "value", "reason"], lenient.Json.GetProperty("rejected")[0].EnumerateObject().Select(property => property.Name));
    }

    [Fact]
    public async Task A_key_that_comes_again_with_other_content_is_rejected()
    {
        await ImportAsync();
        File.WriteAllText(sales, SampleSales.Header + "10000,A0,,5,2011-01-01 09:00:00,1.00,100,UK\n");
        var again = await ImportAsync("--json");

        var rejected = Assert.Single(again.Json.GetProperty("rejected").EnumerateArray());
        Assert.Equal(("key-recorded-with-other-content", 2), (rejected.GetProperty("reason").GetString(), rejected.GetProperty("line").GetInt32()));
        Assert.Equal((0, 0), (Number(again, "recorded"), Number(again, "already")));
    }

    [Fact]
    public async Task Strict_writes_nothing_when_a_key_was_recorded_with_other_content()
    {
        await ImportAsync();
        var before = await SummaryAsync();
        File.WriteAllText(sales, SampleSales.OnlineRetail(300) + "10000,A0,,5,2011-01-01 09:00:00,1.00,100,UK\n");

        foreach (var more in new string[][] { ["--strict"], ["--strict", "--dry-run"] })
        {
            var strict = await ImportAsync(more);
            Assert.Equal((1, ""), (strict.Code, strict.Out));
            Assert.Contains("line 2, InvoiceNo: '10000' (key-recorded-with-other-content)", strict.Error, StringComparison.Ordinal);
            Assert.Equal(before.Out, (await SummaryAsync()).Out);
        }

        // The same invoices with other customers are others: the first 200 have changed with the number of customers.
        File.WriteAllText(sales, SampleSales.OnlineRetail(200));
        Assert.Equal((0, 200), ((await ImportAsync("--strict")).Code, Number(await ImportAsync("--strict", "--json"), "already")));
    }

    [Fact]
    public async Task Strict_lists_rows_and_keys_and_what_the_store_says_together()
    {
        await ImportAsync();
        var before = await SummaryAsync();
        File.WriteAllText(sales, SampleSales.Header + "X1,A,,many,2011-01-05 10:00:00,1,8,UK\n10000,A0,,5,2011-01-01 09:00:00,1.00,100,UK\n");
        var late = folder.Write("late.json", SampleSales.Program("late", "Europe/London", "GBP"));

        foreach (var more in new string[][] { ["--strict"], ["--strict", "--dry-run"] })
        {
            var keys = await ImportAsync(more);
            var programmes = await ImportAsync([.. more, "--program", late]);

            Assert.Equal((1, "", 1, ""), (keys.Code, keys.Out, programmes.Code, programmes.Out));
            Assert.Contains("2 rows are rejected", keys.Error, StringComparison.Ordinal);
            Assert.Contains("line 2, Quantity: 'many' (not-a-number)", keys.Error, StringComparison.Ordinal);
            Assert.Contains("line 3, InvoiceNo: '10000' (key-recorded-with-other-content)", keys.Error, StringComparison.Ordinal);
            Assert.Contains("line 2, Quantity: 'many' (not-a-number)", programmes.Error, StringComparison.Ordinal);
            Assert.Contains("decided without 'late'", programmes.Error, StringComparison.Ordinal);
            Assert.Equal(before.Out, (await SummaryAsync()).Out);
        }
    }

    [Fact]
    public async Task Everything_wrong_with_what_an_import_is_given_comes_at_once()
    {
        var (map, program) = (folder.Write("bad.json", """{ "name": "My Shop" }"""), folder.Write("bad2.json", """{ "name": "club", "zone": "Mars" }"""));
        var inputs = await Support.Tool.RunAsync("import", folder.PathOf("none.csv"), "--map", map, "--program", program, "--store", store);
        var usage = await Support.Tool.RunAsync("import", folder.PathOf("none.csv"), "--map", map, "--program", program, "--store", "mysql:shop", "--zone", "Mars");
        var opening = await Support.Tool.RunAsync("loyalty", "open", folder.PathOf("none.csv"), "--map", map, "--program", program, "--store", store);

        Assert.Equal((1, 2, 1), (inputs.Code, usage.Code, opening.Code));
        Assert.All(new[] { inputs, usage, opening }, tool => Assert.All(new[] { $"{map}: name: ", $"{map}: zone: ", $"{program}: ", "none.csv' cannot be read" }, part => Assert.Contains(part, tool.Error, StringComparison.Ordinal)));
        Assert.All(new[] { "--zone: 'Mars'", "--store: 'mysql:shop'" }, part => Assert.Contains(part, usage.Error, StringComparison.Ordinal));
        Assert.False(File.Exists(store));
    }

    [Fact]
    public async Task A_dry_run_rejects_what_the_import_will_reject()
    {
        await ImportAsync();
        File.WriteAllText(sales, SampleSales.OnlineRetail(200) + "10000,A0,,5,2011-01-01 09:00:00,1.00,100,UK\n20000,A0,,1,2011-02-01 09:00:00,1.00,100,UK\n");

        var dry = await ImportAsync("--dry-run", "--json");
        var import = await ImportAsync("--json");

        Assert.Equal((199, 199), (Number(dry, "already"), Number(import, "already")));
        Assert.Equal((0, 1), (Number(dry, "recorded"), Number(import, "recorded")));
        Assert.Equal(import.Json.GetProperty("rejected").GetRawText(), dry.Json.GetProperty("rejected").GetRawText());
        Assert.Equal("key-recorded-with-other-content", Assert.Single(dry.Json.GetProperty("rejected").EnumerateArray()).GetProperty("reason").GetString());
    }

    [Fact]
    public async Task A_dry_run_holds_programmes_against_the_store()
    {
        await ImportAsync();
        var late = folder.Write("late.json", SampleSales.Program("late", "Europe/London", "GBP"));

        var (dry, import) = (await ImportAsync("--dry-run", "--program", late), await ImportAsync("--program", late));

        Assert.Equal((1, 1), (dry.Code, import.Code));
        Assert.Contains("decided without 'late'", dry.Error, StringComparison.Ordinal);
        Assert.Equal(import.Error, dry.Error);
    }

    [Fact]
    public async Task A_corrected_file_brings_in_the_event_that_was_rejected()
    {
        const string good = "X1,A,,2,2011-01-05 10:00:00,1.00,8,UK\nX1,B,,1,2011-01-05 10:00:00,3.00,8,UK\n";
        File.WriteAllText(sales, SampleSales.Header + good.Replace(",1,2011", ",one,2011", StringComparison.Ordinal));
        var wrong = await ImportAsync("--json");
        File.WriteAllText(sales, SampleSales.Header + good);
        var corrected = await ImportAsync("--json");

        Assert.Equal((0, 2), (Number(wrong, "recorded"), wrong.Json.GetProperty("rejected").GetArrayLength()));
        Assert.Equal((1, 0), (Number(corrected, "recorded"), corrected.Json.GetProperty("rejected").GetArrayLength()));
    }

    [Fact]
    public async Task A_store_keeps_its_zone()
    {
        await ImportAsync("--zone", "Asia/Hong_Kong");
        var other = await ImportAsync("--zone", "Europe/London");

        Assert.Equal(1, other.Code);
        Assert.Contains("the store's zone is 'Asia/Hong_Kong', not 'Europe/London'", other.Error, StringComparison.Ordinal);
        Assert.Equal(other.Error, (await ImportAsync("--zone", "Europe/London", "--dry-run")).Error);
        Assert.Equal(0, (await ImportAsync()).Code);
    }

    [Fact]
    public async Task A_wrong_file_makes_no_store()
    {
        File.WriteAllText(sales, "a;b\n1;2\n");
        var wrong = await ImportAsync();

        Assert.Equal((1, ""), (wrong.Code, wrong.Out));
        Assert.False(File.Exists(store));
    }

    [Fact]
    public async Task A_programme_comes_with_the_first_import_and_stays_what_it_is()
    {
        var club = folder.Write("club.json", SampleSales.Program("club", "Europe/London", "GBP"));
        Assert.Equal(0, (await ImportAsync("--program", club)).Code);
        Assert.Equal(0, (await ImportAsync("--program", club)).Code);

        var changed = folder.Write("changed.json", SampleSales.Program("club", "Europe/London", "GBP").Replace("\"points\": 1", "\"points\": 2", StringComparison.Ordinal));
        var late = folder.Write("late.json", SampleSales.Program("late", "Europe/London", "GBP"));
        var wrong = await ImportAsync("--program", changed, "--program", late);

        Assert.Equal(1, wrong.Code);
        Assert.Contains("the store has a programme 'club' with other content", wrong.Error, StringComparison.Ordinal);
        Assert.Contains("decided without 'late'", wrong.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Everything_wrong_with_a_programme_is_said()
    {
        var club = folder.Write("club.json", SampleSales.Program("Club", "Europe/Londres", "GBB"));
        var wrong = await ImportAsync("--program", club);

        Assert.Equal((1, 3), (wrong.Code, wrong.Error.TrimEnd().Split('\n').Length));
        Assert.False(File.Exists(store));
    }

    [Theory]
    [InlineData("""{"calendar":"shop-holidays","whenMissing":false}""", "No calendar is named 'shop-holidays'")]
    [InlineData("""{"fact":"segment.vip","is":{"eq":true},"whenMissing":false}""", "reads the fact 'segment.vip', which no module publishes")]
    public async Task A_programme_that_asks_for_what_is_not_here_is_refused_and_not_kept(string when, string said)
    {
        var club = SampleSales.Program("club", "Europe/London", "GBP");
        var wrong = await ImportAsync("--program", folder.Write("asking.json", club.Replace("\"points\": 1", $"\"points\": 1, \"when\": {when}", StringComparison.Ordinal)));
        var dry = await ImportAsync("--dry-run", "--program", folder.PathOf("asking.json"));

        Assert.Equal((1, "", 1), (wrong.Code, wrong.Out, dry.Code));
        Assert.Contains(said, wrong.Error, StringComparison.Ordinal);
        Assert.Equal(wrong.Error, dry.Error);
        Assert.Equal(0, (await ImportAsync("--program", folder.Write("club.json", club))).Code);
    }

    [Fact]
    public async Task Stopped_between_batches_it_says_what_was_done_and_does_the_rest_the_next_time()
    {
        // On a busy machine an import may be through before it is stopped; then there was too little of it.
        var (first, rows) = (await StoppedAsync(14_000), 14_000);
        while (first.Code == ExitCode.Done)
        {
            File.Delete(store);
            rows *= 2;
            first = await StoppedAsync(rows);
        }

        Assert.Equal(ExitCode.Interrupted, first.Code);
        Assert.Contains("Stopped", first.Error, StringComparison.Ordinal);
        var whole = folder.PathOf("whole.db");
        await Support.Tool.RunAsync("import", sales, "--map", "online-retail", "--store", whole);

        var second = await ImportAsync("--json");
        var done = first.Out.Length == 0 ? 0 : Number(first, "recorded");
        Assert.Equal((rows, done), (done + Number(second, "recorded"), Number(second, "already")));
        Assert.Equal((await Support.Tool.RunAsync("report", "summary", "--store", whole, "--json")).Out, (await SummaryAsync()).Out);
    }

    [Fact]
    public async Task Tables_and_csv_show_the_same_in_both_languages()
    {
        var english = await ImportAsync();
        var chinese = await ImportAsync("--lang", "zh-Hant");
        var csv = await ImportAsync("--csv");

        Assert.Contains("Recorded now", english.Out, StringComparison.Ordinal);
        Assert.Contains("先前已記錄", chinese.Out, StringComparison.Ordinal);
        Assert.StartsWith("field,value\r\nrows,", csv.Out, StringComparison.Ordinal);
        Assert.Contains("\r\nalready,200\r\n", csv.Out, StringComparison.Ordinal);
    }

    private async Task<Support.Tool> StoppedAsync(int rows)
    {
        File.WriteAllText(sales, SampleSales.OnlineRetail(rows));
        using var stopped = new CancellationTokenSource();
        var running = Task.Run(() => Support.Tool.RunAsync(stopped.Token, "import", sales, "--map", "online-retail", "--store", store, "--json"));
        while (!File.Exists(store) && !running.IsCompleted)
        {
            await Task.Delay(5);
        }

        await stopped.CancelAsync();
        return await running;
    }

    private static long Number(Support.Tool tool, string name) => tool.Json.GetProperty(name).GetInt64();

    private Task<Support.Tool> ImportAsync(params string[] more) => Support.Tool.RunAsync(["import", sales, "--map", "online-retail", "--store", store, .. more]);

    private Task<Support.Tool> SummaryAsync() => Support.Tool.RunAsync("report", "summary", "--store", store, "--json");
}
