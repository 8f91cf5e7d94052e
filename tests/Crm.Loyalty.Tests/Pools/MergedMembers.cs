using Crm.Events;
using Crm.Loyalty.Pools;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Rules;
using Crm.Values;

namespace Crm.Loyalty.Tests.Pools;

/// <summary>Pools hear of it when two customers become one.</summary>
public sealed class MergedMembers
{
    private static readonly Identity Dan = Identity.User("dan");

    private static Identity Amy => Household.Amy;

    private static Identity Bob => Household.Bob;

    private static Identity Cat => Household.Cat;

    private static Identity Home => Household.Home;

    [Theory]
    [InlineData(true, true, Cascade.History)]
    [InlineData(true, false, Cascade.History)]
    [InlineData(false, true, Cascade.History)]
    [InlineData(false, false, Cascade.History)]
    [InlineData(true, true, Cascade.None)]
    [InlineData(false, false, Cascade.None)]
    public async Task Whoever_stays_is_in_the_pool_as_whoever_went_was(bool heard, bool known, Cascade cascade)
    {
        var house = await Opened(Household.Program() with { Cascade = cascade });
        await house.Buys(Bob, 100);
        await house.Gives(Bob, 100);
        await house.Spends(Bob, 30);
        var bob = await house.IdOf(Bob);
        if (heard)
        {
            await house.Settles();
        }

        // Who stays may have nothing in the programme.
        if (known)
        {
            await house.Buys(Dan, 50);
        }

        await house.Merges(Dan, Bob);
        await house.Settles();

        var dan = await house.IdOf(Dan);
        Assert.Equal([(dan, PoolRole.Spender, new PoolShare("points", 100, 30))], (await Pool(house)).Members.Where(member => member.Role == PoolRole.Spender).Select(member => (member.Customer, member.Role, member.Share("points"))));
        Assert.Equal(3, (await Pool(house)).Members.Count);
        Assert.True((await house.Spends(Dan, 10)).Accepted);
        Assert.True((await house.Records(LoyaltyEvents.Redeem(house.Key(), SpendAuthority.SignedIn(Dan).From(Home, bob), 10, unit: "points"))).Accepted);
        Assert.Equal(new PoolShare("points", 100, 50), (await Pool(house)).Member(dan)?.Share("points"));
        await house.Buys(Dan, 20);
        await house.Gives(Dan, 20);
        Assert.Equal(new PoolShare("points", 120, 50), (await Pool(house)).Member(dan)?.Share("points"));
        Assert.True((await house.Records(PoolEvents.Leave(house.Key(), Home, bob, bob))).Accepted);
        Assert.Null((await Pool(house)).Member(dan));
    }

    [Fact]
    public async Task Two_members_who_are_one_have_given_and_spent_what_both_did_and_may_what_either_might()
    {
        var house = await Opened(Household.Program(new PoolRules { SpendMost = 50 }));
        await house.Settles();
        await house.Buys(Amy, 100);
        await house.Buys(Cat, 60);
        await house.Gives(Amy, 100);
        await house.Gives(Cat, 60);
        await house.Spends(Amy, 20);
        await house.Spends(Bob, 25);

        await house.Merges(Cat, Bob);
        await house.Settles();

        var (amy, cat) = (await house.IdOf(Amy), await house.IdOf(Cat));
        Assert.Equal([(amy, PoolRole.Owner), (cat, PoolRole.Spender)], (await Pool(house)).Members.OrderBy(member => member.Role).Select(member => (member.Customer, member.Role)));
        Assert.Equal(new PoolShare("points", 60, 25), (await Pool(house)).Member(cat)?.Share("points"));
        Assert.Equal("pool-limit", (await house.Spends(Cat, 26)).Refusal?.Code);
        Assert.True((await house.Spends(Cat, 25)).Accepted);

        // And so on, over any number of merges.
        await house.Merges(Cat, Amy);
        await house.Settles();
        Assert.Equal((cat, PoolRole.Owner, new PoolShare("points", 160, 70)), Assert.Single((await Pool(house)).Members) is var one ? (one.Customer, one.Role, one.Share("points")) : default);
        Assert.True((await house.Dissolves(Cat)).Accepted);
        await house.Settles();
        Assert.Equal((0L, 90L), (await house.Points(Home), await house.Points(Cat)));
    }

    [Theory]
    [InlineData(Cascade.History)]
    [InlineData(Cascade.None)]
    public async Task What_was_spent_or_given_under_the_old_name_and_is_taken_back_is_so_of_whoever_stays(Cascade cascade)
    {
        var house = await Opened(Household.Program(new PoolRules { SpendMost = 50 }) with { Cascade = cascade });
        await house.Settles();
        await house.Buys(Bob, 200);
        await house.Gives(Bob, 60, "app:gift");
        await house.Gives(Bob, 100);
        await house.Spends(Bob, 50, "app:spent");
        await house.Merges(Dan, Bob);
        await house.Settles();
        Assert.Equal("pool-limit", (await house.Spends(Dan, 1)).Refusal?.Code);

        await house.Cancels("app:spent", Home);
        await house.Cancels("app:gift", Dan);
        await house.Settles();

        Assert.Equal(new PoolShare("points", 100, 0), (await Pool(house)).Member(await house.IdOf(Dan))?.Share("points"));
        Assert.Equal((100L, 100L), (await house.Points(Home), await house.Points(Dan)));
        Assert.True((await house.Spends(Dan, 50)).Accepted);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_somebody_took_along_before_they_were_merged_has_come_back_already(bool dissolves)
    {
        var house = await Opened(Household.Program(new PoolRules { Leaving = PoolLeaving.Return }) with { Cascade = Cascade.None });
        await house.Settles();
        await house.Buys(Bob, 60);
        await house.Gives(Bob, 60, "app:gift");
        await (dissolves ? house.Dissolves(Amy) : house.Leaves(Bob));
        await house.Settles();
        Assert.Equal((60L, 0L), (await house.Points(Bob), await house.Points(Home)));

        // Cat belongs to the pool as well, and is Bob from now on.
        await house.Merges(Cat, Bob);
        await house.Settles();
        await house.Cancels("app:gift", Cat);
        await house.Settles();

        Assert.Equal((60L, 0L), (await house.Points(Cat), await house.Points(Home)));
    }

    [Fact]
    public async Task Two_pools_that_are_merged_are_one_pool_of_all_their_members()
    {
        var house = await Opened();
        var flat = PoolEvents.Named("flat");
        await house.Records(LoyaltyEvents.Visit(house.Key(), Dan));
        await house.Records(PoolEvents.Open(house.Key(), flat, await house.IdOf(Dan)));
        await house.Records(PoolEvents.Admit(house.Key(), flat, await house.IdOf(Dan), await house.IdOf(Bob), PoolRole.Giver));
        await house.Buys(Dan, 70);
        await house.Gives(Dan, 70, to: flat);
        await house.Buys(Amy, 30);
        await house.Gives(Amy, 30);

        await house.Merges(Home, flat);
        await house.Settles();

        Assert.Equal(100, await house.Points(Home));
        Assert.Equal(
            new Dictionary<CustomerId, (PoolRole, long)> { [await house.IdOf(Amy)] = (PoolRole.Owner, 30), [await house.IdOf(Bob)] = (PoolRole.Spender, 0), [await house.IdOf(Cat)] = (PoolRole.Giver, 0), [await house.IdOf(Dan)] = (PoolRole.Owner, 70) },
            (await Pool(house)).Members.ToDictionary(member => member.Customer, member => (member.Role, member.Share("points").Given)));
        Assert.True((await house.Spends(Dan, 100)).Accepted);

        // Who was in the one that is gone is known to the one that stays.
        await house.Merges(Amy, Dan);
        await house.Settles();
        Assert.Equal(new PoolShare("points", 100, 100), (await Pool(house)).Member(await house.IdOf(Amy))?.Share("points"));
    }

    [Fact]
    public async Task Of_a_pool_that_is_dissolved_nobody_comes_into_another()
    {
        var house = await Opened();
        var flat = PoolEvents.Named("flat");
        await house.Records(LoyaltyEvents.Visit(house.Key(), Dan));
        await house.Records(PoolEvents.Open(house.Key(), flat, await house.IdOf(Dan)));
        await house.Records(PoolEvents.Dissolve(house.Key(), flat, await house.IdOf(Dan)));

        await house.Merges(flat, Home);

        Assert.Equal((false, 3, false), await house.Of(flat) is { Pool: { } pool } ? (pool.Dissolved, pool.Members.Count, pool.Member(await house.IdOf(Dan)) is not null) : default);
    }

    private static async Task<Household> Opened(LoyaltyProgram? program = null)
    {
        var house = await new Household(program).Opened();
        await house.Records(LoyaltyEvents.Visit(house.Key(), Dan));
        return house;
    }

    private static async Task<PoolStanding> Pool(Household house) => (await house.Of(Home)).Pool ?? throw new InvalidOperationException("This is no pool.");
}
