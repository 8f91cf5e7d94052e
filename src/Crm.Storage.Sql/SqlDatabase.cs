namespace Crm.Storage.Sql;

/// <summary>A database: its dialect and its connections.</summary>
public abstract class SqlDatabase : IAsyncDisposable
{
    /// <summary>What is particular about it.</summary>
    public abstract SqlDialect Dialect { get; }

    /// <summary>Borrows a connection to read with, without a transaction.</summary>
    public abstract ValueTask<SqlSession> ReadAsync(CancellationToken cancellationToken);

    /// <summary>Borrows a connection to write with.</summary>
    public abstract ValueTask<SqlSession> WriteAsync(CancellationToken cancellationToken);

    /// <inheritdoc/>
    public abstract ValueTask DisposeAsync();
}
