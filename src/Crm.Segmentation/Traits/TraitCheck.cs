using System.Globalization;
using Crm.Conditions;
using Crm.Events;
using Crm.Segmentation.Segments;
using Crm.Values;

namespace Crm.Segmentation.Traits;

/// <summary>Finds everything that is wrong with traits.</summary>
internal static class TraitCheck
{
    public static IEnumerable<ConditionError> Errors(IReadOnlyList<Trait> traits, EventKinds? kinds)
    {
        foreach (var id in traits.GroupBy(trait => trait.Id, StringComparer.Ordinal).Where(group => group.Count() > 1).Select(group => group.Key))
        {
            yield return new ConditionError(id, "Several traits have this id; each has one of its own.");
        }

        foreach (var trait in traits)
        {
            foreach (var error in Errors(trait, kinds))
            {
                yield return error;
            }
        }
    }

    private static IEnumerable<ConditionError> Errors(Trait trait, EventKinds? kinds)
    {
        if (!Names.IsName(trait.Id) || trait.Id.Contains('.', StringComparison.Ordinal))
        {
            yield return new ConditionError(trait.Id, "This is no id of a trait; lower-case letters, digits, '-' and '_' are expected, such as 'engagement'.");
        }

        if (trait.Value is TraitValue.Cycle { Least: < 2 } cycle)
        {
            yield return new ConditionError($"{trait.Id}: least", string.Create(CultureInfo.InvariantCulture, $"A cycle from {cycle.Least} events is asked for; at least 2 make one."));
        }

        var whole = trait.Value switch
        {
            TraitValue.Score score => [new Condition.Score(score.Of, new Test.AtLeast(0))],
            TraitValue.Measured { Of: var leaf } => [leaf with { Is = leaf.Measure.CanBeMissing ? new Test.Known() : new Test.AtLeast(0), WhenMissing = false }],
            _ => TraitPlan.Of(trait).Conditions,
        };
        foreach (var condition in whole)
        {
            foreach (var error in ConditionCheck.Check(condition, kinds))
            {
                yield return new ConditionError($"{trait.Id}: {error.Path}", error.Message);
            }

            foreach (var (path, leaf) in condition.LeavesWithPaths())
            {
                if (leaf is Condition.Field field && !field.Name.StartsWith(Evaluator.ProfileScope, StringComparison.Ordinal))
                {
                    yield return new ConditionError($"{trait.Id}: {path}.field", $"'{field.Name}' says nothing of the customer when the event is over; a trait asks about facts, the profile, measures over events and moments.");
                }

                if (leaf is Condition.Fact fact && (fact.Name.StartsWith(TraitNames.Prefix, StringComparison.Ordinal) || fact.Name.StartsWith(SegmentNames.FactPrefix, StringComparison.Ordinal)))
                {
                    yield return new ConditionError($"{trait.Id}: {path}.fact", $"'{fact.Name}' may be made of this trait itself; segments read traits, and traits read neither.");
                }
            }
        }
    }
}

/// <summary>Traits cannot be used as they are.</summary>
public sealed class InvalidTraitsException : Exception
{
    /// <summary>All that is wrong.</summary>
    public InvalidTraitsException(Sequence<ConditionError> errors)
        : base($"Traits cannot be used:{Environment.NewLine}{string.Join(Environment.NewLine, errors)}") => Errors = errors;

    /// <summary>All that is wrong; the path begins with the trait.</summary>
    public Sequence<ConditionError> Errors { get; }
}
