using System.Runtime.CompilerServices;
using Crm.Events;
using Crm.Modules;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Engine;

/// <summary>
/// Goes through all customers and decides anew what one module keeps of them, a commit for each for whom something changes. Customers are loaded, decided and written a page at a time; those whom somebody else was faster with
/// are decided again one by one. It can stop after any page and go on there. A store that can select whom it concerns is asked for that once the first page has shown that it concerns few: where it concerns many, looking at
/// everybody is less work.
/// </summary>
internal sealed class Rebuilding(Kernel kernel, IIdSource ids, IClock clock)
{
    private const int MostAtOnce = 4;

    // Few change where less than one in so many does.
    private const int Few = 4;

    public async ValueTask<RebuildReport> RunAsync(RebuildRequest request, CancellationToken cancellationToken)
    {
        var module = IndexOf(request.Module);
        var concerned = request.From == RebuildFrom.Now ? Concerned.By(kernel, module, clock.GetCurrentInstant()) : null;
        var pages = new LoadedPages(kernel, request.After, request.Most);
        var report = new RebuildReport(0, 0, request.After, false);
        var changedOfFirst = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        var read = Beside(ReadAsync(pages, concerned, changedOfFirst.Task, module, request, cancellationToken), cancellationToken);
        await foreach (var decided in Beside(DecideAsync(read, changedOfFirst, module, request, cancellationToken), cancellationToken).ConfigureAwait(false))
        {
            cancellationToken.ThrowIfCancellationRequested();
            report = await WriteAsync(report, decided, module, request, cancellationToken).ConfigureAwait(false);
            request.Progress?.Report(report);
        }

        if (pages.AreAll)
        {
            report = report with { IsComplete = true };
            request.Progress?.Report(report);
        }

        return report;
    }

    // While some are written the next are decided, and those after them are read. A store within a host's transaction is used for one thing at a time.
    private IAsyncEnumerable<T> Beside<T>(IAsyncEnumerable<T> items, CancellationToken cancellationToken) => kernel.OneAtATime ? items : Ahead.Of(items, cancellationToken);

    private int IndexOf(string name)
    {
        var index = kernel.Modules.IndexOf(name);
        if (index < 0)
        {
            throw new ArgumentException($"No module is named '{name}'. There are: {string.Join(", ", kernel.Modules.Contracts.Select(contract => contract.Name))}.", nameof(name));
        }

        var contract = kernel.Modules.Contracts[index];
        return contract.Reversible && kernel.Modules.All[index] is not IHoldsUnits
            ? index
            : throw new ArgumentException($"The module '{name}' cannot be decided anew by itself: it has written to the ledger, or what it has done is irrevocable. A reversible module without units is expected. {HowItSeesThePast(contract)}", nameof(name));
    }

    private static string HowItSeesThePast(ModuleContract contract) => string.Join(", ", contract.Kinds.Where(kind => kind.OpensHistory).Select(kind => $"'{kind.Name}'")) is { Length: > 0 } kinds
        ? $"An event of a kind that opens history shows it a customer's past; it declares {kinds}."
        : $"An event of a kind that opens history ({nameof(EventKind)}.{nameof(EventKind.OpensHistory)}) shows a module a customer's past; it declares none.";

    // On the first page everybody is taken for concerned, where there are more.
    private async IAsyncEnumerable<ReadPage> ReadAsync(LoadedPages pages, Concerned? concerned, Task<int> changedOfFirst, int module, RebuildRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var isFirst = true;
        await foreach (var page in pages.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            var tried = isFirst && page.Customers.Length == LoadedPages.OnAPage ? concerned : null;
            isFirst = false;
            var read = await ReadAsync(page, tried is null ? concerned : null, module, request, cancellationToken).ConfigureAwait(false);
            yield return read;
            if (tried is null)
            {
                continue;
            }

            concerned = await changedOfFirst.WaitAsync(cancellationToken).ConfigureAwait(false) * Few < page.Customers.Length ? tried : null;
            foreach (var (_, snapshot, _) in concerned is null ? [] : read.Loaded)
            {
                // The store selects before the next page is loaded: whoever is written meanwhile is seen to be.
                await tried.ContainsAsync(snapshot, kernel.Codec.DecodeOne(module, snapshot.Slots), cancellationToken).ConfigureAwait(false);
            }
        }
    }

    // What deciding those of a page needs who are concerned.
    private async ValueTask<ReadPage> ReadAsync(LoadedPage page, Concerned? concerned, int module, RebuildRequest request, CancellationToken cancellationToken)
    {
        var (before, customers, snapshots) = page;
        var (loaded, lacking, unreadable, missed) = (new List<Loaded>(customers.Length), new List<CustomerId>(), new List<UnreadableCustomer>(), new MissedEntries(kernel));
        for (var i = 0; i < customers.Length; i++)
        {
            var (customer, snapshot) = (customers[i], snapshots[i]);
            if (await ReadableAsync(customer, unreadable, () => LoadedAsync(customer, snapshot, concerned, module, cancellationToken)).ConfigureAwait(false) is { } one)
            {
                loaded.Add(one);
                if (request.From == RebuildFrom.History || (Decision.LacksWindows(snapshot, one.State) && !missed.Ask(customer, one.State)))
                {
                    lacking.Add(customer);
                }
            }
        }

        lacking.AddRange(await missed.ReadAsync(cancellationToken).ConfigureAwait(false));
        lacking.Sort(static (one, other) => (one.Bucket, one).CompareTo((other.Bucket, other)));
        var histories = lacking.Count == 0 ? [] : await HistoriesAsync(before, customers[^1], lacking, isMost: lacking.Count * 2 >= customers.Length, cancellationToken).ConfigureAwait(false);
        return new ReadPage(customers, loaded, unreadable, histories, missed);
    }

    // Null for who is not concerned.
    private async ValueTask<Loaded?> LoadedAsync(CustomerId customer, CustomerSnapshot snapshot, Concerned? concerned, int module, CancellationToken cancellationToken)
    {
        if (concerned is null)
        {
            return new Loaded(customer, snapshot, kernel.Codec.Decode(snapshot.Slots, snapshot.Version));
        }

        var kept = kernel.Codec.DecodeOne(module, snapshot.Slots);
        return await concerned.ContainsAsync(snapshot, kept, cancellationToken).ConfigureAwait(false)
            ? new Loaded(customer, snapshot, kernel.Codec.Decode(snapshot.Slots, snapshot.Version, (module, kept)))
            : null;
    }

    // Null for whose state a later release wrote.
    private static async ValueTask<T?> ReadableAsync<T>(CustomerId customer, List<UnreadableCustomer> unreadable, Func<ValueTask<T?>> doAsync)
        where T : class
    {
        try
        {
            return await doAsync().ConfigureAwait(false);
        }
        catch (UnreadableStateException fault)
        {
            unreadable.Add(new UnreadableCustomer(customer, fault));
            return null;
        }
    }

    // Read after the snapshots, so that they are not older. Where most of those who follow each other are wanted, those of all of them are read faster. Of a store that cannot read them together each is read when it is needed.
    private async ValueTask<Dictionary<CustomerId, StoredHistory>> HistoriesAsync(CustomerId? before, CustomerId last, List<CustomerId> customers, bool isMost, CancellationToken cancellationToken)
    {
        var histories = new Dictionary<CustomerId, StoredHistory>(customers.Count);
        if (kernel.Store is IHistoryScan scan)
        {
            await foreach (var some in (isMost ? scan.ReadHistoriesAsync(before, last, cancellationToken) : scan.ReadHistoriesAsync(customers, cancellationToken)).ConfigureAwait(false))
            {
                foreach (var history in some)
                {
                    histories[history.Customer] = history;
                }
            }
        }

        return histories;
    }

    // What few pages come to is told soon; later on more of them are written at once, which is less work for a store.
    private async IAsyncEnumerable<DecidedPages> DecideAsync(IAsyncEnumerable<ReadPage> pages, TaskCompletionSource<int> changedOfFirst, int module, RebuildRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (told, held) = (0, 0);
        var decided = new DecidedPages(0, default, [], []);
        await foreach (var page in pages.ConfigureAwait(false))
        {
            var now = clock.GetCurrentInstant();
            decided = decided with { Seen = decided.Seen + page.Customers.Length, Last = page.Customers[^1] };
            decided.Unreadable.AddRange(page.Unreadable);
            try
            {
                foreach (var (customer, snapshot, state) in page.Loaded)
                {
                    var rebuilt = snapshot.Customer != customer ? new Rebuilt(customer) { Again = true } : await ReadableAsync(customer, decided.Unreadable, async () => (Rebuilt?)await DecideAsync(
                        customer, await Decision.BeginAsync(kernel, snapshot, customer, state, page.Histories.GetValueOrDefault(customer), page.Missed.Of(customer), cancellationToken).ConfigureAwait(false), now, module, request, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
                    if (rebuilt is not null)
                    {
                        decided.Decided.Add(rebuilt);
                    }
                }

                changedOfFirst.TrySetResult(decided.Decided.Count(customer => customer.Change is not null));
            }
            finally
            {
                // Where something goes wrong, whoever stops waits for what is being read.
                changedOfFirst.TrySetCanceled(CancellationToken.None);
            }

            if (++held >= Math.Clamp(told / 2, 1, MostAtOnce))
            {
                yield return decided;
                (told, held, decided) = (told + held, 0, new DecidedPages(0, default, [], []));
            }
        }

        if (held > 0)
        {
            yield return decided;
        }
    }

    private async ValueTask<Rebuilt> DecideAsync(CustomerId customer, Decision decision, Instant now, int module, RebuildRequest request, CancellationToken cancellationToken)
    {
        decision.BringForward(now);
        var before = decision.State.Slots[module];
        // What no definition asked before, no entry tells: what the profile says today counts from today.
        var looked = await decision.ObserveAsync(RecordMode.Backfill, now, Shortages.None, cancellationToken).ConfigureAwait(false) && !ReferenceEquals(before, decision.State.Slots[module]);
        var asked = request.From == RebuildFrom.History
            ? await decision.RebuildAsync(module, now, cancellationToken).ConfigureAwait(false)
            : decision.AskNow(module, request.AgendaKey, now);
        var rebuilt = new Rebuilt(customer);
        if (looked || (asked && !(request.From == RebuildFrom.Now && SaysTheSame(decision, module, before))))
        {
            rebuilt = rebuilt with { Change = (before, decision.State.Slots[module]), Commit = request.DryRun ? null : decision.ToCommit(now) };
        }

        decision.Finish();
        return rebuilt;
    }

    // Whoever stays out of everything, and whose facts and agenda are as they were, is not written: when something next happens they are asked, and that comes to the same.
    private bool SaysTheSame(Decision decision, int module, object before) =>
        kernel.Modules.All[module] is IAsksAnew asking && asking.SaysTheSame(before, decision.State.Slots[module]) && decision.ChangesOnly(module);

    private async ValueTask<RebuildReport> WriteAsync(RebuildReport report, DecidedPages page, int module, RebuildRequest request, CancellationToken cancellationToken)
    {
        var commits = page.Decided.Select(customer => customer.Commit).OfType<Commit>().ToList();
        var results = commits.Count == 0 ? [] : await kernel.CommitAllAsync(commits, cancellationToken).ConfigureAwait(false);
        var (changed, written) = (report.Changed, 0);
        foreach (var decided in page.Decided)
        {
            var isWritten = decided.Commit is null || results[written++] is CommitResult.Committed;
            var rebuilt = isWritten && !decided.Again ? decided
                : await ReadableAsync(decided.Customer, page.Unreadable, async () => (Rebuilt?)await AgainAsync(decided.Customer, module, request, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
            if (rebuilt?.Change is { } change)
            {
                changed++;
                request.Changes?.Invoke(rebuilt.Customer, change.Before, change.After);
            }
        }

        return new RebuildReport(report.Seen + page.Seen, changed, page.Last, false) { Unreadable = page.Unreadable.Count == 0 ? report.Unreadable : report.Unreadable.Concat(page.Unreadable).ToSequence() };
    }

    private ValueTask<Rebuilt> AgainAsync(CustomerId customer, int module, RebuildRequest request, CancellationToken cancellationToken) => Attempts.UntilAloneAsync(
        kernel,
        $"The customer {customer}",
        async _ =>
        {
            var now = clock.GetCurrentInstant();
            var snapshot = await kernel.Store.LoadAsync(CustomerRef.Of(customer), cancellationToken).ConfigureAwait(false);
            if (snapshot.Customer is not { } found)
            {
                return (true, new Rebuilt(customer));
            }

            var decision = await Decision.BeginAsync(kernel, snapshot, ids, cancellationToken).ConfigureAwait(false);
            var rebuilt = await DecideAsync(found, decision, now, module, request, cancellationToken).ConfigureAwait(false);
            return (rebuilt.Commit is not { } commit || await kernel.CommitAsync(commit, cancellationToken).ConfigureAwait(false) is CommitResult.Committed, rebuilt);
        },
        cancellationToken);

    /// <summary>A page of customers, those of them who are to be decided about, with what this needs of their histories, and those of whom nothing can be said.</summary>
    private sealed record ReadPage(CustomerId[] Customers, List<Loaded> Loaded, List<UnreadableCustomer> Unreadable, Dictionary<CustomerId, StoredHistory> Histories, MissedEntries Missed);

    /// <summary>A customer as loaded and decoded; the snapshot is of somebody else where the id leads to one meanwhile.</summary>
    private sealed record Loaded(CustomerId Customer, CustomerSnapshot Snapshot, CustomerState State);

    /// <summary>How many customers some pages had, who was the last, what became of those who were decided about, and of whom nothing can be said.</summary>
    private sealed record DecidedPages(int Seen, CustomerId Last, List<Rebuilt> Decided, List<UnreadableCustomer> Unreadable);

    /// <summary>What became of a customer.</summary>
    private sealed record Rebuilt(CustomerId Customer)
    {
        /// <summary>What the module kept before and keeps now; null where that is the same.</summary>
        public (object Before, object After)? Change { get; init; }

        /// <summary>What is to be written; null when nothing is.</summary>
        public Commit? Commit { get; init; }

        /// <summary>Whether the customer is to be decided alone: the id leads to somebody else meanwhile.</summary>
        public bool Again { get; init; }
    }
}
