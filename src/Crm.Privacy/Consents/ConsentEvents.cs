using Crm.Events;
using Crm.Values;

namespace Crm.Privacy.Consents;

/// <summary>The events that tell of consent, and the facts that follow from them.</summary>
public static class ConsentEvents
{
    /// <summary>The customer agreed, by an act.</summary>
    public const string Given = "consent.given";

    /// <summary>The customer was asked and declined.</summary>
    public const string Refused = "consent.refused";

    /// <summary>The customer wants no more of it (an opt-out).</summary>
    public const string Withdrawn = "consent.withdrawn";

    /// <summary>The value of a fact that permits.</summary>
    public const string GrantedFact = "granted";

    /// <summary>The value of a fact after a refusal.</summary>
    public const string RefusedFact = "refused";

    /// <summary>The value of a fact after an opt-out.</summary>
    public const string WithdrawnFact = "withdrawn";

    internal const string ChannelField = "channel";
    internal const string PurposeField = "purpose";
    internal const string NoticeField = "notice";
    internal const string ShownAtField = "shown-at";
    internal const string MethodField = "method";
    internal const string EvidenceField = "evidence";
    internal const string ValidUntilField = "valid-until";

    /// <summary>
    /// The declared kinds. Fields: "channel" and "purpose"; "notice", the version or hash of what the customer saw, without which nothing can be agreed to; and, where known, "shown-at", "method",
    /// "evidence" (a reference) and, for consent given for a time, "valid-until". An event with a brand is about that brand, one without about all of them.
    /// </summary>
    public static Sequence<EventKind> Kinds { get; } =
    [
        Kind(Given, noticeRequired: true, new FieldDeclaration(ValidUntilField, ScalarKind.Instant)),
        Kind(Refused, noticeRequired: false),
        Kind(Withdrawn, noticeRequired: false),
    ];

    /// <summary>The name of the fact: "consent.email.marketing" of what was said for all brands, "consent.email.marketing.tea" of what was said for one and still counts for it.</summary>
    public static string Fact(string channel, string purpose, string? brand = null) => $"consent.{Subject(channel, purpose, brand)}";

    /// <summary>Tells that a customer agreed.</summary>
    /// <param name="key">"source:number".</param>
    /// <param name="customer">Who.</param>
    /// <param name="channel">The channel.</param>
    /// <param name="purpose">The id of the purpose.</param>
    /// <param name="notice">The version or hash of what the customer saw.</param>
    /// <param name="method">How, one of <see cref="ConsentMethods.All"/>; null when not known.</param>
    public static CustomerEvent Give(string key, Identity customer, string channel, string purpose, string notice, string? method = null) =>
        About(Given, key, customer, channel, purpose, (NoticeField, Scalar.Of(notice)), (MethodField, method is null ? default : Scalar.Of(method)));

    /// <summary>Tells that a customer declined.</summary>
    public static CustomerEvent Refuse(string key, Identity customer, string channel, string purpose) => About(Refused, key, customer, channel, purpose);

    /// <summary>Tells that a customer opted out. What waits for sending dies at its lease.</summary>
    public static CustomerEvent Withdraw(string key, Identity customer, string channel, string purpose) => About(Withdrawn, key, customer, channel, purpose);

    internal static string Subject(string channel, string purpose, string? brand) => brand is null ? $"{channel}.{purpose}" : $"{channel}.{purpose}.{brand}";

    internal static ConsentAnswer? AnswerOf(string kind) => kind switch
    {
        Given => ConsentAnswer.Given,
        Refused => ConsentAnswer.Refused,
        Withdrawn => ConsentAnswer.Withdrawn,
        _ => null,
    };

    internal static Scalar FactValue(ConsentState state) => state switch
    {
        ConsentState.Given or ConsentState.RenewedGiven => GrantedFact,
        ConsentState.Refused => RefusedFact,
        ConsentState.Withdrawn => WithdrawnFact,
        _ => default(Scalar),
    };

    private static CustomerEvent About(string kind, string key, Identity customer, string channel, string purpose, params (string, Scalar)[] more) => new()
    {
        Key = EventKey.Parse(key),
        Kind = kind,
        Identity = customer,
        Fields = Fields.Of([(ChannelField, Scalar.Of(channel)), (PurposeField, Scalar.Of(purpose)), .. more]),
    };

    private static EventKind Kind(string name, bool noticeRequired, params FieldDeclaration[] more) => new(name, EventNature.Happening)
    {
        Fields =
        [
            new(ChannelField, ScalarKind.Code, Required: true),
            new(PurposeField, ScalarKind.Code, Required: true),
            new(NoticeField, ScalarKind.Code, noticeRequired),
            new(ShownAtField, ScalarKind.Instant),
            new(MethodField, ScalarKind.Code),
            new(EvidenceField, ScalarKind.Code),
            .. more,
        ],
    };
}

/// <summary>How a customer can answer.</summary>
public static class ConsentMethods
{
    /// <summary>A box ticked or a switch set; a box that was ticked beforehand is no act.</summary>
    public const string Tick = "tick";

    /// <summary>A signature.</summary>
    public const string Signature = "signature";

    /// <summary>By word of mouth; must be confirmed in writing within 14 days before it is used (Cap. 486 s.35E(1)(b)).</summary>
    public const string Oral = "oral";

    /// <summary>A reply to a message.</summary>
    public const string Reply = "reply";

    /// <summary>Taken over from an earlier system, whose evidence the reference names.</summary>
    public const string Import = "import";

    /// <summary>All methods.</summary>
    public static Sequence<string> All { get; } = [Tick, Signature, Oral, Reply, Import];
}
