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

    /// <inheritdoc/>
    public override string Placeholder(int number) => $"?{number.ToString(CultureInfo.InvariantCulture)}";

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
