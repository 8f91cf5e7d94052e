using Crm.Loyalty.Programs;
using Crm.Loyalty.Rules;

namespace Crm.Loyalty.Memberships;

/// <summary>Asks the rules of a group, by priority and name, and lets those give that the group's policy says. What a rule gives is what limits and budgets leave of it: each is tried where the group stands, and what was tried is forgotten.</summary>
internal static class GroupSteps
{
    public static void Ask(RulePlan[] group, StackingGroup? stacking, ProgramPlan plan, EarningContext context, Decision decision)
    {
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

        var winner = WinnerOf(stacking?.Policy ?? StackingPolicy.Sum, proposals, plan, context, decision);
        if (winner >= 0)
        {
            // Before the winner gives, so that what it uses up is no reason why they do not.
            foreach (var other in proposals)
            {
                if (other.Rule != proposals[winner].Rule)
                {
                    GiveWay(other, plan, context, decision);
                }
            }

            proposals = [proposals[winner]];
        }

        foreach (var (rule, earnings) in proposals)
        {
            EarningSteps.Give(rule, earnings, plan, context, decision);
        }
    }

    // The first of those that give most, or the first that gives anything, in the order of priority and name; -1 where all may give.
    private static int WinnerOf(StackingPolicy policy, List<(RulePlan Rule, Earning[] Earnings)> proposals, ProgramPlan plan, EarningContext context, Decision decision)
    {
        var (winner, most) = (-1, default((Int128 Whole, Fraction Part)));
        for (var i = 0; i < proposals.Count && policy != StackingPolicy.Sum; i++)
        {
            if (policy == StackingPolicy.PriorityExclusive && !proposals[i].Rule.Terms.Exclusive)
            {
                continue;
            }

            var worth = WorthOf(proposals[i], plan, context, decision);
            if (worth.Whole > most.Whole || (worth.Whole == most.Whole && worth.Part.CompareTo(most.Part) > 0))
            {
                (winner, most) = (i, worth);
                if (policy != StackingPolicy.BestOf)
                {
                    break;
                }
            }
        }

        return winner;
    }

    // What a rule would give alone, with the exact parts that can still make a unit.
    private static (Int128 Whole, Fraction Part) WorthOf((RulePlan Rule, Earning[] Earnings) one, ProgramPlan plan, EarningContext context, Decision decision)
    {
        var (given, here) = (context.Earlier.Length, decision.Try());
        EarningSteps.Give(one.Rule, one.Earnings, plan, context, decision);
        var (whole, part, together, last) = (Int128.Zero, default(Fraction), 0L, default(Earning));
        foreach (ref readonly var award in context.Earlier[given..])
        {
            whole += award.Earning.Amount;
            if (!award.Earning.Part.IsZero && HasRoom(award.Earning))
            {
                part = part.Plus(award.Earning.Part, out var carry);
                (together, last) = (together + carry, award.Earning);
            }
        }

        if (together > 0)
        {
            // Whole units that its parts make together are cut as any, and what is left of the parts counts where there is room after them.
            var steps = new AwardSteps(one.Rule, last with { Amount = together, Rounding = 0, Part = default }, plan, context, decision);
            steps.Limit();
            if (steps.Finish() is { } made)
            {
                whole += made.Amount;
                context.Add(new Award(one.Rule.Name, made));
            }

            part = HasRoom(last) ? part : default;
        }

        context.CutTo(given);
        decision.ComeBackTo(here);
        return (whole, part);

        bool HasRoom(Earning earning) => new AwardSteps(one.Rule, earning, plan, context, decision).Full() is null;
    }

    private static void GiveWay((RulePlan Rule, Earning[] Earnings) one, ProgramPlan plan, EarningContext context, Decision decision)
    {
        var rule = one.Rule;
        foreach (var earning in one.Earnings)
        {
            if (earning.Amount > 0 && plan.PlaceOf(earning.Unit) >= 0)
            {
                var steps = new AwardSteps(rule, earning with { Part = default }, plan, context, decision);
                steps.Bound(isLast: true);
                steps.Limit();
                steps.Outrank(rule.Terms.Group ?? "");
                steps.Finish();
            }
        }

        context.Uncarry(rule.Name);
    }
}
