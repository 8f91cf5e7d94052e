using Crm.Engine;
using Crm.Events;
using Crm.Loyalty.Linting;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Tests.Recording;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;

namespace Crm.Loyalty.Tests.Rules;

/// <summary>A group chooses among what its rules would really give, after terms, limits and budgets, to the last part of a unit.</summary>
public sealed class StackingGroups
{
    private const string Spring = "loyalty.tea-club.spring";
    private static readonly FixedPoints Twenty = new() { Name = "twenty", Unit = "points", Points = 20, Terms = new() { Group = "g", Priority = 1, Exclusive = true } };
    private static readonly FixedPoints Ten = Twenty with { Name = "ten", Points = 10, Terms = new() { Group = "g", Exclusive = true } };
    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(100);

    [Theory]
    [InlineData(StackingPolicy.BestOf)]
    [InlineData(StackingPolicy.FirstMatch)]
    [InlineData(StackingPolicy.PriorityExclusive)]
    public async Task Where_the_budget_of_the_first_is_empty_the_next_gives(StackingPolicy policy)
    {
        var program = Program(policy, Ten, Twenty) with { Budgets = [Of("twenty")] };
        var module = new LoyaltyModule(program);
        var club = new Club(module);
        await club.Fills(Spring, 50);

        Assert.Equal((long[])[20, 20, 10, 10], await Totals(club, 4));
        Assert.Equal(10, await club.Stock(Spring));
        Assert.Empty(await club.Differences(module));
    }

    [Theory]
    [InlineData(Overflow.Truncate, 30, 10)]
    [InlineData(Overflow.Reject, 30, 10)]
    [InlineData(Overflow.Truncate, 35, 15)]
    public async Task What_a_limit_leaves_of_a_rule_is_what_it_counts_for(Overflow overflow, long most, long second)
    {
        var club = Club.Of(Program(StackingPolicy.BestOf, Ten, Twenty) with { Limits = [new() { Name = "daily", Unit = "points", Per = CapPeriod.Day, Most = most, Rules = ["twenty"], Overflow = overflow }] });

        // 10 are left of 30 for the better one, as many as the other gives: the first of equals gives them.
        Assert.Equal((long[])[20, second, 10], await Totals(club, 3));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Parts_of_a_unit_are_compared_exactly(bool reversed)
    {
        // 10.00 make 2.5 by the first, 2.86 by the other, and 1.2 by the rule beside them: 4.06 together.
        PointsPerAmount[] rules = [Exact("first", 1, 4) with { Terms = new() { Group = "g", Priority = 1 } }, Exact("other", 2, 7) with { Terms = new() { Group = "g" } }];
        var club = Club.Of(Program(StackingPolicy.BestOf, [.. reversed ? rules.Reverse() : rules, Exact("beside", 3, 25)]));

        Assert.Equal(4, (await club.Buys(10)).Total("points"));
    }

    [Fact]
    public async Task A_rule_that_has_no_room_for_its_part_counts_without_it()
    {
        // 2.5 of which 2 are possible, against 2.25 of which all is: with 0.75 beside it the other makes a unit more.
        var club = Club.Of(Program(StackingPolicy.BestOf, Exact("first", 1, 4) with { Terms = new() { Group = "g", Priority = 1, Most = 2 } }, Exact("other", 9, 40) with { Terms = new() { Group = "g" } }, Exact("beside", 3, 40)));

        Assert.Equal(3, (await club.Buys(10)).Total("points"));
    }

    [Theory]
    [InlineData(1, 2)]
    [InlineData(2, 2)]
    [InlineData(3, 3)]
    public async Task Units_that_the_parts_of_one_rule_make_together_count_as_far_as_there_is_room_for_them(long room, long expected)
    {
        // Six halves, 3 where there is room for them, against a plain 2.
        var halves = new Several(Exact("halves", 1, 20), "halves", 6, new() { Group = "g", Priority = 1 });
        var club = Club.Of(Program(StackingPolicy.BestOf, halves, Ten with { Name = "plain", Points = 2, Terms = new() { Group = "g" } }) with { Limits = [new() { Name = "daily", Unit = "points", Per = CapPeriod.Day, Most = room, Rules = ["halves"] }] });

        Assert.Equal(expected, (await club.Buys(10)).Total("points"));
    }

    [Fact]
    public async Task The_last_of_a_budget_goes_to_one_of_twenty_and_the_others_get_the_next_rules()
    {
        var club = Club.Of(Program(StackingPolicy.BestOf, Ten, Twenty) with { Budgets = [Of("twenty")] });
        await club.Fills(Spring, 20);

        var receipts = await Task.WhenAll(Enumerable.Range(0, 20).Select(n => Task.Run(async () => await club.Records(CustomerEvent.Purchase($"pos:{n}", Identity.User($"{n}"), Money.Hkd(1))))));

        Assert.Equal([.. Enumerable.Repeat(10L, 19), 20L], receipts.Select(receipt => receipt.Total("points")).Order());
        Assert.Equal(0, await club.Stock(Spring));
    }

    [Fact]
    public async Task A_quote_of_what_is_left_is_the_commit()
    {
        var club = Club.Of(Program(StackingPolicy.BestOf, Ten, Twenty) with { Budgets = [Of("twenty")] });
        await club.Fills(Spring, 5);
        var sale = CustomerEvent.Purchase("pos:quoted", Samples.Amy, Money.Hkd(1));

        var quote = await club.Engine.QuoteAsync(sale, TestContext.Current.CancellationToken);

        Assert.Equal(10, quote.Receipt.Total("points"));
        Assert.Equal(quote.Receipt.Lines, Assert.IsType<Quoted.Committed>(await club.Engine.CommitAsync(sale, quote.Token, TestContext.Current.CancellationToken)).Receipt.Lines);
    }

    [Fact]
    public async Task The_receipt_says_what_kept_the_better_rule_from_giving()
    {
        var club = Club.Of(Program(StackingPolicy.BestOf, Ten, Twenty) with { Budgets = [Of("twenty")] });
        await club.Fills(Spring, 5);

        var withheld = (await club.Buys(1)).Lines.Single(line => line.Code == LineCodes.Withheld);

        Assert.Equal([(LineCodes.Base, "twenty", 20L), (LineCodes.BudgetExhausted, "spring", -20L)], withheld.Parts.Select(part => (part.Code, part.Subject ?? "", part.Amount)));
    }

    [Fact]
    public async Task Whoever_asks_why_a_rule_gave_nothing_hears_which_of_its_group_did()
    {
        var club = Club.Of(Program(StackingPolicy.BestOf, Ten, Twenty));

        var quote = await club.Engine.QuoteAsync(LoyaltyEvents.AskingWhyNot(CustomerEvent.Purchase("pos:asked", Samples.Amy, Money.Hkd(1))), TestContext.Current.CancellationToken);

        var line = quote.Receipt.Lines.Single(line => line.Code == LineCodes.WhyNot);
        Assert.Equal(("ten", new Text("Rule 'twenty' of group 'g' gives instead.", "由組別「g」的規則「twenty」代為給予。")), (line.Subject, line.Text));
    }

    [Fact]
    public void A_better_rule_whose_budget_may_be_empty_does_not_always_go_before()
    {
        var program = Program(StackingPolicy.BestOf, Twenty, Ten);

        Assert.Contains(ProgramLinter.Findings(program), finding => finding.Code == FindingCodes.RuleNeverFires);
        Assert.DoesNotContain(ProgramLinter.Findings(program with { Budgets = [Of("twenty")] }), finding => finding.Code == FindingCodes.RuleNeverFires);
    }

    [Fact]
    public void A_group_gives_the_most_that_any_of_its_rules_alone_would() => Law(Given).Check(Thorough);

    [Fact]
    public void Choosing_before_limits_and_budgets_are_looked_at_is_caught() => Counterfeits.Caught(() => Law(async (program, stock, cents) =>
    {
        var free = program with { Limits = [], Budgets = [] };
        var wishes = new List<(string Name, long Points)>();
        foreach (var rule in program.Rules)
        {
            wishes.Add((rule.Name, await Given(Alone(free, rule.Name), stock, cents)));
        }

        return await Given(Alone(program, wishes.MaxBy(wish => wish.Points).Name), stock, cents);
    }).Check(Thorough));

    private static Property Law(Func<LoyaltyProgram, int, int, Task<long>> gives) => Prop.ForAll(
        (from rules in (from points in Gen.Choose(1, 4) from every in Gen.Choose(1, 5) from exact in Gen.Elements(true, false) from most in Gen.Elements(default(long?), 3) from times in Gen.Elements(1, 1, 2, 5) select (points, every, exact, most, times)).NonEmptyListOf().Where(rules => rules.Count < 5)
         from limits in (from most in Gen.Choose(0, 8) from overflow in Gen.Elements(Overflow.Truncate, Overflow.Reject) from which in Gen.Choose(0, 5) select (most, overflow, which)).ListOf().Where(limits => limits.Count < 4)
         from budgeted in Gen.Choose(0, 4)
         from stock in Gen.Choose(0, 20)
         from cents in Gen.Choose(1, 1_500)
         select (rules, limits, budgeted, stock, cents)).ToArbitrary(),
        given =>
        {
            var rules = given.rules.Select((rule, i) => new Several(Samples.Per(rule.points, rule.every) with { RoundAt = rule.exact ? RoundingPoint.Award : RoundingPoint.Rule }, $"rule-{i}", rule.times, new() { Group = "g", Most = rule.most, Priority = i % 2 })).ToList();
            Sequence<string> Which(int place) => place < rules.Count ? [rules[place].Name] : [];
            var program = Program(StackingPolicy.BestOf, [.. rules]) with
            {
                Limits = given.limits.Select((limit, i) => new EarningLimit { Name = $"limit-{i}", Unit = "points", Per = i % 2 == 0 ? CapPeriod.Day : CapPeriod.Award, Most = limit.most, Overflow = limit.overflow, Rules = Which(limit.which) }).ToSequence(),
                Budgets = [new() { Name = "spring", Unit = "points", PerUnit = 2, Rules = Which(given.budgeted) }],
            };
            Holds(program, given.stock, given.cents, gives).GetAwaiter().GetResult();
        });

    private static async Task Holds(LoyaltyProgram program, int stock, int cents, Func<LoyaltyProgram, int, int, Task<long>> gives)
    {
        var most = 0L;
        foreach (var rule in program.Rules)
        {
            most = Math.Max(most, await Given(Alone(program, rule.Name), stock, cents));
        }

        Assert.Equal(most, await gives(program, stock, cents));
        Assert.Equal(most, await gives(program with { Rules = program.Rules.Reverse().ToSequence() }, stock, cents));
    }

    // The programme with one rule; limits and budgets that name others only are none of its business.
    private static LoyaltyProgram Alone(LoyaltyProgram program, string rule) => program with
    {
        Rules = program.Rules.Where(one => one.Name == rule).ToSequence(),
        Limits = program.Limits.Where(limit => limit.Rules.IsEmpty || limit.Rules.Contains(rule)).ToSequence(),
        Budgets = program.Budgets.Where(budget => budget.Rules.IsEmpty || budget.Rules.Contains(rule)).ToSequence(),
    };

    private static async Task<long> Given(LoyaltyProgram program, int stock, int cents)
    {
        var club = Club.Of(program);
        await club.Fills(Spring, stock);
        return (await club.Records(CustomerEvent.Purchase(club.NextKey(), Samples.Amy, new Money(cents, Currency.Hkd)))).Total("points");
    }

    private static async Task<long[]> Totals(Club club, int times)
    {
        var totals = new long[times];
        for (var i = 0; i < times; i++)
        {
            totals[i] = (await club.Buys(1)).Total("points");
        }

        return totals;
    }

    private static PointsPerAmount Exact(string name, long points, decimal every) => Samples.Per(points, every) with { Name = name, RoundAt = RoundingPoint.Award };

    private static EarningBudget Of(string rule) => new() { Name = "spring", Unit = "points", Rules = [rule] };

    private static LoyaltyProgram Program(StackingPolicy policy, params IEarningRule[] rules) => Samples.TeaClub with
    {
        Ladders = [],
        Rules = rules.ToSequence(),
        Groups = [new("g", policy)],
        Units = [new("points", UnitKind.Redeemable)],
    };

    /// <summary>What another rule earns, as often as it says in one answer.</summary>
    private sealed class Several(PointsPerAmount rule, string name, int times, EarningTerms terms) : IEarningRule
    {
        public string Name => name;

        public int Version => 1;

        public EarningTerms Terms => terms;

        public IEnumerable<Earning> Evaluate(EarningContext context) => Enumerable.Range(0, times).SelectMany(_ => rule.Evaluate(context));
    }
}
