using System.Runtime.CompilerServices;
using Crm.Ledger;
using Crm.Modules;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Testing.Simulation;

/// <summary>A host's connection to the simulated database: everything asked waits until the world gets round to it.</summary>
/// <param name="world">The world.</param>
/// <param name="host">Which host.</param>
/// <param name="groups">How many groups of events it records at once; 0: each event by itself.</param>
internal class HostStore(World world, int host, int groups) : ICustomerStore, IBulkCommit, IOutbox, IWakeups, IJournalScan, IJournalDisposal, ICustomerIdentities
{
    public int GroupsAtOnce => groups;

    public ValueTask<CustomerSnapshot> LoadAsync(CustomerRef customer, CancellationToken cancellationToken) => world.Ask(host, disk => disk.Load(customer));

    public ValueTask<IReadOnlyList<CustomerSnapshot>> LoadManyAsync(IReadOnlyList<CustomerRef> customers, CancellationToken cancellationToken) => world.Ask(host, disk => disk.Load(customers));

    public ValueTask<CustomerHistory> LoadHistoryAsync(CustomerId customer, HistoryStart start, CancellationToken cancellationToken) => world.Ask(host, disk => disk.History(customer, start));

    public ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken) => world.Ask(host, disk => disk.Commit([commit], world.Auditor.Committed)[0]);

    public ValueTask<IReadOnlyList<CommitResult>> CommitManyAsync(IReadOnlyList<Commit> commits, CancellationToken cancellationToken) =>
        world.Ask(host, disk => disk.Commit(commits, world.Auditor.Committed));

    public IAsyncEnumerable<JournalEntry> ReadJournalAsync(CustomerId customer, long afterVersion, CancellationToken cancellationToken) => throw new NotSupportedException("Engines do not read journals.");

    public ValueTask<IReadOnlyList<OutboxItem>> LeaseAsync(Instant now, Instant until, int most, CancellationToken cancellationToken) => world.Ask(host, disk =>
    {
        var leased = disk.Lease(now, until, most);
        world.Auditor.Leased(host, leased, now, until);
        return leased;
    });

    public async ValueTask ReleaseAsync(OutboxItem item, Instant lease, Instant notBefore, CancellationToken cancellationToken) => await world.Ask(host, disk =>
    {
        world.Auditor.Released(item.Id, lease);
        return disk.Release(item, lease, notBefore);
    }).ConfigureAwait(false);

    public async ValueTask PostponeAsync(OutboxItem item, Instant lease, Instant notBefore, CancellationToken cancellationToken) => await world.Ask(host, disk =>
    {
        world.Auditor.Released(item.Id, lease);
        return disk.Postpone(item, lease, notBefore);
    }).ConfigureAwait(false);

    public async ValueTask SettleAsync(OutboxItem item, CancellationToken cancellationToken) => await world.Ask(host, disk =>
    {
        world.Auditor.Settled(item.Id);
        return disk.Settle(item);
    }).ConfigureAwait(false);

    public ValueTask<IReadOnlyList<CustomerId>> LeaseDueAsync(Instant due, Instant now, Instant until, int most, CancellationToken cancellationToken) =>
        world.Ask(host, disk => disk.LeaseDue(due, now, until, most));

    public ValueTask<CommitResult> DisposeOfAsync(JournalDisposal disposal, CancellationToken cancellationToken) => world.Ask(host, disk =>
    {
        var result = disk.DisposeOf(disposal);
        if (result is CommitResult.Committed)
        {
            world.Auditor.Disposed(disposal);
        }

        return result;
    });

    public ValueTask<IReadOnlyList<LedgerEntry>> LedgerOfAsync(CustomerId customer, CancellationToken cancellationToken) => world.Ask(host, disk => disk.Ledger(customer));

    public ValueTask<IReadOnlyList<Identity>> IdentitiesOfAsync(CustomerId customer, CancellationToken cancellationToken) => world.Ask(host, disk => disk.Identities(customer));

    public async IAsyncEnumerable<CustomerId> ReadCustomersAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var customer in await world.Ask(host, disk => disk.Customers()).ConfigureAwait(false))
        {
            yield return customer;
        }
    }

    public IAsyncEnumerable<(CustomerId Customer, JournalEntry Entry)> ReadAllAsync(CancellationToken cancellationToken) => throw NotAsked();

    public IAsyncEnumerable<(CustomerId Customer, LedgerEntry Entry)> ReadLedgerAsync(CancellationToken cancellationToken) => throw NotAsked();

    public IAsyncEnumerable<(CustomerId Customer, Identity Identity)> ReadIdentitiesAsync(CancellationToken cancellationToken) => throw NotAsked();

    public IAsyncEnumerable<(CustomerId Customer, Fact Fact)> ReadFactsAsync(CancellationToken cancellationToken) => throw NotAsked();

    private static NotSupportedException NotAsked() => new("Engines read no reports.");
}
