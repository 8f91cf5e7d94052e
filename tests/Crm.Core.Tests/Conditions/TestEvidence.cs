using Crm.Conditions;
using Crm.Events;
using Crm.Values;
using NodaTime;

namespace Crm.Core.Tests.Conditions;

/// <summary>A customer of region HK who is gold until an instant, has 120 points, and otherwise what the history says.</summary>
internal sealed record TestEvidence(Moment Moment) : IEvidence
{
    public static Instant TierEnds { get; } = Arbitrary.Start + Duration.FromHours(6);

    public List<(CustomerEvent Event, Instant At)> History { get; init; } = [];

    public CustomerEvent? Event { get; init; }

    public Scalar Field(string name) => Event is null ? default : EventFields.ReadScoped(Event, name);

    public bool Observed(Condition.Field leaf) => leaf.Is.Holds(leaf.Name == "customer.region" ? "HK" : default(Scalar), leaf.WhenMissing);

    public Scalar Fact(string name, out Instant? validUntil)
    {
        validUntil = name == "loyalty.tier" && Moment.Instant < TierEnds ? TierEnds : null;
        return name switch
        {
            "loyalty.tier" when Moment.Instant < TierEnds => "gold",
            "loyalty.points" => 120,
            _ => default(Scalar),
        };
    }

    public Truth Window(Condition.EventWindow leaf) => HistoryWindows.Evaluate(leaf, History, Moment.Instant);
}
