using NodaTime;

namespace Crm.Values;

/// <summary>An instant seen from a zone: what a decision knows about time. Modules have no clock; they get this.</summary>
/// <param name="Instant">When.</param>
/// <param name="Zone">The zone in which days begin and end.</param>
public readonly record struct Moment(Instant Instant, DateTimeZone Zone)
{
    private const int KnownDays = 2_048;

    // The beginnings of days that were asked for lately, by day: decisions ask for the same few days again and again, and a zone takes long to answer. What is overwritten is asked for anew.
    private static readonly DayStart?[] Starts = new DayStart?[KnownDays];

    /// <summary>The calendars that conditions may name; null: none.</summary>
    public DayCalendars? Calendars { get; init; }

    /// <summary>Date and time of day in the zone.</summary>
    public LocalDateTime Local => Instant.InZone(Zone).LocalDateTime;

    /// <summary>The calendar day in the zone.</summary>
    public LocalDate Date => Local.Date;

    /// <summary>The instant at which a day begins in the zone; where midnight is skipped by a clock change, the first instant after it.</summary>
    public Instant StartOf(LocalDate date)
    {
        ref var place = ref Starts[((date.Year * 372) + (date.Month * 31) + date.Day) & (KnownDays - 1)];
        if (Volatile.Read(ref place) is { } known && ReferenceEquals(known.Zone, Zone) && known.Day == date)
        {
            return known.Start;
        }

        var start = Zone.AtStartOfDay(date).ToInstant();
        Volatile.Write(ref place, new DayStart(Zone, date, start));
        return start;
    }

    private sealed record DayStart(DateTimeZone Zone, LocalDate Day, Instant Start);
}
