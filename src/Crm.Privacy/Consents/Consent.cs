using System.Runtime.InteropServices;
using Crm.Values;
using NodaTime;

namespace Crm.Privacy.Consents;

/// <summary>A customer's consent to one purpose on one channel: where it stands, on what evidence, and how it came there.</summary>
public sealed record Consent
{
    /// <summary>How many changes <see cref="History"/> keeps; the journal keeps every answer.</summary>
    public const int LongestHistory = 32;

    /// <summary>The channel, such as "email".</summary>
    public required string Channel { get; init; }

    /// <summary>The id of the purpose.</summary>
    public required string Purpose { get; init; }

    /// <summary>Where it stood after the last answer; see <see cref="StateAt"/>.</summary>
    public required ConsentState State { get; init; }

    /// <summary>The evidence of the last answer.</summary>
    public required ConsentEvidence Evidence { get; init; }

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
        return this with { State = state, Evidence = evidence, History = InOrder(history) };
    }

    /// <summary>The first answer about a purpose on a channel.</summary>
    public static Consent First(string channel, string purpose, ConsentAnswer answer, ConsentEvidence evidence)
    {
        ArgumentNullException.ThrowIfNull(evidence);
        var state = ConsentState.Unknown.After(answer);
        return new Consent { Channel = channel, Purpose = purpose, State = state, Evidence = evidence, History = [new ConsentChange(state, evidence.AnsweredAt)] };
    }

    /// <summary>
    /// The stricter of two consents of one person to the same purpose and channel; of two equally strict ones that with the earlier end, then the later answer. Their histories become one.
    /// </summary>
    /// <exception cref="ArgumentException">They are about different purposes or channels.</exception>
    public static Consent Stricter(Consent one, Consent other)
    {
        ArgumentNullException.ThrowIfNull(one);
        ArgumentNullException.ThrowIfNull(other);
        if (one.Channel != other.Channel || one.Purpose != other.Purpose)
        {
            throw new ArgumentException($"A consent to '{other.Purpose}' by {other.Channel} cannot be compared with one to '{one.Purpose}' by {one.Channel}.", nameof(other));
        }

        return (Compare(one, other) >= 0 ? one : other) with { History = InOrder(one.History.Concat(other.History)) };
    }

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
