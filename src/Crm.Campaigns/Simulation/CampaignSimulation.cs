using System.Runtime.CompilerServices;
using Crm.Campaigns.Journeys;
using Crm.Campaigns.Records;
using Crm.Engine;
using Crm.Events;
using Crm.Modules;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Campaigns.Simulation;

/// <summary>
/// Runs a plan over the stored history of all customers with a virtual clock, and says of each message that it would decide whether it would be sent, and if not, why. Nothing is written. What really became of a message
/// happens in it too, if the plan decides the same message; one that was never decided leaves at once. So running the plan that ran gives what was decided, and running another what would have been.
/// </summary>
/// <remarks>
/// History is taken in the order in which it was recorded, so a message that left before a refund was known has left. What a condition asks of the profile is read where it was observed, and counts as missing where it was not.
/// Customers who were merged, or of whose journal a part was disposed of, are left out and counted.
/// </remarks>
public sealed class CampaignSimulation
{
    private readonly List<ICustomerModule> modules;
    private readonly CrmOptions options;
    private readonly CampaignsModule? live;
    private readonly ISendGate? gate;

    /// <summary>A simulation by the modules of a host.</summary>
    /// <param name="modules">All of them, in their order. The plan stands in for that of the <see cref="CampaignsModule"/> among them; where there is none, it decides after the others.</param>
    /// <param name="options">The engine's options.</param>
    /// <param name="gate">Asked about each message where there are no campaigns yet; where there are, theirs is asked.</param>
    /// <exception cref="ArgumentException">There are no campaigns and no gate, so nobody would be asked for consent.</exception>
    public CampaignSimulation(IEnumerable<ICustomerModule> modules, CrmOptions options, ISendGate? gate = null)
    {
        ArgumentNullException.ThrowIfNull(modules);
        ArgumentNullException.ThrowIfNull(options);
        this.modules = [.. modules];
        this.options = options;
        live = this.modules.OfType<CampaignsModule>().FirstOrDefault();
        this.gate = live is null ? gate : live.Gate;
        if (live is null && gate is null)
        {
            throw new ArgumentException("There are no campaigns among the modules and no gate is given, so nobody would be asked for consent. Give the gate that will be asked.", nameof(gate));
        }
    }

    /// <summary>What a plan would decide, customer by customer in the order of scans; customers about whom it decides nothing are left out.</summary>
    public async IAsyncEnumerable<SimulatedCustomer> ReadAsync(IJournalScan store, CampaignPlan plan, CampaignSimulationRequest request, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(plan);
        var course = CourseOf(plan);
        await foreach (var history in HistoriesAsync(store, request, cancellationToken).ConfigureAwait(false))
        {
            if (history.Stored.IsWhole && course.Run(history, request) is { Decisions.IsEmpty: false } customer)
            {
                yield return customer;
            }
        }
    }

    /// <summary>What a plan would decide, added up.</summary>
    public async ValueTask<CampaignSimulationReport> RunAsync(IJournalScan store, CampaignPlan plan, CampaignSimulationRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(plan);
        var course = CourseOf(plan);
        var (customers, leftOut, counts) = (0L, 0L, new DecisionCounts());
        await foreach (var history in HistoriesAsync(store, request, cancellationToken).ConfigureAwait(false))
        {
            if (!history.Stored.IsWhole)
            {
                leftOut++;
                continue;
            }

            customers++;
            counts.Add(course.Run(history, request).Decisions);
        }

        return new CampaignSimulationReport(customers, counts.ToSequence()) { LeftOut = leftOut };
    }

    /// <summary>What another plan would decide otherwise: who would be contacted more, who less, and why.</summary>
    /// <param name="store">Whose history is read, once.</param>
    /// <param name="now">The plan that is compared with, such as the one that runs.</param>
    /// <param name="then">The plan that might be.</param>
    /// <param name="request">Over which time.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public async ValueTask<CampaignComparison> CompareAsync(IJournalScan store, CampaignPlan now, CampaignPlan then, CampaignSimulationRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(now);
        ArgumentNullException.ThrowIfNull(then);
        var (one, other) = (CourseOf(now), CourseOf(then));
        var comparing = new Comparing();
        await foreach (var history in HistoriesAsync(store, request, cancellationToken).ConfigureAwait(false))
        {
            if (history.Stored.IsWhole)
            {
                comparing.Add(one.Run(history, request), other.Run(history, request));
            }
            else
            {
                comparing.LeaveOut();
            }
        }

        return comparing.ToComparison();
    }

    private PlanCourse CourseOf(CampaignPlan plan)
    {
        var module = gate is null ? CampaignsModule.WithoutGate(plan, "The campaigns that run have no gate either.") : new CampaignsModule(plan, gate);
        IEnumerable<ICustomerModule> all = live is null ? modules.Append(module) : modules.Select(other => ReferenceEquals(other, live) ? module : other);
        return new PlanCourse(new VirtualReplay(all, options), plan, live?.Plan);
    }

    private static async IAsyncEnumerable<KnownHistory> HistoriesAsync(IJournalScan store, CampaignSimulationRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(request);
        await foreach (var (customer, journal) in store.ReadJournalsAsync(cancellationToken).ConfigureAwait(false))
        {
            yield return KnownHistory.Of(customer, journal, request);
        }
    }
}

/// <summary>Over which time, and how, a plan is simulated.</summary>
public sealed record CampaignSimulationRequest
{
    /// <summary>Decisions before this instant are made, and count for caps, and are not told; null: all are told.</summary>
    public Instant? From { get; init; }

    /// <summary>Up to when, included: what was recorded later is not known.</summary>
    public required Instant Until { get; init; }

    /// <summary>Whether history that was imported is taken as if it had been recorded when it occurred, so that its messages would leave; otherwise they are silent, as they were.</summary>
    public bool ImportsAsLive { get; init; }
}

/// <summary>What a plan would decide about one customer.</summary>
/// <param name="Customer">Who.</param>
/// <param name="Decisions">In the order of the decisions.</param>
public sealed record SimulatedCustomer(CustomerId Customer, Sequence<CampaignDecision> Decisions);
