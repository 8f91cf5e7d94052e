using Crm.Events;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Engine;

/// <summary>Asks that two customers be one. It is a decision of a person, or of a rule that the host answers for: nothing merges by itself.</summary>
/// <param name="Key">The sender's name of the merge, such as "desk:merge-17"; sent again it merges nobody else.</param>
/// <param name="Survivor">Who stays: the id that stands for both.</param>
/// <param name="Retired">Who goes: from then on this id and all its identities lead to the survivor.</param>
public sealed record MergeRequest(EventKey Key, CustomerRef Survivor, CustomerRef Retired)
{
    /// <summary>When it was decided; left out: now. It counts from the later of what either has handled, never in the past.</summary>
    public Instant? OccurredAt { get; init; }

    /// <summary>Who decided it, as a code such as "staff:17"; null: the customer.</summary>
    public string? Actor { get; init; }

    /// <summary>Where, such as "desk" or "web"; null when the sender does not say.</summary>
    public string? Channel { get; init; }

    internal CustomerEvent ToEvent() => new() { Key = Key, Kind = EventKinds.MergedName, OccurredAt = OccurredAt, Actor = Actor, Channel = Channel };
}

/// <summary>What became of a merge.</summary>
public abstract record MergeResult
{
    private MergeResult()
    {
    }

    /// <summary>They are one, by this merge, now or when it was first sent.</summary>
    /// <param name="Receipt">What went over and what followed; the same again for the same key.</param>
    public sealed record Merged(Receipt Receipt) : MergeResult;

    /// <summary>They were one already; nothing happened, and the key may come again.</summary>
    /// <param name="Customer">The one.</param>
    public sealed record OneAlready(CustomerId Customer) : MergeResult;
}
