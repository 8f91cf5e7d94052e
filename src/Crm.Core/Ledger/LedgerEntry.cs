using Crm.Definitions;
using Crm.Values;
using NodaTime;

namespace Crm.Ledger;

/// <summary>
/// One movement of one lot, never changed once written. It says what was decided, lot and amount by name, so adding entries up needs no policy,
/// and holds no text about a person.
/// </summary>
public sealed record LedgerEntry
{
    /// <summary>The programme.</summary>
    public required string Program { get; init; }

    /// <summary>The unit, such as "points".</summary>
    public required string Unit { get; init; }

    /// <summary>The lot within the customer's holding of the unit.</summary>
    public required string Lot { get; init; }

    /// <summary>The change of the lot; never 0.</summary>
    public required long Amount { get; init; }

    /// <summary>The kind of movement.</summary>
    public required Movement Movement { get; init; }

    /// <summary>The event, or the due entry, that caused it.</summary>
    public required EventKey Cause { get; init; }

    /// <summary>When it counts.</summary>
    public required Instant OccurredAt { get; init; }

    /// <summary>The rule that decided; null for movements without one (a redemption, an expiry).</summary>
    public string? Rule { get; init; }

    /// <summary>A stable reason; null where the movement says it all.</summary>
    public string? Code { get; init; }

    /// <summary>The definition by which it was decided; null where none was.</summary>
    public DefinitionHash? Definition { get; init; }

    /// <summary>For a compensating entry, the cause of the entry that it corrects; otherwise null.</summary>
    public EventKey? Corrects { get; init; }
}
