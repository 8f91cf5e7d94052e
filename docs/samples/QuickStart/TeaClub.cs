using Crm.Loyalty.Programs;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Wallets;
using Crm.Values;

namespace QuickStart;

// snippet: tea-club
/// <summary>One point for each whole dollar, good for a year.</summary>
internal static class TeaClub
{
    public static LoyaltyProgram Program { get; } = new()
    {
        Name = "tea-club",
        Zone = "Asia/Hong_Kong",
        Units = [new LoyaltyUnit("points", UnitKind.Redeemable) { Expiry = LotExpiry.AfterMonths(12, LastDay.Included) }],
        Rules = [new PointsPerAmount { Name = "a-point-a-dollar", Unit = "points", Points = 1, Every = Money.Hkd(1), Basis = new EarningBasis.Spend() }],
    };
}
// end
