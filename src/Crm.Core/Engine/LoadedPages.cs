using System.Runtime.CompilerServices;
using Crm.Storage;
using Crm.Values;

namespace Crm.Engine;

/// <summary>Loads all customers whole, a page at a time, in the order of scans.</summary>
/// <param name="kernel">Whose customers.</param>
/// <param name="after">The customer after whom to begin; null: from the first.</param>
/// <param name="most">At most so many customers.</param>
internal sealed class LoadedPages(Kernel kernel, CustomerId? after, int most)
{
    /// <summary>How many customers a page has but the last.</summary>
    public const int OnAPage = 512;

    /// <summary>Whether there are no more customers, once all pages have been read.</summary>
    public bool AreAll { get; private set; }

    /// <summary>The pages; none is empty.</summary>
    public IAsyncEnumerable<LoadedPage> ReadAsync(CancellationToken cancellationToken) => kernel.Store is ICustomerPages pages ? OfPagesAsync(pages, cancellationToken) : OfIdsAsync(cancellationToken);

    private async IAsyncEnumerable<LoadedPage> OfPagesAsync(ICustomerPages pages, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (before, left) = (after, most);
        while (!AreAll && left > 0)
        {
            var asked = Math.Min(OnAPage, left);
            var some = await pages.LoadPageAsync(before, asked, cancellationToken).ConfigureAwait(false);
            AreAll = some.Count < asked;
            if (some.Count > 0)
            {
                var page = new LoadedPage(before, [.. some.Select(snapshot => snapshot.Customer ?? throw new InvalidOperationException("The store has a page with somebody who is nobody; customers with their ids are expected."))], some);
                yield return page;
                (before, left) = (page.Customers[^1], left - some.Count);
            }
        }

        AreAll = AreAll || (await pages.LoadPageAsync(before, 1, cancellationToken).ConfigureAwait(false)).Count == 0;
    }

    private async IAsyncEnumerable<LoadedPage> OfIdsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (before, left) = (after, most);
        await foreach (var some in kernel.ReadCustomersAsync(after, OnAPage, cancellationToken).ConfigureAwait(false))
        {
            var page = some[..Math.Min(some.Length, left)];
            if (page.Length > 0)
            {
                yield return new LoadedPage(before, page, await kernel.LoadAllAsync([.. page.Select(CustomerRef.Of)], cancellationToken).ConfigureAwait(false));
                (before, left) = (page[^1], left - page.Length);
            }

            if (page.Length < some.Length)
            {
                yield break;
            }
        }

        AreAll = true;
    }
}

/// <summary>Customers that follow each other.</summary>
/// <param name="Before">The customer before them; null: there is none.</param>
/// <param name="Customers">Their ids, at least one.</param>
/// <param name="Snapshots">As loaded; an id may lead to somebody else meanwhile.</param>
internal sealed record LoadedPage(CustomerId? Before, CustomerId[] Customers, IReadOnlyList<CustomerSnapshot> Snapshots);
