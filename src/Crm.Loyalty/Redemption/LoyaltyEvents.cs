using Crm.Events;
using Crm.Loyalty.Pools;
using Crm.Loyalty.Programs;
using Crm.Storage;
using Crm.Values;

namespace Crm.Loyalty.Redemption;

/// <summary>The requests that the loyalty module understands.</summary>
public static class LoyaltyEvents
{
    /// <summary>Asks to spend units. Fields "amount", "authority", and where there are several, "program" and "unit".</summary>
    public const string RedeemName = "points.redeem";

    /// <summary>Asks to give or take units by hand. Fields "amount" (below 0: take), "reason", and where there are several, "program" and "unit"; the event names its actor.</summary>
    public const string AdjustName = "points.adjust";

    /// <summary>The customer came by. Field "store", where the host has several.</summary>
    public const string VisitName = "visit";

    /// <summary>The customer did something that rules may reward: a review, a survey, a share. Fields "action" and, where each instance counts once, "reference".</summary>
    public const string ActionName = "action";

    /// <summary>Asks to give units to another member. Fields "amount", "to" (the other's customer id), and where there are several, "program" and "unit".</summary>
    public const string TransferName = "points.transfer";

    /// <summary>Units came from another member; sent by the engine, lot by lot.</summary>
    public const string ReceiveName = "points.receive";

    /// <summary>Units came back from a customer id that nobody has any more, or never had, into the lots that they were given from; sent by the engine. Fields as of <see cref="ReceiveName"/>.</summary>
    public const string CameBackName = "points.came-back";

    /// <summary>Asks to exchange units. Fields "amount" and, where there are several, "conversion" and "program".</summary>
    public const string ConvertName = "points.convert";

    /// <summary>
    /// Asks to give lots another life, which no change of a programme does by itself. Fields "reason", "consent" (on what ground, as a code), "lot" (its name; all where it is left out) and "expiry" (the new end;
    /// where it is left out, as the unit says for what is earned now), and where there are several, "program" and "unit"; the event names its actor. Lots that cannot be spent yet have the new life when they can be, and those that are
    /// set aside when they return; units that wait for an event stay as they are, since their life begins when it comes.
    /// </summary>
    public const string AmendName = "lots.amend";

    /// <summary>Asks to give back units that have run out. Fields "amount", "reason", "lot" (all that have run out where it is left out), "expiry" (where left out, as the unit says for what is earned now), "program" and "unit"; the event names its actor.</summary>
    public const string ReinstateName = "lots.reinstate";

    /// <summary>Asks that spent units come back: those of the redemption, payment or capture that the event names as its original. Field "amount" (all where it is left out).</summary>
    public const string ReturnName = "points.return";

    /// <summary>
    /// A programme that began later counts for the customer from this event on, at whose instant that may be: history is decided again with it, and the difference is a correction. Field "program".
    /// <see cref="Simulation.ProgramBackfill"/> records it for everybody.
    /// </summary>
    public const string CountPastName = "program.counts-past";

    internal const string To = "to";
    internal const string LotField = "lot";
    internal const string LotsField = "lots";
    internal const string ExpiryField = "expiry";
    internal const string Consent = "consent";
    internal const string Conversion = "conversion";
    internal const string From = "from";
    internal const string Giver = "giver";

    private static readonly Sequence<FieldDeclaration> Brought =
        [new(LotsField, ScalarKind.Code, Required: true), new(Program, ScalarKind.Code, Required: true), new(Unit, ScalarKind.Code, Required: true), new(From, ScalarKind.Code), new(Giver, ScalarKind.Code)];

    /// <summary>The field of <see cref="ActionName"/> that says what was done.</summary>
    public const string ActionField = "action";

    /// <summary>The field that says what it was done to, such as the article reviewed; for <see cref="Rules.EarningTerms.OncePer"/>.</summary>
    public const string ReferenceField = "reference";

    internal const string Authority = "authority";
    internal const string Amount = "amount";
    internal const string Program = "program";
    internal const string BackfillSource = "backfill";
    internal const string Unit = "unit";
    internal const string Reason = "reason";

    /// <summary>The kinds.</summary>
    public static Sequence<EventKind> Kinds { get; } =
    [
        new(VisitName, EventNature.Happening) { Fields = [new(EventKinds.StoreField, ScalarKind.Code)] },
        new(ActionName, EventNature.Happening) { Fields = [new(ActionField, ScalarKind.Code, Required: true), new(ReferenceField, ScalarKind.Code)] },
        new(TransferName, EventNature.Request)
        {
            Fields = [new(Amount, ScalarKind.Number, Required: true), new(To, ScalarKind.Code, Required: true) { NamesCustomer = true }, new(Program, ScalarKind.Code), new(Unit, ScalarKind.Code)],
        },
        new(ReceiveName, EventNature.Happening) { WithCause = true, ComesBackAs = CameBackName, Fields = Brought },
        new(CameBackName, EventNature.Happening) { Fields = Brought },
        new(CountPastName, EventNature.Happening) { OpensHistory = true, Fields = [new(Program, ScalarKind.Code, Required: true)] },
        new(ConvertName, EventNature.Request)
        {
            Fields = [new(Amount, ScalarKind.Number, Required: true), new(Conversion, ScalarKind.Code), new(Program, ScalarKind.Code)],
        },
        new(AmendName, EventNature.Request)
        {
            Fields = [new(Reason, ScalarKind.Code, Required: true), new(Consent, ScalarKind.Code, Required: true), new(LotField, ScalarKind.Code), new(ExpiryField, ScalarKind.Instant), new(Program, ScalarKind.Code), new(Unit, ScalarKind.Code), new(StaffFields.ApprovedBy, ScalarKind.Code)],
        },
        new(ReinstateName, EventNature.Request)
        {
            Fields = [new(Amount, ScalarKind.Number, Required: true), new(Reason, ScalarKind.Code, Required: true), new(LotField, ScalarKind.Code), new(ExpiryField, ScalarKind.Instant), new(Program, ScalarKind.Code), new(Unit, ScalarKind.Code), new(StaffFields.ApprovedBy, ScalarKind.Code)],
        },
        new(ReturnName, EventNature.Request) { Fields = [new(Amount, ScalarKind.Number), new(Program, ScalarKind.Code), new(Unit, ScalarKind.Code)] },
        new(RedeemName, EventNature.Request)
        {
            Fields = [new(Amount, ScalarKind.Number, Required: true), new(Authority, ScalarKind.Code, Required: true), new(Program, ScalarKind.Code), new(Unit, ScalarKind.Code), new(PoolEvents.Member, ScalarKind.Code)],
        },
        new(AdjustName, EventNature.Request)
        {
            Fields = [new(Amount, ScalarKind.Number, Required: true), new(Reason, ScalarKind.Code, Required: true), new(Program, ScalarKind.Code), new(Unit, ScalarKind.Code), new(StaffFields.ApprovedBy, ScalarKind.Code)],
        },
    ];

    /// <summary>The event as a question: quoted, its receipt also says of every rule that gives nothing why not, and the smallest change that would be needed, in lines "why-not". Quote it; do not record it.</summary>
    public static CustomerEvent AskingWhyNot(CustomerEvent happened)
    {
        ArgumentNullException.ThrowIfNull(happened);
        return happened with { Lookups = happened.Lookups.With(Memberships.WhySteps.Asked, true) };
    }

    /// <summary>An entry of a journal as a question: folded again in the place of the entry, its lines also say of every rule that gave nothing why not. Fold it; it is no entry to keep.</summary>
    public static JournalEntry AskingWhyNot(JournalEntry recorded)
    {
        ArgumentNullException.ThrowIfNull(recorded);
        return recorded with { Observations = recorded.Observations.With(EventFields.LookupScope + Memberships.WhySteps.Asked, true) };
    }

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
    /// <param name="authority">Why the asker may spend.</param>
    /// <param name="amount">How many; more than 0.</param>
    /// <param name="program">The programme; may be left out where there is one.</param>
    /// <param name="unit">The unit; may be left out where the programme has one that can be spent.</param>
    public static CustomerEvent Redeem(string key, SpendAuthority authority, long amount, string? program = null, string? unit = null)
    {
        ArgumentNullException.ThrowIfNull(authority);
        var request = Request(key, RedeemName, authority.Customer, amount, program, unit);
        return request with { Actor = authority.Actor, Fields = authority.On(request.Fields) };
    }

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

    /// <summary>Asks to give units to another member.</summary>
    /// <param name="key">"source:the source's own key of the gift".</param>
    /// <param name="customer">Who gives.</param>
    /// <param name="to">Who gets.</param>
    /// <param name="amount">How many; more than 0.</param>
    /// <param name="program">The programme; may be left out where there is one.</param>
    /// <param name="unit">The unit; may be left out where the programme has one that can be spent.</param>
    public static CustomerEvent Transfer(string key, Identity customer, CustomerId to, long amount, string? program = null, string? unit = null)
    {
        var request = Request(key, TransferName, customer, amount, program, unit);
        return request with { Fields = request.Fields.With(To, to.ToString()) };
    }

    /// <summary>Asks to exchange units.</summary>
    /// <param name="key">"source:the source's own key of the exchange".</param>
    /// <param name="customer">Whose units.</param>
    /// <param name="amount">How many to give; what is over a whole step stays.</param>
    /// <param name="conversion">The exchange; may be left out where the programme has one.</param>
    /// <param name="program">The programme; may be left out where there is one.</param>
    public static CustomerEvent Convert(string key, Identity customer, long amount, string? conversion = null, string? program = null)
    {
        var request = Request(key, ConvertName, customer, amount, program, null);
        return request with { Fields = request.Fields.With(Conversion, conversion is null ? default : Scalar.Of(conversion)) };
    }

    /// <summary>Asks to give lots another life.</summary>
    /// <param name="key">"source:the source's own key".</param>
    /// <param name="customer">Whose lots.</param>
    /// <param name="expiry">Their new end; null: as the unit says for what is earned now.</param>
    /// <param name="reason">Why, as a code.</param>
    /// <param name="consent">On what ground, as a code such as "terms-2027".</param>
    /// <param name="actor">Who decided it.</param>
    /// <param name="lot">The name of the lot, as the ledger has it; null: all of them, pending ones and those that are set aside among them.</param>
    /// <param name="program">The programme; may be left out where there is one.</param>
    /// <param name="unit">The unit; may be left out where the programme has one that can be spent.</param>
    public static CustomerEvent AmendLots(string key, Identity customer, NodaTime.Instant? expiry, string reason, string consent, string actor, string? lot = null, string? program = null, string? unit = null) => new()
    {
        Key = EventKey.Parse(key),
        Kind = AmendName,
        Identity = customer,
        Actor = actor,
        Fields = Fields.Of(
            (Reason, reason),
            (Consent, consent),
            (LotField, lot is null ? default : Scalar.Of(lot)),
            (ExpiryField, expiry is { } at ? Scalar.Of(at) : default),
            (Program, program is null ? default : Scalar.Of(program)),
            (Unit, unit is null ? default : Scalar.Of(unit))),
    };

    /// <summary>Asks to give back units that have run out.</summary>
    /// <param name="key">"source:the source's own key".</param>
    /// <param name="customer">Whose units.</param>
    /// <param name="amount">How many; more than 0.</param>
    /// <param name="expiry">When they run out again; null: as the unit says for what is earned now.</param>
    /// <param name="reason">Why, as a code.</param>
    /// <param name="actor">Who decided it.</param>
    /// <param name="lot">The lot that ran out; null: of all that have.</param>
    /// <param name="program">The programme; may be left out where there is one.</param>
    /// <param name="unit">The unit; may be left out where the programme has one that can be spent.</param>
    public static CustomerEvent Reinstate(string key, Identity customer, long amount, NodaTime.Instant? expiry, string reason, string actor, string? lot = null, string? program = null, string? unit = null)
    {
        var request = Request(key, ReinstateName, customer, amount, program, unit);
        return request with { Actor = actor, Fields = request.Fields.With(Reason, reason).With(LotField, lot is null ? default : Scalar.Of(lot)).With(ExpiryField, expiry is { } at ? Scalar.Of(at) : default) };
    }

    /// <summary>Asks that spent units come back.</summary>
    /// <param name="key">"source:the source's own key".</param>
    /// <param name="customer">Whose units.</param>
    /// <param name="redemption">The key of the redemption, the payment, or the capture of units that had been set aside.</param>
    /// <param name="amount">How many; null: all that have not come back yet.</param>
    /// <param name="program">The programme; may be left out where there is one.</param>
    /// <param name="unit">The unit; may be left out where the programme has one that can be spent.</param>
    public static CustomerEvent Return(string key, Identity customer, string redemption, long? amount = null, string? program = null, string? unit = null) => new()
    {
        Key = EventKey.Parse(key),
        Kind = ReturnName,
        Identity = customer,
        Original = EventKey.Parse(redemption),
        Fields = Fields.Of((Amount, amount is { } some ? Scalar.Of(some) : default), (Program, program is null ? default : Scalar.Of(program)), (Unit, unit is null ? default : Scalar.Of(unit))),
    };

    private static CustomerEvent Request(string key, string kind, Identity customer, long amount, string? program, string? unit) => new()
    {
        Key = EventKey.Parse(key),
        Kind = kind,
        Identity = customer,
        Fields = Fields.Of((Amount, amount), (Program, program is null ? default : Scalar.Of(program)), (Unit, unit is null ? default : Scalar.Of(unit))),
    };
}
