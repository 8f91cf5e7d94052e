using Crm.Conditions;
using NodaTime;

namespace Crm.Analytics.Habits;

/// <summary>Periods of the calendar.</summary>
internal static class Periods
{
    /// <summary>The first day of the period that a day belongs to, and that of the next one.</summary>
    public static (LocalDate Begins, LocalDate Next) Around(LocalDate day, CalendarPeriod period)
    {
        switch (period)
        {
            case CalendarPeriod.Day:
                return (day, day.PlusDays(1));
            case CalendarPeriod.Week:
                var monday = day.PlusDays(1 - (int)day.DayOfWeek);
                return (monday, monday.PlusWeeks(1));
            case CalendarPeriod.Month:
                var month = new LocalDate(day.Year, day.Month, 1);
                return (month, month.PlusMonths(1));
            case CalendarPeriod.Quarter:
                var quarter = new LocalDate(day.Year, ((day.Month - 1) / 3 * 3) + 1, 1);
                return (quarter, quarter.PlusMonths(3));
            case CalendarPeriod.Year:
                return (new LocalDate(day.Year, 1, 1), new LocalDate(day.Year + 1, 1, 1));
            default:
                throw new ArgumentOutOfRangeException(nameof(period), $"There is no period {(int)period}; a day, week, month, quarter or year is expected.");
        }
    }

    /// <summary>How many periods after that of one day the period of another is.</summary>
    public static int Between(LocalDate from, LocalDate to, CalendarPeriod period)
    {
        var (first, last) = (Around(from, period).Begins, Around(to, period).Begins);
        return period switch
        {
            CalendarPeriod.Day => Period.DaysBetween(first, last),
            CalendarPeriod.Week => Period.DaysBetween(first, last) / 7,
            CalendarPeriod.Month => ((last.Year - first.Year) * 12) + last.Month - first.Month,
            CalendarPeriod.Quarter => ((last.Year - first.Year) * 4) + ((last.Month - first.Month) / 3),
            _ => last.Year - first.Year,
        };
    }
}
