using System.Globalization;
using Crm.Ledger;
using Crm.Values;
using NodaTime.Text;

namespace Crm.Loyalty.Accounts;

/// <summary>
/// Certifies a ledger: every unit that was issued is spent, expired, reversed, transferred, or still there, and what is owed is named. Each entry becomes a line of text, and each line the next link
/// of the customer's own chain of hashes; what is said of each customer (<see cref="CustomerStatement"/>) is a leaf of a tree of hashes, whose knots have the sums of those below. So whoever has the exported lines
/// can add them up and hash them again without this library, and <see cref="Certification"/> can go on from an earlier count and comes to exactly this.
/// </summary>
public sealed class Conservation
{
    private readonly SortedSet<string> faults = new(StringComparer.Ordinal);
    private readonly StatementNode root = StatementTree.Empty;
    private readonly StatementTree tree;
    private RunningStatement? current;
    private Certificate? certificate;

    /// <summary>Begins without an entry.</summary>
    public Conservation() => tree = new StatementTree(root, BookPages.None, null);

    /// <summary>The link before the first line.</summary>
    public const string Genesis = "0000000000000000000000000000000000000000000000000000000000000000";

    /// <summary>Takes the next entry. Entries come customer by customer, in the order of all scans (by bucket and then by id), each customer's in the order written.</summary>
    /// <param name="customer">Whose.</param>
    /// <param name="entry">The entry.</param>
    /// <returns>Its line in the export: customer, programme, unit, lot, amount, movement, cause, instant, rule, code and definition, separated by tabs, what is absent being empty.</returns>
    /// <exception cref="ArgumentException">The customer comes before one that was taken already.</exception>
    /// <exception cref="InvalidOperationException">It was certified already.</exception>
    public string Add(CustomerId customer, LedgerEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        if (certificate is not null)
        {
            throw new InvalidOperationException("The ledger was certified already; a new count is begun for more entries.");
        }

        if (current is not { } running || running.Customer != customer)
        {
            current = running = Begin(customer);
        }

        return running.Add(entry, 0);
    }

    /// <summary>The certificate of all entries taken; no more are.</summary>
    public Certificate Certify()
    {
        if (certificate is null)
        {
            Close();
            certificate = root.Sums.Certify(tree.Finish(), faults);
        }

        return certificate;
    }

    /// <summary>The next link of a customer's chain: the SHA-256 of the link before it, a line feed and the line, in hexadecimal.</summary>
    public static string Link(string before, string line) => StatementTree.HashOf($"{before}\n{line}");

    internal static string LineOf(CustomerId customer, LedgerEntry entry) => string.Join('\t', [
        customer.ToString(), entry.Program, entry.Unit, entry.Lot, entry.Amount.ToString(CultureInfo.InvariantCulture), NameOf(entry.Movement), entry.Cause.ToString(),
        InstantPattern.ExtendedIso.Format(entry.OccurredAt), entry.Rule ?? "", entry.Code ?? "", entry.Definition?.ToString() ?? "",
    ]);

    private RunningStatement Begin(CustomerId customer)
    {
        if (current is { Customer: var last } && (customer.Bucket, customer).CompareTo((last.Bucket, last)) <= 0)
        {
            throw new ArgumentException($"Customer {customer} comes after {last}. Customers are taken by bucket and then by id, each once.", nameof(customer));
        }

        Close();
        return new RunningStatement(CustomerStatement.Empty(customer));
    }

    private void Close()
    {
        if (current?.Close() is { } statement)
        {
            faults.UnionWith(statement.Faults);
            tree.Put(null, statement);
        }
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
