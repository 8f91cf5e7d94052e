using Crm.Events;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Wallets;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Redemption;

/// <summary>
/// Keeps in mind what a request moved, lot by lot, where it can be taken back by itself: history decided again does not always tell, because refunds may have left the member more or less than it knows of.
/// </summary>
internal static class MovedLots
{
    /// <summary>The outcome of a request, with what it moved kept for as long as awards are.</summary>
    public static Outcome Keep(CustomerEvent request, Outcome outcome, ModuleContext context)
    {
        if (outcome is not Outcome.Accepted { State: LoyaltyState state } accepted || accepted.Entries.IsEmpty)
        {
            return outcome;
        }

        var today = LoyaltyNames.NumberOf(context.Moment.Instant.InUtc().Date);
        foreach (var program in accepted.Entries.GroupBy(entry => entry.Program, StringComparer.Ordinal))
        {
            var membership = state.In(program.Key);
            membership = membership with { Tallies = membership.Tallies.Where(tally => !tally.Name.StartsWith(LoyaltyNames.AllMoved, StringComparison.Ordinal) || tally.Period + KeptAward.RefundableDays >= today).ToSequence() };
            foreach (var unit in program.Where(entry => entry.Lot != Lot.Shortfall).GroupBy(entry => entry.Unit, StringComparer.Ordinal))
            {
                var lots = unit.GroupBy(entry => entry.Lot, StringComparer.Ordinal).Select(lot => (lot.Key, lot.Sum(entry => entry.Amount)));
                membership = LotsInOrder.Of(LoyaltyNames.Moved(request.Key.ToString(), unit.Key), today, lots).Aggregate(membership, (known, tally) => known.With(tally));
            }

            state = state.With(membership);
        }

        return accepted with { State = state };
    }

    /// <summary>Whether it is kept what a request moved.</summary>
    public static bool Knows(EventKey request, Membership membership) => membership.TalliesOf(LoyaltyNames.Moved(request.ToString())).Count > 0;

    /// <summary>What a request moved of a unit, in the order in which it did: above 0 what came in, below 0 what went out.</summary>
    public static IEnumerable<(string Lot, long Amount)> Of(EventKey request, UnitPlan unit, Membership membership)
    {
        var prefix = LoyaltyNames.Moved(request.ToString(), unit.Name);
        return membership.TalliesOf(prefix).Select(tally => (LotsInOrder.LotOf(tally, prefix), tally.Amount));
    }

    /// <summary>The request is taken back, and nothing has to be kept of it any more.</summary>
    public static void Forget(EventKey request, ProgramPlan plan, Decision decision)
    {
        var prefix = LoyaltyNames.Moved(request.ToString());
        decision.Change(plan.Name, membership => membership with { Tallies = membership.Tallies.Where(tally => !tally.Name.StartsWith(prefix, StringComparison.Ordinal)).ToSequence() });
    }
}
