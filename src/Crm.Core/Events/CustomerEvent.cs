using Crm.Values;
using NodaTime;

namespace Crm.Events;

/// <summary>
/// Something that happened to a customer, or that a customer asks for, as a sending system tells it.
/// It holds codes, amounts and numbers, and no text about a person: that goes to <see cref="Profile"/>, which is kept apart and can be erased.
/// </summary>
public sealed record CustomerEvent
{
    /// <summary>The most lines that an event has.</summary>
    public const int MostLines = 10_000;

    /// <summary>The largest amount of an event, and of a line, in minor units of its currency.</summary>
    public const long MostMinorUnits = 1_000_000_000_000_000;

    /// <summary>The sender's name of the event. The same key with the same content is recorded once.</summary>
    public required EventKey Key { get; init; }

    /// <summary>What kind of event, such as "purchase"; one of the declared <see cref="EventKinds"/>.</summary>
    public required string Kind { get; init; }

    /// <summary>The customer, where the sender knows the id. Either this or <see cref="Identity"/> is given; the id wins.</summary>
    public CustomerId? Customer { get; init; }

    /// <summary>A name of the customer. Nobody having it yet, a customer is born with this event.</summary>
    public Identity? Identity { get; init; }

    /// <summary>Further names that become the customer's with this event. One that is somebody else's refuses a request, and is noted on a happening. They never enter the journal.</summary>
    public Sequence<Identity> AlsoKnownAs { get; init; }

    /// <summary>When it happened. Left out: when it is first recorded.</summary>
    public Instant? OccurredAt { get; init; }

    /// <summary>Where it happened, such as "shop" or "web"; null when the sender does not say.</summary>
    public string? Channel { get; init; }

    /// <summary>The brand it belongs to; null for hosts with one brand.</summary>
    public string? Brand { get; init; }

    /// <summary>Who did it, as a code such as "staff:17"; null means the customer.</summary>
    public string? Actor { get; init; }

    /// <summary>The amount of the whole event; null for events without money. Never negative: the kind says the direction.</summary>
    public Money? Spend { get; init; }

    /// <summary>The articles, in the order of the receipt; may be empty.</summary>
    public Sequence<EventLine> Lines { get; init; }

    /// <summary>The event that this one takes back, wholly or in part (a refund's purchase); null where it is not known or there is none.</summary>
    public EventKey? Original { get; init; }

    /// <summary>Further declared fields of the kind: codes, numbers, flags, dates.</summary>
    public Fields Fields { get; init; }

    /// <summary>What the host looked up beforehand for conditions to use (stock, weather). Stored with the decision, and no part of what makes two payloads differ.</summary>
    public Fields Lookups { get; init; }

    /// <summary>Values about the person, merged into the profile in the same commit. They never enter the journal, and are no part of what makes two payloads differ: a hash of them could be guessed.</summary>
    public Fields Profile { get; init; }

    /// <summary>Fields of the profile that lose their values, in the same commit.</summary>
    public Sequence<string> ProfileRemoved { get; init; }

    /// <summary>A purchase.</summary>
    /// <param name="key">"source:receipt number".</param>
    /// <param name="customer">Who bought.</param>
    /// <param name="spend">What was paid for goods.</param>
    /// <param name="lines">The articles, where the till sends them. Their amounts add up to the spend.</param>
    public static CustomerEvent Purchase(string key, Identity customer, Money spend, params Sequence<EventLine> lines) => new()
    {
        Key = EventKey.Parse(key),
        Kind = EventKinds.PurchaseName,
        Identity = customer,
        Spend = spend,
        Lines = lines,
    };

    /// <summary>Takes back an amount of an earlier purchase; without lines the amount is spread over the purchase in proportion.</summary>
    /// <param name="key">"source:refund number".</param>
    /// <param name="customer">Who bought.</param>
    /// <param name="original">The key of the purchase; null where the till does not know it: then the customer's latest earlier purchases of the same articles are taken.</param>
    /// <param name="amount">What was paid back, not negative.</param>
    /// <param name="lines">The articles that came back, with positive quantities. Where they cost more than was paid back, because a discount on the whole or a fee was taken off, each counts at its share. Of a purchase that cost nothing they say what came back; without lines all of it did.</param>
    public static CustomerEvent Refund(string key, Identity customer, string? original, Money amount, params Sequence<EventLine> lines) => new()
    {
        Key = EventKey.Parse(key),
        Kind = EventKinds.RefundName,
        Identity = customer,
        Original = original is null ? null : EventKey.Parse(original),
        Spend = amount,
        Lines = lines,
    };

    /// <summary>Takes back an earlier event as a whole, as if it had never happened.</summary>
    /// <param name="key">"source:cancellation number".</param>
    /// <param name="customer">Whose event it was.</param>
    /// <param name="original">The key of the event; it may arrive after its cancellation.</param>
    public static CustomerEvent Cancellation(string key, Identity customer, string original) => new()
    {
        Key = EventKey.Parse(key),
        Kind = EventKinds.CancellationName,
        Identity = customer,
        Original = EventKey.Parse(original),
    };
}
