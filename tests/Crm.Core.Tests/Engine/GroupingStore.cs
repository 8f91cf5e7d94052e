using Crm.Storage;
using Crm.Values;

namespace Crm.Core.Tests.Engine;

/// <summary>The memory store as one that profits from groups: it counts transactions, and lets a test hold them up, lose them, or break them.</summary>
internal sealed class GroupingStore(InMemoryStore store, int groups = 1) : ICustomerStore, IBulkCommit, IWakeups
{
    private readonly Lock guard = new();

    public int GroupsAtOnce => groups;

    /// <summary>How many commits each transaction had, in order.</summary>
    public List<int> Transactions { get; } = [];

    public int Loads { get; private set; }

    /// <summary>What a transaction waits for before it is written.</summary>
    public Task Gate { get; set; } = Task.CompletedTask;

    /// <summary>Says of a commit whether somebody else is found to have been faster.</summary>
    public Func<Commit, bool> Loses { get; set; } = _ => false;

    /// <summary>Is thrown instead of writing; null: nothing is.</summary>
    public Exception? Broken { get; set; }

    /// <summary>After so many transactions a broken store does not answer who asks about one customer either.</summary>
    public int AnswersUntil { get; set; } = int.MaxValue;

    public ValueTask<CustomerSnapshot> LoadAsync(CustomerRef customer, CancellationToken cancellationToken)
    {
        Loads++;
        if (Broken is { } broken && Transactions.Count >= AnswersUntil)
        {
            throw broken;
        }

        return store.LoadAsync(customer, cancellationToken);
    }

    public ValueTask<IReadOnlyList<CustomerSnapshot>> LoadManyAsync(IReadOnlyList<CustomerRef> customers, CancellationToken cancellationToken)
    {
        Loads++;
        return store.LoadManyAsync(customers, cancellationToken);
    }

    public ValueTask<CustomerHistory> LoadHistoryAsync(CustomerId customer, HistoryStart start, CancellationToken cancellationToken) => store.LoadHistoryAsync(customer, start, cancellationToken);

    public async ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken) => (await CommitManyAsync([commit], cancellationToken))[0];

    /// <summary>Says what a transaction with a commit fails with; null: with nothing.</summary>
    public Func<Commit, Exception?> Fails { get; set; } = _ => null;

    public async ValueTask<IReadOnlyList<CommitResult>> CommitManyAsync(IReadOnlyList<Commit> commits, CancellationToken cancellationToken)
    {
        await Gate;
        lock (guard)
        {
            Transactions.Add(commits.Count);
        }

        if (Broken is { } broken)
        {
            throw broken;
        }

        if (commits.Select(Fails).FirstOrDefault(fault => fault is not null) is { } fault)
        {
            throw fault;
        }

        var results = new CommitResult[commits.Count];
        for (var i = 0; i < results.Length; i++)
        {
            results[i] = Loses(commits[i]) ? new CommitResult.VersionConflict() : await store.CommitAsync(commits[i], cancellationToken);
        }

        return results;
    }

    public IAsyncEnumerable<JournalEntry> ReadJournalAsync(CustomerId customer, long afterVersion, CancellationToken cancellationToken) => store.ReadJournalAsync(customer, afterVersion, cancellationToken);

    public ValueTask<IReadOnlyList<CustomerId>> LeaseDueAsync(NodaTime.Instant due, NodaTime.Instant now, NodaTime.Instant until, int most, CancellationToken cancellationToken) =>
        store.LeaseDueAsync(due, now, until, most, cancellationToken);
}
