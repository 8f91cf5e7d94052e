using Crm.Ledger;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Engine;

/// <summary>Goes through all customers and disposes of the beginnings of their journals, one unit of work for each. It can stop after any customer, or be killed anywhere, and go on there.</summary>
internal sealed class Disposing(Kernel kernel, IIdSource ids, IClock clock)
{
    private const string NotVerified = "not-verified";

    private readonly IJournalDisposal store = kernel.Store as IJournalDisposal
        ?? throw new InvalidOperationException($"The store {kernel.Store.GetType().Name} keeps journals for ever; implement {nameof(IJournalDisposal)} on it to dispose of entries.");

    private readonly CustomerVerifier verifier = new(kernel.Modules.All, kernel.Options);
    private readonly DisposalPlan plan = new(kernel.Modules, kernel.Codec, kernel.Options);

    public async ValueTask<DisposalReport> RunAsync(DisposalRequest request, CancellationToken cancellationToken)
    {
        if (request.Until > clock.GetCurrentInstant())
        {
            throw new ArgumentException($"Entries are to be disposed of until {request.Until}, which is still to come; an instant that has passed is expected.", nameof(request));
        }

        return await CustomerWalk.RunAsync(
            kernel,
            new DisposalReport(0, 0, 0, 0, request.After, false),
            request.After,
            request.Most,
            async (report, customer) =>
            {
                var (gone, held) = await OneAsync(customer, request, cancellationToken).ConfigureAwait(false);
                return new DisposalReport(report.Seen + 1, report.Customers + (gone > 0 ? 1 : 0), report.Entries + gone, report.Held + (held ? 1 : 0), customer, false);
            },
            static report => report with { IsComplete = true },
            request.Progress,
            cancellationToken).ConfigureAwait(false);
    }

    private ValueTask<(int Gone, bool Held)> OneAsync(CustomerId customer, DisposalRequest request, CancellationToken cancellationToken) => Attempts.UntilAloneAsync(
        kernel,
        $"The customer {customer}",
        async _ =>
        {
            var (disposal, held) = await PlanAsync(customer, request, clock.GetCurrentInstant(), cancellationToken).ConfigureAwait(false);
            if ((held is { History.Code: NotVerified } && await HasMovedAsync(customer, held, cancellationToken).ConfigureAwait(false))
                || (disposal is not null && !request.DryRun && await kernel.DisposeOfAsync(store, disposal, cancellationToken).ConfigureAwait(false) is not CommitResult.Committed))
            {
                return (false, default);
            }

            if (held is not null)
            {
                request.Held?.Invoke(held.History);
            }

            return (true, (disposal?.Receipts.Count ?? 0, held is not null));
        },
        cancellationToken);

    // What was read in several steps while somebody wrote does not fit together, and means nothing. Whoever was merged in between leads to another customer, whose version says nothing.
    private async ValueTask<bool> HasMovedAsync(CustomerId customer, Held held, CancellationToken cancellationToken)
    {
        var snapshot = await kernel.Store.LoadAsync(CustomerRef.Of(customer), cancellationToken).ConfigureAwait(false);
        return snapshot.Customer != customer || snapshot.Version != held.Version;
    }

    private async ValueTask<(JournalDisposal? Disposal, Held? Held)> PlanAsync(CustomerId customer, DisposalRequest request, Instant now, CancellationToken cancellationToken)
    {
        var snapshot = await kernel.Store.LoadAsync(CustomerRef.Of(customer), cancellationToken).ConfigureAwait(false);
        // Whoever has become somebody else since the customers were listed is looked at as that one.
        if (snapshot.Customer != customer || await UntilAsync(snapshot, request, now, cancellationToken).ConfigureAwait(false) is not { } until)
        {
            return (null, null);
        }

        var history = await kernel.Store.LoadHistoryAsync(customer, new HistoryStart.Beginning(), cancellationToken).ConfigureAwait(false);
        var due = history.Entries.Count(entry => entry.EffectiveAt <= until);
        if (due == 0)
        {
            return (null, null);
        }

        if (history.Entries.Any(entry => JoinedHistories.RetiredBy(entry) is not null))
        {
            return (null, new Held(new HeldHistory(customer, "joined", due, "Another customer was merged into this one; histories that were joined are kept whole."), snapshot.Version));
        }

        if (kernel.Codec.OfOthers(snapshot.Slots).FirstOrDefault(slot => !request.RemovedModules.Contains(slot.Name)).Name is { } unknown)
        {
            return (null, new Held(new HeldHistory(customer, "unknown-module", due, $"There is a state of the module '{unknown}', which this engine does not have: dispose with the engine that decides, or name it among the removed modules."), snapshot.Version));
        }

        var ledger = await store.LedgerOfAsync(customer, cancellationToken).ConfigureAwait(false);
        var verdict = verifier.Verify(snapshot, history, ledger);
        if (!verdict.Holds)
        {
            return (null, new Held(new HeldHistory(customer, NotVerified, due, $"What is stored does not fit together: {verdict.Differences[0]}"), snapshot.Version));
        }

        var state = (await Decision.BeginAsync(kernel, snapshot, ids, cancellationToken).ConfigureAwait(false)).State;
        var drafts = JournalDraft.Of(history.Entries, kernel.Modules.Kinds).ToList();
        // What followed from another customer's event is taken back when that event is: then it must be there.
        var given = drafts.Where(draft => draft.Kind.WithCause).Min(draft => (Instant?)draft.EffectiveAt);
        var cut = DisposalPlan.Cut(history, drafts, given <= until ? given.Value - Duration.FromTicks(1) : until);
        var decided = cut is { } at && plan.CanDecide(history, ledger) ? plan.Decided(customer, state, history, drafts, at) : null;
        var checkpoint = decided ?? (cut is { } bound ? await StoredAsync(customer, state, history, drafts, ledger, bound, cancellationToken).ConfigureAwait(false) : null);
        var left = due - (checkpoint is { } reached ? history.Entries.Count(entry => entry.EffectiveAt <= reached.At) : 0);
        var held = left == 0 ? null
            : given <= until && (cut is null || checkpoint?.At == cut) ? new HeldHistory(customer, "given-by-another", left, "They came after something that another customer gave, which may still be taken back.")
            : cut is null || checkpoint?.At == cut ? new HeldHistory(customer, "still-amended", left, "A later refund or cancellation takes from them, or they tell what became of something that was decided later; they can go together with it.")
            : new HeldHistory(customer, "not-decidable", left, $"No checkpoint stands for them, and they cannot be decided again: {verdict.NotRedecided ?? "what stays would lead elsewhere"}.");
        return (checkpoint is null ? null : DisposalPlan.Disposal(kernel.Codec, customer, snapshot.Version, state, history, DisposalPlan.Opening(checkpoint, history, ledger, now), now, isLive: true), held is null ? null : new Held(held, snapshot.Version));
    }

    private async ValueTask<Instant?> UntilAsync(CustomerSnapshot snapshot, DisposalRequest request, Instant now, CancellationToken cancellationToken)
    {
        if (request.UntilFor is not { } chosen)
        {
            return request.Until;
        }

        var until = chosen(await kernel.ViewAsync(snapshot, null, ids, now, cancellationToken).ConfigureAwait(false));
        return until > request.Until ? request.Until : until;
    }

    // Where history cannot be decided again, the last state that was kept when it could be stands for what is before it.
    private async ValueTask<Checkpoint?> StoredAsync(CustomerId customer, CustomerState state, CustomerHistory history, IReadOnlyList<JournalDraft> drafts, IEnumerable<LedgerEntry> ledger, Instant cut, CancellationToken cancellationToken)
    {
        for (var bound = cut; ;)
        {
            var last = (await kernel.Store.LoadHistoryAsync(customer, new HistoryStart.Before(bound + Duration.FromTicks(1)), cancellationToken).ConfigureAwait(false)).Checkpoint;
            if (last is null || last.At <= history.Opening?.At || DisposalPlan.Cut(history, drafts, last.At) is not { } free)
            {
                return null;
            }

            // Entries that do not change the state, such as refused ones, may lie between the last one that does and the checkpoint.
            var isFree = history.Entries.All(entry => entry.EffectiveAt <= free || entry.EffectiveAt > last.At);
            if (isFree && plan.IsUsable(last) && plan.Leads(customer, state, history, ledger, last))
            {
                return last;
            }

            bound = isFree ? last.At - Duration.FromTicks(1) : free;
        }
    }

    /// <summary>Entries that stay, and the version of the customer upon which that was decided.</summary>
    private sealed record Held(HeldHistory History, long Version);
}
