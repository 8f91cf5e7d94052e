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

            var draft = new JournalDraft
            {
                Event = entry.Event,
                Kind = kinds.Find(entry.Event.Kind) ?? new EventKind(entry.Event.Kind, EventNature.Happening),
                EffectiveAt = entry.EffectiveAt,
                RecordedAt = entry.RecordedAt,
                Version = entry.Version,
                Observations = entry.Observations,
                Decided = true,
                Backfill = entry.Backfill,
            };
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

    private static int Compare(JournalDraft left, JournalDraft right) =>
        left.EffectiveAt.CompareTo(right.EffectiveAt) is not 0 and var byEffect ? byEffect
        : left.RecordedAt.CompareTo(right.RecordedAt) is not 0 and var byRecord ? byRecord
        : left.Key.CompareTo(right.Key);

    /// <summary>The drafts of stored entries that took effect, in the order in which they count.</summary>
    public static IEnumerable<JournalDraft> Of(IEnumerable<JournalEntry> entries, EventKinds kinds) => entries
        .Where(entry => entry.Receipt.Accepted)
        .OrderBy(entry => entry.EffectiveAt).ThenBy(entry => entry.RecordedAt).ThenBy(entry => entry.Event.Key)
        .Select(entry => new JournalDraft
        {
            Event = entry.Event,
            Kind = kinds.Find(entry.Event.Kind) ?? new EventKind(entry.Event.Kind, EventNature.Happening),
            EffectiveAt = entry.EffectiveAt,
            RecordedAt = entry.RecordedAt,
            Version = entry.Version,
            Observations = entry.Observations,
            Decided = true,
            Backfill = entry.Backfill,
        });
}
