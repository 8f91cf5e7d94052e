using Crm.Storage;
using Crm.Values;

namespace Crm.Tests.Shared;

/// <summary>A store that counts how often it is asked for something.</summary>
internal class CountingStore(InMemoryStore store) : ICustomerStore
{
    public int RoundTrips { get; private set; }

    public ValueTask<CustomerSnapshot> LoadAsync(CustomerRef customer, CancellationToken cancellationToken) => Ask().LoadAsync(customer, cancellationToken);

    public ValueTask<CustomerHistory> LoadHistoryAsync(CustomerId customer, HistoryStart start, CancellationToken cancellationToken) => Ask().LoadHistoryAsync(customer, start, cancellationToken);

    public ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken) => Ask().CommitAsync(commit, cancellationToken);

    public IAsyncEnumerable<JournalEntry> ReadJournalAsync(CustomerId customer, long afterVersion, CancellationToken cancellationToken) => Ask().ReadJournalAsync(customer, afterVersion, cancellationToken);

    /// <summary>The store, asked once more.</summary>
    protected InMemoryStore Ask()
    {
        RoundTrips++;
        return store;
    }
}
