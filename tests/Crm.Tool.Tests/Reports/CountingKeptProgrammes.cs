using Crm.Tool.Tests.Support;

namespace Crm.Tool.Tests.Reports;

/// <summary>Programmes whose refunds reach no further than the purchase are a module of their own; every report counts it like the other.</summary>
public sealed class CountingKeptProgrammes : IDisposable
{
    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("history")]
    [InlineData("none")]
    [InlineData("history", "none")]
    public async Task Cards_tiers_and_units_are_counted_with_and_without_cascade(params string[] cascades)
    {
        var (store, each) = (await Shop(cascades), cascades.Length);
        var now = (await Support.Tool.RunAsync("report", "summary", "--store", store, "--json")).Json;
        var then = (await Support.Tool.RunAsync("report", "summary", "--store", store, "--as-of", "2020-01-02", "--json")).Json;

        // Amy has three stamps, of which two are a full card; Bob has one.
        Assert.Equal((2 * each, 1 * each), (now.GetProperty("stampCards").GetProperty("open").GetInt32(), now.GetProperty("stampCards").GetProperty("completed").GetInt32()));
        Assert.Equal((1 * each, 1 * each), (then.GetProperty("stampCards").GetProperty("open").GetInt32(), then.GetProperty("stampCards").GetProperty("completed").GetInt32()));
        Assert.Equal(1 * each, now.GetProperty("tiers").GetProperty("gold").GetInt32());
        Assert.Equal(40 * each, now.GetProperty("units").GetProperty("points").GetProperty("available").GetInt32());
    }

    [Fact]
    public async Task The_commands_of_loyalty_know_the_programme_without_cascade()
    {
        var store = await Shop(["history", "none"]);
        var balance = (await Support.Tool.RunAsync("loyalty", "balance", "rfm-orders-id:Amy", "--store", store, "--json")).Json.GetProperty("units").EnumerateArray().Where(unit => unit.GetProperty("unit").GetString() == "points");
        var expiring = (await Support.Tool.RunAsync("loyalty", "expiring", "rfm-orders-id:Amy", "--store", store, "--json")).Json.GetProperty("lots").EnumerateArray().ToList();
        var quote = await Support.Tool.RunAsync("loyalty", "quote", "rfm-orders-id:Amy", "--spend", "5.00 USD", "--store", store, "--lang", "zh-Hant");
        var certified = await Support.Tool.RunAsync("loyalty", "certify", "--store", store, "--json");

        Assert.Equal([("club-history", 30), ("club-none", 30)], balance.Select(unit => (unit.GetProperty("program").GetString()!, unit.GetProperty("available").GetInt32())));
        Assert.Equal(["club-history", "club-none"], expiring.Select(lot => lot.GetProperty("program").GetString()!).Distinct());
        Assert.Equal(["club-history：按規則「base」獲得 5 points。", "club-none：按規則「base」獲得 5 points。"], quote.Out.Split('\n').Where(line => line.Contains("「base」", StringComparison.Ordinal)).Select(line => line.TrimEnd()));
        Assert.True(certified.Code == 0, certified.Error);
        Assert.Equal(0, (await Support.Tool.RunAsync("verify", "--store", store)).Code);
    }

    private async Task<string> Shop(string[] cascades)
    {
        var store = folder.PathOf("shop.db");
        var sales = folder.Write("sales.csv", "customer_id,order_date,revenue\nAmy,2020-01-01,10\nAmy,2020-01-01,10.00\nAmy,2020-01-02,10\nBob,2020-01-03,10\n");
        var programs = cascades.SelectMany(cascade => new[] { "--program", folder.Write($"{cascade}.json", Program(cascade)) });
        var import = await Support.Tool.RunAsync(["import", sales, "--map", "rfm-orders", "--store", store, .. programs]);
        Assert.True(import.Code == 0, import.Error);
        return store;
    }

    private static string Program(string cascade) => $$"""
        {
          "name": "club-{{cascade}}", "zone": "UTC", "cascade": "{{cascade}}",
          "units": [{ "name": "points", "kind": "redeemable", "expires": { "days": 4000, "lastDay": "included" } }, { "name": "status", "kind": "status" }],
          "rules": [{ "rule": "points-per-amount", "name": "base", "unit": "points", "points": 1, "per": "1.00 USD", "basis": "spend", "rounding": "floor" },
                    { "rule": "points-per-amount", "name": "status", "unit": "status", "points": 1, "per": "1.00 USD", "basis": "spend", "rounding": "floor" }],
          "ladders": [{ "name": "tier", "unit": "status", "window": "lifetime", "tiers": [{ "name": "gold", "from": 15 }] }],
          "stampCards": [{ "name": "cups", "goal": 2, "per": "visit" }]
        }
        """;
}
