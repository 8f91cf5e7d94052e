using Crm.Engine;
using Crm.Loyalty;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Wallets;
using Crm.Modules;
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
        Units = [new LoyaltyUnit("points", UnitKind.Redeemable) { Expiry = LotExpiry.AfterDays(1, LastDay.Included) }],
        Rules = [new PointsPerAmount { Name = "a-point-a-dollar", Unit = "points", Points = 1, Every = Money.Hkd(1), Basis = new EarningBasis.Spend() }],
    };

    /// <summary>Leases are long for the work of a moment, and short for a shop that is killed and opened again within a second. Some of the customers are remembered.</summary>
    public static CrmOptions Options { get; } = new() { Attempts = 100, LeaseFor = Duration.FromHours(3), RememberCustomers = 8 };

    public static IReadOnlyList<ICustomerModule> Modules() => [new LoyaltyModule([Program]), new Greeter()];

    /// <summary>An engine over a store.</summary>
    /// <param name="channel">Where messages go; null: nowhere.</param>
    public static CrmEngine Engine(ICustomerStore store, IClock clock, IIdSource ids, IMessageChannel? channel = null) =>
        new(store, Modules(), Options, clock, ids, new CrmPorts { Channels = channel is null ? [] : [channel] });
}

/// <summary>The clock of the shop: six hours go by in each second, so that timers run and points expire while somebody watches.</summary>
/// <param name="opened">When the shop was first opened.</param>
public sealed class FastClock(Instant opened) : IClock
{
    private const int Speed = 6 * 3_600;

    /// <summary>When the shop was first opened.</summary>
    public Instant Opened { get; } = opened;

    public Instant GetCurrentInstant() => Opened + ((SystemClock.Instance.GetCurrentInstant() - Opened) * Speed);
}
