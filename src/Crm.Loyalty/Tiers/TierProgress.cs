using System.Runtime.InteropServices;
using Crm.Conditions;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Tiers;

/// <summary>Where a customer stands on a ladder, for a screen: what is held and until when, what the next level takes, what keeping this one takes and by when.</summary>
public sealed record TierProgress
{
    /// <summary>The ladder.</summary>
    public required string Ladder { get; init; }

    /// <summary>The tier; null for none.</summary>
    public string? Tier { get; init; }

    /// <summary>What is counted in the open window.</summary>
    public long Counted { get; init; }

    /// <summary>When the tier ends if nothing more is counted, grace included; null: it does not end by itself.</summary>
    public Instant? Until { get; init; }

    /// <summary>Whether the validity is over and only the grace holds the tier.</summary>
    public bool InGrace { get; init; }

    /// <summary>The next level and what is missing for it; null on the highest.</summary>
    public TierStep? Next { get; init; }

    /// <summary>What is missing to keep the tier beyond its end; null where it does not end, was given by staff, or where nothing that is counted before its validity is over makes it last longer, short of a higher one: then it has to be reached anew, in the grace at the earliest.</summary>
    public TierStep? Keep { get; init; }

    /// <summary>By when something keeps the tier, or, where nothing does, when it ends; null where it does not end, or was given by staff.</summary>
    internal Instant? Expires { get; private init; }

    internal static TierProgress Of(TierLadder ladder, TierStanding? standing, Moment moment, long value, IEvidence? evidence)
    {
        var climb = new Climb(ladder, moment, evidence);
        var counted = standing is null ? 0 : climb.ValueOf(standing, value);
        var tier = standing is null ? null : climb.Current(standing);
        var level = ladder.LevelOf(tier);
        var hold = standing is null || level < 0 || ladder.Fall == TierFall.Never ? null : Latest(ladder, standing, level, moment);
        var inGrace = hold?.Until <= moment.Instant;
        (TierStep? keep, Instant? end) = (null, null);
        if (standing is not null && hold is { } held)
        {
            (keep, end) = held.Until is null && ladder.Window is QualificationWindow.Rolling rolling
                ? Following(ladder, standing, moment, rolling, held, climb)
                : Ending(ladder, standing.Alone, moment, climb.Closed(), level, value);
        }

        var expires = keep?.By ?? end;
        if (standing?.Pin is { } pin && ladder.LevelOf(pin.Tier) == level)
        {
            (inGrace, keep, end, expires) = (false, null, pin.Until, null);
        }
        else if (standing?.Floor is { } floor && ladder.LevelOf(floor.Tier) == level && (hold is null || (end is { } first && !(floor.Until < first))))
        {
            // What staff have granted lasts longer than what was reached.
            (inGrace, keep, end, expires) = (false, null, floor.Until, null);
        }

        return new TierProgress
        {
            Ladder = ladder.Name,
            Tier = tier,
            Counted = counted,
            Until = end,
            InGrace = inGrace,
            Next = NextOf(ladder, standing, moment, level, counted),
            Keep = keep,
            Expires = expires,
        };
    }

    /// <summary>Until when a standing lasts at least, where that is seen without climbing ahead: no end that is shown is on an earlier day, whatever conditions answer. Null: it cannot be seen.</summary>
    internal static Instant? LastsUntil(TierLadder ladder, TierStanding standing, Moment moment) =>
        ladder.Start == TierStart.AtOnce && ladder.Fall is TierFall.ToEarned or TierFall.OneLevel && ladder.Held is not TierValidity.WhileQualified && standing is { Pin: null, Floor: null }
            ? Latest(ladder, standing, ladder.LevelOf(standing.Tier), moment)?.Until
            : null;

    // In a rolling window a tier that is held while the count reaches ends when days leave the window, and then stays for the grace.
    private static (TierStep? Keep, Instant? End) Following(TierLadder ladder, TierStanding standing, Moment moment, QualificationWindow.Rolling rolling, TierHold hold, Climb climb)
    {
        var (level, count) = (ladder.LevelOf(hold.Tier), climb.ValueOf(standing, 0));
        var tier = ladder.Tiers[level];
        if (tier.ForLife || ladder.Held is not TierValidity.WhileQualified)
        {
            return (null, null);
        }

        // Without its condition it ends when the ladder is looked at by itself, as it is when days leave.
        var closed = climb.Closed();
        var isOpen = !closed.Contains(tier.Name);
        foreach (var day in standing.Days)
        {
            var before = count;
            count -= rolling.Leaves(day.Day) > moment.Date ? day.Amount : 0;
            if (count != before && !(isOpen && count >= tier.From))
            {
                var falls = moment.StartOf(rolling.Leaves(day.Day));
                var end = new TierEnd(ladder.EndOf(hold with { Until = falls }, moment.Zone) ?? falls, hold with { Until = falls });
                return (isOpen ? Refilling(ladder, standing, moment, closed, end, before, count) : null, end.At);
            }
        }

        return (null, null);
    }

    // What keeps a tier that days let go which leave so much of the count that there was before.
    private static TierStep? Refilling(TierLadder ladder, TierStanding standing, Moment moment, Sequence<string> closed, TierEnd end, long before, long left)
    {
        // A higher one that is kept for life may take less, and one that is not may end with this one and take it along to the base.
        var (level, falls) = (ladder.LevelOf(end.Hold.Tier), end.Hold.Until ?? end.At);
        var missing = ladder.Tiers.Skip(level + 1).Where(above => above is { ForLife: true, InvitationOnly: false } && !closed.Contains(above.Name)).Select(above => above.From - before).Append(ladder.Tiers[level].From - left).Min();
        var forecast = new TierForecast(ladder, moment, closed, 0);
        return ladder.Fall != TierFall.ToBase || ladder.LevelAt(before + missing) <= level || forecast.Keeps(forecast.Before(standing.Alone, falls), missing, falls, end.At, level)
            ? new TierStep(ladder.Tiers[level].Name, missing, falls)
            : null;
    }

    // Any other: when it ends is seen by climbing ahead, and what keeps it by counting on the way.
    private static (TierStep? Keep, Instant? End) Ending(TierLadder ladder, TierStanding standing, Moment moment, Sequence<string> closed, int level, long value)
    {
        if (new TierForecast(ladder, moment, closed, value).EndOf(standing, level) is not { } end)
        {
            return (null, null);
        }

        if (DeadlineOf(ladder, standing, moment, end) is not { } by)
        {
            return (null, end.At);
        }

        // Its own condition is not counted, and is taken to hold when it comes to that.
        var (tier, carrying) = (ladder.Tiers[level], ladder.Tiers[ladder.LevelOf(end.Hold.Tier)]);
        var forecast = new TierForecast(ladder, moment, closed.Where(name => name != tier.Name).ToSequence(), value);
        var before = forecast.Before(standing, by);
        var (then, later) = (Counted(by - Duration.Epsilon), Counted(end.At));
        // Nothing more than its condition may be missing, or anything at all where the count reaches it already.
        long[] own = [then >= tier.From ? 1 : tier.From - then, tier.From - later, carrying.From - then, carrying.From - later, .. closed.Contains(tier.Name) ? [0L] : Array.Empty<long>()];
        if (Least(ladder.Rollover == Rollover.Surplus ? [.. own, (2 * tier.From) - then] : own) is not { } amount)
        {
            return (null, end.At);
        }

        // Another one may take less.
        return (new TierStep(tier.Name, Least(ladder.Tiers.Skip(level).SelectMany(above => new[] { above.From - then, above.From - later }).Where(less => less < amount)) ?? amount, by), end.At);

        long? Least(IEnumerable<long> amounts) => amounts.Where(more => more >= 0).Distinct().Order().Select(more => (long?)more).FirstOrDefault(more => forecast.Keeps(before, more ?? 0, by, end.At, level));

        long Counted(Instant instant) => new Climb(ladder, moment with { Instant = instant }, null).ValueOf(before, value);
    }

    // By when something has to be counted for a tier that ends.
    private static Instant? DeadlineOf(TierLadder ladder, TierStanding standing, Moment moment, TierEnd end)
    {
        // What counts for keeping it is the window in which the validity ends, or, in the grace, the one that is open. With the window its count is over, whatever the grace.
        var validity = end.Hold.Until ?? end.At;
        if (ladder.Window.PeriodOf(LocalDate.Max(validity.InZone(moment.Zone).Date.PlusDays(-1), moment.Date), standing.Joined) is not { } period)
        {
            return end.At;
        }

        if (ladder.Start == TierStart.AtOnce)
        {
            return Instant.Min(end.At, moment.StartOf(period.End));
        }

        // Where tiers begin with the next window it is the last that closes before the tier ends.
        var last = ladder.Window.PeriodOf(end.At.InZone(moment.Zone).Date.PlusDays(-1), standing.Joined);
        if (last is { } open && moment.StartOf(open.End) > end.At)
        {
            last = ladder.Window.PeriodOf(open.Start.PlusDays(-1), standing.Joined);
        }

        return last is { } closing && moment.StartOf(closing.End) is var closes && closes > moment.Instant ? closes : null;
    }

    // The hold that carries the tier longest.
    private static TierHold? Latest(TierLadder ladder, TierStanding standing, int level, Moment moment)
    {
        TierHold? latest = null;
        foreach (var hold in standing.Held)
        {
            if (ladder.LevelOf(hold.Tier) == level && !(ladder.EndOf(hold, moment.Zone) <= moment.Instant)
                && (latest is not { } known || hold.Until is null || (known.Until is { } until && until < hold.Until)))
            {
                latest = hold;
            }
        }

        return latest;
    }

    private static TierStep? NextOf(TierLadder ladder, TierStanding? standing, Moment moment, int level, long counted)
    {
        for (var i = level + 1; i < ladder.Tiers.Count; i++)
        {
            if (!ladder.Tiers[i].InvitationOnly)
            {
                Instant? closes = standing is not null && ladder.Window.PeriodOf(moment.Date, standing.Joined) is { } period ? moment.StartOf(period.End) : null;
                return new TierStep(ladder.Tiers[i].Name, Math.Max(0, ladder.Tiers[i].From - counted), closes);
            }
        }

        return null;
    }
}

/// <summary>What is missing for a tier.</summary>
/// <param name="Tier">The tier.</param>
/// <param name="Missing">How much of the ladder's metric; 0 where conditions or the next period are all that is missing.</param>
/// <param name="By">Until when it has to come; null: any time.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct TierStep(string Tier, long Missing, Instant? By);
