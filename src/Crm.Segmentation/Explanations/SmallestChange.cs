using System.Collections.Immutable;
using Crm.Conditions;
using Crm.Segmentation.Segments;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Explanations;

/// <summary>
/// Finds the fewest values that would have to be others for a condition to give the other answer; among sets of equally many, the one that is nearest. Values that several leaves look at are one value:
/// changing it asks all of them anew. Sets of up to three values are searched completely, and all sets where there are at most five values; where no such set is enough, what is given is enough, each value being
/// one that all leaves that look at it ask for, and need not be the least.
/// </summary>
internal sealed class SmallestChange
{
    private const int MostTried = 3;
    private const int MostTriedWholly = 5;
    private const int MostValues = 40;

    // How many ways are followed at a time, and of a score how many to one sum.
    private const int MostWays = 128;
    private const int MostWaysToASum = 4;

    // What tests name is nearer than what none does.
    private const decimal Unnamed = 1_000_000_000_000m;

    private readonly Func<string, Condition?> segments;
    private readonly Func<Condition, Scalar> valueOf;
    private readonly Func<Condition, bool> truthOf;
    private readonly Instant now;
    private readonly Dictionary<Condition, Scalar> changed = [];
    private readonly Dictionary<Condition, Changeable> changeable = new(ReferenceEqualityComparer.Instance);

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
        var all = whole.Leaves().Where(leaf => LeafValues.ValueOf(leaf) is not null).GroupBy(leaf => LeafValues.ValueOf(leaf) ?? leaf)
            .Select(leaves => (Value: Value(leaves.Key, [.. leaves]), Leaves: leaves.ToList())).ToList();
        var values = all.Select(one => one.Value).Where(value => value.Others.Count > 0).Take(MostValues).ToList();
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

        changeable.Clear();
        foreach (var (value, leaf) in all.SelectMany(one => one.Leaves.Select(leaf => (one.Value, leaf))))
        {
            changeable[leaf] = value;
        }

        return Followed([Way.Start], whole, !before) is [{ Set: var enough }, ..] && HoldsWith(whole, enough) != before ? Changed(whole, enough) : [];
    }

    // Of the profile, which is personal, nothing shows in the change but which parts hold: nothing is near to it, and what stands there now is among what it could be.
    private Changeable Value(Condition name, List<Condition> leaves)
    {
        var actual = valueOf(leaves[0]);
        var from = LeafValues.Told(name, actual);
        var codes = leaves.Select(LeafValues.TestOf).SelectMany(test => test switch { Test.AnyOf any => any.Codes, Test.AllOf all => all.Codes, _ => [] }).ToList();
        var named = leaves.SelectMany(leaf => LeafValues.Turns(leaf, actual, now)).Concat(LeafValues.Anniversaries(leaves, actual, now)).Concat(codes.Count == 0 ? [] : [Scalar.Of(codes)]).Distinct().ToList();
        var unnamed = leaves.SelectMany(leaf => LeafValues.Unnamed(leaf, actual)).Distinct().Except(named);
        var others = named.Select(value => new Candidate(value, value, CandidateKind.Named))
            .Concat(LeafValues.Between(leaves, from).Select(between => new Candidate(between.Value, between.Nearest, CandidateKind.Between)))
            .Concat(unnamed.Select(value => new Candidate(value, value, CandidateKind.Unnamed)))
            .Where(other => name is Condition.Field || other.Value != actual);
        return new Changeable(name, leaves[0], from, [.. others]);
    }

    private List<ChangedValue> Changed(Condition whole, List<(Changeable Value, Candidate To)> set) => [.. set.Select(one => new ChangedValue(one.Value.Leaf, one.To.Value, one.To.Kind switch
    {
        CandidateKind.Named => null,
        CandidateKind.Between => SaysBetween(whole, one.Value, one.To.Value),
        _ => Says(whole, one.Value.Name, one.To.Value),
    }))];

    // Between which numbers all leaves that look at a value answer as they do for this one: "less than 0.5".
    private Condition SaysBetween(Condition whole, Changeable value, Scalar to)
    {
        var leaves = whole.Leaves().Where(leaf => LeafValues.ValueOf(leaf) == value.Name).Distinct().ToList();
        if (leaves.TrueForAll(leaf => LeafValues.TestOf(leaf) is Test.EqualTo or Test.OneOf))
        {
            return Says(whole, value.Name, to);
        }

        var bounds = LeafValues.Bounds(leaves);
        var above = bounds.FindIndex(bound => bound > to.AsNumber) is >= 0 and var place ? place : bounds.Count;
        var (low, isLow) = End(bounds.Take(above).Reverse());
        var (high, isHigh) = End(bounds.Skip(above));
        Test[] tests = [.. Tests(low is { } from ? isLow ? new Test.AtLeast(from) : new Test.MoreThan(from) : null), .. Tests(high is { } until ? isHigh ? new Test.AtMost(until) : new Test.LessThan(until) : null)];
        return tests.Length switch { 0 => Says(whole, value.Name, to), 1 => LeafValues.Tested(value.Leaf, tests[0]), _ => new Condition.All(tests.Select(test => LeafValues.Tested(value.Leaf, test)).ToSequence()) };

        static IEnumerable<Test> Tests(Test? test) => test is null ? [] : [test];

        // The first number in a direction at which or beyond which some leaf answers otherwise, and whether it is still within.
        (Scalar? End, bool IsWithin) End(IEnumerable<decimal> further)
        {
            Scalar? within = null;
            var left = further.ToList();
            for (var i = 0; i < left.Count; i++)
            {
                if (!Alike(left[i]))
                {
                    return (left[i], false);
                }

                within = left[i];
                var beyond = LeafValues.Between(leaves, default).Select(between => between.Value).Where(other => left[i] < to.AsNumber ? other.AsNumber < left[i] : other.AsNumber > left[i]);
                var next = left[i] < to.AsNumber ? beyond.OrderByDescending(other => other.AsNumber).ToList() : beyond.OrderBy(other => other.AsNumber).ToList();
                if (next.Count > 0 && !Alike(next[0]))
                {
                    return (within, true);
                }
            }

            return (null, false);
        }

        bool Alike(Scalar other) => leaves.TrueForAll(leaf => LeafValues.Holds(leaf, other, now) == LeafValues.Holds(leaf, to, now));
    }

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

    // The ways in which a condition has an answer besides what they have already, the nearest first: values that are left to each leaf that was asked.
    private List<Way> Followed(List<Way> ways, Condition condition, bool wanted)
    {
        switch (condition)
        {
            case Condition.Not not:
                return Followed(ways, not.Of, !wanted);
            case Condition.All { Of: var parts } when wanted:
                return parts.Aggregate(ways, (left, part) => Followed(left, part, true));
            case Condition.Any { Of: var parts } when !wanted:
                return parts.Aggregate(ways, (left, part) => Followed(left, part, false));
            case Condition.All { Of: var parts }:
                return Nearest(parts.SelectMany(part => Followed(ways, part, false)));
            case Condition.Any { Of: var parts }:
                return Nearest(parts.SelectMany(part => Followed(ways, part, true)));
            case Condition.Score score:
                return OfScore(ways, score, wanted);
            default:
                return changeable.TryGetValue(condition, out var value)
                    ? Nearest(ways.Select(way => way.With(value, to => (to is { } other ? LeafValues.Holds(condition, other.Value, now) : truthOf(condition)) == wanted)).OfType<Way>())
                    : truthOf(condition) == wanted ? ways : [];
        }
    }

    private List<Way> OfScore(List<Way> ways, Condition.Score score, bool wanted)
    {
        var sums = ways.Select(way => (Sum: 0m, Way: way)).ToList();
        foreach (var part in score.Of)
        {
            sums = [.. sums.SelectMany(one => Followed([one.Way], part.When, true).Select(way => (Sum: one.Sum + part.Points, way)).Concat(Followed([one.Way], part.When, false).Select(way => (one.Sum, way))))
                .GroupBy(one => one.Sum, (_, same) => same.OrderBy(one => one.way.Changes).ThenBy(one => one.way.Distance).Take(MostWaysToASum)).SelectMany(same => same)
                .OrderBy(one => one.way.Changes).ThenBy(one => one.way.Distance).Take(MostWays * MostWaysToASum)];
        }

        return Nearest(sums.Where(one => Evaluator.Passes(score.Is, one.Sum, false, now).Value == wanted).Select(one => one.Way));
    }

    private static List<Way> Nearest(IEnumerable<Way> ways) => [.. ways.OrderBy(way => way.Changes).ThenBy(way => way.Distance).Take(MostWays)];

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
    /// <param name="From">What it is, as far as it may be told.</param>
    /// <param name="Others">What it could be.</param>
    private sealed record Changeable(Condition Name, Condition Leaf, Scalar From, List<Candidate> Others)
    {
        // The same for all that the value could be, so that of two the nearer is the nearer.
        private readonly decimal scale = Others.Where(other => other.Kind != CandidateKind.Unnamed).Select(other => other.Nearest.Kind == ScalarKind.Number ? Math.Abs(other.Nearest.AsNumber) : LeafValues.Distance(From, other.Nearest)).Append(1).Max();

        /// <summary>How far it is to another value, in proportion to the largest number or the farthest date or instant that is asked for, so that a purchase and its amount compare.</summary>
        public decimal DistanceTo(Candidate to) => to.Kind == CandidateKind.Unnamed ? Unnamed : LeafValues.Distance(From, to.Nearest) / scale;
    }

    /// <summary>What a value could be.</summary>
    /// <param name="Value">The value; missing: none.</param>
    /// <param name="Nearest">The value to which the way is: itself, or of numbers between two the nearest of those.</param>
    /// <param name="Kind">What it stands for.</param>
    private readonly record struct Candidate(Scalar Value, Scalar Nearest, CandidateKind Kind);

    private enum CandidateKind
    {
        /// <summary>Itself: a test names it.</summary>
        Named,

        /// <summary>All numbers between two that tests name, or beyond all of them.</summary>
        Between,

        /// <summary>All that the tests answer alike.</summary>
        Unnamed,
    }

    /// <summary>What is left to each value that was asked about.</summary>
    /// <param name="Left">The candidates; null among them: it may stay as it is.</param>
    private sealed record Way(ImmutableDictionary<Changeable, List<Candidate?>> Left, int Changes, decimal Distance)
    {
        public static Way Start { get; } = new(ImmutableDictionary.Create<Changeable, List<Candidate?>>(ReferenceEqualityComparer.Instance), 0, 0);

        /// <summary>The values that cannot stay as they are, each with the nearest that it can be.</summary>
        public List<(Changeable Value, Candidate To)> Set => [.. Left.Where(one => !one.Value.Contains(null)).Select(one => (one.Key, To(one.Key, one.Value)))];

        /// <summary>This way with one more question to a value; null where nothing is left that answers it.</summary>
        public Way? With(Changeable value, Func<Candidate?, bool> isRight)
        {
            var before = Left.GetValueOrDefault(value) ?? [null, .. value.Others.Select(other => (Candidate?)other)];
            var left = before.FindAll(one => isRight(one));
            return left.Count == 0 ? null
                : left.Count == before.Count && Left.ContainsKey(value) ? this
                : new Way(Left.SetItem(value, left), Changes + Counted(left) - Counted(before), Distance + DistanceOf(value, left) - DistanceOf(value, before));
        }

        private static int Counted(List<Candidate?> left) => left.Contains(null) ? 0 : 1;

        private static decimal DistanceOf(Changeable value, List<Candidate?> left) => left.Contains(null) ? 0 : value.DistanceTo(To(value, left));

        private static Candidate To(Changeable value, List<Candidate?> left) => left.OfType<Candidate>().MinBy(value.DistanceTo);
    }
}

/// <summary>A value that would have to be another.</summary>
/// <param name="Leaf">A leaf that looks at it.</param>
/// <param name="To">What it would have to be; with <paramref name="Says"/>, one of many, made up, which is not to be shown.</param>
/// <param name="Says">What would have to hold of it; null where it is <paramref name="To"/>.</param>
internal sealed record ChangedValue(Condition Leaf, Scalar To, Condition? Says);
