using Crm.Engine;
using Crm.Segmentation.Segments;
using Crm.Storage.Sqlite;
using Crm.Tool.Demo;
using Crm.Tool.Stores;
using Crm.Tool.Tests.Support;
using NodaTime;
using NodaTime.Text;

namespace Crm.Tool.Tests.Commands;

/// <summary>crm segments: over the demo, whose segments it decides by, and over imported sales, with segments of files.</summary>
public sealed class AskingSegments : IDisposable
{
    private const string End = "2026-03-01T16:00:00Z";
    private readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task The_segments_of_the_demo_are_those_of_the_report_at_any_time()
    {
        var file = await ShopAsync();
        foreach (var time in new[] { End, "2026-02-01T16:00:00Z" })
        {
            var report = (await Support.Tool.RunAsync("report", "summary", "--store", file, "--as-of", time, "--json")).Json.GetProperty("segments").EnumerateObject().ToDictionary(one => one.Name, one => one.Value.GetInt64());
            var listed = await Support.Tool.RunAsync("segments", "list", "--store", file, "--as-of", time, "--json");

            Assert.Equal(0, listed.Code);
            var sizes = listed.Json.GetProperty("segments").EnumerateArray().ToDictionary(one => one.GetProperty("segment").GetString()!, one => one.GetProperty("size").GetInt64());
            Assert.Equal(5, sizes.Count);
            Assert.Equal(report.OrderBy(one => one.Key, StringComparer.Ordinal), sizes.Where(one => one.Value > 0).OrderBy(one => one.Key, StringComparer.Ordinal));
            foreach (var (segment, size) in sizes)
            {
                Assert.Equal(size, (await Support.Tool.RunAsync("segments", "size", segment, "--store", file, "--as-of", time, "--json")).Json.GetProperty("size").GetInt64());
                Assert.Equal(size, (await Support.Tool.RunAsync("segments", "members", segment, "--store", file, "--as-of", time, "--json")).Json.GetProperty("members").GetArrayLength());
            }
        }
    }

    [Fact]
    public async Task Every_member_is_explained_as_one()
    {
        var file = await ShopAsync();
        var members = (await Support.Tool.RunAsync("segments", "members", "regulars", "--store", file, "--as-of", End, "--limit", "2", "--json")).Json.GetProperty("members").EnumerateArray().ToList();
        Assert.NotEmpty(members);
        foreach (var member in members)
        {
            var explained = await Support.Tool.RunAsync("segments", "explain", "regulars", member.GetProperty("customer").GetString()!, "--store", file, "--as-of", End, "--json");
            var why = explained.Json.GetProperty("why");

            Assert.True(explained.Json.GetProperty("member").GetBoolean());
            Assert.Equal(why.GetProperty("actual").GetInt64(), why.GetProperty("evidence").GetArrayLength());
            Assert.Equal(3, why.GetProperty("turnsAt").GetInt64());
            Assert.Equal(why.GetProperty("actual").GetInt64() - 3, why.GetProperty("margin").GetInt64());
            Assert.Equal(explained.Json.GetProperty("changesAt").GetString(), why.GetProperty("until").GetString());
            Assert.Equal(3, Assert.Single(explained.Json.GetProperty("smallestChange").EnumerateArray().ToList()).GetProperty("to").GetInt64());
        }

        var text = await Support.Tool.RunAsync("segments", "explain", "regulars", members[0].GetProperty("customer").GetString()!, "--store", file, "--as-of", End, "--lang", "zh-Hant");
        Assert.Contains("屬於分眾「常客」", text.Out, StringComparison.Ordinal);
        Assert.Equal(1, (await Support.Tool.RunAsync("segments", "explain", "regulars", "user:nobody", "--store", file)).Code);
        Assert.Equal(2, (await Support.Tool.RunAsync("segments", "explain", "regulars", "nobody", "--store", file)).Code);
    }

    [Fact]
    public async Task Since_when_is_told_only_of_the_definition_that_the_store_decided_by()
    {
        var file = await ShopAsync();
        var same = folder.Write("same.json", SegmentJson.Write(new TeaShop().Segments.Definitions.All.Single(definition => definition.Name == "regulars")));
        var other = folder.Write("other.json", Segment("regulars", """{"count":"purchase","window":"lifetime","is":{"gte":1}}"""));

        var (stored, again, others) = (await SinceAsync(), await SinceAsync("--segments", same), await SinceAsync("--segments", other));

        Assert.NotEmpty(stored);
        Assert.Equal(stored, again);
        Assert.True(others.Count > stored.Count);
        Assert.All(stored, Assert.NotNull);
        Assert.All(others, Assert.Null);

        async Task<List<string?>> SinceAsync(params string[] more) =>
            [.. (await Support.Tool.RunAsync(["segments", "members", "regulars", "--store", file, "--as-of", End, "--json", .. more])).Json.GetProperty("members").EnumerateArray().Select(member => member.TryGetProperty("since", out var since) ? since.GetString() : null)];
    }

    [Fact]
    public async Task A_segment_of_a_file_is_evaluated_over_imported_sales()
    {
        var store = await SalesAsync();
        var often = folder.Write("often.json", Segment("often", """{"count":"purchase","window":"lifetime","is":{"gte":4}}"""));
        var recent = folder.Write("recent.json", Segment("recent", """{"all":[{"fact":"segment.often","is":{"eq":true},"whenMissing":false},{"count":"purchase","window":{"last":"P7D"},"is":{"gte":1}}]}"""));

        var evaluated = await Support.Tool.RunAsync("segments", "evaluate", recent, "--segments", often, "--store", store, "--as-of", "2011-01-12", "--json");
        var overlap = await Support.Tool.RunAsync("segments", "overlap", "often", "recent", "--segments", often, recent, "--store", store, "--as-of", "2011-01-12", "--json");

        Assert.Equal((0, 0), (evaluated.Code, overlap.Code));
        Assert.Equal(200, evaluated.Json.GetProperty("customers").GetInt32());
        var size = evaluated.Json.GetProperty("size").GetInt32();
        Assert.InRange(size, 1, 199);
        Assert.Equal((size, size), (overlap.Json.GetProperty("both").GetInt32(), overlap.Json.GetProperty("otherSize").GetInt32()));
        Assert.Equal(evaluated.Json.GetProperty("overlaps")[0].GetProperty("otherSize").GetInt32(), overlap.Json.GetProperty("size").GetInt32());
        Assert.InRange(evaluated.Json.GetProperty("sample").GetArrayLength(), 1, 20);
        Assert.StartsWith("customer,since\r\n", (await Support.Tool.RunAsync("segments", "members", "recent", "--segments", often, recent, "--store", store, "--as-of", "2011-01-12", "--csv")).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_draft_has_its_size_in_csv_whether_or_not_there_are_others()
    {
        var store = await SalesAsync();
        var few = folder.Write("few.json", Segment("few", """{"count":"purchase","window":"lifetime","is":{"lte":1}}"""));
        var often = folder.Write("often.json", Segment("often", """{"count":"purchase","window":"lifetime","is":{"gte":4}}"""));

        var told = (await Support.Tool.RunAsync("segments", "evaluate", few, "--store", store, "--as-of", "2011-01-12", "--json")).Json;
        var alone = await LinesAsync();
        var among = await LinesAsync("--segments", often);

        var size = told.GetProperty("size").GetInt32();
        Assert.InRange(size, 1, 199);
        Assert.Equal(["segment,other,size,otherSize,both,likeness", $"few,,{size},200,{size},{told.GetProperty("share").GetRawText()}"], alone);
        Assert.Equal(alone, among[..2]);
        Assert.StartsWith($"few,often,{size},", Assert.Single(among[2..]), StringComparison.Ordinal);

        async Task<string[]> LinesAsync(params string[] more) =>
            (await Support.Tool.RunAsync(["segments", "evaluate", few, "--store", store, "--as-of", "2011-01-12", "--csv", .. more])).Out.Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
    }

    [Fact]
    public async Task How_far_a_day_or_an_instant_is_from_the_other_answer_is_told_with_its_unit()
    {
        var store = await SalesAsync();
        var early = folder.Write("early.json", Segment("early", """{"all":[{"latest":"day","zone":"UTC","of":"purchase","window":"lifetime","is":{"lt":{"date":"2011-02-20"}},"whenMissing":false},{"latest":"at","of":"purchase","window":"lifetime","is":{"lt":{"instant":"2011-02-20T00:00:00Z"}},"whenMissing":false},{"count":"purchase","window":"lifetime","is":{"gte":1}}]}"""));
        var customer = (await Support.Tool.RunAsync("segments", "evaluate", early, "--store", store, "--as-of", "2011-01-12", "--json")).Json.GetProperty("sample")[0].GetString()!;

        var parts = (await ExplainAsync("--json")).Json.GetProperty("why").GetProperty("parts").EnumerateArray().ToDictionary(part => part.GetProperty("turnsAt").ToString());
        var (csv, text) = ((await ExplainAsync("--csv")).Out, (await ExplainAsync()).Out);

        var (day, instant, count) = (parts["2011-02-20"], parts["2011-02-20T00:00:00Z"], parts["0"]);
        var days = Period.DaysBetween(LocalDatePattern.Iso.Parse(day.GetProperty("actual").GetString()!).Value, new LocalDate(2011, 2, 20));
        var seconds = (Instant.FromUtc(2011, 2, 20, 0, 0) - InstantPattern.ExtendedIso.Parse(instant.GetProperty("actual").GetString()!).Value).TotalSeconds;
        Assert.Equal((days, "days"), (day.GetProperty("margin").GetInt32(), day.GetProperty("marginUnit").GetString()));
        Assert.Equal((seconds, "seconds"), (instant.GetProperty("margin").GetDouble(), instant.GetProperty("marginUnit").GetString()));
        Assert.Equal((count.GetProperty("actual").GetInt32(), null), (count.GetProperty("margin").GetInt32(), count.GetProperty("marginUnit").GetString()));
        Assert.StartsWith("depth,holds,text,actual,margin,marginUnit,turnsAt,until,evidence\r\n", csv, StringComparison.Ordinal);
        Assert.Contains($",{days},days,2011-02-20,", csv, StringComparison.Ordinal);
        Assert.Contains($",{seconds},seconds,2011-02-20T00:00:00Z,", csv, StringComparison.Ordinal);
        Assert.Contains($", {days} days from the other answer at 2011-02-20,", text, StringComparison.Ordinal);

        Task<Support.Tool> ExplainAsync(params string[] more) => Support.Tool.RunAsync(["segments", "explain", "early", customer, "--segments", early, "--store", store, "--as-of", "2011-01-12", .. more]);
    }

    [Fact]
    public async Task A_draft_is_shown_with_some_of_its_customers_and_what_the_linter_says_of_it()
    {
        var store = await SalesAsync();
        var few = folder.Write("few.json", Segment("few", """{"count":"purchase","window":{"last":"P90D"},"is":{"lte":1}}"""));

        var shown = await Support.Tool.RunAsync("segments", "evaluate", few, "--store", store, "--as-of", "2011-01-12", "--lang", "zh-Hant");
        var told = (await Support.Tool.RunAsync("segments", "evaluate", few, "--store", store, "--as-of", "2011-01-12", "--json")).Json;

        Assert.Contains($"部分客戶：{told.GetProperty("sample")[0].GetString()}", shown.Out, StringComparison.Ordinal);
        Assert.Contains("where: 此條件亦包括從未有過的顧客：最近 90 日內購買最多 1 次", shown.Out, StringComparison.Ordinal);
        Assert.Equal("zero-count", Assert.Single(told.GetProperty("findings").EnumerateArray().ToList()).GetProperty("code").GetString());
        var customer = told.GetProperty("sample")[0].GetString()!;
        Assert.Contains("最近 90 日內購買最多 1 次", (await Support.Tool.RunAsync("segments", "explain", "few", customer, "--segments", few, "--store", store, "--as-of", "2011-01-12", "--lang", "zh-Hant", "--csv")).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_draft_is_shown_with_what_it_costs()
    {
        var store = await SalesAsync();
        var often = folder.Write("often.json", Segment("often", """{"count":"purchase","window":{"last":"P90D"},"is":{"gte":3}}"""));
        var wide = folder.Write("wide.json", Segment("wide", """{"distinct":"line.sku","of":"purchase","window":"lifetime","is":{"gte":3}}"""));
        var manual = folder.Write("manual.json", """{"$schema":"segment/1","id":"manual","kind":"manual","label":{"en":"By hand","zh-Hant":"人手"}}""");

        Assert.Contains("Costs some: running sums of the events within reach are kept for each customer.", (await EvaluatedAsync(often)).Out, StringComparison.Ordinal);
        Assert.Contains("成本最高：須為每位顧客保存有史以來每宗事件的值。", (await EvaluatedAsync(wide, "--lang", "zh-Hant")).Out, StringComparison.Ordinal);
        var cost = (await EvaluatedAsync(wide, "--json")).Json.GetProperty("cost");
        Assert.Equal("whole-history", cost.GetProperty("class").GetString());
        Assert.StartsWith("Costs most", cost.GetProperty("en").GetString(), StringComparison.Ordinal);
        Assert.StartsWith("成本最高", cost.GetProperty("zh-Hant").GetString(), StringComparison.Ordinal);
        Assert.Equal("summed", (await EvaluatedAsync(often, "--json")).Json.GetProperty("cost").GetProperty("class").GetString());
        Assert.False((await EvaluatedAsync(manual, "--json")).Json.TryGetProperty("cost", out _));

        Task<Support.Tool> EvaluatedAsync(string file, params string[] more) => Support.Tool.RunAsync(["segments", "evaluate", file, "--store", store, "--as-of", "2011-01-12", .. more]);
    }

    [Fact]
    public async Task Customers_migrate_between_segments_and_everybody_is_counted_once()
    {
        var store = await SalesAsync();
        var often = folder.Write("often.json", Segment("often", """{"count":"purchase","window":"lifetime","is":{"gte":3}}"""));
        var buyers = folder.Write("buyers.json", Segment("buyers", """{"count":"purchase","window":"lifetime","is":{"gte":1}}"""));

        var migrated = await Support.Tool.RunAsync("segments", "migrate", "often", "buyers", "--segments", often, buyers, "--store", store, "--from", "2011-01-05", "--as-of", "2011-01-12", "--json");

        Assert.Equal(0, migrated.Code);
        var moves = migrated.Json.GetProperty("moves").EnumerateArray().ToDictionary(move => (move.GetProperty("from").GetString(), move.GetProperty("to").GetString()), move => move.GetProperty("customers").GetInt32());
        Assert.True(moves.GetValueOrDefault(("buyers", "often")) > 0);
        foreach (var (time, isBefore) in new[] { ("2011-01-05", true), ("2011-01-12", false) })
        {
            var size = (await Support.Tool.RunAsync("segments", "size", "often", "--segments", often, "--store", store, "--as-of", time, "--json")).Json.GetProperty("size").GetInt32();
            Assert.Equal(size, moves.Where(move => (isBefore ? move.Key.Item1 : move.Key.Item2) == "often").Sum(move => move.Value));
        }

        Assert.Equal(2, (await Support.Tool.RunAsync("segments", "migrate", "often", "--segments", often, "--store", store, "--from", "2011-01-12", "--as-of", "2011-01-05")).Code);
    }

    [Fact]
    public async Task What_is_wrong_is_said_all_at_once_and_nothing_is_on_stdout()
    {
        var store = await SalesAsync();
        var wrong = folder.Write("wrong.json", Segment("wrong", """{"all":[{"count":"purchases","window":"lifetime","is":{"gte":1}},{"fact":"loyalty.tier","is":{"eq":"gold"},"whenMissing":false}]}"""));
        var personal = folder.Write("personal.json", Segment("personal", """{"field":"customer.region","is":{"eq":"hk"},"whenMissing":false}"""));
        var evaluated = await Support.Tool.RunAsync("segments", "evaluate", wrong, "--store", store, "--json");
        var tier = await Support.Tool.RunAsync("segments", "evaluate", folder.Write("tier.json", Segment("tier", """{"fact":"loyalty.tier","is":{"eq":"gold"},"whenMissing":false}""")), "--store", store);
        var past = await Support.Tool.RunAsync("segments", "evaluate", personal, "--store", store, "--as-of", "2011-01-05");

        Assert.Equal((1, "", 1, 1), (evaluated.Code, evaluated.Out, tier.Code, past.Code));
        Assert.Contains("did you mean 'purchase'", evaluated.Error, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("no module of this store publishes the fact 'loyalty.tier'", tier.Error, StringComparison.Ordinal);
        Assert.Contains("'customer.region' was not observed", past.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("Parameter", past.Error, StringComparison.Ordinal);
        Assert.Equal(1, (await Support.Tool.RunAsync("segments", "size", "nothing", "--store", store)).Code);
        Assert.Equal(3, (await Support.Tool.RunAsync("segments", "list", "--store", folder.PathOf("none.db"))).Code);
        Assert.Equal(0, (await Support.Tool.RunAsync("segments", "list", "--store", store)).Code);
    }

    [Fact]
    public async Task What_is_asked_of_now_is_answered_from_todays_profile_though_the_clock_goes_on()
    {
        var store = await SalesAsync();
        var elsewhere = folder.Write("elsewhere.json", Segment("elsewhere", """{"field":"customer.region","is":{"eq":"hk"},"whenMissing":true}"""));

        var evaluated = await Support.Tool.RunAsync(SystemClock.Instance, TestContext.Current.CancellationToken, "segments", "evaluate", elsewhere, "--store", store, "--json");

        Assert.Equal((0, ""), (evaluated.Code, evaluated.Error));
        Assert.Equal(200, evaluated.Json.GetProperty("size").GetInt32());
    }

    [Fact]
    public async Task What_reaches_back_to_what_was_disposed_of_is_refused()
    {
        var file = await SalesAsync();
        await using (var store = SqliteStore.Open(file))
        {
            var engine = new CrmEngine(store, [], new CrmOptions(), SystemClock.Instance, new RandomIdSource());
            Assert.True((await engine.DisposeOfJournalAsync(new DisposalRequest(Instant.FromUtc(2011, 1, 5, 0, 0)), TestContext.Current.CancellationToken)).Entries > 0);
        }

        var often = folder.Write("often.json", Segment("often", """{"count":"purchase","window":"lifetime","is":{"gte":4}}"""));
        var lately = folder.Write("lately.json", Segment("lately", """{"count":"purchase","window":{"last":"P7D"},"is":{"gte":1}}"""));
        var whole = await Support.Tool.RunAsync("segments", "evaluate", often, "--store", file, "--as-of", "2011-01-12", "--json");
        var before = await Support.Tool.RunAsync("segments", "members", "lately", "--segments", lately, "--store", file, "--as-of", "2010-01-01", "--json");
        var after = await Support.Tool.RunAsync("segments", "members", "lately", "--segments", lately, "--store", file, "--as-of", "2011-01-12", "--json");

        Assert.Equal((1, "", 1, "", 0), (whole.Code, whole.Out, before.Code, before.Out, after.Code));
        Assert.Contains("often: $: Events up to 2011-01-0", whole.Error, StringComparison.Ordinal);
        Assert.Contains("have been disposed of, so nothing can be said of 2010-01-0", before.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_holidays_of_Hong_Kong_and_lunar_days_are_known_and_other_calendars_are_refused_with_the_nearest()
    {
        var store = await SalesAsync();
        var holiday = folder.Write("holiday.json", Segment("holiday", """{"calendar":"hk-public-holidays","zone":"Asia/Hong_Kong","whenMissing":false}"""));
        var moon = folder.Write("moon.json", Segment("moon", """{"calendar":"mid-autumn","zone":"Asia/Hong_Kong","whenMissing":false}"""));
        var unknown = folder.Write("unknown.json", Segment("unknown", """{"calendar":"hk-public-holiday","whenMissing":false}"""));

        var (on, after) = (await EvaluateAsync(holiday, "2026-12-25T12:00:00Z"), await EvaluateAsync(holiday, "2026-12-28T12:00:00Z"));
        var refused = await EvaluateAsync(unknown, "2026-12-25T12:00:00Z");

        Assert.Equal((200, 0), (on.Json.GetProperty("size").GetInt32(), after.Json.GetProperty("size").GetInt32()));
        Assert.Equal((200, 0), ((await EvaluateAsync(moon, "2026-09-25T12:00:00Z")).Json.GetProperty("size").GetInt32(), (await EvaluateAsync(moon, "2026-09-26T12:00:00Z")).Json.GetProperty("size").GetInt32()));
        Assert.Equal((1, ""), (refused.Code, refused.Out));
        Assert.Contains("No calendar is named 'hk-public-holiday'. Did you mean 'hk-public-holidays'?", refused.Error, StringComparison.Ordinal);

        Task<Support.Tool> EvaluateAsync(string file, string asOf) => Support.Tool.RunAsync("segments", "evaluate", file, "--store", store, "--as-of", asOf, "--json");
    }

    [Theory]
    [InlineData("lunar-new-year", "2026-02-17")]
    [InlineData("lantern-festival", "2026-03-03")]
    [InlineData("birthday-of-the-buddha", "2026-05-24")]
    [InlineData("tuen-ng", "2026-06-19")]
    [InlineData("double-seventh", "2026-08-19")]
    [InlineData("yu-lan", "2026-08-27")]
    [InlineData("mid-autumn", "2026-09-25")]
    [InlineData("chung-yeung", "2026-10-18")]
    public void Each_festival_of_the_lunar_year_is_on_its_one_day(string calendar, string day) =>
        Assert.Equal([day], Enumerable.Range(0, 365).Select(new LocalDate(2026, 1, 1).PlusDays).Where(date => StoreSettings.Calendars.Find(calendar)!.Contains(date, default) == true).Select(LocalDatePattern.Iso.Format));

    private static string Segment(string id, string where) => $$$"""{"$schema":"segment/1","id":"{{{id}}}","where":{{{where}}},"label":{"en":"{{{id}}}","zh-Hant":"{{{id}}}"}}""";

    private async Task<string> ShopAsync()
    {
        var file = folder.PathOf("demo.db");
        await Support.Tool.RunAsync("demo", "--customers", "25", "--days", "60", "--store", file);
        return file;
    }

    private async Task<string> SalesAsync()
    {
        var store = folder.PathOf("sales.db");
        var sales = folder.Write("sales.csv", SampleSales.OnlineRetail(1_000));
        Assert.Equal(0, (await Support.Tool.RunAsync("import", sales, "--map", "online-retail", "--store", store)).Code);
        return store;
    }
}
