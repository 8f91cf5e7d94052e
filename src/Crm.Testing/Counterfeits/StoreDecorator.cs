using System.Runtime.CompilerServices;
using Crm.Ledger;
using Crm.Modules;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Testing.Counterfeits;

/// <summary>A store that passes everything on to a correct one. A counterfeit overrides the one thing that it does wrongly.</summary>
internal abstract class StoreDecorator(InMemoryStore? inner = null) : ICustomerStore, IBulkCommit, IJournalScan, IHistoryScan, ICustomerPages, IOutbox, IWakeups, IQuotas, IDocumentStore, IAtomicCommits, ICustomerIdentities, IStoreStatus, IDeferredMessages, IJournalDisposal, ILedgerNews
{
    public InMemoryStore Inner { get; } = inner ?? new InMemoryStore();

    protected IOutbox InnerOutbox => Inner;

    protected IQuotas InnerQuotas => Inner;

    protected IDocumentStore InnerDocuments => Inner;

    public virtual ValueTask<CustomerSnapshot> LoadAsync(CustomerRef customer, CancellationToken cancellationToken) => Inner.LoadAsync(customer, cancellationToken);

    public virtual ValueTask<CustomerHistory> LoadHistoryAsync(CustomerId customer, HistoryStart start, CancellationToken cancellationToken) => Inner.LoadHistoryAsync(customer, start, cancellationToken);

    public virtual ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken) => Inner.CommitAsync(commit, cancellationToken);

    public virtual IAsyncEnumerable<JournalEntry> ReadJournalAsync(CustomerId customer, long afterVersion, CancellationToken cancellationToken) => Inner.ReadJournalAsync(customer, afterVersion, cancellationToken);

    public virtual ValueTask<IReadOnlyList<CustomerSnapshot>> LoadManyAsync(IReadOnlyList<CustomerRef> customers, CancellationToken cancellationToken) => Inner.LoadManyAsync(customers, cancellationToken);

    public virtual ValueTask<IReadOnlyList<CommitResult>> CommitManyAsync(IReadOnlyList<Commit> commits, CancellationToken cancellationToken) => Inner.CommitManyAsync(commits, cancellationToken);

    public virtual ValueTask<AtomicResult> CommitTogetherAsync(IReadOnlyList<Commit> commits, CancellationToken cancellationToken) => Inner.CommitTogetherAsync(commits, cancellationToken);

    public virtual ValueTask<CommitResult> DisposeOfAsync(JournalDisposal disposal, CancellationToken cancellationToken) => Inner.DisposeOfAsync(disposal, cancellationToken);

    public virtual ValueTask<IReadOnlyList<LedgerEntry>> LedgerOfAsync(CustomerId customer, CancellationToken cancellationToken) => Inner.LedgerOfAsync(customer, cancellationToken);

    public virtual ValueTask<IReadOnlyList<Identity>> IdentitiesOfAsync(CustomerId customer, CancellationToken cancellationToken) => Inner.IdentitiesOfAsync(customer, cancellationToken);

    public virtual ValueTask<StoreStatus> ReadStatusAsync(Instant now, CancellationToken cancellationToken) => Inner.ReadStatusAsync(now, cancellationToken);

    public virtual ValueTask<long> CountDeferredAsync(Instant at, CancellationToken cancellationToken) => Inner.CountDeferredAsync(at, cancellationToken);

    public virtual IAsyncEnumerable<CustomerId> ReadCustomersAsync(CancellationToken cancellationToken) => Inner.ReadCustomersAsync(cancellationToken);

    public virtual IAsyncEnumerable<(CustomerId Customer, JournalEntry Entry)> ReadAllAsync(CancellationToken cancellationToken) => Inner.ReadAllAsync(cancellationToken);

    public virtual IAsyncEnumerable<(CustomerId Customer, LedgerEntry Entry)> ReadLedgerAsync(CancellationToken cancellationToken) => Inner.ReadLedgerAsync(cancellationToken);

    public virtual ValueTask<IReadOnlyList<CustomerSnapshot>> LoadPageAsync(CustomerId? after, int most, CancellationToken cancellationToken) => Inner.LoadPageAsync(after, most, cancellationToken);

    public virtual async IAsyncEnumerable<IReadOnlyList<StoredHistory>> ReadHistoriesAsync(int firstBucket, int lastBucket, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var entries = await Inner.ReadAllAsync(cancellationToken).Where(row => row.Customer.Bucket >= firstBucket && row.Customer.Bucket <= lastBucket).ToListAsync(cancellationToken).ConfigureAwait(false);
        yield return [.. entries.GroupBy(row => row.Customer).Select(of => new StoredHistory(of.Key, [.. of.Select(row => HistoryEntry.Of(row.Entry))]))];
    }

    public virtual ValueTask<IReadOnlyList<CustomerVersion>> ReadVersionsAsync(CustomerId? after, int most, CancellationToken cancellationToken) => Inner.ReadVersionsAsync(after, most, cancellationToken);

    public virtual ValueTask<IReadOnlyList<LedgerLine>> ReadLedgerAfterAsync(IReadOnlyCollection<CustomerVersion> after, CancellationToken cancellationToken) => Inner.ReadLedgerAfterAsync(after, cancellationToken);

    public virtual ValueTask<LedgerNews> ReadNewsAsync(string? since, CancellationToken cancellationToken) => Inner.ReadNewsAsync(since, cancellationToken);

    public virtual IAsyncEnumerable<(CustomerId Customer, Identity Identity)> ReadIdentitiesAsync(CancellationToken cancellationToken) => Inner.ReadIdentitiesAsync(cancellationToken);

    public virtual IAsyncEnumerable<(CustomerId Customer, Fact Fact)> ReadFactsAsync(CancellationToken cancellationToken) => Inner.ReadFactsAsync(cancellationToken);

    public virtual ValueTask<IReadOnlyList<OutboxItem>> LeaseAsync(Instant now, Instant until, int most, CancellationToken cancellationToken) => InnerOutbox.LeaseAsync(now, until, most, cancellationToken);

    public virtual ValueTask ReleaseAsync(OutboxItem item, Instant lease, Instant notBefore, CancellationToken cancellationToken) => InnerOutbox.ReleaseAsync(item, lease, notBefore, cancellationToken);

    public virtual ValueTask PostponeAsync(OutboxItem item, Instant lease, Instant notBefore, CancellationToken cancellationToken) => InnerOutbox.PostponeAsync(item, lease, notBefore, cancellationToken);

    public virtual ValueTask SettleAsync(OutboxItem item, CancellationToken cancellationToken) => InnerOutbox.SettleAsync(item, cancellationToken);

    public virtual ValueTask<IReadOnlyList<CustomerId>> LeaseDueAsync(Instant due, Instant now, Instant until, int most, CancellationToken cancellationToken) => Inner.LeaseDueAsync(due, now, until, most, cancellationToken);

    public virtual ValueTask SetAsync(string name, long available, CancellationToken cancellationToken) => InnerQuotas.SetAsync(name, available, cancellationToken);

    public virtual ValueTask<long> AvailableAsync(string name, CancellationToken cancellationToken) => InnerQuotas.AvailableAsync(name, cancellationToken);

    public virtual ValueTask<bool> AddAsync(StoredDocument document, CancellationToken cancellationToken) => InnerDocuments.AddAsync(document, cancellationToken);

    public virtual ValueTask<StoredDocument?> LatestAsync(string kind, string name, CancellationToken cancellationToken) => InnerDocuments.LatestAsync(kind, name, cancellationToken);

    public virtual IAsyncEnumerable<StoredDocument> ReadAllAsync(string kind, CancellationToken cancellationToken) => InnerDocuments.ReadAllAsync(kind, cancellationToken);

    public virtual ValueTask<bool> RemoveAsync(string kind, string name, CancellationToken cancellationToken) => InnerDocuments.RemoveAsync(kind, name, cancellationToken);
}
