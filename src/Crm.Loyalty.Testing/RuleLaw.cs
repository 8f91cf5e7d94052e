using Crm.Loyalty.Rules;

namespace Crm.Loyalty.Testing;

/// <summary>Something that every earning rule must keep to.</summary>
/// <param name="Name">A sentence with underscores, unique among the laws.</param>
/// <param name="Claim">What is claimed, and why it matters.</param>
/// <param name="AppliesTo">Whether a rule is held to it, with what its author claims.</param>
/// <param name="Check">Checks a rule. Throws <see cref="Crm.Testing.LawBroken"/> with the smallest case that was found.</param>
public sealed record RuleLaw(string Name, string Claim, Func<IEarningRule, RuleClaims, bool> AppliesTo, Action<IEarningRule, RuleClaims> Check)
{
    /// <summary>Makes a rule that is deliberately wrong in just what this law claims, and what its author claims of it, so that the law is seen to catch it.</summary>
    public required Func<(IEarningRule Rule, RuleClaims Claims)> Counterfeit { get; init; }

    /// <summary>The name.</summary>
    public override string ToString() => Name;
}
