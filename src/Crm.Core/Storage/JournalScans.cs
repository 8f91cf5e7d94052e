using System.Runtime.CompilerServices;
using Crm.Values;

namespace Crm.Storage;

/// <summary>What readers of the whole store have in common.</summary>
public static class JournalScans
{
    /// <summary>The journals of all customers, one customer at a time; see <see cref="IJournalScan.ReadAllAsync"/>.</summary>
    public static async IAsyncEnumerable<(CustomerId Customer, IReadOnlyList<JournalEntry> Journal)> ReadJournalsAsync(this IJournalScan scan, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(scan);
        var (current, journal) = (default(CustomerId), new List<JournalEntry>());
        await foreach (var (customer, entry) in scan.ReadAllAsync(cancellationToken).ConfigureAwait(false))
        {
            if (journal.Count > 0 && customer != current)
            {
                yield return (current, journal);
                journal = [];
            }

            current = customer;
            journal.Add(entry);
        }

        if (journal.Count > 0)
        {
            yield return (current, journal);
        }
    }
}
