using System.Globalization;
using System.Text;
using Crm.Values;

namespace Crm.Loyalty.Accounts;

/// <summary>What a ledger comes to.</summary>
/// <param name="Entries">How many entries.</param>
/// <param name="Head">The hash of the root of the tree in which every customer's statement is: it stands for all of them and for the sums.</param>
/// <param name="Accounts">Each programme's units.</param>
/// <param name="Faults">What does not add up; empty for a sound ledger.</param>
public sealed record Certificate(long Entries, string Head, Sequence<CertifiedAccount> Accounts, Sequence<string> Faults)
{
    /// <summary>How many customers have entries.</summary>
    public long Customers { get; init; }

    /// <summary>Everything that is certified as lines of text, the same on every machine: what is signed.</summary>
    public override string ToString()
    {
        var text = new StringBuilder().Append(CultureInfo.InvariantCulture, $"customers {Customers}\nentries {Entries}\nhead {Head}\n");
        foreach (var (account, sums) in Accounts)
        {
            text.Append(CultureInfo.InvariantCulture, $"account {account} issued={sums.Issued} spent={sums.Spent} expired={sums.Expired} reversed={sums.Reversed} transferred={sums.Transferred} available={sums.Available} pending={sums.Pending} reserved={sums.Reserved} debt={sums.Debt}\n");
        }

        foreach (var fault in Faults)
        {
            text.Append(CultureInfo.InvariantCulture, $"fault {fault}\n");
        }

        return text.ToString();
    }
}

/// <summary>The sums of one unit of one programme.</summary>
/// <param name="Account">"PROGRAMME/UNIT".</param>
/// <param name="Sums">The sums.</param>
public sealed record CertifiedAccount(string Account, UnitAccount Sums);
