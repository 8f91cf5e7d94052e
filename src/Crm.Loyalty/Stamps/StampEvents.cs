using Crm.Events;
using Crm.Values;

namespace Crm.Loyalty.Stamps;

/// <summary>The requests about stamp cards.</summary>
public static class StampEvents
{
    /// <summary>Asks to take the free one of a full card. Fields "program" and "card", where there are several.</summary>
    public const string UseName = "stamps.use";

    internal const string Program = "program";
    internal const string Card = "card";

    /// <summary>The kinds.</summary>
    public static Sequence<EventKind> Kinds { get; } =
        [new(UseName, EventNature.Request) { Fields = [new(Program, ScalarKind.Code), new(Card, ScalarKind.Code)] }];

    /// <summary>Asks to take the free one of a full card; refused with "no-full-card" when there is none.</summary>
    /// <param name="key">"source:the source's own key of the request".</param>
    /// <param name="customer">Whose card.</param>
    /// <param name="program">The programme; may be left out where one has cards.</param>
    /// <param name="card">The card; may be left out where the programme has one.</param>
    public static CustomerEvent Use(string key, Identity customer, string? program = null, string? card = null) => new()
    {
        Key = EventKey.Parse(key),
        Kind = UseName,
        Identity = customer,
        Fields = Fields.Of((Program, program is null ? default : Scalar.Of(program)), (Card, card is null ? default : Scalar.Of(card))),
    };
}
