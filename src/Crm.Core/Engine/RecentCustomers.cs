using Crm.Events;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Engine;

/// <summary>
/// Customers as they were after this engine's latest commits to them, each with the names by which they came, so that the next event of one is decided without a load. What somebody else has changed since is noticed
/// by its version when the decision is committed; then the customer is loaded. It holds a bounded number for a bounded time, and forgets the oldest first. Where others keep changing the same customers it would mislead
/// more than help: then it is not asked for a while, each time for longer.
/// </summary>
/// <param name="most">How many; 0: none.</param>
/// <param name="keptFor">How long after their latest commit.</param>
internal sealed class RecentCustomers(int most, Duration keptFor)
{
    /// <summary>What a customer may take on average. Whoever takes more leaves room for fewer.</summary>
    public const int BytesEach = 8 * 1024;

    // What is saved is a load; what is lost by a decision upon what is no longer true costs about as much as these.
    private const int Loss = 8;
    private const int MostCredit = 64;
    private const int FirstPause = 64;
    private const int LongestPause = 65_536;
    private const int MostNames = 8;
    private const int MostKeys = 16_384;

    private readonly Lock guard = new();
    private readonly Dictionary<CustomerId, LinkedListNode<Entry>> customers = [];
    private readonly Dictionary<Identity, LinkedListNode<Entry>> names = [];
    private readonly LinkedList<Entry> oldestFirst = [];
    private int[] keys = [];
    private long bytes;
    private long began;
    private int credit = MostCredit / 4;
    private int nextPause = FirstPause;
    private int pause;

    /// <summary>How many customers are remembered.</summary>
    public int Count
    {
        get
        {
            lock (guard)
            {
                return customers.Count;
            }
        }
    }

    /// <summary>Names the memory until everybody is forgotten the next time. Whoever is going to keep a customer takes it before the customer is loaded.</summary>
    public long Began => Volatile.Read(ref began);

    /// <summary>A customer as remembered; null where it must be loaded.</summary>
    public CustomerSnapshot? Find(CustomerRef customer, Instant now)
    {
        if (most == 0 || (customer.Recording is { } key && WasRecorded(key)))
        {
            return null;
        }

        if (Volatile.Read(ref pause) > 0)
        {
            Interlocked.Decrement(ref pause);
            return null;
        }

        lock (guard)
        {
            if ((customer.Id is { } id ? customers.GetValueOrDefault(id) : customer.Identity is { } identity ? names.GetValueOrDefault(identity) : null) is not { } found)
            {
                return null;
            }

            if (IsOver(found.Value, now))
            {
                Remove(found);
                return null;
            }

            return found.Value.As(customer.Id is null ? customer.Identity : null);
        }
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

    /// <summary>Remembers a customer as a durable commit left it, unless everybody was forgotten since, or a later commit is remembered.</summary>
    /// <param name="before">The customer upon whom the commit was decided.</param>
    /// <param name="commit">The commit.</param>
    /// <param name="cameBy">The identities by which the customer was found, with their references.</param>
    /// <param name="since">What <see cref="Began"/> was before the customer was loaded.</param>
    /// <param name="now">Now.</param>
    public void Keep(CustomerSnapshot before, Commit commit, ReadOnlySpan<(Identity Identity, int Reference)> cameBy, long since, Instant now)
    {
        if (most == 0)
        {
            return;
        }

        var after = After(before, commit);
        lock (guard)
        {
            if (since != began)
            {
                return;
            }

            RememberKeys(commit);
            var entry = new Entry(after, now);
            if (customers.TryGetValue(commit.Customer, out var known))
            {
                if (known.Value.Snapshot.Version >= commit.Version)
                {
                    return;
                }

                // Whatever came between may have cut a name, or given it to somebody else.
                if (AreSame(known.Value.Snapshot, before))
                {
                    entry.Names.AddRange(known.Value.Names);
                }

                Remove(known);
            }

            foreach (var (identity, reference) in cameBy)
            {
                entry.Add(identity, reference);
            }

            foreach (var (identity, reference) in commit.Claims)
            {
                entry.Add(identity, reference);
            }

            Add(entry);
            Forget(now);
        }
    }

    /// <summary>A customer as a commit leaves them.</summary>
    public static CustomerSnapshot After(CustomerSnapshot before, Commit commit) => before with
    {
        Customer = commit.Customer,
        Version = commit.Version,
        Identities = before.Identities + commit.Claims.Count,
        IdentityReference = null,
        Slots = StoredSlot.With(before.Slots, commit.Slots),
        Profile = commit.Profile ?? before.Profile,
        Recorded = null,
    };

    /// <summary>Forgets a customer, unless a later version than one that misled is remembered.</summary>
    public void Forget(CustomerId customer, long version = long.MaxValue)
    {
        lock (guard)
        {
            if (customers.TryGetValue(customer, out var known) && known.Value.Snapshot.Version <= version)
            {
                Remove(known);
            }
        }
    }

    /// <summary>Forgets whose time is over. Without it they stay until somebody else is remembered, or they come again.</summary>
    public void ForgetOld(Instant now)
    {
        lock (guard)
        {
            Forget(now);
        }
    }

    /// <summary>
    /// Forgets everybody, also those about whom something is being decided: after an erasure, and after an error of the store, which may be another server by now that lacks the latest commits.
    /// </summary>
    public void Clear()
    {
        lock (guard)
        {
            Volatile.Write(ref began, began + 1);
            customers.Clear();
            names.Clear();
            oldestFirst.Clear();
            bytes = 0;
        }
    }

    // Sent again, an event would be decided in vain: the store says what was answered. Two keys in one place make a load too many at worst.
    private bool WasRecorded(EventKey key) => keys is { Length: > 0 } known && key.GetHashCode() is var hash && known[(uint)hash % MostKeys] == hash;

    private void RememberKeys(Commit commit)
    {
        if (keys.Length == 0)
        {
            keys = new int[MostKeys];
        }

        foreach (var entry in commit.Entries)
        {
            var hash = entry.Event.Key.GetHashCode();
            keys[(uint)hash % MostKeys] = hash;
        }
    }

    private bool IsOver(Entry entry, Instant now) => now - entry.At > keptFor;

    private void Forget(Instant now)
    {
        while (oldestFirst.First is { } oldest && (customers.Count > most || bytes > (long)most * BytesEach || IsOver(oldest.Value, now)))
        {
            Remove(oldest);
        }
    }

    private void Add(Entry entry)
    {
        var node = oldestFirst.AddLast(entry);
        if (entry.Snapshot.Customer is { } customer)
        {
            customers.Add(customer, node);
        }

        foreach (var (identity, _) in entry.Names)
        {
            if (names.TryGetValue(identity, out var other))
            {
                other.Value.Names.RemoveAll(name => name.Identity == identity);
            }

            names[identity] = node;
        }

        bytes += entry.Size = entry.Measure();
    }

    private void Remove(LinkedListNode<Entry> node)
    {
        var entry = node.Value;
        oldestFirst.Remove(node);
        if (entry.Snapshot.Customer is { } customer)
        {
            customers.Remove(customer);
        }

        foreach (var (identity, _) in entry.Names)
        {
            names.Remove(identity);
        }

        bytes -= entry.Size;
    }

    // A version is a number; the slot of the kernel has every event's instant and adds up the journal.
    private static bool AreSame(CustomerSnapshot one, CustomerSnapshot other) => one.Version == other.Version
        && one.Slots.FirstOrDefault(slot => slot.Name == StateCodec.KernelSlot) == other.Slots.FirstOrDefault(slot => slot.Name == StateCodec.KernelSlot);

    private sealed class Entry(CustomerSnapshot snapshot, Instant at)
    {
        // As measured: the objects around the content with their places in the tables, each slot, and each name.
        private const int Around = 300;
        private const int AroundSlot = 64;
        private const int AroundName = 150;

        public CustomerSnapshot Snapshot { get; } = snapshot;

        public Instant At { get; } = at;

        public List<(Identity Identity, int Reference)> Names { get; } = new(1);

        public long Size { get; set; }

        /// <summary>The customer as loaded by an identity, or by id.</summary>
        public CustomerSnapshot As(Identity? identity)
        {
            foreach (var name in Names)
            {
                if (name.Identity == identity)
                {
                    return Snapshot with { IdentityReference = name.Reference };
                }
            }

            return Snapshot;
        }

        public void Add(Identity identity, int reference)
        {
            foreach (var name in Names)
            {
                if (name.Identity == identity)
                {
                    return;
                }
            }

            if (Names.Count == MostNames)
            {
                Names.RemoveAt(0);
            }

            Names.Add((identity, reference));
        }

        public long Measure()
        {
            long size = Around;
            foreach (var slot in Snapshot.Slots)
            {
                size += AroundSlot + slot.Bytes.Count;
            }

            foreach (var (name, value) in Snapshot.Profile)
            {
                size += 100 + name.Length + (value.Kind == ScalarKind.Code ? 2 * value.ToString().Length : 0);
            }

            foreach (var (identity, _) in Names)
            {
                size += AroundName + (2 * identity.Value.Length);
            }

            return size;
        }
    }
}
