using Crm.Conditions;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Tiers;

/// <summary>What conditions may look at now, at another moment: in another zone, or later, where it answers what it will then as long as nothing of it changes.</summary>
internal sealed class EvidenceAt(IEvidence now, Moment moment) : IEvidence
{
    public Moment Moment { get; } = moment;

    public Scalar Field(string name) => now.Field(name);

    public bool Observed(Condition.Field leaf) => now.Observed(leaf);

    public Scalar Observed(string field) => now.Observed(field);

    public Scalar Fact(string name, out Instant? validUntil) => now.Fact(name, out validUntil);

    public Truth Window(Condition.EventWindow leaf) => now.Window(leaf);
}
