using Crm.Loyalty.Programs;
using Crm.Loyalty.Rules;

namespace Crm.Loyalty.Memberships;

/// <summary>Asks the rules of a group, by priority and name, and lets those give that the group's policy says.</summary>
internal static class GroupSteps
{
    public static void Ask(RulePlan[] group, StackingGroup? stacking, ProgramPlan plan, EarningContext context, Decision decision)
    {
        var policy = stacking?.Policy ?? StackingPolicy.Sum;
        var proposals = new List<(RulePlan Rule, Earning[] Earnings)>(group.Length);
        foreach (var rule in group)
        {
            if (rule.HasTerms && !TermSteps.Apply(rule, plan, context, decision))
            {
                continue;
            }

            var earnings = EarningSteps.Proposals(rule.Rule, plan, context);
            if (earnings.Length > 0)
            {
                proposals.Add((rule, earnings));
            }
        }

        var winner = policy switch
        {
            StackingPolicy.BestOf => Best(proposals),
            StackingPolicy.FirstMatch => proposals.FindIndex(one => Worth(one) > 0),
            StackingPolicy.PriorityExclusive => proposals.FindIndex(one => one.Rule.Terms.Exclusive && Worth(one) > 0),
            _ => -1,
        };
        for (var i = 0; i < proposals.Count; i++)
        {
            var (rule, earnings) = proposals[i];
            foreach (var earning in earnings)
            {
                if (winner < 0 || winner == i)
                {
                    EarningSteps.Give(rule, earning, plan, context, decision);
                }
                else
                {
                    Outrank(rule, earning, plan, context, decision);
                }
            }

            if (winner >= 0 && winner != i)
            {
                context.Uncarry(rule.Name);
            }
        }
    }

    // The first of those that give most: they stand in the order of priority and name.
    private static int Best(List<(RulePlan Rule, Earning[] Earnings)> proposals)
    {
        var best = -1;
        for (var i = 0; i < proposals.Count; i++)
        {
            if (Worth(proposals[i]) > (best < 0 ? 0 : Worth(proposals[best])))
            {
                best = i;
            }
        }

        return best;
    }

    private static long Worth((RulePlan Rule, Earning[] Earnings) one)
    {
        var terms = one.Rule.Terms;
        var sum = 0L;
        foreach (var earning in one.Earnings)
        {
            sum += Math.Min(Math.Max(Math.Clamp(earning.Amount, 0, PointsPerAmount.Most), terms.Least ?? 0), terms.Most ?? long.MaxValue);
        }

        return sum;
    }

    private static void Outrank(RulePlan rule, Earning earning, ProgramPlan plan, EarningContext context, Decision decision)
    {
        if (earning.Amount > 0 && plan.PlaceOf(earning.Unit) >= 0)
        {
            var steps = new AwardSteps(rule, earning with { Part = default }, plan, context, decision);
            steps.Bound();
            steps.Outrank(rule.Terms.Group ?? "");
            steps.Finish();
        }
    }
}
