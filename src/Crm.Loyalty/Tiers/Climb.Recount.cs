using Crm.Conditions;
using Crm.Loyalty.Memberships;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Tiers;

/// <summary>Counting where it had been counted: a ladder is climbed again from what was counted, once as it was and once with the change, and the difference is what changes. Conditions are not asked again: they answer what they answered.</summary>
internal readonly partial struct Climb
{
    private const int DaysAhead = 32;

    /// <summary>The standing after something that was counted at an earlier instant counts for more or less: as if it had never been more, or less. It depends on what is counted in all, not on how often or in which order that changed.</summary>
    /// <param name="standing">The standing.</param>
    /// <param name="amount">The difference.</param>
    /// <param name="at">When it had been counted; what was counted for so long that it is not known any more has no effect now.</param>
    public TierStanding Recount(TierStanding standing, long amount, Instant at)
    {
        standing = standing.Renamed(ladder) with { Before = standing.Before?.Renamed(ladder) };
        standing = Asked(standing is { Counts.IsEmpty: true, Before: null } ? standing with { Before = standing.Alone } : standing);
        standing = Present(standing, standing);
        var place = standing.Counts.ToList().FindIndex(count => count.At == at);
        if (place < 0 && (standing.Counts.IsEmpty || at < standing.Counts[0].At) && !(standing.Before ?? standing).CountsAt(at))
        {
            return standing;
        }

        var counts = (place < 0 ? standing.Counts.Append(new TierCount(at, amount)) : standing.Counts.Select((count, i) => i == place ? count with { Less = checked(count.Less - amount) } : count)).OrderBy(count => count.At).ToSequence();
        var (was, now) = (Again(standing, standing.Counts), Again(standing, counts));
        var next = (was.Opened, was.Counted, was.Days, was.Held) == (standing.Opened, standing.Counted, standing.Days, standing.Held)
            ? standing with { Opened = now.Opened, Counted = now.Counted, Days = now.Days, Held = now.Held }
            : standing.Plus(now, was) is var sum ? sum with { Held = sum.Held.OrderBy(hold => hold.Since).ToSequence() } : standing;
        next = next with { Counts = counts };
        return InTier(next, Current(next));
    }

    /// <summary>The standing brought to a moment at which something about it falls due, with what conditions answer then.</summary>
    public TierStanding Fallen(TierStanding standing, long value)
    {
        // The end of what staff granted, or of a version of the programme, is nothing that would fall due if the ladder were climbed again.
        var own = NextChange(ladder, standing.Alone, moment.Zone) <= moment.Instant && !(standing.Pin?.Until <= moment.Instant) && !(standing.Floor?.Until <= moment.Instant);
        return Bring(Asked(standing, isDue: true, looks: !own), value);
    }

    /// <summary>The standing with what conditions of tiers answer now, where something may be taken back of what it counts.</summary>
    /// <param name="standing">The standing.</param>
    /// <param name="isDue">Whether something asks that falls due.</param>
    /// <param name="looks">Whether the ladder is looked at though nothing of its own falls due.</param>
    /// <param name="joins">Whether what somebody else counted counts from now on.</param>
    public TierStanding Asked(TierStanding standing, bool isDue = false, bool looks = false, bool joins = false)
    {
        // Only tiers that follow the count are given and taken whenever the ladder is looked at, and in a rolling window when the days of two are added.
        looks &= FollowsCount || (joins && ladder.Window is QualificationWindow.Rolling);
        if (!keepsCounts || ladder.Unit is null || !(ladder.Asks || looks) || standing is { Counts.IsEmpty: true, Before: null })
        {
            return standing;
        }

        var closed = Closed();
        standing = Answered(standing, closed);
        if (standing.Answers.Count > 1 && (standing.Counts.IsEmpty || standing.Counts[0].At < Horizon))
        {
            standing = Recent(standing);
        }

        return looks || standing.WithoutAt(moment.Instant, after: true) != closed ? standing with { Answers = standing.Answers.Add(new TierAnswer(moment.Instant, closed) { IsDue = isDue, Looks = looks }) } : standing;
    }

    /// <summary>When a condition of a tier may answer otherwise by the passing of time alone, while something that was counted may be taken back; null: never, as far as is known.</summary>
    public Instant? AnswersUntil(TierStanding standing)
    {
        if (!keepsCounts || !ladder.Asks || evidence is null || standing.Counts.IsEmpty)
        {
            return null;
        }

        var (closed, until) = AnswersOf(evidence);
        if (until < moment.StartOf(moment.Date.PlusDays(1)) && ladder.Tiers.Any(tier => tier.When is { } condition && AsksHours(condition)))
        {
            until = OtherwiseFrom(evidence, closed);
        }

        return until < standing.Counts[^1].At + KeptAward.Refundable ? until : null;
    }

    // Hours change an answer every day, and windows, validities and counted days begin and end with days: the answers at the beginnings of days are looked for, and the first that is another.
    private Instant OtherwiseFrom(IEvidence now, Sequence<string> closed)
    {
        var start = moment.Instant;
        for (var day = 1; day <= DaysAhead; day++)
        {
            start = moment.StartOf(moment.Date.PlusDays(day));
            var (then, until) = AnswersOf(new EvidenceAt(now, now.Moment with { Instant = start }));
            if (until <= start)
            {
                // Something else than hours may have changed by then, and is looked at when it does.
                return until.Value;
            }

            if (then != closed)
            {
                return start;
            }
        }

        return start;
    }

    private (Sequence<string> Closed, Instant? Until) AnswersOf(IEvidence then)
    {
        var (names, until) = (new List<string>(), default(Instant?));
        foreach (var tier in ladder.Tiers)
        {
            if (tier.When is { } condition)
            {
                var truth = Evaluator.Evaluate(condition, then);
                until = Earlier(until, truth.ValidUntil);
                if (!truth.Value)
                {
                    names.Add(tier.Name);
                }
            }
        }

        return (names.ToSequence(), until);
    }

    private static bool AsksHours(Condition condition) => condition switch
    {
        Condition.All all => all.Of.Any(AsksHours),
        Condition.Any any => any.Of.Any(AsksHours),
        Condition.Not not => AsksHours(not.Of),
        Condition.Moment { Within: Span.Hours } => true,
        _ => false,
    };

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

        var closed = Closed();
        before = Recent(Answered(before, closed));
        return standing with
        {
            Before = before.Before,
            Counts = before.Counts.Add(new TierCount(moment.Instant, amount) { Without = before.WithoutAt(moment.Instant) != closed ? closed : null }),
            Answers = before.Answers,
        };
    }

    // What was counted before cannot be taken back any more.
    private Instant Horizon => moment.Instant - KeptAward.Refundable;

    // The standing with what was counted so long ago that it cannot be taken back any more as where the climb begins, as is what was counted before counts were kept.
    private TierStanding Recent(TierStanding standing)
    {
        var horizon = Horizon;
        var old = standing.Counts.Where(count => count.At < horizon).ToSequence();
        if (old.Count == standing.Counts.Count)
        {
            var begun = standing with { Answers = [] } != new TierStanding { Ladder = standing.Ladder, Joined = standing.Joined, Opened = standing.Opened, Tier = standing.Tier, Floor = standing.Floor, Pin = standing.Pin };
            return standing with { Before = begun ? standing.Alone : null, Counts = [], Answers = ladder.Asks && !standing.Answers.IsEmpty ? [new TierAnswer(Instant.MinValue, standing.Answers[^1].Without)] : [] };
        }

        if (old.IsEmpty)
        {
            return standing;
        }

        var last = old[^1].At;
        var past = standing with { Counts = old, Answers = standing.Answers.Where(answer => answer.At <= last).ToSequence() };
        return standing with
        {
            Before = Climbed(past),
            Counts = standing.Counts.Skip(old.Count).ToSequence(),
            Answers = [.. ladder.Asks && !past.Answers.IsEmpty ? [new TierAnswer(Instant.MinValue, past.Answers[^1].Without)] : Array.Empty<TierAnswer>(), .. standing.Answers.Skip(past.Answers.Count)],
        };
    }

    /// <summary>The tiers whose conditions do not hold now.</summary>
    public Sequence<string> Closed()
    {
        List<string>? names = null;
        foreach (var tier in ladder.Tiers)
        {
            if (!MayHold(tier))
            {
                (names ??= []).Add(tier.Name);
            }
        }

        return names is null ? [] : names.ToSequence();
    }

    // Of what was counted before answers were kept it is known which tiers are held, whatever they were called then: their conditions held.
    private TierStanding Answered(TierStanding standing, Sequence<string> closed)
    {
        var ladderOf = ladder;
        return ladder.Asks && standing.Answers.IsEmpty
            ? standing with { Answers = [new TierAnswer(Instant.MinValue, closed.Where(name => standing.Held.All(hold => ladderOf.LevelOf(hold.Tier) != ladderOf.LevelOf(name))).ToSequence())] }
            : standing;
    }

    // The ladder climbed again up to the moment.
    private TierStanding Again(TierStanding standing, Sequence<TierCount> counts) => Present(Climbed(standing with { Counts = counts }), standing);

    private TierStanding First(LocalDate joined, Sequence<TierCount> counts) => At(counts[0].At, []).Begin(joined);

    // The ladder climbed again up to the last that was counted, or looked at.
    private TierStanding Climbed(TierStanding past)
    {
        var steps = Left(past.Counts).Where(left => left.Amount != 0).Select(left => (left.Count.At, Order: 1, left.Amount, Without: left.Count.Without ?? past.WithoutAt(left.Count.At)))
            .Concat(past.Answers.Where(answer => answer.Looks).Select(answer => (answer.At, Order: answer.IsDue ? 0 : 2, Amount: 0L, answer.Without)));
        var standing = past.Before ?? First(past.Joined, past.Counts);
        foreach (var step in steps.OrderBy(step => step.At).ThenBy(step => step.Order))
        {
            standing = Until(standing, step.At, past);
            standing = At(step.At, step.Without) is var climb && step.Amount != 0 ? climb.Counted(standing, step.Amount) : climb.Reaching(standing, 0);
        }

        return standing;
    }

    // What is left of each count. Of those of one instant it is not known which was taken back: the last are taken first.
    private static IEnumerable<(TierCount Count, long Amount)> Left(Sequence<TierCount> counts)
    {
        foreach (var instant in counts.GroupBy(count => count.At))
        {
            var (all, less) = (instant.ToArray(), instant.Sum(count => count.Less));
            var left = Array.ConvertAll(all, count => count.Amount);
            for (var i = left.Length - 1; i >= 0 && less != 0; i--)
            {
                var part = i == 0 ? less : less > 0 ? Math.Clamp(left[i], 0, less) : Math.Clamp(left[i], less, 0);
                (left[i], less) = (checked(left[i] - part), less - part);
            }

            for (var i = 0; i < all.Length; i++)
            {
                yield return (all[i], left[i]);
            }
        }
    }

    // A window that counted nothing is closed when it is looked at, and nothing tells when that was.
    private TierStanding Present(TierStanding standing, TierStanding past) => At(moment.Instant, past.WithoutAt(moment.Instant)).Closed(Until(standing, moment.Instant, past));

    // What happens by itself until an instant.
    private TierStanding Until(TierStanding standing, Instant instant, TierStanding past)
    {
        var last = Instant.MinValue;
        while (NextChange(ladder, standing, moment.Zone) is { } due && due <= instant && due > last)
        {
            (standing, last) = (At(due, past.WithoutAt(due)).Bring(standing), due);
        }

        return standing;
    }

    private Climb At(Instant instant, Sequence<string> closed) => new(ladder, moment with { Instant = instant }, evidence, without: closed);
}
