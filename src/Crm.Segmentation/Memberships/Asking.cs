using System.Numerics;
using Crm.Conditions;
using Crm.Definitions;
using Crm.Events;
using Crm.Modules;
using Crm.Segmentation.Segments;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Memberships;

/// <summary>
/// Asks marked segments whether the customer is in them, each after those it names, and gathers what changed. It is the evidence of their conditions: facts of segments are
/// those of the asking itself, everything else is the module's context.
/// </summary>
internal sealed class Asking(SegmentPlans plans, SegmentationState state, ModuleContext context) : IEvidence
{
    private readonly Dictionary<string, Standing> changed = new(StringComparer.Ordinal);
    private readonly List<Fact> facts = [];
    private readonly List<Echo> echoes = [];
    private readonly List<ReceiptLine> lines = [];
    private bool byDefinition;

    /// <summary>The module's one entry on the agenda: when a segment is next to be asked about.</summary>
    public static AgendaChange WakeAt(Instant? due) => new("ask", due);

    public Moment Moment => context.Moment;

    public Scalar Field(string name) => context.Field(name);

    public bool Observed(Condition.Field leaf) => context.Observed(leaf);

    public Scalar Observed(string field) => context.Observed(field);

    public Truth Window(Condition.EventWindow leaf) => context.Window(leaf);

    /// <remarks>When membership in a named segment ends needs no saying: that segment is asked about then, and those that name it with it.</remarks>
    public Scalar Fact(string name, out Instant? validUntil)
    {
        if (plans.PlaceOfFact(name) is not { } place)
        {
            return context.Fact(name, out validUntil);
        }

        validUntil = null;
        return Standing(plans.Segments[place].Id)?.Current is null ? default(Scalar) : true;
    }

    /// <summary>Asks the marked segments, and those that name one whose answer changed.</summary>
    /// <param name="marks">A bit for each place; those that name a segment come after it.</param>
    public Outcome Ask(Span<ulong> marks)
    {
        for (var word = 0; word < marks.Length; word++)
        {
            while (marks[word] != 0)
            {
                var place = (word << 6) + BitOperations.TrailingZeroCount(marks[word]);
                marks[word] &= marks[word] - 1;
                if (Flips(plans.Segments[place]))
                {
                    foreach (var dependent in plans.Dependents[place])
                    {
                        SegmentPlans.Mark(marks, dependent);
                    }
                }
            }
        }

        return Decided(state.Fingerprint);
    }

    /// <summary>Asks all segments, whatever was decided before, and says all facts anew: for a customer of whom nothing was asked yet, or whom other definitions decided.</summary>
    public Outcome AskAll()
    {
        foreach (var gone in state.Standings.Where(standing => plans.PlaceOf(standing.Segment) is null))
        {
            changed[gone.Segment] = new Standing { Segment = gone.Segment };
            facts.Add(new Fact(SegmentNames.Fact(gone.Segment), default));
            if (gone.Current is { } current)
            {
                Tell(SegmentNames.Left, SegmentNames.LeftLine, gone.Segment, current.Version, new MembershipCause(MembershipReason.Definition));
            }
        }

        // A customer of whom something was decided already was decided by other definitions.
        byDefinition = state.Fingerprint != 0 || !state.Standings.IsEmpty;

        foreach (var segment in plans.Segments)
        {
            if (!Flips(segment))
            {
                facts.Add(segment.FactWhen(Standing(segment.Id)?.Current is not null));
            }
        }

        return Decided(plans.Fingerprint, anew: true);
    }

    private Standing? Standing(string segment) => changed.GetValueOrDefault(segment) ?? state.With(segment);

    /// <summary>Asks one segment and notes what changed.</summary>
    /// <returns>Whether the customer entered or left.</returns>
    private bool Flips(SegmentPlan segment)
    {
        var now = Moment.Instant;
        var version = segment.At(now);
        var truth = version is null ? default : Evaluator.Evaluate(version.Value.Where, this);
        var due = Due(truth.ValidUntil, segment.NextActivation(now));
        var before = Standing(segment.Id) ?? new Standing { Segment = segment.Id };
        var flips = truth.Value != before.Current is not null;
        byDefinition |= flips && version?.ActiveFrom == now;
        var cause = byDefinition ? new MembershipCause(MembershipReason.Definition) : MembershipCause.Of(context);
        if (flips && version is not null && truth.Value)
        {
            changed[segment.Id] = before.Enter(now, version.Version, cause) with { Due = due };
            facts.Add(segment.FactWhen(isMember: true));
            Tell(SegmentNames.Entered, SegmentNames.EnteredLine, segment.Id, version.Version, cause);
        }
        else if (flips)
        {
            changed[segment.Id] = before.Leave(now, cause, segment.History) with { Due = due };
            facts.Add(segment.FactWhen(isMember: false));
            Tell(SegmentNames.Left, SegmentNames.LeftLine, segment.Id, version?.Version ?? before.Current?.Version ?? 0, cause);
        }
        else if (before.Due != due)
        {
            changed[segment.Id] = before with { Due = due };
        }

        return flips;
    }

    private void Tell(string echo, string line, string segment, int version, MembershipCause cause)
    {
        echoes.Add(new Echo(echo, Fields.Of(
            (SegmentNames.SegmentField, segment),
            (SegmentNames.VersionField, version),
            (SegmentNames.EffectiveAtField, Moment.Instant),
            (SegmentNames.CauseField, cause.ToString()))));
        lines.Add(new ReceiptLine(SegmentNames.Module, line) { Subject = segment });
    }

    private Outcome.Accepted Decided(ulong fingerprint, bool anew = false)
    {
        // An entry that is being handled is off the agenda already.
        var setsWake = anew || context.Stimulus is Stimulus.Due;
        if (changed.Count == 0 && !setsWake)
        {
            return Outcome.Nothing;
        }

        var next = (changed.Count == 0 ? state : state.Set(changed.Values)) with { Fingerprint = fingerprint };
        return new Outcome.Accepted
        {
            State = next,
            Facts = facts.ToSequence(),
            Echoes = echoes.ToSequence(),
            Lines = lines.ToSequence(),
            Agenda = next.Wake == state.Wake && !setsWake ? default : [WakeAt(next.Wake)],
        };
    }

    /// <summary>The earlier of two instants, as the first tick not before it: what is stored has no finer part, and asking too early would ask in vain.</summary>
    private static Instant? Due(Instant? change, Instant? activation)
    {
        if ((change is null || activation < change ? activation : change) is not { } first)
        {
            return null;
        }

        var tick = Instant.FromUnixTimeTicks(first.ToUnixTimeTicks());
        return tick < first ? tick + Duration.FromTicks(1) : tick;
    }
}
