using Crm.Loyalty.Tests.Recording;
using Crm.Loyalty.Tiers;
using Crm.Loyalty.Wallets;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Tests.Tiers;

/// <summary>Published cases of tiers; the names end with the ids of the scenarios.</summary>
public sealed class TierScenarios
{
    [Theory]
    [InlineData(0, 6_000, "bronze")]
    [InlineData(0, 15_000, "silver")]
    [InlineData(0, 25_000, "gold")]
    [InlineData(4_000, 500, "bronze")]
    [InlineData(8_000, 3_000, "silver")]
    [InlineData(18_000, 3_000, "gold")]
    [InlineData(22_000, 5_000, "gold")]
    public async Task The_purchase_that_lifts_a_customer_counts_ERP1(long before, long purchase, string expected)
    {
        var club = Ladders.Climbing(new()
        {
            Metric = new QualificationMetric.Spend(Currency.Hkd),
            Tiers = [new("bronze", 0), new("silver", 1_000_000), new("gold", 2_000_000)],
        });
        if (before > 0)
        {
            await club.Buys(before);
        }

        await club.Buys(purchase);

        Assert.Equal(expected, await club.Tier());
    }

    [Theory]
    [InlineData(-5, null)]
    [InlineData(99, null)]
    [InlineData(100, "bronze")]
    [InlineData(199, "bronze")]
    [InlineData(200, "silver")]
    [InlineData(299, "silver")]
    [InlineData(300, "gold")]
    [InlineData(1_000_000, "gold")]
    public void A_threshold_is_included_TO1(long units, string? expected) =>
        Assert.Equal(expected, new TierLadder { Unit = "status", Tiers = [new("bronze", 100), new("silver", 200), new("gold", 300)] }.At(units));

    [Theory]
    [InlineData("l0", 5)]
    [InlineData("l1", 10)]
    [InlineData("l2", 10, 20)]
    public async Task The_turn_of_the_year_sets_the_tier_before_the_count_starts_anew_OLs6(string expected, params int[] earned)
    {
        var ladder = Ladders.Usual with { Start = TierStart.NextPeriod, Tiers = [new("l0", 0), new("l1", 10), new("l2", 30), new("l3", 100)] };
        var club = Ladders.Climbing(ladder);
        foreach (var units in earned)
        {
            await club.Buys(units);
        }

        Assert.Equal(("l0", (long)earned.Sum()), (await club.Tier(), (await club.Progress(ladder)).Counted));

        club.On(2027, 1, 1, 0);

        Assert.Equal((expected, 0L), (await club.Tier(), (await club.Progress(ladder)).Counted));
    }

    [Theory]
    [InlineData(0, 0, 0, "2026-03-31")]
    [InlineData(1, 0, 0, "2026-04-30")]
    [InlineData(0, 0, 7, "2026-04-07")]
    [InlineData(0, 1, 0, "2026-04-30")]
    public async Task A_tier_of_a_month_is_valid_to_its_end_or_the_next_or_some_days_longer_VF3b(int periods, int months, int days, string through)
    {
        var ladder = Ladders.Usual with { Window = new QualificationWindow.Calendar(CalendarUnit.Month), Validity = new TierValidity.ToPeriodEnd(periods, months, days) };
        var club = Ladders.Climbing(ladder);
        club.On(2026, 3, 10);
        await club.Buys(50);

        var last = NodaTime.Text.LocalDatePattern.Iso.Parse(through).Value;
        Assert.Equal(Samples.HongKong.AtStartOfDay(last.PlusDays(1)).ToInstant(), (await club.Progress(ladder)).Until);
        club.On(last.Year, last.Month, last.Day, 23);
        Assert.Equal("gold", await club.Tier());
        club.At(Samples.HongKong.AtStartOfDay(last.PlusDays(1)).ToInstant());
        Assert.Equal("bronze", await club.Tier());
    }

    [Fact]
    public async Task A_tier_that_starts_with_the_next_period_starts_on_its_first_day_VF3b()
    {
        var club = Ladders.Climbing(Ladders.Usual with { Window = new QualificationWindow.Calendar(CalendarUnit.Month), Start = TierStart.NextPeriod, Validity = new TierValidity.ToPeriodEnd(0) });
        club.On(2026, 3, 10);
        await club.Buys(50);
        club.On(2026, 3, 31, 23);
        Assert.Equal("bronze", await club.Tier());
        club.On(2026, 4, 1, 0);
        Assert.Equal("gold", await club.Tier());
        club.On(2026, 5, 1, 0);
        Assert.Equal("bronze", await club.Tier());
    }

    [Fact]
    public async Task Thirty_days_from_the_twentieth_of_July_end_at_the_start_of_the_twentieth_of_August_VF3c()
    {
        var ladder = Ladders.Usual with { Window = new QualificationWindow.Calendar(CalendarUnit.Month), Validity = new TierValidity.Fixed(0, 30, LastDay.Included) };
        var club = Ladders.Climbing(ladder);
        club.On(2026, 7, 20);
        await club.Buys(50);

        Assert.Equal(Ladders.Day(2026, 8, 20), (await club.Progress(ladder)).Until);
        club.At(Ladders.Day(2026, 8, 20) - Duration.FromTicks(1));
        Assert.Equal("gold", await club.Tier());
        club.At(Ladders.Day(2026, 8, 20));
        Assert.Equal("bronze", await club.Tier());
    }

    [Fact]
    public async Task Reaching_it_again_starts_the_year_anew_and_failing_drops_one_level_HI1()
    {
        var ladder = Ladders.Usual with
        {
            Window = new QualificationWindow.SinceTierStart(),
            Validity = new TierValidity.Fixed(12, 0, LastDay.Excluded),
            Fall = TierFall.OneLevel,
            Tiers = [new("bronze", 0), new("silver", 20), new("gold", 50), new("platinum", 100)],
        };
        var club = Ladders.Climbing(ladder);
        club.On(2025, 9, 1);
        await club.Buys(100);
        Assert.Equal(("platinum", Ladders.Day(2026, 9, 1)), ((await club.Progress(ladder)).Tier, (await club.Progress(ladder)).Until));

        club.On(2026, 4, 20);
        await club.Buys(100);
        Assert.Equal(Ladders.Day(2027, 4, 20), (await club.Progress(ladder)).Until);

        club.On(2027, 4, 20, 0);
        Assert.Equal("gold", await club.Tier());
        club.On(2028, 4, 20, 0);
        Assert.Equal("silver", await club.Tier());
    }
}
