using Crm.Conditions;
using Crm.Definitions;
using Crm.Events;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Traits;

/// <summary>
/// Keeps the traits of each customer as facts. An event works out those that it can change, a changed fact those that read it, an entry on the agenda those whose value changes at its exact instant.
/// After definitions have changed, all are worked out at the customer's next event or due instant. It stands before segmentation, which reads what it publishes.
/// </summary>
public sealed class TraitsModule : CustomerModule<TraitsState>
{
    private readonly Trait[] traits;
    private readonly TraitPlan[] plans;
    private readonly ConditionIndex index;
    private readonly int[] traitOfCondition;
    private readonly ulong fingerprint;

    /// <summary>The traits of a host.</summary>
    /// <exception cref="InvalidTraitsException">Something is wrong with one; the message lists all of it.</exception>
    public TraitsModule(params IEnumerable<Trait> traits)
    {
        this.traits = [.. traits.OrderBy(trait => trait.Id, StringComparer.Ordinal)];
        var errors = TraitCheck.Errors(this.traits, null).ToSequence();
        if (!errors.IsEmpty)
        {
            throw new InvalidTraitsException(errors);
        }

        plans = [.. this.traits.Select(TraitPlan.Of)];
        var conditions = plans.SelectMany((plan, place) => plan.Conditions.Select(condition => (place, condition))).ToList();
        index = new ConditionIndex(conditions.Select(pair => pair.condition));
        traitOfCondition = [.. conditions.Select(pair => pair.place)];
        fingerprint = (ulong)(DefinitionHash.Of(string.Join('\n', this.traits.Select(trait => trait.Hash.ToString()))).Value >> 64);
        Contract = new ModuleContract
        {
            Name = TraitNames.Module,
            Codec = new TraitsCodec(),
            Handles = ["*"],
            Publishes = this.traits.Select(trait => new FactDeclaration(trait.Fact, Queryable: true)).ToSequence(),
            Conditions = conditions.Select(pair => pair.condition).ToSequence(),
        };
    }

    /// <inheritdoc/>
    public override ModuleContract Contract { get; }

    /// <inheritdoc/>
    protected override Outcome Handle(TraitsState state, ModuleContext context)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(context);
        var anew = state.Fingerprint != fingerprint;
        var asked = anew || context.Stimulus is Stimulus.Happened { Event.Kind: EventKinds.MergedName } ? [.. Enumerable.Range(0, plans.Length)] : Touched(state, context);
        if (asked.Count == 0 && context.Stimulus is not Stimulus.Due)
        {
            return Outcome.Nothing;
        }

        var due = anew ? new Instant?[plans.Length] : [.. state.Due];
        var facts = new List<Fact>();
        foreach (var place in asked)
        {
            var (value, until) = plans[place].Ask(context);
            facts.Add(new Fact(traits[place].Fact, value));
            due[place] = until is { } change ? Tick(change) : null;
        }

        var next = new TraitsState(fingerprint, due.ToSequence());
        return new Outcome.Accepted { State = next == state ? null : next, Facts = facts.ToSequence(), Agenda = [new AgendaChange("ask", next.Wake)] };
    }

    /// <inheritdoc/>
    /// <remarks>What today's definitions give is not what was kept, so all is worked out anew, which is due at once.</remarks>
    protected override Outcome.Accepted Correct(TraitsState stored, TraitsState without, TraitsState with)
    {
        ArgumentNullException.ThrowIfNull(stored);
        return new Outcome.Accepted { State = stored with { Fingerprint = 0 }, Agenda = [new AgendaChange("ask", NodaConstants.UnixEpoch)] };
    }

    private SortedSet<int> Touched(TraitsState state, ModuleContext context)
    {
        var asked = new SortedSet<int>();
        if (context.Stimulus is Stimulus.Happened { Event: var happened })
        {
            foreach (var condition in index.TouchedByEvent(happened))
            {
                asked.Add(traitOfCondition[condition]);
            }
        }

        foreach (var fact in context.ChangedFacts)
        {
            foreach (var condition in index.TouchedByFact(fact))
            {
                asked.Add(traitOfCondition[condition]);
            }
        }

        for (var place = 0; place < state.Due.Count; place++)
        {
            if (state.Due[place] <= context.Moment.Instant)
            {
                asked.Add(place);
            }
        }

        return asked;
    }

    // What is stored has no finer part than ticks, and asking too early would ask in vain.
    private static Instant Tick(Instant instant)
    {
        var tick = Instant.FromUnixTimeTicks(instant.ToUnixTimeTicks());
        return tick < instant ? tick + Duration.FromTicks(1) : tick;
    }
}

/// <summary>What the traits module keeps of a customer besides the facts.</summary>
/// <param name="Fingerprint">Names the definitions by which the traits were worked out; 0: none.</param>
/// <param name="Due">For each trait, in the order of ids, when time changes its value; null: time alone does not.</param>
public sealed record TraitsState(ulong Fingerprint, Sequence<Instant?> Due)
{
    /// <summary>When the first of them changes.</summary>
    public Instant? Wake
    {
        get
        {
            Instant? first = null;
            foreach (var due in Due)
            {
                first = due is { } instant && !(first <= instant) ? instant : first;
            }

            return first;
        }
    }
}

internal sealed class TraitsCodec : SlotCodec<TraitsState>
{
    public override int Version => 1;

    public override TraitsState Empty { get; } = new(0, []);

    protected override void Write(TraitsState state, SlotWriter writer)
    {
        writer.Bits(state.Fingerprint);
        writer.Whole(state.Due.Count);
        foreach (var due in state.Due)
        {
            writer.Flag(due is not null);
            if (due is { } instant)
            {
                writer.Instant(instant);
            }
        }
    }

    protected override TraitsState Read(int version, ref SlotReader reader)
    {
        var fingerprint = reader.Bits();
        var due = new Instant?[reader.Int()];
        for (var i = 0; i < due.Length; i++)
        {
            due[i] = reader.Flag() ? reader.Instant() : null;
        }

        return new TraitsState(fingerprint, due.ToSequence());
    }
}
