using Crm.Conditions;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Tests.Shared;

/// <summary>Conditions nested up to as deep as there may be, mostly near that boundary, with what takes most levels of JSON at the bottom.</summary>
internal static class DeepConditions
{
    public static Arbitrary<Condition> Any { get; } = Arb.From(
        from depth in Gen.Frequency((1, Gen.Choose(1, ConditionCheck.MostDepth)), (3, Gen.Choose(ConditionCheck.MostDepth - 2, ConditionCheck.MostDepth)))
        from kinds in Gen.Choose(0, 2).ListOf(depth - 1)
        select kinds.Aggregate(Leaf(-1), (inner, kind) => kind switch
        {
            0 => inner is Condition.All ? new Condition.Any([inner, Leaf(1)]) : new Condition.All([inner, Leaf(1)]),
            1 => inner is Condition.Any ? new Condition.All([inner, Leaf(1)]) : new Condition.Any([inner, Leaf(1)]),
            _ => new Condition.Score([new Scored(inner, 1), new Scored(Leaf(1), 2)], new Test.AtLeast(2)),
        }));

    private static Condition Leaf(int years) =>
        new Condition.Field("customer.joined", new Test.Relative(Comparison.LessThan, new RelativeTime.Today(Period.FromYears(years), new CalendarZone.Customer("customer.zone", "UTC"))), years > 0);
}
