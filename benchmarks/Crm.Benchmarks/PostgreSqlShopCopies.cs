using System.Globalization;
using Crm.Storage.PostgreSql;
using Crm.Storage.Sql;
using Crm.Tests.Shared;
using Microsoft.Data.Sqlite;
using Npgsql;
using NpgsqlTypes;

namespace Crm.Benchmarks;

/// <summary>
/// The rows of the file in a PostgreSQL database, in the same order, of which the server makes copies. The server is a throwaway cluster with its defaults, or the one that CRM_BENCH_POSTGRES names.
/// </summary>
internal sealed class PostgreSqlShopCopies : ShopCopies, IAsyncDisposable
{
    private static readonly string[] Tables = ["crm_customer", "crm_identity", "crm_key", "crm_event", "crm_slot", "crm_fact", "crm_wakeup", "crm_checkpoint"];
    private readonly string server;
    private readonly string shop;

    private PostgreSqlShopCopies(string server, string shop, ProcessorTime processors) => (this.server, this.shop, Processors) = (server, shop, processors);

    public override ProcessorTime Processors { get; }

    /// <summary>Loads the file into a database.</summary>
    public static async Task<PostgreSqlShopCopies> LoadAsync(string file)
    {
        var server = Environment.GetEnvironmentVariable("CRM_BENCH_POSTGRES") ?? PostgreSqlCluster.Start(durable: true, roomy: false) ?? throw new InvalidOperationException("No PostgreSQL: set CRM_BENCH_POSTGRES, or install the server.");
        var copies = new PostgreSqlShopCopies(server, $"shop_{Guid.NewGuid():N}", await ProcessorTime.OfAsync(server));
        await copies.RunAsync($"CREATE DATABASE {copies.shop}");
        await using (var store = copies.Open(copies.shop))
        {
            await store.MigrateAsync();
        }

        await using var rows = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Pooling = false }.ToString());
        await rows.OpenAsync();
        await using var connection = await copies.ConnectAsync(copies.shop);
        foreach (var table in Tables)
        {
            await CopyAsync(rows, connection, table);
        }

        await using var settle = new NpgsqlCommand("VACUUM ANALYZE", connection);
        await settle.ExecuteNonQueryAsync();
        return copies;
    }

    public override async Task<string> MakeAsync(string name)
    {
        var copy = $"{shop}_{name}";
        await RunAsync($"CREATE DATABASE {copy} TEMPLATE {shop} STRATEGY file_copy");
        return copy;
    }

    public override SqlStore Open(string copy) => PostgreSqlStore.Open(To(copy));

    /// <remarks>One statement a table and two thousand customers, with an array for each column, in one transaction.</remarks>
    public override async Task WriteAsync(string copy, ChangedRows rows)
    {
        await using var connection = await ConnectAsync(copy);
        var types = new List<NpgsqlDbType[]>();
        foreach (var table in rows.Tables)
        {
            types.Add(await TypesAsync(connection, table.Name, table.Columns));
        }

        foreach (var some in rows.AtOnce())
        {
            await using var batch = new NpgsqlBatch(connection);
            foreach (var (number, table) in rows.Tables.Index())
            {
                var (first, count) = some[number].GetOffsetAndLength(table.Rows.Count);
                if (count > 0)
                {
                    var command = new NpgsqlBatchCommand(Statement(table));
                    for (var column = 0; column < table.Columns.Count; column++)
                    {
                        command.Parameters.Add(Values(table.Rows.GetRange(first, count), column, types[number][column]));
                    }

                    batch.BatchCommands.Add(command);
                }
            }

            await batch.ExecuteNonQueryAsync();
        }
    }

    /// <summary>What the rows of a copy come to, in whatever order they lie.</summary>
    public async Task<string> SumAsync(string copy, ChangedRows rows)
    {
        await using var connection = await ConnectAsync(copy);
        var sums = new List<string>();
        foreach (var table in rows.Tables)
        {
            await using var command = new NpgsqlCommand($"SELECT sum(hashtextextended(t::text, 0)::numeric)::text FROM {table.Name} t", connection);
            sums.Add($"{await command.ExecuteScalarAsync()}");
        }

        return string.Join(' ', sums);
    }

    public override Task DeleteAsync(string copy) => RunAsync($"DROP DATABASE {copy} WITH (FORCE)");

    public async ValueTask DisposeAsync() => await DeleteAsync(shop);

    private static string Statement(ChangedRows.Table table)
    {
        var arrays = string.Join(", ", table.Columns.Select((_, place) => string.Create(CultureInfo.InvariantCulture, $"${place + 1}")));
        return table.Name == "crm_customer"
            ? $"UPDATE crm_customer c SET version = n.version FROM unnest({arrays}) AS n ({string.Join(", ", table.Columns)}) WHERE {string.Join(" AND ", table.Key.Select(column => $"c.{column} = n.{column}"))}"
            : $"INSERT INTO {table.Name} ({string.Join(", ", table.Columns)}) SELECT * FROM unnest({arrays}) ON CONFLICT ({string.Join(", ", table.Key)}) DO UPDATE SET {string.Join(", ", table.Values.Select(column => $"{column} = excluded.{column}"))}";
    }

    private static NpgsqlParameter Values(List<object[]> rows, int column, NpgsqlDbType type) => new()
    {
        NpgsqlDbType = NpgsqlDbType.Array | type,
        Value = type switch
        {
            NpgsqlDbType.Bigint => rows.ConvertAll(row => row[column] is DBNull ? (long?)null : (long)row[column]),
            NpgsqlDbType.Integer => rows.ConvertAll(row => row[column] is DBNull ? (int?)null : (int)(long)row[column]),
            NpgsqlDbType.Numeric => rows.ConvertAll(row => row[column] is DBNull ? (decimal?)null : Convert.ToDecimal(row[column], CultureInfo.InvariantCulture)),
            NpgsqlDbType.Bytea => rows.ConvertAll(row => row[column] as byte[]),
            _ => rows.ConvertAll(row => row[column] as string),
        },
    };

    private static async Task CopyAsync(SqliteConnection rows, NpgsqlConnection connection, string table)
    {
        await using var asked = rows.CreateCommand();
        asked.CommandTimeout = 0;
        asked.CommandText = table is "crm_event" ? "SELECT * FROM crm_event ORDER BY rowid" : $"SELECT * FROM {table}";
        await using var reader = await asked.ExecuteReaderAsync();
        string[] columns = [.. Enumerable.Range(0, reader.FieldCount).Select(reader.GetName)];
        var types = await TypesAsync(connection, table, columns);
        await using var copy = await connection.BeginBinaryImportAsync($"COPY {table} ({string.Join(", ", columns)}) FROM STDIN (FORMAT BINARY)");
        while (await reader.ReadAsync())
        {
            await copy.StartRowAsync();
            for (var column = 0; column < types.Length; column++)
            {
                await (reader.GetValue(column) switch
                {
                    DBNull => copy.WriteNullAsync(),
                    long whole when types[column] is NpgsqlDbType.Integer => copy.WriteAsync((int)whole, NpgsqlDbType.Integer),
                    long whole when types[column] is NpgsqlDbType.Bigint => copy.WriteAsync(whole, NpgsqlDbType.Bigint),
                    byte[] bytes => copy.WriteAsync(bytes, NpgsqlDbType.Bytea),
                    var number when types[column] is NpgsqlDbType.Numeric => copy.WriteAsync(Convert.ToDecimal(number, CultureInfo.InvariantCulture), NpgsqlDbType.Numeric),
                    var text => copy.WriteAsync((string)text, NpgsqlDbType.Text),
                });
            }
        }

        await copy.CompleteAsync();
    }

    private static async Task<NpgsqlDbType[]> TypesAsync(NpgsqlConnection connection, string table, IReadOnlyList<string> columns)
    {
        await using var command = new NpgsqlCommand("SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = 'public' AND table_name = $1", connection);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = table });
        var types = new Dictionary<string, NpgsqlDbType>(StringComparer.Ordinal);
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            types.Add(reader.GetString(0), reader.GetString(1) switch
            {
                "bigint" => NpgsqlDbType.Bigint,
                "integer" => NpgsqlDbType.Integer,
                "numeric" => NpgsqlDbType.Numeric,
                "bytea" => NpgsqlDbType.Bytea,
                _ => NpgsqlDbType.Text,
            });
        }

        return [.. columns.Select(column => types[column])];
    }

    private string To(string database) => new NpgsqlConnectionStringBuilder(server) { Database = database, Pooling = true, CommandTimeout = 0 }.ToString();

    private async Task<NpgsqlConnection> ConnectAsync(string database)
    {
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(To(database)) { Pooling = false }.ToString());
        await connection.OpenAsync();
        return connection;
    }

    private async Task RunAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(server) { Pooling = false, CommandTimeout = 0 }.ToString());
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
