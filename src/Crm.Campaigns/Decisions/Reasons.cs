namespace Crm.Campaigns.Decisions;

/// <summary>Why no message was sent, as codes. A gate adds its own, such as "consent-withdrawn".</summary>
public static class Reasons
{
    /// <summary>The journey's condition did not hold.</summary>
    public const string Condition = "condition-not-met";

    /// <summary>A cap of the journey left no room.</summary>
    public const string JourneyCap = "journey-cap";

    /// <summary>A cap of the channel left no room.</summary>
    public const string ChannelCap = "channel-cap";

    /// <summary>The gate refused without saying why.</summary>
    public const string Gate = "gate";

    /// <summary>A value that the template needs was missing.</summary>
    public const string ValueMissing = "template-value-missing";

    /// <summary>There is no such template.</summary>
    public const string NoTemplate = "no-such-template";
}

/// <summary>The codes of the module's receipt lines.</summary>
public static class LineCodes
{
    /// <summary>It was decided to send a message; the subject is the occasion.</summary>
    public const string Decided = "message-decided";

    /// <summary>A journey began and no message is sent; the subject is the occasion, and the one part is the reason.</summary>
    public const string Suppressed = "message-suppressed";
}
