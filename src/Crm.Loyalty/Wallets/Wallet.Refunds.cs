using Crm.Ledger;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Wallets;

/// <summary>What refunds take back and give back, as a function of what they are to have taken in all.</summary>
public sealed partial record Wallet
{
    /// <summary>
    /// Takes back more of what purchases earned, or less. What was taken instead of something else is put back first; then each lot gives what is asked of it, pending or not, and for what it has not the others give, as to a spend.
    /// Where units may not be owed, a refund never asks again for what was written off, as long as not less is to be taken.
    /// </summary>
    /// <param name="more">How many more are to have been taken of what went into each lot; below 0 where it is fewer.</param>
    /// <param name="instead">What was taken from other lots so far.</param>
    /// <param name="asksOf">Whether a purchase that filled a lot may still be refunded.</param>
    /// <param name="policy">What becomes of what is not there.</param>
    /// <param name="fresh">The lot for what comes back to one that cannot be told any more.</param>
    /// <param name="now">The moment.</param>
    /// <param name="held">What a name stands for, without amount, of units that wait for an event and of which nothing is left; null for others.</param>
    /// <returns>The wallet, and what has been taken instead.</returns>
    internal (WalletChange Change, TakenInstead Instead) TakeBack(IEnumerable<(string Lot, long More)> more, TakenInstead instead, Func<string, bool> asksOf, DebtPolicy policy, Lot fresh, Instant now, Func<string, PendingLot?>? held = null)
    {
        var settled = Settled();
        var asked = more.Select(lot => (PendingLot.NameAt(lot.Lot, now), lot.More)).ToList();
        var (wallet, then) = settled.Wallet.Taken(asked, instead.Open(settled.Wallet, asksOf, now), policy, lot => PendingLot.Parse(lot) ?? held?.Invoke(lot), fresh);
        var movements = settled.Movements.Concat(Moved(settled.Wallet, wallet)).ToList();
        return (wallet.IsSettled ? new WalletChange(wallet, movements.ToSequence()) : wallet.Settle(movements), then);
    }

    private (Wallet Wallet, TakenInstead Instead) Taken(List<(string Lot, long More)> asked, TakenInstead instead, DebtPolicy policy, Func<string, PendingLot?> waits, Lot fresh)
    {
        var more = asked.Sum(lot => lot.More);
        var wanted = instead.Lots.Where(lot => lot.Amount < 0).Select(lot => (lot.Lot, More: -lot.Amount)).Concat(asked)
            .GroupBy(lot => lot.Lot, StringComparer.Ordinal).OrderBy(lot => lot.Key, StringComparer.Ordinal).Select(lot => (Lot: lot.Key, Amount: lot.Sum(one => one.More))).ToList();
        var back = instead.Lots.Where(lot => lot.Amount > 0 && lot.Lot != Lot.Shortfall).Concat(wanted.Where(lot => lot.Amount < 0).Select(lot => (lot.Lot, -lot.Amount))).ToList();
        wanted.RemoveAll(lot => lot.Amount <= 0);

        // Of what was written off nothing is asked again of units that came later.
        var writtenOff = instead[Lot.Shortfall] is > 0 and var before ? Math.Min(before, (this with { Lots = [] }).Returned(back, waits, fresh).Collected(wanted, 0, policy, waits, fresh).Missing) : 0;
        var (wallet, then, missing) = Returned(back, waits, fresh).Collected(wanted, writtenOff, policy, waits, fresh);
        if (policy == DebtPolicy.Reject && missing > 0 && more > 0)
        {
            return (this with { Shortfall = checked(Shortfall + more) }, new TakenInstead([.. instead.Lots, .. asked.Select(lot => (lot.Lot, -lot.More)), (Lot.Shortfall, more)]));
        }

        var owed = policy == DebtPolicy.Carry ? missing : 0;
        writtenOff += missing - owed;
        then.Add(Lot.Debt, owed);
        then.Add(Lot.Shortfall, writtenOff);
        return (wallet with { Debt = checked(wallet.Debt + owed), Shortfall = checked(wallet.Shortfall + writtenOff - instead[Lot.Shortfall]) }, then);
    }

    // From each lot what is wanted of it, for pending units then from the lot that they would go into, then from those that run out first.
    private (Wallet Wallet, TakenInstead Instead, long Missing) Collected(List<(string Lot, long Amount)> wanted, long writtenOff, DebtPolicy policy, Func<string, PendingLot?> waits, Lot fresh)
    {
        var (wallet, instead, rest) = (this, new TakenInstead(wanted.Select(lot => (lot.Lot, -lot.Amount))), wanted.Sum(lot => lot.Amount) - writtenOff);
        wanted.ForEach(lot => Take(lot.Lot, lot.Amount));
        if (policy != DebtPolicy.PendingOnly)
        {
            wanted.ForEach(lot => Take(PendingLot.Parse(lot.Lot)?.Lot.Name ?? lot.Lot, -instead[lot.Lot]));
            wallet.Lots.ToList().ForEach(lot => Take(lot.Name, lot.Amount));
        }

        return (wallet, instead, rest);

        void Take(string from, long most)
        {
            var taken = Math.Min(Math.Min(most, rest), wallet.HeldIn(from, orActive: policy != DebtPolicy.PendingOnly));
            if (taken > 0)
            {
                wallet = wallet.PutInto(from, -taken, waits, fresh);
                instead.Add(from, taken);
                rest -= taken;
            }
        }
    }

    private Wallet Returned(List<(string Lot, long Amount)> lots, Func<string, PendingLot?> waits, Lot fresh) => lots.Aggregate(this, (wallet, lot) => wallet.PutInto(lot.Lot, lot.Amount, waits, fresh));

    private PendingLot? Waiting(string lot) => Pending.FirstOrDefault(pending => pending.Name == lot);

    private long HeldIn(string lot, bool orActive) => Waiting(lot)?.Lot.Amount ?? (orActive ? Lots.FirstOrDefault(own => own.Name == lot).Amount : 0);

    private Wallet PutInto(string lot, long amount, Func<string, PendingLot?> waits, Lot fresh) =>
        lot == Lot.Debt ? this with { Debt = Debt - amount }
        : (Waiting(lot) ?? waits(lot)) is { } pending ? this with { Pending = Added(Pending, pending with { Lot = pending.Lot with { Amount = amount } }) }
        : this with { Lots = Added(Lots, (Lot.Parse(lot) ?? fresh) with { Amount = amount }) };

    // Each lot moves once, whatever was put back and taken again.
    private static IEnumerable<LotMovement> Moved(Wallet before, Wallet after)
    {
        var lots = Amounts(after).Concat(Amounts(before).Select(lot => (lot.Lot, Amount: -lot.Amount)))
            .GroupBy(lot => lot.Lot, StringComparer.Ordinal).Select(lot => new LotMovement(lot.Key, Movement.Reversed, lot.Sum(one => one.Amount)));
        var writtenOff = after.Shortfall - before.Shortfall;
        return lots.Append(new LotMovement(Lot.Shortfall, Movement.Reversed, -writtenOff)).Append(new LotMovement(Lot.Shortfall, Movement.Issued, writtenOff)).Where(moved => moved.Amount != 0);

        static IEnumerable<(string Lot, long Amount)> Amounts(Wallet wallet) =>
            wallet.Pending.Select(lot => (lot.Name, lot.Lot.Amount)).Concat(wallet.Lots.Select(lot => (lot.Name, lot.Amount))).Append((Lot.Debt, -wallet.Debt));
    }
}
