using Crm.Conditions;
using Crm.Events;
using Crm.Modules;
using Crm.Segmentation.Memberships;
using Crm.Segmentation.Segments;
using Crm.Values;

namespace Crm.Segmentation;

/// <summary>
/// Segments as a module. An event asks only the segments it can touch; a changed fact those that read it; an entry on the agenda those whose answer may change at its exact
/// instant. So memberships are, at every instant, what their conditions say, without a nightly run. After definitions have changed, a customer is asked about all segments once,
/// at the next event or due instant.
/// </summary>
public sealed class SegmentationModule : CustomerModule<SegmentationState>, IAsksAnew
{
    private readonly SegmentPlans plans;

    /// <summary>Segmentation by a catalogue.</summary>
    public SegmentationModule(SegmentCatalog catalog)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        plans = catalog.Plans;
        Contract = new ModuleContract
        {
            Name = SegmentNames.Module,
            Codec = new SegmentationStateCodec(),
            Kinds = [.. SegmentListing.Kinds, Audiences.SendableAudience.Kind],
            Handles = ["*"],
            Emits = [SegmentNames.Entered, SegmentNames.Left],
            Publishes = plans.Segments.Select(segment => new FactDeclaration(segment.Fact, Queryable: true)).ToSequence(),
            Conditions = plans.Conditions.Concat(plans.Taken.SelectMany(ConditionLeaves.Leaves).OfType<Condition.Field>()).ToSequence(),
            Observes = plans.Taken.SelectMany(ConditionZones.ZoneFields).Distinct(StringComparer.Ordinal).ToSequence(),
        };
    }

    /// <inheritdoc/>
    public override ModuleContract Contract { get; }

    /// <inheritdoc/>
    bool IAsksAnew.IsBehind(object state) => state is SegmentationState { Fingerprint: not 0 and var fingerprint } && fingerprint != plans.Fingerprint;

    /// <inheritdoc/>
    object IAsksAnew.Look(object state, ModuleContext context)
    {
        var known = (SegmentationState)state;
        return known with { Redefined = new Asking(plans, known, context).Redefined() };
    }

    /// <inheritdoc/>
    bool IAsksAnew.SaysTheSame(object state, object other) => ((SegmentationState)state).HasStandingsOf((SegmentationState)other);

    /// <inheritdoc/>
    Condition? IAsksAnew.Concerns(object state, NodaTime.Instant now, NodaTime.Duration ahead) => plans.Concerned((SegmentationState)state, now, ahead);

    /// <inheritdoc/>
    protected override Outcome Handle(SegmentationState state, ModuleContext context)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(context);
        Span<ulong> marks = stackalloc ulong[16];
        var words = (plans.Segments.Length + 63) / 64;
        marks = words <= marks.Length ? marks[..words] : new ulong[words];
        Mark(state, context, marks);
        if (state.Fingerprint != plans.Fingerprint)
        {
            return new Asking(plans, state, context).AskAll(marks);
        }

        return marks.ContainsAnyExcept(0ul) || context.Stimulus is Stimulus.Due
            ? new Asking(plans, state, context).Ask(marks)
            : Outcome.Nothing;
    }

    /// <inheritdoc/>
    /// <remarks>Where the change of history makes a difference to a segment, that counts; the rest stands as it was decided, until all is asked about again, which is due at once.</remarks>
    protected override Outcome.Accepted Correct(SegmentationState stored, SegmentationState without, SegmentationState with)
    {
        ArgumentNullException.ThrowIfNull(stored);
        ArgumentNullException.ThrowIfNull(without);
        ArgumentNullException.ThrowIfNull(with);
        var differing = plans.Segments.Where(segment => with.With(segment.Id) != without.With(segment.Id)).ToList();
        var corrected = stored.Set([.. differing.Select(segment => with.With(segment.Id) ?? new Standing { Segment = segment.Id })]) with { Fingerprint = 0 };
        return new Outcome.Accepted
        {
            State = corrected,
            Facts = differing.Select(segment => segment.FactWhen(with.With(segment.Id)?.Current is not null)).ToSequence(),
            Agenda = [Asking.WakeAt(NodaTime.NodaConstants.UnixEpoch)],
        };
    }

    private void Mark(SegmentationState state, ModuleContext context, Span<ulong> marks)
    {
        if (context.Stimulus is Stimulus.Happened { Event: var happened })
        {
            plans.Mark(happened, marks);

            // What was counted, said and held is another customer's too from here on.
            for (var place = 0; happened.Kind == EventKinds.MergedName && place < plans.Segments.Length; place++)
            {
                SegmentPlans.Mark(marks, place);
            }
        }

        foreach (var fact in context.ChangedFacts)
        {
            plans.Mark(fact, marks);
        }

        // Also when another module's entry of the same instant came first: all that is due at an instant is asked together, so that nobody enters and leaves in between.
        if (state.Wake <= context.Moment.Instant)
        {
            var now = TickOrNone.Of(context.Moment.Instant);
            for (var known = 0; known < state.Undated.Length; known++)
            {
                if (state.Dues[known].CompareTo(now) <= 0 && plans.PlaceOf(state.Undated[known].Segment) is { } place)
                {
                    SegmentPlans.Mark(marks, place);
                }
            }
        }
    }
}
