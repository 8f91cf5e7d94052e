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
