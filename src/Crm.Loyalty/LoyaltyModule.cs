using Crm.Definitions;
using Crm.Events;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Stamps;
using Crm.Loyalty.Tiers;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty;

/// <summary>
/// Loyalty as a module: events earn units by the rules of the programmes that are active at their moment, requests spend them, lots run out and tiers close at their
/// exact instants. Refunds need nothing of their own: what is left of a purchase earns what it would have earned from the start.
/// </summary>
public sealed class LoyaltyModule : CustomerModule<LoyaltyState>, IHoldsUnits
{
    private readonly LoyaltyPlans plans;

    /// <summary>Loyalty with these programmes, each counting from the beginning of time.</summary>
    /// <exception cref="InvalidLoyaltyProgramException">Something is wrong with a programme; the message lists all of it.</exception>
    public LoyaltyModule(params IEnumerable<LoyaltyProgram> programs)
        : this(new DefinitionCatalog<LoyaltyProgram>(programs.Select(program => new Definition<LoyaltyProgram>(program.Name, 1, Instant.MinValue, program, program.Hash))))
    {
    }

    /// <summary>Loyalty with all versions of these programmes; the one active at an event's moment decides.</summary>
    /// <exception cref="InvalidLoyaltyProgramException">Something is wrong with a programme; the message lists all of it.</exception>
    public LoyaltyModule(DefinitionCatalog<LoyaltyProgram> programs)
        : this(programs, [])
    {
    }

    /// <summary>Loyalty with all versions of these programmes, and kinds of events of the host's own that their rules look at.</summary>
    /// <exception cref="InvalidLoyaltyProgramException">Something is wrong with a programme; the message lists all of it.</exception>
    public LoyaltyModule(DefinitionCatalog<LoyaltyProgram> programs, IEnumerable<EventKind> kinds)
        : this(programs, kinds, [])
    {
    }

    private LoyaltyModule(DefinitionCatalog<LoyaltyProgram> programs, IEnumerable<EventKind> kinds, IEnumerable<string> elsewhere)
    {
        ArgumentNullException.ThrowIfNull(kinds);
        ArgumentNullException.ThrowIfNull(programs);
        plans = new LoyaltyPlans(programs, elsewhere);
        var keeps = programs.All.Any(definition => definition.Value.Cascade == Cascade.None);
        if (keeps && programs.All.Any(definition => definition.Value.Cascade != Cascade.None))
        {
            throw new ArgumentException($"Programmes with and without cascade are two modules, because refunds decide the history of one again and not of the other; make them with {nameof(LoyaltyModule)}.{nameof(Of)}, or with AddLoyalty. All versions of a programme have one cascade.", nameof(programs));
        }

        var levels = Metrics<QualificationMetric>(programs).Any(metric => metric.IsLevel);
        Contract = new ModuleContract
        {
            Name = keeps ? LoyaltyNames.KeepingModule : LoyaltyNames.Module,
            Reversible = !keeps,
            Codec = new LoyaltyStateCodec(),
            Kinds = [.. LoyaltyEvents.Kinds, .. StampEvents.Kinds, .. TierEvents.Kinds, .. kinds],
            Handles = plans.Handled.Concat(keeps ? [EventKinds.RefundName, EventKinds.CancellationName] : []).Concat(LoyaltyEvents.Kinds.Concat(StampEvents.Kinds).Concat(TierEvents.Kinds).Select(kind => kind.Name)).Concat(levels ? [Echo.FactsChanged] : []).Distinct(StringComparer.Ordinal).ToSequence(),
            Emits = [LoyaltyNames.TierChanged, LoyaltyNames.TierProlonged, LoyaltyNames.Expiring],
            Reads = Metrics<QualificationMetric.FactValue>(programs).Select(metric => metric.Fact).Distinct().ToSequence(),
            Observes = Metrics<QualificationMetric.ProfileValue>(programs).Select(metric => metric.Field).Concat(plans.DateFields).Distinct(StringComparer.Ordinal).ToSequence(),
            Publishes = plans.Facts.Select(fact => new FactDeclaration(fact, Queryable: true)).ToSequence(),
            Conditions = programs.All.SelectMany(definition => definition.Value.Conditions).Distinct().ToSequence(),
            Definitions = programs.All.Select(definition => definition.Hash).Distinct().ToSequence(),
        };
    }

    /// <summary>The modules of these programmes: one for those whose refunds decide history again, and one, irrevocable, for those whose refunds reach no further than the purchase.</summary>
    /// <exception cref="InvalidLoyaltyProgramException">Something is wrong with a programme; the message lists all of it.</exception>
    public static IEnumerable<LoyaltyModule> Of(DefinitionCatalog<LoyaltyProgram> programs, IEnumerable<EventKind> kinds)
    {
        ArgumentNullException.ThrowIfNull(programs);
        var kept = programs.All.Where(definition => definition.Value.Cascade == Cascade.None).Select(definition => definition.Name).ToHashSet(StringComparer.Ordinal);
        var parts = programs.All.GroupBy(definition => kept.Contains(definition.Name)).OrderBy(part => part.Key).Select(part => part.ToList()).ToList();
        return parts.Count < 2
            ? [new LoyaltyModule(programs, kinds)]
            : [.. parts.Select(part => new LoyaltyModule(new DefinitionCatalog<LoyaltyProgram>(part), kinds, programs.Names.Except(part.Select(definition => definition.Name))))];
    }

    /// <summary>The modules of these programmes, each counting from the beginning of time.</summary>
    /// <exception cref="InvalidLoyaltyProgramException">Something is wrong with a programme; the message lists all of it.</exception>
    public static IEnumerable<LoyaltyModule> Of(params IEnumerable<LoyaltyProgram> programs) =>
        Of(new DefinitionCatalog<LoyaltyProgram>(programs.Select(program => new Definition<LoyaltyProgram>(program.Name, 1, Instant.MinValue, program, program.Hash))), []);

    /// <inheritdoc/>
    public override ModuleContract Contract { get; }

    /// <inheritdoc/>
    IEnumerable<UnitsHeld> IHoldsUnits.Held(object state) => ((LoyaltyState)state).Held;

    /// <inheritdoc/>
    protected override Outcome Handle(LoyaltyState state, ModuleContext context)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(context);
        switch (context.Stimulus)
        {
            case Stimulus.Happened { Event: var other } when plans.IsElsewhere(other):
                return Outcome.Nothing;
            case Stimulus.Happened { Event: { Kind: LoyaltyEvents.RedeemName } request }:
                return PointRequests.Redeem(request, plans, state, context);
            case Stimulus.Happened { Event: { Kind: LoyaltyEvents.AdjustName } request }:
                return PointRequests.Adjust(request, plans, state, context);
            case Stimulus.Happened { Event: { Kind: LoyaltyEvents.TransferName or LoyaltyEvents.ConvertName or LoyaltyEvents.AmendName or LoyaltyEvents.ReinstateName or LoyaltyEvents.ReturnName } request }:
                return WalletRequests.Decide(request, plans, state, context);
            case Stimulus.Happened { Event: { Kind: LoyaltyEvents.ReceiveName } received }:
                return WalletRequests.Receive(received, plans, state, context);
            case Stimulus.Happened { Event: { Kind: StampEvents.UseName } request }:
                return StampSteps.Use(request, plans, state, context);
            case Stimulus.Happened { Event: { Kind: TierEvents.FloorName or TierEvents.PinName or TierEvents.ReleaseName } request }:
                return TierRequests.Decide(request, plans, state, context);
            case Stimulus.Happened { Event: var happened }:
                return Happened(happened, state, context);
            case Stimulus.Echoed { Echo: var echo }:
                return Echoed(echo, state, context);
            case Stimulus.Due due:
                return Due(due.Key, state, context);
            default:
                return Outcome.Nothing;
        }
    }

    /// <inheritdoc/>
    protected override Outcome.Accepted Correct(LoyaltyState stored, LoyaltyState without, LoyaltyState with)
    {
        ArgumentNullException.ThrowIfNull(stored);
        ArgumentNullException.ThrowIfNull(without);
        ArgumentNullException.ThrowIfNull(with);
        return new CorrectionSteps(plans, stored).Apply(with, without);
    }

    private static IEnumerable<T> Metrics<T>(DefinitionCatalog<LoyaltyProgram> programs) =>
        programs.All.SelectMany(definition => definition.Value.Ladders).Select(ladder => ladder.Metric).OfType<T>();
    private Outcome Happened(CustomerEvent happened, LoyaltyState state, ModuleContext context)
    {
        var decision = new Decision(state, context);
        foreach (var versions in plans.Programs)
        {
            if (versions.At(context.Moment.Instant) is { } plan)
            {
                YearlySteps.Look(plan, decision);
                if (happened.Original is { } original && Array.IndexOf(plan.ReleaseKinds, happened.Kind) >= 0)
                {
                    Array.ForEach(plan.Units, unit => decision.Release(plan, unit, original));
                }

                foreach (var unit in plan.Units)
                {
                    decision.Touch(plan, unit, happened.Kind);
                }

                ClawbackSteps.TakeBack(happened, plan, decision);
                EarningSteps.Earn(happened, plan, decision);
                StampSteps.Stamp(happened, plan, decision);
                TierSteps.Count(happened, plan, decision);
            }
        }

        return decision.Outcome();
    }

    private Outcome Echoed(Echo echo, LoyaltyState state, ModuleContext context)
    {
        var decision = new Decision(state, context);
        var happened = new CustomerEvent { Key = context.Cause, Kind = echo.Kind, OccurredAt = context.Moment.Instant, Fields = echo.Fields };
        foreach (var plan in plans.Programs.Select(versions => versions.At(context.Moment.Instant)).OfType<ProgramPlan>())
        {
            EarningSteps.Earn(happened, plan, decision);
            if (plan.HasLevels)
            {
                decision.Weigh(plan);
            }
        }

        return decision.Outcome();
    }

    private Outcome Due(string key, LoyaltyState state, ModuleContext context)
    {
        var (what, program, name) = LoyaltyNames.Parse(key);
        var plan = plans.Find(program)?.At(context.Moment.Instant);
        var decision = new Decision(state, context);
        switch (what)
        {
            case LoyaltyNames.Expire:
                decision.Expire(program, name, plan);
                if (plan is { HasLevels: true })
                {
                    decision.Weigh(plan);
                }

                break;
            case LoyaltyNames.Close when plan?.LadderNamed(name) is { } ladder:
                decision.Close(plan, ladder);
                break;
            case LoyaltyNames.Activate when plan?.UnitNamed(name) is { } unit:
                decision.Activate(plan, unit);
                break;
            case LoyaltyNames.Warning when plan?.UnitNamed(name) is { } unit:
                decision.Warn(plan, unit);
                break;
            case LoyaltyNames.Yearly when plan is not null:
                YearlySteps.Give(plan, name, decision);
                break;
        }

        return decision.Outcome();
    }
}
