using Crm.Conditions;
using Crm.Events;
using Crm.Modules;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Core.Tests.Conditions;

using History = List<(CustomerEvent Event, Instant At)>;

/// <summary>Conditions of every sort are asked at the first and last instants of the calendar, of events and dates there.</summary>
public sealed class CalendarEndsTests
{
    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(1_500);

    private static readonly Instant LastTick = Instant.FromUnixTimeTicks(Instant.MaxValue.ToUnixTimeTicks());

    private static readonly string[] Zones = ["Asia/Hong_Kong", "America/New_York", "Pacific/Kiritimati", "Etc/GMT+12", "Asia/Kathmandu", "UTC"];

    private static readonly LocalDate[] Dates = [LocalDate.MinIsoValue, LocalDate.MinIsoValue.PlusDays(1), LocalDate.MinIsoValue.PlusDays(59), new(-9797, 1, 1), new(2024, 2, 29), new(9798, 12, 31), new(9996, 2, 29), LocalDate.MaxIsoValue.PlusDays(-1), LocalDate.MaxIsoValue];

    // The ends, and what is so far from them that a zone, a week, a month, a window or the farthest test reaches over them, a tick before and after.
    private static readonly Gen<Instant> Instants =
        from end in Gen.Elements(Instant.MinValue, Instant.MaxValue, Instant.FromUtc(2026, 3, 1, 0, 0))
        from away in Gen.OneOf(Gen.Choose(0, 30).Select(hours => Duration.FromHours(hours)), Gen.Choose(0, 40).Select(days => Duration.FromDays(days)), Gen.Elements(Duration.FromDays(366), Duration.FromDays(3_660), Duration.FromDays(73_200)))
        from ticks in Gen.Choose(-1, 1)
        let inside = end == Instant.MaxValue ? end - away : end + away
        select inside.Moved(Duration.FromTicks(ticks)) ?? inside;

    private static readonly Gen<CalendarZone> InZones = Gen.Elements(Zones).Select(zone => (CalendarZone)zone);

    private static readonly Gen<Test> Timed = Gen.OneOf(
        from comparison in Gen.Elements(Enum.GetValues<Comparison>())
        from years in Gen.Choose(-1, 1)
        from many in Gen.Elements(0, 1, 198)
        from months in Gen.Elements(0, 11)
        from days in Gen.Elements(0, 1, 28)
        from zone in InZones
        select (Test)new Test.Relative(comparison, new RelativeTime.Today(new PeriodBuilder { Years = years * many, Months = years * months, Days = years * days }.Build(), zone)),
        from before in Gen.Elements(0, 180)
        from after in Gen.Elements(0, 180)
        from policy in Gen.Elements(Enum.GetValues<LeapDayRule>())
        from zone in InZones
        select (Test)new Test.Anniversary(before, after, policy, zone));

    private static readonly Gen<Test> Moving =
        from comparison in Gen.Elements(Enum.GetValues<Comparison>())
        from days in Gen.Elements(-73_200, -1, 0, 1, 73_200)
        select (Test)new Test.Relative(comparison, new RelativeTime.Now(Duration.FromDays(days)));

    private static readonly Gen<Condition> Fields =
        from place in Gen.Choose(0, Dates.Length)
        from test in Timed
        from missing in Gen.Elements(true, false)
        select (Condition)new Condition.Field($"customer.date{place}", test, missing);

    private static readonly Gen<Condition> Facts =
        from name in Gen.Elements("first", "last", "now")
        from test in Gen.OneOf(Moving, Gen.Elements<Test>(new Test.AtLeast(Instant.MaxValue), new Test.LessThan(Instant.MinValue)))
        select (Condition)new Condition.Fact($"instants.{name}", test, false);

    private static readonly Gen<Condition> Moments =
        from span in Gen.Elements<Span>(
            new Span.Between(null, Instant.MaxValue), new Span.Between(Instant.MinValue, null), new Span.Weekdays([IsoDayOfWeek.Friday, IsoDayOfWeek.Saturday]), new Span.Hours(new LocalTime(22, 0), new LocalTime(2, 30)),
            new Span.Hours(LocalTime.Midnight, new LocalTime(12, 0)), new Span.Annual(new AnnualDate(12, 25), new AnnualDate(1, 2)), new Span.Annual(new AnnualDate(1, 1), new AnnualDate(12, 31)),
            new Span.Annual(new AnnualDate(2, 29), new AnnualDate(2, 29), LeapDayRule.LeapYearsOnly), new Span.Listed("holidays", false), new Span.Listed("holidays", true))
        from zone in InZones
        select (Condition)new Condition.Moment(span) { Zone = zone };

    private static readonly Gen<Window> Windows = Gen.OneOf(
        Gen.Elements<Window>(
            new Window.Lifetime(), new Window.Last(Duration.FromDays(3_660)), new Window.Last(Duration.FromDays(2)) { Skip = Duration.FromDays(1) }, new Window.Before(Duration.FromDays(3_660)), new Window.Before(Duration.FromHours(1)),
            new Window.Between(Instant.MinValue, null), new Window.Between(null, LastTick), new Window.Since(new EventPattern("purchase"), true) { Within = Duration.FromDays(3_660) }, new Window.Since(new EventPattern("visit"), false)),
        from unit in Gen.Elements(Enum.GetValues<CalendarPeriod>())
        from skip in Gen.Elements(0, 1, 400)
        from count in Gen.Elements(1, 2, 400)
        from zone in InZones
        select (Window)new Window.Calendar(unit, skip, count, zone));

    private static readonly Gen<Condition.EventWindow> Measures =
        from window in Windows
        from zone in InZones
        from choice in Gen.Choose(0, 5)
        from timed in Timed
        from moving in Moving
        from many in Gen.Choose(0, 3)
        let number = (Test)new Test.AtLeast(many)
        let parts = window is Window.Calendar calendar ? calendar.Count : 2
        let divides = window is Window.Calendar or Window.Last { Skip.BclCompatibleTicks: 0 }
        let measured = choice switch
        {
            0 => ((Measure)new Measure.Count(), number),
            1 => (new Measure.SumOfSpend(Currency.Hkd), number),
            2 => (new Measure.Aggregate(Aggregation.Latest, new Measured.Day(zone)), timed),
            3 => (new Measure.Aggregate(Aggregation.First, new Measured.At()), moving),
            4 when divides => (new Measure.Periods(1, parts), number),
            _ => (new Measure.Sequence([new Step(new EventPattern("visit")) { Within = Duration.FromDays(3_660) }]) { Lacking = new Lack(new EventPattern("refund"), Duration.FromDays(3_660)) }, number),
        }
        select new Condition.EventWindow("purchase", measured.Item1, window, measured.Item2);

    private static readonly Gen<Condition> Leaves = Gen.OneOf(Fields, Facts, Moments, Measures.Select(measure => (Condition)measure));

    private static readonly Gen<History> Histories = Gen.ListOf(
        from kind in Gen.Elements("purchase", "purchase", "visit") from at in Instants select (new CustomerEvent { Key = new EventKey("pos", "1"), Kind = kind, Spend = Money.Hkd(1) }, at)).Resize(5).Select(list => list.ToList());

    [Fact]
    public void Every_condition_answers_at_the_ends_of_the_calendar_until_its_answer_changes() => Answers(Evaluator.Evaluate);

    [Fact]
    public void The_law_catches_who_asks_a_zone_for_what_it_cannot_say() =>
        Counterfeits.Caught(() => Answers((condition, evidence) => evidence.Moment.Local == default ? default : Evaluator.Evaluate(condition, evidence)));

    [Fact]
    public void The_law_catches_answers_that_claim_to_stay_for_ever() => Counterfeits.Caught(() => Answers((condition, evidence) => Evaluator.Evaluate(condition, evidence) with { ValidUntil = null }));

    [Fact]
    public void Accumulators_give_there_what_a_scan_of_the_history_gives() => Agrees(static (leaf, history, now) =>
    {
        var observed = Observed.Empty(new WindowCatalog([leaf]));
        foreach (var (happened, at) in history)
        {
            observed.Add(happened, at);
        }

        return observed.Answer(leaf, now);
    });

    [Fact]
    public void The_law_catches_an_accumulator_that_counts_nothing_there() => Counterfeits.Caught(() => Agrees(static (leaf, _, now) => HistoryWindows.Evaluate(leaf, [], now)));

    [Theory]
    [InlineData("9999-12-04T04:59:59Z", false)]
    [InlineData("9999-12-04T05:00:00Z", true)]
    [InlineData("9999-12-31T04:59:59Z", false)]
    [InlineData("9999-12-31T05:00:00Z", true)]
    public void Hours_of_the_last_weeks_are_those_of_winter_also_where_four_weeks_before_was_summer(string at, bool isMorning)
    {
        var morning = new Condition.Moment(new Span.Hours(LocalTime.Midnight, new LocalTime(12, 0))) { Zone = "America/New_York" };
        var instant = NodaTime.Text.InstantPattern.ExtendedIso.Parse(at).Value;

        Assert.Equal(isMorning, Evaluator.Evaluate(morning, new AtTheEnd(new Moment(instant, DateTimeZone.Utc), [], instant)).Value);
    }

    [Theory]
    [InlineData("9999-12-31T23:59:59Z", "Asia/Hong_Kong", "9999-12-31")]
    [InlineData("9999-12-31T11:59:59Z", "Etc/GMT+12", "9999-12-30")]
    [InlineData("9999-12-31T12:00:00Z", "Etc/GMT+12", "9999-12-31")]
    [InlineData("9999-12-30T16:00:00Z", "Asia/Hong_Kong", "9999-12-31")]
    [InlineData("9999-12-30T15:59:59Z", "Asia/Hong_Kong", "9999-12-30")]
    [InlineData("-9998-01-01T00:00:00Z", "Etc/GMT+12", "-9998-01-01")]
    [InlineData("-9998-01-01T20:00:00Z", "Asia/Hong_Kong", "-9998-01-02")]
    public void A_day_of_the_calendar_is_that_of_the_zone_as_long_as_there_is_one(string at, string zone, string day) =>
        Assert.Equal(NodaTime.Text.LocalDatePattern.Iso.Parse(day).Value, CalendarDays.Zone(zone).DayOf(NodaTime.Text.InstantPattern.ExtendedIso.Parse(at).Value));

    private static void Answers(Func<Condition, IEvidence, Truth> evaluate) => Prop.ForAll((from condition in Leaves from history in Histories from now in Instants from zone in Gen.Elements(Zones) select (condition, history, now, zone)).ToArbitrary(), sample =>
    {
        var (condition, history, now, zone) = sample;
        Assert.Empty(ConditionCheck.Check(condition));
        var known = history.FindAll(one => one.At <= now);
        var truth = default(Truth);

        Assert.Null(Record.Exception(() => truth = evaluate(condition, At(now))));
        Assert.False(truth.ValidUntil <= now, $"{truth} at {now}");
        Assert.False(truth.AskAgain.Instant < truth.ValidUntil);
        var end = truth.ValidUntil ?? Instant.MaxValue;
        foreach (var later in new[] { now.Moved(Duration.FromTicks(1)), now + ((end - now) / 2), end.Moved(-Duration.FromTicks(1)), truth.ValidUntil is null ? end : null })
        {
            if (later > now && (IsTimed(condition) ? later < truth.ValidUntil && later < LookedAtUntil : truth.ValidUntil is null || later < truth.ValidUntil))
            {
                Assert.Equal((later, truth.Value), (later, Evaluator.Evaluate(condition, At(later.Value)).Value));
            }
        }

        AtTheEnd At(Instant instant) => new(new Moment(instant, CalendarDays.Zone(zone)) { Calendars = Calendars }, known, now);
    }).Check(Thorough);

    private static void Agrees(Func<Condition.EventWindow, History, Instant, Truth> answer) => Prop.ForAll((from leaf in Measures from history in Histories from now in Instants select (leaf, history, now)).ToArbitrary(), sample =>
    {
        var (leaf, history, now) = sample;
        var known = history.FindAll(one => one.At <= now);

        Assert.Equal(HistoryWindows.Evaluate(leaf, known, now), answer(leaf, known, now));
    }).Check(Thorough);

    // What is compared with today or now is looked at until 9798, when 200 years are left.
    private static readonly Instant LookedAtUntil = Instant.FromUtc(9798, 12, 31, 0, 0);

    private static bool IsTimed(Condition leaf) => leaf is Condition.Field or Condition.Fact or Condition.EventWindow { Is: Test.Relative or Test.Anniversary };

    private static DayCalendars Calendars { get; } = new(new ListedDays("holidays", new LocalDate(2026, 1, 1), new LocalDate(2026, 12, 31), [new LocalDate(2026, 3, 2)]));

    private sealed class AtTheEnd(Moment moment, History history, Instant asked) : IEvidence
    {
        public Moment Moment => moment;

        public Scalar Field(string name) => default;

        public bool Observed(Condition.Field leaf) => leaf.Is.Holds(Observed(leaf.Name["customer.".Length..]), leaf.WhenMissing);

        public Scalar Observed(string field) => int.Parse(field["date".Length..], System.Globalization.CultureInfo.InvariantCulture) is var place && place < Dates.Length ? Dates[place] : (Scalar)229;

        public Scalar Fact(string name, out Instant? validUntil)
        {
            validUntil = null;
            return name switch { "instants.first" => Instant.MinValue, "instants.last" => Instant.MaxValue, _ => (Scalar)asked };
        }

        public Truth Window(Condition.EventWindow leaf) => HistoryWindows.Evaluate(leaf, history, moment.Instant);
    }
}
