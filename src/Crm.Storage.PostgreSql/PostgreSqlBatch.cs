using Crm.Storage.Sql;
using Npgsql;
using NpgsqlTypes;

namespace Crm.Storage.PostgreSql;

/// <summary>Statements that go to the server together. Without a transaction around it, a batch is one.</summary>
internal sealed class PostgreSqlBatch(NpgsqlConnection connection, PostgreSqlDialect dialect, PostgreSqlTexts texts, Action<string>? onStatement) : IAsyncDisposable
{
    private readonly NpgsqlBatch batch = new(connection);
    private readonly List<(SqlCall Call, int Rows, Action<SqlReader>? Take)> parts = [];

    /// <summary>Adds a call, in as many statements as its rows need.</summary>
    /// <param name="call">The call.</param>
    /// <param name="guarded">Whether the server raises an error where other than its rows change.</param>
    /// <param name="take">Who takes the rows of the answer; null for statements without one.</param>
    public void Add(SqlCall call, bool guarded, Action<SqlReader>? take = null)
    {
        foreach (var (first, count) in call.Chunks(dialect.MostParameters))
        {
            var text = texts.Of(call.Statement, count, guarded);
            onStatement?.Invoke(text);
            var command = new NpgsqlBatchCommand(text);
            var columns = call.Statement.Columns.AsSpan();
            var values = call.Values(first, count);
            for (int i = 0, column = 0; i < values.Length; i++, column = column + 1 == columns.Length ? 0 : column + 1)
            {
                command.Parameters.Add(Parameter(values[i], columns[column]));
            }

            batch.BatchCommands.Add(command);
            parts.Add((call, count, take));
        }
    }

    public async ValueTask ExecuteAsync(CancellationToken cancellationToken)
    {
        if (parts.Count > 0)
        {
            await batch.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    public async ValueTask QueryAsync(CancellationToken cancellationToken)
    {
        if (parts.Count == 0)
        {
            return;
        }

        var rows = await batch.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        await using (rows.ConfigureAwait(false))
        {
            var row = new DbRow(rows);
            foreach (var (_, _, take) in parts)
            {
                while (await rows.ReadAsync(cancellationToken).ConfigureAwait(false))
                {
                    take?.Invoke(row);
                }

                await rows.NextResultAsync(cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Whether every guard changed as many rows as it was sent, after <see cref="ExecuteAsync"/>.</summary>
    public bool GuardsHeld()
    {
        for (var i = 0; i < parts.Count; i++)
        {
            if (parts[i].Call.IsGuard && batch.BatchCommands[i].RecordsAffected != parts[i].Rows)
            {
                return false;
            }
        }

        return true;
    }

    public ValueTask DisposeAsync() => batch.DisposeAsync();

    private static NpgsqlParameter Parameter(SqlValue value, SqlType type)
    {
        if (value.IsNull)
        {
            return new NpgsqlParameter { NpgsqlDbType = TypeOf(type), Value = DBNull.Value };
        }

        return type switch
        {
            SqlType.Whole => new NpgsqlParameter<long> { TypedValue = value.AsWhole, NpgsqlDbType = NpgsqlDbType.Bigint },
            SqlType.Bytes => new NpgsqlParameter<byte[]> { TypedValue = value.AsBytes, NpgsqlDbType = NpgsqlDbType.Bytea },
            SqlType.Exact => new NpgsqlParameter<decimal> { TypedValue = value.AsDecimal, NpgsqlDbType = NpgsqlDbType.Numeric },
            _ => new NpgsqlParameter<string> { TypedValue = value.AsText, NpgsqlDbType = NpgsqlDbType.Text },
        };
    }

    private static NpgsqlDbType TypeOf(SqlType type) => type switch
    {
        SqlType.Whole => NpgsqlDbType.Bigint,
        SqlType.Bytes => NpgsqlDbType.Bytea,
        SqlType.Exact => NpgsqlDbType.Numeric,
        _ => NpgsqlDbType.Text,
    };
}
