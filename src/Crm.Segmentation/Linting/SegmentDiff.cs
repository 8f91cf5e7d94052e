using Crm.Conditions;
using Crm.Engine;
using Crm.Segmentation.Segments;
using Crm.Values;

namespace Crm.Segmentation.Linting;

/// <summary>What became of a part from one version to the next.</summary>
public enum LeafChange
{
    /// <summary>It is asked for now, and was not before.</summary>
    Added,

    /// <summary>It is not asked for any more.</summary>
    Removed,

    /// <summary>More customers pass it than before.</summary>
    Loosened,

    /// <summary>Fewer customers pass it than before.</summary>
    Tightened,

    /// <summary>Some pass it who did not, and others do not who did.</summary>
    Moved,

    /// <summary>The parts that stay are put together otherwise: where all had to hold any is enough, or the other way round, or others belong together.</summary>
    Regrouped,
}

/// <summary>A part that changed, or the whole where its parts are put together otherwise. A part that is asked not to hold is given with its "not".</summary>
/// <param name="Change">What became of it.</param>
/// <param name="Before">What was asked; null for one that was added.</param>
/// <param name="After">What is asked now; null for one that was removed.</param>
public sealed record ChangedLeaf(LeafChange Change, Condition? Before, Condition? After)
{
    /// <summary>The change as a sentence.</summary>
    public Text Sentence => (Before is null ? default : Explain.Describe(Before), After is null ? default : Explain.Describe(After)) is var (before, after)
        ? Change switch
        {
            LeafChange.Added => new($"Added: {after.English}.", $"新增：{after.Chinese}。"),
            LeafChange.Removed => new($"Removed: {before.English}.", $"刪除：{before.Chinese}。"),
            LeafChange.Loosened => new($"Loosened: {before.English} → {after.English}.", $"放寬：{before.Chinese} → {after.Chinese}。"),
            LeafChange.Tightened => new($"Tightened: {before.English} → {after.English}.", $"收緊：{before.Chinese} → {after.Chinese}。"),
            LeafChange.Regrouped => new($"Regrouped: {before.English} → {after.English}.", $"重組：{before.Chinese} → {after.Chinese}。"),
            _ => new($"Moved: {before.English} → {after.English}.", $"更改：{before.Chinese} → {after.Chinese}。"),
        }
        : default;
}

/// <summary>The customers who change side.</summary>
/// <param name="Entering">Those of whom the new version holds and the old does not, in the order of their ids.</param>
/// <param name="Leaving">Those of whom the old version holds and the new does not.</param>
public sealed record ChangedSides(Sequence<CustomerId> Entering, Sequence<CustomerId> Leaving);

/// <summary>How two versions of a condition differ in meaning: order, nesting and spelling are no difference.</summary>
public sealed record SegmentDiff
{
    private SegmentDiff(Condition before, Condition after, Sequence<ChangedLeaf> leaves)
    {
        Leaves = leaves;
        var possible = new Possibilities(before, after);
        Entering = new Condition.All([after, new Condition.Not(before)]);
        Leaving = new Condition.All([before, new Condition.Not(after)]);
        SomeMayEnter = possible.CanAll([(after, true), (before, false)]);
        SomeMayLeave = possible.CanAll([(before, true), (after, false)]);
    }

    /// <summary>The parts that changed: those of the old version in their order, then those that were added; last, where those that stay are put together otherwise, that. Empty only where nobody changes side.</summary>
    public Sequence<ChangedLeaf> Leaves { get; private init; }

    /// <summary>Holds of those who are in by the new version only. It can be asked of any executor, as of any moment.</summary>
    public Condition Entering { get; }

    /// <summary>Holds of those who are in by the old version only.</summary>
    public Condition Leaving { get; }

    /// <summary>Whether anybody can come in; false is proven.</summary>
    public bool SomeMayEnter { get; }

    /// <summary>Whether anybody can fall out; false is proven.</summary>
    public bool SomeMayLeave { get; }

    /// <summary>The difference of two versions of a segment; of snapshots, of the conditions that they are taken by.</summary>
    public static SegmentDiff Of(Segment before, Segment after)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(after);
        return Of(before.Asked, after.Asked);
    }

    /// <summary>The difference of two conditions.</summary>
    public static SegmentDiff Of(Condition before, Condition after)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(after);
        var (old, fresh) = (Asked(before, true).ToList(), Asked(after, true).ToList());
        var (names, newNames) = (new Dictionary<string, string>(StringComparer.Ordinal), new Dictionary<string, string>(StringComparer.Ordinal));
        foreach (var same in old.ToList())
        {
            if (fresh.FindIndex(leaf => leaf.Text == same.Text) is >= 0 and var place)
            {
                names[same.Text] = newNames[same.Text] = same.Text;
                fresh.RemoveAt(place);
                old.Remove(same);
            }
        }

        var changes = new List<ChangedLeaf>();
        foreach (var leaf in old)
        {
            if (Nearest(leaf, fresh) is >= 0 and var place)
            {
                names.TryAdd(leaf.Text, leaf.Text);
                newNames.TryAdd(fresh[place].Text, leaf.Text);
                if (Changed(leaf.Leaf, fresh[place].Leaf) is { } change)
                {
                    changes.Add(new ChangedLeaf(change, leaf.Leaf, fresh[place].Leaf));
                }

                fresh.RemoveAt(place);
            }
            else
            {
                changes.Add(new ChangedLeaf(LeafChange.Removed, leaf.Leaf, null));
            }
        }

        changes.AddRange(fresh.Select(leaf => new ChangedLeaf(LeafChange.Added, null, leaf.Leaf)));
        var diff = new SegmentDiff(before, after, changes.ToSequence());
        var (was, @is) = (PartGroups.Of(before, part => names.GetValueOrDefault(ConditionJson.Write(part))), PartGroups.Of(after, part => newNames.GetValueOrDefault(ConditionJson.Write(part))));
        return was is not null && @is is not null && was != @is && (diff.SomeMayEnter || diff.SomeMayLeave)
            ? diff with { Leaves = [.. diff.Leaves, new ChangedLeaf(LeafChange.Regrouped, before, after)] }
            : diff;
    }

    /// <summary>The customers who change side now. What is due is handled first.</summary>
    /// <param name="engine">An engine over the store with the customers; no module need know either version.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public async ValueTask<ChangedSides> CustomersAsync(CrmEngine engine, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(engine);
        var entering = SomeMayEnter ? await engine.SelectAsync(Entering, cancellationToken).ConfigureAwait(false) : [];
        var leaving = SomeMayLeave ? await engine.SelectAsync(Leaving, cancellationToken).ConfigureAwait(false) : [];
        return new ChangedSides(entering.ToSequence(), leaving.ToSequence());
    }

    // The part that asks about the same; of scores the one with the most parts in common.
    private static int Nearest((Condition Leaf, string Text, string Subject) leaf, List<(Condition Leaf, string Text, string Subject)> among)
    {
        var same = among.Index().Where(other => other.Item.Subject == leaf.Subject).ToList();
        return ScoreDiff.ScoreOf(leaf.Leaf) is { } score
            ? same.Select(other => (other.Index, Shared: ScoreDiff.ScoreOf(other.Item.Leaf) is { } another ? ScoreDiff.Shared(score, another) : 0)).Where(other => other.Shared > 0).OrderByDescending(other => other.Shared).Select(other => other.Index).FirstOrDefault(-1)
            : same.Select(other => other.Index).FirstOrDefault(-1);
    }

    // Null where another spelling asks the same.
    private static LeafChange? Changed(Condition before, Condition after)
    {
        var possible = new Possibilities(before, after);
        var (more, fewer) = (possible.CanAll([(after, true), (before, false)]), possible.CanAll([(before, true), (after, false)]));
        if (ScoreDiff.ScoreOf(before) is not null && ScoreDiff.ScoreOf(after) is not null)
        {
            var (moreOfScore, fewerOfScore) = ScoreDiff.Of(before, after);
            (more, fewer) = (more && moreOfScore, fewer && fewerOfScore);
        }

        return more ? fewer ? LeafChange.Moved : LeafChange.Loosened : fewer ? LeafChange.Tightened : null;
    }

    /// <summary>The parts that ask something, with their "not", in canonical text, and what they ask about: of a measure neither the window nor the test.</summary>
    private static IEnumerable<(Condition Leaf, string Text, string Subject)> Asked(Condition condition, bool answer)
    {
        switch (condition)
        {
            case Condition.Not not:
                return Asked(not.Of, !answer);
            case Condition.All all:
                return all.Of.SelectMany(part => Asked(part, answer));
            case Condition.Any any:
                return any.Of.SelectMany(part => Asked(part, answer));
            default:
                var asked = answer ? condition : new Condition.Not(condition);
                return [(asked, ConditionJson.Write(asked), Subject(condition))];
        }
    }

    private static string Subject(Condition leaf) => leaf switch
    {
        Condition.Field field => field.Name,
        Condition.Fact fact => "fact " + fact.Name,
        Condition.EventWindow window => ConditionJson.Write(window with { Is = new Test.Known(), WhenMissing = false, Window = new Window.Lifetime() }),
        Condition.Moment { Within: var span } => span.GetType().Name,
        _ => leaf.GetType().Name,
    };
}
