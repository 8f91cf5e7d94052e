using System.Globalization;
using Crm.Storage.Sql;

namespace Crm.Storage.Sqlite;

/// <summary>SQLite 3.35 or later. Text compares by its bytes unless a column says otherwise, and a transaction that writes is alone, so there is nothing to skip and nothing to wait for.</summary>
public sealed class SqliteDialect : SqlDialect
{
    /// <summary>The dialect.</summary>
    public static SqliteDialect Instance { get; } = new();

    /// <inheritdoc/>
    public override string Name => "SQLite";

    /// <inheritdoc/>
    public override int MostParameters => 32_766;

    /// <inheritdoc/>
    public override string FindTable => "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = {0}";

    /// <summary>A transaction that writes from its beginning on, so that nobody migrates beside it.</summary>
    public override string BeginScript => "BEGIN IMMEDIATE";

    /// <inheritdoc/>
    public override string Placeholder(int number) => $"?{number.ToString(CultureInfo.InvariantCulture)}";

    /// <summary>
    /// Rows of the ledger are numbered in the order in which they were committed, since one transaction writes at a time. The last row at the horizon is named with it: numbers that began anew, after a VACUUM or in a copy of
    /// earlier, have another row there, or none: where the same customer went on in a copy, the version is the same and the instant it was recorded at, or the amount, is not. The sign before a column keeps the question off the keys, which are in the order of customers.
    /// </summary>
    public override LedgerOrder LedgerOrder { get; } = new(
        "SELECT hex(customer_id) || '/' || version || '/' || line || '/' || recorded_at || '/' || amount, rowid + 1, rowid + 1 FROM crm_ledger WHERE +tenant = {0} ORDER BY rowid DESC LIMIT 1",
        "SELECT hex(customer_id) || '/' || version || '/' || line || '/' || recorded_at || '/' || amount FROM crm_ledger WHERE rowid = {1} - 1 AND +tenant = {0}",
        "SELECT DISTINCT customer_id FROM crm_ledger WHERE rowid >= {1} AND rowid < {2} AND +tenant = {0}");

    /// <inheritdoc/>
    public override string Word(string word) => word switch
    {
        "text" => "TEXT",
        "int" or "bigint" => "INTEGER",
        "decimal" => "TEXT",
        "number" => "NUMERIC",
        "blob" => "BLOB",
        "clustered" => " WITHOUT ROWID",
        "plain-text" => "TEXT",
        "binary" => "COLLATE BINARY",
        "not-plain" => "GLOB '*[^ -~]*'",
        "by-bucket" or "skip-locked" => "",
        _ => throw new ArgumentException($"'{{{word}}}' is no word of the store's SQL.", nameof(word)),
    };
}
