using Crm.Events;
using Crm.Storage;
using Crm.Values;

namespace Crm.Engine;

/// <summary>
/// Of the histories of some customers, only what windows have missed that no definition had before: the events that they count, as far back as they reach. Where anything was ever taken back, or two histories became one, the
/// rest of the history says what is left of an event, so that all of it is needed.
/// </summary>
/// <param name="kernel">Whose customers.</param>
internal sealed class MissedEntries(Kernel kernel)
{
    private readonly List<EntriesAfter> asked = [];
    private readonly SortedSet<string> kinds = new(StringComparer.Ordinal);
    private readonly Dictionary<CustomerId, List<HistoryEntry>> entries = [];

    /// <summary>Asks for a customer's, in the order of scans.</summary>
    /// <returns>False where it is known beforehand that all of the history is needed, or the store cannot read a part of it.</returns>
    public bool Ask(CustomerId customer, CustomerState state)
    {
        if (kernel.Store is not IHistoryScan || state.Opening is not null || state.NeedsWholeHistory || !state.Awaited.IsEmpty)
        {
            return false;
        }

        asked.Add(new EntriesAfter(customer, state.Observed.LackingAfter));
        kinds.UnionWith(state.Observed.LackingKinds);
        return true;
    }

    /// <summary>Reads what was asked for.</summary>
    /// <returns>Those of whom all of the history is needed.</returns>
    public async ValueTask<IReadOnlyList<CustomerId>> ReadAsync(CancellationToken cancellationToken)
    {
        if (asked.Count == 0 || kernel.Store is not IHistoryScan scan)
        {
            return [];
        }

        foreach (var (customer, _) in asked)
        {
            entries.Add(customer, []);
        }

        var changing = kernel.Modules.Changing;
        var whole = new List<CustomerId>();
        await foreach (var some in scan.ReadEntriesAsync(new EntryRequest(asked, kinds.ToSequence(), changing), cancellationToken).ConfigureAwait(false))
        {
            foreach (var (customer, entry) in some)
            {
                if (!entries.TryGetValue(customer, out var own))
                {
                    continue;
                }

                own.Add(entry);
                if (changing.Contains(entry.Event.Kind))
                {
                    whole.Add(customer);
                    entries.Remove(customer);
                }
            }
        }

        return whole;
    }

    /// <summary>What was read of a customer; null where all of the history is needed, or nothing was asked for.</summary>
    public List<HistoryEntry>? Of(CustomerId customer) => entries.GetValueOrDefault(customer);
}
