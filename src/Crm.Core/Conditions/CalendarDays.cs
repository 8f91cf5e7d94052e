using Crm.Values;
using NodaTime;

namespace Crm.Conditions;

/// <summary>Which instants belong to which day and period of a zone. A day is everything from its first instant to that of the next day, also where a clock change repeats an hour around midnight.</summary>
public static class CalendarDays
{
    /// <summary>The zone with a name that <see cref="ConditionCheck"/> has found to exist.</summary>
    public static DateTimeZone Zone(string id) => DateTimeZoneProviders.Tzdb[id];

    /// <summary>The zone that is meant.</summary>
    /// <exception cref="InvalidOperationException">It is the customer's or the business's own, which only the evaluator knows: it asks in the zone that is meant for the customer.</exception>
    public static DateTimeZone Zone(CalendarZone zone) => zone switch
    {
        CalendarZone.Named named => Zone(named.Id),
        CalendarZone.Meant meant => meant.Zone,
        _ => throw new InvalidOperationException($"The zone ({zone}) was asked for without a customer; take {nameof(ConditionZones.InZonesOf)} of the condition first."),
    };

    /// <summary>The first instant of a day; of a day that a zone skips, the first instant after it.</summary>
    public static Instant Start(this DateTimeZone zone, LocalDate day)
    {
        ArgumentNullException.ThrowIfNull(zone);
        return Moment.Beginning(zone, day);
    }

    /// <summary>The first instant of the period that a day belongs to, moved by a number of periods. The calendar ends with the years -9998 and 9999: of a period before, its first instant, and of one after, its last.</summary>
    public static Instant Start(this DateTimeZone zone, CalendarPeriod unit, LocalDate day, int shift)
    {
        ArgumentNullException.ThrowIfNull(zone);
        var number = unit.Number(day) + shift;
        return number <= unit.Number(LocalDate.MinIsoValue) ? Instant.MinValue
            : number > unit.Number(LocalDate.MaxIsoValue) ? Instant.MaxValue
            : zone.Start(unit.First(day, shift));
    }

    /// <summary>The day that an instant belongs to; where a zone says one before the first or after the last of the calendar, that.</summary>
    public static LocalDate DayOf(this DateTimeZone zone, Instant instant)
    {
        ArgumentNullException.ThrowIfNull(zone);
        return new Moment(instant, zone).Date;
    }

    /// <summary>The first day of the period that a day belongs to, moved by a number of periods.</summary>
    public static LocalDate First(this CalendarPeriod unit, LocalDate day, int shift) => unit switch
    {
        CalendarPeriod.Day => day.PlusDays(shift),
        CalendarPeriod.Week => day.PlusDays(1 - (int)day.DayOfWeek + (7 * shift)),
        CalendarPeriod.Month => new LocalDate(day.Year, day.Month, 1).PlusMonths(shift),
        CalendarPeriod.Quarter => new LocalDate(day.Year, ((day.Month - 1) / 3 * 3) + 1, 1).PlusMonths(3 * shift),
        CalendarPeriod.Year => new LocalDate(day.Year, 1, 1).PlusYears(shift),
        _ => throw new InvalidOperationException($"There is no period {unit} in the calendar."),
    };

    /// <summary>A number of the period that a day belongs to, which grows by one from period to period.</summary>
    public static int Number(this CalendarPeriod unit, LocalDate day) => unit switch
    {
        CalendarPeriod.Day => CalendarEnds.NumberOf(day),
        CalendarPeriod.Week => (int)Math.Floor((CalendarEnds.NumberOf(day) + 3) / 7.0),
        CalendarPeriod.Month => (12 * day.Year) + day.Month,
        CalendarPeriod.Quarter => (4 * day.Year) + ((day.Month - 1) / 3),
        CalendarPeriod.Year => day.Year,
        _ => throw new InvalidOperationException($"There is no period {unit} in the calendar."),
    };

    /// <summary>A day that is moved, years before months before days; null where the calendar does not reach so far.</summary>
    public static LocalDate? Moved(this LocalDate day, Period shift)
    {
        ArgumentNullException.ThrowIfNull(shift);
        var year = (long)day.Year + shift.Years;
        var month = (12 * year) + day.Month - 1 + shift.Months;
        if (!IsYear(year) || !IsYear(month >= 0 ? month / 12 : (month - 11) / 12))
        {
            return null;
        }

        var moved = day.PlusYears(shift.Years).PlusMonths(shift.Months);
        var number = CalendarEnds.NumberOf(moved) + (7L * shift.Weeks) + shift.Days;
        return number < CalendarEnds.Numbers.First || number > CalendarEnds.Numbers.Last ? null : CalendarEnds.DayOf((int)number);
    }

    /// <summary>An instant that is moved; null where the calendar does not reach so far.</summary>
    public static Instant? Moved(this Instant instant, Duration shift) =>
        shift < Duration.Zero ? (instant - Instant.MinValue < -shift ? null : instant + shift)
        : Instant.MaxValue - instant < shift ? null : instant + shift;

    /// <summary>The most days that a period has.</summary>
    internal static int MostDays(this CalendarPeriod unit) => unit switch
    {
        CalendarPeriod.Day => 1,
        CalendarPeriod.Week => 7,
        CalendarPeriod.Month => 31,
        CalendarPeriod.Quarter => 92,
        _ => 366,
    };

    /// <summary>The date of an annual day in a year; null in a year that does not have it.</summary>
    internal static LocalDate? In(this AnnualDate annual, int year, LeapDayRule leapDay) => annual is not { Month: 2, Day: 29 } || CalendarSystem.Iso.IsLeapYear(year)
        ? annual.InYear(year)
        : leapDay switch
        {
            LeapDayRule.February28 => new LocalDate(year, 2, 28),
            LeapDayRule.March1 => new LocalDate(year, 3, 1),
            _ => null,
        };

    private static bool IsYear(long year) => year >= LocalDate.MinIsoValue.Year && year <= LocalDate.MaxIsoValue.Year;
}
