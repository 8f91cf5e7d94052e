using System.Globalization;
using System.Text;
using Crm.Values;

namespace Crm.Loyalty.Accounts;

/// <summary>What the statements of some customers come to together.</summary>
internal sealed class StatementSums
{
    private readonly SortedDictionary<string, UnitAccount> accounts = new(StringComparer.Ordinal);

    public long Customers { get; private set; }

    public long Entries { get; private set; }

    public static StatementSums Of(CustomerStatement statement)
    {
        var sums = new StatementSums();
        sums.Change(null, statement);
        return sums;
    }

    /// <summary>The same sums, to be changed by themselves.</summary>
    public StatementSums Copy()
    {
        var copy = new StatementSums { Customers = Customers, Entries = Entries };
        foreach (var (name, account) in accounts)
        {
            copy.accounts[name] = account;
        }

        return copy;
    }

    /// <summary>Puts what is said now in the place of what was said.</summary>
    public void Change(CustomerStatement? earlier, CustomerStatement now)
    {
        Customers += earlier is null ? 1 : 0;
        Entries = checked(Entries + now.Entries - (earlier?.Entries ?? 0));
        foreach (var account in earlier?.Accounts ?? [])
        {
            accounts[account.Account] = accounts.GetValueOrDefault(account.Account).Less(account.Sums);
        }

        foreach (var account in now.Accounts)
        {
            accounts[account.Account] = accounts.GetValueOrDefault(account.Account).Plus(account.Sums);
        }
    }

    /// <summary>The certificate of a ledger that comes to this.</summary>
    public Certificate Certify(string head, SortedSet<string> faults)
    {
        foreach (var (account, sums) in accounts.Where(account => !account.Value.IsConserved))
        {
            faults.Add($"{account}: issued less what left is {sums.Issued - sums.Spent - sums.Expired - sums.Reversed - sums.Transferred}, and what is there less what is owed is {sums.Available + sums.Pending + sums.Reserved - sums.Debt}.");
        }

        return new Certificate(Entries, head, accounts.Select(account => new CertifiedAccount(account.Key, account.Value)).ToSequence(), faults.ToSequence()) { Customers = Customers };
    }

    /// <summary>Customers and entries, then each account with its nine sums, separated by tabs.</summary>
    public override string ToString()
    {
        var text = new StringBuilder().Append(CultureInfo.InvariantCulture, $"{Customers}\t{Entries}");
        foreach (var (name, sums) in accounts)
        {
            text.Append(CultureInfo.InvariantCulture, $"\taccount {name} {sums.Issued} {sums.Spent} {sums.Expired} {sums.Reversed} {sums.Transferred} {sums.Available} {sums.Pending} {sums.Reserved} {sums.Debt}");
        }

        return text.ToString();
    }

    /// <summary>Reads what <see cref="ToString"/> wrote.</summary>
    /// <exception cref="FormatException">It did not write that.</exception>
    public static StatementSums Parse(string customers, string entries, IEnumerable<string> accounts)
    {
        var sums = new StatementSums { Customers = CustomerStatement.Whole(customers), Entries = CustomerStatement.Whole(entries) };
        foreach (var account in accounts)
        {
            sums.accounts[Name(account, out var numbers)] = new UnitAccount
            {
                Issued = numbers[0],
                Spent = numbers[1],
                Expired = numbers[2],
                Reversed = numbers[3],
                Transferred = numbers[4],
                Available = numbers[5],
                Pending = numbers[6],
                Reserved = numbers[7],
                Debt = numbers[8],
            };
        }

        return sums;
    }

    private static string Name(string account, out long[] numbers)
    {
        var words = account.Split(' ');
        if (words is not ["account", var name, _, _, _, _, _, _, _, _, _])
        {
            throw new FormatException($"'{account}' is no account of a page: \"account NAME\" and nine sums are expected.");
        }

        numbers = [.. words.Skip(2).Select(CustomerStatement.Whole)];
        return name;
    }
}
