using Crm.Values;

namespace Crm.Events;

/// <summary>What became of a message. Each outcome comes back as an event of the customer, because caps and decision records need it.</summary>
public static class MessageOutcomes
{
    /// <summary>Handed to the channel.</summary>
    public const string Sent = "message.sent";

    /// <summary>The channel could not take it and will not.</summary>
    public const string Failed = "message.failed";

    /// <summary>The gate said no when the message was leased for sending.</summary>
    public const string Refused = "message.refused";

    /// <summary>Its useful time was over before it could be sent.</summary>
    public const string Stale = "message.stale";

    /// <summary>The channel reports that it arrived.</summary>
    public const string Delivered = "message.delivered";

    /// <summary>The channel reports that it was opened.</summary>
    public const string Opened = "message.opened";

    /// <summary>The channel reports that it could not be delivered.</summary>
    public const string Bounced = "message.bounced";

    /// <summary>The declared kinds. Field "occasion" names the message, "reason" is a code, both as the outbox had them. Outcomes come in any order.</summary>
    public static Sequence<EventKind> Kinds { get; } =
        new[] { Sent, Failed, Refused, Stale, Delivered, Opened, Bounced }.Select(name => new EventKind(name, EventNature.Happening)
        {
            OrderFree = true,
            Fields =
            [
                new("occasion", ScalarKind.Code, Required: true), new("channel", ScalarKind.Code), new("template", ScalarKind.Code), new("purpose", ScalarKind.Code), new("reason", ScalarKind.Code),
            ],
        }).ToSequence();

    /// <summary>Whether events of a kind say what became of a message.</summary>
    public static bool Has(string kind)
    {
        foreach (ref readonly var declared in Kinds.AsSpan())
        {
            if (string.Equals(declared.Name, kind, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }
}
