using System.Collections.Frozen;
using Crm.Values;

namespace Crm.Events;

/// <summary>Whether an event is a fact of life or asks for something.</summary>
public enum EventNature
{
    /// <summary>It happened: never refused, at most noted.</summary>
    Happening,

    /// <summary>It asks: a module may refuse it with a code, and then nothing of it takes effect.</summary>
    Request,

    /// <summary>It takes back an earlier event, wholly or in part: history is decided again without what was taken back.</summary>
    Amendment,
}

/// <summary>A declared kind of event.</summary>
/// <param name="Name">Such as "purchase" or "points.redeem".</param>
/// <param name="Nature">Happening, request or amendment.</param>
public sealed record EventKind(string Name, EventNature Nature)
{
    /// <summary>Its own fields, by name; others are refused.</summary>
    public Sequence<FieldDeclaration> Fields { get; init; }

    /// <summary>Whether events of this kind may come in any order without history being decided again (page views). Only for happenings.</summary>
    public bool OrderFree { get; init; }

    /// <summary>
    /// Whether an event of this kind, where it follows from another customer's, is written in one commit with what it follows from, such as the two sides of a gift. A store that cannot write several
    /// customers all or none has it brought by the outbox, as all other follow-ups are. Only for happenings.
    /// </summary>
    public bool WithCause { get; init; }

    /// <summary>
    /// The kind as which an event of this kind, where it follows from another customer's, comes back to who sent it when nobody has the id that it is for, or that person is forgotten: with the same key, so that it arrives or comes back and
    /// never both, and the same fields. Null: it waits in the outbox. The other kind is a happening, too, and declares the same fields.
    /// </summary>
    public string? ComesBackAs { get; init; }

    /// <summary>
    /// Whether an event of this kind shows the past to the modules that declare it and keep something of it: where they joined the store later, they count from then on as if they had been there from the beginning of the history, and
    /// what that makes otherwise is written as a correction; an irrevocable one decides history as it was recorded. It counts at its own instant however long ago that is, or after what was disposed of, and modules are asked about
    /// it with an empty state, too, to see who keeps something. Where it is taken back they see history since they joined again, as the journal says. Only for happenings.
    /// </summary>
    public bool OpensHistory { get; init; }
}

/// <summary>A field that events of a kind may have.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Kind">The kind of its value.</param>
/// <param name="Required">Whether an event without it is refused.</param>
public sealed record FieldDeclaration(string Name, ScalarKind Kind, bool Required = false)
{
    /// <summary>
    /// Whether its value, a code, is the id of another customer, as <see cref="CustomerId.ToString"/> writes it. A request that names somebody whom the store does not have, or who is forgotten, is refused with "unknown-customer";
    /// what is no id at all is for the module to refuse. Only for requests.
    /// </summary>
    public bool NamesCustomer { get; init; }
}

/// <summary>The kinds of events that an engine accepts: the built-in ones and those that modules and hosts declare.</summary>
public sealed class EventKinds
{
    /// <summary>"purchase".</summary>
    public const string PurchaseName = "purchase";

    /// <summary>"refund".</summary>
    public const string RefundName = "refund";

    /// <summary>"cancellation".</summary>
    public const string CancellationName = "cancellation";

    /// <summary>"supply.exhausted": something that was due could not draw on a supply, and was decided without it. The engine records it itself, so that the answer stands in the journal.</summary>
    public const string SupplyExhaustedName = "supply.exhausted";

    /// <summary>"customer.merged": another customer and this one are one from now on. A merge records it itself, in the journal of the customer who stays; who was retired stands in its observations.</summary>
    public const string MergedName = "customer.merged";

    /// <summary>"customer.retired": from now on this customer's id stands for another. A merge records it itself, as the last entry of the journal of the customer who goes.</summary>
    public const string RetiredName = "customer.retired";

    /// <summary>
    /// "customer.erased": who this was is forgotten. An erasure records it itself. A module that knows something of the person, or that would send them something, handles it: it drops what it knows, and what it has on the agenda
    /// to send; what it keeps of books stays.
    /// </summary>
    public const string ErasedName = "customer.erased";

    /// <summary>
    /// "profile.observed": what the modules ask of the profile has another answer than before, without anything else having happened. The engine records it itself where it finds that; a host that knows which row of its own it
    /// has changed may record it too. What was observed stands in its observations, and counts from when it is recorded.
    /// </summary>
    public const string ProfileObservedName = "profile.observed";

    /// <summary>The field of a purchase that names the shop, as a code.</summary>
    public const string StoreField = "store";

    /// <summary>The field of a purchase with the discount on the whole, a number in the main unit of the spend's currency; it is no longer in the spend.</summary>
    public const string DiscountField = "discount";

    /// <summary>The field of a purchase with the tax that is in the spend.</summary>
    public const string TaxField = "tax";

    /// <summary>The field of a purchase with the delivery that is in the spend.</summary>
    public const string DeliveryField = "delivery";

    /// <summary>The field of a purchase with the part of the spend that was paid with points.</summary>
    public const string PointsPaidField = "points-paid";

    private readonly FrozenDictionary<string, EventKind> kinds;

    /// <summary>The built-in kinds and these.</summary>
    /// <exception cref="ArgumentException">Two declarations of one name differ, a name is no name, or a kind that is order-free, written with its cause or opens history is not a happening, one comes back as a kind that is not there, or a field cannot name a customer. The message lists all that is wrong.</exception>
    public EventKinds(IEnumerable<EventKind> declared)
    {
        ArgumentNullException.ThrowIfNull(declared);
        var all = BuiltIn.Concat(declared).Distinct().ToList();
        var errors = all.GroupBy(kind => kind.Name, StringComparer.Ordinal).Where(group => group.Count() > 1)
            .Select(group => $"The event kind '{group.Key}' is declared {group.Count()} times, differently; one declaration is expected.")
            .Concat(all.Where(kind => !Names.IsName(kind.Name)).Select(kind => $"'{kind.Name}' is not the name of an event kind: lower-case letters, digits, '-', '_' and '.' are expected."))
            .Concat(all.Where(kind => kind.OrderFree && kind.Nature != EventNature.Happening).Select(kind => $"The event kind '{kind.Name}' is order-free and a {kind.Nature}; only happenings can be order-free."))
            .Concat(all.Where(kind => kind.WithCause && kind.Nature != EventNature.Happening).Select(kind => $"The event kind '{kind.Name}' is to be written with its cause and is a {kind.Nature}; only happenings can be, because nobody is left to be told of a refusal."))
            .Concat(all.Where(kind => kind.OpensHistory && (kind.OrderFree || kind.Nature != EventNature.Happening)).Select(kind => $"The event kind '{kind.Name}' opens history and is {(kind.OrderFree ? "order-free" : $"a {kind.Nature}")}; only happenings that have their place in history can open it."))
            .Concat(all.Where(kind => kind.ComesBackAs is { } back && !all.Exists(other => other.Name == back && other.Nature == EventNature.Happening && other.Fields == kind.Fields)).Select(kind => $"The event kind '{kind.Name}' comes back as '{kind.ComesBackAs}', which is no happening with the same fields; declare one."))
            .Concat(all.SelectMany(kind => kind.Fields.Where(field => field.NamesCustomer && (field.Kind != ScalarKind.Code || kind.Nature != EventNature.Request)).Select(field => $"The field '{field.Name}' of the event kind '{kind.Name}' names a customer and is a {field.Kind} of a {kind.Nature}; only codes of requests can, because happenings are not refused.")))
            .ToList();
        if (errors.Count > 0)
        {
            throw new ArgumentException(string.Join(Environment.NewLine, errors), nameof(declared));
        }

        kinds = all.ToFrozenDictionary(kind => kind.Name, StringComparer.Ordinal);
    }

    /// <summary>The fields of a purchase that say what is in its spend, or was. When a part of the purchase is taken back, the same part of them is.</summary>
    public static Sequence<string> PartsOfSpend { get; } = [DeliveryField, DiscountField, PointsPaidField, TaxField];

    /// <summary>A purchase: a happening with spend and, where known, lines, the shop and what the spend is made of.</summary>
    public static EventKind Purchase { get; } = new(PurchaseName, EventNature.Happening)
    {
        Fields = [new(StoreField, ScalarKind.Code), .. PartsOfSpend.Select(part => new FieldDeclaration(part, ScalarKind.Number))],
    };

    /// <summary>A refund: takes back amounts or articles of a purchase.</summary>
    public static EventKind Refund { get; } = new(RefundName, EventNature.Amendment);

    /// <summary>A cancellation: takes back the whole of the event it names.</summary>
    public static EventKind Cancellation { get; } = new(CancellationName, EventNature.Amendment);

    /// <summary>Something that was due found a supply exhausted.</summary>
    public static EventKind SupplyExhausted { get; } = new(SupplyExhaustedName, EventNature.Happening);

    /// <summary>The field in which modules find the id of the customer who goes when they are asked about a merge.</summary>
    public const string RetiredField = "retired";

    /// <summary>Another customer and this one became one.</summary>
    public static EventKind Merged { get; } = new(MergedName, EventNature.Happening) { Fields = [new(RetiredField, ScalarKind.Code)] };

    /// <summary>This customer became one with another, whose id stands for both.</summary>
    public static EventKind Retired { get; } = new(RetiredName, EventNature.Happening);

    /// <summary>Who this was is forgotten.</summary>
    public static EventKind Erased { get; } = new(ErasedName, EventNature.Happening);

    /// <summary>The profile was looked at.</summary>
    public static EventKind ProfileObserved { get; } = new(ProfileObservedName, EventNature.Happening);

    /// <summary>The kinds that every engine knows: purchase, refund, cancellation, the outcomes of messages, a supply found exhausted, the two sides of a merge, an erasure, and a profile looked at.</summary>
    public static Sequence<EventKind> BuiltIn { get; } = [Purchase, Refund, Cancellation, .. MessageOutcomes.Kinds, SupplyExhausted, Merged, Retired, Erased, ProfileObserved];

    /// <summary>The names of all kinds, in ordinal order.</summary>
    public IEnumerable<string> Known => kinds.Keys.Order(StringComparer.Ordinal);

    /// <summary>Whether the same kinds are declared in the same way.</summary>
    internal bool AreAs(EventKinds other) => kinds.Count == other.kinds.Count && kinds.Values.All(kind => other.Find(kind.Name) == kind);

    /// <summary>The kind with this name, or null.</summary>
    public EventKind? Find(string name) => kinds.GetValueOrDefault(name);
}
