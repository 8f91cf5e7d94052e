using Crm.Ledger;
using NodaTime;

namespace Crm.Loyalty.Wallets;

/// <summary>
/// What refunds took from other lots than those that the refunded purchases had filled, because these were empty: above 0 what a lot gave for others, below 0 what others gave for it, so that all of it adds up to 0.
/// What is known to have been taken instead can be put back before more is taken. So what refunds have taken of each lot is a function of what they are to have taken in all and of what there was to take, in however
/// many pieces and in whichever order they came.
/// </summary>
internal sealed class TakenInstead
{
    private readonly SortedDictionary<string, long> lots;

    public TakenInstead(IEnumerable<(string Lot, long Amount)> lots)
    {
        this.lots = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (var (lot, amount) in lots)
        {
            Add(lot, amount);
        }
    }

    /// <summary>Above 0 what a lot, the debt or the shortfall gave for others; below 0 what others gave for it.</summary>
    public long this[string lot] => lots.GetValueOrDefault(lot);

    /// <summary>All that are not 0, by name.</summary>
    public IEnumerable<(string Lot, long Amount)> Lots => lots.Select(lot => (lot.Key, lot.Value));

    /// <summary>A lot gave so many more for others, or, below 0, others for it.</summary>
    public void Add(string lot, long amount)
    {
        if (this[lot] + amount is var sum && sum != 0)
        {
            lots[lot] = sum;
        }
        else
        {
            lots.Remove(lot);
        }
    }

    /// <summary>What can still be put back: what ran out, or was a debt and is repaid, stays taken, and for whatever it was taken has got it for good.</summary>
    /// <param name="wallet">What there is now.</param>
    /// <param name="asksOf">Whether a purchase that filled a lot may still be refunded.</param>
    /// <param name="now">The moment.</param>
    public TakenInstead Open(Wallet wallet, Func<string, bool> asksOf, Instant now)
    {
        var open = new TakenInstead(Lots.Select(lot => (PendingLot.NameAt(lot.Lot, now), lot.Amount)));
        foreach (var (lot, amount) in open.Lots.ToList())
        {
            var over = lot switch
            {
                Lot.Shortfall => 0,
                Lot.Debt => Math.Max(0, amount - wallet.Debt),
                _ when amount > 0 => Lot.Parse(lot) is { } own && (own.Expiry <= now || (own.Idles && !(wallet.IdleUntil > now))) ? amount : 0,
                _ => asksOf(lot) ? 0 : amount,
            };
            open.Close(lot, over);
        }

        return open;
    }

    // As much again of the other side, by name.
    private void Close(string lot, long amount)
    {
        var rest = amount > 0 ? Math.Min(amount, Math.Max(this[lot], 0)) : Math.Max(amount, Math.Min(this[lot], 0));
        foreach (var (other, its) in Lots.ToList())
        {
            if (rest != 0 && Math.Sign(its) == -Math.Sign(rest))
            {
                var part = rest > 0 ? Math.Min(rest, -its) : Math.Max(rest, -its);
                Add(lot, -part);
                Add(other, part);
                rest -= part;
            }
        }
    }
}
