using System.Runtime.InteropServices;
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

    /// <summary>What is missing to keep the tier beyond its end; null where it does not end, was given by staff, or where nothing that is counted before its validity is over makes it last longer: then it has to be reached anew, in the grace at the earliest.</summary>
    public TierStep? Keep { get; init; }

    /// <summary>By when something keeps the tier, or, where nothing does, when it ends; null where it does not end, or was given by staff.</summary>
    internal Instant? Expires { get; private init; }

    internal static TierProgress Of(TierLadder ladder, TierStanding? standing, Moment moment, long value)
    {
        var climb = new Climb(ladder, moment, null);
        var counted = standing is null ? 0 : climb.ValueOf(standing, value);
        var tier = standing is null ? null : climb.Current(standing);
        var level = ladder.LevelOf(tier);
        var hold = standing is null || level < 0 || ladder.Fall == TierFall.Never ? null : Latest(ladder, standing, level, moment);
        var inGrace = hold?.Until <= moment.Instant;
        (TierStep? keep, Instant? end) = (null, null);
        if (standing is not null && hold is { } held)
        {
            var lasting = Coming(ladder, standing, moment, held, level, counted) ?? held;
            keep = KeepOf(ladder, standing, climb, moment, lasting, ladder.Tiers[level], counted);
            end = EndOf(ladder, lasting, keep, moment);
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

    // A tier that is held while the count reaches ends when days leave the window, and then stays for the grace.
    private static Instant? EndOf(TierLadder ladder, TierHold hold, TierStep? keep, Moment moment) =>
        ladder.EndOf(hold.Until is null && keep is { By: { } falls } ? hold with { Until = falls } : hold, moment.Zone);

    // Where tiers begin with the next window: the hold that begins then for what has been counted, if the tier is held until then and for longer with it.
    private static TierHold? Coming(TierLadder ladder, TierStanding standing, Moment moment, TierHold hold, int level, long counted)
    {
        var tier = ladder.Tiers[level];
        if (ladder.Start != TierStart.NextPeriod || hold.Until is null || counted < tier.From || tier.When is not null || ladder.Window.PeriodOf(moment.Date, standing.Joined) is not { } period)
        {
            return null;
        }

        var coming = From(moment.StartOf(period.End));
        if (ladder.EndOf(hold, moment.Zone) < coming.Since)
        {
            return null;
        }

        // Who reached higher lands on each level on the way down.
        var reached = ladder.Fall == TierFall.OneLevel ? ladder.LevelAt(counted) : level;
        for (var above = level + 1; above <= reached && ladder.EndOf(coming, moment.Zone) is { } lands; above++)
        {
            coming = ladder.Tiers[above].InvitationOnly || ladder.Tiers[reached].When is not null ? coming : From(lands);
        }

        return hold.Until >= coming.Until ? null : coming;

        TierHold From(Instant since) => new(tier.Name, since, ladder.Held.From(moment with { Instant = since }, ladder.Window, standing.Joined));
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

    private static TierStep? KeepOf(TierLadder ladder, TierStanding standing, Climb climb, Moment moment, TierHold hold, Tier tier, long counted)
    {
        if (hold.Until is not { } until)
        {
            return ladder.Held is TierValidity.WhileQualified && ladder.Window is QualificationWindow.Rolling rolling && !ladder.IsLevel
                ? Falling(standing, moment, rolling, tier, counted)
                : null;
        }

        var end = ladder.EndOf(hold, moment.Zone);
        if (ladder.Window is QualificationWindow.Rolling)
        {
            // Whether it is held anew is looked at when it ends, grace included.
            var then = new Climb(ladder, moment with { Instant = end ?? until }, null).ValueOf(standing, 0);
            return new TierStep(tier.Name, Math.Max(0, tier.From - then), end);
        }

        // What counts for keeping it is the window in which the validity ends, or, in the grace, the one that is open; while that has not begun, all of the threshold is still to come. With the window its count is over, whatever the grace.
        if (ladder.Window.PeriodOf(LocalDate.Max(until.InZone(moment.Zone).Date.PlusDays(-1), moment.Date), standing.Joined) is not { } period)
        {
            return Longer(Math.Max(0, tier.From - climb.ValueOf(standing, 0)), end);
        }

        if (ladder.Start == TierStart.NextPeriod && end is { } over)
        {
            return WithNext(ladder, standing, climb, moment, until, over, tier);
        }

        var (closes, begun) = (moment.StartOf(period.End), period.Start <= moment.Date);
        var missing = Math.Max(0, tier.From - (begun ? climb.ValueOf(standing, 0) : 0));
        if (missing == 0)
        {
            if (climb.HeldInWindow(standing, tier))
            {
                return null;
            }

            // In the grace anything that is counted reaches it once more.
            missing = tier.When is null ? 1 : 0;
        }

        return Longer(missing, end < closes ? end : closes);

        // What is reached just in time may be valid to the same end.
        TierStep? Longer(long more, Instant? by) => more > 0 && by is { } last && ladder.Held.From(moment with { Instant = last - Duration.Epsilon }, ladder.Window, standing.Joined) <= until
            ? null
            : new TierStep(tier.Name, more, by);
    }

    // Where tiers begin with the next window: what counts is the last window that closes before the tier ends.
    private static TierStep? WithNext(TierLadder ladder, TierStanding standing, Climb climb, Moment moment, Instant until, Instant end, Tier tier)
    {
        var last = ladder.Window.PeriodOf(end.InZone(moment.Zone).Date.PlusDays(-1), standing.Joined);
        if (last is { } open && moment.StartOf(open.End) > end)
        {
            last = ladder.Window.PeriodOf(open.Start.PlusDays(-1), standing.Joined);
        }

        if (last is not { } period)
        {
            return null;
        }

        var closes = moment.StartOf(period.End);
        return closes <= moment.Instant || ladder.Held.From(moment with { Instant = closes }, ladder.Window, standing.Joined) <= until
            ? null
            : new TierStep(tier.Name, Math.Max(0, tier.From - (period.Start <= moment.Date ? climb.ValueOf(standing, 0) : 0)), closes);
    }

    // When days that leave the window take the count below the threshold, and how much is missing then.
    private static TierStep? Falling(TierStanding standing, Moment moment, QualificationWindow.Rolling rolling, Tier tier, long counted)
    {
        var left = counted;
        foreach (var day in standing.Days)
        {
            left -= rolling.Leaves(day.Day) > moment.Date ? day.Amount : 0;
            if (left < tier.From)
            {
                return new TierStep(tier.Name, tier.From - left, moment.StartOf(rolling.Leaves(day.Day)));
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
