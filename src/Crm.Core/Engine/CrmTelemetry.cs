using System.Diagnostics;
using System.Diagnostics.Metrics;
using Crm.Events;

namespace Crm.Engine;

/// <summary>
/// What the engine tells of itself, by System.Diagnostics: a host listens with the telemetry of its choice. Tags are codes and numbers; no customer, no identity and no value of a profile is ever among them.
/// </summary>
public static class CrmTelemetry
{
    /// <summary>The name of the activity source and of the meter: "Crm.Core".</summary>
    public const string Name = "Crm.Core";

    /// <summary>The activity of one call that records; tags "crm.events" (how many), "crm.attempts" and, when it was one event, "crm.kind".</summary>
    public const string RecordActivity = "crm.record";

    /// <summary>The activity of one run of what is due; tags "crm.customers" and "crm.conflicts".</summary>
    public const string DueActivity = "crm.due";

    /// <summary>The activity of one run of the outbox; tag "crm.items".</summary>
    public const string PumpActivity = "crm.pump";

    private static readonly ActivitySource Source = new(Name);
    private static readonly Meter Meter = new(Name);
    private static readonly Counter<long> Events = Meter.CreateCounter<long>("crm.events", "{event}", "Events answered, by kind and outcome: recorded, refused, repeated, key-reused.");
    private static readonly Counter<long> Decisions = Meter.CreateCounter<long>("crm.decisions", "{decision}", "Commits decided, those among them that were not written.");
    private static readonly Counter<long> Conflicts = Meter.CreateCounter<long>("crm.conflicts", "{conflict}", "Commits that found the customer, an identity or a supply changed, by reason.");
    private static readonly Counter<long> Retries = Meter.CreateCounter<long>("crm.retries", "{retry}", "Pauses before deciding again.");
    private static readonly Counter<long> Timers = Meter.CreateCounter<long>("crm.timers", "{customer}", "Customers who were due, by outcome: handled, conflict, fault.");
    private static readonly Counter<long> Items = Meter.CreateCounter<long>("crm.outbox.items", "{item}", "Items of the outbox that were leased, by outcome.");
    private static readonly Histogram<double> Age = Meter.CreateHistogram<double>("crm.outbox.age", "s", "How long items had waited, beyond the instant from which they might leave, when they were leased.");

    private static readonly Gauge<long> Depth = Meter.CreateGauge<long>("crm.outbox.depth", "{item}", "Messages and follow-ups that might leave.");
    private static readonly Gauge<long> Due = Meter.CreateGauge<long>("crm.timers.due", "{customer}", "Customers who have something due.");
    private static readonly Gauge<long> Stale = Meter.CreateGauge<long>("crm.facts.stale", "{fact}", "Queryable facts that are stored and have lapsed.");

    internal static Activity? Start(string activity) => Source.StartActivity(activity);

    internal static void Answered(CustomerEvent happened, Recorded recorded)
    {
        if (Events.Enabled)
        {
            var outcome = recorded switch
            {
                Recorded.New(var receipt, _) => receipt.Accepted ? "recorded" : "refused",
                Recorded.Already => "repeated",
                _ => "key-reused",
            };
            Events.Add(1, new KeyValuePair<string, object?>("crm.kind", happened.Kind), Outcome(outcome));
        }
    }

    internal static void Decided(int commits) => Decisions.Add(commits);

    internal static void Conflicted(string reason) => Conflicts.Add(1, new KeyValuePair<string, object?>("crm.reason", reason));

    internal static void Retried() => Retries.Add(1);

    internal static void WereDue(int handled, int conflicts, int faults)
    {
        Count(Timers, handled, "handled");
        Count(Timers, conflicts, "conflict");
        Count(Timers, faults, "fault");
    }

    internal static void Leased(Storage.OutboxItem item, NodaTime.Instant now) => Age.Record(Math.Max(0, (now - item.NotBefore).TotalSeconds));

    internal static void Waiting(Storage.StoreStatus status)
    {
        Depth.Record(status.OutboxDepth);
        Due.Record(status.TimersDue);
        Stale.Record(status.StaleFacts);
    }

    internal static void Left(string outcome) => Count(Items, 1, outcome);

    private static void Count(Counter<long> counter, int count, string outcome)
    {
        if (count > 0)
        {
            counter.Add(count, Outcome(outcome));
        }
    }

    private static KeyValuePair<string, object?> Outcome(string outcome) => new("crm.outcome", outcome);
}
