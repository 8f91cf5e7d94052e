using Crm.Conditions;
using Crm.Engine;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Campaigns.Decisions;

/// <summary>A customer's view as evidence: facts and the moment. What was observed of profile and history is not in a view.</summary>
internal sealed class ViewEvidence(CustomerView view) : IEvidence
{
    public Moment Moment => view.Moment;

    /// <summary>Whether a condition asks only for what a view has.</summary>
    public static bool CanAnswer(Condition condition) => condition.Leaves().All(leaf => leaf is Condition.Fact or Condition.Moment) && !condition.ZoneFields().Any();

    public Scalar Field(string name) => default;

    public bool Observed(Condition.Field leaf) => leaf.WhenMissing;

    public Scalar Fact(string name, out Instant? validUntil)
    {
        validUntil = view.Facts.FirstOrDefault(fact => fact.Name == name).ValidUntil;
        return view.Fact(name);
    }

    public Truth Window(Condition.EventWindow leaf) => throw new InvalidOperationException("A view has no history to measure; gates read facts and nothing else.");
}
