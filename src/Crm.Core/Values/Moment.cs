using NodaTime;

namespace Crm.Values;

/// <summary>An instant seen from a zone: what a decision knows about time. Modules have no clock; they get this.</summary>
/// <param name="Instant">When.</param>
/// <param name="Zone">The zone in which days begin and end.</param>
public readonly record struct Moment(Instant Instant, DateTimeZone Zone)
{
    // Decisions ask for the same few days again and again, and a zone takes long to answer.
    private static readonly Lately<DayStart> Starts = new(2_048);

    /// <summary>The calendars that conditions may name; null: none.</summary>
    public DayCalendars? Calendars { get; init; }

    /// <summary>Date and time of day in the zone.</summary>
    public LocalDateTime Local => Instant.InZone(Zone).LocalDateTime;

    /// <summary>The calendar day in the zone: from where it begins up to where the next does, also where the clock goes back after midnight and shows the end of the day before again.</summary>
    public LocalDate Date
    {
        get
        {
            if (CalendarEnds.AreNear(Instant))
            {
                return CalendarEnds.DayOf(Zone, Instant);
            }

            var day = Local.Date;
            while (StartOf(day.PlusDays(1)) <= Instant)
            {
                day = day.PlusDays(1);
            }

            return day;
        }
    }

    /// <summary>The instant at which a day begins in the zone; where midnight is skipped by a clock change, the first instant after it, and of a day that the zone left out, that of the day after it.</summary>
    public Instant StartOf(LocalDate date)
    {
        var hash = date.GetHashCode();
        return Starts.Find(hash) is { } known && ReferenceEquals(known.Zone, Zone) && known.Day == date
            ? known.Start
            : Starts.Keep(hash, new DayStart(Zone, date, Beginning(Zone, date))).Start;
    }

    /// <summary>See <see cref="StartOf"/>; nothing is remembered.</summary>
    internal static Instant Beginning(DateTimeZone zone, LocalDate date)
    {
        if (CalendarEnds.AreNear(date))
        {
            return CalendarEnds.StartOf(zone, date);
        }

        var midnight = zone.MapLocal(date.AtMidnight());
        return midnight.Count == 0 ? midnight.LateInterval.Start : midnight.First().ToInstant();
    }

    private sealed record DayStart(DateTimeZone Zone, LocalDate Day, Instant Start);
}
