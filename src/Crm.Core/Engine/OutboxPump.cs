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
/// <param name="FollowUps">Events delivered to other customers.</param>
public sealed record PumpReport(int Sent, int Refused, int Stale, int Failed, int Postponed, int FollowUps);

/// <summary>
/// Lets committed messages and follow-ups leave. A message is handed to its channel at least once: when the process dies between the hand-over and the commit of its outcome,
/// it is handed over again after its lease. Follow-ups arrive exactly once, because their keys are derived.
/// </summary>
internal sealed class OutboxPump
{
    private const int Batch = 200;
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
        while (taken < most)
        {
            var now = clock.GetCurrentInstant();
            var items = await outbox.LeaseAsync(now, now + kernel.Options.LeaseFor, Math.Min(Batch, most - taken), cancellationToken).ConfigureAwait(false);
            if (items.Count == 0)
            {
                break;
            }

            taken += items.Count;
            var outcomes = new List<(CustomerEvent Event, OutboxItem Item)>();
            try
            {
                foreach (var item in items)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    CrmTelemetry.Leased(item, now);
                    report = await LeaveAsync(item, report, outcomes, cancellationToken).ConfigureAwait(false);
                }
            }
            finally
            {
                // Whatever ends the run, what was handed over is written down, or it would be handed over again.
                report = await WriteAsync(outcomes, report).ConfigureAwait(false);
            }
        }

        activity?.SetTag("crm.items", taken);
        return report;
    }

    // All at once; where the customer of one cannot be decided about, each by itself, so that one customer stops nobody else. That one's item is tried again later.
    private async ValueTask<PumpReport> WriteAsync(List<(CustomerEvent Event, OutboxItem Item)> outcomes, PumpReport report)
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
                await outbox.ReleaseAsync(item, clock.GetCurrentInstant() + WaitAfter(item.Attempts), CancellationToken.None).ConfigureAwait(false);
                CrmTelemetry.Left("postponed");
                return report with { Postponed = report.Postponed + 1 };
            }
        }

        foreach (var outcome in outcomes)
        {
            report = await WriteAsync([outcome], report).ConfigureAwait(false);
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

    // What one customer's state or a module does about it is no reason to keep the others waiting.
    private static bool IsOfOneCustomer(Exception fault) => fault is InvalidEventException or ModuleFaultException or TooManyConflictsException or UnreadableStateException;

    private async ValueTask<PumpReport> LeaveAsync(OutboxItem item, PumpReport report, List<(CustomerEvent Event, OutboxItem Item)> outcomes, CancellationToken cancellationToken)
    {
        switch (item)
        {
            case OutboxItem.OfFollowUp followUp:
                return await DeliverAsync(followUp, report, cancellationToken).ConfigureAwait(false);
            case OutboxItem.OfMessage { Message: var message }:
                var (kind, reason, wait) = await SendAsync(item, message, cancellationToken).ConfigureAwait(false);
                if (kind is null)
                {
                    await outbox.ReleaseAsync(item, clock.GetCurrentInstant() + wait, cancellationToken).ConfigureAwait(false);
                    CrmTelemetry.Left("postponed");
                    return report with { Postponed = report.Postponed + 1 };
                }

                outcomes.Add((Outcome(item, message, kind, reason), item));
                return report;
            default:
                throw new InvalidOperationException($"The outbox has an item of the kind {item.GetType().Name}, which the engine does not know.");
        }
    }

    // A follow-up that cannot be recorded as things are is kept and tried again, and holds up nobody else.
    private async ValueTask<PumpReport> DeliverAsync(OutboxItem.OfFollowUp followUp, PumpReport report, CancellationToken cancellationToken)
    {
        try
        {
            await recorder.RecordAsync([followUp.Event], RecordMode.Live, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception fault) when (IsOfOneCustomer(fault))
        {
            await outbox.ReleaseAsync(followUp, clock.GetCurrentInstant() + WaitAfter(followUp.Attempts), cancellationToken).ConfigureAwait(false);
            CrmTelemetry.Left("postponed");
            return report with { Postponed = report.Postponed + 1 };
        }

        CrmTelemetry.Left("follow-up");
        await outbox.SettleAsync(followUp, cancellationToken).ConfigureAwait(false);
        return report with { FollowUps = report.FollowUps + 1 };
    }

    private static Duration WaitAfter(int attempts) => Duration.Min(Duration.FromSeconds(10 * Math.Pow(4, Math.Min(attempts, 6))), LongestWait);

    private async ValueTask<(string? Kind, string? Reason, Duration Wait)> SendAsync(OutboxItem item, Message message, CancellationToken cancellationToken)
    {
        var now = clock.GetCurrentInstant();
        if (now > message.UsefulUntil)
        {
            return (MessageOutcomes.Stale, "useful-time-over", default);
        }

        if (!channels.TryGetValue(message.Channel, out var channel))
        {
            return (MessageOutcomes.Failed, "no-such-channel", default);
        }

        var snapshot = await kernel.Store.LoadAsync(CustomerRef.Of(item.Customer), cancellationToken).ConfigureAwait(false);
        if (snapshot.Customer is null)
        {
            return (MessageOutcomes.Failed, "no-such-customer", default);
        }

        CustomerView view;
        try
        {
            view = await kernel.ViewAsync(snapshot, null, ids, now, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception fault) when (fault is UnreadableStateException or ModuleFaultException)
        {
            // A later release, or a mended module, can send it; this one goes on with the others.
            return (null, null, WaitAfter(item.Attempts));
        }

        if (gate is not null && await gate.AskAtLeaseAsync(message, view, cancellationToken).ConfigureAwait(false) is { MayLeave: false } refusal)
        {
            return (MessageOutcomes.Refused, refusal.Reason ?? "gate", default);
        }

        switch (await TryAsync(channel, item, message, view, cancellationToken).ConfigureAwait(false))
        {
            case SendOutcome.Sent:
                return (MessageOutcomes.Sent, null, default);
            case SendOutcome.Failed(var why):
                return (MessageOutcomes.Failed, why, default);
            case SendOutcome.Later when item.Attempts + 1 >= kernel.Options.SendAttempts:
                return (MessageOutcomes.Failed, "too-many-attempts", default);
            case SendOutcome.Later(var wait):
                return (null, null, Duration.Max(Duration.Zero, Duration.Min(wait, LongestWait)));
            default:
                throw new InvalidOperationException($"The channel '{channel.Name}' answered with something that is no outcome.");
        }
    }

    // A channel that fails is not asked again at once; what it failed with is its own to log.
    private static async ValueTask<SendOutcome> TryAsync(IMessageChannel channel, OutboxItem item, Message message, CustomerView view, CancellationToken cancellationToken)
    {
        try
        {
            return await channel.SendAsync(item.Id, message, view, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception fault) when (fault is not OperationCanceledException)
        {
            return new SendOutcome.Later(WaitAfter(item.Attempts));
        }
    }

    private static CustomerEvent Outcome(OutboxItem item, Message message, string kind, string? reason) => new()
    {
        Key = new EventKey("outbox", item.Id),
        Kind = kind,
        Customer = item.Customer,
        Brand = message.Brand,
        Fields = Fields.Of(
            ("occasion", message.Occasion),
            ("channel", message.Channel),
            ("template", message.Template),
            ("purpose", message.Purpose),
            ("reason", reason is null ? default : Scalar.Of(reason))),
    };
}
