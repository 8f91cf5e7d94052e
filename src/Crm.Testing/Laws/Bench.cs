using Crm.Ledger;
using Crm.Modules;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Testing.Laws;

/// <summary>A store on the bench: its ports, and what laws do with it again and again.</summary>
internal sealed class Bench(ICustomerStore store, CancellationToken cancellationToken)
{
    public static readonly Instant Later = Samples.At(1_000_000);

    public ICustomerStore Store => store;

    public IOutbox Outbox => (IOutbox)store;

    public IWakeups Wakeups => (IWakeups)store;

    public IQuotas Quotas => (IQuotas)store;

    public IDocumentStore Documents => (IDocumentStore)store;

    public IBulkCommit Bulk => (IBulkCommit)store;

    public IJournalScan Scan => (IJournalScan)store;

    public IAtomicCommits Atomic => (IAtomicCommits)store;

    public CancellationToken Token => cancellationToken;

    /// <summary>Fails the law unless two things are equal.</summary>
    public static void Same<T>(string about, T expected, T found)
    {
        if (!EqualityComparer<T>.Default.Equals(expected, found))
        {
            throw new LawBroken(about, $"{found}", $"{expected}");
        }
    }

    /// <summary>Fails the law unless two lists have equal items in the same order.</summary>
    public static void SameList<T>(string about, IEnumerable<T> expected, IEnumerable<T> found) => Same(about, expected.ToSequence(), found.ToSequence());

    /// <summary>Commits several, each of which must succeed.</summary>
    public async Task WriteAsync(params Commit[] commits)
    {
        foreach (var commit in commits)
        {
            Same<CommitResult>("A commit that nothing stands against", CommitResult.Done, await store.CommitAsync(commit, cancellationToken).ConfigureAwait(false));
        }
    }

    public async Task<CommitResult> TryAsync(Commit commit) => await store.CommitAsync(commit, cancellationToken).ConfigureAwait(false);

    public async Task<CustomerSnapshot> LoadAsync(int customer) => await store.LoadAsync(CustomerRef.Of(Samples.Customer(customer)), cancellationToken).ConfigureAwait(false);

    public async Task<CustomerSnapshot> LoadAsync(Identity identity) => await store.LoadAsync(CustomerRef.Of(identity), cancellationToken).ConfigureAwait(false);

    public async Task<CustomerHistory> HistoryAsync(int customer, HistoryStart start) => await store.LoadHistoryAsync(Samples.Customer(customer), start, cancellationToken).ConfigureAwait(false);

    public async Task<List<JournalEntry>> JournalAsync(int customer, long afterVersion = 0) =>
        await store.ReadJournalAsync(Samples.Customer(customer), afterVersion, cancellationToken).ToListAsync(cancellationToken).ConfigureAwait(false);

    public async Task<List<(CustomerId, LedgerEntry)>> LedgerAsync() => await Scan.ReadLedgerAsync(cancellationToken).ToListAsync(cancellationToken).ConfigureAwait(false);

    public async Task<List<(CustomerId, Fact)>> FactsAsync() => await Scan.ReadFactsAsync(cancellationToken).ToListAsync(cancellationToken).ConfigureAwait(false);

    public async Task<IReadOnlyList<OutboxItem>> LeaseAsync(Instant now, Instant until, int most = 100) => await Outbox.LeaseAsync(now, until, most, cancellationToken).ConfigureAwait(false);

    public async Task<IReadOnlyList<CustomerId>> LeaseDueAsync(Instant due, Instant now, Instant until, int most = 100) =>
        await Wakeups.LeaseDueAsync(due, now, until, most, cancellationToken).ConfigureAwait(false);

    public async Task ReleaseAsync(OutboxItem item, Instant lease, Instant notBefore) => await Outbox.ReleaseAsync(item, lease, notBefore, cancellationToken).ConfigureAwait(false);

    public async Task PostponeAsync(OutboxItem item, Instant lease, Instant notBefore) => await Outbox.PostponeAsync(item, lease, notBefore, cancellationToken).ConfigureAwait(false);

    public async Task SettleAsync(OutboxItem item) => await Outbox.SettleAsync(item, cancellationToken).ConfigureAwait(false);

    /// <summary>Does several things at once, on threads of their own.</summary>
    public static Task<T[]> TogetherAsync<T>(IEnumerable<Func<Task<T>>> works) => Task.WhenAll(works.Select(work => Task.Run(work)).ToList());

    /// <summary>The answer to a commit that competes with others; throwing is none.</summary>
    public async Task<CommitResult> AnswerAsync(Commit commit) => await AnswerAsync("A commit that competes with others", () => TryAsync(commit)).ConfigureAwait(false);

    /// <summary>The answer to something that competes with others; throwing is none.</summary>
    public static async Task<T> AnswerAsync<T>(string about, Func<Task<T>> work)
    {
        try
        {
            return await work().ConfigureAwait(false);
        }
        catch (Exception thrown) when (thrown is not OperationCanceledException and not LawBroken)
        {
            throw new LawBroken(about, $"{thrown.GetType().Name}: {thrown.Message}", "an answer");
        }
    }

    /// <summary>The receipt that a commit carries for its first event.</summary>
    public static CommitResult Already(Commit commit) => new CommitResult.AlreadyCommitted(commit.Entries[0].Event.Key, commit.Entries[0].Receipt);

    /// <summary>A commit with something of everything that content can be seen by.</summary>
    public static Commit Everything(int customer, long expected) => Samples.Commit(customer, expected, $"pos:{(customer == 1 ? "" : $"{customer}-")}{expected + 1}") with
    {
        Claims = expected == 0 ? [new IdentityClaim(Samples.User(customer), 1)] : [],
        Slots = [Samples.Slot("loyalty", (byte)(expected + 1)), Samples.Slot("segments", (byte)(expected + 2))],
        Ledger = [Samples.Issued(expected + 10), Samples.Issued(-1) with { Movement = Movement.Spent }],
        Facts = [new("loyalty.points", expected + 10), new("loyalty.tier", "gold")],
        Profile = Fields.Of(("city", $"city-{expected}")),
        NextDue = Samples.At((int)expected),
        NextDueChanged = true,
        Outbox = [Samples.Message(customer, $"occasion-{expected}"), Samples.FollowUp(customer, $"crm:follow-{customer}-{expected}")],
        Checkpoints = [new Checkpoint(Samples.At((int)expected), [Samples.Slot("loyalty", 9)])],
    };

    /// <summary>All that can be read of some customers without changing anything, as text.</summary>
    public async Task<string> ContentAsync(params int[] customers)
    {
        var lines = new List<string>();
        foreach (var customer in customers)
        {
            var snapshot = await LoadAsync(customer).ConfigureAwait(false);
            lines.Add($"{snapshot}");
            lines.AddRange(snapshot.Profile.Select(field => $"{field.Key} = {field.Value}"));
            lines.Add($"{await LoadAsync(Samples.User(customer)).ConfigureAwait(false)}");
            lines.Add($"{await HistoryAsync(customer, new HistoryStart.Before(Later)).ConfigureAwait(false)}");
            lines.AddRange((await JournalAsync(customer).ConfigureAwait(false)).Select(entry => $"{entry}"));
        }

        if (store is IJournalScan scan)
        {
            lines.AddRange((await LedgerAsync().ConfigureAwait(false)).Select(entry => $"{entry}"));
            lines.AddRange((await FactsAsync().ConfigureAwait(false)).Select(fact => $"{fact}"));
            lines.AddRange((await scan.ReadIdentitiesAsync(cancellationToken).ToListAsync(cancellationToken).ConfigureAwait(false)).Select(identity => $"({identity.Customer}, {identity.Identity.Kind} {identity.Identity.Value})"));
        }

        return string.Join('\n', lines);
    }

    /// <summary>Fails the law when the content is not what it was, or when one of the ids waits in the outbox.</summary>
    public async Task UnchangedAsync(string about, string before, int[] customers, params OutboxItem[] notWaiting)
    {
        var after = await ContentAsync(customers).ConfigureAwait(false);
        if (before != after)
        {
            var (was, now) = before.Split('\n').Zip(after.Split('\n').Append("nothing")).FirstOrDefault(pair => pair.First != pair.Second);
            throw new LawBroken(about, now ?? after, was ?? before);
        }

        if (store is IOutbox && notWaiting.Length > 0)
        {
            var waiting = await LeaseAsync(Later, Later + Duration.FromHours(1)).ConfigureAwait(false);
            SameList($"{about}: its messages in the outbox", [], waiting.Select(item => item.Id).Intersect(notWaiting.Select(item => item.Id)));
        }

        if (store is IWakeups)
        {
            SameList($"{about}: customers due", [], await LeaseDueAsync(Later, Later, Later + Duration.FromHours(1)).ConfigureAwait(false));
        }
    }
}
