using Crm.Storage;

namespace Crm.Engine;

/// <summary>Lets one writer of this process at a customer at a time; others wait in line instead of losing against each other.</summary>
internal sealed class CustomerQueue(Pacing pacing)
{
    // A customer who is here has a writer; the line is of those who wait, and null while nobody does.
    private readonly Dictionary<object, LinkedList<TaskCompletionSource>?> lines = [];
    private readonly Lock guard = new();

    /// <summary>Waits for a customer, known by id or identity. Whoever waits for several asks in the order of <see cref="Order"/>.</summary>
    public ValueTask<IDisposable> EnterAsync(CustomerRef customer, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var key = Key(customer);
        lock (guard)
        {
            if (lines.TryAdd(key, null))
            {
                return ValueTask.FromResult<IDisposable>(new Turn(this, key));
            }

            var line = lines[key] ??= [];
            return WaitAsync(key, line, line.AddLast(new TaskCompletionSource(pacing.Turns)), cancellationToken);
        }
    }

    /// <summary>The different customers of many references, in the one order in which they are waited for.</summary>
    public static IEnumerable<CustomerRef> Order(IReadOnlyCollection<CustomerRef> customers) => customers.Count < 2 ? customers : customers
        .DistinctBy(Key)
        .OrderBy(customer => customer.Id?.ToString(), StringComparer.Ordinal)
        .ThenBy(customer => customer.Identity?.Kind, StringComparer.Ordinal)
        .ThenBy(customer => customer.Identity?.Value, StringComparer.Ordinal);

    public static object Key(CustomerRef customer) => customer.Id is { } id ? id : customer.Identity is { } identity ? identity : throw new ArgumentException("A customer is named by id or identity; neither was given.", nameof(customer));

    private async ValueTask<IDisposable> WaitAsync(object key, LinkedList<TaskCompletionSource> line, LinkedListNode<TaskCompletionSource> place, CancellationToken cancellationToken)
    {
        await using var registration = cancellationToken.UnsafeRegister((_, token) => GiveUp(line, place, token), null).ConfigureAwait(false);
        await place.Value.Task.ConfigureAwait(false);
        return new Turn(this, key);
    }

    // Whoever has been called already has the turn, and gives it back as anybody does.
    private void GiveUp(LinkedList<TaskCompletionSource> line, LinkedListNode<TaskCompletionSource> place, CancellationToken cancellationToken)
    {
        lock (guard)
        {
            if (place.List is null)
            {
                return;
            }

            line.Remove(place);
        }

        place.Value.TrySetCanceled(cancellationToken);
    }

    private void Leave(object key)
    {
        TaskCompletionSource? next = null;
        lock (guard)
        {
            if (lines[key] is { First: { } first } line)
            {
                next = first.Value;
                line.RemoveFirst();
            }
            else
            {
                lines.Remove(key);
            }
        }

        next?.SetResult();
    }

    private sealed class Turn(CustomerQueue queue, object key) : IDisposable
    {
        private bool left;

        public void Dispose()
        {
            if (!left)
            {
                left = true;
                queue.Leave(key);
            }
        }
    }
}
