using Crm.Conditions;
using Crm.Definitions;
using Crm.Engine;
using Crm.Segmentation.Memberships;
using Crm.Segmentation.Segments;
using Crm.Values;

namespace Crm.Segmentation.Explanations;

/// <summary>Explains memberships of one customer as of one view.</summary>
internal sealed class Explaining
{
    private readonly DefinitionCatalog<Segment> definitions;
    private readonly IEvidence evidence;
    private readonly Func<Condition, Scalar> actual;
    private readonly Func<Condition.EventWindow, Sequence<EventKey>> events;
    private readonly Func<string, Membership?> membership;

    /// <summary>By what is stored: without the events.</summary>
    public Explaining(DefinitionCatalog<Segment> definitions, CustomerView customer)
    {
        var state = customer.Slot<SegmentationState>(SegmentNames.Module);
        this.definitions = definitions;
        evidence = customer;
        actual = leaf => leaf switch
        {
            Condition.Fact fact => customer.Fact(fact.Name),
            Condition.EventWindow window => customer.Measure(window),
            Condition.Field field => customer.Profile[field.Name[Evaluator.ProfileScope.Length..]],
            _ => default,
        };
        events = _ => [];
        membership = segment => state.With(segment)?.Current;
    }

    /// <summary>By the definitions over the whole history.</summary>
    /// <param name="truths">The customer.</param>
    /// <param name="definitions">The segments.</param>
    /// <param name="state">The memberships that are stored; null where the store has none of these segments.</param>
    public Explaining(DefinitionCatalog<Segment> definitions, SegmentTruths truths, SegmentationState? state)
    {
        this.definitions = definitions;
        evidence = truths;
        actual = leaf => leaf switch
        {
            Condition.Fact fact => truths.Fact(fact.Name, out _),
            Condition.EventWindow window => truths.View.Measure(window),
            Condition.Field field => truths.View.ProfileValue(field),
            _ => default,
        };
        events = leaf => truths.View.EventsOf(leaf).Select(happened => happened.Key).ToSequence();
        membership = segment => !truths.Of(segment).Value ? null
            : state?.With(segment)?.Current ?? new Membership(truths.Moment.Instant, null, truths.At(segment)?.Version ?? 0) { EnteredBy = new MembershipCause(MembershipReason.Unknown) };
    }

    public SegmentExplanation Explain(string segment)
    {
        var at = evidence.Moment.Instant;
        var definition = definitions.At(segment, at);
        var current = membership(segment);
        var why = definition is null ? null : Part(Conditions.Explain.Evaluate(definition.Value.Where, evidence));
        var explanation = new SegmentExplanation
        {
            Segment = segment,
            Label = definition?.Value.Label ?? new Text(segment, segment),
            Version = definition?.Version,
            At = at,
            Membership = current,
            Why = why,
            SmallestChange = definition is null ? [] : Smallest(definition.Value.Where),
            Zone = evidence.Moment.Zone,
        };
        return explanation;
    }

    private ExplainedPart Part(Explanation explanation)
    {
        var leaf = explanation.Condition;
        var value = leaf switch
        {
            Condition.Field => default,
            Condition.Score score => score.Of.Zip(explanation.Parts).Where(part => part.Second.Truth.Value).Sum(part => part.First.Points),
            _ => actual(leaf),
        };
        var isLeaf = explanation.Parts.IsEmpty;
        return new()
        {
            Condition = leaf,
            Text = explanation.Text,
            Holds = explanation.Truth.Value,
            ValidUntil = explanation.Truth.ValidUntil,
            Actual = value,
            Evidence = leaf is Condition.EventWindow window ? events(window) : [],
            TurnsAt = leaf is Condition.Score of ? LeafValues.Turn(of, value) ?? default : leaf is Condition.EventWindow or Condition.Fact && !IsSegment(leaf) ? LeafValues.Turn(leaf.InZonesOf(evidence), value, evidence.Moment.Instant) ?? default : default,
            Zone = isLeaf ? leaf.ZoneSourceOf(evidence) : null,
            Parts = explanation.Parts.Select(Part).ToSequence(),
            Nested = IsSegment(leaf) && SegmentReferences.In(leaf).FirstOrDefault() is { } other && definitions.Names.Contains(other) ? Explain(other) : null,
        };
    }

    private Sequence<NeededChange> Smallest(Condition where)
    {
        var search = new SmallestChange(
            segment => definitions.Names.Contains(segment) ? definitions.At(segment, evidence.Moment.Instant)?.Value.Where.InZonesOf(evidence) ?? new Condition.Any([]) : null,
            actual,
            leaf => Evaluator.Evaluate(leaf, evidence).Value,
            evidence.Moment.Instant);
        return search.Find(where.InZonesOf(evidence)).Select(change => new NeededChange(change.Leaf, change.Leaf is Condition.Field ? default : actual(change.Leaf), change.Says is null ? change.To : default, Conditions.Explain.Describe(change.Says ?? LeafValues.Asking(change.Leaf, change.To)))).ToSequence();
    }

    private static bool IsSegment(Condition leaf) => leaf is Condition.Fact fact && fact.Name.StartsWith(SegmentNames.FactPrefix, StringComparison.Ordinal);
}
