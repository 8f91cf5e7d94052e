using Crm.Conditions;
using Crm.Loyalty.Tiers;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Challenges;

/// <summary>How a standing moves as things are done and periods pass: pure, for one challenge at one moment.</summary>
/// <param name="challenge">The challenge.</param>
/// <param name="moment">Now, in the programme's zone.</param>
internal readonly struct ChallengeRun(Challenge challenge, Moment moment)
{
    /// <summary>The standing in the period of the moment, with the goals that the challenge has now: a period that passed unmet breaks the run, unless a freeze is left for it.</summary>
    public ChallengeStanding Bring(ChallengeStanding standing)
    {
        if (challenge.Period is not { } unit || standing.Period == First(unit))
        {
            return HasTheGoals(standing.Counts) ? standing : standing with { Counts = CountsOf(standing.Done) };
        }

        var first = First(unit);

        // The counted period is missed too when it was not met; another version may have counted in longer ones.
        var missed = standing.Period is { } last ? Math.Max(0, CalendarUnits.Between(unit, CalendarUnits.First(unit, last, challenge.WeekStart), first) - (standing.Met ? 1 : 0)) : 0;
        var bridged = standing.Frozen + missed;
        var keeps = standing.Streak > 0 && bridged <= challenge.Freezes && !(challenge.Recurrence == Recurrence.NextPeriod && standing.Streak >= challenge.Consecutive);
        return standing with { Period = first, Counts = CountsOf(static _ => 0), Met = false, Streak = keeps ? standing.Streak : 0, Frozen = keeps ? bridged : 0 };
    }

    /// <summary>The first day of the period of the moment.</summary>
    private LocalDate First(CalendarUnit unit) => CalendarUnits.First(unit, moment.Zone.DayOf(moment.Instant), challenge.WeekStart);

    /// <summary>The standing with what was achieved by an event and stays so achieved in this history too, whatever is left to count, and how often that is.</summary>
    public ChallengeStanding Keep(ChallengeStanding standing, string cause, out int achieved)
    {
        achieved = 0;
        while (standing.Owed is { } owed && (owed.Key == cause || owed.At < moment.Instant))
        {
            standing = Bring(standing);
            standing = Achieved(standing with { Met = true, Streak = Math.Max(standing.Met ? standing.Streak : standing.Streak + 1, challenge.Consecutive) }, out var more);
            achieved += more;
        }

        return standing;
    }

    /// <summary>The standing given up: nothing that was done counts any more, nor that the customer takes part. How often it was achieved stays, and what was achieved in the period is not achieved in it again.</summary>
    public ChallengeStanding Forfeited(ChallengeStanding standing)
    {
        standing = Bring(standing);
        return standing with { Joined = false, Counts = CountsOf(static _ => 0), Met = IsAchieved(standing), Streak = 0, Frozen = 0, Past = null };
    }

    /// <summary>The standing after an event, of which so much counts towards each goal, and how often the challenge was achieved by it.</summary>
    public ChallengeStanding Count(ChallengeStanding standing, Func<ChallengeGoal, long> counts, out int achieved)
    {
        achieved = 0;
        standing = Bring(standing);
        var added = challenge.Goals.Select(counts).ToList();
        if (added.All(amount => amount == 0) || (challenge.Recurrence == Recurrence.Once && standing.Completed > 0))
        {
            return standing;
        }

        var before = standing;
        standing = standing with { Counts = standing.Counts.Select((count, place) => count with { Done = checked(count.Done + added[place]) }).ToSequence() };
        if (standing.Met || !IsMet(standing.Counts))
        {
            return standing;
        }

        standing = standing with { Met = true, Streak = before.Streak + 1 };
        return standing.Streak < challenge.Consecutive ? standing : Achieved(standing, out achieved);
    }

    /// <summary>The standing of two who are the same customer from now on, and how often what they have done together achieves the challenge that neither has achieved alone: at most once. What they do later in the period counts as ever.</summary>
    public ChallengeStanding Join(ChallengeStanding own, ChallengeStanding other, string cause, out int achieved)
    {
        achieved = 0;
        var (one, two) = (Bring(own), Bring(other));
        var sum = one.With(two, cause, moment.Instant);
        var met = sum.Met || (IsMet(sum.Counts) && !(challenge.Recurrence == Recurrence.Once && sum.Completed > 0));
        if (!met)
        {
            return sum;
        }

        // What each had before the period goes on with what both have done in it.
        var streak = Math.Max(Before(one), Before(two)) + 1;
        if (IsAchieved(one) || IsAchieved(two) || (challenge.Recurrence == Recurrence.Once && sum.Completed > 0))
        {
            return sum with { Met = true };
        }

        sum = sum with { Met = true, Streak = streak };
        return streak < challenge.Consecutive ? sum : Achieved(sum, out achieved);
    }

    private static int Before(ChallengeStanding standing) => standing.Met ? standing.Streak - 1 : standing.Streak;

    // Whether the challenge was achieved in the period of the standing; where it begins anew at once, its run is none any more.
    private bool IsAchieved(ChallengeStanding standing) => standing.Met && (standing.Streak >= challenge.Consecutive || standing.Streak == 0);

    private ChallengeStanding Achieved(ChallengeStanding standing, out int achieved)
    {
        achieved = 1;
        standing = standing with { Completed = standing.Completed + 1 };
        return challenge.Recurrence != Recurrence.OnCompletion ? standing
            : challenge.Period is null || challenge.Consecutive == 1 ? standing with { Met = false, Streak = 0, Frozen = 0, Counts = CountsOf(static _ => 0) }
            : standing with { Streak = 0, Frozen = 0 };
    }

    private Sequence<GoalCount> CountsOf(Func<string, long> done) => challenge.Goals.Select(goal => new GoalCount(goal.Name, done(goal.Name))).ToSequence();

    // A later version of the programme may have other goals, or the same in another order.
    private bool HasTheGoals(Sequence<GoalCount> counts)
    {
        var same = counts.Count == challenge.Goals.Count;
        for (var i = 0; same && i < counts.Count; i++)
        {
            same = counts[i].Goal == challenge.Goals[i].Name;
        }

        return same;
    }

    private bool IsMet(Sequence<GoalCount> counts)
    {
        for (var i = 0; i < challenge.Goals.Count; i++)
        {
            if (counts[i].Done < challenge.Goals[i].Target)
            {
                return false;
            }
        }

        return true;
    }
}

/// <summary>How far a customer is, for a screen.</summary>
/// <param name="Challenge">The challenge.</param>
/// <param name="Goals">What is done of each goal.</param>
/// <param name="Streak">Periods met one after the other.</param>
/// <param name="Consecutive">How many it takes.</param>
/// <param name="Completed">How often it was achieved.</param>
public sealed record ChallengeProgress(string Challenge, Sequence<GoalProgress> Goals, int Streak, int Consecutive, int Completed)
{
    /// <summary>When the period ends in which the goals have to be met, in the programme's zone; null where there are no periods.</summary>
    public Instant? PeriodEnds { get; init; }

    /// <summary>The progress at a moment; a period that passed unmet is taken into account.</summary>
    /// <param name="challenge">The challenge.</param>
    /// <param name="standing">How far the customer is; null: nothing was done.</param>
    /// <param name="moment">The moment, in the programme's zone.</param>
    public static ChallengeProgress Of(Challenge challenge, ChallengeStanding? standing, Moment moment)
    {
        ArgumentNullException.ThrowIfNull(challenge);
        var brought = new ChallengeRun(challenge, moment).Bring(standing ?? new ChallengeStanding { Challenge = challenge.Name });
        return new ChallengeProgress(
            challenge.Name,
            challenge.Goals.Select((goal, place) => new GoalProgress(goal.Name, brought.Counts[place].Done, goal.Target)).ToSequence(),
            brought.Streak,
            challenge.Consecutive,
            brought.Completed)
        {
            PeriodEnds = challenge.Period is { } unit && brought.Period is { } first ? moment.StartOf(CalendarUnits.Next(unit, first)) : null,
        };
    }
}

/// <summary>What is done of a goal.</summary>
/// <param name="Goal">The goal.</param>
/// <param name="Done">How much.</param>
/// <param name="Target">Of how much.</param>
public sealed record GoalProgress(string Goal, long Done, long Target);
