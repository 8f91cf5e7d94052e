using Crm.Storage.Sql;
using NodaTime;

namespace Crm.Storage.Sqlite;

/// <summary>How a store in SQLite is opened.</summary>
public sealed record SqliteStoreOptions : SqlStoreOptions
{
    /// <summary>What a commit waits for.</summary>
    public SqliteDurability Durability { get; init; } = SqliteDurability.Full;

    /// <summary>How long to wait for another process that writes, before the commit fails. Whoever waits may cancel meanwhile.</summary>
    public Duration BusyTimeout { get; init; } = Duration.FromSeconds(30);
}

/// <summary>What a commit waits for.</summary>
public enum SqliteDurability
{
    /// <summary>Until it is on the disk: what was answered outlives a loss of power.</summary>
    Full,

    /// <summary>Until the operating system has it: a loss of power may take the last commits, never part of one. For imports that can be run again.</summary>
    Normal,
}
