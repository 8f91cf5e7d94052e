using Crm.Loyalty.Memberships;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Tiers;

/// <summary>Counting where it had been counted: on the day, or in the window, of what is taken back.</summary>
internal readonly partial struct Climb
{
    /// <summary>The standing after something that was counted at an earlier instant counts for more or less: as if it had never been more, or less. What was reached by it alone is not held any more.</summary>
    /// <param name="standing">The standing.</param>
    /// <param name="amount">The difference.</param>
    /// <param name="at">When it had been counted.</param>
    public TierStanding Recount(TierStanding standing, long amount, Instant at)
    {
        standing = Closed(standing);
        standing = ladder.Window is QualificationWindow.Rolling rolling ? RecountDay(standing, rolling, amount, at) : RecountWindow(standing, amount, at);
        standing = Settled(Qualified(standing, 0), 0);
        return InTier(standing, Current(standing));
    }

    private TierStanding RecountWindow(TierStanding standing, long amount, Instant at)
    {
        var endsIncluded = ladder.Window is QualificationWindow.SinceTierStart;
        var place = standing.Past.ToList().FindIndex(past => !(past.Opened > at) && (at < past.Closed || (endsIncluded && at == past.Closed)));
        return place >= 0 ? RecountPast(standing, place, amount)
            : standing.Opened > at ? standing // Its window is over for so long that nothing is known of it.
            : RecountNow(standing, amount);
    }

    private TierStanding RecountNow(TierStanding standing, long amount)
    {
        var before = ValueOf(standing, 0);
        standing = standing with { Counted = checked(standing.Counted + amount) };
        return amount < 0 ? Withdrawn(standing, before) : standing;
    }

    // A window that is over gives less than it gave: tiers that it does not reach any more, and less to the next one where a surplus goes over.
    private TierStanding RecountPast(TierStanding standing, int place, long amount)
    {
        var (all, past) = (standing.Past.ToArray(), standing.Past[place]);
        var counted = checked(past.Counted + amount);
        all[place] = past with { Counted = counted };
        var (ladderOf, beginsAtEnd) = (ladder, ladder.Start == TierStart.NextPeriod || ladder.Window is QualificationWindow.SinceTierStart);
        var held = standing.Held.Where(hold => !IsLost(hold)).ToSequence();
        var isLost = held.Count < standing.Held.Count;
        if (isLost && ladder.Window is QualificationWindow.SinceTierStart && place == all.Length - 1)
        {
            // The window was never closed by the tier, so it goes on.
            return standing with { Held = held, Opened = past.Opened, Counted = standing.Counted - SurplusOf(past.Counted) + counted, Past = standing.Past.Take(place).ToSequence() };
        }

        standing = Reached(standing with { Held = held, Past = Sequence.Given(all) }, past, counted);
        var carried = SurplusOf(counted) - SurplusOf(past.Counted);
        if (carried == 0 || standing.Opened == past.Closed)
        {
            return carried == 0 ? standing : RecountNow(standing, carried);
        }

        if (place + 1 < all.Length && all[place + 1].Opened == past.Closed)
        {
            return RecountPast(standing, place + 1, carried);
        }

        // Nothing was counted in the window that came next, so it is not kept.
        return ladder.Window.PeriodOf(past.Closed.InZone(moment.Zone).Date, standing.Joined) is { } period && standing.Opened > past.Closed
            ? RecountPast(standing with { Past = [.. all.Take(place + 1), new PastCount(past.Closed, moment.StartOf(period.End), 0), .. all.Skip(place + 1)] }, place + 1, carried)
            : standing;

        bool IsLost(TierHold hold) => ladderOf.Held is not TierValidity.WhileQualified && ladderOf.LevelOf(hold.Tier) is >= 0 and var level
            && ladderOf.Tiers[level].From is var from && from > counted && from <= past.Counted
            && (beginsAtEnd ? !(hold.Since <= past.Opened) && hold.Since <= past.Closed : !(hold.Since < past.Opened) && hold.Since < past.Closed);
    }

    // A window that is over and counted more than was thought, because a lower level leaves more of a surplus, reaches what it would have reached.
    private TierStanding Reached(TierStanding standing, PastCount past, long counted)
    {
        if (counted <= past.Counted || past.Opened is not { } opened || ladder.Held is TierValidity.WhileQualified || ladder.Window is QualificationWindow.SinceTierStart)
        {
            return standing;
        }

        var then = new Climb(ladder, moment with { Instant = ladder.Start == TierStart.NextPeriod ? past.Closed : opened }, evidence, keepsPast);
        foreach (var tier in ladder.Tiers.Where(tier => !tier.InvitationOnly && tier.From > past.Counted && tier.From <= counted))
        {
            standing = MayHold(tier) ? then.Holding(standing, tier) : standing;
        }

        return standing;
    }

    private TierStanding RecountDay(TierStanding standing, QualificationWindow.Rolling rolling, long amount, Instant at)
    {
        var (before, day) = (CountsOf(standing), at.InZone(moment.Zone).Date);
        if (rolling.Leaves(day) > moment.Date)
        {
            standing = standing with { Days = Added(standing.Days, day, amount) };
        }
        else
        {
            var from = moment.StartOf(day);
            standing = standing with { Past = standing.Past.Select(past => past.Opened == from ? past with { Counted = checked(past.Counted + amount) } : past).ToSequence() };
        }

        if (amount >= 0 || ladder.Held is TierValidity.WhileQualified)
        {
            return standing;
        }

        var (ladderOf, zone, after) = (ladder, moment.Zone, CountsOf(standing));
        return standing with { Held = standing.Held.Where(hold => !IsLost(hold)).ToSequence() };

        // Reached by it on the day on which it was reached, and on none since without it.
        bool IsLost(TierHold hold) => ladderOf.LevelOf(hold.Tier) is >= 0 and var level && ladderOf.Tiers[level].From is var from && from > 0
            && hold.Since.InZone(zone).Date is var since && Value(before, since) >= from
            && after.Select(count => count.Day).Where(other => other > since).Prepend(since).All(other => Value(after, other) < from);

        long Value(List<DayCount> counts, LocalDate on) => counts.Where(count => count.Day <= on && on < rolling.Leaves(count.Day)).Sum(count => count.Amount);
    }

    // All that is known of days, those that have left the window among them.
    private List<DayCount> CountsOf(TierStanding standing)
    {
        var zone = moment.Zone;
        return [.. standing.Past.Where(past => past.Opened is not null).Select(past => new DayCount((past.Opened ?? default).InZone(zone).Date, past.Counted)), .. standing.Days];
    }

    private IEnumerable<PastCount> Left(QualificationWindow.Rolling rolling, Sequence<DayCount> days)
    {
        var now = moment;
        return days.Where(day => rolling.Leaves(day.Day) <= now.Date).Select(day => new PastCount(now.StartOf(day.Day), now.StartOf(rolling.Leaves(day.Day)), day.Amount));
    }

    // The window that closes now is over.
    private Sequence<PastCount> PastWith(TierStanding standing) => PastWith(standing.Past, [new PastCount(standing.Opened, moment.Instant, standing.Counted)]);

    private Sequence<PastCount> PastWith(Sequence<PastCount> past, IEnumerable<PastCount> more)
    {
        var known = moment.Instant - Duration.FromDays(KeptAward.RefundableDays);
        return keepsPast ? past.Concat(more).Where(one => one.Closed >= known).ToSequence() : past;
    }
}
