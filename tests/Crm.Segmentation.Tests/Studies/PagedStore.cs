using System.Runtime.CompilerServices;
using Crm.Ledger;
using Crm.Modules;
using Crm.Storage;
using Crm.Values;

namespace Crm.Segmentation.Tests.Studies;

/// <summary>A store in memory that loads, reads histories and commits many customers at a time, counts how often it is asked, and may be interrupted or lie.</summary>
internal sealed class PagedStore(InMemoryStore inner) : ICustomerStore, IBulkCommit, IJournalScan, IHistoryScan
{
    /// <summary>Happens before commits are written.</summary>
    public Func<Task>? BeforeCommits { get; init; }

    /// <summary>What it says of histories, given what is right.</summary>
    public Func<StoredHistory, StoredHistory> Told { get; init; } = static history => history;

    /// <summary>What it answers to commits, given what became of them.</summary>
    public Func<CommitResult, CommitResult> Answered { get; init; } = static result => result;

    public int RoundTrips { get; private set; }

    public ValueTask<CustomerSnapshot> LoadAsync(CustomerRef customer, CancellationToken cancellationToken) => Ask().LoadAsync(customer, cancellationToken);

    public ValueTask<CustomerHistory> LoadHistoryAsync(CustomerId customer, HistoryStart start, CancellationToken cancellationToken) => Ask().LoadHistoryAsync(customer, start, cancellationToken);

    public ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken) => Ask().CommitAsync(commit, cancellationToken);

    public IAsyncEnumerable<JournalEntry> ReadJournalAsync(CustomerId customer, long afterVersion, CancellationToken cancellationToken) => Ask().ReadJournalAsync(customer, afterVersion, cancellationToken);

    public ValueTask<IReadOnlyList<CustomerSnapshot>> LoadManyAsync(IReadOnlyList<CustomerRef> customers, CancellationToken cancellationToken) => Ask().LoadManyAsync(customers, cancellationToken);

    public async ValueTask<IReadOnlyList<CommitResult>> CommitManyAsync(IReadOnlyList<Commit> commits, CancellationToken cancellationToken)
    {
        if (BeforeCommits is { } happens)
        {
            await happens();
        }

        return [.. (await Ask().CommitManyAsync(commits, cancellationToken)).Select(Answered)];
    }

    public async IAsyncEnumerable<IReadOnlyList<StoredHistory>> ReadHistoriesAsync(int firstBucket, int lastBucket, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var entries = await Ask().ReadAllAsync(cancellationToken).Where(row => row.Customer.Bucket >= firstBucket && row.Customer.Bucket <= lastBucket).ToListAsync(cancellationToken);
        yield return [.. entries.GroupBy(row => row.Customer).Select(of => Told(new StoredHistory(of.Key, [.. of.Select(row => HistoryEntry.Of(row.Entry))])))];
    }

    public IAsyncEnumerable<CustomerId> ReadCustomersAsync(CancellationToken cancellationToken) => Ask().ReadCustomersAsync(cancellationToken);

    public IAsyncEnumerable<(CustomerId Customer, JournalEntry Entry)> ReadAllAsync(CancellationToken cancellationToken) => Ask().ReadAllAsync(cancellationToken);

    public IAsyncEnumerable<(CustomerId Customer, LedgerEntry Entry)> ReadLedgerAsync(CancellationToken cancellationToken) => Ask().ReadLedgerAsync(cancellationToken);

    public IAsyncEnumerable<(CustomerId Customer, Identity Identity)> ReadIdentitiesAsync(CancellationToken cancellationToken) => Ask().ReadIdentitiesAsync(cancellationToken);

    public IAsyncEnumerable<(CustomerId Customer, Fact Fact)> ReadFactsAsync(CancellationToken cancellationToken) => Ask().ReadFactsAsync(cancellationToken);

    private InMemoryStore Ask()
    {
        RoundTrips++;
        return inner;
    }
}
