using Crm.Conditions;
using Crm.Definitions;
using Crm.Engine;
using Crm.Events;
using Crm.Ledger;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Wallets;
using Crm.Values;

namespace Crm.Loyalty.Tests.Recording;

/// <summary>What a purchase does, through the engine.</summary>
public sealed class Purchases
{
    [Fact]
    public async Task A_purchase_earns_by_the_rules_and_the_receipt_says_which()
    {
        var club = Club.TeaClub();

        var receipt = await club.Buys(105);

        Assert.Equal(
            [("issued", "base", "points", 10L), ("issued", "status", "status", 10L), ("tier-changed", "bronze", null, 0L)],
            receipt.Lines.Select(line => (line.Code, line.Subject, line.Unit, line.Amount)));
        Assert.All(receipt.Lines, line => Assert.True(line.AddsUp));
        Assert.Equal(10, await club.Points());
    }

    [Fact]
    public async Task Balances_and_tier_are_facts()
    {
        var club = Club.TeaClub();
        await club.Buys(200);

        var amy = await club.Amy();

        Assert.Equal(
            [("loyalty.tea-club.points", Scalar.Of(20m)), ("loyalty.tea-club.status", Scalar.Of(20m)), ("loyalty.tea-club.tier", Scalar.Of("silver"))],
            amy.Facts.Select(fact => (fact.Name, fact.Value)));
    }

    [Fact]
    public async Task A_ledger_entry_names_lot_rule_cause_and_definition()
    {
        var club = Club.TeaClub();
        await club.Buys(105);

        var entry = (await club.Ledger()).Single(entry => entry.Unit == "points");

        Assert.Equal(
            new LedgerEntry
            {
                Program = "tea-club", Unit = "points", Lot = "2027-01-15T16:00:00Z", Amount = 10, Movement = Movement.Issued, Cause = EventKey.Parse("pos:1"),
                OccurredAt = Samples.Local(2026, 1, 15, 12), Rule = "base", Definition = Samples.TeaClub.Hash,
            },
            entry);
    }

    [Fact]
    public async Task Purchases_of_a_day_share_a_lot()
    {
        var club = Club.TeaClub();
        await club.Buys(100);
        await club.Buys(50);

        Assert.Equal([new Lot(Samples.Local(2027, 1, 16), 15)], (await club.Membership()).Wallet("points").Lots);
    }

    [Fact]
    public async Task A_purchase_too_small_to_earn_begins_no_membership()
    {
        var club = Club.TeaClub();

        var receipt = await club.Buys(9.99m);

        Assert.Empty(receipt.Lines);
        Assert.Empty((await club.Amy()).Facts);
    }

    [Fact]
    public async Task The_version_that_was_active_when_it_happened_decides()
    {
        var doubled = Samples.TeaClub with { Rules = [Samples.Per(2, 10), Samples.TeaClub.Rules[1]] };
        var catalog = new DefinitionCatalog<LoyaltyProgram>([Samples.TeaClub.Define(), doubled.Define(2, Samples.Local(2026, 2, 1))]);
        var club = new Club(new LoyaltyModule(catalog));
        club.On(2026, 2, 1, 12);

        await club.Records(CustomerEvent.Purchase("pos:a", Samples.Amy, Money.Hkd(100)) with { OccurredAt = Samples.Local(2026, 2, 1).PlusTicks(-1) });
        await club.Records(CustomerEvent.Purchase("pos:b", Samples.Amy, Money.Hkd(100)) with { OccurredAt = Samples.Local(2026, 2, 1) });

        Assert.Equal(
            [(10L, Samples.TeaClub.Hash), (20L, doubled.Hash)],
            (await club.Ledger()).Where(entry => entry.Unit == "points").Select(entry => (entry.Amount, entry.Definition ?? default)));
    }

    [Fact]
    public async Task Every_programme_earns_on_its_own()
    {
        var club = Club.Of(Samples.TeaClub, Samples.TeaClub with { Name = "coffee-club", Rules = [Samples.Per(3, 10)], Ladders = [] });

        await club.Buys(100);

        Assert.Equal(10, await club.Points());
        Assert.Equal(30, (await club.Membership("coffee-club")).Wallet("points").Available);
    }

    [Fact]
    public async Task A_rule_in_code_sees_what_was_given_and_is_cut_at_zero()
    {
        var club = Club.Of(Samples.TeaClub with { Rules = [Samples.Per(1, 10), new InCode("doubling", context => [new("points", context.EarnedSoFar("points"))]), new InCode("greedy", _ => [new("points", -5)]), new InCode("lost", _ => [new("stars", 5)])] });

        var receipt = await club.Buys(100);

        Assert.Equal(20, await club.Points());
        Assert.Equal([("issued", "base"), ("issued", "doubling"), ("rule-cut", "greedy"), ("rule-unit-unknown", "lost")], receipt.Lines.Select(line => (line.Code, line.Subject)));
        Assert.Null((await club.Ledger()).Single().Rule);
    }

    public static TheoryData<string> Impossible => [.. Odd.Keys];

    private static readonly Dictionary<string, Earning> Odd = new(StringComparer.Ordinal)
    {
        ["an issuer that breaks the names of lots"] = new("points", 7) { Issuer = "a;b=3" },
        ["an issuer without a name"] = new("points", 7) { Issuer = "" },
        ["a life that is over before it begins"] = new("points", 7) { Expiry = LotExpiry.AfterDays(-10, LastDay.Included) },
        ["a life beyond the calendar"] = new("points", 7) { Expiry = LotExpiry.AfterMonths(int.MaxValue, LastDay.Included) },
        ["a life by a day that the programme does not keep"] = new("points", 7) { Expiry = new LotExpiry.OnAnniversary(1) },
        ["a wait without end"] = new("points", 7) { Activation = Activation.AfterDays(int.MaxValue) },
        ["a wait for what the programme does not hear"] = new("points", 7) { Activation = new Activation.OnEvent("order.delivered", null) },
        ["status units that run out"] = new("status", 7) { Expiry = LotExpiry.AfterDays(1, LastDay.Included) },
        ["status units that wait"] = new("status", 7) { Activation = Activation.AfterDays(1) },
    };

    [Theory]
    [MemberData(nameof(Impossible))]
    public async Task A_rule_in_code_that_gives_its_units_what_they_cannot_have_is_named_and_gives_them_without_I8(string what)
    {
        var given = Odd[what];
        var club = Club.Of(Samples.TeaClub with { Units = [Samples.TeaClub.Units[0] with { Transferable = true }, Samples.TeaClub.Units[1]], Ladders = [], Rules = [new InCode("odd", _ => [given])] });

        var receipt = await club.Buys(10);

        Assert.Equal([("rule-life", "odd"), ("issued", "odd")], receipt.Lines.Select(line => (line.Code, line.Subject)));
        Assert.All(receipt.Lines, line => Assert.NotEqual("", LoyaltyTexts.Describe(line).Chinese));
        Assert.Equal(new Lot(given.Unit == "points" ? Samples.Local(2027, 1, 16) : null, 7).Name, Assert.Single(await club.Ledger()).Lot);
        Assert.Equal(7, (await club.Membership()).Wallet(given.Unit).Available);
    }

    [Fact]
    public async Task A_rule_with_a_condition_earns_where_it_holds()
    {
        var third = Samples.Per(5, 10) with { Name = "third", When = If.Purchases().Count().AtLeast(3) };
        var silver = Samples.Per(2, 10) with { Name = "silver", When = If.Fact("loyalty.tea-club.tier").Is("silver") };
        var club = Club.Of(Samples.TeaClub with { Rules = [Samples.Per(1, 10), third, silver, Samples.TeaClub.Rules[1]] });

        var totals = new List<long>();
        foreach (var spend in new[] { 200m, 100m, 100m })
        {
            totals.Add((await club.Buys(spend)).Total("points"));
        }

        // The purchase that lifts a customer is still decided with the tier before it; the one that completes a count counts itself.
        Assert.Equal([20, 10 + 20, 10 + 50 + 20], totals);
    }

    [Fact]
    public async Task A_rule_in_code_that_fails_is_named_and_nothing_is_recorded()
    {
        var club = Club.Of(Samples.TeaClub with { Rules = [new InCode("broken", _ => throw new FormatException("no such shop"))] });

        var fault = await Assert.ThrowsAsync<ModuleFaultException>(async () => await club.Buys(100));

        Assert.Contains("The earning rule 'broken' version 1 of programme 'tea-club' failed at event pos:1: no such shop", fault.ToString());
        Assert.Empty(await club.Ledger());
    }

    [Fact]
    public async Task Every_line_can_be_told_in_both_languages()
    {
        var club = Club.Of(Samples.TeaClub with { Rules = [Samples.Per(1, 10) with { Rounding = Rounding.Ceiling }, Samples.TeaClub.Rules[1]] });

        var told = (await club.Buys(205)).Lines.SelectMany(line => LoyaltyTexts.PartsOf(line).Prepend(line)).Select(LoyaltyTexts.Describe).ToList();

        Assert.Equal(
            [
                "21 points earned by rule 'base'.", "Counted on 205.00 HKD.", "20 points for whole steps.", "1 points by rounding up.", "20 status earned by rule 'status'.", "Counted on 205.00 HKD.", "20 status for whole steps.", "5.00 HKD dropped by rounding down.", "The tier is now 'silver'.",
            ],
            told.Select(text => text.English));
        Assert.Equal("按規則「base」獲得 21 points。", told[0].Chinese);
        Assert.All(told, text => Assert.Contains(text.Chinese, character => character >= '一'));
    }

    private sealed class InCode(string name, Func<EarningContext, IEnumerable<Earning>> evaluate) : IEarningRule
    {
        public string Name => name;

        public int Version => 1;

        public IEnumerable<Earning> Evaluate(EarningContext context) => evaluate(context);
    }
}
