using System.Runtime.InteropServices;
using Crm.Values;

namespace Crm.Loyalty.Redemption;

/// <summary>Units that pay part of an order, at a fixed rate.</summary>
public sealed record PointsPayment
{
    /// <summary>The redeemable unit.</summary>
    public required string Unit { get; init; }

    /// <summary>So many units …</summary>
    public required long Points { get; init; }

    /// <summary>… pay so much; both are one block, and only whole blocks are taken where <see cref="WholeBlocks"/> says so.</summary>
    public required Money Value { get; init; }

    /// <summary>Whether only multiples of <see cref="Points"/> are taken; otherwise every whole minor unit that they pay.</summary>
    public bool WholeBlocks { get; init; } = true;

    /// <summary>Fewer units than this are not taken at all.</summary>
    public long Minimum { get; init; }

    /// <summary>The most of an order that units pay, in percent; 100: all of it.</summary>
    public int MostPercent { get; init; } = 100;

    /// <summary>The most money that units pay of an order; null: no limit.</summary>
    public Money? Most { get; init; }

    /// <summary>
    /// Whether the payment of a cart takes what there is when the balance has fallen since its wish was told, and notes what is missing; otherwise it is refused, as is a payment of no cart, or of more than
    /// the balance covered then (<see cref="CartRequest.Covered"/>).
    /// </summary>
    public bool ClampsToBalance { get; init; }

    /// <summary>
    /// What can be paid: what is asked for, cut by the balance, then by the share of the order and the most of an order, then by the order itself; below the minimum nothing; then down to whole blocks.
    /// </summary>
    /// <param name="wanted">How many units the customer wants to use.</param>
    /// <param name="balance">How many are available.</param>
    /// <param name="order">What the order comes to, in the currency of <see cref="Value"/>.</param>
    /// <exception cref="ArgumentException">The order is in another currency.</exception>
    public PointsQuote Quote(long wanted, long balance, Money order)
    {
        if (order.Currency != Value.Currency)
        {
            throw new ArgumentException($"The order is in {order.Currency}, and units pay in {Value.Currency}.", nameof(order));
        }

        var paid = Int128.Max(0, Int128.Min((Int128)order.MinorUnits * MostPercent / 100, Math.Min(Most?.MinorUnits ?? long.MaxValue, order.MinorUnits)));
        var units = Math.Max(0, Math.Min(wanted, balance));
        units = (long)Int128.Min(units, paid * Points / Value.MinorUnits);
        if (units < Minimum)
        {
            return new PointsQuote(0, Value with { MinorUnits = 0 });
        }

        units -= WholeBlocks ? units % Points : 0;
        var money = (long)((Int128)units * Value.MinorUnits / Points);

        // Units that would pay less than a minor unit are not taken for nothing.
        units = WholeBlocks ? units : (long)(((Int128)money * Points + Value.MinorUnits - 1) / Value.MinorUnits);
        return new PointsQuote(units, Value with { MinorUnits = money });
    }
}

/// <summary>What units pay.</summary>
/// <param name="Points">How many are taken.</param>
/// <param name="Pays">What they pay.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct PointsQuote(long Points, Money Pays);
