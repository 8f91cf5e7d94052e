using Crm.Conditions;
using Crm.Engine;
using Crm.Ledger;
using Crm.Loyalty.Challenges;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Tests.Recording;
using Crm.Loyalty.Tiers;
using Crm.Loyalty.Wallets;
using Crm.Modules;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Tests.Simulation;

/// <summary>A programme that comes to a tea club with a history, and what is seen of it in the end.</summary>
internal static class SecondClub
{
    public static Instant Start { get; } = Samples.Local(2025, 1, 15, 12);

    public static Instant Begins { get; } = Start + Duration.FromDays(60);

    public static Instant End { get; } = Start + Duration.FromDays(150);

    public static LoyaltyProgram Program { get; } = Samples.TeaClub with
    {
        Name = "second-club",
        Units = [new("stars", UnitKind.Redeemable) { Expiry = LotExpiry.AfterDays(45, LastDay.Included), Activation = Activation.AfterDays(2) }, new("level", UnitKind.Status)],
        Rules =
        [
            Samples.Per(1, 10) with { Unit = "stars" },
            Samples.Per(1, 10) with { Name = "level", Unit = "level" },
            new FixedPoints { Name = "first", Unit = "stars", Points = 20, When = If.Purchases().Count().Is(1) },
            new FixedPoints { Name = "third", Unit = "stars", Points = 9, When = If.Purchases().InLast(Duration.FromDays(30)).Count().AtLeast(3), Terms = new() { Frequency = new(1, CapPeriod.Month) } },
            new Multiplier { Name = "gold", Unit = "stars", ByTier = [new("gold", new Ratio(2, 1))], TierAs = TierMoment.After },
        ],
        Ladders = [Samples.TeaClub.Ladders[0] with { Unit = "level" }],
        Limits = [new() { Name = "monthly", Unit = "stars", Per = CapPeriod.Month, Most = 80 }],
        StampCards = [new() { Name = "cups", Goal = 3 }],
        Challenges = [new() { Name = "three-orders", Goals = [new("orders", 3)], Period = CalendarUnit.Month, Recurrence = Recurrence.NextPeriod, Award = [new("stars", 25)] }],
    };

    public static Instant On(int day, int minute) => Start + Duration.FromDays(day) + Duration.FromMinutes(minute);

    public static string Shown(CustomerView? customer) => customer is null ? "" : string.Join('\n', new[] { "tier", "stars", "level", "cups.stamps", "cups.free", "stars.pending" }.Select(name => $"{name} {customer.Fact($"loyalty.second-club.{name}")}"));

    public static List<(string, string, string, long)> Books(List<LedgerEntry> ledger) =>
        [.. ledger.Where(entry => entry.Movement != Movement.Offset).GroupBy(entry => (entry.Program, entry.Unit, entry.Lot)).Select(lot => (lot.Key.Program, lot.Key.Unit, lot.Key.Lot, lot.Sum(entry => entry.Amount))).Where(lot => lot.Item4 != 0).Order()];

    public static async Task<List<CustomerVerdict>> VerdictsAsync(Club club, params ICustomerModule[] modules)
    {
        var cancel = TestContext.Current.CancellationToken;
        var ledger = await club.Store.ReadLedgerAsync(cancel).ToListAsync(cancel);
        var verifier = new CustomerVerifier(modules, new CrmOptions());
        var verdicts = new List<CustomerVerdict>();
        await foreach (var customer in club.Engine.ReadCustomersAsync(cancel))
        {
            var stored = await club.Store.LoadAsync(CustomerRef.Of(customer), cancel);
            verdicts.Add(verifier.Verify(stored, await ((ICustomerStore)club.Store).LoadWholeAsync(customer, cancel), [.. ledger.Where(one => one.Customer == customer).Select(one => one.Entry)]));
        }

        return verdicts;
    }
}
