using Crm.Conditions;
using Crm.Events;
using Crm.Ledger;
using Crm.Modules;
using Crm.Storage;
using Crm.Storage.Sql;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Tests.Studies;

/// <summary>A store in a database, beside which something happens as soon as it has selected, and which may lie.</summary>
internal sealed class SelectingStore(SqlStore inner) : ICustomerStore, IBulkCommit, IJournalScan, IHistoryScan, ICustomerPages, IWakeups, IAudienceQuery, IDisposable
{
    /// <summary>What it says of some entries, given what is right.</summary>
    public Func<IReadOnlyList<CustomerEntry>, IReadOnlyList<CustomerEntry>> Told { get; init; } = static entries => entries;

    /// <summary>How often it was asked to select.</summary>
    public int Selections { get; private set; }

    /// <summary>Of how many customers it was asked for some entries.</summary>
    public int AskedForEntries { get; private set; }

    /// <summary>Of how many it was asked for whole histories.</summary>
    public int AskedForHistories { get; private set; }

    /// <summary>Happens once.</summary>
    public Func<Task>? AfterSelecting { get; set; }

    public ValueTask<CustomerSnapshot> LoadAsync(CustomerRef customer, CancellationToken cancellationToken) => inner.LoadAsync(customer, cancellationToken);

    public ValueTask<CustomerHistory> LoadHistoryAsync(CustomerId customer, HistoryStart start, CancellationToken cancellationToken) => inner.LoadHistoryAsync(customer, start, cancellationToken);

    public ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken) => inner.CommitAsync(commit, cancellationToken);

    public IAsyncEnumerable<JournalEntry> ReadJournalAsync(CustomerId customer, long afterVersion, CancellationToken cancellationToken) => inner.ReadJournalAsync(customer, afterVersion, cancellationToken);

    public ValueTask<IReadOnlyList<CustomerSnapshot>> LoadManyAsync(IReadOnlyList<CustomerRef> customers, CancellationToken cancellationToken) => inner.LoadManyAsync(customers, cancellationToken);

    public ValueTask<IReadOnlyList<CommitResult>> CommitManyAsync(IReadOnlyList<Commit> commits, CancellationToken cancellationToken) => inner.CommitManyAsync(commits, cancellationToken);

    public ValueTask<IReadOnlyList<CustomerSnapshot>> LoadPageAsync(CustomerId? after, int most, CancellationToken cancellationToken) => inner.LoadPageAsync(after, most, cancellationToken);

    public IAsyncEnumerable<IReadOnlyList<StoredHistory>> ReadHistoriesAsync(int firstBucket, int lastBucket, CancellationToken cancellationToken) => inner.ReadHistoriesAsync(firstBucket, lastBucket, cancellationToken);

    public IAsyncEnumerable<IReadOnlyList<StoredHistory>> ReadHistoriesAsync(IReadOnlyList<CustomerId> customers, CancellationToken cancellationToken)
    {
        AskedForHistories += customers.Count;
        return inner.ReadHistoriesAsync(customers, cancellationToken);
    }

    public IAsyncEnumerable<IReadOnlyList<CustomerEntry>> ReadEntriesAsync(EntryRequest asked, CancellationToken cancellationToken)
    {
        AskedForEntries += asked.Customers.Count;
        return inner.ReadEntriesAsync(asked, cancellationToken).Select(Told);
    }

    public void Dispose() => inner.Dispose();

    public IAsyncEnumerable<CustomerId> ReadCustomersAsync(CancellationToken cancellationToken) => inner.ReadCustomersAsync(cancellationToken);

    public IAsyncEnumerable<(CustomerId Customer, JournalEntry Entry)> ReadAllAsync(CancellationToken cancellationToken) => inner.ReadAllAsync(cancellationToken);

    public IAsyncEnumerable<(CustomerId Customer, LedgerEntry Entry)> ReadLedgerAsync(CancellationToken cancellationToken) => inner.ReadLedgerAsync(cancellationToken);

    public IAsyncEnumerable<(CustomerId Customer, Identity Identity)> ReadIdentitiesAsync(CancellationToken cancellationToken) => inner.ReadIdentitiesAsync(cancellationToken);

    public IAsyncEnumerable<(CustomerId Customer, Fact Fact)> ReadFactsAsync(CancellationToken cancellationToken) => inner.ReadFactsAsync(cancellationToken);

    public ValueTask<IReadOnlyList<CustomerId>> LeaseDueAsync(Instant due, Instant now, Instant until, int most, CancellationToken cancellationToken) => inner.LeaseDueAsync(due, now, until, most, cancellationToken);

    public Sequence<ConditionError> Refusals(Condition condition, EventKinds kinds, ICustomerProfiles? profiles) => inner.Refusals(condition, kinds, profiles);

    public async ValueTask<AudienceAnswer> SelectAsync(Condition condition, EventKinds kinds, ICustomerProfiles? profiles, Moment moment, CancellationToken cancellationToken)
    {
        Selections++;
        var answer = await inner.SelectAsync(condition, kinds, profiles, moment, cancellationToken);
        if (AfterSelecting is { } happens)
        {
            AfterSelecting = null;
            await happens();
        }

        return answer;
    }
}
