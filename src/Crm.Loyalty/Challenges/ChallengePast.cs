using Crm.Loyalty.Memberships;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Challenges;

/// <summary>
/// What was counted towards a challenge lately, kept in programmes without cascade for as long as something of it may come back: a refund has it counted again, as it was and with less, and the difference is what changes.
/// </summary>
/// <param name="From">How far the customer was before all of it, without a past of its own.</param>
/// <param name="Marks">In the order in which they came.</param>
public sealed record ChallengePast(ChallengeStanding From, Sequence<ChallengeMark> Marks)
{
    /// <summary>With one more mark; those of purchases whose refunds are not known any more become part of what it goes from.</summary>
    internal ChallengePast With(ChallengeMark mark, Func<Instant, ChallengeRun> run)
    {
        var old = Marks.TakeWhile(known => known.At + KeptAward.Refundable < mark.At).ToSequence();
        return old.IsEmpty ? this with { Marks = Marks.Add(mark) } : new ChallengePast((this with { Marks = old }).Made(run, null).Standing, Marks.Skip(old.Count).Append(mark).ToSequence());
    }

    /// <summary>With what an event counts now instead of what it counted before; null where nothing of it is known.</summary>
    internal ChallengePast? With(string key, Sequence<GoalCount> before, Sequence<GoalCount> left) =>
        Marks.Any(mark => mark.Key == key) ? this with { Marks = Marks.Select(mark => mark.Key == key ? mark with { Counts = GoalCount.Sum(mark.Counts, left, before) } : mark).ToSequence() } : null;

    /// <summary>What an event counted; nothing where nothing of it is known.</summary>
    internal Sequence<GoalCount> CountsOf(string key) => Marks.FirstOrDefault(mark => mark.Key == key)?.Counts ?? [];

    /// <summary>The pasts of two who are the same customer from now on.</summary>
    internal static ChallengePast? Joined(ChallengePast? one, ChallengePast? other) => one is null ? other : other is null ? one
        : new ChallengePast(one.From.With(other.From, "", default), one.Marks.Concat(other.Marks).OrderBy(mark => mark.At).ToSequence());

    /// <summary>How far the customer is by the marks, and how often the challenge was achieved by them.</summary>
    /// <param name="run">How things counted at an instant.</param>
    /// <param name="period">When the period begins up to which it is brought; null: that of the last mark.</param>
    internal (ChallengeStanding Standing, int Achieved) Made(Func<Instant, ChallengeRun> run, Instant? period)
    {
        var (standing, sum) = (From, 0);
        foreach (var mark in Marks)
        {
            standing = run(mark.At).Count(standing, goal => Math.Max(0, mark.Counts.FirstOrDefault(count => count.Goal == goal.Name).Done), out var achieved);
            sum += achieved;
        }

        return (period is { } begun ? run(begun).Bring(standing) : standing, sum);
    }
}

/// <summary>What an event counted towards a challenge.</summary>
/// <param name="Key">The event, as "source:key".</param>
/// <param name="At">When.</param>
/// <param name="Counts">How much towards each goal, less what came back.</param>
public sealed record ChallengeMark(string Key, Instant At, Sequence<GoalCount> Counts);
