using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Loyalty.Rules;
using Crm.Values;

namespace Crm.Loyalty.Memberships;

/// <summary>
/// Whole units that the exact parts of several rules make together; what is left of the parts is dropped, and the receipt says so. They are an award as any: every limit and budget of a rule that had a part in them counts and cuts
/// them, each such rule has given, and they have the life that the last of the rules says.
/// </summary>
internal static class PartSteps
{
    public static void Join(in RuleIndex.Found rules, ProgramPlan plan, EarningContext context, Decision decision)
    {
        foreach (var unit in plan.Units)
        {
            var (part, wanted, last) = (default(Fraction), 0L, default(string));
            foreach (ref readonly var award in context.Earlier)
            {
                if (IsPart(in award, unit))
                {
                    part = part.Plus(award.Earning.Part, out var carry);
                    wanted += carry;
                    last = award.Rule;
                }
            }

            if (wanted > 0)
            {
                Give(unit, wanted, part, in rules, plan, context, decision);
            }
            else if (last is not null)
            {
                decision.AddDropped(plan.Name, last, unit.Name, part);
            }
        }

        context.DropParts();
    }

    private static void Give(UnitPlan unit, long wanted, Fraction dropped, in RuleIndex.Found rules, ProgramPlan plan, EarningContext context, Decision decision)
    {
        // A rule that has no room for another unit has no part in one; those that have may still make some without it.
        var makers = new List<RulePlan>();
        var (part, whole) = (default(Fraction), 0L);
        (RulePlan Rule, Earning Earning)? last = null;
        (string Code, string Subject)? full = null;
        foreach (ref readonly var award in context.Earlier)
        {
            if (!IsPart(in award, unit) || Named(award.Rule, in rules) is not { } rule)
            {
                continue;
            }

            if (new AwardSteps(rule, award.Earning, plan, context, decision).Full() is { } reason)
            {
                full ??= reason;
                last ??= (rule, award.Earning);
                continue;
            }

            part = part.Plus(award.Earning.Part, out var carry);
            whole += carry;
            last = (rule, award.Earning);
            makers.Add(rule);
        }

        if (last is not { } maker)
        {
            return;
        }

        var steps = new AwardSteps(maker.Rule, maker.Earning with { Amount = wanted, Rounding = 0, Part = default }, plan, context, decision, makers, dropped);
        if (full is { } limiter && whole < wanted)
        {
            steps.Cut(limiter.Code, limiter.Subject, wanted - whole);
        }

        steps.Limit();
        if (steps.Finish(LineCodes.PartsTogether) is { } given)
        {
            context.Add(new Award(maker.Rule.Name, given));
        }
    }

    private static bool IsPart(in Award award, UnitPlan unit) => !award.Earning.Part.IsZero && string.Equals(award.Earning.Unit, unit.Name, StringComparison.Ordinal);

    private static RulePlan? Named(string name, in RuleIndex.Found rules)
    {
        for (var i = 0; i < rules.Count; i++)
        {
            if (rules[i].Group is { } group)
            {
                if (Array.Find(group, member => member.Name == name) is { } member)
                {
                    return member;
                }
            }
            else if (rules[i].Name == name)
            {
                return rules[i];
            }
        }

        return null;
    }
}
