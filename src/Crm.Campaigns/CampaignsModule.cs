using Crm.Campaigns.Decisions;
using Crm.Campaigns.Experiments;
using Crm.Campaigns.Journeys;
using Crm.Definitions;
using Crm.Engine;
using Crm.Events;
using Crm.Modules;
using Crm.Values;
using NodaTime;
using NodaTime.Text;

namespace Crm.Campaigns;

/// <summary>
/// Campaigns as a module: journeys begin with events, echoes, silences and birthdays, and each occasion is decided once, under the gate and the caps. It is reversible: a message that a refund or a
/// late event leaves without its cause is withdrawn if it waits; what was sent comes back as an event, so it is part of every replay and keeps counting.
/// </summary>
public sealed class CampaignsModule : CustomerModule<CampaignState>
{
    private readonly CampaignPlan plan;
    private readonly ISendGate? gate;

    /// <summary>Campaigns under a gate.</summary>
    /// <param name="plan">The journeys and caps.</param>
    /// <param name="gate">Asked for each message when it is decided. The engine asks it again when the message is about to leave.</param>
    public CampaignsModule(CampaignPlan plan, ISendGate gate)
        : this(plan)
    {
        ArgumentNullException.ThrowIfNull(gate);
        this.gate = gate;
    }

    private CampaignsModule(CampaignPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        this.plan = plan;
        Contract = new ModuleContract
        {
            Name = CampaignNames.Module,
            Codec = new CampaignStateCodec(),
            Handles = plan.BirthdayFields.IsEmpty ? plan.Kinds.Concat(MessageOutcomes.Kinds.Select(kind => kind.Name)).Append(EventKinds.ErasedName).Append(EventKinds.MergedName).Distinct(StringComparer.Ordinal).ToSequence() : ["*"],
            Observes = plan.Observed,
            Conditions = plan.Conditions.ToSequence(),
            Publishes = ExperimentNames.Declared,
        };
    }

    /// <inheritdoc/>
    public override ModuleContract Contract { get; }

    /// <summary>The journeys and caps.</summary>
    internal CampaignPlan Plan => plan;

    internal ISendGate? Gate => gate;

    /// <summary>Campaigns that no gate watches over.</summary>
    /// <param name="plan">The journeys and caps.</param>
    /// <param name="reason">Why that is right, such as "all messages are of the service"; a sentence for whoever reads the code.</param>
    public static CampaignsModule WithoutGate(CampaignPlan plan, string reason)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(reason);
        return new CampaignsModule(plan);
    }

    /// <summary>Holds back what would exceed a cap because history was decided again after other messages had left. Wrap every channel that campaigns use.</summary>
    public static IMessageChannel Capped(IMessageChannel channel, CampaignPlan plan) => new Messages.CappedChannel(channel, plan);

    /// <summary>Explains why a customer has no message from a journey: what it waits for, what was decided last, and what stands against it now.</summary>
    /// <exception cref="ArgumentException">No journey has the name; the message lists those there are.</exception>
    public WhyNot WhyNot(string journey, CustomerView customer)
    {
        ArgumentNullException.ThrowIfNull(customer);
        return Decisions.WhyNot.Explain(plan, gate, journey, customer);
    }

    /// <summary>Where a customer stands in each journey, by name, for a screen: what it waits for, what was decided last, and what stands against a message now.</summary>
    public Sequence<WhyNot> Show(CustomerView customer)
    {
        ArgumentNullException.ThrowIfNull(customer);
        return plan.Journeys.Names.Select(journey => WhyNot(journey, customer)).ToSequence();
    }

    /// <inheritdoc/>
    protected override Outcome Handle(CampaignState state, ModuleContext context)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(context);
        if (context.Stimulus is Stimulus.Happened { Event.Kind: EventKinds.ErasedName })
        {
            return new Outcome.Accepted
            {
                State = CampaignState.Empty,
                Agenda = state.Journeys.Select(standing => standing.Journey).Concat(state.Exposures.Select(exposure => Deciding.ExposedKey + exposure.Experiment)).Select(key => new AgendaChange(key, null)).ToSequence(),
                Facts = state.Exposures.SelectMany(ExperimentNames.None).ToSequence(),
            };
        }

        var deciding = new Deciding(plan, gate, state, context);
        switch (context.Stimulus)
        {
            case Stimulus.Happened { Event: var happened }:
                if (MessageOutcomes.Has(happened.Kind))
                {
                    deciding.Learn(happened);
                }
                else if (happened.Kind == EventKinds.MergedName)
                {
                    deciding.Merged();
                }

                ObserveBirthdays(deciding, context);
                foreach (var definition in plan.BegunBy(happened.Kind, context.Moment.Instant))
                {
                    Happened(happened, definition, deciding, context);
                }

                break;
            case Stimulus.Echoed { Echo: var echo }:
                foreach (var definition in plan.BegunBy(echo.Kind, context.Moment.Instant))
                {
                    Echoed(echo, definition, deciding, context);
                }

                break;
            case Stimulus.Due { Key: var key } when key.StartsWith(Deciding.ExposedKey, StringComparison.Ordinal):
                if (state.Exposed(key[Deciding.ExposedKey.Length..]) is { } pinned)
                {
                    deciding.Expose(pinned);
                }

                break;
            case Stimulus.Due { Key: var journey } when plan.At(journey, context.Moment.Instant) is { } definition:
                if (definition.Value.Ended)
                {
                    deciding.Wait(definition.Value, null);
                }
                else
                {
                    Due(definition, deciding, context);
                }

                break;
        }

        return deciding.Outcome();
    }

    /// <inheritdoc/>
    /// <remarks>What today's journeys make of the history counts from now on; the counts of what was decided by journeys that are gone stay.</remarks>
    protected override Outcome.Accepted Correct(CampaignState stored, CampaignState without, CampaignState with)
    {
        ArgumentNullException.ThrowIfNull(stored);
        ArgumentNullException.ThrowIfNull(without);
        ArgumentNullException.ThrowIfNull(with);
        var corrected = with;
        foreach (var journey in stored.Journeys.Concat(without.Journeys).Select(standing => standing.Journey).Distinct(StringComparer.Ordinal))
        {
            var standing = with.In(journey);
            var codes = stored.In(journey).Tallies.Concat(without.In(journey).Tallies).Select(tally => tally.Code).Distinct(StringComparer.Ordinal);
            corrected = corrected.With(codes.Aggregate(standing, (sum, code) => sum.Counting(code, stored.In(journey).Count(code) - without.In(journey).Count(code))));
        }

        return new Outcome.Accepted
        {
            State = corrected,
            Facts = corrected.Exposures.SelectMany(exposure => ExperimentNames.Of(exposure, Instant.MaxValue)).ToSequence(),
            Agenda = corrected.Journeys.Select(standing => new AgendaChange(standing.Journey, standing.Due, PhaseOf(standing))).ToSequence(),
        };
    }

    /// <inheritdoc/>
    /// <remarks>Who counts in an experiment, in which arm and from when on, has been seen and stands, also where history leads to it no more. Facts say so where history leads to them, and else one tick after they were told: an entry that falls due is handled before what happens at its instant.</remarks>
    protected override Outcome.Accepted? Pin(CampaignState state, CampaignState seen)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(seen);
        var pinned = seen.Exposures.Where(exposure => state.Exposed(exposure.Experiment) != exposure).ToList();
        return pinned.Count == 0 ? null : new Outcome.Accepted
        {
            State = pinned.Aggregate(state, (with, exposure) => with.With(exposure)),
            Agenda = pinned.Select(exposure => new AgendaChange(Deciding.ExposedKey + exposure.Experiment, exposure.PinnedAt)).ToSequence(),
        };
    }

    private int PhaseOf(JourneyStanding standing) => standing.Due is { } due && plan.At(standing.Journey, due) is { } definition ? CampaignPlan.PhaseOf(definition.Value) : 0;

    /// <inheritdoc/>
    /// <remarks>Caps count the messages to both; a silence counts from the later of both events, a birthday that was greeted is greeted no more this year, and no occasion is decided again. In an experiment the arm of the one who stays counts if they were exposed, else that of the other.</remarks>
    protected override Outcome.Accepted? Merge(CampaignState survivor, CampaignState retired, ModuleContext context)
    {
        ArgumentNullException.ThrowIfNull(survivor);
        ArgumentNullException.ThrowIfNull(retired);
        var merged = survivor.With(retired, context.Moment.Instant);
        return new Outcome.Accepted
        {
            State = merged,
            Facts = merged.Exposures.SelectMany(exposure => ExperimentNames.Of(exposure, context.Moment.Instant)).ToSequence(),
            Agenda = merged.Journeys.Where(standing => standing.Due is not null || survivor.In(standing.Journey).Due is not null).Select(standing => new AgendaChange(standing.Journey, standing.Due, PhaseOf(standing))).ToSequence(),
        };
    }

    private static void Happened(CustomerEvent happened, Definition<Journey> definition, Deciding deciding, ModuleContext context)
    {
        switch (definition.Value.Trigger)
        {
            case Trigger.OnEvent on when on.Kind == happened.Kind && (on.Where is null || context.Evaluate(on.Where).Value):
                var spend = happened.Spend is { } money ? Fields.Of(("spend", money.Amount), ("currency", money.Currency.Code)) : default;
                deciding.Begin(definition, happened.Key.ToString(), spend.With(happened.Fields));
                break;
            case Trigger.WhenSilent silent when silent.After == happened.Kind:
                var standing = deciding.In(definition.Name);
                if (standing.Anchor is not { } anchor || anchor.At <= context.Moment.Instant)
                {
                    deciding.Stand(standing with { Anchor = new Anchor(happened.Key.ToString(), context.Moment.Instant) });
                    deciding.Wait(definition.Value, context.Moment.Instant + Duration.FromDays(silent.Days[0]));
                }

                break;
        }
    }

    private static void Echoed(Echo echo, Definition<Journey> definition, Deciding deciding, ModuleContext context)
    {
        if (definition.Value.Trigger is not Trigger.OnEcho on || on.Kind != echo.Kind || on.Having.Any(pair => echo.Fields[pair.Key] != pair.Value))
        {
            return;
        }

        // The kernel's name for what falls due says nothing of the event that it followed from.
        deciding.Begin(definition, context.Cause.Source == "due" ? $"#{InstantPattern.ExtendedIso.Format(context.Moment.Instant)}" : context.Cause.ToString(), echo.Fields);
    }

    private static void Due(Definition<Journey> definition, Deciding deciding, ModuleContext context)
    {
        var standing = deciding.In(definition.Name);
        switch (definition.Value.Trigger)
        {
            case Trigger.WhenSilent silent when standing is { Anchor: { } anchor, Due: { } due }:
                var next = silent.Days.Select(days => anchor.At + Duration.FromDays(days)).Where(instant => instant > due).Select(instant => (Instant?)instant).FirstOrDefault();
                deciding.Wait(definition.Value, next);
                foreach (var days in silent.Days.Where(days => anchor.At + Duration.FromDays(days) == due))
                {
                    deciding.Begin(definition, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{anchor.Event}:{days}"), Fields.Of(("days", days)));
                }

                break;
            case Trigger.OnBirthday birthday:
                var here = Birthday.HereOf(birthday, context);
                var year = here.Date.Year;
                deciding.Stand(standing with { LastYear = year });
                deciding.Wait(definition.Value, Birthday.Next(standing.Day, birthday, here, year));
                deciding.Begin(definition, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"birthday:{year}"), Fields.Of(("year", year)));
                break;
        }
    }

    private void ObserveBirthdays(Deciding deciding, ModuleContext context)
    {
        foreach (var definition in plan.WithBirthday(context.Moment.Instant))
        {
            if (definition.Value.Trigger is Trigger.OnBirthday birthday)
            {
                var standing = deciding.In(definition.Name);
                var (day, here) = (Birthday.DayOf(context.Observed(birthday.Field)), Birthday.HereOf(birthday, context));
                var zone = birthday.ZoneField is null ? null : here.Zone.Id;
                if (day != standing.Day || zone != standing.Zone)
                {
                    deciding.Stand(standing with { Day = day, Zone = zone });
                    deciding.Wait(definition.Value, Birthday.Next(day, birthday, here, standing.LastYear));
                }
            }
        }
    }
}
