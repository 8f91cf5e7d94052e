using Crm.Conditions;
using Crm.Definitions;
using Crm.Loyalty.Challenges;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Stamps;
using Crm.Loyalty.Tiers;
using Crm.Loyalty.Wallets;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Tests.Programs;

/// <summary>Whatever is wrong with a programme is said at once, with its place.</summary>
public sealed class WrongPrograms
{
    private static LoyaltyProgram Wrong => new()
    {
        Name = "Tea Club",
        Zone = "Asia/HongKong",
        Units = [new("points", UnitKind.Redeemable) { Expiry = LotExpiry.AfterDays(-1, LastDay.Included) }, new("points", UnitKind.Status) { Expiry = LotExpiry.AfterMonths(1, LastDay.Included) }],
        Rules = [Samples.Per(0, 10) with { Unit = "pionts" }, Samples.Per(1, 0) with { Name = "zero", On = [] }],
        Ladders = [new() { Name = "points", Unit = "points", Tiers = [new("gold", 10), new("silver", 10), new("Base", -1)] }],
    };

    [Fact]
    public void All_findings_come_at_once_with_their_places()
    {
        var result = new LoyaltyProgramValidator().Validate(Wrong);

        Assert.Equal(
            [
                "ladders", "ladders[0].tiers[1].from", "ladders[0].tiers[2].from", "ladders[0].tiers[2].from", "ladders[0].tiers[2].name", "ladders[0].unit", "name",
                "rules[0].points", "rules[0].unit", "rules[1].on", "rules[1].per", "units", "units[0].expires", "units[1].expires", "zone",
            ],
            result.Errors.Select(error => error.PropertyName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_value_that_no_list_has_is_a_finding_like_any_other()
    {
        var odd = Samples.TeaClub with { Rules = [Samples.Per(1, 10) with { Rounding = (Rounding)9 }], Ladders = [Samples.TeaClub.Ladders[0] with { Window = new QualificationWindow.Calendar((CalendarUnit)9) }] };

        Assert.Equal(
            ["tea-club version 1, rules[0].rounding", "tea-club version 1, ladders[0].window"],
            Assert.Throws<InvalidLoyaltyProgramException>(() => new LoyaltyModule(odd)).Errors.Select(error => error.Path));
    }

    [Fact]
    public void Findings_about_stamp_cards_have_their_places()
    {
        var wrong = Samples.TeaClub with { StampCards = [new() { Name = "cups", Goal = 9 }, new() { Name = "cups", Goal = 0 }, new() { Name = "Cake card", Goal = 1_001 }] };

        Assert.Equal(
            ["stampCards", "stampCards[1].goal", "stampCards[2].name", "stampCards[2].goal"],
            new LoyaltyProgramValidator().Validate(wrong).Errors.Select(error => error.PropertyName));
    }

    [Fact]
    public void Collections_that_the_programme_does_not_have_are_found_wherever_they_are_named()
    {
        var wrong = Samples.TeaClub with
        {
            StampCards = [new() { Name = "cups", Goal = 9, Stamps = new() { Collections = ["teas"] } }],
            Challenges = [new() { Name = "cakes", Goals = [new("cake", 1) { Measure = GoalMeasure.Articles, Lines = new() { ExceptCollections = ["cakes"] } }] }],
            Ladders = [new() { Metric = new QualificationMetric.Spend(Currency.Hkd) { Basis = new EarningBasis.Lines { Collections = ["mugs"] } }, Tiers = [new("silver", 10)] }],
        };

        Assert.Equal(
            ["ladders[0].metric.basis.collections", "stampCards[0].stamps.collections", "challenges[0].goals[0].lines.exceptCollections"],
            new LoyaltyProgramValidator().Validate(wrong).Errors.Select(error => error.PropertyName));
    }

    public static TheoryData<string> Lives { get; } = ["idle", "anniversary", "nothing", "nothing on the first of a month", "no dates"];

    [Theory]
    [MemberData(nameof(Lives))]
    public void A_life_that_a_card_or_a_code_cannot_have_is_found(string life)
    {
        LotExpiry wrong = life switch
        {
            "idle" => new LotExpiry.WhenIdle(3, 0, LastDay.Excluded),
            "anniversary" => new LotExpiry.OnAnniversary(1),
            "nothing" => LotExpiry.AfterDays(0, LastDay.Excluded),
            "nothing on the first of a month" => LotExpiry.AfterMonths(0, LastDay.Excluded, PeriodEnd.Month),
            _ => new LotExpiry.OnDates([], LastDay.Included),
        };
        var program = Samples.TeaClub with
        {
            StampCards = [new() { Name = "cups", Goal = 9, Expiry = new(StampLife.FirstStamp, wrong) }],
            Rewards = [new() { Name = "mug", Kind = new RewardKind.Physical("mug"), Code = new() { Pattern = "TEA-####-####" }, CodeLife = wrong }],
        };

        Assert.Equal(["stampCards[0].expires", "rewards[0].codeLife"], new LoyaltyProgramValidator().Validate(program).Errors.Select(error => error.PropertyName));
    }

    [Fact]
    public void Findings_about_ladders_have_their_places()
    {
        var ladder = Samples.TeaClub.Ladders[0];
        var wrong = Samples.TeaClub with
        {
            Ladders =
            [
                ladder with { Window = new QualificationWindow.Rolling(0), Start = TierStart.NextPeriod, Fall = TierFall.OneLevel, Grace = new(-1, 0) },
                ladder with { Name = "a", Window = new QualificationWindow.SinceTierStart() },
                ladder with { Name = "b", Metric = new QualificationMetric.UnitsHeld("miles"), Validity = new TierValidity.Fixed(0, 0, LastDay.Included) },
                ladder with { Name = "c", Metric = new QualificationMetric.FactValue("loyalty.tea-club.points"), Window = QualificationWindow.Lifetime, Tiers = [new("x", 1) { Benefits = [new("Big", 1), new("y", default)] }] },
                ladder with { Name = "d", Validity = new TierValidity.ToDayOfYear([]), Tiers = [new("x", 1) { Formerly = ["y"] }, new("y", 2)] },
                ladder with { Name = "e", Window = QualificationWindow.CalendarYear, Validity = TierLadder.WhileQualified, Start = TierStart.NextPeriod },
            ],
            StaffLimits = [new() { Request = "Points", Unit = "miles", Alone = 5, Most = 4 }],
        };

        Assert.Equal(
            [
                "ladders[0].window", "ladders[0].start", "ladders[0].fall", "ladders[0].grace", "ladders[1].validity", "ladders[2].metric.unit", "ladders[2].window", "ladders[2].validity",
                "ladders[3].metric.fact", "ladders[3].tiers[0].benefits", "ladders[3].tiers[0].benefits", "ladders[4].validity", "ladders[4].tiers", "ladders[5].start", "staffLimits[0].request", "staffLimits[0].unit", "staffLimits[0].alone",
            ],
            new LoyaltyProgramValidator().Validate(wrong).Errors.Select(error => error.PropertyName));
    }

    [Fact]
    public void A_finding_says_what_would_be_right()
    {
        var message = Assert.Throws<InvalidLoyaltyProgramException>(() => Wrong.Define()).Message;

        Assert.Contains("zone: 'Asia/HongKong' is not a time zone of the IANA database; one such as 'Asia/Hong_Kong' is expected: did you mean 'Asia/Hong_Kong'?", message);
        Assert.Contains("rules[0].unit: No unit is named 'pionts'. There are: points, points.", message);
    }

    [Fact]
    public void Wrong_json_gets_every_error_with_its_path()
    {
        const string json = """
            {
              "name": 7,
              "zone": "Asia/Hong_Kong",
              "unit": [],
              "units": [{ "name": "points", "kind": "spendable" }, "status"],
              "rules": [
                { "rule": "points-per-amount", "name": "base", "unit": "points", "points": 1.5, "per": "10 hkd", "basis": "total", "colour": "red" },
                { "rule": "code", "name": "happy-hour", "version": 3 },
                { "rule": "points-per-amount", "name": "late", "name": "early", "unit": "points", "points": 1, "per": "10.001 HKD", "basis": { "skus": [1] } }
              ],
              "ladders": [{ "unit": "points", "window": "year", "tiers": [{ "name": "gold" }] }]
            }
            """;

        var errors = Assert.Throws<InvalidLoyaltyProgramException>(() => LoyaltyProgramJson.Read(json)).Errors;

        Assert.Equal(
            [
                "name", "unit", "units[0].kind", "units[1]", "rules[0].basis", "rules[0].colour", "rules[0].per", "rules[0].points",
                "rules[1].name", "rules[2].basis.skus", "rules[2].name", "rules[2].per", "ladders[0].tiers[0].from", "ladders[0].window", "ladders[0].unit",
            ],
            errors.Select(error => error.Path).OrderBy(path => path.Split('[', '.')[0] switch { "name" => 0, "unit" => 1, "units" => 2, "rules" => 3, _ => 4 }).ThenBy(path => path == "ladders[0].unit").ThenBy(path => path, StringComparer.Ordinal));
        Assert.Contains(errors, error => error.ToString() == "unit: There is no such property: did you mean 'units'?");
        Assert.Contains(errors, error => error.ToString() == "rules[0].points: 1.5 is found where a whole number is expected.");
        Assert.Contains(errors, error => error.Message.Contains("did you mean 'HKD'?"));
    }

    [Theory]
    [InlineData(""" "rule": "", """)]
    [InlineData(""" "rule": "free-lunch", """)]
    [InlineData("")]
    public void A_rule_of_no_kind_is_an_error_and_not_left_out(string kind)
    {
        var json = $$"""
            { "name": "tea-club", "zone": "Asia/Hong_Kong", "units": [{ "name": "points", "kind": "redeemable" }], "rules": [{ {{kind}} "name": "lost", "unit": "points", "points": 1 }] }
            """;

        var error = Assert.Single(Assert.Throws<InvalidLoyaltyProgramException>(() => LoyaltyProgramJson.Read(json)).Errors);

        Assert.Equal("rules[0].rule", error.Path);
        Assert.Contains("one of 'points-per-amount', ", error.Message);
    }

    [Fact]
    public void A_wrong_condition_is_found_at_its_place_in_json_and_in_code()
    {
        const string json = """
            { "name": "tea-club", "zone": "Asia/Hong_Kong", "units": [{ "name": "points", "kind": "redeemable" }],
              "rules": [{ "rule": "points-per-amount", "name": "base", "unit": "points", "points": 1, "per": "10 HKD", "basis": "spend", "when": { "nonsense": 1 } }] }
            """;
        var unbounded = Samples.TeaClub with { Rules = [Samples.Per(1, 10) with { When = new Condition.EventWindow("purchase", new Measure.Count(), new Window.Last(Duration.Zero), new Test.AtLeast(3)) }] };

        Assert.All(
            [Assert.Throws<InvalidLoyaltyProgramException>(() => LoyaltyProgramJson.Read(json)).Errors, Assert.Throws<InvalidLoyaltyProgramException>(() => unbounded.Define()).Errors],
            errors => Assert.StartsWith("rules[0].when", Assert.Single(errors).Path));
    }

    [Fact]
    public void What_is_no_json_is_one_error() =>
        Assert.Contains("This is not JSON", Assert.Throws<InvalidLoyaltyProgramException>(() => LoyaltyProgramJson.Read("{")).Message);

    [Fact]
    public void A_module_refuses_a_definition_whose_hash_is_not_that_of_its_programme()
    {
        var forged = new Definition<LoyaltyProgram>("tea-club", 1, Instant.MinValue, Samples.TeaClub, new DefinitionHash(1));

        Assert.Contains("has the hash", Assert.Throws<InvalidLoyaltyProgramException>(() => new LoyaltyModule(new DefinitionCatalog<LoyaltyProgram>([forged]))).Message);
    }

    [Fact]
    public void A_module_lists_the_errors_of_all_its_programmes()
    {
        var other = Samples.TeaClub with { Name = "other", Zone = "Nowhere" };

        var errors = Assert.Throws<InvalidLoyaltyProgramException>(() => new LoyaltyModule(Samples.TeaClub with { Units = [] }, other)).Errors;

        Assert.Contains(errors, error => error.Path == "other version 1, zone");
        Assert.Contains(errors, error => error.Path == "tea-club version 1, units");
    }
}
