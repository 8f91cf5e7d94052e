using System.Runtime.CompilerServices;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Engine;

/// <summary>Reads what was decided about customers. Nothing is written.</summary>
internal sealed class DecisionReader(Kernel kernel, IIdSource ids, IClock clock)
{
    private const int AtOnce = 256;

    public async ValueTask<DecisionLog?> ReadAsync(CustomerRef customer, CancellationToken cancellationToken) =>
        await ReadAsync(await kernel.Store.LoadAsync(customer with { Recording = null }, cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);

    public async IAsyncEnumerable<DecisionLog> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var some in kernel.ReadCustomersAsync(null, AtOnce, cancellationToken).ConfigureAwait(false))
        {
            foreach (var snapshot in await kernel.LoadAllAsync([.. some.Select(CustomerRef.Of)], cancellationToken).ConfigureAwait(false))
            {
                if (await ReadAsync(snapshot, cancellationToken).ConfigureAwait(false) is { } log)
                {
                    yield return log;
                }
            }
        }
    }

    private async ValueTask<DecisionLog?> ReadAsync(CustomerSnapshot snapshot, CancellationToken cancellationToken)
    {
        if (snapshot.Customer is not { } customer)
        {
            return null;
        }

        var history = await kernel.Store.LoadWholeAsync(customer, cancellationToken).ConfigureAwait(false);
        var decision = await Decision.BeginAsync(kernel, snapshot, ids, cancellationToken).ConfigureAwait(false);
        var now = clock.GetCurrentInstant();
        var moment = decision.State.Handled is { } handled && handled > now ? handled : now;
        decision.BringForward(moment);
        return DecisionLog.Of(customer, new Moment(moment, kernel.Options.Zone) { Calendars = kernel.Options.Calendars }, history, decision.State.Untold);
    }
}
