using Crm.Conditions;
using Crm.Events;
using Crm.Loyalty.Linting;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Testing;
using Crm.Loyalty.Tests.Recording;
using Crm.Loyalty.Tiers;
using Crm.Loyalty.Wallets;
using Crm.Storage;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Loyalty.Tests.Linting;

/// <summary>Over random programmes and histories: what the linter says is so.</summary>
public sealed class LinterLaws
{
    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(120);
    private static readonly Instant Start = Samples.Local(2026, 1, 15, 12);

    [Fact]
    public void Every_witness_shows_its_finding() => Prop.ForAll(Programs.ToArbitrary(), async Task<bool> (program) =>
    {
        foreach (var finding in ProgramLinter.Findings(program))
        {
            await Witnesses.CheckAsync(program, finding);
        }

        return true;
    }).Check(Thorough);

    [Fact]
    public void What_is_called_unreachable_is_never_reached_and_what_never_fires_never_does() => NeverLaw(program => ProgramLinter.Findings(program)).Check(Thorough);

    [Fact]
    public void The_law_catches_a_linter_that_calls_every_tier_unreachable() => Caught(NeverLaw(program => [.. program.Ladders[0].Tiers.Select((_, place) => Blind(FindingCodes.UnreachableTier, $"ladders[0].tiers[{place}]"))]));

    [Fact]
    public void The_law_catches_a_linter_that_calls_every_rule_dead() => Caught(NeverLaw(program => [.. program.Rules.Select((_, place) => Blind(FindingCodes.RuleNeverFires, $"rules[{place}]"))]));

    [Fact]
    public void No_history_earns_more_than_the_worst_case() => CostLaw(program => ProgramLinter.WorstCase(program)).Check(Thorough);

    [Fact]
    public void The_law_catches_a_worst_case_that_is_too_good() => Caught(CostLaw(program =>
    {
        var cost = ProgramLinter.WorstCase(program);
        return cost with { Units = cost.Units.Select(unit => unit with { EarnedAtMost = unit.EarnedAtMost * 0.1m }).ToSequence() };
    }));

    private static Property NeverLaw(Func<LoyaltyProgram, Sequence<ProgramFinding>> linter) => Prop.ForAll(Programs.ToArbitrary(), Histories.ToArbitrary(), async Task<bool> (program, history) =>
    {
        var findings = linter(program);
        if (findings.All(finding => finding.Code is not (FindingCodes.UnreachableTier or FindingCodes.RuleNeverFires)))
        {
            return true;
        }

        var (fired, tiers, _) = await PlayedAsync(program, [.. history]);
        foreach (var finding in findings)
        {
            Assert.DoesNotContain(tiers, place => finding.Code == FindingCodes.UnreachableTier && finding.Path == place);
            Assert.DoesNotContain(fired, place => finding.Code == FindingCodes.RuleNeverFires && finding.Path == place);
        }

        return true;
    });

    private static Property CostLaw(Func<LoyaltyProgram, WorstCase> worst) => Prop.ForAll(Programs.ToArbitrary(), Histories.ToArbitrary(), async Task<bool> (program, history) =>
    {
        var (_, _, earned) = await PlayedAsync(program, [.. history]);
        var spent = history.Sum(one => one.Cents) / 100m;
        foreach (var unit in worst(program).Units)
        {
            Assert.True(unit.EarnedAtMost is not { } most || earned.GetValueOrDefault(unit.Unit) <= most * spent, $"{earned.GetValueOrDefault(unit.Unit)} {unit.Unit} for {spent}, and at most {unit.EarnedAtMost} for 1");
            Assert.True(unit.EarnedAtLeast <= (unit.EarnedAtMost ?? decimal.MaxValue));
        }

        return true;
    });

    private static void Caught(Property law) => Counterfeits.Caught(() => law.Check(Thorough));

    private static ProgramFinding Blind(string code, string path) => new(code, path, new("", ""), new Witness([], new WitnessClaim.MoneyBack()));

    // Which rules fired and which tiers were held, by their places, and what rules gave.
    private static async Task<(HashSet<string> Fired, HashSet<string> Tiers, Dictionary<string, long> Earned)> PlayedAsync(LoyaltyProgram program, (int Days, int Cents, bool Tea)[] history)
    {
        var (club, now) = (Club.Of(program), Start);
        var (fired, tiers, earned) = (new HashSet<string>(StringComparer.Ordinal), new HashSet<string>(StringComparer.Ordinal), new Dictionary<string, long>(StringComparer.Ordinal));
        foreach (var (days, cents, tea) in history)
        {
            now += Duration.FromDays(days);
            club.At(now);
            var spend = new Money(cents, Currency.Hkd);
            var receipt = await club.Records(CustomerEvent.Purchase(club.NextKey(), Samples.Amy, spend, tea ? [new EventLine("tea", 1, spend)] : []));
            foreach (var line in receipt.Lines.Where(line => line.Code == LineCodes.Issued))
            {
                fired.Add($"rules[{program.Rules.ToList().FindIndex(rule => rule.Name == line.Subject)}]");
                earned[line.Unit ?? ""] = earned.GetValueOrDefault(line.Unit ?? "") + line.Amount;
            }

            foreach (var standing in (await club.Membership()).Standings)
            {
                var ladder = program.Ladders.ToList().FindIndex(ladder => ladder.Name == standing.Ladder);
                tiers.Add($"ladders[{ladder}].tiers[{program.Ladders[ladder].Tiers.ToList().FindIndex(tier => tier.Name == standing.Tier)}]");
            }
        }

        return (fired, tiers, earned);
    }

    private static Gen<List<(int Days, int Cents, bool Tea)>> Histories =>
        (from days in Gen.Elements(0, 0, 1, 6, 33, 200) from cents in Gen.Elements(100, 101, 999, 1_000, 5_000, 9_999, 20_000, 500_000) from tea in Gen.Elements(true, false) select (days, cents, tea)).NonEmptyListOf().Select(list => list.Take(12).ToList());

    private static Gen<LoyaltyProgram> Programs =>
        from points in Gen.Choose(1, 30)
        from every in Gen.Elements(1, 5, 10)
        from rounding in Gen.Elements(Rounding.Floor, Rounding.Nearest, Rounding.Ceiling, Rounding.Carry)
        from gift in Gen.Choose(1, 60)
        from condition in Gen.Elements<Condition?>(
            null, If.Purchases().Count().Is(1), If.Purchases().Count().Is(0), If.Field("event.spend").AtLeast(50), If.Field("event.spend").AtLeast(50) & If.Field("event.spend").AtMost(49),
            If.Purchases().InLast(Duration.FromDays(30)).Count().AtLeast(2) | If.Field("event.spend").LessThan(2), !If.All())
        from most in Gen.Elements<long?>(null, 5, 40)
        from per in Gen.Elements<CapPeriod?>(null, CapPeriod.Award, CapPeriod.Day, CapPeriod.Month, CapPeriod.Year, CapPeriod.Ever, CapPeriod.Balance)
        from cap in Gen.Elements(0, 3, 20, 100)
        from overflow in Gen.Elements(Overflow.Truncate, Overflow.Reject)
        from policy in Gen.Elements<StackingPolicy?>(null, StackingPolicy.BestOf, StackingPolicy.FirstMatch, StackingPolicy.Sum)
        from factor in Gen.Elements(2, 3)
        from window in Gen.Elements(QualificationWindow.CalendarYear, QualificationWindow.Lifetime, new QualificationWindow.Rolling(3), new QualificationWindow.Calendar(CalendarUnit.Quarter))
        from held in Gen.Elements(true, false)
        from debt in Gen.Elements(DebtPolicy.Carry, DebtPolicy.ClampToZero)
        from cost in Gen.Elements(10, 100, 500)
        select Sound(new LoyaltyProgram
        {
            Name = "tea-club",
            Zone = "Asia/Hong_Kong",
            Units = [new("points", UnitKind.Redeemable) { Debt = debt }, new("status", UnitKind.Status)],
            Rules =
            [
                Samples.Per(points, every) with { Rounding = rounding, Terms = new() { Most = most, Group = policy is null ? null : "g" } },
                new FixedPoints { Name = "gift", Unit = "points", Points = gift, When = condition, Terms = new() { Group = policy is null ? null : "g" } },
                new FixedPoints { Name = "tea", Unit = "points", Points = 2, With = new() { Skus = ["tea"] } },
                new FixedPoints { Name = "status", Unit = "status", Points = 7 },
                new Multiplier { Name = "gold", Unit = "points", ByTier = [new("gold", new Ratio(factor, 1))] },
            ],
            Groups = policy is { } one ? [new("g", one)] : [],
            Limits = per is { } span ? [new() { Name = "cap", Unit = "points", Per = span, Most = cap, Overflow = overflow }, .. span == CapPeriod.Balance ? (EarningLimit[])[] : [new() { Name = "status", Unit = "status", Per = span, Most = cap }]] : [],
            Ladders = [new() { Metric = held ? new QualificationMetric.UnitsHeld("points") : new QualificationMetric.UnitsEarned("status"), Window = held ? QualificationWindow.Lifetime : window, Tiers = [new("bronze", 0), new("gold", 21), new("black", 2_000)] }],
            Rewards = [new() { Name = "ten", Kind = new RewardKind.Discount(Money.Hkd(10)), Costs = [new("points", cost)] }],
        });

    // A generator that makes nonsense would make every law hold.
    private static LoyaltyProgram Sound(LoyaltyProgram program)
    {
        LoyaltyProgramValidator.Check(program);
        return program;
    }
}
