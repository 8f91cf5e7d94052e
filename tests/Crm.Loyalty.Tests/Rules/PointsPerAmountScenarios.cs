using Crm.Loyalty.Rules;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;

namespace Crm.Loyalty.Tests.Rules;

/// <summary>"X points per every Y" in published cases; the names end with the ids of the scenarios.</summary>
public sealed class PointsPerAmountScenarios
{
    [Theory]
    [InlineData("NOP1", 5, 2.50, 3.00, 5)]
    [InlineData("SQ3", 1, 10, 105, 10)]
    [InlineData("SQ4", 1, 10, 21.90, 2)]
    [InlineData("SET1 one", 1, 1, 19.99, 19)]
    [InlineData("SET1 two", 1, 2, 19.99, 9)]
    [InlineData("SET6", 3, 1, 40, 120)]
    [InlineData("BK1", 1, 10, 20, 2)]
    [InlineData("OD1", 1, 1, 90, 90)]
    [InlineData("one cent short", 1, 10, 9.99, 0)]
    [InlineData("exactly a step", 1, 10, 10, 1)]
    [InlineData("nothing", 1, 10, 0, 0)]
    public void Whole_steps_earn(string id, long points, double every, double spend, long expected)
    {
        var earned = Samples.Earned(Samples.Purchase((decimal)spend), Samples.Per(points, (decimal)every));

        Assert.True(earned[0] == expected, $"{id}: {earned[0]} instead of {expected}");
    }

    [Fact]
    public void Two_articles_earn_for_their_sum_PTZ1() =>
        Assert.Equal([100], Samples.Earned(Samples.Purchase(50, Samples.Line("tea", 25), Samples.Line("tea", 25)), Samples.Per(2, 1) with { Basis = EarningBasis.AllLines }));

    [Theory]
    [InlineData(1, 0)]
    [InlineData(5, 0)]
    [InlineData(10, 1)]
    [InlineData(20, 2)]
    public void A_refund_takes_what_was_kept_before_less_what_is_kept_after_SQ6(decimal refund, long expected) =>
        Assert.Equal(expected, Kept(105) - Kept(105 - refund));

    [Fact]
    public void Two_refunds_take_what_one_of_their_sum_takes_SQ6() =>
        Assert.Equal(Kept(105) - Kept(95), Kept(105) - Kept(100) + (Kept(100) - Kept(95)));

    [Fact]
    public void Splitting_a_refund_never_changes_what_it_takes()
    {
        var cases =
            from every in Gen.Choose(1, 2_000)
            from points in Gen.Choose(1, 20)
            from rounding in Gen.Elements(Rounding.Floor, Rounding.Nearest, Rounding.Ceiling)
            from spend in Gen.Choose(0, 100_000)
            from first in Gen.Choose(0, 100_000)
            from second in Gen.Choose(0, 100_000)
            select (Rule: Samples.Per(points, every / 100m) with { Rounding = rounding }, spend, first: Math.Min(first, spend), second);
        Prop.ForAll(cases.ToArbitrary(), sample =>
        {
            long Of(int amount) => sample.Rule.Of(Math.Max(amount, 0)).Amount;
            var between = sample.spend - sample.first;
            var after = Math.Max(between - sample.second, 0);
            Assert.Equal(Of(sample.spend) - Of(after), Of(sample.spend) - Of(between) + (Of(between) - Of(after)));
            Assert.True(Of(after) <= Of(between) && Of(between) <= Of(sample.spend), "More was earned by keeping less.");
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(200));
    }

    [Theory]
    [InlineData(Rounding.Floor, 14.99, 1)]
    [InlineData(Rounding.Nearest, 14.99, 1)]
    [InlineData(Rounding.Nearest, 15.00, 2)]
    [InlineData(Rounding.Nearest, 25.00, 2)]
    [InlineData(Rounding.Nearest, 25.01, 3)]
    [InlineData(Rounding.Ceiling, 10.00, 1)]
    [InlineData(Rounding.Ceiling, 10.01, 2)]
    public void A_part_of_a_step_is_rounded_as_declared(Rounding rounding, double spend, long expected) =>
        Assert.Equal(expected, Samples.Earned(Samples.Purchase((decimal)spend), Samples.Per(1, 10) with { Rounding = rounding })[0]);

    [Fact]
    public void Rounding_up_is_a_part_of_the_award_of_its_own()
    {
        var earning = (Samples.Per(3, 10) with { Rounding = Rounding.Ceiling }).Of(1_001);

        Assert.Equal((6, 3), (earning.Amount, earning.Rounding));
    }

    [Fact]
    public void Rules_add_up_SET1() =>
        Assert.Equal([19, 9], Samples.Earned(Samples.Purchase(19.99m), Samples.Per(1, 1), Samples.Per(1, 2) with { Name = "second" }));

    [Fact]
    public void Lines_of_a_left_out_article_do_not_count_OL2() => Assert.Equal(208, Ol(4, new EarningBasis.Lines { ExceptSkus = ["SKU000"] }));

    [Fact]
    public void All_lines_count_OL1() => Assert.Equal(608, Ol(4, EarningBasis.AllLines));

    [Fact]
    public void Left_out_categories_do_not_count_OL4() => Assert.Equal(400, Ol(4, new EarningBasis.Lines { ExceptCategories = ["red", "delivery"] }));

    [Fact]
    public void Two_rules_give_the_sum_OL5() => Assert.Equal(2_128, Ol(10, EarningBasis.AllLines) + Ol(4, EarningBasis.AllLines));

    [Fact]
    public void An_article_in_two_lists_counts_once() =>
        Assert.Equal(400, Ol(4, new EarningBasis.Lines { Skus = ["SKU000", "SKU000"], Categories = ["blue"] }));

    [Fact]
    public void Only_food_counts_where_the_rule_says_so_OD2() =>
        Assert.Equal([100], Samples.Earned(Samples.Purchase(135, Samples.Line("rice", 100, "food"), Samples.Line("soap", 50)), Samples.Per(1, 1) with { Basis = new EarningBasis.Lines { Categories = ["food"] } }));

    [Fact]
    public void Another_currency_earns_nothing()
    {
        var yen = Samples.Purchase(0) with { Spend = new Money(1_000_000, Currency.Of("JPY")) };

        Assert.Equal([0], Samples.Earned(yen, Samples.Per(1, 10)));
    }

    [Fact]
    public void The_most_an_event_can_be_worth_does_not_overflow() =>
        Assert.Equal(PointsPerAmount.Most, (Samples.Per(1_000_000_000, 0.01m)).Of(long.MaxValue).Amount);

    [Fact]
    public void A_rule_sees_what_the_rules_before_it_gave() =>
        Assert.Equal([10, 20], Samples.Earned(Samples.Purchase(100), Samples.Per(1, 10), new Doubling()));

    private static long Kept(decimal amount) => Samples.Per(1, 10).Of(Money.Hkd(amount).MinorUnits).Amount;

    private static long Ol(long points, EarningBasis basis) => Samples.Earned(
        Samples.Purchase(152, Samples.Line("SKU123", 12, "red"), Samples.Line("SKU000", 100, "blue"), Samples.Line("DELIVERY", 40, "delivery")),
        Samples.Per(points, 1) with { Basis = basis })[0];

    private sealed class Doubling : IEarningRule
    {
        public string Name => "doubling";

        public int Version => 1;

        public IEnumerable<Earning> Evaluate(EarningContext context) => [new("points", context.EarnedSoFar("points") * 2)];
    }
}
