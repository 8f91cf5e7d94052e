using Crm.Campaigns.Journeys;
using Crm.Definitions;
using Crm.Engine;
using Crm.Events;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Campaigns.Decisions;

/// <summary>Gathers what one stimulus changes. Every decision goes through <see cref="Begin"/>, so state, message, receipt and agenda always agree.</summary>
internal sealed class Deciding(CampaignPlan plan, ISendGate? gate, CampaignState before, ModuleContext context)
{
    private const int MostPinned = 16;
    private readonly List<Message> messages = [];
    private readonly List<ReceiptLine> lines = [];
    private readonly List<AgendaChange> agenda = [];
    private readonly CampaignState initial = before;
    private CampaignState state = before;

    private Instant Now => context.Moment.Instant;

    public JourneyStanding In(string journey) => state.In(journey);

    public void Stand(JourneyStanding standing) => state = state.With(standing);

    /// <summary>Has the journey looked at again at an instant; null: not before something happens.</summary>
    public void Wait(Journey journey, Instant? until)
    {
        var standing = state.In(journey.Id);
        if (standing.Due != until)
        {
            state = state.With(standing with { Due = until });
        }

        agenda.Add(new AgendaChange(journey.Id, until, CampaignPlan.PhaseOf(journey)));
    }

    /// <summary>Decides whether an occasion brings a message.</summary>
    /// <param name="occasion">Without the journey's name.</param>
    public void Begin(Definition<Journey> definition, string occasion, Fields parameters)
    {
        var journey = definition.Value;
        var message = new Message
        {
            Occasion = $"{journey.Id}:{occasion}",
            Channel = journey.Message.Channel,
            Template = journey.Message.Template,
            Purpose = journey.Message.Purpose,
            Brand = journey.Message.Brand,
            DecidedAt = Now,
            UsefulUntil = Now + journey.Message.UsefulFor,
            Parameters = parameters.With(Fields.Of(("journey", journey.Id), ("version", definition.Version))),
        };
        if (state.Pinned.Contains(message.Occasion) || state.In(journey.Id).Last?.Occasion == message.Occasion)
        {
            return;
        }

        Prune();
        var reason = ReasonAgainst(journey, message);
        var standing = state.In(journey.Id).Counting(reason is null ? "decided" : $"suppressed.{reason}");
        state = state.With(standing with { Last = new LastDecision(message.Occasion, Now, reason) });
        if (reason is null)
        {
            messages.Add(message);
            lines.Add(new ReceiptLine(CampaignNames.Module, LineCodes.Decided) { Subject = message.Occasion });
            state = state.With(new Reservation(message.Occasion, message.Channel, Now, message.UsefulUntil + Frequency.Slack, Sent: false, plan.Counts(journey.Id, message.Channel, message.Purpose, Now)));
        }
        else
        {
            lines.Add(new ReceiptLine(CampaignNames.Module, LineCodes.Suppressed) { Subject = message.Occasion, Parts = [new ReceiptLine(CampaignNames.Module, reason)] });
        }
    }

    /// <summary>Takes in what became of a message.</summary>
    public void Learn(CustomerEvent outcome)
    {
        if (outcome.Fields["occasion"].AsCode is not { } occasion)
        {
            return;
        }

        var journey = CampaignNames.JourneyOf(occasion);
        var ours = plan.Has(journey);
        if (ours)
        {
            state = state.With(state.In(journey).Counting(outcome.Kind[(outcome.Kind.IndexOf('.', StringComparison.Ordinal) + 1)..]));
        }

        switch (outcome.Kind)
        {
            case MessageOutcomes.Sent:
                LearnSent(outcome, occasion, journey, ours);
                break;
            case MessageOutcomes.Failed or MessageOutcomes.Refused or MessageOutcomes.Stale when state.Reservations.Any(reservation => reservation.Occasion == occasion):
                state = state.Without(occasion);
                break;
        }
    }

    public Outcome Outcome() => ReferenceEquals(state, initial) && agenda.Count == 0
        ? Modules.Outcome.Nothing
        : new Outcome.Accepted
        {
            State = ReferenceEquals(state, initial) ? null : state,
            Messages = messages.ToSequence(),
            Agenda = agenda.ToSequence(),
            Lines = lines.ToSequence(),
        };

    private string? ReasonAgainst(Journey journey, Message message)
    {
        if (journey.When is { } when && !context.Evaluate(when).Value)
        {
            return Reasons.Condition;
        }

        if (gate?.AskAtDecision(message, context) is { MayLeave: false } refusal)
        {
            return refusal.Reason ?? Reasons.Gate;
        }

        return message.Purpose == JourneyMessage.Service
            ? null
            : Frequency.ReasonAgainst(plan, journey, [.. state.Reservations.Where(reservation => reservation.Counts)], Now, message.UsefulUntil + Frequency.Slack, context.Moment.Zone);
    }

    private void LearnSent(CustomerEvent outcome, string occasion, string journey, bool ours)
    {
        var known = state.Reservations.FirstOrDefault(reservation => reservation.Occasion == occasion);
        var channel = known?.Channel ?? outcome.Fields["channel"].AsCode ?? "";
        if (ours && known is null && !state.Pinned.Contains(occasion))
        {
            state = state with { Pinned = state.Pinned.Append(occasion).TakeLast(MostPinned).ToSequence() };
        }

        if (known?.Counts ?? plan.Counts(journey, channel, outcome.Fields["purpose"].AsCode ?? "", Now))
        {
            state = state.With(new Reservation(occasion, channel, Now, Now, Sent: true, Counts: true));
        }
        else if (known is not null)
        {
            state = state.Without(occasion);
        }
    }

    // What no window can hold any more is forgotten.
    private void Prune()
    {
        var today = context.Moment.StartOf(context.Moment.Date);
        var horizon = Instant.Min(Now - plan.Longest, today);
        if (state.Reservations.Any(Gone))
        {
            state = state with { Reservations = state.Reservations.Where(reservation => !Gone(reservation)).ToSequence() };
        }

        bool Gone(Reservation reservation) => reservation.Until < horizon || (!reservation.Sent && reservation.Until < Now);
    }
}
