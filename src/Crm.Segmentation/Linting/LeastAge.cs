using Crm.Conditions;
using NodaTime;

namespace Crm.Segmentation.Linting;

/// <summary>How long ago somebody must have come for a window to say something of them.</summary>
/// <param name="Most">As far as the window ever reaches back: three calendar months, on the last day of the third, 92 days.</param>
/// <param name="Months">The same of a window of calendar months or longer, in months: who came so many months before today came before it began. Null for all others.</param>
internal sealed record LeastAge(Duration Most, int? Months)
{
    // With the longest months and years; a leap year and the three after it begin in every way that there is.
    private static readonly LocalDate FirstDay = new(2000, 1, 1);
    private const int Beginnings = 48;

    /// <summary>The unit of the calendar whose periods are asked for, and how many, the one that lasts among them; null where no window of the calendar is meant.</summary>
    public (CalendarPeriod Unit, int Count)? Periods { get; private init; }

    /// <summary>Of a window of the calendar.</summary>
    public static LeastAge Of(Window.Calendar calendar)
    {
        var count = calendar.Skip + calendar.Count;
        var days = Enumerable.Range(0, Beginnings).Select(months => calendar.Unit.First(FirstDay.PlusMonths(months), 0)).Max(first => Period.DaysBetween(first, calendar.Unit.First(first, count)));
        int? inMonths = calendar.Unit switch { CalendarPeriod.Month => count, CalendarPeriod.Quarter => 3 * count, CalendarPeriod.Year => 12 * count, _ => null };
        return new LeastAge(Duration.FromDays(days), inMonths) { Periods = (calendar.Unit, count) };
    }

    /// <summary>Whether a window of the same periods is over before this one begins, so that nobody who came since is in it.</summary>
    public bool ReachesNoFartherThan(Window.Calendar other) => Periods is { } periods && other.Unit == periods.Unit && other.Skip >= periods.Count;
}
