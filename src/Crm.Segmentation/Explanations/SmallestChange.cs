using Crm.Conditions;
using Crm.Segmentation.Segments;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Explanations;

/// <summary>
/// Finds the fewest values that would have to be others for a condition to give the other answer; among sets of equally many, the one that is nearest. Values that several leaves look at are one value:
/// changing it asks all of them anew. Sets of up to three values are searched completely, and all sets where there are at most five values; where no such set is enough, what is given is enough and need not
/// be the least.
/// </summary>
internal sealed class SmallestChange
{
    private const int MostTried = 3;
    private const int MostTriedWholly = 5;
    private const int MostValues = 40;

    private readonly Func<string, Condition?> segments;
    private readonly Func<Condition, Scalar> valueOf;
    private readonly Func<Condition, bool> truthOf;
    private readonly Instant now;
    private readonly Dictionary<Condition, Scalar> changed = [];

    /// <param name="segments">The condition of a segment that another names; null where it cannot be looked into.</param>
    /// <param name="valueOf">What the value of a leaf is.</param>
    /// <param name="truthOf">What a leaf answers as it is.</param>
    /// <param name="now">As of when.</param>
    public SmallestChange(Func<string, Condition?> segments, Func<Condition, Scalar> valueOf, Func<Condition, bool> truthOf, Instant now)
    {
        this.segments = segments;
        this.valueOf = valueOf;
        this.truthOf = truthOf;
        this.now = now;
    }

    /// <summary>The values with what they would have to be; empty where no change of values is known that would do.</summary>
    public IReadOnlyList<(Condition Leaf, Scalar To)> Find(Condition condition)
    {
        var whole = Expand(condition);
        var before = Holds(whole);
        var values = whole.Leaves().Where(leaf => LeafValues.ValueOf(leaf) is not null).GroupBy(leaf => LeafValues.ValueOf(leaf) ?? leaf)
            .Select(leaves => new Changeable(leaves.Key, leaves.First(), valueOf(leaves.First()), [.. leaves.SelectMany(leaf => LeafValues.Turns(leaf, valueOf(leaf))).Distinct().Where(value => value != valueOf(leaves.First()))]))
            .Where(value => value.Others.Count > 0).Take(MostValues).ToList();
        var most = values.Count <= MostTriedWholly ? values.Count : MostTried;
        for (var size = 1; size <= most; size++)
        {
            (List<(Condition, Scalar)> Set, decimal Distance)? best = null;
            foreach (var (set, distance) in Sets(values, size, 0))
            {
                if (!(best?.Distance <= distance) && HoldsWith(whole, set) != before)
                {
                    best = ([.. set.Select(one => (one.Value.Leaf, one.To))], distance);
                }
            }

            if (best is { } found)
            {
                return found.Set;
            }
        }

        var enough = Enough(whole, !before);
        return enough is not null && HoldsWith(whole, enough) != before ? [.. enough.Select(one => (one.Value.Leaf, one.To))] : [];
    }

    private static IEnumerable<(List<(Changeable Value, Scalar To)> Set, decimal Distance)> Sets(List<Changeable> values, int size, int from)
    {
        if (size == 0)
        {
            yield return ([], 0);
            yield break;
        }

        for (var i = from; i <= values.Count - size; i++)
        {
            foreach (var to in values[i].Others)
            {
                foreach (var (rest, distance) in Sets(values, size - 1, i + 1))
                {
                    yield return ([(values[i], to), .. rest], distance + values[i].DistanceTo(to));
                }
            }
        }
    }

    private bool HoldsWith(Condition condition, IEnumerable<(Changeable Value, Scalar To)> set)
    {
        changed.Clear();
        foreach (var (value, to) in set)
        {
            changed[value.Name] = to;
        }

        var holds = Holds(condition);
        changed.Clear();
        return holds;
    }

    private bool Holds(Condition condition) => condition switch
    {
        Condition.All all => all.Of.All(Holds),
        Condition.Any any => any.Of.Any(Holds),
        Condition.Not not => !Holds(not.Of),
        Condition.Score score => Evaluator.Passes(score.Is, score.Of.Where(part => Holds(part.When)).Sum(part => part.Points), false, now).Value,
        _ => LeafValues.ValueOf(condition) is { } value && changed.TryGetValue(value, out var other) ? LeafValues.Holds(condition, other, now) : truthOf(condition),
    };

    // What is enough, part by part: for all, every part that does not hold; for any, the part that needs the fewest values.
    private List<(Changeable Value, Scalar To)>? Enough(Condition condition, bool wanted)
    {
        if (Holds(condition) == wanted)
        {
            return [];
        }

        switch (condition)
        {
            case Condition.Not not:
                return Enough(not.Of, !wanted);
            case Condition.All { Of: var parts } when wanted:
                return Every(parts, wanted);
            case Condition.Any { Of: var parts } when !wanted:
                return Every(parts, wanted);
            case Condition.All { Of: var parts }:
                return Fewest(parts, wanted);
            case Condition.Any { Of: var parts }:
                return Fewest(parts, wanted);
            case Condition.Score score:
                return OfScore(score, wanted);
            default:
                return LeafValues.ValueOf(condition) is { } name && LeafValues.Turn(condition, valueOf(condition), now) is { } to ? [(new Changeable(name, condition, valueOf(condition), []), to)] : null;
        }
    }

    private List<(Changeable Value, Scalar To)>? Every(Sequence<Condition> parts, bool wanted)
    {
        var all = parts.Select(part => Enough(part, wanted)).ToList();
        return all.Contains(null) ? null : [.. all.SelectMany(one => one ?? []).DistinctBy(one => one.Value.Name)];
    }

    private List<(Changeable Value, Scalar To)>? Fewest(Sequence<Condition> parts, bool wanted) =>
        parts.Select(part => Enough(part, wanted)).Where(one => one is not null).MinBy(one => one?.Count);

    private List<(Changeable Value, Scalar To)>? OfScore(Condition.Score score, bool wanted)
    {
        var (points, chosen) = (score.Of.Where(part => Holds(part.When)).Sum(part => part.Points), new List<(Changeable, Scalar)>());
        foreach (var part in score.Of.OrderByDescending(part => Math.Abs(part.Points)))
        {
            var holds = Holds(part.When);
            var after = points + (holds ? -part.Points : part.Points);
            if (Evaluator.Passes(score.Is, points, false, now).Value == wanted)
            {
                break;
            }

            if (Further(score.Is, points, after, wanted) && Enough(part.When, !holds) is { } change)
            {
                points = after;
                chosen.AddRange(change);
            }
        }

        return Evaluator.Passes(score.Is, points, false, now).Value == wanted ? chosen : null;
    }

    // Whether a sum of points is nearer to where the answer turns.
    private bool Further(Test test, decimal before, decimal after, bool wanted)
    {
        if (Evaluator.Passes(test, after, false, now).Value == wanted)
        {
            return true;
        }

        var leaf = new Condition.Fact("score", test, false);
        return LeafValues.Turn(leaf, before, now) is { } turn && LeafValues.Distance(after, turn) < LeafValues.Distance(before, turn);
    }

    // A segment that is named is looked into, so that what would have to change is a value of the customer's.
    private Condition Expand(Condition condition) => condition switch
    {
        Condition.All all => new Condition.All(all.Of.Select(Expand).ToSequence()),
        Condition.Any any => new Condition.Any(any.Of.Select(Expand).ToSequence()),
        Condition.Not not => new Condition.Not(Expand(not.Of)),
        Condition.Score score => score with { Of = score.Of.Select(part => part with { When = Expand(part.When) }).ToSequence() },
        Condition.Fact fact when fact.Name.StartsWith(SegmentNames.FactPrefix, StringComparison.Ordinal) && segments(fact.Name[SegmentNames.FactPrefix.Length..]) is { } where =>
            (LeafValues.Holds(fact, true, now), LeafValues.Holds(fact, default, now)) switch
            {
                (true, false) => Expand(where),
                (false, true) => new Condition.Not(Expand(where)),
                (true, true) => new Condition.All([]),
                _ => new Condition.Any([]),
            },
        _ => condition,
    };

    /// <summary>A value that could be another.</summary>
    /// <param name="Name">The leaf without its test.</param>
    /// <param name="Leaf">A leaf that looks at it.</param>
    /// <param name="Actual">What it is.</param>
    /// <param name="Others">What it could be.</param>
    private sealed record Changeable(Condition Name, Condition Leaf, Scalar Actual, List<Scalar> Others)
    {
        /// <summary>How far it is to another value, in proportion to that value, so that a purchase and its amount compare.</summary>
        public decimal DistanceTo(Scalar to) => LeafValues.Distance(Actual, to) / Math.Max(1, to.Kind == ScalarKind.Number ? Math.Abs(to.AsNumber) : 1);
    }
}
