using System.Globalization;
using System.Numerics;
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
    public PointsQuote Quote(long wanted, long balance, Money order) => order.Currency == Value.Currency
        ? Quote(wanted, balance, order, 1)
        : throw new ArgumentException($"The order is in {order.Currency}, and units pay in {Value.Currency}; the rate between the two is expected.", nameof(order));

    /// <summary>What can be paid of an order in any currency: as <see cref="Quote(long, long, Money)"/> says, with what units are worth converted to it exactly, so that they pay whole minor units of it and never more than they are worth.</summary>
    /// <param name="wanted">How many units the customer wants to use.</param>
    /// <param name="balance">How many are available.</param>
    /// <param name="order">What the order comes to.</param>
    /// <param name="rate">How much in the currency of <see cref="Value"/> one of the order's currency is, as the look-up of <see cref="Rules.ExchangeRates.Name"/> says; 1 where they are the same.</param>
    /// <exception cref="ArgumentException">The rate is 0 or less, or is not 1 between a currency and itself.</exception>
    public PointsQuote Quote(long wanted, long balance, Money order, decimal rate)
    {
        if (rate <= 0 || (order.Currency == Value.Currency && rate != 1))
        {
            throw new ArgumentException($"One {order.Currency} is not {rate.ToString(CultureInfo.InvariantCulture)} {Value.Currency}.", nameof(rate));
        }

        // So many units pay so many minor units of the order's currency.
        var (units, pay) = (Points * Whole(rate) * BigInteger.Pow(10, Value.Currency.Decimals), Value.MinorUnits * BigInteger.Pow(10, rate.Scale + order.Currency.Decimals));
        var most = Most is { } limit ? limit.MinorUnits * Points * pay / (units * Value.MinorUnits) : order.MinorUnits;
        var paid = BigInteger.Max(0, BigInteger.Min((BigInteger)order.MinorUnits * MostPercent / 100, BigInteger.Min(most, order.MinorUnits)));
        var taken = BigInteger.Min(Math.Max(0, Math.Min(wanted, balance)), paid * units / pay);
        taken -= taken < Minimum ? taken : WholeBlocks ? taken % Points : 0;
        var money = taken * pay / units;

        // Units that would pay less than a minor unit are not taken for nothing.
        taken = money.IsZero ? 0 : WholeBlocks ? taken : ((money * units) + pay - 1) / pay;
        return new PointsQuote((long)taken, new Money((long)money, order.Currency));
    }

    // A rate without its decimal point.
    private static BigInteger Whole(decimal rate)
    {
        Span<int> parts = stackalloc int[4];
        decimal.GetBits(rate, parts);
        return ((BigInteger)(uint)parts[2] << 64) + ((BigInteger)(uint)parts[1] << 32) + (uint)parts[0];
    }
}

/// <summary>What units pay.</summary>
/// <param name="Points">How many are taken.</param>
/// <param name="Pays">What they pay.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct PointsQuote(long Points, Money Pays);
