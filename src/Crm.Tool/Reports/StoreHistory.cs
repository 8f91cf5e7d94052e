using System.Runtime.CompilerServices;
using Crm.Engine;
using Crm.Tool.Stores;
using Crm.Values;
using NodaTime;

namespace Crm.Tool.Reports;

/// <summary>Customers as they were at an instant.</summary>
internal static class StoreHistory
{
    /// <summary>
    /// Every customer as of an instant. Where nothing happened after it, the stored states are brought forward; otherwise the journal up to it is decided again, in memory.
    /// </summary>
    /// <param name="hasLater">Whether the journal has entries after the instant.</param>
    /// <param name="leavesOut">Is told of each customer of whom nothing can be said, because events that tell of the instant have been disposed of.</param>
    public static async IAsyncEnumerable<CustomerView> ReadAsync(OpenedStore store, StoreSettings settings, Instant last, bool hasLater, Action<CustomerId> leavesOut, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var engine = await store.EngineAsync(settings, new StoppedClock(last), cancellationToken);
        if (!hasLater)
        {
            await foreach (var view in engine.ReadAllAsync(cancellationToken))
            {
                yield return view;
            }

            yield break;
        }

        await foreach (var past in engine.ReadAllAsync(new PastQuestion(last) { WithoutLaterAmendments = true, LeavesOut = leavesOut }, cancellationToken))
        {
            yield return past.Customer;
        }
    }

    private sealed class StoppedClock(Instant now) : IClock
    {
        public Instant GetCurrentInstant() => now;
    }
}
