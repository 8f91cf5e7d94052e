using Crm.Events;
using Crm.Values;
using NodaTime;

namespace Crm.Conditions;

/// <summary>The meaning of conditions. Every other way of executing them is measured by this one.</summary>
public static class Evaluator
{
    /// <summary>Before the names of profile fields in conditions.</summary>
    public const string ProfileScope = "customer.";

    /// <summary>Whether a condition holds at the moment of the evidence, and until when that surely stays so if nothing happens.</summary>
    /// <exception cref="InvalidOperationException">A "line." field is asked outside of <see cref="Condition.EventWindow.Where"/>, or a name has no scope; <see cref="ConditionCheck"/> finds both beforehand.</exception>
    public static Truth Evaluate(Condition condition, IEvidence evidence)
    {
        ArgumentNullException.ThrowIfNull(condition);
        ArgumentNullException.ThrowIfNull(evidence);
        return condition is Condition.EventWindow window ? evidence.Window(window.Meant(evidence)) : Other(condition, evidence);
    }

    /// <summary>Apart from the leaves of which events ask most, so that asking those is short.</summary>
    private static Truth Other(Condition condition, IEvidence evidence) =>
        condition switch
        {
            Condition.All all => Parts(all.Of.AsSpan(), evidence, decisive: false),
            Condition.Any any => Parts(any.Of.AsSpan(), evidence, decisive: true),
            Condition.Not not => Evaluate(not.Of, evidence).Opposite,
            Condition.Field field => Field(field, evidence),
            Condition.Fact fact => Fact(fact, evidence),
            Condition.Moment moment => moment.Within.At(moment.Zone is { } zone ? evidence.Moment with { Zone = zone.For(evidence) } : evidence.Moment),
            Condition.Score score => Score(score, evidence),
            _ => throw new InvalidOperationException($"The evaluator has no meaning for the condition {condition.GetType().Name}."),
        };

    /// <summary>Whether a value passes a test at an instant, and the first instant at which that changes for the same value; null: never.</summary>
    /// <param name="test">The test.</param>
    /// <param name="value">The value; missing where there is none.</param>
    /// <param name="whenMissing">The answer where there is no value, or one of another kind than the test's.</param>
    /// <param name="now">The instant, for tests that compare with today or now.</param>
    public static Truth Passes(Test test, Scalar value, bool whenMissing, Instant now)
    {
        ArgumentNullException.ThrowIfNull(test);
        return test.At(value, whenMissing, now);
    }

    /// <summary>
    /// One part with the decisive answer decides: the whole stays decided until the last of such parts may change.
    /// Without one the whole may change as soon as any part does.
    /// </summary>
    private static Truth Parts(ReadOnlySpan<Condition> parts, IEvidence evidence, bool decisive)
    {
        var decided = false;
        var earliest = new Truth(!decisive, null);
        var latest = new Truth(decisive, null);
        foreach (var part in parts)
        {
            var truth = Evaluate(part, evidence);
            if (truth.Value == decisive)
            {
                if (truth.IsForGood)
                {
                    return truth;
                }

                latest = decided && truth.ChangesBefore(latest) ? latest : truth;
                decided = true;
            }
            else if (truth.ChangesBefore(earliest))
            {
                earliest = truth;
            }
        }

        return decided ? latest : earliest;
    }

    private static Truth Fact(Condition.Fact fact, IEvidence evidence)
    {
        var value = evidence.Fact(fact.Name, out var until);
        var truth = fact.Is.Meant(evidence).At(value, fact.WhenMissing, evidence.Moment.Instant);
        var lapsing = new Truth(truth.Value, until);
        return lapsing.ChangesBefore(truth) ? lapsing : truth;
    }

    /// <summary>The sum may change as soon as any part does.</summary>
    private static Truth Score(Condition.Score score, IEvidence evidence)
    {
        var points = 0m;
        var earliest = default(Truth);
        foreach (var part in score.Of)
        {
            var truth = Evaluate(part.When, evidence);
            points += truth.Value ? part.Points : 0;
            earliest = truth.ChangesBefore(earliest) ? truth : earliest;
        }

        return earliest.As(score.Is.Holds(points, false));
    }

    private static Truth Field(Condition.Field field, IEvidence evidence)
    {
        if (field.Name.StartsWith(ProfileScope, StringComparison.Ordinal))
        {
            return field.Is.IsTimed()
                ? field.Is.Meant(evidence).At(evidence.Observed(field.Name[ProfileScope.Length..]), field.WhenMissing, evidence.Moment.Instant)
                : new Truth(evidence.Observed(field), null);
        }

        if (field.Name.StartsWith(EventFields.Scope, StringComparison.Ordinal) || field.Name.StartsWith(EventFields.LookupScope, StringComparison.Ordinal))
        {
            return field.Is.Meant(evidence).At(evidence.Field(field.Name), field.WhenMissing, evidence.Moment.Instant);
        }

        throw new InvalidOperationException(field.Name.StartsWith(EventFields.LineScope, StringComparison.Ordinal)
            ? $"'{field.Name}' is asked of no line: fields of lines are allowed only in the 'where' of a measure over events."
            : $"'{field.Name}' has no scope: 'customer.', 'event.' or 'lookup.' is expected before the name.");
    }
}
