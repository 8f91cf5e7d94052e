using Crm.Conditions;
using Crm.Definitions;
using Crm.Events;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Analytics.Figures;

/// <summary>
/// Keeps the figures of each customer as facts: worked out when an event or a fact can change one, and at the very instants at which days do. After the definition has changed, they are worked out at the customer's next event or due instant.
/// It stands before segmentation and campaigns, which read what it publishes.
/// </summary>
public sealed class FiguresModule : CustomerModule<FiguresState>
{
    private const string Ask = "ask";

    private readonly FigurePlan plan;
    private readonly ConditionIndex index;
    private readonly ulong fingerprint;

    /// <summary>The figures of a host.</summary>
    /// <exception cref="ArgumentException">Something is wrong with the definition; the message lists all of it.</exception>
    public FiguresModule(CustomerFigures figures)
    {
        ArgumentNullException.ThrowIfNull(figures);
        var errors = figures.Errors().ToList();
        if (errors.Count > 0)
        {
            throw new ArgumentException(string.Join(Environment.NewLine, errors), nameof(figures));
        }

        plan = new FigurePlan(figures);
        index = new ConditionIndex(plan.Conditions);
        fingerprint = (ulong)(figures.Hash.Value >> 64);
        Contract = new ModuleContract
        {
            Name = FigureNames.Module,
            Codec = new FiguresCodec(),
            Handles = ["*"],
            Publishes = plan.Facts.Select(name => new FactDeclaration(name, Queryable: true)).ToSequence(),
            Conditions = plan.Conditions.ToSequence(),
        };
    }

    /// <inheritdoc/>
    public override ModuleContract Contract { get; }

    /// <inheritdoc/>
    protected override Outcome Handle(FiguresState state, ModuleContext context)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(context);
        if (!IsTouched(state, context))
        {
            return Outcome.Nothing;
        }

        var (facts, until) = plan.Ask(context, all: state.Fingerprint != fingerprint || context.Stimulus is not Stimulus.Due);
        var next = new FiguresState(fingerprint, until is { } change ? Tick(change) : null);
        return new Outcome.Accepted { State = next == state ? null : next, Facts = facts, Agenda = [new AgendaChange(Ask, next.Until)] };
    }

    /// <inheritdoc/>
    /// <remarks>What today's definition gives is not what was kept, so all is worked out anew, which is due at once.</remarks>
    protected override Outcome.Accepted Correct(FiguresState stored, FiguresState without, FiguresState with)
    {
        ArgumentNullException.ThrowIfNull(stored);
        return new Outcome.Accepted { State = stored with { Fingerprint = 0 }, Agenda = [new AgendaChange(Ask, NodaConstants.UnixEpoch)] };
    }

    // What is stored has no finer part than ticks, and asking too early would ask in vain.
    private static Instant Tick(Instant instant)
    {
        var tick = Instant.FromUnixTimeTicks(instant.ToUnixTimeTicks());
        return tick < instant ? tick + Duration.FromTicks(1) : tick;
    }

    private bool IsTouched(FiguresState state, ModuleContext context)
    {
        if (state.Fingerprint != fingerprint || context.Stimulus is Stimulus.Due)
        {
            return true;
        }

        if (context.Stimulus is Stimulus.Happened { Event: var happened })
        {
            if (happened.Kind == EventKinds.MergedName)
            {
                return true;
            }

            foreach (var _ in index.TouchedByEvent(happened))
            {
                return true;
            }
        }

        foreach (var fact in context.ChangedFacts)
        {
            if (!index.TouchedByFact(fact).IsEmpty)
            {
                return true;
            }
        }

        return false;
    }
}

/// <summary>What the figures module keeps of a customer besides the facts.</summary>
/// <param name="Fingerprint">Names the definition by which the figures were worked out; 0: none.</param>
/// <param name="Until">When time changes a figure next; null: time alone does not.</param>
public sealed record FiguresState(ulong Fingerprint, Instant? Until);

internal sealed class FiguresCodec : SlotCodec<FiguresState>
{
    public override int Version => 1;

    public override FiguresState Empty { get; } = new(0, null);

    protected override void Write(FiguresState state, SlotWriter writer)
    {
        writer.Bits(state.Fingerprint);
        writer.Flag(state.Until is not null);
        if (state.Until is { } until)
        {
            writer.Instant(until);
        }
    }

    protected override FiguresState Read(int version, ref SlotReader reader) => new(reader.Bits(), reader.Flag() ? reader.Instant() : null);
}
