using Crm.Modules;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Engine;

/// <summary>Goes through all customers and decides anew what one module keeps of them, a commit for each for whom something changes. It can stop after any customer and go on there.</summary>
internal sealed class Rebuilding(Kernel kernel, IIdSource ids, IClock clock)
{
    private const int AtOnce = 256;

    public async ValueTask<RebuildReport> RunAsync(RebuildRequest request, CancellationToken cancellationToken)
    {
        var module = IndexOf(request.Module);
        var report = new RebuildReport(0, 0, request.After, false);
        await foreach (var some in kernel.ReadCustomersAsync(request.After, AtOnce, cancellationToken).ConfigureAwait(false))
        {
            var batch = some.Take(request.Most - report.Seen).ToList();
            foreach (var customer in batch)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var changed = await OneAsync(customer, module, request, cancellationToken).ConfigureAwait(false);
                report = new RebuildReport(report.Seen + 1, report.Changed + (changed ? 1 : 0), customer, false);
            }

            request.Progress?.Report(report);
            if (batch.Count < some.Length)
            {
                return report;
            }
        }

        report = report with { IsComplete = true };
        request.Progress?.Report(report);
        return report;
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

    private async ValueTask<bool> OneAsync(CustomerId customer, int module, RebuildRequest request, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var now = clock.GetCurrentInstant();
            var snapshot = await kernel.Store.LoadAsync(CustomerRef.Of(customer), cancellationToken).ConfigureAwait(false);
            if (snapshot.Customer is null)
            {
                return false;
            }

            var decision = await Decision.BeginAsync(kernel, snapshot, ids, cancellationToken).ConfigureAwait(false);
            decision.BringForward(now);
            var before = decision.State.Slots[module];
            var changes = request.From == RebuildFrom.History
                ? await decision.RebuildAsync(module, now, cancellationToken).ConfigureAwait(false)
                : decision.AskNow(module, request.AgendaKey, now);
            if (!changes)
            {
                return false;
            }

            if (attempt == 1)
            {
                request.Changes?.Invoke(customer, before, decision.State.Slots[module]);
            }

            if (request.DryRun || decision.ToCommit(now) is not { } commit || await kernel.Store.CommitAsync(commit, cancellationToken).ConfigureAwait(false) is CommitResult.Committed)
            {
                return true;
            }

            if (attempt >= kernel.Options.Attempts)
            {
                throw new TooManyConflictsException($"The customer {customer}", attempt);
            }

            await kernel.Pacing.PauseAsync(attempt, cancellationToken).ConfigureAwait(false);
        }
    }
}
