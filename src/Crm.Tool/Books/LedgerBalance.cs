using Crm.Ledger;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Wallets;
using NodaTime;
using NodaTime.Text;

namespace Crm.Tool.Books;

/// <summary>
/// What one customer holds at an instant from the ledger alone: entries up to it, and what lots do by themselves until then, which are the instants in their names. What falls due by a definition is not in the ledger before it is
/// written: when units idle out, when what is set aside returns, and what units that waited repay. Units of which that matters are not known.
/// </summary>
internal sealed class LedgerBalance(Instant asOf)
{
    private const string PendingPrefix = "pending:";
    private const string HeldPrefix = "held:";

    private readonly Dictionary<(string Program, string Unit, string Lot), long> lots = [];

    /// <summary>Whether all that fell due by the instant is written: somebody was handled later.</summary>
    public bool IsWritten { get; set; }

    public void Take(LedgerEntry entry)
    {
        IsWritten |= entry.OccurredAt > asOf;
        if (entry.OccurredAt <= asOf)
        {
            var lot = (entry.Program, entry.Unit, entry.Lot);
            lots[lot] = lots.GetValueOrDefault(lot) + entry.Amount;
        }
    }

    /// <summary>Each unit that was ever held.</summary>
    public IEnumerable<UnitBalance> Units => lots.GroupBy(lot => (lot.Key.Program, lot.Key.Unit)).Select(unit => unit
        .Select(lot => Of(lot.Key.Lot, lot.Value))
        .Aggregate(UnitBalance.Nothing(unit.Key.Program, unit.Key.Unit), (sum, lot) => sum with
        {
            Available = sum.Available + lot.Available,
            Pending = sum.Pending + lot.Pending,
            Reserved = sum.Reserved + lot.Reserved,
            Debt = sum.Debt + lot.Debt,
            RanOut = sum.RanOut + lot.RanOut,
        }) with { IsKnown = IsKnown([.. unit.Where(lot => lot.Value != 0).Select(lot => (lot.Key.Lot, lot.Value))]) });

    /// <summary>What runs out after the instant, by when; of units that are known.</summary>
    public IEnumerable<ExpiringLot> Expiring => from unit in Units
                                                where unit.IsKnown
                                                from lot in lots
                                                where lot.Key.Program == unit.Program && lot.Key.Unit == unit.Unit && lot.Value > 0
                                                let expiry = NameAt(lot.Key.Lot, asOf) is { } name ? Lot.Parse(name)?.Expiry : null
                                                where expiry > asOf
                                                select new ExpiringLot(unit.Program, unit.Unit, expiry ?? default, lot.Value);

    private bool IsKnown(List<(string Name, long Amount)> held) => IsWritten || !held.Exists(lot =>
        lot.Name == Reservation.Lot
        || lot.Name.StartsWith(HeldPrefix, StringComparison.Ordinal)
        || (NameAt(lot.Name, asOf) is { } name && Lot.Parse(name) is { Idles: true })
        || (lot.Amount < 0 && held.Exists(other => other.Name.StartsWith(PendingPrefix, StringComparison.Ordinal) && NameAt(other.Name, asOf) is not null)));

    private UnitBalance Of(string lot, long amount)
    {
        var none = UnitBalance.Nothing("", "");
        if (amount < 0)
        {
            return none with { Debt = -amount };
        }

        if (lot == Reservation.Lot)
        {
            return none with { Reserved = amount };
        }

        var active = NameAt(lot, asOf) is { } name ? Lot.Parse(name) : null;
        return active is null ? none with { Pending = amount } : active?.Expiry <= asOf ? none with { RanOut = amount } : none with { Available = amount };
    }

    // The lot in which units can be spent at an instant that went into one; null for what still waits.
    private static string? NameAt(string lot, Instant asOf)
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
internal sealed record UnitBalance(string Program, string Unit, long Available, long Pending, long Reserved, long Debt)
{
    /// <summary>What has run out by the instants of lots, and nobody has written yet.</summary>
    public long RanOut { get; init; }

    /// <summary>Whether the figures are those of the instant; otherwise the programme's definition decides them, and it is not at hand.</summary>
    public bool IsKnown { get; init; } = true;

    public static UnitBalance Nothing(string program, string unit) => new(program, unit, 0, 0, 0, 0);
}

/// <summary>Units that run out.</summary>
internal sealed record ExpiringLot(string Program, string Unit, Instant At, long Amount);
