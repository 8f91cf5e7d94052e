using Crm.Values;
using NodaTime;

namespace Crm.Conditions;

/// <summary>What tests mean whose answer changes as time passes while the value stays. Instants are taken to the tick (100 ns).</summary>
internal static class TimedTests
{
    // 1896 and 1904 are the leap years that are farthest apart; one year more on either side for spans over the turn of the year.
    private const int YearsToNextLeapDay = 9;

    // Nothing is looked for after it: then 200 years more, which is the farthest that a test may look, are still in the calendar, whose end profiles keep for what has no end.
    private static readonly LocalDate LastDay = new(9798, 12, 31);
    private static readonly LocalDate FirstDayThatMoves = new(-9797, 1, 1);
    private static readonly Instant LastInstant = Instant.FromUtc(9798, 12, 31, 0, 0);

    /// <summary>The answer at an instant, and the first instant at which it changes; null when the value has none, being missing or of another kind.</summary>
    public static Truth? At(Test test, Scalar value, Instant now)
    {
        var tick = Instant.FromUnixTimeTicks(now.ToUnixTimeTicks());
        return test switch
        {
            Test.Relative { To: RelativeTime.Now(var shift) } relative when value.AsInstant is { } instant => Moving(relative.Comparison, instant, shift, tick),
            Test.Relative { To: RelativeTime.Today today } relative when value.AsDate is { } date => Moving(relative.Comparison, date, today, tick),
            Test.Anniversary anniversary when value.AsDate is { } date => Yearly(anniversary, new AnnualDate(date.Month, date.Day), date.Year + 1, tick),
            Test.Anniversary anniversary when value.AsAnnualDate is { } annual => Yearly(anniversary, annual, int.MinValue, tick),
            _ => null,
        };
    }

    private static Truth Moving(Comparison comparison, Instant value, Duration shift, Instant now)
    {
        var order = (value - NodaConstants.UnixEpoch).CompareTo(now - NodaConstants.UnixEpoch + shift);
        return order < 0 ? Passed(comparison)
            : value > LastInstant + shift ? Turning(comparison, order, null, null)
            : Turning(comparison, order, value - shift, value - shift + Duration.FromTicks(1));
    }

    private static Truth Moving(Comparison comparison, LocalDate value, RelativeTime.Today to, Instant now)
    {
        var zone = CalendarDays.Zone(to.Zone);
        var today = zone.DayOf(now);
        var order = Order(value, today, to.Shift);
        return order < 0 ? Passed(comparison) : Turning(comparison, order, First(reached: true), First(reached: false));

        Instant? First(bool reached) => FirstDay(value, today, to.Shift, reached) is { } day ? zone.Start(day) : null;
    }

    /// <summary>The first day from one on, or soon before it, that, moved, reaches the value, or passes it; null where that is after <see cref="LastDay"/>. Moved days never go back when the day goes on.</summary>
    private static LocalDate? FirstDay(LocalDate value, LocalDate today, Period shift, bool reached)
    {
        if (reached ? LastDay + shift < value : LastDay + shift <= value)
        {
            return null;
        }

        // What is so early that it cannot be moved back lies soon after today.
        var day = value < FirstDayThatMoves ? today : (value - shift).PlusDays(-8);
        while (reached ? Order(value, day, shift) > 0 : Order(value, day, shift) >= 0)
        {
            day = day.PlusDays(1);
        }

        return day;
    }

    // What is moved out of the calendar is before all that is in it, or after.
    private static int Order(LocalDate value, LocalDate day, Period shift) =>
        day.Moved(shift) is { } moved ? value.CompareTo(moved) : shift.Years < 0 || shift.Months < 0 || shift.Days < 0 ? 1 : -1;

    /// <summary>A value that was passed stays so, and may be at the beginning of the calendar, where nothing moves it back.</summary>
    private static Truth Passed(Comparison comparison) => new(Holds(comparison, -1), null);

    /// <summary>The value is later than what moves towards it, then the same, then earlier. Null: after all that is looked for.</summary>
    private static Truth Turning(Comparison comparison, int order, Instant? same, Instant? passed)
    {
        var holds = Holds(comparison, order);
        if (order > 0 && Holds(comparison, 0) != holds && !(same >= passed))
        {
            return new Truth(holds, same);
        }

        return new Truth(holds, Holds(comparison, -1) != holds ? passed : null);
    }

    private static bool Holds(Comparison comparison, int order) => comparison switch
    {
        Comparison.EqualTo => order == 0,
        Comparison.MoreThan => order > 0,
        Comparison.AtLeast => order >= 0,
        Comparison.LessThan => order < 0,
        Comparison.AtMost => order <= 0,
        _ => throw new InvalidOperationException($"There is no comparison {comparison}."),
    };

    /// <param name="firstYear">The year of the first anniversary; of a day without its year, every year has one.</param>
    private static Truth Yearly(Test.Anniversary test, AnnualDate annual, int firstYear, Instant now)
    {
        var zone = CalendarDays.Zone(test.Zone);
        var today = zone.DayOf(now);
        var first = Math.Max(Math.Max(today.Year - 1, LocalDate.MinIsoValue.Year), firstYear);
        var last = today.Year < LastDay.Year ? LastDay.Year : LocalDate.MaxIsoValue.Year;
        for (var year = first; year <= Math.Min(Math.Max(today.Year, first) + YearsToNextLeapDay, last); year++)
        {
            if (annual.In(year, test.LeapDay) is not { } anniversary || Period.DaysBetween(anniversary, today) is var since && since > test.DaysAfter)
            {
                continue;
            }

            var next = since < -test.DaysBefore ? anniversary.PlusDays(-test.DaysBefore) : anniversary.Moved(Period.FromDays(test.DaysAfter + 1));
            return new Truth(since >= -test.DaysBefore, next is { } day ? zone.Start(day) : null);
        }

        return new Truth(false, null);
    }
}
