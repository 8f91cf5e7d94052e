using Crm.Events;
using Crm.Values;

namespace Crm.Engine;

/// <summary>Whether what is decided also leaves.</summary>
public enum RecordMode
{
    /// <summary>It happens now: messages leave.</summary>
    Live,

    /// <summary>History is imported: everything is decided and recorded, and no message leaves.</summary>
    Backfill,
}

/// <summary>What became of one of many events.</summary>
public abstract record Recorded
{
    private Recorded(EventKey key) => Key = key;

    /// <summary>The event.</summary>
    public EventKey Key { get; }

    /// <summary>It was recorded.</summary>
    /// <param name="Receipt">What it did.</param>
    /// <param name="Born">Whether its customer was born with it.</param>
    public sealed record New(Receipt Receipt, bool Born) : Recorded(Receipt.Key);

    /// <summary>It had been recorded before; nothing happened.</summary>
    /// <param name="Receipt">What it did then.</param>
    public sealed record Already(Receipt Receipt) : Recorded(Receipt.Key);

    /// <summary>Its key has been used for an event with other content; nothing happened.</summary>
    public sealed record KeyReused(EventKey Key) : Recorded(Key);
}
