using Crm.Ledger;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Testing.Counterfeits;

/// <summary>A counterfeit whose faults are given as functions; what is not given is right, and so is what is cancelled.</summary>
internal sealed class Faulty(InMemoryStore? inner = null) : StoreDecorator(inner)
{
    /// <summary>Writes a commit with the correct store, somehow.</summary>
    public Func<Commit, InMemoryStore, Task<CommitResult>>? Commit { get; init; }

    /// <summary>Answers a question with what the correct store says, changed.</summary>
    public Func<CustomerRef, CustomerSnapshot, CustomerSnapshot>? Load { get; init; }

    public Func<IReadOnlyList<CustomerSnapshot>, IReadOnlyList<CustomerSnapshot>>? LoadMany { get; init; }

    public Func<CustomerId, HistoryStart, InMemoryStore, Task<CustomerHistory>>? History { get; init; }

    public Func<IEnumerable<JournalEntry>, IEnumerable<JournalEntry>>? Journal { get; init; }

    public Func<IReadOnlyList<Commit>, InMemoryStore, Task<IReadOnlyList<CommitResult>>>? CommitMany { get; init; }

    public Func<Instant, Instant, int, IOutbox, Task<IReadOnlyList<OutboxItem>>>? Lease { get; init; }

    public Func<OutboxItem, Instant, Instant, IOutbox, Task>? Release { get; init; }

    public Func<OutboxItem, Instant, Instant, IOutbox, Task>? Postpone { get; init; }

    public Func<OutboxItem, IOutbox, Task>? Settle { get; init; }

    public Func<Instant, Instant, Instant, int, IWakeups, Task<IReadOnlyList<CustomerId>>>? LeaseDue { get; init; }

    public Func<StoredDocument, IDocumentStore, Task<bool>>? Add { get; init; }

    public Func<JournalDisposal, InMemoryStore, Task<CommitResult>>? DisposeOf { get; init; }

    public Func<IEnumerable<CustomerId>, InMemoryStore, IEnumerable<CustomerId>>? Customers { get; init; }

    public Func<CustomerId, IEnumerable<LedgerEntry>, IEnumerable<LedgerEntry>>? Ledger { get; init; }

    public override async ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Commit is { } faulty ? await faulty(commit, Inner).ConfigureAwait(false) : await base.CommitAsync(commit, cancellationToken).ConfigureAwait(false);
    }

    public override async ValueTask<CustomerSnapshot> LoadAsync(CustomerRef customer, CancellationToken cancellationToken)
    {
        var right = await base.LoadAsync(customer, cancellationToken).ConfigureAwait(false);
        return Load is { } faulty ? faulty(customer, right) : right;
    }

    public override async ValueTask<IReadOnlyList<CustomerSnapshot>> LoadManyAsync(IReadOnlyList<CustomerRef> customers, CancellationToken cancellationToken)
    {
        var right = await base.LoadManyAsync(customers, cancellationToken).ConfigureAwait(false);
        return LoadMany is { } faulty ? faulty(right) : right;
    }

    public override async ValueTask<CustomerHistory> LoadHistoryAsync(CustomerId customer, HistoryStart start, CancellationToken cancellationToken) =>
        History is { } faulty && !cancellationToken.IsCancellationRequested ? await faulty(customer, start, Inner).ConfigureAwait(false) : await base.LoadHistoryAsync(customer, start, cancellationToken).ConfigureAwait(false);

    public override async IAsyncEnumerable<JournalEntry> ReadJournalAsync(CustomerId customer, long afterVersion, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var right = await base.ReadJournalAsync(customer, afterVersion, cancellationToken).ToListAsync(cancellationToken).ConfigureAwait(false);
        foreach (var entry in Journal is { } faulty ? faulty(right) : right)
        {
            yield return entry;
        }
    }

    public override async ValueTask<IReadOnlyList<CommitResult>> CommitManyAsync(IReadOnlyList<Commit> commits, CancellationToken cancellationToken) =>
        CommitMany is { } faulty ? await faulty(commits, Inner).ConfigureAwait(false) : await base.CommitManyAsync(commits, cancellationToken).ConfigureAwait(false);

    public override async ValueTask<IReadOnlyList<OutboxItem>> LeaseAsync(Instant now, Instant until, int most, CancellationToken cancellationToken) =>
        Lease is { } faulty && !cancellationToken.IsCancellationRequested ? await faulty(now, until, most, Inner).ConfigureAwait(false) : await base.LeaseAsync(now, until, most, cancellationToken).ConfigureAwait(false);

    public override async ValueTask ReleaseAsync(OutboxItem item, Instant lease, Instant notBefore, CancellationToken cancellationToken) =>
        await (Release is { } faulty ? faulty(item, lease, notBefore, Inner) : base.ReleaseAsync(item, lease, notBefore, cancellationToken).AsTask()).ConfigureAwait(false);

    public override async ValueTask PostponeAsync(OutboxItem item, Instant lease, Instant notBefore, CancellationToken cancellationToken) =>
        await (Postpone is { } faulty ? faulty(item, lease, notBefore, Inner) : base.PostponeAsync(item, lease, notBefore, cancellationToken).AsTask()).ConfigureAwait(false);

    public override async ValueTask SettleAsync(OutboxItem item, CancellationToken cancellationToken) =>
        await (Settle is { } faulty ? faulty(item, Inner) : base.SettleAsync(item, cancellationToken).AsTask()).ConfigureAwait(false);

    public override async ValueTask<IReadOnlyList<CustomerId>> LeaseDueAsync(Instant due, Instant now, Instant until, int most, CancellationToken cancellationToken) =>
        LeaseDue is { } faulty && !cancellationToken.IsCancellationRequested ? await faulty(due, now, until, most, Inner).ConfigureAwait(false) : await base.LeaseDueAsync(due, now, until, most, cancellationToken).ConfigureAwait(false);

    public override async ValueTask<bool> AddAsync(StoredDocument document, CancellationToken cancellationToken) =>
        Add is { } faulty ? await faulty(document, Inner).ConfigureAwait(false) : await base.AddAsync(document, cancellationToken).ConfigureAwait(false);

    public override async ValueTask<CommitResult> DisposeOfAsync(JournalDisposal disposal, CancellationToken cancellationToken) =>
        DisposeOf is { } faulty && !cancellationToken.IsCancellationRequested ? await faulty(disposal, Inner).ConfigureAwait(false) : await base.DisposeOfAsync(disposal, cancellationToken).ConfigureAwait(false);

    public override async ValueTask<IReadOnlyList<LedgerEntry>> LedgerOfAsync(CustomerId customer, CancellationToken cancellationToken)
    {
        var right = await base.LedgerOfAsync(customer, cancellationToken).ConfigureAwait(false);
        return Ledger is { } faulty ? [.. faulty(customer, right)] : right;
    }

    public override async IAsyncEnumerable<CustomerId> ReadCustomersAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var right = await base.ReadCustomersAsync(cancellationToken).ToListAsync(cancellationToken).ConfigureAwait(false);
        foreach (var customer in Customers is { } faulty ? faulty(right, Inner) : right)
        {
            yield return customer;
        }
    }

    /// <summary>A store that writes something else than it was given.</summary>
    public static Faulty Writing(Func<Commit, Commit> changed) => new() { Commit = async (commit, store) => await store.CommitAsync(changed(commit), default).ConfigureAwait(false) };

    /// <summary>A store that answers something else than what happened.</summary>
    public static Faulty Answering(Func<Commit, CommitResult, CommitResult> changed) => new() { Commit = async (commit, store) => changed(commit, await store.CommitAsync(commit, default).ConfigureAwait(false)) };

    /// <summary>A store that, where a commit of a known customer may not be written, writes a part of it all the same.</summary>
    /// <param name="part">The part; null: none.</param>
    public static Faulty WritingAPartOnRefusal<TRefusal>(Func<Commit, Commit?> part)
        where TRefusal : CommitResult => new()
    {
        Commit = async (commit, store) =>
        {
            var result = await store.CommitAsync(commit, default).ConfigureAwait(false);
            var version = (await store.LoadAsync(CustomerRef.Of(commit.Customer), default).ConfigureAwait(false)).Version;
            if (result is TRefusal && version > 0 && part(commit) is { } written)
            {
                await store.CommitAsync(written with { ExpectedVersion = version, Version = version + 1 }, default).ConfigureAwait(false);
            }

            return result;
        },
    };
}
