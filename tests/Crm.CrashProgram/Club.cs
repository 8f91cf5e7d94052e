using Crm.Engine;
using Crm.Loyalty;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Wallets;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.CrashProgram;

/// <summary>A shop in which everything happens that can be half done: points, redemptions, messages, timers, a supply of mugs.</summary>
public static class Club
{
    public const string Points = "loyalty.club.points";

    public static LoyaltyProgram Program { get; } = new()
    {
        Name = "club",
        Zone = "Asia/Hong_Kong",
        Units = [new LoyaltyUnit("points", UnitKind.Redeemable) { Expiry = LotExpiry.AfterMonths(1, LastDay.Included) }],
        Rules = [new PointsPerAmount { Name = "a-point-a-dollar", Unit = "points", Points = 1, Every = Money.Hkd(1), Basis = new EarningBasis.Spend() }],
    };

    /// <summary>An engine over a store.</summary>
    /// <param name="channel">Where messages go; null: nowhere.</param>
    public static CrmEngine Engine(ICustomerStore store, IClock clock, IIdSource ids, IMessageChannel? channel = null) => new(
        store,
        [new LoyaltyModule([Program]), new Greeter()],
        new CrmOptions { Attempts = 100 },
        clock,
        ids,
        new CrmPorts { Channels = channel is null ? [] : [channel] });
}

/// <summary>The clock of the shop: an hour goes by in each second, so that timers run while somebody watches, and lots expire within minutes.</summary>
public sealed class FastClock : IClock
{
    private static readonly Instant Origin = Instant.FromUtc(2026, 1, 1, 0, 0);

    public Instant GetCurrentInstant() => Origin + ((SystemClock.Instance.GetCurrentInstant() - Origin) * 3_600);
}
