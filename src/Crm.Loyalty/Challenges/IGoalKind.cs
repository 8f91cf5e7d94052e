using Crm.Conditions;
using Crm.Loyalty.Rules;
using Crm.Values;

namespace Crm.Loyalty.Challenges;

/// <summary>What a goal of a challenge counts, of a team's own: pure, and part of the programme's hash by name and version.</summary>
public interface IGoalKind
{
    /// <summary>Its name, by which a programme in JSON refers to it.</summary>
    string Name { get; }

    /// <summary>From 1; counts up whenever the same event would count otherwise.</summary>
    int Version { get; }

    /// <summary>Every condition that it will ever ask <see cref="EarningContext.Holds"/> about.</summary>
    Sequence<Condition> Conditions => [];

    /// <summary>What an event of the goal's kind adds, with what refunds have left of it; less than 0 counts as 0.</summary>
    long Of(EarningContext context);
}
