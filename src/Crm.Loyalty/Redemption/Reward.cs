using System.Runtime.InteropServices;
using Crm.Conditions;
using Crm.Loyalty.Wallets;
using Crm.Values;

namespace Crm.Loyalty.Redemption;

/// <summary>Something that is bought with units.</summary>
public sealed record Reward
{
    /// <summary>Its name within the programme.</summary>
    public required string Name { get; init; }

    /// <summary>What it is.</summary>
    public required RewardKind Kind { get; init; }

    /// <summary>What it costs: the first whose condition holds. Where that one cannot be paid, no other is tried. None: it costs nothing.</summary>
    public Sequence<RewardCost> Costs { get; init; }

    /// <summary>When it is there: dates, hours, tiers, segments; null: always.</summary>
    public Condition? When { get; init; }

    /// <summary>Whether there is a limited stock, the supply <see cref="Programs.LoyaltyNames.StockOf"/>, which the host fills.</summary>
    public bool Stocked { get; init; }

    /// <summary>How many one member gets in <see cref="Per"/>; null: no limit.</summary>
    public int? MostPerMember { get; init; }

    /// <summary>The span of <see cref="MostPerMember"/>.</summary>
    public RewardSpan Per { get; init; }

    /// <summary>The form of the code that each one carries; null: it carries none and is handed over at once.</summary>
    public RewardCodeForm? Code { get; init; }

    /// <summary>How long a code can be used; null: for ever. Units are not given back when it runs out.</summary>
    public LotExpiry? CodeLife { get; init; }

    /// <summary>From this balance of its first cost's unit on it is given by itself, at most 10 times a day, before tiers are counted: as soon as units are available, by whatever event, hand or day; null: it has to be asked for.</summary>
    public long? AutoAt { get; init; }
}

/// <summary>What a reward costs.</summary>
/// <param name="Unit">A redeemable unit of the programme.</param>
/// <param name="Amount">How much; more than 0.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct RewardCost(string Unit, long Amount)
{
    /// <summary>For whom and when, such as for a tier; null: always.</summary>
    public Condition? When { get; init; }
}

/// <summary>A span for which a member's rewards are counted.</summary>
public enum RewardSpan
{
    /// <summary>Ever.</summary>
    Ever,

    /// <summary>The calendar day in the programme's zone.</summary>
    Day,

    /// <summary>The calendar month in the programme's zone.</summary>
    Month,

    /// <summary>The calendar year in the programme's zone.</summary>
    Year,
}

/// <summary>A kind of reward of a team's own: pure, and part of the programme's hash by name and version.</summary>
public interface IRewardKind
{
    /// <summary>Its name, by which a programme in JSON refers to it.</summary>
    string Name { get; }

    /// <summary>From 1; counts up whenever it gives something else.</summary>
    int Version { get; }

    /// <summary>What so many of it give, as codes and numbers for whoever hands it over; the echo carries them.</summary>
    /// <param name="times">How many; 1 or more.</param>
    Fields Give(int times);
}

/// <summary>What a reward is. The host hands it over; units are given by the programme itself.</summary>
public abstract record RewardKind
{
    private protected RewardKind()
    {
    }

    /// <summary>The code of the kind, such as "discount".</summary>
    public abstract string Code { get; }

    /// <summary>What so many of it give, for whoever hands it over.</summary>
    public virtual Fields Give(int times) => default;

    /// <summary>How many of the reward make so many articles.</summary>
    internal virtual long TimesFor(long quantity) => quantity;

    /// <summary>An amount off the next order.</summary>
    /// <param name="Amount">More than 0.</param>
    public sealed record Discount(Money Amount) : RewardKind
    {
        /// <inheritdoc/>
        public override string Code => "discount";

        /// <inheritdoc/>
        public override Fields Give(int times) => Fields.Of(("amount", Amount.Amount * times), ("currency", Amount.Currency.Code));
    }

    /// <summary>A share off the next order.</summary>
    /// <param name="Percent">More than 0, at most 100.</param>
    /// <param name="Most">The most it takes off; null: no limit.</param>
    public sealed record Percentage(decimal Percent, Money? Most = null) : RewardKind
    {
        /// <inheritdoc/>
        public override string Code => "percentage";

        /// <inheritdoc/>
        public override Fields Give(int times) => Fields.Of(("percent", Percent), ("most", Most is { } most ? Scalar.Of(most.Amount) : default), ("currency", Most is { } limit ? Scalar.Of(limit.Currency.Code) : default));
    }

    /// <summary>An article for nothing.</summary>
    /// <param name="Sku">The article.</param>
    /// <param name="Quantity">How many one reward is; a request for 5 of a reward of 2 takes 3.</param>
    public sealed record FreeItem(string Sku, int Quantity = 1) : RewardKind
    {
        /// <inheritdoc/>
        public override string Code => "free-item";

        /// <inheritdoc/>
        public override Fields Give(int times) => Fields.Of(("sku", Sku), ("quantity", (long)Quantity * times));

        internal override long TimesFor(long quantity) => (quantity + Quantity - 1) / Quantity;
    }

    /// <summary>A gift card.</summary>
    /// <param name="Amount">What is on it.</param>
    public sealed record GiftCard(Money Amount) : RewardKind
    {
        /// <inheritdoc/>
        public override string Code => "gift-card";

        /// <inheritdoc/>
        public override Fields Give(int times) => Fields.Of(("amount", Amount.Amount * times), ("currency", Amount.Currency.Code));
    }

    /// <summary>A thing that is sent or handed over.</summary>
    /// <param name="Sku">The thing.</param>
    public sealed record Physical(string Sku) : RewardKind
    {
        /// <inheritdoc/>
        public override string Code => "physical";

        /// <inheritdoc/>
        public override Fields Give(int times) => Fields.Of(("sku", Sku), ("quantity", times));
    }

    /// <summary>Units of another wallet, issued at once.</summary>
    /// <param name="Amount">Which and how many.</param>
    public sealed record Units(UnitAmount Amount) : RewardKind
    {
        /// <inheritdoc/>
        public override string Code => "units";

        /// <inheritdoc/>
        public override Fields Give(int times) => Fields.Of(("unit", Amount.Unit), ("amount", Amount.Amount * times));
    }

    /// <summary>Money paid back.</summary>
    /// <param name="Amount">How much.</param>
    public sealed record Cashback(Money Amount) : RewardKind
    {
        /// <inheritdoc/>
        public override string Code => "cashback";

        /// <inheritdoc/>
        public override Fields Give(int times) => Fields.Of(("amount", Amount.Amount * times), ("currency", Amount.Currency.Code));
    }

    /// <summary>Delivery for nothing.</summary>
    public sealed record Shipping : RewardKind
    {
        /// <inheritdoc/>
        public override string Code => "shipping";
    }

    /// <summary>A kind of a team's own.</summary>
    /// <param name="Own">The kind.</param>
    public sealed record Custom(IRewardKind Own) : RewardKind
    {
        /// <inheritdoc/>
        public override string Code => Own.Name;

        /// <inheritdoc/>
        public override Fields Give(int times) => Own.Give(times);
    }
}
