using Crm.Values;
using NodaTime;

namespace Crm.Storage;

/// <summary>The wake-ups of <see cref="InMemoryStore"/>. Guarded by the store's lock.</summary>
internal sealed class InMemoryWakeups
{
    private readonly Dictionary<CustomerId, (Instant Due, Instant FreeFrom)> rows = [];
    private readonly SortedSet<(Instant Due, CustomerId Customer)> queue = [];

    public void Write(Commit commit)
    {
        if (!commit.NextDueChanged)
        {
            return;
        }

        if (rows.Remove(commit.Customer, out var row))
        {
            queue.Remove((row.Due, commit.Customer));
        }

        if (commit.NextDue is { } due)
        {
            rows.Add(commit.Customer, (due, Instant.MinValue));
            queue.Add((due, commit.Customer));
        }
    }

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
