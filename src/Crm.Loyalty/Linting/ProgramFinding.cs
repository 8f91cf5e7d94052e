using Crm.Values;

namespace Crm.Loyalty.Linting;

/// <summary>
/// Something about a valid programme that its authors can hardly have meant, or should know before it begins: with a cart, or a few events, that show it through the engine.
/// </summary>
/// <param name="Code">One of <see cref="FindingCodes"/>.</param>
/// <param name="Path">Where, as the JSON form spells it, such as "ladders[0].tiers[2]".</param>
/// <param name="Sentence">What was found, for people.</param>
/// <param name="Witness">What shows it: anybody can let it happen in an empty store.</param>
public sealed record ProgramFinding(string Code, string Path, Text Sentence, Witness Witness)
{
    /// <summary>Code, place and sentence.</summary>
    public override string ToString() => $"{Path}: {Sentence.English} ({Code})";
}

/// <summary>The codes of findings.</summary>
public static class FindingCodes
{
    /// <summary>No history leads to the tier, except by what staff do.</summary>
    public const string UnreachableTier = "unreachable-tier";

    /// <summary>A reward gives itself and takes the units that the tier asks for, so who reaches the tier does not hold it.</summary>
    public const string DeadTier = "dead-tier";

    /// <summary>No event earns by the rule.</summary>
    public const string RuleNeverFires = "rule-never-fires";

    /// <summary>Rules that go by the spend leave a part of it out between them.</summary>
    public const string Gap = "gap";

    /// <summary>Rules that go by the spend count a part of it twice.</summary>
    public const string Overlap = "overlap";

    /// <summary>A multiplier lists a lower and a higher tier, and none between them.</summary>
    public const string TierGap = "tier-gap";

    /// <summary>Units run out before, or when, they become available.</summary>
    public const string ExpiryBeforeActivation = "expiry-before-activation";

    /// <summary>A cap is lower than a single step of what it caps.</summary>
    public const string CapBelowStep = "cap-below-step";

    /// <summary>A rule gives for a new tier what the next tier asks for, more often in a row than an engine follows.</summary>
    public const string LongChain = "long-chain";

    /// <summary>What is bought earns units that are worth at least what was paid.</summary>
    public const string MoneyPump = "money-pump";

    /// <summary>Exchanging units in a circle makes more of them.</summary>
    public const string ConversionPump = "conversion-pump";

    /// <summary>New members are given units that they may give away, so that one member gathers those of many.</summary>
    public const string GiftPump = "gift-pump";

    /// <summary>Bringing friends is worth at least what they have to pay.</summary>
    public const string ReferralPump = "referral-pump";

    /// <summary>The code of a rule asks something of the machine, and its author says why nothing depends on it (<see cref="Rules.AllowedCallAttribute"/>).</summary>
    public const string AllowedCall = "allowed-call";

    /// <summary>Who buys and brings back keeps what was redeemed, or what may be redeemed still.</summary>
    public const string RefundLoop = "refund-loop";
}
