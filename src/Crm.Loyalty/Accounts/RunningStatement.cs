using Crm.Ledger;
using Crm.Values;

namespace Crm.Loyalty.Accounts;

/// <summary>What is said of a customer while their entries are taken.</summary>
internal sealed class RunningStatement
{
    private readonly SortedDictionary<string, UnitAccount> moved = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Account, string Lot), long> lots = [];
    private readonly CustomerStatement from;
    private string link;
    private long entries;
    private long version;

    public RunningStatement(CustomerStatement from)
    {
        (this.from, link, entries, version) = (from, from.Link, from.Entries, from.Version);
        foreach (var account in from.Accounts)
        {
            var sums = account.Sums;
            moved[account.Account] = new UnitAccount { Issued = sums.Issued, Spent = sums.Spent, Expired = sums.Expired, Reversed = sums.Reversed, Transferred = sums.Transferred };
            foreach (var lot in account.Lots)
            {
                lots[(account.Account, lot.Name)] = lot.Held;
            }
        }
    }

    public CustomerId Customer => from.Customer;

    /// <summary>Takes the next entry.</summary>
    /// <returns>Its line in the export.</returns>
    public string Add(LedgerEntry entry, long writtenBy)
    {
        var line = Conservation.LineOf(Customer, entry);
        var account = $"{entry.Program}/{entry.Unit}";
        (link, entries, version) = (Conservation.Link(link, line), entries + 1, writtenBy);
        moved[account] = moved.GetValueOrDefault(account).Moved(entry.Movement, entry.Amount);
        lots[(account, entry.Lot)] = checked(lots.GetValueOrDefault((account, entry.Lot)) + entry.Amount);
        return line;
    }

    /// <summary>What is said when all entries are taken.</summary>
    public CustomerStatement Close()
    {
        var held = lots.Where(lot => lot.Value != 0).OrderBy(lot => lot.Key.Lot, StringComparer.Ordinal).ToLookup(lot => lot.Key.Account, lot => new StatedLot(lot.Key.Lot, lot.Value));
        return entries == from.Entries ? from : new CustomerStatement(Customer, entries, link, moved.Select(account => StatedAccount.Of(account.Key, account.Value, held[account.Key].ToSequence())).ToSequence()) { Version = version };
    }
}
