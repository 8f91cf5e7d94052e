using Crm.Conditions;
using Crm.Events;
using Crm.Values;

namespace Crm.Loyalty.Rules;

/// <summary>
/// Decides what an event earns: base, bonus, multiplier and cap are this one interface, and a rule sees what the rules before it gave.
/// A rule is pure: the same context gives the same earnings, with no clock, store or luck. The core writes what it proposes, cuts what is below 0, and names a rule that fails.
/// </summary>
public interface IEarningRule
{
    /// <summary>Its name within the programme; ledger entries and receipts name it.</summary>
    string Name { get; }

    /// <summary>From 1; counts up whenever the same event would earn otherwise. It is part of the programme's hash.</summary>
    int Version { get; }

    /// <summary>The kinds of events that it looks at; purchases unless it says otherwise.</summary>
    Sequence<string> On => OnPurchase;

    /// <summary>Every condition that it will ever ask <see cref="EarningContext.Holds"/> about.</summary>
    Sequence<Condition> Conditions => [];

    /// <summary>What the event earns; nothing when the rule does not apply.</summary>
    IEnumerable<Earning> Evaluate(EarningContext context);

    /// <summary>Purchases alone.</summary>
    protected static Sequence<string> OnPurchase { get; } = [EventKinds.PurchaseName];
}

/// <summary>What a rule proposes to give.</summary>
/// <param name="Unit">The unit, one of the programme's.</param>
/// <param name="Amount">How much; less than 0 counts as 0, and the receipt says so.</param>
public readonly record struct Earning(string Unit, long Amount)
{
    /// <summary>How much of the amount comes from rounding; the rest is the base.</summary>
    public long Rounding { get; init; }
}

/// <summary>What an earlier rule gave.</summary>
/// <param name="Rule">The rule.</param>
/// <param name="Earning">What it gave, after cutting.</param>
public readonly record struct Award(string Rule, Earning Earning);
