using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Crm.Ledger;
using Crm.Values;
using NodaTime.Text;

namespace Crm.Loyalty.Accounts;

/// <summary>
/// Certifies a ledger: every unit that was issued is spent, expired, reversed, transferred, or still there, and what is owed is named. Each entry becomes a line of text, and each line the next link
/// of the customer's own chain of hashes; what is said of each customer (<see cref="CustomerStatement"/>) is the next link of the chain of all. So whoever has the exported lines can add them up and link
/// them again without this library, and a count can go on from an earlier one, customer by customer, and comes to exactly what counting everything comes to.
/// </summary>
/// <param name="said">Told what is said of each customer, in order, when all of their entries are taken; null: nobody is.</param>
public sealed class Conservation(Action<CustomerStatement>? said = null)
{
    private readonly SortedDictionary<string, UnitAccount> accounts = new(StringComparer.Ordinal);
    private readonly SortedSet<string> faults = new(StringComparer.Ordinal);
    private RunningStatement? current;
    private string head = Genesis;
    private long customers;
    private long entries;

    /// <summary>The link before the first line, and before the first customer.</summary>
    public const string Genesis = "0000000000000000000000000000000000000000000000000000000000000000";

    /// <summary>Takes the next entry. Entries come customer by customer, in the order of all scans (by bucket and then by id), each customer's in the order written.</summary>
    /// <param name="customer">Whose.</param>
    /// <param name="entry">The entry.</param>
    /// <param name="version">The version of the commit that wrote it (<see cref="Storage.LedgerLine.Version"/>); 0 where nobody goes on from this count.</param>
    /// <returns>Its line in the export: customer, programme, unit, lot, amount, movement, cause, instant, rule, code and definition, separated by tabs, what is absent being empty.</returns>
    /// <exception cref="ArgumentException">The customer comes before one that was taken already.</exception>
    public string Add(CustomerId customer, LedgerEntry entry, long version = 0)
    {
        ArgumentNullException.ThrowIfNull(entry);
        var statement = current is { IsClosed: false } && current.Customer == customer ? current : Begin(new CustomerStatement(customer, 0, Genesis, []));
        var line = string.Join('\t', [
            customer.ToString(), entry.Program, entry.Unit, entry.Lot, entry.Amount.ToString(CultureInfo.InvariantCulture), NameOf(entry.Movement), entry.Cause.ToString(),
            InstantPattern.ExtendedIso.Format(entry.OccurredAt), entry.Rule ?? "", entry.Code ?? "", entry.Definition?.ToString() ?? "",
        ]);
        statement.Add(line, entry, version);
        return line;
    }

    /// <summary>Goes on with a customer from what was said earlier: entries of theirs that are taken next are those written since.</summary>
    /// <exception cref="ArgumentException">The customer comes before one that was taken already.</exception>
    public void GoOn(CustomerStatement earlier)
    {
        ArgumentNullException.ThrowIfNull(earlier);
        Begin(earlier);
    }

    /// <summary>Names something that does not fit, such as a customer who was there and is not.</summary>
    public void Fault(string what) => faults.Add(what);

    /// <summary>The certificate of all entries taken.</summary>
    public Certificate Certify()
    {
        Close();
        foreach (var (account, sums) in accounts)
        {
            if (!sums.IsConserved)
            {
                faults.Add($"{account}: issued less what left is {sums.Issued - sums.Spent - sums.Expired - sums.Reversed - sums.Transferred}, and what is there less what is owed is {sums.Available + sums.Pending + sums.Reserved - sums.Debt}.");
            }
        }

        return new Certificate(entries, head, accounts.Select(account => new CertifiedAccount(account.Key, account.Value)).ToSequence(), faults.ToSequence()) { Customers = customers };
    }

    /// <summary>The next link of a chain: the SHA-256 of the link before it, a line feed and the line, in hexadecimal.</summary>
    public static string Link(string before, string line) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{before}\n{line}")));

    private RunningStatement Begin(CustomerStatement from)
    {
        if (current is { Customer: var last } && (from.Customer.Bucket, from.Customer).CompareTo((last.Bucket, last)) <= 0)
        {
            throw new ArgumentException($"Customer {from.Customer} comes after {last}. Customers are taken by bucket and then by id, each once.", nameof(from));
        }

        Close();
        return current = new RunningStatement(from);
    }

    private void Close()
    {
        if (current is not { IsClosed: false } open)
        {
            return;
        }

        var statement = open.Close();
        head = Link(head, statement.ToString());
        customers++;
        entries += statement.Entries;
        foreach (var held in statement.Accounts)
        {
            accounts[held.Account] = accounts.GetValueOrDefault(held.Account).Plus(held.Sums);
            faults.UnionWith(held.Faults.Select(lot => $"{held.Account}: the lot '{lot.Name}' of customer {statement.Customer} comes to {lot.Held.ToString(CultureInfo.InvariantCulture)}."));
        }

        said?.Invoke(statement);
    }

    private static string NameOf(Movement movement) => movement switch
    {
        Movement.Issued => "issued",
        Movement.Spent => "spent",
        Movement.Expired => "expired",
        Movement.Reversed => "reversed",
        Movement.Transferred => "transferred",
        Movement.Offset => "offset",
        _ => throw new InvalidOperationException($"No name for the movement {movement}."),
    };
}
