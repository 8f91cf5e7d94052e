using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Challenges;

/// <summary>How far a customer is with a challenge.</summary>
public sealed record ChallengeStanding
{
    /// <summary>The challenge.</summary>
    public required string Challenge { get; init; }

    /// <summary>Whether the customer said they take part.</summary>
    public bool Joined { get; init; }

    /// <summary>The first day of the period that is counted; null where there are no periods.</summary>
    public LocalDate? Period { get; init; }

    /// <summary>What is counted towards each goal, in the order of the goals when it was counted.</summary>
    public Sequence<GoalCount> Counts { get; init; }

    /// <summary>Whether the goals of the period are met.</summary>
    public bool Met { get; init; }

    /// <summary>Periods met one after the other, up to the one that is counted.</summary>
    public int Streak { get; init; }

    /// <summary>Missed periods of the run that freezes have bridged.</summary>
    public int Frozen { get; init; }

    /// <summary>How often it was achieved.</summary>
    public int Completed { get; init; }

    /// <summary>What was counted lately, in programmes without cascade; null: nothing.</summary>
    public ChallengePast? Past { get; init; }

    /// <summary>How often it gave its award for what came back since, in programmes without cascade: the award stays, and so many times achieving gives nothing.</summary>
    public int Ahead { get; init; }

    /// <summary>What was achieved and stays so, whatever goes back (<see cref="Challenge.KeepsAchieved"/>), in the order of the instants.</summary>
    public Sequence<KeptAchievement> Kept { get; init; }

    /// <summary>What was achieved and stays so, and is not achieved in this history: something it rested on has gone back, or has not happened yet. The first of it; null: nothing is.</summary>
    internal KeptAchievement? Owed
    {
        get
        {
            foreach (var kept in Kept)
            {
                if (kept.Number > Completed)
                {
                    return kept;
                }
            }

            return null;
        }
    }

    /// <summary>What is counted towards a goal; 0 where nothing is.</summary>
    /// <param name="goal">Its name.</param>
    public long Done(string goal)
    {
        foreach (var count in Counts)
        {
            if (count.Goal == goal)
            {
                return count.Done;
            }
        }

        return 0;
    }

    /// <summary>This standing with that of somebody who is the same customer from now on: counts of one period are added, of two the later one goes on. As many as the two had achieved that stay are to be achieved by then.</summary>
    /// <param name="other">The other standing.</param>
    /// <param name="merge">The key of what makes them one.</param>
    /// <param name="at">When.</param>
    internal ChallengeStanding With(ChallengeStanding other, string merge, Instant at)
    {
        var (leading, trailing) = other.Period > Period || (Period is null && other.Period is not null) ? (other, this) : (this, other);
        var together = leading.Period == trailing.Period;
        return leading with
        {
            Joined = Joined || other.Joined,
            Counts = !together || trailing.Counts.IsEmpty ? leading.Counts
                : leading.Counts.Select(count => count with { Done = checked(count.Done + trailing.Done(count.Goal)) }).Concat(trailing.Counts.Where(count => leading.Counts.All(own => own.Goal != count.Goal))).ToSequence(),
            Met = leading.Met || (together && trailing.Met),
            Streak = together ? Math.Max(Streak, other.Streak) : leading.Streak,
            Frozen = leading.Frozen,
            Completed = checked(Completed + other.Completed),
            Past = ChallengePast.Joined(Past, other.Past),
            Ahead = checked(Ahead + other.Ahead),
            Kept = other.Kept.IsEmpty || Kept.Any(kept => kept.Key == merge) ? Kept : Kept.Add(new KeptAchievement(checked(Completed + other.Completed), merge, at)),
        };
    }

    /// <summary>This standing with the difference of two others: counts by arithmetic, the rest as in the first where the two differ.</summary>
    internal ChallengeStanding Plus(ChallengeStanding? with, ChallengeStanding? without)
    {
        var none = new ChallengeStanding { Challenge = Challenge };
        var (one, other) = (with ?? none, without ?? none);
        return this with
        {
            Joined = one.Joined == other.Joined ? Joined : one.Joined,
            Period = one.Period == other.Period ? Period : one.Period,
            Counts = one.Counts == other.Counts ? Counts : one.Period == other.Period && one.Period == Period ? GoalCount.Sum(Counts, one.Counts, other.Counts) : one.Counts,
            Met = one.Met == other.Met ? Met : one.Met,
            Streak = one.Streak == other.Streak ? Streak : one.Streak,
            Frozen = one.Frozen == other.Frozen ? Frozen : one.Frozen,
            Completed = checked(Completed + one.Completed - other.Completed),
            Kept = one.Kept == other.Kept ? Kept : one.Kept,
        };
    }
}

/// <summary>That a challenge was achieved so often, and stays so.</summary>
/// <param name="Number">How often it was achieved then.</param>
/// <param name="Key">The key of the event that achieved it.</param>
/// <param name="At">When.</param>
public readonly record struct KeptAchievement(int Number, string Key, Instant At);

/// <summary>What is counted towards a goal of a challenge.</summary>
/// <param name="Goal">The goal's name, by which it is known in every version of the programme.</param>
/// <param name="Done">How much.</param>
public readonly record struct GoalCount(string Goal, long Done)
{
    /// <summary>Counts with the difference of two others, goal by goal, in the order of the first.</summary>
    internal static Sequence<GoalCount> Sum(Sequence<GoalCount> counts, Sequence<GoalCount> with, Sequence<GoalCount> without) => counts.Concat(with).Concat(without).Select(count => count.Goal).Distinct(StringComparer.Ordinal)
        .Select(goal => new GoalCount(goal, checked(Of(counts, goal) + Of(with, goal) - Of(without, goal)))).ToSequence();

    private static long Of(Sequence<GoalCount> counts, string goal) => counts.FirstOrDefault(count => count.Goal == goal).Done;
}
