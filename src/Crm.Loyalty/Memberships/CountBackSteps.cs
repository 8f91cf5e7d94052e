using Crm.Loyalty.Challenges;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Stamps;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Memberships;

/// <summary>
/// Gives back, in programmes whose refunds reach no further, what an event itself had of limits, frequencies, budgets, cards and challenges; or takes it again where the refund is taken back itself. Each is the difference
/// of two answers about the event alone, so the sum of them is the same in however many pieces, and in whichever order, things come back.
/// </summary>
internal static class CountBackSteps
{
    public static void CountBack(AmendedEvent amended, ProgramPlan plan, Decision decision, bool isRequest)
    {
        var (before, left) = (decision.Had(amended, amended.Before, plan), decision.Had(amended, amended.Left, plan));
        if (before == left)
        {
            return;
        }

        Tallies(new Moment(amended.At, plan.Zone), before, left, plan, decision);
        Budgets(before, left, plan, decision);
        if (!isRequest)
        {
            // What requests put on cards was given by hand, and stays.
            StampSteps.TakeBack(amended.Whole.Key.ToString(), before, left, plan, decision);
            ChallengeSteps.TakeBack(amended.Whole.Key.ToString(), before, left, plan, decision);
        }
    }

    // A span that is over needs nothing back, and neither does a cooldown.
    private static void Tallies(Moment at, Membership before, Membership left, ProgramPlan plan, Decision decision)
    {
        var now = at with { Instant = decision.Context.Moment.Instant };
        foreach (var limit in plan.Limits)
        {
            if (limit.Definition.Per is not (CapPeriod.Award or CapPeriod.Balance))
            {
                Add(limit.Tally, limit.Definition.Per);
            }
        }

        foreach (var rule in plan.Definition.Value.Rules)
        {
            if (rule.Terms.Frequency is { } frequency)
            {
                Add(LoyaltyNames.Times(rule.Name), frequency.Per);
            }

            if (rule.Terms.Cooldown is { } cooldown && at.Instant + cooldown > now.Instant)
            {
                Cool(LoyaltyNames.Latest(rule.Name));
            }
        }

        foreach (var name in Names(LoyaltyNames.AllOnce, before, left))
        {
            Add(name, CapPeriod.Ever);
        }

        void Add(string name, CapPeriod per)
        {
            var period = Periods.Of(per, at);
            if (period == Periods.Of(per, now) && left.Counted(name, period) - before.Counted(name, period) is not 0 and var more)
            {
                decision.Count(plan, new Tally(name, period, checked(decision.In(plan.Name).Counted(name, period) + more)));
            }
        }

        // The rule may give at once where it was the event itself that it cools down from.
        void Cool(string name)
        {
            var (own, latest) = (at.Instant.ToUnixTimeTicks(), decision.In(plan.Name).Counted(name));
            var (gave, gives) = (before.Counted(name) == own, left.Counted(name) == own);
            if (gave && !gives && latest == own)
            {
                decision.Count(plan, new Tally(name, 0, 0));
            }
            else if (gives && !gave && latest < own)
            {
                decision.Count(plan, new Tally(name, 0, own));
            }
        }
    }

    private static void Budgets(Membership before, Membership left, ProgramPlan plan, Decision decision)
    {
        foreach (var name in Names(LoyaltyNames.AllBudgets, before, left))
        {
            var more = left.Counted(name) - before.Counted(name);
            if (more != 0)
            {
                decision.Count(plan, new Tally(name, 0, checked(decision.In(plan.Name).Counted(name) + more)));
                decision.DrawAgain(EarningBudget.QuotaOf(plan.Name, name[LoyaltyNames.AllBudgets.Length..]), more);
            }
        }
    }

    private static IEnumerable<string> Names(string beginning, Membership before, Membership left) => before.TalliesOf(beginning).Concat(left.TalliesOf(beginning)).Select(tally => tally.Name).Distinct(StringComparer.Ordinal);
}
