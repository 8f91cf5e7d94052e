using Crm.Values;
using NodaTime;

namespace Crm.Engine;

/// <summary>When the journals of a history became those of one customer.</summary>
internal sealed class JournalUnions
{
    private readonly Dictionary<CustomerId, (CustomerId? Survivor, Instant At)> merges = [];
    private readonly Dictionary<EventKey, JournalDraft> drafts = [];

    private JournalUnions()
    {
    }

    /// <summary>The unions of a history; null where it has one journal.</summary>
    public static JournalUnions? Of(IReadOnlyList<JournalDraft> history)
    {
        JournalUnions? unions = null;
        foreach (var draft in history)
        {
            if (draft.Joins is { } joins)
            {
                (unions ??= new JournalUnions()).merges[joins.Customer] = (draft.InJournalOf, draft.RecordedAt);
            }
        }

        foreach (var draft in unions is null ? [] : history)
        {
            unions?.drafts.TryAdd(draft.Key, draft);
        }

        return unions;
    }

    /// <summary>Whether an amendment may take back an event: both were recorded for one customer, or the later of them when the two were one.</summary>
    public bool MayTakeBack(JournalDraft amendment, EventKey original)
    {
        if (!drafts.TryGetValue(original, out var known) || known.InJournalOf == amendment.InJournalOf)
        {
            return true;
        }

        var later = known.RecordedAt > amendment.RecordedAt ? known.RecordedAt : amendment.RecordedAt;
        return later > OneSince(known.InJournalOf, amendment.InJournalOf);
    }

    // Up both ways to the journal in which they meet; the last merge on the way made them one.
    private Instant OneSince(CustomerId? left, CustomerId? right)
    {
        var ways = WayUp(left);
        var since = Instant.MinValue;
        for (var journal = right; !ways.ContainsKey(journal ?? default);)
        {
            var (survivor, at) = merges[journal ?? default];
            since = Instant.Max(since, at);
            journal = survivor;
            right = survivor;
        }

        return Instant.Max(since, ways[right ?? default]);
    }

    private Dictionary<CustomerId, Instant> WayUp(CustomerId? journal)
    {
        var ways = new Dictionary<CustomerId, Instant> { [journal ?? default] = Instant.MinValue };
        for (var since = Instant.MinValue; journal is { } retired && merges.TryGetValue(retired, out var merge);)
        {
            since = Instant.Max(since, merge.At);
            ways[merge.Survivor ?? default] = since;
            journal = merge.Survivor;
        }

        return ways;
    }
}
