using System.Runtime.InteropServices;
using Crm.Events;
using Crm.Modules;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Engine;

/// <summary>What a run of the outbox did.</summary>
/// <param name="Sent">Messages handed to their channel.</param>
/// <param name="Refused">Messages that the gate refused.</param>
/// <param name="Stale">Messages whose useful time was over.</param>
/// <param name="Failed">Messages that their channel will never take.</param>
/// <param name="Postponed">Items that will be tried again.</param>
/// <param name="FollowUps">Events delivered to other customers, or that came back from where nobody is.</param>
public sealed record PumpReport(int Sent, int Refused, int Stale, int Failed, int Postponed, int FollowUps)
{
    /// <summary>How many items that was altogether.</summary>
    public int Items => Sent + Refused + Stale + Failed + Postponed + FollowUps;

    /// <summary>Whether the run ended because its time was up, half of <see cref="CrmOptions.LeaseFor"/>. Then more may wait, and another run can follow at once.</summary>
    public bool IsCutShort { get; init; }
}

/// <summary>
/// Lets committed messages and follow-ups leave. A message is handed to its channel at least once: when the process dies between the hand-over and the commit of its outcome,
/// it is handed over again after its lease. Messages are handed over in the first half of their lease, and what became of them is written at short intervals, so that a slow channel makes nobody
/// else hand them over too. Follow-ups arrive exactly once, because their keys are derived; what is for nobody comes back to who sent it under the same key, so it arrives or comes back.
/// </summary>
internal sealed class OutboxPump
{
    /// <summary>The source of the events that say what became of messages.</summary>
    public const string Source = "outbox";

    /// <summary>Why a message is stale.</summary>
    public const string UsefulTimeOver = "useful-time-over";

    private const string Unreadable = "unreadable";
    private const int Batch = 200;
    private const int WritesInALease = 100;
    private static readonly Duration LongestWait = Duration.FromHours(1);

    private readonly Kernel kernel;
    private readonly IOutbox outbox;
    private readonly Recorder recorder;
    private readonly IClock clock;
    private readonly IIdSource ids;
    private readonly ISendGate? gate;
    private readonly Dictionary<string, IMessageChannel> channels;

    public OutboxPump(Kernel kernel, IOutbox outbox, Recorder recorder, IClock clock, IIdSource ids, CrmPorts ports)
    {
        this.kernel = kernel;
        this.outbox = outbox;
        this.recorder = recorder;
        this.clock = clock;
        this.ids = ids;
        gate = ports.Gate;
        var twice = ports.Channels.GroupBy(channel => channel.Name, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1);
        if (twice is not null)
        {
            throw new ArgumentException($"Two channels are named '{twice.Key}'; a channel is added once.", nameof(ports));
        }

        channels = ports.Channels.ToDictionary(channel => channel.Name, StringComparer.Ordinal);
    }

    public async ValueTask<PumpReport> RunAsync(int most, CancellationToken cancellationToken)
    {
        using var activity = CrmTelemetry.Start(CrmTelemetry.PumpActivity);
        var report = new PumpReport(0, 0, 0, 0, 0, 0);
        var taken = 0;
        var half = kernel.Options.LeaseFor / 2;
        var handOverUntil = clock.GetCurrentInstant() + half;
        while (taken < most && !report.IsCutShort)
        {
            var now = clock.GetCurrentInstant();
            if (now >= handOverUntil)
            {
                report = report with { IsCutShort = true };
                break;
            }

            // A clock that was set back in between ends each lease sooner than the run.
            var lease = new Lease(now, now + kernel.Options.LeaseFor, Instant.Min(handOverUntil, now + half));
            var items = await outbox.LeaseAsync(now, lease.End, Math.Min(Batch, most - taken), cancellationToken).ConfigureAwait(false);
            if (items.Count == 0)
            {
                break;
            }

            taken += items.Count;
            report = await LeaveAsync(items, lease, report, cancellationToken).ConfigureAwait(false);
        }

        activity?.SetTag("crm.items", report.Items);
        return report;
    }

    private async ValueTask<PumpReport> LeaveAsync(IReadOnlyList<OutboxItem> items, Lease lease, PumpReport report, CancellationToken cancellationToken)
    {
        var outcomes = new List<(CustomerEvent Event, OutboxItem Item)>();
        var (next, now, written) = (0, lease.Begin, lease.Begin);
        try
        {
            for (; next < items.Count && lease.AllowsHandOver(now); next++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                CrmTelemetry.Leased(items[next], lease.Begin);
                report = await LeaveAsync(items[next], lease, report, outcomes, cancellationToken).ConfigureAwait(false);
                now = clock.GetCurrentInstant();
                if (now - written >= kernel.Options.LeaseFor / WritesInALease)
                {
                    report = await WriteAsync(outcomes, lease, report).ConfigureAwait(false);
                    outcomes.Clear();
                    written = clock.GetCurrentInstant();
                }
            }
        }
        finally
        {
            // Whatever ends the run, what was handed over is written down, or it would be handed over again.
            report = await WriteAsync(outcomes, lease, report).ConfigureAwait(false);
        }

        for (; next < items.Count; next++)
        {
            report = await GiveBackAsync(items[next], lease, report, cancellationToken).ConfigureAwait(false);
        }

        return report;
    }

    // For whoever comes next, without waiting for the end of the lease.
    private async ValueTask<PumpReport> GiveBackAsync(OutboxItem item, Lease lease, PumpReport report, CancellationToken cancellationToken)
    {
        await outbox.PostponeAsync(item, lease.End, item.NotBefore, cancellationToken).ConfigureAwait(false);
        return report with { IsCutShort = true };
    }

    // All at once; where the customer of one cannot be decided about, each by itself, so that one customer stops nobody else. That one's item is tried again later.
    private async ValueTask<PumpReport> WriteAsync(List<(CustomerEvent Event, OutboxItem Item)> outcomes, Lease lease, PumpReport report)
    {
        if (outcomes.Count == 0)
        {
            return report;
        }

        try
        {
            await recorder.RecordAsync([.. outcomes.Select(outcome => outcome.Event)], RecordMode.Live, CancellationToken.None, [.. outcomes.Select(outcome => outcome.Item.Id)]).ConfigureAwait(false);
            return outcomes.Aggregate(report, (counted, outcome) => Count(counted, outcome.Event.Kind));
        }
        catch (Exception fault) when (IsOfOneCustomer(fault))
        {
            if (outcomes is [var (_, item)])
            {
                await outbox.ReleaseAsync(item, lease.End, clock.GetCurrentInstant() + WaitAfter(item.Attempts), CancellationToken.None).ConfigureAwait(false);
                CrmTelemetry.Left("postponed");
                return report with { Postponed = report.Postponed + 1 };
            }
        }

        foreach (var outcome in outcomes)
        {
            report = await WriteAsync([outcome], lease, report).ConfigureAwait(false);
        }

        return report;
    }

    private static PumpReport Count(PumpReport report, string kind)
    {
        CrmTelemetry.Left(kind["message.".Length..]);
        return kind switch
        {
            MessageOutcomes.Sent => report with { Sent = report.Sent + 1 },
            MessageOutcomes.Refused => report with { Refused = report.Refused + 1 },
            MessageOutcomes.Stale => report with { Stale = report.Stale + 1 },
            _ => report with { Failed = report.Failed + 1 },
        };
    }

    // What one customer's state, profile or a module does about it is no reason to keep the others waiting.
    private static bool IsOfOneCustomer(Exception fault) => fault is InvalidEventException or ModuleFaultException or TooManyConflictsException or UnreadableStateException or ProfileFaultException;

    private async ValueTask<PumpReport> LeaveAsync(OutboxItem item, Lease lease, PumpReport report, List<(CustomerEvent Event, OutboxItem Item)> outcomes, CancellationToken cancellationToken)
    {
        switch (item)
        {
            case OutboxItem.OfFollowUp followUp:
                return await DeliverAsync(followUp, lease, report, cancellationToken).ConfigureAwait(false);
            case OutboxItem.OfMessage { Message: var message }:
                switch (await SendAsync(item, message, lease, cancellationToken).ConfigureAwait(false))
                {
                    case Fate.Final(var kind, var reason):
                        outcomes.Add((Outcome(item.Id, item.Customer, message, kind, reason), item));
                        return report;
                    case Fate.Settled:
                        await outbox.SettleAsync(item, cancellationToken).ConfigureAwait(false);
                        return report;
                    case Fate.TooLate:
                        return await GiveBackAsync(item, lease, report, cancellationToken).ConfigureAwait(false);
                    case Fate.Again(var wait):
                        await outbox.ReleaseAsync(item, lease.End, clock.GetCurrentInstant() + wait, cancellationToken).ConfigureAwait(false);
                        break;
                    case Fate.PutOff(var until):
                        await outbox.PostponeAsync(item, lease.End, Instant.Max(until, clock.GetCurrentInstant()), cancellationToken).ConfigureAwait(false);
                        break;
                }

                CrmTelemetry.Left("postponed");
                return report with { Postponed = report.Postponed + 1 };
            default:
                throw new InvalidOperationException($"The outbox has an item of the kind {item.GetType().Name}, which the engine does not know.");
        }
    }

    // A follow-up that cannot be recorded as things are is kept and tried again, and holds up nobody else.
    private async ValueTask<PumpReport> DeliverAsync(OutboxItem.OfFollowUp followUp, Lease lease, PumpReport report, CancellationToken cancellationToken)
    {
        bool hasArrived;
        try
        {
            hasArrived = await recorder.FollowAsync(followUp, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception fault) when (IsOfOneCustomer(fault))
        {
            hasArrived = false;
        }

        if (!hasArrived)
        {
            await outbox.ReleaseAsync(followUp, lease.End, clock.GetCurrentInstant() + WaitAfter(followUp.Attempts), cancellationToken).ConfigureAwait(false);
            CrmTelemetry.Left("postponed");
            return report with { Postponed = report.Postponed + 1 };
        }

        CrmTelemetry.Left("follow-up");
        await outbox.SettleAsync(followUp, cancellationToken).ConfigureAwait(false);
        return report with { FollowUps = report.FollowUps + 1 };
    }

    private static Duration WaitAfter(int attempts) => Duration.Min(Duration.FromSeconds(10 * Math.Pow(4, Math.Min(attempts, 6))), LongestWait);

    private async ValueTask<Fate> SendAsync(OutboxItem item, Message message, Lease lease, CancellationToken cancellationToken)
    {
        var now = clock.GetCurrentInstant();
        if (now > message.UsefulUntil)
        {
            return new Fate.Final(MessageOutcomes.Stale, UsefulTimeOver);
        }

        if (!channels.TryGetValue(message.Channel, out var channel))
        {
            return new Fate.Final(MessageOutcomes.Failed, "no-such-channel");
        }

        var snapshot = await kernel.Store.LoadAsync(CustomerRef.Of(item.Customer) with { Recording = new EventKey(Source, item.Id) }, cancellationToken).ConfigureAwait(false);
        if (snapshot.Recorded is not null)
        {
            // Who had it before, and took longer than their lease, has written what became of it.
            return new Fate.Settled();
        }

        if (snapshot.Customer is null)
        {
            return new Fate.Final(MessageOutcomes.Failed, "no-such-customer");
        }

        CustomerView view;
        try
        {
            view = await kernel.ViewAsync(snapshot, null, ids, now, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception fault) when (IsOfOneCustomer(fault))
        {
            // A later release, a mended module or a profile that can be read again will send it; this one goes on with the others.
            return new Fate.Again(WaitAfter(item.Attempts));
        }

        SendOutcome outcome;
        try
        {
            if (gate is not null && await gate.AskAtLeaseAsync(message, view, cancellationToken).ConfigureAwait(false) is { MayLeave: false } refusal)
            {
                return new Fate.Final(MessageOutcomes.Refused, refusal.Reason ?? "gate");
            }

            if (!lease.AllowsHandOver(clock.GetCurrentInstant()))
            {
                return new Fate.TooLate();
            }

            outcome = await channel.SendAsync(item.Id, message, view, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception fault) when (!Kernel.IsCancelled(fault, cancellationToken))
        {
            // A gate or a channel that fails, its own time-outs among it, is not asked again at once; what it failed with is its own to log.
            outcome = new SendOutcome.Later(WaitAfter(item.Attempts));
        }

        switch (outcome)
        {
            case SendOutcome.Sent:
                return new Fate.Final(MessageOutcomes.Sent);
            case SendOutcome.Failed(var why):
                return new Fate.Final(MessageOutcomes.Failed, why);
            case SendOutcome.PutOff(var until):
                return new Fate.PutOff(until);
            case SendOutcome.Later when item.Attempts + 1 >= kernel.Options.SendAttempts:
                return new Fate.Final(MessageOutcomes.Failed, "too-many-attempts");
            case SendOutcome.Later(var wait):
                return new Fate.Again(Duration.Max(Duration.Zero, Duration.Min(wait, LongestWait)));
            default:
                throw new InvalidOperationException($"The channel '{channel.Name}' answered with something that is no outcome.");
        }
    }

    /// <summary>The event that says what became of a message. A reason that no database keeps is told as such: without its outcome the message would leave again and again.</summary>
    public static CustomerEvent Outcome(string id, CustomerId customer, Message message, string kind, string? reason) => new()
    {
        Key = new EventKey(Source, id),
        Kind = kind,
        Customer = customer,
        Brand = message.Brand,
        Fields = Fields.Of(
            ("occasion", message.Occasion),
            ("channel", message.Channel),
            ("template", message.Template),
            ("purpose", message.Purpose),
            ("reason", reason is null ? default : Scalar.Of(StorableText.FaultOf(reason) is null ? reason : Unreadable))),
    };

    /// <summary>The right to some items.</summary>
    /// <param name="Begin">When it was taken.</param>
    /// <param name="End">When others may take them; names the lease.</param>
    /// <param name="HandOverUntil">Excluded. The rest is for what is under way then, and for writing down what became of it.</param>
    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Lease(Instant Begin, Instant End, Instant HandOverUntil)
    {
        /// <summary>Whether a message may still be handed over. A clock that is behind the beginning was set back, and does not tell what is left of the lease.</summary>
        public bool AllowsHandOver(Instant now) => now >= Begin && now < HandOverUntil;
    }

    /// <summary>What becomes of a message that was leased.</summary>
    private abstract record Fate
    {
        /// <summary>An event says so, and the message is gone.</summary>
        /// <param name="Kind">One of <see cref="MessageOutcomes"/>.</param>
        /// <param name="Reason">Why; null where the kind says it all.</param>
        public sealed record Final(string Kind, string? Reason = null) : Fate;

        /// <summary>It has left already, and its event is there.</summary>
        public sealed record Settled : Fate;

        /// <summary>It was not handed over, because too little of its lease is left, or nobody can tell how much.</summary>
        public sealed record TooLate : Fate;

        /// <summary>An attempt is used up; the next is after so long.</summary>
        public sealed record Again(Duration Wait) : Fate;

        /// <summary>It was no attempt; the first is at this instant.</summary>
        public sealed record PutOff(Instant Until) : Fate;
    }
}
