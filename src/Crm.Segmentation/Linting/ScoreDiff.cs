using Crm.Conditions;

namespace Crm.Segmentation.Linting;

/// <summary>How two scores differ, whichever of their parts hold.</summary>
internal static class ScoreDiff
{
    // Twice as many answers with each.
    private const int MostParts = 12;

    /// <summary>The score that is asked, or asked not to hold; null where it is none.</summary>
    public static Condition.Score? ScoreOf(Condition condition) => condition switch
    {
        Condition.Score score => score,
        Condition.Not { Of: Condition.Score score } => score,
        _ => null,
    };

    /// <summary>How many parts two scores have in common, whatever the points for them.</summary>
    public static int Shared(Condition.Score one, Condition.Score other) => Texts(one).Intersect(Texts(other), StringComparer.Ordinal).Count();

    /// <summary>Whether there are answers of the parts with which only the later passes, and with which only the earlier does; "no" is proven.</summary>
    /// <param name="before">A score, or one that is not to hold.</param>
    /// <param name="after">Another.</param>
    public static (bool More, bool Fewer) Of(Condition before, Condition after)
    {
        var parts = Texts(before).Union(Texts(after), StringComparer.Ordinal).ToList();
        if (parts.Count > MostParts)
        {
            return (true, true);
        }

        var (more, fewer) = (false, false);
        for (var answers = 0; answers < 1 << parts.Count; answers++)
        {
            var held = parts.Where((_, place) => (answers & (1 << place)) != 0).ToHashSet(StringComparer.Ordinal);
            var (was, @is) = (Passes(before, held), Passes(after, held));
            more |= @is && !was;
            fewer |= was && !@is;
        }

        return (more, fewer);
    }

    private static bool Passes(Condition condition, HashSet<string> held) => ScoreOf(condition) is { } score
        && OneValue.Passes(score.Is, false, score.Of.Where(part => held.Contains(ConditionJson.Write(part.When))).Sum(part => part.Points)) == condition is Condition.Score;

    private static IEnumerable<string> Texts(Condition condition) => ScoreOf(condition)?.Of.Select(part => ConditionJson.Write(part.When)) ?? [];
}
