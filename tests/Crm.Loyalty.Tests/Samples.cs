using Crm.Conditions;
using Crm.Events;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Tiers;
using Crm.Loyalty.Wallets;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Tests;

/// <summary>Programmes, purchases and wallets that the tests share.</summary>
internal static class Samples
{
    public static readonly DateTimeZone HongKong = DateTimeZoneProviders.Tzdb["Asia/Hong_Kong"];
    public static readonly Identity Amy = Identity.User("amy");

    /// <summary>A point and a status unit for every whole 10.00 HKD; points live a year; silver from 20, gold from 50.</summary>
    public static LoyaltyProgram TeaClub { get; } = new()
    {
        Name = "tea-club",
        Zone = "Asia/Hong_Kong",
        Units =
        [
            new("points", UnitKind.Redeemable) { Expiry = LotExpiry.AfterMonths(12, LastDay.Included) },
            new("status", UnitKind.Status),
        ],
        Rules = [Per(1, 10m) with { Name = "base" }, Per(1, 10m) with { Name = "status", Unit = "status" }],
        Ladders = [new() { Unit = "status", Window = QualificationWindow.CalendarYear, Tiers = [new("bronze", 0), new("silver", 20), new("gold", 50)] }],
    };

    public static PointsPerAmount Per(long points, decimal every) => new()
    {
        Name = "base",
        Unit = "points",
        Points = points,
        Every = Money.Hkd(every),
        Basis = EarningBasis.WholeSpend,
    };

    public static CustomerEvent Purchase(decimal spend, params EventLine[] lines) =>
        CustomerEvent.Purchase("pos:1", Amy, Money.Hkd(spend), lines.ToSequence());

    public static EventLine Line(string sku, decimal amount, string? category = null) => new(sku, 1, Money.Hkd(amount), category);

    /// <summary>What rules give for an event, in their order, each seeing what came before it.</summary>
    public static IReadOnlyList<long> Earned(CustomerEvent happened, params IEarningRule[] rules)
    {
        var context = Context(happened);
        return rules.Select(rule =>
        {
            var earned = rule.Evaluate(context).ToList();
            earned.ForEach(earning => context.Add(new Award(rule.Name, earning)));
            return earned.Sum(earning => earning.Amount);
        }).ToList();
    }

    public static EarningContext Context(CustomerEvent happened) => new(happened, At(2026, 1, 15), new NoEvidence());

    public static Moment At(int year, int month, int day, int hour = 12) => new(Local(year, month, day, hour), HongKong);

    /// <summary>An hour of a day in Hong Kong.</summary>
    public static Instant Local(int year, int month, int day, int hour = 0) => new LocalDateTime(year, month, day, hour, 0).InZoneLeniently(HongKong).ToInstant();

    /// <summary>A wallet of lots; a lot without a date stays for ever.</summary>
    public static Wallet Holding(params (long Amount, Instant? Expiry)[] lots) =>
        lots.Aggregate(Wallet.Empty, (wallet, lot) => wallet.Issue(lot.Expiry, lot.Amount).Wallet);

    private sealed class NoEvidence : IEvidence
    {
        public Moment Moment => At(2026, 1, 15);

        public Scalar Field(string name) => default;

        public bool Observed(Condition.Field leaf) => leaf.WhenMissing;

        public Scalar Fact(string name, out Instant? validUntil)
        {
            validUntil = null;
            return default;
        }

        public Truth Window(Condition.EventWindow leaf) => throw new InvalidOperationException("No test asks about the history here.");
    }
}
