using Crm.Storage;

namespace Crm.Engine;

/// <summary>Lets one writer of this process at a customer at a time; others wait in line instead of losing against each other.</summary>
internal sealed class CustomerQueue
{
    private readonly Dictionary<object, Place> places = [];
    private readonly Lock guard = new();

    /// <summary>Waits for a customer, known by id or identity. Whoever waits for several asks in the order of <see cref="Order"/>.</summary>
    public async ValueTask<IDisposable> EnterAsync(CustomerRef customer, CancellationToken cancellationToken)
    {
        var key = Key(customer);
        Place? place;
        lock (guard)
        {
            if (!places.TryGetValue(key, out place))
            {
                places[key] = place = new Place();
            }

            place.Waiting++;
        }

        try
        {
            await place.Gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            Leave(key, place, entered: false);
            throw;
        }

        return new Turn(this, key, place);
    }

    /// <summary>The different customers of many references, in the one order in which they are waited for.</summary>
    public static IEnumerable<CustomerRef> Order(IReadOnlyCollection<CustomerRef> customers) => customers.Count < 2 ? customers : customers
        .DistinctBy(Key)
        .OrderBy(customer => customer.Id?.ToString(), StringComparer.Ordinal)
        .ThenBy(customer => customer.Identity?.Kind, StringComparer.Ordinal)
        .ThenBy(customer => customer.Identity?.Value, StringComparer.Ordinal);

    public static object Key(CustomerRef customer) => customer.Id is { } id ? id : customer.Identity is { } identity ? identity : throw new ArgumentException("A customer is named by id or identity; neither was given.", nameof(customer));

    private void Leave(object key, Place place, bool entered)
    {
        lock (guard)
        {
            if (--place.Waiting == 0)
            {
                places.Remove(key);
            }
        }

        if (entered)
        {
            place.Gate.Release();
        }
    }

    private sealed class Place
    {
        public SemaphoreSlim Gate { get; } = new(1, 1);

        public int Waiting { get; set; }
    }

    private sealed class Turn(CustomerQueue queue, object key, Place place) : IDisposable
    {
        private bool left;

        public void Dispose()
        {
            if (!left)
            {
                left = true;
                queue.Leave(key, place, entered: true);
            }
        }
    }
}
