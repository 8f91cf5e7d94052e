using Crm.Campaigns.Journeys;
using Crm.Campaigns.Simulation;
using Crm.Engine;
using Crm.Modules;
using Crm.Storage;
using NodaTime;

namespace WhyContacted;

/// <summary>Tries a plan before it is published.</summary>
public static class TryAPlan
{
    // snippet: compare
    /// <summary>Who would be contacted more by another plan, who less, and why, had it run instead.</summary>
    public static ValueTask<CampaignComparison> CompareAsync(IEnumerable<ICustomerModule> modules, CrmOptions options, IJournalScan store, CampaignPlan now, CampaignPlan then, Instant from, Instant until) =>
        new CampaignSimulation(modules, options).CompareAsync(store, now, then, new CampaignSimulationRequest { From = from, Until = until });

    // end
}
