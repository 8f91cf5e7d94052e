using Crm.Events;
using Crm.Values;

namespace Crm.Engine;

/// <summary>What is left of one event with spend while amendments take from it.</summary>
internal sealed class KeptSpend
{
    private readonly decimal[] quantities;
    private readonly long[] amounts;
    private readonly long original;
    private readonly Int128 goods;
    private long spend;
    private long toSpread;
    private bool touched;

    public KeptSpend(CustomerEvent happened)
    {
        Happened = happened;
        original = happened.Spend?.MinorUnits ?? 0;
        spend = original;
        Currency = happened.Spend?.Currency ?? default;
        quantities = [.. happened.Lines.Select(line => line.Quantity)];
        amounts = [.. happened.Lines.Select(line => line.Amount.MinorUnits)];
        goods = amounts.Aggregate((Int128)0, static (sum, amount) => sum + amount);
    }

    public CustomerEvent Happened { get; }

    public Currency Currency { get; }

    /// <summary>The amount that may still be taken.</summary>
    public long Available => spend - toSpread;

    /// <summary>Takes from a line what a refunded line still wants: what was paid back for it, as far as the line and the event have it.</summary>
    public LineMatch Take(int line, LineMatch match)
    {
        var quantity = Math.Min(match.Line.Quantity - match.Quantity, quantities[line]);
        if (quantity <= 0)
        {
            return match;
        }

        var reached = match.Quantity + quantity;
        var due = decimal.ToInt64(decimal.Round(match.Worth * reached / match.Line.Quantity, 0, MidpointRounding.ToEven)) - match.Amount;
        var amount = Math.Min(Math.Max(0, due), Math.Min(PaidFor(amounts[line]), Available));
        quantities[line] -= quantity;
        amounts[line] = original == 0 ? PriceLeft(line) : amounts[line] - PriceOf(amount, amounts[line]);
        spend -= amount;
        touched = true;
        return match with { Quantity = reached, Amount = match.Amount + amount };
    }

    /// <summary>Takes an amount in proportion of the lines, as far as there is any.</summary>
    /// <returns>The amount taken.</returns>
    public long Spread(long amount)
    {
        var spread = Math.Min(amount, Available);
        toSpread += spread;
        touched |= spread > 0;
        return spread;
    }

    /// <summary>Takes what was paid back for this event by its name, as <see cref="Spread"/> does. Where it cost nothing, and no goods say how much of it came back, it is taken back wholly, with its goods.</summary>
    /// <param name="amount">What was paid back besides the goods.</param>
    /// <param name="namesGoods">Whether goods were named; these have been taken.</param>
    /// <returns>The amount taken.</returns>
    public long TakeBack(long amount, bool namesGoods)
    {
        if (original == 0 && !(namesGoods && quantities.Length > 0))
        {
            Array.Clear(quantities);
            touched = true;
        }

        return Spread(amount);
    }

    /// <summary>The event as it is left; null when nothing is.</summary>
    public CustomerEvent? Left()
    {
        if (!touched)
        {
            return Happened;
        }

        if (IsGone)
        {
            return null;
        }

        var fromLines = Apportionment.Of(PriceOf(toSpread, amounts.Sum()), amounts);
        return Happened with
        {
            Spend = new Money(Available, Currency),
            Fields = Parts(),
            Lines = Happened.Lines.Select((line, index) => line with { Quantity = quantities[index], Amount = line.Amount with { MinorUnits = amounts[index] - fromLines[index] } })
                .Where(line => line.Quantity > 0 || line.Amount.MinorUnits > 0)
                .ToSequence(),
        };
    }

    // Of goods with a discount on the whole less was paid than their lines say. Upwards, so that no cent of a line stays behind.
    private long PaidFor(long price) => price == 0 || goods <= original ? price : (long)((((Int128)price * original) + goods - 1) / goods);

    private long PriceOf(long paid, long most) => (long)Int128.Min(most, paid == 0 || goods <= original ? paid : (((Int128)paid * goods) + original - 1) / original);

    // Of goods for which nothing was paid: a function of the quantity that is left. Upwards, so that what had a price has one as long as any of it is left.
    private long PriceLeft(int line) => (long)decimal.Ceiling(Happened.Lines[line].Amount.MinorUnits * quantities[line] / Happened.Lines[line].Quantity);

    // What cost something goes with its money, and gifts among its goods with it; what cost nothing goes with its goods.
    private bool IsGone => touched && (original > 0 ? Available == 0 : Array.TrueForAll(quantities, static quantity => quantity == 0));

    // Tax, delivery and the like shrink with what they are part of: a function of what is left in all, so that it does not matter in how many pieces the rest was taken.
    private Fields Parts()
    {
        var fields = Happened.Fields;
        var (left, all) = Share;
        foreach (var name in EventKinds.PartsOfSpend)
        {
            if (fields[name] is { Kind: ScalarKind.Number, AsNumber: > 0 and var part })
            {
                var minor = part * Currency.MinorUnitsPerUnit;
                var kept = left > 0 && minor > decimal.MaxValue / left ? minor / all * left : minor * left / all;
                fields = fields.With(name, decimal.Floor(kept) / Currency.MinorUnitsPerUnit);
            }
        }

        return fields;
    }

    // Of how much how much is left: of the spend; of the prices of goods for which nothing was paid; of their quantities where they had no prices either.
    private (decimal Left, decimal All) Share => original > 0 ? (Available, original)
        : goods > 0 ? (amounts.Sum(static amount => (decimal)amount), (decimal)goods)
        : (quantities.Sum(), Happened.Lines.Sum(static line => line.Quantity));
}
