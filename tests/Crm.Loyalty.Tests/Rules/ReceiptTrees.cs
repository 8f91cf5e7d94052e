using System.Globalization;
using Crm.Events;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Tests.Recording;
using Crm.Loyalty.Wallets;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;

namespace Crm.Loyalty.Tests.Rules;

/// <summary>From the parts of an award one can calculate it again: the amount that the rule looked at, the steps in it, what rounding added or left, and what limits cut.</summary>
public sealed class ReceiptTrees
{
    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(100);

    [Fact]
    public async Task The_receipt_says_what_the_rule_looked_at_and_what_rounding_dropped()
    {
        var club = Club.Of(Program(Samples.Per(1, 10)));

        Assert.Equal([(LineCodes.Basis, "52.00 HKD", 0L), (LineCodes.Base, "base", 5L), (LineCodes.Dropped, "2.00 HKD", 0L)], Parts(Assert.Single((await club.Buys(52)).Lines)));
        Assert.Equal([(LineCodes.Basis, "50.00 HKD", 0L), (LineCodes.Base, "base", 5L)], Parts(Assert.Single((await club.Buys(50)).Lines)));
    }

    [Fact]
    public async Task The_receipt_says_which_part_of_the_spend_counts()
    {
        var club = Club.Of(Program(Samples.Per(1, 10) with { Basis = new EarningBasis.Spend { WithoutDelivery = true } }));

        var receipt = await club.Records(Samples.Purchase(52) with { Fields = Fields.Of((EventKinds.DeliveryField, 30m)) });

        Assert.Equal(new CountedOn(Money.Hkd(22)) { Left = 200 }, Assert.Single(receipt.Lines).CountedOn);
    }

    [Fact]
    public async Task The_receipt_says_what_was_kept_for_the_next_event()
    {
        var club = Club.Of(Program(Samples.Per(1, 10) with { Rounding = Rounding.Carry }));

        Assert.Equal([(LineCodes.Basis, "18.00 HKD", 0L), (LineCodes.Base, "base", 1L), (LineCodes.Kept, "8.00 HKD", 0L)], Parts(Assert.Single((await club.Buys(18)).Lines)));
        Assert.Equal([(LineCodes.Basis, "5.00 HKD", 0L), (LineCodes.Carried, "8.00 HKD", 0L), (LineCodes.Base, "base", 1L), (LineCodes.Kept, "3.00 HKD", 0L)], Parts(Assert.Single((await club.Buys(5)).Lines)));
    }

    [Fact]
    public async Task The_receipt_says_how_many_articles_counted()
    {
        var club = Club.Of(Program(new PointsPerItem { Name = "cups", Unit = "points", Points = 3, Every = 2 }));

        var receipt = await club.Records(Samples.Purchase(50, new EventLine("tea", 5, Money.Hkd(50))));

        Assert.Equal([(LineCodes.Basis, "5", 0L), (LineCodes.Base, "cups", 6L), (LineCodes.Dropped, "1", 0L)], Parts(Assert.Single(receipt.Lines)));
    }

    [Fact]
    public async Task The_receipt_says_what_was_multiplied()
    {
        var club = Club.Of(Program(Samples.Per(1, 10), new Multiplier { Name = "half-more", Unit = "points", Factor = new Ratio(3, 2) }));

        Assert.Equal([(LineCodes.Basis, "5 points", 0L), (LineCodes.Base, "half-more", 2L), (LineCodes.Dropped, "1/2 points", 0L)], Parts((await club.Buys(50)).Lines[1]));
    }

    [Fact]
    public async Task The_receipt_says_what_parts_kept_for_each_other_and_dropped_together()
    {
        var third = Samples.Per(1, 3) with { RoundAt = RoundingPoint.Award };
        var club = Club.Of(Program(third with { Name = "one" }, third with { Name = "two" }));

        var lines = (await club.Buys(5)).Lines;

        Assert.Equal([(LineCodes.Basis, "5.00 HKD", 0L), (LineCodes.Base, "one", 1L), (LineCodes.Kept, "2/3 points", 0L)], Parts(lines[0]));
        Assert.Equal([(LineCodes.Base, "two", 1L), (LineCodes.Dropped, "1/3 points", 0L)], Parts(lines.Single(line => line.Code == LineCodes.PartsTogether)));
    }

    [Fact]
    public async Task The_parts_are_told_in_both_languages()
    {
        var club = Club.Of(Program(Samples.Per(1, 10)));

        var told = LoyaltyTexts.PartsOf(Assert.Single((await club.Buys(52)).Lines)).Select(LoyaltyTexts.Describe).ToList();

        Assert.Equal(["Counted on 52.00 HKD.", "5 points for whole steps.", "2.00 HKD dropped by rounding down."], told.Select(text => text.English));
        Assert.Equal(["按 52.00 HKD 計算。", "完整級距所得 5 points。", "捨去零數 2.00 HKD。"], told.Select(text => text.Chinese));
    }

    [Fact]
    public void An_award_can_be_calculated_again_from_its_parts() => Law(line => line).Check(Thorough);

    [Fact]
    public void A_rest_that_is_left_out_is_caught() =>
        Counterfeits.Caught(() => Law(line => line with { CountedOn = line.CountedOn is { } on ? on with { Left = 0 } : null, Parts = line.Parts.Where(part => part.Code is not (LineCodes.Dropped or LineCodes.Kept)).ToSequence() }).Check(Thorough));

    [Fact]
    public void Another_basis_is_caught() =>
        Counterfeits.Caught(() => Law(line => line with { CountedOn = new CountedOn(new Money(1, Currency.Hkd)) }).Check(Thorough));

    private static Property Law(Func<ReceiptLine, ReceiptLine> told) => Prop.ForAll(
        (from points in Gen.Choose(1, 9)
         from every in Gen.Choose(1, 2_000)
         from rounding in Gen.Elements(Rounding.Floor, Rounding.Nearest, Rounding.Ceiling, Rounding.Carry)
         from at in Gen.Elements(RoundingPoint.Rule, RoundingPoint.Line)
         from most in Gen.Choose(0, 40)
         from over in Gen.Choose(5, 14)
         from spends in Gen.Choose(1, 5_000).NonEmptyListOf().Where(spends => spends.Count < 6)
         select (points, every, rounding, at, most, over, spends)).ToArbitrary(),
        given =>
        {
            var per = new PointsPerAmount { Name = "base", Unit = "points", Points = given.points, Every = new Money(given.every, Currency.Hkd), Basis = EarningBasis.AllLines, Rounding = given.rounding, RoundAt = given.rounding == Rounding.Carry ? RoundingPoint.Rule : given.at };
            var more = new Multiplier { Name = "more", Unit = "points", Factor = new Ratio(given.over, 4), Rounding = given.rounding };
            Holds(per, more, given.most, [.. given.spends], told).GetAwaiter().GetResult();
        });

    private static async Task Holds(PointsPerAmount per, Multiplier more, int most, int[] spends, Func<ReceiptLine, ReceiptLine> told)
    {
        var club = Club.Of(Program(per, more) with { Limits = [new() { Name = "each", Unit = "points", Per = CapPeriod.Day, Most = most }] });
        foreach (var cents in spends)
        {
            EventLine[] lines = [new("tea", 1, new Money(cents, Currency.Hkd)), new("cup", 1, new Money((cents / 2) + 1, Currency.Hkd))];
            var spend = cents + (cents / 2) + 1;
            var receipt = await club.Records(CustomerEvent.Purchase(club.NextKey(), Samples.Amy, new Money(spend, Currency.Hkd), lines.ToSequence()));
            var given = 0L;
            foreach (var line in receipt.Lines.Where(line => line.Code is LineCodes.Issued or LineCodes.Withheld).Select(told))
            {
                Assert.True(line.AddsUp);
                if (line.Subject == per.Name)
                {
                    Assert.Equal(spend, Exact(line, LineCodes.Basis) * 100);
                    Steps(Exact(line, LineCodes.Basis) * 100, 100, per.Every.MinorUnits, per.Points, line);
                    given = line.Amount;
                }
                else
                {
                    // What is multiplied, times what the factor adds, over its denominator, is what is added.
                    Assert.Equal(given, Exact(line, LineCodes.Basis));
                    Steps(given * (more.Factor.Numerator - more.Factor.Denominator), more.Factor.Denominator, more.Factor.Denominator, 1, line);
                }
            }
        }
    }

    // The basis with what came from before, without what was left, is whole steps; where rounding up filled some, less than a step each is over.
    private static void Steps(decimal basis, long measure, long step, long points, ReceiptLine line)
    {
        var whole = basis + ((Exact(line, LineCodes.Carried) - Exact(line, LineCodes.Dropped) - Exact(line, LineCodes.Kept)) * measure);
        var over = whole - ((decimal)Amount(line, LineCodes.Base) / points * step);
        var filled = Amount(line, LineCodes.Rounding) / points;
        Assert.True(filled == 0 ? over == 0 : over > 0 && over < filled * step, $"{basis} in steps of {step}: {string.Join(", ", Parts(line))}");
    }

    private static long Amount(ReceiptLine line, string code) => LoyaltyTexts.PartsOf(line).Where(part => part.Code == code).Sum(part => part.Amount);

    // "52.00 HKD", "5 points" and "1/2 points" as numbers; 0 where nothing is told.
    private static decimal Exact(ReceiptLine line, string code)
    {
        if (LoyaltyTexts.PartsOf(line).SingleOrDefault(part => part.Code == code)?.Subject is not { } subject)
        {
            return 0;
        }

        var number = subject.Split(' ')[0].Split('/').Select(term => decimal.Parse(term, CultureInfo.InvariantCulture)).ToList();
        return number.Count == 1 ? number[0] : number[0] / number[1];
    }

    private static IEnumerable<(string Code, string Subject, long Amount)> Parts(ReceiptLine line) => LoyaltyTexts.PartsOf(line).Select(part => (part.Code, part.Subject ?? "", part.Amount));

    private static LoyaltyProgram Program(params IEarningRule[] rules) => Samples.TeaClub with
    {
        Ladders = [],
        Rules = rules.ToSequence(),
        Units = [new("points", UnitKind.Redeemable), new("status", UnitKind.Status)],
    };
}
