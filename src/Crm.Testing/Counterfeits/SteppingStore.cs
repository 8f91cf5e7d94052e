using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Testing.Counterfeits;

/// <summary>No counterfeit: a correct store whose every call is one step that may fail before or after it.</summary>
internal class SteppingStore(InMemoryStore inner, StoreFaults faults) : StoreDecorator(inner)
{
    protected StoreFaults Faults => faults;

    public override ValueTask<CustomerSnapshot> LoadAsync(CustomerRef customer, CancellationToken cancellationToken) => StepAsync(() => base.LoadAsync(customer, cancellationToken));

    public override ValueTask<CustomerHistory> LoadHistoryAsync(CustomerId customer, HistoryStart start, CancellationToken cancellationToken) => StepAsync(() => base.LoadHistoryAsync(customer, start, cancellationToken));

    public override ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken) => StepAsync(() => base.CommitAsync(commit, cancellationToken));

    public override ValueTask<IReadOnlyList<CommitResult>> CommitManyAsync(IReadOnlyList<Commit> commits, CancellationToken cancellationToken) => StepAsync(() => base.CommitManyAsync(commits, cancellationToken));

    public override ValueTask<CommitResult> DisposeOfAsync(JournalDisposal disposal, CancellationToken cancellationToken) => StepAsync(() => base.DisposeOfAsync(disposal, cancellationToken));

    public override ValueTask<AtomicResult> CommitTogetherAsync(IReadOnlyList<Commit> commits, CancellationToken cancellationToken) => StepAsync(() => base.CommitTogetherAsync(commits, cancellationToken));

    public override ValueTask<IReadOnlyList<OutboxItem>> LeaseAsync(Instant now, Instant until, int most, CancellationToken cancellationToken) => StepAsync(() => base.LeaseAsync(now, until, most, cancellationToken));

    public override ValueTask<IReadOnlyList<CustomerId>> LeaseDueAsync(Instant due, Instant now, Instant until, int most, CancellationToken cancellationToken) =>
        StepAsync(() => base.LeaseDueAsync(due, now, until, most, cancellationToken));

    public override async ValueTask SettleAsync(OutboxItem item, CancellationToken cancellationToken)
    {
        faults.Step();
        await base.SettleAsync(item, cancellationToken).ConfigureAwait(false);
        faults.Step();
    }

    private async ValueTask<T> StepAsync<T>(Func<ValueTask<T>> work)
    {
        faults.Step();
        var result = await work().ConfigureAwait(false);
        faults.Step();
        return result;
    }
}
