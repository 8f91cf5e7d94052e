using Crm.Storage.Sql;

namespace Crm.Storage.Sqlite;

/// <summary>Opens stores in SQLite without a container.</summary>
public static class SqliteStore
{
    /// <summary>A store in a file, which is made when it is missing, or in memory.</summary>
    /// <param name="source">A path, ":memory:", or a connection string such as "Data Source=club.db".</param>
    /// <param name="options">Null: one tenant, fully durable.</param>
    /// <exception cref="ArgumentException">The connection string cannot be read, or the tenant's name is no name.</exception>
    public static SqlStore Open(string source, SqliteStoreOptions? options = null)
    {
        var chosen = options ?? new SqliteStoreOptions();
        return new SqlStore(new SqliteDatabase(source, chosen), chosen);
    }
}
