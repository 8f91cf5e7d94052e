using System.Data;
using System.Data.Common;

namespace Crm.Storage.Sql;

/// <summary>A session over any ADO.NET provider. Commands stay prepared for as long as the session lives.</summary>
/// <param name="connection">An open connection; the session disposes it, unless the host has lent it with a transaction.</param>
/// <param name="dialect">What is particular about the database.</param>
/// <param name="onStatement">Is told the text of every statement; may be null.</param>
/// <param name="host">The host's transaction, within which the session's own are savepoints; null: there is none.</param>
public class DbSession(DbConnection connection, SqlDialect dialect, Action<string>? onStatement, DbTransaction? host = null) : SqlSession
{
    private readonly SessionTransaction transaction = new(connection, host);
    private readonly Dictionary<(SqlStatement, int), DbCommand> commands = [];

    /// <inheritdoc/>
    public override ValueTask BeginAsync(CancellationToken cancellationToken) => transaction.BeginAsync(IsolationLevel.Unspecified, cancellationToken);

    /// <inheritdoc/>
    public override ValueTask CommitAsync() => transaction.CommitAsync();

    /// <inheritdoc/>
    public override ValueTask RollbackAsync() => transaction.RollbackAsync();

    /// <inheritdoc/>
    public override async ValueTask<bool> ExecuteAsync(IReadOnlyList<SqlCall> calls, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(calls);
        foreach (var call in calls)
        {
            var changed = 0L;
            foreach (var (first, count) in call.Chunks(dialect.MostParameters))
            {
                changed += await Command(call, first, count).ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
            }

            if (call.IsGuard && changed != call.Rows)
            {
                return false;
            }
        }

        return true;
    }

    /// <inheritdoc/>
    public override async ValueTask QueryAsync(IReadOnlyList<SqlQuery> queries, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(queries);
        foreach (var (call, take) in queries)
        {
            foreach (var (first, count) in call.Chunks(dialect.MostParameters))
            {
                var rows = await Command(call, first, count).ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
                await using (rows.ConfigureAwait(false))
                {
                    var reader = new DbRow(rows);
                    while (await rows.ReadAsync(cancellationToken).ConfigureAwait(false))
                    {
                        take(reader);
                    }
                }
            }
        }
    }

    /// <inheritdoc/>
    public override async ValueTask RunAsync(string sql, CancellationToken cancellationToken)
    {
        onStatement?.Invoke(sql);
        var command = connection.CreateCommand();
        await using (command.ConfigureAwait(false))
        {
            command.CommandText = sql;
            command.CommandTimeout = 0; // for ever
            command.Transaction = transaction.Current;
            await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        try
        {
            await transaction.DisposeAsync().ConfigureAwait(false);
        }
        finally
        {
            foreach (var command in commands.Values)
            {
                await command.DisposeAsync().ConfigureAwait(false);
            }

            if (host is null)
            {
                await connection.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    private DbCommand Command(SqlCall call, int first, int count)
    {
        if (!commands.TryGetValue((call.Statement, count), out var command))
        {
            commands.Add((call.Statement, count), command = Prepared(call.Statement, count));
        }

        command.Transaction = transaction.Current;
        var values = call.Values(first, count);
        var columns = call.Statement.Columns;
        for (var i = 0; i < values.Length; i++)
        {
            command.Parameters[i].Value = Boxed(values[i], columns[i % columns.Count]);
        }

        onStatement?.Invoke(command.CommandText);
        return command;
    }

    private DbCommand Prepared(SqlStatement statement, int rows)
    {
        var command = connection.CreateCommand();
#pragma warning disable CA2100 // the text comes from SqlStatement and holds no value
        command.CommandText = statement.In(dialect, rows);
#pragma warning restore CA2100
        for (var i = 0; i < rows * statement.Columns.Count; i++)
        {
            var parameter = command.CreateParameter();
            parameter.ParameterName = dialect.ParameterName(i + 1);
            parameter.DbType = statement.Columns[i % statement.Columns.Count] switch
            {
                SqlType.Whole => DbType.Int64,
                SqlType.Bytes => DbType.Binary,
                SqlType.Exact => DbType.Decimal,
                _ => DbType.String,
            };
            command.Parameters.Add(parameter);
        }

        return command;
    }

    private static object Boxed(SqlValue value, SqlType type) => value.IsNull ? DBNull.Value : type switch
    {
        SqlType.Whole => value.AsWhole,
        SqlType.Bytes => value.AsBytes,
        SqlType.Exact => value.AsDecimal,
        _ => value.AsText,
    };
}
