using Crm.Events;
using Crm.Modules;
using Crm.Storage;
using Crm.Values;
using NodaTime;

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

    /// <summary>What of it counts up to an instant, and was known at another. What came later than the first came no later than that for what is asked.</summary>
    public RecordedJournal At(Instant instant, Instant? knownAt) => new(
        [.. Entries.Where(entry => entry.Draft.EffectiveAt <= instant && !(entry.Draft.RecordedAt > knownAt))
            .Select(entry => (entry.Draft.RecordedAt > instant ? entry.Draft with { RecordedAt = instant } : entry.Draft, entry.Accepted))])
    {
        Joined = Joined.ToDictionary(joined => joined.Key, joined => joined.Value.At(instant, knownAt)),
    };

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
