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
    // Segments are asked in the order of their places, so what changed is in that order too. Most events change nothing but when to ask again.
    private readonly List<(int Place, Standing Standing)> changed = [];
    private TickOrNone[]? moved;
    private readonly List<Standing> gone = [];
    private readonly List<Fact> facts = [];
    private readonly List<Echo> echoes = [];
    private readonly List<ReceiptLine> lines = [];
    /// <summary>The module's one entry on the agenda: when a segment is next to be asked about.</summary>
    public static AgendaChange WakeAt(Instant? due) => new("ask", due);

    public Moment Moment { get; } = context.Moment;

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
        return IsMember(plans.Segments[place]) ? true : default(Scalar);
    }

    /// <summary>Asks the marked segments, and those that name one whose answer changed.</summary>
    /// <param name="marks">A bit for each place; those that name a segment come after it.</param>
    public Outcome Ask(Span<ulong> marks)
    {
        Span<ulong> touched = stackalloc ulong[16];
        touched = marks.Length <= touched.Length ? touched[..marks.Length] : new ulong[marks.Length];
        marks.CopyTo(touched);
        for (var word = 0; word < marks.Length; word++)
        {
            while (marks[word] != 0)
            {
                var place = (word << 6) + BitOperations.TrailingZeroCount(marks[word]);
                marks[word] &= marks[word] - 1;
                if (Flips(plans.Segments[place], touched))
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
    /// <param name="touched">A bit for each place whose answer the event or the time may change. That of another can only be another because of a definition, if the customer was asked about before.</param>
    public Outcome AskAll(Span<ulong> touched)
    {
        if (state.Fingerprint == 0 && state.Undated.IsEmpty)
        {
            touched.Fill(ulong.MaxValue);
        }
        else
        {
            foreach (var added in plans.AddedSince(state.Fingerprint))
            {
                if (state.Redefined is not { } redefined || redefined.Contains(added))
                {
                    SegmentPlans.Unmark(touched, added);
                }
            }
        }

        foreach (var removed in state.Undated)
        {
            if (plans.PlaceOf(removed.Segment) is not null)
            {
                continue;
            }

            gone.Add(new Standing { Segment = removed.Segment });
            facts.Add(new Fact(SegmentNames.Fact(removed.Segment), default));
            if (removed.Standing.Current is { } current)
            {
                Tell(SegmentNames.Left, SegmentNames.LeftLine, removed.Segment, current.Version, new MembershipCause(MembershipReason.Definition));
            }
        }

        foreach (var segment in plans.Segments)
        {
            if (!Flips(segment, touched))
            {
                facts.Add(segment.FactWhen(IsMember(segment)));
            }
        }

        return Decided(plans.Fingerprint, anew: true);
    }

    /// <summary>The segments whose definitions, added since the customer was asked, say otherwise already than what stands. Nothing is decided: this asking is over then.</summary>
    public Sequence<int> Redefined()
    {
        var redefined = new List<int>();
        var added = plans.AddedSince(state.Fingerprint).ToArray();
        Array.Sort(added);
        foreach (var place in added)
        {
            var segment = plans.Segments[place];
            var holds = segment.At(Moment.Instant) is { } version && Evaluator.Evaluate(version.Where, this).Value;
            if (holds != IsMember(segment))
            {
                // Those that name it see what it says now.
                var standing = new Standing { Segment = segment.Id };
                changed.Add((place, holds ? standing.Enter(Moment.Instant, 0) : standing));
                redefined.Add(place);
            }
        }

        return redefined.ToSequence();
    }

    private bool IsMember(SegmentPlan segment)
    {
        var (low, high) = (0, changed.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = changed[middle].Place < segment.Place ? (middle + 1, high) : (low, middle);
        }

        return low < changed.Count && changed[low].Place == segment.Place ? changed[low].Standing.IsMember
            : state.PlaceOf(segment, plans) is >= 0 and var known && state.Undated[known].IsMember;
    }

    /// <summary>Asks one segment and notes what changed.</summary>
    /// <returns>Whether the customer entered or left.</returns>
    private bool Flips(SegmentPlan segment, Span<ulong> touched)
    {
        var version = segment.At(Moment.Instant);
        var truth = version is null ? default : Evaluator.Evaluate(version.Where, this);
        var (change, activation) = (truth.AskAgain, segment.NextActivation(Moment.Instant));
        var due = activation.CompareTo(change) < 0 ? activation : change;
        var known = state.PlaceOf(segment, plans);
        if (truth.Value == (known >= 0 && state.Undated[known].IsMember))
        {
            Move(segment, known, due);
            return false;
        }

        Flip(segment, version, known >= 0 ? state.Undated[known].Standing : new Standing { Segment = segment.Id }, due, CauseOf(segment, version, touched));
        return true;
    }

    /// <summary>Why the customer enters a segment, or leaves it: because its own version begins to count now, or nothing else touches it than a definition, or a segment that one changed. What is touched changes for whatever touches it, and what names it with it.</summary>
    private MembershipCause CauseOf(SegmentPlan segment, PlanVersion? version, Span<ulong> touched)
    {
        if (version?.ActiveFrom == Moment.Instant || !SegmentPlans.IsMarked(touched, segment.Place))
        {
            return new MembershipCause(MembershipReason.Definition);
        }

        foreach (var dependent in plans.Dependents[segment.Place])
        {
            SegmentPlans.Mark(touched, dependent);
        }

        return MembershipCause.Of(context);
    }

    /// <summary>Has the customer enter a segment, or leave it.</summary>
    private void Flip(SegmentPlan segment, PlanVersion? version, Standing before, TickOrNone due, MembershipCause cause)
    {
        var now = Moment.Instant;
        if (version is not null && !before.IsMember)
        {
            changed.Add((segment.Place, before.Enter(now, version.Number, cause).With(due)));
            facts.Add(segment.FactWhen(isMember: true));
            Tell(SegmentNames.Entered, SegmentNames.EnteredLine, segment.Id, version.Number, cause);
        }
        else
        {
            changed.Add((segment.Place, before.Leave(now, cause, segment.History).With(due)));
            facts.Add(segment.FactWhen(isMember: false));
            Tell(SegmentNames.Left, SegmentNames.LeftLine, segment.Id, version?.Number ?? before.Current?.Version ?? 0, cause);
        }
    }

    /// <summary>Notes when to ask again about a segment in which the customer stays, or out of which.</summary>
    private void Move(SegmentPlan segment, int known, TickOrNone due)
    {
        if (due == (known >= 0 ? state.Dues[known] : default))
        {
            return;
        }

        if (known >= 0 && (due != default || state.Undated[known].SaysSomething))
        {
            (moved ??= state.Dues.AsSpan().ToArray())[known] = due;
        }
        else
        {
            // Something is to be said of it for the first time, or nothing any more.
            changed.Add((segment.Place, new Standing { Segment = segment.Id, DueTick = due }));
        }
    }

    private void Tell(string echo, string line, string segment, int version, MembershipCause cause)
    {
        if (context.IsHeard(echo))
        {
            echoes.Add(new Echo(echo, Fields.Of(
                (SegmentNames.SegmentField, segment),
                (SegmentNames.VersionField, version),
                (SegmentNames.EffectiveAtField, Moment.Instant),
                (SegmentNames.CauseField, cause.ToString()))));
        }

        if (context.WantsLines)
        {
            lines.Add(new ReceiptLine(SegmentNames.Module, line) { Subject = segment });
        }
    }

    private Outcome.Accepted Decided(ulong fingerprint, bool anew = false)
    {
        // An entry that is being handled is off the agenda already.
        var setsWake = anew || context.Stimulus is Stimulus.Due;
        if (changed.Count + gone.Count == 0 && moved is null && !setsWake)
        {
            return Outcome.Nothing;
        }

        var dues = moved is null ? state.Dues : Sequence.Given(moved);
        var next = changed.Count + gone.Count > 0 ? state.SetInOrder(dues, InOrder()) : moved is null ? state : state.With(dues);
        next = next.Fingerprint == fingerprint ? next : next with { Fingerprint = fingerprint, Redefined = null };
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
}
