namespace Crm.Loyalty.Wallets;

/// <summary>What a member has of a unit, kind by kind: the closed set of balances. A unit is in one of the first three, and what is owed stands against them all.</summary>
/// <param name="Available">Can be spent.</param>
/// <param name="Pending">Was earned and will be available.</param>
/// <param name="Reserved">Is set aside for something that is not finished, and is spent or returns.</param>
/// <param name="Debt">Is owed; the next units repay it.</param>
public sealed record WalletBalances(long Available, long Pending, long Reserved, long Debt)
{
    /// <summary>Available, pending and reserved less debt: what was issued and has not left.</summary>
    /// <exception cref="OverflowException">The sum is more than 64 bits hold.</exception>
    public long Held => checked(Available + Pending + Reserved - Debt);
}
