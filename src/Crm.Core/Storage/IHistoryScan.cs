using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Crm.Events;
using Crm.Values;
using NodaTime;

namespace Crm.Storage;

/// <summary>
/// An optional ability: reading whole histories fast, with what deciding them again needs and no more. Ranges of buckets can be read side by side, and all of them together meet every customer that
/// <see cref="IJournalScan"/> does.
/// </summary>
public interface IHistoryScan
{
    /// <summary>The histories of the customers in some buckets, each whole and once, in parts of bounded size.</summary>
    /// <param name="firstBucket">From 0.</param>
    /// <param name="lastBucket">Included; at most 1,023.</param>
    /// <param name="cancellationToken">Cancels.</param>
    IAsyncEnumerable<IReadOnlyList<StoredHistory>> ReadHistoriesAsync(int firstBucket, int lastBucket, CancellationToken cancellationToken);

    /// <summary>
    /// The histories of the customers after one up to another, by bucket and then by id: those of a page. Each whole and once, in parts of bounded size. By default the buckets that they are in are read, and whoever is
    /// not meant is left out.
    /// </summary>
    /// <param name="after">Not this one; null: from the first.</param>
    /// <param name="last">Included.</param>
    /// <param name="cancellationToken">Cancels.</param>
    async IAsyncEnumerable<IReadOnlyList<StoredHistory>> ReadHistoriesAsync(CustomerId? after, CustomerId last, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var some in ReadHistoriesAsync(after?.Bucket ?? 0, last.Bucket, cancellationToken).ConfigureAwait(false))
        {
            yield return [.. some.Where(history => history.Customer.IsAfter(after) && !history.Customer.IsAfter(last))];
        }
    }

    /// <summary>The histories of some customers, by bucket and then by id. Each whole and once, in parts of bounded size. By default those of all between the first and the last are read, and whoever is not meant is left out.</summary>
    /// <param name="customers">In that order.</param>
    /// <param name="cancellationToken">Cancels.</param>
    async IAsyncEnumerable<IReadOnlyList<StoredHistory>> ReadHistoriesAsync(IReadOnlyList<CustomerId> customers, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (customers.Count == 0)
        {
            yield break;
        }

        var meant = customers.ToHashSet();
        await foreach (var some in ReadHistoriesAsync(customers[0].Bucket, customers[^1].Bucket, cancellationToken).ConfigureAwait(false))
        {
            yield return [.. some.Where(history => meant.Contains(history.Customer))];
        }
    }

    /// <summary>Some entries of some customers' histories, by bucket, id and version; in parts of bounded size. By default whole histories are read, and what is not asked for is left out.</summary>
    /// <param name="asked">Which.</param>
    /// <param name="cancellationToken">Cancels.</param>
    async IAsyncEnumerable<IReadOnlyList<CustomerEntry>> ReadEntriesAsync(EntryRequest asked, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(asked);
        var after = asked.Customers.ToDictionary(customer => customer.Customer, customer => customer.After);
        await foreach (var some in ReadHistoriesAsync([.. asked.Customers.Select(customer => customer.Customer)], cancellationToken).ConfigureAwait(false))
        {
            yield return [.. some.SelectMany(history => history.Entries.Where(entry => asked.Has(entry, after[history.Customer])).Select(entry => new CustomerEntry(history.Customer, entry)))];
        }
    }
}

/// <summary>Asks for those entries of histories that may count in measures, and those after which nothing can be said without the whole.</summary>
/// <param name="Customers">Whose, by bucket and then by id.</param>
/// <param name="Kinds">The kinds of events of which the entries after an instant are asked for.</param>
/// <param name="Always">The kinds of which all entries are.</param>
public sealed record EntryRequest(IReadOnlyList<EntriesAfter> Customers, Sequence<string> Kinds, Sequence<string> Always)
{
    /// <summary>Whether an entry of a customer is asked for.</summary>
    /// <param name="entry">The entry.</param>
    /// <param name="after">The instant of that customer.</param>
    public bool Has(HistoryEntry entry, Instant? after)
    {
        ArgumentNullException.ThrowIfNull(entry);
        return ((after is null || entry.EffectiveAt > after) && Kinds.Contains(entry.Event.Kind)) || Always.Contains(entry.Event.Kind);
    }
}

/// <summary>A customer, and the instant after which entries are asked for.</summary>
/// <param name="Customer">Whose.</param>
/// <param name="After">They take effect after this one; null: whenever they do.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct EntriesAfter(CustomerId Customer, Instant? After);

/// <summary>An entry of a history.</summary>
/// <param name="Customer">Whose.</param>
/// <param name="Entry">The entry.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct CustomerEntry(CustomerId Customer, HistoryEntry Entry);

/// <summary>The journal of a customer, without the answers that were given.</summary>
/// <param name="Customer">Whose.</param>
/// <param name="Entries">All entries, in the order in which they were recorded.</param>
public sealed record StoredHistory(CustomerId Customer, IReadOnlyList<HistoryEntry> Entries)
{
    /// <summary>Whether deciding the entries again tells all of the customer: no earlier ones were disposed of, and nobody was merged with anybody.</summary>
    public bool IsWhole => Entries is [{ Version: 1 }, ..] && Entries.All(entry => entry.Event.Kind is not (EventKinds.MergedName or EventKinds.RetiredName));
}

/// <summary>A journal entry as far as deciding it again needs it.</summary>
public sealed record HistoryEntry
{
    /// <summary>See <see cref="JournalEntry.Version"/>.</summary>
    public required long Version { get; init; }

    /// <summary>See <see cref="JournalEntry.Event"/>.</summary>
    public required CustomerEvent Event { get; init; }

    /// <summary>See <see cref="JournalEntry.EffectiveAt"/>.</summary>
    public required Instant EffectiveAt { get; init; }

    /// <summary>See <see cref="JournalEntry.RecordedAt"/>.</summary>
    public required Instant RecordedAt { get; init; }

    /// <summary>Whether it took effect; otherwise it is a request that was refused.</summary>
    public required bool Accepted { get; init; }

    /// <summary>See <see cref="JournalEntry.Observations"/>.</summary>
    public Fields Observations { get; init; }

    /// <summary>See <see cref="JournalEntry.Backfill"/>.</summary>
    public bool Backfill { get; init; }

    /// <summary>What of a journal entry deciding it again needs.</summary>
    public static HistoryEntry Of(JournalEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        return new()
        {
            Version = entry.Version,
            Event = entry.Event,
            EffectiveAt = entry.EffectiveAt,
            RecordedAt = entry.RecordedAt,
            Accepted = entry.Receipt.Accepted,
            Observations = entry.Observations,
            Backfill = entry.Backfill,
        };
    }
}
