using Crm.Campaigns.Journeys;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Campaigns.Decisions;

/// <summary>The days of years that birthday journeys wait for.</summary>
internal static class Birthday
{
    private const int Leap = 229;

    // Two leap years are at most eight years apart.
    private const int YearsToLook = 9;

    /// <summary>The day as MMDD; 0 when the value is no day of the year.</summary>
    public static int DayOf(Scalar value) =>
        (value.AsDate is { } date ? new AnnualDate(date.Month, date.Day) : value.AsAnnualDate) is { } annual ? (annual.Month * 100) + annual.Day : 0;

    /// <summary>The moment where the customer is.</summary>
    public static Moment HereOf(Trigger.OnBirthday trigger, ModuleContext context) =>
        trigger.ZoneField is { } field && context.Observed(field).AsCode is { } name && DateTimeZoneProviders.Tzdb.GetZoneOrNull(name) is { } zone ? context.Moment with { Zone = zone } : context.Moment;

    /// <summary>The first time that the day's hour comes after a moment, in a year after another.</summary>
    /// <param name="day">The day as MMDD, or 0.</param>
    /// <param name="moment">The moment, in the zone in which the hour is meant; its own instant is not after it.</param>
    /// <param name="afterYear">The last year that is done.</param>
    public static Instant? Next(int day, Trigger.OnBirthday trigger, Moment moment, int afterYear)
    {
        if (day == 0)
        {
            return null;
        }

        var first = Math.Max(moment.Date.Year, afterYear + 1);
        for (var year = first; year < first + YearsToLook; year++)
        {
            if (DateIn(year, day, trigger.LeapDay) is { } date && moment.Zone.AtLeniently(date.At(new LocalTime(trigger.Hour, 0))).ToInstant() is var instant && instant > moment.Instant)
            {
                return instant;
            }
        }

        return null;
    }

    private static LocalDate? DateIn(int year, int day, LeapDay policy) =>
        day != Leap || CalendarSystem.Iso.IsLeapYear(year) ? new LocalDate(year, day / 100, day % 100)
        : policy switch
        {
            LeapDay.Feb28 => new LocalDate(year, 2, 28),
            LeapDay.Mar1 => new LocalDate(year, 3, 1),
            _ => null,
        };
}
