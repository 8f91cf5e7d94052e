using System.Globalization;
using Crm.Events;
using Crm.Loyalty.Receipts;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Tests.Recording;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;

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

    [Theory]
    [InlineData("MOP", "0.97", 100, 9_700, 100_00)]
    [InlineData("MOP", "0.97", 0.02, 1, 1)]
    [InlineData("CNY", "1.08", 10, 1_080, 10_00)]
    [InlineData("TWD", "0.25", 4, 100, 4_00)]
    [InlineData("JPY", "0.052", 100, 520, 100)]
    [InlineData("KWD", "25.4", 1, 2_540, 1_000)]
    public async Task An_order_in_another_currency_is_paid_at_the_rate_of_the_day_and_the_receipt_names_it_HO10(string code, string rated, double amount, long units, long pays)
    {
        // A unit pays one cent of a Hong Kong dollar.
        var (currency, rate) = (Currency.Of(code), decimal.Parse(rated, CultureInfo.InvariantCulture));
        var module = new LoyaltyModule(RewardClub.Program() with { Payment = new() { Unit = "points", Points = 1, Value = new Money(1, Currency.Hkd) } });
        var (club, order, name) = (new Club(module), Money.Of((decimal)amount, currency), ExchangeRates.Name(currency, Currency.Hkd));
        await club.Buys(20_000);
        await club.Records(CartEvents.Want("web:want", RewardClub.Authority, "cart", 20_000));

        Assert.Equal((units, new Money(pays, currency)), module.Cart(await club.Amy(), "cart", order, rate: rate) is { } view ? (view.Points, view.Pays) : default);
        var asked = RewardEvents.Pay("web:pay", RewardClub.Authority, units, order, cart: "cart");
        var unknown = await club.Records(asked with { Key = EventKey.Parse("web:unknown") });
        Assert.Equal(("rate-missing", true), (unknown.Refusal?.Code, unknown.Refusal?.Detail.English.Contains($"'{name}'", StringComparison.Ordinal)));
        Assert.Equal("rate-missing", (await club.Records(asked with { Key = EventKey.Parse("web:zero"), Lookups = Fields.Of((name, 0)) })).Refusal?.Code);
        var more = await club.Records(RewardEvents.Pay("web:more", RewardClub.Authority, units + 1, order) with { Lookups = Fields.Of((name, rate)) });
        Assert.Equal("not-payable", more.Refusal?.Code);

        var receipt = await club.Records(asked with { Lookups = Fields.Of((name, rate)) });

        Assert.Equal((-units, 20_000 - units), (receipt.Total("points"), await club.Points()));
        Assert.Equal($"{name} {rated}", receipt.Lines.Single(line => line.Code == LineCodes.Rate).Subject);
        Assert.Empty(await club.Differences(module));
    }

    [Fact]
    public void In_another_currency_the_terms_are_kept_to_the_minor_unit_HO10()
    {
        var draws = from points in Gen.Elements(1L, 3, 100, 7_919)
                    from value in Gen.Elements(1L, 33, 100, 100_001)
                    from rate in Gen.Elements(0.0000001m, 0.052m, 0.97m, 1m, 3m, 25.4m, 123_456.789m)
                    from code in Gen.Elements("MOP", "JPY", "KWD")
                    from order in Gen.Elements(0L, 1, 99, 100, 12_345, 1_000_000_000_000)
                    from wanted in Gen.Elements(0L, 1, 2, 99, 100, 101, 50_000, 9_000_000_000_000_000)
                    from percent in Gen.Elements(1, 50, 99, 100)
                    from most in Gen.Elements<long?>(null, 0, 1, 1_000)
                    from least in Gen.Elements(0L, 1, 100)
                    from blocks in Gen.Elements(true, false)
                    select (Terms: new PointsPayment { Unit = "points", Points = points, Value = new Money(value, Currency.Hkd), Minimum = least, MostPercent = percent, Most = most is { } limit ? new Money(limit, Currency.Hkd) : null, WholeBlocks = blocks }, Rate: rate, Order: new Money(order, Currency.Of(code)), Wanted: wanted);

        Prop.ForAll(draws.ToArbitrary(), draw =>
        {
            var (terms, rate, order, wanted) = draw;
            var (points, pays) = terms.Quote(wanted, wanted, order, rate);

            Assert.InRange(points, 0, wanted);
            Assert.Equal(order.Currency, pays.Currency);
            Assert.InRange(pays.MinorUnits, 0, order.MinorUnits * terms.MostPercent / 100);
            Assert.True(terms.Most is null || pays.Amount * rate <= terms.Most.Value.Amount);
            Assert.True(pays.Amount * rate * terms.Points <= points * terms.Value.Amount, "units pay no more than they are worth");
            Assert.Equal(points == 0, pays.MinorUnits == 0);
            Assert.True(!terms.WholeBlocks || points % terms.Points == 0);
            Assert.Equal(new PointsQuote(points, pays), points < terms.Minimum ? new PointsQuote(points, pays) : terms.Quote(points, points, order, rate));

            // Nobody is short of more than the last minor unit, or the last block.
            var worth = (terms.WholeBlocks ? wanted - (wanted % terms.Points) : wanted) / (decimal)terms.Points * terms.Value.Amount / rate;
            Assert.True(wanted < terms.Minimum || terms.Most is not null || worth > order.Amount * terms.MostPercent / 100 || worth - pays.Amount < new Money(1, order.Currency).Amount);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));
    }

    [Fact]
    public void In_its_own_currency_an_order_has_no_rate() =>
        Assert.Equal("One HKD is not 0.97 HKD. (Parameter 'rate')", Assert.Throws<ArgumentException>(() => Setono.Quote(1, 1, Money.Hkd(1), 0.97m)).Message);

    [Fact]
    public async Task Articles_are_given_in_whole_rewards_OD7()
    {
        var club = RewardClub.With(new Reward { Name = "tea", Kind = new RewardKind.FreeItem("tea", 2), Costs = [new("points", 3)] });
        await club.Buys(50);

        Assert.Equal(-9, (await club.Takes("tea", quantity: 5)).Total("points"));
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
        Assert.Equal((-50L, 56L), (paid.Total("points"), await club.Points()));
        var invoice = await club.Records(CustomerEvent.Purchase("pos:invoice", Samples.Amy, Money.Hkd(106)) with { Fields = Fields.Of((EventKinds.PointsPaidField, 50)) });

        Assert.Equal((56L, 112L), (invoice.Total("points"), await club.Points()));
    }

    /// <summary>What is on the e-wallet is units that pay, and the rule counts what they paid as what other tenders paid.</summary>
    [Fact]
    public async Task What_an_e_wallet_pays_leaves_less_due_and_earns_all_the_same_OD4()
    {
        var module = new LoyaltyModule(RewardClub.Program() with
        {
            Payment = new() { Unit = "stars", Points = 1, Value = Money.Hkd(1) },
            Rules = [Samples.Per(1, 1) with { Basis = new EarningBasis.Spend { WithPointsPaid = true } }],
        });
        var (club, order) = (new Club(module), Money.Hkd(100));
        await club.Records(LoyaltyEvents.Adjust("desk:charge", Samples.Amy, 10, "charged", "staff:1", unit: "stars"));
        await club.Records(CartEvents.Want("web:want", RewardClub.Authority, "cart", 10));
        var view = module.Cart(await club.Amy(), "cart", order);
        Assert.Equal(Money.Hkd(90), order - view?.Pays);
        await club.Records(RewardEvents.Pay("web:pay", RewardClub.Authority, 10, order, cart: "cart"));
        await club.Records(CustomerEvent.Purchase("web:order", Samples.Amy, order) with { Fields = Fields.Of((EventKinds.PointsPaidField, view!.Pays.Amount)) });

        Assert.Equal((100L, 0L), (await club.Points(), (await club.Membership()).Wallet("stars").Available));
    }
}
