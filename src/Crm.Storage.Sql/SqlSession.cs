namespace Crm.Storage.Sql;

/// <summary>A connection, borrowed for one piece of work. Disposing gives it back, after a rollback of what was not committed.</summary>
public abstract class SqlSession : IAsyncDisposable
{
    /// <summary>Begins a transaction that is going to write.</summary>
    public abstract ValueTask BeginAsync(CancellationToken cancellationToken);

    /// <summary>Commits the transaction, durably.</summary>
    public abstract ValueTask CommitAsync();

    /// <summary>Undoes the transaction.</summary>
    public abstract ValueTask RollbackAsync();

    /// <summary>
    /// Runs statements in order. A guard must change as many rows of the database as it was sent; where one does not, the statements after it may or may not have run.
    /// </summary>
    /// <returns>Whether every guard held.</returns>
    public abstract ValueTask<bool> ExecuteAsync(IReadOnlyList<SqlCall> calls, CancellationToken cancellationToken);

    /// <summary>Asks; where the rows are too many for one statement, the answers follow each other.</summary>
    public abstract ValueTask<List<T>> QueryAsync<T>(SqlCall call, Func<SqlReader, T> read, CancellationToken cancellationToken);

    /// <summary>Runs a statement that has no parameters.</summary>
    public abstract ValueTask RunAsync(string sql, CancellationToken cancellationToken);

    /// <inheritdoc/>
    public abstract ValueTask DisposeAsync();
}
