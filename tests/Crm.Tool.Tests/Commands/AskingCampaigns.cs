using System.Text.Json;
using Crm.Tool.Tests.Support;

namespace Crm.Tool.Tests.Commands;

/// <summary>crm campaigns: over the demo, whose journeys it decides by, and over imported sales, with journeys of files.</summary>
public sealed class AskingCampaigns : IDisposable
{
    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task The_decisions_of_the_demo_are_those_of_its_report_and_say_why()
    {
        var file = await ShopAsync();
        var report = (await Support.Tool.RunAsync("report", "summary", "--store", file, "--as-of", End, "--json")).Json.GetProperty("messages");

        var all = (await Support.Tool.RunAsync("campaigns", "decisions", "--store", file, "--json")).Json.GetProperty("decisions").EnumerateArray().ToList();

        Assert.Equal(report.GetProperty("sent").GetInt64(), all.Count(decision => decision.GetProperty("status").GetString() == "sent"));
        Assert.Contains(all, decision => decision.GetProperty("status").GetString() == "suppressed");
        Assert.All(all.Where(decision => decision.GetProperty("status").GetString() is "suppressed" or "lost"), decision => Assert.NotEqual(JsonValueKind.Null, decision.GetProperty("reason").ValueKind));
        var winBack = (await Support.Tool.RunAsync("campaigns", "decisions", "--journey", "win-back", "--status", "sent", "--store", file, "--lang", "zh-Hant", "--json")).Json.GetProperty("decisions").EnumerateArray().ToList();
        Assert.NotEmpty(winBack);
        Assert.All(winBack, decision => Assert.Contains("發出了旅程「win-back」（第 1 版）的訊息，因為距離「purchase」", decision.GetProperty("why").GetString(), StringComparison.Ordinal));
    }

    [Fact]
    public async Task Other_journeys_over_the_demo_say_who_would_be_contacted_more_and_the_same_ones_change_nothing()
    {
        var file = await ShopAsync();
        var same = folder.Write("welcome.json", Journey("welcome", """{"event":"consent.given"}"""));
        var more = folder.Write("cups.json", Journey("cups", """{"event":"purchase"}"""));

        var unchanged = await Support.Tool.RunAsync("campaigns", "simulate", same, "--store", file, "--as-of", End, "--json");
        var changed = await Support.Tool.RunAsync("campaigns", "simulate", more, "--store", file, "--as-of", End, "--json");

        Assert.Equal((0, 0), (unchanged.Code, changed.Code));
        Assert.Equal((0, 0, 0), (unchanged.Json.GetProperty("more").GetInt32(), unchanged.Json.GetProperty("fewer").GetInt32(), unchanged.Json.GetProperty("changes").GetArrayLength()));
        Assert.Equal((await Support.Tool.RunAsync("report", "summary", "--store", file, "--as-of", End, "--json")).Json.GetProperty("messages").GetProperty("sent").GetInt64(), unchanged.Json.GetProperty("now").GetProperty("sent").GetInt64());
        Assert.True(changed.Json.GetProperty("more").GetInt32() > 0);
        Assert.Equal(changed.Out, (await Support.Tool.RunAsync("campaigns", "simulate", more, "--store", file, "--as-of", End, "--json")).Out);
        Assert.Contains("位會收到更多", (await Support.Tool.RunAsync("campaigns", "simulate", more, "--store", file, "--as-of", End, "--lang", "zh-Hant")).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Imported_sales_are_simulated_as_they_occurred_and_only_where_it_is_said_that_all_agreed()
    {
        var store = folder.PathOf("sales.db");
        var sales = folder.Write("sales.csv", SampleSales.OnlineRetail(1_000));
        Assert.Equal(0, (await Support.Tool.RunAsync("import", sales, "--map", "online-retail", "--store", store)).Code);
        var file = folder.Write("thanks.json", Journey("thanks", """{"event":"purchase"}"""));

        Assert.Equal(2, (await Support.Tool.RunAsync("campaigns", "simulate", file, "--store", store)).Code);
        var live = await Support.Tool.RunAsync("campaigns", "simulate", file, "--store", store, "--imports-as-live", "--as-if-all-agreed", "--json");
        var silent = await Support.Tool.RunAsync("campaigns", "simulate", file, "--store", store, "--as-if-all-agreed", "--json");

        var purchases = (await Support.Tool.RunAsync("report", "summary", "--store", store, "--json")).Json.GetProperty("purchases").GetInt64();
        Assert.Equal((purchases, 0), (live.Json.GetProperty("then").GetProperty("sent").GetInt64(), silent.Json.GetProperty("then").GetProperty("sent").GetInt64()));
        Assert.Equal(1, (await Support.Tool.RunAsync("campaigns", "simulate", folder.Write("bad.json", "{}"), "--store", store, "--as-if-all-agreed")).Code);
        Assert.Equal(1, (await Support.Tool.RunAsync("campaigns", "decisions", "user:nobody", "--store", store)).Code);
    }

    [Fact]
    public async Task Messages_that_never_arrived_are_listed_with_what_became_of_them()
    {
        var file = await ShopAsync();
        await using (var store = Storage.Sqlite.SqliteStore.Open($"Data Source={file}"))
        {
            // A worker that comes a year later finds that what waits is too late.
            var shop = new Crm.Tool.Demo.TeaShop();
            var clock = new Crm.Testing.FakeClock(NodaTime.Instant.FromUtc(2027, 3, 1, 0, 0));
            var engine = new Engine.CrmEngine(store, shop.Modules, new Engine.CrmOptions { Zone = NodaTime.DateTimeZoneProviders.Tzdb["Asia/Hong_Kong"] }, clock, new Crm.Testing.SeededIdSource(99), new Engine.CrmPorts { Gate = shop.Gate });
            await engine.RunDueAsync();
            Assert.NotEqual(0, (await engine.PumpAsync()).Stale);
        }

        var dead = (await Support.Tool.RunAsync("campaigns", "dead-letters", "--store", file, "--json")).Json.GetProperty("deadLetters").EnumerateArray().ToList();
        var stale = (await Support.Tool.RunAsync("campaigns", "decisions", "--status", "stale", "--store", file, "--json")).Json.GetProperty("decisions").EnumerateArray().ToList();

        Assert.NotEmpty(dead);
        Assert.Equal(stale.Select(decision => decision.GetProperty("occasion").GetString()).Order(StringComparer.Ordinal), dead.Where(one => one.GetProperty("outcome").GetString() == "stale").Select(one => one.GetProperty("occasion").GetString()).Order(StringComparer.Ordinal));
        Assert.All(dead.Where(one => one.GetProperty("outcome").GetString() == "stale"), one => Assert.Equal("useful-time-over", one.GetProperty("reason").GetString()));
    }

    private const string End = "2026-03-01T16:00:00Z";

    private static string Journey(string id, string trigger) => $$$"""{"id":"{{{id}}}","trigger":{{{trigger}}},"message":{"channel":"email","template":"{{{id}}}","purpose":"marketing","usefulFor":"P3D"}}""";

    private async Task<string> ShopAsync()
    {
        var file = folder.PathOf("demo.db");
        await Support.Tool.RunAsync("demo", "--customers", "25", "--days", "60", "--store", file);
        return file;
    }
}
