using Crm.Storage.Sql;

namespace Crm.Storage.PostgreSql;

/// <summary>Opens stores in PostgreSQL without a container.</summary>
public static class PostgreSqlStore
{
    /// <summary>A store in a database. Nothing is opened yet; the tables are made at first use.</summary>
    /// <param name="connectionString">As Npgsql reads it, such as "Host=localhost;Database=club;Username=club".</param>
    /// <param name="options">Null: one tenant, in the schema "public".</param>
    /// <exception cref="ArgumentException">The connection string cannot be read, or the name of the tenant or of the schema is no name.</exception>
    public static SqlStore Open(string connectionString, PostgreSqlStoreOptions? options = null)
    {
        var chosen = options ?? new PostgreSqlStoreOptions();
        return new SqlStore(new PostgreSqlDatabase(connectionString, chosen), chosen);
    }
}
