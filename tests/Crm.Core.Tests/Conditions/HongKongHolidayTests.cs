using Crm.Conditions;
using Crm.Values;
using NodaTime;

namespace Crm.Core.Tests.Conditions;

/// <summary>The list of Hong Kong's general holidays, against the rules of the ordinance.</summary>
public sealed class HongKongHolidayTests
{
    private static readonly DateTimeZone Zone = DateTimeZoneProviders.Tzdb["Asia/Hong_Kong"];

    /// <summary>The schedule of Cap. 149 with section 6, worked out from the moon, Easter and the sun: who falls on a Sunday, or on another, has the next day that is neither.</summary>
    [Theory]
    [InlineData(2024)]
    [InlineData(2025)]
    [InlineData(2026)]
    [InlineData(2027)]
    public void The_list_is_what_the_ordinance_says(int year)
    {
        var newYear = Lunar(year, 1, 1);
        var easter = Easter(year);
        LocalDate[] inOrder =
        [
            .. Enumerable.Range(0, 3).Select(newYear.PlusDays),
            easter.PlusDays(-2), easter.PlusDays(-1), easter.PlusDays(1),
            new(year, 1, 1), ChingMing(year), new(year, 5, 1), Lunar(year, 4, 8), Lunar(year, 5, 5), new(year, 7, 1), Lunar(year, 8, 15).PlusDays(1), new(year, 10, 1), Lunar(year, 9, 9), new(year, 12, 25), new(year, 12, 26),
        ];
        var expected = new SortedSet<LocalDate>();
        var moved = new List<LocalDate>();
        foreach (var day in inOrder)
        {
            if (day.DayOfWeek == IsoDayOfWeek.Sunday || !expected.Add(day))
            {
                moved.Add(day);
            }
        }

        foreach (var day in moved)
        {
            var next = day;
            while (next.DayOfWeek == IsoDayOfWeek.Sunday || !expected.Add(next))
            {
                next = next.PlusDays(1);
            }
        }

        Assert.Equal(17, expected.Count);
        Assert.Equal(expected, HongKongHolidays.Calendar.Days.Where(day => day.Year == year).Order());
    }

    [Theory]
    [InlineData("2026-04-07", true)]
    [InlineData("2026-04-08", false)]
    [InlineData("2026-04-05", false)]
    [InlineData("2027-02-09", true)]
    [InlineData("2028-01-01", null)]
    public void A_day_is_one_or_not_or_nothing_is_said_of_it(string day, bool? holds) =>
        Assert.Equal(holds, HongKongHolidays.Calendar.Contains(NodaTime.Text.LocalDatePattern.Iso.Parse(day).Value, Instant.FromUtc(2026, 1, 1, 0, 0)));

    [Fact]
    public void A_condition_holds_from_the_first_instant_of_a_holiday_to_the_first_after_it()
    {
        var condition = If.OnDayOf(HongKongHolidays.Name);
        Truth At(LocalDate day) => Evaluator.Evaluate(condition, new Now(new Moment(Zone.Start(day), Zone) { Calendars = new DayCalendars(HongKongHolidays.Calendar) }));

        Assert.Equal(new Truth(true, Zone.Start(new LocalDate(2026, 2, 20))), At(new LocalDate(2026, 2, 17)));
        Assert.Equal(new Truth(false, Zone.Start(new LocalDate(2026, 4, 3))), At(new LocalDate(2026, 2, 20)));
    }

    private static LocalDate Lunar(int year, int month, int day)
    {
        var lunar = new LunarDay("day", month, day);
        return Enumerable.Range(0, 366).Select(new LocalDate(year, 1, 1).PlusDays).First(one => lunar.Contains(one, default) == true);
    }

    // The anonymous Gregorian computus.
    private static LocalDate Easter(int year)
    {
        var (a, b, c) = (year % 19, year / 100, year % 100);
        var h = ((19 * a) + b - (b / 4) - ((b - ((b + 8) / 25) + 1) / 3) + 15) % 30;
        var l = (32 + (2 * (b % 4)) + (2 * (c / 4)) - h - (c % 4)) % 7;
        var m = (a + (11 * h) + (22 * l)) / 451;
        var sum = h + l - (7 * m) + 114;
        return new LocalDate(year, sum / 31, (sum % 31) + 1);
    }

    // When the sun reaches 15 degrees, in China's time, for the years from 2000 to 2099.
    private static LocalDate ChingMing(int year) => new(year, 4, (int)((0.2422 * (year % 100)) + 4.81) - (year % 100 / 4));

    private sealed record Now(Moment Moment) : IEvidence
    {
        public Scalar Field(string name) => default;

        public bool Observed(Condition.Field leaf) => false;

        public Scalar Fact(string name, out Instant? validUntil)
        {
            validUntil = null;
            return default;
        }

        public Truth Window(Condition.EventWindow leaf) => default;
    }
}
