using Crm.Tool.Tests.Support;

namespace Crm.Tool.Tests.Commands;

/// <summary>crm loyalty quote: what a purchase would earn that says where it is made, of what its price is made, and what was looked up for it.</summary>
public sealed class QuotedFields : IDisposable
{
    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(10, "--spend", "10.00 USD")]
    [InlineData(110, "--spend", "10.00 USD", "--field", "store=central")]
    [InlineData(210, "--spend", "10.00 USD", "--brand", "leaf")]
    [InlineData(310, "--spend", "10.00 USD", "--channel", "shop", "--brand", "leaf", "--field", "store=central")]
    [InlineData(8, "--spend", "10.00 USD", "--field", "tax=2.00")]
    [InlineData(0, "--spend", "10.00 HKD")]
    [InlineData(5, "--spend", "10.00 HKD", "--lookup", "rate.hkd.usd=0.5")]
    public async Task Fields_and_look_ups_count_as_they_do_at_a_till(int points, params string[] purchase)
    {
        var quote = await Support.Tool.RunAsync(["loyalty", "quote", "rfm-orders-id:Amy", .. purchase, "--store", await Shop(), "--json"]);

        Assert.True(quote.Code == 0, quote.Error);
        Assert.Equal(points, quote.Json.GetProperty("units").TryGetProperty("points", out var earned) ? earned.GetInt32() : 0);
    }

    [Fact]
    public async Task All_that_is_wrong_with_a_purchase_is_said_at_once()
    {
        var quote = await Support.Tool.RunAsync(
            "loyalty", "quote", "nobody", "--spend", "much", "--line", "oolong", "--brand", "Leaf & Co", "--channel", "Web Shop", "--store", "mysql:shop",
            "--field", "shop=central", "--field", "tax=none", "--field", "store=a", "--field", "store=b", "--field", "delivery", "--field", "store=", "--lookup", "rate.hkd.usd", "--lookup", "rate.mop.usd=");

        Assert.Equal((2, ""), (quote.Code, quote.Out));
        foreach (var wrong in new[]
        {
            "'nobody' is not an identity", "--spend: 'much'", "--line: 'oolong'", "--brand: 'Leaf & Co'", "--channel: 'Web Shop'", "mysql",
            "--field: a purchase has no field 'shop'. There are: store, delivery, discount, points-paid, tax.", "--field: 'none' in 'tax' is no number", "--field: 'store' was given twice", "--field: 'delivery' is no field",
            "--lookup: 'rate.hkd.usd' is no field", "--lookup: 'rate.mop.usd' has no value",
        })
        {
            Assert.Contains(wrong, quote.Error, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("0.05 USD", "0.05 USD", "0.00 USD")]
    [InlineData(null, "0.05 USD", "-")]
    [InlineData("0.05 USD", null, "-")]
    [InlineData("0.05 USD", "0.05 HKD", "-")]
    public async Task What_units_are_worth_is_told_of_either_programme_that_knows_it(string? now, string? then, string difference)
    {
        var store = await Shop(Payment(now));
        string[] simulate = ["loyalty", "simulate", folder.Write("then.json", Program(Payment(then))), "--store", store];
        var (table, json) = (await Support.Tool.RunAsync(simulate), await Support.Tool.RunAsync([.. simulate, "--json"]));

        Assert.True(table.Code == 0, table.Error);
        Assert.Equal(
            [$"points liability {Held(now)} {Held(then)} {difference}", $"points cost {Held(now)} {Held(then)} {difference}"],
            table.Out.Split('\n').Where(row => row.Contains("liability", StringComparison.Ordinal) || row.Contains("cost", StringComparison.Ordinal)).Select(row => string.Join(' ', row.Split([' ', '│', '|'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))));
        Assert.Equal(now is not null && then is not null && now != then, table.Error.Contains("is in USD now and would be in HKD", StringComparison.Ordinal));
        Assert.True(json.Code == 0, json.Error);
        foreach (var (side, worth) in new[] { ("now", now), ("then", then) })
        {
            var told = json.Json.GetProperty("units").GetProperty("points").GetProperty(side);
            Assert.Equal((worth is not null, worth?[^3..]), (told.TryGetProperty("liability", out _), told.TryGetProperty("currency", out var currency) ? currency.GetString() : null));
        }

        static string Held(string? worth) => worth is null ? "-" : $"0.50 {worth[^3..]}";
    }

    private static string Payment(string? value) => value is null ? "" : $$""", "payment": { "unit": "points", "points": 1, "value": "{{value}}" }""";

    private async Task<string> Shop(string payment = "")
    {
        var store = folder.PathOf("shop.db");
        var import = await Support.Tool.RunAsync("import", folder.Write("sales.csv", "customer_id,order_date,revenue\nAmy,2020-01-01,10\n"), "--map", "rfm-orders", "--store", store, "--program", folder.Write("club.json", Program(payment)));
        Assert.True(import.Code == 0, import.Error);
        return store;
    }

    // A point for each dollar without tax, a hundred more in the central shop, two hundred more for the brand.
    private static string Program(string payment) => $$"""
        {
          "name": "club", "zone": "UTC",
          "units": [{ "name": "points", "kind": "redeemable" }],
          "rules": [{ "rule": "points-per-amount", "name": "base", "unit": "points", "points": 1, "per": "1.00 USD", "basis": { "spend": { "withoutTax": true } }, "rounding": "floor" },
                    { "rule": "fixed", "name": "central", "unit": "points", "points": 100, "scope": { "stores": ["central"] } },
                    { "rule": "fixed", "name": "leaf", "unit": "points", "points": 200, "scope": { "brands": ["leaf"] } }]
          {{payment}}
        }
        """;
}
