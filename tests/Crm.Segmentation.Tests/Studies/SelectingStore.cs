using Crm.Conditions;
using Crm.Events;
using Crm.Ledger;
using Crm.Modules;
using Crm.Storage;
using Crm.Storage.Sql;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Tests.Studies;

/// <summary>A store in a database, beside which something happens as soon as it has selected.</summary>
internal sealed class SelectingStore(SqlStore inner) : ICustomerStore, IBulkCommit, IJournalScan, ICustomerPages, IWakeups, IAudienceQuery
{
    /// <summary>Happens once.</summary>
    public Func<Task>? AfterSelecting { get; set; }

    public ValueTask<CustomerSnapshot> LoadAsync(CustomerRef customer, CancellationToken cancellationToken) => inner.LoadAsync(customer, cancellationToken);

    public ValueTask<CustomerHistory> LoadHistoryAsync(CustomerId customer, HistoryStart start, CancellationToken cancellationToken) => inner.LoadHistoryAsync(customer, start, cancellationToken);

    public ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken) => inner.CommitAsync(commit, cancellationToken);

    public IAsyncEnumerable<JournalEntry> ReadJournalAsync(CustomerId customer, long afterVersion, CancellationToken cancellationToken) => inner.ReadJournalAsync(customer, afterVersion, cancellationToken);

    public ValueTask<IReadOnlyList<CustomerSnapshot>> LoadManyAsync(IReadOnlyList<CustomerRef> customers, CancellationToken cancellationToken) => inner.LoadManyAsync(customers, cancellationToken);

    public ValueTask<IReadOnlyList<CommitResult>> CommitManyAsync(IReadOnlyList<Commit> commits, CancellationToken cancellationToken) => inner.CommitManyAsync(commits, cancellationToken);

    public ValueTask<IReadOnlyList<CustomerSnapshot>> LoadPageAsync(CustomerId? after, int most, CancellationToken cancellationToken) => inner.LoadPageAsync(after, most, cancellationToken);

    public IAsyncEnumerable<CustomerId> ReadCustomersAsync(CancellationToken cancellationToken) => inner.ReadCustomersAsync(cancellationToken);

    public IAsyncEnumerable<(CustomerId Customer, JournalEntry Entry)> ReadAllAsync(CancellationToken cancellationToken) => inner.ReadAllAsync(cancellationToken);

    public IAsyncEnumerable<(CustomerId Customer, LedgerEntry Entry)> ReadLedgerAsync(CancellationToken cancellationToken) => inner.ReadLedgerAsync(cancellationToken);

    public IAsyncEnumerable<(CustomerId Customer, Identity Identity)> ReadIdentitiesAsync(CancellationToken cancellationToken) => inner.ReadIdentitiesAsync(cancellationToken);

    public IAsyncEnumerable<(CustomerId Customer, Fact Fact)> ReadFactsAsync(CancellationToken cancellationToken) => inner.ReadFactsAsync(cancellationToken);

    public ValueTask<IReadOnlyList<CustomerId>> LeaseDueAsync(Instant due, Instant now, Instant until, int most, CancellationToken cancellationToken) => inner.LeaseDueAsync(due, now, until, most, cancellationToken);

    public Sequence<ConditionError> Refusals(Condition condition, EventKinds kinds, ICustomerProfiles? profiles) => inner.Refusals(condition, kinds, profiles);

    public async ValueTask<AudienceAnswer> SelectAsync(Condition condition, EventKinds kinds, ICustomerProfiles? profiles, Moment moment, CancellationToken cancellationToken)
    {
        var answer = await inner.SelectAsync(condition, kinds, profiles, moment, cancellationToken);
        if (AfterSelecting is { } happens)
        {
            AfterSelecting = null;
            await happens();
        }

        return answer;
    }
}
