using Crm.Events;
using Crm.Values;
using NodaTime;

namespace Crm.Storage;

/// <summary>The history of somebody who was merged into another customer.</summary>
/// <param name="Customer">Who: an id that stands for the survivor now.</param>
/// <param name="By">The merge, an entry of the survivor's journal.</param>
/// <param name="Last">The state in which they were merged; null where the store has it no more.</param>
/// <param name="History">All entries of their own journal.</param>
public sealed record JoinedHistory(CustomerId Customer, EventKey By, Checkpoint? Last, CustomerHistory History);

/// <summary>Reads histories with those that merges have joined to them: journals stay where they are, and a merge is an entry that names the other one.</summary>
public static class JoinedHistories
{
    /// <summary>The observation of a merge that names who was retired.</summary>
    internal const string RetiredObservation = "m:retired";

    /// <summary>The observation of a retirement that names who stays.</summary>
    internal const string SurvivorObservation = "m:survivor";

    /// <summary>Who was merged into the customer by a journal entry; null for all other entries.</summary>
    public static CustomerId? RetiredBy(JournalEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        return entry.Event.Kind == EventKinds.MergedName && entry.Observations[RetiredObservation].AsCode is { } id ? CustomerId.Parse(id) : null;
    }

    /// <summary>Into whom the customer was merged by a journal entry; null for all other entries.</summary>
    public static CustomerId? SurvivorOf(JournalEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        return entry.Event.Kind == EventKinds.RetiredName && entry.Observations[SurvivorObservation].AsCode is { } id ? CustomerId.Parse(id) : null;
    }

    /// <summary>A customer's whole history, with the histories of all who were merged into the customer.</summary>
    public static async ValueTask<CustomerHistory> LoadWholeAsync(this ICustomerStore store, CustomerId customer, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(store);
        var own = await store.LoadHistoryAsync(customer, new HistoryStart.Beginning(), cancellationToken).ConfigureAwait(false);
        return await store.JoinAsync(own, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>A history as loaded with those that its entries join to it, each whole. It costs nothing where there are none.</summary>
    public static async ValueTask<CustomerHistory> JoinAsync(this ICustomerStore store, CustomerHistory history, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(history);
        List<JoinedHistory>? joined = null;
        foreach (var entry in history.Entries)
        {
            if (RetiredBy(entry) is { } retired)
            {
                // The state in which they were merged counts at the very instant of the merge.
                var after = new HistoryStart.Before(entry.EffectiveAt + Duration.FromTicks(1));
                var last = (await store.LoadHistoryAsync(retired, after, cancellationToken).ConfigureAwait(false)).Checkpoint;
                (joined ??= []).Add(new JoinedHistory(retired, entry.Event.Key, last, await store.LoadWholeAsync(retired, cancellationToken).ConfigureAwait(false)));
            }
        }

        return joined is null ? history : history with { Joined = joined.ToSequence() };
    }

    /// <summary>The histories joined to one, and those joined to them.</summary>
    internal static IEnumerable<JoinedHistory> AllJoined(this CustomerHistory history) => history.Joined.SelectMany(joined => joined.History.AllJoined().Prepend(joined));

    /// <summary>All entries of a history and of those joined to it, each with the customer in whose journal it is; null for the history's own.</summary>
    public static IEnumerable<(CustomerId? Of, JournalEntry Entry)> All(this CustomerHistory history)
    {
        ArgumentNullException.ThrowIfNull(history);
        return Of(null, history);
    }

    private static IEnumerable<(CustomerId? Of, JournalEntry Entry)> Of(CustomerId? customer, CustomerHistory history) =>
        history.Entries.Select(entry => (customer, entry)).Concat(history.Joined.SelectMany(joined => Of(joined.Customer, joined.History)));
}
