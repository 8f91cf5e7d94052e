using Crm.Conditions;
using Crm.Events;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Tests.Recording;
using Crm.Loyalty.Tiers;
using Crm.Loyalty.Wallets;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Tests.Redemption;

/// <summary>A club whose points are whole dollars, with rewards, and short ways to ask for them.</summary>
internal static class RewardClub
{
    public static SpendAuthority Authority => SpendAuthority.SignedIn(Samples.Amy);

    public static Reward Mug { get; } = new() { Name = "mug", Kind = new RewardKind.Physical("mug-1"), Costs = [new("points", 100)] };

    public static LoyaltyProgram Program(params Reward[] rewards) => new()
    {
        Name = "tea-club",
        Zone = "Asia/Hong_Kong",
        Units = [new("points", UnitKind.Redeemable) { Expiry = LotExpiry.AfterMonths(12, LastDay.Included) }, new("status", UnitKind.Status), new("stars", UnitKind.Redeemable)],
        Rules = [Samples.Per(1, 1), Samples.Per(1, 1) with { Name = "status", Unit = "status" }],
        Ladders = [new() { Unit = "status", Tiers = [new("basic", 0), new("gold", 1_000)] }],
        Rewards = rewards.ToSequence(),
    };

    public static Club With(params Reward[] rewards) => Club.Of(Program(rewards));

    public static ValueTask<Receipt> Takes(this Club club, string reward, long quantity = 1, string? code = null) => club.Records(RewardEvents.Redeem(club.NextKey(), Authority, reward, quantity, code));

    public static ValueTask<Receipt> Reserves(this Club club, string key, long amount, int minutes = 15) => club.Records(RewardEvents.Reserve(key, Authority, amount, Duration.FromMinutes(minutes), unit: "points"));

    public static ValueTask<Receipt> Captures(this Club club, string reservation, long? amount = null, string? code = null) => club.Records(RewardEvents.Capture(club.NextKey(), Samples.Amy, reservation, amount, code: code));

    public static Condition Gold => If.Fact("loyalty.tea-club.tier").Is("gold");
}
