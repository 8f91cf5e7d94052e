using Crm.Campaigns;
using Crm.Campaigns.Decisions;
using Crm.Engine;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Values;

namespace Crm.Tool.Reports;

/// <summary>Counts customers by what modules say of them.</summary>
/// <param name="tierFacts">The names of the facts that hold a tier.</param>
/// <param name="modules">The modules that the customers are read with.</param>
internal sealed class StandingCount(IReadOnlySet<string> tierFacts, IReadOnlySet<string> modules)
{
    private const string Segment = "segment.";
    private const string SuppressedTally = "suppressed.";

    private readonly SortedDictionary<string, long> tiers = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, long> segments = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, long> suppressed = new(StringComparer.Ordinal);

    public IReadOnlyDictionary<string, long> Tiers => tiers;

    public IReadOnlyDictionary<string, long> Segments => segments;

    public StampCards StampCards { get; private set; }

    /// <summary>How many customers are left out, because events of theirs have been disposed of.</summary>
    public long Disposed { get; private set; }

    /// <summary>Messages that were not sent, by the reason found when they were decided.</summary>
    public IReadOnlyDictionary<string, long> Suppressed => suppressed;

    public void LeaveOut() => Disposed++;

    public void Take(CustomerView customer)
    {
        foreach (var fact in customer.Facts)
        {
            var value = customer.Fact(fact.Name);
            if (tierFacts.Contains(fact.Name) && value.AsCode is { } tier)
            {
                tiers[tier] = tiers.GetValueOrDefault(tier) + 1;
            }
            else if (fact.Name.StartsWith(Segment, StringComparison.Ordinal) && value.AsFlag)
            {
                var segment = fact.Name[Segment.Length..];
                segments[segment] = segments.GetValueOrDefault(segment) + 1;
            }
        }

        // Programmes with and without cascade are two modules.
        foreach (var loyalty in new[] { LoyaltyNames.Module, LoyaltyNames.KeepingModule }.Where(modules.Contains))
        {
            var cards = customer.Slot<LoyaltyState>(loyalty).Memberships.SelectMany(membership => membership.Cards).ToList();
            StampCards = new StampCards(StampCards.Open + cards.Count(card => card.Stamps > 0), StampCards.Completed + cards.Sum(card => card.Completed));
        }

        if (modules.Contains(CampaignNames.Module))
        {
            foreach (var tally in customer.Slot<CampaignState>(CampaignNames.Module).Journeys.SelectMany(journey => journey.Tallies))
            {
                if (tally.Code.StartsWith(SuppressedTally, StringComparison.Ordinal))
                {
                    var reason = tally.Code[SuppressedTally.Length..];
                    suppressed[reason] = suppressed.GetValueOrDefault(reason) + tally.Count;
                }
            }
        }
    }
}
