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
    private static readonly HashSet<string> NothingClosed = [];

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
        var course = new Course(this, history.Customer, all);
        foreach (var entry in history.Entries)
        {
            course.Take(entry);
        }

        fold.BringForward(history.Customer, course.State, until, all);
        return course.State;
    }

    /// <summary>One history on its way.</summary>
    private sealed class Course(RecordedReplay replay, CustomerId customer, Consequences all)
    {
        private readonly List<JournalDraft> ordered = [];
        private readonly HashSet<EventKey> awaited = [];
        private long version;

        public CustomerState State { get; private set; } = replay.Beginning();

        public void Take(HistoryEntry entry)
        {
            var draft = JournalDraft.Of(entry, replay.Kinds);

            // A version without an entry is a commit of what was due; no later than by now it had been handled.
            if (entry.Version > version + 1)
            {
                replay.Forward(customer, State, entry.RecordedAt, all, draft);
            }

            version = entry.Version;
            if (State.Handled is not { } handled || draft.Event.OccurredAt >= handled || draft.EffectiveAt > handled)
            {
                replay.Forward(customer, State, draft.EffectiveAt, all, draft);
            }
            else if (draft.Kind.Nature == EventNature.Request && draft.EffectiveAt < handled)
            {
                // A request that comes late is decided now, and by these modules now may be later than it was.
                draft = draft with { EffectiveAt = handled };
            }

            if (!entry.Accepted)
            {
                return;
            }

            if (draft.Kind.Nature == EventNature.Amendment || draft.Kind.OpensHistory || (draft.EffectiveAt < State.Handled && !draft.Kind.OrderFree) || awaited.Contains(draft.Key))
            {
                State = replay.Correct(customer, State, ordered, draft, all);
                Await(draft);
            }
            else
            {
                replay.Happen(customer, State, draft, all);
            }

            ordered.Insert(PlaceOf(draft), draft);
        }

        // An amendment may come before what it takes from.
        private void Await(JournalDraft draft)
        {
            awaited.Remove(draft.Key);
            if (draft.Kind.Nature == EventNature.Amendment && draft.Event.Original is { } original && !ordered.Exists(entry => entry.Key == original))
            {
                awaited.Add(original);
            }
        }

        private int PlaceOf(JournalDraft draft)
        {
            var place = ordered.Count;
            while (place > 0 && ordered[place - 1].EffectiveAt > draft.EffectiveAt)
            {
                place--;
            }

            return place;
        }
    }

    private EventKinds Kinds => modules.Kinds;

    private CustomerState Beginning() => HistoryBeginning.Of(codec, modules, null, new long[modules.Count]);

    private void Forward(CustomerId customer, CustomerState state, Instant until, Consequences all, JournalDraft before)
    {
        if (state.NextDue <= until)
        {
            fold.BringForward(customer, state, until, all, [.. Observations.Closings(before)]);
        }
    }

    private void Happen(CustomerId customer, CustomerState state, JournalDraft draft, Consequences all)
    {
        all.Lines.Clear();
        fold.Happen(customer, state, new JournalInput(draft, draft.Event), all);
    }

    // The difference of two replays, and what irrevocable modules make of it. By those alone, nothing of the one without the change is looked at.
    private CustomerState Correct(CustomerId customer, CustomerState state, List<JournalDraft> before, JournalDraft draft, Consequences all)
    {
        all.Lines.Clear();
        var until = state.Handled is { } handled && handled > draft.EffectiveAt ? handled : draft.EffectiveAt;
        var changed = EffectiveHistory.Of([.. before.Where(entry => entry.EffectiveAt <= draft.EffectiveAt), draft, .. before.Where(entry => entry.EffectiveAt > draft.EffectiveAt)]);
        var with = Replay.Run(fold, customer, Beginning(), changed.Inputs, until);
        var without = isIrrevocableOnly ? with : Replay.Run(fold, customer, Beginning(), EffectiveHistory.Of(before).Inputs, until);
        var corrected = new Correction(modules, codec, state, without, with, draft).Apply(all, NothingClosed, out _);
        fold.TellCorrected(customer, corrected, draft, all);
        return corrected;
    }
}
