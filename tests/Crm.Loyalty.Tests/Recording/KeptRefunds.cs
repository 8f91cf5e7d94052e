using Crm.Conditions;
using Crm.Events;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Tests.Scenarios;
using Crm.Loyalty.Wallets;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;

namespace Crm.Loyalty.Tests.Recording;

/// <summary>How much a refund takes in a programme without cascade: what the purchase would have earned less for what is left of it, and never more.</summary>
public sealed class KeptRefunds
{
    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(60);

    public static TheoryData<string> Ids => RefundScenarios.Ids;

    [Theory]
    [MemberData(nameof(Ids))]
    public async Task The_published_points_are_left(string id)
    {
        var (_, step, sale, refunds, left) = RefundScenarios.Table.Single(row => row.Id == id);
        var club = Of(Samples.Per(1, step));
        await club.Buys(sale, "pos:sale");
        foreach (var refund in refunds)
        {
            await club.Returns("pos:sale", refund);
        }

        Assert.Equal(left, await Points(club));
    }

    [Fact]
    public async Task A_line_that_earned_nothing_takes_nothing_when_it_comes_back_D3()
    {
        var club = Of(Samples.Per(1, 1) with { Basis = new EarningBasis.Lines { Categories = ["tea"] } });
        await club.Records(CustomerEvent.Purchase("pos:sale", Samples.Amy, Money.Hkd(140), Samples.Line("oolong", 70, "tea"), Samples.Line("gift-card", 70, "cards")));

        await club.Records(CustomerEvent.Refund("pos:cards", Samples.Amy, "pos:sale", Money.Hkd(70), Samples.Line("gift-card", 70, "cards")));
        Assert.Equal(70, await Points(club));
        await club.Records(CustomerEvent.Refund("pos:tea", Samples.Amy, "pos:sale", Money.Hkd(70), Samples.Line("oolong", 70, "tea")));

        Assert.Equal(0, await Points(club));
    }

    [Fact]
    public async Task A_bonus_for_a_tier_stays_while_what_is_left_reaches_the_tier()
    {
        var bonus = new FixedPoints { Name = "up", Unit = "points", Points = 500, On = [LoyaltyNames.TierChanged], When = If.Field("event.to").Is("gold"), Terms = new() { Expiry = LotExpiry.AfterDays(30, LastDay.Included) } };
        var club = Club.Of(Samples.TeaClub with { Rules = [.. Samples.TeaClub.Rules, bonus], Cascade = Cascade.None });
        await club.Buys(510, "pos:sale");
        Assert.Equal(551, await Points(club));

        await club.Returns("pos:sale", 1);
        Assert.Equal(550, await Points(club));
        await club.Returns("pos:sale", 9);
        Assert.Equal(550, await Points(club));
        await club.Returns("pos:sale", 1);

        Assert.Equal(49, await Points(club));
    }

    [Fact]
    public async Task A_bonus_of_the_same_unit_in_another_lot_stays_while_the_purchase_would_have_earned_it()
    {
        var bonus = new FixedPoints { Name = "big", Unit = "points", Points = 50, When = If.Field("event.spend").AtLeast(100), Terms = new() { Expiry = LotExpiry.AfterDays(30, LastDay.Included) } };
        var club = Of(Samples.Per(1, 10), bonus);
        await club.Buys(105, "pos:sale");

        await club.Returns("pos:sale", 5);
        Assert.Equal(60, await Points(club));
        await club.Returns("pos:sale", 1);

        Assert.Equal(9, await Points(club));
    }

    [Fact]
    public async Task What_a_piece_of_a_refund_took_from_another_lot_goes_back_there_when_the_next_asks_less_of_its_own()
    {
        var (spend, lives) = (If.Field("event.spend"), new EarningTerms { Expiry = LotExpiry.AfterDays(30, LastDay.Included) });
        var program = LotScenarios.Points(
            LotExpiry.AfterDays(60, LastDay.Included),
            new FixedPoints { Name = "each", Unit = "points", Points = 10, Terms = lives },
            new FixedPoints { Name = "much", Unit = "points", Points = 20, When = spend.AtLeast(100), Terms = lives },
            new FixedPoints { Name = "little", Unit = "points", Points = 10, When = spend.LessThan(60), Terms = lives },
            new FixedPoints { Name = "enough", Unit = "points", Points = 20, When = spend.AtLeast(60), Terms = new() { Expiry = LotExpiry.Never } }) with { Cascade = Cascade.None };

        var (whole, pieces) = (await LeftAsync(50), await LeftAsync(30, 20));

        Assert.Equal([(60, 5L)], whole.Lots.Select(lot => (lot.Expiry is { } gone ? (int)(gone - Samples.Local(2026, 1, 15, 0)).TotalDays - 1 : 0, lot.Amount)));
        Assert.Equal(whole, pieces);

        async Task<Wallet> LeftAsync(params int[] refunds)
        {
            var club = Club.Of(program);
            await club.Records(LoyaltyEvents.Adjust("desk:gift", Samples.Amy, 15, "test", "staff:1", unit: "points"));
            await club.Buys(100, "pos:sale");
            await club.Redeems(30, unit: "points");
            foreach (var refund in refunds)
            {
                await club.Returns("pos:sale", refund);
            }

            return await Wallet(club);
        }
    }

    [Fact]
    public async Task A_cap_leaves_what_is_left_of_the_purchase_as_much_as_it_allowed()
    {
        var program = LotScenarios.Points(LotExpiry.Never, Samples.Per(1, 1)) with { Cascade = Cascade.None, Limits = [new() { Name = "daily", Unit = "points", Per = CapPeriod.Day, Most = 60 }] };
        var club = Club.Of(program);
        await club.Buys(100, "pos:sale");

        await club.Returns("pos:sale", 30);
        Assert.Equal(60, await Points(club));
        await club.Returns("pos:sale", 20);

        Assert.Equal(50, await Points(club));
    }

    [Fact]
    public async Task A_cancelled_refund_gives_back_what_it_took_into_the_same_lot()
    {
        var club = Club.Of(LotScenarios.Points(LotExpiry.AfterMonths(12, LastDay.Included), Samples.Per(1, 1)) with { Cascade = Cascade.None });
        await club.Buys(100, "pos:sale");
        var before = await Wallet(club);
        club.On(2026, 3, 1);
        await club.Records(CustomerEvent.Refund("pos:back", Samples.Amy, "pos:sale", Money.Hkd(40)));
        Assert.Equal(60, await Points(club));

        var receipt = await club.Records(Cancellation("pos:back"));

        Assert.Equal((before, 40), (await Wallet(club), receipt.Total("points")));
    }

    [Fact]
    public async Task A_purchase_that_comes_after_its_refund_earns_what_is_left_of_it()
    {
        var club = Of(Samples.Per(1, 1));
        await club.Buys(10);
        await club.Records(CustomerEvent.Refund("pos:back", Samples.Amy, "pos:sale", Money.Hkd(40)) with { OccurredAt = Samples.Local(2026, 1, 14) });

        await club.Records(CustomerEvent.Purchase("pos:sale", Samples.Amy, Money.Hkd(100)) with { OccurredAt = Samples.Local(2026, 1, 13) });

        Assert.Equal(70, await Points(club));
    }

    /// <summary>Law (d): for the one purchase that there is, what a refund takes is the difference of the two histories.</summary>
    [Fact]
    public void A_refund_takes_the_difference_of_the_two_histories() => DifferenceLaw(TakenAsync).Check(Thorough);

    /// <summary>The counterfeit keeps the share of the points that the spend kept, rounded down.</summary>
    [Fact]
    public void Taking_a_share_of_the_points_is_caught() =>
        Counterfeits.Caught(() => DifferenceLaw((one, _) => Task.FromResult((one.Given * Math.Min(one.Refund, one.Spend) / one.Spend) + (one.Given * Math.Min(one.Refund, one.Spend) % one.Spend == 0 ? 0 : 1))).Check(Thorough));

    private static Property DifferenceLaw(Func<Case, IEarningRule[], Task<long>> taken) => Prop.ForAll(Cases.ToArbitrary(), async Task<bool> (one) =>
    {
        IEarningRule[] rules = [Samples.Per(one.Points, 10), Samples.Per(1, 7) with { Name = "small", Terms = new() { Least = 2, Expiry = LotExpiry.AfterDays(20, LastDay.Included) } }, new FixedPoints { Name = "big", Unit = "points", Points = 9, When = If.Field("event.spend").AtLeast(60) }];
        var (whole, left) = (await EarnedAsync(rules, one.Spend), await EarnedAsync(rules, one.Spend - Math.Min(one.Refund, one.Spend)));
        Assert.Equal(whole - left, await taken(one with { Given = whole }, rules));
        return true;
    });

    private static Gen<Case> Cases => from spend in Gen.Choose(1, 20_000) from refund in Gen.OneOf(Gen.Choose(0, 1_200), Gen.Choose(0, 20_000)) from points in Gen.Choose(1, 7) select new Case(spend, refund, points, 0);

    private static async Task<long> EarnedAsync(IEarningRule[] rules, long cents)
    {
        var club = Of(rules);
        await club.Buys(1, "pos:born");
        var born = await Points(club);
        if (cents > 0)
        {
            await club.Buys(cents / 100m, "pos:sale");
        }

        return await Points(club) - born;
    }

    private static async Task<long> TakenAsync(Case one, IEarningRule[] rules)
    {
        var club = Of(rules);
        await club.Buys(one.Spend / 100m, "pos:sale");
        var before = await Points(club);
        await club.Returns("pos:sale", one.Refund / 100m);
        return before - await Points(club);
    }

    private static CustomerEvent Cancellation(string original) => new() { Key = EventKey.Parse("desk:cancel"), Kind = EventKinds.CancellationName, Identity = Samples.Amy, Original = EventKey.Parse(original) };

    private static Club Of(params IEarningRule[] rules) => Club.Of(LotScenarios.Points(LotExpiry.Never, rules) with { Cascade = Cascade.None });

    private static async Task<Wallet> Wallet(Club club) => (await club.Amy()).Slot<LoyaltyState>(LoyaltyNames.KeepingModule).In("tea-club").Wallet("points");

    private static async Task<long> Points(Club club) => (await Wallet(club)).Available;

    private sealed record Case(long Spend, long Refund, long Points, long Given);
}
