using Crm.Events;
using Crm.Loyalty.Pools;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Wallets;
using Crm.Modules;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using static Crm.Loyalty.Tests.Pools.Household;

namespace Crm.Loyalty.Tests.Pools;

/// <summary>Pools in programmes without cascade: what is taken back is credited, or charged again, to the member whose it was.</summary>
public sealed class KeptPools
{
    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(Environment.GetEnvironmentVariable("CRM_LONG") == "1" ? 3_000 : 60);

    [Fact]
    public async Task A_cancelled_redemption_was_not_spent_by_who_asked_for_it()
    {
        var house = await Opened();
        await house.Spends(Bob, 100, "app:first");
        Assert.Equal("pool-limit", (await house.Spends(Bob, 1)).Refusal?.Code);

        await house.Cancels("app:first", Home);

        Assert.Equal((400L, new PoolShare("points", 300, 0)), (await house.Points(Home), await Share(house, Bob)));
        Assert.True((await house.Spends(Bob, 100)).Accepted);
    }

    [Fact]
    public async Task A_cancelled_reward_was_not_spent_by_who_asked_for_it()
    {
        var house = await Opened();
        await house.Records(RewardEvents.Redeem("app:mug", await house.Authority(Bob), "mug"));
        Assert.Equal(100, (await Share(house, Bob)).Spent);

        await house.Cancels("app:mug", Home);

        Assert.Equal((400L, 0L), (await house.Points(Home), (await Share(house, Bob)).Spent));
        Assert.True((await house.Spends(Bob, 100)).Accepted);
    }

    [Theory]
    [InlineData("app:first", "app:back")]
    [InlineData("app:back", "app:first")]
    public async Task A_return_that_is_cancelled_is_charged_again_and_its_redemption_credited_once(string first, string second)
    {
        var house = await Opened();
        await house.Spends(Bob, 100, "app:first");
        await Returns(house, "app:back", "app:first", 40);
        Assert.Equal(60, (await Share(house, Bob)).Spent);

        await house.Cancels(first, Home);
        Assert.Equal(first == "app:back" ? 100 : 0, (await Share(house, Bob)).Spent);
        Assert.Equal(first == "app:back" ? "pool-limit" : null, (await house.Spends(Bob, 1, "app:one")).Refusal?.Code);
        await house.Cancels("app:one", Home);
        await house.Cancels(second, Home);

        Assert.Equal((400L, 0L), (await house.Points(Home), (await Share(house, Bob)).Spent));
        Assert.True((await house.Spends(Bob, 100)).Accepted);
    }

    [Fact]
    public async Task A_return_that_was_cancelled_may_be_asked_for_again_and_is_credited()
    {
        var house = await Opened();
        await house.Spends(Bob, 100, "app:first");
        await Returns(house, "app:back", "app:first");
        await house.Cancels("app:back", Home);
        Assert.Equal((300L, 100L), (await house.Points(Home), (await Share(house, Bob)).Spent));

        await Returns(house, "app:again", "app:first");

        Assert.Equal((400L, 0L), (await house.Points(Home), (await Share(house, Bob)).Spent));
    }

    [Fact]
    public async Task What_is_cancelled_in_another_month_makes_no_room_in_that_month()
    {
        var house = await Opened();
        await house.Spends(Bob, 100, "app:january");
        house.Later(20);
        await house.Spends(Bob, 80, "app:february");

        await house.Cancels("app:january", Home);

        Assert.Equal("pool-limit", (await house.Spends(Bob, 21)).Refusal?.Code);
        Assert.Equal(80, (await Share(house, Bob)).Spent);
    }

    /// <summary>Whatever is spent, returned and cancelled in whatever order: what members are charged with is what the pool is without.</summary>
    [Fact]
    public void What_members_have_spent_is_what_has_left_the_pool() => SpentLaw(async (house, _) => (await Share(house, Amy)).Spent + (await Share(house, Bob)).Spent).Check(Thorough);

    [Fact]
    public void Charging_what_is_cancelled_is_caught() => Counterfeits.Caught(() => SpentLaw((_, asked) => Task.FromResult(asked)).Check(Thorough));

    private static Property SpentLaw(Func<Household, long, Task<long>> spent) => Prop.ForAll(Steps.NonEmptyListOf().ToArbitrary(), async Task<bool> (steps) =>
    {
        var (house, done) = (await Opened(1_000_000), new List<(string Key, bool IsReturn)>());
        var asked = 0L;
        foreach (var (what, which, amount) in steps)
        {
            var key = house.Key();
            var of = done.Count == 0 ? default : done[which % done.Count];
            var receipt = what switch
            {
                0 => await house.Spends(which % 2 == 0 ? Amy : Bob, amount, key),
                1 => await house.Records(RewardEvents.Redeem(key, await house.Authority(Bob), "mug")),
                2 => of.Key is null || of.IsReturn ? null : await Returns(house, key, of.Key, amount),
                3 => of.Key is null ? null : await house.Cancels(of.Key, Home),
                _ => null,
            };
            if (what < 3 && receipt is { Accepted: true })
            {
                done.Add((key, what == 2));
                asked -= receipt.Total("points");
            }

            house.Later(amount > 90 ? 20 : 0);
        }

        Assert.Equal(400 - await spent(house, asked), await house.Points(Home));
        return true;
    });

    private static Gen<(int What, int Which, int Amount)> Steps => from what in Gen.Choose(0, 3) from which in Gen.Choose(0, 7) from amount in Gen.Choose(1, 100) select (what, which, amount);

    private static async Task<PoolShare> Share(Household house, Identity who) => (await house.Of(Home)).Pool?.Member(await house.IdOf(who))?.Share("points") ?? throw new InvalidOperationException($"{who.Value} is no member.");

    private static ValueTask<Receipt> Returns(Household house, string key, string redemption, long? amount = null) =>
        house.Records(LoyaltyEvents.Return(key, Home, redemption, amount) is var back ? back with { Fields = back.Fields.With("unit", "points") } : throw new InvalidOperationException());

    // Bob has given 300 and Cat 100.
    private static async Task<Household> Opened(long most = 100)
    {
        var club = Program(new PoolRules { SpendMost = most, SpendPer = CapPeriod.Month });
        var house = await new Household(club with { Units = [club.Units[0] with { Returns = new(90, GoneLots.StillExpired), Expiry = LotExpiry.Never }, .. club.Units.Skip(1)], Cascade = Cascade.None }).Opened();
        await house.Buys(Bob, 300);
        await house.Buys(Cat, 100);
        await house.Gives(Bob, 300);
        await house.Gives(Cat, 100);
        await house.Settles();
        return house;
    }
}
