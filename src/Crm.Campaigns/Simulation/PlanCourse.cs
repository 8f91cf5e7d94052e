using Crm.Campaigns.Journeys;
using Crm.Campaigns.Records;
using Crm.Engine;
using Crm.Events;
using Crm.Modules;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Campaigns.Simulation;

/// <summary>One plan on its way through histories.</summary>
/// <param name="replay">Decides by it.</param>
/// <param name="plan">The plan.</param>
/// <param name="live">The plan that runs; null where none does.</param>
internal sealed class PlanCourse(VirtualReplay replay, CampaignPlan plan, CampaignPlan? live)
{
    // What an engine by this very plan had done and what not, the journal tells.
    private readonly bool ran = live is not null && plan.IsSameAs(live);

    public SimulatedCustomer Run(KnownHistory history, CampaignSimulationRequest request)
    {
        var log = replay.Run(history.Stored, request.Until, message => Leaves(message, history), isAttended: !ran);
        var decisions = CampaignDecisions.Read(log, plan).Where(decision => !(decision.DecidedAt < request.From));
        return new SimulatedCustomer(history.Stored.Customer, decisions.ToSequence());
    }

    // What was really decided has become what it has become, and so have the messages of other modules. What fell due after the last thing in the journal waits, where the version that decided it is the one that runs.
    private bool Leaves(Message message, KnownHistory history) =>
        plan.Has(CampaignNames.JourneyOf(message.Occasion)) && !history.Decided.Contains(message.Occasion) && (message.DecidedAt <= history.Last || !Runs(CampaignNames.JourneyOf(message.Occasion), message.DecidedAt));

    private bool Runs(string journey, Instant at) => live?.At(journey, at) is { } running && running.Hash == plan.At(journey, at)?.Hash;
}

/// <summary>A history, with what is known of the messages that were really decided.</summary>
/// <param name="Stored">The history.</param>
/// <param name="Decided">The occasions of messages that were decided to be sent, or of which the journal knows what became.</param>
/// <param name="Last">As of when the last entry counts.</param>
internal sealed record KnownHistory(StoredHistory Stored, IReadOnlySet<string> Decided, Instant Last)
{
    public static KnownHistory Of(CustomerId customer, IReadOnlyList<JournalEntry> entries, CampaignSimulationRequest request)
    {
        var known = entries.Where(entry => entry.RecordedAt <= request.Until).ToList();
        var decided = known.SelectMany(entry => entry.Receipt.Decisions).Where(record => record is { Module: CampaignNames.Module, Verdict: DecisionVerdict.Act, Revoked: false } && !(record.Silent && request.ImportsAsLive)).Select(record => record.Occasion)
            .Concat(known.Where(entry => MessageOutcomes.Has(entry.Event.Kind)).Select(entry => entry.Event.Fields["occasion"].AsCode).OfType<string>())
            .ToHashSet(StringComparer.Ordinal);
        var history = entries.Select(HistoryEntry.Of).Select(entry => request.ImportsAsLive && entry.Backfill ? entry with { Backfill = false, RecordedAt = entry.EffectiveAt } : entry).ToList();
        return new KnownHistory(new StoredHistory(customer, history), decided, known.Select(entry => entry.EffectiveAt).DefaultIfEmpty(Instant.MinValue).Max());
    }
}
