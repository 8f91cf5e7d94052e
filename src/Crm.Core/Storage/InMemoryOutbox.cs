using System.Runtime.InteropServices;
using Crm.Values;
using NodaTime;

namespace Crm.Storage;

/// <summary>The outbox of <see cref="InMemoryStore"/>. Guarded by the store's lock.</summary>
internal sealed class InMemoryOutbox
{
    private readonly Dictionary<string, Place> waiting = new(StringComparer.Ordinal);

    // Of messages, where they stood; of follow-ups nothing more than that they have left, or were withdrawn.
    private readonly Dictionary<string, Place?> left = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Place?> withdrawn = new(StringComparer.Ordinal);
    private readonly SortedDictionary<Place, Row> rows = [];

    public void Write(Commit commit)
    {
        for (var i = 0; i < commit.Outbox.Count; i++)
        {
            var item = commit.Outbox[i];
            if (!left.ContainsKey(item.Id))
            {
                Put(item, new Place(item.NotBefore, commit.RecordedAt, commit.Customer, commit.Version, i));
            }
        }

        foreach (var id in commit.Withdrawn)
        {
            Withdraw(id);
        }

        if (commit.WithdrawsMessages)
        {
            MessagesOf(commit.Customer).ForEach(Withdraw);
        }

        foreach (var id in commit.Settled)
        {
            Settle(id);
        }
    }

    private List<string> MessagesOf(CustomerId customer) => [.. rows.Values.Where(row => row.Item is OutboxItem.OfMessage && row.Item.Customer == customer).Select(row => row.Item.Id)];

    private void Withdraw(string id)
    {
        if (waiting.ContainsKey(id))
        {
            withdrawn[id] = PlaceOf(id);
            Remove(id);
        }
    }

    /// <summary>How many items might leave at an instant, and since when the first of them.</summary>
    public (long Depth, Instant? Since) Waiting(Instant now) => rows.Keys.TakeWhile(place => place.NotBefore <= now).LongCount() is > 0 and var depth ? (depth, rows.Keys.First().NotBefore) : (0, null);

    /// <summary>How many messages were written by an instant that might leave only after it.</summary>
    public long Deferred(Instant at)
    {
        return rows.Where(row => row.Value.Item is OutboxItem.OfMessage).Select(row => row.Key).Concat(left.Values.OfType<Place>()).LongCount(Waits);

        bool Waits(Place place) => place.RecordedAt <= at && place.NotBefore > at;
    }

    /// <summary>Takes severed identities out of the follow-ups that wait.</summary>
    public void Sever(CustomerId customer, IReadOnlyCollection<Identity> severed)
    {
        foreach (var row in rows.Values)
        {
            row.Item = (row.Item as OutboxItem.OfFollowUp)?.Without(customer, severed) ?? row.Item;
        }
    }

    /// <summary>Hands over what waits for one customer to another.</summary>
    public void Move(CustomerId from, CustomerId to)
    {
        foreach (var row in rows.Values.Where(row => row.Item.Customer == from))
        {
            row.Item = row.Item with { Customer = to };
        }
    }

    public IReadOnlyList<OutboxItem> Lease(Instant now, Instant until, int most)
    {
        var leased = rows.TakeWhile(pair => pair.Key.NotBefore <= now).Where(pair => pair.Value.FreeFrom <= now).Take(most).Select(pair => pair.Value).ToList();
        foreach (var row in leased)
        {
            row.FreeFrom = until;
        }

        return leased.ConvertAll(row => row.Item);
    }

    public void Release(string id, Instant lease, Instant notBefore, bool wasTried)
    {
        if (waiting.TryGetValue(id, out var place) && rows[place] is { Item: var item, FreeFrom: var freeFrom } && freeFrom == lease)
        {
            var from = Instant.Max(item.NotBefore, notBefore);
            Remove(id);
            Put(item with { NotBefore = from, Attempts = item.Attempts + (wasTried ? 1 : 0) }, place with { NotBefore = from });
        }
    }

    public void Settle(string id)
    {
        // An id that the outbox never had may still come; one that was withdrawn may have left all the same.
        if (withdrawn.Remove(id, out var stood))
        {
            left[id] = stood;
        }
        else if (waiting.ContainsKey(id))
        {
            left[id] = PlaceOf(id);
            Remove(id);
        }
    }

    private Place? PlaceOf(string id) => waiting.TryGetValue(id, out var place) && rows[place].Item is OutboxItem.OfMessage ? place : null;

    private Instant Remove(string id)
    {
        var freeFrom = Instant.MinValue;
        if (waiting.Remove(id, out var place))
        {
            freeFrom = rows[place].FreeFrom;
            rows.Remove(place);
        }

        return freeFrom;
    }

    private void Put(OutboxItem item, Place place)
    {
        var freeFrom = Remove(item.Id);
        withdrawn.Remove(item.Id);
        waiting.Add(item.Id, place);
        rows.Add(place, new Row(item) { FreeFrom = freeFrom });
    }

    private sealed class Row(OutboxItem item)
    {
        public OutboxItem Item { get; set; } = item;

        public Instant FreeFrom { get; set; } = Instant.MinValue;
    }

    /// <summary>Where an item stands in the queue.</summary>
    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Place(Instant NotBefore, Instant RecordedAt, CustomerId Customer, long Version, int Position) : IComparable<Place>
    {
        public int CompareTo(Place other) => Parts.CompareTo(other.Parts);

        private (Instant, Instant, CustomerId, long, int) Parts => (NotBefore, RecordedAt, Customer, Version, Position);
    }
}
