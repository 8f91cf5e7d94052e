using Crm.Tool.Import.Mappings;
using Crm.Tool.Tests.Support;

namespace Crm.Tool.Tests.Checks;

public sealed class CheckingFiles : IDisposable
{
    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Files_are_known_by_their_content()
    {
        var tool = await Support.Tool.RunAsync(
            "validate", "--json",
            folder.Write("a.json", MappingCatalog.ShippedText("online-retail")),
            folder.Write("b.json", SampleSales.Program("club", "Europe/London", "GBP")),
            folder.Write("c.json", """{ "fact": "loyalty.club.points", "is": { "gte": 100 }, "whenMissing": false }"""),
            folder.Write("d.json", """{ "$schema": "segment/1", "id": "guests", "kind": "manual", "label": { "en": "Guests", "zh-Hant": "嘉賓" } }"""),
            folder.Write("e.json", """{ "name": "old-till", "zone": "Asia/Hong_Kong", "format": { "kind": "csv" }, "member": { "column": "member", "kind": "user" }, "tiers": { "tier": "tier" } }"""));

        Assert.True(tool.Code == 0, tool.Out);
        Assert.Equal(["mapping", "programme", "condition", "segment", "balances"], tool.Json.GetProperty("files").EnumerateArray().Select(file => file.GetProperty("is").GetString()));
    }

    [Fact]
    public async Task A_programme_that_pays_more_than_it_takes_is_valid_and_told_of()
    {
        var file = folder.Write("club.json", """
            { "name": "club", "zone": "Asia/Hong_Kong", "units": [{ "name": "points", "kind": "redeemable" }],
              "rules": [{ "rule": "points-per-amount", "name": "base", "unit": "points", "points": 10, "per": "1.00 HKD", "basis": "spend" }],
              "rewards": [{ "name": "ten", "kind": { "kind": "discount", "amount": "10.00 HKD" }, "costs": [{ "unit": "points", "amount": 100 }] }] }
            """);
        var told = await Support.Tool.RunAsync("validate", "--json", file);
        var chinese = await Support.Tool.RunAsync("validate", "--lang", "zh-Hant", file);

        var checkedFile = told.Json.GetProperty("files")[0];
        Assert.True(told.Code == 0, told.Out);
        Assert.Equal("money-pump", checkedFile.GetProperty("findings")[0].GetProperty("code").GetString());
        Assert.Equal((1m, 1m), (checkedFile.GetProperty("worstCase").GetProperty("atLeast").GetDecimal(), checkedFile.GetProperty("worstCase").GetProperty("atMost").GetDecimal()));
        Assert.Contains("只為換取而購物亦無損失", chinese.Out);
    }

    [Fact]
    public async Task As_a_table_there_is_a_row_for_each_problem_and_each_finding()
    {
        const string never = """{ "all": [{ "fact": "loyalty.tier", "is": { "eq": "gold" }, "whenMissing": false }, { "fact": "loyalty.tier", "is": { "eq": "tin" }, "whenMissing": false }] }""";
        var (found, fine, wrong) = (folder.Write("a.json", never), folder.Write("b.json", """{ "fact": "loyalty.tier", "is": { "eq": "gold" }, "whenMissing": false }"""), folder.Write("c.json", """{ "fackt": "x" }"""));

        var rows = (await Support.Tool.RunAsync("validate", "--csv", "--lang", "zh-Hant", found, fine, wrong)).Out.TrimEnd().Split('\n').Select(row => row.TrimEnd('\r')).ToList();

        Assert.Equal("file,is,problem,code,path,finding", rows[0]);
        Assert.StartsWith($"{found},condition,,contradiction,$,", rows[1]);
        Assert.Contains("不能同時成立", rows[1]);
        Assert.Equal($"{fine},condition,,,,", rows[2]);
        Assert.All(rows.Skip(3), row => Assert.Matches($"^{System.Text.RegularExpressions.Regex.Escape(wrong)},condition,.+,,,$", row));
        Assert.True(rows.Count > 3);
    }

    [Fact]
    public async Task What_the_author_of_a_segment_surely_did_not_mean_is_told_and_refuses_nothing()
    {
        const string silent = """{ "count": "purchase", "window": { "last": "P90D" }, "is": { "eq": 0 } }""";
        const string never = """{ "all": [{ "fact": "loyalty.tier", "is": { "eq": "gold" }, "whenMissing": false }, { "fact": "loyalty.tier", "is": { "eq": "tin" }, "whenMissing": false }] }""";
        var tool = await Support.Tool.RunAsync(
            "validate", "--json",
            folder.Write("a.json", $$"""{ "$schema": "segment/1", "id": "silent", "where": {{silent}}, "label": { "en": "Silent", "zh-Hant": "沉默" } }"""),
            folder.Write("b.json", $$"""{ "$schema": "segment/1", "id": "odd", "kind": "snapshot", "asOf": "2026-01-01T00:00:00Z", "where": {"any":[{{silent}}, {{never}}]}, "label": { "en": "Odd", "zh-Hant": "怪" } }"""),
            folder.Write("c.json", never));

        Assert.True(tool.Code == 0, tool.Out);
        Assert.Equal(
            ["no-minimum-age where", "contradiction where.any[1]", "no-minimum-age where.any[0]", "contradiction $"],
            tool.Json.GetProperty("files").EnumerateArray().SelectMany(file => file.GetProperty("findings").EnumerateArray()).Select(finding => $"{finding.GetProperty("code")} {finding.GetProperty("path")}"));
        Assert.Contains("昨日才加入的顧客", (await Support.Tool.RunAsync("validate", "--lang", "zh-Hant", folder.PathOf("a.json"))).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_segments_and_conditions_of_customers_cost_is_told()
    {
        var segment = folder.Write("a.json", """{ "$schema": "segment/1", "id": "often", "where": { "count": "purchase", "window": { "last": "P90D" }, "is": { "gte": 3 } }, "label": { "en": "Often", "zh-Hant": "常客" } }""");
        var condition = folder.Write("b.json", """{ "fact": "loyalty.tier", "is": { "eq": "gold" }, "whenMissing": false }""");
        var ofEvents = folder.Write("c.json", """{ "field": "event.spend", "is": { "gte": 100 }, "whenMissing": false }""");

        var told = await Support.Tool.RunAsync("validate", "--json", segment, condition, ofEvents);
        var chinese = await Support.Tool.RunAsync("validate", "--lang", "zh-Hant", segment, ofEvents);

        Assert.True(told.Code == 0, told.Out);
        Assert.Equal(["summed", "stored", null], told.Json.GetProperty("files").EnumerateArray().Select(file => file.TryGetProperty("cost", out var cost) ? cost.GetProperty("class").GetString() : null));
        Assert.Equal("成本中等：須為每位顧客保存範圍內事件的累計數。", Assert.Single(chinese.Out.Split('\n'), line => line.Contains("成本", StringComparison.Ordinal)).Trim()[$"{segment}: ".Length..]);
    }

    [Fact]
    public async Task All_errors_of_all_files_come_at_once()
    {
        var tool = await Support.Tool.RunAsync(
            "validate",
            folder.Write("a.json", MappingCatalog.ShippedText("rfm-orders").Replace("\"USD\"", "\"usd\"", StringComparison.Ordinal).Replace("\"UTC\"", "\"Nowhere\"", StringComparison.Ordinal)),
            folder.Write("b.json", SampleSales.Program("club", "Nowhere", "GBP")),
            folder.Write("c.json", """{ "fackt": "x" }"""),
            folder.Write("d.json", "not json"),
            folder.PathOf("missing.json"));

        Assert.Equal((1, ""), (tool.Code, tool.Out));
        Assert.Equal(
            ["a.json", "a.json", "b.json", "c.json", "d.json", "missing.json"],
            tool.Error.TrimEnd().Split('\n').Select(line => Path.GetFileName(line.Split(": ")[0])));
    }

    [Theory]
    [InlineData(31, "")]
    [InlineData(32, "nested more than 32 deep")]
    [InlineData(200, "nested more than 32 deep")]
    public async Task What_the_library_takes_is_right_however_deep_and_what_is_too_deep_says_where(int levels, string expected)
    {
        var condition = Nested(levels);
        var segment = $$"""{ "$schema": "segment/1", "id": "deep", "label": { "en": "Deep", "zh-Hant": "深" }, "where": {{condition}} }""";
        var ofCondition = await Support.Tool.RunAsync("validate", folder.Write("condition.json", condition));
        var ofSegment = await Support.Tool.RunAsync("validate", folder.Write("segment.json", segment));
        var path = string.Concat(Enumerable.Repeat(".all[0]", 32));

        Assert.Equal((levels > 31 ? 1 : 0, levels > 31 ? 1 : 0), (ofCondition.Code, ofSegment.Code));
        Assert.Contains(expected, ofCondition.Error, StringComparison.Ordinal);
        Assert.Contains(expected, ofSegment.Error, StringComparison.Ordinal);
        Assert.Equal(levels > 31, ofCondition.Error.Contains($"${path}: ", StringComparison.Ordinal));
        Assert.Equal(levels > 31, ofSegment.Error.Contains($"where{path}: ", StringComparison.Ordinal));
        Assert.DoesNotContain("JSON", ofCondition.Error + ofSegment.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(31, 0)]
    [InlineData(32, 1)]
    public async Task A_programme_has_conditions_as_deep_as_any_and_is_kept_with_them(int levels, int code)
    {
        var program = folder.Write("club.json", SampleSales.Program("club", "UTC", "USD").Replace("\"name\": \"base\",", $"\"name\": \"base\", \"when\": {Nested(levels)},", StringComparison.Ordinal));
        var validated = await Support.Tool.RunAsync("validate", program);
        Assert.True(validated.Code == code, validated.Error);
        Assert.Equal(code == 1, validated.Error.Contains("nested more than 32 deep", StringComparison.Ordinal));

        var (sales, store) = (folder.Write("sales.csv", "customer_id,order_date,revenue\nAmy,2020-01-06,5\n"), folder.PathOf("shop.db"));
        Assert.Equal(code, (await Support.Tool.RunAsync("import", sales, "--map", "rfm-orders", "--store", store, "--program", program)).Code);
        if (code == 0)
        {
            var units = (await Support.Tool.RunAsync("report", "summary", "--store", store, "--json")).Json.GetProperty("units");
            Assert.Equal(5, units.GetProperty("points").GetProperty("available").GetInt32());
        }
    }

    [Fact]
    public async Task Half_a_character_far_down_is_found_as_well()
    {
        var file = folder.Write("half.json", Nested(40).Replace("monday", "\\ud800", StringComparison.Ordinal));
        var tool = await Support.Tool.RunAsync("validate", file);

        Assert.Equal(1, tool.Code);
        Assert.Contains("half of a character", tool.Error, StringComparison.Ordinal);
    }

    private static string Nested(int levels) =>
        string.Concat(Enumerable.Repeat("""{"all":[""", levels)) + """{"on":["monday"]}""" + string.Concat(Enumerable.Repeat("]}", levels));
}
