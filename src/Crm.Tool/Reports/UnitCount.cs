using Crm.Ledger;
using Crm.Loyalty.Accounts;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Wallets;
using Crm.Tool.Books;
using NodaTime;

namespace Crm.Tool.Reports;

/// <summary>
/// Adds up the ledger of one customer after another. A lot whose name is an instant runs out at it, and what waits for an instant can be spent from it on, whether or not anybody has written so yet; what is below 0 is owed.
/// </summary>
internal sealed class UnitCount(Instant last)
{
    private readonly SortedDictionary<string, UnitAccount> units = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Program, string Unit, string Lot), long> lots = [];

    /// <summary>The figures so far, of all customers that are <see cref="Close">closed</see>.</summary>
    public IReadOnlyDictionary<string, UnitAccount> Units => units;

    /// <summary>Counts an entry of the current customer.</summary>
    public void Take(LedgerEntry entry)
    {
        if (entry.OccurredAt > last)
        {
            return;
        }

        var lot = (entry.Program, entry.Unit, entry.Lot);
        lots[lot] = lots.GetValueOrDefault(lot) + entry.Amount;
        Add(entry.Unit, entry.Movement switch
        {
            Movement.Issued => new() { Issued = entry.Amount },
            Movement.Spent => new() { Spent = -entry.Amount },
            Movement.Expired => new() { Expired = -entry.Amount },
            Movement.Reversed => new() { Reversed = -entry.Amount },
            Movement.Transferred => new() { Transferred = -entry.Amount },
            Movement.Offset => default,
            _ => throw new InvalidOperationException($"No figure for the movement {entry.Movement}."),
        });
    }

    /// <summary>The current customer has no more entries.</summary>
    public void Close()
    {
        foreach (var ((_, unit, lot), held) in lots)
        {
            var active = LedgerBalance.NameAt(lot, last) is { } name ? Lot.Parse(name) : null;
            var ranOut = held > 0 && active?.Expiry <= last;
            Add(unit, held < 0 ? new() { Debt = -held }
                : ranOut ? new() { Expired = held }
                : lot == Reservation.Lot ? new() { Reserved = held }
                : active is null ? new() { Pending = held }
                : new() { Available = held });
        }

        lots.Clear();
    }

    private void Add(string unit, UnitAccount figures) => units[unit] = units.GetValueOrDefault(unit).Plus(figures);
}
