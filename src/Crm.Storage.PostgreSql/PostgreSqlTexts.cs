using System.Collections.Concurrent;
using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;
using Crm.Storage.Sql;
using Crm.Values;
using Npgsql;

namespace Crm.Storage.PostgreSql;

/// <summary>The SQL of statements, made once: few rows stand in the text, many are sent as an array for each column, for which one text does whatever their number.</summary>
internal sealed class PostgreSqlTexts(PostgreSqlDialect dialect)
{
    /// <summary>So many rows and fewer stand in the text.</summary>
    public const int Few = 8;

    /// <summary>Of so many rows and more, a column that is the same in all of them is sent as one value: the tenant, the customer of a group that has one, what nobody gave. Fewer rows would be alike by chance, each time otherwise.</summary>
    public const int Many = 32;

    // As many as a shape has bits.
    private const int MostColumns = 32;

    // Each is prepared on every connection. Most hosts send one or two.
    private const int MostShapes = 6;

    // The store's own are fewer, in all their sizes; those of audiences that hosts ask once have no end.
    private const int MostKept = 2_048;

    private readonly ConcurrentDictionary<(SqlStatement Statement, int Rows, uint Common, bool Guarded), string> texts = [];
    private readonly ConditionalWeakTable<SqlStatement, List<uint>> shapes = [];

    /// <summary>The statement with rows in its text.</summary>
    /// <param name="statement">Which.</param>
    /// <param name="rows">How many rows are sent.</param>
    /// <param name="guarded">Whether the server itself raises an error, which says nothing about values, when other than so many rows change.</param>
    public string Of(SqlStatement statement, int rows, bool guarded) => Kept(
        (statement, rows, 0, guarded),
        static (key, dialect) => Guarded(key.Statement, key.Statement.In(dialect, key.Rows), key.Guarded ? key.Rows.ToString(CultureInfo.InvariantCulture) : null));

    /// <summary>The statement with an array for each column, but for those that have one value for all rows.</summary>
    /// <param name="statement">Which.</param>
    /// <param name="common">A bit for each column of which one value is sent; not all.</param>
    /// <param name="guarded">As in <see cref="Of"/>.</param>
    public string OfArrays(SqlStatement statement, uint common, bool guarded) => Kept(
        (statement, 0, common, guarded),
        static (key, dialect) => Guarded(
            key.Statement,
            key.Statement.From(dialect, Source(key.Statement.Columns, key.Common, dialect)),
            key.Guarded ? $"cardinality({dialect.Placeholder(BitOperations.TrailingZeroCount(~key.Common) + 1)})" : null));

    /// <summary>For which columns one value is sent: of an insert those that have one, as far as the few shapes in which a statement is prepared allow. The first that come are kept.</summary>
    /// <param name="statement">The statement.</param>
    /// <param name="common">A bit for each column that is the same in all rows.</param>
    public uint ShapeOf(SqlStatement statement, uint common)
    {
        // Where rows are found by what is sent, the server, told one value for all, would rather look through all rows that have it.
        if (statement.Columns.Count > MostColumns || !statement.ToString().StartsWith("INSERT ", StringComparison.Ordinal))
        {
            return 0;
        }

        // How many rows there are, an array tells.
        var wanted = BitOperations.PopCount(common) == statement.Columns.Count ? common - 1 : common;
        var known = shapes.GetOrCreateValue(statement);
        lock (known)
        {
            if (known.Count < MostShapes && !known.Contains(wanted))
            {
                known.Add(wanted);
            }

            return known.Where(shape => (shape & ~wanted) == 0).DefaultIfEmpty().MaxBy(BitOperations.PopCount);
        }
    }

    /// <summary>Whether one value is sent for a column.</summary>
    public static bool Has(uint common, int column) => (common >> column & 1) == 1;

    /// <summary>Whether an error is that of a guard.</summary>
    public static bool IsOfGuard(PostgresException error) => error.SqlState is PostgresErrorCodes.InvalidTextRepresentation or PostgresErrorCodes.UniqueViolation;

    private string Kept((SqlStatement Statement, int Rows, uint Common, bool Guarded) key, Func<(SqlStatement Statement, int Rows, uint Common, bool Guarded), PostgreSqlDialect, string> make)
    {
        if (texts.TryGetValue(key, out var text))
        {
            return text;
        }

        if (texts.Count >= MostKept)
        {
            texts.Clear();
        }

        return texts.GetOrAdd(key, make, dialect);
    }

    // The cast cannot succeed; its error ends the transaction. So does a row that is there already where a key is the guard; the server's log then names the key: ids, versions and keys of events, never an identity.
    private static string Guarded(SqlStatement statement, string sql, string? rows) => rows is null
        ? sql
        : statement.IsGuardedByKey ? sql.Replace(" ON CONFLICT DO NOTHING", "", StringComparison.Ordinal)
        : $"WITH done AS ({sql} RETURNING 1) SELECT CASE WHEN COUNT(*) = {rows} THEN 0 ELSE CAST('crm: a guard changed ' || COUNT(*) || ' rows, ' || {rows} || ' expected' AS integer) END FROM done";

    // Rows of arrays, with the values that all of them have between.
    private static string Source(Sequence<SqlType> columns, uint common, PostgreSqlDialect dialect)
    {
        var arrays = Enumerable.Range(0, columns.Count).Where(column => !Has(common, column)).ToList();
        var unnested = $"unnest({string.Join(", ", arrays.Select(column => $"{dialect.Placeholder(column + 1)}::{NameOf(columns[column])}[]"))})";
        return common == 0
            ? $"SELECT * FROM {unnested}"
            : $"SELECT {string.Join(", ", columns.Select((type, column) => Has(common, column) ? $"{dialect.Placeholder(column + 1)}::{NameOf(type)}" : $"u.{Column(column)}"))} FROM {unnested} AS u ({string.Join(", ", arrays.Select(Column))})";
    }

    private static string Column(int column) => string.Create(CultureInfo.InvariantCulture, $"c{column}");

    private static string NameOf(SqlType type) => type switch
    {
        SqlType.Whole => "bigint",
        SqlType.Bytes => "bytea",
        SqlType.Exact => "numeric",
        _ => "text",
    };
}
