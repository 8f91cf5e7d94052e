using Crm.Conditions;
using Crm.Events;
using Crm.Modules;
using Crm.Segmentation.Linting;
using Crm.Segmentation.Segments;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Tests.Linting;

/// <summary>What the linter says of conditions as people write them.</summary>
public sealed class LintScenarios
{
    private static readonly EventQuestion Quarter = If.Purchases().InLast(Duration.FromDays(90));
    private static readonly Condition SilentForAQuarter = Quarter.Count().Is(0);

    [Fact]
    public void A_sensible_segment_has_nothing_said_of_it() =>
        Assert.Empty(SegmentLinter.Lint(Quarter.Count().AtLeast(3) & If.Purchases().SumOfSpend(Currency.Hkd).AtLeast(1_000) & If.Field("customer.region").Is("HK") & (Quarter.Count().LessThan(20) | If.Fact("loyalty.tier").Is("gold"))).Findings);

    [Fact]
    public void Names_that_do_not_exist_are_said_with_the_nearest_that_do()
    {
        var names = new LintNames { Kinds = new EventKinds([]), Facts = [new FactDeclaration("loyalty.tier"), new FactDeclaration("segment.*")], ProfileFields = ["region", "birthday"], Calendars = new DayCalendars() };
        var report = SegmentLinter.Lint(
            If.All(
                If.Events("purchse").Count().AtLeast(1),
                If.Purchases().Where(If.Field("event.chanel").Is("web")).Count().AtLeast(1),
                !If.Field("customer.regoin").Is("HK"),
                If.AtLeast(1, If.Fact("loyalty.teir").Is("gold"), If.Fact("segment.vip").Is(true)),
                If.Purchases().Then(new Step(new EventPattern("refnd")) { Within = Duration.FromDays(1) }).Happened,
                If.OnDayOf("hk-holidays")),
            names);

        Assert.Equal(
            [
                ("unknown-kind", "$.all[0].count", "There is no kind of events named 'purchse'. Did you mean 'purchase'?"),
                ("unknown-field", "$.all[1].where.field", "There is no field named 'event.chanel'. Did you mean 'event.channel'?"),
                ("unknown-field", "$.all[2].not.field", "There is no field named 'customer.regoin'. Did you mean 'customer.region'?"),
                ("unknown-fact", "$.all[3].score[0].when.fact", "There is no fact named 'loyalty.teir'. Did you mean 'loyalty.tier'?"),
                ("unknown-kind", "$.all[4].then[0].of", "There is no kind of events named 'refnd'. Did you mean 'refund'?"),
                ("unknown-calendar", "$.all[5].calendar", "There is no calendar named 'hk-holidays'."),
            ],
            report.Findings.Where(finding => finding.Code.StartsWith("unknown", StringComparison.Ordinal)).Select(finding => (finding.Code, finding.Path, finding.Sentence.English)));
        Assert.Contains("沒有名為「purchse」的事件種類。是否指「purchase」？", report.Findings.Select(finding => finding.Sentence.Chinese));
    }

    [Fact]
    public void Parts_that_cannot_hold_together_are_named_and_no_others()
    {
        var found = Assert.Single(SegmentLinter.Lint(If.All(If.Fact("loyalty.tier").Is("gold"), Quarter.Count().LessThan(2), If.Field("customer.region").Is("HK"), If.Purchases().InLast(Duration.FromDays(30)).Count().AtLeast(2))).Findings);

        Assert.Equal(("contradiction", "$"), (found.Code, found.Path));
        Assert.Equal("These cannot hold together: $.all[1], fewer than 2 purchases in the last 90 days; $.all[3], at least 2 purchases in the last 30 days. Leave one out, or ask for any of them.", found.Sentence.English);
        Assert.StartsWith("以下條件不能同時成立：$.all[1]，", found.Sentence.Chinese, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_a_snapshot_the_condition_is_looked_at_that_it_is_taken_by()
    {
        var snapshot = Segment.Snapshot("spring", new Text("Spring", "春"), Quarter.Count().AtLeast(3) & Quarter.Count().AtMost(1) & If.Fact("loyalty.teir").Is("gold"), Instant.FromUtc(2026, 1, 1, 0, 0));

        Assert.Equal(["unknown-fact", "contradiction", "never-true"], SegmentLinter.Lint(snapshot, new LintNames { Facts = [new FactDeclaration("loyalty.tier")] }).Findings.Select(finding => finding.Code));
    }

    [Theory]
    [MemberData(nameof(Constants))]
    public void What_never_or_always_holds_is_said_where_it_is(Condition condition, string[] expected) =>
        Assert.Equal(expected, SegmentLinter.Lint(condition).Findings.Select(finding => $"{finding.Code} {finding.Path}"));

    public static IEnumerable<TheoryDataRow<Condition, string[]>> Constants()
    {
        var region = If.Field("customer.region");
        var gold = If.Fact("loyalty.tier").Is("gold");
        yield return new(Quarter.Count().AtLeast(0), ["always-true $"]);
        yield return new(gold & Quarter.Count().AtLeast(0), ["always-true $.all[1]"]);
        yield return new(gold | (Quarter.Count().AtLeast(2) & Quarter.Count().LessThan(2)), ["contradiction $.any[1]"]);
        yield return new(gold & (Quarter.Count().AtLeast(2) | Quarter.Count().LessThan(2)), ["always-true $.all[1]"]);
        yield return new(Quarter.Count().MoreThan(2) & Quarter.Count().LessThan(3), ["contradiction $"]);
        yield return new(If.Purchases().SumOfSpend(Currency.Hkd).LessThan(0), ["never-true $"]);
        yield return new(region.Is("HK") & region.Is("MO"), ["contradiction $"]);
        yield return new(region.WhenMissing(true).Is("HK") & region.WhenMissing(true).Is("MO"), []);
        yield return new(region.Is("HK") & region.StartsWith("M"), ["contradiction $"]);
        yield return new(gold & If.On(IsoDayOfWeek.Monday) & If.On(IsoDayOfWeek.Friday), ["contradiction $"]);
        yield return new(If.Hours(new LocalTime(22, 0), new LocalTime(6, 0)) & If.Hours(new LocalTime(9, 0), new LocalTime(18, 0)), ["contradiction $"]);
        yield return new(If.On(IsoDayOfWeek.Sunday).In("Asia/Hong_Kong") & If.On(IsoDayOfWeek.Saturday).In("America/New_York"), []);
        yield return new(If.On(IsoDayOfWeek.Sunday).In("Asia/Hong_Kong") & If.On(IsoDayOfWeek.Saturday).In("Asia/Hong_Kong"), ["contradiction $"]);
        yield return new(If.On(IsoDayOfWeek.Sunday) & If.On(IsoDayOfWeek.Saturday).In(new CalendarZone.Business()), ["contradiction $"]);
        yield return new(If.Hours(new LocalTime(10, 0, 30), new LocalTime(10, 0, 45)), []);
        yield return new(If.Hours(new LocalTime(10, 0, 30), new LocalTime(10, 0, 45)) & If.Hours(new LocalTime(10, 0, 45), new LocalTime(10, 1)), ["contradiction $"]);
        yield return new(If.Hours(new LocalTime(10, 0), new LocalTime(11, 0)).In("Asia/Hong_Kong") & If.Hours(new LocalTime(2, 0), new LocalTime(3, 0)).In("UTC"), []);
        var spring = Instant.FromUtc(2026, 3, 1, 0, 0);
        yield return new(If.Between(null, spring) & If.Between(spring, null), ["contradiction $"]);
        yield return new(If.Between(null, spring) | If.Between(spring, null), ["always-true $"]);
        yield return new(If.Between(null, spring + Duration.FromTicks(1)) & If.Between(spring, null), []);
        yield return new(If.Annually(new AnnualDate(12, 1), new AnnualDate(1, 5)) & If.Annually(new AnnualDate(1, 6), new AnnualDate(11, 30)), ["contradiction $"]);
        yield return new(If.Annually(new AnnualDate(12, 1), new AnnualDate(1, 5)) & If.Annually(new AnnualDate(1, 5), new AnnualDate(6, 30)), []);
        yield return new(If.Annually(new AnnualDate(2, 29), new AnnualDate(2, 29), LeapDayRule.LeapYearsOnly) & If.Annually(new AnnualDate(2, 1), new AnnualDate(2, 28)), ["contradiction $"]);
        yield return new(If.Annually(new AnnualDate(2, 29), new AnnualDate(2, 29)) & If.Annually(new AnnualDate(2, 1), new AnnualDate(2, 28)), []);
        yield return new(If.Annually(new AnnualDate(2, 29), new AnnualDate(2, 29), LeapDayRule.March1) & If.Annually(new AnnualDate(3, 1), new AnnualDate(3, 31)), []);
        yield return new(If.Annually(new AnnualDate(6, 1), new AnnualDate(6, 30)).In("Asia/Hong_Kong") & If.Annually(new AnnualDate(7, 1), new AnnualDate(7, 31)).In("UTC"), []);
        yield return new(!(If.Any() | gold) | If.All(), ["never-true $.any[0].not.any[0]", "always-true $.any[1]", "always-true $"]);
        yield return new(If.Score(new Test.AtLeast(4), new Scored(gold, 1), new Scored(region.Is("HK"), 2)), ["never-true $"]);
        yield return new(If.Purchases().Where(If.Field("line.sku").Is("tea") & If.Field("line.sku").Is("cup")).Count().AtLeast(1), ["never-true $"]);
        yield return new(If.Purchases().Regularly(1, 6, Duration.FromDays(30)).AtLeast(7), ["never-true $"]);
    }

    [Fact]
    public void Few_that_means_none_at_all_is_said_unless_one_is_asked_for()
    {
        var few = Quarter.Count().LessThan(3);

        var found = Assert.Single(SegmentLinter.Lint(If.Fact("loyalty.tier").Is("gold") & few).Findings);
        Assert.Equal(("zero-count", "$.all[1]"), (found.Code, found.Path));
        Assert.Equal("This also counts in those who have none at all: fewer than 3 purchases in the last 90 days. If only those are meant who have some, ask for at least 1 as well.", found.Sentence.English);
        Assert.Equal(["zero-count $.not"], Said(!Quarter.Count().AtLeast(3)));
        Assert.Empty(Said(few & Quarter.Count().AtLeast(1)));
        Assert.Empty(Said(few & If.Purchases().SumOfSpend(Currency.Hkd).AtLeast(100)));
        Assert.Empty(Said(Quarter.Count().IsNot(3)));
    }

    [Fact]
    public void Silence_without_a_least_age_is_said_unless_there_is_one()
    {
        var found = Assert.Single(SegmentLinter.Lint(SilentForAQuarter).Findings);
        Assert.Equal(("no-minimum-age", "$"), (found.Code, found.Path));
        Assert.Equal("This also holds of those who came yesterday: no purchases in the last 90 days. If only those are meant who could have, ask as well that the first event, or the date of joining, is at least 90 days ago.", found.Sentence.English);
        Assert.Contains("距今最少 90 日", found.Sentence.Chinese, StringComparison.Ordinal);

        Assert.Empty(Said(If.Purchases().Stopped(Duration.FromDays(90))));
        Assert.Empty(Said(SilentForAQuarter & If.Purchases().Count().AtLeast(1)));
        Assert.Empty(Said(SilentForAQuarter & If.Purchases().First(new Measured.At()).FromNow(Comparison.AtMost, -Duration.FromDays(90))));
        Assert.Empty(Said(SilentForAQuarter & If.Field("customer.joined").FromToday(Comparison.LessThan, Period.FromDays(-90), "Asia/Hong_Kong")));
        Assert.Equal(["no-minimum-age $.all[0]"], Said(SilentForAQuarter & If.Field("customer.joined").FromToday(Comparison.LessThan, Period.FromDays(-30), "Asia/Hong_Kong")));
    }

    [Fact]
    public void Who_asks_newcomers_for_what_they_cannot_have_done_in_silence_needs_no_least_age()
    {
        var joined = If.Field("customer.joined");

        Assert.Empty(Said(SilentForAQuarter & If.Purchases().SumOfSpend(Currency.Hkd).AtLeast(100)));
        Assert.DoesNotContain("no-minimum-age $.all[0]", Said(SilentForAQuarter & If.Purchases().Distinct("line.sku").AtLeast(2)));
        Assert.Empty(Said(SilentForAQuarter & If.Purchases().Where(If.Field("event.channel").Is("web")).Count().AtLeast(1)));
        Assert.Empty(Said(SilentForAQuarter & !joined.WhenMissing(true).FromToday(Comparison.MoreThan, Period.FromDays(-90), "Asia/Hong_Kong")));
        Assert.Empty(Said(SilentForAQuarter & !If.Purchases().First(new Measured.At()).WhenMissing(true).FromNow(Comparison.AtLeast, -Duration.FromDays(90))));
        Assert.Equal(["no-minimum-age $.all[0]"], Said(SilentForAQuarter & !joined.WhenMissing(true).FromToday(Comparison.MoreThan, Period.FromDays(-30), "Asia/Hong_Kong")));
        Assert.Equal(["no-minimum-age $.all[0]"], Said(SilentForAQuarter & !joined.WhenMissing(false).FromToday(Comparison.MoreThan, Period.FromDays(-90), "Asia/Hong_Kong")));
        Assert.Equal(["no-minimum-age $.all[0]"], Said(SilentForAQuarter & If.Events("visit").Count().AtLeast(1)));
        Assert.Equal(["no-minimum-age $.all[0]"], Said(If.Purchases().Where(If.Field("event.channel").Is("web")).InLast(Duration.FromDays(90)).Count().Is(0) & If.Purchases().SumOfSpend(Currency.Hkd).AtLeast(100)));
    }

    [Fact]
    public void Silence_in_periods_of_the_calendar_is_said_too()
    {
        var none = If.Purchases().In(new Window.Calendar(CalendarPeriod.Month, 0, 3, "Asia/Hong_Kong")).Count().Is(0);

        var found = Assert.Single(SegmentLinter.Lint(none).Findings);
        Assert.Equal(LintCodes.NoMinimumAge, found.Code);
        Assert.Contains("is at least 3 months ago", found.Sentence.English, StringComparison.Ordinal);
        Assert.Contains("最少 3 個月", found.Sentence.Chinese, StringComparison.Ordinal);
        Assert.Empty(Said(none & If.Field("customer.joined").FromToday(Comparison.LessThan, Period.FromMonths(-3), "Asia/Hong_Kong")));
        Assert.Empty(Said(none & If.Purchases().In(new Window.Calendar(CalendarPeriod.Month, 0, 12, "Asia/Hong_Kong")).Count().AtLeast(1)));
        Assert.Equal(["no-minimum-age $.all[0]"], Said(If.Purchases().In(new Window.Calendar(CalendarPeriod.Month, 1, 3, "Asia/Hong_Kong")).Count().Is(0) & If.Purchases().Count().AtLeast(1)));
    }

    // Three months reach back 92 days on the last of August, and further than 90 on most days; who came so many months before today came before the first of the three.
    [Theory]
    [InlineData(CalendarPeriod.Month, 0, 3, "-P3M", true)]
    [InlineData(CalendarPeriod.Month, 0, 3, "-P92D", true)]
    [InlineData(CalendarPeriod.Month, 0, 3, "-P91D", false)]
    [InlineData(CalendarPeriod.Month, 0, 3, "-P2M", false)]
    [InlineData(CalendarPeriod.Month, 1, 3, "-P3M", false)]
    [InlineData(CalendarPeriod.Month, 1, 3, "-P4M", true)]
    [InlineData(CalendarPeriod.Quarter, 0, 1, "-P3M", true)]
    [InlineData(CalendarPeriod.Quarter, 0, 1, "-P90D", false)]
    [InlineData(CalendarPeriod.Year, 0, 1, "-P1Y", true)]
    [InlineData(CalendarPeriod.Year, 0, 1, "-P365D", false)]
    [InlineData(CalendarPeriod.Year, 0, 1, "-P366D", true)]
    [InlineData(CalendarPeriod.Week, 0, 2, "-P2W", true)]
    [InlineData(CalendarPeriod.Week, 0, 2, "-P13D", false)]
    [InlineData(CalendarPeriod.Day, 0, 90, "-P90D", true)]
    public void A_least_age_is_enough_when_it_reaches_back_as_far_as_the_periods_ever_do(CalendarPeriod unit, int skip, int count, string age, bool isEnough)
    {
        var zone = DateTimeZoneProviders.Tzdb["Asia/Hong_Kong"];
        var length = NodaTime.Text.PeriodPattern.Roundtrip.Parse(age[1..]).Value;
        var shift = new PeriodBuilder { Years = -length.Years, Months = -length.Months, Weeks = -length.Weeks, Days = -length.Days }.Build();
        var none = If.Purchases().In(new Window.Calendar(unit, skip, count, "Asia/Hong_Kong")).Count().Is(0);

        Assert.Equal(isEnough ? [] : ["no-minimum-age $.all[0]"], Said(none & If.Field("customer.joined").FromToday(Comparison.AtMost, shift, "Asia/Hong_Kong")));
        Assert.Equal(isEnough, Enumerable.Range(0, 1_461).Select(days => new LocalDate(2024, 1, 1).PlusDays(days)).All(today => zone.Start((today + shift).PlusDays(1)) <= zone.Start(unit.First(today, 1 - skip - count))));
    }

    [Fact]
    public void Whole_periods_that_are_over_before_the_silence_say_who_came_before_it()
    {
        EventQuestion In(int skip, int count) => If.Purchases().In(new Window.Calendar(CalendarPeriod.Month, skip, count, "Asia/Hong_Kong"));

        Assert.Empty(Said(In(1, 3).Count().Is(0) & In(4, 1).Count().AtLeast(1)));
        Assert.Equal(["no-minimum-age $.all[0]"], Said(In(1, 3).Count().Is(0) & In(0, 1).Count().AtLeast(1)));
    }

    [Fact]
    public void Times_that_move_with_now_contradict_each_other_as_numbers_do()
    {
        var joined = If.Field("customer.joined").WhenMissing(false);

        Assert.Equal(["contradiction $"], Said(joined.FromToday(Comparison.LessThan, Period.FromDays(-60), "UTC") & joined.FromToday(Comparison.AtLeast, Period.FromDays(-30), "UTC")));
        Assert.Equal(["contradiction $"], Said(joined.FromToday(Comparison.LessThan, Period.FromDays(-60), "UTC") & joined.FromToday(Comparison.AtLeast, Period.FromMonths(-1), "UTC")));
        Assert.Empty(Said(joined.FromToday(Comparison.LessThan, Period.FromDays(-30), "UTC") & joined.FromToday(Comparison.AtLeast, Period.FromMonths(-1), "UTC")));
        Assert.Empty(Said(joined.FromToday(Comparison.LessThan, Period.FromDays(-60), "UTC") & joined.FromToday(Comparison.AtLeast, Period.FromDays(-30), "Asia/Hong_Kong")));
    }

    [Fact]
    public void Every_condition_has_a_cost()
    {
        Assert.Equal(CostClass.Moment, SegmentLinter.Lint(If.On(IsoDayOfWeek.Monday)).Cost);
        Assert.Equal(CostClass.Stored, SegmentLinter.Lint(If.Fact("loyalty.tier").Is("gold")).Cost);
        Assert.Equal(CostClass.Summed, SegmentLinter.Lint(If.Fact("loyalty.tier").Is("gold") & Quarter.Count().AtLeast(3)).Cost);
        Assert.Equal(CostClass.Sampled, SegmentLinter.Lint(Quarter.Distinct("line.sku").AtLeast(3)).Cost);
        var report = SegmentLinter.Lint(If.Purchases().Then(new Step(new EventPattern("refund"))).Happened);
        Assert.Equal((CostClass.WholeHistory, "whole-history $"), (report.Cost, string.Join(",", report.Findings.Select(finding => $"{finding.Code} {finding.Path}"))));
        Assert.All(Enum.GetValues<CostClass>(), cost => Assert.NotEqual(new LintReport([], cost).CostSentence.English, new LintReport([], cost).CostSentence.Chinese));
    }

    [Fact]
    public void A_condition_that_cannot_be_used_is_refused()
    {
        var error = Assert.Throws<ArgumentException>(() => SegmentLinter.Lint(If.Field("region").Is("HK")));

        Assert.Contains("'region' is not the name of a field", error.Message, StringComparison.Ordinal);
    }

    private static IEnumerable<string> Said(Condition condition) => SegmentLinter.Lint(condition).Findings.Select(finding => $"{finding.Code} {finding.Path}");
}
