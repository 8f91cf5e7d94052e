using Crm.Loyalty.Rules;
using Crm.Loyalty.Testing;
using Crm.Testing;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Tests.Rules;

/// <summary>The laws of rules: every rule that comes with the package keeps them, and each catches its counterfeit.</summary>
public sealed class RulesUnderLaw
{
    private static readonly (string Name, IEarningRule Rule, RuleClaims Claims)[] Kept =
    [
        ("per amount", Samples.Per(1, 10), RuleClaims.Usual with { IsMonotone = true }),
        ("per amount, nearest", Samples.Per(3, 7) with { Rounding = Rounding.Nearest }, RuleClaims.Usual with { IsMonotone = true }),
        ("per amount, up", Samples.Per(3, 7) with { Rounding = Rounding.Ceiling, Basis = EarningBasis.AllLines }, RuleClaims.Usual with { IsMonotone = true }),
        ("per line", Samples.Per(1, 10) with { RoundAt = RoundingPoint.Line, Basis = EarningBasis.AllLines }, RuleClaims.Usual with { IsMonotone = true, SplittingLinesMatters = true }),
        ("per award", Samples.Per(1, 7) with { RoundAt = RoundingPoint.Award }, RuleClaims.Usual),
        ("carried", Samples.Per(1, 10) with { Rounding = Rounding.Carry }, RuleClaims.Usual with { IsMonotone = true }),
        ("food", Samples.Per(2, 10) with { Basis = new EarningBasis.Lines { Categories = ["food"] } }, RuleClaims.Usual),
        ("with terms", Samples.Per(2, 10) with { Terms = new() { Least = 5, Most = 40, MinimumSpend = Money.Hkd(10), Hours = new() { Days = [IsoDayOfWeek.Monday, IsoDayOfWeek.Tuesday] } } }, RuleClaims.Usual),
        ("frequency", new FixedPoints { Name = "once", Unit = "points", Points = 9, Terms = new() { Frequency = new(1, CapPeriod.Month) } }, RuleClaims.Usual),
        ("items", new PointsPerItem { Name = "items", Unit = "points", Points = 2, Every = 2 }, RuleClaims.Usual),
        ("fixed", new FixedPoints { Name = "fixed", Unit = "points", Points = 2, With = new() { Skus = ["tea"] } }, RuleClaims.Usual with { IsMonotone = true, Most = 2 }),
    ];

    public static TheoryData<string> Names => [.. Kept.Select(one => one.Name)];

    public static TheoryData<string> Laws => [.. RuleLaws.All.Select(law => law.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Rules_of_the_package_keep_every_law(string name)
    {
        var (_, rule, claims) = Kept.Single(one => one.Name == name);

        RuleLaws.Check(rule, claims);
    }

    [Theory]
    [MemberData(nameof(Laws))]
    public void Every_law_catches_its_counterfeit(string name)
    {
        var law = RuleLaws.All.Single(one => one.Name == name);
        var (rule, claims) = law.Counterfeit();

        Assert.True(law.AppliesTo(rule, claims));
        Assert.Throws<LawBroken>(() => law.Check(rule, claims));
    }

    [Fact]
    public void A_rule_that_goes_by_the_hour_or_by_the_day_is_caught_at_any_time_of_the_day()
    {
        Assert.Contains("a call of System.DateTime.UtcNow in Crm.Loyalty.Testing.Fakes", Assert.Throws<LawBroken>(() => RuleLaws.Check(Fakes.ByTheHour)).Message, StringComparison.Ordinal);
        Assert.Contains("a call of NodaTime.SystemClock.Instance in Crm.Loyalty.Testing.Fakes", Assert.Throws<LawBroken>(() => RuleLaws.Check(Fakes.ByTheDay)).Message, StringComparison.Ordinal);
    }

    public static TheoryData<string> Sly => [.. Missed.Keys];

    private static readonly Dictionary<string, (string Law, IEarningRule Rule, RuleClaims Claims)> Missed = new(StringComparer.Ordinal)
    {
        ["the ends are the same when they are turned round"] = ("The_order_of_lines_does_not_matter",
            new Fake("ends", context => context.Event.Lines.IsEmpty ? [] : [new("points", Math.Max(context.Event.Lines[0].Amount.MinorUnits, context.Event.Lines[^1].Amount.MinorUnits))]), RuleClaims.Usual with { SplittingLinesMatters = true }),
        ["two together are over the bound"] = ("Nothing_below_0_and_nothing_over_the_bound", new Fake("twice", _ => [new("points", 60), new("points", 60)]), RuleClaims.Usual with { Most = 100 }),
        ["an issuer that cannot be"] = ("Receipts_add_up_and_can_be_told", new Fake("issued", _ => [new("points", 1) { Issuer = "a;b" }]), RuleClaims.Usual),
    };

    [Theory]
    [MemberData(nameof(Sly))]
    public void What_only_another_look_shows_is_caught_LL6(string name)
    {
        var (law, rule, claims) = Missed[name];

        Assert.Throws<LawBroken>(() => RuleLaws.All.Single(one => one.Name == law).Check(rule, claims));
    }

    [Fact]
    public void A_broken_law_shows_the_smallest_purchase_that_breaks_it()
    {
        var (rule, claims) = RuleLaws.All.Single(law => law.Name == "Nothing_below_0_and_nothing_over_the_bound").Counterfeit();

        var broken = Assert.Throws<LawBroken>(() => RuleLaws.Check(rule, claims));

        Assert.Contains("1 ", broken.Message);
        Assert.True(broken.Message.Split(" for ").Length <= 2, $"One line would do: {broken.Message}");
    }
}
