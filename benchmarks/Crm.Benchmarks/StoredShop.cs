using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using Crm.Engine;
using Crm.Events;
using Crm.Segmentation;
using Crm.Segmentation.Segments;
using Crm.Storage.Sql;
using Crm.Storage.Sqlite;
using Crm.Testing;
using Crm.Values;
using Microsoft.Data.Sqlite;
using NodaTime;

namespace Crm.Benchmarks;

/// <summary>
/// A shop in a SQLite file whose customers bought ten times each over thirteen months. Up to 20,000 of them are recorded by the engine; the rows of more are copied under other ids, in the order in which they were recorded, because
/// recording a million takes ten minutes. Of copies the tables of keys and identities know nothing: nobody asks them here.
/// </summary>
internal static class StoredShop
{
    public const int Each = 10;
    private const int MostRecorded = 20_000;
    private const int AtOnce = 1_000;
    private static readonly Instant Start = Instant.FromUtc(2025, 1, 1, 4, 0);

    public static Instant Now { get; } = Start + Duration.FromDays(400);

    /// <summary>Makes the file.</summary>
    /// <param name="file">Where.</param>
    /// <param name="customers">How many; beyond 20,000, a multiple of them.</param>
    /// <param name="catalog">The segments that there are from the beginning.</param>
    public static async Task MakeAsync(string file, int customers, SegmentCatalog catalog)
    {
        var recorded = Math.Min(customers, MostRecorded);
        var started = Stopwatch.GetTimestamp();
        await RecordAsync(file, recorded, catalog);
        var copied = Stopwatch.GetTimestamp();
        if (customers > recorded)
        {
            Copy(file, (customers / recorded) - 1);
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{recorded} customers recorded in {Stopwatch.GetElapsedTime(started, copied).TotalSeconds:0} s, and copied to {customers} in {Stopwatch.GetElapsedTime(copied).TotalSeconds:0} s"));
    }

    public static SqlStore Open(string file) =>
        SqliteStore.Open(new SqliteConnectionStringBuilder { DataSource = file, Pooling = false }.ToString(), new SqliteStoreOptions { Durability = SqliteDurability.Normal });

    public static CrmEngine Engine(SqlStore store, SegmentCatalog catalog, FakeClock clock) =>
        new(store, [new SegmentationModule(catalog)], new CrmOptions { Zone = DateTimeZone.Utc }, clock, new SeededIdSource(11));

    private static async Task RecordAsync(string file, int customers, SegmentCatalog catalog)
    {
        await using var store = Open(file);
        await store.MigrateAsync(CancellationToken.None);
        var clock = new FakeClock(Now - Duration.FromDays(1));
        var engine = Engine(store, catalog, clock);
        var events = Enumerable.Range(0, customers).SelectMany(customer => Enumerable.Range(0, Each).Select(number => CustomerEvent.Purchase($"till:{customer}-{number}", Identity.User(customer), Money.Hkd(20 + ((customer + (number * 7)) % 90))) with
        {
            OccurredAt = Start + Duration.FromDays((customer % 60) + (number * 37)) + Duration.FromMinutes(customer % 600),
        }));
        foreach (var some in events.Chunk(AtOnce))
        {
            clock.Advance(Duration.FromMilliseconds(1));
            await engine.RecordAsync(some, RecordMode.Backfill);
        }

        while ((await engine.RunDueAsync()).Customers > 0)
        {
        }
    }

    private static void Copy(string file, int times)
    {
        using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Pooling = false }.ToString());
        connection.Open();
        Run(connection, "PRAGMA journal_mode = DELETE");
        Run(connection, "PRAGMA synchronous = OFF");
        Run(connection, "PRAGMA cache_size = -2000000");
        Run(connection, "CREATE TEMP TABLE copied (time INTEGER, old_bucket INTEGER, old_id BLOB, bucket INTEGER, id BLOB, PRIMARY KEY (time, old_bucket, old_id)) WITHOUT ROWID");
        using var transaction = connection.BeginTransaction();
        Name(connection, transaction, times);
        var last = (long)(Scalar(connection, "SELECT max(rowid) FROM crm_event") ?? 0L);
        for (var time = 0; time < times; time++)
        {
            Insert(connection, "crm_event", string.Create(CultureInfo.InvariantCulture, $"FROM crm_event t CROSS JOIN copied m WHERE t.rowid <= {last} AND m.time = {time} AND m.old_bucket = t.bucket AND m.old_id = t.customer_id ORDER BY t.rowid"));
        }

        foreach (var table in new[] { "crm_customer", "crm_slot", "crm_fact", "crm_wakeup", "crm_checkpoint" })
        {
            Insert(connection, table, $"FROM copied m CROSS JOIN {table} t WHERE t.tenant = 'default' AND t.bucket = m.old_bucket AND t.customer_id = m.old_id ORDER BY m.bucket, m.id");
        }

        transaction.Commit();
        Run(connection, "PRAGMA journal_mode = WAL");
    }

    // Each copy of a customer is somebody else, in a bucket of its own.
    private static void Name(SqliteConnection connection, SqliteTransaction transaction, int times)
    {
        using var naming = connection.CreateCommand();
        naming.Transaction = transaction;
        naming.CommandText = "INSERT INTO copied SELECT $time, bucket, customer_id, bucket_of(customer_id, $time), id_of(customer_id, $time) FROM crm_customer";
        connection.CreateFunction("id_of", (byte[] id, long time) => Bytes(Other(id, time)), isDeterministic: true);
        connection.CreateFunction("bucket_of", (byte[] id, long time) => (long)Other(id, time).Bucket, isDeterministic: true);
        naming.Parameters.AddWithValue("$time", 0);
        for (var time = 0; time < times; time++)
        {
            naming.Parameters[0].Value = time;
            naming.ExecuteNonQuery();
        }
    }

    private static CustomerId Other(byte[] id, long time) =>
        new(BinaryPrimitives.ReadUInt128BigEndian(id) ^ new UInt128(unchecked((ulong)(time + 1) * 0x9e3779b97f4a7c15UL), unchecked((ulong)(time + 1) * 0xc2b2ae3d27d4eb4fUL)));

    private static byte[] Bytes(CustomerId customer)
    {
        var bytes = new byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, customer.Value);
        return bytes;
    }

    private static void Insert(SqliteConnection connection, string table, string from)
    {
        var columns = new List<string>();
        using (var asked = connection.CreateCommand())
        {
            asked.CommandText = $"SELECT name FROM pragma_table_info('{table}')";
            using var rows = asked.ExecuteReader();
            while (rows.Read())
            {
                columns.Add(rows.GetString(0));
            }
        }

        Run(connection, $"INSERT INTO {table} ({string.Join(", ", columns)}) SELECT {string.Join(", ", columns.Select(column => column switch { "bucket" => "m.bucket", "customer_id" => "m.id", _ => $"t.{column}" }))} {from}");
    }

    private static object? Scalar(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }

    private static void Run(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandTimeout = 0;
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
