using Crm.Loyalty.Tiers;

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
    public void The_purchase_that_lifts_a_customer_counts_ERP1(long before, long purchase, string expected)
    {
        var ladder = new TierLadder { Unit = "status", Tiers = [new("bronze", 0), new("silver", 10_000), new("gold", 20_000)] };

        Assert.Equal(expected, ladder.Of(new TierStanding { Ladder = "tier", Counted = before }.Counting(purchase)));
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
    [InlineData(5, "l0")]
    [InlineData(10, "l1")]
    [InlineData(30, "l2")]
    public void The_turn_of_the_year_sets_the_tier_before_the_count_starts_anew_OLs6(long active, string expected)
    {
        var ladder = new TierLadder { Unit = "status", Window = QualificationWindow.CalendarYear, Tiers = [new("l0", 0), new("l1", 10), new("l2", 30), new("l3", 100)] };
        var closed = new TierStanding { Ladder = "tier", Window = 2026, Counted = active }.In(2027);

        Assert.Equal((expected, 0L), (ladder.Of(closed), closed.Counted));
    }

    [Fact]
    public void A_tier_is_kept_through_the_year_after_the_one_that_earned_it_and_no_longer()
    {
        var earned = new TierStanding { Ladder = "tier", Window = 2026, Counted = 60 };
        var ladder = Samples.TeaClub.Ladders[0];

        Assert.Equal(["gold", "gold", "bronze"], new[] { earned, earned.In(2027), earned.In(2027).In(2028) }.Select(ladder.Of));
        Assert.Equal(earned.In(2027).In(2028), earned.In(2028));
    }

    [Fact]
    public void A_lifetime_ladder_never_closes()
    {
        var ladder = new TierLadder { Unit = "status", Tiers = [new("only", 0)] };

        Assert.Null(ladder.Closes(ladder.WindowAt(Samples.At(2026, 12, 31)), Samples.HongKong));
        Assert.Equal(ladder.WindowAt(Samples.At(2026, 12, 31)), ladder.WindowAt(Samples.At(2027, 1, 1)));
    }

    [Fact]
    public void A_year_closes_at_midnight_in_the_zone_of_the_programme() =>
        Assert.Equal(Samples.Local(2027, 1, 1), Samples.TeaClub.Ladders[0].Closes(2026, Samples.HongKong));
}
