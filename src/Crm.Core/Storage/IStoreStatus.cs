using NodaTime;

namespace Crm.Storage;

/// <summary>An optional ability: how much waits, for health checks and gauges. Asking is cheap however large the store is.</summary>
public interface IStoreStatus
{
    /// <summary>What waits at an instant, leased or not.</summary>
    ValueTask<StoreStatus> ReadStatusAsync(Instant now, CancellationToken cancellationToken);
}

/// <summary>What waits in a store.</summary>
public sealed record StoreStatus
{
    /// <summary>How many messages and follow-ups might leave now.</summary>
    public required long OutboxDepth { get; init; }

    /// <summary>Since when the one that has waited longest might leave; null when none waits.</summary>
    public Instant? OutboxSince { get; init; }

    /// <summary>How many customers have something due now.</summary>
    public required long TimersDue { get; init; }

    /// <summary>Since when the one who has waited longest is due; null when nobody is.</summary>
    public Instant? TimersSince { get; init; }

    /// <summary>How many queryable facts are stored that have lapsed: audiences bring their customers forward before they read them.</summary>
    public required long StaleFacts { get; init; }
}
