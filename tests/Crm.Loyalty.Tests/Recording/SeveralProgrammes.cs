using Crm.Events;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Rules;
using Crm.Modules;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;
using Outcome = Crm.Modules.Outcome;

namespace Crm.Loyalty.Tests.Recording;

/// <summary>Two programmes whose units and rules have one name: receipts tell of which one each line is, and what is said of one is not said of the other.</summary>
public sealed class SeveralProgrammes
{
    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(60);
    private static readonly LoyaltyProgram Coffee = Samples.TeaClub with { Name = "coffee-club", Rules = [Samples.Per(2, 10), Samples.TeaClub.Rules[1]] };

    [Fact]
    public async Task A_total_is_of_the_unit_of_a_programme()
    {
        var receipt = await Club.Of(Samples.TeaClub, Coffee).Buys(100);

        Assert.Equal((10, 20, 30, 0), (receipt.Total("tea-club", "points"), receipt.Total("coffee-club", "points"), receipt.Total("points"), receipt.Total("tea-club", "miles")));
    }

    [Fact]
    public void Lines_add_up_to_what_the_ledger_has_of_each_programme() => AddUp(module => module).Check(Thorough);

    [Fact]
    public void Lines_of_one_programme_that_name_another_are_caught() =>
        Counterfeits.Caught(() => AddUp(module => new Renaming(module, line => line with { Program = line.Program is null ? null : Samples.TeaClub.Name })).Check(Thorough));

    [Fact]
    public void Lines_that_name_no_programme_are_caught() => Counterfeits.Caught(() => AddUp(module => new Renaming(module, line => line with { Program = null })).Check(Thorough));

    [Fact]
    public async Task What_a_limit_takes_in_one_programme_is_no_reason_in_the_other()
    {
        var coffee = Coffee with { Limits = [new EarningLimit { Name = "daily", Unit = "points", Per = CapPeriod.Day, Most = 0 }] };
        var club = Club.Of(coffee, Samples.TeaClub with { Rules = [Samples.Per(2, 10) with { Basis = new EarningBasis.Lines { Categories = ["tea"] } }] });

        var quote = await club.Engine.QuoteAsync(LoyaltyEvents.AskingWhyNot(CustomerEvent.Purchase("pos:1", Samples.Amy, Money.Hkd(100), Samples.Line("latte", 100, "coffee"))));

        var why = quote.Receipt.Lines.Where(line => line is { Code: LineCodes.WhyNot, Subject: "base" }).ToDictionary(line => line.Program ?? "", line => line.Parts.Select(part => part.Code));
        Assert.Equal([ReasonCodes.Limited], why["coffee-club"]);
        Assert.Equal([ReasonCodes.NoArticle], why["tea-club"]);
    }

    [Fact]
    public async Task What_a_rule_was_recorded_to_have_given_in_one_programme_counts_for_no_rule_of_the_other()
    {
        var once = new FixedPoints { Name = "bonus", Unit = "points", Points = 50, Terms = new() { Frequency = new Frequency(1, CapPeriod.Ever) } };
        EarningRule[] large = [new FixedPoints { Name = "extra", Unit = "points", Points = 3 }, once with { Terms = once.Terms with { MinimumSpend = Money.Hkd(500) } }];
        var club = Club.Of(Samples.TeaClub with { Rules = [Samples.Per(1, 10), once] }, Coffee with { Rules = [Samples.Per(1, 10), .. large] });
        await club.Buys(100);
        var late = club.Now + Duration.FromDays(1);
        club.On(2026, 1, 20);
        await club.Buys(10);
        club.StartsAgainWith(new LoyaltyModule(Samples.TeaClub with { Rules = [Samples.Per(3, 10), once] }, Coffee with { Rules = [Samples.Per(3, 10), .. large] }));

        var receipt = await club.Records(CustomerEvent.Purchase("pos:late", Samples.Amy, Money.Hkd(500)) with { OccurredAt = late });

        Assert.Equal((150, 150 + 3 + 50), (receipt.Total("tea-club", "points"), receipt.Total("coffee-club", "points")));
    }

    // What is bought and redeemed in both, some of it brought back, and late, so that history is decided again.
    private static Property AddUp(Func<ICustomerModule, ICustomerModule> told) => Prop.ForAll(Arb.From(Days.ListOf()), days =>
    {
        var club = new Club(told(new LoyaltyModule(Samples.TeaClub, Coffee)));
        Checked(club, days).GetAwaiter().GetResult();
    });

    private static async Task Checked(Club club, List<(int Day, int Spend, string What)> days)
    {
        var purchase = "pos:none";
        foreach (var (place, (day, spend, what)) in days.Index())
        {
            club.At(Samples.Local(2026, 3, 1) + Duration.FromDays(place));
            var happened = what switch
            {
                "redeem" => LoyaltyEvents.Redeem($"app:{place}", SpendAuthority.SignedIn(Samples.Amy), spend / 10, day % 2 == 0 ? "tea-club" : "coffee-club", "points"),
                "refund" => CustomerEvent.Refund($"back:{place}", Samples.Amy, purchase, Money.Hkd(spend)),
                _ => CustomerEvent.Purchase($"till:{place}", Samples.Amy, Money.Hkd(spend)) with { OccurredAt = what == "late" ? Samples.Local(2026, 1, 1) + Duration.FromDays(day) : null },
            };
            var receipt = await club.Engine.RecordAsync(happened);
            purchase = happened.Kind == EventKinds.PurchaseName ? happened.Key.ToString() : purchase;
            var written = (await club.Ledger()).Where(entry => entry.Cause == receipt.Key).GroupBy(entry => (entry.Program, entry.Unit)).Select(unit => (unit.Key.Program, unit.Key.Unit, By: unit.Sum(entry => entry.Amount))).Where(unit => unit.By != 0).Order();
            var said = receipt.Lines.Where(line => line.Unit is not null).GroupBy(line => (Program: line.Program ?? "", Unit: line.Unit ?? "")).Select(unit => (unit.Key.Program, unit.Key.Unit, By: unit.Sum(line => line.Amount))).Where(unit => unit.By != 0).Order();
            Assert.Equal(written, said);
        }
    }

    private static Gen<(int Day, int Spend, string What)> Days =>
        from day in Gen.Choose(0, 50) from spend in Gen.Choose(1, 300) from what in Gen.Elements("buy", "buy", "late", "refund", "redeem") select (day, spend, what);

    /// <summary>Says in its lines another programme than the one that it was.</summary>
    private sealed class Renaming(ICustomerModule inner, Func<ReceiptLine, ReceiptLine> named) : ICustomerModule, IHoldsUnits
    {
        public ModuleContract Contract => inner.Contract;

        public IEnumerable<UnitsHeld> Held(object state) => ((IHoldsUnits)inner).Held(state);

        public Outcome Handle(object state, ModuleContext context) =>
            inner.Handle(state, context) is var outcome && outcome is Outcome.Accepted { Lines.IsEmpty: false } accepted ? accepted with { Lines = accepted.Lines.Select(named).ToSequence() } : outcome;

        public Outcome.Accepted Correct(object stored, object without, object with) => inner.Correct(stored, without, with);
    }
}
