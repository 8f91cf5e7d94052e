using Crm.Conditions;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Linting;

/// <summary>Asks the evaluator about one value, so that tests mean here what they mean everywhere.</summary>
internal sealed class OneValue(Scalar value, LocalDate? today = null) : IEvidence
{
    public Moment Moment => new(today?.AtStartOfDayInZone(DateTimeZone.Utc).ToInstant() ?? NodaConstants.UnixEpoch, DateTimeZone.Utc);

    /// <summary>Whether a value passes a test that time does not change.</summary>
    public static bool Passes(Test test, bool whenMissing, Scalar value) => Evaluator.Evaluate(new Condition.Fact("value", test, whenMissing), new OneValue(value)).Value;

    /// <summary>Whether a day is within a span of the calendar.</summary>
    public static bool IsWithin(Span.Annual span, LocalDate day) => Evaluator.Evaluate(new Condition.Moment(span), new OneValue(default, day)).Value;

    public Scalar Field(string name) => value;

    public bool Observed(Condition.Field leaf) => throw new InvalidOperationException("One value is asked about as a fact.");

    public Scalar Fact(string name, out Instant? validUntil)
    {
        validUntil = null;
        return value;
    }

    public Truth Window(Condition.EventWindow leaf) => throw new InvalidOperationException("One value is asked about as a fact.");
}
