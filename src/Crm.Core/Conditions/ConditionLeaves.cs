namespace Crm.Conditions;

/// <summary>Walks conditions.</summary>
public static class ConditionLeaves
{
    /// <summary>Every part that asks something: fields, facts, measures and moments, in their order. The filter of a measure belongs to its leaf and is not walked.</summary>
    public static IEnumerable<Condition> Leaves(this Condition condition)
    {
        ArgumentNullException.ThrowIfNull(condition);
        return condition switch
        {
            Condition.All all => all.Of.SelectMany(Leaves),
            Condition.Any any => any.Of.SelectMany(Leaves),
            Condition.Not not => not.Of.Leaves(),
            Condition.Score score => score.Of.SelectMany(part => part.When.Leaves()),
            _ => [condition],
        };
    }

    /// <summary>The leaves with their paths, as errors spell them: "$.all[1].not".</summary>
    public static IEnumerable<(string Path, Condition Leaf)> LeavesWithPaths(this Condition condition, string path = "$")
    {
        ArgumentNullException.ThrowIfNull(condition);
        return condition switch
        {
            Condition.All all => all.Of.SelectMany((part, place) => part.LeavesWithPaths(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{path}.all[{place}]"))),
            Condition.Any any => any.Of.SelectMany((part, place) => part.LeavesWithPaths(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{path}.any[{place}]"))),
            Condition.Not not => not.Of.LeavesWithPaths(path + ".not"),
            Condition.Score score => score.Of.SelectMany((part, place) => part.When.LeavesWithPaths(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{path}.score[{place}].when"))),
            _ => [(path, condition)],
        };
    }

    /// <summary>The events that a measure looks at: those it counts, those of a sequence's steps and what must not happen, and those since which others count.</summary>
    public static IEnumerable<EventPattern> Patterns(this Condition.EventWindow leaf)
    {
        ArgumentNullException.ThrowIfNull(leaf);
        yield return new EventPattern(leaf.Kind) { Where = leaf.Where };
        if (leaf.Measure is Measure.Sequence sequence)
        {
            foreach (var step in sequence.Then)
            {
                yield return step.Event;
                if (step.Without is { } without)
                {
                    yield return without;
                }
            }

            if (sequence.Lacking is { } lacking)
            {
                yield return lacking.Event;
            }
        }

        if (leaf.Window is Window.Since since)
        {
            yield return since.Event;
        }
    }
}
