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

    /// <summary>The customer came by. Field "store", where the host has several.</summary>
    public const string VisitName = "visit";

    /// <summary>The customer did something that rules may reward: a review, a survey, a share. Fields "action" and, where each instance counts once, "reference".</summary>
    public const string ActionName = "action";

    /// <summary>The field of <see cref="ActionName"/> that says what was done.</summary>
    public const string ActionField = "action";

    /// <summary>The field that says what it was done to, such as the article reviewed; for <see cref="Rules.EarningTerms.OncePer"/>.</summary>
    public const string ReferenceField = "reference";

    internal const string Amount = "amount";
    internal const string Program = "program";
    internal const string Unit = "unit";
    internal const string Reason = "reason";

    /// <summary>The kinds.</summary>
    public static Sequence<EventKind> Kinds { get; } =
    [
        new(VisitName, EventNature.Happening) { Fields = [new(EventKinds.StoreField, ScalarKind.Code)] },
        new(ActionName, EventNature.Happening) { Fields = [new(ActionField, ScalarKind.Code, Required: true), new(ReferenceField, ScalarKind.Code)] },
        new(RedeemName, EventNature.Request)
        {
            Fields = [new(Amount, ScalarKind.Number, Required: true), new(Program, ScalarKind.Code), new(Unit, ScalarKind.Code)],
        },
        new(AdjustName, EventNature.Request)
        {
            Fields = [new(Amount, ScalarKind.Number, Required: true), new(Reason, ScalarKind.Code, Required: true), new(Program, ScalarKind.Code), new(Unit, ScalarKind.Code), new(StaffFields.ApprovedBy, ScalarKind.Code)],
        },
    ];

    /// <summary>The customer came by.</summary>
    /// <param name="key">"source:the source's own key of the visit".</param>
    /// <param name="customer">Who.</param>
    /// <param name="store">Where; null when the host has one shop.</param>
    public static CustomerEvent Visit(string key, Identity customer, string? store = null) =>
        new() { Key = EventKey.Parse(key), Kind = VisitName, Identity = customer, Fields = Fields.Of((EventKinds.StoreField, store is null ? default : Scalar.Of(store))) };

    /// <summary>The customer did something.</summary>
    /// <param name="key">"source:the source's own key"; the same key never counts twice.</param>
    /// <param name="customer">Who.</param>
    /// <param name="action">What, as a code such as "review".</param>
    /// <param name="reference">What it was done to; null where that does not matter.</param>
    public static CustomerEvent Action(string key, Identity customer, string action, string? reference = null) =>
        new() { Key = EventKey.Parse(key), Kind = ActionName, Identity = customer, Fields = Fields.Of((ActionField, action), (ReferenceField, reference is null ? default : Scalar.Of(reference))) };

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
