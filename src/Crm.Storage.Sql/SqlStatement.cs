using System.Collections.Frozen;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Crm.Values;

namespace Crm.Storage.Sql;

/// <summary>
/// One SQL text for all databases. Where it says {rows}, rows of values stand between brackets, as many as are sent at once; where it says {0}, {1} and so on, the values of a single row.
/// Other words between braces come from the dialect.
/// </summary>
/// <param name="text">The SQL.</param>
/// <param name="columns">The types of the values of a row.</param>
public sealed partial class SqlStatement(string text, params Sequence<SqlType> columns)
{
    // Indexes, which lie where their tables lie, and views of hosts take no schema, whatever their names begin with.
    private static readonly FrozenSet<string> Known = SqlSchema.Tables.ToFrozenSet(StringComparer.Ordinal);

    /// <summary>The types of the values of a row.</summary>
    public Sequence<SqlType> Columns { get; } = columns;

    /// <summary>
    /// At most so many rows at once, where SQLite would rather read the whole table than look for the many rows of a list: it knows nothing of how long tables are. Where the list is only read, a CROSS JOIN, whose tables
    /// it takes in the order in which they stand, does without a limit.
    /// </summary>
    public int MostRows { get; init; } = int.MaxValue;

    /// <summary>
    /// Whether its rows are new as a rule, and their primary key may be named in the server's log where one is not: it tells nobody's identity. Where the server itself stops at a guard that did not hold, ON CONFLICT
    /// DO NOTHING is left away at its end: the server then does not look for the row beforehand.
    /// </summary>
    public bool IsGuardedByKey { get; init; }

    /// <summary>The same for a single row, without a list: it is sent instead, and a database need not make a table of the list first. Null: there is none.</summary>
    public SqlStatement? OfOne { get; init; }

    /// <summary>Whether several rows may be sent at once.</summary>
    public bool TakesRows { get; } = text.Contains("{rows}", StringComparison.Ordinal);

    /// <summary>Whether what it deletes is about a person, and must be nowhere once the transaction is committed: a database that keeps what was deleted, as a log does, clears it away then.</summary>
    public bool Erases { get; init; }

    /// <summary>The SQL for a number of rows in a dialect.</summary>
    public string In(SqlDialect dialect, int rows)
    {
        ArgumentNullException.ThrowIfNull(dialect);
        return Words().Replace(Tables().Replace(text, table => Known.Contains(table.Value) ? dialect.Table(table.Value) : table.Value), word => word.Groups["word"].Value switch
        {
            "rows" => Rows(dialect, rows),
            var digits when int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var place) => dialect.Placeholder(place + 1),
            var other => dialect.Word(other),
        });
    }

    /// <summary>The SQL in a dialect where the rows do not stand in the text, but come from a source such as a function.</summary>
    /// <param name="dialect">The dialect.</param>
    /// <param name="source">The question whose rows have the columns of this statement, in their order.</param>
    public string From(SqlDialect dialect, string source)
    {
        ArgumentNullException.ThrowIfNull(dialect);
        return new SqlStatement(text.Replace("VALUES {rows}", source, StringComparison.Ordinal), Columns).In(dialect, 1);
    }

    /// <summary>The text as written, without values.</summary>
    public override string ToString() => text;

    private string Rows(SqlDialect dialect, int rows)
    {
        var sql = new StringBuilder(rows * Columns.Count * 6);
        for (var row = 0; row < rows; row++)
        {
            for (var column = 0; column < Columns.Count; column++)
            {
                sql.Append(column > 0 ? ", " : row > 0 ? ", (" : "(").Append(dialect.Placeholder((row * Columns.Count) + column + 1));
            }

            sql.Append(')');
        }

        return sql.ToString();
    }

    // What stands after a point or in quotes is a host's: a column of its view, or a view in its schema.
    [GeneratedRegex(@"(?<![.""])\bcrm_[a-z_0-9]+\b", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Tables();

    [GeneratedRegex(@"\{(?<word>[a-z0-9-]+)\}", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Words();
}
