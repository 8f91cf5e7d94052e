using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Values;

namespace Crm.Loyalty.Linting;

/// <summary>The best that a member gets for a unit: so many of it for so much.</summary>
/// <param name="Unit">The unit.</param>
/// <param name="Units">How many are given.</param>
/// <param name="Pays">What they are worth.</param>
/// <param name="Path">The reward or the payment that gives it, as the JSON form spells it.</param>
public sealed record UnitWorth(string Unit, long Units, Money Pays, string Path)
{
    /// <summary>What one unit is worth, in the main unit of the currency.</summary>
    public decimal Each => Pays.Amount / Units;

    /// <summary>Every way of getting something for a unit, the best first.</summary>
    internal static IEnumerable<UnitWorth> All(LoyaltyProgram program, string unit, LintAssumptions assumptions) =>
        program.Rewards.SelectMany((reward, place) => reward.Costs.Where(cost => cost.Unit == unit).Select(cost => WorthOf(reward, assumptions) is { MinorUnits: > 0 } worth ? new UnitWorth(unit, cost.Amount, worth, $"rewards[{place}]") : null))
            .Append(program.Payment is { } payment && payment.Unit == unit ? new UnitWorth(unit, payment.Points, payment.Value, "payment") : null)
            .OfType<UnitWorth>().OrderByDescending(worth => worth.Each);

    /// <summary>Whether nobody knows what a reward costs in a currency who gives it. Units that it gives are bounded and priced as such.</summary>
    internal static bool IsUnknown(Reward reward, LintAssumptions assumptions, Currency currency) => reward.Kind is not RewardKind.Units && WorthOf(reward, assumptions)?.Currency != currency;

    /// <summary>What a reward is worth; null where nobody has said what the article costs.</summary>
    internal static Money? WorthOf(Reward reward, LintAssumptions assumptions) => reward.Kind switch
    {
        RewardKind.Discount { Amount: var amount } => amount,
        RewardKind.GiftCard { Amount: var amount } => amount,
        RewardKind.Cashback { Amount: var amount } => amount,
        RewardKind.FreeItem item => assumptions.PriceOf(item.Sku) is { } price ? price with { MinorUnits = checked(price.MinorUnits * item.Quantity) } : null,
        RewardKind.Physical { Sku: var sku } => assumptions.PriceOf(sku),
        _ => null,
    };
}
