using Crm.Conditions;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Core.Tests.Conditions;

/// <summary>Conditions in sentences.</summary>
public sealed class ExplainTests
{
    public static TheoryData<Condition, string, string> Sentences { get; } = new()
    {
        { If.Field("customer.region").Is("HK"), "the customer's region is HK", "顧客的 region 為 HK" },
        { If.Field("customer.region").WhenMissing(true).Is("HK"), "the customer's region is HK or is unknown", "顧客的 region 為 HK（或未知）" },
        { If.Field("event.channel").IsNot("web"), "the event's channel is not web", "渠道並非 web" },
        { If.Field("event.channel").WhenMissing(true).IsNot("web"), "the event's channel is not web or is unknown", "渠道並非 web（或未知）" },
        { If.Field("customer.joined").LessThan(new LocalDate(2026, 1, 1)), "the customer's joined is before 2026-01-01", "顧客的 joined 早於 2026-01-01" },
        { If.Fact("loyalty.tier").OneOf("gold", "silver"), "loyalty.tier is gold or silver", "loyalty.tier 為 gold 或 silver" },
        { If.Fact("segment.vip").Is(true), "segment.vip is true", "segment.vip 為「是」" },
        { If.Field("customer.birthday").IsKnown, "the customer's birthday is known", "顧客的 birthday 有記錄" },
        { If.Field("customer.district").Matches("^Kowloon"), "the customer's district matches '^Kowloon'", "顧客的 district 符合式樣「^Kowloon」" },
        { If.Purchases().InLast(Duration.FromDays(90)).Count().AtLeast(3), "at least 3 purchases in the last 90 days", "最近 90 日內購買至少 3 次" },
        { If.Purchases().InLast(Duration.FromHours(36)).Count().Is(0), "no purchases in the last 36 hours", "最近 36 小時內沒有購買" },
        { If.Events("page-view").Where(If.Field("event.channel").Is("web")).Count().MoreThan(1), "more than 1 'page-view' event (counting only where the event's channel is web) so far", "至今「page-view」（只計渠道為 web）多於 1 次" },
        { If.Purchases().InLast(Duration.FromDays(1)).SumOfSpend(Currency.Hkd).AtLeast(1000), "at least 1000 HKD spent in purchases in the last 1 day", "最近 1 日內購買合共至少 1000 HKD" },
        { If.Purchases().Where(If.Field("line.sku").Is("tea")).SumOfQuantity().Is(10), "exactly 10 articles in purchases (counting only where the line's sku is tea) so far", "至今購買（只計貨號為 tea）合共剛好 10 件" },
        { If.On(IsoDayOfWeek.Saturday, IsoDayOfWeek.Sunday), "on Saturday and Sunday", "逢星期六、日" },
        { If.Hours(new LocalTime(18, 0), new LocalTime(2, 0)), "from 18:00 to 02:00 the next day", "18:00 至翌日 02:00" },
        { If.Between(null, Arbitrary.Start), "before 2026-03-01T00:00:00Z", "2026-03-01T00:00:00Z 之前" },
        {
            If.Any(If.Fact("loyalty.tier").Is("gold"), If.All(If.Purchases().Count().AtLeast(1), !If.Hours(new LocalTime(9, 0), new LocalTime(12, 0)))),
            "loyalty.tier is gold or (at least 1 purchase so far and not (from 09:00 to 12:00))",
            "loyalty.tier 為 gold，或者（至今購買至少 1 次，而且並非「09:00 至 12:00」）"
        },
        { If.All(If.Field("customer.region").WhenMissing(true).Is("HK"), If.Fact("loyalty.tier").Is("gold")), "(the customer's region is HK or is unknown) and loyalty.tier is gold", "顧客的 region 為 HK（或未知），而且loyalty.tier 為 gold" },
        { If.Any(If.Field("event.channel").WhenMissing(true).IsNot("web"), If.Fact("loyalty.tier").WhenMissing(true).IsNot("gold")), "(the event's channel is not web or is unknown) or (loyalty.tier is not gold or is unknown)", "渠道並非 web（或未知），或者loyalty.tier 並非 gold（或未知）" },
        { If.All(If.On(IsoDayOfWeek.Monday), !If.Field("customer.tags").WhenMissing(true).AnyOf("vip")), "on Monday and not (the customer's tags has vip or is unknown)", "逢星期一，而且並非「顧客的 tags 有 vip（或未知）」" },
        { If.All(), "always", "任何情況下" },
        { If.Field("customer.tags").NoneOf("vip", "staff"), "not (the customer's tags has vip or staff or is unknown)", "並非「顧客的 tags 有 vip 或 staff（或未知）」" },
        { If.Field("customer.joined").FromToday(Comparison.LessThan, Period.FromDays(-30), "Asia/Hong_Kong"), "the customer's joined is before the day 30 days ago in Asia/Hong_Kong", "顧客的 joined 早於 30 日前當日（按 Asia/Hong_Kong 時區）" },
        { If.Field("customer.joined").FromToday(Comparison.AtLeast, new PeriodBuilder { Years = 1, Months = 1, Weeks = 1 }.Build(), "Asia/Hong_Kong"), "the customer's joined is the day 1 year and 1 month and 7 days from now in Asia/Hong_Kong or later", "顧客的 joined 為 1 年 1 個月 7 日後當日（按 Asia/Hong_Kong 時區）或之後" },
        { If.Field("customer.joined").FromToday(Comparison.LessThan, Period.Zero, "Asia/Hong_Kong"), "the customer's joined is before today in Asia/Hong_Kong", "顧客的 joined 早於今日（按 Asia/Hong_Kong 時區）" },
        { If.Field("customer.birthday").HasAnniversary("Asia/Hong_Kong", daysBefore: 7), "the customer's birthday has its anniversary in the next 7 days or today in Asia/Hong_Kong", "顧客的 birthday 的周年日在今日起 7 日內（按 Asia/Hong_Kong 時區）" },
        { If.Field("customer.birthday").HasAnniversary("UTC", leapDay: LeapDayRule.March1), "the customer's birthday has its anniversary today in UTC (29 February on 1 March in common years)", "顧客的 birthday 的周年日為今日（按 UTC 時區）（平年以 3 月 1 日當作 2 月 29 日）" },
        { If.Annually(new AnnualDate(2, 20), new AnnualDate(2, 29), LeapDayRule.LeapYearsOnly), "every year from 02-20 to 02-29 (29 February in leap years only)", "每年 02-20 至 02-29（2 月 29 日只計閏年）" },
        { If.Purchases().This(CalendarPeriod.Month, "Asia/Hong_Kong").Count().AtLeast(2), "at least 2 purchases this month in Asia/Hong_Kong", "本月（按 Asia/Hong_Kong 時區）購買至少 2 次" },
        { If.Purchases().LastWhole(CalendarPeriod.Quarter, "Asia/Hong_Kong").Of(Aggregation.Average, new Measured.Spend(Currency.Hkd)).AtLeast(100), "the average spend in HKD of purchases last quarter in Asia/Hong_Kong is at least 100", "上季（按 Asia/Hong_Kong 時區）購買的平均消費額（HKD）至少 100" },
        { If.Purchases().InLast(Duration.FromDays(90)).Unique("line.sku").AllOf("tea", "cup"), "the list of different values of the line's sku of purchases in the last 90 days has tea and cup", "最近 90 日內購買的各種貨號同時有 tea、cup" },
        { If.Purchases().Latest(new Measured.At()).FromNow(Comparison.LessThan, Duration.FromDays(-60)), "the instant of the latest of purchases so far is before 60 days ago", "至今購買的最近一次時間早於 60 日前" },
        { If.Purchases().DaysActive("Asia/Hong_Kong").AtLeast(5), "the number of days in Asia/Hong_Kong with purchases so far is at least 5", "至今購買的日數（按 Asia/Hong_Kong 時區）至少 5" },
        { If.Purchases().Of(Aggregation.Greatest, "line.amount").LessThan(8), "the greatest line's amount of purchases so far is less than 8", "至今購買的最大金額少於 8" },
        { If.Purchases().Of(Aggregation.Least, new Measured.At()).FromNow(Comparison.LessThan, Duration.FromDays(-60)), "the earliest instant of purchases so far is before 60 days ago", "至今購買的最早時間早於 60 日前" },
        { If.Events("segment-listed").Latest(new Measured.Named("event.member")).Is(true), "the event's member of the latest of 'segment-listed' events so far is true", "至今「segment-listed」的最近一次事件的 member 為「是」" },
        { If.Purchases().SumOfSpend(Currency.Hkd).LessThan(1000), "less than 1000 HKD spent in purchases so far", "至今購買合共少於 1000 HKD" },
        { If.Purchases().Regularly(1, 6, Duration.FromDays(30)).AtLeast(4), "at least 4 of 6 equal periods with a purchase in the last 180 days", "最近 180 日內分成 6 段，其中至少 4 段購買至少 1 次" },
        { If.Events("page-view").ThenNo(new EventPattern("purchase"), Duration.FromDays(4)).AtLeast(1), "at least 1 time a 'page-view' event, then no purchase for 4 days so far", "至今先「page-view」，其後 4 日內沒有購買，共至少 1 次" },
        { If.Purchases().SinceLatest("refund").Count().Is(0), "no purchases since the latest 'refund' event", "自最近一次「refund」起沒有購買" },
        { If.OnDayOf("hk-public-holidays", whenMissing: true), "on a day of 'hk-public-holidays' or one that it does not cover", "屬於「hk-public-holidays」的日子（或其未涵蓋的日子）" },
        { ((Condition.Moment)If.OnDayOf("hk-public-holidays", whenMissing: true)) with { Zone = "Asia/Hong_Kong" }, "on a day of 'hk-public-holidays' or one that it does not cover in Asia/Hong_Kong", "屬於「hk-public-holidays」的日子（或其未涵蓋的日子）（按 Asia/Hong_Kong 時區）" },
        { If.AtLeast(2, If.On(IsoDayOfWeek.Monday), If.OnDayOf("hk-public-holidays")), "at least 2 points of 1 for (on Monday) and 1 for (on a day of 'hk-public-holidays')", "評分至少 2 分（「逢星期一」1 分、「屬於「hk-public-holidays」的日子」1 分）" },
    };

    [Theory]
    [MemberData(nameof(Sentences))]
    public void A_condition_reads_as_a_sentence_in_both_languages(Condition condition, string english, string chinese) =>
        Assert.Equal(new Text(english, chinese), Explain.Describe(condition));

    [Fact]
    public void Every_condition_has_a_sentence_and_an_explanation_that_agrees_with_the_evaluator() =>
        Prop.ForAll(Arbitrary.Conditions.ToArbitrary(), condition =>
        {
            var evidence = new TestEvidence(new Moment(Arbitrary.Start, DateTimeZone.Utc));
            var explanation = Explain.Evaluate(condition, evidence);

            Assert.Equal(Evaluator.Evaluate(condition, evidence), explanation.Truth);
            Assert.Equal(condition.Leaves().Count(), Leaves(explanation));
            Assert.NotEmpty(explanation.Text.English);
            Assert.NotEmpty(explanation.Text.Chinese);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(200));

    [Fact]
    public void What_asks_otherwise_reads_otherwise() => AssertDifferent(Explain.Describe);

    [Fact]
    public void The_law_catches_sentences_that_do_not_name_the_zone() =>
        Assert.ThrowsAny<Xunit.Sdk.EqualException>(() => AssertDifferent(leaf => Explain.Describe(leaf.WithZones(_ => new CalendarZone.Business()))));

    private static void AssertDifferent(Func<Condition, Text> describe)
    {
        var leaves = from condition in Arbitrary.Conditions
                     from zone in Gen.Elements<CalendarZone>("Asia/Hong_Kong", "America/New_York", new CalendarZone.Business(), new CalendarZone.Customer("customer.zone", "UTC"))
                     from leapDay in Gen.Elements(Enum.GetValues<LeapDayRule>())
                     select condition.Leaves().Select(leaf => WithLeapDay(leaf.WithZones(_ => zone), leapDay)).ToList();
        var asked = leaves.Sample(3_000, 20).SelectMany(some => some).DistinctBy(ConditionJson.Write, StringComparer.Ordinal).ToList();

        Assert.True(asked.Count > 1_000, $"Only {asked.Count} were compared.");
        Assert.Equal([], asked.GroupBy(leaf => describe(leaf).English, StringComparer.Ordinal).Where(same => same.Count() > 1).Select(same => $"{same.Key}: {string.Join(" ", same.Select(ConditionJson.Write))}"));
        Assert.Equal([], asked.GroupBy(leaf => describe(leaf).Chinese, StringComparer.Ordinal).Where(same => same.Count() > 1).Select(same => $"{same.Key}: {string.Join(" ", same.Select(ConditionJson.Write))}"));
    }

    private static Condition WithLeapDay(Condition leaf, LeapDayRule leapDay) => leaf switch
    {
        Condition.Field { Is: Test.Anniversary anniversary } field => field with { Is = anniversary with { LeapDay = leapDay } },
        Condition.Moment { Within: Span.Annual annual } moment => moment with { Within = annual with { To = new AnnualDate(2, 29), LeapDay = leapDay } },
        _ => leaf,
    };

    private static int Leaves(Explanation explanation) =>
        explanation.Condition is Condition.All or Condition.Any or Condition.Not or Condition.Score ? explanation.Parts.Sum(Leaves) : 1;
}
