using Crm.Events;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Rules;

namespace Crm.Loyalty.Tiers;

/// <summary>Counts events on the ladders that look at events themselves, and asks again those that follow a value.</summary>
internal static class TierSteps
{
    public static void Count(CustomerEvent happened, ProgramPlan plan, Decision decision)
    {
        foreach (var ladder in plan.CountingLadders)
        {
            if (ladder.Metric.On.Contains(happened.Kind) && Added(happened, plan, ladder, decision) is > 0 and var amount)
            {
                decision.Count(plan, ladder, amount);
            }
        }

        Weigh(plan, decision);
    }

    /// <summary>Asks again for the ladders whose metric is a value as it stands.</summary>
    public static void Weigh(ProgramPlan plan, Decision decision)
    {
        if (plan.HasLevels)
        {
            decision.Weigh(plan);
        }
    }

    private static long Added(CustomerEvent happened, ProgramPlan plan, TierLadder ladder, Decision decision)
    {
        try
        {
            return Math.Min(ladder.Metric.Of(decision.Counting(happened, plan, (ladder.Metric as QualificationMetric.Spend)?.Currency)), PointsPerAmount.Most);
        }
        catch (Exception exception)
        {
            throw new InvalidOperationException($"The metric '{ladder.Metric.Name}' version {ladder.Metric.Version} of ladder '{ladder.Name}' of programme '{plan.Name}' failed at event {happened.Key}: {exception.Message}", exception);
        }
    }
}
