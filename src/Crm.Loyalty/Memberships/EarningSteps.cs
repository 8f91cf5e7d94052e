using Crm.Events;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Values;

namespace Crm.Loyalty.Memberships;

/// <summary>Asks a programme's rules, in order, what an event earns, and issues it.</summary>
internal static class EarningSteps
{
    public static void Earn(CustomerEvent happened, ProgramPlan plan, Decision decision)
    {
        var rules = plan.RulesFor(happened.Kind);
        if (rules.IsEmpty)
        {
            return;
        }

        var context = new EarningContext(happened, new Moment(decision.Context.Moment.Instant, plan.Zone), decision.Context);
        context.Expect(rules.Length);
        decision.Expect(rules.Length);
        foreach (var rule in rules)
        {
            if (rule is PointsPerAmount points)
            {
                if (points.TryEarn(context, out var earning))
                {
                    Give(rule, earning, plan, context, decision);
                }
            }
            else
            {
                foreach (var earning in Ask(rule, plan, context))
                {
                    Give(rule, earning, plan, context, decision);
                }
            }
        }

        for (var i = 0; i < plan.Units.Length; i++)
        {
            Issue(plan, plan.Units[i], context, decision);
        }
    }

    private static Earning[] Ask(IEarningRule rule, ProgramPlan plan, EarningContext context)
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

    private static void Give(IEarningRule rule, Earning proposed, ProgramPlan plan, EarningContext context, Decision decision)
    {
        if (proposed.Unit is null || plan.PlaceOf(proposed.Unit) < 0)
        {
            decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.RuleUnitUnknown) { Subject = rule.Name });
            return;
        }

        var amount = Math.Clamp(proposed.Amount, 0, PointsPerAmount.Most);
        if (amount != proposed.Amount)
        {
            decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.RuleCut) { Subject = rule.Name });
            proposed = new Earning(proposed.Unit, amount);
        }

        if (amount == 0)
        {
            return;
        }

        context.Add(new Award(rule.Name, proposed));
        decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.Issued)
        {
            Subject = rule.Name,
            Unit = proposed.Unit,
            Amount = amount,
            Parts = proposed.Rounding == 0
                ? default
                : [
                    new ReceiptLine(LoyaltyNames.Module, LineCodes.Base) { Subject = rule.Name, Unit = proposed.Unit, Amount = amount - proposed.Rounding },
                    new ReceiptLine(LoyaltyNames.Module, LineCodes.Rounding) { Subject = rule.Name, Unit = proposed.Unit, Amount = proposed.Rounding },
                ],
        });
    }

    /// <summary>One movement for all that the rules gave of a unit; it names the rule where there is one.</summary>
    private static void Issue(ProgramPlan plan, UnitPlan unit, EarningContext context, Decision decision)
    {
        var sum = 0L;
        string? rule = null;
        var several = false;
        foreach (ref readonly var award in context.Earlier)
        {
            if (string.Equals(award.Earning.Unit, unit.Name, StringComparison.Ordinal))
            {
                sum = checked(sum + award.Earning.Amount);
                several |= rule is not null && rule != award.Rule;
                rule = award.Rule;
            }
        }

        if (sum > 0)
        {
            decision.Issue(plan, unit, sum, several ? null : rule, null);
        }
    }
}
