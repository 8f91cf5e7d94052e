using Crm.Loyalty.Memberships;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Tiers;

/// <summary>Counting where it had been counted: a ladder is climbed again from what was counted, once as it was and once with the change, and the difference is what changes.</summary>
internal readonly partial struct Climb
{
    /// <summary>The standing after something that was counted at an earlier instant counts for more or less: as if it had never been more, or less. It depends on what is counted in all, not on how often or in which order that changed.</summary>
    /// <param name="standing">The standing.</param>
    /// <param name="amount">The difference.</param>
    /// <param name="at">When it had been counted; what was counted for so long that it is not known any more has no effect now.</param>
    public TierStanding Recount(TierStanding standing, long amount, Instant at)
    {
        standing = Bring(standing);
        standing = standing is { Counts.IsEmpty: true, Before: null } ? standing with { Before = standing.Alone } : standing;
        var place = standing.Counts.ToList().FindIndex(count => count.At == at);
        if (place < 0 && (standing.Counts.IsEmpty || at < standing.Counts[0].At) && !(standing.Before ?? standing).CountsAt(at))
        {
            return standing;
        }

        var counts = (place < 0 ? standing.Counts.Append(new TierCount(at, amount)) : standing.Counts.Select((count, i) => i == place ? count with { Amount = checked(count.Amount + amount) } : count)).OrderBy(count => count.At).ToSequence();
        var tiers = standing.Held;
        var (was, now) = (Again(standing, standing.Counts, tiers), Again(standing, counts, tiers));
        var next = (was.Opened, was.Counted, was.Days, was.Held) == (standing.Opened, standing.Counted, standing.Days, standing.Held)
            ? standing with { Opened = now.Opened, Counted = now.Counted, Days = now.Days, Held = now.Held }
            : standing.Plus(now, was);
        next = next with { Counts = counts };
        return InTier(next, Current(next));
    }

    /// <summary>The standing with what it counts at the moment noted, where something may be taken back of it.</summary>
    /// <param name="standing">After it was counted.</param>
    /// <param name="before">Before.</param>
    /// <param name="amount">How much.</param>
    private TierStanding Noted(TierStanding standing, TierStanding before, long amount)
    {
        if (!keepsCounts || ladder.Unit is null)
        {
            return standing;
        }

        // What was counted before counts were kept, or is too old to be taken back, is where the climb begins.
        var start = before is { Counts.IsEmpty: true, Before: null } && before != new TierStanding { Ladder = before.Ladder, Joined = before.Joined, Opened = before.Opened, Tier = before.Tier, Floor = before.Floor, Pin = before.Pin } ? before.Alone : before.Before;
        var horizon = moment.Instant - Duration.FromDays(KeptAward.RefundableDays);
        var old = before.Counts.Where(count => count.At < horizon).ToSequence();
        return standing with
        {
            Before = old.IsEmpty ? start : Climbed(start ?? First(before.Joined, old), old, before.Held),
            Counts = [.. before.Counts.Skip(old.Count), new TierCount(moment.Instant, amount)],
        };
    }

    // The ladder climbed again up to the moment.
    private TierStanding Again(TierStanding standing, Sequence<TierCount> counts, Sequence<TierHold> known) => Until(Climbed(standing.Before ?? First(standing.Joined, counts), counts, known), moment.Instant, known);

    private TierStanding First(LocalDate joined, Sequence<TierCount> counts) => At(counts[0].At, []).Begin(joined);

    private TierStanding Climbed(TierStanding standing, Sequence<TierCount> counts, Sequence<TierHold> known)
    {
        foreach (var count in counts.Where(count => count.Amount != 0))
        {
            standing = At(count.At, known).Counted(Until(standing, count.At, known), count.Amount);
        }

        return standing;
    }

    // What happens by itself until an instant.
    private TierStanding Until(TierStanding standing, Instant instant, Sequence<TierHold> known)
    {
        var last = Instant.MinValue;
        while (NextChange(ladder, standing, moment.Zone) is { } due && due <= instant && due > last)
        {
            (standing, last) = (At(due, known).Bring(standing), due);
        }

        return At(instant, known).Bring(standing);
    }

    // A tier that asks for more than a count is judged as it stands now, or by its being held.
    private Climb At(Instant instant, Sequence<TierHold> known) => new(ladder, moment with { Instant = instant }, evidence, known: known);
}
