using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Engine;

/// <summary>Goes through all customers and removes facts without an owner, and what is stored of modules that are named; a commit for each who has any. It can stop after any customer and go on there.</summary>
internal sealed class Sweeping(Kernel kernel, IIdSource ids, IClock clock)
{
    public ValueTask<SweepReport> RunAsync(SweepRequest request, CancellationToken cancellationToken)
    {
        foreach (var name in request.RemovedModules)
        {
            if (name == StateCodec.KernelSlot || kernel.Modules.IndexOf(name) >= 0)
            {
                throw new ArgumentException($"The module '{name}' is named as removed, and it is registered: its state is in use. Sweep with an engine that does not have it.", nameof(request));
            }
        }

        return CustomerWalk.RunAsync(
            kernel,
            new SweepReport(0, 0, request.After, false),
            request.After,
            request.Most,
            async (report, customer) =>
            {
                var (isSwept, isEmptied, left) = await OneAsync(customer, request, cancellationToken).ConfigureAwait(false);
                return new SweepReport(report.Seen + 1, report.Swept + (isSwept ? 1 : 0), customer, false)
                {
                    Emptied = report.Emptied + (isEmptied ? 1 : 0),
                    Left = left.Count == 0 ? report.Left : report.Left.Union(left).Order(StringComparer.Ordinal).ToSequence(),
                };
            },
            static report => report with { IsComplete = true },
            request.Progress,
            cancellationToken);
    }

    private ValueTask<Found> OneAsync(CustomerId customer, SweepRequest request, CancellationToken cancellationToken) => Attempts.UntilAloneAsync(
        kernel,
        $"The customer {customer}",
        async _ =>
        {
            var now = clock.GetCurrentInstant();
            var snapshot = await kernel.Store.LoadAsync(CustomerRef.Of(customer), cancellationToken).ConfigureAwait(false);
            if (snapshot.Customer is null)
            {
                return (true, new Found(false, false, []));
            }

            var others = kernel.Codec.OfOthers(snapshot.Slots).ToLookup(slot => request.RemovedModules.Contains(slot.Name));
            var (gone, left) = (others[true].Select(StateCodec.Emptied).ToList(), others[false].Select(slot => slot.Name).ToList());
            var decision = await Decision.BeginAsync(kernel, snapshot, ids, cancellationToken).ConfigureAwait(false);
            if (decision.State.Ownerless.IsEmpty && gone.Count == 0 && !decision.State.Unregistered.Any(request.RemovedModules.Contains))
            {
                return (true, new Found(false, false, left));
            }

            // What is due is handled as a worker would: a commit without an event is one of what was due.
            decision.BringForward(now);
            var isWritten = request.DryRun || decision.ToCommit(now) is not { } commit
                || await kernel.CommitAsync(commit with { Slots = [.. commit.Slots, .. gone] }, cancellationToken).ConfigureAwait(false) is CommitResult.Committed;
            return (isWritten, new Found(isWritten, gone.Count > 0, left));
        },
        cancellationToken);

    private sealed record Found(bool IsSwept, bool IsEmptied, IReadOnlyList<string> Left);
}
