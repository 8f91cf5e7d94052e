using Crm.Events;
using Crm.Modules;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Engine;

/// <summary>
/// Decides a history again in the order in which it was recorded, as an engine did. Where nothing is irrevocable, the order in which events count is enough; what an irrevocable module has done stays when
/// something earlier changes afterwards, and so it depends on when that was recorded.
/// </summary>
internal sealed class RecordedReplay(ModuleSet modules, StateCodec codec, Fold fold)
{
    private readonly bool isIrrevocableOnly = modules.Contracts.All(contract => !contract.Reversible);

    /// <summary>Whether the order in which entries were recorded may tell more than the one in which they count: something was taken back, or came after what counts later.</summary>
    public static bool IsNeeded(IReadOnlyList<HistoryEntry> entries, EventKinds kinds)
    {
        for (var i = 0; i < entries.Count; i++)
        {
            var entry = entries[i];
            if (entry.Version != i + 1 || (i > 0 && entry.EffectiveAt < entries[i - 1].EffectiveAt) || JournalDraft.KindOf(entry.Event, kinds).Nature == EventNature.Amendment)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>What a history leads to.</summary>
    /// <param name="history">The whole history of a customer.</param>
    /// <param name="until">Up to when what falls due is handled at the end.</param>
    /// <param name="all">Gets what comes of it, what corrections write among it.</param>
    public CustomerState Run(StoredHistory history, Instant until, Consequences all)
    {
        var course = new RecordedCourse(this, history.Customer, all);
        foreach (var entry in history.Entries)
        {
            course.Take(entry);
        }

        fold.BringForward(history.Customer, course.State, until, all);
        return course.State;
    }

    public EventKinds Kinds => modules.Kinds;

    public CustomerState Beginning() => HistoryBeginning.Of(codec, modules, null, new long[modules.Count]);

    public void Forward(CustomerId customer, CustomerState state, Instant until, Consequences all, SuppliesLeft? left)
    {
        if (state.NextDue <= until)
        {
            fold.BringForward(customer, state, until, all, left is null ? null : [left]);
        }
    }

    public void Happen(CustomerId customer, CustomerState state, JournalDraft draft, Consequences all, SuppliesLeft? left)
    {
        all.Lines.Clear();
        fold.Happen(customer, state, new JournalInput(draft, draft.Event), all, left);
    }

    // The difference of two replays, and what irrevocable modules make of it. By those alone, nothing of the one without the change is looked at.
    public CustomerState Correct(CustomerId customer, CustomerState state, List<JournalDraft> before, JournalDraft draft, Consequences all)
    {
        all.Lines.Clear();
        var until = state.Handled is { } handled && handled > draft.EffectiveAt ? handled : draft.EffectiveAt;
        List<JournalDraft> ordered = [.. before.Where(entry => entry.EffectiveAt <= draft.EffectiveAt), draft, .. before.Where(entry => entry.EffectiveAt > draft.EffectiveAt)];
        var (unchanged, changed) = (EffectiveHistory.Of(before), EffectiveHistory.Of(ordered));
        var start = Pins.Of(fold, modules, customer, Beginning(), state, unchanged, changed, until);
        var with = Replay.Run(fold, customer, start, changed.Inputs, until);
        var without = isIrrevocableOnly ? with : Replay.Run(fold, customer, start, unchanged.Inputs, until, draft);
        var corrected = new Correction(modules, codec, state, without, with, draft).Apply(all, Shortages.None, out _);
        fold.TellCorrected(customer, corrected, draft, new Amending(fold, customer, start, draft, ordered, unchanged, changed), all);
        return corrected;
    }
}
