using System.Runtime.InteropServices;
using Crm.Values;

namespace Crm.Loyalty.Accounts;

/// <summary>
/// What accounts make of units that customers were given with a sale (IFRS 15.B39 to B43, illustrative example 52): a part of the price belongs to the units, and becomes revenue as they are redeemed.
/// Amounts are worked out exactly and rounded once, to the minor unit, a tie to the even one.
/// </summary>
public static class PointsRevenue
{
    /// <summary>Divides a price between goods and units at their relative stand-alone selling prices.</summary>
    /// <param name="price">What was paid.</param>
    /// <param name="goods">What the goods sell for by themselves; more than 0.</param>
    /// <param name="units">What the units are worth: their number, times the value of one, times the share that is expected to be redeemed; 0 or more.</param>
    /// <exception cref="InvalidOperationException">The amounts are of several currencies.</exception>
    public static PriceAllocation Allocate(Money price, Money goods, Money units)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(goods.MinorUnits, nameof(goods));
        ArgumentOutOfRangeException.ThrowIfNegative(units.MinorUnits, nameof(units));
        var whole = goods + units;
        if (price.Currency != whole.Currency)
        {
            throw new InvalidOperationException($"{price} and {whole} are of two currencies; convert one with a dated rate first.");
        }

        var toUnits = Share(price, units.MinorUnits, whole.MinorUnits);
        return new PriceAllocation(price - toUnits, toUnits);
    }

    /// <summary>The revenue of all periods up to now: the allocated amount, times what was redeemed, over what is expected to be redeemed in all. Units expected never to be redeemed are so recognised along with the others.</summary>
    /// <param name="allocated">What the units were given of the price.</param>
    /// <param name="redeemed">How many were redeemed up to now; 0 or more.</param>
    /// <param name="expected">How many are expected to be redeemed in all, by the latest estimate; more than 0, and at least those redeemed.</param>
    public static Money Recognised(Money allocated, long redeemed, long expected)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(redeemed);
        ArgumentOutOfRangeException.ThrowIfLessThan(expected, Math.Max(redeemed, 1));
        return Share(allocated, redeemed, expected);
    }

    /// <summary>The revenue of one period: that up to its end by the latest estimate, less what was recognised before. A changed estimate is so made good for at once (IFRS 15.B46).</summary>
    /// <param name="allocated">What the units were given of the price.</param>
    /// <param name="redeemed">How many were redeemed up to the end of the period.</param>
    /// <param name="expected">How many are expected to be redeemed in all, by the estimate at the end of the period.</param>
    /// <param name="before">What was recognised in earlier periods.</param>
    public static Money OfPeriod(Money allocated, long redeemed, long expected, Money before) => Recognised(allocated, redeemed, expected) - before;

    private static Money Share(Money amount, long part, long whole)
    {
        var (quotient, rest) = Int128.DivRem((Int128)amount.MinorUnits * part, whole);
        var doubled = rest * 2;
        return amount with { MinorUnits = (long)(doubled > whole || (doubled == whole && Int128.IsOddInteger(quotient)) ? quotient + 1 : quotient) };
    }
}

/// <summary>A price divided between what was sold and the units that came with it.</summary>
/// <param name="Goods">The part of the goods: revenue now.</param>
/// <param name="Units">The part of the units: a liability until they are redeemed.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct PriceAllocation(Money Goods, Money Units);
