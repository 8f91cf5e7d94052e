using System.Runtime.InteropServices;
using Crm.Conditions;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Rules;

/// <summary>When events count: by the clock of the programme's zone, at the moment they happened and not when they are processed. Every bound is included at its beginning and excluded at its end. What the clock shows twice is inside twice, but what begins or ends then does so the first time.</summary>
public sealed record EarningHours
{
    /// <summary>At any time.</summary>
    public static EarningHours Always { get; } = new();

    /// <summary>From this date and time on, included; null: from ever.</summary>
    public LocalDateTime? From { get; init; }

    /// <summary>Until this date and time, excluded; null: for ever.</summary>
    public LocalDateTime? Until { get; init; }

    /// <summary>On these days of the week; empty: on all.</summary>
    public Sequence<IsoDayOfWeek> Days { get; init => field = value.Distinct().Order().ToSequence(); }

    /// <summary>In one of these parts of the day; empty: all day. A part that runs past midnight belongs, after midnight, to the new day.</summary>
    public Sequence<DayPart> Hours { get; init; }

    /// <summary>Whether a moment, in the programme's zone, is inside.</summary>
    public bool Cover(Moment moment)
    {
        if (ReferenceEquals(this, Always))
        {
            return true;
        }

        var local = moment.Local;
        return (From is not { } from || HasCome(from, moment, local)) && (Until is not { } until || !HasCome(until, moment, local)) && (Days.IsEmpty || Days.AsSpan().Contains(local.DayOfWeek)) && (Hours.IsEmpty || Contains(local.TimeOfDay));
    }

    /// <summary>The first instant after a moment that is inside; null: there is none any more.</summary>
    internal Instant? NextAfter(Moment moment)
    {
        var (local, zone) = (moment.Local, moment.Zone);
        var first = From > local ? From.Value.Date : local.Date;
        for (var day = first; day <= first.PlusDays(8); day = day.PlusDays(1))
        {
            // An inside begins with its first date and time, with a day, with a part of a day, or where the clock is put forward or back.
            var begins = Hours.Select(part => day + part.From).Append(day.AtMidnight()).Concat(From is { } from && from.Date == day ? [from] : []).SelectMany(begin => Shown(begin, zone));
            var jumps = zone.GetZoneIntervals(new Interval(zone.Start(day), zone.Start(day.PlusDays(1)))).Where(interval => interval.HasStart).Select(interval => interval.Start);
            foreach (var at in begins.Concat(jumps).Order())
            {
                if (at > moment.Instant && Cover(moment with { Instant = at }))
                {
                    return at;
                }
            }
        }

        return null;
    }

    private static IEnumerable<Instant> Shown(LocalDateTime local, DateTimeZone zone) =>
        zone.MapLocal(local) is { Count: 2 } twice ? [twice.First().ToInstant(), twice.Last().ToInstant()] : [local.InZoneLeniently(zone).ToInstant()];

    // Near a bound the clock may have been put forward or back, so instants are compared.
    private static bool HasCome(LocalDateTime bound, Moment moment, LocalDateTime local) =>
        Math.Abs(Period.DaysBetween(bound.Date, local.Date)) > 1 ? bound <= local : bound.InZoneLeniently(moment.Zone).ToInstant() <= moment.Instant;

    private bool Contains(LocalTime time)
    {
        foreach (var part in Hours.AsSpan())
        {
            if (part.Contains(time))
            {
                return true;
            }
        }

        return false;
    }
}

/// <summary>A part of a day.</summary>
/// <param name="From">Included.</param>
/// <param name="Until">Excluded; earlier than <paramref name="From"/> when the part runs past midnight.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct DayPart(LocalTime From, LocalTime Until)
{
    /// <summary>Whether a time of day is inside.</summary>
    public bool Contains(LocalTime time) => From <= Until ? From <= time && time < Until : From <= time || time < Until;
}
