using System.Runtime.InteropServices;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Rules;

/// <summary>When events count: by the clock of the programme's zone, at the moment they happened and not when they are processed. Every bound is included at its beginning and excluded at its end.</summary>
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
        return !(local < From) && !(Until <= local) && (Days.IsEmpty || Days.AsSpan().Contains(local.DayOfWeek)) && (Hours.IsEmpty || Contains(local.TimeOfDay));
    }

    /// <summary>The first instant after a moment that is inside; null: there is none any more.</summary>
    internal Instant? NextAfter(Moment moment)
    {
        var local = moment.Local;
        var first = From > local ? From.Value.Date : local.Date;
        for (var day = first; day <= first.PlusDays(8); day = day.PlusDays(1))
        {
            // An inside begins with its first date and time, with a day, or with a part of a day.
            var begins = Hours.Select(part => day + part.From).Append(day.AtMidnight()).Concat(From is { } from && from.Date == day ? [from] : []).Order();
            foreach (var begin in begins)
            {
                var at = begin.InZoneLeniently(moment.Zone).ToInstant();
                if (at > moment.Instant && Cover(moment with { Instant = at }))
                {
                    return at;
                }
            }
        }

        return null;
    }

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
