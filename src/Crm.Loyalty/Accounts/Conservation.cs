using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Crm.Ledger;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Wallets;
using Crm.Values;
using NodaTime.Text;

namespace Crm.Loyalty.Accounts;

/// <summary>
/// Certifies a ledger: every unit that was issued is spent, expired, reversed, transferred, or still there, and what is owed is named. Each entry becomes a line of text, and each line the next link
/// of a chain of hashes, so that whoever has the exported lines can add them up and link them again without this library. Entries come customer by customer, each in the order written.
/// </summary>
public sealed class Conservation
{
    private readonly SortedDictionary<string, UnitAccount> accounts = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Account, string Lot), long> lots = [];
    private readonly SortedSet<string> faults = new(StringComparer.Ordinal);
    private CustomerId current;
    private string head = Genesis;
    private long entries;

    /// <summary>The link before the first line.</summary>
    public const string Genesis = "0000000000000000000000000000000000000000000000000000000000000000";

    /// <summary>Takes the next entry.</summary>
    /// <returns>Its line in the export: customer, programme, unit, lot, amount, movement, cause, instant, rule, code and definition, separated by tabs, what is absent being empty.</returns>
    public string Add(CustomerId customer, LedgerEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        if (customer != current)
        {
            Close();
            current = customer;
        }

        var line = string.Join('\t', [
            customer.ToString(), entry.Program, entry.Unit, entry.Lot, entry.Amount.ToString(CultureInfo.InvariantCulture), NameOf(entry.Movement), entry.Cause.ToString(),
            InstantPattern.ExtendedIso.Format(entry.OccurredAt), entry.Rule ?? "", entry.Code ?? "", entry.Definition?.ToString() ?? "",
        ]);
        head = Link(head, line);
        entries++;
        var account = $"{entry.Program}/{entry.Unit}";
        lots[(account, entry.Lot)] = checked(lots.GetValueOrDefault((account, entry.Lot)) + entry.Amount);
        accounts[account] = accounts.GetValueOrDefault(account).Moved(entry.Movement, entry.Amount);
        return line;
    }

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

        return new Certificate(entries, head, accounts.Select(account => new CertifiedAccount(account.Key, account.Value)).ToSequence(), faults.ToSequence());
    }

    /// <summary>The next link of a chain: the SHA-256 of the link before it, a line feed and the line, in hexadecimal.</summary>
    public static string Link(string before, string line) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{before}\n{line}")));

    private void Close()
    {
        foreach (var ((account, lot), held) in lots)
        {
            accounts[account] = accounts[account].Holding(lot, held);
            if (lot == Lot.Debt ? held > 0 : held < 0)
            {
                // A lot below 0 is owed until the wallet next moves; anything else below 0 has been taken from where nothing was.
                if (Lot.Parse(lot) is null)
                {
                    faults.Add($"{account}: the lot '{lot}' of customer {current} comes to {held.ToString(CultureInfo.InvariantCulture)}.");
                }
            }
        }

        lots.Clear();
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

/// <summary>What a ledger comes to.</summary>
/// <param name="Entries">How many entries.</param>
/// <param name="Head">The last link of the chain; <see cref="Conservation.Genesis"/> for an empty ledger.</param>
/// <param name="Accounts">Each programme's units.</param>
/// <param name="Faults">What does not add up; empty for a sound ledger.</param>
public sealed record Certificate(long Entries, string Head, Sequence<CertifiedAccount> Accounts, Sequence<string> Faults);

/// <summary>The sums of one unit of one programme.</summary>
/// <param name="Account">"PROGRAMME/UNIT".</param>
/// <param name="Sums">The sums.</param>
public sealed record CertifiedAccount(string Account, UnitAccount Sums);

/// <summary>Where the units of an account came from and went: issued − spent − expired − reversed − transferred = available + pending + reserved − debt.</summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct UnitAccount
{
    /// <summary>Came into being.</summary>
    public long Issued { get; init; }

    /// <summary>Spent, less what came back.</summary>
    public long Spent { get; init; }

    /// <summary>Ran out, as far as it was written.</summary>
    public long Expired { get; init; }

    /// <summary>Taken back.</summary>
    public long Reversed { get; init; }

    /// <summary>Went to other customers or units, less what came from them.</summary>
    public long Transferred { get; init; }

    /// <summary>Can be spent.</summary>
    public long Available { get; init; }

    /// <summary>Will be available.</summary>
    public long Pending { get; init; }

    /// <summary>Set aside.</summary>
    public long Reserved { get; init; }

    /// <summary>Owed.</summary>
    public long Debt { get; init; }

    /// <summary>Whether nothing is lost and nothing came from nowhere.</summary>
    public bool IsConserved => Issued - Spent - Expired - Reversed - Transferred == Available + Pending + Reserved - Debt;

    /// <summary>Both accounts together, such as those of two customers.</summary>
    /// <exception cref="OverflowException">A sum is more than 64 bits hold.</exception>
    public UnitAccount Plus(UnitAccount other) => new()
    {
        Issued = checked(Issued + other.Issued),
        Spent = checked(Spent + other.Spent),
        Expired = checked(Expired + other.Expired),
        Reversed = checked(Reversed + other.Reversed),
        Transferred = checked(Transferred + other.Transferred),
        Available = checked(Available + other.Available),
        Pending = checked(Pending + other.Pending),
        Reserved = checked(Reserved + other.Reserved),
        Debt = checked(Debt + other.Debt),
    };

    internal UnitAccount Moved(Movement movement, long amount) => movement switch
    {
        Movement.Issued => this with { Issued = checked(Issued + amount) },
        Movement.Spent => this with { Spent = checked(Spent - amount) },
        Movement.Expired => this with { Expired = checked(Expired - amount) },
        Movement.Reversed => this with { Reversed = checked(Reversed - amount) },
        Movement.Transferred => this with { Transferred = checked(Transferred - amount) },
        _ => this,
    };

    internal UnitAccount Holding(string lot, long held) => held < 0 ? this with { Debt = checked(Debt - held) }
        : lot == Reservation.Lot ? this with { Reserved = checked(Reserved + held) }
        : lot.StartsWith("pending:", StringComparison.Ordinal) || lot.StartsWith("held:", StringComparison.Ordinal) ? this with { Pending = checked(Pending + held) }
        : this with { Available = checked(Available + held) };
}
