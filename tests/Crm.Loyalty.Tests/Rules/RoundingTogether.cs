using Crm.Events;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Tests.Recording;
using Crm.Loyalty.Wallets;
using Crm.Modules;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;
using Outcome = Crm.Modules.Outcome;

namespace Crm.Loyalty.Tests.Rules;

/// <summary>Units that parts of several rules make together are units as any: limits cut them, budgets pay for them, terms count them, and they have the life that the rule says.</summary>
public sealed class RoundingTogether
{
    [Theory]
    [InlineData(Overflow.Truncate)]
    [InlineData(Overflow.Reject)]
    public async Task A_limit_counts_and_cuts_what_parts_make_together(Overflow overflow)
    {
        var club = Club.Of(Program() with { Limits = [new() { Name = "daily", Unit = "points", Per = CapPeriod.Day, Most = 2, Overflow = overflow }] });

        Assert.Equal((long[])[1, 1, 0], await Totals(club, 1, 1, 1));
        var receipt = await club.Buys(1);
        Assert.Equal(["daily"], receipt.Lines.Where(line => line.Code == LineCodes.Withheld).SelectMany(line => line.Parts).Where(part => part.Code == LineCodes.Limited).Select(part => part.Subject).Distinct());
        club.On(2026, 1, 16);
        Assert.Equal((long[])[1], await Totals(club, 1));
    }

    [Theory]
    [InlineData("one")]
    [InlineData("two")]
    public async Task A_limit_of_one_of_the_rules_counts_what_it_had_a_part_in(string rule)
    {
        var club = Club.Of(Program() with { Limits = [new() { Name = "daily", Unit = "points", Per = CapPeriod.Day, Most = 1, Rules = [rule] }] });

        Assert.Equal((long[])[1, 0], await Totals(club, 1, 1));
    }

    [Fact]
    public async Task Rules_that_have_room_make_units_without_the_one_that_has_none()
    {
        var club = Club.Of(Program(Half("one"), Half("two"), Half("three")) with { Limits = [new() { Name = "daily", Unit = "points", Per = CapPeriod.Day, Most = 1, Rules = ["one"] }] });

        Assert.Equal((long[])[1, 1, 1], await Totals(club, 1, 1, 1));
    }

    [Fact]
    public async Task A_budget_pays_for_what_parts_make_together_and_stops_it()
    {
        var club = Club.Of(Program() with { Budgets = [new() { Name = "spring", Unit = "points", PerUnit = 10 }] });
        await club.Fills("loyalty.tea-club.spring", 25);

        Assert.Equal((long[])[1, 1, 0], await Totals(club, 1, 1, 1));
        Assert.Equal(5, await club.Stock("loyalty.tea-club.spring"));
    }

    [Fact]
    public async Task A_refund_gives_limit_and_budget_back()
    {
        var club = Club.Of(Program() with
        {
            Limits = [new() { Name = "daily", Unit = "points", Per = CapPeriod.Day, Most = 1 }],
            Budgets = [new() { Name = "spring", Unit = "points", PerUnit = 10 }],
        });
        await club.Fills("loyalty.tea-club.spring", 25);
        await club.Buys(1, "pos:sale");
        await club.Returns("pos:sale", 1);

        Assert.Equal(25, await club.Stock("loyalty.tea-club.spring"));
        Assert.Equal((long[])[1, 0], await Totals(club, 1, 1));
    }

    [Theory]
    [InlineData("one")]
    [InlineData("two")]
    public async Task A_rule_gives_its_part_as_often_as_its_frequency_says(string rule)
    {
        var often = new EarningTerms { Frequency = new(1, CapPeriod.Day) };
        var club = Club.Of(Program(Half("one") with { Terms = rule == "one" ? often : EarningTerms.Usual }, Half("two") with { Terms = rule == "two" ? often : EarningTerms.Usual }));

        Assert.Equal((long[])[1, 0], await Totals(club, 1, 1));
    }

    [Fact]
    public async Task A_rule_that_gave_a_unit_and_a_part_gave_once()
    {
        var club = Club.Of(Program(Half("one") with { Terms = new() { Frequency = new(2, CapPeriod.Day) } }, Half("two")));

        // 1.5 each: one and one, and one together.
        Assert.Equal((long[])[3, 3, 1], await Totals(club, 3, 3, 3));
    }

    [Fact]
    public async Task What_parts_make_together_has_the_life_and_the_issuer_that_the_rule_says()
    {
        var terms = new EarningTerms { Expiry = LotExpiry.AfterDays(10, LastDay.Included), Activation = Activation.AfterDays(2), Issuer = "wellcome" };
        var club = Club.Of(Program(Half("one") with { Terms = terms }, Half("two") with { Terms = terms }));
        await club.Buys(1);
        Assert.Equal(0, await club.Points());
        club.On(2026, 1, 17);

        Assert.Equal([new Lot(Samples.Local(2026, 1, 28), 1) { Issuer = "wellcome" }], (await club.Membership()).Wallet("points").Lots);
    }

    [Fact]
    public async Task The_most_of_a_rule_is_without_a_part_on_top()
    {
        var club = Club.Of(Program(Half("one") with { Terms = new() { Most = 1 } }, Half("two") with { Terms = new() { Most = 1 } }));

        Assert.Equal((long[])[2], await Totals(club, 3));
    }

    [Fact]
    public async Task A_multiplier_that_is_asked_last_multiplies_each_unit_once()
    {
        var club = Club.Of(Program(Half("one"), Half("two"), new Multiplier { Name = "triple", Unit = "points", Factor = new Ratio(3, 1), TierAs = TierMoment.After }) with { Ladders = Samples.TeaClub.Ladders });

        Assert.Equal((long[])[3], await Totals(club, 1));
    }

    [Fact]
    public void No_day_gives_more_than_its_limit_and_budgets_pay_for_every_unit_wherever_rules_round() => Law(program => new LoyaltyModule(program)).Check(Thorough);

    [Fact]
    public void A_unit_on_top_of_limits_is_caught() => Counterfeits.Caught(() => Law(program => new OneMore(program)).Check(Thorough));

    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(60);

    private static Property Law(Func<LoyaltyProgram, ICustomerModule> module) => Prop.ForAll(
        (from rules in (from points in Gen.Choose(1, 3) from every in Gen.Choose(1, 7) from at in Gen.Elements(RoundingPoint.Award, RoundingPoint.Award, RoundingPoint.Rule) from most in Gen.Elements(default(long?), 2) select (points, every, at, most)).NonEmptyListOf().Where(rules => rules.Count < 6)
         from limits in (from most in Gen.Choose(0, 6) from overflow in Gen.Elements(Overflow.Truncate, Overflow.Reject) from which in Gen.Choose(0, 7) select (most, overflow, which)).ListOf().Where(limits => limits.Count < 4)
         from stock in Gen.Choose(0, 60)
         from spends in (from cents in Gen.Choose(1, 1_200) from days in Gen.Elements(0, 0, 0, 1) select (cents, days)).NonEmptyListOf().Where(spends => spends.Count < 12)
         select (rules, limits, stock, spends)).ToArbitrary(),
        given =>
        {
            var rules = given.rules.Select((rule, i) => Samples.Per(rule.points, rule.every) with { Name = $"rule-{i}", RoundAt = rule.at, Terms = rule.most is { } most ? new() { Most = most } : EarningTerms.Usual }).ToList();
            var program = Program([.. rules]) with
            {
                Limits = given.limits.Select((limit, i) => new EarningLimit { Name = $"limit-{i}", Unit = "points", Per = CapPeriod.Day, Most = limit.most, Overflow = limit.overflow, Rules = limit.which < rules.Count ? [rules[limit.which].Name] : [] }).ToSequence(),
                Budgets = [new() { Name = "spring", Unit = "points", PerUnit = 3 }],
            };
            Holds(module(program), program, given.stock, [.. given.spends]).GetAwaiter().GetResult();
        });

    private static async Task Holds(ICustomerModule module, LoyaltyProgram program, int stock, (int Cents, int Days)[] spends)
    {
        var club = new Club(module);
        await club.Fills("loyalty.tea-club.spring", stock);
        var totals = new Dictionary<LocalDate, long>();
        foreach (var (cents, days) in spends)
        {
            club.At(club.Now + Duration.FromDays(days));
            var today = new Moment(club.Now, Samples.HongKong).Date;
            totals[today] = totals.GetValueOrDefault(today) + (await club.Records(CustomerEvent.Purchase(club.NextKey(), Samples.Amy, new Money(cents, Currency.Hkd)))).Total("points");
        }

        foreach (var limit in program.Limits.Where(limit => limit.Rules.IsEmpty))
        {
            Assert.All(totals.Values, total => Assert.InRange(total, 0, limit.Most));
        }

        Assert.Equal(stock - (3 * totals.Values.Sum()), await club.Stock("loyalty.tea-club.spring"));
        Assert.Equal(totals.Values.Sum(), await club.Points());
    }

    private static PointsPerAmount Half(string name) => Samples.Per(1, 2) with { Name = name, RoundAt = RoundingPoint.Award };

    private static LoyaltyProgram Program(params IEarningRule[] rules) => Samples.TeaClub with
    {
        Ladders = [],
        Rules = rules.Length == 0 ? [Half("one"), Half("two")] : rules.ToSequence(),
        Units = [new("points", UnitKind.Redeemable), new("status", UnitKind.Status)],
    };

    private static async Task<long[]> Totals(Club club, params decimal[] spends)
    {
        var totals = new long[spends.Length];
        for (var i = 0; i < spends.Length; i++)
        {
            totals[i] = (await club.Buys(spends[i])).Total("points");
        }

        return totals;
    }

    /// <summary>As if one unit more were rounded up after limits and budgets were looked at.</summary>
    private sealed class OneMore(LoyaltyProgram program) : CustomerModule<LoyaltyState>
    {
        private readonly ICustomerModule inner = new LoyaltyModule(program);

        public override ModuleContract Contract => inner.Contract;

        protected override Outcome Handle(LoyaltyState state, ModuleContext context)
        {
            if (inner.Handle(state, context) is not Outcome.Accepted { State: LoyaltyState next, Entries: [var entry, ..] entries } accepted)
            {
                return inner.Handle(state, context);
            }

            var membership = next.In("tea-club");
            return accepted with { State = next.With(membership.With("points", membership.Wallet("points").Issue(null, 1).Wallet)), Entries = entries.Add(entry with { Amount = 1 }) };
        }
    }
}
