using Crm.Events;
using Crm.Modules;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Engine;

/// <summary>One history on its way through a <see cref="RecordedReplay"/>: its entries are taken in the order in which they were recorded.</summary>
/// <param name="replay">Decides.</param>
/// <param name="customer">Whose history.</param>
/// <param name="beginning">The state that it begins with; it is not changed.</param>
/// <param name="openings">What opens the history to irrevocable modules, each as if it had been there from its own instant on; null: as the history tells of it.</param>
/// <param name="all">Gets what comes of it.</param>
internal sealed class RecordedCourse(RecordedReplay replay, CustomerId customer, CustomerState beginning, IReadOnlyList<JournalDraft>? openings, Consequences all)
{
    private readonly List<JournalDraft> ordered = [];
    private readonly HashSet<EventKey> awaited = [];
    private readonly List<JournalDraft> unopened = [.. openings ?? []];
    private readonly List<(JournalDraft Draft, bool Accepted)>? taken = openings is null ? [] : null;
    private long version;
    private EventKey? next;
    private SuppliesLeft? left;

    public CustomerState State { get; private set; } = beginning.Clone();

    public void Take(JournalDraft draft, bool accepted)
    {
        OpenBefore(draft.EffectiveAt);
        draft = Reach(draft);
        if (accepted)
        {
            Decide(draft);
        }

        taken?.Add((draft, accepted));
    }

    /// <summary>Takes a merge, with the course of the history that it joins.</summary>
    public void Join(JournalDraft merge, CustomerId retired, RecordedCourse joined)
    {
        OpenBefore(merge.EffectiveAt);
        merge = Reach(merge);
        replay.Join(customer, State, joined.State, merge, all, LeftFor(merge));
        awaited.UnionWith(joined.awaited);
        foreach (var draft in joined.ordered.Where(draft => !joined.IsKnown(draft) || draft.RecordedAt <= merge.RecordedAt))
        {
            Insert(draft with { InJournalOf = draft.InJournalOf ?? retired });
        }

        Insert(merge);
    }

    /// <summary>Handles what is due at the end.</summary>
    /// <param name="until">Included.</param>
    public void End(Instant until)
    {
        OpenBefore(Instant.MaxValue);
        Forward(until, null);
    }

    /// <summary>Goes past a version of the journal without what it says.</summary>
    public void Pass(long passed) => version = long.Max(version, passed);

    /// <summary>Handles what is due.</summary>
    /// <param name="until">Included.</param>
    /// <param name="before">The entry that comes next, which knows what supplies had left; null: none is known to have been.</param>
    public void Forward(Instant until, JournalDraft? before) => replay.Forward(customer, State, until, all, before is null ? null : LeftFor(before));

    // What falls due before an entry is handled.
    private JournalDraft Reach(JournalDraft draft)
    {
        // A version without an entry is a commit of what was due. An event that came late says what had been handled by then; otherwise it was no later than by now.
        if (draft.Version > version + 1)
        {
            Forward(Observations.AskedAt(draft.Observations) is { } asked && asked < draft.RecordedAt ? asked : draft.RecordedAt, draft);
        }

        Pass(draft.Version);
        if (State.Handled is not { } handled || draft.Event.OccurredAt >= handled || draft.EffectiveAt > handled)
        {
            Forward(draft.EffectiveAt, draft);
        }
        else if (draft.Kind.Nature == EventNature.Request && draft.EffectiveAt < handled)
        {
            // A request that comes late is decided now, and by these modules now may be later than it was.
            draft = draft with { EffectiveAt = handled };
        }

        return draft;
    }

    private void Decide(JournalDraft draft)
    {
        if (draft.Kind.OpensHistory && openings is not null && (IsKnown(draft) || replay.OpensIrrevocable(draft)))
        {
            // It was there all along, or never.
            Forward(draft.RecordedAt, null);
            return;
        }

        if (draft.Kind.Nature == EventNature.Amendment || draft.Kind.OpensHistory || (draft.EffectiveAt < State.Handled && !draft.Kind.OrderFree) || awaited.Contains(draft.Key))
        {
            State = replay.Correct(customer, beginning, State, ordered, draft, taken is null ? null : new RecordedJournal(taken), all);
            Await(draft);
        }
        else
        {
            replay.Happen(customer, State, draft, all, LeftFor(draft));
        }

        Insert(draft);
        if (draft.Kind.OpensHistory)
        {
            // What a past brings has fallen due long ago.
            Forward(draft.RecordedAt, null);
        }
    }

    private void OpenBefore(Instant instant)
    {
        while (unopened.Count > 0 && unopened[0] is var opening && opening.EffectiveAt < instant)
        {
            unopened.RemoveAt(0);
            Forward(opening.EffectiveAt, null);
            replay.Happen(customer, State, opening, all, null);
            Insert(opening);
        }
    }

    private bool IsKnown(JournalDraft draft) => openings?.Any(opening => opening.Key == draft.Key) == true;

    // What falls due before an entry and the entry itself draw on the same.
    private SuppliesLeft? LeftFor(JournalDraft entry)
    {
        if (next != entry.Key)
        {
            (next, left) = (entry.Key, SuppliesLeft.Of(entry));
        }

        return left;
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

    private void Insert(JournalDraft draft)
    {
        var place = ordered.Count;
        while (place > 0 && ordered[place - 1].EffectiveAt > draft.EffectiveAt)
        {
            place--;
        }

        ordered.Insert(place, draft);
    }
}
