using Crm.Conditions;
using Crm.Definitions;
using Crm.Engine;
using Crm.Segmentation.Memberships;
using Crm.Segmentation.Segments;
using Crm.Values;

namespace Crm.Segmentation.Explanations;

/// <summary>Explains memberships of one customer as of one view.</summary>
internal sealed class Explaining(DefinitionCatalog<Segment> definitions, CustomerView customer)
{
    private readonly SegmentationState state = customer.Slot<SegmentationState>(SegmentNames.Module);

    public SegmentExplanation Explain(string segment)
    {
        var at = customer.Moment.Instant;
        var definition = definitions.At(segment, at);
        var membership = state.With(segment)?.Current;
        var why = definition is null ? null : Part(Conditions.Explain.Evaluate(definition.Value.Where, customer));
        var label = definition?.Value.Label ?? new Text(segment, segment);
        return new SegmentExplanation
        {
            Segment = segment,
            Label = label,
            Version = definition?.Version,
            At = at,
            Membership = membership,
            Why = why,
            Text = ExplanationText.Of(label, membership, why, customer.Moment.Zone),
        };
    }

    private ExplainedPart Part(Explanation explanation) => new()
    {
        Condition = explanation.Condition,
        Text = explanation.Text,
        Holds = explanation.Truth.Value,
        ValidUntil = explanation.Truth.ValidUntil,
        Actual = explanation.Condition switch
        {
            Condition.Fact fact => customer.Fact(fact.Name),
            Condition.EventWindow window => customer.Measure(window),
            _ => default(Scalar),
        },
        Parts = explanation.Parts.Select(Part).ToSequence(),
        Nested = SegmentReferences.In(explanation.Condition).FirstOrDefault() is { } other && explanation.Condition is Condition.Fact ? Explain(other) : null,
    };
}
