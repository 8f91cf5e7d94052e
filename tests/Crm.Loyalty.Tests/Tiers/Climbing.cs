using Crm.Events;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Tests.Recording;
using Crm.Loyalty.Tiers;
using Crm.Loyalty.Wallets;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Tests.Tiers;

/// <summary>How customers come to a tier, keep it and lose it.</summary>
public sealed class Climbing
{
    [Fact]
    public async Task By_balance_spending_lowers_the_tier_where_a_programme_says_so()
    {
        var club = Ladders.Climbing(Ladders.Usual with { Metric = new QualificationMetric.UnitsHeld("points"), Window = QualificationWindow.Lifetime });
        await club.Buys(60);
        Assert.Equal("gold", await club.Tier());

        await club.Redeems(20);

        Assert.Equal("silver", await club.Tier());
    }

    [Fact]
    public async Task Visits_count_once_a_day_where_the_ladder_says_so()
    {
        var ladder = Ladders.Usual with { Metric = new QualificationMetric.Visits { OncePerDay = true }, Tiers = [new("bronze", 0), new("silver", 2)] };
        var club = Ladders.Climbing(ladder);
        await club.Buys(1);
        await club.Buys(1);
        Assert.Equal("bronze", await club.Tier());
        club.On(2026, 1, 16);
        await club.Buys(1, "pos:second-day");
        Assert.Equal("silver", await club.Tier());

        await club.Returns("pos:second-day", 1);
        Assert.Equal("bronze", await club.Tier());
    }

    [Fact]
    public async Task A_rank_from_elsewhere_gives_the_tier_while_it_is_observed()
    {
        var club = Ladders.Climbing(Ladders.Usual with { Metric = new QualificationMetric.ProfileValue("rank"), Window = QualificationWindow.Lifetime, Tiers = [new("silver", 1), new("gold", 2)] });
        await club.Records(CustomerEvent.Purchase(club.NextKey(), Samples.Amy, Money.Hkd(1)) with { Profile = Fields.Of(("rank", 2)) });
        Assert.Equal("gold", await club.Tier());
        await club.Records(CustomerEvent.Purchase(club.NextKey(), Samples.Amy, Money.Hkd(1)) with { Profile = Fields.Of(("rank", 1)) });
        Assert.Equal("silver", await club.Tier());
    }

    [Fact]
    public async Task A_segment_gives_the_tier_while_it_lasts()
    {
        var ladder = Ladders.Usual with { Metric = new QualificationMetric.FactValue("segment.vip"), Window = QualificationWindow.Lifetime, Tiers = [new("vip", 1)] };
        var club = new Club(new VipWhen("vip.on", "vip.off"), new LoyaltyModule(Ladders.Program(ladder)));
        await club.Records(VipWhen.Event(club.NextKey(), "vip.on"));
        Assert.Equal("vip", await club.Tier());

        await club.Records(VipWhen.Event(club.NextKey(), "vip.off"));
        Assert.Null(await club.Tier());
    }

    [Fact]
    public async Task A_metric_of_the_hosts_own_counts_what_it_says()
    {
        var club = Ladders.Climbing(Ladders.Usual with { Metric = new Lines() });
        await club.Records(CustomerEvent.Purchase(club.NextKey(), Samples.Amy, Money.Hkd(20), [.. Enumerable.Range(0, 20).Select(place => new EventLine($"tea-{place}", 1, Money.Hkd(1)))]));

        Assert.Equal("silver", await club.Tier());
    }

    [Fact]
    public async Task A_rolling_window_lets_go_day_by_day_and_a_grace_begins_with_the_disqualification()
    {
        var ladder = Ladders.Usual with { Window = new QualificationWindow.Rolling(12), Grace = new(0, 10) };
        var club = Ladders.Climbing(ladder);
        await club.Buys(30);
        club.On(2026, 6, 1);
        await club.Buys(25);
        Assert.Equal("gold", await club.Tier());
        Assert.Equal(new TierStep("gold", 25, Ladders.Day(2027, 1, 15)), (await club.Progress(ladder)).Keep);

        club.On(2027, 1, 24, 23);
        Assert.Equal(("gold", true), ((await club.Progress(ladder)).Tier, (await club.Progress(ladder)).InGrace));
        club.On(2027, 1, 25, 0);
        Assert.Equal("silver", await club.Tier());
    }

    [Fact]
    public async Task Requalifying_within_the_grace_keeps_the_tier()
    {
        var club = Ladders.Climbing(Ladders.Usual with { Window = new QualificationWindow.Rolling(12), Grace = new(0, 10) });
        await club.Buys(50);
        club.On(2027, 1, 20);
        await club.Buys(50);
        club.On(2027, 6, 1);

        Assert.Equal("gold", await club.Tier());
    }

    [Theory]
    [InlineData(TierFall.ToEarned, "bronze")]
    [InlineData(TierFall.OneLevel, "silver")]
    [InlineData(TierFall.ToBase, "bronze")]
    [InlineData(TierFall.Never, "gold")]
    public async Task A_tier_that_is_over_falls_as_the_ladder_says(TierFall fall, string expected)
    {
        var club = Ladders.Climbing(Ladders.Usual with { Fall = fall });
        await club.Buys(50);
        club.On(2028, 1, 1, 0);

        Assert.Equal(expected, await club.Tier());
    }

    [Theory]
    [InlineData(true, "silver")]
    [InlineData(false, "circle")]
    public async Task Who_falls_one_level_falls_to_the_next_that_can_be_earned(bool byInvitation, string expected)
    {
        var club = Ladders.Climbing(Ladders.Usual with { Fall = TierFall.OneLevel, Tiers = [new("bronze", 0), new("silver", 20), new("circle", 30) { InvitationOnly = byInvitation }, new("gold", 50)] });
        await club.Buys(50);
        club.On(2028, 1, 1, 0);

        Assert.Equal(expected, await club.Tier());
    }

    [Fact]
    public async Task The_lowest_level_ignores_what_a_fall_to_the_base_had_earned()
    {
        var club = Ladders.Climbing(Ladders.Usual with { Fall = TierFall.ToBase });
        await club.Buys(50);
        club.On(2027, 5, 1);
        await club.Buys(20);
        club.On(2028, 1, 1, 0);

        Assert.Equal("bronze", await club.Tier());
    }

    [Fact]
    public async Task A_level_for_life_is_kept_where_others_end()
    {
        var club = Ladders.Climbing(Ladders.Usual with { Tiers = [new("bronze", 0), new("silver", 20), new("gold", 50) { ForLife = true }] });
        await club.Buys(50);
        club.On(2040, 1, 1);

        Assert.Equal("gold", await club.Tier());
    }

    [Fact]
    public async Task What_is_over_the_threshold_begins_the_next_year_where_the_ladder_says_so()
    {
        var ladder = Ladders.Usual with { Rollover = Rollover.Surplus };
        var club = Ladders.Climbing(ladder);
        await club.Buys(65);
        club.On(2027, 1, 1, 0);
        Assert.Equal(15, (await club.Progress(ladder)).Counted);
        await club.Buys(5);
        club.On(2028, 6, 1);

        Assert.Equal("silver", await club.Tier());
    }

    [Fact]
    public async Task Progress_says_what_the_next_tier_takes_and_what_keeping_this_one_takes_and_by_when()
    {
        var club = Ladders.Climbing(Ladders.Usual);
        await club.Buys(30);

        var first = await club.Progress(Ladders.Usual);
        Assert.Equal(new TierStep("gold", 20, Ladders.Day(2027, 1, 1)), first.Next);
        Assert.Equal(new TierStep("silver", 20, Ladders.Day(2028, 1, 1)), first.Keep);
        Assert.Equal(("silver", 30L, Ladders.Day(2028, 1, 1), false), (first.Tier, first.Counted, first.Until, first.InGrace));

        club.On(2027, 3, 1);
        await club.Buys(5);
        Assert.Equal(new TierStep("silver", 15, Ladders.Day(2028, 1, 1)), (await club.Progress(Ladders.Usual)).Keep);
        Assert.Equal(new TierStep("bronze", 0, null), Ladders.Usual.Progress(null, Samples.At(2026, 1, 1)).Next);
    }

    [Fact]
    public async Task What_a_year_counted_keeps_a_tier_until_the_year_is_over_and_not_through_the_grace()
    {
        var ladder = Ladders.Usual with { Grace = new(2, 0) };
        var club = Ladders.Climbing(ladder);
        await club.Buys(20);
        club.On(2027, 12, 15);
        await club.Buys(15);
        Assert.Equal(new TierStep("silver", 5, Ladders.Day(2028, 1, 1)), (await club.Progress(ladder)).Keep);
        Assert.Equal(Ladders.Day(2028, 3, 1), (await club.Progress(ladder)).Until);

        club.On(2028, 2, 1);
        await club.Buys(5);
        Assert.Equal(new TierStep("silver", 15, Ladders.Day(2028, 3, 1)), (await club.Progress(ladder)).Keep);
        club.On(2028, 3, 1, 0);
        Assert.Equal("bronze", await club.Tier());
    }

    [Theory]
    [InlineData(19, "bronze")]
    [InlineData(20, "silver")]
    public async Task What_is_missing_for_a_tier_of_some_length_is_what_is_missing_when_its_grace_ends(decimal more, string expected)
    {
        var ladder = Ladders.Usual with { Window = new QualificationWindow.Rolling(12), Validity = new TierValidity.Fixed(12, 0, LastDay.Excluded), Grace = new(2, 0), Tiers = [new("bronze", 0), new("silver", 20)] };
        var club = Ladders.Climbing(ladder);
        await club.Buys(20);
        club.On(2026, 2, 10);
        await club.Buys(20);
        Assert.Equal(new TierStep("silver", 20, Ladders.Day(2027, 3, 15)), (await club.Progress(ladder)).Keep);

        club.On(2026, 6, 1);
        await club.Buys(more);
        club.On(2027, 3, 15, 0);
        Assert.Equal(expected, await club.Tier());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_tier_of_some_length_is_not_held_anew_because_somebody_looks_in_its_grace(bool looks)
    {
        var ladder = Ladders.Usual with { Window = new QualificationWindow.Rolling(12), Validity = new TierValidity.Fixed(12, 0, LastDay.Excluded), Grace = new(2, 0) };
        var club = Ladders.Climbing(ladder);
        await club.Buys(20);
        club.On(2026, 2, 10);
        await club.Buys(20);
        club.On(2027, 1, 20);
        if (looks)
        {
            await club.Grants(TierEvents.FloorName, "bronze");
        }

        Assert.Equal(Ladders.Day(2027, 3, 15), (await club.Progress(ladder)).Until);
        club.On(2027, 3, 15, 0);
        Assert.Equal("bronze", await club.Tier());
    }

    [Fact]
    public async Task Where_the_count_still_reaches_when_a_tier_is_over_it_is_said_to_end_when_it_does_not_any_more()
    {
        var ladder = Ladders.Usual with { Window = new QualificationWindow.Rolling(12), Validity = new TierValidity.Fixed(6, 0, LastDay.Excluded) };
        var club = Ladders.Climbing(ladder);
        await club.Buys(20);

        var held = await club.Progress(ladder);

        Assert.Equal((Ladders.Day(2027, 1, 15), new TierStep("silver", 20, Ladders.Day(2027, 1, 15))), (held.Until, held.Keep));
    }

    [Fact]
    public async Task Each_tier_is_held_anew_that_a_rolling_window_still_reaches_when_a_higher_one_is_over()
    {
        var ladder = Ladders.Usual with { Window = new QualificationWindow.Rolling(12), Validity = new TierValidity.Fixed(12, 0, LastDay.Excluded) };
        var club = Ladders.Climbing(ladder);
        await club.Buys(50);
        club.On(2026, 2, 10);
        await club.Buys(25);
        club.On(2027, 6, 1);

        Assert.Equal("silver", await club.Tier());
    }

    [Fact]
    public async Task A_fall_to_the_base_leaves_what_is_held_for_life()
    {
        var club = Ladders.Climbing(Ladders.Usual with { Fall = TierFall.ToBase, Tiers = [new("bronze", 0), new("silver", 20) { ForLife = true }, new("gold", 50)] });
        await club.Buys(50);
        club.On(2028, 1, 1, 0);

        Assert.Equal("silver", await club.Tier());
    }

    [Fact]
    public async Task A_fall_to_the_base_leaves_what_the_count_still_reaches_where_tiers_follow_it()
    {
        var club = Ladders.Climbing(Ladders.Usual with { Window = new QualificationWindow.Rolling(12), Fall = TierFall.ToBase });
        await club.Buys(30);
        club.On(2026, 6, 1);
        await club.Buys(20);
        club.On(2027, 1, 15, 0);

        Assert.Equal("silver", await club.Tier());
    }

    [Fact]
    public async Task A_tier_that_is_held_while_the_count_of_a_year_reaches_ends_with_the_year_and_its_grace()
    {
        var ladder = Ladders.Usual with { Validity = TierLadder.WhileQualified, Grace = new(0, 10) };
        var club = Ladders.Climbing(ladder);
        await club.Buys(30);
        Assert.Equal((Ladders.Day(2027, 1, 11), null), ((await club.Progress(ladder)).Until, (await club.Progress(ladder)).Keep));

        club.On(2027, 1, 10, 23);
        var late = await club.Progress(ladder);
        Assert.Equal(("silver", true, new TierStep("silver", 20, Ladders.Day(2027, 1, 11))), (late.Tier, late.InGrace, late.Keep));
        club.On(2027, 1, 11, 0);
        Assert.Equal("bronze", await club.Tier());
    }

    [Fact]
    public async Task What_a_year_leaves_to_the_next_keeps_a_tier_that_follows_the_count()
    {
        var ladder = Ladders.Usual with { Validity = TierLadder.WhileQualified, Rollover = Rollover.Surplus };
        var club = Ladders.Climbing(ladder);
        await club.Buys(30);
        Assert.Equal((Ladders.Day(2027, 1, 1), new TierStep("silver", 10, Ladders.Day(2027, 1, 1))), ((await club.Progress(ladder)).Until, (await club.Progress(ladder)).Keep));
        await club.Buys(10);

        club.On(2027, 1, 1, 0);
        Assert.Equal("silver", await club.Tier());
        club.On(2028, 1, 1, 0);
        Assert.Equal("bronze", await club.Tier());
    }

    [Fact]
    public async Task What_is_missing_to_keep_a_tier_in_a_rolling_window_is_what_a_higher_one_for_life_takes_where_that_is_less()
    {
        var ladder = Ladders.Usual with { Window = new QualificationWindow.Rolling(12), Tiers = [new("bronze", 0), new("silver", 20), new("gold", 50) { ForLife = true }] };
        var club = Ladders.Climbing(ladder);
        await club.Buys(45);

        Assert.Equal(new TierStep("silver", 5, Ladders.Day(2027, 1, 15)), (await club.Progress(ladder)).Keep);
    }

    [Fact]
    public async Task What_keeps_a_tier_by_balance_in_its_grace_is_what_the_balance_is_short_of()
    {
        var ladder = Ladders.Usual with { Metric = new QualificationMetric.UnitsHeld("points"), Window = QualificationWindow.Lifetime, Grace = new(0, 10) };
        var club = Ladders.Climbing(ladder);
        await club.Buys(60);
        await club.Redeems(20);

        var held = await club.Progress(ladder, 40);

        Assert.Equal(("gold", true, 10L), (held.Tier, held.InGrace, held.Keep?.Missing));
        Assert.Equal(held.Until, held.Keep?.By);
    }

    [Fact]
    public async Task A_renamed_level_ends_when_a_rolling_window_lets_it_go()
    {
        var rolling = Ladders.Usual with { Window = new QualificationWindow.Rolling(12) };
        var later = rolling with { Tiers = [new("bronze", 0), new("silver", 20), new("topaz", 50) { Formerly = ["gold"] }] };
        var club = new Club(new LoyaltyModule(new Definitions.DefinitionCatalog<LoyaltyProgram>([Ladders.Program(rolling).Define(), Ladders.Program(later).Define(2, Ladders.Day(2026, 3, 1))])));
        await club.Buys(50);
        club.On(2026, 12, 1);
        Assert.Equal("topaz", await club.Tier());

        club.On(2027, 1, 15, 0);
        Assert.Equal("bronze", await club.Tier());
    }

    [Fact]
    public async Task A_tier_year_that_is_kept_begins_its_count_anew()
    {
        var ladder = Ladders.Usual with
        {
            Window = new QualificationWindow.SinceTierStart(), Validity = new TierValidity.Fixed(12, 0, LastDay.Excluded),
            Tiers = [new("bronze", 0), new("silver", 20) { When = Crm.Conditions.If.Fact("segment.vip").Is(true) }],
        };
        var club = new Club(new VipWhen("vip.on", "vip.off"), new LoyaltyModule(Ladders.Program(ladder)));
        await club.Records(VipWhen.Event(club.NextKey(), "vip.on"));
        await club.Buys(20);
        await club.Records(VipWhen.Event(club.NextKey(), "vip.off"));
        await club.Buys(20);
        await club.Records(VipWhen.Event(club.NextKey(), "vip.on"));

        club.On(2027, 6, 1);
        Assert.Equal("silver", await club.Tier());
        club.On(2028, 6, 1);
        Assert.Equal("bronze", await club.Tier());
    }

    [Fact]
    public async Task A_tier_that_a_window_lets_go_ends_when_its_grace_does()
    {
        var ladder = Ladders.Usual with { Window = new QualificationWindow.Rolling(12), Grace = new(0, 10) };
        var club = Ladders.Climbing(ladder);
        await club.Buys(50);

        Assert.Equal(Ladders.Day(2027, 1, 25), (await club.Progress(ladder)).Until);
    }

    [Fact]
    public async Task A_tier_that_begins_with_the_next_year_is_said_to_last_as_long_as_what_was_counted_for_it_makes_it()
    {
        var ladder = Ladders.Usual with { Start = TierStart.NextPeriod };
        var club = Ladders.Climbing(ladder);
        await club.Buys(20);
        club.On(2027, 6, 1);
        var held = await club.Progress(ladder);
        Assert.Equal((Ladders.Day(2029, 1, 1), new TierStep("silver", 20, Ladders.Day(2029, 1, 1))), (held.Until, held.Keep));

        await club.Buys(20);
        var longer = await club.Progress(ladder);
        Assert.Equal((Ladders.Day(2030, 1, 1), new TierStep("silver", 20, Ladders.Day(2030, 1, 1))), (longer.Until, longer.Keep));
    }

    [Fact]
    public async Task Nothing_is_said_to_keep_a_tier_that_ends_in_the_window_that_reached_it()
    {
        var ladder = Ladders.Usual with { Validity = new TierValidity.Fixed(3, 0, Loyalty.Wallets.LastDay.Excluded) };
        var club = Ladders.Climbing(ladder);
        await club.Buys(20);
        var held = await club.Progress(ladder);
        Assert.Equal((Ladders.Day(2026, 4, 15), null), (held.Until, held.Keep));

        club.On(2026, 4, 14);
        await club.Buys(20);
        club.On(2026, 4, 15, 0);
        Assert.Equal("bronze", await club.Tier());
        await club.Buys(1);
        Assert.Equal("silver", await club.Tier());
    }

    [Fact]
    public async Task Nothing_is_said_to_keep_a_tier_through_a_day_of_the_year_to_which_it_would_only_last_again()
    {
        var ladder = Ladders.Usual with { Window = new QualificationWindow.Calendar(CalendarUnit.Month), Validity = new TierValidity.ToDayOfYear([new(6, 30)]) };
        var club = Ladders.Climbing(ladder);
        await club.Buys(20);
        club.On(2026, 6, 10);
        var held = await club.Progress(ladder);
        Assert.Equal((Ladders.Day(2026, 7, 1), null), (held.Until, held.Keep));
    }

    [Fact]
    public async Task Who_has_landed_softly_earns_the_tier_in_the_same_window()
    {
        var club = Ladders.Climbing(Ladders.Usual with { Fall = TierFall.OneLevel, Validity = new TierValidity.Fixed(12, 0, Loyalty.Wallets.LastDay.Excluded) });
        await club.Buys(50);
        club.On(2027, 1, 15);
        Assert.Equal("silver", await club.Tier());

        club.On(2027, 6, 1);
        await club.Buys(20);
        club.On(2028, 5, 31);
        Assert.Equal("silver", await club.Tier());
        club.On(2028, 6, 1);
        Assert.Equal("bronze", await club.Tier());
    }

    [Fact]
    public async Task Nothing_keeps_a_tier_that_never_ends_or_that_staff_have_granted_for_longer()
    {
        var (ladder, lasting) = (Ladders.Usual with { WarnDaysBefore = 30 }, Ladders.Usual with { WarnDaysBefore = 30, Fall = TierFall.Never });
        var (club, other) = (Ladders.Climbing(ladder), Ladders.Climbing(lasting));
        await club.Buys(20);
        await other.Buys(20);
        Assert.Equal((Ladders.Day(2028, 1, 1), "silver"), ((await club.Progress(ladder)).Until, (await club.Progress(ladder)).Keep?.Tier));
        Assert.Equal((null, null), ((await other.Progress(lasting)).Until, (await other.Progress(lasting)).Keep));

        await club.Grants(TierEvents.FloorName, "silver", new LocalDate(2027, 6, 30));
        Assert.Equal(Ladders.Day(2028, 1, 1), (await club.Progress(ladder)).Until);
        await club.Grants(TierEvents.FloorName, "silver", new LocalDate(2028, 6, 30));
        Assert.Equal((Ladders.Day(2028, 7, 1), null), ((await club.Progress(ladder)).Until, (await club.Progress(ladder)).Keep));
    }

    /// <summary>Foreseeing takes thousands of bytes, and is left to the day on which somebody may have to be told.</summary>
    [Fact]
    public async Task Who_is_warned_of_an_end_far_off_costs_a_purchase_no_forecast()
    {
        Assert.InRange(await BytesOfPurchases(Ladders.Usual with { WarnDaysBefore = 30 }) - await BytesOfPurchases(Ladders.Usual), long.MinValue, 1_000);
        var rolling = Ladders.Usual with { Window = new QualificationWindow.Rolling(6), Validity = new TierValidity.Fixed(12, 0, Loyalty.Wallets.LastDay.Excluded) };
        Assert.InRange(await BytesOfPurchases(rolling with { WarnDaysBefore = 30 }) - await BytesOfPurchases(rolling), long.MinValue, 1_000);

        // What one of ten purchases allocates by somebody who has a tier.
        static async Task<long> BytesOfPurchases(TierLadder ladder)
        {
            var club = Ladders.Climbing(ladder);
            await club.Buys(60);
            await club.Buys(1);
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var number = 0; number < 10; number++)
            {
                await club.Buys(1);
            }

            return (GC.GetAllocatedBytesForCurrentThread() - before) / 10;
        }
    }

    [Fact]
    public async Task Spend_counts_on_the_articles_of_a_collection()
    {
        var ladder = Ladders.Usual with { Metric = new QualificationMetric.Spend(Currency.Hkd) { Basis = new EarningBasis.Lines { Collections = ["teas"] } }, Tiers = [new("bronze", 0), new("silver", 20_00)] };
        var club = Club.Of(Ladders.Program(ladder) with { Collections = [new() { Name = "teas", Skus = ["oolong"] }] });
        await club.Records(CustomerEvent.Purchase(club.NextKey(), Samples.Amy, Money.Hkd(29), [Samples.Line("oolong", 19), Samples.Line("cake", 10)]));
        Assert.Equal("bronze", await club.Tier());

        await club.Records(CustomerEvent.Purchase(club.NextKey(), Samples.Amy, Money.Hkd(1), [Samples.Line("oolong", 1)]));
        Assert.Equal("silver", await club.Tier());
    }

    [Fact]
    public async Task A_floor_lets_rise_above_it_and_falls_back_to_it()
    {
        var club = Ladders.Climbing(Ladders.Usual);
        await club.Grants(TierEvents.FloorName, "silver");
        Assert.Equal("silver", await club.Tier());
        await club.Buys(50);
        Assert.Equal("gold", await club.Tier());
        club.On(2028, 1, 1, 0);
        Assert.Equal("silver", await club.Tier());

        await club.Records(TierEvents.Release(club.NextKey(), Samples.Amy, "mistake", "staff:17"));
        Assert.Equal("bronze", await club.Tier());
    }

    [Fact]
    public async Task A_pin_holds_whatever_is_counted_through_its_last_day()
    {
        var club = Ladders.Climbing(Ladders.Usual);
        await club.Grants(TierEvents.PinName, "silver", new LocalDate(2026, 3, 31));
        await club.Buys(50);
        Assert.Equal("silver", await club.Tier());

        club.On(2026, 4, 1, 0);
        Assert.Equal("gold", await club.Tier());
    }

    [Theory]
    [InlineData(TierEvents.PinName)]
    [InlineData(TierEvents.FloorName)]
    public async Task A_grant_through_the_last_day_of_the_calendar_never_ends(string request)
    {
        var club = Ladders.Climbing(Ladders.Usual);

        Assert.Null((await club.Grants(request, "gold", LocalDate.MaxIsoValue)).Refusal);

        club.On(9990, 1, 1);
        Assert.Equal("gold", await club.Tier());
    }

    [Fact]
    public async Task A_tier_by_invitation_is_reached_by_no_count()
    {
        var club = Ladders.Climbing(Ladders.Usual with { Tiers = [.. Ladders.Usual.Tiers, new("circle", 50) { InvitationOnly = true }] });
        await club.Buys(10_000);
        Assert.Equal("gold", await club.Tier());

        await club.Grants(TierEvents.FloorName, "circle");
        Assert.Equal("circle", await club.Tier());
    }

    [Fact]
    public async Task Nobody_grants_a_tier_that_is_not_there_or_is_over_or_without_a_name()
    {
        var club = Ladders.Climbing(Ladders.Usual);
        Assert.Equal("unknown-tier", (await club.Grants(TierEvents.FloorName, "diamond")).Refusal?.Code);
        Assert.Equal("already-over", (await club.Grants(TierEvents.PinName, "gold", new LocalDate(2026, 1, 14))).Refusal?.Code);
        Assert.Equal("actor-missing", (await club.Records(TierEvents.Floor("desk:1", Samples.Amy, "gold", "x", "staff:1") with { Actor = null })).Refusal?.Code);
        Assert.Equal("unknown-ladder", (await club.Records(TierEvents.Floor("desk:2", Samples.Amy, "gold", "x", "staff:1", ladder: "rank"))).Refusal?.Code);
    }

    [Fact]
    public async Task Above_a_limit_staff_need_a_second_person_and_above_another_nobody_may()
    {
        var club = Club.Of(Ladders.Program(Ladders.Usual) with
        {
            StaffLimits = [new() { Request = LoyaltyEvents.AdjustName, Unit = "points", Alone = 100, Most = 1_000 }, new() { Request = TierEvents.PinName, Alone = 0 }],
        });
        CustomerEvent Gives(long amount, string? second) => LoyaltyEvents.Adjust(club.NextKey(), Samples.Amy, amount, "goodwill", "staff:17") is var asked && second is null
            ? asked : asked with { Fields = asked.Fields.With(StaffFields.ApprovedBy, second) };

        Assert.Null((await club.Records(Gives(100, null))).Refusal);
        Assert.Equal("approval-needed", (await club.Records(Gives(101, null))).Refusal?.Code);
        Assert.Equal("approval-needed", (await club.Records(Gives(101, "staff:17"))).Refusal?.Code);
        Assert.Null((await club.Records(Gives(1_000, "staff:3"))).Refusal);
        Assert.Equal("staff-limit", (await club.Records(Gives(1_001, "staff:3"))).Refusal?.Code);
        Assert.Equal("approval-needed", (await club.Grants(TierEvents.PinName, "gold")).Refusal?.Code);
    }

    [Fact]
    public async Task What_a_tier_grants_is_a_fact_while_it_is_held()
    {
        var club = Ladders.Climbing(Ladders.Usual with
        {
            Tiers = [new("bronze", 0), new("silver", 20) { Benefits = [new("discount", 5)] }, new("gold", 50) { Benefits = [new("discount", 10), new("free-delivery", true)] }],
        });
        await club.Buys(50);
        Assert.Equal((Scalar.Of(10), Scalar.Of(true)), (await club.Benefit("discount"), await club.Benefit("free-delivery")));

        await club.Buys(1);
        club.On(2027, 6, 1);
        await club.Buys(20);
        club.On(2028, 1, 1, 0);
        Assert.Equal((Scalar.Of(5), default), (await club.Benefit("discount"), await club.Benefit("free-delivery")));
    }

    [Fact]
    public async Task Two_ladders_of_one_programme_are_climbed_each_by_its_own_metric()
    {
        var club = Club.Of(Ladders.Program(Ladders.Usual, new TierLadder { Name = "regulars", Metric = new QualificationMetric.Visits(), Window = QualificationWindow.CalendarYear, Tiers = [new("often", 2)] }));
        await club.Buys(50);
        Assert.Equal(("gold", null), (await club.Tier(), (await club.Amy()).Fact("loyalty.tea-club.regulars").AsCode));
        await club.Buys(1);
        Assert.Equal("often", (await club.Amy()).Fact("loyalty.tea-club.regulars").AsCode);
    }

    [Fact]
    public async Task A_later_version_is_felt_at_its_first_instant_and_a_renamed_level_is_kept()
    {
        var later = Ladders.Usual with { Tiers = [new("bronze", 0), new("silver", 40), new("topaz", 60) { Formerly = ["gold"] }] };
        var versions = new Definitions.DefinitionCatalog<LoyaltyProgram>([Ladders.Program(Ladders.Usual).Define(), Ladders.Program(later).Define(2, Ladders.Day(2026, 3, 1))]);
        var club = new Club(new LoyaltyModule(versions));
        await club.Buys(50);
        var standing = (await club.Membership()).Standing();
        Assert.Equal([new TierMove("gold", "topaz", 1)], TierMigration.Preview(Ladders.Usual, later, [standing!], Samples.At(2026, 3, 1)));

        club.On(2026, 3, 1, 0);
        Assert.Equal("topaz", await club.Tier());
    }

    [Fact]
    public async Task Others_are_told_in_which_direction_a_tier_changed_and_that_one_is_kept_longer()
    {
        var heard = new Listener(LoyaltyNames.TierChanged, LoyaltyNames.TierProlonged);
        var club = new Club(new LoyaltyModule(Ladders.Program(Ladders.Usual)), heard);
        await club.Buys(20);
        await club.Buys(30);
        club.On(2027, 2, 1);
        await club.Buys(50);
        club.On(2029, 1, 1);
        await club.Buys(1);

        Assert.Equal(["joined silver", "upgraded gold", "tier.prolonged gold", "downgraded bronze"], heard.Heard);
    }

    private sealed record Lines : IQualificationMetric
    {
        public string Name => "lines";

        public int Version => 1;

        public long Of(Loyalty.Rules.EarningContext context) => context.Event.Lines.Count;
    }
}
