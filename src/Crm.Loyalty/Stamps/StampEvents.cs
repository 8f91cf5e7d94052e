using Crm.Events;
using Crm.Values;

namespace Crm.Loyalty.Stamps;

/// <summary>The requests about stamp cards.</summary>
public static class StampEvents
{
    /// <summary>Asks to take the free one of a full card. Fields "program" and "card", where there are several.</summary>
    public const string UseName = "stamps.use";

    /// <summary>Asks to give stamps by hand. Fields "stamps" and "reason", and where there are several, "program" and "card"; the event names its actor.</summary>
    public const string GiveName = "stamps.give";

    /// <summary>Asks for the next card, where one has to be asked for. Fields "program" and "card", where there are several.</summary>
    public const string OpenName = "stamps.open";

    internal const string Program = "program";
    internal const string Card = "card";
    internal const string Stamps = "stamps";
    internal const string Reason = "reason";

    /// <summary>The kinds.</summary>
    public static Sequence<EventKind> Kinds { get; } =
    [
        new(UseName, EventNature.Request) { Fields = [new(Program, ScalarKind.Code), new(Card, ScalarKind.Code)] },
        new(OpenName, EventNature.Request) { Fields = [new(Program, ScalarKind.Code), new(Card, ScalarKind.Code)] },
        new(GiveName, EventNature.Request)
        {
            Fields =
            [
                new(Stamps, ScalarKind.Number, Required: true), new(Reason, ScalarKind.Code, Required: true), new(Program, ScalarKind.Code), new(Card, ScalarKind.Code),
                new(Programs.StaffFields.ApprovedBy, ScalarKind.Code),
            ],
        },
    ];

    /// <summary>Asks to take the free one of a full card; refused with "no-full-card" when there is none.</summary>
    /// <param name="key">"source:the source's own key of the request".</param>
    /// <param name="customer">Whose card.</param>
    /// <param name="program">The programme; may be left out where one has cards.</param>
    /// <param name="card">The card; may be left out where the programme has one.</param>
    public static CustomerEvent Use(string key, Identity customer, string? program = null, string? card = null) => Request(key, UseName, customer, program, card);

    /// <summary>Asks for the next card; refused with "card-open" when one is open or begins by itself.</summary>
    /// <inheritdoc cref="Use"/>
    public static CustomerEvent Open(string key, Identity customer, string? program = null, string? card = null) => Request(key, OpenName, customer, program, card);

    /// <summary>Gives stamps by hand; refused with "stamps-overflow" when the card does not take so many and carries nothing over.</summary>
    /// <param name="key">"source:the source's own key of the request".</param>
    /// <param name="customer">Whose card.</param>
    /// <param name="stamps">How many; more than 0.</param>
    /// <param name="reason">Why, as a code such as "forgotten-card".</param>
    /// <param name="actor">Who gives them, as a code such as "staff:17".</param>
    /// <param name="program">The programme; may be left out where one has cards.</param>
    /// <param name="card">The card; may be left out where the programme has one.</param>
    public static CustomerEvent Give(string key, Identity customer, long stamps, string reason, string actor, string? program = null, string? card = null)
    {
        var request = Request(key, GiveName, customer, program, card);
        return request with { Actor = actor, Fields = request.Fields.With(Stamps, stamps).With(Reason, reason) };
    }

    private static CustomerEvent Request(string key, string kind, Identity customer, string? program, string? card) => new()
    {
        Key = EventKey.Parse(key),
        Kind = kind,
        Identity = customer,
        Fields = Fields.Of((Program, program is null ? default : Scalar.Of(program)), (Card, card is null ? default : Scalar.Of(card))),
    };
}
