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

    /// <summary>How long ago somebody must have come at least for a window to say something of them: as far as it reaches back, of the calendar at the moment at which that is farthest; null where that cannot be said.</summary>
    public static LeastAge? AgeFor(Window window) => window switch
    {
        Window.Last last => new LeastAge(last.Length, null),
        Window.Calendar calendar => LeastAge.Of(calendar),
        _ => null,
    };

    /// <summary>
    /// What a condition asks of customers all of whose events are within so long ago, or since a window of the calendar began, and who have none of those that a measure counts: longer windows are as that one, older ones are empty, nothing is as old as that
    /// and everything younger, and what counts only the events of the measure is empty too.
    /// </summary>
    public static Condition OfNewcomers(Condition condition, LeastAge age, Condition.EventWindow silent) => Rewritten(
        condition,
        leaf => Asked(leaf, age) is not Condition.EventWindow asked ? Asked(leaf, age) : IsSilent(asked, silent) ? Empty(asked) : asked,
        (test, whenMissing) => Answered(test, whenMissing, age));

    private static Condition Asked(Condition.EventWindow leaf, LeastAge age) => leaf.Window switch
    {
        _ when leaf is { Measure: Measure.Aggregate { How: Aggregation.First or Aggregation.Least or Aggregation.Latest or Aggregation.Greatest, Of: Measured.At } } && Answered(leaf.Is, leaf.WhenMissing, age) is { } answer => answer ? new Condition.All([]) : new Condition.Any([]),
        Window.Lifetime => leaf with { Window = new Window.Last(age.Most) },
        Window.Last last when last.Skip >= age.Most => Empty(leaf),
        Window.Last last when last.Length > age.Most => leaf.Measure is Measure.Periods ? leaf : leaf with { Window = last with { Length = age.Most } },
        Window.Before before when before.Age >= age.Most => Empty(leaf),
        Window.Between { Until: not null } => Empty(leaf),
        Window.Calendar calendar when (calendar.Skip - 1) * LeastDays(calendar.Unit) >= age.Most.TotalDays || age.ReachesNoFartherThan(calendar) => Empty(leaf),
        _ => leaf,
    };

    // Whether all that a measure counts is of those that there are none of. A window that reaches up to now has all events of newcomers.
    private static bool IsSilent(Condition.EventWindow leaf, Condition.EventWindow silent) => leaf.Kind == silent.Kind
        && (silent.Where is null || silent.Where == leaf.Where)
        && (silent.Window is Window.Last { Skip: var skip } ? skip == Duration.Zero : silent.Window is Window.Calendar { Skip: 0 } || IsWithin(leaf.Window, silent.Window));

    // What a test of a time answers of everybody who came within so long ago; null where that depends on more.
    private static bool? Answered(Test test, bool whenMissing, LeastAge age) =>
        test is not Test.Relative { To: var to, Comparison: var comparison } || !IsAsOld(to, age) ? null
        : comparison is Comparison.LessThan or Comparison.AtMost or Comparison.EqualTo ? whenMissing ? null : false
        : whenMissing ? true : null;

    private static bool Shorter(Duration? one, Duration? other) => other is not { } most || one <= most;

    private static Condition Empty(Condition.EventWindow leaf) => HistoryWindows.Evaluate(leaf, [], NodaConstants.UnixEpoch).Value ? new Condition.All([]) : new Condition.Any([]);

    private static bool IsAsOld(RelativeTime to, LeastAge age) => to switch
    {
        RelativeTime.Now now => -now.Shift >= age.Most,
        RelativeTime.Today today => -((365L * today.Shift.Years) + (28L * today.Shift.Months) + (7L * today.Shift.Weeks) + today.Shift.Days) >= age.Most.TotalDays || age.Months <= -((12L * today.Shift.Years) + today.Shift.Months),
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

    private static Condition Rewritten(Condition condition, Func<Condition.EventWindow, Condition> window, Func<Test, bool, bool?>? answered = null) => condition switch
    {
        Condition.All all => new Condition.All(all.Of.Select(part => Rewritten(part, window, answered)).ToSequence()),
        Condition.Any any => new Condition.Any(any.Of.Select(part => Rewritten(part, window, answered)).ToSequence()),
        Condition.Not not => new Condition.Not(Rewritten(not.Of, window, answered)),
        Condition.Score score => new Condition.Score(score.Of.Select(part => part with { When = Rewritten(part.When, window, answered) }).ToSequence(), score.Is),
        Condition.EventWindow leaf => window(leaf),
        Condition.Field field when answered?.Invoke(field.Is, field.WhenMissing) is { } answer => answer ? new Condition.All([]) : new Condition.Any([]),
        Condition.Fact fact when answered?.Invoke(fact.Is, fact.WhenMissing) is { } answer => answer ? new Condition.All([]) : new Condition.Any([]),
        _ => condition,
    };
}
