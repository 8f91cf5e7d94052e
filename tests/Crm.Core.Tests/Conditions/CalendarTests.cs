using Crm.Conditions;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;
using NodaTime.Extensions;

namespace Crm.Core.Tests.Conditions;

/// <summary>Dates that come back every year, dates that move with today, and calendars that no rule says.</summary>
public sealed class CalendarTests
{
    private const string HongKong = "Asia/Hong_Kong";
    private static readonly DateTimeZone Zone = DateTimeZoneProviders.Tzdb[HongKong];

    private static readonly string[] Zones = ["Asia/Hong_Kong", "America/New_York", "Asia/Beirut", "Pacific/Apia", "America/Sao_Paulo", "Africa/Cairo"];

    private static readonly Gen<LocalDate> Dates =
        from leap in Gen.Choose(0, 3)
        from days in Gen.Choose(0, 36_000)
        from end in Gen.Choose(0, 30)
        select end == 0 ? LocalDate.MaxIsoValue.PlusDays(-(days % 500)) : end == 1 ? LocalDate.MinIsoValue.PlusDays(days % 500) : leap == 0 ? new LocalDate(1904 + (4 * (days % 24)), 2, 29) : new LocalDate(1920, 1, 1).PlusDays(days);

    private static readonly Gen<(string Zone, Instant At)> Instants =
        from zone in Gen.Elements(Zones)
        from hours in Gen.Choose(0, 24 * 365 * 40)
        from near in Gen.Choose(-3, 3)
        let somewhen = Instant.FromUtc(1995, 1, 1, 0, 0) + Duration.FromHours(hours)
        let interval = DateTimeZoneProviders.Tzdb[zone].GetZoneInterval(somewhen)
        select (zone, hours % 2 == 0 || !interval.HasEnd ? somewhen : interval.End + Duration.FromMinutes(30 * near));

    private static readonly Gen<Test> Timed = Gen.OneOf(
        from comparison in Gen.Elements(Enum.GetValues<Comparison>())
        from years in Gen.Choose(-3, 3)
        from months in Gen.Choose(0, 14)
        from days in Gen.Choose(0, 40)
        from zone in Gen.Elements(Zones)
        let sign = years < 0 ? -1 : 1
        select (Test)new Test.Relative(comparison, new RelativeTime.Today(new PeriodBuilder { Years = years, Months = sign * months, Days = sign * days }.Build(), zone)),
        from before in Gen.Choose(0, 10)
        from after in Gen.Choose(0, 10)
        from policy in Gen.Elements(Enum.GetValues<LeapDayRule>())
        from zone in Gen.Elements(Zones)
        select (Test)new Test.Anniversary(before, after, policy, zone));

    [Fact]
    public void A_moment_belongs_to_the_day_that_has_begun_and_not_ended_whatever_the_clock_shows() => Assert.Empty(OutsideTheirDay(moment => moment.Date));

    [Fact]
    public void Taking_the_day_that_the_clock_shows_is_caught() => Assert.NotEmpty(OutsideTheirDay(moment => moment.Local.Date));

    // Around all changes of the clock of every zone since 1950.
    private static IEnumerable<Moment> OutsideTheirDay(Func<Moment, LocalDate> dayOf) =>
        from zone in DateTimeZoneProviders.Tzdb.GetAllZones()
        from interval in zone.GetZoneIntervals(Instant.FromUtc(1950, 1, 1, 0, 0), Instant.FromUtc(2040, 1, 1, 0, 0))
        where interval.HasEnd
        from minutes in new[] { -61, -60, -1, 0, 1, 59, 60, 61 }
        let moment = new Moment(interval.End + Duration.FromMinutes(minutes), zone)
        let day = dayOf(moment)
        where !(moment.StartOf(day) <= moment.Instant && moment.Instant < moment.StartOf(day.PlusDays(1)))
        select moment;

    [Fact]
    public void A_test_of_a_date_changes_exactly_when_it_says_it_will() => ChangesExactly(TestMeaning.At);

    [Fact]
    public void The_law_catches_days_that_begin_in_UTC() => Counterfeits.Caught(() => ChangesExactly((test, date, missing, now) => (test switch
    {
        Test.Relative { To: RelativeTime.Today today } relative => relative with { To = today with { Zone = "UTC" } },
        Test.Anniversary anniversary => anniversary with { Zone = "UTC" },
        _ => test,
    }).At(date, missing, now)));

    [Fact]
    public void The_law_catches_birthdays_that_common_years_do_not_have() => Counterfeits.Caught(() =>
        ChangesExactly((test, date, missing, now) => (test is Test.Anniversary anniversary ? anniversary with { LeapDay = LeapDayRule.LeapYearsOnly } : test).At(date, missing, now)));

    [Theory]
    [InlineData(LeapDayRule.February28, "2027-02-28", true)]
    [InlineData(LeapDayRule.February28, "2027-03-01", false)]
    [InlineData(LeapDayRule.March1, "2027-02-28", false)]
    [InlineData(LeapDayRule.March1, "2027-03-01", true)]
    [InlineData(LeapDayRule.LeapYearsOnly, "2027-02-28", false)]
    [InlineData(LeapDayRule.LeapYearsOnly, "2027-03-01", false)]
    [InlineData(LeapDayRule.LeapYearsOnly, "2028-02-29", true)]
    [InlineData(LeapDayRule.March1, "2028-02-29", true)]
    [InlineData(LeapDayRule.March1, "2028-03-01", false)]
    public void Who_was_born_on_29_February_has_a_birthday_by_the_stated_policy(LeapDayRule policy, string day, bool holds) =>
        Assert.Equal(holds, new Test.Anniversary(0, 0, policy, HongKong).At(new LocalDate(2000, 2, 29), false, Zone.AtStartOfDay(Day(day)).ToInstant()).Value);

    [Theory]
    [InlineData(LeapDayRule.February28, "2027-02-28", true)]
    [InlineData(LeapDayRule.March1, "2027-03-01", true)]
    [InlineData(LeapDayRule.LeapYearsOnly, "2027-02-28", false)]
    [InlineData(LeapDayRule.LeapYearsOnly, "2028-02-29", true)]
    public void A_birthday_without_its_year_has_its_anniversary_by_the_same_policy(LeapDayRule policy, string day, bool holds) =>
        Assert.Equal(holds, new Test.Anniversary(0, 0, policy, HongKong).At(229, false, Zone.AtStartOfDay(Day(day)).ToInstant()).Value);

    [Theory]
    [InlineData("0", false)]
    [InlineData("100", false)]
    [InlineData("101", true)]
    [InlineData("230", false)]
    [InlineData("431", false)]
    [InlineData("430.5", false)]
    [InlineData("1231", true)]
    [InlineData("1232", false)]
    [InlineData("1301", false)]
    [InlineData("-229", false)]
    public void A_number_that_is_no_day_of_a_year_gets_the_stated_answer(string number, bool isDay)
    {
        var truth = new Test.Anniversary(0, 0, LeapDayRule.February28, HongKong).At(decimal.Parse(number, System.Globalization.CultureInfo.InvariantCulture), true, Instant.FromUtc(2026, 6, 15, 0, 0));

        Assert.Equal(!isDay, truth.Value);
        Assert.Equal(isDay, truth.ValidUntil is not null);
    }

    [Theory]
    [InlineData(-200)]
    [InlineData(-1)]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(200)]
    public void What_has_no_end_and_what_has_no_beginning_are_values_as_any(int years) => Assert.All(Enum.GetValues<Comparison>(), comparison =>
    {
        var now = Instant.FromUtc(2026, 6, 1, 0, 0);
        Test[] tests = [new Test.Relative(comparison, new RelativeTime.Today(Period.FromYears(years), HongKong)), new Test.Relative(comparison, new RelativeTime.Now(Duration.FromDays(365 * years)))];
        var first = new Scalar[] { LocalDate.MinIsoValue, Instant.MinValue };
        var last = new Scalar[] { LocalDate.MaxIsoValue, Instant.MaxValue };

        for (var i = 0; i < tests.Length; i++)
        {
            Assert.Equal(new Truth(comparison is Comparison.LessThan or Comparison.AtMost, null), tests[i].At(first[i], false, now));
            Assert.Equal(new Truth(comparison is Comparison.MoreThan or Comparison.AtLeast, null), tests[i].At(last[i], false, now));
        }
    });

    [Fact]
    public void How_far_a_day_is_from_today_means_the_same_however_its_months_are_written() => Assert.All(Enumerable.Range(-40, 81), months =>
    {
        var (one, other) = (new Test.Relative(Comparison.EqualTo, new RelativeTime.Today(Period.FromMonths(months), "UTC")), new Test.Relative(Comparison.EqualTo, new RelativeTime.Today(new PeriodBuilder { Years = months / 12, Months = months % 12 }.Build(), "UTC")));

        Assert.Equal(one, other);
        Assert.All(Enumerable.Range(0, 4), day => Assert.All(Enumerable.Range(0, 4), later =>
        {
            var (value, now) = (new LocalDate(2024, 2, 27).PlusDays(day).PlusMonths(months).PlusDays(later - 2), new LocalDate(2024, 2, 27).PlusDays(day).AtStartOfDayInZone(DateTimeZone.Utc).ToInstant());
            var read = (Condition.Field?)ConditionJson.Read(ConditionJson.Write(new Condition.Field("customer.joined", one, false))).Condition;
            Assert.Equal(one.At(value, false, now), read!.Is.At(value, false, now));
        }));
    });

    [Theory]
    [InlineData("9797-12-31", "9798-01-01")]
    [InlineData("9798-12-30", "9798-12-31")]
    [InlineData("9798-12-31", null)]
    public void A_change_is_looked_for_as_long_as_everything_that_moves_stays_in_the_calendar(string value, string? passed) =>
        Assert.Equal(
            new Truth(false, passed is null ? null : Zone.Start(Day(passed))),
            new Test.Relative(Comparison.LessThan, new RelativeTime.Today(Period.Zero, HongKong)).At(Day(value), false, Instant.FromUtc(2026, 6, 1, 0, 0)));

    [Fact]
    public void The_law_catches_anniversaries_of_dates_alone() => Counterfeits.Caught(() =>
        ChangesExactly((test, date, missing, now) => test is Test.Anniversary && date.Kind == ScalarKind.Number ? new Truth(missing, null) : test.At(date, missing, now)));

    [Fact]
    public void The_next_birthday_after_29_February_1896_by_leap_years_only_is_found_though_1900_was_none()
    {
        var truth = new Test.Anniversary(0, 0, LeapDayRule.LeapYearsOnly, "UTC").At(new LocalDate(1880, 2, 29), false, Instant.FromUtc(1896, 3, 1, 0, 0));

        Assert.Equal(new Truth(false, Instant.FromUtc(1904, 2, 29, 0, 0)), truth);
    }

    [Theory]
    [InlineData("2026-12-24T15:59:59Z", false, "2026-12-24T16:00:00Z")]
    [InlineData("2026-12-24T16:00:00Z", true, "2027-01-02T16:00:00Z")]
    [InlineData("2027-01-02T16:00:00Z", false, "2027-12-24T16:00:00Z")]
    public void Days_of_every_year_go_over_the_turn_of_the_year(string at, bool holds, string until) =>
        Assert.Equal(new Truth(holds, Parse(until)), new Span.Annual(new AnnualDate(12, 25), new AnnualDate(1, 2)).At(new Moment(Parse(at), Zone)));

    [Fact]
    public void Days_of_every_year_are_those_that_the_calendar_says() =>
        Prop.ForAll((from fromDay in Gen.Choose(0, 365) from toDay in Gen.Choose(0, 365) from policy in Gen.Elements(LeapDayRule.February28, LeapDayRule.March1) from place in Instants select (fromDay, toDay, policy, place)).ToArbitrary(), sample =>
        {
            var zone = DateTimeZoneProviders.Tzdb[sample.place.Zone];
            var (from, to) = (new LocalDate(2000, 1, 1).PlusDays(sample.fromDay), new LocalDate(2000, 1, 1).PlusDays(sample.toDay));
            var span = new Span.Annual(new AnnualDate(from.Month, from.Day), new AnnualDate(to.Month, to.Day), sample.policy);
            var truth = span.At(new Moment(sample.place.At, zone));

            Assert.Equal(Holds(span, zone.DayOf(sample.place.At)), truth.Value);
            for (var day = zone.DayOf(sample.place.At); zone.Start(day.PlusDays(1)) is var next && next < (truth.ValidUntil ?? sample.place.At + Duration.FromDays(1500)); day = day.PlusDays(1))
            {
                Assert.Equal(truth.Value, Holds(span, zone.DayOf(next)));
            }

            Assert.True(truth.ValidUntil is not { } change || Holds(span, zone.DayOf(change)) != truth.Value);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(200));

    // 2025 has a leap sixth month.
    [Theory]
    [InlineData("2025-10-06", true)]
    [InlineData("2026-09-25", true)]
    [InlineData("2026-09-26", false)]
    public void The_fifteenth_of_the_eighth_lunar_month_is_found(string day, bool holds) =>
        Assert.Equal(holds, new LunarDay("mid-autumn", 8, 15).Contains(Day(day), Arbitrary.Start));

    [Fact]
    public void A_day_in_a_leap_month_is_not_that_day_of_the_month_it_repeats()
    {
        var sixth = new LunarDay("sixth-first", 6, 1);

        Assert.Equal([new LocalDate(2025, 6, 25)], Enumerable.Range(0, 365).Select(day => new LocalDate(2025, 1, 1).PlusDays(day)).Where(day => sixth.Contains(day, Arbitrary.Start) == true));
    }

    [Fact]
    public void A_holiday_counts_from_its_announcement_on_and_what_was_said_before_stays()
    {
        var announced = Instant.FromUtc(2026, 8, 1, 0, 0);
        var holidays = new ListedDays("hk-public-holidays", new LocalDate(2026, 1, 1), new LocalDate(2026, 12, 31), [new LocalDate(2026, 10, 1)]) { Announcements = [new Announcement(announced, new LocalDate(2026, 9, 3), true)] };
        var span = new Span.Listed("hk-public-holidays", WhenMissing: false);
        var calendars = new DayCalendars(holidays);
        Truth At(Instant instant) => span.At(new Moment(instant, Zone) { Calendars = calendars });

        Assert.Equal(new Truth(false, announced), At(Instant.FromUtc(2026, 7, 1, 0, 0)));
        Assert.Equal(new Truth(false, Zone.Start(new LocalDate(2026, 9, 3))), At(announced));
        Assert.Equal(new Truth(true, Zone.Start(new LocalDate(2026, 9, 4))), At(Instant.FromUtc(2026, 9, 3, 1, 0)));
        Assert.False(holidays.Contains(new LocalDate(2026, 9, 3), announced - Duration.FromTicks(1)));
        Assert.Null(holidays.Contains(new LocalDate(2027, 1, 1), announced));
        Assert.True((span with { WhenMissing = true }).At(new Moment(Instant.FromUtc(2027, 6, 1, 0, 0), Zone) { Calendars = calendars }).Value);
    }

    [Fact]
    public void A_calendar_that_nobody_gave_is_named_before_it_is_needed()
    {
        var error = Assert.Single(ConditionCheck.Check(If.OnDayOf("hk-holidays"), calendars: new DayCalendars(new LunarDay("hk-holiday", 1, 1))));

        Assert.Equal("$.calendar: No calendar is named 'hk-holidays'. Did you mean 'hk-holiday'? There are: hk-holiday.", error.ToString());
    }

    private static void ChangesExactly(Func<Test, Scalar, bool, Instant, Truth> at) =>
        Prop.ForAll((from test in Timed from date in Dates from place in Instants from near in Gen.Choose(-400, 400) from close in Gen.Elements(true, false) from yearless in Gen.Elements(true, false)
                     let day = close ? DateTimeZoneProviders.Tzdb[place.Zone].DayOf(place.At).PlusDays(near) : date
                     select (test, yearless && test is Test.Anniversary ? (Scalar)((100 * day.Month) + day.Day) : day, place.At)).ToArbitrary(), sample =>
        {
            var (test, date, now) = sample;
            var truth = at(test, date, false, now);
            var zone = CalendarDays.Zone(test is Test.Anniversary { Zone: var one } ? one : ((RelativeTime.Today)((Test.Relative)test).To).Zone);

            Assert.Equal(Holds(test, date, zone.DayOf(now)), truth.Value);
            var end = truth.ValidUntil is { } until && until < now + Duration.FromDays(800) ? until : now + Duration.FromDays(800);
            for (var day = zone.DayOf(now).PlusDays(1); zone.Start(day) < end; day = day.PlusDays(1))
            {
                Assert.Equal(truth.Value, Holds(test, date, zone.DayOf(zone.Start(day))));
            }

            Assert.True(truth.ValidUntil is not { } change || (Holds(test, date, zone.DayOf(change)) != truth.Value && Holds(test, date, zone.DayOf(change - Duration.FromTicks(1))) == truth.Value));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(400));

    // A day without its year is that day of an earlier leap year.
    private static bool Holds(Test test, Scalar value, LocalDate today) => Holds(test, value.AsDate ?? new LocalDate(today.Year - 4 - (today.Year % 4), (int)value.AsNumber / 100, (int)value.AsNumber % 100), today);

    private static bool Holds(Test test, LocalDate date, LocalDate today) => test switch
    {
        Test.Relative { Comparison: var comparison, To: RelativeTime.Today(var shift, _) } => comparison switch
        {
            Comparison.EqualTo => date == today + shift,
            Comparison.MoreThan => date > today + shift,
            Comparison.AtLeast => date >= today + shift,
            Comparison.LessThan => date < today + shift,
            _ => date <= today + shift,
        },
        Test.Anniversary anniversary => Enumerable.Range(today.Year - 1, 3).Any(year => date.Year < year &&
            (date is not { Month: 2, Day: 29 } || CalendarSystem.Iso.IsLeapYear(year) ? new LocalDate(year, date.Month, date.Day)
                : anniversary.LeapDay == LeapDayRule.February28 ? new LocalDate(year, 2, 28) : anniversary.LeapDay == LeapDayRule.March1 ? new LocalDate(year, 3, 1) : (LocalDate?)null) is { } on
            && on.PlusDays(-anniversary.DaysBefore) <= today && today <= on.PlusDays(anniversary.DaysAfter)),
        _ => throw new ArgumentOutOfRangeException(nameof(test)),
    };

    private static bool Holds(Span.Annual span, LocalDate day) => Enumerable.Range(day.Year - 1, 3).Any(year =>
    {
        var from = On(span.From, year, span.LeapDay);
        var to = On(span.To, span.To.CompareTo(span.From) < 0 ? year + 1 : year, span.LeapDay);
        return from <= day && day <= to;
    });

    private static LocalDate On(AnnualDate date, int year, LeapDayRule policy) =>
        date is { Month: 2, Day: 29 } && !CalendarSystem.Iso.IsLeapYear(year) ? policy == LeapDayRule.February28 ? new LocalDate(year, 2, 28) : new LocalDate(year, 3, 1) : date.InYear(year);

    private static LocalDate Day(string text) => NodaTime.Text.LocalDatePattern.Iso.Parse(text).Value;

    private static Instant Parse(string text) => NodaTime.Text.InstantPattern.General.Parse(text).Value;
}
