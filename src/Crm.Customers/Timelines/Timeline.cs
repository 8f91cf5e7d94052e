using Crm.Events;
using Crm.Storage;
using Crm.Values;

namespace Crm.Customers.Timelines;

/// <summary>
/// Everything that happened to a customer and what was decided about it, newest first, with all that happened to those who were merged into the customer. It reads the customer's journal, so a page costs what
/// the journal is long, and one round trip for each journal.
/// </summary>
/// <param name="store">The store.</param>
/// <param name="texts">The sentences.</param>
public sealed class Timeline(ICustomerStore store, TimelineTexts texts)
{
    private const int LargestPage = 1000;
    private readonly ICustomerStore store = store ?? throw new ArgumentNullException(nameof(store));
    private readonly TimelineTexts texts = texts ?? throw new ArgumentNullException(nameof(texts));

    /// <summary>A page of a customer's timeline.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The page is smaller than 1 or larger than 1,000.</exception>
    public async ValueTask<TimelinePage> ReadAsync(CustomerId customer, TimelineQuery query, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        if (query.Most is < 1 or > LargestPage)
        {
            throw new ArgumentOutOfRangeException(nameof(query), query.Most, $"A page has 1 to {LargestPage} entries.");
        }

        // The newest of what fits, one more than the page so that it is known whether another follows.
        var newest = new SortedDictionary<TimelinePlace, TimelineEntry>();
        var one = customer;
        var journals = new Queue<CustomerId>([one]);
        while (journals.TryDequeue(out var journal))
        {
            await foreach (var recorded in store.ReadJournalAsync(journal, 0, cancellationToken).ConfigureAwait(false))
            {
                if (journal == one && JoinedHistories.SurvivorOf(recorded) is { } survivor)
                {
                    // An id that stands for another's: the journal ends here, and the whole story is told over there.
                    newest.Clear();
                    journals.Clear();
                    journals.Enqueue(one = survivor);
                    break;
                }

                if (JoinedHistories.RetiredBy(recorded) is { } retired)
                {
                    journals.Enqueue(retired);
                }

                foreach (var entry in EntriesOf(recorded, query, journal == one ? default : journal))
                {
                    newest.Add(entry.Place, entry);
                    if (newest.Count > query.Most + 1)
                    {
                        newest.Remove(newest.First().Key);
                    }
                }
            }
        }

        var page = newest.Values.Reverse().Take(query.Most).ToSequence();
        return new TimelinePage(page, newest.Count > query.Most ? page[^1].Place : null);
    }

    // What a retirement tells, the merge tells already.
    private IEnumerable<TimelineEntry> EntriesOf(JournalEntry recorded, TimelineQuery query, CustomerId journal)
    {
        var at = recorded.EffectiveAt;
        if (at < query.From || at >= query.Until || recorded.Event.Kind == EventKinds.RetiredName)
        {
            yield break;
        }

        var happened = recorded.Event;
        var kind = MessageOutcomes.Has(happened.Kind) ? TimelineKind.Message : TimelineKind.Event;
        var place = new TimelinePlace(at, recorded.Version, 0) { Journal = journal };
        if (Wanted(query, kind, happened.Kind, place))
        {
            yield return new TimelineEntry(at, kind, happened.Kind, texts.Describe(happened), place) { Event = happened.Key, Actor = happened.Actor };
        }

        if (recorded.Receipt.Refusal is { } refusal && Wanted(query, TimelineKind.Decision, refusal.Code, place with { Line = 1 }))
        {
            yield return new TimelineEntry(at, TimelineKind.Decision, refusal.Code, refusal.Detail, place with { Line = 1 }) { Event = happened.Key, Module = refusal.Module };
        }

        for (var i = 0; i < recorded.Receipt.Lines.Count; i++)
        {
            var line = recorded.Receipt.Lines[i];
            var there = place with { Line = i + 1 };
            if (Wanted(query, TimelineKind.Decision, line.Code, there))
            {
                yield return new TimelineEntry(at, TimelineKind.Decision, line.Code, texts.Describe(line), there) { Event = happened.Key, Module = line.Module };
            }
        }
    }

    private static bool Wanted(TimelineQuery query, TimelineKind kind, string code, TimelinePlace place) =>
        (query.Kinds.IsEmpty || query.Kinds.Contains(kind))
        && (query.Codes.IsEmpty || query.Codes.Contains(code))
        && (query.After is not { } after || place.CompareTo(after) < 0);
}
