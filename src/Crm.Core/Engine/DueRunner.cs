using System.Globalization;
using Crm.Events;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Engine;

/// <summary>What a run of the due entries did.</summary>
/// <param name="Customers">How many customers had something due and were brought forward.</param>
/// <param name="Conflicts">How many were changed by somebody else meanwhile; they stay due.</param>
public sealed record DueReport(int Customers, int Conflicts);

/// <summary>Brings customers forward whose agenda has something due.</summary>
internal sealed class DueRunner(Kernel kernel, Recorder recorder, IClock clock, IIdSource ids)
{
    private const int Batch = 500;

    /// <summary>Handles what is due.</summary>
    /// <param name="most">At most so many customers.</param>
    /// <param name="goesOn">Whether those who cannot be brought forward are left to whoever asks about them; otherwise the batch in which one is ends with what went wrong.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public async ValueTask<DueReport> RunAsync(int most, bool goesOn, CancellationToken cancellationToken)
    {
        var wakeups = kernel.Store as IWakeups ?? throw new InvalidOperationException($"The store {kernel.Store.GetType().Name} has no wake-ups; implement {nameof(IWakeups)} on it.");
        using var activity = CrmTelemetry.Start(CrmTelemetry.DueActivity);
        var (report, failed) = (new DueReport(0, 0), 0);
        while (report.Customers + report.Conflicts + failed < most)
        {
            var now = clock.GetCurrentInstant();
            var due = await wakeups.LeaseDueAsync(now, now, now + kernel.Options.LeaseFor, Math.Min(Batch, most - report.Customers - report.Conflicts - failed), cancellationToken).ConfigureAwait(false);
            if (due.Count == 0)
            {
                break;
            }

            var faults = new List<Exception>();
            var results = await BringForwardAsync(due, now, faults, cancellationToken).ConfigureAwait(false);
            var handled = results.Count(result => result is CommitResult.Committed);
            CrmTelemetry.WereDue(handled, results.Count - handled, faults.Count);
            if (faults.Count > 0 && !goesOn)
            {
                throw Failed(faults, due.Count);
            }

            failed += faults.Count;

            report = new DueReport(report.Customers + handled, report.Conflicts + results.Count - handled);
        }

        activity?.SetTag("crm.customers", report.Customers).SetTag("crm.conflicts", report.Conflicts);
        return report;
    }

    private async ValueTask<IReadOnlyList<CommitResult>> BringForwardAsync(IReadOnlyList<CustomerId> customers, Instant now, List<Exception> faults, CancellationToken cancellationToken)
    {
        var snapshots = await kernel.LoadAllAsync([.. customers.Select(CustomerRef.Of)], cancellationToken).ConfigureAwait(false);
        var commits = new List<Commit>(customers.Count);
        // Who was merged since the lease is led to the survivor, who may be due as well.
        foreach (var snapshot in snapshots.Where(snapshot => snapshot.Customer is not null).DistinctBy(snapshot => snapshot.Customer))
        {
            try
            {
                var decision = await Decision.BeginAsync(kernel, snapshot, ids, cancellationToken).ConfigureAwait(false);
                decision.BringForward(now);
                if (decision.ToCommit(now) is { } commit)
                {
                    commits.Add(commit);
                }
            }
            catch (Exception fault) when (fault is ModuleFaultException or UnreadableStateException)
            {
                faults.Add(fault);
            }
        }

        var results = (await kernel.CommitAllAsync(commits, cancellationToken).ConfigureAwait(false)).ToArray();
        for (var i = 0; i < results.Length; i++)
        {
            if (results[i] is CommitResult.QuotaExhausted)
            {
                results[i] = await WithoutSupplyAsync(commits[i], results[i], faults, cancellationToken).ConfigureAwait(false);
            }
        }

        return results;
    }

    // What is due is decided again, as often as another supply turns out to be exhausted; the event keeps the answers, because due entries themselves stand in no journal.
    private async ValueTask<CommitResult> WithoutSupplyAsync(Commit commit, CommitResult exhausted, List<Exception> faults, CancellationToken cancellationToken)
    {
        var happened = Exhausted(commit.Customer, commit.ExpectedVersion);
        try
        {
            await recorder.RecordAsync([happened], RecordMode.Live, cancellationToken).ConfigureAwait(false);
            return CommitResult.Done;
        }
        catch (TooManyConflictsException)
        {
            return exhausted;
        }
        catch (Exception fault) when (fault is ModuleFaultException or UnreadableStateException or ProfileFaultException)
        {
            faults.Add(fault);
            return exhausted;
        }
    }

    /// <summary>The event with which stands what supplies had for something that was due.</summary>
    /// <param name="customer">Whose it was.</param>
    /// <param name="version">The version upon which it was decided.</param>
    public static CustomerEvent Exhausted(CustomerId customer, long version) => new()
    {
        Key = new EventKey(JournalCheck.DueSource, string.Create(CultureInfo.InvariantCulture, $"{customer}/{version}")),
        Kind = EventKinds.SupplyExhaustedName,
        Customer = customer,
    };

    private static Exception Failed(List<Exception> faults, int due)
    {
        var what = $"failed for {faults.Count} of {due} customers that were due; the others were brought forward. These stay due and are tried again after their lease.";
        return faults.OfType<ModuleFaultException>().FirstOrDefault() is { } fault ? new ModuleFaultException(fault.Module, what, fault) : faults[0];
    }
}
