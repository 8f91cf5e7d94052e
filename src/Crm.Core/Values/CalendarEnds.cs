using NodaTime;

namespace Crm.Values;

/// <summary>The first and last days of the calendar (the years -9998 and 9999), where a zone may say a day or an instant that there is not: it is the nearest that there is.</summary>
internal static class CalendarEnds
{
    private const int Days = 2;
    private static readonly LocalDate Epoch = new(1970, 1, 1);
    private static readonly Instant FirstSure = Instant.MinValue + Duration.FromDays(Days);
    private static readonly Instant LastSure = Instant.MaxValue - Duration.FromDays(Days);
    private static readonly LocalDate FirstSureDay = LocalDate.MinIsoValue.PlusDays(Days);
    private static readonly LocalDate LastSureDay = LocalDate.MaxIsoValue.PlusDays(-Days);

    /// <summary>The number of the first day and of the last, counted from 1970.</summary>
    public static (int First, int Last) Numbers { get; } = (NumberOf(LocalDate.MinIsoValue), NumberOf(LocalDate.MaxIsoValue));

    /// <summary>The number of a day, counted from 1970.</summary>
    public static int NumberOf(LocalDate day) => Period.DaysBetween(Epoch, day);

    /// <summary>The day of a number.</summary>
    public static LocalDate DayOf(int number) => Epoch.PlusDays(number);

    /// <summary>Whether an instant is so near to an end that this is to be asked.</summary>
    public static bool AreNear(Instant instant) => instant < FirstSure || instant > LastSure;

    /// <summary>Whether a day is so near to an end that this is to be asked.</summary>
    public static bool AreNear(LocalDate day) => day < FirstSureDay || day > LastSureDay;

    /// <summary>The day of an instant.</summary>
    public static LocalDate DayOf(DateTimeZone zone, Instant instant)
    {
        var local = instant - NodaConstants.UnixEpoch + Duration.FromSeconds(zone.GetUtcOffset(instant).Seconds);
        return DayOf(Math.Clamp(local.Days - (local.NanosecondOfDay < 0 ? 1 : 0), Numbers.First, Numbers.Last));
    }

    /// <summary>The first instant of a day.</summary>
    public static Instant StartOf(DateTimeZone zone, LocalDate day)
    {
        var midnight = NodaConstants.UnixEpoch + Duration.FromDays(NumberOf(day));
        var start = midnight - NodaConstants.UnixEpoch - Duration.FromSeconds(zone.GetUtcOffset(midnight).Seconds);
        return start < Instant.MinValue - NodaConstants.UnixEpoch ? Instant.MinValue : NodaConstants.UnixEpoch + start;
    }
}
