namespace Crm.Storage.Sql;

/// <summary>A connection, borrowed for one piece of work. Disposing gives it back, after a rollback of what was not committed.</summary>
public abstract class SqlSession : IAsyncDisposable
{
    /// <summary>Begins a transaction that is going to write.</summary>
    public abstract ValueTask BeginAsync(CancellationToken cancellationToken);

    /// <summary>Begins the transaction that makes or changes the tables: nothing in it is given up because it takes long, whatever time-outs a host has set for other statements.</summary>
    public virtual ValueTask BeginMigrationAsync(CancellationToken cancellationToken) => BeginAsync(cancellationToken);

    /// <summary>Commits the transaction, durably.</summary>
    public abstract ValueTask CommitAsync();

    /// <summary>Undoes the transaction.</summary>
    public abstract ValueTask RollbackAsync();

    /// <summary>
    /// Runs statements in order. A guard must change as many rows of the database as it was sent; where one does not, the statements after it may or may not have run.
    /// </summary>
    /// <returns>Whether every guard held.</returns>
    public abstract ValueTask<bool> ExecuteAsync(IReadOnlyList<SqlCall> calls, CancellationToken cancellationToken);

    /// <summary>Asks, in few round trips. The questions are answered one after the other, so that a later one sees at least what an earlier one saw.</summary>
    public abstract ValueTask QueryAsync(IReadOnlyList<SqlQuery> queries, CancellationToken cancellationToken);

    /// <summary>Runs a statement that has no parameters, however long it takes: those that make or change the tables are such.</summary>
    public abstract ValueTask RunAsync(string sql, CancellationToken cancellationToken);

    /// <inheritdoc/>
    public abstract ValueTask DisposeAsync();

    /// <summary>Runs statements in a transaction of their own, and commits it when every guard held. A session may need fewer round trips for it than for its parts.</summary>
    /// <returns>Whether every guard held; if not, nothing is written.</returns>
    public virtual async ValueTask<bool> TryCommitAsync(IReadOnlyList<SqlCall> calls, CancellationToken cancellationToken)
    {
        await BeginAsync(cancellationToken).ConfigureAwait(false);
        if (await ExecuteAsync(calls, cancellationToken).ConfigureAwait(false))
        {
            await CommitAsync().ConfigureAwait(false);
            return true;
        }

        await RollbackAsync().ConfigureAwait(false);
        return false;
    }

    /// <summary>
    /// Changes rows and reads what became of them, in a transaction of its own; each row in one of its own where a database cannot pass over rows that others hold, so that nobody waits for a row with another one in hand.
    /// </summary>
    public virtual async ValueTask<List<T>> ChangeAsync<T>(SqlCall call, Func<SqlReader, T> read, CancellationToken cancellationToken)
    {
        await BeginAsync(cancellationToken).ConfigureAwait(false);
        var changed = await QueryAsync(call, read, cancellationToken).ConfigureAwait(false);
        await CommitAsync().ConfigureAwait(false);
        return changed;
    }

    /// <summary>Asks one question.</summary>
    public async ValueTask<List<T>> QueryAsync<T>(SqlCall call, Func<SqlReader, T> read, CancellationToken cancellationToken)
    {
        var answers = new List<T>();
        await QueryAsync([SqlQuery.Into(call, answers, read)], cancellationToken).ConfigureAwait(false);
        return answers;
    }
}
