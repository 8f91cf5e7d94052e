using System.Runtime.InteropServices;
using Crm.Loyalty.Accounts;
using Crm.Loyalty.Linting;
using Crm.Values;

namespace Crm.Loyalty.Simulation;

/// <summary>What would be otherwise under a programme that might be.</summary>
/// <param name="Program">The programme.</param>
/// <param name="Compared">Whether it was compared with a running one of its name; otherwise with nothing.</param>
/// <param name="Customers">How many histories were folded.</param>
/// <param name="Events">How many entries they had.</param>
/// <param name="Units">Each unit of the two programmes, in ordinal order.</param>
/// <param name="Tiers">Who would be in which tier: every pair of tiers with its number of customers, those who stay among them.</param>
/// <param name="Changes">The customers whose balance of a unit would be another, by unit and id.</param>
public sealed record SimulationReport(string Program, bool Compared, long Customers, long Events, Sequence<SimulatedUnit> Units, Sequence<SimulatedMove> Tiers, Sequence<BalanceChange> Changes)
{
    /// <summary>How many customers were left out and are in none of the other figures: entries of theirs were disposed of, or they were merged.</summary>
    public long LeftOut { get; init; }

    /// <summary>What the histories draw on each budget of the two programmes, in ordinal order of their names. Budgets are taken to suffice, so more may be drawn than one is ever filled with.</summary>
    public Sequence<SimulatedBudget> Budgets { get; init; }
}

/// <summary>A budget under both programmes.</summary>
/// <param name="Budget">Its name.</param>
/// <param name="Now">What the running programme draws, in what the budget counts; 0 where it has no such budget.</param>
/// <param name="Then">What the other draws.</param>
public sealed record SimulatedBudget(string Budget, long Now, long Then);

/// <summary>One unit under both programmes.</summary>
/// <param name="Unit">The unit.</param>
/// <param name="Now">The sums under the running programme; nothing where it does not have the unit.</param>
/// <param name="Then">The sums under the other.</param>
public sealed record SimulatedUnit(string Unit, UnitAccount Now, UnitAccount Then)
{
    /// <summary>How many customers would have more.</summary>
    public long Winners { get; init; }

    /// <summary>How many would have less.</summary>
    public long Losers { get; init; }

    /// <summary>How much more the winners would have together.</summary>
    public long Gained { get; init; }

    /// <summary>How much less the losers would have together.</summary>
    public long Lost { get; init; }

    /// <summary>The best that a unit is worth now; null: nothing with a known worth.</summary>
    public UnitWorth? WorthNow { get; init; }

    /// <summary>The best that a unit would be worth.</summary>
    public UnitWorth? WorthThen { get; init; }

    /// <summary>What customers may still redeem, at that worth; null where it is not known.</summary>
    public Money? LiabilityNow => Of(Held(Now), WorthNow);

    /// <summary>What customers could still redeem.</summary>
    public Money? LiabilityThen => Of(Held(Then), WorthThen);

    /// <summary>What all units that were issued and kept are worth, whether redeemed, gone or held; null where the worth is not known.</summary>
    public Money? CostNow => Of(Now.Issued - Now.Reversed, WorthNow);

    /// <summary>The same under the other programme.</summary>
    public Money? CostThen => Of(Then.Issued - Then.Reversed, WorthThen);

    private static long Held(UnitAccount account) => account.Available + account.Pending + account.Reserved;

    private static Money? Of(long units, UnitWorth? worth) => worth is null ? null : Money.Rounded(units * worth.Each, worth.Pays.Currency);
}

/// <summary>Customers who are in one tier and would be in another, or the same.</summary>
/// <param name="Ladder">The ladder.</param>
/// <param name="Now">The tier now; null for none.</param>
/// <param name="Then">The tier under the other programme; null for none.</param>
/// <param name="Customers">How many.</param>
public sealed record SimulatedMove(string Ladder, string? Now, string? Then, long Customers);

/// <summary>A customer whose balance would be another.</summary>
/// <param name="Customer">Who.</param>
/// <param name="Unit">The unit.</param>
/// <param name="Now">Available, pending and set aside, less what is owed.</param>
/// <param name="Then">The same under the other programme.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct BalanceChange(CustomerId Customer, string Unit, long Now, long Then)
{
    /// <summary>What the customer would gain; below 0: lose.</summary>
    public long Difference => Then - Now;
}
