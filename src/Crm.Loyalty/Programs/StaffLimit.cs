using Crm.Values;

namespace Crm.Loyalty.Programs;

/// <summary>How much staff may give or override without a colleague, and at all.</summary>
public sealed record StaffLimit
{
    /// <summary>The kind of request, such as "points.adjust" or "tier.pin".</summary>
    public required string Request { get; init; }

    /// <summary>For requests about units, the unit; null: all.</summary>
    public string? Unit { get; init; }

    /// <summary>Up to this amount, given or taken, one person decides; more needs a second one. 0: always two. Requests that give lots another life count the units in them, and at least 1; all others without an amount count as 1.</summary>
    public long Alone { get; init; }

    /// <summary>More than this nobody gives or takes at once; null: no limit.</summary>
    public long? Most { get; init; }
}

/// <summary>The fields of requests by staff that say who is behind them.</summary>
public static class StaffFields
{
    /// <summary>The second person, as a code such as "staff:3"; somebody else than the actor.</summary>
    public const string ApprovedBy = "approved-by";
}
