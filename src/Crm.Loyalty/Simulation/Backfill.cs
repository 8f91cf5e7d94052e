using Crm.Loyalty.Redemption;
using Crm.Values;

namespace Crm.Loyalty.Simulation;

/// <summary>
/// Gives for the past what a programme would have given: the differences of a simulation, as a batch. Looking at the batch is the trial; running it gives the units, once however often it is run; undoing it
/// takes back exactly what it gave, in programmes without cascade too.
/// </summary>
public static class Backfill
{
    /// <summary>The batch of what customers would have more of. Nobody is given less: who would have lost keeps what they have.</summary>
    /// <param name="report">The simulation of the programme whose rules are to count for the past.</param>
    /// <param name="unit">The unit.</param>
    /// <param name="name">The batch's name, unique for ever.</param>
    /// <param name="reason">Why, as a code.</param>
    /// <param name="actor">Who decided it, as a code such as "staff:17".</param>
    public static GrantBatch Plan(SimulationReport report, string unit, string name, string reason, string actor)
    {
        ArgumentNullException.ThrowIfNull(report);
        return new GrantBatch(name, reason, actor, report.Changes.Where(change => change.Unit == unit && change.Difference > 0).Select(change => (change.Customer, change.Difference)).ToSequence())
        {
            Program = report.Program,
            Unit = unit,
        };
    }
}
