using Crm.Conditions;
using Crm.Events;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Loyalty.Rules;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Memberships;

/// <summary>Says, for every rule that looks at an event and gives nothing, what first keeps it from giving and the smallest change that would be needed. Only where somebody asks, in a quote.</summary>
internal static class WhySteps
{
    /// <summary>The look-up with which somebody asks.</summary>
    public const string Asked = "loyalty.why-not";

    public static bool IsAsked(Decision decision) => decision.Context.Field(EventFields.LookupScope + Asked).AsFlag;

    public static void Explain(RuleIndex index, ProgramPlan plan, EarningContext context, Decision decision)
    {
        foreach (var leader in index.All)
        {
            foreach (var rule in leader.Group ?? [leader])
            {
                if (!Gave(rule, context))
                {
                    decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.WhyNot) { Subject = rule.Name, Text = Reason(rule, WinnerOf(leader, context), plan, context, decision) });
                }
            }
        }
    }

    private static bool Gave(RulePlan rule, EarningContext context)
    {
        foreach (ref readonly var award in context.Earlier)
        {
            if (string.Equals(award.Rule, rule.Name, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    // The rule that gives alone for its group; null where none does, or where the group adds up.
    private static RulePlan? WinnerOf(RulePlan leader, EarningContext context) => leader.Stacking?.Policy is { } policy and not StackingPolicy.Sum && leader.Group is { } group
        ? Array.Find(group, rule => (rule.Terms.Exclusive || policy != StackingPolicy.PriorityExclusive) && Gave(rule, context))
        : null;

    private static Text Reason(RulePlan rule, RulePlan? winner, ProgramPlan plan, EarningContext context, Decision decision)
    {
        if (TermSteps.FirstObstacle(rule, plan, context, decision) is { } obstacle)
        {
            return LoyaltyTexts.WhyNotBefore(Of(obstacle, rule.Terms, context), NotBefore(obstacle, rule, plan, context, decision), plan.Zone);
        }

        if (rule.Own?.When is { } when && FirstFalse(Crm.Conditions.Explain.Evaluate(when, context)) is { } part)
        {
            return LoyaltyTexts.WhyNotBefore(LoyaltyTexts.WhyCondition(part.Text, Missing(part.Condition, context)), IsOfTime(part.Condition) ? part.Truth.ValidUntil : null, plan.Zone);
        }

        return rule.Rule is PointsPerAmount { Rounding: Rounding.Floor, RoundAt: RoundingPoint.Rule } points && points.Basis.Of(context.Event, points.Every.Currency) is > 0 and var basis && basis < points.Every.MinorUnits
            ? LoyaltyTexts.WhyAmount(points.Every with { MinorUnits = points.Every.MinorUnits - basis })
            : rule.Own?.Articles is { IsOpen: false } articles && !articles.Matches(context.Event)
                ? LoyaltyTexts.WhyArticles([.. articles.Skus.Concat(articles.Categories).Concat(articles.Collections)])
                : winner is not null
                    ? LoyaltyTexts.WhyOutranked(winner.Name, rule.Terms.Group ?? "")
                    : LoyaltyTexts.WhyNothing;
    }

    private static Text Of(Obstacle obstacle, EarningTerms terms, EarningContext context) => obstacle switch
    {
        Obstacle.Scope => LoyaltyTexts.WhyScope(string.Join(", ", terms.Scope.Channels.Concat(terms.Scope.Stores).Concat(terms.Scope.Brands))),
        Obstacle.MinimumSpend when terms.MinimumSpend is { } least => LoyaltyTexts.WhyAmount(least with { MinorUnits = least.MinorUnits - context.Converted(context.Event.Spend?.MinorUnits ?? 0, least.Currency) }),
        Obstacle.Hours => LoyaltyTexts.WhyHours,
        Obstacle.Frequency when terms.Frequency is { } frequency => LoyaltyTexts.WhyOften(frequency.Most),
        Obstacle.OncePer => LoyaltyTexts.WhyOnce(terms.OncePer ?? ""),
        Obstacle.Cooldown => LoyaltyTexts.WhyCooldown,
        _ => LoyaltyTexts.WhyNothing,
    };

    // The first instant at which the same event would not meet the obstacle; null: none is known, or time does not help.
    private static Instant? NotBefore(Obstacle obstacle, RulePlan rule, ProgramPlan plan, EarningContext context, Decision decision) => obstacle switch
    {
        Obstacle.Hours => rule.Terms.Hours.NextAfter(context.Moment),
        Obstacle.Frequency when rule.Terms.Frequency is { } frequency => Periods.EndOf(frequency.Per, context.Moment),
        Obstacle.Cooldown when rule is { Latest: { } latest, Terms.Cooldown: { } cooldown } => Instant.FromUnixTimeTicks(decision.In(plan.Name).Counted(latest)) + cooldown,
        _ => null,
    };

    // Whether only time and what has happened decide a part: then it turns when its answer runs out, if nothing happens.
    private static bool IsOfTime(Condition condition) => condition switch
    {
        Condition.Moment or Condition.EventWindow => true,
        Condition.Not not => IsOfTime(not.Of),
        _ => false,
    };

    // The first part, however deep, that is false and decides: of several alternatives the whole of them.
    private static Explanation? FirstFalse(Explanation explanation)
    {
        if (explanation.Truth.Value)
        {
            return null;
        }

        return explanation.Condition is Condition.All ? explanation.Parts.Select(FirstFalse).FirstOrDefault(part => part is not null) ?? explanation : explanation;
    }

    // How much a number falls short of its threshold, and whether it has to pass it; null where the condition is about something else.
    private static (decimal Amount, bool Passing)? Missing(Condition condition, EarningContext context)
    {
        var (test, value) = condition switch
        {
            Condition.Field field when !field.Name.StartsWith(Evaluator.ProfileScope, StringComparison.Ordinal) => (field.Is, ((IEvidence)context).Field(field.Name)),
            Condition.Fact fact => (fact.Is, context.Fact(fact.Name)),
            Condition.EventWindow window => (window.Is, context.Measure(window)),
            _ => ((Test?)null, default(Scalar)),
        };
        return value is not { Kind: ScalarKind.Number, AsNumber: var found } ? null : test switch
        {
            Test.AtLeast { Value: { Kind: ScalarKind.Number, AsNumber: var least } } when found < least => (least - found, false),
            Test.Between { From: { Kind: ScalarKind.Number, AsNumber: var from } } when found < from => (from - found, false),
            Test.EqualTo { Value: { Kind: ScalarKind.Number, AsNumber: var exactly } } when found < exactly => (exactly - found, false),
            Test.MoreThan { Value: { Kind: ScalarKind.Number, AsNumber: var bound } } when found <= bound => condition is Condition.EventWindow { Measure: Measure.Count } ? (decimal.Floor(bound) + 1 - found, false) : (bound - found, true),
            _ => null,
        };
    }
}
