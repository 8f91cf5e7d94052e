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

    /// <summary>One slot of the customers after one up to another, of those who have it, in the same order. By default the customers are loaded whole.</summary>
    /// <param name="name">The name of the slot.</param>
    /// <param name="after">Not this one; null: from the first.</param>
    /// <param name="last">Included.</param>
    /// <param name="cancellationToken">Cancels.</param>
    async ValueTask<IReadOnlyList<CustomerSlot>> ReadSlotsAsync(string name, CustomerId? after, CustomerId last, CancellationToken cancellationToken)
    {
        const int atOnce = 256;
        var slots = new List<CustomerSlot>();
        while (await LoadPageAsync(after, atOnce, cancellationToken).ConfigureAwait(false) is { Count: > 0 } page)
        {
            foreach (var snapshot in page)
            {
                if (snapshot.Customer is not { } customer || customer.IsAfter(last))
                {
                    return slots;
                }

                after = customer;
                slots.AddRange(snapshot.Slots.Where(slot => slot.Name == name).Select(slot => new CustomerSlot(customer, slot)));
            }

            if (page.Count < atOnce)
            {
                break;
            }
        }

        return slots;
    }
}

/// <summary>A slot of a customer.</summary>
/// <param name="Customer">Whose.</param>
/// <param name="Slot">What is stored.</param>
public readonly record struct CustomerSlot(CustomerId Customer, StoredSlot Slot);
