using Crm.Conditions;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Linting;

/// <summary>How windows lie to each other, and what is left of a condition for some customers.</summary>
internal static class Windows
{
    /// <summary>Whether at every moment one window has no event that the other has not.</summary>
    public static bool IsWithin(Window inner, Window outer) => (inner, outer) switch
    {
        (_, Window.Lifetime) => true,
        _ when inner == outer => true,
        (Window.Last one, Window.Last other) => one.Length <= other.Length && one.Skip >= other.Skip,
        (Window.Last one, Window.Before before) => one.Skip >= before.Age,
        (Window.Before one, Window.Before other) => one.Age >= other.Age,
        (Window.Between one, Window.Between other) => (other.From is not { } from || one.From >= from) && (other.Until is not { } until || one.Until <= until),
        (Window.Calendar one, Window.Calendar other) => one.Unit == other.Unit && one.Zone == other.Zone && one.Skip >= other.Skip && one.Skip + one.Count <= other.Skip + other.Count,
        (Window.Since one, Window.Since other) => one.Event == other.Event && (one.First == other.First ? Shorter(one.Within, other.Within) : other is { First: true, Within: null }),
        _ => false,
    };

    /// <summary>What a condition asks of customers who never had an event of a kind: every measure of it is empty.</summary>
    public static Condition WithoutEvents(Condition condition, string kind) => Rewritten(condition, leaf => leaf.Kind == kind ? Empty(leaf) : leaf);

    /// <summary>What a condition asks of customers all of whose events are within so long ago: longer windows are as that one, older ones are empty, and nothing is as old as that.</summary>
    public static Condition OfNewcomers(Condition condition, Duration age) => Rewritten(
        condition,
        leaf => leaf.Window switch
        {
            _ when leaf is { WhenMissing: false, Measure: Measure.Aggregate { How: Aggregation.First or Aggregation.Least or Aggregation.Latest or Aggregation.Greatest, Of: Measured.At } } && AsksForAge(leaf.Is, age) => new Condition.Any([]),
            Window.Lifetime => leaf with { Window = new Window.Last(age) },
            Window.Last last when last.Skip >= age => Empty(leaf),
            Window.Last last when last.Length > age => leaf.Measure is Measure.Periods ? leaf : leaf with { Window = last with { Length = age } },
            Window.Before before when before.Age >= age => Empty(leaf),
            Window.Between { Until: not null } => Empty(leaf),
            Window.Calendar calendar when (calendar.Skip - 1) * LeastDays(calendar.Unit) >= age.TotalDays => Empty(leaf),
            _ => leaf,
        },
        (test, whenMissing) => !whenMissing && AsksForAge(test, age));

    private static bool Shorter(Duration? one, Duration? other) => other is not { } most || one <= most;

    private static Condition Empty(Condition.EventWindow leaf) => HistoryWindows.Evaluate(leaf, [], NodaConstants.UnixEpoch).Value ? new Condition.All([]) : new Condition.Any([]);

    private static bool AsksForAge(Test test, Duration age) => test is Test.Relative { Comparison: Comparison.LessThan or Comparison.AtMost, To: var to } && to switch
    {
        RelativeTime.Now now => -now.Shift >= age,
        RelativeTime.Today today => -((365L * today.Shift.Years) + (28L * today.Shift.Months) + (7L * today.Shift.Weeks) + today.Shift.Days) >= age.TotalDays,
        _ => false,
    };

    private static int LeastDays(CalendarPeriod unit) => unit switch
    {
        CalendarPeriod.Day => 1,
        CalendarPeriod.Week => 7,
        CalendarPeriod.Month => 28,
        CalendarPeriod.Quarter => 90,
        _ => 365,
    };

    private static Condition Rewritten(Condition condition, Func<Condition.EventWindow, Condition> window, Func<Test, bool, bool>? never = null) => condition switch
    {
        Condition.All all => new Condition.All(all.Of.Select(part => Rewritten(part, window, never)).ToSequence()),
        Condition.Any any => new Condition.Any(any.Of.Select(part => Rewritten(part, window, never)).ToSequence()),
        Condition.Not not => new Condition.Not(Rewritten(not.Of, window, never)),
        Condition.Score score => new Condition.Score(score.Of.Select(part => part with { When = Rewritten(part.When, window, never) }).ToSequence(), score.Is),
        Condition.EventWindow leaf => window(leaf),
        Condition.Field field when never?.Invoke(field.Is, field.WhenMissing) == true => new Condition.Any([]),
        Condition.Fact fact when never?.Invoke(fact.Is, fact.WhenMissing) == true => new Condition.Any([]),
        _ => condition,
    };
}
