using Crm.Conditions;
using Crm.Customers.Profiles;
using Crm.Customers.Stages;
using Crm.Events;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Customers;

/// <summary>
/// Customers as a module, the first in the order: checks profiles before they are recorded, keeps tags, which run out by themselves, and the stage of the life-cycle, and publishes both as the facts
/// "tag.&lt;name&gt;" and "customer.stage".
/// </summary>
public sealed class CustomersModule : CustomerModule<CustomersState>, IEventValidator
{
    /// <summary>"customers", the module's name.</summary>
    public const string ModuleName = "customers";

    /// <summary>The fact that names the stage.</summary>
    public const string StageFact = "customer.stage";

    private const string StageEntry = "stage";
    private const string TagEntry = "tag/";

    private readonly ProfileSchema schema;
    private readonly StageRules stages;

    /// <summary>Customers with these profiles and stages.</summary>
    /// <param name="schema">What profiles may hold.</param>
    /// <param name="stages">The life-cycle.</param>
    public CustomersModule(ProfileSchema schema, StageRules stages)
    {
        ArgumentNullException.ThrowIfNull(schema);
        ArgumentNullException.ThrowIfNull(stages);
        this.schema = schema;
        this.stages = stages;
        Contract = new ModuleContract
        {
            Name = ModuleName,
            Codec = new CustomersStateCodec(),
            Kinds = CustomerEvents.Kinds,
            Handles = ["*"],
            Emits = [CustomerEvents.StageChanged],
            Publishes = [new FactDeclaration("tag.*", Queryable: true), new FactDeclaration(StageFact, Queryable: true)],
            Conditions = stages.Stages.Select(stage => stage.When).ToSequence(),
        };
    }

    /// <inheritdoc/>
    public override ModuleContract Contract { get; }

    /// <inheritdoc/>
    public IEnumerable<EventFault> Check(CustomerEvent happened)
    {
        ArgumentNullException.ThrowIfNull(happened);
        foreach (var problem in schema.Check(happened.Profile))
        {
            yield return new(problem.Code, $"carries the profile field '{problem.Field}', which {problem.Message.English}");
        }

        foreach (var unknown in happened.ProfileRemoved.Where(field => schema.Find(field) is null))
        {
            yield return new("unknown-profile-field", $"removes the profile field '{unknown}', which is not declared.");
        }

        if (happened.Kind == CustomerEvents.ProfileChanged && happened.Profile.Count == 0 && happened.ProfileRemoved.IsEmpty)
        {
            yield return new("no-profile", "changes the profile without a value; at least one is expected in Profile or ProfileRemoved.");
        }

        if (happened.Kind == CustomerEvents.IdentityAdded && happened.AlsoKnownAs.IsEmpty)
        {
            yield return new("no-identity", "adds no identity; at least one is expected in AlsoKnownAs.");
        }

        if (happened.Kind is CustomerEvents.TagAdded or CustomerEvents.TagRemoved && happened.Fields[CustomerEvents.TagField].AsCode is { } tag && !Names.IsName("tag." + tag))
        {
            yield return new("bad-tag", "names something that is no tag; up to 96 lower-case letters, digits, '-', '_' and '.' are expected, such as 'window-seat'.");
        }
    }

    /// <inheritdoc/>
    protected override Outcome Handle(CustomersState state, ModuleContext context)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(context);
        return context.Stimulus switch
        {
            Stimulus.Happened { Event: var happened } => Staged(Happened(state, happened, context.Moment.Instant), state, context),
            Stimulus.Due { Key: StageEntry } => Staged(Outcome.Nothing, state, context),
            Stimulus.Due { Key: var key } => Expired(state, key[TagEntry.Length..]),
            _ => Outcome.Nothing,
        };
    }

    /// <inheritdoc/>
    /// <remarks>Tags and stage that the change of history changes are taken over; what was decided by rules that are gone stays.</remarks>
    protected override Outcome.Accepted Correct(CustomersState stored, CustomersState without, CustomersState with)
    {
        ArgumentNullException.ThrowIfNull(stored);
        ArgumentNullException.ThrowIfNull(without);
        ArgumentNullException.ThrowIfNull(with);
        var changed = with.Tags.Where(tag => without.Find(tag.Name) != tag).ToSequence();
        var gone = without.Tags.Where(tag => with.Find(tag.Name) is null).Select(tag => tag.Name).ToSequence();
        var corrected = changed.Aggregate(gone.Aggregate(stored, (state, tag) => state.Without(tag)), (state, tag) => state.With(tag));
        var facts = changed.Select(FactOf).Concat(gone.Select(Gone)).ToList();
        var agenda = changed.Select(EntryOf).Concat(gone.Select(tag => new AgendaChange(TagEntry + tag, null))).ToList();
        if (with.Stage != without.Stage || with.StageUntil != without.StageUntil || with.Stages != without.Stages)
        {
            corrected = corrected with { Stage = with.Stage, StageUntil = with.StageUntil, Stages = with.Stages };
            facts.Add(new Fact(StageFact, with.Stage is null ? default(Scalar) : with.Stage));
            agenda.Add(new AgendaChange(StageEntry, with.StageUntil));
        }

        return new Outcome.Accepted { State = corrected, Facts = facts.ToSequence(), Agenda = agenda.ToSequence() };
    }

    /// <inheritdoc/>
    /// <remarks>Who has a tag has it still, as long as the longer of both runs; the stage is decided anew by what both did.</remarks>
    protected override Outcome.Accepted? Merge(CustomersState survivor, CustomersState retired, ModuleContext context)
    {
        ArgumentNullException.ThrowIfNull(survivor);
        ArgumentNullException.ThrowIfNull(retired);
        var more = retired.Tags.Where(tag => survivor.Find(tag.Name) is not { } known || (known.Until is { } until && !(tag.Until <= until)))
            .Select(tag => survivor.Find(tag.Name) is { } known && known.Since < tag.Since ? tag with { Since = known.Since } : tag).ToSequence();
        return more.IsEmpty ? null : new Outcome.Accepted
        {
            State = more.Aggregate(survivor, (state, tag) => state.With(tag)),
            Facts = more.Select(FactOf).ToSequence(),
            Agenda = more.Select(EntryOf).ToSequence(),
        };
    }

    private static Outcome.Accepted Happened(CustomersState state, CustomerEvent happened, Instant now)
    {
        var tag = happened.Fields[CustomerEvents.TagField].AsCode ?? "";
        return happened.Kind switch
        {
            CustomerEvents.TagAdded => Tagged(state, new Tag(tag, now, happened.Actor, happened.Fields[CustomerEvents.UntilField].AsInstant), now),
            EventKinds.ErasedName => new Outcome.Accepted
            {
                State = state with { Tags = [] },
                Facts = state.Tags.Select(known => Gone(known.Name)).ToSequence(),
                Agenda = state.Tags.Select(known => new AgendaChange(TagEntry + known.Name, null)).ToSequence(),
            },
            CustomerEvents.TagRemoved when state.Find(tag) is not null => new Outcome.Accepted
            {
                State = state.Without(tag),
                Facts = [Gone(tag)],
                Agenda = [new AgendaChange(TagEntry + tag, null)],
            },
            _ => Outcome.Nothing,
        };
    }

    private static Outcome.Accepted Tagged(CustomersState state, Tag tag, Instant now) => tag.Until <= now
        ? new Outcome.Accepted { Lines = [Line("tag-run-out-already", tag.Name, new($"The tag “{tag.Name}” had run out before it was put on.", $"標籤「{tag.Name}」加上前已到期。"))] }
        : new Outcome.Accepted
        {
            State = state.With(tag),
            Facts = [FactOf(tag)],
            Agenda = [EntryOf(tag)],
        };

    private static Outcome.Accepted Expired(CustomersState state, string tag) => new() { State = state.Without(tag), Facts = [Gone(tag)] };

    // The stage after an event or an instant, on top of what else the event did.
    private Outcome.Accepted Staged(Outcome.Accepted sofar, CustomersState before, ModuleContext context)
    {
        var (stage, until) = StageNow(context);
        if (stage == before.Stage && until == before.StageUntil)
        {
            return sofar;
        }

        var state = sofar.State as CustomersState ?? before;
        var staged = sofar with { State = state with { Stage = stage, StageUntil = until }, Agenda = sofar.Agenda.Add(new AgendaChange(StageEntry, until)) };
        if (stage == before.Stage)
        {
            return staged;
        }

        var label = stages.LabelOf(stage);
        return staged with
        {
            State = state with { Stage = stage, StageUntil = until, Stages = state.Stages.Append(new StageChange(stage, context.Moment.Instant)).TakeLast(CustomersState.LongestHistory).ToSequence() },
            Facts = sofar.Facts.Add(new Fact(StageFact, stage)),
            Echoes = [new Echo(CustomerEvents.StageChanged, Fields.Of(("from", before.Stage is null ? default(Scalar) : before.Stage), ("to", stage)))],
            Lines = before.Stage is null ? sofar.Lines : sofar.Lines.Add(Line("stage-changed", stage, new($"Is now: {label.English}.", $"現為：{label.Chinese}。"))),
        };
    }

    private (string Stage, Instant? Until) StageNow(ModuleContext context)
    {
        Instant? until = null;
        foreach (var stage in stages.Stages)
        {
            var truth = context.Evaluate(stage.When);
            until = truth.ValidUntil is { } end && !(until < end) ? end : until;
            if (truth.Value)
            {
                return (stage.Name, until);
            }
        }

        return (stages.Lowest.Name, until);
    }

    private static Fact FactOf(Tag tag) => new("tag." + tag.Name, true, tag.Until);

    private static Fact Gone(string tag) => new("tag." + tag, default);

    private static AgendaChange EntryOf(Tag tag) => new(TagEntry + tag.Name, tag.Until);

    private static ReceiptLine Line(string code, string? subject, Text text) => new(ModuleName, code) { Subject = subject, Text = text };
}
