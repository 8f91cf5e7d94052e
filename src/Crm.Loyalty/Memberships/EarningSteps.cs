using Crm.Events;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Loyalty.Rules;
using Crm.Values;

namespace Crm.Loyalty.Memberships;

/// <summary>Asks a programme's rules, in order, what an event earns, holds it against terms, limits and budgets, and issues it.</summary>
internal static class EarningSteps
{
    /// <summary>What an event earns that happened where the programme looks, or an occasion of the member's, which happens nowhere.</summary>
    public static void Earn(CustomerEvent happened, ProgramPlan plan, Decision decision)
    {
        if (plan.RulesFor(happened.Kind) is not { } index)
        {
            return;
        }

        var rules = index.Find(happened);
        if (rules.Count > 0 || WhySteps.IsAsked(decision))
        {
            Ask(happened, index, in rules, plan, decision);
        }

        rules.Dispose();
    }

    /// <summary>Says, where somebody asks, of every rule for an event why nothing at all is earned by it, and what keeps the rule from giving besides.</summary>
    public static void ExplainNothing(CustomerEvent happened, ProgramPlan plan, Decision decision, params IReadOnlyList<Reason> ofAll)
    {
        if (plan.RulesFor(happened.Kind) is { } index)
        {
            WhySteps.Explain(index, plan, ContextOf(happened, plan, decision), decision, ofAll);
        }
    }

    /// <summary>An event as rules see it.</summary>
    public static EarningContext ContextOf(CustomerEvent happened, ProgramPlan plan, Decision decision) =>
        new(happened, decision.Context.Moment with { Zone = plan.Zone }, decision.Context, new Member(decision, plan));

    private static void Ask(CustomerEvent happened, RuleIndex index, in RuleIndex.Found rules, ProgramPlan plan, Decision decision)
    {
        var context = ContextOf(happened, plan, decision);
        context.Expect(Math.Min(rules.Count, 16));
        decision.Expect(Math.Min(rules.Count, 16), plan.Units.Length);
        var afterTiers = false;
        for (var i = 0; i < rules.Count; i++)
        {
            if (rules[i].AsksTiersAfter)
            {
                afterTiers = true;
            }
            else
            {
                Ask(rules[i], plan, context, decision);
            }
        }

        PartSteps.Join(in rules, plan, context, decision);
        Issue(plan, context, decision);
        if (afterTiers)
        {
            context.TiersCount();
            for (var i = 0; i < rules.Count; i++)
            {
                if (rules[i].AsksTiersAfter)
                {
                    Ask(rules[i], plan, context, decision);
                }
            }

            Issue(plan, context, decision);
        }

        if (WhySteps.IsAsked(decision))
        {
            WhySteps.Explain(index, plan, context, decision);
        }

        foreach (var (_, name, amount) in context.NewlyCarried)
        {
            decision.Count(plan, new Tally(name, 0, amount));
        }
    }

    private static void Ask(RulePlan rule, ProgramPlan plan, EarningContext context, Decision decision)
    {
        if (rule.Group is { } group)
        {
            GroupSteps.Ask(group, rule.Stacking, plan, context, decision);
            return;
        }

        if (rule.HasTerms && !TermSteps.Apply(rule, plan, context, decision))
        {
            return;
        }

        if (rule.Own is { } own)
        {
            if (own.TryEarn(context, out var earning))
            {
                Give(rule, earning, isLast: true, plan, context, decision);
            }
            else
            {
                NoteRate(rule, context, decision);
            }
        }
        else
        {
            Give(rule, Proposals(rule.Rule, plan, context), plan, context, decision);
        }
    }

    /// <summary>What a rule proposes; a rule that fails is named.</summary>
    public static Earning[] Proposals(IEarningRule rule, ProgramPlan plan, EarningContext context)
    {
        try
        {
            return [.. rule.Evaluate(context)];
        }
        catch (Exception exception)
        {
            throw new InvalidOperationException($"The earning rule '{rule.Name}' version {rule.Version} of programme '{plan.Name}' failed at event {context.Event.Key}: {exception.Message}", exception);
        }
    }

    /// <summary>Holds all that a rule proposes against its bounds, and limits and budgets, and notes what is given.</summary>
    public static void Give(RulePlan rule, Earning[] proposals, ProgramPlan plan, EarningContext context, Decision decision)
    {
        for (var i = 0; i < proposals.Length; i++)
        {
            Give(rule, proposals[i], IsLast(proposals, i), plan, context, decision);
        }
    }

    // Whether none that comes after it is of its unit.
    private static bool IsLast(Earning[] proposals, int place)
    {
        for (var i = place + 1; i < proposals.Length; i++)
        {
            if (string.Equals(proposals[i].Unit, proposals[place].Unit, StringComparison.Ordinal))
            {
                return false;
            }
        }

        return true;
    }

    private static void Give(RulePlan rule, Earning proposed, bool isLast, ProgramPlan plan, EarningContext context, Decision decision)
    {
        if (proposed.Unit is null || plan.PlaceOf(proposed.Unit) is not (>= 0 and var place))
        {
            decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.RuleUnitUnknown) { Program = plan.Name, Subject = rule.Name });
            return;
        }

        var amount = Math.Clamp(proposed.Amount, 0, PointsPerAmount.Most);
        if (amount != proposed.Amount)
        {
            decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.RuleCut) { Program = plan.Name, Subject = rule.Name });
            proposed = proposed with { Amount = amount, Rounding = 0, Part = default };
        }

        if (!EarningCheck.CanBe(in proposed, plan.Units[place].Definition, plan))
        {
            decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.RuleLife) { Program = plan.Name, Subject = rule.Name });
            proposed = proposed with { Expiry = null, Activation = null, Issuer = null };
        }

        if (proposed.CountedOn is { } on && !(on.IsWhole && (on.Measure != CountedIn.Units || plan.PlaceOf(on.Unit ?? "") >= 0)))
        {
            decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.RuleBasis) { Program = plan.Name, Subject = rule.Name });
            proposed = proposed with { CountedOn = null };
        }

        var steps = new AwardSteps(rule, proposed, plan, context, decision);
        steps.Bound(isLast);
        steps.Limit();
        if (steps.Finish() is { } given)
        {
            context.Add(new Award(rule.Name, given));
        }
    }

    // One movement for all that rules gave of a unit with one life; it names the rule where there is one.
    private static void Issue(ProgramPlan plan, EarningContext context, Decision decision)
    {
        var awards = context.Earlier[context.Issued..];
        foreach (var unit in plan.Units)
        {
            var sum = 0L;
            string? rule = null;
            var several = false;
            foreach (ref readonly var award in awards)
            {
                if (award.Earning.Amount == 0 || !string.Equals(award.Earning.Unit, unit.Name, StringComparison.Ordinal))
                {
                    continue;
                }

                if (new AwardShape(award.Earning.Expiry, award.Earning.Activation, award.Earning.Issuer) is { IsUsual: false } shape)
                {
                    decision.IssueByRules(plan, unit, award.Earning.Amount, award.Rule, null, shape with { Expiry = shape.Expiry ?? (context.Member is { } one ? unit.ExpiryInTier(one) : null) });
                    continue;
                }

                sum = checked(sum + award.Earning.Amount);
                several |= rule is not null && rule != award.Rule;
                rule = award.Rule;
            }

            if (sum > 0)
            {
                decision.IssueByRules(plan, unit, sum, several ? null : rule, null, new AwardShape(context.Member is { } member ? unit.ExpiryInTier(member) : null, null, null));
            }
        }

        context.Issued = context.Earlier.Length;
    }

    private static void NoteRate(RulePlan rule, EarningContext context, Decision decision)
    {
        if (rule.Rule is PointsPerAmount { Every.Currency: var own } && context.RateTo(own) <= 0)
        {
            decision.NoteRate(context, own);
        }
    }

    /// <summary>The member as rules may see them.</summary>
    private sealed class Member(Decision decision, ProgramPlan plan) : IMember
    {
        public string? TierNow(string ladder) => decision.In(plan.Name).Standing(ladder)?.Tier;

        public string? TierBefore(string ladder) => decision.Before(plan.Name).Standing(ladder)?.Tier;

        public long Kept(string name) => decision.In(plan.Name).Counted(name);
    }
}
