using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Data.Sqlite;

namespace Crm.Benchmarks;

/// <summary>
/// The yardstick of filling in: the rows in which two files of a store differ, written into a copy of the first as a careful programmer does with the driver, a prepared command for each table and a transaction for two
/// thousand customers. It knows beforehand what is to be written, so it reads and decides nothing.
/// </summary>
internal sealed class ChangedRows
{
    private const int CustomersAtOnce = 2_048;
    private readonly List<Table> tables;

    private ChangedRows(List<Table> tables) => this.tables = tables;

    /// <summary>The tables, those of the customers first.</summary>
    public IReadOnlyList<Table> Tables => tables;

    /// <summary>How many rows of each table.</summary>
    public string Counts => string.Join(", ", tables.Select(table => string.Create(CultureInfo.InvariantCulture, $"{table.Rows.Count} of {table.Name}")));

    /// <summary>The rows of a later file that an earlier one does not have like this.</summary>
    public static ChangedRows Between(string earlier, string later)
    {
        using var connection = Open(later);
        using (var attach = connection.CreateCommand())
        {
            attach.CommandText = "ATTACH $earlier AS earlier";
            attach.Parameters.AddWithValue("$earlier", earlier);
            attach.ExecuteNonQuery();
        }

        return new ChangedRows(
        [
            Read(connection, "crm_customer", ["tenant", "bucket", "customer_id"], ["version"], "UPDATE crm_customer SET version = $3 WHERE tenant = $0 AND bucket = $1 AND customer_id = $2"),
            Read(connection, "crm_slot", ["tenant", "bucket", "customer_id", "name"], ["codec", "content"], "INSERT INTO crm_slot ({0}) VALUES ({1}) ON CONFLICT (tenant, bucket, customer_id, name) DO UPDATE SET codec = excluded.codec, content = excluded.content"),
            Read(connection, "crm_fact", ["tenant", "bucket", "customer_id", "name"], ["kind", "content", "number", "valid_until"], "INSERT OR REPLACE INTO crm_fact ({0}) VALUES ({1})"),
            Read(connection, "crm_wakeup", ["tenant", "bucket", "customer_id"], ["due_at"], "INSERT INTO crm_wakeup ({0}) VALUES ({1}) ON CONFLICT (tenant, bucket, customer_id) DO UPDATE SET due_at = excluded.due_at, leased_until = NULL"),
            Read(connection, "crm_checkpoint", ["tenant", "bucket", "customer_id", "at"], ["slots"], "INSERT OR REPLACE INTO crm_checkpoint ({0}) VALUES ({1})"),
        ]);
    }

    /// <summary>Writes them.</summary>
    public void WriteInto(string file)
    {
        using var connection = Open(file);
        foreach (var pragma in new[] { "journal_mode = WAL", "synchronous = NORMAL", "cache_size = -16000", "wal_autocheckpoint = 4000" })
        {
            using var command = connection.CreateCommand();
            command.CommandText = $"PRAGMA {pragma}";
            command.ExecuteNonQuery();
        }

        var commands = tables.ConvertAll(table => Prepared(table, connection));
        foreach (var some in AtOnce())
        {
            using var transaction = connection.BeginTransaction();
            for (var table = 0; table < tables.Count; table++)
            {
                var command = commands[table];
                command.Transaction = transaction;
                foreach (var row in CollectionsMarshal.AsSpan(tables[table].Rows)[some[table]])
                {
                    for (var i = 0; i < row.Length; i++)
                    {
                        command.Parameters[i].Value = row[i];
                    }

                    command.ExecuteNonQuery();
                }
            }

            transaction.Commit();
        }

        commands.ForEach(command => command.Dispose());
    }

    /// <summary>The rows of two thousand customers after the other, of each table.</summary>
    public IEnumerable<Range[]> AtOnce()
    {
        var places = new int[tables.Count];
        var customers = tables[0].Rows;
        for (var first = 0; first < customers.Count; first += CustomersAtOnce)
        {
            var last = customers[Math.Min(first + CustomersAtOnce, customers.Count) - 1];
            yield return [.. tables.Select((table, number) =>
            {
                var from = places[number];
                while (places[number] < table.Rows.Count && !IsAfter(table.Rows[places[number]], last))
                {
                    places[number]++;
                }

                return from..places[number];
            })];
        }
    }

    private static bool IsAfter(object[] row, object[] last)
    {
        var bucket = ((long)row[1]).CompareTo((long)last[1]);
        return bucket > 0 || (bucket == 0 && ((byte[])row[2]).AsSpan().SequenceCompareTo((byte[])last[2]) > 0);
    }

    private static Table Read(SqliteConnection connection, string name, string[] key, string[] values, string write)
    {
        using var command = connection.CreateCommand();
        command.CommandTimeout = 0;
        command.CommandText = $"""
            SELECT {string.Join(", ", key.Concat(values).Select(column => $"l.{column}"))} FROM main.{name} l
            LEFT JOIN earlier.{name} e ON {string.Join(" AND ", key.Select(column => $"e.{column} = l.{column}"))}
            WHERE {string.Join(" OR ", values.Select(column => $"e.{column} IS NOT l.{column}"))}
            ORDER BY l.tenant, l.bucket, l.customer_id
            """;
        var rows = new List<object[]>();
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            var row = new object[reader.FieldCount];
            reader.GetValues(row);
            rows.Add(row);
        }

        return new Table(name, key, values, write, rows);
    }

    private static SqliteConnection Open(string file)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Pooling = false }.ToString());
        connection.Open();
        return connection;
    }

    private static SqliteCommand Prepared(Table table, SqliteConnection connection)
    {
        var command = connection.CreateCommand();
        var names = table.Columns.Select((_, place) => string.Create(CultureInfo.InvariantCulture, $"${place}")).ToArray();
        command.CommandText = table.Write.Replace("{0}", string.Join(", ", table.Columns), StringComparison.Ordinal).Replace("{1}", string.Join(", ", names), StringComparison.Ordinal);
        foreach (var parameter in names)
        {
            command.Parameters.Add(new SqliteParameter { ParameterName = parameter });
        }

        command.Prepare();
        return command;
    }

    /// <summary>The rows of a table, in the order of their customers.</summary>
    /// <param name="Name">The table.</param>
    /// <param name="Key">The columns that tell rows apart.</param>
    /// <param name="Values">The other columns.</param>
    /// <param name="Write">How SQLite is told to write one.</param>
    /// <param name="Rows">The values of all columns, those of the key first.</param>
    public sealed record Table(string Name, string[] Key, string[] Values, string Write, List<object[]> Rows)
    {
        public IReadOnlyList<string> Columns { get; } = [.. Key, .. Values];
    }
}
