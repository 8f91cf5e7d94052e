using Crm.Conditions;
using Crm.Engine;
using Crm.Events;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Tests.Redemption;
using Crm.Storage;
using Crm.Testing;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Tests.Programs;

/// <summary>A programme of a shop in Hong Kong, in a store whose zone is another.</summary>
public sealed class OtherZones
{
    private static readonly Condition Afternoon = If.Hours(new LocalTime(14, 0), new LocalTime(16, 0));

    private static LoyaltyProgram Club { get; } = RewardClub.Program(RewardClub.Mug with { When = Afternoon, Costs = [new("points", 1) { When = Afternoon }, new("points", 500)] }) with
    {
        Challenges = [new() { Name = "tea-time", Goals = [new("cups", 1) { When = Afternoon }], Award = [new("stars", 3)] }],
        Surprises = [new() { Name = "biscuit", OneIn = 1, Seed = "0123456789abcdef", When = Afternoon, Gift = new("stars", 40) }],
        Ladders = [new() { Unit = "status", Tiers = [new("basic", 0), new("gold", 10) { When = Afternoon }] }],
    };

    [Theory]
    [InlineData(Cascade.History, 15, true)]
    [InlineData(Cascade.History, 23, false)]
    [InlineData(Cascade.None, 15, true)]
    [InlineData(Cascade.None, 23, false)]
    public async Task Hours_of_rewards_prices_challenges_surprises_and_tiers_are_those_of_the_programme(Cascade cascade, int hour, bool isAfternoon)
    {
        var module = new LoyaltyModule(Club with { Cascade = cascade });
        var engine = new CrmEngine(new InMemoryStore(), [module], new CrmOptions { Zone = DateTimeZone.Utc }, new FakeClock(Samples.Local(2026, 1, 15, hour)), new SeededIdSource());
        await engine.RecordAsync(CustomerEvent.Purchase("pos:1", Samples.Amy, Money.Hkd(20)));
        var amy = await engine.ReadAsync(CustomerRef.Of(Samples.Amy)) ?? throw new InvalidOperationException("Nobody is called Amy.");
        var (offer, stars) = (module.Show(amy)[0].Rewards[0], amy.Slot<LoyaltyState>(module.Contract.Name).In("tea-club").Wallet("stars").Available);

        Assert.Equal((isAfternoon, isAfternoon ? 1L : 500L), (offer.IsAvailable, offer.Cost?.Amount));
        Assert.Equal(isAfternoon, (await engine.RecordAsync(RewardEvents.Redeem("pos:2", RewardClub.Authority, "mug"))).Accepted);
        Assert.Equal((isAfternoon ? 43L : 0L, isAfternoon ? "gold" : "basic"), (stars, amy.Fact("loyalty.tea-club.tier").AsCode));
    }
}
