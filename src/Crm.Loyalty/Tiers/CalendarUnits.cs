using NodaTime;

namespace Crm.Loyalty.Tiers;

/// <summary>Which days belong to which unit of the calendar.</summary>
internal static class CalendarUnits
{
    /// <summary>The first day of the unit that a day belongs to.</summary>
    /// <param name="unit">The unit.</param>
    /// <param name="day">The day.</param>
    /// <param name="weekStart">The day on which weeks begin.</param>
    public static LocalDate First(CalendarUnit unit, LocalDate day, IsoDayOfWeek weekStart = IsoDayOfWeek.Monday) => unit switch
    {
        CalendarUnit.Day => day,
        CalendarUnit.Week => day.PlusDays(-(((int)day.DayOfWeek - (int)weekStart + 7) % 7)),
        _ => new LocalDate(day.Year, day.Month - ((day.Month - 1) % MonthsIn(unit)), 1),
    };

    /// <summary>The first day of the unit after one that begins on a day.</summary>
    public static LocalDate Next(CalendarUnit unit, LocalDate first) => unit switch
    {
        CalendarUnit.Day => first.PlusDays(1),
        CalendarUnit.Week => first.PlusWeeks(1),
        _ => first.PlusMonths(MonthsIn(unit)),
    };

    /// <summary>How many units lie between the beginnings of two.</summary>
    public static int Between(CalendarUnit unit, LocalDate first, LocalDate other) => unit switch
    {
        CalendarUnit.Day => Period.DaysBetween(first, other),
        CalendarUnit.Week => Period.DaysBetween(first, other) / 7,
        _ => (((other.Year - first.Year) * 12) + other.Month - first.Month) / MonthsIn(unit),
    };

    /// <summary>How many months a unit has; 0 for those that are shorter than any.</summary>
    public static int MonthsIn(CalendarUnit unit) => unit switch { CalendarUnit.Year => 12, CalendarUnit.HalfYear => 6, CalendarUnit.Quarter => 3, CalendarUnit.Month => 1, _ => 0 };

    /// <summary>The most days that a unit has.</summary>
    public static int MostDays(CalendarUnit unit) => unit switch { CalendarUnit.Year => 366, CalendarUnit.HalfYear => 184, CalendarUnit.Quarter => 92, CalendarUnit.Month => 31, CalendarUnit.Week => 7, _ => 1 };
}
