using System.Runtime.CompilerServices;
using Crm.Engine;
using Crm.Storage;
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
    /// <param name="store">The store.</param>
    /// <param name="definitions">What decides in it.</param>
    /// <param name="settings">In which zone.</param>
    /// <param name="last">The last instant that counts.</param>
    /// <param name="hasLater">Whether the journal has entries after the instant.</param>
    /// <param name="leavesOut">Is told of each customer of whom nothing can be said, because events that tell of the instant have been disposed of.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public static async IAsyncEnumerable<CustomerView> ReadAsync(OpenedStore store, StoreDefinitions definitions, StoreSettings settings, Instant last, bool hasLater, Action<CustomerId> leavesOut, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var engine = OpenedStore.EngineOver(store.Customers, definitions.Modules, settings, new StoppedClock(last));
        var question = new PastQuestion(last) { WithoutLaterAmendments = true, WithLedger = true, LeavesOut = leavesOut };
        if (!hasLater)
        {
            await foreach (var view in engine.ReadAllAsync(cancellationToken))
            {
                // Whom somebody has handled since is looked at by history, as a past.
                if (view.Moment.Instant <= last)
                {
                    yield return view;
                }
                else if (await engine.ReadAsync(CustomerRef.Of(view.Customer), question, cancellationToken) is { } then)
                {
                    yield return then.Customer;
                }
            }

            yield break;
        }

        await foreach (var past in engine.ReadAllAsync(question, cancellationToken))
        {
            yield return past.Customer;
        }
    }

    private sealed class StoppedClock(Instant now) : IClock
    {
        public Instant GetCurrentInstant() => now;
    }
}
