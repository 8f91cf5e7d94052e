using System.Runtime.InteropServices;
using Crm.Values;
using NodaTime;

namespace Crm.Storage;

/// <summary>The wake-ups of <see cref="InMemoryStore"/>. Guarded by the store's lock.</summary>
internal sealed class InMemoryWakeups
{
    private readonly Dictionary<CustomerId, (Instant Due, Instant FreeFrom)> rows = [];
    private readonly SortedSet<(Instant Due, CustomerId Customer)> queue = new(Comparer<(Instant Due, CustomerId Customer)>.Create(static (left, right) =>
        left.Due.CompareTo(right.Due) is not 0 and var order ? order : left.Customer.CompareTo(right.Customer)));

    public void Write(Commit commit)
    {
        if (!commit.NextDueChanged)
        {
            return;
        }

        if (commit.NextDue is not { } due)
        {
            if (rows.Remove(commit.Customer, out var last))
            {
                queue.Remove((last.Due, commit.Customer));
            }

            return;
        }

        ref var row = ref CollectionsMarshal.GetValueRefOrAddDefault(rows, commit.Customer, out var known);
        if (known && row.Due != due)
        {
            queue.Remove((row.Due, commit.Customer));
        }

        if (!known || row.Due != due)
        {
            queue.Add((due, commit.Customer));
        }

        row = (due, Instant.MinValue);
    }

    /// <summary>How many customers are due at an instant, and since when the first of them.</summary>
    public (long Customers, Instant? Since) Due(Instant now) => queue.TakeWhile(entry => entry.Due <= now).LongCount() is > 0 and var due ? (due, queue.Min.Due) : (0, null);

    public IReadOnlyList<CustomerId> Lease(Instant due, Instant now, Instant until, int most)
    {
        var leased = queue.TakeWhile(entry => entry.Due <= due).Where(entry => rows[entry.Customer].FreeFrom <= now).Take(most).ToList();
        foreach (var entry in leased)
        {
            rows[entry.Customer] = (entry.Due, until);
        }

        return leased.ConvertAll(entry => entry.Customer);
    }
}
