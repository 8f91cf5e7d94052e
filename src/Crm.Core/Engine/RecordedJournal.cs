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

    public static RecordedJournal Of(CustomerHistory history, ModuleSet modules, StateCodec codec)
    {
        var drafts = JournalDraft.Of(history, modules, codec).Where(draft => draft.InJournalOf is null).ToDictionary(draft => draft.Version);
        return new RecordedJournal([.. history.Entries.OrderBy(entry => entry.Version)
            .Select(entry => drafts.TryGetValue(entry.Version, out var draft) ? (draft, true) : (JournalDraft.Of(HistoryEntry.Of(entry), modules.Kinds), false))])
        {
            Joined = history.Joined.ToDictionary(joined => joined.By, joined => Of(joined.History, modules, codec)),
        };
    }
}
