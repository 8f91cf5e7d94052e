using Crm.Ledger;
using NodaTime;
using NodaTime.Text;

namespace Crm.Loyalty.Wallets;

/// <summary>Wallets as they were, are or will be at any instant, from ledger entries alone: whether or not what fell due was written by then.</summary>
public static class WalletHistory
{
    private const string PendingPrefix = "pending:";
    private const string HeldPrefix = "held:";

    /// <summary>The wallet at an instant, by the entries that count at or before it. An instant of the future shows what is left if nothing happens until then, as far as lots know it: idleness is not in the ledger.</summary>
    /// <param name="entries">The customer's entries; those of other programmes and units are passed over.</param>
    /// <param name="program">The programme.</param>
    /// <param name="unit">The unit.</param>
    /// <param name="at">The instant, included.</param>
    public static Wallet At(IEnumerable<LedgerEntry> entries, string program, string unit, Instant at)
    {
        ArgumentNullException.ThrowIfNull(entries);
        var wallet = Wallet.Empty;
        var debt = 0L;
        foreach (var (name, amount) in entries.Where(entry => entry.Program == program && entry.Unit == unit && entry.OccurredAt <= at)
            .GroupBy(entry => entry.Lot, StringComparer.Ordinal).Select(lot => (lot.Key, lot.Sum(entry => entry.Amount))).Where(lot => lot.Item2 != 0))
        {
            if (Lot.Parse(name) is { } lot)
            {
                wallet = wallet.Plus(Wallet.Empty with { Lots = [lot with { Amount = amount }] }, Wallet.Empty);
            }
            else if (Pending(name, amount) is { } pending)
            {
                wallet = wallet.Plus(Wallet.Empty with { Pending = [pending] }, Wallet.Empty);
            }
            else if (name == Lot.Debt)
            {
                debt = -amount;
            }
        }

        return (wallet with { Debt = debt }).At(at);
    }

    /// <summary>The sums of all movements of a unit, by kind.</summary>
    public static MovementTotals Totals(IEnumerable<LedgerEntry> entries, string program, string unit)
    {
        ArgumentNullException.ThrowIfNull(entries);
        var sums = entries.Where(entry => entry.Program == program && entry.Unit == unit).GroupBy(entry => entry.Movement).ToDictionary(kind => kind.Key, kind => kind.Sum(entry => entry.Amount));
        return new MovementTotals(
            sums.GetValueOrDefault(Movement.Issued),
            -sums.GetValueOrDefault(Movement.Spent),
            -sums.GetValueOrDefault(Movement.Expired),
            -sums.GetValueOrDefault(Movement.Reversed),
            -sums.GetValueOrDefault(Movement.Transferred));
    }

    // A pending lot names when it becomes available and what it becomes then.
    private static PendingLot? Pending(string name, long amount)
    {
        if (name.StartsWith(HeldPrefix, StringComparison.Ordinal))
        {
            return new PendingLot { Hold = name, Lot = new Lot(null, amount) };
        }

        var end = name.IndexOf("Z:", StringComparison.Ordinal);
        return name.StartsWith(PendingPrefix, StringComparison.Ordinal) && end > 0
            && InstantPattern.ExtendedIso.Parse(name[PendingPrefix.Length..(end + 1)]) is { Success: true, Value: var from } && Lot.Parse(name[(end + 2)..]) is { } lot
            ? new PendingLot { ActiveFrom = from, Lot = lot with { Amount = amount } }
            : null;
    }
}

/// <summary>The sums of a unit's movements, each counted as its name says. Issued less all others is what is available and pending, less the debt.</summary>
/// <param name="Issued">What came into being, what was written off of a shortfall included.</param>
/// <param name="Spent">What was spent, less what came back.</param>
/// <param name="Expired">What ran out, less what was reinstated.</param>
/// <param name="Reversed">What was taken back.</param>
/// <param name="Transferred">What went elsewhere, less what came from there.</param>
public sealed record MovementTotals(long Issued, long Spent, long Expired, long Reversed, long Transferred)
{
    /// <summary>What is available and pending, less the debt.</summary>
    public long Held => Issued - Spent - Expired - Reversed - Transferred;
}
