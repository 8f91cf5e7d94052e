using Crm.Engine;
using Crm.Events;
using Crm.Loyalty.Challenges;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Tests.Redemption;
using Crm.Storage;
using Crm.Testing;
using Crm.Values;
using Microsoft.Extensions.DependencyInjection;
using NodaTime;

namespace Crm.Loyalty.Tests.Recording;

/// <summary>Loyalty in a host's container.</summary>
public sealed class Hosts
{
    [Fact]
    public async Task One_line_adds_loyalty()
    {
        using var services = new ServiceCollection()
            .AddSingleton<IClock>(FakeClock.At(2026, 1, 15))
            .AddCrm(crm => crm.UseMemory().AddLoyalty(Samples.TeaClub))
            .BuildServiceProvider();
        var engine = services.GetRequiredService<CrmEngine>();

        await engine.RecordAsync(CustomerEvent.Purchase("pos:1", Samples.Amy, Money.Hkd(105)));

        var amy = await engine.ReadAsync(CustomerRef.Of(Samples.Amy));
        Assert.Equal(10, amy?.Slot<LoyaltyState>("loyalty").In("tea-club").Wallet("points").Available);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_programme_in_JSON_gives_rewards_of_the_hosts_own_kinds(bool registeredFirst)
    {
        var written = LoyaltyProgramJson.Write(RewardClub.Program(RewardClub.Mug with { Name = "forest", Kind = new RewardKind.Custom(new Rewards.Tree()) }));
        using var services = Host(loyalty => _ = registeredFirst ? loyalty.RewardKind(new Rewards.Tree()).Program(written) : loyalty.Program(written).RewardKind(new Rewards.Tree()));
        var engine = services.GetRequiredService<CrmEngine>();
        await engine.RecordAsync(CustomerEvent.Purchase("pos:1", Samples.Amy, Money.Hkd(200)));

        var receipt = await engine.RecordAsync(RewardEvents.Redeem("app:1", SpendAuthority.SignedIn(Samples.Amy), "forest", 2));

        Assert.Null(receipt.Refusal);
        Assert.Equal(-200, receipt.Total("points"));
    }

    [Fact]
    public async Task A_programme_in_JSON_has_goals_of_the_hosts_own_kinds()
    {
        var challenge = new Challenge { Name = "once", Goals = [new("any", 3) { Kind = new Three() }], Award = [new("stars", 9)] };
        using var services = Host(loyalty => loyalty.Program(LoyaltyProgramJson.Write(RewardClub.Program() with { Challenges = [challenge] })).GoalKind(new Three()));

        var receipt = await services.GetRequiredService<CrmEngine>().RecordAsync(CustomerEvent.Purchase("pos:1", Samples.Amy, Money.Hkd(1)));

        Assert.Equal(9, receipt.Total("stars"));
    }

    [Fact]
    public void A_kind_of_reward_that_is_not_registered_is_named_with_those_that_are()
    {
        var written = LoyaltyProgramJson.Write(RewardClub.Program(RewardClub.Mug with { Kind = new RewardKind.Custom(new Rewards.Tree()) }));

        var wrong = Assert.Throws<InvalidLoyaltyProgramException>(() => Host(loyalty => loyalty.RewardKind(new Burning()).Program(written)));

        Assert.Contains("'tree' with version 1. There are: burning version 2.", wrong.Message);
    }

    [Fact]
    public async Task A_kind_of_reward_that_fails_is_named_and_nothing_is_recorded()
    {
        var club = RewardClub.With(RewardClub.Mug with { Kind = new RewardKind.Custom(new Burning()) });
        await club.Buys(100);

        var fault = await Assert.ThrowsAsync<ModuleFaultException>(async () => await club.Takes("mug"));

        Assert.Contains("'burning' version 2 of reward 'mug'", fault.InnerException?.Message);
        Assert.Equal(100, await club.Points());
    }

    [Fact]
    public void A_wrong_programme_is_refused_when_it_is_added() =>
        Assert.Throws<InvalidLoyaltyProgramException>(() => new ServiceCollection().AddCrm(crm => crm.UseMemory().AddLoyalty(loyalty => loyalty.Program(Samples.TeaClub with { Zone = "Nowhere" }))));

    private static ServiceProvider Host(Action<LoyaltyBuilder> loyalty) => new ServiceCollection()
        .AddSingleton<IClock>(FakeClock.At(2026, 1, 15))
        .AddCrm(crm => crm.UseMemory().AddLoyalty(loyalty))
        .BuildServiceProvider();

    private sealed record Three : IGoalKind
    {
        public string Name => "three";

        public int Version => 1;

        public long Of(EarningContext context) => 3;
    }

    private sealed record Burning : IRewardKind
    {
        public string Name => "burning";

        public int Version => 2;

        public Fields Give(int times) => throw new FormatException("It burns.");
    }
}
