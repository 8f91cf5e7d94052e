using Crm.Events;
using Crm.Values;

namespace Crm.Loyalty.Challenges;

/// <summary>The request to take part in a challenge.</summary>
public static class ChallengeEvents
{
    /// <summary>Asks to take part. Fields "challenge", and where needed "program".</summary>
    public const string JoinName = "challenge.join";

    internal const string Challenge = "challenge";

    /// <summary>The kind.</summary>
    public static Sequence<EventKind> Kinds { get; } = [new(JoinName, EventNature.Request) { Fields = [new(Challenge, ScalarKind.Code, Required: true), new("program", ScalarKind.Code)] }];

    /// <summary>Takes part in a challenge; what was done before does not count.</summary>
    /// <param name="key">"source:the source's own key".</param>
    /// <param name="customer">Who.</param>
    /// <param name="challenge">The challenge.</param>
    /// <param name="program">The programme; may be left out where there is one.</param>
    public static CustomerEvent Join(string key, Identity customer, string challenge, string? program = null) => new()
    {
        Key = EventKey.Parse(key),
        Kind = JoinName,
        Identity = customer,
        Fields = Fields.Of((Challenge, challenge), ("program", program is null ? default : Scalar.Of(program))),
    };
}
