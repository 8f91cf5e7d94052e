using Crm.Conditions;
using Crm.Events;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Loyalty.Rules;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Memberships;

/// <summary>Says, for every rule that looks at an event and gives nothing, all that keeps it from giving and the smallest change that would be needed. Only where somebody asks, in a quote.</summary>
internal static class WhySteps
{
    /// <summary>The look-up with which somebody asks.</summary>
    public const string Asked = "loyalty.why-not";

    public static bool IsAsked(Decision decision) => decision.Context.Field(EventFields.LookupScope + Asked).AsFlag;

    /// <param name="index">The rules for the kind of event.</param>
    /// <param name="plan">The programme.</param>
    /// <param name="context">The event, after all rules have been asked.</param>
    /// <param name="decision">Gets a line for each rule that gave nothing.</param>
    /// <param name="ofAll">What keeps all of them from giving.</param>
    public static void Explain(RuleIndex index, ProgramPlan plan, EarningContext context, Decision decision, params IReadOnlyList<Reason> ofAll)
    {
        foreach (var leader in index.All)
        {
            var winner = WinnerOf(leader, context);
            foreach (var rule in leader.Group ?? [leader])
            {
                if (!Gave(rule, context))
                {
                    List<Reason> reasons = [.. ofAll, .. OfTerms(rule, plan, context, decision), .. OfCondition(rule, context), .. OfAmount(rule, context), .. Withheld(rule, winner, plan, decision)];
                    decision.Add(Line(rule, reasons.Count > 0 ? reasons : [new Reason(ReasonCodes.NothingCounted, LoyaltyTexts.WhyNothing)], plan));
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

    // When a reason that stands alone is over, the rule gives; of several each says only of itself when it is over.
    private static ReceiptLine Line(RulePlan rule, List<Reason> reasons, ProgramPlan plan)
    {
        var texts = reasons.ConvertAll(reason => reasons.Count == 1 ? LoyaltyTexts.WhyNotBefore(reason.Text, reason.Until, plan.Zone) : LoyaltyTexts.WhyUntil(reason.Text, reason.Until, plan.Zone));
        return new ReceiptLine(LoyaltyNames.Module, LineCodes.WhyNot)
        {
            Program = plan.Name,
            Subject = rule.Name,
            Text = LoyaltyTexts.Joined(texts),
            Parts = reasons.Zip(texts, (reason, text) => new ReceiptLine(LoyaltyNames.Module, reason.Code) { Subject = reason.Subject, Text = text }).ToSequence(),
        };
    }

    private static IEnumerable<Reason> OfTerms(RulePlan rule, ProgramPlan plan, EarningContext context, Decision decision) =>
        TermSteps.Obstacles(rule, plan, context, decision).Select(obstacle => Of(obstacle, rule.Terms, context) with { Until = NotBefore(obstacle, rule, plan, context, decision) });

    private static Reason Of(Obstacle obstacle, EarningTerms terms, EarningContext context) => obstacle switch
    {
        Obstacle.Scope => new(ReasonCodes.OtherPlace, LoyaltyTexts.WhyScope(string.Join(", ", terms.Scope.Channels.Concat(terms.Scope.Stores).Concat(terms.Scope.Brands)))),
        Obstacle.MinimumSpend when terms.MinimumSpend is { } least => Unpriced(least.Currency, context)
            ?? new(ReasonCodes.MinimumSpend, LoyaltyTexts.WhyAmount(least with { MinorUnits = least.MinorUnits - context.Converted(context.Event.Spend?.MinorUnits ?? 0, least.Currency) })),
        Obstacle.Hours => new(ReasonCodes.OtherTime, LoyaltyTexts.WhyHours),
        Obstacle.Frequency when terms.Frequency is { } frequency => new(ReasonCodes.TimesReached, LoyaltyTexts.WhyOften(frequency.Most)),
        Obstacle.OncePer => new(ReasonCodes.GivenAlready, LoyaltyTexts.WhyOnce(terms.OncePer ?? "")),
        Obstacle.Cooldown => new(ReasonCodes.Cooldown, LoyaltyTexts.WhyCooldown),
        _ => throw new InvalidOperationException($"No reason for {obstacle}."),
    };

    private static IEnumerable<Reason> OfCondition(RulePlan rule, EarningContext context) => rule.Own?.When is not { } when ? []
        : AllFalse(Crm.Conditions.Explain.Evaluate(when, context))
            .Select(part => new Reason(ReasonCodes.ConditionFalse, LoyaltyTexts.WhyCondition(part.Text, Missing(part.Condition, context))) { Until = IsOfTime(part.Condition) ? part.Truth.ValidUntil : null });

    private static IEnumerable<Reason> OfAmount(RulePlan rule, EarningContext context)
    {
        if (rule.Own?.Articles is { IsOpen: false } articles && !articles.Matches(context.Event))
        {
            yield return new(ReasonCodes.NoArticle, LoyaltyTexts.WhyArticles([.. articles.Skus.Concat(articles.Categories).Concat(articles.Collections)]));
        }

        if (rule.Rule is not PointsPerAmount points)
        {
            yield break;
        }

        if (Unpriced(points.Every.Currency, context) is { } unpriced)
        {
            yield return unpriced;
        }
        else if (points is { Rounding: Rounding.Floor, RoundAt: RoundingPoint.Rule } && context.AmountOf(points.Basis, points.Every.Currency) is > 0 and var basis && basis < points.Every.MinorUnits)
        {
            yield return new(ReasonCodes.BelowStep, LoyaltyTexts.WhyAmount(points.Every with { MinorUnits = points.Every.MinorUnits - basis }));
        }
    }

    // That an amount in another currency comes to nothing, because nobody looked up a rate; null where it has a price.
    private static Reason? Unpriced(Currency own, EarningContext context) => context.Event.Spend is { } spend && context.RateTo(own) <= 0 && ExchangeRates.Name(spend.Currency, own) is var rate
        ? new(ReasonCodes.RateMissing, LoyaltyTexts.RateMissing(rate)) { Subject = rate }
        : null;

    // What a rule proposed, and a limit, a budget or another rule took, is in the receipt already; which rule that was, the awards say.
    private static List<Reason> Withheld(RulePlan rule, RulePlan? winner, ProgramPlan plan, Decision decision)
    {
        var reasons = new List<Reason>();
        foreach (var line in decision.Lines)
        {
            if (line.Code == LineCodes.Withheld && line.Subject == rule.Name && line.Program == plan.Name)
            {
                reasons.AddRange(line.Parts.Where(part => part.Code is ReasonCodes.Limited or ReasonCodes.BudgetExhausted or ReasonCodes.Outranked)
                    .Select(part => new Reason(part.Code, part.Code == ReasonCodes.Outranked && winner is not null ? LoyaltyTexts.WhyOutranked(winner.Name, rule.Terms.Group ?? "") : LoyaltyTexts.Describe(part)) { Subject = part.Subject }));
            }
        }

        return reasons;
    }

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

    // Every part, however deep, that is false and would have to hold: of several alternatives the whole of them.
    private static IEnumerable<Explanation> AllFalse(Explanation explanation) =>
        explanation.Truth.Value ? [] : explanation.Condition is Condition.All ? explanation.Parts.SelectMany(AllFalse) : [explanation];

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

/// <summary>What keeps a rule from giving.</summary>
/// <param name="Code">One of <see cref="ReasonCodes.OfRules"/>.</param>
/// <param name="Text">The sentence.</param>
internal sealed record Reason(string Code, Text Text)
{
    /// <summary>What the code is about; null where it says all.</summary>
    public string? Subject { get; init; }

    /// <summary>The first instant at which it is over if nothing else happens; null: none is known, or time does not help.</summary>
    public Instant? Until { get; init; }
}
