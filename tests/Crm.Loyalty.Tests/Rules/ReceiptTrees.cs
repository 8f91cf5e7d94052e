using System.Globalization;
using System.Numerics;
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
    public async Task The_receipt_says_what_parts_drop_that_make_no_whole_unit_together()
    {
        var third = Samples.Per(1, 3) with { RoundAt = RoundingPoint.Award };
        var club = Club.Of(Program(third with { Name = "one" }, third with { Name = "two", Every = Money.Hkd(12) }));

        var lines = (await club.Buys(2)).Lines;

        Assert.Equal([(LineCodes.Issued, "one", 0L), (LineCodes.Issued, "two", 0L), (LineCodes.PartsTogether, "two", 0L)], lines.Select(line => (line.Code, line.Subject ?? "", line.Amount)));
        Assert.Equal([(LineCodes.Basis, "2.00 HKD", 0L), (LineCodes.Base, "two", 0L), (LineCodes.Kept, "1/6 points", 0L)], Parts(lines[1]));
        Assert.Equal([(LineCodes.Dropped, "5/6 points", 0L)], Parts(lines[2]));
        Assert.Equal("The parts of points make no whole one together.", LoyaltyTexts.Describe(lines[2]).English);
        Assert.Equal("points 零數合計不足一個單位。", LoyaltyTexts.Describe(lines[2]).Chinese);
    }

    [Fact]
    public async Task The_receipt_says_what_a_rule_in_code_counted_on()
    {
        var club = Club.Of(Program(new InCode(new Earning("points", 3) { CountedOn = new CountedOn(articles: 7) { Left = 1 } })));

        Assert.Equal([(LineCodes.Basis, "7", 0L), (LineCodes.Base, "in-code", 3L), (LineCodes.Dropped, "1", 0L)], Parts(Assert.Single((await club.Buys(5)).Lines)));
    }

    [Fact]
    public async Task A_rule_in_code_that_counts_on_what_cannot_be_is_named_and_gives_without_it()
    {
        CountedOn[] impossible = [new(articles: 1) { Left = 2 }, new(5, "stars")];
        foreach (var on in impossible)
        {
            var lines = (await Club.Of(Program(new InCode(new Earning("points", 3) { CountedOn = on }))).Buys(5)).Lines;

            Assert.Equal([(LineCodes.RuleBasis, "in-code", 0L), (LineCodes.Issued, "in-code", 3L)], lines.Select(line => (line.Code, line.Subject ?? "", line.Amount)));
            Assert.Null(lines[1].CountedOn);
            Assert.Equal("Rule 'in-code' counted on what cannot be; its award does not say on what.", LoyaltyTexts.Describe(lines[0]).English);
        }
    }

    [Fact]
    public async Task The_parts_are_told_in_both_languages()
    {
        var club = Club.Of(Program(Samples.Per(1, 10)));

        var told = LoyaltyTexts.PartsOf(Assert.Single((await club.Buys(52)).Lines)).Select(LoyaltyTexts.Describe).ToList();

        Assert.Equal(["Counted on 52.00 HKD.", "5 points for whole steps.", "2.00 HKD dropped by rounding down."], told.Select(text => text.English));
        Assert.Equal(["按 52.00 HKD 計算。", "滿額部分所得 5 points。", "捨去零數 2.00 HKD。"], told.Select(text => text.Chinese));
    }

    [Fact]
    public void An_award_can_be_calculated_again_from_its_parts() => Law(line => line).Check(Thorough);

    [Fact]
    public void A_rest_that_is_left_out_is_caught() =>
        Counterfeits.Caught(() => Law(line => line with { CountedOn = line.CountedOn is { } on ? on with { Left = 0 } : null, Parts = line.Parts.Where(part => part.Code is not (LineCodes.Dropped or LineCodes.Kept)).ToSequence() }).Check(Thorough));

    [Fact]
    public void Another_basis_is_caught() =>
        Counterfeits.Caught(() => Law(line => line with { CountedOn = new CountedOn(new Money(1, Currency.Hkd)) }).Check(Thorough));

    [Fact]
    public void What_parts_drop_together_in_silence_is_caught() =>
        Counterfeits.Caught(() => Law(line => line.Code == LineCodes.PartsTogether ? line with { Parts = line.Parts.Where(part => part.Code != LineCodes.Dropped).ToSequence() } : line).Check(Thorough));

    private static Property Law(Func<ReceiptLine, ReceiptLine> told) => Prop.ForAll(
        (from points in Gen.Choose(1, 9)
         from every in Gen.Choose(1, 2_000)
         from rounded in Gen.Elements((Rounding.Floor, RoundingPoint.Rule), (Rounding.Nearest, RoundingPoint.Rule), (Rounding.Ceiling, RoundingPoint.Line), (Rounding.Floor, RoundingPoint.Line), (Rounding.Carry, RoundingPoint.Rule), (Rounding.Floor, RoundingPoint.Award))
         from skus in Gen.Elements<string[]>([], ["tea"], ["mug"])
         from most in Gen.Choose(0, 40)
         from over in Gen.Choose(5, 14)
         from articles in Gen.Choose(1, 3)
         from currency in Gen.Elements(("HKD", 1m), ("MOP", 0.97m), ("JPY", 0.0525m), ("KWD", 25.3m), ("MOP", 0.0001m))
         from sales in (from cents in Gen.Choose(1, 5_000) from quantity in Gen.Choose(1, 4) select (Minor: (long)cents, Quantity: quantity)).NonEmptyListOf().Where(sales => sales.Count < 6)
         select (points, every, rounded, skus, most, over, articles, currency, sales)).ToArbitrary(),
        given =>
        {
            var (rounding, at) = given.rounded;
            var per = new PointsPerAmount { Name = "base", Unit = "points", Points = given.points, Every = new Money(given.every, Currency.Hkd), Basis = new EarningBasis.Lines { Skus = [.. given.skus] }, Rounding = rounding, RoundAt = at };
            var items = new PointsPerItem { Name = "items", Unit = "points", Points = 2, Every = given.articles, Items = new EarningBasis.Lines { Skus = ["tea"] } };
            var more = new Multiplier { Name = "more", Unit = "points", Factor = new Ratio(given.over, 4), Rounding = rounding, RoundAt = at == RoundingPoint.Award ? at : RoundingPoint.Rule };
            Holds(per, items, more, given.most, (Currency.Of(given.currency.Item1), given.currency.Item2), given.sales, told).GetAwaiter().GetResult();
        });

    private static async Task Holds(PointsPerAmount per, PointsPerItem items, Multiplier more, int most, (Currency Of, decimal Rate) paid, List<(long Minor, int Quantity)> sales, Func<ReceiptLine, ReceiptLine> told)
    {
        var club = Club.Of(Program(per, items, more) with { Limits = [new() { Name = "each", Unit = "points", Per = CapPeriod.Day, Most = most }] });
        foreach (var sale in sales)
        {
            EventLine[] lines = [new("tea", sale.Quantity, new Money(sale.Minor, paid.Of)), new("cup", 1, new Money((sale.Minor / 2) + 1, paid.Of))];
            var spend = new Money(lines.Sum(line => line.Amount.MinorUnits), paid.Of);
            var receipt = await club.Records(CustomerEvent.Purchase(club.NextKey(), Samples.Amy, spend, lines.ToSequence()) with { Lookups = paid.Of == Currency.Hkd ? default : Fields.Of((ExchangeRates.Name(paid.Of, Currency.Hkd), paid.Rate)) });
            Holds(per, items, more, Basis(per, lines, paid.Rate), sale.Quantity, [.. receipt.Lines.Where(line => line.Code is LineCodes.Issued or LineCodes.Withheld or LineCodes.PartsTogether).Select(told)]);
        }
    }

    private static void Holds(PointsPerAmount per, PointsPerItem items, Multiplier more, long basis, int teas, List<ReceiptLine> lines)
    {
        var (given, part) = (0L, Exactly.Zero);
        var seen = new HashSet<string>();
        foreach (var line in lines)
        {
            Assert.True(line.AddsUp);
            if (line.Code == LineCodes.PartsTogether || !seen.Add(line.Subject ?? ""))
            {
                // What the rules have kept for it makes its units, and what is dropped.
                Assert.Equal(part, Exactly.Of(Amount(line, LineCodes.Base)) + Told(line, LineCodes.Dropped));
                part = Exactly.Zero;
                continue;
            }

            var (award, left) = (Exactly.Of(Amount(line, LineCodes.Base)), Told(line, LineCodes.Dropped) + Told(line, LineCodes.Kept));
            if (line.Subject == per.Name)
            {
                Assert.Equal(new Exactly(basis, 100), Told(line, LineCodes.Basis));
                var steps = new Exactly(100, per.Every.MinorUnits);
                if (per.RoundAt == RoundingPoint.Award)
                {
                    Assert.Equal(Told(line, LineCodes.Basis) * steps * Exactly.Of(per.Points), award + PartOf(line));
                }
                else
                {
                    Steps((Told(line, LineCodes.Basis) + Told(line, LineCodes.Carried) - left) * steps, per.Points, line);
                }
            }
            else if (line.Subject == items.Name)
            {
                Assert.Equal(Exactly.Of(teas), Told(line, LineCodes.Basis));
                Steps((Told(line, LineCodes.Basis) - left) * new Exactly(1, items.Every), items.Points, line);
            }
            else
            {
                // What is multiplied, times what the factor adds, over its denominator, is what is added.
                Assert.Equal(Exactly.Of(given) + part, Told(line, LineCodes.Basis));
                var added = Told(line, LineCodes.Basis) * new Exactly(more.Factor.Numerator - more.Factor.Denominator, more.Factor.Denominator);
                if (more.RoundAt == RoundingPoint.Award)
                {
                    Assert.Equal(added, award + PartOf(line));
                }
                else
                {
                    Steps(added + Told(line, LineCodes.Carried) - left, 1, line);
                }
            }

            given += line.Amount;
            part += per.RoundAt == RoundingPoint.Award && line.Subject != items.Name ? Told(line, LineCodes.Kept) : Exactly.Zero;
        }

        // Nothing that was kept for the parts together is lost in silence.
        Assert.Equal(Exactly.Zero, part);
    }

    // What there was without what was left is whole steps; where rounding up filled some, less than a step each is over.
    private static void Steps(Exactly steps, long points, ReceiptLine line)
    {
        var over = steps - new Exactly(Amount(line, LineCodes.Base), points);
        var filled = new Exactly(Amount(line, LineCodes.Rounding), points);
        Assert.True(filled == Exactly.Zero ? over == Exactly.Zero : over > Exactly.Zero && filled > over, $"{steps} steps: {string.Join(", ", Parts(line))}");
    }

    // The amount that counts, in cents: converted as a whole, or line by line where lines are rounded.
    private static long Basis(PointsPerAmount per, EventLine[] lines, decimal rate)
    {
        var amounts = lines.Where(line => per.Basis is EarningBasis.Lines { Skus: var skus } && (skus.IsEmpty || skus.Contains(line.Sku))).Select(line => line.Amount.Amount).ToList();
        return per.RoundAt == RoundingPoint.Line ? amounts.Sum(amount => Cents(amount * rate)) : Cents(amounts.Sum() * rate);

        static long Cents(decimal amount) => (long)decimal.Round(amount * 100, 0, MidpointRounding.ToEven);
    }

    private static long Amount(ReceiptLine line, string code) => LoyaltyTexts.PartsOf(line).Where(part => part.Code == code).Sum(part => part.Amount);

    // The part of a unit that an award has on top; what is left of the basis itself is in its own measure.
    private static Exactly PartOf(ReceiptLine line) => Told(line.Parts, LineCodes.Kept) + Told(line.Parts, LineCodes.Dropped);

    private static Exactly Told(ReceiptLine line, string code) => Told(LoyaltyTexts.PartsOf(line), code);

    // "52.00 HKD", "5 points" and "1/2 points" as numbers; 0 where nothing is told.
    private static Exactly Told(Sequence<ReceiptLine> parts, string code) => parts.Where(part => part.Code == code).Aggregate(Exactly.Zero, (sum, part) =>
    {
        var number = (part.Subject ?? "").Split(' ')[0].Split('/').Select(term => decimal.Parse(term, CultureInfo.InvariantCulture)).ToList();
        return sum + new Exactly(new BigInteger(number[0] * 1_000), new BigInteger((number.Count == 1 ? 1 : number[1]) * 1_000));
    });

    /// <summary>An exact number.</summary>
    private readonly record struct Exactly(BigInteger Over, BigInteger Under)
    {
        public static Exactly Zero { get; } = Of(0);

        public static Exactly Of(long whole) => new(whole, 1);

        public static Exactly operator +(Exactly one, Exactly two) => new((one.Over * two.Under) + (two.Over * one.Under), one.Under * two.Under);

        public static Exactly operator -(Exactly one, Exactly two) => new((one.Over * two.Under) - (two.Over * one.Under), one.Under * two.Under);

        public static Exactly operator *(Exactly one, Exactly two) => new(one.Over * two.Over, one.Under * two.Under);

        public static bool operator >(Exactly one, Exactly two) => one.Over * two.Under > two.Over * one.Under;

        public static bool operator <(Exactly one, Exactly two) => two > one;

        public bool Equals(Exactly other) => Over * other.Under == other.Over * Under;

        public override int GetHashCode() => (Over / BigInteger.GreatestCommonDivisor(Over, Under)).GetHashCode();
    }

    private static IEnumerable<(string Code, string Subject, long Amount)> Parts(ReceiptLine line) => LoyaltyTexts.PartsOf(line).Select(part => (part.Code, part.Subject ?? "", part.Amount));

    private sealed class InCode(Earning earning) : IEarningRule
    {
        public string Name => "in-code";

        public int Version => 1;

        public IEnumerable<Earning> Evaluate(EarningContext context) => [earning];
    }

    private static LoyaltyProgram Program(params IEarningRule[] rules) => Samples.TeaClub with
    {
        Ladders = [],
        Rules = rules.ToSequence(),
        Units = [new("points", UnitKind.Redeemable), new("status", UnitKind.Status)],
    };
}
