using Crm.Events;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
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

    /// <summary>Gives what the event was recorded to have given in programmes that are gone, to who has anything in them.</summary>
    public static void GiveOfGone(LoyaltyState state, LoyaltyPlans plans, Decision decision)
    {
        foreach (var program in decision.Context.RecordedPrograms)
        {
            if (plans.Find(program) is null && state.Memberships.Any(membership => membership.Program == program) && decision.Context.Recorded(program, null) is { } award)
            {
                foreach (var given in award.Entries.Where(given => given.Amount > 0))
                {
                    decision.IssueAsRecorded(program, given);
                }
            }
        }
    }

    private static IEnumerable<RulePlan> RulesOf(CustomerEvent happened, ProgramPlan plan) => plan.RulesFor(happened.Kind) is { } index ? index.All.ToArray().SelectMany(rule => rule.Group ?? [rule]) : [];

    private static bool Gave(RulePlan rule, RecordedAward award) => award.Entries.Any(given => given.Amount > 0 && (given.Rule == rule.Name
        || (given is { Rule: null, Code: null } && award.Lines.Any(line => line.Code == LineCodes.Issued && line.Subject == rule.Name && line.Unit == given.Unit && line.Amount > 0))));
}
