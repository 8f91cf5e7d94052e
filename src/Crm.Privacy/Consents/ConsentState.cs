namespace Crm.Privacy.Consents;

/// <summary>Where a consent stands. The names are those of the W3C Data Privacy Vocabulary; the numbers are stored.</summary>
public enum ConsentState : byte
{
    /// <summary>Nothing was said. Silence is not consent.</summary>
    Unknown = 0,

    /// <summary>Given.</summary>
    Given = 1,

    /// <summary>Given again while, or after, it was given.</summary>
    RenewedGiven = 2,

    /// <summary>Given for a time that is over.</summary>
    Expired = 3,

    /// <summary>Asked and declined.</summary>
    Refused = 4,

    /// <summary>Taken back by the customer (an opt-out, Cap. 486 s.35G), given before or not.</summary>
    Withdrawn = 5,
}

/// <summary>What a customer says about a consent.</summary>
public enum ConsentAnswer : byte
{
    /// <summary>Yes, by an act.</summary>
    Given = 1,

    /// <summary>No.</summary>
    Refused = 2,

    /// <summary>No longer.</summary>
    Withdrawn = 3,
}

/// <summary>How consents move and compare.</summary>
public static class ConsentStates
{
    /// <summary>Whether messages may be sent on it.</summary>
    public static bool Permits(this ConsentState state) => state is ConsentState.Given or ConsentState.RenewedGiven;

    /// <summary>The state after an answer.</summary>
    public static ConsentState After(this ConsentState state, ConsentAnswer answer) => answer switch
    {
        ConsentAnswer.Given when state is ConsentState.Given or ConsentState.RenewedGiven or ConsentState.Expired => ConsentState.RenewedGiven,
        ConsentAnswer.Given => ConsentState.Given,
        ConsentAnswer.Refused => ConsentState.Refused,
        ConsentAnswer.Withdrawn => ConsentState.Withdrawn,
        _ => throw new ArgumentOutOfRangeException(nameof(answer), answer, "Given, Refused or Withdrawn is expected."),
    };

    /// <summary>
    /// The stricter of two states of one person, for when two customers turn out to be one. What was never said takes nothing away: an anonymous visitor's silence does not undo a member's consent.
    /// </summary>
    public static ConsentState Stricter(ConsentState one, ConsentState other) => Strictness(one) >= Strictness(other) ? one : other;

    internal static int Strictness(ConsentState state) => state switch
    {
        ConsentState.Unknown => 0,
        ConsentState.RenewedGiven => 1,
        ConsentState.Given => 2,
        ConsentState.Expired => 3,
        ConsentState.Refused => 4,
        ConsentState.Withdrawn => 5,
        _ => throw new ArgumentOutOfRangeException(nameof(state), state, "A state of consent is expected."),
    };
}
