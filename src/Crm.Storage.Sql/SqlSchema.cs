using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Crm.Storage.Sql;

/// <summary>The schema of the store as a database is told it.</summary>
public static partial class SqlSchema
{
    internal const string VersionTable = "crm_schema";

    private static readonly string[] Scripts = [.. Embedded()];

    /// <summary>The last version of the schema that this release knows.</summary>
    public static int Versions => Scripts.Length;

    /// <summary>The tables whose rows have a bucket, in the order in which they are made.</summary>
    public static IReadOnlyList<string> TablesByBucket { get; } = [.. Scripts.SelectMany(Parts).Where(HasBucket).Select(NameOf)];

    /// <summary>All tables, in the order in which they are made.</summary>
    public static IReadOnlyList<string> Tables { get; } = [VersionTable, .. Scripts.SelectMany(Parts).Where(part => TableName().IsMatch(part)).Select(NameOf)];

    /// <summary>
    /// Everything that makes an empty database the store's, as a script to read and to run by oneself: afterwards the store finds its schema and makes nothing. It is one transaction, which waits for processes
    /// that migrate and lets them wait; where the tables are there already, its first statement fails.
    /// </summary>
    public static string Script(SqlDialect dialect) => Script(dialect, 0);

    /// <summary>What brings a store from a version of the schema to that of this release, as a script to read and to run by oneself, in one transaction. Where the store has another version, its first statement fails.</summary>
    /// <param name="dialect">The database.</param>
    /// <param name="from">The version that the store has; 0 for an empty database.</param>
    /// <exception cref="ArgumentOutOfRangeException">This release does not know the version.</exception>
    public static string Script(SqlDialect dialect, int from)
    {
        ArgumentNullException.ThrowIfNull(dialect);
        ArgumentOutOfRangeException.ThrowIfNegative(from);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(from, Versions);
        var script = new StringBuilder();
        var since = from == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"from schema version {from} to ");
        script.Append(CultureInfo.InvariantCulture, $"-- The tables of the store in {dialect.Name}, {since}schema version {Versions}.\n");
        IEnumerable<string> first = from == 0 ? dialect.BeforeMigration.Append(MakeVersionTable(dialect)) : [FailUnless(from, dialect)];
        foreach (var statement in Enumerable.Repeat(dialect.BeginScript, 1).Concat(dialect.LockForMigration is { } wait ? [wait] : []).Concat(first))
        {
            script.Append(statement).Append(";\n");
        }

        for (var version = from + 1; version <= Versions; version++)
        {
            script.Append(CultureInfo.InvariantCulture, $"\n-- Migration {version}\n");
            foreach (var statement in Statements(version, dialect))
            {
                script.Append(statement).Append(";\n");
            }

            script.Append(CultureInfo.InvariantCulture, $"INSERT INTO {dialect.Table(VersionTable)} (version, oldest) VALUES ({version}, {Oldest(version)});\n");
        }

        return script.Append("\nCOMMIT;\n").ToString();
    }

    // A row without an oldest version is refused, by every database.
    private static string FailUnless(int from, SqlDialect dialect) => Spelled(
        string.Create(CultureInfo.InvariantCulture, $"INSERT INTO {VersionTable} (version, oldest) SELECT 0, CAST(NULL AS {{int}}) WHERE (SELECT COALESCE(MAX(version), 0) FROM {VersionTable}) <> {from}"),
        dialect);

    internal static string MakeVersionTable(SqlDialect dialect) => Spelled($"CREATE TABLE {VersionTable} (version {{int}} NOT NULL PRIMARY KEY, oldest {{int}} NOT NULL)", dialect);

    /// <summary>What gives a table of versions that an early release made the column that it lacks. Every release can use the tables of those.</summary>
    internal static string AddOldest(SqlDialect dialect) => Spelled($"ALTER TABLE {VersionTable} ADD COLUMN oldest {{int}} NOT NULL DEFAULT 1", dialect);

    /// <summary>
    /// The oldest version of the schema that a release may know and still work with the tables as this migration leaves them: its script says so in its first line. While a host is deployed, processes of such a release go
    /// on, and start, beside those that have migrated.
    /// </summary>
    internal static int Oldest(int version) => OldestLine().Match(Scripts[version - 1]) is { Success: true } said
        ? int.Parse(said.Groups["oldest"].ValueSpan, CultureInfo.InvariantCulture)
        : throw new InvalidOperationException($"Migration {version} does not say with which releases its tables can be used; a first line such as '-- oldest: {version}' is expected.");

    /// <summary>The statements of a migration, each without a semicolon.</summary>
    internal static IEnumerable<string> Statements(int version, SqlDialect dialect)
    {
        foreach (var part in Parts(Scripts[version - 1]))
        {
            yield return Spelled(part, dialect);
            foreach (var following in HasBucket(part) ? dialect.AfterTable(NameOf(part)) : [])
            {
                yield return following;
            }
        }

        foreach (var also in dialect.AfterMigration(version))
        {
            yield return also;
        }
    }

    private static string Spelled(string sql, SqlDialect dialect) => new SqlStatement(sql).In(dialect, 0);

    private static bool HasBucket(string statement) => statement.Contains("{by-bucket}", StringComparison.Ordinal);

    private static string NameOf(string statement) => TableName().Match(statement).Groups["name"].Value;

    private static string[] Parts(string script)
    {
        var code = string.Join('\n', script.Split('\n').Where(line => !line.StartsWith("--", StringComparison.Ordinal)));
        return code.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
    }

    /// <summary>The embedded scripts, 0001.sql and so on, without a gap.</summary>
    private static IEnumerable<string> Embedded()
    {
        for (var version = 1; typeof(SqlSchema).Assembly.GetManifestResourceStream(string.Create(CultureInfo.InvariantCulture, $"Crm.Storage.Sql.Migrations.{version:0000}.sql")) is { } stream; version++)
        {
            using var text = new StreamReader(stream);
            yield return text.ReadToEnd();
        }
    }

    [GeneratedRegex(@"\A-- oldest: (?<oldest>[0-9]+)\b", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex OldestLine();

    [GeneratedRegex(@"^CREATE TABLE (?<name>\w+)", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex TableName();
}
