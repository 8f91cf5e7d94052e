using System.Collections.Concurrent;
using System.Data;
using Crm.Storage.Sql;
using Npgsql;

namespace Crm.Storage.PostgreSql;

/// <summary>
/// A connection borrowed for one piece of work. All statements of a call go to the server in one batch. A commit is one round trip: its guards stand in the batch as errors to be, so that the server
/// itself undoes everything where one does not hold. Where buckets are on different machines, guards are counted here instead, within a transaction.
/// </summary>
internal sealed class PostgreSqlSession(NpgsqlConnection connection, PostgreSqlDialect dialect, PostgreSqlTexts texts, ConcurrentBag<PostgreSqlParameters> spare, Action<string>? onStatement, NpgsqlTransaction? host = null) : SqlSession
{
    private readonly SessionTransaction transaction = new(connection, host);

    public override ValueTask BeginAsync(CancellationToken cancellationToken) => transaction.BeginAsync(IsolationLevel.ReadCommitted, cancellationToken);

    // Whatever the host or the server allows a statement: an index that is given up is begun anew at the next call, and never done. Which of the settings there are, the server knows.
    public override async ValueTask BeginMigrationAsync(CancellationToken cancellationToken)
    {
        await BeginAsync(cancellationToken).ConfigureAwait(false);
        await RunAsync("SELECT pg_catalog.set_config(name, '0', true) FROM pg_catalog.pg_settings WHERE name IN ('statement_timeout', 'lock_timeout', 'transaction_timeout')", cancellationToken).ConfigureAwait(false);
    }

    public override ValueTask CommitAsync() => transaction.CommitAsync();

    public override ValueTask RollbackAsync() => transaction.RollbackAsync();

    public override async ValueTask<bool> TryCommitAsync(IReadOnlyList<SqlCall> calls, CancellationToken cancellationToken)
    {
        try
        {
            if (dialect.IsDistributed || host is not null)
            {
                return await base.TryCommitAsync(calls, cancellationToken).ConfigureAwait(false);
            }

            var batch = new PostgreSqlBatch(connection, dialect, texts, spare, onStatement);
            await using (batch.ConfigureAwait(false))
            {
                foreach (var call in calls)
                {
                    batch.Add(call, call.IsGuard);
                }

                await batch.ExecuteAsync(cancellationToken).ConfigureAwait(false);
                return true;
            }
        }
        catch (PostgresException error) when (host is null && (PostgreSqlTexts.IsOfGuard(error) || IsLostRace(error)))
        {
            await RollbackAsync().ConfigureAwait(false);
            return false;
        }
    }

    public override async ValueTask<bool> ExecuteAsync(IReadOnlyList<SqlCall> calls, CancellationToken cancellationToken)
    {
        var batch = new PostgreSqlBatch(connection, dialect, texts, spare, onStatement);
        await using (batch.ConfigureAwait(false))
        {
            foreach (var call in calls)
            {
                batch.Add(call, guarded: false);
            }

            try
            {
                await batch.ExecuteAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (PostgresException error) when (transaction.IsOwn && IsLostRace(error))
            {
                return false;
            }

            return batch.GuardsHeld();
        }
    }

    public override async ValueTask QueryAsync(IReadOnlyList<SqlQuery> queries, CancellationToken cancellationToken)
    {
        var batch = new PostgreSqlBatch(connection, dialect, texts, spare, onStatement);
        await using (batch.ConfigureAwait(false))
        {
            foreach (var query in queries)
            {
                batch.Add(query.Call, guarded: false, query.Take);
            }

            await batch.QueryAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    // A batch is a transaction anyway. Where rows that others hold are not passed over, whoever waited for one with another in hand could wait in a circle.
    public override async ValueTask<List<T>> ChangeAsync<T>(SqlCall call, Func<SqlReader, T> read, CancellationToken cancellationToken)
    {
        if (!dialect.IsDistributed)
        {
            return await QueryAsync(call, read, cancellationToken).ConfigureAwait(false);
        }

        var changed = new List<T>();
        var batch = new PostgreSqlBatch(connection, dialect, texts, spare, onStatement);
        await using (batch.ConfigureAwait(false))
        {
            batch.AddEach(call, row => changed.Add(read(row)));
            await batch.QueryAsync(cancellationToken).ConfigureAwait(false);
        }

        return changed;
    }

    public override async ValueTask RunAsync(string sql, CancellationToken cancellationToken)
    {
        onStatement?.Invoke(sql);
        var command = new NpgsqlCommand(sql, connection) { Transaction = (NpgsqlTransaction?)transaction.Current, CommandTimeout = 0 };
        await using (command.ConfigureAwait(false))
        {
            await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    public override async ValueTask DisposeAsync()
    {
        try
        {
            await transaction.DisposeAsync().ConfigureAwait(false);
        }
        finally
        {
            if (host is null)
            {
                await connection.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    // The server chose this transaction to give way. Nothing of it was written.
    private static bool IsLostRace(PostgresException error) => error.SqlState is PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure;
}
