using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Testing.Simulation;

/// <summary>A host's connection to the simulated database: everything asked waits until the world gets round to it.</summary>
internal sealed class HostStore(World world, int host) : ICustomerStore, IBulkCommit, IOutbox, IWakeups
{
    public ValueTask<CustomerSnapshot> LoadAsync(CustomerRef customer, CancellationToken cancellationToken) => world.Ask(host, disk => disk.Load(customer));

    public ValueTask<IReadOnlyList<CustomerSnapshot>> LoadManyAsync(IReadOnlyList<CustomerRef> customers, CancellationToken cancellationToken) => world.Ask(host, disk => disk.Load(customers));

    public ValueTask<CustomerHistory> LoadHistoryAsync(CustomerId customer, HistoryStart start, CancellationToken cancellationToken) => world.Ask(host, disk => disk.History(customer, start));

    public ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken) => world.Ask(host, disk => Committed(disk, commit));

    public ValueTask<IReadOnlyList<CommitResult>> CommitManyAsync(IReadOnlyList<Commit> commits, CancellationToken cancellationToken) =>
        world.Ask<IReadOnlyList<CommitResult>>(host, disk => [.. commits.Select(commit => Committed(disk, commit))]);

    public IAsyncEnumerable<JournalEntry> ReadJournalAsync(CustomerId customer, long afterVersion, CancellationToken cancellationToken) => throw new NotSupportedException("Engines do not read journals.");

    public ValueTask<IReadOnlyList<OutboxItem>> LeaseAsync(Instant now, Instant until, int most, CancellationToken cancellationToken) => world.Ask(host, disk =>
    {
        var leased = disk.Lease(now, until, most);
        world.Auditor.Leased(leased, now, until);
        return leased;
    });

    public async ValueTask ReleaseAsync(OutboxItem item, Instant notBefore, CancellationToken cancellationToken) => await world.Ask(host, disk =>
    {
        world.Auditor.Released(item.Id);
        return disk.Release(item, notBefore);
    }).ConfigureAwait(false);

    public async ValueTask SettleAsync(OutboxItem item, CancellationToken cancellationToken) => await world.Ask(host, disk =>
    {
        world.Auditor.Settled(item.Id);
        return disk.Settle(item);
    }).ConfigureAwait(false);

    public ValueTask<IReadOnlyList<CustomerId>> LeaseDueAsync(Instant due, Instant now, Instant until, int most, CancellationToken cancellationToken) =>
        world.Ask(host, disk => disk.LeaseDue(due, now, until, most));

    private CommitResult Committed(SimulatedDisk disk, Commit commit)
    {
        var result = disk.Commit(commit);
        if (result is CommitResult.Committed)
        {
            world.Auditor.Committed(commit);
        }

        return result;
    }
}
