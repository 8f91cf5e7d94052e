using Crm.Events;
using Crm.Loyalty.Programs;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Tiers;

/// <summary>What staff may ask about tiers. Each names its actor and its reason.</summary>
public static class TierEvents
{
    /// <summary>Asks for a floor: the lowest tier a customer has, above which counting still leads. Fields "tier", "reason", and where needed "through", "program" and "ladder".</summary>
    public const string FloorName = "tier.floor";

    /// <summary>Asks for a pin: the tier a customer has whatever is counted. The same fields.</summary>
    public const string PinName = "tier.pin";

    /// <summary>Asks to take back floor and pin. Fields "reason", and where needed "program" and "ladder".</summary>
    public const string ReleaseName = "tier.release";

    internal const string Tier = "tier";
    internal const string Through = "through";
    internal const string Reason = "reason";
    internal const string Program = "program";
    internal const string Ladder = "ladder";

    /// <summary>The kinds.</summary>
    public static Sequence<EventKind> Kinds { get; } =
    [
        .. new[] { FloorName, PinName }.Select(name => new EventKind(name, EventNature.Request)
        {
            Fields =
            [
                new(Tier, ScalarKind.Code, Required: true), new(Reason, ScalarKind.Code, Required: true), new(Through, ScalarKind.Date),
                new(Program, ScalarKind.Code), new(Ladder, ScalarKind.Code), new(StaffFields.ApprovedBy, ScalarKind.Code),
            ],
        }),
        new EventKind(ReleaseName, EventNature.Request) { Fields = [new(Reason, ScalarKind.Code, Required: true), new(Program, ScalarKind.Code), new(Ladder, ScalarKind.Code)] },
    ];

    /// <summary>Grants a lowest tier; also how somebody is invited to a tier that is by invitation alone.</summary>
    /// <param name="key">"source:the source's own key".</param>
    /// <param name="customer">Who.</param>
    /// <param name="tier">The tier.</param>
    /// <param name="reason">Why, as a code such as "invitation".</param>
    /// <param name="actor">Who decided it, as a code such as "staff:17".</param>
    /// <param name="through">The last day; null: until it is released.</param>
    /// <param name="program">The programme; may be left out where there is one.</param>
    /// <param name="ladder">The ladder; may be left out where the programme has one.</param>
    public static CustomerEvent Floor(string key, Identity customer, string tier, string reason, string actor, LocalDate? through = null, string? program = null, string? ladder = null) =>
        Request(key, FloorName, customer, tier, reason, actor, through, program, ladder);

    /// <summary>Fixes the tier, whatever is counted.</summary>
    /// <inheritdoc cref="Floor"/>
    public static CustomerEvent Pin(string key, Identity customer, string tier, string reason, string actor, LocalDate? through = null, string? program = null, string? ladder = null) =>
        Request(key, PinName, customer, tier, reason, actor, through, program, ladder);

    /// <summary>Takes back floor and pin; from then on what is counted decides.</summary>
    /// <inheritdoc cref="Floor"/>
    public static CustomerEvent Release(string key, Identity customer, string reason, string actor, string? program = null, string? ladder = null) =>
        Request(key, ReleaseName, customer, null, reason, actor, null, program, ladder);

    private static CustomerEvent Request(string key, string kind, Identity customer, string? tier, string reason, string actor, LocalDate? through, string? program, string? ladder) => new()
    {
        Key = EventKey.Parse(key),
        Kind = kind,
        Identity = customer,
        Actor = actor,
        Fields = Fields.Of(
            (Tier, tier is null ? default : Scalar.Of(tier)),
            (Reason, reason),
            (Through, through is { } day ? Scalar.Of(day) : default),
            (Program, program is null ? default : Scalar.Of(program)),
            (Ladder, ladder is null ? default : Scalar.Of(ladder))),
    };
}
