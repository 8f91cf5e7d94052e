using System.Runtime.CompilerServices;
using Crm.Campaigns.Journeys;
using Crm.Engine;
using Crm.Storage;
using Crm.Values;

namespace Crm.Campaigns.Records;

/// <summary>
/// The record of what campaigns decided about customers, read from the journal: one <see cref="CampaignDecision"/> for each version, step, customer and occasion. It reaches back as far as the journal does; what fell due is in
/// it whether or not a worker has run. Nothing is written.
/// </summary>
/// <param name="engine">The engine whose campaigns decide.</param>
/// <param name="plan">The journeys, by which the sentences say what began them.</param>
public sealed class CampaignDecisions(CrmEngine engine, CampaignPlan plan)
{
    private static readonly DecisionQuery Everything = new();

    /// <summary>What was decided about a customer, in the order of the decisions; none when nobody has the reference.</summary>
    /// <param name="customer">Who.</param>
    /// <param name="query">Which; null: all.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public async ValueTask<Sequence<CampaignDecision>> OfAsync(CustomerRef customer, DecisionQuery? query = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(customer);
        return await engine.ReadDecisionsAsync(customer, cancellationToken).ConfigureAwait(false) is { } log ? Of(log, query).ToSequence() : [];
    }

    /// <summary>What was decided about all customers, customer by customer in the order of scans. The journal of each is read, so it takes as long as a scan of all of them.</summary>
    /// <exception cref="InvalidOperationException">The store cannot list its customers.</exception>
    public async IAsyncEnumerable<CampaignDecision> AllAsync(DecisionQuery? query = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (var log in engine.ReadAllDecisionsAsync(cancellationToken).ConfigureAwait(false))
        {
            foreach (var decision in Of(log, query))
            {
                yield return decision;
            }
        }
    }

    /// <summary>The answer to "why did you contact me?" and "why not?", a line for each decision; empty where there is none.</summary>
    /// <param name="customer">Who asks.</param>
    /// <param name="language">In which language.</param>
    /// <param name="query">About which decisions; null: all.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public async ValueTask<string> ExplainAsync(CustomerRef customer, Language language, DecisionQuery? query = null, CancellationToken cancellationToken = default) =>
        string.Join("\n", (await OfAsync(customer, query, cancellationToken).ConfigureAwait(false)).Select(decision => decision.Text.In(language)));

    /// <summary>The decisions that a log holds.</summary>
    public Sequence<CampaignDecision> Of(DecisionLog log)
    {
        ArgumentNullException.ThrowIfNull(log);
        return Read(log, plan).ToSequence();
    }

    private IEnumerable<CampaignDecision> Of(DecisionLog log, DecisionQuery? query) => Read(log, plan).Where((query ?? Everything).Wants);

    /// <summary>The decisions that a log holds, in their order.</summary>
    internal static IEnumerable<CampaignDecision> Read(DecisionLog log, CampaignPlan plan) => Course.Of(log)
        .Select(course => course.ToDecision(log.Moment, plan))
        .OrderBy(decision => decision.DecidedAt).ThenBy(decision => decision.Occasion, StringComparer.Ordinal).ThenBy(decision => decision.Version).ThenBy(decision => decision.Customer);
}
