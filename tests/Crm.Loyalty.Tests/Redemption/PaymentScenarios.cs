using Crm.Events;
using Crm.Loyalty.Receipts;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Tests.Recording;
using Crm.Values;

namespace Crm.Loyalty.Tests.Redemption;

/// <summary>Published cases of paying with units and of rewards; the names end with the ids of the scenarios.</summary>
public sealed class PaymentScenarios
{
    private static PointsPayment Setono => new() { Unit = "points", Points = 1, Value = new Money(1, Currency.Hkd), Minimum = 500, MostPercent = 50 };

    [Theory]
    [InlineData(1_000, 5_000, 1_000)]
    [InlineData(1_000, 700, 700)]
    [InlineData(9_000, 9_000, 5_000)]
    [InlineData(499, 5_000, 0)]
    [InlineData(1_000, 499, 0)]
    public void What_is_asked_for_is_cut_by_balance_share_and_minimum_SET8_SET9(long wanted, long balance, long expected) =>
        Assert.Equal(expected, Setono.Quote(wanted, balance, new Money(10_000, Currency.Hkd)).Points);

    [Fact]
    public void Whole_blocks_of_a_hundred_points_pay_five_each_SET11() => Assert.Equal(
        new PointsQuote(1_000, Money.Hkd(50)),
        new PointsPayment { Unit = "points", Points = 100, Value = Money.Hkd(5) }.Quote(1_050, 5_000, Money.Hkd(1_000)));

    [Fact]
    public void A_hundred_points_a_unit_PTZ11() => Assert.Equal(
        Money.Hkd(10),
        new PointsPayment { Unit = "points", Points = 100, Value = Money.Hkd(1) }.Quote(1_000, 1_000, Money.Hkd(1_000)).Pays);

    [Theory]
    [InlineData(100, 2_500)]
    [InlineData(50, 1_250)]
    public void Never_more_than_the_order_or_its_share_PTZ12(int percent, long expected) => Assert.Equal(
        expected,
        new PointsPayment { Unit = "points", Points = 1, Value = new Money(1, Currency.Hkd), MostPercent = percent }.Quote(5_000, 5_000, Money.Hkd(25)).Points);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_quote_that_is_not_covered_any_more_takes_what_there_is_and_notes_the_rest_or_is_refused_PTZ14(bool clamps)
    {
        var club = Club.Of(RewardClub.Program() with { Payment = new() { Unit = "points", Points = 1, Value = new Money(1, Currency.Hkd), ClampsToBalance = clamps } });
        await club.Buys(1_000);
        await club.Records(CartEvents.Want("web:want", RewardClub.Authority, "cart", 1_000));
        await club.Redeems(600, unit: "points");

        var receipt = await club.Records(RewardEvents.Pay("pos:pay", RewardClub.Authority, 1_000, Money.Hkd(100), cart: "cart"));

        Assert.Equal(clamps ? null : "insufficient-balance", receipt.Refusal?.Code);
        Assert.Equal(clamps ? 0 : 400, await club.Points());
        Assert.Equal(clamps, receipt.Lines.Any(line => line.Code == LineCodes.QuoteShort && LoyaltyTexts.Describe(line).English == "600 points that were quoted are not there any more."));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("cart")]
    public async Task Nobody_pays_with_what_no_cart_was_ever_shown(string? cart)
    {
        var club = Club.Of(RewardClub.Program() with { Payment = new() { Unit = "points", Points = 1, Value = new Money(1, Currency.Hkd), ClampsToBalance = true } });
        await club.Buys(400);
        await club.Records(CartEvents.Want("web:want", RewardClub.Authority, "cart", 1_000));

        Assert.Equal("insufficient-balance", (await club.Records(RewardEvents.Pay("pos:pay", RewardClub.Authority, 1_000, Money.Hkd(100), cart: cart))).Refusal?.Code);
        Assert.Equal(400, await club.Points());
    }

    [Fact]
    public async Task Articles_are_given_in_whole_rewards_OD7()
    {
        var club = RewardClub.With(new Reward { Name = "tea", Kind = new RewardKind.FreeItem("tea", 2), Costs = [new("points", 3)] });
        await club.Buys(50);
        await club.Takes("tea", quantity: 5);

        Assert.Equal(41, await club.Points());
    }

    [Fact]
    public async Task The_price_is_worked_out_here_whatever_the_sender_believes_OD8()
    {
        var club = RewardClub.With(RewardClub.Mug with { Costs = [new("points", 5)] });
        await club.Buys(50);
        await club.Buys(100);
        var asked = RewardEvents.Redeem("pos:mug", RewardClub.Authority, "mug");
        await club.Records(asked with { Fields = asked.Fields.With("cost", 1) });

        Assert.Equal(145, await club.Points());
    }

    [Fact]
    public async Task Four_held_one_earned_three_spent_leave_two_OD10()
    {
        var club = RewardClub.With(RewardClub.Mug with { Costs = [new("points", 1)] }, RewardClub.Mug with { Name = "cup", Costs = [new("points", 2)] });
        await club.Buys(4);
        await club.Buys(1);
        await club.Takes("mug");
        await club.Takes("cup");

        Assert.Equal(2, await club.Points());
    }

    [Fact]
    public async Task What_is_captured_is_spent_the_rest_returns_and_it_is_resolved_once_TB1()
    {
        var club = RewardClub.With();
        await club.Buys(100);
        await club.Reserves("pos:r", 100);
        Assert.Equal((0L, 100L), (await club.Points(), (await club.Membership()).Reserved("points")));

        Assert.Equal(-60, (await club.Captures("pos:r", 60)).Total("points"));

        Assert.Equal((40L, 0L), (await club.Points(), (await club.Membership()).Reserved("points")));
        Assert.Equal("already-resolved", (await club.Captures("pos:r", 40)).Refusal?.Code);
    }

    [Fact]
    public async Task An_invoice_paid_partly_with_points_earns_on_what_is_left_ER1()
    {
        var club = Club.Of(RewardClub.Program() with { Payment = new() { Unit = "points", Points = 1, Value = Money.Hkd(1) } });
        await club.Buys(106);
        var paid = await club.Records(RewardEvents.Pay("pos:pay", RewardClub.Authority, 50, Money.Hkd(106)));
        Assert.Equal(-50, paid.Total("points"));
        await club.Buys(56);

        Assert.Equal(112, await club.Points());
    }
}
