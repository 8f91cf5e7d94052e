using Crm.Engine;
using Crm.Events;
using Crm.Modules;
using Crm.Storage;
using Crm.Values;

namespace Crm.Loyalty.Tests.Recording;

/// <summary>A store whose journal says of events what an earlier release would have accepted.</summary>
/// <param name="told">An event as that release was told of it.</param>
internal sealed class EarlierRelease(Func<CustomerEvent, CustomerEvent> told) : ICustomerStore
{
    private readonly InMemoryStore inner = new();

    /// <summary>In what the stored state of any customer differs from what the journal leads to.</summary>
    public async Task<List<string>> Differences(ICustomerModule module)
    {
        var verifier = new CustomerVerifier([module], new CrmOptions());
        var ledgers = (await inner.ReadLedgerAsync(CancellationToken.None).ToListAsync()).ToLookup(row => row.Customer, row => row.Entry);
        var found = new List<string>();
        foreach (var customer in (await inner.ReadAllAsync(CancellationToken.None).ToListAsync()).Select(row => row.Customer).Distinct())
        {
            var verdict = verifier.Verify(await inner.LoadAsync(CustomerRef.Of(customer), CancellationToken.None), await inner.LoadWholeAsync(customer, CancellationToken.None), [.. ledgers[customer]]);
            Assert.Null(verdict.NotRedecided);
            found.AddRange(verdict.Differences.Select(difference => difference.ToString()));
        }

        return found;
    }

    public ValueTask<CustomerSnapshot> LoadAsync(CustomerRef customer, CancellationToken cancellationToken) => inner.LoadAsync(customer, cancellationToken);

    public ValueTask<CustomerHistory> LoadHistoryAsync(CustomerId customer, HistoryStart start, CancellationToken cancellationToken) => inner.LoadHistoryAsync(customer, start, cancellationToken);

    public ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken) =>
        inner.CommitAsync(commit with { Entries = commit.Entries.Select(entry => entry with { Event = told(entry.Event) }).ToSequence() }, cancellationToken);

    public IAsyncEnumerable<JournalEntry> ReadJournalAsync(CustomerId customer, long afterVersion, CancellationToken cancellationToken) => inner.ReadJournalAsync(customer, afterVersion, cancellationToken);
}
