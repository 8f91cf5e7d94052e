using System.Collections.Frozen;
using Crm.Loyalty.Rules;

namespace Crm.Loyalty.Programs;

/// <summary>A rule of a version of a programme, with what its terms need looked up.</summary>
internal sealed class RulePlan
{
    public RulePlan(IEarningRule rule, int place, LoyaltyProgram program)
    {
        Rule = rule is EarningRule own ? own.Resolved(program.Collections) : rule;
        Own = Rule as EarningRule;
        Terms = rule.Terms;
        Place = place;
        Name = rule.Name;
        AsksTiersAfter = rule is Multiplier { TierAs: TierMoment.After };
        Times = Terms.Frequency is null ? null : LoyaltyNames.Times(rule.Name);
        Latest = Terms.Cooldown is null ? null : LoyaltyNames.Latest(rule.Name);
        HasTerms = !ReferenceEquals(Terms, EarningTerms.Usual);
    }

    public string Name { get; }

    public IEarningRule Rule { get; }

    /// <summary>The rule where it is one that gives at most one award; null for others.</summary>
    public EarningRule? Own { get; }

    public EarningTerms Terms { get; }

    /// <summary>Whether the rule has any terms at all.</summary>
    public bool HasTerms { get; }

    public int Place { get; }

    /// <summary>Whether the rule is asked after all others, when tiers are those with what the event counts.</summary>
    public bool AsksTiersAfter { get; }

    /// <summary>The tally of how often it gave; null where nobody counts.</summary>
    public string? Times { get; }

    /// <summary>The tally of when it last gave; null where nobody asks.</summary>
    public string? Latest { get; }

    /// <summary>The rules of its group in the order in which they are asked, or null. Only the first rule of a group, in the order of the programme, has them.</summary>
    public RulePlan[]? Group { get; set; }

    /// <summary>Whether the rule belongs to a group that another rule leads.</summary>
    public bool IsLed { get; set; }

    public StackingGroup? Stacking { get; set; }

    /// <summary>The order within a group: by priority, higher first, then by name.</summary>
    public static int InGroup(RulePlan left, RulePlan right) =>
        left.Terms.Priority != right.Terms.Priority ? right.Terms.Priority.CompareTo(left.Terms.Priority) : string.CompareOrdinal(left.Name, right.Name);
}

/// <summary>A limit of a version of a programme.</summary>
internal sealed class LimitPlan(EarningLimit limit)
{
    private readonly FrozenSet<string>? rules = limit.Rules.IsEmpty ? null : limit.Rules.ToFrozenSet(StringComparer.Ordinal);

    public EarningLimit Definition => limit;

    public string Tally { get; } = LoyaltyNames.Limit(limit.Name);

    public bool Covers(string rule, string unit) => string.Equals(limit.Unit, unit, StringComparison.Ordinal) && rules?.Contains(rule) != false;
}

/// <summary>A budget of a version of a programme.</summary>
internal sealed class BudgetPlan(string program, EarningBudget budget)
{
    private readonly FrozenSet<string>? rules = budget.Rules.IsEmpty ? null : budget.Rules.ToFrozenSet(StringComparer.Ordinal);

    public EarningBudget Definition => budget;

    public string Quota { get; } = budget.Quota(program);

    public string Tally { get; } = LoyaltyNames.Budget(budget.Name);

    public bool Covers(string rule, string unit) => string.Equals(budget.Unit, unit, StringComparison.Ordinal) && rules?.Contains(rule) != false;
}
