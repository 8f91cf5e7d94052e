using Crm.Ledger;
using Crm.Loyalty.Redemption;
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

    /// <summary>The balances at an instant, kind by kind, by the entries that count at or before it. When what is set aside returns by itself is not in the ledger: at an instant of the future it is set aside still.</summary>
    /// <inheritdoc cref="At"/>
    public static WalletBalances BalancesAt(IReadOnlyCollection<LedgerEntry> entries, string program, string unit, Instant at)
    {
        ArgumentNullException.ThrowIfNull(entries);
        var wallet = At(entries, program, unit, at).Settled().Wallet;
        var reserved = entries.Where(entry => entry.Program == program && entry.Unit == unit && entry.Lot == Reservation.Lot && entry.OccurredAt <= at).Sum(entry => entry.Amount);
        return new WalletBalances(wallet.Available, wallet.PendingTotal, reserved, wallet.Debt);
    }

    /// <summary>The sums of all movements of a unit, by kind.</summary>
    public static MovementTotals Totals(IEnumerable<LedgerEntry> entries, string program, string unit)
    {
        ArgumentNullException.ThrowIfNull(entries);
        var totals = new MovementTotals(0, 0, 0, 0, 0);
        foreach (var entry in entries.Where(entry => entry.Program == program && entry.Unit == unit))
        {
            totals = entry.Movement switch
            {
                Movement.Issued => totals with { Issued = checked(totals.Issued + entry.Amount) },
                Movement.Spent => totals with { Spent = checked(totals.Spent - entry.Amount) },
                Movement.Expired => totals with { Expired = checked(totals.Expired - entry.Amount) },
                Movement.Reversed => totals with { Reversed = checked(totals.Reversed - entry.Amount) },
                Movement.Transferred => totals with { Transferred = checked(totals.Transferred - entry.Amount) },
                _ => totals,
            };
            totals = entry.Lot == Reservation.Lot ? OfReserved(totals, entry) : IsPending(entry.Lot) ? OfPending(totals, entry) : totals;
        }

        return totals;
    }

    private static MovementTotals OfReserved(MovementTotals totals, LedgerEntry entry) => entry.Movement switch
    {
        Movement.Offset when entry.Amount > 0 => totals with { SetAside = checked(totals.SetAside + entry.Amount) },
        Movement.Offset => totals with { PutBack = checked(totals.PutBack - entry.Amount) },
        _ => totals with { Captured = checked(totals.Captured - entry.Amount) },
    };

    private static MovementTotals OfPending(MovementTotals totals, LedgerEntry entry) => entry.Movement switch
    {
        Movement.Issued => totals with { Promised = checked(totals.Promised + entry.Amount) },
        Movement.Offset => totals with { Activated = checked(totals.Activated - entry.Amount) },
        _ => totals with { GivenUp = checked(totals.GivenUp - entry.Amount) },
    };

    private static bool IsPending(string lot) => lot.StartsWith(PendingPrefix, StringComparison.Ordinal) || lot.StartsWith(HeldPrefix, StringComparison.Ordinal);

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

/// <summary>
/// The sums of a unit's movements, each counted as its name says. Issued less the four others is what is available, pending and set aside, less the debt. The properties say what went through the two
/// places where units wait: promised − activated − given up is pending, set aside − put back − captured is reserved.
/// </summary>
/// <param name="Issued">What came into being, what was written off of a shortfall included.</param>
/// <param name="Spent">What was spent, less what came back.</param>
/// <param name="Expired">What ran out, less what was reinstated.</param>
/// <param name="Reversed">What was taken back.</param>
/// <param name="Transferred">What went elsewhere, less what came from there.</param>
public sealed record MovementTotals(long Issued, long Spent, long Expired, long Reversed, long Transferred)
{
    /// <summary>What is available, pending and set aside, less the debt.</summary>
    public long Held => Issued - Spent - Expired - Reversed - Transferred;

    /// <summary>Of what was issued, what could not be spent at once.</summary>
    public long Promised { get; init; }

    /// <summary>Of what was promised, what became available.</summary>
    public long Activated { get; init; }

    /// <summary>Of what was promised, what was taken back or lapsed before it became available.</summary>
    public long GivenUp { get; init; }

    /// <summary>What was set aside.</summary>
    public long SetAside { get; init; }

    /// <summary>Of what was set aside, what returned to its lots.</summary>
    public long PutBack { get; init; }

    /// <summary>Of what was set aside, what was spent.</summary>
    public long Captured { get; init; }

    /// <summary>What is pending.</summary>
    public long Pending => Promised - Activated - GivenUp;

    /// <summary>What is set aside.</summary>
    public long Reserved => SetAside - PutBack - Captured;
}
