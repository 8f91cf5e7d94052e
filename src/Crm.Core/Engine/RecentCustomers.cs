using Crm.Storage;
using Crm.Values;

namespace Crm.Engine;

/// <summary>
/// Customers as they were after this engine's latest commits to them, so that the next event of one is decided without a load. What somebody else has changed since is noticed by its version when
/// the decision is committed; then the customer is loaded. It holds a bounded number and forgets by overwriting; threads share it without waiting. Where others keep changing the same customers it would mislead more
/// than help: then it is not asked for a while, each time for longer.
/// </summary>
/// <param name="most">How many; 0: none.</param>
internal sealed class RecentCustomers(int most)
{
    // What is saved is a load; what is lost by a decision upon what is no longer true costs about as much as these.
    private const int Loss = 8;
    private const int MostCredit = 64;
    private const int FirstPause = 64;
    private const int LongestPause = 65_536;

    private static readonly Entry?[] Nobody = [];
    private Entry?[] entries = Nobody;
    private int credit = MostCredit / 4;
    private int nextPause = FirstPause;
    private int pause;

    /// <summary>A customer as remembered; null where it must be loaded.</summary>
    public CustomerSnapshot? Find(CustomerRef customer)
    {
        if (entries.Length == 0)
        {
            return null;
        }

        if (Volatile.Read(ref pause) > 0)
        {
            Interlocked.Decrement(ref pause);
            return null;
        }

        return Volatile.Read(ref PlaceOf(customer)) is { } entry && entry.Id == customer.Id && entry.Identity == customer.Identity ? entry.Snapshot : null;
    }

    /// <summary>Hears whether what was remembered was still true. Threads may do so at once; which of them counts does not matter.</summary>
    public void Learn(bool held)
    {
        if (held)
        {
            if (credit < MostCredit && ++credit == MostCredit)
            {
                nextPause = FirstPause;
            }
        }
        else if ((credit -= Loss) < 0)
        {
            credit = 0;
            Volatile.Write(ref pause, nextPause);
            nextPause = Math.Min(2 * nextPause, LongestPause);
        }
    }

    /// <summary>Remembers a customer under a reference as a durable commit left it.</summary>
    public void Keep(CustomerRef customer, CustomerSnapshot before, Commit commit)
    {
        if (most == 0)
        {
            return;
        }

        if (entries.Length == 0)
        {
            Interlocked.CompareExchange(ref entries, new Entry?[most], Nobody);
        }

        var claimed = commit.Claims.FirstOrDefault(claim => claim.Identity == customer.Identity);
        var after = before with
        {
            Customer = commit.Customer,
            Version = commit.Version,
            Identities = before.Identities + commit.Claims.Count,
            IdentityReference = claimed.Reference > 0 ? claimed.Reference : before.IdentityReference,
            Slots = StoredSlot.With(before.Slots, commit.Slots),
            Profile = commit.Profile ?? before.Profile,
            Recorded = null,
        };
        Volatile.Write(ref PlaceOf(customer), new Entry(customer.Id, customer.Identity, after));
    }

    /// <summary>Forgets a customer.</summary>
    public void Forget(CustomerRef customer)
    {
        if (entries.Length > 0)
        {
            Volatile.Write(ref PlaceOf(customer), null);
        }
    }

    /// <summary>Forgets everybody: after an error of the store, which may be another server by now that lacks the latest commits.</summary>
    public void Clear() => Array.Clear(entries);

    private ref Entry? PlaceOf(CustomerRef customer) => ref entries[(int)((uint)HashCode.Combine(customer.Id, customer.Identity) % (uint)entries.Length)];

    private sealed record Entry(CustomerId? Id, Identity? Identity, CustomerSnapshot Snapshot);
}
