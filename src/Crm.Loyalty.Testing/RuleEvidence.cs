using Crm.Conditions;
using Crm.Events;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Testing;

/// <summary>A customer about whom nothing is known but the event; asked about what the rule does not declare, it says so.</summary>
internal sealed class RuleEvidence(CustomerEvent happened, Moment moment, Sequence<Condition> declared) : IEvidence
{
    private readonly HashSet<Condition> leaves = [.. declared.SelectMany(ConditionLeaves.Leaves)];

    public Moment Moment => moment;

    public Scalar Field(string name) => EventFields.ReadScoped(happened, name);

    public bool Observed(Condition.Field leaf) => leaves.Contains(leaf) ? leaf.WhenMissing : throw new UndeclaredException(ConditionJson.Write(leaf));

    public Scalar Observed(string field) => default;

    public Scalar Fact(string name, out Instant? validUntil)
    {
        validUntil = null;
        return default;
    }

    public Truth Window(Condition.EventWindow leaf) => leaves.Contains(leaf) ? new Truth(false, null) : throw new UndeclaredException(ConditionJson.Write(leaf));
}

/// <summary>A rule asked about a condition that it does not declare.</summary>
internal sealed class UndeclaredException(string condition) : Exception(condition);
