using System.Runtime.InteropServices;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Tiers;

/// <summary>What becomes of a standing by itself, or if something more is counted: the ladder climbed ahead, as it will be when it comes to that.</summary>
/// <param name="ladder">The ladder.</param>
/// <param name="moment">Now, in the programme's zone.</param>
/// <param name="closed">The tiers whose conditions are taken not to hold.</param>
/// <param name="value">For a value as it stands, that value.</param>
internal readonly struct TierForecast(TierLadder ladder, Moment moment, Sequence<string> closed, long value)
{
    // What lasts through more changes than that is said not to end by itself.
    private const int ChangesAhead = 1_000;

    /// <summary>When a standing falls below a level if nothing more is counted, and which hold ends then; null: it does not.</summary>
    public TierEnd? EndOf(TierStanding standing, int level)
    {
        for (var i = 0; i < ChangesAhead && Climb.NextChange(ladder, standing, moment.Zone) is { } due; i++)
        {
            var after = At(due).Bring(standing, value);
            if (LevelOf(after, due) < level)
            {
                return new TierEnd(due, Ending(standing, due, level));
            }

            if (LastsFrom(after, due, level))
            {
                return null;
            }

            standing = after;
        }

        return null;
    }

    /// <summary>The standing just before an instant if nothing more is counted.</summary>
    public TierStanding Before(TierStanding standing, Instant instant) => At(instant - Duration.Epsilon).Closed(Ahead(standing, instant - Duration.Epsilon));

    /// <summary>Whether a standing reaches a level at its end if so much is counted just before an instant.</summary>
    /// <param name="standing">The standing just before the instant.</param>
    /// <param name="amount">How much.</param>
    /// <param name="instant">The instant, until the end.</param>
    /// <param name="end">The end.</param>
    /// <param name="level">The level.</param>
    public bool Keeps(TierStanding standing, long amount, Instant instant, Instant end, int level)
    {
        var (forecast, then) = (new TierForecast(ladder, moment, closed, ladder.IsLevel ? value + amount : value), At(instant - Duration.Epsilon));
        var counted = ladder.IsLevel ? then.Bring(standing, value + amount) : amount == 0 ? standing : then.Count(standing, amount);
        return LevelOf(forecast.Ahead(counted, end), end) >= level;
    }

    private TierStanding Ahead(TierStanding standing, Instant instant)
    {
        for (var i = 0; i < ChangesAhead && Climb.NextChange(ladder, standing, moment.Zone) is { } due && due <= instant; i++)
        {
            standing = At(due).Bring(standing, value);
        }

        return standing;
    }

    private int LevelOf(TierStanding standing, Instant instant) => ladder.LevelOf(At(instant).Current(standing));

    // The hold with whose end the level is over. One that follows the count may end only then.
    private TierHold Ending(TierStanding standing, Instant end, int level)
    {
        TierHold? ending = null;
        foreach (var hold in standing.Held)
        {
            if (ladder.LevelOf(hold.Tier) >= level && (hold.Until is null || ladder.EndOf(hold, moment.Zone) == end) && !((hold.Until ?? end) <= ending?.Until))
            {
                ending = hold with { Until = hold.Until ?? end };
            }
        }

        return ending ?? throw new InvalidOperationException($"A tier of ladder '{ladder.Name}' ends at {end}, and none is held that ends then.");
    }

    // What has no end, or was renewed by a count that no time takes away.
    private bool LastsFrom(TierStanding standing, Instant due, int level)
    {
        var counted = ladder.Window is QualificationWindow.Always ? standing.Counted : -1;
        foreach (var hold in standing.Held)
        {
            if (ladder.LevelOf(hold.Tier) is var held && held >= level && ladder.Tiers[held] is var tier
                && (hold.Until is null ? tier.ForLife || ladder.Held is not TierValidity.WhileQualified : hold.Since == due && tier.From <= counted && !closed.Contains(tier.Name)))
            {
                return true;
            }
        }

        return false;
    }

    private Climb At(Instant instant) => new(ladder, moment with { Instant = instant }, null, without: closed);
}

/// <summary>The end of a tier.</summary>
/// <param name="At">When, grace included.</param>
/// <param name="Hold">The hold that ends then, of the tier or of a higher one that falls below it.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct TierEnd(Instant At, TierHold Hold);
