using Crm.Events;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Engine;

/// <summary>Disposes of all that the journal of an erased customer has, and of the journals of those who were merged into them. Nothing is held back: who is erased is asked for nothing again.</summary>
internal sealed class JournalErasure(Kernel kernel, IIdSource ids, IClock clock)
{
    private readonly IJournalDisposal store = kernel.Store as IJournalDisposal ?? throw new InvalidOperationException(
        $"The store {kernel.Store.GetType().Name} keeps journals for ever; implement {nameof(IJournalDisposal)} on it, or keep the journal of who is erased ({nameof(EraseRequest)}.{nameof(EraseRequest.KeepJournal)}).");

    /// <summary>Forgets the journal of a customer, unless it was forgotten before: then what has been recorded since stays.</summary>
    public async ValueTask ForgetAsync(CustomerId customer, EventKey erasure, CancellationToken cancellationToken) => await Attempts.UntilAloneAsync(
        kernel,
        What(customer),
        async _ =>
        {
            var snapshot = await kernel.Store.LoadAsync(CustomerRef.Of(customer) with { Recording = erasure }, cancellationToken).ConfigureAwait(false);
            if (snapshot.Recorded is not { Receipt.IsShort: false })
            {
                return (true, true);
            }

            var history = await kernel.Store.LoadHistoryAsync(customer, new HistoryStart.Beginning(), cancellationToken).ConfigureAwait(false);
            await ForgetJoinedAsync(history, cancellationToken).ConfigureAwait(false);
            var state = (await Decision.BeginAsync(kernel, snapshot, ids, cancellationToken).ConfigureAwait(false)).State;
            return (await DisposeOfAsync(customer, snapshot.Version, state, history, isLive: true, cancellationToken).ConfigureAwait(false), true);
        },
        cancellationToken).ConfigureAwait(false);

    private async ValueTask ForgetJoinedAsync(CustomerHistory history, CancellationToken cancellationToken)
    {
        foreach (var entry in history.Entries)
        {
            if (JoinedHistories.RetiredBy(entry) is { } retired)
            {
                await ForgetRetiredAsync(retired, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    // Whoever was merged into another has the version of the last entry, and nothing.
    private async ValueTask ForgetRetiredAsync(CustomerId retired, CancellationToken cancellationToken) => await Attempts.UntilAloneAsync(
        kernel,
        What(retired),
        async _ =>
        {
            var history = await kernel.Store.LoadHistoryAsync(retired, new HistoryStart.Beginning(), cancellationToken).ConfigureAwait(false);
            if (history.Entries.MaxBy(entry => entry.Version) is not { } last)
            {
                return (true, true);
            }

            await ForgetJoinedAsync(history, cancellationToken).ConfigureAwait(false);
            var state = CustomerState.Newborn(kernel.Modules);
            state.Handled = last.EffectiveAt;
            state.RecordedAt = last.RecordedAt;
            return (await DisposeOfAsync(retired, last.Version, state, history, isLive: false, cancellationToken).ConfigureAwait(false), true);
        },
        cancellationToken).ConfigureAwait(false);

    // The state as it is stands for everything: whatever is recorded from now on counts after the last thing handled.
    private async ValueTask<bool> DisposeOfAsync(CustomerId customer, long version, CustomerState state, CustomerHistory history, bool isLive, CancellationToken cancellationToken)
    {
        // What was recorded after the state was read is not in it yet.
        if (history.Entries.IsEmpty || history.Entries.Any(entry => entry.Version > version))
        {
            return false;
        }

        var now = clock.GetCurrentInstant();
        var ledger = await store.LedgerOfAsync(customer, cancellationToken).ConfigureAwait(false);
        var latest = history.Entries.Max(entry => entry.EffectiveAt);
        var at = state.Handled is { } handled && handled > latest ? handled : latest;
        (state.SinceCheckpoint, state.Opening) = (0, null);
        var opening = DisposalPlan.Opening(new Checkpoint(at, kernel.Codec.EncodeAll(state)), history, ledger, now);
        return await kernel.DisposeOfAsync(store, DisposalPlan.Disposal(kernel.Codec, customer, version, state, history, opening, now, isLive) with { Erases = true }, cancellationToken).ConfigureAwait(false) is CommitResult.Committed;
    }

    private static string What(CustomerId customer) => $"The journal of the customer {customer}";
}
