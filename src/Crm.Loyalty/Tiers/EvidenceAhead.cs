using Crm.Conditions;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Tiers;

/// <summary>What conditions may look at now, at a later moment: as long as nothing of it changes, it answers what it will then.</summary>
internal sealed class EvidenceAhead(IEvidence now, Instant then) : IEvidence
{
    public Moment Moment { get; } = now.Moment with { Instant = then };

    public Scalar Field(string name) => now.Field(name);

    public bool Observed(Condition.Field leaf) => now.Observed(leaf);

    public Scalar Observed(string field) => now.Observed(field);

    public Scalar Fact(string name, out Instant? validUntil) => now.Fact(name, out validUntil);

    public Truth Window(Condition.EventWindow leaf) => now.Window(leaf);
}
