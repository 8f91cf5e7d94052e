using Crm.Storage.PostgreSql;
using Crm.Storage.Sql;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Crm.Tool.Stores;

/// <summary>Removes tenants that the tool itself made in a database, and nothing else.</summary>
internal static class TenantRemoval
{
    /// <param name="prefix">Tenants whose names begin with it, and a dot, are removed.</param>
    /// <param name="wholeFile">Whether the file did not exist before; then it goes altogether.</param>
    public static async Task RemoveAsync(StoreLocation.Sqlite location, string prefix, bool wholeFile)
    {
        if (wholeFile)
        {
            foreach (var file in new[] { location.File, $"{location.File}-wal", $"{location.File}-shm" })
            {
                File.Delete(file);
            }

            return;
        }

        await using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = location.File, Pooling = false }.ToString());
        await connection.OpenAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        foreach (var table in await TablesAsync(connection))
        {
            await using var delete = connection.CreateCommand();
#pragma warning disable CA2100 // The names come from the schema, where the store put them.
            delete.CommandText = $"DELETE FROM \"{table}\" WHERE substr(tenant, 1, length($prefix)) = $prefix";
#pragma warning restore CA2100
            delete.Parameters.AddWithValue("$prefix", prefix + ".");
            await delete.ExecuteNonQueryAsync();
        }

        await transaction.CommitAsync();
    }

    /// <param name="prefix">Tenants whose names begin with it, and a dot, are removed.</param>
    public static async Task RemoveAsync(StoreLocation.PostgreSql location, string prefix)
    {
        await using var source = NpgsqlDataSource.Create(location.Connection);
        await using var batch = source.CreateBatch();
        foreach (var table in SqlSchema.Tables.Where(table => table != "crm_schema"))
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand($"DELETE FROM {new PostgreSqlDialect(location.Schema).Table(table)} WHERE starts_with(tenant, $1)") { Parameters = { new NpgsqlParameter { Value = prefix + "." } } });
        }

        await batch.ExecuteNonQueryAsync();
    }

    /// <summary>Every table whose rows belong to tenants.</summary>
    private static async Task<IReadOnlyList<string>> TablesAsync(SqliteConnection connection)
    {
        await using var select = connection.CreateCommand();
        select.CommandText = "SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND c.name = 'tenant' ORDER BY m.name";
        await using var reader = await select.ExecuteReaderAsync();
        var tables = new List<string>();
        while (await reader.ReadAsync())
        {
            tables.Add(reader.GetString(0));
        }

        return tables;
    }
}
