using Crm.Conditions;
using Crm.Loyalty.Wallets;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Members;

/// <summary>For what a referral pays.</summary>
public enum ReferralFor
{
    /// <summary>The friend came.</summary>
    Coming,

    /// <summary>The friend's first purchase.</summary>
    FirstPurchase,

    /// <summary>The friend's second purchase: what people who only refer themselves rarely make.</summary>
    SecondPurchase,

    /// <summary>Each of the friend's purchases.</summary>
    EveryPurchase,
}

/// <summary>Recommending friends (推薦): what both sides get, for what, and what is not believed.</summary>
public sealed record ReferralRules
{
    /// <summary>What it pays for.</summary>
    public ReferralFor For { get; init; } = ReferralFor.FirstPurchase;

    /// <summary>What the advocate gets each time; null: nothing.</summary>
    public UnitAmount? Advocate { get; init; }

    /// <summary>What the friend gets each time; null: nothing.</summary>
    public UnitAmount? Friend { get; init; }

    /// <summary>How many days a purchase must stand before it pays, counted from its day: a refund within them leaves nothing to pay. 0: at once.</summary>
    public int HoldDays { get; init; }

    /// <summary>The least that counts as a purchase, at the rate of the event for one in another currency; null: any.</summary>
    public Money? Minimum { get; init; }

    /// <summary>How many times an advocate is paid within 365 days, by this programme; what was over it and not paid does not count. Null: no limit.</summary>
    public int? MostPerAdvocate { get; init; }

    /// <summary>The signals, as the host names them, that refuse a referral: "same-card", "same-device".</summary>
    public Sequence<string> Block { get; init; }

    /// <summary>The signals that hold a referral until staff approve it: "same-address", "household".</summary>
    public Sequence<string> Flag { get; init; }

    /// <summary>True for somebody who has bought before, and so does not come through a friend.</summary>
    internal static Condition BoughtBefore { get; } = new Condition.EventWindow(Events.EventKinds.PurchaseName, new Measure.Count(), new Window.Lifetime(), new Test.AtLeast(1));
}

/// <summary>By whom a customer was brought, and what came of it.</summary>
public sealed record ReferralStanding
{
    /// <summary>Who brought them.</summary>
    public required CustomerId Advocate { get; init; }

    /// <summary>Whether staff still have to approve it; nothing is paid before.</summary>
    public bool Flagged { get; init; }

    /// <summary>The friend's purchases that counted.</summary>
    public int Purchases { get; init; }

    /// <summary>What the friend has bought for since, whatever counts and whatever pays, less what came back; one amount for each currency, by its code. In a programme without cascade what came back is not taken off.</summary>
    public Sequence<Money> Brought { get; init; }

    /// <summary>What was paid, or waits to be.</summary>
    public int Payments { get; init; }

    /// <summary>When payments that wait are due, earliest first.</summary>
    public Sequence<Instant> Waiting { get; init; }

    internal ReferralStanding Bringing(Money? spend) => spend is { MinorUnits: > 0 } more
        ? this with { Brought = Memberships.Sorted.With(Brought, Brought.Where(known => known.Currency == more.Currency).Aggregate(more, (sum, known) => sum + known), static money => money.Currency.Code) }
        : this;
}
