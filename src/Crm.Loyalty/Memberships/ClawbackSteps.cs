using Crm.Events;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Loyalty.Redemption;
using Crm.Modules;

namespace Crm.Loyalty.Memberships;

/// <summary>Takes back what a purchase itself earned, and what a request did, in programmes whose refunds reach no further; or gives it back where the refund is taken back itself.</summary>
internal static class ClawbackSteps
{
    private const string Refund = "refund";

    /// <summary>Settles what events earned of which there is more or less left.</summary>
    /// <param name="plan">The programme.</param>
    /// <param name="decision">What the change is told by.</param>
    /// <param name="own">Whether it is about the very event that is told of: one of which something had been taken back before it came.</param>
    public static void TakeBack(ProgramPlan plan, Decision decision, bool own)
    {
        foreach (var amended in decision.Context.Amended)
        {
            if (amended.Whole.Key == decision.Context.Cause != own)
            {
                continue;
            }

            var asks = LoyaltyModule.Asks.Contains(amended.Whole.Kind) || amended.Whole.Kind is LoyaltyEvents.ReceiveName or LoyaltyEvents.CameBackName;
            if (!asks || !UndoSteps.Undo(amended, plan, decision))
            {
                Settle(amended, plan, decision);
                CountBackSteps.CountBack(amended, plan, decision, asks);
            }
        }
    }

    private static void Settle(AmendedEvent amended, ProgramPlan plan, Decision decision)
    {
        var key = amended.Whole.Key.ToString();
        foreach (var unit in decision.In(plan.Name).Awards.Where(award => award.Key == key).GroupBy(award => award.Unit, StringComparer.Ordinal).ToList())
        {
            if (plan.UnitNamed(unit.Key) is { } known)
            {
                var awards = unit.ToList();
                var taken = Taking(awards, amended, plan, decision);
                List<(KeptAward Award, long More)> changes = [.. awards.Select((award, i) => (award, taken[i] - award.Taken)).Where(award => award.Item2 != 0)];
                if (changes.Count > 0)
                {
                    decision.Refund(plan, known, changes, Refund);
                }
            }
        }
    }

    private static IReadOnlyList<long> Taking(List<KeptAward> awards, AmendedEvent amended, ProgramPlan plan, Decision decision)
    {
        if (amended.Left is not { } left)
        {
            return [.. awards.Select(award => award.Amount)];
        }

        var whole = Made(amended.Whole);
        return whole.Count == 0
            ? [.. awards.Select(award => award.Taking(left.Spend?.MinorUnits ?? 0, amended.Whole.Spend?.MinorUnits ?? 0))]
            : KeptAward.Taking(awards, whole, Made(left));

        List<KeptAward> Made(CustomerEvent happened) => [.. decision.Had(amended, happened, plan).Awards
            .Where(award => award.Key == awards[0].Key && award.Unit == awards[0].Unit)];
    }
}
