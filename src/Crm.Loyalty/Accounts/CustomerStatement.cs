using System.Globalization;
using System.Text;
using Crm.Loyalty.Wallets;
using Crm.Values;

namespace Crm.Loyalty.Accounts;

/// <summary>What a certificate says of one customer: how many ledger entries there are, where their chain of hashes ends, and what they come to. A later count goes on from it.</summary>
/// <param name="Customer">Who.</param>
/// <param name="Entries">How many entries were taken.</param>
/// <param name="Link">The last link of the customer's own chain.</param>
/// <param name="Accounts">The units of each programme, by name.</param>
public sealed record CustomerStatement(CustomerId Customer, long Entries, string Link, Sequence<StatedAccount> Accounts)
{
    /// <summary>The version of the commit that wrote the last entry: where a later count goes on. It is no part of the text and of no hash, so a count that goes on from a forged one differs from the whole count.</summary>
    public long Version { get; init; }

    /// <summary>What does not fit: lots from which more was taken than there was.</summary>
    internal IEnumerable<string> Faults => Accounts.SelectMany(held => held.Faults.Select(lot => $"{held.Account}: the lot '{lot.Name}' of customer {Customer} comes to {lot.Held.ToString(CultureInfo.InvariantCulture)}."));

    /// <summary>Nothing yet.</summary>
    internal static CustomerStatement Empty(CustomerId customer) => new(customer, 0, Conservation.Genesis, []);

    /// <summary>The line whose hash is in the tree of all customers: customer, entries and link, then for each account "account NAME ISSUED SPENT EXPIRED REVERSED TRANSFERRED" and each of its lots that is not 0 as "lot NAME HELD", separated by tabs.</summary>
    public override string ToString()
    {
        var text = new StringBuilder().Append(CultureInfo.InvariantCulture, $"{Customer}\t{Entries}\t{Link}");
        foreach (var account in Accounts)
        {
            var sums = account.Sums;
            text.Append(CultureInfo.InvariantCulture, $"\taccount {account.Account} {sums.Issued} {sums.Spent} {sums.Expired} {sums.Reversed} {sums.Transferred}");
            foreach (var lot in account.Lots)
            {
                text.Append(CultureInfo.InvariantCulture, $"\tlot {lot.Name} {lot.Held}");
            }
        }

        return text.ToString();
    }

    /// <summary>Reads a line.</summary>
    /// <param name="line">As <see cref="ToString"/> writes it.</param>
    /// <param name="version">See <see cref="Version"/>.</param>
    /// <exception cref="FormatException">It is no such line; the message says what was found.</exception>
    public static CustomerStatement Parse(string line, long version)
    {
        ArgumentNullException.ThrowIfNull(line);
        var parts = line.Split('\t');
        if (parts.Length < 3 || parts[2].Length != Conservation.Genesis.Length)
        {
            throw new FormatException($"'{line}' is no statement of a customer: id, entries and link are expected, separated by tabs.");
        }

        var accounts = new List<StatedAccount>();
        for (var at = 3; at < parts.Length;)
        {
            var words = parts[at++].Split(' ');
            if (words is not ["account", var name, _, _, _, _, _])
            {
                throw new FormatException($"'{parts[at - 1]}' is no account of a statement: \"account NAME\" and five sums are expected.");
            }

            var moved = new UnitAccount { Issued = Whole(words[2]), Spent = Whole(words[3]), Expired = Whole(words[4]), Reversed = Whole(words[5]), Transferred = Whole(words[6]) };
            var lots = new List<StatedLot>();
            for (; at < parts.Length && parts[at].StartsWith("lot ", StringComparison.Ordinal); at++)
            {
                var amount = parts[at].LastIndexOf(' ');
                lots.Add(amount > 4 ? new StatedLot(parts[at][4..amount], Whole(parts[at][(amount + 1)..])) : throw new FormatException($"'{parts[at]}' is no lot of a statement: \"lot NAME HELD\" is expected."));
            }

            accounts.Add(StatedAccount.Of(name, moved, lots.ToSequence()));
        }

        return new CustomerStatement(CustomerId.Parse(parts[0]), Whole(parts[1]), parts[2], accounts.ToSequence()) { Version = version };
    }

    /// <summary>Reads a whole number of a page.</summary>
    internal static long Whole(string text) => long.Parse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
}

/// <summary>The units of one programme that one customer has and had.</summary>
/// <param name="Account">"PROGRAMME/UNIT".</param>
/// <param name="Sums">The sums.</param>
/// <param name="Lots">What each lot comes to, by name, without those at 0.</param>
public sealed record StatedAccount(string Account, UnitAccount Sums, Sequence<StatedLot> Lots)
{
    /// <summary>The lots from which more was taken than there was. A lot of units that is below 0 is owed until the wallet next moves, and no fault.</summary>
    internal IEnumerable<StatedLot> Faults => Lots.Where(lot => (lot.Name == Lot.Debt ? lot.Held > 0 : lot.Held < 0) && Lot.Parse(lot.Name) is null);

    internal static StatedAccount Of(string account, UnitAccount moved, Sequence<StatedLot> lots) => new(account, lots.Aggregate(moved, (sums, lot) => sums.Holding(lot.Name, lot.Held)), lots);
}

/// <summary>What a lot comes to.</summary>
/// <param name="Name">The lot.</param>
/// <param name="Held">What is in it; below 0: owed.</param>
public readonly record struct StatedLot(string Name, long Held);
