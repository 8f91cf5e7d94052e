using System.Globalization;
using Crm.Conditions;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Traits;

/// <summary>How a trait is worked out.</summary>
internal abstract class TraitPlan
{
    /// <summary>The conditions whose answers and measures it is made of.</summary>
    public abstract IReadOnlyList<Condition> Conditions { get; }

    /// <summary>What it means, as text.</summary>
    public virtual IEnumerable<string> Meaning => Conditions.Select(ConditionJson.Write);

    public static TraitPlan Of(Trait trait) => trait.Value switch
    {
        TraitValue.Score score => new OfScore(score),
        TraitValue.Measured measured => new OfMeasure(measured),
        TraitValue.Cycle cycle => new OfCycle(cycle),
        _ => throw new InvalidOperationException($"There is no way to work out the value {trait.Value.GetType().Name}."),
    };

    /// <summary>The value at the moment, and until when it surely stays so if nothing happens.</summary>
    public abstract (Scalar Value, Instant? Until) Ask(ModuleContext context);

    private static Condition.EventWindow Lifetime(EventPattern pattern, Measure measure) => new(pattern.Kind, measure, new Window.Lifetime(), new Test.AtLeast(0)) { Where = pattern.Where };

    private sealed class OfScore(TraitValue.Score score) : TraitPlan
    {
        public override IReadOnlyList<Condition> Conditions { get; } = [.. score.Of.Select(part => part.When)];

        public override IEnumerable<string> Meaning => base.Meaning.Zip(score.Of, (when, part) => string.Create(CultureInfo.InvariantCulture, $"{part.Points} {when}"));

        public override (Scalar Value, Instant? Until) Ask(ModuleContext context)
        {
            var points = 0m;
            Instant? until = null;
            foreach (var part in score.Of)
            {
                var truth = context.Evaluate(part.When);
                points += truth.Value ? part.Points : 0;
                until = truth.ValidUntil is { } change && !(until <= change) ? change : until;
            }

            return (points, until);
        }
    }

    private sealed class OfMeasure(TraitValue.Measured measured) : TraitPlan
    {
        public override IReadOnlyList<Condition> Conditions { get; } = [measured.Of];

        // The first instant at which the measure is another value is the one at which the answer to "is it this one" changes.
        public override (Scalar Value, Instant? Until) Ask(ModuleContext context)
        {
            var value = context.Measure(measured.Of);
            Test same = value.IsMissing ? new Test.Known() : new Test.EqualTo(value);
            return (value, context.Evaluate(measured.Of with { Is = same, WhenMissing = false }).ValidUntil);
        }
    }

    private sealed class OfCycle(TraitValue.Cycle cycle) : TraitPlan
    {
        private readonly Condition.EventWindow count = Lifetime(cycle.Of, new Measure.Count());
        private readonly Condition.EventWindow first = Lifetime(cycle.Of, new Measure.Aggregate(Aggregation.First, new Measured.At())) with { Is = new Test.Known() };
        private readonly Condition.EventWindow latest = Lifetime(cycle.Of, new Measure.Aggregate(Aggregation.Latest, new Measured.At())) with { Is = new Test.Known() };

        public override IReadOnlyList<Condition> Conditions => [count, first, latest];

        public override IEnumerable<string> Meaning => base.Meaning.Append(cycle.Least.ToString(CultureInfo.InvariantCulture));

        public override (Scalar Value, Instant? Until) Ask(ModuleContext context)
        {
            var events = context.Measure(count).AsNumber;
            return events >= cycle.Least && context.Measure(first).AsInstant is { } from && context.Measure(latest).AsInstant is { } to
                ? (decimal.Round((to - from).BclCompatibleTicks / (events - 1) / NodaConstants.TicksPerDay, 6, MidpointRounding.ToEven), null)
                : (default(Scalar), null);
        }
    }
}
