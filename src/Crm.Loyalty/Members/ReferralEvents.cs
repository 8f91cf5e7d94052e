using Crm.Events;
using Crm.Loyalty.Programs;
using Crm.Values;

namespace Crm.Loyalty.Members;

/// <summary>The events of recommending friends.</summary>
public static class ReferralEvents
{
    /// <summary>Asks, for a friend who comes, to note who brought them. Fields "advocate" (a customer id), "signals" (codes with blanks between) and "program".</summary>
    public const string AcceptName = "referral.accept";

    /// <summary>Asks, as staff, to believe a referral that was flagged. Fields "reason" and "program".</summary>
    public const string ApproveName = "referral.approve";

    /// <summary>Tells an advocate's journal that a friend has done what pays. It is sent by the programme itself, and taken back by it.</summary>
    public const string SucceededName = "referral.succeeded";

    /// <summary>Tells a friend's journal that nobody has the id of whoever brought them, any more or ever: what that one would have got is given to nobody. Fields as of <see cref="SucceededName"/>.</summary>
    public const string UnclaimedName = "referral.unclaimed";

    internal const string Advocate = "advocate";
    internal const string Signals = "signals";
    internal const string Number = "number";

    private static readonly FieldDeclaration Program = new("program", ScalarKind.Code);
    private static readonly Sequence<FieldDeclaration> Success = [new("program", ScalarKind.Code, Required: true), new(Number, ScalarKind.Number)];

    /// <summary>The kinds.</summary>
    public static Sequence<EventKind> Kinds { get; } =
    [
        new(AcceptName, EventNature.Request) { Fields = [new(Advocate, ScalarKind.Code, Required: true) { NamesCustomer = true }, new(Signals, ScalarKind.Code), Program] },
        new(ApproveName, EventNature.Request) { Fields = [new("reason", ScalarKind.Code, Required: true), Program, new(StaffFields.ApprovedBy, ScalarKind.Code)] },
        new(SucceededName, EventNature.Happening) { ComesBackAs = UnclaimedName, Fields = Success },
        new(UnclaimedName, EventNature.Happening) { Fields = Success },
    ];

    /// <summary>Notes who brought a friend.</summary>
    /// <param name="key">"source:the source's own key".</param>
    /// <param name="friend">Who comes.</param>
    /// <param name="advocate">Who brought them, as found by the code or link they gave away.</param>
    /// <param name="signals">What the host finds suspicious about the two, in its own codes: "same-device", "same-address".</param>
    /// <param name="program">The programme; may be left out where there is one.</param>
    public static CustomerEvent Accept(string key, Identity friend, CustomerId advocate, Sequence<string> signals = default, string? program = null) => new()
    {
        Key = EventKey.Parse(key),
        Kind = AcceptName,
        Identity = friend,
        Fields = Fields.Of(
            (Advocate, advocate.ToString()),
            (Signals, signals.IsEmpty ? default : Scalar.Of(string.Join(' ', signals.Order(StringComparer.Ordinal)))),
            ("program", program is null ? default : Scalar.Of(program))),
    };

    /// <summary>Believes a flagged referral; what it pays for then counts from there.</summary>
    /// <param name="key">"source:the source's own key".</param>
    /// <param name="friend">Who came.</param>
    /// <param name="reason">Why, as a code such as "family".</param>
    /// <param name="actor">Who decided it, as a code such as "staff:17".</param>
    /// <param name="program">The programme; may be left out where there is one.</param>
    public static CustomerEvent Approve(string key, Identity friend, string reason, string actor, string? program = null) => new()
    {
        Key = EventKey.Parse(key),
        Kind = ApproveName,
        Identity = friend,
        Actor = actor,
        Fields = Fields.Of(("reason", reason), ("program", program is null ? default : Scalar.Of(program))),
    };
}
