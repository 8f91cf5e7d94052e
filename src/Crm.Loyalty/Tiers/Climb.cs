using System.Runtime.InteropServices;
using Crm.Conditions;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Tiers;

/// <summary>How a standing moves on its ladder as things are counted and time passes: pure, at one moment after the other.</summary>
/// <param name="ladder">The ladder.</param>
/// <param name="moment">Now, in the programme's zone.</param>
/// <param name="evidence">What conditions of tiers may look at.</param>
/// <param name="keepsCounts">Whether it is kept what was counted when, so that something can be taken back of it.</param>
/// <param name="without">Where a ladder is climbed again, the tiers whose conditions did not hold at the moment; null: the conditions are asked.</param>
internal readonly partial struct Climb(TierLadder ladder, Moment moment, IEvidence? evidence, bool keepsCounts = false, Sequence<string>? without = null)
{
    /// <summary>The standing of somebody of whom nothing was counted yet.</summary>
    public TierStanding Begin(LocalDate joined) => new()
    {
        Ladder = ladder.Name,
        Joined = joined,
        Opened = ladder.Window.PeriodOf(moment.Date, joined) is { } period ? moment.StartOf(period.Start) : null,
    };

    /// <summary>The standing of somebody who has given up all that was counted: nothing counts that was before, and only what staff have granted is held.</summary>
    public TierStanding Anew(TierStanding standing)
    {
        standing = Granted(standing with { Opened = moment.Instant, Counted = 0, Days = [], Counts = [], Before = null, LastDay = null, Held = [], Answers = [] });
        standing = standing with { Before = keepsCounts ? standing.Alone : null };
        return InTier(standing, Current(standing));
    }

    /// <summary>The standing brought to the moment: windows that are over closed, tiers that are over fallen from.</summary>
    /// <param name="standing">The standing.</param>
    /// <param name="value">For a value as it stands, that value.</param>
    public TierStanding Bring(TierStanding standing, long value = 0)
    {
        // What follows the count is asked whenever somebody looks. A tier of some length is given when something is counted, or when one ends: what is held must not depend on when somebody looks.
        standing = Closed(standing);
        standing = Settled(FollowsCount ? Qualified(standing, value) : standing, value);
        return InTier(standing, Current(standing));
    }

    /// <summary>The standing with the day noted on which a visit counts that counts once a day; null where the day has counted.</summary>
    public TierStanding? OnDay(TierStanding standing)
    {
        var today = moment.Date;
        if (standing.LastDay == today)
        {
            return null;
        }

        standing = Closed(standing) with { LastDay = today };
        return ladder.Window is QualificationWindow.Rolling ? standing : standing with { Days = Added(standing.Days, today, 1) };
    }

    /// <summary>The standing of two who are one from now on: what both counted in windows that are open counts in the window of who joined first.</summary>
    public TierStanding Join(TierStanding standing, TierStanding other, long value)
    {
        var (own, theirs) = (Closed(standing), Closed(other));
        var onceADay = ladder.Metric is QualificationMetric.Visits { OncePerDay: true };
        var sum = own.With(theirs, ladder, onceADay);
        if (sum.Joined != own.Joined && ladder.Window is QualificationWindow.Anniversary && ladder.Window.PeriodOf(moment.Date, sum.Joined) is { } period)
        {
            sum = sum with { Opened = moment.StartOf(period.Start) };
        }

        var counted = ladder.IsLevel ? 0 : theirs.Counted - (onceADay ? own.SharedDays(theirs) : 0);
        sum = Asked(sum, looks: true, joins: true);
        return counted > 0 ? Counted(sum, counted) : Reaching(sum, value);
    }

    // The standing brought to the moment, with what a rolling window reaches.
    private TierStanding Reaching(TierStanding standing, long value) => Bring(ladder.Window is QualificationWindow.Rolling ? Qualified(Closed(standing), value) : standing, value);

    /// <summary>The standing after something was counted, or, below 0, taken back by hand.</summary>
    public TierStanding Count(TierStanding standing, long amount) => Noted(Counted(standing, amount), standing, amount);

    private TierStanding Counted(TierStanding standing, long amount)
    {
        standing = Closed(standing);
        var before = ValueOf(standing, 0);
        standing = ladder.Window is QualificationWindow.Rolling
            ? standing with { Days = Added(standing.Days, moment.Date, amount) }
            : standing with { Counted = checked(standing.Counted + amount) };
        if (amount < 0)
        {
            standing = Withdrawn(standing, before);
        }

        standing = Settled(Qualified(standing, 0, before), 0);
        return InTier(standing, Current(standing));
    }

    /// <summary>What the ladder's metric amounts to at the moment.</summary>
    public long ValueOf(TierStanding standing, long value)
    {
        if (ladder.IsLevel)
        {
            return value;
        }

        if (ladder.Window is not QualificationWindow.Rolling rolling)
        {
            return standing.Counted;
        }

        var sum = 0L;
        foreach (ref readonly var day in Within(rolling, standing.Days, moment.Date))
        {
            sum += day.Amount;
        }

        return sum;
    }

    /// <summary>The tier at the moment: what is fixed; otherwise the highest of what is held, granted, or takes nothing.</summary>
    public string? Current(TierStanding standing)
    {
        if (standing.Pin is { } pin && !(pin.Until <= moment.Instant) && ladder.LevelOf(pin.Tier) is >= 0 and var pinned)
        {
            return ladder.NameOf(pinned);
        }

        var level = HighestHeld(standing);
        if (standing.Floor is { } floor && !(floor.Until <= moment.Instant))
        {
            level = Math.Max(level, ladder.LevelOf(floor.Tier));
        }

        return ladder.NameOf(level);
    }

    /// <summary>When something may next change without anything happening; null: never.</summary>
    public static Instant? NextChange(TierLadder ladder, TierStanding standing, DateTimeZone zone)
    {
        Instant? next = null;
        foreach (var hold in standing.Held)
        {
            next = Earlier(next, ladder.EndOf(hold, zone));
        }

        next = Earlier(next, standing.Pin?.Until);
        next = Earlier(next, standing.Floor?.Until);
        if (standing.Counted != 0 && standing.Opened is { } opened && ladder.Window.PeriodOf(zone.DayOf(opened), standing.Joined) is { } period)
        {
            next = Earlier(next, new Moment(opened, zone).StartOf(period.End));
        }

        if (!standing.Days.IsEmpty && ladder.Held is TierValidity.WhileQualified && ladder.Window is QualificationWindow.Rolling rolling)
        {
            next = Earlier(next, zone.Start(rolling.Leaves(standing.Days[0].Day)));
        }

        return next;
    }

    private static TierStanding InTier(TierStanding standing, string? tier) => string.Equals(standing.Tier, tier, StringComparison.Ordinal) ? standing : standing with { Tier = tier };

    private int HighestHeld(TierStanding standing)
    {
        var level = LowestFree();
        foreach (var hold in standing.Held)
        {
            if (!(ladder.EndOf(hold, moment.Zone) <= moment.Instant))
            {
                level = Math.Max(level, ladder.LevelOf(hold.Tier));
            }
        }

        return level;
    }

    // The level that takes nothing is everybody's who stands on the ladder.
    private int LowestFree() => ladder.Tiers is [{ From: 0, InvitationOnly: false, When: null }, ..] ? 0 : -1;

    /// <summary>The standing with the windows closed that are over at the moment.</summary>
    public TierStanding Closed(TierStanding standing)
    {
        if (ladder.Window is QualificationWindow.Rolling rolling)
        {
            return standing.Days.IsEmpty || rolling.Leaves(standing.Days[0].Day) > moment.Date ? standing : standing with { Days = Sequence.Create(Within(rolling, standing.Days, moment.Date)) };
        }

        while (ladder.Window.PeriodOf(moment.Date, standing.Joined) is { } period && (standing.Opened is not { } opened || opened < moment.StartOf(period.Start)))
        {
            standing = standing.Counted == 0 || standing.Opened is null || ladder.Window.PeriodOf(moment.Zone.DayOf(standing.Opened.Value), standing.Joined) is not { } closing
                ? standing with { Opened = moment.StartOf(period.Start), Days = [] }
                : new Climb(ladder, moment with { Instant = moment.StartOf(closing.End) }, evidence, without: without).Close(standing);
        }

        return standing;
    }

    // Earlier days leave earlier, or with later ones.
    private static ReadOnlySpan<DayCount> Within(QualificationWindow.Rolling rolling, Sequence<DayCount> days, LocalDate today)
    {
        var all = days.AsSpan();
        var left = 0;
        while (left < all.Length && rolling.Leaves(all[left].Day) <= today)
        {
            left++;
        }

        return all[left..];
    }

    // At the instant at which a window is over: what it reached begins where it begins with the next, and the count starts anew.
    private TierStanding Close(TierStanding standing)
    {
        var reached = ladder.LevelAt(standing.Counted);
        for (var level = 0; ladder.Start == TierStart.NextPeriod && level <= reached; level++)
        {
            standing = ladder.Tiers[level] is { From: > 0 } tier && MayHold(tier) ? Holding(standing, tier) : standing;
        }

        var surplus = SurplusOf(standing.Counted);
        standing = standing with { Opened = moment.Instant, Counted = surplus, Days = [] };
        return surplus > 0 || ladder.Held is TierValidity.WhileQualified ? Qualified(standing, 0) : standing;
    }

    // What a window that counted so much leaves to the next.
    private long SurplusOf(long counted) => ladder.Rollover == Rollover.Surplus && ladder.LevelAt(counted) is >= 0 and var reached && ladder.Tiers[reached].From > 0 ? counted - ladder.Tiers[reached].From : 0;

    // Which tiers the value gives. One that is held gives another hold only in another window, or where it was not counted for, as after a fall, and is reached now.
    private TierStanding Qualified(TierStanding standing, long level, long? before = null)
    {
        var value = ValueOf(standing, level);
        if (ladder.Held is TierValidity.WhileQualified)
        {
            return Following(standing, value);
        }

        var isPeriod = ladder.Window.PeriodOf(moment.Date, standing.Joined) is not null;
        if (ladder.Start == TierStart.NextPeriod && isPeriod)
        {
            return standing;
        }

        var current = HighestHeld(standing);
        var highest = -1;
        for (var i = 0; i < ladder.Tiers.Count; i++)
        {
            var tier = ladder.Tiers[i];
            if (tier is { InvitationOnly: false, From: > 0 } && tier.From <= value && (!HeldInWindow(standing, tier) || (isPeriod && before < tier.From)) && MayHold(tier))
            {
                standing = Holding(standing, tier);
                highest = i;
            }
        }

        if (highest >= 0 && highest >= current && ladder.Window is QualificationWindow.SinceTierStart)
        {
            standing = Begun(standing, ladder.Tiers[highest]);
        }

        return standing;
    }

    private TierStanding Following(TierStanding standing, long value)
    {
        for (var level = 0; level < ladder.Tiers.Count; level++)
        {
            var tier = ladder.Tiers[level];
            if (tier.InvitationOnly || (tier.From == 0 && tier.When is null))
            {
                continue;
            }

            var (qualifies, isOpen) = (tier.From <= value && MayHold(tier), IsOpen(standing, level));
            standing = qualifies && !isOpen ? Opening(standing, level) : !qualifies && isOpen && !tier.ForLife ? Letting(standing, level) : standing;
        }

        return standing;
    }

    // Whether a level is held while the count reaches it.
    private bool IsOpen(TierStanding standing, int level)
    {
        foreach (var hold in standing.Held)
        {
            if (hold.Until is null && ladder.LevelOf(hold.Tier) == level)
            {
                return true;
            }
        }

        return false;
    }

    private TierStanding Opening(TierStanding standing, int level)
    {
        var ladderOf = ladder;
        return standing with { Held = standing.Held.Where(hold => ladderOf.LevelOf(hold.Tier) != level).Append(new TierHold(ladder.Tiers[level].Name, moment.Instant, null)).ToSequence() };
    }

    private TierStanding Letting(TierStanding standing, int level)
    {
        var (ladderOf, now) = (ladder, moment.Instant);
        return standing with { Held = standing.Held.Select(hold => hold.Until is null && ladderOf.LevelOf(hold.Tier) == level ? hold with { Until = now } : hold).ToSequence() };
    }

    // Whether a tier is held since the window that is open.
    private bool HeldInWindow(TierStanding standing, Tier tier)
    {
        foreach (var hold in standing.Held)
        {
            var within = standing.Opened is not { } opened || hold.Since > opened || (hold.Since == opened && ladder.Window is not QualificationWindow.SinceTierStart);
            if (within && ladder.LevelOf(hold.Tier) == ladder.LevelOf(tier.Name) && !(hold.Until <= moment.Instant))
            {
                return true;
            }
        }

        return false;
    }

    private bool MayHold(Tier tier) => tier.When is not { } condition || (without is { } closed ? !IsAmong(closed, tier) : evidence is not null && Evaluator.Evaluate(condition, evidence).Value);

    private bool IsAmong(Sequence<string> names, Tier tier)
    {
        var level = ladder.LevelOf(tier.Name);
        foreach (var name in names)
        {
            if (ladder.LevelOf(name) == level)
            {
                return true;
            }
        }

        return false;
    }

    private TierStanding Holding(TierStanding standing, Tier tier) =>
        standing with { Held = standing.Held.Add(new TierHold(tier.Name, moment.Instant, tier.ForLife ? null : ladder.Held.From(moment, ladder.Window, standing.Joined))) };

    // What was reached in this window, and is not reached any more because staff took units back.
    private TierStanding Withdrawn(TierStanding standing, long before)
    {
        if (ladder.Held is TierValidity.WhileQualified || (ladder.Start == TierStart.NextPeriod && ladder.Window.PeriodOf(moment.Date, standing.Joined) is not null))
        {
            // A tier that begins with the next window is none that this one gave.
            return standing;
        }

        var (ladderOf, opened, value) = (ladder, standing.Opened, ValueOf(standing, 0));
        return standing with
        {
            Held = standing.Held.Where(hold => ladderOf.LevelOf(hold.Tier) is not (>= 0 and var level)
                || ladderOf.Tiers[level].From <= value || ladderOf.Tiers[level].From > before || (opened is { } from && hold.Since < from)).ToSequence(),
        };
    }

    private TierStanding Settled(TierStanding standing, long value) => Granted(EndsOne(standing) ? Ended(standing, value) : standing);

    // Tiers whose time is over: renewed where the count still reaches, otherwise fallen from as the ladder says.
    private TierStanding Ended(TierStanding standing, long value)
    {
        var (ladderOf, zone, now) = (ladder, moment.Zone, moment.Instant);
        var top = standing.Held.Max(hold => ladderOf.LevelOf(hold.Tier));
        var live = standing.Held.Where(hold => !(ladderOf.EndOf(hold, zone) <= now)).ToSequence();
        standing = Renewed(standing with { Held = live }, standing.Held, value);
        if (top < 0 || standing.Held.Any(hold => ladderOf.LevelOf(hold.Tier) >= top))
        {
            return standing;
        }

        var tier = ladder.Tiers[top];
        if (ladder.Fall == TierFall.Never || tier.ForLife)
        {
            return standing with { Held = standing.Held.Add(new TierHold(tier.Name, now, null)) };
        }

        if (ladder.Held is not TierValidity.WhileQualified && ladder.Window.PeriodOf(moment.Date, standing.Joined) is null && tier.From <= ValueOf(standing, value) && MayHold(tier))
        {
            return ladder.Window is QualificationWindow.SinceTierStart ? Begun(Holding(standing, tier), tier) : Holding(standing, tier);
        }

        return ladder.Fall == TierFall.OneLevel && Below(top) is var next && next > HighestHeld(standing)
            ? Restarted(Holding(standing, ladder.Tiers[next]))
            : Restarted(ladder.Fall == TierFall.ToBase ? standing with { Held = standing.Held.Where(hold => hold.Until is null).ToSequence() } : standing);
    }

    // Where a rolling window gives tiers of some length, each that is over and that the count still reaches is held anew.
    private TierStanding Renewed(TierStanding standing, Sequence<TierHold> before, long value)
    {
        if (ladder.Window is not QualificationWindow.Rolling || FollowsCount)
        {
            return standing;
        }

        var (ladderOf, live) = (ladder, standing.Held);
        foreach (var tier in ladder.Tiers.Where(tier => tier is { InvitationOnly: false, From: > 0 } && before.Any(hold => IsOf(hold, tier)) && !live.Any(hold => IsOf(hold, tier))))
        {
            standing = tier.From <= ValueOf(standing, value) && MayHold(tier) ? Holding(standing, tier) : standing;
        }

        return standing;

        bool IsOf(TierHold hold, Tier tier) => ladderOf.LevelOf(hold.Tier) == ladderOf.LevelOf(tier.Name);
    }

    private bool FollowsCount => ladder.Held is TierValidity.WhileQualified && (ladder.IsLevel || ladder.Window is QualificationWindow.Rolling);

    // The next level down that can be earned; -1 where there is none.
    private int Below(int level)
    {
        var below = level - 1;
        while (below >= 0 && ladder.Tiers[below].InvitationOnly)
        {
            below--;
        }

        return below;
    }

    private bool EndsOne(TierStanding standing)
    {
        foreach (ref readonly var hold in standing.Held.AsSpan())
        {
            if (ladder.EndOf(hold, moment.Zone) <= moment.Instant)
            {
                return true;
            }
        }

        return false;
    }

    // Where the count begins with the tier, with what it was reached or kept by taken off.
    private TierStanding Begun(TierStanding standing, Tier tier) =>
        standing with { Opened = moment.Instant, Counted = ladder.Rollover == Rollover.Surplus ? standing.Counted - tier.From : 0, Days = [] };

    private TierStanding Restarted(TierStanding standing) => ladder.Window is QualificationWindow.SinceTierStart
        ? standing with { Opened = moment.Instant, Counted = 0, Days = [] }
        : standing;

    // Grants of staff that are over.
    private TierStanding Granted(TierStanding standing)
    {
        var now = moment.Instant;
        standing = standing.Pin?.Until <= now ? standing with { Pin = null } : standing;
        return standing.Floor?.Until <= now ? standing with { Floor = null } : standing;
    }

    private static Sequence<DayCount> Added(Sequence<DayCount> days, LocalDate day, long amount)
    {
        var all = days.AsSpan();
        var place = all.Length;
        while (place > 0 && all[place - 1].Day >= day)
        {
            place--;
        }

        var isCounted = place < all.Length && all[place].Day == day;
        var sum = isCounted ? checked(all[place].Amount + amount) : amount;
        var rest = all[(isCounted ? place + 1 : place)..];
        return sum == 0 && isCounted ? Sequence.Given<DayCount>([.. all[..place], .. rest]) : Sequence.Given<DayCount>([.. all[..place], new DayCount(day, sum), .. rest]);
    }

    private static Instant? Earlier(Instant? left, Instant? right) => left is null ? right : right is null || left < right ? left : right;
}
