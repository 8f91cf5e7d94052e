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

    private readonly string quoted;

    /// <summary>The dialect for a schema.</summary>
    /// <param name="schema">The schema that the tables are in: a letter or '_', then letters, digits or '_', at most 63.</param>
    /// <param name="partitions">How many hash partitions by bucket each table of customers is made with, 1 to 1,024; 0: the tables are whole.</param>
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

    /// <inheritdoc/>
    public override IEnumerable<string> BeforeMigration => Schema == "public" ? [] : [$"CREATE SCHEMA IF NOT EXISTS {quoted}"];

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
        "skip-locked" => IsDistributed ? "" : "FOR UPDATE SKIP LOCKED",
        _ => throw new ArgumentException($"'{{{word}}}' is no word of the store's SQL.", nameof(word)),
    };

    [GeneratedRegex("^[A-Za-z_][A-Za-z0-9_]*$", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex SchemaName();
}
