using Crm.Conditions;
using Crm.Definitions;
using Crm.Engine;
using Crm.Segmentation.Segments;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Explanations;

/// <summary>
/// A customer as of an instant, of whom membership in segments is asked by their definitions and not by what was stored. So segments that the store has never seen can be asked, and named by others.
/// </summary>
internal sealed class SegmentTruths(DefinitionCatalog<Segment> definitions, PastView view) : IEvidence
{
    private readonly Dictionary<string, Truth> known = new(StringComparer.Ordinal);

    public Moment Moment => view.Moment;

    public PastView View => view;

    /// <summary>The version that counts; null before the first.</summary>
    public Definition<Segment>? At(string segment) => definitions.At(segment, Moment.Instant);

    /// <summary>Whether the customer is in a segment, and until when that surely stays so if nothing happens.</summary>
    public Truth Of(string segment)
    {
        if (!known.TryGetValue(segment, out var truth))
        {
            var definition = At(segment);
            truth = definition is null ? default : Evaluator.Evaluate(definition.Value.Where, this);
            foreach (var later in definitions.All.Where(version => version.Name == segment && version.ActiveFrom > Moment.Instant))
            {
                truth = truth.ValidUntil <= later.ActiveFrom ? truth : truth with { ValidUntil = later.ActiveFrom };
            }

            known[segment] = truth;
        }

        return truth;
    }

    /// <summary>The parts of a segment's condition, and of those it names, that cannot be answered of this customer.</summary>
    public IEnumerable<ConditionError> Refusals(string segment) => At(segment) is not { } definition ? [] : view.Refusals(definition.Value.Where)
        .Select(refusal => refusal with { Path = $"{segment}: {refusal.Path}" })
        .Concat(SegmentReferences.In(definition.Value.Where).Where(definitions.Names.Contains).SelectMany(Refusals));

    public Scalar Field(string name) => view.Field(name);

    public bool Observed(Condition.Field leaf) => view.Observed(leaf);

    public Scalar Observed(string field) => view.Observed(field);

    public Truth Window(Condition.EventWindow leaf) => view.Window(leaf);

    public Scalar Fact(string name, out Instant? validUntil)
    {
        if (!name.StartsWith(SegmentNames.FactPrefix, StringComparison.Ordinal) || !definitions.Names.Contains(name[SegmentNames.FactPrefix.Length..]))
        {
            return view.Fact(name, out validUntil);
        }

        var truth = Of(name[SegmentNames.FactPrefix.Length..]);
        validUntil = truth.ValidUntil;
        return truth.Value ? true : default(Scalar);
    }
}
