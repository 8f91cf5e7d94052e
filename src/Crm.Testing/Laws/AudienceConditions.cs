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

    /// <summary>So many conditions without errors.</summary>
    public static IEnumerable<Condition> Of(Luck luck, int count)
    {
        for (var i = 0; i < count; i++)
        {
            yield return luck.Below(4) switch
            {
                0 => !Leaf(luck),
                1 => (Leaf(luck) & Leaf(luck)) | !Leaf(luck),
                2 => new Condition.Score([new Scored(Leaf(luck), 1), new Scored(Leaf(luck), 2)], Number(luck)),
                _ => Leaf(luck),
            };
        }
    }

    private static Condition Leaf(Luck luck) => luck.Below(6) switch
    {
        0 => new Condition.Fact(luck.Below(2) == 0 ? "town.seen" : "town.spend", Number(luck), luck.Below(2) == 0),
        1 => new Condition.Fact("town.channel", Code(luck), WhenMissing: false),
        2 => new Condition.Field("customer.age", Number(luck), luck.Below(2) == 0),
        3 => new Condition.Field("customer.region", Code(luck), WhenMissing: false),
        _ => Measured(luck),
    };

    private static Condition.EventWindow Measured(Luck luck)
    {
        var measure = luck.Of(Measures);
        var purchase = measure is not Measure.Count || luck.Below(2) == 0;
        return new Condition.EventWindow(purchase ? EventKinds.PurchaseName : AudienceModule.Visit, measure, luck.Of(Windows), Number(luck)) { Where = purchase ? luck.Of(Filters) : null, WhenMissing = measure.CanBeMissing && luck.Below(2) == 0 };
    }

    private static Test Number(Luck luck)
    {
        var value = luck.Below(9) / 2m;
        return luck.Below(6) switch
        {
            0 => new Test.EqualTo(value),
            1 => new Test.MoreThan(value),
            2 => new Test.LessThan(value),
            3 => new Test.AtMost(value),
            4 => new Test.OneOf([value, 3m]),
            _ => new Test.AtLeast(value),
        };
    }

    private static Test Code(Luck luck) => luck.Below(5) switch
    {
        0 => new Test.EqualTo("web"),
        1 => new Test.OneOf(["shop", "HK"]),
        2 => new Test.EndsWith("N"),
        3 => new Test.Matches("^[wH]"),
        _ => new Test.Known(),
    };
}
