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
        amounts[line] -= PriceOf(amount, amounts[line]);
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

    /// <summary>Takes what was paid back for this event by its name, as <see cref="Spread"/> does. Where nothing is left to take then it is taken back wholly, also one that cost nothing.</summary>
    /// <returns>The amount taken.</returns>
    public long TakeBack(long amount)
    {
        var spread = Spread(amount);
        touched |= Available == 0;
        return spread;
    }

    /// <summary>The event as it is left; null when nothing is.</summary>
    public CustomerEvent? Left()
    {
        if (!touched)
        {
            return Happened;
        }

        if (Available == 0)
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

    // Tax, delivery and the like shrink with the spend: a function of what is left in all, so that it does not matter in how many pieces the rest was taken.
    private Fields Parts()
    {
        var fields = Happened.Fields;
        foreach (var name in EventKinds.PartsOfSpend)
        {
            if (fields[name] is { Kind: ScalarKind.Number, AsNumber: > 0 and var part })
            {
                fields = fields.With(name, decimal.Floor(part * Currency.MinorUnitsPerUnit * Available / original) / Currency.MinorUnitsPerUnit);
            }
        }

        return fields;
    }
}
