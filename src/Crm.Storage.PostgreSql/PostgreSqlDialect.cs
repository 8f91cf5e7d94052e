using System.Globalization;
using System.Text.RegularExpressions;
using Crm.Storage.Sql;

namespace Crm.Storage.PostgreSql;

/// <summary>
/// PostgreSQL 13 or later. Text compares by its bytes (collation "C"), every table is named with its schema, and parameters have places. All whole numbers are 64 bits wide: a parameter then has the
/// very type of its column, which is what finds the one partition, or the one machine, that a row is on.
/// </summary>
public sealed partial class PostgreSqlDialect : SqlDialect
{
    private const int MostPartitions = 1024;
    private const int LongestName = 63;

    /// <summary>How many locks the transaction that makes the tables holds for each partition: of 14 tables with their keys, indexes and long values.</summary>
    internal const int LocksOfPartition = 60;

    private readonly string quoted;

    /// <summary>The dialect for a schema.</summary>
    /// <param name="schema">The schema that the tables are in: a letter or '_', then letters, digits or '_', at most 63.</param>
    /// <param name="partitions">
    /// How many hash partitions by bucket each table of customers is made with, 1 to 1,024; 0: the tables are whole. A server has room for so many locks (max_locks_per_transaction): as it is installed it takes 71, and says before
    /// anything is made how many it takes otherwise.
    /// </param>
    /// <param name="distributed">Whether buckets are on different machines, as with the extension Citus.</param>
    /// <exception cref="ArgumentException">The schema has no such name, or the partitions are too many or fewer than none.</exception>
    public PostgreSqlDialect(string schema = "public", int partitions = 0, bool distributed = false)
    {
        ArgumentNullException.ThrowIfNull(schema);
        if (!SchemaName().IsMatch(schema) || schema.Length > LongestName)
        {
            throw new ArgumentException($"'{schema}' is not the name of a schema: a letter or '_', then letters, digits or '_' are expected, at most {LongestName}, such as 'crm'.", nameof(schema));
        }

        if (partitions is < 0 or > MostPartitions)
        {
            throw new ArgumentException($"{partitions} partitions were asked for; 1 to {MostPartitions} are expected, or 0 for none.", nameof(partitions));
        }

        if (partitions > 0 && distributed)
        {
            throw new ArgumentException("A distributed database spreads the buckets itself; partitions are expected to be 0.", nameof(partitions));
        }

        Schema = schema;
        Partitions = partitions;
        IsDistributed = distributed;
        quoted = $"\"{schema}\"";
    }

    /// <summary>The schema.</summary>
    public string Schema { get; }

    /// <summary>How many partitions tables are made with; 0 for none.</summary>
    public int Partitions { get; }

    /// <summary>Whether buckets are on different machines.</summary>
    public bool IsDistributed { get; }

    /// <inheritdoc/>
    public override string Name => "PostgreSQL";

    /// <inheritdoc/>
    public override int MostParameters => 65_535;

    /// <inheritdoc/>
    public override bool JoinsAcrossBuckets => !IsDistributed;

    /// <inheritdoc/>
    public override string FindTable => $"SELECT 1::bigint FROM pg_catalog.pg_tables WHERE schemaname = '{Schema}' AND tablename = {{0}}";

    /// <summary>
    /// Makes the schema where there is none. IF NOT EXISTS would not do: who may not make schemas is refused even where it is there, as when an administrator has made it for the application. Partitions that the server has not
    /// enough room for locks for are refused with a sentence; a third of the room is left to others, and to those who look at all partitions at once later. So is an encoding without most of the world's letters: the first name
    /// that it lacks would be an error in the middle of an event.
    /// </summary>
    public override IEnumerable<string> BeforeMigration =>
    [
        """
        DO $$ BEGIN IF pg_catalog.getdatabaseencoding() NOT IN ('UTF8', 'SQL_ASCII') THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = pg_catalog.format('The database %s keeps its text as %s, which has not every letter. One that was made with ENCODING ''UTF8'' is expected.',
        pg_catalog.current_database(), pg_catalog.getdatabaseencoding()); END IF; END $$
        """,
        .. Partitions == 0 ? (string[])[] : [string.Create(CultureInfo.InvariantCulture, $"""
            DO $$ DECLARE
            sessions bigint := pg_catalog.current_setting('max_connections')::bigint + pg_catalog.current_setting('max_prepared_transactions')::bigint;
            locks bigint := pg_catalog.current_setting('max_locks_per_transaction')::bigint;
            BEGIN IF {Partitions} > sessions * locks * 2 / 3 / {LocksOfPartition} THEN
            RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = pg_catalog.format('{Partitions} partitions were asked for; this server has room for the locks of at most %s partitions: take no more, or let max_locks_per_transaction be %s or more (it is %s)',
            sessions * locks * 2 / 3 / {LocksOfPartition}, ({Partitions} * {LocksOfPartition} * 3 / 2 + sessions - 1) / sessions, locks);
            END IF; END $$
            """)],
        .. Schema == "public" ? (string[])[] : [$"DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = '{Schema}') THEN CREATE SCHEMA {quoted}; END IF; END $$"],
    ];

    /// <summary>One lock for each schema, held until the transaction ends.</summary>
    public override string LockForMigration => $"SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('schema of the store in {Schema}', 0))";

    /// <inheritdoc/>
    public override string Placeholder(int number) => $"${number.ToString(CultureInfo.InvariantCulture)}";

    /// <inheritdoc/>
    public override string ParameterName(int number) => "";

    /// <inheritdoc/>
    public override string Table(string name) => $"{quoted}.{name}";

    /// <inheritdoc/>
    public override IEnumerable<string> AfterTable(string name) => Enumerable.Range(0, Partitions).Select(number =>
        string.Create(CultureInfo.InvariantCulture, $"CREATE TABLE {Table(name)}_{number} PARTITION OF {Table(name)} FOR VALUES WITH (MODULUS {Partitions}, REMAINDER {number})"));

    /// <summary>
    /// Migration 3 gives every row of the ledger the number of the transaction that wrote it: eight bytes, which no statement has to name, and which rows of earlier get without being written again. Rows of the ledger are
    /// only ever added, so that neighbours have neighbouring numbers, and an index of ranges (BRIN) does: a commit writes hardly anything into it, while a tree over the same column adds a tenth to what the rows of the ledger
    /// write into the log. A distributed database numbers transactions on each machine by itself, and gets none of it.
    /// </summary>
    public override IEnumerable<string> AfterMigration(int version) => version == 3 && !IsDistributed
        ?
        [
            $"ALTER TABLE {Table("crm_ledger")} ADD COLUMN written bigint NOT NULL DEFAULT (pg_catalog.pg_current_xact_id()::text::bigint)",
            $"CREATE INDEX crm_ledger_written ON {Table("crm_ledger")} USING brin (written) WITH (pages_per_range = 32, autosummarize = on)",
        ]
        : [];

    /// <summary>
    /// The horizon is the first transaction that had not ended: whatever comes to be seen later was written by it or by a later one, in whatever order they end. The ledger is that of one server (its identifier), one course
    /// of its log (the timeline, another after a failover or a restore to a point in time), one database (one made of another has its tables' identifiers) and one table; and numbers beyond those given so far, as rows from
    /// the copy of another server have, are nobody's yet. A database with a subscription gets rows with the numbers of the server that wrote them, and has no ledger to tell of. An expression keeps the question off the keys,
    /// which are in the order of customers.
    /// </summary>
    public override LedgerOrder? LedgerOrder => IsDistributed ? null : new(
        $"SELECT {Ledger}, pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())::text::bigint, pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text::bigint {OfLedger} AND {{0}} <> ''",
        $"SELECT {Ledger} {OfLedger} AND {{0}} <> '' AND {{1}} <= pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text::bigint",
        "SELECT DISTINCT customer_id FROM crm_ledger WHERE written >= {1} AND written < {2} AND tenant || '' = {0}");

    /// <inheritdoc/>
    public override bool ComparesExactly => true;

    /// <inheritdoc/>
    public override string Word(string word) => word switch
    {
        "text" => "text COLLATE \"C\"",
        "int" or "bigint" => "bigint",
        "decimal" or "number" => "numeric",
        "blob" => "bytea",
        "plain-text" => "text",
        "binary" => "COLLATE \"C\"",
        "not-plain" => "~ '[^ -~]'",
        "clustered" => "",
        "by-bucket" => Partitions > 0 ? " PARTITION BY HASH (bucket)" : "",
        "skip-locked" => "FOR UPDATE SKIP LOCKED", // never of rows on several machines: these are leased one by one
        _ => throw new ArgumentException($"'{{{word}}}' is no word of the store's SQL.", nameof(word)),
    };

    // While a server follows another it writes no log of its own, and is asked for the timeline that it last noted.
    private const string Ledger = """
        s.system_identifier::text || '/' || CASE WHEN pg_catalog.pg_is_in_recovery() THEN (SELECT c.timeline_id::text FROM pg_catalog.pg_control_checkpoint() c)
            ELSE pg_catalog.substr(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 1, 8) END || '/' || d.oid::text || '/' || ('crm_ledger'::pg_catalog.regclass)::oid::text
        """;

    // Every role may read of a subscription in which database it is.
    private const string OfLedger = """
        FROM pg_catalog.pg_control_system() s, pg_catalog.pg_database d
        WHERE d.datname = pg_catalog.current_database() AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_subscription u WHERE u.subdbid = d.oid)
        """;

    [GeneratedRegex("^[A-Za-z_][A-Za-z0-9_]*$", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex SchemaName();
}
