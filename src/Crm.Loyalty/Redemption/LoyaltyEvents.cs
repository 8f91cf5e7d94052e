using Crm.Events;
using Crm.Loyalty.Programs;
using Crm.Values;

namespace Crm.Loyalty.Redemption;

/// <summary>The requests that the loyalty module understands.</summary>
public static class LoyaltyEvents
{
    /// <summary>Asks to spend units. Fields "amount", and where there are several, "program" and "unit".</summary>
    public const string RedeemName = "points.redeem";

    /// <summary>Asks to give or take units by hand. Fields "amount" (below 0: take), "reason", and where there are several, "program" and "unit"; the event names its actor.</summary>
    public const string AdjustName = "points.adjust";

    internal const string Amount = "amount";
    internal const string Program = "program";
    internal const string Unit = "unit";
    internal const string Reason = "reason";

    /// <summary>Both kinds.</summary>
    public static Sequence<EventKind> Kinds { get; } =
    [
        new(RedeemName, EventNature.Request)
        {
            Fields = [new(Amount, ScalarKind.Number, Required: true), new(Program, ScalarKind.Code), new(Unit, ScalarKind.Code)],
        },
        new(AdjustName, EventNature.Request)
        {
            Fields = [new(Amount, ScalarKind.Number, Required: true), new(Reason, ScalarKind.Code, Required: true), new(Program, ScalarKind.Code), new(Unit, ScalarKind.Code), new(StaffFields.ApprovedBy, ScalarKind.Code)],
        },
    ];

    /// <summary>Asks to spend units.</summary>
    /// <param name="key">"source:the source's own key of the redemption".</param>
    /// <param name="customer">Whose units.</param>
    /// <param name="amount">How many; more than 0.</param>
    /// <param name="program">The programme; may be left out where there is one.</param>
    /// <param name="unit">The unit; may be left out where the programme has one that can be spent.</param>
    public static CustomerEvent Redeem(string key, Identity customer, long amount, string? program = null, string? unit = null) =>
        Request(key, RedeemName, customer, amount, program, unit);

    /// <summary>Asks to give or take units by hand.</summary>
    /// <param name="key">"source:the source's own key of the adjustment".</param>
    /// <param name="customer">Whose units.</param>
    /// <param name="amount">How many to give; below 0, to take.</param>
    /// <param name="reason">Why, as a code such as "goodwill".</param>
    /// <param name="actor">Who decided it, as a code such as "staff:17".</param>
    /// <param name="program">The programme; may be left out where there is one.</param>
    /// <param name="unit">The unit; may be left out where the programme has one that can be spent.</param>
    public static CustomerEvent Adjust(string key, Identity customer, long amount, string reason, string actor, string? program = null, string? unit = null)
    {
        var request = Request(key, AdjustName, customer, amount, program, unit);
        return request with { Actor = actor, Fields = request.Fields.With(Reason, reason) };
    }

    private static CustomerEvent Request(string key, string kind, Identity customer, long amount, string? program, string? unit) => new()
    {
        Key = EventKey.Parse(key),
        Kind = kind,
        Identity = customer,
        Fields = Fields.Of((Amount, amount), (Program, program is null ? default : Scalar.Of(program)), (Unit, unit is null ? default : Scalar.Of(unit))),
    };
}
