using Crm.Storage.Sql;

namespace Crm.Storage.PostgreSql;

/// <summary>Spreads the tables of a store over the machines of a PostgreSQL with the extension Citus.</summary>
public static class CitusSchema
{
    private const string First = "crm_customer";

    /// <summary>
    /// The statements, to be run once, after the tables are made and before the first customer. All tables of customers are distributed by bucket, and rows of one bucket share a machine; keys and
    /// identities have the bucket of their own value. Supplies are distributed by name; documents, which are few and read everywhere, are on every machine.
    /// </summary>
    public static IReadOnlyList<string> Statements(PostgreSqlDialect dialect)
    {
        ArgumentNullException.ThrowIfNull(dialect);
        return
        [
            $"SELECT create_distributed_table('{dialect.Table(First)}', 'bucket', colocate_with => 'none')",
            .. SqlSchema.TablesByBucket.Where(table => table != First)
                .Select(table => $"SELECT create_distributed_table('{dialect.Table(table)}', 'bucket', colocate_with => '{dialect.Table(First)}')"),
            $"SELECT create_distributed_table('{dialect.Table("crm_quota")}', 'name', colocate_with => 'none')",
            .. SqlSchema.Tables.Except(SqlSchema.TablesByBucket).Where(table => table != "crm_quota").Select(table => $"SELECT create_reference_table('{dialect.Table(table)}')"),
        ];
    }
}
