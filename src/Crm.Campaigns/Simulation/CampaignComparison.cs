using Crm.Campaigns.Records;
using Crm.Values;

namespace Crm.Campaigns.Simulation;

/// <summary>What another plan would decide otherwise.</summary>
/// <param name="Now">What the one decides.</param>
/// <param name="Then">What the other would.</param>
/// <param name="Changes">What would become of decisions that are not the same in both, by journey and kind of change.</param>
/// <param name="Customers">Those who would get more messages or fewer, in the order of scans.</param>
public sealed record CampaignComparison(CampaignSimulationReport Now, CampaignSimulationReport Then, Sequence<DecisionChange> Changes, Sequence<ContactChange> Customers)
{
    /// <summary>How many customers would get more messages.</summary>
    public int More => Customers.Count(customer => customer.Then > customer.Now);

    /// <summary>How many would get fewer.</summary>
    public int Fewer => Customers.Count(customer => customer.Then < customer.Now);
}

/// <summary>A change of what becomes of occasions of one journey. Versions are not told apart: an occasion is the same in each.</summary>
/// <param name="Journey">The journey.</param>
/// <param name="Now">What they come to; null: they are no occasions.</param>
/// <param name="NowReason">Why no message is sent; null where one is.</param>
/// <param name="Then">What they would come to; null: they would be no occasions.</param>
/// <param name="ThenReason">Why no message would be sent; null where one would.</param>
/// <param name="Count">How many.</param>
public sealed record DecisionChange(string Journey, DecisionStatus? Now, string? NowReason, DecisionStatus? Then, string? ThenReason, long Count);

/// <summary>A customer who would be contacted more or less.</summary>
/// <param name="Customer">Who.</param>
/// <param name="Now">How many messages are sent.</param>
/// <param name="Then">How many would be.</param>
public sealed record ContactChange(CustomerId Customer, int Now, int Then);

/// <summary>Compares what two plans decide, customer by customer.</summary>
internal sealed class Comparing
{
    private readonly DecisionCounts now = new();
    private readonly DecisionCounts then = new();
    private readonly Dictionary<(string Journey, DecisionStatus? Now, string? NowReason, DecisionStatus? Then, string? ThenReason), long> changes = [];
    private readonly List<ContactChange> customers = [];
    private long compared;
    private long leftOut;

    public void LeaveOut() => leftOut++;

    public void Add(SimulatedCustomer one, SimulatedCustomer other)
    {
        compared++;
        now.Add(one.Decisions);
        then.Add(other.Decisions);
        var before = ByOccasion(one);
        var after = ByOccasion(other);
        foreach (var occasion in before.Keys.Union(after.Keys, StringComparer.Ordinal))
        {
            var (left, right) = (before.GetValueOrDefault(occasion), after.GetValueOrDefault(occasion));
            var change = (CampaignNames.JourneyOf(occasion), left?.Status, left?.Reason, right?.Status, right?.Reason);
            if ((left?.Status, left?.Reason) != (right?.Status, right?.Reason))
            {
                changes[change] = changes.GetValueOrDefault(change) + 1;
            }
        }

        var (sentNow, sentThen) = (Sent(one), Sent(other));
        if (sentNow != sentThen)
        {
            customers.Add(new ContactChange(one.Customer, sentNow, sentThen));
        }
    }

    public CampaignComparison ToComparison() => new(
        new CampaignSimulationReport(compared, now.ToSequence()) { LeftOut = leftOut },
        new CampaignSimulationReport(compared, then.ToSequence()) { LeftOut = leftOut },
        changes.Select(change => new DecisionChange(change.Key.Journey, change.Key.Now, change.Key.NowReason, change.Key.Then, change.Key.ThenReason, change.Value))
            .OrderBy(change => change.Journey, StringComparer.Ordinal).ThenBy(change => change.Now).ThenBy(change => change.NowReason, StringComparer.Ordinal).ThenBy(change => change.Then).ThenBy(change => change.ThenReason, StringComparer.Ordinal)
            .ToSequence(),
        customers.ToSequence());

    private static int Sent(SimulatedCustomer customer) => customer.Decisions.Count(decision => decision.Status == DecisionStatus.Sent);

    // Where two versions decided one occasion, what was sent tells, or what was decided last.
    private static Dictionary<string, CampaignDecision> ByOccasion(SimulatedCustomer customer) => customer.Decisions
        .GroupBy(decision => decision.Occasion, StringComparer.Ordinal)
        .ToDictionary(group => group.Key, group => group.FirstOrDefault(decision => decision.SettledAt is not null) ?? group.Last(), StringComparer.Ordinal);
}
