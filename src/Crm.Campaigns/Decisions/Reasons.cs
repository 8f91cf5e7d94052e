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

    /// <summary>It was decided in quiet hours, and leaves when they end.</summary>
    public const string QuietHours = "quiet-hours";

    /// <summary>It was decided in quiet hours that last longer than it is of use.</summary>
    public const string QuietTooLong = "quiet-too-long";

    /// <summary>A message for it has left before what came late, or was taken back, made it come about by another event.</summary>
    public const string SentBefore = "sent-before";

    /// <summary>The gate refused without saying why.</summary>
    public const string Gate = "gate";

    /// <summary>The customer is in an arm of the journey's experiment that gets nothing.</summary>
    public const string HeldOut = "held-out";

    /// <summary>The customer belongs to the part of all customers who get no message of any journey.</summary>
    public const string HeldOutOfAll = "held-out-of-all";

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
