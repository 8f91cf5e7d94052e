using Crm.Storage.Sqlite;

namespace Crm;

/// <summary>Chooses SQLite.</summary>
public static class SqliteCrmBuilderExtensions
{
    /// <summary>Keeps customers in SQLite. The tables are made at first use.</summary>
    /// <param name="crm">The builder.</param>
    /// <param name="source">A connection string such as "Data Source=club.db", a path, or ":memory:".</param>
    /// <param name="options">Null: one tenant, fully durable.</param>
    /// <exception cref="ArgumentException">The connection string cannot be read.</exception>
    public static CrmBuilder UseSqlite(this CrmBuilder crm, string source, SqliteStoreOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(crm);
        SqliteDatabase.Parse(source);
        return crm.UseStore(_ => SqliteStore.Open(source, options));
    }
}
