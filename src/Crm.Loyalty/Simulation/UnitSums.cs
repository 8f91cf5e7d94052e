using Crm.Ledger;
using Crm.Loyalty.Accounts;
using Crm.Loyalty.Memberships;

namespace Crm.Loyalty.Simulation;

/// <summary>Adds up one unit under both programmes, in place.</summary>
internal sealed class UnitSums
{
    private long winners;
    private long losers;
    private long gained;
    private long lost;

    public AccountSums Now { get; } = new();

    public AccountSums Then { get; } = new();

    /// <summary>Counts a customer who would have something else.</summary>
    public void Differ(long difference)
    {
        if (difference > 0)
        {
            (winners, gained) = (winners + 1, checked(gained + difference));
        }
        else
        {
            (losers, lost) = (losers + 1, checked(lost - difference));
        }
    }

    public void Add(UnitSums part)
    {
        Now.Add(part.Now.Sum);
        Then.Add(part.Then.Sum);
        winners += part.winners;
        losers += part.losers;
        gained = checked(gained + part.gained);
        lost = checked(lost + part.lost);
    }

    public SimulatedUnit Of(string unit) => new(unit, Now.Sum, Then.Sum) { Winners = winners, Losers = losers, Gained = gained, Lost = lost };
}

/// <summary>Adds up the accounts of customers.</summary>
internal sealed class AccountSums
{
    private readonly long[] moved = new long[(int)Movement.Offset + 1];
    private UnitAccount held;

    public UnitAccount Sum
    {
        get
        {
            var sum = held;
            for (var movement = 0; movement < moved.Length; movement++)
            {
                sum = sum.Moved((Movement)movement, moved[movement]);
            }

            return sum;
        }
    }

    /// <summary>Adds a customer's account.</summary>
    /// <returns>What they hold, less what they owe.</returns>
    public long Add(IReadOnlyList<LedgerEntry> ledger, Membership? membership, string unit)
    {
        if (membership is null)
        {
            return 0;
        }

        for (var i = 0; i < ledger.Count; i++)
        {
            var entry = ledger[i];
            if (string.Equals(entry.Unit, unit, StringComparison.Ordinal) && string.Equals(entry.Program, membership.Program, StringComparison.Ordinal))
            {
                moved[(int)entry.Movement] = checked(moved[(int)entry.Movement] + entry.Amount);
            }
        }

        var wallet = membership.Wallet(unit);
        var own = new UnitAccount { Available = wallet.Available, Pending = wallet.PendingTotal, Reserved = membership.Reserved(unit), Debt = checked(wallet.Available - wallet.Balance) };
        Add(own);
        return own.Available + own.Pending + own.Reserved - own.Debt;
    }

    public void Add(UnitAccount account) => held = held.Plus(account);
}
