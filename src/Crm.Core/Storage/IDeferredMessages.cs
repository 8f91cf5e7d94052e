using NodaTime;

namespace Crm.Storage;

/// <summary>An optional ability: counting the messages that wait, or waited at an instant of the past, for a later time.</summary>
public interface IDeferredMessages
{
    /// <summary>
    /// How many messages had been committed by an instant and might leave only after it (<see cref="OutboxItem.NotBefore"/>, as last put off), whether they have left since or still wait. What was withdrawn is as if it had never been decided.
    /// It may read the whole outbox: for reports, not for gauges.
    /// </summary>
    ValueTask<long> CountDeferredAsync(Instant at, CancellationToken cancellationToken);
}
