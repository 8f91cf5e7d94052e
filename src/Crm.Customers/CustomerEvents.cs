using Crm.Events;
using Crm.Values;
using NodaTime;

namespace Crm.Customers;

/// <summary>The events of the customers module.</summary>
public static class CustomerEvents
{
    /// <summary>The customer's profile changed. The values are in <see cref="CustomerEvent.Profile"/> and never enter the journal.</summary>
    public const string ProfileChanged = "profile.changed";

    /// <summary>The customer is known by further names (<see cref="CustomerEvent.AlsoKnownAs"/>). Refused when one is somebody else's.</summary>
    public const string IdentityAdded = "identity.added";

    /// <summary>Somebody put a tag on the customer.</summary>
    public const string TagAdded = "tag.added";

    /// <summary>Somebody took a tag off.</summary>
    public const string TagRemoved = "tag.removed";

    /// <summary>The echo of a change of stage, with "from" and "to".</summary>
    public const string StageChanged = "stage.changed";

    internal const string TagField = "tag";
    internal const string UntilField = "until";

    /// <summary>The declared kinds. Tags have the field "tag" and, when they run out by themselves, "until".</summary>
    public static Sequence<EventKind> Kinds { get; } =
    [
        new(ProfileChanged, EventNature.Happening),
        new(IdentityAdded, EventNature.Request),
        new(TagAdded, EventNature.Happening) { Fields = [new(TagField, ScalarKind.Code, Required: true), new(UntilField, ScalarKind.Instant)] },
        new(TagRemoved, EventNature.Happening) { Fields = [new(TagField, ScalarKind.Code, Required: true)] },
    ];

    /// <summary>Tells new values of the profile.</summary>
    public static CustomerEvent Profile(string key, Identity customer, Fields values) =>
        new() { Key = EventKey.Parse(key), Kind = ProfileChanged, Identity = customer, Profile = values };

    /// <summary>Asks that the customer be known by further names.</summary>
    public static CustomerEvent AlsoKnown(string key, Identity customer, params Sequence<Identity> names) =>
        new() { Key = EventKey.Parse(key), Kind = IdentityAdded, Identity = customer, AlsoKnownAs = names };

    /// <summary>Puts a tag on a customer.</summary>
    /// <param name="key">"source:number".</param>
    /// <param name="customer">On whom.</param>
    /// <param name="tag">The tag, such as "window-seat".</param>
    /// <param name="by">Who, such as "staff:17"; null: the customer.</param>
    /// <param name="until">When it runs out by itself, excluded; null: never.</param>
    public static CustomerEvent Tag(string key, Identity customer, string tag, string? by = null, Instant? until = null) => new()
    {
        Key = EventKey.Parse(key),
        Kind = TagAdded,
        Identity = customer,
        Actor = by,
        Fields = Fields.Of((TagField, Scalar.Of(tag)), (UntilField, until is { } end ? Scalar.Of(end) : default)),
    };

    /// <summary>Takes a tag off.</summary>
    public static CustomerEvent Untag(string key, Identity customer, string tag, string? by = null) =>
        new() { Key = EventKey.Parse(key), Kind = TagRemoved, Identity = customer, Actor = by, Fields = Fields.Of((TagField, Scalar.Of(tag))) };
}
