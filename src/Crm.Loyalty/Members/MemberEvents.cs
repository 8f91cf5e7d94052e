using Crm.Events;
using Crm.Loyalty.Programs;
using Crm.Values;

namespace Crm.Loyalty.Members;

/// <summary>The requests of a membership's life.</summary>
public static class MemberEvents
{
    /// <summary>Asks to join. Fields "terms" where the programme has some, and "program"; the number comes as an identity.</summary>
    public const string JoinName = "membership.join";

    /// <summary>Asks, as staff, to suspend. Fields "reason" and "program".</summary>
    public const string SuspendName = "membership.suspend";

    /// <summary>Asks, as staff, to end a suspension. Fields "reason" and "program".</summary>
    public const string ResumeName = "membership.resume";

    /// <summary>Asks to leave. Field "program".</summary>
    public const string LeaveName = "membership.leave";

    /// <summary>The occasion at which rules are asked when a customer joins the first time: a rule that names it among its kinds earns once, also where the customer leaves and joins again. No event of this name can be sent.</summary>
    public const string Registered = "membership.registered";

    /// <summary>The occasion at which rules are asked when a customer joins again.</summary>
    public const string Rejoined = "membership.rejoined";

    internal const string Terms = "terms";
    internal const string Reason = "reason";

    private static readonly FieldDeclaration Program = new("program", ScalarKind.Code);

    /// <summary>The kinds.</summary>
    public static Sequence<EventKind> Kinds { get; } =
    [
        new(JoinName, EventNature.Request) { Fields = [new(Terms, ScalarKind.Code), Program] },
        new(LeaveName, EventNature.Request) { Fields = [Program] },
        .. new[] { SuspendName, ResumeName }.Select(name => new EventKind(name, EventNature.Request)
        {
            Fields = [new(Reason, ScalarKind.Code, Required: true), Program, new(StaffFields.ApprovedBy, ScalarKind.Code)],
        }),
    ];

    /// <summary>Joins a programme.</summary>
    /// <param name="key">"source:the source's own key".</param>
    /// <param name="customer">Who.</param>
    /// <param name="terms">The version of the terms that was accepted; null where the programme has none.</param>
    /// <param name="number">The number issued, from <see cref="MemberNumber.New"/>; null: none. One that is somebody else's refuses the request.</param>
    /// <param name="program">The programme; may be left out where there is one.</param>
    /// <param name="actor">Who lets them in, where it is by invitation; otherwise null.</param>
    public static CustomerEvent Join(string key, Identity customer, string? terms = null, string? number = null, string? program = null, string? actor = null) =>
        Request(key, JoinName, customer, program, actor, (Terms, terms)) with { AlsoKnownAs = number is null ? [] : [MemberNumber.Identity(number)] };

    /// <summary>Suspends a member.</summary>
    /// <param name="key">"source:the source's own key".</param>
    /// <param name="customer">Who.</param>
    /// <param name="reason">Why, as a code such as "fraud".</param>
    /// <param name="actor">Who decided it, as a code such as "staff:17".</param>
    /// <param name="program">The programme; may be left out where there is one.</param>
    public static CustomerEvent Suspend(string key, Identity customer, string reason, string actor, string? program = null) => Request(key, SuspendName, customer, program, actor, (Reason, reason));

    /// <summary>Ends a suspension.</summary>
    /// <inheritdoc cref="Suspend"/>
    public static CustomerEvent Resume(string key, Identity customer, string reason, string actor, string? program = null) => Request(key, ResumeName, customer, program, actor, (Reason, reason));

    /// <summary>Leaves a programme.</summary>
    /// <inheritdoc cref="Join"/>
    public static CustomerEvent Leave(string key, Identity customer, string? program = null) => Request(key, LeaveName, customer, program, null);

    private static CustomerEvent Request(string key, string kind, Identity customer, string? program, string? actor, params (string Name, string? Value)[] fields) => new()
    {
        Key = EventKey.Parse(key),
        Kind = kind,
        Identity = customer,
        Actor = actor,
        Fields = Fields.Of(fields.Append(("program", program)).Select(field => (field.Item1, field.Item2 is null ? default : Scalar.Of(field.Item2)))),
    };
}
