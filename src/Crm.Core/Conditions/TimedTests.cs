using Crm.Values;
using NodaTime;

namespace Crm.Conditions;

/// <summary>What tests mean whose answer changes as time passes while the value stays. Instants are taken to the tick (100 ns).</summary>
internal static class TimedTests
{
    // 1896 and 1904 are the leap years that are farthest apart; one year more on either side for spans over the turn of the year.
    private const int YearsToNextLeapDay = 9;

    /// <summary>The answer at an instant, and the first instant at which it changes; null when the value has none, being missing or of another kind.</summary>
    public static Truth? At(Test test, Scalar value, Instant now)
    {
        var tick = Instant.FromUnixTimeTicks(now.ToUnixTimeTicks());
        return test switch
        {
            Test.Relative { To: RelativeTime.Now(var shift) } relative when value.AsInstant is { } instant => Moving(relative.Comparison, instant, shift, tick),
            Test.Relative { To: RelativeTime.Today today } relative when value.AsDate is { } date => Moving(relative.Comparison, date, today, tick),
            Test.Anniversary anniversary when value.AsDate is { } date => Yearly(anniversary, date, tick),
            _ => null,
        };
    }

    private static Truth Moving(Comparison comparison, Instant value, Duration shift, Instant now)
    {
        var same = value - shift;
        return Turning(comparison, value.CompareTo(now + shift), now, same, same + Duration.FromTicks(1));
    }

    private static Truth Moving(Comparison comparison, LocalDate value, RelativeTime.Today to, Instant now)
    {
        var zone = CalendarDays.Zone(to.Zone);
        var order = value.CompareTo(zone.DayOf(now) + to.Shift);
        return Turning(comparison, order, now, zone.Start(FirstDay(value, to.Shift, reached: true)), zone.Start(FirstDay(value, to.Shift, reached: false)));
    }

    /// <summary>The first day that, moved, reaches the value, or passes it. Moved days never go back when the day goes on.</summary>
    private static LocalDate FirstDay(LocalDate value, Period shift, bool reached)
    {
        var day = (value - shift).PlusDays(-8);
        while (reached ? day + shift < value : day + shift <= value)
        {
            day = day.PlusDays(1);
        }

        return day;
    }

    /// <summary>The value is later than what moves towards it, then the same, then earlier.</summary>
    private static Truth Turning(Comparison comparison, int order, Instant now, Instant same, Instant passed)
    {
        var holds = Holds(comparison, order);
        if (order > 0 && Holds(comparison, 0) != holds && same < passed)
        {
            return new Truth(holds, same);
        }

        return order >= 0 && Holds(comparison, -1) != holds ? new Truth(holds, passed) : new Truth(holds, null);
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

    private static Truth Yearly(Test.Anniversary test, LocalDate value, Instant now)
    {
        var zone = CalendarDays.Zone(test.Zone);
        var today = zone.DayOf(now);
        var annual = new AnnualDate(value.Month, value.Day);
        for (var year = Math.Max(today.Year - 1, value.Year + 1); year <= Math.Max(today.Year, value.Year) + YearsToNextLeapDay; year++)
        {
            if (annual.In(year, test.LeapDay) is not { } anniversary || anniversary.PlusDays(test.DaysAfter) < today)
            {
                continue;
            }

            var from = anniversary.PlusDays(-test.DaysBefore);
            return today < from ? new Truth(false, zone.Start(from)) : new Truth(true, zone.Start(anniversary.PlusDays(test.DaysAfter + 1)));
        }

        return new Truth(false, null);
    }
}
