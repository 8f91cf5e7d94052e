using Crm.Conditions;
using Crm.Events;
using Crm.Loyalty.Wallets;
using Crm.Values;

namespace Crm.Loyalty.Rules;

/// <summary>
/// Decides what an event earns: base, bonus, multiplier and cap are this one interface, and a rule sees what the rules before it gave.
/// A rule is pure: the same context gives the same earnings, with no clock, store or luck. The core writes what it proposes, cuts what is below 0, applies the rule's terms and the programme's limits, and names a rule that fails.
/// </summary>
public interface IEarningRule
{
    /// <summary>Its name within the programme; ledger entries and receipts name it.</summary>
    string Name { get; }

    /// <summary>From 1; counts up whenever the same event would earn otherwise. It is part of the programme's hash.</summary>
    int Version { get; }

    /// <summary>The kinds of events that it looks at; purchases unless it says otherwise. Echoes of other modules, such as "segment.entered", are kinds too.</summary>
    Sequence<string> On => OnPurchase;

    /// <summary>Every condition that it will ever ask <see cref="EarningContext.Holds"/> about.</summary>
    Sequence<Condition> Conditions => [];

    /// <summary>Where, when, how often and how much it applies; everywhere and always unless it says otherwise. The core sees to it.</summary>
    EarningTerms Terms => EarningTerms.Usual;

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

    /// <summary>An exact part of a unit on top, to be rounded down together with those of the other rules.</summary>
    public Fraction Part { get; init; }

    /// <summary>
    /// What the rule counted on and what rounding left of it, for the receipt; null: the receipt says nothing of it. A rule that says it left more than there was, or counted on units that the programme does not have,
    /// gives without it, and the receipt names the rule.
    /// </summary>
    public CountedOn? CountedOn { get; init; }

    /// <summary>When this award runs out; null: as the rule's terms say, and where they say nothing, as the member's tier and the unit say. Where this, the activation or the issuer cannot be, the award is as if it said nothing of them, and the receipt names the rule.</summary>
    public LotExpiry? Expiry
    {
        get => overrides?.Expiry;
        init => overrides = Overrides.Of(value, overrides?.Activation, overrides?.Issuer, overrides?.Parts);
    }

    /// <summary>When this award can be spent; null: as the rule's terms say, and where they say nothing, the unit.</summary>
    public Activation? Activation
    {
        get => overrides?.Activation;
        init => overrides = Overrides.Of(overrides?.Expiry, value, overrides?.Issuer, overrides?.Parts);
    }

    /// <summary>The partner on whose account the units are issued; null: the programme's own.</summary>
    public string? Issuer
    {
        get => overrides?.Issuer;
        init => overrides = Overrides.Of(overrides?.Expiry, overrides?.Activation, value, overrides?.Parts);
    }

    /// <summary>Exact parts of units on top of what the rule counted on.</summary>
    internal UnitParts? Parts
    {
        get => overrides?.Parts;
        init => overrides = Overrides.Of(overrides?.Expiry, overrides?.Activation, overrides?.Issuer, value);
    }

    // Most awards say nothing of their own, and awards are kept by value.
    private readonly Overrides? overrides;

    private sealed record Overrides(LotExpiry? Expiry, Activation? Activation, string? Issuer, UnitParts? Parts)
    {
        public static Overrides? Of(LotExpiry? expiry, Activation? activation, string? issuer, UnitParts? parts) =>
            expiry is null && activation is null && issuer is null && parts is null ? null : new Overrides(expiry, activation, issuer, parts);
    }
}

/// <summary>Exact parts of units that a rule met, which no whole number says.</summary>
/// <param name="Basis">On top of the units that it counted on.</param>
/// <param name="Carried">Kept of earlier events.</param>
/// <param name="Left">What rounding down left.</param>
/// <param name="Keeps">Whether what is left counts with the member's next event; otherwise it was dropped.</param>
internal sealed record UnitParts(Fraction Basis, Fraction Carried, Fraction Left, bool Keeps);

/// <summary>What an earlier rule gave.</summary>
/// <param name="Rule">The rule.</param>
/// <param name="Earning">What it gave, after cutting.</param>
public readonly record struct Award(string Rule, Earning Earning);
