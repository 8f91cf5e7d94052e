namespace Crm.Loyalty.Rules;

/// <summary>What rules of one group give together.</summary>
public enum StackingPolicy
{
    /// <summary>The sum.</summary>
    Sum,

    /// <summary>The rule that gives most, alone; of several the first.</summary>
    BestOf,

    /// <summary>The first rule that gives anything, alone.</summary>
    FirstMatch,

    /// <summary>The first exclusive rule that gives anything, alone; the sum where none does.</summary>
    PriorityExclusive,
}

/// <summary>
/// Rules that compete. They are asked where the first of them stands among the rules, in the order of priority (higher first) and name, which never depends on who edited what when.
/// What a rule gives is what its terms, limits and budgets leave of it, with its exact part of a unit: where the budget of the best is empty, the next best gives.
/// </summary>
/// <param name="Name">The name, which rules give as their <see cref="EarningTerms.Group"/>.</param>
/// <param name="Policy">What they give together.</param>
public sealed record StackingGroup(string Name, StackingPolicy Policy);
