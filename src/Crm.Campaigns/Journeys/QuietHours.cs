using Crm.Values;
using NodaTime;

namespace Crm.Campaigns.Journeys;

/// <summary>
/// A part of each day in which no message leaves, by the clock on the customer's wall. What is decided in it leaves when it ends, if it is of use then, and is asked about again like any message that leaves. When clocks go
/// forward over its end, it ends with the jump; an hour that comes twice is quiet both times.
/// </summary>
/// <param name="From">Included.</param>
/// <param name="Until">Excluded; earlier than <paramref name="From"/> when the part runs past midnight. Another time than <paramref name="From"/>.</param>
public sealed record QuietHours(LocalTime From, LocalTime Until)
{
    /// <summary>The profile field with the customer's zone, such as "Europe/London"; null, or a value that is no zone: <see cref="Zone"/> counts, so that it is quiet somewhere.</summary>
    public string? ZoneField { get; init; }

    /// <summary>The zone where the customer's is not known, such as "Asia/Hong_Kong"; null: that of the engine.</summary>
    public string? Zone { get; init; }

    /// <summary>
    /// From when on there are quiet hours, included; null: always. Give it when they are added to a store with history: what was decided before it stays as it was when a refund or an event that comes late has it decided again.
    /// </summary>
    public Instant? Since { get; init; }

    /// <summary>Whether a time of the day is quiet.</summary>
    public bool Contain(LocalTime time) => From <= Until ? From <= time && time < Until : From <= time || time < Until;

    /// <summary>When the quiet that an instant is in ends: the first instant after it that is not quiet; null where it is not quiet. Whether there are quiet hours yet (<see cref="Since"/>) is not asked.</summary>
    /// <param name="instant">The instant.</param>
    /// <param name="zone">Where the wall is.</param>
    public Instant? EndAt(Instant instant, DateTimeZone zone)
    {
        ArgumentNullException.ThrowIfNull(zone);
        for (var at = instant; ;)
        {
            var local = at.InZone(zone).LocalDateTime;
            if (!Contain(local.TimeOfDay))
            {
                return at == instant ? null : at;
            }

            // Until clocks are changed, the wall says how long it is; then it says something else.
            var day = local.TimeOfDay < Until ? local.Date : local.Date.PlusDays(1);
            var interval = zone.GetZoneInterval(at);
            var end = day.At(Until).WithOffset(interval.WallOffset).ToInstant();
            at = interval.HasEnd && interval.End < end ? interval.End : end;
        }
    }

    /// <summary>Where a customer's wall is.</summary>
    /// <param name="observed">Says what was observed of the profile.</param>
    /// <param name="engine">The zone of the engine.</param>
    internal DateTimeZone ZoneOf(Func<string, Scalar> observed, DateTimeZone engine) =>
        Find(ZoneField is null ? null : observed(ZoneField).AsCode) ?? Find(Zone) ?? engine;

    private static DateTimeZone? Find(string? name) => name is null ? null : DateTimeZoneProviders.Tzdb.GetZoneOrNull(name);
}
