using Crm.Loyalty.Members;
using Crm.Loyalty.Openings;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Stamps;
using Crm.Loyalty.Tiers;
using Crm.Values;

namespace Crm.Loyalty.Programs;

/// <summary>How much staff may give or override without a colleague, and at all.</summary>
public sealed record StaffLimit
{
    /// <summary>The kinds of requests that staff are limited in, by name.</summary>
    public static Sequence<string> Requests { get; } =
    [
        OpeningEvents.OpenName, LoyaltyEvents.AmendName, LoyaltyEvents.ReinstateName, MemberEvents.ResumeName, MemberEvents.SuspendName, LoyaltyEvents.AdjustName, ReferralEvents.ApproveName, StampEvents.GiveName,
        TierEvents.FloorName, TierEvents.PinName, TierEvents.ReleaseName,
    ];

    /// <summary>Those of them that are about units.</summary>
    internal static Sequence<string> AboutUnits { get; } = [OpeningEvents.OpenName, LoyaltyEvents.AmendName, LoyaltyEvents.ReinstateName, LoyaltyEvents.AdjustName];

    /// <summary>The kind of request, one of <see cref="Requests"/>, such as "points.adjust" or "tier.pin".</summary>
    public required string Request { get; init; }

    /// <summary>For requests about units, the unit; null: all.</summary>
    public string? Unit { get; init; }

    /// <summary>
    /// The span over which all that one person is granted in the programme is added up, whoever it is for: <see cref="CapPeriod.Day"/>, <see cref="CapPeriod.Week"/>, <see cref="CapPeriod.Month"/> or <see cref="CapPeriod.Year"/>, in the
    /// programme's zone, by when requests count. Null: each request by itself. However many requests come at once, no more is granted in all; what is cancelled is taken off again where the programme cascades.
    /// </summary>
    public CapPeriod? Per { get; init; }

    /// <summary>
    /// Up to this amount, given or taken, one person decides; more needs a second one. 0: always two. Requests that give lots another life count the units in them, those that open a balance what it brings of each unit less what is owed, and both at least 1; all others without an amount count as 1.
    /// With <see cref="Per"/>, up to this amount in each span, whether alone or with a colleague.
    /// </summary>
    public long Alone { get; init; }

    /// <summary>More than this nobody gives or takes at once, or with <see cref="Per"/> in each span; null: no limit.</summary>
    public long? Most { get; init; }
}

/// <summary>The fields of requests by staff that say who is behind them.</summary>
public static class StaffFields
{
    /// <summary>The second person, as a code such as "staff:3"; somebody else than the actor, in whatever letters that is written.</summary>
    public const string ApprovedBy = "approved-by";
}
