using Crm.Events;
using Crm.Ledger;
using Crm.Loyalty.Pools;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Wallets;
using Crm.Values;

namespace Crm.Loyalty.Tests.Pools;

/// <summary>Households that hold units together.</summary>
public sealed class PoolStories
{
    private static Identity Amy => Household.Amy;

    private static Identity Bob => Household.Bob;

    private static Identity Cat => Household.Cat;

    private static Identity Home => Household.Home;

    private static ValueTask<Receipt> Returned(Household house, string key, string redemption, long? amount = null) =>
        LoyaltyEvents.Return(key, Home, redemption, amount) is var back ? house.Records(back with { Fields = back.Fields.With("unit", "points") }) : default;

    private static LoyaltyProgram Returning(PoolRules rules) => Household.Program(rules) is var club ? club with
    {
        Units = [club.Units[0] with { Returns = new ReturnPolicy(60, GoneLots.NewLot) }, .. club.Units.Skip(1)],
    } : throw new InvalidOperationException();

    [Fact]
    public async Task Members_give_to_a_pool_and_spend_from_it_and_it_knows_who_gave_and_who_spent()
    {
        var house = await new Household().Opened();
        await house.Buys(Amy, 100);
        await house.Buys(Cat, 60);

        Assert.Equal(-80, (await house.Gives(Amy, 80)).Total("points"));
        Assert.Equal(-60, (await house.Gives(Cat, 60)).Total("points"));
        Assert.Equal((20L, 0L, 140L), (await house.Points(Amy), await house.Points(Cat), await house.Points(Home)));
        Assert.True((await house.Spends(Bob, 30)).Accepted);
        Assert.True((await house.Records(RewardEvents.Redeem(house.Key(), await house.Authority(Amy), "mug"))).Accepted);
        Assert.Equal("insufficient-balance", (await house.Records(RewardEvents.Pay(house.Key(), await house.Authority(Bob), 11, Money.Hkd(1)))).Refusal?.Code);
        Assert.True((await house.Records(RewardEvents.Pay(house.Key(), await house.Authority(Bob), 10, Money.Hkd(1)))).Accepted);

        var pool = Assert.IsType<PoolStanding>((await house.Of(Home)).Pool);
        Assert.Equal(
            new Dictionary<CustomerId, PoolShare> { [await house.IdOf(Amy)] = new("points", 80, 100), [await house.IdOf(Bob)] = new("points", 0, 40), [await house.IdOf(Cat)] = new("points", 60, 0) },
            pool.Members.ToDictionary(member => member.Customer, member => member.Share("points")));
        Assert.Equal(0, await house.Points(Home));
        Assert.Equal("open", (await house.View(Home)).Fact(LoyaltyNames.PoolFact("tea-club")).AsCode);
        Assert.Equal(3, house.Module.Show(await house.View(Home))[0].Pool?.Members.Count);
        Assert.Null((await house.Of(Amy)).Pool);
    }

    [Fact]
    public async Task What_is_given_keeps_its_life()
    {
        var house = await new Household().Opened();
        await house.Buys(Amy, 100);
        var lots = (await house.Of(Amy)).Wallet("points").Lots;
        house.Later(30);
        await house.Gives(Amy, 100);

        Assert.Equal(lots, (await house.Of(Home)).Wallet("points").Lots);
    }

    [Fact]
    public async Task Who_may_not_spend_does_not()
    {
        var house = await new Household().Opened();
        await house.Buys(Amy, 100);
        await house.Gives(Amy, 100);
        var (amy, eve) = (await house.Authority(Amy), Identity.User("eve"));
        await house.Buys(eve, 50);

        Assert.Equal("may-not-spend", (await house.Spends(Cat, 1)).Refusal?.Code);
        Assert.Equal("not-a-pool-member", (await house.Spends(eve, 1)).Refusal?.Code);
        Assert.Equal("not-a-pool-member", (await house.Records(LoyaltyEvents.Redeem(house.Key(), SpendAuthority.SignedIn(Home), 1, unit: "points"))).Refusal?.Code);
        Assert.Equal("not-from-a-pool", (await house.Records(LoyaltyEvents.Transfer(house.Key(), Home, await house.IdOf(eve), 1, unit: "points"))).Refusal?.Code);
        Assert.Equal("not-from-a-pool", (await house.Records(RewardEvents.Reserve(house.Key(), amy, 1, NodaTime.Duration.FromHours(1), unit: "points"))).Refusal?.Code);
        Assert.Equal("not-a-pool", (await house.Records(LoyaltyEvents.Redeem(house.Key(), SpendAuthority.SignedIn(eve).From(eve, await house.IdOf(Bob)), 1, unit: "points"))).Refusal?.Code);
        Assert.Equal(100, await house.Points(Home));
        await house.Admits(Cat, PoolRole.Spender);
        Assert.True((await house.Spends(Cat, 1)).Accepted);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_a_pool_does_not_take_comes_back(bool together)
    {
        var house = await new Household(together: together).Opened();
        var eve = Identity.User("eve");
        await house.Buys(eve, 50);
        Assert.True((await house.Gives(eve, 50)).Accepted);
        await house.Settles();
        Assert.Equal((50L, 0L), (await house.Points(eve), await house.Points(Home)));

        // Neither does anybody else's account, so a pool is no way around units that cannot be given away.
        await house.Buys(Amy, 10);
        await house.Gives(Amy, 10, to: eve);
        await house.Settles();
        Assert.Equal((10L, 50L), (await house.Points(Amy), await house.Points(eve)));
        Assert.Equal(0, (await house.Ledger()).Where(entry => entry.Movement == Movement.Transferred).Sum(entry => entry.Amount));
    }

    [Fact]
    public async Task A_member_spends_no_more_in_a_month_than_the_programme_allows()
    {
        var house = await new Household(Household.Program(new PoolRules { SpendMost = 50, SpendPer = CapPeriod.Month })).Opened();
        await house.Buys(Amy, 500);
        await house.Gives(Amy, 500);

        Assert.True((await house.Spends(Bob, 30, "app:first")).Accepted);
        var refused = await house.Spends(Bob, 21);
        Assert.Equal("pool-limit", refused.Refusal?.Code);
        Assert.Contains("50", refused.Refusal?.Detail.Chinese);
        Assert.True((await house.Spends(Bob, 20)).Accepted);
        Assert.True((await house.Spends(Amy, 50)).Accepted);
        await house.Cancels("app:first", Home);
        Assert.True((await house.Spends(Bob, 30)).Accepted);
        Assert.Equal("pool-limit", (await house.Spends(Bob, 1)).Refusal?.Code);
        house.Later(20);
        Assert.True((await house.Spends(Bob, 50)).Accepted);
    }

    [Fact]
    public async Task What_comes_back_to_a_pool_was_not_spent_by_who_had_spent_it()
    {
        var house = await new Household(Returning(new PoolRules { SpendMost = 100, SpendPer = CapPeriod.Month, Leaving = PoolLeaving.Return })).Opened();
        await house.Buys(Bob, 300);
        await house.Buys(Cat, 100);
        await house.Gives(Bob, 300);
        await house.Gives(Cat, 100);
        await house.Spends(Bob, 100, "app:first");
        Assert.Equal("pool-limit", (await house.Spends(Bob, 1)).Refusal?.Code);

        Assert.Equal(40, (await Returned(house, "app:some", "app:first", 40)).Total("points"));
        Assert.Equal("pool-limit", (await house.Spends(Bob, 41)).Refusal?.Code);
        Assert.Equal(60, (await Returned(house, "app:rest", "app:first")).Total("points"));
        Assert.Equal(new PoolShare("points", 300, 0), (await house.Of(Home)).Pool?.Member(await house.IdOf(Bob))?.Share("points"));
        Assert.True((await house.Spends(Bob, 100, "app:again")).Accepted);
        await house.Cancels("app:again", Home);

        // Three quarters of what is there were given by him, and he has spent none of it.
        await house.Leaves(Bob);
        await house.Settles();
        Assert.Equal((300L, 100L), (await house.Points(Bob), await house.Points(Home)));
    }

    [Fact]
    public async Task What_comes_back_in_another_month_makes_no_room_in_that_month()
    {
        var house = await new Household(Returning(new PoolRules { SpendMost = 100, SpendPer = CapPeriod.Month })).Opened();
        await house.Buys(Amy, 500);
        await house.Gives(Amy, 500);
        await house.Spends(Bob, 100, "app:january");
        house.Later(20);
        await house.Spends(Bob, 80, "app:february");
        await Returned(house, "app:back", "app:january");

        Assert.Equal("pool-limit", (await house.Spends(Bob, 21)).Refusal?.Code);
        Assert.Equal(80, (await house.Of(Home)).Pool?.Member(await house.IdOf(Bob))?.Share("points").Spent);
        await Returned(house, "app:half", "app:february", 40);
        Assert.True((await house.Spends(Bob, 60)).Accepted);

        // Who had spent it may have left: then nobody is credited.
        await house.Leaves(Bob);
        Assert.True((await Returned(house, "app:late", "app:february")).Accepted);
    }

    [Fact]
    public async Task Who_leaves_takes_what_the_programme_says()
    {
        foreach (var leaving in new[] { PoolLeaving.Keep, PoolLeaving.Return })
        {
            var house = await new Household(Household.Program(new PoolRules { Leaving = leaving })).Opened();
            await house.Buys(Amy, 90);
            await house.Buys(Cat, 60);
            await house.Gives(Amy, 90);
            await house.Gives(Cat, 60);
            await house.Spends(Bob, 50);

            Assert.True((await house.Leaves(Cat)).Accepted);

            // 100 are left of 150, and two fifths of what is in it were hers.
            Assert.Equal(leaving == PoolLeaving.Return ? (40L, 60L) : (0L, 100L), (await house.Points(Cat), await house.Points(Home)));
            Assert.Equal("not-a-pool-member", (await house.Leaves(Cat)).Refusal?.Code);
            Assert.Equal(2, (await house.Of(Home)).Pool?.Members.Count);
        }
    }

    [Fact]
    public async Task A_pool_that_is_dissolved_returns_all_there_is_in_proportion_and_takes_nothing_more()
    {
        var house = await new Household().Opened();
        await house.Buys(Amy, 100);
        await house.Buys(Bob, 50);
        await house.Buys(Cat, 51);
        foreach (var (who, amount) in new[] { (Amy, 100L), (Bob, 50L), (Cat, 50L) })
        {
            await house.Gives(who, amount);
        }

        await house.Spends(Amy, 75);
        Assert.Equal("not-pool-owner", (await house.Dissolves(Bob)).Refusal?.Code);
        Assert.True((await house.Dissolves(Amy)).Accepted);

        // 125 for 25, 50 and 50 that were given and not spent.
        Assert.Equal((25L, 50L, 51L, 0L), (await house.Points(Amy), await house.Points(Bob), await house.Points(Cat), await house.Points(Home)));
        Assert.Equal("dissolved", (await house.View(Home)).Fact(LoyaltyNames.PoolFact("tea-club")).AsCode);
        Assert.Equal("pool-dissolved", (await house.Dissolves(Amy)).Refusal?.Code);
        Assert.Equal("pool-dissolved", (await house.Spends(Amy, 1)).Refusal?.Code);
        Assert.Equal("pool-dissolved", (await house.Admits(Cat, PoolRole.Owner)).Refusal?.Code);
        await house.Gives(Cat, 51);
        await house.Settles();
        Assert.Equal((51L, 0L), (await house.Points(Cat), await house.Points(Home)));
    }

    [Fact]
    public async Task What_comes_back_to_a_dissolved_pool_is_returned_too()
    {
        var house = await new Household().Opened();
        await house.Buys(Amy, 100);
        await house.Gives(Amy, 100);
        await house.Spends(Amy, 40, "app:mug");
        await house.Dissolves(Amy);
        Assert.Equal(60, await house.Points(Amy));

        await house.Cancels("app:mug", Home);
        await house.Settles();
        await house.Dissolves(Amy);
        await house.Settles();

        Assert.Equal((100L, 0L), (await house.Points(Amy), await house.Points(Home)));
    }

    [Fact]
    public async Task What_is_over_after_equal_parts_goes_to_somebody()
    {
        var house = await new Household().Opened();
        foreach (var who in new[] { Amy, Bob, Cat })
        {
            await house.Buys(who, 10);
            await house.Gives(who, 10);
        }

        await house.Spends(Bob, 10);
        await house.Spends(Amy, 9);
        await house.Dissolves(Amy);

        // 11 for 1, 0 and 10.
        Assert.Equal((1L, 0L, 10L), (await house.Points(Amy), await house.Points(Bob), await house.Points(Cat)));
    }

    [Fact]
    public async Task Owners_and_staff_manage_and_a_pool_is_never_without_an_owner()
    {
        var house = await new Household(Household.Program(new PoolRules { MostMembers = 3 })).Opened();
        var (bob, dan) = (await house.IdOf(Bob), Identity.User("dan"));
        await house.Buys(dan, 1);

        Assert.Equal("not-pool-owner", (await house.Admits(Cat, PoolRole.Spender, by: Bob)).Refusal?.Code);
        Assert.Equal("not-pool-owner", (await house.Leaves(Cat, by: Bob)).Refusal?.Code);
        Assert.Equal("pool-full", (await house.Admits(dan, PoolRole.Giver)).Refusal?.Code);
        Assert.Equal("last-owner", (await house.Leaves(Amy)).Refusal?.Code);
        Assert.Equal("last-owner", (await house.Admits(Amy, PoolRole.Giver)).Refusal?.Code);
        Assert.True((await house.Records(PoolEvents.Admit(house.Key(), Home, null, bob, PoolRole.Owner, actor: "staff:17"))).Accepted);
        Assert.True((await house.Leaves(Amy)).Accepted);
        Assert.True((await house.Leaves(Cat, by: Bob)).Accepted);
        Assert.Equal("not-pool-owner", (await house.Records(PoolEvents.Dissolve(house.Key(), Home, null))).Refusal?.Code);
        Assert.Equal("unknown-role", (await house.Records(PoolEvents.Admit(house.Key(), Home, bob, bob, PoolRole.Owner) is var asked ? asked with { Fields = asked.Fields.With("role", "king") } : throw new InvalidOperationException())).Refusal?.Code);
    }

    [Fact]
    public async Task An_account_of_somebody_is_made_no_pool_and_programmes_without_pools_have_none()
    {
        var house = await new Household().Opened();
        await house.Buys(Bob, 5);
        Assert.Equal("account-in-use", (await house.Records(PoolEvents.Open(house.Key(), Bob, await house.IdOf(Amy)))).Refusal?.Code);
        Assert.Equal("account-in-use", (await house.Records(PoolEvents.Open(house.Key(), Home, await house.IdOf(Amy)))).Refusal?.Code);
        Assert.Equal("not-a-pool", (await house.Records(PoolEvents.Dissolve(house.Key(), Bob, await house.IdOf(Amy)))).Refusal?.Code);
        Assert.Equal("unknown-pool", (await house.Gives(Bob, 1, to: Bob)).Refusal?.Code);
        Assert.Equal("insufficient-balance", (await house.Gives(Bob, 6)).Refusal?.Code);

        var without = new Household(Household.Program() with { Pools = null });
        await without.Buys(Amy, 5);
        await without.Buys(Bob, 5);
        Assert.Equal("no-pools", (await without.Records(PoolEvents.Open(without.Key(), Home, await without.IdOf(Amy)))).Refusal?.Code);
        Assert.Equal("no-pools", (await without.Records(PoolEvents.Give(without.Key(), SpendAuthority.SignedIn(Amy), await without.IdOf(Bob), 1, unit: "points"))).Refusal?.Code);
    }

    [Fact]
    public async Task Two_members_who_spend_a_pool_at_once_spend_it_once()
    {
        var house = await new Household().Opened();
        await house.Buys(Amy, 100);
        await house.Gives(Amy, 100);

        var receipts = await Task.WhenAll(Enumerable.Range(0, 40).Select(n => Task.Run(() => house.Spends(n % 2 == 0 ? Amy : Bob, 100))));

        Assert.Single(receipts, receipt => receipt.Accepted);
        Assert.Equal(39, receipts.Count(receipt => receipt.Refusal?.Code == "insufficient-balance"));
        Assert.Equal(0, await house.Points(Home));
        Assert.Equal(-100, (await house.Ledger()).Where(entry => entry.Movement == Movement.Spent).Sum(entry => entry.Amount));
    }

    [Fact]
    public void A_pool_is_written_as_it_was_read_and_what_is_wrong_with_it_is_said()
    {
        var program = Household.Program(new PoolRules { MostMembers = 5, SpendMost = 100, SpendPer = CapPeriod.Week, Leaving = PoolLeaving.Return });
        Assert.Equal(program.Pools, LoyaltyProgramJson.Read(LoyaltyProgramJson.Write(program)).Pools);
        Assert.Equal(new PoolRules(), LoyaltyProgramJson.Read(LoyaltyProgramJson.Write(Household.Program())).Pools);
        Assert.NotEqual(program.Hash, Household.Program().Hash);

        var errors = LoyaltyProgramValidator.Errors(program with { Pools = new PoolRules { MostMembers = 1, SpendMost = 0, SpendPer = CapPeriod.Balance } });
        Assert.Equal(["pools.mostMembers", "pools.spendMost"], errors.Select(error => error.Path));
    }
}
