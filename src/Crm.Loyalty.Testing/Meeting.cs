using System.Collections.Concurrent;
using Crm.Events;
using Crm.Modules;
using Crm.Values;

namespace Crm.Loyalty.Testing;

/// <summary>Where two hosts wait for each other, once.</summary>
/// <param name="decision">Which decision about an event they come with: the one that is written.</param>
internal sealed class Meeting(int decision)
{
    // A store that locks what it reads lets the other host wait instead; then they cannot meet, and go on.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly TaskCompletionSource both = new();
    private readonly int[] arrivals = new int[2];
    private readonly ConcurrentDictionary<EventKey, int> decisions = [];

    /// <summary>A host is here; it goes on when the other has come, too. Whoever comes again is not held up.</summary>
    public void Come(int host, EventKey key)
    {
        if (decisions.AddOrUpdate(key, 1, static (_, before) => before + 1) < decision || Interlocked.Increment(ref arrivals[host]) > 1)
        {
            return;
        }

        if (Volatile.Read(ref arrivals[1 - host]) > 0)
        {
            both.TrySetResult();
        }

        both.Task.Wait(Patience);
    }
}

/// <summary>A module that says whom it decides about, before it does.</summary>
internal sealed class MeetingModule(ICustomerModule inner, Action<CustomerId, EventKey> decides) : ICustomerModule
{
    public ModuleContract Contract => inner.Contract;

    public Outcome Handle(object state, ModuleContext context)
    {
        decides(context.Customer, context.Cause);
        return inner.Handle(state, context);
    }

    public Outcome.Accepted Correct(object stored, object without, object with) => inner.Correct(stored, without, with);

    public Outcome.Accepted? Merge(object survivor, object retired, ModuleContext context) => inner.Merge(survivor, retired, context);

    public Outcome.Accepted? Pin(object state, object seen) => inner.Pin(state, seen);

    public Outcome.Accepted? PinPassed(object state, object passed) => inner.PinPassed(state, passed);
}
