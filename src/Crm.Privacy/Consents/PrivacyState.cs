using Crm.Values;
using NodaTime;

namespace Crm.Privacy.Consents;

/// <summary>What the privacy module knows of a customer.</summary>
public sealed record PrivacyState
{
    /// <summary>Nothing was ever said.</summary>
    public static PrivacyState Empty { get; } = new();

    /// <summary>The consents, in ordinal order of channel and purpose.</summary>
    public Sequence<Consent> Consents { get; init; }

    /// <summary>The consent to a purpose on a channel; null when nothing was ever said.</summary>
    public Consent? Find(string channel, string purpose)
    {
        foreach (var consent in Consents)
        {
            if (consent.Channel == channel && consent.Purpose == purpose)
            {
                return consent;
            }
        }

        return null;
    }

    /// <summary>Where a consent stands at an instant.</summary>
    public ConsentState StateAt(string channel, string purpose, Instant instant) => Find(channel, purpose)?.StateAt(instant) ?? ConsentState.Unknown;

    /// <summary>The state of two customers who are one: the stricter of every expressed consent.</summary>
    public static PrivacyState Stricter(PrivacyState one, PrivacyState other)
    {
        ArgumentNullException.ThrowIfNull(one);
        ArgumentNullException.ThrowIfNull(other);
        return other.Consents.Aggregate(one, (merged, consent) =>
            merged.With(merged.Find(consent.Channel, consent.Purpose) is { } same ? Consent.Stricter(same, consent) : consent));
    }

    internal PrivacyState With(Consent consent) => this with
    {
        Consents = Without(consent).Consents.Append(consent)
            .OrderBy(other => other.Channel, StringComparer.Ordinal).ThenBy(other => other.Purpose, StringComparer.Ordinal).ToSequence(),
    };

    internal PrivacyState Without(Consent consent) => this with
    {
        Consents = Consents.Where(other => other.Channel != consent.Channel || other.Purpose != consent.Purpose).ToSequence(),
    };
}
