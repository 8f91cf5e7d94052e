using Crm.Storage.Sql;
using NodaTime;

namespace Crm.Storage.PostgreSql;

/// <summary>How a store in PostgreSQL is opened.</summary>
public sealed record PostgreSqlStoreOptions : SqlStoreOptions
{
    /// <summary>The schema that the tables are in; it is made when it is missing. Stores in two schemas of one database never meet.</summary>
    public string Schema { get; init; } = "public";

    /// <summary>
    /// How many hash partitions by bucket the tables of customers are made with, 1 to 1,024; 0: none. Counts only when the tables are made: a store that is there stays as it is.
    /// More than 71 need a server with room for more locks than it is installed with; one that has too little says how much it needs, and makes nothing.
    /// </summary>
    public int Partitions { get; init; }

    /// <summary>
    /// Whether the tables are distributed by bucket over several machines (the extension Citus). Everything then keeps to what such a database takes, at the price of round trips: two to load by identity,
    /// and a transaction of several for each commit. The tables are distributed with the script of <c>crm schema --dialect postgresql --citus</c>.
    /// </summary>
    public bool Distributed { get; init; }

    /// <summary>
    /// How long the statement of an audience may take before the driver gives it up, to the second; null: as long as it takes. What the connection string says (Command Timeout) is for the short statements of loads and commits;
    /// a time-out that the server itself is told (statement_timeout) ends audiences too, and so does the caller's cancellation. The statements that make or change the tables have no time-out of either.
    /// </summary>
    public Duration? AudienceTimeout { get; init; }
}
