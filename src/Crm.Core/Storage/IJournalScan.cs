using Crm.Ledger;
using Crm.Modules;
using Crm.Values;

namespace Crm.Storage;

/// <summary>
/// An optional ability: reading the whole store, for reports and checks. All scans go through the customers in one order, by bucket and then by id, and hold a part of the store at a time, however large
/// it is. While others write, a scan meets everybody who was there when it began exactly once, and whoever is born meanwhile once or not at all.
/// </summary>
public interface IJournalScan
{
    /// <summary>Every customer with at least one journal entry, be it one that was disposed of, but for those who were merged into others.</summary>
    IAsyncEnumerable<CustomerId> ReadCustomersAsync(CancellationToken cancellationToken);

    /// <summary>The whole journal of all customers, customer by customer, each in the order in which it was recorded. Who was merged into another has a journal of their own, whose last entry says so.</summary>
    IAsyncEnumerable<(CustomerId Customer, JournalEntry Entry)> ReadAllAsync(CancellationToken cancellationToken);

    /// <summary>The whole ledger, customer by customer, each in the order in which it was written.</summary>
    IAsyncEnumerable<(CustomerId Customer, LedgerEntry Entry)> ReadLedgerAsync(CancellationToken cancellationToken);

    /// <summary>The identities of customers, customer by customer.</summary>
    IAsyncEnumerable<(CustomerId Customer, Identity Identity)> ReadIdentitiesAsync(CancellationToken cancellationToken);

    /// <summary>The queryable facts as last committed, customer by customer, by name.</summary>
    IAsyncEnumerable<(CustomerId Customer, Fact Fact)> ReadFactsAsync(CancellationToken cancellationToken);
}
