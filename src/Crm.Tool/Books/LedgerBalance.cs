using Crm.Ledger;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Wallets;
using NodaTime;
using NodaTime.Text;

namespace Crm.Tool.Books;

/// <summary>
/// What one customer holds at an instant, past or future, from the ledger alone: entries up to it, and what lots do by themselves until then. Units that idle are shown as they were last written,
/// because only activity says when they end.
/// </summary>
internal sealed class LedgerBalance(Instant asOf)
{
    private const string PendingPrefix = "pending:";
    private const string HeldPrefix = "held:";

    private readonly SortedDictionary<(string Program, string Unit, string Lot), long> lots = [];

    public void Take(LedgerEntry entry)
    {
        if (entry.OccurredAt <= asOf)
        {
            var lot = (entry.Program, entry.Unit, entry.Lot);
            lots[lot] = lots.GetValueOrDefault(lot) + entry.Amount;
        }
    }

    /// <summary>Each unit that was ever held.</summary>
    public IReadOnlyList<UnitBalance> Units => [.. lots.GroupBy(lot => (lot.Key.Program, lot.Key.Unit)).Select(unit => unit
        .Select(lot => Of(lot.Key.Lot, lot.Value))
        .Aggregate(new UnitBalance(unit.Key.Program, unit.Key.Unit, 0, 0, 0, 0), (sum, lot) => sum with
        {
            Available = sum.Available + lot.Available,
            Pending = sum.Pending + lot.Pending,
            Reserved = sum.Reserved + lot.Reserved,
            Debt = sum.Debt + lot.Debt,
        }))];

    /// <summary>What runs out after the instant, by when.</summary>
    public IReadOnlyList<ExpiringLot> Expiring => [.. lots.Where(lot => lot.Value > 0)
        .Select(lot => (lot.Key, Name: NameAt(lot.Key.Lot, asOf) ?? lot.Key.Lot, lot.Value))
        .Where(lot => Lot.Parse(lot.Name)?.Expiry > asOf)
        .Select(lot => new ExpiringLot(lot.Key.Program, lot.Key.Unit, Lot.Parse(lot.Name)?.Expiry ?? default, lot.Value))
        .GroupBy(lot => (lot.Program, lot.Unit, lot.At)).Select(lot => new ExpiringLot(lot.Key.Program, lot.Key.Unit, lot.Key.At, lot.Sum(one => one.Amount)))
        .OrderBy(lot => lot.At)];

    private UnitBalance Of(string lot, long amount)
    {
        var none = new UnitBalance("", "", 0, 0, 0, 0);
        if (amount < 0)
        {
            return none with { Debt = -amount };
        }

        if (lot == Reservation.Lot)
        {
            return none with { Reserved = amount };
        }

        var name = NameAt(lot, asOf);
        return name is null ? none with { Pending = amount } : Lot.Parse(name)?.Expiry <= asOf ? none : none with { Available = amount };
    }

    /// <summary>The lot in which units can be spent at an instant that went into one; null for what still waits.</summary>
    public static string? NameAt(string lot, Instant asOf)
    {
        if (lot.StartsWith(HeldPrefix, StringComparison.Ordinal))
        {
            return null;
        }

        if (!lot.StartsWith(PendingPrefix, StringComparison.Ordinal))
        {
            return lot;
        }

        var end = lot.IndexOf("Z:", StringComparison.Ordinal);
        return end > 0 && InstantPattern.ExtendedIso.Parse(lot[PendingPrefix.Length..(end + 1)]) is { Success: true } active && active.Value <= asOf ? lot[(end + 2)..] : null;
    }
}

/// <summary>What a customer holds of a unit.</summary>
internal sealed record UnitBalance(string Program, string Unit, long Available, long Pending, long Reserved, long Debt);

/// <summary>Units that run out.</summary>
internal sealed record ExpiringLot(string Program, string Unit, Instant At, long Amount);
