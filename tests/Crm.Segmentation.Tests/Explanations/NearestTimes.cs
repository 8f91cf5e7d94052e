using Crm.Conditions;
using Crm.Segmentation.Explanations;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Segmentation.Tests.Explanations;

/// <summary>How far dates and instants are from the other answer: at the nearest value that gives it, and nothing nearer does.</summary>
public sealed class NearestTimes
{
    private const int TicksPerSecond = 10_000_000;

    private static readonly Gen<LocalDate> Todays = Gen.Elements(new LocalDate(2026, 3, 1), new LocalDate(2027, 2, 28), new LocalDate(2028, 2, 29), new LocalDate(2026, 12, 30), new LocalDate(2027, 1, 3));

    private static readonly Gen<Given> Dates =
        from today in Todays
        from first in Gen.Choose(-3, 3)
        from length in Gen.Choose(0, 6)
        from comparison in Gen.Elements(Enum.GetValues<Comparison>())
        from shift in Gen.Elements(Period.FromDays(first), Period.FromMonths(-1), Period.FromYears(-1))
        from test in Gen.OneOf(Comparisons(today.PlusDays(first), today.PlusDays(first + length)), Gen.Constant<Test>(new Test.Relative(comparison, new RelativeTime.Today(shift, "UTC"))))
        from actual in Gen.Elements(today, today.PlusMonths(-1), today.PlusYears(-1))
        from days in Gen.Choose(-8, 8)
        select new Given(test, actual.PlusDays(days), today.AtMidnight().InUtc().ToInstant());

    private static readonly Gen<Given> Instants =
        from today in Todays
        let now = today.AtMidnight().InUtc().ToInstant()
        from first in Gen.Choose(-3, 3)
        from length in Gen.Choose(0, 6)
        from comparison in Gen.Elements(Enum.GetValues<Comparison>())
        from test in Gen.OneOf(Comparisons(now + Duration.FromTicks(first), now + Duration.FromTicks(first + length)), Gen.Constant<Test>(new Test.Relative(comparison, new RelativeTime.Now(Duration.FromTicks(first)))))
        from ticks in Gen.Choose(-8, 8)
        select new Given(test, now + Duration.FromTicks(ticks), now);

    private static readonly Gen<Given> Anniversaries =
        from today in Todays
        from before in Gen.Elements(0, 1, 7, 180)
        from after in Gen.Elements(0, 1, 7, 180)
        from rule in Gen.Elements(Enum.GetValues<LeapDayRule>())
        from actual in Gen.Elements(today, today.PlusYears(-1), new LocalDate(1980, 2, 29), new LocalDate(1979, 6, 15), new LocalDate(1900, 3, 1), new LocalDate(1903, 12, 31), new LocalDate(2030, 1, 1))
        from days in Gen.Choose(-3, 3)
        select new Given(new Test.Anniversary(before, after, rule, "UTC"), actual.PlusDays(days), today.AtMidnight().InUtc().ToInstant());

    [Fact]
    public void At_the_nearest_date_the_answer_is_the_other_and_at_none_that_is_nearer() => IsNearest(Dates, LeafValues.Turn, part => part.Margin);

    [Fact]
    public void At_the_nearest_instant_the_answer_is_the_other_and_at_none_that_is_nearer() => IsNearest(Instants, LeafValues.Turn, part => part.Margin);

    [Fact]
    public void At_the_nearest_date_today_is_near_an_anniversary_or_not_and_at_none_that_is_nearer() => IsNearest(Anniversaries, LeafValues.Turn, part => part.Margin);

    [Fact]
    public void The_law_catches_the_first_date_that_the_test_names() => Counterfeits.Caught(() => IsNearest(Dates, FirstNamed, part => part.Margin));

    [Fact]
    public void The_law_catches_the_first_instant_that_the_test_names() => Counterfeits.Caught(() => IsNearest(Instants, FirstNamed, part => part.Margin));

    [Fact]
    public void The_law_catches_the_anniversary_of_last_year() => Counterfeits.Caught(() => IsNearest(Anniversaries, FirstNamed, part => part.Margin));

    [Fact]
    public void The_law_catches_the_value_itself() => Counterfeits.Caught(() => IsNearest(Dates, (_, actual, _) => actual, part => part.Margin));

    [Fact]
    public void The_law_catches_instants_that_are_told_in_whole_seconds() => Counterfeits.Caught(() => IsNearest(Instants, LeafValues.Turn, part => part.Margin is { } margin ? decimal.Floor(margin) : null));

    private static Scalar? FirstNamed(Condition leaf, Scalar actual, Instant now) =>
        LeafValues.Turns(leaf, actual, now).First(value => LeafValues.Holds(leaf, value, now) != LeafValues.Holds(leaf, actual, now));

    private static Gen<Test> Comparisons(Scalar first, Scalar last) => Gen.Elements<Test>(
        new Test.EqualTo(first), new Test.MoreThan(first), new Test.AtLeast(first), new Test.LessThan(first), new Test.AtMost(first), new Test.Between(first, last), new Test.OneOf([first, last]));

    private static void IsNearest(Gen<Given> cases, Func<Condition, Scalar, Instant, Scalar?> turn, Func<ExplainedPart, decimal?> margin) => Prop.ForAll(cases.ToArbitrary(), given =>
    {
        var leaf = new Condition.Fact("time", given.Test, false);
        var holds = Holds(given.Actual);
        var other = turn(leaf, given.Actual, given.Now) ?? given.Actual;
        var steps = StepsTo(given.Actual, other);

        Assert.NotEqual(holds, Holds(other));
        Assert.All(Enumerable.Range(1, steps - 1), step => Assert.Equal((holds, holds), (Holds(Moved(given.Actual, -step)), Holds(Moved(given.Actual, step)))));
        Assert.Equal(given.Actual.Kind == ScalarKind.Date ? steps : (decimal)steps / TicksPerSecond, margin(new ExplainedPart { Condition = leaf, Text = new Text("", ""), Holds = holds, ValidUntil = null, Actual = given.Actual, TurnsAt = other }));

        bool Holds(Scalar value) => LeafValues.Holds(leaf, value, given.Now);
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));

    private static int StepsTo(Scalar actual, Scalar other) => actual.AsDate is { } date
        ? Math.Abs(Period.DaysBetween(date, other.AsDate!.Value))
        : checked((int)Math.Abs((other.AsInstant!.Value - actual.AsInstant!.Value).BclCompatibleTicks));

    private static Scalar Moved(Scalar actual, int steps) => actual.AsDate is { } date ? date.PlusDays(steps) : actual.AsInstant!.Value + Duration.FromTicks(steps);

    private sealed record Given(Test Test, Scalar Actual, Instant Now);
}
