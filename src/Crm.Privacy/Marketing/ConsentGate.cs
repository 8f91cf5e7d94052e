using Crm.Conditions;
using Crm.Engine;
using Crm.Modules;
using Crm.Values;

namespace Crm.Privacy.Marketing;

/// <summary>
/// The gate that messages pass: marketing needs a consent on record for its channel and purpose (Cap. 486 s.35E), ends with an opt-out (s.35G), and tells of that right (s.35F); at the lease the
/// opt-out list is asked as well. It answers with the codes of <see cref="GateReason"/>. Not legal advice.
/// </summary>
public sealed class ConsentGate : ISendGate
{
    private readonly MarketingRules rules;
    private readonly SuppressionList? suppressed;
    private readonly Dictionary<string, ChannelAddress> addresses;

    /// <summary>A gate.</summary>
    /// <param name="rules">What messages must satisfy.</param>
    /// <param name="suppressed">The opt-out list; null: there is none.</param>
    /// <param name="addresses">Where the profile has the address of a channel; of a channel that is not here, only consent is asked.</param>
    public ConsentGate(MarketingRules rules, SuppressionList? suppressed, params IEnumerable<ChannelAddress> addresses)
    {
        ArgumentNullException.ThrowIfNull(rules);
        ArgumentNullException.ThrowIfNull(addresses);
        this.rules = rules;
        this.suppressed = suppressed;
        this.addresses = addresses.ToDictionary(address => address.Channel, StringComparer.Ordinal);
    }

    /// <summary>Whether a message may be decided: purpose, consent and template. The opt-out list is not asked, because a decision is pure.</summary>
    public GateAnswer AskAtDecision(Message message, IEvidence customer)
    {
        ArgumentNullException.ThrowIfNull(customer);
        return Answer(rules.Objection(message, name => customer.Fact(name, out _)));
    }

    /// <summary>Whether a message may leave now: as at the decision, but on the facts of now, and with the opt-out list.</summary>
    public async ValueTask<GateAnswer> AskAtLeaseAsync(Message message, CustomerView customer, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        ArgumentNullException.ThrowIfNull(customer);
        return Answer(rules.Objection(message, customer.Fact) ?? await SuppressionAsync(message, customer, cancellationToken).ConfigureAwait(false));
    }

    private async ValueTask<GateReason?> SuppressionAsync(Message message, CustomerView customer, CancellationToken cancellationToken)
    {
        if (suppressed is null || !addresses.TryGetValue(message.Channel, out var where))
        {
            return null;
        }

        var isMarketing = rules.IsMarketing(message.Purpose);
        if (where.In(customer.Profile) is not { } address)
        {
            return isMarketing ? GateReason.AddressUnknown : null;
        }

        return await suppressed.FindAsync(address, cancellationToken).ConfigureAwait(false) switch
        {
            SuppressionScope.Everything => GateReason.Suppressed,
            SuppressionScope.Marketing when isMarketing => GateReason.Suppressed,
            _ => null,
        };
    }

    private static GateAnswer Answer(GateReason? objection) => objection is null ? new GateAnswer(true) : new GateAnswer(false, objection.Code);
}

/// <summary>Where the profile has the address that a channel sends to.</summary>
/// <param name="Channel">The channel, such as "sms".</param>
/// <param name="Kind">The kind of address, such as "phone".</param>
/// <param name="Field">The profile field, such as "phone".</param>
public sealed record ChannelAddress(string Channel, string Kind, string Field)
{
    /// <summary>E-mail from the field "email"; SMS, telephone and WhatsApp from the field "phone".</summary>
    public static Sequence<ChannelAddress> Usual { get; } = [new("email", "email", "email"), new("sms", "phone", "phone"), new("phone", "phone", "phone"), new("whatsapp", "phone", "phone")];

    // An address that is none cannot be looked up, which is the same as having none.
    internal Identity? In(Fields profile)
    {
        try
        {
            return profile[Field].AsCode is not { } value ? null : Kind switch
            {
                "email" => Identity.Email(value),
                "phone" => Identity.Phone(value),
                _ => new Identity(Kind, value),
            };
        }
        catch (ArgumentException)
        {
            return null;
        }
    }
}
