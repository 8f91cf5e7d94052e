using Crm.Events;
using Crm.Modules;
using Crm.Storage;
using Crm.Values;

namespace Crm.Engine;

/// <summary>The entries of a journal in the order in which they were recorded, those that were refused among them, and the journals that its merges have joined.</summary>
/// <param name="Entries">Its own entries, each as of the customer whose journal it is, and whether it took effect.</param>
internal sealed record RecordedJournal(IReadOnlyList<(JournalDraft Draft, bool Accepted)> Entries)
{
    /// <summary>The journals that were joined, by the key of the merge.</summary>
    public IReadOnlyDictionary<EventKey, RecordedJournal> Joined { get; init; } = new Dictionary<EventKey, RecordedJournal>();

    /// <summary>Who was joined, and who was to them.</summary>
    public IEnumerable<CustomerId> Customers =>
        Entries.Where(entry => entry.Accepted && entry.Draft.Joins is not null).SelectMany(entry => Joined[entry.Draft.Key].Customers.Prepend(entry.Draft.Joins!.Value.Customer));

    /// <summary>What of it counts for a question. What came later than what is asked about came no later than that for what is asked.</summary>
    public RecordedJournal At(PastQuestion question) => new(
        [.. Entries.Where(entry => IsKnown(entry.Draft, question) && Counts(entry.Draft, question))
            .Select(entry => (entry.Draft.RecordedAt > question.At ? entry.Draft with { RecordedAt = question.At } : entry.Draft, entry.Accepted))])
    {
        Joined = Joined.ToDictionary(joined => joined.Key, joined => joined.Value.At(question)),
    };

    /// <summary>Whether something that does not count for a question, and is known, takes from what does.</summary>
    public bool IsAmendedAfter(PastQuestion question) => Entries.Any(entry => entry.Draft.Kind.Nature == EventNature.Amendment && IsKnown(entry.Draft, question) && !Counts(entry.Draft, question));

    /// <summary>A journal that was joined to no other, nor another to it.</summary>
    public static RecordedJournal Of(IEnumerable<HistoryEntry> entries, EventKinds kinds) => new([.. entries.Select(entry => (JournalDraft.Of(entry, kinds), entry.Accepted))]);

    public static RecordedJournal Of(CustomerHistory history, ModuleSet modules, StateCodec codec)
    {
        var drafts = JournalDraft.Of(history, modules, codec).Where(draft => draft.InJournalOf is null).ToDictionary(draft => draft.Version);
        return new RecordedJournal([.. history.Entries.OrderBy(entry => entry.Version)
            .Select(entry => drafts.TryGetValue(entry.Version, out var draft) ? (draft, true) : (JournalDraft.Of(HistoryEntry.Of(entry), modules.Kinds), false))])
        {
            Joined = history.Joined.ToDictionary(joined => joined.By, joined => Of(joined.History, modules, codec)),
        };
    }

    private static bool IsKnown(JournalDraft draft, PastQuestion question) => !(draft.RecordedAt > question.KnownAt);

    private static bool Counts(JournalDraft draft, PastQuestion question) => draft.EffectiveAt <= question.At && !(draft.EffectiveAt > question.HappenedUntil);
}
