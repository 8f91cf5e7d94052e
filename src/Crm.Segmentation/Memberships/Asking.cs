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
    // Segments are asked in the order of their places, so what changed is in that order too.
    private readonly List<(int Place, Standing Standing)> changed = [];
    private readonly List<Standing> gone = [];
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
        return Standing(plans.Segments[place])?.IsMember == true ? true : default(Scalar);
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
        foreach (var removed in state.Standings.Where(standing => plans.PlaceOf(standing.Segment) is null))
        {
            gone.Add(new Standing { Segment = removed.Segment });
            facts.Add(new Fact(SegmentNames.Fact(removed.Segment), default));
            if (removed.Current is { } current)
            {
                Tell(SegmentNames.Left, SegmentNames.LeftLine, removed.Segment, current.Version, new MembershipCause(MembershipReason.Definition));
            }
        }

        // A customer of whom something was decided already was decided by other definitions.
        byDefinition = state.Fingerprint != 0 || !state.Standings.IsEmpty;

        foreach (var segment in plans.Segments)
        {
            if (!Flips(segment))
            {
                facts.Add(segment.FactWhen(Standing(segment)?.IsMember == true));
            }
        }

        return Decided(plans.Fingerprint, anew: true);
    }

    private Standing? Standing(SegmentPlan segment)
    {
        var (low, high) = (0, changed.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = changed[middle].Place < segment.Place ? (middle + 1, high) : (low, middle);
        }

        return low < changed.Count && changed[low].Place == segment.Place ? changed[low].Standing : state.With(segment.Id, segment.Rank);
    }

    /// <summary>Asks one segment and notes what changed.</summary>
    /// <returns>Whether the customer entered or left.</returns>
    private bool Flips(SegmentPlan segment)
    {
        var now = Moment.Instant;
        var version = segment.At(now);
        var truth = version is null ? default : Evaluator.Evaluate(version.Value.Where, this);
        var due = Due(truth.ValidUntil, segment.NextActivation(now));
        var before = state.With(segment.Id, segment.Rank) ?? new Standing { Segment = segment.Id };
        if (truth.Value == before.IsMember)
        {
            if (before.Due != due)
            {
                changed.Add((segment.Place, before with { Due = due }));
            }

            return false;
        }

        byDefinition |= version?.ActiveFrom == now;
        var cause = byDefinition ? new MembershipCause(MembershipReason.Definition) : MembershipCause.Of(context);
        if (version is not null && truth.Value)
        {
            changed.Add((segment.Place, before.Enter(now, version.Version, cause) with { Due = due }));
            facts.Add(segment.FactWhen(isMember: true));
            Tell(SegmentNames.Entered, SegmentNames.EnteredLine, segment.Id, version.Version, cause);
        }
        else
        {
            changed.Add((segment.Place, before.Leave(now, cause, segment.History) with { Due = due }));
            facts.Add(segment.FactWhen(isMember: false));
            Tell(SegmentNames.Left, SegmentNames.LeftLine, segment.Id, version?.Version ?? before.Current?.Version ?? 0, cause);
        }

        return true;
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
        if (changed.Count + gone.Count == 0 && !setsWake)
        {
            return Outcome.Nothing;
        }

        var next = changed.Count + gone.Count == 0 ? state : state.SetInOrder(InOrder());
        next = next.Fingerprint == fingerprint ? next : next with { Fingerprint = fingerprint };
        return new Outcome.Accepted
        {
            State = next,
            Facts = facts.ToSequence(),
            Echoes = echoes.ToSequence(),
            Lines = lines.ToSequence(),
            Agenda = next.Wake == state.Wake && !setsWake ? default : [WakeAt(next.Wake)],
        };
    }

    /// <summary>What changed, in the ordinal order of ids: ranks say it, so that no ids need be compared.</summary>
    private Standing[] InOrder()
    {
        var standings = new Standing[changed.Count + gone.Count];
        Span<int> ranks = changed.Count <= 256 ? stackalloc int[256] : new int[changed.Count];
        ranks = ranks[..changed.Count];
        var inOrder = true;
        for (var i = 0; i < changed.Count; i++)
        {
            standings[i] = changed[i].Standing;
            ranks[i] = plans.Segments[changed[i].Place].Rank;
            inOrder &= i == 0 || ranks[i - 1] < ranks[i];
        }

        if (!inOrder)
        {
            ranks.Sort(standings.AsSpan(0, changed.Count));
        }

        if (gone.Count > 0)
        {
            gone.CopyTo(standings, changed.Count);
            Array.Sort(standings, static (one, other) => string.CompareOrdinal(one.Segment, other.Segment));
        }

        return standings;
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
