using Crm.Loyalty.Accounts;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Tests.Recording;
using Crm.Loyalty.Tests.Redemption;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Loyalty.Tests.Accounts;

/// <summary>Published examples of accounting for units; the names end with the ids of the scenarios.</summary>
public sealed class AccountScenarios
{
    private static Money Whole(long amount) => Money.Of(amount, Currency.Of("JPY"));

    [Fact]
    public void Revenue_is_what_was_redeemed_of_what_is_expected_and_a_changed_estimate_is_made_good_for_AC1()
    {
        var second = PointsRevenue.OfPeriod(Whole(9_000), 4_500, 9_700, Whole(0));
        var third = PointsRevenue.OfPeriod(Whole(9_000), 8_500, 9_900, second);

        Assert.Equal((Whole(4_175), Whole(3_552)), (second, third));
    }

    [Fact]
    public void A_price_is_divided_at_stand_alone_prices_and_recognised_as_units_are_redeemed_AC3()
    {
        var price = PointsRevenue.Allocate(Whole(100_000), Whole(100_000), Whole(9_500));
        Assert.Equal((Whole(91_324), Whole(8_676)), (price.Goods, price.Units));

        var first = PointsRevenue.OfPeriod(price.Units, 4_500, 9_500, Whole(0));
        var second = PointsRevenue.OfPeriod(price.Units, 8_500, 9_700, first);
        Assert.Equal((Whole(4_110), Whole(3_493)), (first, second));
    }

    [Fact]
    public void Nothing_is_lost_in_dividing_and_all_is_revenue_in_the_end() => Prop.ForAll(
        Arb.From(from price in Gen.Choose(0, 10_000_000) from goods in Gen.Choose(1, 10_000_000) from units in Gen.Choose(0, 1_000_000) from steps in Gen.Choose(0, 100).ArrayOf() select (price, goods, units, steps)),
        given =>
        {
            var price = PointsRevenue.Allocate(Whole(given.price), Whole(given.goods), Whole(given.units));
            Assert.Equal(Whole(given.price), price.Goods + price.Units);
            var expected = Math.Max(1, given.steps.Sum(step => (long)step));
            var (redeemed, recognised) = (0L, Whole(0));
            foreach (var step in given.steps)
            {
                redeemed += step;
                recognised += PointsRevenue.OfPeriod(price.Units, redeemed, expected, recognised);
            }

            Assert.Equal(redeemed == expected ? price.Units : Whole(0), recognised);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(200));

    [Fact]
    public async Task What_may_still_be_redeemed_is_listed_by_the_month_in_which_it_runs_out_and_adds_up()
    {
        var club = RewardClub.With();
        await club.Buys(60);
        club.On(2026, 2, 28);
        await club.Buys(40);
        await club.Reserves("pos:r", 70);
        var liability = new Liability(Samples.HongKong);
        liability.Add((await club.Amy()).Slot<LoyaltyState>(LoyaltyNames.Module));

        var points = liability.Lines.Where(line => line.Unit == "points").ToList();
        Assert.Equal([(new YearMonth(2027, 1), 60L), (new YearMonth(2027, 2), 40L)], points.Select(line => (line.Month!.Value, line.Units)));
        Assert.Equal(Money.Hkd(0.54m), points[0].At(0.01m, 0.1m, Currency.Hkd));
    }
}
