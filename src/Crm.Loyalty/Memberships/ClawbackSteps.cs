using Crm.Events;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Loyalty.Wallets;
using Crm.Values;

namespace Crm.Loyalty.Memberships;

/// <summary>Takes back what a purchase itself earned, in programmes whose refunds reach no further.</summary>
internal static class ClawbackSteps
{
    public static void TakeBack(CustomerEvent amendment, ProgramPlan plan, Decision decision)
    {
        var awards = decision.In(plan.Name).Awards;
        if (awards.IsEmpty || amendment.Kind is not (EventKinds.RefundName or EventKinds.CancellationName))
        {
            return;
        }

        if (amendment.Original is { } original)
        {
            Take(original.ToString(), amendment.Kind == EventKinds.CancellationName ? long.MaxValue : amendment.Spend?.MinorUnits ?? 0, awards, plan, decision);
            return;
        }

        // Without a receipt, the latest purchases are taken to be those that come back.
        var rest = amendment.Spend?.MinorUnits ?? 0;
        foreach (var purchase in awards.Reverse().DistinctBy(award => award.Key).Where(award => award.Left > 0).ToList())
        {
            var part = Math.Min(rest, purchase.Left);
            rest -= part;
            if (part > 0)
            {
                Take(purchase.Key, part, awards, plan, decision);
            }
        }
    }

    private static void Take(string key, long refunded, Sequence<KeptAward> awards, ProgramPlan plan, Decision decision)
    {
        foreach (var award in awards.Where(award => award.Key == key))
        {
            var (after, takes) = award.Keeping(refunded == long.MaxValue ? 0 : award.Left - refunded);
            decision.Keep(plan, after);
            if (takes > 0 && plan.UnitNamed(award.Unit) is { } unit)
            {
                decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.TakenBack) { Subject = award.Key, Unit = unit.Name, Amount = -takes });
                var taken = decision.In(plan.Name).Wallet(unit.Name).TakeBack(award.Lot, takes, unit.Definition.Debt);
                var before = decision.In(plan.Name).Wallet(unit.Name).PendingTotal;
                decision.Take(plan, unit, taken, takes, "refund");
                decision.TellCancelled(plan.Name, unit.Name, before - taken.Wallet.PendingTotal, "refund");
            }
        }
    }
}
