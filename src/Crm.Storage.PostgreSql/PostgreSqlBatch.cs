using System.Collections.Concurrent;
using Crm.Storage.Sql;
using Npgsql;
using NpgsqlTypes;

namespace Crm.Storage.PostgreSql;

/// <summary>Statements that go to the server together. Without a transaction around it, a batch is one.</summary>
internal sealed class PostgreSqlBatch(NpgsqlConnection connection, PostgreSqlDialect dialect, PostgreSqlTexts texts, ConcurrentBag<PostgreSqlParameters> spare, Action<string>? onStatement) : IAsyncDisposable
{
    private readonly NpgsqlBatch batch = new(connection);
    private readonly PostgreSqlParameters kept = spare.TryTake(out var again) ? again : new();
    private readonly List<(SqlCall Call, int Rows, Action<SqlReader>? Take)> parts = [];
    private bool succeeded;

    /// <summary>Adds a call: few rows in as many statements as they need, many in one, as an array for each column; what all rows of many have in common is written once.</summary>
    /// <param name="call">The call.</param>
    /// <param name="guarded">Whether the server raises an error where other than its rows change, and so undoes what is sent together.</param>
    /// <param name="take">Who takes the rows of the answer; null for statements without one.</param>
    public void Add(SqlCall call, bool guarded, Action<SqlReader>? take = null)
    {
        if (call.Statement.TakesRows && call.Rows > PostgreSqlTexts.Few && !dialect.IsDistributed)
        {
            var common = take is null && call.Rows >= PostgreSqlTexts.Many ? texts.ShapeOf(call.Statement, Common(call)) : 0;
            Add(call, Columns(call, common), call.Rows, texts.OfArrays(call.Statement, common, guarded), take);
            return;
        }

        foreach (var (first, count) in call.Chunks(dialect.MostParameters))
        {
            var statement = count == 1 && call.Statement.OfOne is { } one ? one : call.Statement;
            Add(call, Values(call, first, count), count, texts.Of(statement, count, guarded), take);
        }
    }

    /// <summary>Adds a call whose rows are changed one by one, each in a transaction of its own where there is none around the batch.</summary>
    public void AddEach(SqlCall call, Action<SqlReader> take)
    {
        batch.EnableErrorBarriers = true;
        var statement = call.Statement.OfOne ?? call.Statement;
        for (var row = 0; row < call.Rows; row++)
        {
            Add(call, Values(call, row, 1), 1, texts.Of(statement, 1, guarded: false), take);
        }
    }

    public async ValueTask ExecuteAsync(CancellationToken cancellationToken)
    {
        if (parts.Count > 0)
        {
            await batch.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
            succeeded = true;
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

        succeeded = true;
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

    public ValueTask DisposeAsync()
    {
        // What failed may still be on its way to the server.
        if (succeeded)
        {
            foreach (var command in batch.BatchCommands)
            {
                command.Parameters.Clear();
            }

            kept.Clear();
            spare.Add(kept);
        }

        return batch.DisposeAsync();
    }

    private void Add(SqlCall call, NpgsqlParameter[] parameters, int rows, string text, Action<SqlReader>? take)
    {
        onStatement?.Invoke(text);
        var command = new NpgsqlBatchCommand(text);
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(parameter);
        }

        batch.BatchCommands.Add(command);
        parts.Add((call, rows, take));
    }

    private NpgsqlParameter[] Values(SqlCall call, int first, int count)
    {
        var values = call.Values(first, count);
        var columns = call.Statement.Columns.AsSpan();
        var parameters = new NpgsqlParameter[values.Length];
        for (int i = 0, column = 0; i < values.Length; i++, column = column + 1 == columns.Length ? 0 : column + 1)
        {
            parameters[i] = kept.Of(values[i], columns[column]);
        }

        return parameters;
    }

    // A bit for each column that has one value in all rows.
    private static uint Common(SqlCall call)
    {
        var values = call.Values(0, call.Rows);
        var columns = call.Statement.Columns;
        var common = 0u;
        for (var column = 0; column < columns.Count; column++)
        {
            var row = call.Rows - 1;
            while (row > 0 && AreSame(values[(row * columns.Count) + column], values[column], columns[column]))
            {
                row--;
            }

            common |= row == 0 ? 1u << column : 0;
        }

        return common;
    }

    private static bool AreSame(SqlValue one, SqlValue other, SqlType type) =>
        one == other || (type == SqlType.Bytes && !one.IsNull && !other.IsNull && one.AsBytes.AsSpan().SequenceEqual(other.AsBytes));

    private NpgsqlParameter[] Columns(SqlCall call, uint common)
    {
        var columns = call.Statement.Columns;
        var parameters = new NpgsqlParameter[columns.Count];
        for (var column = 0; column < columns.Count; column++)
        {
            var type = columns[column];
            parameters[column] = PostgreSqlTexts.Has(common, column) ? kept.Of(call.Values(0, 1)[column], type) : type switch
            {
                SqlType.Whole => Column<long?>(call, column, type, static value => value.AsWhole),
                SqlType.Bytes => Column<byte[]>(call, column, type, static value => value.AsBytes),
                SqlType.Exact => Column<decimal?>(call, column, type, static value => value.AsDecimal),
                _ => Column<string>(call, column, type, static value => value.AsText),
            };
        }

        return parameters;
    }

    private static NpgsqlParameter<T?[]> Column<T>(SqlCall call, int column, SqlType type, Func<SqlValue, T?> read)
    {
        var values = call.Values(0, call.Rows);
        var width = call.Statement.Columns.Count;
        var rows = new T?[call.Rows];
        for (var row = 0; row < rows.Length; row++)
        {
            var value = values[(row * width) + column];
            rows[row] = value.IsNull ? default : read(value);
        }

        return new NpgsqlParameter<T?[]> { TypedValue = rows, NpgsqlDbType = NpgsqlDbType.Array | PostgreSqlParameters.TypeOf(type) };
    }
}
