using Crm.Modules;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Engine;

/// <summary>Goes through all customers and decides anew what one module keeps of them, a commit for each for whom something changes. It can stop after any customer and go on there.</summary>
internal sealed class Rebuilding(Kernel kernel, IIdSource ids, IClock clock)
{
    public async ValueTask<RebuildReport> RunAsync(RebuildRequest request, CancellationToken cancellationToken)
    {
        var module = IndexOf(request.Module);
        return await CustomerWalk.RunAsync(
            kernel,
            new RebuildReport(0, 0, request.After, false),
            request.After,
            request.Most,
            async (report, customer) => new RebuildReport(report.Seen + 1, report.Changed + (await OneAsync(customer, module, request, cancellationToken).ConfigureAwait(false) ? 1 : 0), customer, false),
            static report => report with { IsComplete = true },
            request.Progress,
            cancellationToken).ConfigureAwait(false);
    }

    private int IndexOf(string name)
    {
        var index = kernel.Modules.IndexOf(name);
        if (index < 0)
        {
            throw new ArgumentException($"No module is named '{name}'. There are: {string.Join(", ", kernel.Modules.Contracts.Select(contract => contract.Name))}.", nameof(name));
        }

        return kernel.Modules.Contracts[index].Reversible && kernel.Modules.All[index] is not IHoldsUnits
            ? index
            : throw new ArgumentException($"The module '{name}' cannot be decided anew by itself: it has written to the ledger, or what it has done is irrevocable. A reversible module without units is expected.", nameof(name));
    }

    private ValueTask<bool> OneAsync(CustomerId customer, int module, RebuildRequest request, CancellationToken cancellationToken) => Attempts.UntilAloneAsync(
        kernel,
        $"The customer {customer}",
        async attempt =>
        {
            var now = clock.GetCurrentInstant();
            var snapshot = await kernel.Store.LoadAsync(CustomerRef.Of(customer), cancellationToken).ConfigureAwait(false);
            if (snapshot.Customer is null)
            {
                return (true, false);
            }

            var decision = await Decision.BeginAsync(kernel, snapshot, ids, cancellationToken).ConfigureAwait(false);
            decision.BringForward(now);
            var before = decision.State.Slots[module];
            // What no definition asked before, no entry tells: what the profile says today counts from today.
            var looked = await decision.ObserveAsync(RecordMode.Backfill, now, null, cancellationToken).ConfigureAwait(false) && !ReferenceEquals(before, decision.State.Slots[module]);
            var asked = request.From == RebuildFrom.History
                ? await decision.RebuildAsync(module, now, cancellationToken).ConfigureAwait(false)
                : decision.AskNow(module, request.AgendaKey, now);
            if (!asked && !looked)
            {
                return (true, false);
            }

            if (attempt == 1)
            {
                request.Changes?.Invoke(customer, before, decision.State.Slots[module]);
            }

            var isWritten = request.DryRun || decision.ToCommit(now) is not { } commit || await kernel.Store.CommitAsync(commit, cancellationToken).ConfigureAwait(false) is CommitResult.Committed;
            return (isWritten, isWritten);
        },
        cancellationToken);
}
