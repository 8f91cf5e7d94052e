using System.Runtime.CompilerServices;
using Crm.Ledger;
using Crm.Modules;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace CustomStore;

/// <summary>
/// A store in one file for one tenant: every change is a record of a log, and what the records come to is kept in memory. Complete, durable, safe for several threads and processes, and as large as memory.
/// It remembers for ever, so it is no store for people who may ask to be forgotten: a severed identity stays in the log.
/// </summary>
public sealed class FileStore(string path, bool durable = true) : ICustomerStore, IBulkCommit, IJournalScan, IOutbox, IWakeups, IQuotas, IDocumentStore, IDisposable
{
    private readonly SemaphoreSlim gate = new(1, 1);
    private readonly LogFile log = new(path, durable);
    private readonly InMemoryStore memory = new();

    public ValueTask<CustomerSnapshot> LoadAsync(CustomerRef customer, CancellationToken cancellationToken) => ReadAsync(() => memory.LoadAsync(customer, cancellationToken), cancellationToken);
    public ValueTask<CustomerHistory> LoadHistoryAsync(CustomerId customer, HistoryStart start, CancellationToken cancellationToken) =>
        ReadAsync(() => memory.LoadHistoryAsync(customer, start, cancellationToken), cancellationToken);
    public IAsyncEnumerable<JournalEntry> ReadJournalAsync(CustomerId customer, long afterVersion, CancellationToken cancellationToken) =>
        ReadEachAsync(() => memory.ReadJournalAsync(customer, afterVersion, cancellationToken), cancellationToken);

    // snippet: writes
    public async ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken) => (await CommitManyAsync([commit], cancellationToken))[0];

    public async ValueTask<IReadOnlyList<CommitResult>> CommitManyAsync(IReadOnlyList<Commit> commits, CancellationToken cancellationToken)
    {
        Commit.CheckAll(commits);
        return commits.Count == 0 ? [] : (IReadOnlyList<CommitResult>)await WriteAsync(Record.Of(commits), cancellationToken);
    }

    async ValueTask<IReadOnlyList<OutboxItem>> IOutbox.LeaseAsync(Instant now, Instant until, int most, CancellationToken cancellationToken) =>
        (IReadOnlyList<OutboxItem>)await WriteAsync(Record.OfLease(now, until, most), cancellationToken);

    // end
    async ValueTask IOutbox.ReleaseAsync(OutboxItem item, Instant lease, Instant notBefore, CancellationToken cancellationToken) => await WriteAsync(Record.OfRelease(item, lease, notBefore), cancellationToken);
    async ValueTask IOutbox.PostponeAsync(OutboxItem item, Instant lease, Instant notBefore, CancellationToken cancellationToken) => await WriteAsync(Record.OfPostponing(item, lease, notBefore), cancellationToken);
    async ValueTask IOutbox.SettleAsync(OutboxItem item, CancellationToken cancellationToken) => await WriteAsync(Record.OfSettling(item), cancellationToken);
    public async ValueTask<IReadOnlyList<CustomerId>> LeaseDueAsync(Instant due, Instant now, Instant until, int most, CancellationToken cancellationToken) =>
        (IReadOnlyList<CustomerId>)await WriteAsync(Record.OfWaking(due, now, until, most), cancellationToken);
    async ValueTask IQuotas.SetAsync(string name, long available, CancellationToken cancellationToken) => await WriteAsync(Record.OfSupply(name, available), cancellationToken);
    async ValueTask<bool> IDocumentStore.AddAsync(StoredDocument document, CancellationToken cancellationToken) => (bool)await WriteAsync(Record.Of(document.Checked()), cancellationToken);
    async ValueTask<bool> IDocumentStore.RemoveAsync(string kind, string name, CancellationToken cancellationToken) => (bool)await WriteAsync(Record.OfRemoval(kind, name), cancellationToken);
    ValueTask<long> IQuotas.AvailableAsync(string name, CancellationToken cancellationToken) => ReadAsync(() => ((IQuotas)memory).AvailableAsync(name, cancellationToken), cancellationToken);
    ValueTask<StoredDocument?> IDocumentStore.LatestAsync(string kind, string name, CancellationToken cancellationToken) =>
        ReadAsync(() => ((IDocumentStore)memory).LatestAsync(kind, name, cancellationToken), cancellationToken);
    IAsyncEnumerable<StoredDocument> IDocumentStore.ReadAllAsync(string kind, CancellationToken cancellationToken) => ReadEachAsync(() => ((IDocumentStore)memory).ReadAllAsync(kind, cancellationToken), cancellationToken);
    public ValueTask<IReadOnlyList<CustomerSnapshot>> LoadManyAsync(IReadOnlyList<CustomerRef> customers, CancellationToken cancellationToken) => ReadAsync(() => memory.LoadManyAsync(customers, cancellationToken), cancellationToken);
    public IAsyncEnumerable<CustomerId> ReadCustomersAsync(CancellationToken cancellationToken) => ReadEachAsync(() => memory.ReadCustomersAsync(cancellationToken), cancellationToken);
    public IAsyncEnumerable<(CustomerId Customer, JournalEntry Entry)> ReadAllAsync(CancellationToken cancellationToken) => ReadEachAsync(() => memory.ReadAllAsync(cancellationToken), cancellationToken);
    public IAsyncEnumerable<(CustomerId Customer, LedgerEntry Entry)> ReadLedgerAsync(CancellationToken cancellationToken) => ReadEachAsync(() => memory.ReadLedgerAsync(cancellationToken), cancellationToken);
    public IAsyncEnumerable<(CustomerId Customer, Identity Identity)> ReadIdentitiesAsync(CancellationToken cancellationToken) => ReadEachAsync(() => memory.ReadIdentitiesAsync(cancellationToken), cancellationToken);
    public IAsyncEnumerable<(CustomerId Customer, Fact Fact)> ReadFactsAsync(CancellationToken cancellationToken) => ReadEachAsync(() => memory.ReadFactsAsync(cancellationToken), cancellationToken);

    public void Dispose() => Array.ForEach<IDisposable>([gate, log], part => part.Dispose());

    // snippet: core
    /// <summary>Writes a record, and says what it came to: the last of those that this store takes from the log.</summary>
    private ValueTask<object> WriteAsync(byte[] record, CancellationToken cancellationToken) => InTurnAsync(
        async () =>
        {
            using var alone = await log.LockAsync(cancellationToken);
            await CatchUpAsync();
            log.Add(record);
            return await CatchUpAsync() ?? throw new IOException("The log has lost what was just written to it.");
        },
        cancellationToken);

    private ValueTask<T> ReadAsync<T>(Func<ValueTask<T>> read, CancellationToken cancellationToken) => InTurnAsync(
        async () =>
        {
            await CatchUpAsync();
            return await read();
        },
        cancellationToken);

    /// <summary>Takes what was added to the log, by whomever.</summary>
    private async ValueTask<object?> CatchUpAsync()
    {
        object? result = null;
        foreach (var record in log.Next())
        {
            result = await Record.ApplyAsync(record, memory);
        }

        return result;
    }

    // end
    private async ValueTask<T> InTurnAsync<T>(Func<ValueTask<T>> work, CancellationToken cancellationToken)
    {
        await gate.WaitAsync(cancellationToken);
        try
        {
            return await work();
        }
        finally
        {
            gate.Release();
        }
    }

    private async IAsyncEnumerable<T> ReadEachAsync<T>(Func<IAsyncEnumerable<T>> read, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var item in await ReadAsync(() => ValueTask.FromResult(read()), cancellationToken))
        {
            yield return item;
        }
    }
}
