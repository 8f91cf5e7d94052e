using Crm.Campaigns.Experiments;
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
    private readonly List<Message> messages = [];
    private readonly List<ReceiptLine> lines = [];
    private readonly List<AgendaChange> agenda = [];
    private readonly List<DecisionRecord> decisions = [];
    private readonly List<Fact> facts = [];
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
        var message = journey.MessageAt(Now, occasion) with { Parameters = parameters.With(Fields.Of(("journey", journey.Id), ("version", definition.Version))) };
        if (state.Pinned.Contains(message.Occasion) || state.Answered.Contains(message.Occasion) || state.In(journey.Id).Last?.Occasion == message.Occasion)
        {
            return;
        }

        Prune();
        var inputs = new DecisionInputs(definition, message, context.Moment);
        message = message with { NotBefore = plan.QuietAt(journey, context.Moment, context.Observed) is { } quiet ? inputs.Quiet(quiet.Zone, quiet.Until) : null };
        var reason = AnsweredBefore(journey, message, inputs) ?? ReasonAgainst(journey, message, inputs) ?? (message.NotBefore > message.UsefulUntil ? Reasons.QuietTooLong : null) ?? Assign(journey, inputs, ref message);
        var rival = reason is Reasons.JourneyCap or Reasons.ChannelCap ? RivalOf(journey, message) : null;
        decisions.Add(new DecisionRecord
        {
            Module = CampaignNames.Module,
            Definition = journey.Id,
            Version = definition.Version,
            Step = CampaignNames.MessageStep,
            Occasion = message.Occasion,
            Verdict = reason is null ? DecisionVerdict.Act : rival is null ? DecisionVerdict.Suppress : DecisionVerdict.Lose,
            Reason = reason ?? (message.NotBefore is null ? null : Reasons.QuietHours),
            LostTo = rival,
            At = Now,
            NotBefore = reason is null ? message.NotBefore : null,
            Inputs = inputs.Hash(),
        });
        var standing = state.In(journey.Id).Counting(reason is null ? "decided" : $"suppressed.{reason}");
        state = state.With(standing with { Last = new LastDecision(message.Occasion, Now, reason) });
        if (reason is null)
        {
            messages.Add(message);
            lines.Add(new ReceiptLine(CampaignNames.Module, LineCodes.Decided) { Subject = message.Occasion });
            state = state.With(new Reservation(message.Occasion, message.Channel, message.NotBefore ?? Now, message.UsefulUntil + Frequency.Slack, Sent: false, plan.Counts(journey.Id, message.Channel, message.Purpose, Now)));
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

    /// <summary>The agenda's key for what is told of an exposure where history does not lead to it any more. No journey is named so.</summary>
    public const string ExposedKey = "exposed:";

    /// <summary>Has the customer count in an experiment: facts say so from when they did first, whatever is decided again of the time before.</summary>
    public void Expose(Exposure exposure)
    {
        if (state.Exposed(exposure.Experiment) != exposure)
        {
            state = state.With(exposure);
        }

        if (exposure.ToldAt <= Now && context.Fact(ExperimentNames.Arm(exposure.Experiment)).IsMissing)
        {
            Tell(exposure);
        }
    }

    /// <summary>Two customers have become one: what was taken over is told of the one who stays from now on.</summary>
    public void Merged()
    {
        foreach (var exposure in state.Exposures)
        {
            var taken = exposure.Of(context.Customer, Now);
            if (taken != exposure)
            {
                state = state.With(taken);
            }

            Tell(taken);
        }
    }

    private void Tell(Exposure exposure)
    {
        facts.AddRange(ExperimentNames.Of(exposure, Now));
        agenda.Add(new AgendaChange(ExposedKey + exposure.Experiment, null));
    }

    public Outcome Outcome() => ReferenceEquals(state, initial) && agenda.Count == 0 && facts.Count == 0
        ? Modules.Outcome.Nothing
        : new Outcome.Accepted
        {
            State = ReferenceEquals(state, initial) ? null : state,
            Messages = messages.ToSequence(),
            Agenda = agenda.ToSequence(),
            Facts = facts.ToSequence(),
            Lines = lines.ToSequence(),
            Decisions = decisions.ToSequence(),
        };

    private string? ReasonAgainst(Journey journey, Message message, DecisionInputs inputs)
    {
        if (journey.When is { } when && !inputs.Condition(context.Evaluate(when).Value))
        {
            return Reasons.Condition;
        }

        if (gate is not null && inputs.Gate(gate.AskAtDecision(message, context)) is { MayLeave: false } refusal)
        {
            return refusal.Reason ?? Reasons.Gate;
        }

        return message.Purpose == JourneyMessage.Service ? null : CapAgainst(journey, message, inputs.Counted([.. state.Reservations.Where(reservation => reservation.Counts)], plan.CapsOf(message.Channel)));
    }

    // What begins such a journey moves when something that came late, or was taken back, makes it come about by another event. A message that has left for where it was is not sent again for where it is.
    private string? AnsweredBefore(Journey journey, Message message, DecisionInputs inputs)
    {
        if (!journey.MovesWithHistory || state.Pinned.FirstOrDefault(sent => CampaignNames.JourneyOf(sent) == journey.Id) is not { } stands)
        {
            return null;
        }

        state = state.Answering(message.Occasion) with { Pinned = state.Pinned.Where(sent => sent != stands).ToSequence() };
        inputs.Answered(stands);
        return Reasons.SentBefore;
    }

    private string? CapAgainst(Journey journey, Message message, IReadOnlyList<Reservation> counted) =>
        Frequency.ReasonAgainst(plan, journey, counted, message.NotBefore ?? Now, message.UsefulUntil + Frequency.Slack, context.Moment.Zone);

    // What was decided at this very instant and took the last room; null where there was none without it either.
    private string? RivalOf(Journey journey, Message message)
    {
        var counted = state.Reservations.Where(reservation => reservation.Counts).ToLookup(reservation => !reservation.Sent && state.In(reservation.Journey).Last is { } last && last.At == Now && last.Occasion == reservation.Occasion);
        return counted[true].FirstOrDefault()?.Occasion is { } rival && CapAgainst(journey, message, [.. counted[false]]) is null ? rival : null;
    }

    // Whoever would get a message counts in their arm from now on, also where that arm gets nothing. What stood against it otherwise has been asked before: nothing of it can follow from the arm.
    private string? Assign(Journey journey, DecisionInputs inputs, ref Message message)
    {
        if (plan.EveryoneFor(journey, context.Moment) is { } everyone && Exposed(everyone, inputs).HoldsOut)
        {
            return Reasons.HeldOutOfAll;
        }

        if (CampaignPlan.ExperimentOf(journey, Now) is not { } experiment)
        {
            return null;
        }

        var arm = Exposed(experiment, inputs);
        message = message with
        {
            Template = arm.Template ?? message.Template,
            Parameters = message.Parameters.With(Fields.Of(("experiment", experiment.Id), ("arm", arm.Name))),
        };
        return arm.HoldsOut ? Reasons.HeldOut : null;
    }

    private Arm Exposed(Experiment experiment, DecisionInputs inputs)
    {
        var arm = inputs.Arm(experiment, state.ArmIn(experiment, context.Customer));
        Expose(state.In(experiment) ?? new Exposure(experiment.Id, arm.Name, Now, context.Customer, Now));
        return arm;
    }

    private void LearnSent(CustomerEvent outcome, string occasion, string journey, bool ours)
    {
        var known = state.Reservations.FirstOrDefault(reservation => reservation.Occasion == occasion);
        var channel = known?.Channel ?? outcome.Fields["channel"].AsCode ?? "";
        if (ours && known is null && !state.Pinned.Contains(occasion) && !state.Answered.Contains(occasion))
        {
            Pin(occasion, journey);
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

    private void Pin(string occasion, string journey)
    {
        var moved = plan.At(journey, Now) is { Value.MovesWithHistory: true } ? state.Reservations.FirstOrDefault(waits => !waits.Sent && waits.Journey == journey) : null;
        state = moved is null ? state.Pinning(occasion) : state.Answering(moved.Occasion);
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
