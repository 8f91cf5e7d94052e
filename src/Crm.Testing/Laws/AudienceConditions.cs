using Crm.Conditions;
using Crm.Events;
using Crm.Testing.Simulation;
using Crm.Values;
using NodaTime;

namespace Crm.Testing.Laws;

/// <summary>Conditions of every kind, by chance, the same for the same seed.</summary>
internal static class AudienceConditions
{
    private const string Zone = "America/New_York";

    private static readonly Window[] Windows =
    [
        new Window.Lifetime(), new Window.Last(Duration.FromHours(1)), new Window.Last(Duration.FromHours(3)), new Window.Last(Duration.FromHours(4)) { Skip = Duration.FromHours(1) }, new Window.Before(Duration.FromHours(3)),
        new Window.Between(Samples.At(2), Samples.At(7)), new Window.Calendar(CalendarPeriod.Day, 0, 1, Zone), new Window.Calendar(CalendarPeriod.Day, 1, 1, Zone),
        new Window.Calendar(CalendarPeriod.Week, 0, 2, Zone), new Window.Calendar(CalendarPeriod.Month, 1, 1, Zone), new Window.Between(null, Samples.At(5)),
        new Window.Since(new EventPattern(AudienceModule.Visit), First: true), new Window.Since(new EventPattern(AudienceModule.Visit), First: false) { Within = Duration.FromHours(3) },
    ];

    private static readonly Condition?[] Filters =
    [
        null, null, If.Field("event.channel").Is("web"), If.Field("event.channel").WhenMissing(true).IsNot("web"), If.Field("line.sku").Is("tea") & If.Field("line.quantity").AtLeast(1), !If.Field("line.category").IsKnown, If.Field("event.spend").AtLeast(2),
    ];

    private static readonly Measure[] Measures =
    [
        new Measure.Count(), new Measure.SumOfSpend(Currency.Hkd), new Measure.SumOfQuantity(),
        .. Enum.GetValues<Aggregation>().Select(how => new Measure.Aggregate(how, new Measured.Spend(Currency.Hkd))),
        new Measure.Aggregate(Aggregation.Distinct, new Measured.Day(Zone)), new Measure.Aggregate(Aggregation.Distinct, new Measured.Named("line.sku")),
        new Measure.Sequence([new Step(new EventPattern(EventKinds.PurchaseName)) { Within = Duration.FromHours(3) }]),
    ];

    private static readonly (int Times, int OutOf, Window Window)[] Recurring =
    [
        (2, 3, new Window.Last(Duration.FromHours(6))), (1, 4, new Window.Last(Duration.FromHours(4))), (2, 2, new Window.Calendar(CalendarPeriod.Day, 0, 2, Zone)), (1, 2, new Window.Calendar(CalendarPeriod.Week, 0, 2, Zone)),
    ];

    private static readonly Aggregation[] Ordered = [Aggregation.Least, Aggregation.Greatest, Aggregation.First, Aggregation.Latest, Aggregation.MostFrequent];
    private static readonly string[] OfEvents = ["event.channel", "line.sku", "line.category"];

    /// <summary>So many conditions without errors.</summary>
    public static IEnumerable<Condition> Of(Luck luck, int count)
    {
        while (count > 0)
        {
            var condition = luck.Below(4) switch
            {
                0 => !Leaf(luck),
                1 => (Leaf(luck) & Leaf(luck)) | !Leaf(luck),
                2 => new Condition.Score([new Scored(Leaf(luck), luck.Below(2) == 0 ? 1 : 0.5m), new Scored(Leaf(luck), 2)], Number(luck)),
                _ => Leaf(luck),
            };
            if (ConditionCheck.Check(condition).IsEmpty)
            {
                count--;
                yield return condition;
            }
        }
    }

    private static Condition Leaf(Luck luck) => luck.Below(10) switch
    {
        0 => new Condition.Fact(luck.Below(2) == 0 ? "town.seen" : "town.spend", Number(luck), luck.Below(2) == 0),
        1 => new Condition.Fact("town.channel", Code(luck), WhenMissing: false),
        2 => new Condition.Field("customer.age", Number(luck), luck.Below(2) == 0),
        3 => new Condition.Field("customer.region", Code(luck), WhenMissing: false),
        4 => new Condition.Fact("town.last", Lately(luck), luck.Below(2) == 0),
        5 => OfCodes(luck),
        6 => OfPeriods(luck),
        _ => Measured(luck),
    };

    private static Test.Relative Lately(Luck luck) => new(luck.Of(Enum.GetValues<Comparison>()), new RelativeTime.Now(Duration.FromHours(-luck.Below(5))));

    // What was bought or where, as a code or a set of codes, and when.
    private static Condition.EventWindow OfCodes(Luck luck)
    {
        var (measure, test) = luck.Below(3) switch
        {
            0 => (new Measure.Aggregate(Aggregation.Unique, new Measured.Named(luck.Of(OfEvents))), luck.Of<Test>([new Test.AnyOf(["web", "cup"]), new Test.AllOf(["tea"]), new Test.AllOf(["cup", "tea"]), new Test.AllOf(["web", "shop"])])),
            1 => (new Measure.Aggregate(luck.Of(Ordered), new Measured.Named(luck.Of(OfEvents))), Code(luck)),
            _ => (new Measure.Aggregate(luck.Below(2) == 0 ? Aggregation.First : Aggregation.Latest, new Measured.At()), Lately(luck)),
        };
        return new Condition.EventWindow(EventKinds.PurchaseName, measure, luck.Of(Windows), test) { Where = luck.Of(Filters), WhenMissing = test is not Test.Known && luck.Below(2) == 0 };
    }

    private static Condition.EventWindow OfPeriods(Luck luck)
    {
        var (times, outOf, window) = luck.Of(Recurring);
        return new Condition.EventWindow(EventKinds.PurchaseName, new Measure.Periods(times, outOf), window, Number(luck)) { Where = luck.Of(Filters) };
    }

    private static Condition.EventWindow Measured(Luck luck)
    {
        var measure = luck.Of(Measures);
        var purchase = measure is not Measure.Count || luck.Below(2) == 0;
        return new Condition.EventWindow(purchase ? EventKinds.PurchaseName : AudienceModule.Visit, measure, luck.Of(Windows), Number(luck)) { Where = purchase ? luck.Of(Filters) : null, WhenMissing = measure.CanBeMissing && luck.Below(2) == 0 };
    }

    private static Test Number(Luck luck)
    {
        var value = luck.Below(9) / 2m;
        return luck.Below(7) switch
        {
            0 => new Test.EqualTo(value),
            1 => new Test.MoreThan(value),
            2 => new Test.LessThan(value),
            3 => new Test.AtMost(value),
            4 => new Test.OneOf([value, 3m]),
            5 => new Test.Between(value, value + (luck.Below(4) / 2m)),
            _ => new Test.AtLeast(value),
        };
    }

    private static Test Code(Luck luck) => luck.Below(8) switch
    {
        0 => new Test.EqualTo("web"),
        1 => new Test.OneOf(["shop", "HK"]),
        2 => new Test.EndsWith("N"),
        3 => new Test.Matches("^[wH]"),
        4 => new Test.StartsWith("w"),
        5 => new Test.Contains("e"),
        6 => new Test.AnyOf(["web", "cup"]),
        _ => new Test.Known(),
    };
}
