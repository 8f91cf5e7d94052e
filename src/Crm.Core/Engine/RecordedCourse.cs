using Crm.Events;
using Crm.Modules;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Engine;

/// <summary>One history on its way through a <see cref="RecordedReplay"/>: its entries are taken in the order in which they were recorded.</summary>
/// <param name="replay">Decides.</param>
/// <param name="customer">Whose history.</param>
/// <param name="all">Gets what comes of it.</param>
internal sealed class RecordedCourse(RecordedReplay replay, CustomerId customer, Consequences all)
{
    private readonly List<JournalDraft> ordered = [];
    private readonly HashSet<EventKey> awaited = [];
    private long version;
    private EventKey? next;
    private SuppliesLeft? left;

    public CustomerState State { get; private set; } = replay.Beginning();

    public void Take(HistoryEntry entry) => Take(JournalDraft.Of(entry, replay.Kinds), entry.Accepted);

    public void Take(JournalDraft draft, bool accepted)
    {
        // A version without an entry is a commit of what was due; no later than by now it had been handled.
        if (draft.Version > version + 1)
        {
            Forward(draft.RecordedAt, draft);
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

        if (!accepted)
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
            replay.Happen(customer, State, draft, all, LeftFor(draft));
        }

        ordered.Insert(PlaceOf(draft), draft);
    }

    /// <summary>Goes past a version of the journal without what it says.</summary>
    public void Pass(long passed) => version = long.Max(version, passed);

    /// <summary>Handles what is due.</summary>
    /// <param name="until">Included.</param>
    /// <param name="before">The entry that comes next, which knows what supplies had left; null: none is known to have been.</param>
    public void Forward(Instant until, JournalDraft? before) => replay.Forward(customer, State, until, all, before is null ? null : LeftFor(before));

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
