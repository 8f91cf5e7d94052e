using Crm.Campaigns.Records;
using Crm.Values;

namespace Crm.Campaigns.Simulation;

/// <summary>What a plan would decide, added up.</summary>
/// <param name="Customers">How many histories were read.</param>
/// <param name="Decisions">How many decisions would come to what, by journey, version, status and reason.</param>
public sealed record CampaignSimulationReport(long Customers, Sequence<DecisionCount> Decisions)
{
    /// <summary>How many customers were left out and are in no other figure: they were merged, or a part of their journal was disposed of.</summary>
    public long LeftOut { get; init; }

    /// <summary>How many messages would be sent.</summary>
    public long Sent => Decisions.Where(count => count.Status == DecisionStatus.Sent).Sum(count => count.Count);
}

/// <summary>How many decisions came to the same.</summary>
/// <param name="Journey">The journey.</param>
/// <param name="Version">Its version.</param>
/// <param name="Status">What became of them.</param>
/// <param name="Reason">Why no message was sent, as a code; null where one was.</param>
/// <param name="Count">How many.</param>
public sealed record DecisionCount(string Journey, int Version, DecisionStatus Status, string? Reason, long Count);

/// <summary>Counts decisions.</summary>
internal sealed class DecisionCounts
{
    private readonly Dictionary<(string Journey, int Version, DecisionStatus Status, string? Reason), long> counts = [];

    public void Add(IEnumerable<CampaignDecision> decisions)
    {
        foreach (var decision in decisions)
        {
            var name = (decision.Journey, decision.Version, decision.Status, decision.Reason);
            counts[name] = counts.GetValueOrDefault(name) + 1;
        }
    }

    public Sequence<DecisionCount> ToSequence() => counts
        .Select(count => new DecisionCount(count.Key.Journey, count.Key.Version, count.Key.Status, count.Key.Reason, count.Value))
        .OrderBy(count => count.Journey, StringComparer.Ordinal).ThenBy(count => count.Version).ThenBy(count => count.Status).ThenBy(count => count.Reason, StringComparer.Ordinal)
        .ToSequence();
}
