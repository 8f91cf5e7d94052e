using Crm.Conditions;
using Crm.Engine;
using Crm.Loyalty.Challenges;
using Crm.Loyalty.Linting;
using Crm.Loyalty.Members;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Testing;
using Crm.Loyalty.Tiers;
using Crm.Loyalty.Wallets;
using Crm.Testing;
using Crm.Values;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using NodaTime;

namespace Crm.Loyalty.Tests.Linting;

/// <summary>What the linter finds in programmes that are valid and cannot be meant: each finding is shown by its witness, through the engine.</summary>
public sealed class Findings
{
    private static readonly LoyaltyProgram Plain = Samples.TeaClub with { Ladders = [], Rules = [Samples.Per(1, 10)], Units = [new("points", UnitKind.Redeemable)] };
    private static readonly Reward TenDollars = new() { Name = "ten", Kind = new RewardKind.Discount(Money.Hkd(10)), Costs = [new("points", 100)] };
    private static readonly FixedPoints Five = new() { Name = "five", Unit = "points", Points = 5 };

    private static readonly Dictionary<string, (string Code, string Path, LoyaltyProgram Program)> Cases = new(StringComparer.Ordinal)
    {
        ["a ladder of a unit that nothing gives"] = (FindingCodes.UnreachableTier, "ladders[0].tiers[1]", Plain with
        {
            Units = [.. Plain.Units, new("status", UnitKind.Status)],
            Ladders = [new() { Unit = "status", Tiers = [new("bronze", 0), new("silver", 20)] }],
        }),
        ["a yearly limit below the threshold of a year"] = (FindingCodes.UnreachableTier, "ladders[0].tiers[2]", Samples.TeaClub with { Limits = [new() { Name = "year", Unit = "status", Per = CapPeriod.Year, Most = 49 }] }),
        ["a monthly limit below the threshold of a year"] = (FindingCodes.UnreachableTier, "ladders[0].tiers[2]", Samples.TeaClub with { Limits = [new() { Name = "month", Unit = "status", Per = CapPeriod.Month, Most = 4 }] }),
        ["a balance below the threshold"] = (FindingCodes.UnreachableTier, "ladders[0].tiers[0]", Plain with
        {
            Limits = [new() { Name = "held", Unit = "points", Per = CapPeriod.Balance, Most = 99 }],
            Ladders = [new() { Metric = new QualificationMetric.UnitsHeld("points"), Tiers = [new("gold", 100)] }],
        }),
        ["more days than a month has"] = (FindingCodes.UnreachableTier, "ladders[0].tiers[0]", Plain with
        {
            Ladders = [new() { Metric = new QualificationMetric.Visits { OncePerDay = true }, Window = new QualificationWindow.Calendar(CalendarUnit.Month), Tiers = [new("daily", 32)] }],
        }),
        ["a tier whose condition cannot hold"] = (FindingCodes.UnreachableTier, "ladders[0].tiers[1]", Samples.TeaClub with
        {
            Ladders = [Samples.TeaClub.Ladders[0] with { Tiers = [new("bronze", 0), new("silver", 20) { When = If.Purchases().Count().AtLeast(5) & If.Purchases().Count().LessThan(3) }] }],
        }),
        ["eighteen tiers, each of which gives the next"] = (FindingCodes.LongChain, "ladders[0]", Plain with
        {
            Rules = [Samples.Per(1, 10), Five with { Points = 10, On = [LoyaltyNames.TierChanged] }],
            Ladders = [new() { Metric = new QualificationMetric.UnitsHeld("points"), Tiers = Enumerable.Range(1, 18).Select(tier => new Tier($"t{tier}", tier * 10)).ToSequence() }],
        }),
        ["a reward that gives itself below the tier"] = (FindingCodes.DeadTier, "ladders[0].tiers[0]", Plain with
        {
            Rewards = [new() { Name = "voucher", Kind = new RewardKind.Percentage(1), Costs = [new("points", 100)], AutoAt = 100 }],
            Ladders = [new() { Metric = new QualificationMetric.UnitsHeld("points"), Tiers = [new("gold", 150)] }],
        }),
        ["a channel that the programme does not have"] = (FindingCodes.RuleNeverFires, "rules[0]", Plain with
        {
            Scope = new() { Channels = ["shop"] },
            Rules = [Samples.Per(1, 10) with { Terms = new() { Scope = new() { Channels = ["web"] } } }],
        }),
        ["a Sunday in a week without one"] = (FindingCodes.RuleNeverFires, "rules[1]", Plain with
        {
            Rules = [Samples.Per(1, 10), Five with { Terms = new() { Hours = new() { From = new LocalDateTime(2026, 1, 5, 0, 0), Until = new LocalDateTime(2026, 1, 10, 0, 0), Days = [IsoDayOfWeek.Sunday] } } }],
        }),
        ["more than 500 and less than 100"] = (FindingCodes.RuleNeverFires, "rules[1]", Plain with { Rules = [Samples.Per(1, 10), Five with { When = If.Field("event.spend").AtLeast(500) & If.Field("event.spend").LessThan(100) }] }),
        ["no purchase before the first"] = (FindingCodes.RuleNeverFires, "rules[1]", Plain with { Rules = [Samples.Per(1, 10), Five with { When = If.Purchases().Count().Is(0) }] }),
        ["a visit among purchases"] = (FindingCodes.RuleNeverFires, "rules[1]", Plain with { Rules = [Samples.Per(1, 10), Five with { When = If.Field("event.kind").Is("visit") }] }),
        ["an article included and excluded"] = (FindingCodes.RuleNeverFires, "rules[1]", Plain with { Rules = [Samples.Per(1, 10), Five with { With = new() { Skus = ["tea"], ExceptSkus = ["tea"] } }] }),
        ["a multiplier before everything"] = (FindingCodes.RuleNeverFires, "rules[0]", Plain with { Rules = [new Multiplier { Name = "double", Unit = "points", Factor = new Ratio(2, 1) }, Samples.Per(1, 10)] }),
        ["a limit of nothing"] = (FindingCodes.RuleNeverFires, "rules[1]", Plain with { Rules = [Samples.Per(1, 10), Five], Limits = [new() { Name = "none", Unit = "points", Per = CapPeriod.Day, Most = 0, Rules = ["five"] }] }),
        ["a limit that rejects every award"] = (FindingCodes.RuleNeverFires, "rules[1]", Plain with { Rules = [Samples.Per(1, 10), Five], Limits = [new() { Name = "four", Unit = "points", Per = CapPeriod.Day, Most = 4, Rules = ["five"], Overflow = Overflow.Reject }] }),
        ["a better rule of the group that always gives"] = (FindingCodes.RuleNeverFires, "rules[1]", Plain with
        {
            Rules = [Five with { Terms = new() { Group = "g" } }, Five with { Name = "three", Points = 3, Terms = new() { Group = "g" } }],
            Groups = [new("g", StackingPolicy.BestOf)],
        }),
        ["an earlier rule of the group that always gives"] = (FindingCodes.RuleNeverFires, "rules[1]", Plain with
        {
            Rules = [Five with { Terms = new() { Group = "g", Priority = 2 } }, Samples.Per(3, 1) with { Name = "three", Terms = new() { Group = "g" } }],
            Groups = [new("g", StackingPolicy.FirstMatch)],
        }),
        ["a most below the step"] = (FindingCodes.CapBelowStep, "rules[0].most", Plain with { Rules = [Samples.Per(100, 10) with { Terms = new() { Most = 60 } }] }),
        ["a limit below the step"] = (FindingCodes.CapBelowStep, "limits[0].most", Plain with { Rules = [Samples.Per(100, 10)], Limits = [new() { Name = "daily", Unit = "points", Per = CapPeriod.Day, Most = 99 }] }),
        ["nothing between 100 and 200"] = (FindingCodes.Gap, "rules[2].when", Plain with
        {
            Rules = [Samples.Per(1, 10), Five with { When = If.Field("event.spend").LessThan(100) }, Five with { Name = "ten", Points = 10, When = If.Field("event.spend").AtLeast(200) }],
        }),
        ["nothing for exactly 100"] = (FindingCodes.Gap, "rules[2].when", Plain with
        {
            Rules = [Samples.Per(1, 10), Five with { When = If.Field("event.spend").LessThan(100) }, Five with { Name = "ten", Points = 10, When = If.Field("event.spend").MoreThan(100) }],
        }),
        ["200 counted twice"] = (FindingCodes.Overlap, "rules[1].when", Plain with
        {
            Rules = [Five with { When = If.Field("event.spend").AtMost(200) }, Five with { Name = "ten", Points = 10, When = If.Field("event.spend").AtLeast(200) }],
        }),
        ["silver left out"] = (FindingCodes.TierGap, "rules[2].byTier", Samples.TeaClub with
        {
            Rules = [.. Samples.TeaClub.Rules, new Multiplier { Name = "tiers", Unit = "points", ByTier = [new("bronze", new Ratio(3, 2)), new("gold", new Ratio(2, 1))] }],
        }),
        ["idle before available"] = (FindingCodes.ExpiryBeforeActivation, "units[0].pending", Plain with
        {
            Units = [new("points", UnitKind.Redeemable) { Expiry = new LotExpiry.WhenIdle(0, 20, LastDay.Included), Activation = Activation.AfterDays(30) }],
        }),
        ["a tenth for a tenth"] = (FindingCodes.MoneyPump, "rules[0]", Plain with { Rules = [Samples.Per(10, 1)], Rewards = [TenDollars] }),
        ["a gift for every purchase"] = (FindingCodes.MoneyPump, "rules[1]", Plain with { Rules = [Samples.Per(1, 10), Five with { Points = 50 }], Rewards = [TenDollars] }),
        ["points that pay more than they cost"] = (FindingCodes.MoneyPump, "rules[0]", Plain with { Payment = new() { Unit = "points", Points = 1, Value = Money.Hkd(12), Minimum = 30 } }),
        ["stars to points and back"] = (FindingCodes.ConversionPump, "conversions[0]", Plain with
        {
            Units = [.. Plain.Units, new("stars", UnitKind.Redeemable)],
            Conversions = [new("up", "points", "stars", 10, 3), new("down", "stars", "points", 1, 4)],
        }),
        ["a reward of more units than it costs"] = (FindingCodes.ConversionPump, "rewards[0]", Plain with { Rewards = [new() { Name = "more", Kind = new RewardKind.Units(new("points", 11)), Costs = [new("points", 10)] }] }),
        ["a welcome that can be given away"] = (FindingCodes.GiftPump, "membership.welcome[0]", Plain with { Units = [Plain.Units[0] with { Transferable = true }], Membership = new() { Welcome = [new("points", 50)] } }),
        ["friends who pay less than they bring"] = (FindingCodes.ReferralPump, "referrals", Plain with
        {
            Rewards = [TenDollars],
            Referrals = new() { Advocate = new("points", 300), Friend = new("points", 200), Minimum = Money.Hkd(50) },
        }),
        ["friends who only come"] = (FindingCodes.ReferralPump, "referrals", Plain with { Rewards = [TenDollars], Referrals = new() { For = ReferralFor.Coming, Advocate = new("points", 1) } }),
        ["what is missing is written off"] = (FindingCodes.RefundLoop, "units[0].debt", Plain with { Units = [new("points", UnitKind.Redeemable) { Debt = DebtPolicy.ClampToZero }], Rewards = [TenDollars] }),
        ["an achievement that stays when the order goes back"] = (FindingCodes.RefundLoop, "challenges[0].keepsAchieved", Plain with
        {
            Rewards = [TenDollars],
            Challenges = [new() { Name = "three", Goals = [new("orders", 3), new("money", 9_000) { Measure = GoalMeasure.Money, Currency = Currency.Hkd }], Recurrence = Recurrence.OnCompletion, KeepsAchieved = true, Award = [new("points", 40)] }],
        }),
        ["a call that the author allows"] = (FindingCodes.AllowedCall, "rules[0]", Plain with { Rules = [new Timed()] }),
    };

    public static TheoryData<string> Names => [.. Cases.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Each_is_found_at_its_place_and_shown_by_its_witness(string name)
    {
        var (code, path, program) = Cases[name];

        var found = ProgramLinter.Findings(program);

        var finding = Assert.Single(found, finding => finding.Code == code && finding.Path == path);
        Assert.NotEqual("", finding.Sentence.English);
        Assert.Contains(finding.Sentence.Chinese, letter => letter > '\u4e00');
        foreach (var each in found)
        {
            await Witnesses.CheckAsync(program, each);
        }
    }

    [Theory]
    [InlineData(Recurrence.Once, 40, false)]
    [InlineData(Recurrence.Once, 100, true)]
    [InlineData(Recurrence.OnCompletion, 1, true)]
    public void An_achievement_that_stays_is_found_where_what_it_gives_suffices_for_something(Recurrence recurrence, long award, bool found)
    {
        var challenge = new Challenge { Name = "one", Goals = [new("orders", 1)], Recurrence = recurrence, KeepsAchieved = true, Award = [new("points", award)] };

        Assert.Equal(found, ProgramLinter.Findings(Plain with { Rewards = [TenDollars], Challenges = [challenge] }).Any(finding => finding.Code == FindingCodes.RefundLoop));
        Assert.Empty(ProgramLinter.Findings(Plain with { Rewards = [TenDollars], Challenges = [challenge with { KeepsAchieved = false }] }));
    }

    [Fact]
    public async Task Of_spans_that_overlap_each_pair_is_found_and_no_gap_that_another_fills()
    {
        var (first, second, third) = (Five with { When = If.Field("event.spend").LessThan(100) }, Five with { Name = "ten", Points = 10, When = Between(10, 20) }, Five with { Name = "twenty", Points = 20, When = Between(50, 60) });
        var (fourth, program) = (Five with { Name = "fifty", Points = 50, When = If.Field("event.spend").MoreThan(99.99m) }, Plain with { Rules = [first, second, third] });

        var found = ProgramLinter.Findings(program);

        Assert.Equal([(FindingCodes.Overlap, "rules[1].when"), (FindingCodes.Overlap, "rules[2].when")], found.Select(finding => (finding.Code, finding.Path)));
        Assert.Equal(found.Select(finding => finding.Code), ProgramLinter.Findings(program with { Rules = [first, second, third, fourth] }).Select(finding => finding.Code));
        foreach (var each in found)
        {
            await Witnesses.CheckAsync(program, each);
        }

        static Condition Between(decimal from, decimal until) => If.Field("event.spend").AtLeast(from) & If.Field("event.spend").LessThan(until);
    }

    [Fact]
    public void A_sound_programme_has_no_finding()
    {
        Assert.Empty(ProgramLinter.Findings(Samples.TeaClub with { Rewards = [TenDollars] }));
        Assert.Empty(ProgramLinter.Findings(Samples.TeaClub with
        {
            Rules = [.. Samples.TeaClub.Rules, Five with { When = If.Purchases().Count().Is(1) }, Five with { Name = "small", When = If.Field("event.spend").LessThan(100) }, Five with { Name = "large", When = If.Field("event.spend").AtLeast(100) }],
            Limits = [new() { Name = "year", Unit = "status", Per = CapPeriod.Year, Most = 50 }],
        }));
    }

    [Fact]
    public void All_findings_come_at_once_in_the_order_of_the_programme()
    {
        var program = Plain with { Rules = [Samples.Per(10, 1), Five with { When = If.Purchases().Count().Is(0) }], Rewards = [TenDollars], Units = [new("points", UnitKind.Redeemable) { Debt = DebtPolicy.ClampToZero }] };

        Assert.Equal([FindingCodes.RuleNeverFires, FindingCodes.MoneyPump, FindingCodes.RefundLoop], ProgramLinter.Findings(program).Select(finding => finding.Code));
    }

    [Fact]
    public void A_host_may_refuse_them_at_start_and_let_pass_what_is_meant()
    {
        var wrong = Plain with { Rules = [Samples.Per(10, 1), Five with { When = If.Purchases().Count().Is(0) }], Rewards = [TenDollars] };
        ServiceCollection Host(params string[] meant) => (ServiceCollection)new ServiceCollection().AddCrm(crm => crm.UseMemory().AddLoyalty(loyalty => loyalty.Program(wrong).RefuseFindings([.. meant])));

        Assert.Equal(2, Assert.Throws<InvalidLoyaltyProgramException>(() => Host()).Errors.Count);
        Assert.Equal("tea-club, rules[1]", Assert.Single(Assert.Throws<InvalidLoyaltyProgramException>(() => Host(FindingCodes.MoneyPump)).Errors).Path);
        Assert.NotEmpty(Host(FindingCodes.MoneyPump, FindingCodes.RuleNeverFires));
        Assert.Equal(2, new LoyaltyModule(wrong).Findings.Count);
    }

    [Fact]
    public void A_host_is_told_at_start_of_all_that_is_found_and_not_meant_with_a_cart_each()
    {
        var wrong = Plain with { Rules = [Samples.Per(10, 1), Five with { When = If.Purchases().Count().Is(0) }], Rewards = [TenDollars] };
        List<string> Start(Func<LoyaltyBuilder, LoyaltyBuilder> also)
        {
            using var log = new ListedLog();
            using var host = new ServiceCollection().AddSingleton<ILoggerFactory>(log).AddCrm(crm => crm.UseMemory().AddLoyalty(loyalty => also(loyalty.Program(wrong)))).BuildServiceProvider();
            host.GetRequiredService<CrmEngine>();
            return log.Lines;
        }

        Assert.Collection(
            Start(loyalty => loyalty),
            line => Assert.Matches(@"^Warning 7101: Programme 'tea-club', rules\[1\]: .+ \(rule-never-fires\) It shows when this happens: \S+Z purchase .+HKD", line),
            line => Assert.Matches(@"^Warning 7101: Programme 'tea-club', .+ \(money-pump\) It shows when this happens: \S+Z purchase .+HKD", line));
        Assert.Empty(Start(loyalty => loyalty.RefuseFindings(FindingCodes.MoneyPump, FindingCodes.RuleNeverFires)));
    }

    [Fact]
    public void A_price_that_is_known_turns_an_article_into_money()
    {
        var program = Plain with { Rules = [Samples.Per(1, 1)], Rewards = [new() { Name = "mug", Kind = new RewardKind.Physical("mug"), Costs = [new("points", 50)] }] };

        Assert.Empty(ProgramLinter.Findings(program));
        Assert.Contains(ProgramLinter.Findings(program, new LintAssumptions { Prices = [new("mug", Money.Hkd(60))] }), finding => finding.Code == FindingCodes.MoneyPump);
    }

    [Fact]
    public void What_has_no_known_worth_leaves_the_worst_case_without_a_bound_and_is_named()
    {
        var mug = new Reward { Name = "mug", Kind = new RewardKind.Physical("mug"), Costs = [new("points", 50)] };
        var program = Plain with { Rules = [Samples.Per(1, 10)], Rewards = [TenDollars, mug] };
        var cost = ProgramLinter.WorstCase(program);

        Assert.Equal(((decimal?)null, "rewards[1]", (decimal?)null), (cost.AtMost, string.Join(", ", cost.Unpriced), cost.Units[0].CostInAYear));
        var abroad = ProgramLinter.WorstCase(Plain with { Rules = [Samples.Per(1, 10)], Rewards = [TenDollars with { Kind = new RewardKind.GiftCard(Money.Of(10, Currency.Of("USD"))) }] });
        Assert.Equal(((decimal?)null, "rewards[0]"), (abroad.AtMost, string.Join(", ", abroad.Unpriced)));
        var gift = ProgramLinter.WorstCase(Plain with { Rules = [Samples.Per(1, 10)], Rewards = [TenDollars with { Costs = [] }] });
        Assert.Equal(((decimal?)null, "rewards[0]"), (gift.AtMost, string.Join(", ", gift.Unpriced)));
        var priced = ProgramLinter.WorstCase(program, new LintAssumptions { Prices = [new("mug", Money.Hkd(60))] });
        Assert.Equal((0.12m, 0), (priced.AtMost, priced.Unpriced.Count));
        Assert.Equal((null, "stampCards[0]"), (ProgramLinter.WorstCase(Plain with { StampCards = [Stamps.CupCards.Buy(9)] }).AtMost, string.Join(", ", ProgramLinter.WorstCase(Plain with { StampCards = [Stamps.CupCards.Buy(9)] }).Unpriced)));
    }

    [Fact]
    public void The_worst_case_is_an_interval_with_a_cart()
    {
        var cost = ProgramLinter.WorstCase(Plain with { Rewards = [TenDollars], Rules = [Samples.Per(1, 10), Five with { Terms = new() { MinimumSpend = Money.Hkd(100) } }], Limits = [new() { Name = "year", Unit = "points", Per = CapPeriod.Year, Most = 5_000, Rules = [] }] });

        // A tenth by the one rule and a twentieth by the other, and a point is worth 0.10; a limit keeps the lower end from being certain.
        Assert.Equal((0m, 0.015m, 500m), (cost.AtLeast, cost.AtMost, cost.Units[0].CostInAYear));
        var free = ProgramLinter.WorstCase(Plain with { Rewards = [TenDollars], Rules = [Samples.Per(1, 10), Five with { Terms = new() { MinimumSpend = Money.Hkd(100) } }] });
        Assert.Equal((0.015m, 0.015m, Money.Hkd(100)), (free.AtLeast, free.AtMost, free.Units[0].Cart?.Spend));
        Assert.Null(ProgramLinter.WorstCase(Plain with { Rules = [Samples.Per(1, 10) with { Basis = new EarningBasis.Spend { BeforeDiscount = true } }], Rewards = [TenDollars] }).AtMost);
    }

    [Fact]
    public void Where_nothing_bounds_a_member_it_is_said_what_would()
    {
        var open = ProgramLinter.WorstCase(Plain with { Rewards = [TenDollars], Limits = [new() { Name = "one", Unit = "points", Per = CapPeriod.Month, Most = 50, Rules = ["base"] }] }).Units[0];
        var bounded = ProgramLinter.WorstCase(Plain with { Rewards = [TenDollars], Limits = [new() { Name = "all", Unit = "points", Per = CapPeriod.Month, Most = 50 }] }).Units[0];

        Assert.Contains("A limit on 'points' over all rules", open.WouldBound?.English, StringComparison.Ordinal);
        Assert.Null(bounded.WouldBound);
        Assert.Equal((600L, 60m), (bounded.InAYear, bounded.CostInAYear));
    }

    [Fact]
    public void A_chain_that_an_engine_follows_to_its_end_is_no_finding()
    {
        var brief = Plain with
        {
            Rules = [Samples.Per(1, 10), Five with { Points = 10, On = [LoyaltyNames.TierChanged] }],
            Ladders = [new() { Metric = new QualificationMetric.UnitsHeld("points"), Tiers = Enumerable.Range(1, 16).Select(tier => new Tier($"t{tier}", tier * 10)).ToSequence() }],
        };

        Assert.DoesNotContain(ProgramLinter.Findings(brief), finding => finding.Code == FindingCodes.LongChain);
    }

    [Fact]
    public async Task A_claim_that_is_not_so_is_caught()
    {
        var program = Plain with { Rules = [Samples.Per(1, 1), Five with { When = If.Purchases().Count().Is(0) }] };
        var finding = Assert.Single(ProgramLinter.Findings(program));
        WitnessClaim[] wrong =
        [
            new WitnessClaim.EarnsNothing("base"), new WitnessClaim.EarnsLess("base", 0), new WitnessClaim.Earns(["base"], [12_345]), new WitnessClaim.NotHeld("tier", "gold"),
            new WitnessClaim.GoneWhenAvailable("points", Samples.Local(2027, 1, 1)), new WitnessClaim.MoneyBack(), new WitnessClaim.Grows("points"), new WitnessClaim.CutOff(), new WitnessClaim.Gathers("points", 1_000),
            new WitnessClaim.HoldsWorth([new("points", 100, Money.Hkd(1), "rewards[0]")]),
        ];

        foreach (var claim in wrong)
        {
            await Assert.ThrowsAsync<LawBroken>(async () => await Witnesses.CheckAsync(program, finding with { Witness = finding.Witness with { Claim = claim } }));
        }
    }

    [Fact]
    public async Task A_programme_that_was_mended_no_longer_shows_what_was_found()
    {
        foreach (var (name, mended) in new (string, Func<LoyaltyProgram, LoyaltyProgram>)[]
        {
            ("a tenth for a tenth", program => program with { Rules = [Samples.Per(1, 10)] }),
            ("what is missing is written off", program => program with { Units = [new("points", UnitKind.Redeemable)] }),
            ("a yearly limit below the threshold of a year", program => program with { Limits = [] }),
            ("a most below the step", program => program with { Rules = [Samples.Per(100, 10)] }),
            ("idle before available", program => program with { Units = [Plain.Units[0] with { Activation = Activation.AfterDays(30) }] }),
            ("stars to points and back", program => program with { Conversions = [new("up", "points", "stars", 10, 2), new("down", "stars", "points", 1, 4)] }),
            ("a welcome that can be given away", program => program with { Membership = MembershipRules.Usual }),
        })
        {
            var finding = ProgramLinter.Findings(Cases[name].Program)[0];

            await Assert.ThrowsAsync<LawBroken>(async () => await Witnesses.CheckAsync(mended(Cases[name].Program), finding));
        }
    }

    private sealed class ListedLog : ILoggerFactory, ILogger
    {
        public List<string> Lines { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException("The lines are listed here.");

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => Lines.Add($"{logLevel} {eventId.Id}: {formatter(state, exception)}");

        public void Dispose()
        {
            // What was listed is read afterwards.
        }
    }

    /// <summary>Measures how long it takes, which changes nothing of what it gives.</summary>
    [AllowedCall("System.Diagnostics.Stopwatch.GetTimestamp", "How long a rule takes is measured and not given.")]
    private sealed class Timed : IEarningRule
    {
        public string Name => "timed";

        public int Version => 1;

        public IEnumerable<Earning> Evaluate(EarningContext context)
        {
            Took = System.Diagnostics.Stopwatch.GetTimestamp();
            return [new("points", 1)];
        }

        public long Took { get; private set; }
    }
}
