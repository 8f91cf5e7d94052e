using System.Runtime.InteropServices;
using Crm.Values;
using NodaTime;

namespace Crm.Storage;

/// <summary>The wake-ups of <see cref="InMemoryStore"/>. Guarded by the store's lock.</summary>
internal sealed class InMemoryWakeups
{
    private const int Slack = 64;
    private readonly Dictionary<CustomerId, (Instant Due, Instant FreeFrom)> rows = [];

    // Has an entry for every row, and stale ones of instants that a customer is no longer due at.
    private readonly PriorityQueue<CustomerId, (Instant Due, CustomerId Customer)> queue = new(Comparer<(Instant Due, CustomerId Customer)>.Create(static (left, right) =>
        left.Due.CompareTo(right.Due) is not 0 and var order ? order : left.Customer.CompareTo(right.Customer)));

    public void Write(Commit commit)
    {
        if (!commit.NextDueChanged)
        {
            return;
        }

        if (commit.NextDue is not { } due)
        {
            rows.Remove(commit.Customer);
            return;
        }

        ref var row = ref CollectionsMarshal.GetValueRefOrAddDefault(rows, commit.Customer, out var known);
        if (!known || row.Due != due)
        {
            queue.Enqueue(commit.Customer, (due, commit.Customer));
        }

        row = (due, Instant.MinValue);
        if (queue.Count > (2 * rows.Count) + Slack)
        {
            queue.Clear();
            queue.EnqueueRange(rows.Select(entry => (entry.Key, (entry.Value.Due, entry.Key))));
        }
    }

    /// <summary>How many customers are due at an instant, and since when the first of them.</summary>
    public (long Customers, Instant? Since) Due(Instant now)
    {
        var (count, since) = (0L, (Instant?)null);
        foreach (var (due, _) in rows.Values)
        {
            if (due <= now)
            {
                count++;
                since = since < due ? since : due;
            }
        }

        return (count, since);
    }

    public IReadOnlyList<CustomerId> Lease(Instant due, Instant now, Instant until, int most)
    {
        var leased = new List<CustomerId>();
        var seen = new List<(CustomerId Customer, Instant Due)>();
        while (leased.Count < most && queue.TryPeek(out var customer, out var entry) && entry.Due <= due)
        {
            queue.Dequeue();
            if (!rows.TryGetValue(customer, out var row) || row.Due != entry.Due || (seen.Count > 0 && seen[^1] == (customer, entry.Due)))
            {
                continue;
            }

            seen.Add((customer, entry.Due));
            if (row.FreeFrom <= now)
            {
                rows[customer] = (row.Due, until);
                leased.Add(customer);
            }
        }

        seen.ForEach(entry => queue.Enqueue(entry.Customer, (entry.Due, entry.Customer)));
        return leased;
    }
}
