using Crm.Events;
using Crm.Ledger;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Testing.Simulation;

/// <summary>
/// A database with its disk. What it is asked to write, it writes into memory and into a log; a sync makes the log up to its own beginning durable. A crash leaves the durable part and, as disks do,
/// any further beginning of what was written after it; the database is then made anew from that.
/// </summary>
internal sealed class SimulatedDisk
{
    private readonly List<LogRecord> log = [];
    private readonly DiskFaults faults;
    private int? syncing;

    public SimulatedDisk(IReadOnlyDictionary<string, long> quotas, DiskFaults faults)
    {
        this.faults = faults;
        foreach (var (name, available) in quotas)
        {
            log.Add(new LogRecord([], store => Done(((IQuotas)store).SetAsync(name, available, default))));
        }

        Durable = log.Count;
        (Rows, Server) = Recovered(log.Count);
    }

    /// <summary>What is stored, for whoever checks.</summary>
    public InMemoryStore Rows { get; private set; }

    /// <summary>What answers requests; a counterfeit may stand between it and the rows.</summary>
    public ICustomerStore Server { get; private set; }

    /// <summary>How many records were written.</summary>
    public int Written => log.Count;

    /// <summary>How many of them would survive a crash.</summary>
    public int Durable { get; private set; }

    /// <summary>How many must survive before what was written last may be acknowledged.</summary>
    public int MustBeDurable => faults.AcknowledgesBeforeSync ? 0 : log.Count;

    /// <summary>The commits among them, in order.</summary>
    public IEnumerable<Commit> Commits => log.SelectMany(record => record.Commits);

    public bool IsSyncing => syncing is not null;

    public void BeginSync() => syncing = log.Count;

    public void EndSync()
    {
        Durable = syncing ?? Durable;
        syncing = null;
    }

    /// <summary>Loses everything but a beginning of the log that holds at least what is durable.</summary>
    /// <param name="kept">How long that beginning is.</param>
    public void Crash(int kept)
    {
        syncing = null;
        log.RemoveRange(kept, log.Count - kept);
        Durable = kept;
        (Rows, Server) = Recovered(kept);
    }

    /// <summary>Carries out one commit, or several that share a transaction: each is written or not by itself, and a crash leaves any beginning of them.</summary>
    /// <param name="commits">The commits.</param>
    /// <param name="written">Told of each that was written, before the next is.</param>
    public IReadOnlyList<CommitResult> Commit(IReadOnlyList<Commit> commits, Action<Commit> written)
    {
        var results = new CommitResult[commits.Count];
        for (var i = 0; i < results.Length; i++)
        {
            var isLost = faults.LosesEndsOfGroups && i > 0 && i == results.Length - 1;
            results[i] = isLost ? CommitResult.Done : Commit(commits[i]);
            if (results[i] is CommitResult.Committed && !isLost)
            {
                written(commits[i]);
            }
        }

        return results;
    }

    private CommitResult Commit(Commit commit)
    {
        var result = Now(Server.CommitAsync(commit, default));
        if (result is CommitResult.Committed)
        {
            log.Add(new LogRecord([commit], store => Now(store.CommitAsync(commit, default))));
        }

        return result;
    }

    /// <summary>Carries out commits that are written all or none: one record, so that a crash leaves all of them or none.</summary>
    /// <param name="commits">The commits.</param>
    /// <param name="written">Told of all when they are written.</param>
    public AtomicResult CommitTogether(IReadOnlyList<Commit> commits, Action<IReadOnlyList<Commit>> written)
    {
        IReadOnlyList<Commit> kept = faults.TearsWhatBelongsTogether && commits[0].Retirement is null ? [commits[0]] : commits;
        var result = Now(((IAtomicCommits)Server).CommitTogetherAsync(kept, default));
        if (result.Result is CommitResult.Committed)
        {
            log.Add(new LogRecord(kept, store => Now(((IAtomicCommits)store).CommitTogetherAsync(kept, default))));
            written(kept);
        }

        return result;
    }

    public CommitResult DisposeOf(JournalDisposal disposal)
    {
        var result = Now(((IJournalDisposal)Server).DisposeOfAsync(disposal, default));
        if (result is CommitResult.Committed)
        {
            log.Add(new LogRecord([disposal.Commit], store => Now(((IJournalDisposal)store).DisposeOfAsync(disposal, default))));
        }

        return result;
    }

    public IReadOnlyList<LedgerEntry> Ledger(CustomerId customer) => Now(((IJournalDisposal)Server).LedgerOfAsync(customer, default));

    public IReadOnlyList<CustomerId> Customers() => Now(new ValueTask<List<CustomerId>>(((IJournalScan)Server).ReadCustomersAsync(default).ToListAsync().AsTask()));

    public IReadOnlyList<Identity> Identities(CustomerId customer) => Now(((ICustomerIdentities)Server).IdentitiesOfAsync(customer, default));

    public CustomerSnapshot Load(CustomerRef customer) => Now(Server.LoadAsync(customer, default));

    public IReadOnlyList<CustomerSnapshot> Load(IReadOnlyList<CustomerRef> customers) => [.. customers.Select(Load)];

    public CustomerHistory History(CustomerId customer, HistoryStart start) => Now(Server.LoadHistoryAsync(customer, start, default));

    public IReadOnlyList<OutboxItem> Lease(Instant now, Instant until, int most)
    {
        var leased = Now(((IOutbox)Server).LeaseAsync(now, until, most, default));
        if (leased.Count > 0)
        {
            log.Add(new LogRecord([], store => Now(((IOutbox)store).LeaseAsync(now, until, most, default))));
        }

        return leased;
    }

    public IReadOnlyList<CustomerId> LeaseDue(Instant due, Instant now, Instant until, int most)
    {
        var leased = Now(((IWakeups)Server).LeaseDueAsync(due, now, until, most, default));
        if (leased.Count > 0)
        {
            log.Add(new LogRecord([], store => Now(((IWakeups)store).LeaseDueAsync(due, now, until, most, default))));
        }

        return leased;
    }

    public bool Release(OutboxItem item, Instant lease, Instant notBefore) => Write(store => Done(((IOutbox)store).ReleaseAsync(item, lease, notBefore, default)));

    public bool Postpone(OutboxItem item, Instant lease, Instant notBefore) => Write(store => Done(((IOutbox)store).PostponeAsync(item, lease, notBefore, default)));

    public bool Settle(OutboxItem item) => Write(store => Done(((IOutbox)store).SettleAsync(item, default)));

    /// <summary>The result of something that a store in memory does at once.</summary>
    public static T Now<T>(ValueTask<T> done) => done.IsCompletedSuccessfully ? done.Result : done.AsTask().GetAwaiter().GetResult();

    private static void Done(ValueTask work)
    {
        if (!work.IsCompletedSuccessfully)
        {
            work.AsTask().GetAwaiter().GetResult();
        }
    }

    private bool Write(Action<ICustomerStore> work)
    {
        work(Server);
        log.Add(new LogRecord([], work));
        return true;
    }

    private (InMemoryStore Rows, ICustomerStore Server) Recovered(int kept)
    {
        var rows = new InMemoryStore();
        var server = faults.Server?.Invoke(rows) ?? rows;
        var recovering = faults.Recovery?.Invoke(rows) ?? server;
        for (var i = 0; i < kept; i++)
        {
            log[i].Redo(i < kept - 1 ? server : recovering);
        }

        return (rows, server);
    }

    /// <summary>What was written.</summary>
    /// <param name="Commits">The commits that it was, which survive all or none; none for leases and the like.</param>
    /// <param name="Redo">Does it again.</param>
    private readonly record struct LogRecord(IReadOnlyList<Commit> Commits, Action<ICustomerStore> Redo);
}

/// <summary>What a counterfeit database does wrongly; by default nothing.</summary>
internal sealed record DiskFaults
{
    /// <summary>It says that a commit is durable before it is.</summary>
    public bool AcknowledgesBeforeSync { get; init; }

    /// <summary>It says that the last commit of a group is written, and it is not.</summary>
    public bool LosesEndsOfGroups { get; init; }

    /// <summary>Of commits that belong together it writes the first.</summary>
    public bool TearsWhatBelongsTogether { get; init; }

    /// <summary>It carries out requests wrongly.</summary>
    public Func<InMemoryStore, ICustomerStore>? Server { get; init; }

    /// <summary>It carries out the last record wrongly when it starts again after a crash.</summary>
    public Func<InMemoryStore, ICustomerStore>? Recovery { get; init; }
}
