using Crm.Loyalty.Challenges;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Tiers;
using Crm.Values;

namespace Crm.Loyalty.Programs;

/// <summary>What a host has in code that programmes in JSON may name, each by name and version. Nothing is searched for: what is not listed is not there.</summary>
public sealed record LoyaltyCode
{
    /// <summary>Earning rules.</summary>
    public Sequence<IEarningRule> Rules { get; init; }

    /// <summary>Kinds of rewards.</summary>
    public Sequence<IRewardKind> RewardKinds { get; init; }

    /// <summary>Kinds of goals of challenges.</summary>
    public Sequence<IGoalKind> GoalKinds { get; init; }

    /// <summary>Qualification metrics.</summary>
    public Sequence<IQualificationMetric> Metrics { get; init; }

    /// <summary>Kinds of rules that programmes may be written with.</summary>
    public EarningRuleKinds Kinds { get; init; } = EarningRuleKinds.None;
}
