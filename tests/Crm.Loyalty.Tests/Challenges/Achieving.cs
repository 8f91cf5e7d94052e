using Crm.Definitions;
using Crm.Events;
using Crm.Loyalty.Challenges;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Tests.Recording;
using Crm.Loyalty.Tests.Redemption;
using Crm.Loyalty.Tiers;
using Crm.Loyalty.Wallets;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Tests.Challenges;

/// <summary>Streaks, missions and challenges.</summary>
public sealed class Achieving
{
    private static Challenge Monthly { get; } = new()
    {
        Name = "regular",
        Goals = [new ChallengeGoal("visits", 4)],
        Period = CalendarUnit.Month,
        Consecutive = 4,
        Recurrence = Recurrence.NextPeriod,
        Award = [new UnitAmount("stars", 10)],
    };

    private static Challenge Tasting { get; } = new() { Name = "tasting", Goals = [new ChallengeGoal("four-sorts", 4) { Kind = new Sorts() }], Award = [new UnitAmount("stars", 10)] };

    private static Club With(Challenge challenge) => Club.Of(RewardClub.Program() with { Challenges = [challenge] });

    private static async Task<long> Stars(Club club) => (await club.Membership()).Wallet("stars").Balance;

    private static async Task Visit(Club club, int month, int times)
    {
        club.On(2026, month, 10);
        for (var i = 0; i < times; i++)
        {
            await club.Buys(10, $"m{month}:{i}");
        }
    }

    [Fact]
    public async Task Four_visits_a_month_four_months_in_a_row_are_a_streak()
    {
        var club = With(Monthly);
        foreach (var month in new[] { 2, 3, 4 })
        {
            await Visit(club, month, 4);
        }

        Assert.Equal(0, await Stars(club));
        await Visit(club, 5, 4);
        Assert.Equal(10, await Stars(club));
        await Visit(club, 6, 4);
        Assert.Equal(10, await Stars(club));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 10)]
    public async Task A_month_missed_ends_the_run_unless_a_freeze_is_left_for_it(int freezes, long stars)
    {
        var club = With(Monthly with { Freezes = freezes });
        await Visit(club, 2, 4);
        await Visit(club, 3, 3);
        await Visit(club, 4, 4);
        await Visit(club, 5, 4);
        await Visit(club, 6, 4);

        Assert.Equal(stars, await Stars(club));
    }

    [Fact]
    public async Task A_goal_counts_what_the_hosts_own_kind_says_and_refunds_leave()
    {
        var written = LoyaltyProgramJson.Write(RewardClub.Program() with { Challenges = [Tasting] });
        var read = LoyaltyProgramJson.Read(written, new LoyaltyCode { GoalKinds = [new Sorts()] });
        Assert.Equal(RewardClub.Program() with { Challenges = [Tasting] }, read);
        Assert.NotEqual(read.Hash, (read with { Challenges = [Tasting with { Goals = [Tasting.Goals[0] with { Kind = null }] }] }).Hash);
        var club = Club.Of(read);

        await club.Records(CustomerEvent.Purchase("pos:1", Samples.Amy, Money.Hkd(60), Samples.Line("oolong", 20), Samples.Line("pu-erh", 20), Samples.Line("jasmine", 20)));
        Assert.Equal((0L, 3L), (await Stars(club), (await club.Membership()).Challenge("tasting")!.Counts[0].Done));
        await club.Records(CustomerEvent.Purchase("pos:2", Samples.Amy, Money.Hkd(20), Samples.Line("sencha", 20)));
        Assert.Equal(10, await Stars(club));

        await club.Records(CustomerEvent.Refund("pos:3", Samples.Amy, "pos:1", Money.Hkd(20), Samples.Line("jasmine", 20)));
        Assert.Equal((0L, 3L), (await Stars(club), (await club.Membership()).Challenge("tasting")!.Counts[0].Done));
    }

    [Theory]
    [InlineData(-5, 0)]
    [InlineData(long.MinValue, 0)]
    [InlineData(3, 3)]
    public async Task What_a_kind_of_goal_proposes_is_never_below_nothing(long proposed, long counted)
    {
        var club = With(Tasting with { Goals = [new("four", 4) { Kind = new Fixed(proposed) }] });
        await club.Buys(10);

        Assert.Equal(counted, (await club.Membership()).Challenge("tasting")?.Counts[0].Done ?? 0);
    }

    [Fact]
    public async Task A_kind_of_goal_that_fails_is_named_and_nothing_is_recorded()
    {
        var club = With(Tasting with { Goals = [new("four", 4) { Kind = new Fixed(null) }] });

        var fault = await Assert.ThrowsAsync<Crm.Engine.ModuleFaultException>(async () => await club.Buys(10));

        Assert.Contains("'fixed' version 1 of challenge 'tasting'", fault.InnerException?.Message);
        Assert.Empty(await club.Ledger());
    }

    [Fact]
    public void A_kind_of_goal_is_wrong_beside_a_measure_and_unknown_where_nobody_registered_it()
    {
        var both = Assert.Throws<InvalidLoyaltyProgramException>(() => With(Tasting with { Goals = [Tasting.Goals[0] with { Measure = GoalMeasure.Articles }] }));
        Assert.Contains("challenges[0].goals[0].kind", both.Message);

        var written = LoyaltyProgramJson.Write(RewardClub.Program() with { Challenges = [Tasting] });
        var unknown = Assert.Throws<InvalidLoyaltyProgramException>(() => LoyaltyProgramJson.Read(written, new LoyaltyCode { GoalKinds = [new Fixed(1)] }));
        Assert.Contains("'sorts' with version 2. There are: fixed version 1.", unknown.Message);
    }

    [Fact]
    public async Task An_order_that_comes_back_lowers_progress_and_takes_the_award_back()
    {
        var club = With(Monthly with { Consecutive = 1 });
        await Visit(club, 2, 4);
        Assert.Equal(10, await Stars(club));
        await club.Returns("m2:1", 10);

        Assert.Equal((0L, 3L), (await Stars(club), (await club.Membership()).Challenge("regular")!.Counts[0].Done));
    }

    [Theory]
    [InlineData(CalendarUnit.Day, IsoDayOfWeek.Monday, new[] { "03-02T23:59", "03-03T00:00", "03-04T12:00" }, 10)]
    [InlineData(CalendarUnit.Day, IsoDayOfWeek.Monday, new[] { "03-02T23:59", "03-04T00:00", "03-05T12:00" }, 0)]
    [InlineData(CalendarUnit.Week, IsoDayOfWeek.Monday, new[] { "03-01T12:00", "03-02T00:00", "03-15T23:59" }, 10)]
    [InlineData(CalendarUnit.Week, IsoDayOfWeek.Sunday, new[] { "02-28T23:59", "03-01T00:00", "03-08T00:00" }, 10)]
    [InlineData(CalendarUnit.Week, IsoDayOfWeek.Sunday, new[] { "03-01T12:00", "03-02T00:00", "03-15T23:59" }, 0)]
    public async Task Days_and_weeks_in_a_row_are_those_of_the_programmes_zone(CalendarUnit unit, IsoDayOfWeek weekStart, string[] visits, long stars)
    {
        var club = With(Monthly with { Goals = [new("visits", 1)], Period = unit, WeekStart = weekStart, Consecutive = 3 });
        foreach (var visit in visits)
        {
            var at = NodaTime.Text.LocalDateTimePattern.CreateWithInvariantCulture("uuuu-MM-dd'T'HH:mm").Parse($"2026-{visit}").Value;
            club.At(at.InZoneStrictly(DateTimeZoneProviders.Tzdb["Asia/Hong_Kong"]).ToInstant());
            await club.Buys(10);
        }

        Assert.Equal(stars, await Stars(club));
    }

    [Theory]
    [InlineData(false, 0, 3)]
    [InlineData(true, 10, 0)]
    public async Task What_was_achieved_stays_where_the_challenge_says_so_though_an_order_goes_back(bool keeps, long stars, long done)
    {
        var club = With(Monthly with { Period = null, Consecutive = 1, Recurrence = Recurrence.OnCompletion, KeepsAchieved = keeps });
        await Visit(club, 2, 4);
        Assert.Equal(10, await Stars(club));

        await club.Returns("m2:1", 10);

        var standing = (await club.Membership()).Challenge("regular");
        Assert.Equal((stars, done, keeps ? 1 : 0), (await Stars(club), standing!.Counts[0].Done, standing.Completed));
    }

    [Fact]
    public async Task What_an_achievement_that_stays_has_used_up_counts_for_no_other_one()
    {
        var club = With(Monthly with { Period = null, Consecutive = 1, Recurrence = Recurrence.OnCompletion, KeepsAchieved = true });
        await Visit(club, 2, 4);
        foreach (var order in new[] { "m2:0", "m2:1", "m2:3" })
        {
            await club.Returns(order, 10);
        }

        await Visit(club, 3, 3);
        Assert.Equal((10L, 3L), (await Stars(club), (await club.Membership()).Challenge("regular")!.Counts[0].Done));
        await Visit(club, 4, 1);
        Assert.Equal(20, await Stars(club));
        await club.Returns("m4:0", 10);
        Assert.Equal(20, await Stars(club));
        Assert.Empty(await club.Differences(new LoyaltyModule(RewardClub.Program() with { Challenges = [Monthly with { Period = null, Consecutive = 1, Recurrence = Recurrence.OnCompletion, KeepsAchieved = true }] })));
    }

    [Fact]
    public async Task A_run_that_was_achieved_stays_so_and_one_that_was_not_goes_back()
    {
        var club = With(Monthly with { Goals = [new("visits", 1)], Consecutive = 2, KeepsAchieved = true });
        foreach (var month in new[] { 2, 3, 4 })
        {
            await Visit(club, month, 1);
        }

        await club.Returns("m3:0", 10);
        Assert.Equal((10L, 1, 1), (await Stars(club), (await club.Membership()).Challenge("regular")!.Completed, (await club.Membership()).Challenge("regular")!.Streak));
        await club.Returns("m4:0", 10);
        await Visit(club, 5, 1);

        Assert.Equal((10L, 1), (await Stars(club), (await club.Membership()).Challenge("regular")!.Streak));
    }

    [Fact]
    public async Task A_late_order_that_achieves_earlier_what_stays_is_no_second_achievement()
    {
        var club = With(Monthly with { Period = null, Consecutive = 1, Recurrence = Recurrence.Once, KeepsAchieved = true });
        await Visit(club, 3, 4);
        await club.Records(CustomerEvent.Purchase("pos:late", Samples.Amy, Money.Hkd(10)) with { OccurredAt = Samples.Local(2026, 3, 9) });

        Assert.Equal((10L, 1), (await Stars(club), (await club.Membership()).Challenge("regular")!.Completed));
    }

    [Fact]
    public void Weeks_of_any_day_and_achievements_that_stay_are_written_and_part_of_the_hash()
    {
        var usual = RewardClub.Program() with { Challenges = [Monthly with { Period = CalendarUnit.Week }] };
        LoyaltyProgram[] programs = [usual, .. new[] { Monthly with { Period = CalendarUnit.Day }, Monthly with { Period = CalendarUnit.Week, WeekStart = IsoDayOfWeek.Sunday }, Monthly with { Period = CalendarUnit.Week, KeepsAchieved = true } }.Select(challenge => usual with { Challenges = [challenge] })];

        Assert.All(programs, program => Assert.Equal(program, LoyaltyProgramJson.Read(LoyaltyProgramJson.Write(program))));
        Assert.Equal(programs.Length, programs.Select(program => program.Hash).Distinct().Count());
        Assert.Contains("\"weekStart\":\"sunday\"", LoyaltyProgramJson.Write(programs[2]).Replace(" ", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(CalendarUnit.Month, IsoDayOfWeek.Sunday, "weekStart")]
    [InlineData(CalendarUnit.Week, IsoDayOfWeek.None, "weekStart")]
    [InlineData((CalendarUnit)9, IsoDayOfWeek.Monday, "period")]
    public void A_day_on_which_weeks_begin_is_said_of_weeks_only(CalendarUnit unit, IsoDayOfWeek weekStart, string place)
    {
        var error = Assert.Throws<InvalidLoyaltyProgramException>(() => With(Monthly with { Period = unit, WeekStart = weekStart }));

        Assert.Contains($"challenges[0].{place}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_screen_says_when_the_period_ends() =>
        Assert.Equal(Samples.Local(2026, 3, 22), ChallengeProgress.Of(Monthly with { Period = CalendarUnit.Week, WeekStart = IsoDayOfWeek.Sunday }, null, Samples.At(2026, 3, 20)).PeriodEnds);

    [Fact]
    public async Task A_mission_is_several_goals_of_orders_money_and_articles()
    {
        var mission = new Challenge
        {
            Name = "mission",
            Goals =
            [
                new("orders", 2), new("money", 10_000) { Measure = GoalMeasure.Money, Currency = Currency.Hkd }, new("cakes", 2) { Measure = GoalMeasure.Articles, Lines = new() { Categories = ["cake"] } },
            ],
            Award = [new UnitAmount("stars", 3)],
        };
        var module = new LoyaltyModule(RewardClub.Program() with { Challenges = [mission] });
        var club = new Club(module);
        await club.Buys(90);
        await club.Records(CustomerEvent.Purchase(club.NextKey(), Samples.Amy, Money.Hkd(10), new EventLine("tart", 1, Money.Hkd(10), "cake")));
        Assert.Equal([2L, 10_000L, 1L], module.Show(await club.Amy())[0].Challenges[0].Goals.Select(goal => goal.Done));
        Assert.Equal(0, await Stars(club));

        var receipt = await club.Records(CustomerEvent.Purchase(club.NextKey(), Samples.Amy, Money.Hkd(10), new EventLine("tart", 1, Money.Hkd(10), "cake")));
        Assert.Equal((3L, 3L), (await Stars(club), receipt.Total("stars")));
        Assert.Contains(receipt.Lines, line => line.Code == LineCodes.ChallengeAchieved);
        await club.Buys(1_000);
        Assert.Equal(3, await Stars(club));
    }

    [Fact]
    public async Task It_begins_anew_at_once_where_it_says_so_and_only_for_who_takes_part()
    {
        var club = With(new Challenge { Name = "every-two", Goals = [new("visits", 2)], ByJoining = true, Recurrence = Recurrence.OnCompletion, Award = [new UnitAmount("stars", 1)] });
        await Visit(club, 2, 4);
        Assert.Equal(0, await Stars(club));
        await club.Records(ChallengeEvents.Join(club.NextKey(), Samples.Amy, "every-two"));
        Assert.Equal("challenge-not-open", (await club.Records(ChallengeEvents.Join(club.NextKey(), Samples.Amy, "every-two"))).Refusal?.Code);
        await Visit(club, 3, 5);
        Assert.Equal((2L, 1L), (await Stars(club), (await club.Membership()).Challenge("every-two")!.Counts[0].Done));
    }

    [Fact]
    public async Task It_counts_only_while_it_runs()
    {
        var club = With(Monthly with { Consecutive = 1, From = Samples.Local(2026, 3, 1), Until = Samples.Local(2026, 4, 1) });
        await Visit(club, 2, 4);
        await Visit(club, 4, 4);
        Assert.Equal(0, await Stars(club));
        await Visit(club, 5, 1);
        Assert.Null((await club.Membership()).Challenge("regular"));
    }

    // v1 asks for three orders and a review; the customer has made two orders and no review.
    [Theory]
    [InlineData("orders", true, "orders 3 of 3")]
    [InlineData("reviews", false, "reviews 0 of 1")]
    [InlineData("reviews,orders", false, "reviews 0 of 1, orders 3 of 3")]
    [InlineData("orders,reviews,gifts", false, "orders 3 of 3, reviews 0 of 1, gifts 0 of 1")]
    public async Task A_later_version_may_take_away_goals_add_some_or_change_their_places(string names, bool achieved, string shown)
    {
        ChallengeGoal[] known = [new("orders", 3), new("reviews", 1) { On = "review" }, new("gifts", 1) { On = "gift" }];
        LoyaltyProgram Asking(IEnumerable<ChallengeGoal> goals) => RewardClub.Program() with { Challenges = [new() { Name = "start", Goals = goals.ToSequence(), Award = [new UnitAmount("stars", 10)] }] };
        var later = Asking(names.Split(',').Select(name => known.Single(goal => goal.Name == name)));
        var club = new Club(new LoyaltyModule(new DefinitionCatalog<LoyaltyProgram>([Asking(known.Take(2)).Define(), later.Define(2, Samples.Local(2026, 3, 1))])));
        await Visit(club, 2, 2);
        await Visit(club, 3, 1);

        Assert.Equal(achieved ? 10 : 0, await Stars(club));
        var standing = (await club.Membership()).Challenge("start");
        Assert.Equal(shown, string.Join(", ", ChallengeProgress.Of(later.Challenges[0], standing, Samples.At(2026, 3, 20)).Goals.Select(goal => $"{goal.Goal} {goal.Done} of {goal.Target}")));
    }

    [Theory]
    [InlineData(Recurrence.OnCompletion, 20)]
    [InlineData(Recurrence.NextPeriod, 10)]
    public async Task What_begins_anew_at_once_can_be_achieved_twice_in_a_period(Recurrence recurrence, long stars)
    {
        var club = With(Monthly with { Consecutive = 1, Recurrence = recurrence });
        await Visit(club, 2, 9);
        Assert.Equal(stars, await Stars(club));

        await Visit(club, 3, 4);
        Assert.Equal(stars + 10, await Stars(club));
    }

    [Fact]
    public void Two_goals_of_one_name_are_refused_for_what_is_done_is_counted_by_the_name()
    {
        var error = Assert.Throws<InvalidLoyaltyProgramException>(() => With(Monthly with { Goals = [new("visits", 4), new("visits", 2) { On = "review" }] }));

        Assert.Contains("challenges[0].goals[1].name", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_that_a_screen_shows_knows_of_months_that_passed_unmet()
    {
        var standing = new ChallengeStanding { Challenge = "regular", Period = new(2026, 3, 1), Counts = [new("visits", 4)], Met = true, Streak = 2 };

        Assert.Equal((2, 2, 0), (ChallengeProgress.Of(Monthly, standing, Samples.At(2026, 3, 20)).Streak, ChallengeProgress.Of(Monthly, standing, Samples.At(2026, 4, 20)).Streak, ChallengeProgress.Of(Monthly, standing, Samples.At(2026, 5, 1)).Streak));
    }

    /// <summary>Different articles of one order.</summary>
    private sealed record Sorts : IGoalKind
    {
        public string Name => "sorts";

        public int Version => 2;

        public long Of(EarningContext context) => context.Event.Lines.Where(line => line.Amount.MinorUnits > 0).Select(line => line.Sku).Distinct(StringComparer.Ordinal).Count();
    }

    /// <summary>Always proposes the same; null: fails.</summary>
    private sealed record Fixed(long? Proposed) : IGoalKind
    {
        public string Name => "fixed";

        public int Version => 1;

        public long Of(EarningContext context) => Proposed ?? throw new FormatException("It does not count.");
    }
}
