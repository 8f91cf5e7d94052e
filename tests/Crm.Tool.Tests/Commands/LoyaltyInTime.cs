using System.Text.Json;
using Crm.Engine;
using Crm.Events;
using Crm.Loyalty;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Storage.Sqlite;
using Crm.Tool.Stores;
using Crm.Tool.Tests.Support;
using Crm.Values;
using NodaTime;

namespace Crm.Tool.Tests.Commands;

/// <summary>What falls due by itself is in balances and in the report as the engine has it, whether or not anybody has written it.</summary>
public sealed class LoyaltyInTime : IDisposable
{
    private const string AfterDays = """{ "days": 30, "lastDay": "excluded" }""";
    private const string WhenIdle = """{ "idle": { "days": 30, "lastDay": "excluded" } }""";
    private static readonly Identity Amy = new("rfm-orders-id", "Amy");
    private static readonly Identity Bob = new("rfm-orders-id", "Bob");

    private readonly TestFolder folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("2020-01-30T23:59:59Z", 100, 0)]
    [InlineData("2020-01-31T00:00:00Z", 0, 100)]
    [InlineData("2020-03-01T00:00:00Z", 0, 100)]
    public async Task Units_that_idle_run_out_whether_or_not_anybody_has_written_so(string at, long available, long expired)
    {
        var store = await Shop(WhenIdle);
        await Records(store, Bought("pos:1", Amy, 1, 100));

        Assert.Equal((available, 0L, 0L, 0L), await Balance(store, Amy, at));
        var units = await Report(store, at);
        Assert.Equal((100L, available, expired), (units("issued"), units("available"), units("expired")));
    }

    [Fact]
    public async Task What_idles_is_told_with_the_instant_at_which_it_runs_out()
    {
        var store = await Shop(WhenIdle);
        await Records(store, Bought("pos:1", Amy, 1, 100), Bought("pos:2", Amy, 5, 10));

        var lots = (await Support.Tool.RunAsync("loyalty", "expiring", Named(Amy), "--store", store, "--as-of", "2020-01-10", "--json")).Json.GetProperty("lots").EnumerateArray();

        Assert.Equal(["2020-02-04T00:00:00Z 110"], lots.Select(lot => $"{lot.GetProperty("at").GetString()} {lot.GetProperty("amount").GetInt64()}"));
    }

    [Theory]
    [InlineData("2020-01-10T12:59:59Z", 60, 40)]
    [InlineData("2020-01-10T13:00:00Z", 100, 0)]
    public async Task What_was_set_aside_returns_at_its_time(string at, long available, long reserved)
    {
        var store = await Shop(AfterDays);
        await Records(store, Bought("pos:1", Amy, 1, 100), RewardEvents.Reserve("pos:2", SpendAuthority.CardPresent(Amy), 40, Duration.FromHours(1)) with { OccurredAt = On(10) });

        Assert.Equal((available, 0L, reserved, 0L), await Balance(store, Amy, at));
        var units = await Report(store, at);
        Assert.Equal((available, reserved), (units("available"), units("reserved")));
    }

    [Theory]
    [InlineData("2020-01-23", 0, 30, 100)]
    [InlineData("2020-01-25", 0, 0, 70)]
    public async Task Units_that_waited_repay_what_is_owed(string at, long available, long pending, long debt)
    {
        var store = await Shop(AfterDays, """ "pending": { "days": 10 }, """);
        await Records(
            store,
            Bought("pos:1", Amy, 1, 100),
            LoyaltyEvents.Redeem("pos:2", SpendAuthority.CardPresent(Amy), 100) with { OccurredAt = On(12) },
            CustomerEvent.Refund("pos:3", Amy, "pos:1", Usd(100)) with { OccurredAt = On(13) },
            Bought("pos:4", Amy, 14, 30));

        Assert.Equal((available, pending, 0L, debt), await Balance(store, Amy, at));
        var units = await Report(store, at);
        Assert.Equal((available, pending, debt), (units("available"), units("pending"), units("debt")));
    }

    [Fact]
    public async Task What_a_late_sale_gave_is_there_until_it_ran_out()
    {
        var store = await Shop(AfterDays);
        await Records(store, Bought("pos:1", Amy, 90, 5));
        await Records(store, Bought("pos:late", Amy, 1, 100));

        Assert.Equal((100L, 0L, 0L, 0L), await Balance(store, Amy, "2020-01-15"));
        var units = await Report(store, "2020-01-15");
        Assert.Equal((100L, 100L, 0L), (units("issued"), units("available"), units("expired")));
        Assert.Equal((0L, 0L, 0L, 0L), await Balance(store, Amy, "2020-02-15"));
    }

    [Fact]
    public async Task The_balances_of_all_add_up_to_the_report_at_any_time_whoever_has_run_what_was_due()
    {
        var store = await Shop(WhenIdle);
        await Records(
            store,
            Bought("pos:1", Amy, 1, 100),
            Bought("pos:2", Bob, 3, 50),
            RewardEvents.Reserve("pos:3", SpendAuthority.CardPresent(Bob), 20, Duration.FromDays(20)) with { OccurredAt = On(20) },
            LoyaltyEvents.Redeem("pos:4", SpendAuthority.CardPresent(Amy), 30) with { OccurredAt = On(25) });
        string[] times = ["2020-01-02", "2020-01-20T12:00:00Z", "2020-02-02", "2020-02-09", "2020-02-20", "2020-06-01"];
        var before = await Figures(store, times);

        await RunsDue(store);

        Assert.Equal(before, await Figures(store, times));
    }

    [Fact]
    public async Task Cards_are_those_of_the_day_also_where_a_worker_has_gone_on()
    {
        var store = await Shop(AfterDays, cards: """ , "stampCards": [{ "name": "cups", "goal": 10, "per": "visit", "expires": { "from": "latest-stamp", "life": { "days": 30, "lastDay": "excluded" } } }] """);
        await Records(store, Bought("pos:1", Amy, 1, 100));
        await RunsDue(store);

        var (then, later) = (await Cards(store, "2020-01-15"), await Cards(store, "2020-02-15"));

        Assert.Equal((1L, 0L), (then, later));
    }

    [Fact]
    public async Task Where_nobody_defines_the_programme_it_is_said_and_no_wrong_number_is_given()
    {
        var (store, file) = (folder.PathOf("host.db"), folder.Write("club.json", Program(WhenIdle, "")));
        await using (var opened = SqliteStore.Open(store))
        {
            var engine = new CrmEngine(opened, LoyaltyModule.Of(LoyaltyProgramJson.Read(File.ReadAllText(file))), new CrmOptions { Zone = DateTimeZone.Utc }, SystemClock.Instance, new RandomIdSource());
            await engine.RecordAsync(Bought("pos:1", Amy, 1, 100), Token);
        }

        foreach (var list in new[] { "balance", "expiring" })
        {
            var unknown = await Support.Tool.RunAsync("loyalty", list, Named(Amy), "--store", store, "--as-of", "2020-03-01", "--json");
            var table = await Support.Tool.RunAsync("loyalty", list, Named(Amy), "--store", store, "--as-of", "2020-03-01", "--lang", "zh-Hant");

            Assert.Equal(0, unknown.Code);
            Assert.Equal(["club points"], unknown.Json.GetProperty("unknown").EnumerateArray().Select(one => $"{one.GetProperty("program").GetString()} {one.GetProperty("unit").GetString()}"));
            Assert.Contains("'club'", unknown.Error, StringComparison.Ordinal);
            Assert.Contains("--program", unknown.Error, StringComparison.Ordinal);
            Assert.Contains("「club」", table.Error, StringComparison.Ordinal);
        }

        var balance = await Support.Tool.RunAsync("loyalty", "balance", Named(Amy), "--store", store, "--as-of", "2020-03-01", "--json");
        Assert.Equal(JsonValueKind.Null, balance.Json.GetProperty("units")[0].GetProperty("available").ValueKind);
        var report = await Support.Tool.RunAsync("report", "summary", "--store", store, "--as-of", "2020-03-01", "--json");
        Assert.Equal(JsonValueKind.Null, report.Json.GetProperty("units").GetProperty("points").GetProperty("available").ValueKind);
        Assert.Contains("'club'", report.Error, StringComparison.Ordinal);

        Assert.Equal((0L, 0L, 0L, 0L), await Balance(store, Amy, "2020-03-01", "--program", file));
        Assert.Equal((100L, 0L, 0L, 0L), await Balance(store, Amy, "2020-01-30", "--program", file));
        Assert.Equal(100, (await Report(store, "2020-03-01", "--program", file))("expired"));
    }

    [Fact]
    public async Task Another_programme_of_a_name_that_the_store_has_is_refused()
    {
        var store = await Shop(WhenIdle);
        await Records(store, Bought("pos:1", Amy, 1, 100));

        foreach (string[] command in (string[][])[["loyalty", "balance", Named(Amy)], ["report", "summary"]])
        {
            var refused = await Support.Tool.RunAsync([.. command, "--store", store, "--program", folder.Write("other.json", Program(AfterDays, ""))]);

            Assert.Equal((1, ""), (refused.Code, refused.Out));
            Assert.Contains("'club'", refused.Error, StringComparison.Ordinal);
        }
    }

    private async Task<List<string>> Figures(string store, string[] times)
    {
        var figures = new List<string>();
        foreach (var at in times)
        {
            var (amy, bob, units) = (await Balance(store, Amy, at), await Balance(store, Bob, at), await Report(store, at));
            Assert.Equal(
                (amy.Available + bob.Available, amy.Pending + bob.Pending, amy.Reserved + bob.Reserved, amy.Debt + bob.Debt),
                (units("available"), units("pending"), units("reserved"), units("debt")));
            Assert.Equal(units("issued") - units("spent") - units("expired") - units("reversed") - units("transferred"), units("available") + units("pending") + units("reserved") - units("debt"));
            figures.Add($"{at}: {amy} {bob} {units("issued")} {units("spent")} {units("expired")}");
        }

        return figures;
    }

    private static async Task<(long Available, long Pending, long Reserved, long Debt)> Balance(string store, Identity who, string at, params string[] more)
    {
        var told = await Support.Tool.RunAsync(["loyalty", "balance", Named(who), "--store", store, "--as-of", at, "--json", .. more]);
        Assert.True(told.Code == 0, told.Error);
        var unit = told.Json.GetProperty("units").EnumerateArray().SingleOrDefault();
        return unit.ValueKind == JsonValueKind.Undefined ? default : (Of("available"), Of("pending"), Of("reserved"), Of("debt"));

        long Of(string figure) => unit.GetProperty(figure).GetInt64();
    }

    private static async Task<Func<string, long>> Report(string store, string at, params string[] more)
    {
        var told = await Support.Tool.RunAsync(["report", "summary", "--store", store, "--as-of", at, "--json", .. more]);
        Assert.True(told.Code == 0, told.Error);
        var units = told.Json.GetProperty("units").GetProperty("points");
        return figure => units.GetProperty(figure).GetInt64();
    }

    private static string Named(Identity who) => $"{who.Kind}:{who.Value}";

    private static Money Usd(long dollars) => Money.Of(dollars, Currency.Of("USD"));

    private static Instant On(int day) => Instant.FromUtc(2019, 12, 31, 12, 0) + Duration.FromDays(day);

    private static CustomerEvent Bought(string key, Identity who, int day, long dollars) => CustomerEvent.Purchase(key, who, Usd(dollars)) with { OccurredAt = On(day) };

    private async Task<string> Shop(string expires, string more = "", string cards = "")
    {
        var store = folder.PathOf("shop.db");
        var sales = folder.Write("sales.csv", "customer_id,order_date,revenue\n");
        var import = await Support.Tool.RunAsync("import", sales, "--map", "rfm-orders", "--store", store, "--program", folder.Write("club.json", Program(expires, more, cards)));
        Assert.True(import.Code == 0, import.Error);
        return store;
    }

    private static async Task Records(string store, params CustomerEvent[] events)
    {
        await using var opened = await Open(store);
        var engine = await Engine(opened);
        foreach (var one in events)
        {
            var receipt = await engine.RecordAsync(one, Token);
            Assert.True(receipt.Accepted, receipt.Refusal?.Detail.English);
        }
    }

    private static async Task RunsDue(string store)
    {
        await using var opened = await Open(store);
        await (await Engine(opened)).RunDueAsync(100, Token);
    }

    private static async Task<long> Cards(string store, string at) =>
        (await Support.Tool.RunAsync("report", "summary", "--store", store, "--as-of", at, "--json")).Json.GetProperty("stampCards").GetProperty("open").GetInt64();

    private static ValueTask<OpenedStore> Open(string store) => OpenedStore.OpenAsync(new StoreLocation.Sqlite(store) { Tenant = "default" }, OpenMode.MustExist, Token);

    private static ValueTask<CrmEngine> Engine(OpenedStore opened) => opened.EngineAsync(new StoreSettings(DateTimeZone.Utc), SystemClock.Instance, Token);

    private static string Program(string expires, string more, string cards = "") => $$"""
        {
          "name": "club", "zone": "UTC",
          "units": [{ "name": "points", "kind": "redeemable", {{more}} "expires": {{expires}} }],
          "rules": [{ "rule": "points-per-amount", "name": "base", "unit": "points", "points": 1, "per": "1.00 USD", "basis": "spend", "rounding": "floor" }]{{cards}}
        }
        """;
}
