using Crm.Loyalty.Wallets;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Openings;

/// <summary>What a member brings into a programme from the system that kept it before: units with the life that they had there, what is owed, tiers with their end, and stamps.</summary>
public sealed record OpeningBalance
{
    /// <summary>The programme; null where the host has one.</summary>
    public string? Program { get; init; }

    /// <summary>The units, each with its own life.</summary>
    public Sequence<OpeningLot> Lots { get; init; }

    /// <summary>What is owed of units; amounts above 0. The lots of the same unit repay it at once.</summary>
    public Sequence<UnitAmount> Debts { get; init; }

    /// <summary>The tiers that are held.</summary>
    public Sequence<OpeningTier> Tiers { get; init; }

    /// <summary>The stamp cards.</summary>
    public Sequence<OpeningCard> Cards { get; init; }

    /// <summary>How many of a unit it brings, less what is owed.</summary>
    public long Net(string unit) => Lots.Where(lot => lot.Unit == unit).Sum(lot => lot.Amount) - Debts.Where(debt => debt.Unit == unit).Sum(debt => debt.Amount);
}

/// <summary>
/// Units that were earned elsewhere. Their life is said in one of three ways, because a life that began with the import would give members more than they had: by its end, by the day on which they were earned
/// (the end is then the one that the programme gives units of that day), or as without end.
/// </summary>
/// <param name="Unit">The unit. Status units count on the ladders of the unit, in the window that is open at the opening; others count on none.</param>
/// <param name="Amount">How many; more than 0.</param>
public sealed record OpeningLot(string Unit, long Amount)
{
    /// <summary>From this instant on they are gone; what is gone already at the opening is issued and expires with it. Null: see <see cref="Earned"/>.</summary>
    public Instant? Expiry { get; init; }

    /// <summary>The day, in the programme's zone, on which they were earned, or on which the member was last active where units run out with idleness; null: see <see cref="Forever"/>.</summary>
    public LocalDate? Earned { get; init; }

    /// <summary>Whether they stay for ever.</summary>
    public bool Forever { get; init; }

    /// <summary>When they become available; null: they are.</summary>
    public Instant? ActiveFrom { get; init; }

    /// <summary>The partner that issued them; null: the programme itself.</summary>
    public string? Issuer { get; init; }
}

/// <summary>A tier that was reached elsewhere.</summary>
/// <param name="Tier">The tier.</param>
public sealed record OpeningTier(string Tier)
{
    /// <summary>The ladder; null where the programme has one.</summary>
    public string? Ladder { get; init; }

    /// <summary>From this instant on it is not held any more; null: as the ladder has it for a tier that is reached at the opening.</summary>
    public Instant? Until { get; init; }

    /// <summary>When it was reached; null: before the window that is open at the opening, so that it can be earned again in this window.</summary>
    public Instant? Since { get; init; }
}

/// <summary>A stamp card that was filled elsewhere.</summary>
/// <param name="Stamps">Stamps on the open card, fewer than its goal; milestones that they passed gave what they give there, and give nothing again.</param>
/// <param name="Free">Full cards whose free one was not taken.</param>
public sealed record OpeningCard(long Stamps, long Free)
{
    /// <summary>The card; null where the programme has one.</summary>
    public string? Card { get; init; }
}
