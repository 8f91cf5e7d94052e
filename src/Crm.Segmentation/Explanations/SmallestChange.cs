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

    // What tests name is nearer than what none does.
    private const decimal Unnamed = 1_000_000_000_000m;

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
    public IReadOnlyList<ChangedValue> Find(Condition condition)
    {
        var whole = Expand(condition);
        var before = Holds(whole);
        var values = whole.Leaves().Where(leaf => LeafValues.ValueOf(leaf) is not null).GroupBy(leaf => LeafValues.ValueOf(leaf) ?? leaf)
            .Select(leaves => Value(leaves.Key, [.. leaves]))
            .Where(value => value.Others.Count > 0).Take(MostValues).ToList();
        var most = values.Count <= MostTriedWholly ? values.Count : MostTried;
        for (var size = 1; size <= most; size++)
        {
            (List<(Changeable, Candidate)> Set, decimal Distance)? best = null;
            foreach (var (set, distance) in Sets(values, size, 0))
            {
                if (!(best?.Distance <= distance) && HoldsWith(whole, set) != before)
                {
                    best = (set, distance);
                }
            }

            if (best is { } found)
            {
                return Changed(whole, found.Set);
            }
        }

        var enough = Enough(whole, !before);
        return enough is not null && HoldsWith(whole, enough) != before ? Changed(whole, enough) : [];
    }

    private Changeable Value(Condition name, List<Condition> leaves)
    {
        var actual = valueOf(leaves[0]);
        var codes = leaves.Select(LeafValues.TestOf).SelectMany(test => test switch { Test.AnyOf any => any.Codes, Test.AllOf all => all.Codes, _ => [] }).ToList();
        var named = leaves.SelectMany(leaf => LeafValues.Turns(leaf, actual, now)).Concat(codes.Count == 0 ? [] : [Scalar.Of(codes)]).Distinct().ToList();
        var unnamed = leaves.SelectMany(leaf => LeafValues.Unnamed(leaf, actual)).Distinct().Except(named);
        return new Changeable(name, leaves[0], actual, [.. named.Select(value => new Candidate(value, IsNamed: true)).Concat(unnamed.Select(value => new Candidate(value, IsNamed: false))).Where(other => other.Value != actual)]);
    }

    private List<ChangedValue> Changed(Condition whole, List<(Changeable Value, Candidate To)> set) => [.. set.Select(one => new ChangedValue(one.Value.Leaf, one.To.Value, one.To.IsNamed ? null : Says(whole, one.Value.Name, one.To.Value)))];

    // What the leaves that look at a value answer for another.
    private Condition Says(Condition whole, Condition name, Scalar to)
    {
        var answers = whole.Leaves().Where(leaf => LeafValues.ValueOf(leaf) == name).Distinct().Select(leaf => LeafValues.Holds(leaf, to, now) ? leaf : new Condition.Not(leaf)).ToSequence();
        return answers.Count == 1 ? answers[0] : new Condition.All(answers);
    }

    private static IEnumerable<(List<(Changeable Value, Candidate To)> Set, decimal Distance)> Sets(List<Changeable> values, int size, int from)
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

    private bool HoldsWith(Condition condition, IEnumerable<(Changeable Value, Candidate To)> set)
    {
        changed.Clear();
        foreach (var (value, to) in set)
        {
            changed[value.Name] = to.Value;
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
    private List<(Changeable Value, Candidate To)>? Enough(Condition condition, bool wanted)
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
                return LeafValues.ValueOf(condition) is { } name && Value(name, [condition]) is var value && value.Others.Where(other => LeafValues.Holds(condition, other.Value, now) == wanted).ToList() is { Count: > 0 } others
                    ? [(value, others.MinBy(value.DistanceTo))]
                    : null;
        }
    }

    private List<(Changeable Value, Candidate To)>? Every(Sequence<Condition> parts, bool wanted)
    {
        var all = parts.Select(part => Enough(part, wanted)).ToList();
        return all.Contains(null) ? null : [.. all.SelectMany(one => one ?? []).DistinctBy(one => one.Value.Name)];
    }

    private List<(Changeable Value, Candidate To)>? Fewest(Sequence<Condition> parts, bool wanted) =>
        parts.Select(part => Enough(part, wanted)).Where(one => one is not null).MinBy(one => one?.Count);

    private List<(Changeable Value, Candidate To)>? OfScore(Condition.Score score, bool wanted)
    {
        var (points, chosen) = (score.Of.Where(part => Holds(part.When)).Sum(part => part.Points), new List<(Changeable, Candidate)>());
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
    private sealed record Changeable(Condition Name, Condition Leaf, Scalar Actual, List<Candidate> Others)
    {
        /// <summary>How far it is to another value, in proportion to that value, so that a purchase and its amount compare.</summary>
        public decimal DistanceTo(Candidate to) => !to.IsNamed ? Unnamed : LeafValues.Distance(Actual, to.Value) / Math.Max(1, to.Value.Kind == ScalarKind.Number ? Math.Abs(to.Value.AsNumber) : 1);
    }

    /// <summary>What a value could be.</summary>
    /// <param name="Value">The value; missing: none.</param>
    /// <param name="IsNamed">Whether a test names it; otherwise it stands for all that the tests answer alike.</param>
    private readonly record struct Candidate(Scalar Value, bool IsNamed);
}

/// <summary>A value that would have to be another.</summary>
/// <param name="Leaf">A leaf that looks at it.</param>
/// <param name="To">What it would have to be; with <paramref name="Says"/>, one of many, made up, which is not to be shown.</param>
/// <param name="Says">What would have to hold of it; null where it is <paramref name="To"/>.</param>
internal sealed record ChangedValue(Condition Leaf, Scalar To, Condition? Says);
