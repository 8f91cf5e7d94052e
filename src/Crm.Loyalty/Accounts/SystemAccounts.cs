using System.Runtime.InteropServices;
using Crm.Ledger;
using Crm.Loyalty.Wallets;
using Crm.Values;

namespace Crm.Loyalty.Accounts;

/// <summary>
/// The ledger as double-entry books: every unit comes from the account of the rule that issued it and ends in one of the programme's accounts, at a partner, or with members. Each entry is two postings,
/// so all accounts of a unit add up to 0; what members hold is the one that wallets can be compared with.
/// </summary>
public sealed class SystemAccounts
{
    /// <summary>What all customers hold, what is pending and set aside among it, less what they owe.</summary>
    public const string Members = "members";

    /// <summary>What ran out.</summary>
    public const string Expired = "expired";

    /// <summary>What was taken back.</summary>
    public const string Reversed = "reversed";

    /// <summary>What left one customer and has not reached the other yet; 0 when nothing is on the way.</summary>
    public const string OnTheWay = "on-the-way";

    private readonly SortedDictionary<(string Program, string Unit, string Account), long> balances = [];

    /// <summary>The accounts that are not 0, by programme, unit and name.</summary>
    public Sequence<SystemAccount> Balances => balances.Where(account => account.Value != 0).Select(account => new SystemAccount(account.Key.Program, account.Key.Unit, account.Key.Account, account.Value)).ToSequence();

    /// <summary>Posts an entry: what members gain, the other account loses, and the other way round.</summary>
    /// <param name="entry">The entry.</param>
    /// <param name="redeemer">The partner where units were redeemed, for an entry of that kind; null: the programme itself, or it is not known.</param>
    public void Add(LedgerEntry entry, string? redeemer = null)
    {
        ArgumentNullException.ThrowIfNull(entry);
        var other = entry.Movement switch
        {
            Movement.Issued => IssuedBy(entry),
            Movement.Spent when redeemer is not null => $"partner:{redeemer}",
            Movement.Spent => $"redeemed:{entry.Code ?? "points"}",
            Movement.Expired => Expired,
            Movement.Reversed => Reversed,
            Movement.Transferred when entry.Code is { } exchange => $"exchanged:{exchange}",
            Movement.Transferred => OnTheWay,
            Movement.Offset => Members,
            _ => throw new InvalidOperationException($"No account is known for the movement {entry.Movement}."),
        };
        Post(entry, Members, entry.Amount);
        Post(entry, other, checked(-entry.Amount));
    }

    private static string IssuedBy(LedgerEntry entry) => entry.Lot == Lot.Shortfall ? "written-off" : $"issued:{entry.Rule ?? entry.Code ?? "several-rules"}";

    private void Post(LedgerEntry entry, string account, long amount)
    {
        var key = (entry.Program, entry.Unit, account);
        balances[key] = checked(balances.GetValueOrDefault(key) + amount);
    }
}

/// <summary>One account of the books.</summary>
/// <param name="Program">The programme.</param>
/// <param name="Unit">The unit.</param>
/// <param name="Account">"members", "issued:RULE", "redeemed:WHAT", "partner:NAME", "exchanged:NAME", "expired", "reversed", "written-off" or "on-the-way".</param>
/// <param name="Balance">What has come in, less what has gone out; what rules issued is below 0.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct SystemAccount(string Program, string Unit, string Account, long Balance);
