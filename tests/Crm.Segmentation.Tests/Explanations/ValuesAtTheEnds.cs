using Crm.Conditions;
using Crm.Segmentation.Explanations;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Segmentation.Tests.Explanations;

/// <summary>What would have to be another value is said at the first and last instants of the calendar too.</summary>
public sealed class ValuesAtTheEnds
{
    private static readonly Gen<(Condition Leaf, Scalar Actual, Instant Now)> Given =
        from now in Gen.Elements(Instant.MinValue, Instant.MinValue + Duration.FromDays(200), Instant.FromUtc(2026, 3, 1, 0, 0), Instant.MaxValue - Duration.FromDays(200), Instant.MaxValue)
        from zone in Gen.Elements("Asia/Hong_Kong", "Etc/GMT+12", "Pacific/Kiritimati")
        from comparison in Gen.Elements(Enum.GetValues<Comparison>())
        from years in Gen.Elements(-200, -1, 0, 1, 200)
        from days in Gen.Elements(0, 180)
        from choice in Gen.Choose(0, 2)
        from date in Gen.Elements(LocalDate.MinIsoValue, new LocalDate(2024, 2, 29), LocalDate.MaxIsoValue)
        let instants = choice == 0
        let test = choice switch
        {
            0 => new Test.Relative(comparison, new RelativeTime.Now(Duration.FromDays(365 * years))),
            1 => new Test.Relative(comparison, new RelativeTime.Today(Period.FromYears(years), zone)),
            _ => (Test)new Test.Anniversary(days, days, LeapDayRule.March1, zone),
        }
        select ((Condition)new Condition.Field("customer.joined", test, false), instants ? (Scalar)(date == LocalDate.MinIsoValue ? Instant.MinValue : date == LocalDate.MaxIsoValue ? Instant.MaxValue : now) : date, now);

    [Fact]
    public void A_value_that_is_named_turns_the_answer() => Turns(LeafValues.Turn);

    [Fact]
    public void The_law_catches_the_value_itself() => Counterfeits.Caught(() => Turns((_, actual, _) => actual));

    private static void Turns(Func<Condition, Scalar, Instant, Scalar?> turn) => Prop.ForAll(Given.ToArbitrary(), given =>
    {
        var (leaf, actual, now) = given;

        Assert.NotEqual(LeafValues.Holds(leaf, actual, now), turn(leaf, actual, now) is { } other ? LeafValues.Holds(leaf, other, now) : !LeafValues.Holds(leaf, actual, now));
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));
}
