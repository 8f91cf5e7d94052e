using Crm.Events;
using Crm.Modules;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Engine;

/// <summary>The events that change what was decided before: amendments, and what came late. What they come to is the difference of two replays.</summary>
internal sealed partial class Decision
{
    private FactTable? factsBeforeCorrection;
    private CustomerHistory? wholeHistory;
    private Instant? invalidFrom;

    private async ValueTask<(TakenBack? Taken, Refusal? Refusal)> CorrectAsync(JournalDraft draft, Consequences own, Shortages shortages, CancellationToken cancellationToken)
    {
        if (draft.Event is { Kind: EventKinds.RefundName, Original: null })
        {
            state.NeedsWholeHistory = true;
        }

        var (start, before) = await HistoryAsync(draft, cancellationToken).ConfigureAwait(false);
        var drafts = JournalDraft.Of(WithNew(before), kernel.Modules, kernel.Codec)
            .Where(entry => entry.InJournalOf is not null || start.Handled is not { } from || entry.EffectiveAt > from).ToList();
        var isOfDisposed = await DisposedHistory.ReachesAsync(kernel.Store, Customer, state, drafts, draft, cancellationToken).ConfigureAwait(false);
        if (!isOfDisposed && draft is { Kind.Nature: EventNature.Amendment, Event.Original: { } original } && drafts.TrueForAll(entry => entry.Key != original || entry.EffectiveAt > draft.EffectiveAt))
        {
            state.NeedsWholeHistory = true;
        }

        drafts = await AwardRecords.RecallAsync(kernel, Customer, state.DecidedBy, drafts, async () => WithNew(await WholeAsync(cancellationToken).ConfigureAwait(false)), cancellationToken).ConfigureAwait(false);
        var change = new HistoryChange(fold, kernel.Modules, kernel.Codec, Customer, start, state, drafts, draft);
        var (unchanged, changed) = (change.Unchanged, change.Changed);
        var told = new Consequences { Of = Whose.Irrevocable };
        if (draft.Kind.OpensHistory)
        {
            fold.OpenedBy(draft, told);
        }

        own.Lines.AddRange(told.Lines);
        var since = Since(unchanged, changed);
        var correction = change.Decide(since, () => RecordedJournal.Of(WithNew(before), kernel.Modules, kernel.Codec));
        if (isOfDisposed || DisposedHistory.IsLookedFor(state, unchanged, changed, draft))
        {
            own.Lines.Add(DisposedHistory.Line);
        }

        RememberAwaited(draft, drafts, isOfDisposed);
        if (correction.Refused is { } refused)
        {
            // A request that an amendment was waiting for, and that is refused like any other.
            return (null, refused);
        }

        var corrected = correction.Apply(own, shortages, out var gone);
        factsBeforeCorrection ??= state.Facts.AsRemembered();
        corrected.NeedsWholeHistory = state.NeedsWholeHistory;
        corrected.Awaited = state.Awaited;
        corrected.Journal = state.Journal;
        corrected.Opening = state.Opening;
        corrected.IsForgotten = state.IsForgotten;
        corrected.Untold = state.Untold;
        corrected.DecidedBy = state.DecidedBy;
        consequences.Messages.RemoveAll(message => gone.Contains(MessageName.Of(message)));
        (withdrawn ??= []).UnionWith(gone);
        Invalidate(unchanged, changed, draft, own);
        if (since is not null)
        {
            // What was kept of the state before the event was kept of modules that had not seen it, or had.
            InvalidateFrom(changed.Inputs[0].Entry.EffectiveAt);
            since.CopyTo(corrected.Since.AsSpan());
        }

        state = corrected;
        change.Tell(state, own);
        return (changed.TakenBy(draft.Key) ?? changed.TakenBy(draft.Event, unchanged), null);
    }

    // Since when modules see history with a change that opens it to some, or closes it again; null: it does neither.
    private long[]? Since(EffectiveHistory unchanged, EffectiveHistory changed)
    {
        var openings = SeenHistory.Openings(changed.Inputs.Select(input => input.Entry));
        var others = openings.FindAll(opening => (unchanged.Left.GetValueOrDefault(opening.Key) is not null) != Counts(opening));
        return others.Count == 0 ? null : SeenHistory.Since(fold, kernel.Modules, state.Since, openings, Counts, others);

        bool Counts(JournalDraft opening) => changed.Left[opening.Key] is not null;
    }

    // Awaited originals are those that an amendment names and that have not come.
    private void RememberAwaited(JournalDraft draft, List<JournalDraft> drafts, bool isOfDisposed)
    {
        if (!isOfDisposed && draft.Kind.Nature == EventNature.Amendment && draft.Event.Original is { } original && drafts.All(entry => entry.Key != original))
        {
            state.Awaited = state.Awaited.Contains(original) ? state.Awaited : state.Awaited.Add(original);
        }
        else if (state.Awaited.Contains(draft.Key))
        {
            state.Awaited = state.Awaited.Where(key => key != draft.Key).ToSequence();
        }
    }

    // Checkpoints from the first event that differs on are no longer true; the replay has made new ones of what is decided again.
    private void Invalidate(EffectiveHistory unchanged, EffectiveHistory changed, JournalDraft draft, Consequences own)
    {
        var first = changed.Inputs.First(input => input.Entry.Key == draft.Key || input.Event != unchanged.Left[input.Entry.Key]).Entry.EffectiveAt;
        InvalidateFrom(first);
        // What the replay leaves irrevocable modules with is not what they decided, and those that are told of the change may ask about an event after it.
        var isTold = fold.TellsIrrevocable(draft.Event.Kind);
        own.Checkpoints.RemoveAll(checkpoint => isTold || checkpoint.At < first);
    }

    private bool IsMinded(string kind) => kernel.Modules.Windows.SeriesTouchedBy(kind).Length > 0 || kernel.Modules.HandlersFor(kind).Length > 0;

    private void InvalidateFrom(Instant first)
    {
        invalidFrom = invalidFrom is { } already && already < first ? already : first;
        consequences.Checkpoints.RemoveAll(checkpoint => checkpoint.At >= first);
    }

    private async ValueTask<(CustomerState Start, CustomerHistory History)> HistoryAsync(JournalDraft draft, CancellationToken cancellationToken)
    {
        var whole = state.NeedsWholeHistory || !state.Awaited.IsEmpty || invalidFrom is not null || draft.Kind.OpensHistory;
        if (Born)
        {
            return (Newborn(), new CustomerHistory(null, []));
        }

        if (whole || wholeHistory is not null)
        {
            return await FromBeginningAsync(cancellationToken).ConfigureAwait(false);
        }

        HistoryStart from = draft.Kind.Nature == EventNature.Amendment && draft.Event.Original is { } original
            ? new HistoryStart.BeforeEvent(original)
            : new HistoryStart.Before(draft.EffectiveAt);
        var history = await kernel.Store.JoinAsync(await kernel.Store.LoadHistoryAsync(Customer, from, cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
        if (history.Checkpoint is null)
        {
            wholeHistory = history;
        }

        // Whatever takes back an amendment changes the event that the amendment took from, which may be before any checkpoint before it; what opened history is decided again with all of it.
        var takesBackAmendment = history.Entries.Any(entry => entry.Event.Key == draft.Event.Original && kernel.Modules.Kinds.Find(entry.Event.Kind) is { Nature: EventNature.Amendment } or { OpensHistory: true });
        // Where a merge comes after the checkpoint, what is left of the retired journal may depend on amendments before it.
        if (history.Checkpoint is not { } checkpoint || checkpoint.At >= draft.EffectiveAt || takesBackAmendment || !history.Joined.IsEmpty)
        {
            return await FromBeginningAsync(cancellationToken).ConfigureAwait(false);
        }

        var start = kernel.Codec.Decode(checkpoint.Slots, 0);
        Array.Copy(state.Since, start.Since, start.Since.Length);
        return start.Observed.MissingLeaves.IsEmpty ? (start, history) : await FromBeginningAsync(cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask<(CustomerState Start, CustomerHistory History)> FromBeginningAsync(CancellationToken cancellationToken)
    {
        var whole = await WholeAsync(cancellationToken).ConfigureAwait(false);
        return (Beginning(whole.Opening), whole);
    }

    private async ValueTask<CustomerHistory> WholeAsync(CancellationToken cancellationToken) =>
        wholeHistory ??= await kernel.Store.LoadWholeAsync(Customer, cancellationToken).ConfigureAwait(false);

    // What was read with others must be neither older nor newer than the state, and nothing may be missing from it.
    private static bool IsOf(CustomerState state, StoredHistory history) =>
        state.Opening is null && history.IsWhole && state.Journal?.Count == history.Entries.Count && state.RecordedAt == history.Entries[^1].RecordedAt;

    // With what has been decided so far.
    private async ValueTask<(JournalOpening? Opening, IReadOnlyList<JournalInput> Inputs)> WholeInputsAsync(CancellationToken cancellationToken)
    {
        if (given is not null)
        {
            return (null, EffectiveHistory.InputsOf(JournalDraft.Of(entries.Count == 0 ? given : [.. given, .. entries.Select(HistoryEntry.Of)], kernel.Modules.Kinds)));
        }

        var whole = await WholeAsync(cancellationToken).ConfigureAwait(false);
        return (whole.Opening, EffectiveHistory.InputsOf([.. JournalDraft.Of(WithNew(whole), kernel.Modules, kernel.Codec)]));
    }

    private CustomerHistory WithNew(CustomerHistory history) => entries.Count == 0 ? history : history with { Entries = history.Entries.Concat(entries).ToSequence() };

    private CustomerState Newborn() => Beginning(null);

    private CustomerState Beginning(JournalOpening? opening) => HistoryBeginning.Of(kernel.Codec, kernel.Modules, opening, state.Since);
}
