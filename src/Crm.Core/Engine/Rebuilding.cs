using Crm.Modules;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Engine;

/// <summary>
/// Goes through all customers and decides anew what one module keeps of them, a commit for each for whom something changes. Customers are loaded, decided and written a page at a time; those whom somebody else was faster with
/// are decided again one by one. It can stop after any page and go on there.
/// </summary>
internal sealed class Rebuilding(Kernel kernel, IIdSource ids, IClock clock)
{
    public async ValueTask<RebuildReport> RunAsync(RebuildRequest request, CancellationToken cancellationToken)
    {
        var module = IndexOf(request.Module);
        var concerned = request.From == RebuildFrom.Now ? Concerned.By(kernel, module, clock.GetCurrentInstant()) : null;
        return await CustomerWalk.RunPagesAsync(
            kernel,
            new RebuildReport(0, 0, request.After, false),
            request.After,
            request.Most,
            async (before, page) =>
            {
                var some = concerned is null ? page : await concerned.OfAsync(before, page, cancellationToken).ConfigureAwait(false);
                return new DecidedPage(page, some.Length == 0 ? [] : await DecideAsync(before, some, isMost: some.Length * 2 >= page.Length, module, request, cancellationToken).ConfigureAwait(false));
            },
            (report, page) => WriteAsync(report, page, module, request, cancellationToken),
            static report => report with { IsComplete = true },
            request.Progress,
            cancellationToken).ConfigureAwait(false);
    }

    private int IndexOf(string name)
    {
        var index = kernel.Modules.IndexOf(name);
        if (index < 0)
        {
            throw new ArgumentException($"No module is named '{name}'. There are: {string.Join(", ", kernel.Modules.Contracts.Select(contract => contract.Name))}.", nameof(name));
        }

        return kernel.Modules.Contracts[index].Reversible && kernel.Modules.All[index] is not IHoldsUnits
            ? index
            : throw new ArgumentException($"The module '{name}' cannot be decided anew by itself: it has written to the ledger, or what it has done is irrevocable. A reversible module without units is expected.", nameof(name));
    }

    private async ValueTask<Rebuilt[]> DecideAsync(CustomerId? before, CustomerId[] page, bool isMost, int module, RebuildRequest request, CancellationToken cancellationToken)
    {
        var now = clock.GetCurrentInstant();
        var snapshots = await kernel.LoadAllAsync([.. page.Select(CustomerRef.Of)], cancellationToken).ConfigureAwait(false);
        var states = snapshots.Select(snapshot => kernel.Codec.Decode(snapshot.Slots, snapshot.Version)).ToList();
        var histories = request.From == RebuildFrom.History || states.Where((state, place) => Decision.LacksWindows(snapshots[place], state)).Any()
            ? await HistoriesAsync(before, page, isMost, cancellationToken).ConfigureAwait(false)
            : [];
        var rebuilt = new Rebuilt[page.Length];
        for (var i = 0; i < page.Length; i++)
        {
            rebuilt[i] = snapshots[i].Customer == page[i]
                ? await DecideAsync(page[i], await Decision.BeginAsync(kernel, snapshots[i], page[i], states[i], histories.GetValueOrDefault(page[i]), cancellationToken).ConfigureAwait(false), now, module, request, cancellationToken).ConfigureAwait(false)
                : new Rebuilt(page[i]) { Again = true };
        }

        return rebuilt;
    }

    // Read after the snapshots, so that they are not older. Where most of those who follow each other are wanted, those of all of them are read faster. Of a store that cannot read them together each is read when it is needed.
    private async ValueTask<Dictionary<CustomerId, StoredHistory>> HistoriesAsync(CustomerId? before, CustomerId[] page, bool isMost, CancellationToken cancellationToken)
    {
        var histories = new Dictionary<CustomerId, StoredHistory>(page.Length);
        if (kernel.Store is IHistoryScan scan)
        {
            await foreach (var some in (isMost ? scan.ReadHistoriesAsync(before, page[^1], cancellationToken) : scan.ReadHistoriesAsync(page, cancellationToken)).ConfigureAwait(false))
            {
                foreach (var history in some)
                {
                    histories[history.Customer] = history;
                }
            }
        }

        return histories;
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

    private async ValueTask<RebuildReport> WriteAsync(RebuildReport report, DecidedPage page, int module, RebuildRequest request, CancellationToken cancellationToken)
    {
        var commits = page.Decided.Select(customer => customer.Commit).OfType<Commit>().ToList();
        var results = commits.Count == 0 ? [] : await kernel.CommitAllAsync(commits, cancellationToken).ConfigureAwait(false);
        var (changed, written) = (report.Changed, 0);
        foreach (var decided in page.Decided)
        {
            var isWritten = decided.Commit is null || results[written++] is CommitResult.Committed;
            var rebuilt = isWritten && !decided.Again ? decided : await AgainAsync(decided.Customer, module, request, cancellationToken).ConfigureAwait(false);
            if (rebuilt.Change is { } change)
            {
                changed++;
                request.Changes?.Invoke(rebuilt.Customer, change.Before, change.After);
            }
        }

        return new RebuildReport(report.Seen + page.Customers.Length, changed, page.Customers[^1], false);
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

    /// <summary>A page of customers, and what became of those of them who were decided about.</summary>
    private sealed record DecidedPage(CustomerId[] Customers, Rebuilt[] Decided);

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
