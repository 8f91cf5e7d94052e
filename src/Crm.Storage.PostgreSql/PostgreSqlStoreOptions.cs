using Crm.Storage.Sql;

namespace Crm.Storage.PostgreSql;

/// <summary>How a store in PostgreSQL is opened.</summary>
public sealed record PostgreSqlStoreOptions : SqlStoreOptions
{
    /// <summary>The schema that the tables are in; it is made when it is missing. Stores in two schemas of one database never meet.</summary>
    public string Schema { get; init; } = "public";

    /// <summary>How many hash partitions by bucket the tables of customers are made with, 1 to 1,024; 0: none. Counts only when the tables are made: a store that is there stays as it is.</summary>
    public int Partitions { get; init; }

    /// <summary>
    /// Whether the tables are distributed by bucket over several machines (the extension Citus). Everything then keeps to what such a database takes, at the price of round trips: two to load by identity,
    /// and a transaction of several for each commit. The tables are distributed with the script of <c>crm schema --dialect postgresql --citus</c>.
    /// </summary>
    public bool Distributed { get; init; }
}
