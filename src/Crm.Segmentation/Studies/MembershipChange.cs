using Crm.Segmentation.Memberships;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Studies;

/// <summary>A customer has entered a segment, or left it.</summary>
public sealed record MembershipChange
{
    /// <summary>Who.</summary>
    public required CustomerId Customer { get; init; }

    /// <summary>The id of the segment.</summary>
    public required string Segment { get; init; }

    /// <summary>The version of the definition that decided the entry.</summary>
    public required int Version { get; init; }

    /// <summary>Whether the customer entered; otherwise left.</summary>
    public required bool Entered { get; init; }

    /// <summary>From when on it counts.</summary>
    public required Instant EffectiveAt { get; init; }

    /// <summary>
    /// Since when it could be known: when the event that made it was recorded, or another that came late; for a change by the passing of time the instant itself, once what it follows from was recorded.
    /// Whoever asks after that is told so, however late a worker runs.
    /// </summary>
    public required Instant DetectedAt { get; init; }

    /// <summary>Why.</summary>
    public required MembershipCause Cause { get; init; }

    /// <summary>Since when it is known not to have been, because an event came late or was taken back; null: it stands.</summary>
    public Instant? RetractedAt { get; init; }
}
