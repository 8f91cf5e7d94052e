using System.Globalization;
using Crm.Conditions;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Tiers;
using Crm.Loyalty.Wallets;
using Crm.Values;

namespace Crm.Loyalty.Tests.Programs;

/// <summary>A programme is the same programme whether it is written in C# or read.</summary>
public sealed class ProgramJson
{
    private const string TeaClub = """
        {
          "name": "tea-club",
          "zone": "Asia/Hong_Kong",
          "units": [
            { "name": "points", "kind": "redeemable", "expires": { "months": 12, "lastDay": "included" } },
            { "name": "status", "kind": "status" }
          ],
          "rules": [
            { "rule": "points-per-amount", "name": "base", "unit": "points", "points": 1, "per": "10 HKD", "basis": "spend" },
            { "rule": "points-per-amount", "name": "status", "unit": "status", "points": 1, "per": "10.00 HKD", "basis": "spend", "rounding": "floor", "on": ["purchase"] }
          ],
          "ladders": [
            { "name": "tier", "unit": "status", "window": "calendar-year", "tiers": [{ "name": "bronze", "from": 0 }, { "name": "silver", "from": 20 }, { "name": "gold", "from": 50 }] }
          ]
        }
        """;

    [Fact]
    public void Read_and_written_in_code_it_has_one_hash()
    {
        var read = LoyaltyProgramJson.Read(TeaClub);

        Assert.Equal(Samples.TeaClub, read);
        Assert.Equal(Samples.TeaClub.Hash, read.Hash);
    }

    [Fact]
    public void What_is_written_is_read_back_with_everything_in_it()
    {
        var rich = new LoyaltyProgram
        {
            Name = "rich",
            Zone = "Europe/London",
            Units =
            [
                new("points", UnitKind.Redeemable) { Expiry = new LotExpiry.After(1, 2, LastDay.Excluded, PeriodEnd.Year) },
                new("miles", UnitKind.Redeemable) { Expiry = LotExpiry.AfterDays(90, LastDay.Included, PeriodEnd.Month) },
                new("status", UnitKind.Status),
            ],
            Rules =
            [
                new PointsPerAmount
                {
                    Name = "food", Unit = "points", Points = 7, Every = Money.Of(2.5m, Currency.Of("GBP")), Rounding = Rounding.Nearest, On = ["purchase", "donation"],
                    When = If.All(If.Fact("segment.vip").Is(true), If.Field("event.channel").Is("shop")),
                    Basis = new EarningBasis.Lines { Skus = ["b", "a"], Categories = ["食品"], ExceptSkus = ["c"], ExceptCategories = ["d"] },
                },
                new PointsPerAmount { Name = "all", Unit = "miles", Points = 1, Every = Money.Of(100, Currency.Of("JPY")), Rounding = Rounding.Ceiling, Basis = EarningBasis.AllLines },
                new HappyHour(),
            ],
            Ladders = [.. AllLadders],
            StaffLimits = [new() { Request = "points.adjust", Unit = "points", Alone = 100, Most = 500 }, new() { Request = "points.adjust", Per = CapPeriod.Week, Alone = 1, Most = 2 }, new() { Request = "tier.pin" }],
            StampCards = [new() { Name = "all", Goal = 5 }, new() { Name = "tea", Goal = 9, Stamps = new() { Categories = ["茶"], ExceptSkus = ["refill"] } }],
        };

        var read = LoyaltyProgramJson.Read(LoyaltyProgramJson.Write(rich), new LoyaltyCode { Rules = [new HappyHour()], Metrics = [new Footsteps()] });

        Assert.Equal(rich, read);
        Assert.Equal(rich.Hash, read.Hash);
    }

    [Fact]
    public void The_order_in_which_articles_are_listed_does_not_matter() => Assert.Equal(
        new EarningBasis.Lines { Skus = ["a", "b"] },
        new EarningBasis.Lines { Skus = ["b", "a", "b"] });

    [Fact]
    public void Anything_that_changes_what_is_earned_changes_the_hash()
    {
        var club = Samples.TeaClub;
        LoyaltyProgram[] others =
        [
            club with { Zone = "Asia/Tokyo" },
            club with { Units = [club.Units[0] with { Expiry = LotExpiry.AfterMonths(12, LastDay.Excluded) }, club.Units[1]] },
            club with { Rules = [club.Rules[1], club.Rules[0]] },
            club with { Rules = [Samples.Per(2, 10), club.Rules[1]] },
            club with { Rules = [Samples.Per(1, 10) with { Basis = EarningBasis.AllLines }, club.Rules[1]] },
            club with { Rules = [Samples.Per(1, 10) with { Rounding = Rounding.Nearest }, club.Rules[1]] },
            club with { Rules = [Samples.Per(1, 10) with { When = new Condition.Fact("segment.vip", new Test.EqualTo(true), false) }, club.Rules[1]] },
            club with { Ladders = [club.Ladders[0] with { Window = QualificationWindow.Lifetime }] },
            club with { Ladders = [] },
            .. AllLadders.Select(ladder => club with { Ladders = [ladder] }),
            club with { Ladders = [club.Ladders[0] with { Fall = TierFall.OneLevel }] },
            club with { Ladders = [club.Ladders[0] with { Rollover = Rollover.Surplus }] },
            club with { Ladders = [club.Ladders[0] with { Start = TierStart.NextPeriod }] },
            club with { Ladders = [club.Ladders[0] with { Grace = new(0, 1) }] },
            club with { StaffLimits = [new() { Request = "points.adjust", Alone = 1 }] },
            club with { StaffLimits = [new() { Request = "points.adjust", Alone = 1, Per = CapPeriod.Day }] },
            club with { StampCards = [new() { Name = "cups", Goal = 9 }] },
            club with { StampCards = [new() { Name = "cups", Goal = 10 }] },
            club with { StampCards = [new() { Name = "cups", Goal = 9, Stamps = new() { Categories = ["tea"] } }] },
        ];

        Assert.Equal(others.Length + 1, others.Append(club).Select(program => program.Hash).Distinct().Count());
    }

    [Fact]
    public void The_hash_is_the_same_in_every_culture()
    {
        var before = CultureInfo.CurrentCulture;
        var expected = Samples.TeaClub.Hash;
        try
        {
            foreach (var culture in new[] { "tr-TR", "ar-SA", "de-DE" })
            {
                CultureInfo.CurrentCulture = CultureInfo.GetCultureInfo(culture);
                Assert.True(expected == LoyaltyProgramJson.Read(TeaClub).Hash, culture);
            }
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    private static IEnumerable<TierLadder> AllLadders =>
    [
        new() { Name = "rank", Unit = "status", Window = QualificationWindow.Lifetime, Tiers = [new("one", 5)] },
        new() { Name = "a", Unit = "status", Window = new QualificationWindow.Calendar(CalendarUnit.Quarter), Start = TierStart.NextPeriod, Validity = new TierValidity.ToPeriodEnd(1, 2, 3), Tiers = [new("one", 0), new("two", 5) { ForLife = true, Formerly = ["ii"] }] },
        new() { Name = "b", Metric = new QualificationMetric.Spend(Currency.Of("GBP")) { Basis = EarningBasis.AllLines }, Window = new QualificationWindow.Rolling(12, 3), Grace = new(1, 2), Tiers = [new("one", 1_050)] },
        new() { Name = "c", Metric = new QualificationMetric.Visits { Kinds = ["visit"], OncePerDay = true }, Window = new QualificationWindow.Cycle(new(2026, 4, 1), 6), Rollover = Rollover.Surplus, Validity = new TierValidity.ToDayOfYear([new NodaTime.AnnualDate(3, 31)]), Tiers = [new("one", 1)] },
        new() { Name = "d", Unit = "status", Window = new QualificationWindow.SinceTierStart(), Validity = new TierValidity.Fixed(1, 2, LastDay.Excluded), Fall = TierFall.OneLevel, Tiers = [new("one", 1) { When = If.Fact("segment.vip").Is(true) }, new("two", 2) { InvitationOnly = true }] },
        new() { Name = "e", Metric = new QualificationMetric.UnitsHeld("miles"), Tiers = [new("one", 1) { Benefits = [new("discount", 7.5m), new("free-delivery", true), new("lounge", "silver")] }] },
        new() { Name = "f", Metric = new QualificationMetric.FactValue("segment.vip"), Validity = new TierValidity.WhileQualified(), Tiers = [new("one", 1)] },
        new() { Name = "g", Metric = new QualificationMetric.ProfileValue("rank"), Tiers = [new("one", 1)] },
        new() { Name = "h", Metric = new Footsteps(), Window = new QualificationWindow.Anniversary(12), Validity = new TierValidity.Forever(), Tiers = [new("one", 1)] },
    ];

    private sealed record Footsteps : IQualificationMetric
    {
        public string Name => "footsteps";

        public int Version => 3;

        public long Of(EarningContext context) => 1;
    }

    private sealed class HappyHour : IEarningRule
    {
        public string Name => "happy-hour";

        public int Version => 2;

        public IEnumerable<Earning> Evaluate(EarningContext context) => [];

        public override bool Equals(object? obj) => obj is HappyHour;

        public override int GetHashCode() => 1;
    }
}
