using NodaTime;

namespace Crm.Engine;

/// <summary>As of when a customer is asked about: when it was, and what was known.</summary>
/// <param name="At">The instant that the answer is about. It may lie ahead: then the answer is what will be if nothing happens.</param>
public sealed record PastQuestion(Instant At)
{
    /// <summary>What was recorded after this instant is left out, so that the answer is the one that could be given then; null: everything known now counts, also what came late.</summary>
    public Instant? KnownAt { get; init; }

    /// <summary>Whether refunds and cancellations that happened after <see cref="At"/> are left out, as a report of that day has it; otherwise what they took back has never been.</summary>
    public bool WithoutLaterAmendments { get; init; }

    /// <summary>What happened after this instant is left out: what would be at <see cref="At"/> if nothing had happened since. Null: everything up to <see cref="At"/> counts.</summary>
    public Instant? HappenedUntil { get; init; }
}
