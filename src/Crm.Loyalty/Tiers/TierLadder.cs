using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Tiers;

/// <summary>Over which time status units count towards a tier.</summary>
public enum QualificationWindow
{
    /// <summary>All units ever earned; a tier once reached stays.</summary>
    Lifetime,

    /// <summary>
    /// The units of the calendar year in the programme's zone. A tier is reached at once and kept through the next year; at the turn of the year the tier is what the
    /// year that closed has earned, before the count starts anew.
    /// </summary>
    CalendarYear,
}

/// <summary>A level of a ladder.</summary>
/// <param name="Name">The name, such as "gold".</param>
/// <param name="From">How many status units it takes, included.</param>
public readonly record struct Tier(string Name, long From);

/// <summary>Ordered levels that status units lead to.</summary>
public sealed record TierLadder
{
    /// <summary>The name of the only ladder of most programmes.</summary>
    public const string UsualName = "tier";

    /// <summary>Its name, also the last part of the fact that it publishes.</summary>
    public string Name { get; init; } = UsualName;

    /// <summary>The status unit that counts.</summary>
    public required string Unit { get; init; }

    /// <summary>Over which time it counts.</summary>
    public QualificationWindow Window { get; init; }

    /// <summary>The levels, lowest first, thresholds rising from 0 or more. Below the first threshold there is no tier.</summary>
    public required Sequence<Tier> Tiers { get; init; }

    /// <summary>The highest level whose threshold an amount of units reaches; null below the first, and for amounts below 0 that of 0.</summary>
    public string? At(long units)
    {
        var counted = Math.Max(units, 0);
        for (var i = Tiers.Count - 1; i >= 0; i--)
        {
            if (Tiers[i].From <= counted)
            {
                return Tiers[i].Name;
            }
        }

        return null;
    }

    /// <summary>The level that a standing gives.</summary>
    public string? Of(TierStanding standing)
    {
        ArgumentNullException.ThrowIfNull(standing);
        return At(Math.Max(standing.Counted, standing.Carried));
    }

    /// <summary>When a window closes in a zone; null for a window that never does.</summary>
    internal Instant? Closes(int window, DateTimeZone zone) => Window == QualificationWindow.CalendarYear
        ? zone.AtStartOfDay(new LocalDate(window + 1, 1, 1)).ToInstant()
        : null;

    /// <summary>The name of the window that a moment falls in: its year, or 0 for the only one.</summary>
    internal int WindowAt(Moment moment) => Window == QualificationWindow.CalendarYear ? moment.Date.Year : 0;
}
