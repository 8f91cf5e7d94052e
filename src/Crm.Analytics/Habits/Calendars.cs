using NodaTime;

namespace Crm.Analytics.Habits;

/// <summary>Arithmetic with days that may end beyond the calendar.</summary>
internal static class Calendars
{
    private static readonly LocalDate Last = new(9998, 12, 31);

    /// <summary>So many days later; null where the calendar has ended by then.</summary>
    public static LocalDate? Plus(LocalDate day, int days) => days <= Period.DaysBetween(day, Last) ? day.PlusDays(days) : null;
}
