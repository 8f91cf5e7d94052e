using Crm.Conditions;
using Crm.Engine;
using Crm.Events;
using Crm.Loyalty;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Tiers;
using Crm.Loyalty.Wallets;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Benchmarks;

/// <summary>The setting of the engine's benchmarks: ten earning rules and two times twenty watched conditions of a shop whose customer buys every three days.</summary>
internal static class TeaShop
{
    public static readonly Instant Opening = Instant.FromUtc(2026, 1, 1, 4, 0);
    private static readonly string[] Articles = ["oolong", "green-tea", "milk-tea", "cake", "mug"];

    public static CrmOptions Options { get; } = new();

    public static LoyaltyProgram Program { get; } = new()
    {
        Name = "tea-club",
        Zone = "Asia/Hong_Kong",
        Units = [new LoyaltyUnit("points", UnitKind.Redeemable) { Expiry = LotExpiry.AfterMonths(12, LastDay.Included) }],
        Rules = Enumerable.Range(0, 10).Select(rule => (IEarningRule)new PointsPerAmount
        {
            Name = $"rule-{rule}",
            Unit = "points",
            Points = 1 + rule,
            Every = Money.Hkd(10 + rule),
            Basis = rule % 3 == 0 ? new EarningBasis.Spend() : new EarningBasis.Lines { Skus = [Articles[rule % Articles.Length]] },
            When = rule switch
            {
                0 => null,
                < 5 => If.Purchases().InLast(Duration.FromDays(30 * rule)).Count().AtLeast(rule),
                _ => If.Field("event.channel").Is(rule % 2 == 0 ? "shop" : "web"),
            },
        }).ToSequence(),
    };

    /// <summary>One point for each whole dollar, for ever.</summary>
    public static LoyaltyProgram SimpleProgram { get; } = new()
    {
        Name = "club",
        Zone = "Asia/Hong_Kong",
        Units = [new LoyaltyUnit("points", UnitKind.Redeemable)],
        Rules = [new PointsPerAmount { Name = "base", Unit = "points", Points = 1, Every = Money.Hkd(1), Basis = EarningBasis.WholeSpend }],
    };

    /// <summary>The same with as many status points, which count on a ladder.</summary>
    public static LoyaltyProgram Climbing(QualificationWindow window, TierValidity? validity, int? warnDaysBefore = null) => SimpleProgram with
    {
        Units = [.. SimpleProgram.Units, new LoyaltyUnit("status", UnitKind.Status)],
        Rules = [.. SimpleProgram.Rules, new PointsPerAmount { Name = "status", Unit = "status", Points = 1, Every = Money.Hkd(1), Basis = EarningBasis.WholeSpend }],
        Ladders = [new() { Unit = "status", Window = window, Validity = validity, WarnDaysBefore = warnDaysBefore, Tiers = [new("bronze", 0), new("silver", 500), new("gold", 2_000)] }],
    };

    public static ICustomerModule[] Modules() =>
        [new LoyaltyModule(Program), new WatchedConditions("segments", Conditions(0)), new WatchedConditions("triggers", Conditions(20))];

    public static CustomerEvent Purchase(int number, Identity customer) => CustomerEvent.Purchase(
        $"till:{number}",
        customer,
        Money.Hkd(52 + (number % 7)),
        new EventLine(Articles[number % Articles.Length], 1, Money.Hkd(22)),
        new EventLine(Articles[(number + 1) % Articles.Length], 1, Money.Hkd(30 + (number % 7)))) with { Channel = number % 3 == 0 ? "web" : "shop", OccurredAt = Opening + Duration.FromDays(3 * number) };

    // Forty conditions: counts and sums over windows of several lengths, some of them under further conditions, as a shop's segments and triggers have them.
    private static Condition[] Conditions(int from) =>
    [
        .. Enumerable.Range(from, 20).Select(number => (number % 5) switch
        {
            0 => If.Purchases().InLast(Duration.FromDays(30 + number)).Count().AtLeast(3),
            1 => If.Purchases().SumOfSpend(Currency.Hkd).AtLeast(100 * number),
            2 => If.All(If.Purchases().InLast(Duration.FromDays(90)).Count().AtLeast(number % 7), If.Fact("loyalty.tea-club.points").AtLeast(10 * number)),
            3 => If.Purchases().Where(If.Field("line.sku").Is(Articles[number % Articles.Length])).InLast(Duration.FromDays(60)).Count().AtLeast(2),
            _ => If.Not(If.Purchases().InLast(Duration.FromDays(14 + number)).Count().AtLeast(1)),
        }),
    ];
}
