using Crm.Tool.Import.Mappings;
using NodaTime;

namespace Crm.Tool.Import.Openings;

/// <summary>How the rows of a file of balances are read. People write it as JSON; see <see cref="OpeningMappingJson"/>. A row may bring units, a tier, stamps, or several of them; the rows of a member belong together.</summary>
internal sealed record OpeningMapping
{
    /// <summary>Its name, under which balances are opened once.</summary>
    public required string Name { get; init; }

    public required FileFormat Format { get; init; }

    /// <summary>The zone of the dates in the file.</summary>
    public required DateTimeZone Zone { get; init; }

    public required CustomerColumn Member { get; init; }

    /// <summary>The programme; null where the store has one.</summary>
    public Cell? Program { get; init; }

    /// <summary>Units; null when the file has none.</summary>
    public OpeningUnits? Units { get; init; }

    /// <summary>Tiers; null when the file has none.</summary>
    public OpeningTiers? Tiers { get; init; }

    /// <summary>Stamp cards; null when the file has none.</summary>
    public OpeningCards? Cards { get; init; }

    /// <summary>Every column that the mapping looks at.</summary>
    public IReadOnlyList<Column> Columns =>
    [
        .. new[]
        {
            Member.Column, Program?.Column,
            Units?.Unit.Column, Units?.Amount, Units?.Expiry?.Column, Units?.Earned?.Column, Units?.ActiveFrom?.Column, Units?.Issuer?.Column,
            Tiers?.Tier, Tiers?.Ladder?.Column, Tiers?.Until?.Column, Tiers?.Since?.Column,
            Cards?.Card?.Column, Cards?.Stamps, Cards?.Free,
        }.OfType<Column>().Distinct(),
    ];
}

/// <summary>Units in a row. Exactly one of expiry and earned is there, unless all of them stay for ever.</summary>
/// <param name="Unit">The unit.</param>
/// <param name="Amount">How many; below 0: owed. Empty or 0: none in this row.</param>
internal sealed record OpeningUnits(Cell Unit, Column Amount)
{
    /// <summary>When they run out, 9999-12-31 being never; null when the file does not say.</summary>
    public TimeColumn? Expiry { get; init; }

    /// <summary>Whether a day in the expiry is the last on which they can be used; otherwise they are gone when it begins.</summary>
    public bool LastDayIncluded { get; init; } = true;

    /// <summary>When they were earned; null when the file does not say.</summary>
    public TimeColumn? Earned { get; init; }

    /// <summary>Whether they stay for ever where the cell is empty or there is no column.</summary>
    public bool ForeverWhenEmpty { get; init; }

    /// <summary>When they become available; null when all are.</summary>
    public TimeColumn? ActiveFrom { get; init; }

    /// <summary>The partner that issued them; null: the programme.</summary>
    public Cell? Issuer { get; init; }
}

/// <summary>A tier in a row; an empty cell is none.</summary>
/// <param name="Tier">The tier.</param>
internal sealed record OpeningTiers(Column Tier)
{
    public Cell? Ladder { get; init; }

    /// <summary>When it ends; null: as the programme has it.</summary>
    public TimeColumn? Until { get; init; }

    /// <summary>Whether a day in it is the last of the tier; otherwise the tier is over when it begins.</summary>
    public bool LastDayIncluded { get; init; } = true;

    public TimeColumn? Since { get; init; }
}

/// <summary>Stamps in a row; empty cells are 0, and 0 of both is no card.</summary>
internal sealed record OpeningCards
{
    public Cell? Card { get; init; }

    public Column? Stamps { get; init; }

    public Column? Free { get; init; }
}
