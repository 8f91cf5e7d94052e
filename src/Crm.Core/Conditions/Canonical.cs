using Crm.Values;
using NodaTime;

namespace Crm.Conditions;

/// <summary>
/// One form for conditions that mean the same by inspection: nested all and any are flattened, their parts sorted and written once, a lone part stands for itself, one that decides the whole for the whole, a "not"
/// goes inwards to the leaves, where a comparison turns into its opposite, lists of values and days are sorted, what is left to a default is left out, and so is a filter that everything passes.
/// </summary>
internal static class Canonical
{
    private static readonly Condition Always = new Condition.All([]);
    private static readonly Condition Never = new Condition.Any([]);

    /// <summary>The canonical form of a condition.</summary>
    public static Condition Of(Condition condition) => Of(condition, ofLines: false);

    /// <param name="condition">The condition.</param>
    /// <param name="ofLines">Whether it is a filter that looks at lines: such a one asks for a line also where it asks nothing of it, so that no part of it stands for the whole.</param>
    private static Condition Of(Condition condition, bool ofLines) => condition switch
    {
        Condition.All all => Combined(all.Of, ofLines, Never, part => part is Condition.All { Of: var inner } ? inner : null, parts => new Condition.All(parts)),
        Condition.Any any => Combined(any.Of, ofLines, Always, part => part is Condition.Any { Of: var inner } ? inner : null, parts => new Condition.Any(parts)),
        Condition.Not not => Opposite(not.Of, ofLines),
        Condition.Field field => field with { Is = Of(field.Is) },
        Condition.Fact fact => fact with { Is = Of(fact.Is) },
        Condition.EventWindow window => window with { Is = Of(window.Is), Where = Filter(window.Where), Measure = Of(window.Measure), Window = Of(window.Window) },
        Condition.Moment moment => new Condition.Moment(Of(moment.Within)) { Zone = moment.Within is Span.Between || moment.Zone is CalendarZone.Business ? null : moment.Zone },
        Condition.Score score => Of(score),
        _ => condition,
    };

    /// <summary>What holds exactly when a condition does not, until the same instant. The opposite of a comparison answers the opposite where there is no value too: "not more than 5, missing: no" is "at most 5, missing: yes".</summary>
    private static Condition Opposite(Condition condition, bool ofLines) => condition switch
    {
        Condition.Not not => Of(not.Of, ofLines),
        Condition.All all => Of(new Condition.Any(all.Of.Select(Not).ToSequence()), ofLines),
        Condition.Any any => Of(new Condition.All(any.Of.Select(Not).ToSequence()), ofLines),
        Condition.Field field when Opposite(field.Is) is { } test => Of(field with { Is = test, WhenMissing = !field.WhenMissing }),
        Condition.Fact fact when Opposite(fact.Is) is { } test => Of(fact with { Is = test, WhenMissing = !fact.WhenMissing }),
        Condition.EventWindow window when Opposite(window.Is) is { } test => Of(window with { Is = test, WhenMissing = window.Measure.CanBeMissing && !window.WhenMissing }),
        Condition.Score score when Opposite(score.Is) is { } test => Of(score with { Is = test }),
        _ => Of(condition) is var one && one is Condition.All or Condition.Any ? Opposite(one, ofLines) : Not(one),
    };

    private static Condition Not(Condition condition) => new Condition.Not(condition);

    /// <summary>The comparison that every value passes, if the two can be compared, that does not pass this one; null where no one test says it.</summary>
    private static Test? Opposite(Test test) => test switch
    {
        Test.MoreThan more => new Test.AtMost(more.Value),
        Test.AtLeast least => new Test.LessThan(least.Value),
        Test.LessThan less => new Test.AtLeast(less.Value),
        Test.AtMost most => new Test.MoreThan(most.Value),
        Test.Relative { Comparison: Comparison.MoreThan } relative => relative with { Comparison = Comparison.AtMost },
        Test.Relative { Comparison: Comparison.AtLeast } relative => relative with { Comparison = Comparison.LessThan },
        Test.Relative { Comparison: Comparison.LessThan } relative => relative with { Comparison = Comparison.AtLeast },
        Test.Relative { Comparison: Comparison.AtMost } relative => relative with { Comparison = Comparison.MoreThan },
        _ => null,
    };

    private static Condition Combined(Sequence<Condition> parts, bool ofLines, Condition decisive, Func<Condition, Sequence<Condition>?> same, Func<Sequence<Condition>, Condition> combine)
    {
        var flat = parts.Select(part => Of(part, ofLines))
            .SelectMany(part => same(part) is { } inner ? (IEnumerable<Condition>)inner : [part])
            .Select(part => (part, text: ConditionWriter.Text(part)))
            .DistinctBy(pair => pair.text, StringComparer.Ordinal)
            .OrderBy(pair => pair.text, StringComparer.Ordinal)
            .Select(pair => pair.part)
            .ToSequence();
        return flat.Count == 1 ? flat[0] : !ofLines && flat.Contains(decisive) ? decisive : combine(flat);
    }

    // Points that cancel each other out, are given to nobody or to everybody leave a sum that is always the same.
    private static Condition Of(Condition.Score score)
    {
        var parts = score.Of.Select(part => part with { When = Of(part.When) })
            .Where(part => part.When != Never)
            .GroupBy(part => ConditionWriter.Text(part.When), StringComparer.Ordinal)
            .OrderBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => group.First() with { Points = group.Sum(part => part.Points) })
            .Where(part => part.Points != 0)
            .ToSequence();
        return parts.Any(part => part.When != Always) ? new Condition.Score(parts, Of(score.Is)) : score.Is.Holds(parts.Sum(part => part.Points), false) ? Always : Never;
    }

    private static Measure Of(Measure measure) => measure switch
    {
        Measure.Aggregate { How: Aggregation.Sum, Of: Measured.Spend spend } => new Measure.SumOfSpend(spend.Currency),
        Measure.Aggregate { How: Aggregation.Sum, Of: Measured.Quantity } => new Measure.SumOfQuantity(),
        Measure.Sequence sequence => new Measure.Sequence(sequence.Then.Select(step => step with { Event = Of(step.Event), Without = Of(step.Without) }).ToSequence())
        {
            Lacking = sequence.Lacking is { } lacking ? lacking with { Event = Of(lacking.Event) } : null,
        },
        _ => measure,
    };

    private static Window Of(Window window) => window is Window.Since since ? since with { Event = Of(since.Event) } : window;

    [return: System.Diagnostics.CodeAnalysis.NotNullIfNotNull(nameof(pattern))]
    private static EventPattern? Of(EventPattern? pattern) => pattern is null ? null : pattern with { Where = Filter(pattern.Where) };

    private static Condition? Filter(Condition? where) => where is null ? null : Of(where, EventFilter.LooksAtLines(where)) is var filter && filter != Always ? filter : null;

    private static Span Of(Span span) => span switch
    {
        Span.Weekdays weekdays => new Span.Weekdays(weekdays.Days.Distinct().Order().ToSequence()),
        Span.Annual annual when !IsLeapDay(annual.From) && !IsLeapDay(annual.To) => annual with { LeapDay = LeapDayRule.February28 },
        _ => span,
    };

    private static bool IsLeapDay(AnnualDate date) => date is { Month: 2, Day: 29 };

    private static Test Of(Test test) => test switch
    {
        Test.OneOf { Values: var values } => values.Distinct().Order(ScalarOrder.Instance).ToSequence() is var sorted && sorted.Count == 1 ? new Test.EqualTo(sorted[0]) : new Test.OneOf(sorted),
        Test.Between { From: var from, To: var to } when from == to => new Test.EqualTo(from),
        Test.AnyOf any => new Test.AnyOf(any.Codes.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToSequence()),
        Test.AllOf { Codes: var codes } => codes.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToSequence() is var sorted && sorted.Count == 1 ? new Test.AnyOf(sorted) : new Test.AllOf(sorted),
        _ => test,
    };
}
