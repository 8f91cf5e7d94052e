using System.Data.Common;

namespace Crm.Storage;

/// <summary>
/// An optional ability: writing within a transaction of the host, so that the host's order and the points for it are both there or neither. The tables must be in the host's own database.
/// </summary>
public interface IHostTransactions
{
    /// <summary>
    /// The same store, seen and written through the host's connection. What it commits becomes durable with the host's transaction, and vanishes with it. Use it from one thread at a time, until the
    /// transaction ends; the connection and the transaction stay the host's to end and to dispose.
    /// </summary>
    /// <param name="connection">An open connection to the database that the store is in.</param>
    /// <param name="transaction">The connection's transaction.</param>
    /// <exception cref="ArgumentException">The transaction is another connection's, or over where the driver tells; where it does not, what is written later fails.</exception>
    ICustomerStore Within(DbConnection connection, DbTransaction transaction);
}
