using Crm.Conditions;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Linting;

/// <summary>
/// Values so chosen that, whatever a test of some conditions answers for any value, it answers for one of these: each value they compare with, one between any two neighbours, one below and one above all,
/// and one of each kind. So a statement about all values can be tried out.
/// </summary>
internal sealed class ValueGrid
{
    private const int LeapYear = 2024;

    public ValueGrid(IEnumerable<Condition> conditions)
    {
        conditions = conditions.ToList();
        var operands = conditions.SelectMany(Tests).SelectMany(Operands).Distinct().ToList();
        var numbers = operands.Where(operand => operand.Kind == ScalarKind.Number).Select(operand => operand.AsNumber).Append(0m).Distinct().Order().ToList();
        Numbers = [.. Around(numbers).Distinct().Order().Select(Scalar.Of)];
        Wholes = [.. numbers.SelectMany(number => new[] { decimal.Floor(number), Up(decimal.Floor(number)), Down(decimal.Ceiling(number)), decimal.Ceiling(number) }).Append(Up(decimal.Ceiling(numbers[^1]))).Where(number => number >= 0).Distinct().Order().Select(Scalar.Of)];
        Dates = [.. operands.Select(operand => operand.AsDate).OfType<LocalDate>().Append(new LocalDate(2000, 1, 1)).SelectMany(Days).Distinct().Order().Select(Scalar.Of)];
        Instants = [.. operands.Select(operand => operand.AsInstant).OfType<Instant>().Append(Instant.FromUtc(2000, 1, 1, 0, 0)).SelectMany(Ticks).Distinct().Order().Select(Scalar.Of)];
        var codes = operands.Select(operand => operand.AsCode).OfType<string>().Distinct(StringComparer.Ordinal).ToList();
        Codes = [.. codes.Append(Other(codes)).Select(Scalar.Of)];
        var spans = conditions.SelectMany(condition => condition.Leaves()).OfType<Condition.Moment>().Select(moment => moment.Within).ToList();
        Ends = [.. spans.OfType<Span.Between>().SelectMany(span => new[] { span.From, span.Until }).OfType<Instant>().Append(Instant.MinValue).Distinct()];
        DaysOfYears = [.. spans.OfType<Span.Annual>().SelectMany(span => new[] { span.From, span.To }).SelectMany(AroundInYears).Append(new LocalDate(LeapYear, 1, 1)).Distinct()];
        Times = [.. spans.OfType<Span.Hours>().SelectMany(hours => new[] { hours.From, hours.Until }).Append(LocalTime.Midnight).Distinct()];
    }

    /// <summary>Numbers, from the least.</summary>
    public IReadOnlyList<Scalar> Numbers { get; }

    /// <summary>Whole numbers from 0.</summary>
    public IReadOnlyList<Scalar> Wholes { get; }

    /// <summary>Dates, from the earliest.</summary>
    public IReadOnlyList<Scalar> Dates { get; }

    /// <summary>Instants, from the earliest.</summary>
    public IReadOnlyList<Scalar> Instants { get; }

    /// <summary>Codes; the last is none that anything compares with.</summary>
    public IReadOnlyList<Scalar> Codes { get; }

    /// <summary>Times of the day at which hours begin or end: between two of them nothing changes.</summary>
    public IReadOnlyList<LocalTime> Times { get; }

    /// <summary>Instants at which spans begin or end, and one before all: between two of them nothing changes.</summary>
    public IReadOnlyList<Instant> Ends { get; }

    /// <summary>Days of a leap year and of a common one, on either side of where annual spans begin or end.</summary>
    public IReadOnlyList<LocalDate> DaysOfYears { get; }

    /// <summary>Values of every kind, and none.</summary>
    public IEnumerable<Scalar> All => [default, true, false, .. Numbers, .. Codes, .. Dates, .. Instants, Scalar.Of(["a", "b"])];

    /// <summary>What a test compares with.</summary>
    public static IEnumerable<Scalar> Operands(Test test) => test switch
    {
        Test.EqualTo equal => [equal.Value],
        Test.MoreThan more => [more.Value],
        Test.AtLeast least => [least.Value],
        Test.LessThan less => [less.Value],
        Test.AtMost most => [most.Value],
        Test.Between between => [between.From, between.To],
        Test.OneOf oneOf => oneOf.Values,
        _ => [],
    };

    /// <summary>A date and those next to it that there are.</summary>
    public static IEnumerable<LocalDate> Days(LocalDate date)
    {
        yield return date;
        if (date > LocalDate.MinIsoValue)
        {
            yield return date.PlusDays(-1);
        }

        if (date < LocalDate.MaxIsoValue)
        {
            yield return date.PlusDays(1);
        }
    }

    /// <summary>An instant and those a tick (100 ns) from it that there are.</summary>
    public static IEnumerable<Instant> Ticks(Instant instant)
    {
        yield return instant;
        if (instant >= Instant.MinValue + Duration.FromTicks(1))
        {
            yield return instant - Duration.FromTicks(1);
        }

        if (instant <= Instant.MaxValue - Duration.FromTicks(1))
        {
            yield return instant + Duration.FromTicks(1);
        }
    }

    private static IEnumerable<Test> Tests(Condition condition) => condition.Leaves().SelectMany(leaf => leaf switch
    {
        Condition.Field field => [field.Is],
        Condition.Fact fact => [fact.Is],
        Condition.EventWindow window => window.Where is { } where ? Tests(where).Append(window.Is) : [window.Is],
        _ => Enumerable.Empty<Test>(),
    }).Concat(Scores(condition).Select(score => score.Is));

    private static IEnumerable<Condition.Score> Scores(Condition condition) => condition switch
    {
        Condition.All all => all.Of.SelectMany(Scores),
        Condition.Any any => any.Of.SelectMany(Scores),
        Condition.Not not => Scores(not.Of),
        Condition.Score score => score.Of.SelectMany(part => Scores(part.When)).Append(score),
        _ => [],
    };

    private static IEnumerable<decimal> Around(List<decimal> sorted)
    {
        yield return Down(sorted[0]);
        for (var i = 0; i < sorted.Count; i++)
        {
            yield return sorted[i];
            yield return i + 1 < sorted.Count ? (sorted[i] / 2) + (sorted[i + 1] / 2) : Up(sorted[i]);
        }
    }

    private static decimal Up(decimal number) => number < decimal.MaxValue - 1 ? number + 1 : decimal.MaxValue;

    private static decimal Down(decimal number) => number > decimal.MinValue + 1 ? number - 1 : decimal.MinValue;

    // Of 29 February in a common year, also the days around 1 March.
    private static IEnumerable<LocalDate> AroundInYears(AnnualDate day) =>
        from year in new[] { LeapYear, LeapYear + 1 }
        from days in Enumerable.Range(-1, 4)
        select day.InYear(year).PlusDays(days);

    private static string Other(List<string> codes)
    {
        var other = "-";
        while (codes.Contains(other, StringComparer.Ordinal))
        {
            other += "-";
        }

        return other;
    }
}
