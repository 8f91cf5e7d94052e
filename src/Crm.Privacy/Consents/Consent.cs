using System.Runtime.InteropServices;
using Crm.Values;
using NodaTime;

namespace Crm.Privacy.Consents;

/// <summary>A customer's consent to one purpose on one channel, for one brand or for all: where it stands, on what evidence, and how it came there.</summary>
public sealed record Consent
{
    /// <summary>How many changes <see cref="History"/> keeps; the journal keeps every answer.</summary>
    public const int LongestHistory = 32;

    /// <summary>The channel, such as "email".</summary>
    public required string Channel { get; init; }

    /// <summary>The id of the purpose.</summary>
    public required string Purpose { get; init; }

    /// <summary>The brand that it is about; null: all brands. See <see cref="PrivacyState.Holding"/> for how the two meet.</summary>
    public string? Brand { get; init; }

    /// <summary>Where it stood after the last answer; see <see cref="StateAt"/>.</summary>
    public required ConsentState State { get; init; }

    /// <summary>The evidence of the last answer.</summary>
    public required ConsentEvidence Evidence { get; init; }

    /// <summary>When the customer last refused or opted out; null: never. A later yes does not take it away.</summary>
    public Instant? DeniedAt { get; init; }

    /// <summary>The changes of state, oldest first, without repetitions.</summary>
    public required Sequence<ConsentChange> History { get; init; }

    /// <summary>Where it stands at an instant: a consent given for a time expires by itself.</summary>
    public ConsentState StateAt(Instant instant) => State.Permits() && Evidence.ValidUntil <= instant ? ConsentState.Expired : State;

    /// <summary>The consent after another answer.</summary>
    public Consent After(ConsentAnswer answer, ConsentEvidence evidence)
    {
        ArgumentNullException.ThrowIfNull(evidence);
        var state = StateAt(evidence.AnsweredAt).After(answer);
        var history = state == State ? History : History.Add(new ConsentChange(state, evidence.AnsweredAt));
        return this with { State = state, Evidence = evidence, DeniedAt = Denial(answer, evidence) ?? DeniedAt, History = InOrder(history) };
    }

    /// <summary>The first answer about a purpose on a channel, for a brand or, with null, for all.</summary>
    public static Consent First(string channel, string purpose, ConsentAnswer answer, ConsentEvidence evidence, string? brand = null)
    {
        ArgumentNullException.ThrowIfNull(evidence);
        var state = ConsentState.Unknown.After(answer);
        return new Consent { Channel = channel, Purpose = purpose, Brand = brand, State = state, Evidence = evidence, DeniedAt = Denial(answer, evidence), History = [new ConsentChange(state, evidence.AnsweredAt)] };
    }

    /// <summary>
    /// The stricter of two consents of one person to the same purpose, channel and brand; of two equally strict ones that with the earlier end, then the later answer. Their histories become one.
    /// </summary>
    /// <exception cref="ArgumentException">They are about different purposes, channels or brands.</exception>
    public static Consent Stricter(Consent one, Consent other)
    {
        ArgumentNullException.ThrowIfNull(one);
        ArgumentNullException.ThrowIfNull(other);
        if (!one.IsAboutTheSameAs(other))
        {
            throw new ArgumentException($"A consent to '{other.Subject}' cannot be compared with one to '{one.Subject}'.", nameof(other));
        }

        return (Compare(one, other) >= 0 ? one : other) with
        {
            DeniedAt = one.DeniedAt is { } denied && !(other.DeniedAt > denied) ? denied : other.DeniedAt,
            History = InOrder(one.History.Concat(other.History)),
        };
    }

    /// <summary>What it is about, as its fact has it: "email.marketing", and "email.marketing.tea" for one brand.</summary>
    internal string Subject => ConsentEvents.Subject(Channel, Purpose, Brand);

    internal bool IsAbout(string channel, string purpose, string? brand) => Channel == channel && Purpose == purpose && Brand == brand;

    internal bool IsAboutTheSameAs(Consent other) => IsAbout(other.Channel, other.Purpose, other.Brand);

    private static Instant? Denial(ConsentAnswer answer, ConsentEvidence evidence) => answer == ConsentAnswer.Given ? null : evidence.AnsweredAt;

    private static int Compare(Consent one, Consent other)
    {
        var order = ConsentStates.Strictness(one.State).CompareTo(ConsentStates.Strictness(other.State));
        order = order != 0 ? order : (other.Evidence.ValidUntil ?? Instant.MaxValue).CompareTo(one.Evidence.ValidUntil ?? Instant.MaxValue);
        order = order != 0 ? order : one.Evidence.AnsweredAt.CompareTo(other.Evidence.AnsweredAt);
        return order != 0 ? order : one.Evidence.Event.CompareTo(other.Evidence.Event);
    }

    // One order for every way to come here, so that merging is order-free; the newest are kept.
    private static Sequence<ConsentChange> InOrder(IEnumerable<ConsentChange> changes) =>
        changes.Distinct().OrderBy(change => change.At).ThenBy(change => change.State).TakeLast(LongestHistory).ToSequence();
}

/// <summary>A change of a consent's state.</summary>
/// <param name="State">The new state.</param>
/// <param name="At">When the customer answered.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct ConsentChange(ConsentState State, Instant At);

/// <summary>How it can be shown that a customer answered: codes and references, never the answer's own words.</summary>
/// <param name="Event">The event that told of it.</param>
/// <param name="AnsweredAt">When the customer answered.</param>
public sealed record ConsentEvidence(EventKey Event, Instant AnsweredAt)
{
    /// <summary>The version or hash of the notice that the customer saw; null where none was needed, as for an opt-out.</summary>
    public string? Notice { get; init; }

    /// <summary>When the notice was shown; null when not told.</summary>
    public Instant? ShownAt { get; init; }

    /// <summary>How the customer answered, one of <see cref="ConsentMethods.All"/>; null when not told.</summary>
    public string? Method { get; init; }

    /// <summary>Who recorded it, such as "staff:17"; null means the customer.</summary>
    public string? Actor { get; init; }

    /// <summary>Where the evidence itself lies, such as the number of a form; null when there is none.</summary>
    public string? Reference { get; init; }

    /// <summary>Until when the consent was given; null: until it is withdrawn.</summary>
    public Instant? ValidUntil { get; init; }
}
