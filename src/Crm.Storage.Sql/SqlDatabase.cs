using System.Data.Common;

namespace Crm.Storage.Sql;

/// <summary>A database: its dialect and its connections.</summary>
public abstract class SqlDatabase : IAsyncDisposable
{
    /// <summary>What is particular about it.</summary>
    public abstract SqlDialect Dialect { get; }

    /// <summary>How many writers this database serves at once with profit; see <see cref="IBulkCommit.GroupsAtOnce"/>.</summary>
    public virtual int GroupsAtOnce => 1;

    /// <summary>Is told the text of every statement; null: nobody is.</summary>
    protected virtual Action<string>? OnStatement => null;

    /// <summary>A session over a connection and a transaction of the host, which it neither ends nor disposes.</summary>
    public virtual SqlSession Join(DbConnection connection, DbTransaction transaction) => new DbSession(connection, Dialect, OnStatement, transaction);

    /// <summary>Borrows a connection to read with, without a transaction.</summary>
    public abstract ValueTask<SqlSession> ReadAsync(CancellationToken cancellationToken);

    /// <summary>Borrows a connection to load customers with by key, without a transaction: one that has lately seen the rows of those who are changed often, where a database has such.</summary>
    public virtual ValueTask<SqlSession> LoadAsync(CancellationToken cancellationToken) => ReadAsync(cancellationToken);

    /// <summary>Borrows a connection to look at many rows with, without a transaction: one that is not set up for finding few rows by key.</summary>
    public virtual ValueTask<SqlSession> ScanAsync(CancellationToken cancellationToken) => ReadAsync(cancellationToken);

    /// <summary>Borrows a connection to write with.</summary>
    public abstract ValueTask<SqlSession> WriteAsync(CancellationToken cancellationToken);

    /// <inheritdoc/>
    public abstract ValueTask DisposeAsync();
}
