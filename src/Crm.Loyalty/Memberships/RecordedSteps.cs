using Crm.Events;
using Crm.Ledger;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Rules;
using Crm.Modules;

namespace Crm.Loyalty.Memberships;

/// <summary>Gives, in a replay, what an event was recorded to have given, where other rules decided that than those that would decide it now.</summary>
internal static class RecordedSteps
{
    /// <summary>Gives it, and counts it where limits, budgets and frequencies of today count what they give.</summary>
    /// <returns>Whether it stands; otherwise the rules of the programme decide.</returns>
    public static bool Give(CustomerEvent happened, ProgramPlan plan, Decision decision)
    {
        if (decision.Recorded(plan) is not { } award)
        {
            return false;
        }

        var context = EarningSteps.ContextOf(happened, plan, decision);
        foreach (var given in award.Entries.Where(given => given.Amount > 0))
        {
            decision.IssueAsRecorded(plan, given);
            if (given.Code is null)
            {
                AwardSteps.Count(given.Rule, given.Unit, given.Amount, plan, context.Moment, decision);
            }
        }

        foreach (var rule in RulesOf(happened, plan).Where(rule => rule.HasTerms && Gave(rule, award)))
        {
            TermSteps.Count(rule, plan, context, decision);
        }

        return true;
    }

    /// <summary>Gives what the event was recorded to have given in programmes that are gone, to who has anything in them, and moves what it moved there.</summary>
    public static void GiveOfGone(CustomerEvent happened, LoyaltyState state, LoyaltyPlans plans, Decision decision)
    {
        foreach (var program in decision.Context.RecordedPrograms)
        {
            if (plans.Find(program) is null && state.Memberships.Any(membership => membership.Program == program) && decision.Context.Recorded(program, null) is { } award)
            {
                foreach (var given in award.Entries.Where(given => given.Amount > 0))
                {
                    decision.IssueAsRecorded(program, given);
                }

                CarryOut(happened, program, null, decision.Context.RecordedMovements(program, null), decision);
            }
        }
    }

    /// <summary>Carries out as it was recorded what no programme of today can decide: a request, or units that came from another member.</summary>
    /// <returns>Null where nothing was recorded, or the definition that decided it is there.</returns>
    public static Outcome? CarryOut(CustomerEvent happened, LoyaltyPlans plans, LoyaltyState state, ModuleContext context)
    {
        Decision? decision = null;
        foreach (var program in context.RecordedPrograms)
        {
            var plan = plans.Find(program)?.At(context.Moment.Instant, state);
            if ((plan is not null || state.Memberships.Any(membership => membership.Program == program)) && context.RecordedMovements(program, plan?.Definition.Hash) is { IsEmpty: false } moved)
            {
                CarryOut(happened, program, plan, moved, decision ??= new Decision(state, context));
            }
        }

        return decision is null ? null : plans.Published(decision.Outcome());
    }

    /// <summary>What each of a reward was recorded to have cost where another definition said what; null where today's does.</summary>
    public static RewardCost? CostOf(Reward reward, long times, ProgramPlan plan, ModuleContext context)
    {
        var paid = context.RecordedMovements(plan.Name, plan.Definition.Hash)
            .Where(entry => entry.Lot == Reservation.Lot ? entry.Amount > 0 : entry is { Movement: Movement.Spent, Amount: < 0 } && entry.Code == $"reward.{reward.Name}")
            .GroupBy(entry => entry.Unit, entry => Math.Abs(entry.Amount), StringComparer.Ordinal).ToList();
        return paid.Count == 1 && plan.PlaceOf(paid[0].Key) >= 0 && paid[0].Sum() is var sum && sum % times == 0 ? new RewardCost(paid[0].Key, sum / times) : null;
    }

    private static void CarryOut(CustomerEvent happened, string program, ProgramPlan? plan, IEnumerable<LedgerEntry> recorded, Decision decision)
    {
        foreach (var unit in recorded.GroupBy(entry => entry.Unit, StringComparer.Ordinal))
        {
            List<LedgerEntry> moved = [.. unit], given = moved.FindAll(entry => entry is { Movement: Movement.Transferred, Amount: < 0 });
            if (given.Count > 0 && !WalletRequests.BringAsRecorded(happened, given, decision))
            {
                // Who got it keeps it, whatever becomes of the request; so who gave it does not get it back.
                moved.RemoveAll(given.Contains);
            }

            decision.MoveAsRecorded(happened, program, plan, unit.Key, moved);
        }
    }

    private static IEnumerable<RulePlan> RulesOf(CustomerEvent happened, ProgramPlan plan) => plan.RulesFor(happened.Kind) is { } index ? index.All.ToArray().SelectMany(rule => rule.Group ?? [rule]) : [];

    private static bool Gave(RulePlan rule, RecordedAward award) => award.Entries.Any(given => given.Amount > 0 && (given.Rule == rule.Name
        || (given is { Rule: null, Code: null } && award.Lines.Any(line => line.Code == LineCodes.Issued && line.Subject == rule.Name && line.Unit == given.Unit && line.Amount > 0))));
}
