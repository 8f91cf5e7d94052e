using Crm.Conditions;
using Crm.Events;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Explanations;

/// <summary>What a leaf looks at, apart from its test, and the values at which its answer turns.</summary>
internal static class LeafValues
{
    // A birthday may be on a leap day, and centuries have none.
    private static readonly int[] YearsBack = [1, 4, 8];

    private static readonly Test Untested = new Test.Known();
    private static readonly Duration Tick = Duration.FromTicks(1);
    private static readonly string[] Others = ["-", "_", "~", "0"];

    /// <summary>Names the value that a leaf looks at, the same for leaves that differ only in their test; null where nothing but time changes it.</summary>
    public static Condition? ValueOf(Condition leaf) => leaf switch
    {
        Condition.EventWindow window => window with { Is = Untested, WhenMissing = false },
        Condition.Fact fact => fact with { Is = Untested, WhenMissing = false },
        Condition.Field field => field with { Is = Untested, WhenMissing = false },
        _ => null,
    };

    public static Test? TestOf(Condition leaf) => leaf switch
    {
        Condition.EventWindow window => window.Is,
        Condition.Fact fact => fact.Is,
        Condition.Field field => field.Is,
        _ => null,
    };

    /// <summary>What a leaf answers for a value.</summary>
    public static bool Holds(Condition leaf, Scalar value, Instant now) => leaf switch
    {
        Condition.EventWindow window => Evaluator.Passes(window.Is, value, window.WhenMissing, now).Value,
        Condition.Fact fact => Evaluator.Passes(fact.Is, value, fact.WhenMissing, now).Value,
        Condition.Field field => Evaluator.Passes(field.Is, value, field.WhenMissing, now).Value,
        _ => throw new ArgumentException($"A {leaf.GetType().Name} looks at no value.", nameof(leaf)),
    };

    /// <summary>The leaf, asking for exactly a value.</summary>
    public static Condition Asking(Condition leaf, Scalar value) => leaf switch
    {
        Condition.EventWindow window => window with { Is = new Test.EqualTo(value), WhenMissing = false },
        Condition.Fact fact => fact with { Is = new Test.EqualTo(value), WhenMissing = false },
        Condition.Field field => field with { Is = new Test.EqualTo(value), WhenMissing = false },
        _ => leaf,
    };

    /// <summary>Values on both sides of where the answer of a leaf turns, as its test names them: among them is, for every actual value, the nearest with the other answer where any that is named has it.</summary>
    public static IEnumerable<Scalar> Turns(Condition leaf, Scalar actual, Instant now)
    {
        var step = StepOf(leaf, actual);
        var least = leaf is Condition.EventWindow { Measure: Measure.Count or Measure.SumOfSpend or Measure.SumOfQuantity or Measure.Periods or Measure.Sequence or Measure.Aggregate { How: Aggregation.Sum or Aggregation.Distinct } } ? 0 : decimal.MinValue;
        return Around().Where(value => value.Kind != ScalarKind.Number || value.AsNumber >= least).Distinct();

        IEnumerable<Scalar> Around() => TestOf(leaf) switch
        {
            Test.EqualTo(var value) => Near(value),
            Test.MoreThan(var value) => Near(value),
            Test.AtLeast(var value) => Near(value),
            Test.LessThan(var value) => Near(value),
            Test.AtMost(var value) => Near(value),
            Test.Between(var from, var to) => Near(from).Concat(Near(to)),
            Test.OneOf(var values) => values.SelectMany(Near),
            Test.AnyOf(var codes) => codes.Select(Scalar.Of),
            Test.AllOf(var codes) => [Scalar.Of(codes)],
            Test.Contains(var text) => [text],
            Test.StartsWith(var text) => [text],
            Test.EndsWith(var text) => [text],
            Test.Matches(var pattern) when pattern.Trim('^', '$') is { Length: > 0 } literal => [literal],
            Test.Relative { To: RelativeTime.Now(var shift) } => Near(now + shift),
            Test.Relative { To: RelativeTime.Today(var shift, var zone) } => Near(CalendarDays.Zone(zone).DayOf(now) + shift),
            Test.Anniversary anniversary => Days(anniversary),
            _ => [],
        };

        IEnumerable<Scalar> Near(Scalar value) => value switch
        {
            { Kind: ScalarKind.Number } => [value, value.AsNumber - step, value.AsNumber + step],
            { Kind: ScalarKind.Flag } => [true, false],
            { AsDate: { } date } when date > LocalDate.MinIsoValue && date < LocalDate.MaxIsoValue => [date, date.PlusDays(-1), date.PlusDays(1)],
            { AsInstant: { } instant } when instant > Instant.MinValue + Tick && instant < Instant.MaxValue - Tick => [instant, instant - Tick, instant + Tick],
            _ => [value],
        };

        // Today, and the nearest days on which it would be too late or too early; of a leap year too.
        IEnumerable<Scalar> Days(Test.Anniversary test) =>
            from days in new[] { 0, -test.DaysAfter - 1, test.DaysBefore + 1 }
            from years in YearsBack
            let day = CalendarDays.Zone(test.Zone).DayOf(now).PlusDays(days).PlusYears(-years)
            select actual.Kind == ScalarKind.Number ? (Scalar)((100 * day.Month) + day.Day) : day;
    }

    /// <summary>Values that no test names, for tests that nothing named turns: none at all, a code that is not asked for, and the actual codes with those that are asked for or without them. They stand for others of their sort and are not to be shown.</summary>
    public static IEnumerable<Scalar> Unnamed(Condition leaf, Scalar actual)
    {
        var test = TestOf(leaf);
        if (test is not (Test.Known or Test.Contains or Test.StartsWith or Test.EndsWith or Test.Matches or Test.AnyOf or Test.AllOf or Test.EqualTo { Value.Kind: ScalarKind.Code } or Test.OneOf { Values: [{ Kind: ScalarKind.Code }, ..] }))
        {
            yield break;
        }

        yield return default;
        yield return Others.FirstOrDefault(other => test is Test.Known || !Evaluator.Passes(test, other, whenMissing: false, default).Value, Others[0]);
        Sequence<string> asked = test switch { Test.AnyOf(var codes) => codes, Test.AllOf(var codes) => codes, _ => [] };
        if (!asked.IsEmpty && !actual.AsCodes.IsEmpty)
        {
            yield return Scalar.Of(actual.AsCodes.Append(asked[0]).Where(Scalar.CanBeOneOfSeveral));
            yield return Scalar.Of(actual.AsCodes.Concat(asked).Where(Scalar.CanBeOneOfSeveral));
            yield return Scalar.Of(actual.AsCodes.Except(asked, StringComparer.Ordinal).Where(Scalar.CanBeOneOfSeveral));
        }
    }

    /// <summary>The nearest named value with the other answer; null where none is known.</summary>
    public static Scalar? Turn(Condition leaf, Scalar actual, Instant now)
    {
        if (ValueOf(leaf) is null)
        {
            return null;
        }

        var holds = Holds(leaf, actual, now);
        var others = Turns(leaf, actual, now).Where(value => Holds(leaf, value, now) != holds).OrderBy(value => Distance(actual, value)).ToList();
        return others.Count == 0 ? (Scalar?)null : others[0];
    }

    /// <summary>How far apart two values are: numbers by their difference, all else by one.</summary>
    public static decimal Distance(Scalar one, Scalar other) => other.Kind == ScalarKind.Number && (one.Kind == ScalarKind.Number || one.IsMissing)
        ? Math.Abs((one.IsMissing ? 0 : one.AsNumber) - other.AsNumber)
        : one == other ? 0 : 1;

    // The least by which a value can change.
    private static decimal StepOf(Condition leaf, Scalar actual) => leaf switch
    {
        Condition.EventWindow { Measure: Measure.SumOfSpend sum } => Smallest(sum.Currency),
        Condition.EventWindow { Measure: Measure.SumOfQuantity } => 1,
        Condition.EventWindow { Measure: Measure.Aggregate { Of: Measured.Spend spend } } => Smallest(spend.Currency),
        _ when actual.Kind == ScalarKind.Number && !decimal.IsInteger(actual.AsNumber) => 0.01m,
        _ => 1,
    };

    private static decimal Smallest(Currency currency) => new(1, 0, 0, false, (byte)currency.Decimals);
}
