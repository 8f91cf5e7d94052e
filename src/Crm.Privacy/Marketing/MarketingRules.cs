using Crm.Modules;
using Crm.Privacy.Consents;
using Crm.Values;

namespace Crm.Privacy.Marketing;

/// <summary>What a message must satisfy, apart from the opt-out list: a pure function of the message and the customer's facts.</summary>
/// <param name="purposes">The declared purposes.</param>
public sealed class MarketingRules(PurposeCatalog purposes)
{
    private readonly PurposeCatalog purposes = purposes ?? throw new ArgumentNullException(nameof(purposes));

    /// <summary>The templates that tell how to opt out; null: not checked here, because the host's channel adds the notice to every message.</summary>
    public IReadOnlySet<string>? TemplatesWithOptOut { get; init; }

    /// <summary>Why a message may not leave; null when it may, as far as consent goes.</summary>
    /// <param name="message">The message.</param>
    /// <param name="fact">The customer's facts.</param>
    public GateReason? Objection(Message message, Func<string, Scalar> fact)
    {
        ArgumentNullException.ThrowIfNull(message);
        ArgumentNullException.ThrowIfNull(fact);
        return purposes.Find(message.Purpose)?.Use switch
        {
            PurposeUse.Service => null,
            PurposeUse.Marketing => Said(message, fact).AsCode switch
            {
                ConsentEvents.GrantedFact when TemplatesWithOptOut?.Contains(message.Template) == false => GateReason.OptOutNoticeMissing,
                ConsentEvents.GrantedFact => null,
                ConsentEvents.RefusedFact => GateReason.ConsentRefused,
                ConsentEvents.WithdrawnFact => GateReason.ConsentWithdrawn,
                _ => GateReason.ConsentUnknown,
            },
            PurposeUse.Internal => GateReason.PurposeWithoutMessages,
            _ => GateReason.PurposeUnknown,
        };
    }

    // What was said for the message's brand, where that still counts, and otherwise what was said for all brands.
    private static Scalar Said(Message message, Func<string, Scalar> fact) =>
        message.Brand is { } brand && fact(ConsentEvents.Fact(message.Channel, message.Purpose, brand)) is { IsMissing: false } own ? own : fact(ConsentEvents.Fact(message.Channel, message.Purpose));

    /// <summary>Whether a purpose is for marketing; what is not declared is taken for it.</summary>
    public bool IsMarketing(string purpose) => purposes.Find(purpose)?.Use is not PurposeUse.Service;
}
