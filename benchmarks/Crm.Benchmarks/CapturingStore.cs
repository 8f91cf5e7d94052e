using Crm.Storage;
using Crm.Values;

namespace Crm.Benchmarks;

/// <summary>The memory store, keeping what was committed to it batch by batch.</summary>
internal sealed class CapturingStore(ICollection<IReadOnlyList<Commit>> batches) : ICustomerStore, IBulkCommit
{
    private readonly InMemoryStore store = new();

    public ValueTask<CustomerSnapshot> LoadAsync(CustomerRef customer, CancellationToken cancellationToken) => store.LoadAsync(customer, cancellationToken);

    public ValueTask<CustomerHistory> LoadHistoryAsync(CustomerId customer, HistoryStart start, CancellationToken cancellationToken) => store.LoadHistoryAsync(customer, start, cancellationToken);

    public ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken) => store.CommitAsync(commit, cancellationToken);

    public IAsyncEnumerable<JournalEntry> ReadJournalAsync(CustomerId customer, long afterVersion, CancellationToken cancellationToken) => store.ReadJournalAsync(customer, afterVersion, cancellationToken);

    public ValueTask<IReadOnlyList<CustomerSnapshot>> LoadManyAsync(IReadOnlyList<CustomerRef> customers, CancellationToken cancellationToken) => store.LoadManyAsync(customers, cancellationToken);

    public ValueTask<IReadOnlyList<CommitResult>> CommitManyAsync(IReadOnlyList<Commit> commits, CancellationToken cancellationToken)
    {
        batches.Add(commits);
        return store.CommitManyAsync(commits, cancellationToken);
    }
}
