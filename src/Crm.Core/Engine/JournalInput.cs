using Crm.Events;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Engine;

/// <summary>One input of a fold: a journal entry with what is left of its event.</summary>
/// <param name="Entry">The entry as journalled, or as drafted.</param>
/// <param name="Event">What is left of the event; null when it was taken back wholly.</param>
internal sealed record JournalInput(JournalDraft Entry, CustomerEvent? Event);

/// <summary>What a fold needs to know of a journal entry, whether stored or being decided.</summary>
internal sealed record JournalDraft
{
    public required CustomerEvent Event { get; init; }

    public required EventKind Kind { get; init; }

    public required Instant EffectiveAt { get; init; }

    public required Instant RecordedAt { get; init; }

    public required long Version { get; init; }

    public Fields Observations { get; init; }

    /// <summary>Whether it was decided before; then a request in it was accepted.</summary>
    public bool Decided { get; init; }

    public bool Backfill { get; init; }

    /// <summary>Whether what falls due before it is part of the history that is imported with it, so that nothing is sent for that either.</summary>
    public bool SilencesDue => Backfill && !Engine.Observations.HasOwnDue(Observations);

    /// <summary>In whose journal it is, where that is somebody who was merged into the customer; null: in the customer's own.</summary>
    public CustomerId? InJournalOf { get; init; }

    /// <summary>For a merge whose other history is there, who was merged, and with what their history began; null for everything else.</summary>
    public (CustomerId Customer, CustomerState Beginning)? Joins { get; init; }

    /// <summary>What it was recorded to have given, where other definitions decided it than those of today, or nobody knows which; null: those of today decide.</summary>
    public AwardRecord? Recorded { get; init; }

    public EventKey Key => Event.Key;

    /// <summary>The drafts of stored entries that took effect, in the order in which they count.</summary>
    public static List<JournalDraft> Of(IReadOnlyList<HistoryEntry> entries, EventKinds kinds)
    {
        var drafts = new List<JournalDraft>(entries.Count);
        var inOrder = true;
        for (var i = 0; i < entries.Count; i++)
        {
            var entry = entries[i];
            if (!entry.Accepted)
            {
                continue;
            }

            var draft = Of(entry, kinds);
            inOrder &= drafts.Count == 0 || Compare(drafts[^1], draft) < 0;
            drafts.Add(draft);
        }

        // Recording instants of a customer rise, so the order is total; most histories were recorded in it.
        if (!inOrder)
        {
            drafts.Sort(Compare);
        }

        return drafts;
    }

    /// <summary>The draft of a stored entry.</summary>
    public static JournalDraft Of(HistoryEntry entry, EventKinds kinds) => new()
    {
        Event = entry.Event,
        Kind = KindOf(entry.Event, kinds),
        EffectiveAt = entry.EffectiveAt,
        RecordedAt = entry.RecordedAt,
        Version = entry.Version,
        Observations = entry.Observations,
        Decided = true,
        Backfill = entry.Backfill,
    };

    /// <summary>The drafts of stored entries that took effect, in the order in which they count.</summary>
    public static IEnumerable<JournalDraft> Of(IEnumerable<JournalEntry> entries, EventKinds kinds) => Of(entries.Select(entry => ((CustomerId?)null, entry)), kinds, null);

    /// <summary>The drafts of a history and of all that were joined to it, in the order in which they count.</summary>
    public static IEnumerable<JournalDraft> Of(CustomerHistory history, ModuleSet modules, StateCodec codec) => history.Joined.IsEmpty
        ? Of(history.Entries, modules.Kinds)
        : Of(history.All(), modules.Kinds, Beginnings(history, modules, codec).ToDictionary());

    // Modules that joined the store later have not seen all of a history: each history begins with what its own customer's have seen.
    private static IEnumerable<KeyValuePair<EventKey, (CustomerId, CustomerState)>> Beginnings(CustomerHistory history, ModuleSet modules, StateCodec codec)
    {
        foreach (var joined in history.Joined)
        {
            var last = joined.Last is { } checkpoint ? codec.Decode(checkpoint.Slots, 0) : null;
            var beginning = HistoryBeginning.Of(codec, modules, joined.History.Opening, last?.Since ?? new long[modules.Count]);
            yield return KeyValuePair.Create(joined.By, (joined.Customer, last is null ? beginning : Pins.Of(modules, beginning, last)));
            foreach (var further in Beginnings(joined.History, modules, codec))
            {
                yield return further;
            }
        }
    }

    private static IEnumerable<JournalDraft> Of(IEnumerable<(CustomerId? Of, JournalEntry Entry)> entries, EventKinds kinds, Dictionary<EventKey, (CustomerId, CustomerState)>? joins) => entries
        .Where(one => one.Entry.Receipt.Accepted)
        .Select(one => new JournalDraft
        {
            Event = one.Entry.Event,
            Kind = KindOf(one.Entry.Event, kinds),
            EffectiveAt = one.Entry.EffectiveAt,
            RecordedAt = one.Entry.RecordedAt,
            Version = one.Entry.Version,
            Observations = one.Entry.Observations,
            Decided = true,
            Backfill = one.Entry.Backfill,
            InJournalOf = one.Of,
            Joins = joins is not null && joins.TryGetValue(one.Entry.Event.Key, out var join) ? join : null,
        })
        .Order(Comparer<JournalDraft>.Create(Compare));

    /// <summary>The kind of an event. One that nobody declares any more was a happening to whoever reads on.</summary>
    public static EventKind KindOf(CustomerEvent happened, EventKinds kinds) => kinds.Find(happened.Kind) ?? new EventKind(happened.Kind, EventNature.Happening);

    private static int Compare(JournalDraft left, JournalDraft right) =>
        left.EffectiveAt.CompareTo(right.EffectiveAt) is not 0 and var byEffect ? byEffect
        : left.RecordedAt.CompareTo(right.RecordedAt) is not 0 and var byRecord ? byRecord
        : left.Key.CompareTo(right.Key);
}
