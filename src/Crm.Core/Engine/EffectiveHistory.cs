using Crm.Events;
using Crm.Values;
using NodaTime;

namespace Crm.Engine;

/// <summary>
/// A history with what its amendments took back taken out: a function of the whole history, so that it does not matter in how many pieces, or in which order, something was taken back.
/// Before a merge its two journals are of two customers: what the one took back was not taken from the other, unless one of the two events came when they were one.
/// </summary>
internal sealed class EffectiveHistory
{
    private readonly Dictionary<EventKey, KeptSpend> kept = [];
    private readonly Dictionary<EventKey, TakenBack> taken = [];
    private readonly Dictionary<EventKey, Instant> reaches = [];
    private readonly Dictionary<EventKey, JournalDraft> drafts = [];
    private readonly HashSet<EventKey> voided;
    private readonly JournalUnions? unions;
    private Dictionary<EventKey, CustomerEvent?>? left;

    private EffectiveHistory(IReadOnlyList<JournalDraft> ordered)
    {
        foreach (var draft in ordered)
        {
            // As in Left, the first of two.
            drafts.TryAdd(draft.Key, draft);
        }

        unions = JournalUnions.Of(ordered);
        voided = Voided(ordered);
        foreach (var draft in ordered)
        {
            if (draft.Event.Spend is not null && draft.Kind.Nature != EventNature.Amendment && !voided.Contains(draft.Key))
            {
                kept[draft.Key] = new KeptSpend(draft.Event);
            }
        }

        var own = new EarlierPurchases();
        var joined = unions is null ? null : new Dictionary<CustomerId, EarlierPurchases>();
        for (var place = 0; place < ordered.Count; place++)
        {
            var draft = ordered[place];
            var earlier = Of(draft.InJournalOf);
            if (draft.Joins is { } joins)
            {
                earlier.Join(Of(joins.Customer));
            }
            else if (voided.Contains(draft.Key))
            {
                continue;
            }
            else if (draft.Kind.Nature == EventNature.Amendment)
            {
                TakeBack(draft, earlier);
            }
            else if (kept.GetValueOrDefault(draft.Key) is { } purchase)
            {
                earlier.Enter(purchase, place);
            }
        }

        own.Flush();
        foreach (var earlier in joined is null ? Enumerable.Empty<EarlierPurchases>() : joined.Values)
        {
            earlier.Flush();
        }

        EarlierPurchases Of(CustomerId? journal) => journal is not { } customer || joined is null ? own
            : joined.TryGetValue(customer, out var known) ? known
            : joined[customer] = new EarlierPurchases();

        Inputs = [.. ordered.Select(draft => new JournalInput(draft, LeftOf(draft)))];
    }

    /// <summary>The entries in their order, each with what is left of its event.</summary>
    public IReadOnlyList<JournalInput> Inputs { get; }

    /// <param name="ordered">The entries in the order in which they count.</param>
    public static EffectiveHistory Of(IReadOnlyList<JournalDraft> ordered) => new(ordered);

    /// <summary>What is left of each event, by its key; null when it was taken back wholly. Of an event that somebody else has recorded meanwhile there are two: then of the first; the commit will be refused.</summary>
    public IReadOnlyDictionary<EventKey, CustomerEvent?> Left => left ??= Inputs.DistinctBy(input => input.Entry.Key).ToDictionary(input => input.Entry.Key, input => input.Event);

    /// <summary>The entries in their order, each with what is left of its event: all of it where nothing was ever taken back.</summary>
    public static IReadOnlyList<JournalInput> InputsOf(List<JournalDraft> ordered) =>
        ordered.Exists(draft => draft.Kind.Nature == EventNature.Amendment) ? Of(ordered).Inputs : ordered.ConvertAll(draft => new JournalInput(draft, draft.Event));

    /// <summary>What a refund of the history took back; null for everything else, and where the refund was itself taken back.</summary>
    public TakenBack? TakenBy(EventKey refund) => taken.GetValueOrDefault(refund);

    /// <summary>What a cancellation of the history took back, compared with the history without it: what was left of the spend of the event that it names. Null where that is not there, or has no spend to take.</summary>
    public TakenBack? TakenBy(CustomerEvent cancellation, EffectiveHistory without) =>
        cancellation is { Kind: EventKinds.CancellationName, Original: { } original } && without.SpendLeftOf(original) is { } before && SpendLeftOf(original) is { } after
            ? new TakenBack(before - after, new Money(0, before.Currency), new Money(0, before.Currency))
            : null;

    /// <summary>The instant of the first event that an amendment of the history takes from, directly or through other amendments; its own where there is none before it.</summary>
    public Instant ReachOf(JournalDraft amendment)
    {
        var reach = amendment.EffectiveAt;
        var seen = new HashSet<EventKey>();
        for (JournalDraft? next = amendment; next is not null && seen.Add(next.Key); next = next.Event.Original is { } original ? drafts.GetValueOrDefault(original) : null)
        {
            reach = Instant.Min(reach, next.EffectiveAt);
            if (next.Event is { Kind: EventKinds.RefundName, Original: null })
            {
                // One that was taken back itself might take from anything if it counted again.
                reach = Instant.Min(reach, voided.Contains(next.Key) ? Instant.MinValue : reaches.GetValueOrDefault(next.Key, next.EffectiveAt));
            }
        }

        return reach;
    }

    // A cancellation counts unless one that counts takes it back, in whichever order they came; of two that take back each other, the later one counts.
    private HashSet<EventKey> Voided(IReadOnlyList<JournalDraft> ordered)
    {
        var cancellations = ordered.Where(draft => draft.Event is { Kind: EventKinds.CancellationName, Original: { } original } && (unions is null || unions.MayTakeBack(draft, original))).Reverse().ToList();
        if (cancellations.Count == 0)
        {
            return [];
        }

        var takenBackBy = cancellations.ToLookup(draft => draft.Event.Original, draft => draft.Key);
        var counts = new Dictionary<EventKey, bool>();
        foreach (var cancellation in cancellations)
        {
            Decide(cancellation.Key);
        }

        return [.. cancellations.Where(draft => counts[draft.Key]).Select(draft => draft.Event.Original ?? draft.Key)];

        bool Decide(EventKey key)
        {
            if (!counts.TryGetValue(key, out var known))
            {
                counts[key] = true;
                counts[key] = known = !takenBackBy[key].Any(Decide);
            }

            return known;
        }
    }

    private CustomerEvent? LeftOf(JournalDraft draft) =>
        voided.Contains(draft.Key) ? null : kept.GetValueOrDefault(draft.Key) is { } purchase ? purchase.Left() : draft.Event;

    private Money? SpendLeftOf(EventKey key) =>
        drafts.GetValueOrDefault(key) is { Event.Spend: { } spend, Kind.Nature: not EventNature.Amendment } ? spend with { MinorUnits = kept.GetValueOrDefault(key)?.Available ?? 0 } : null;

    private void TakeBack(JournalDraft draft, EarlierPurchases earlier)
    {
        var refund = draft.Event;
        if (refund.Kind != EventKinds.RefundName || refund.Spend is not { } amount)
        {
            return;
        }

        var named = refund.Original is { } original && (unions is null || unions.MayTakeBack(draft, original)) ? kept.GetValueOrDefault(original) : null;
        var reachable = refund.Original is null || named?.Currency == amount.Currency;
        var matches = Worths(refund.Lines, amount).Select((worth, place) => new LineMatch(refund.Lines[place], worth, 0, 0)).Select(match => reachable ? Match(refund.Key, match, named, earlier) : match).ToList();
        var matched = matches.Sum(match => match.Amount);
        var remaining = amount.MinorUnits - matched;
        if (remaining > 0 && refund.Original is null && earlier.FirstAvailable(amount.Currency) is { } first)
        {
            Reach(refund.Key, first);
        }

        var spread = !reachable ? 0 : named is not null ? named.TakeBack(remaining, !refund.Lines.IsEmpty) : earlier.Spread(remaining, amount.Currency);
        var unmatched = Unmatched(matches, spread).ToList();
        taken[refund.Key] = new TakenBack(new Money(matched, amount.Currency), new Money(spread, amount.Currency), new Money(remaining - spread, amount.Currency))
        {
            LinesInFull = matches.Count(match => match.Quantity == match.Line.Quantity),
            LinesInPart = matches.Count(match => match.Quantity > 0 && match.Quantity < match.Line.Quantity),
            LinesNotFound = matches.Count(match => match.Quantity == 0),
            LinesUnmatched = unmatched.Count,
            QuantityUnmatched = unmatched.Sum(match => match.Line.Quantity - match.Quantity),
        };
    }

    // What was paid back for each line: its amount or, where lines cost more than was paid back, its share of what was paid back.
    private static long[] Worths(Sequence<EventLine> lines, Money paid)
    {
        long[] amounts = [.. lines.Select(line => line.Amount.MinorUnits)];
        return amounts.Aggregate((Int128)0, static (sum, amount) => sum + amount) > paid.MinorUnits ? Apportionment.Of(paid.MinorUnits, amounts) : amounts;
    }

    // The spread covers the remaining amounts of the lines in their order; those beyond it are unmatched.
    private static IEnumerable<LineMatch> Unmatched(IEnumerable<LineMatch> matches, long spread)
    {
        foreach (var match in matches)
        {
            var remaining = match.Worth - match.Amount;
            if (remaining > spread)
            {
                yield return match;
            }

            spread = Math.Max(0, spread - remaining);
        }
    }

    private void Reach(EventKey refund, KeptSpend purchase)
    {
        var at = drafts[purchase.Happened.Key].EffectiveAt;
        reaches[refund] = reaches.TryGetValue(refund, out var known) ? Instant.Min(known, at) : at;
    }

    private LineMatch Match(EventKey refund, LineMatch match, KeptSpend? named, EarlierPurchases earlier)
    {
        var line = match.Line;
        var places = named is not null
            ? Enumerable.Range(0, named.Happened.Lines.Count).Where(place => named.Happened.Lines[place].Sku == line.Sku).Select(place => (Purchase: named, Line: place))
            : earlier.LatestFirst(line);
        foreach (var (purchase, place) in places)
        {
            if (match.Quantity == line.Quantity)
            {
                break;
            }

            var before = match;
            match = purchase.Take(place, match);
            if (match != before)
            {
                Reach(refund, purchase);
            }
        }

        return match;
    }
}

/// <summary>How much of a refunded line found its article.</summary>
/// <param name="Line">The line.</param>
/// <param name="Worth">What was paid back for it: less than its amount where a discount on the whole, or a fee, was taken off.</param>
/// <param name="Quantity">The quantity that found its article.</param>
/// <param name="Amount">The part of <paramref name="Worth"/> that was taken with it.</param>
internal readonly record struct LineMatch(EventLine Line, long Worth, decimal Quantity, long Amount);
