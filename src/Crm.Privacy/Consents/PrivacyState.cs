using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Privacy.Consents;

/// <summary>What the privacy module knows of a customer.</summary>
public sealed record PrivacyState
{
    /// <summary>Nothing was ever said.</summary>
    public static PrivacyState Empty { get; } = new();

    /// <summary>The consents, in ordinal order of channel, purpose and brand; what was said for all brands comes before what was said for one.</summary>
    public Sequence<Consent> Consents { get; init; }

    /// <summary>What was said about a purpose on a channel for a brand, or, with null, for all brands; null when nothing was.</summary>
    public Consent? Find(string channel, string purpose, string? brand = null)
    {
        foreach (var consent in Consents)
        {
            if (consent.IsAbout(channel, purpose, brand))
            {
                return consent;
            }
        }

        return null;
    }

    /// <summary>
    /// The consent that holds for a brand at an instant; null when nothing was said. What was said for the brand comes before what was said for all: a no stands until the customer says yes to that
    /// brand, and a yes until it runs out, or until the customer says no to all brands at the same time or later. Otherwise what was said for all brands holds.
    /// </summary>
    /// <param name="channel">The channel.</param>
    /// <param name="purpose">The id of the purpose.</param>
    /// <param name="brand">The brand; null: what holds for all brands.</param>
    /// <param name="instant">When.</param>
    public Consent? Holding(string channel, string purpose, string? brand, Instant instant)
    {
        var ofAll = Find(channel, purpose);
        return brand is null || Find(channel, purpose, brand) is not { } own || IsOverruled(own) || (own.StateAt(instant) == ConsentState.Expired && ofAll is not null) ? ofAll : own;
    }

    /// <summary>Where a consent stands at an instant, as <see cref="Holding"/> says.</summary>
    public ConsentState StateAt(string channel, string purpose, Instant instant, string? brand = null) => Holding(channel, purpose, brand, instant)?.StateAt(instant) ?? ConsentState.Unknown;

    /// <summary>The state of two customers who are one: the stricter of every expressed consent.</summary>
    public static PrivacyState Stricter(PrivacyState one, PrivacyState other)
    {
        ArgumentNullException.ThrowIfNull(one);
        ArgumentNullException.ThrowIfNull(other);
        return other.Consents.Aggregate(one, (merged, consent) =>
            merged.With(merged.Find(consent.Channel, consent.Purpose, consent.Brand) is { } same ? Consent.Stricter(same, consent) : consent));
    }

    /// <summary>The consent after an answer about a purpose on a channel, for a brand or, with null, for all.</summary>
    internal Consent Answered(string channel, string purpose, string? brand, ConsentAnswer answer, ConsentEvidence evidence) =>
        Find(channel, purpose, brand)?.After(answer, evidence) ?? Consent.First(channel, purpose, answer, evidence, brand);

    internal PrivacyState With(Consent consent) => this with
    {
        Consents = Without(consent).Consents.Append(consent)
            .OrderBy(other => other.Channel, StringComparer.Ordinal).ThenBy(other => other.Purpose, StringComparer.Ordinal).ThenBy(other => other.Brand, StringComparer.Ordinal).ToSequence(),
    };

    internal PrivacyState Without(Consent consent) => this with { Consents = Consents.Where(other => !other.IsAboutTheSameAs(consent)).ToSequence() };

    /// <summary>The facts that differ from those of another state; a missing value for what only the other has.</summary>
    internal Sequence<Fact> ChangesFrom(PrivacyState before)
    {
        var known = before.Facts().ToDictionary(fact => fact.Name, StringComparer.Ordinal);
        var facts = Facts().ToList();
        return facts.Where(fact => !known.TryGetValue(fact.Name, out var other) || other != fact)
            .Concat(known.Keys.Except(facts.Select(fact => fact.Name), StringComparer.Ordinal).Order(StringComparer.Ordinal).Select(name => new Fact(name, default)))
            .ToSequence();
    }

    // A consent given for a time that is over already has no value from the start.
    private IEnumerable<Fact> Facts() => Consents.Where(consent => !IsOverruled(consent)).Select(consent =>
        new Fact(ConsentEvents.Fact(consent.Channel, consent.Purpose, consent.Brand), ConsentEvents.FactValue(consent.State), consent.State.Permits() ? consent.Evidence.ValidUntil : null));

    // Whoever says no to all brands says no to each that they had agreed to.
    private bool IsOverruled(Consent consent) => consent.Brand is not null && consent.State.Permits() && Find(consent.Channel, consent.Purpose)?.DeniedAt >= consent.Evidence.AnsweredAt;
}
