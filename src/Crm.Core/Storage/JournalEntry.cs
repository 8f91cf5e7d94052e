using Crm.Events;
using Crm.Values;
using NodaTime;

namespace Crm.Storage;

/// <summary>An event in a customer's journal, as recorded. Never changed.</summary>
public sealed record JournalEntry
{
    /// <summary>Its number in the customer's journal, from 1 upwards; not every number is an entry.</summary>
    public required long Version { get; init; }

    /// <summary>The event as sent, with its instant; without identity, profile and look-ups.</summary>
    public required CustomerEvent Event { get; init; }

    /// <summary>When it counts; see <see cref="Receipt.EffectiveAt"/>.</summary>
    public required Instant EffectiveAt { get; init; }

    /// <summary>When it was recorded; later than every earlier version's.</summary>
    public required Instant RecordedAt { get; init; }

    /// <summary>The hash of the payload, by which a reused key is told from a repeated one.</summary>
    public required UInt128 PayloadHash { get; init; }

    /// <summary>The answer that was given.</summary>
    public required Receipt Receipt { get; init; }

    /// <summary>What the decision read from outside the journal: truths of profile leaves, look-ups, closed quotas. Replays read these.</summary>
    public Fields Observations { get; init; }

    /// <summary>The opaque reference of the identity that the event came with; null when it came with the id.</summary>
    public int? IdentityReference { get; init; }

    /// <summary>Whether it was recorded as history: decided, but nothing sent.</summary>
    public bool Backfill { get; init; }
}
