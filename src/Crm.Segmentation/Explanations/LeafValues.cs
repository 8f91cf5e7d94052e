using Crm.Conditions;
using Crm.Events;
using Crm.Segmentation.Linting;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Explanations;

/// <summary>What a leaf looks at, apart from its test, and the values at which its answer turns.</summary>
internal static class LeafValues
{
    // A birthday may be on a leap day, and centuries have none.
    private const int YearsToALeapDay = 8;
    private static readonly int[] YearsBack = [1, 4, YearsToALeapDay];

    private const int MostSums = 4_096;

    // No further numbers are tried.
    private const decimal Furthest = 1_000_000_000_000_000m;

    private static readonly Test Untested = new Test.Known();
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
    public static Condition Asking(Condition leaf, Scalar value) => Tested(leaf, new Test.EqualTo(value));

    /// <summary>The leaf with another test, which no missing value passes.</summary>
    public static Condition Tested(Condition leaf, Test test) => leaf switch
    {
        Condition.EventWindow window => window with { Is = test, WhenMissing = false },
        Condition.Fact fact => fact with { Is = test, WhenMissing = false },
        Condition.Field field => field with { Is = test, WhenMissing = false },
        _ => leaf,
    };

    /// <summary>
    /// Values on both sides of where the answer of a leaf turns, as its test names them: among them is, for every actual value, the nearest with the other answer where any that is named has it. Of numbers that can be
    /// anything only those are here that the test names; what lies between them is in <see cref="Between"/>.
    /// </summary>
    public static IEnumerable<Scalar> Turns(Condition leaf, Scalar actual, Instant now)
    {
        var unit = UnitOf(leaf);
        var least = LeastOf(leaf);
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
            Test.Relative { To: RelativeTime.Now(var shift) } => now.Moved(shift) is { } at ? Near(at) : [],
            Test.Relative { To: RelativeTime.Today(var shift, var zone) } => CalendarDays.Zone(zone).DayOf(now).Moved(shift) is { } day ? Near(day) : [],
            Test.Anniversary anniversary => Days(anniversary),
            _ => [],
        };

        IEnumerable<Scalar> Near(Scalar value) => value switch
        {
            { Kind: ScalarKind.Number } when unit is { } step && Math.Abs(value.AsNumber) < Furthest => decimal.Floor(value.AsNumber / step) * step is var below ? [below, below - step, below + step] : [],
            { Kind: ScalarKind.Flag } => [true, false],
            { AsDate: { } date } => ValueGrid.Days(date).Select(Scalar.Of),
            { AsInstant: { } instant } => ValueGrid.Ticks(instant).Select(Scalar.Of),
            _ => [value],
        };

        // Today, and the nearest days on which it would be too late or too early; of a leap year too. Of dates, also the nearest to the actual one with either answer.
        IEnumerable<Scalar> Days(Test.Anniversary test)
        {
            var named =
                from days in new[] { 0, -test.DaysAfter - 1, test.DaysBefore + 1 }
                from years in YearsBack
                let day = CalendarDays.Zone(test.Zone).DayOf(now).Moved(Period.FromDays(days))?.Moved(Period.FromYears(-years))
                where day is not null
                select actual.Kind == ScalarKind.Number ? (Scalar)((100 * day.Value.Month) + day.Value.Day) : day.Value;
            return named.Concat(Anniversaries([leaf], actual, now));
        }
    }

    /// <summary>Of leaves that look at one date, of which some ask for its anniversaries: for each way in which they can answer together, the nearest date to the actual one with which they do; none where neither it nor a test is a date.</summary>
    public static IEnumerable<Scalar> Anniversaries(IReadOnlyList<Condition> leaves, Scalar actual, Instant now)
    {
        var from = Told(leaves[0], actual);
        var pivots = leaves.Where(leaf => TestOf(leaf) is not Test.Anniversary).SelectMany(leaf => Turns(leaf, actual, now)).Append(from).Select(value => value.AsDate).OfType<LocalDate>().Distinct().ToList();
        return leaves.Select(TestOf).OfType<Test.Anniversary>().SelectMany(test => pivots.SelectMany(pivot => DatesAround(pivot, CalendarDays.Zone(test.Zone).DayOf(now), test).OrderBy(date => Distance(pivot, date)))).Distinct()
            .GroupBy(date => leaves.Select(leaf => Holds(leaf, date, now)).ToSequence()).Select(alike => alike.MinBy(date => Distance(from, date)));
    }

    /// <summary>A value as far as it may be told how near others are to it: what stands in a profile is personal, and then it is as if there were none.</summary>
    public static Scalar Told(Condition leaf, Scalar actual) => leaf is Condition.Field ? default : actual;

    // The first and last days with an anniversary on one of the days that count, the ends of February, and those next to them, in every year in which the nearest may be: one of this year has its first anniversary in the next.
    private static IEnumerable<Scalar> DatesAround(LocalDate date, LocalDate today, Test.Anniversary test)
    {
        var middle = Math.Min(date.Year, today.Year);
        var ends = new[] { -test.DaysAfter - 1, -test.DaysAfter, test.DaysBefore, test.DaysBefore + 1 }.Select(days => today.Moved(Period.FromDays(days))).OfType<LocalDate>().ToList();
        return
            from year in Enumerable.Range(middle - YearsToALeapDay, (2 * YearsToALeapDay) + 1)
            where year >= LocalDate.MinIsoValue.Year && year <= LocalDate.MaxIsoValue.Year
            from end in ends.Select(end => end.PlusYears(year - end.Year)).Append(new LocalDate(year, 2, CalendarSystem.Iso.GetDaysInMonth(year, 2)))
            from day in ValueGrid.Days(end)
            select (Scalar)day;
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

    /// <summary>For numbers that can be anything, one of those between any two that the tests name, one below and one above all, each with the nearest to the actual value that bounds them; none for other values.</summary>
    /// <param name="leaves">Leaves that look at one value.</param>
    /// <param name="actual">What it is.</param>
    public static IEnumerable<(Scalar Value, Scalar Nearest)> Between(IReadOnlyCollection<Condition> leaves, Scalar actual)
    {
        var bounds = Bounds(leaves);
        if (bounds.Count == 0)
        {
            yield break;
        }

        var least = LeastOf(leaves.First());
        var now = actual.Kind == ScalarKind.Number ? actual.AsNumber : 0;
        var step = new decimal(1, 0, 0, false, bounds.Append(now).Max(number => number.Scale));
        for (var i = 0; i <= bounds.Count; i++)
        {
            var (low, high) = (i == 0 ? Math.Max(least, -Furthest) : bounds[i - 1], i == bounds.Count ? Furthest : bounds[i]);
            var within = i == bounds.Count ? low + step : i == 0 && high - step > low ? high - step : low + ((high - low) / 2);
            var isActual = actual.Kind == ScalarKind.Number && low < now && now < high;
            if (within < high && (within > low || (i == 0 && within >= least)) && !isActual)
            {
                yield return (within, Math.Clamp(now, low, high));
            }
        }
    }

    /// <summary>The numbers that tests name, from the least, of a value that can be any number; none for other values.</summary>
    public static List<decimal> Bounds(IReadOnlyCollection<Condition> leaves) => leaves.All(leaf => UnitOf(leaf) is null)
        ? [.. leaves.Select(TestOf).OfType<Test>().SelectMany(ValueGrid.Operands).Where(operand => operand.Kind == ScalarKind.Number && Math.Abs(operand.AsNumber) < Furthest).Select(operand => operand.AsNumber).Distinct().Order()]
        : [];

    /// <summary>Where the leaf gives the other answer: the nearest named value with it, or the number right beyond which it has it; null where none is known.</summary>
    public static Scalar? Turn(Condition leaf, Scalar actual, Instant now)
    {
        if (ValueOf(leaf) is null)
        {
            return null;
        }

        var holds = Holds(leaf, actual, now);
        var others = Turns(leaf, actual, now).Select(value => (Value: value, Nearest: value)).Concat(Between([leaf], actual))
            .Where(other => Holds(leaf, other.Value, now) != holds).OrderBy(other => Distance(actual, other.Nearest)).ToList();
        return others.Count == 0 ? (Scalar?)null : others[0].Nearest;
    }

    /// <summary>The nearest sum of points with which a score gives the other answer; null where no sum does that its parts can give. Where they are many, that right beyond which a sum would.</summary>
    public static Scalar? Turn(Condition.Score score, Scalar sum)
    {
        var holds = Evaluator.Passes(score.Is, sum, false, default).Value;
        var sums = new HashSet<decimal> { 0 };
        foreach (var part in score.Of)
        {
            sums.UnionWith([.. sums.Select(one => one + part.Points)]);
            if (sums.Count > MostSums)
            {
                return Turn(new Condition.Fact("score", score.Is, false), sum, default);
            }
        }

        var others = sums.Where(one => Evaluator.Passes(score.Is, one, false, default).Value != holds).OrderBy(one => Math.Abs(one - sum.AsNumber)).ToList();
        return others.Count == 0 ? null : others[0];
    }

    /// <summary>How far a value is from another: of numbers their difference, no value being 0; of dates the days, of instants the seconds between them; null for all others.</summary>
    public static decimal? Margin(Scalar actual, Scalar other) => (actual, other) switch
    {
        ({ Kind: ScalarKind.Number or ScalarKind.Missing }, { Kind: ScalarKind.Number }) => Math.Abs(actual.AsNumber - other.AsNumber),
        ({ AsDate: { } day }, { AsDate: { } to }) => Math.Abs(Period.DaysBetween(day, to)),
        ({ AsInstant: { } instant }, { AsInstant: { } to }) => Math.Abs(instant.ToUnixTimeTicks() - to.ToUnixTimeTicks()) / (decimal)NodaConstants.TicksPerSecond,
        _ => null,
    };

    /// <summary>How far apart two values are, so that of several the nearest is found: where there is no measure for that, all that differ by one.</summary>
    public static decimal Distance(Scalar one, Scalar other) => Margin(one, other) ?? (one == other ? 0 : 1);

    // The least by which a value can change; null for numbers that can be anything, as averages, quantities and the facts of modules can.
    private static decimal? UnitOf(Condition leaf) => leaf is not Condition.EventWindow { Measure: var measure } ? null : measure switch
    {
        Measure.Count or Measure.Periods or Measure.Sequence or Measure.Aggregate { How: Aggregation.Distinct } => 1,
        Measure.SumOfSpend sum => Smallest(sum.Currency),
        Measure.Aggregate { How: not Aggregation.Average, Of: Measured.Spend spend } => Smallest(spend.Currency),
        _ => null,
    };

    private static decimal LeastOf(Condition leaf) =>
        leaf is Condition.EventWindow { Measure: Measure.Count or Measure.SumOfSpend or Measure.SumOfQuantity or Measure.Periods or Measure.Sequence or Measure.Aggregate { How: Aggregation.Sum or Aggregation.Distinct } } ? 0 : decimal.MinValue;

    private static decimal Smallest(Currency currency) => new(1, 0, 0, false, (byte)currency.Decimals);
}
