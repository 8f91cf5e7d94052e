using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Engine;

/// <summary>Goes through all customers and removes facts without an owner, a commit for each who has any. It can stop after any customer and go on there.</summary>
internal sealed class Sweeping(Kernel kernel, IIdSource ids, IClock clock)
{
    public ValueTask<SweepReport> RunAsync(SweepRequest request, CancellationToken cancellationToken) => CustomerWalk.RunAsync(
        kernel,
        new SweepReport(0, 0, request.After, false),
        request.After,
        request.Most,
        async (report, customer) => new SweepReport(report.Seen + 1, report.Swept + (await OneAsync(customer, request, cancellationToken).ConfigureAwait(false) ? 1 : 0), customer, false),
        static report => report with { IsComplete = true },
        request.Progress,
        cancellationToken);

    private ValueTask<bool> OneAsync(CustomerId customer, SweepRequest request, CancellationToken cancellationToken) => Attempts.UntilAloneAsync(
        kernel,
        $"The customer {customer}",
        async _ =>
        {
            var now = clock.GetCurrentInstant();
            var snapshot = await kernel.Store.LoadAsync(CustomerRef.Of(customer), cancellationToken).ConfigureAwait(false);
            if (snapshot.Customer is null)
            {
                return (true, false);
            }

            var decision = await Decision.BeginAsync(kernel, snapshot, ids, cancellationToken).ConfigureAwait(false);
            if (decision.State.Ownerless.IsEmpty)
            {
                return (true, false);
            }

            // What is due is handled as a worker would: a commit without an event is one of what was due.
            decision.BringForward(now);
            var isWritten = request.DryRun || decision.ToCommit(now) is not { } commit || await kernel.Store.CommitAsync(commit, cancellationToken).ConfigureAwait(false) is CommitResult.Committed;
            return (isWritten, isWritten);
        },
        cancellationToken);
}
