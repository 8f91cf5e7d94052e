using Crm.Values;

namespace Crm.Storage;

/// <summary>An optional ability: whole customers, page by page, each page in one round trip however many customers there are.</summary>
public interface ICustomerPages
{
    /// <summary>The next of the customers that <see cref="IJournalScan.ReadCustomersAsync"/> lists, as loaded by id, in its order.</summary>
    /// <param name="after">The last customer of the page before, who need not be there any more; null: the first page.</param>
    /// <param name="most">At most so many; fewer only at the end.</param>
    /// <param name="cancellationToken">Cancels.</param>
    ValueTask<IReadOnlyList<CustomerSnapshot>> LoadPageAsync(CustomerId? after, int most, CancellationToken cancellationToken);
}
