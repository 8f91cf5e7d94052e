using Crm.Definitions;
using Crm.Engine;
using Crm.Events;
using Crm.Ledger;
using Crm.Loyalty.Challenges;
using Crm.Loyalty.Members;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Stamps;
using Crm.Loyalty.Tests.Recording;
using Crm.Loyalty.Tests.Stamps;
using Crm.Loyalty.Tests.Tiers;
using Crm.Loyalty.Tiers;
using Crm.Loyalty.Wallets;
using Crm.Modules;
using Crm.Storage;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;
using Outcome = Crm.Modules.Outcome;

namespace Crm.Loyalty.Tests.Members;

/// <summary>Two members become one.</summary>
public sealed class Merging
{
    private static readonly Identity Ben = Identity.User("ben");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task I5_lots_go_over_with_the_lives_they_have_and_nothing_is_earned_again()
    {
        var club = Club.TeaClub();
        await club.Buys(100);
        club.On(2026, 3, 10);
        await club.Records(Purchase("till:1", Ben, 250));
        club.On(2026, 6, 1);

        var receipt = await MergedAsync(club);

        var wallet = (await club.Membership()).Wallet("points");
        Assert.Equal([(10L, Samples.Local(2027, 1, 16)), (25L, Samples.Local(2027, 3, 11))], wallet.Lots.Select(lot => (lot.Amount, lot.Expiry!.Value)));
        Assert.Equal(25, receipt.Total("points"));
        var ledger = await club.Ledger();
        Assert.Equal(35, ledger.Where(entry => entry.Unit == "points").Sum(entry => entry.Amount));
        Assert.Equal(35, ledger.Where(entry => entry is { Unit: "points", Movement: Movement.Issued }).Sum(entry => entry.Amount));
        Assert.Equal(0, ledger.Where(entry => entry.Movement == Movement.Transferred).Sum(entry => entry.Amount));
        Assert.Empty(await DifferencesAsync(club, new LoyaltyModule(Samples.TeaClub)));
    }

    [Fact]
    public async Task What_both_counted_together_reaches_a_tier_and_a_tier_of_either_is_held()
    {
        var club = Club.TeaClub();
        await club.Buys(120);
        await club.Records(Purchase("till:1", Ben, 120));

        await MergedAsync(club);
        Assert.Equal("silver", await club.Tier());

        await club.Records(Purchase("till:2", Identity.User("cat"), 600));
        await MergedAsync(club, Identity.User("cat"), "desk:2");
        Assert.Equal("gold", await club.Tier());
        Assert.Empty(await DifferencesAsync(club, new LoyaltyModule(Samples.TeaClub)));
    }

    [Fact]
    public async Task What_ran_out_for_one_does_not_come_back_and_what_runs_out_later_does_so_at_its_instant()
    {
        var club = Club.TeaClub();
        await club.Records(Purchase("till:1", Ben, 100));
        club.On(2026, 12, 1);
        await club.Buys(50);
        club.On(2027, 2, 1);

        await MergedAsync(club);

        Assert.Equal(5, await club.Points());
        club.On(2027, 12, 2);
        Assert.Equal(0, await club.Points());
        Assert.Empty(await DifferencesAsync(club, new LoyaltyModule(Samples.TeaClub)));
    }

    [Fact]
    public async Task A_refund_of_the_retired_members_purchase_takes_what_it_earned_and_spent_units_stay_spent()
    {
        var club = Club.TeaClub();
        await club.Buys(100);
        await club.Records(Purchase("till:1", Ben, 300));
        await club.Records(LoyaltyEvents.Redeem("app:1", SpendAuthority.SignedIn(Ben), 20));
        await MergedAsync(club);

        await club.Records(CustomerEvent.Refund("till:2", Ben, "till:1", Money.Hkd(300)));

        Assert.Equal(-10, (await club.Membership()).Wallet("points").Balance);
        Assert.Equal(-10, (await club.Ledger()).Where(entry => entry.Unit == "points").Sum(entry => entry.Amount));
        Assert.Empty(await DifferencesAsync(club, new LoyaltyModule(Samples.TeaClub)));
    }

    [Fact]
    public async Task Whoever_is_suspended_under_one_name_is_suspended_under_both()
    {
        var club = Club.TeaClub();
        await club.Buys(100);
        await club.Records(Purchase("till:1", Ben, 100));
        await club.Records(MemberEvents.Suspend("desk:0", Ben, "fraud", "staff:17"));

        await MergedAsync(club);

        Assert.Equal("membership-suspended", (await club.Redeems(5)).Refusal?.Code);
        Assert.Equal("suspended", (await club.Amy()).Fact(LoyaltyNames.MemberFact("tea-club")).AsCode);
    }

    [Theory]
    [InlineData("Asia/Hong_Kong", "Asia/Hong_Kong", "2026-02-13T16:00:00Z")]
    [InlineData("Europe/London", "Europe/London", "2026-02-14T00:00:00Z")]
    [InlineData("Asia/Tokyo", "America/New_York", "2026-02-13T15:00:00Z")]
    public async Task The_day_of_two_begins_where_the_survivor_is_and_comes_once(string own, string other, string begins)
    {
        var birthday = new YearlyPoints { Name = "birthday", Unit = "points", Points = 50, DateField = "birth-date", ZoneField = "zone" };
        var program = Samples.TeaClub with { Rules = [birthday], Ladders = [] };
        var club = Club.Of(program);
        foreach (var (key, who, zone) in new[] { ("till:1", Samples.Amy, own), ("till:2", Ben, other) })
        {
            await club.Records(Purchase(key, who, 1) with { Profile = Fields.Of(("birth-date", new LocalDate(1990, 2, 14)), ("zone", zone)) });
        }

        await MergedAsync(club);

        var begin = NodaTime.Text.InstantPattern.ExtendedIso.Parse(begins).Value;
        club.At(begin - Duration.Epsilon);
        Assert.Equal(0, await club.Points());
        club.At(begin);
        Assert.Equal(50, await club.Points());
        club.On(2027, 2, 13, 12);
        Assert.Equal(50, await club.Points());
        Assert.Empty(await DifferencesAsync(club, new LoyaltyModule(program)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Who_takes_part_under_one_name_does_so_after_a_merge_with_one_who_left(bool survivorLeft)
    {
        var program = Samples.TeaClub with { Membership = new() { Welcome = [new UnitAmount("points", 88)], Leaving = LeavePolicy.Keep } };
        var club = Club.Of(program);
        await club.Buys(100);
        await club.Records(Purchase("till:1", Ben, 100));
        var leaver = survivorLeft ? Samples.Amy : Ben;
        await club.Records(MemberEvents.Join("app:1", leaver));
        await club.Records(MemberEvents.Leave("app:2", leaver));

        await MergedAsync(club);

        Assert.Equal(108, await club.Points());
        Assert.Equal("member", (await club.Amy()).Fact(LoyaltyNames.MemberFact("tea-club")).AsCode);
        await club.Buys(50);
        Assert.True((await club.Redeems(100)).Accepted);
        Assert.Equal(13, await club.Points());

        // Whoever was welcomed is not welcomed again.
        Assert.Equal("already-a-member", (await club.Records(MemberEvents.Join("app:3", Samples.Amy))).Refusal?.Code);
        Assert.Empty(await DifferencesAsync(club, new LoyaltyModule(program)));
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    public async Task Who_left_stays_away_where_the_other_name_was_never_in_the_programme(bool survivorLeft, bool open)
    {
        var club = Club.Of(Samples.TeaClub with { Membership = new() { Enrolment = open ? Enrolment.Open : Enrolment.ByJoining } });
        var (leaver, other) = survivorLeft ? (Samples.Amy, Ben) : (Ben, Samples.Amy);
        await club.Records(MemberEvents.Join("app:1", leaver));
        await club.Records(MemberEvents.Leave("app:2", leaver));
        await club.Records(LoyaltyEvents.Visit("app:3", other));

        await MergedAsync(club);

        Assert.Equal(MemberStatus.Left, (await club.Membership()).Life?.Status);
        await club.Buys(100);
        Assert.Equal(0, await club.Points());
    }

    [Theory]
    [InlineData(5, 5, 1_000, 0)]
    [InlineData(5, 7, 1_000, 2)]
    [InlineData(4, 5, 0, 9)]
    [InlineData(15, 17, 3_000, 2)]
    public async Task A_card_that_two_fill_together_gives_what_it_gives_by_itself(int own, int other, long points, long stamps)
    {
        var program = CupCards.Program with { StampCards = [CupCards.Buy(10) with { Prize = new UnitAmount("points", 1_000) }] };
        var club = Club.Of(program);
        await club.Records(CupCards.Purchase("till:1", own));
        await club.Records(CupCards.Purchase("till:2", other) with { Identity = Ben });

        await MergedAsync(club);

        var card = (await club.Membership()).Card("cups");
        Assert.Equal((points, stamps, 0L, points / 1_000), (await club.Points(), card.Stamps, card.Free, card.Completed));
        Assert.Equal(points, (await club.Ledger()).Sum(entry => entry.Amount));
        Assert.Equal("no-full-card", (await club.TakesTheFreeOne()).Refusal?.Code);
        Assert.Empty(await DifferencesAsync(club, new LoyaltyModule(program)));

        // What the retired one's cups had filled goes with them.
        await club.Records(CupCards.Refund("till:3", "till:2", other) with { Identity = Ben });
        Assert.Equal((own / 10 * 1_000L, own % 10), (await club.Points(), (await club.Membership()).Card("cups").Stamps));
        Assert.Empty(await DifferencesAsync(club, new LoyaltyModule(program)));
    }

    [Theory]
    [InlineData(3, 4, 1)]
    [InlineData(2, 2, 0)]
    [InlineData(5, 2, 1)]
    [InlineData(6, 7, 2)]
    [InlineData(4, 13, 2)]
    public async Task What_two_cards_reach_together_on_the_way_is_given_once_for_each_card(int own, int other, long given)
    {
        var club = Club.Of(CupCards.Program with { StampCards = [CupCards.Buy(10) with { Milestones = [new(5, new UnitAmount("points", 1))] }] });
        await club.Records(CupCards.Purchase("till:1", own));
        await club.Records(CupCards.Purchase("till:2", other) with { Identity = Ben });

        await MergedAsync(club);

        Assert.Equal(given, await club.Points());
    }

    [Theory]
    [InlineData(3, 2, Recurrence.Once, 1, 1)]
    [InlineData(2, 2, Recurrence.Once, 0, 0)]
    [InlineData(5, 0, Recurrence.Once, 1, 1)]
    [InlineData(5, 2, Recurrence.Once, 1, 1)]
    [InlineData(5, 6, Recurrence.Once, 2, 2)]
    [InlineData(3, 4, Recurrence.OnCompletion, 1, 1)]
    [InlineData(8, 7, Recurrence.OnCompletion, 3, 3)]
    [InlineData(6, 8, Recurrence.OnCompletion, 2, 2)]
    public async Task A_challenge_that_two_achieve_only_together_is_achieved_by_the_merge_A14(int own, int other, Recurrence recurrence, int completed, long stars)
    {
        var program = Striving(new() { Name = "orders", Goals = [new("orders", 5)], Recurrence = recurrence, Award = [new UnitAmount("stars", 1)] });
        var club = Club.Of(program);
        await Orders(club, own, other, 1);

        await MergedAsync(club);

        var membership = await club.Membership();
        Assert.Equal((stars, completed), (membership.Wallet("stars").Balance, membership.Challenge("orders")?.Completed));
        Assert.Empty(await DifferencesAsync(club, new LoyaltyModule(program)));
        if (other > 0)
        {
            // What the retired one's order had achieved together with the others goes with it.
            await club.Records(CustomerEvent.Refund("till:back", Ben, "till:1.0", Money.Hkd(10)));
            Assert.Empty(await DifferencesAsync(club, new LoyaltyModule(program)));
        }
    }

    [Theory]
    [InlineData(5, 5, 2, 2)]
    [InlineData(3, 2, 1, 1)]
    [InlineData(5, 3, 1, 1)]
    public async Task What_two_have_achieved_that_stays_stays_after_a_merge_whoever_brings_orders_back_A14(int own, int other, int completed, long stars)
    {
        var program = Striving(new() { Name = "orders", Goals = [new("orders", 5)], Recurrence = Recurrence.OnCompletion, KeepsAchieved = true, Award = [new UnitAmount("stars", 1)] });
        var club = Club.Of(program);
        await Orders(club, own, other, 1);
        await MergedAsync(club);
        foreach (var order in Enumerable.Range(0, other))
        {
            await club.Records(CustomerEvent.Refund($"till:back-{order}", Ben, $"till:1.{order}", Money.Hkd(10)));
        }

        var membership = await club.Membership();
        Assert.Equal((stars, completed), (membership.Wallet("stars").Balance, membership.Challenge("orders")?.Completed));
        Assert.Empty(await DifferencesAsync(club, new LoyaltyModule(program)));
    }

    [Fact]
    public async Task Others_are_told_of_a_challenge_that_two_achieve_together()
    {
        var listener = new Listener(LoyaltyNames.ChallengeAchieved);
        var club = new Club(new LoyaltyModule(Striving(new() { Name = "orders", Goals = [new("orders", 5)] })), listener);
        await Orders(club, 3, 2, 1);
        Assert.Empty(listener.Heard);

        await MergedAsync(club);

        Assert.NotEmpty(listener.Heard);
    }

    [Fact]
    public async Task An_order_that_comes_back_takes_what_two_achieved_with_it_A14()
    {
        var program = Striving(new() { Name = "orders", Goals = [new("orders", 5)], Award = [new UnitAmount("stars", 1)] });
        var club = Club.Of(program);
        await Orders(club, 3, 2, 1);
        await MergedAsync(club);
        Assert.Equal(1, (await club.Membership()).Wallet("stars").Balance);

        await club.Records(CustomerEvent.Refund("till:back", Ben, "till:1.0", Money.Hkd(10)));

        Assert.Equal((0L, 4L, false), ((await club.Membership()).Wallet("stars").Balance, (await club.Membership()).Challenge("orders")?.Counts[0].Done, (await club.Membership()).Challenge("orders")?.Met));
    }

    [Theory]
    [InlineData(new[] { 4, 4, 4 }, new[] { 0, 0, 0 }, 1, 3, 1)]
    [InlineData(new[] { 4, 4, 2 }, new[] { 0, 0, 2 }, 1, 3, 1)]
    [InlineData(new[] { 4, 4, 0 }, new[] { 0, 0, 4 }, 1, 3, 1)]
    [InlineData(new[] { 4, 4, 0 }, new[] { 0, 0, 3 }, 0, 2, 0)]
    [InlineData(new[] { 4, 0, 4 }, new[] { 0, 0, 4 }, 0, 1, 0)]
    [InlineData(new[] { 4, 4, 4 }, new[] { 4, 4, 4 }, 2, 3, 2)]
    public async Task A_run_of_one_goes_on_with_what_both_have_done_in_the_period_of_the_merge_A13(int[] own, int[] other, int completed, int streak, long stars)
    {
        var program = Striving(new() { Name = "orders", Goals = [new("orders", 4)], Period = CalendarUnit.Month, Consecutive = 3, Recurrence = Recurrence.NextPeriod, Award = [new UnitAmount("stars", 1)] });
        var club = Club.Of(program);
        for (var month = 1; month <= 3; month++)
        {
            club.On(2026, month, 20);
            await Orders(club, own[month - 1], other[month - 1], month);
        }

        await MergedAsync(club);

        var membership = await club.Membership();
        Assert.Equal((stars, completed, streak), (membership.Wallet("stars").Balance, membership.Challenge("orders")?.Completed, membership.Challenge("orders")?.Streak));
        Assert.Empty(await DifferencesAsync(club, new LoyaltyModule(program)));
    }

    [Fact]
    public async Task What_two_have_done_together_achieves_no_challenge_that_is_over_or_that_nobody_of_them_may_achieve()
    {
        var challenge = new Challenge { Name = "orders", Goals = [new("orders", 5)], Until = Samples.Local(2026, 2, 1), Award = [new UnitAmount("stars", 1)] };
        foreach (var (program, suspended) in new[] { (Striving(challenge), false), (Striving(challenge with { Until = null }), true) })
        {
            var club = Club.Of(program);
            await Orders(club, 3, 2, 1);
            if (suspended)
            {
                await club.Records(MemberEvents.Suspend("desk:0", Samples.Amy, "fraud", "staff:17"));
            }

            club.On(2026, 2, 1);
            await MergedAsync(club);

            Assert.Equal((0L, 5L), ((await club.Membership()).Wallet("stars").Balance, (await club.Membership()).Challenge("orders")?.Counts[0].Done));
        }
    }

    [Fact]
    public async Task Others_are_told_of_a_card_that_two_fill_together()
    {
        var listener = new Listener(LoyaltyNames.CardCompleted);
        var club = new Club(new LoyaltyModule(CupCards.Program), listener);
        await club.Records(CupCards.Purchase("till:1", 5));
        await club.Records(CupCards.Purchase("till:2", 7) with { Identity = Ben });
        Assert.Empty(listener.Heard);

        await MergedAsync(club);

        Assert.NotEmpty(listener.Heard);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_card_that_was_told_of_and_taken_from_is_not_told_of_again_after_a_merge(bool stays)
    {
        // Whoever was told of a second card that a refund took from, and somebody who filled three.
        var (mine, theirs) = stays ? (Samples.Amy, Ben) : (Ben, Samples.Amy);
        var listener = new Listener(LoyaltyNames.CardCompleted);
        var club = new Club(new LoyaltyModule(CupCards.Program with { Cascade = Cascade.None }), listener);
        await club.Records(CupCards.Purchase("till:1", 9) with { Identity = mine });
        await club.Records(CupCards.Purchase("till:2", 9) with { Identity = mine });
        await club.Records(CupCards.Refund("till:3", "till:2", 9) with { Identity = mine });
        await club.Records(CupCards.Purchase("till:4", 27) with { Identity = theirs });
        await MergedAsync(club);
        listener.Echoes.Clear();

        await club.Records(CupCards.Purchase("till:5", 9));
        Assert.Empty(listener.Echoes);

        // They were told of two and of three.
        await club.Records(CupCards.Purchase("till:6", 9));
        var news = Assert.Single(listener.Echoes);
        Assert.Equal((1, 6), (news.Fields["times"].AsNumber, news.Fields["number"].AsNumber));
    }

    [Fact]
    public async Task Stamps_of_both_fill_a_card()
    {
        var club = Club.Of(CupCards.Program);
        await club.Records(CupCards.Purchase("till:1", 5));
        await club.Records(CupCards.Purchase("till:2", 7) with { Identity = Ben });

        await MergedAsync(club);

        var card = (await club.Membership()).Card("cups");
        Assert.Equal((3L, 1L), (card.Stamps, card.Free));
        Assert.Equal(1L, (await club.Amy()).Fact(LoyaltyNames.FreeFact("tea-club", "cups")).AsNumber);
        Assert.Empty(await DifferencesAsync(club, new LoyaltyModule(CupCards.Program)));
    }

    [Fact]
    public async Task What_was_set_aside_under_the_retired_name_is_captured_by_the_survivor()
    {
        var club = Club.TeaClub();
        await club.Buys(100);
        await club.Records(Purchase("till:1", Ben, 300));
        await club.Records(RewardEvents.Reserve("app:1", SpendAuthority.SignedIn(Ben), 12, Duration.FromDays(1)));
        await MergedAsync(club);

        var captured = await club.Records(RewardEvents.Capture("app:2", Samples.Amy, "app:1"));

        Assert.Null(captured.Refusal);
        Assert.Equal(28, await club.Points());
        Assert.Equal(28, (await club.Ledger()).Where(entry => entry.Unit == "points").Sum(entry => entry.Amount));
    }

    [Fact]
    public async Task A_refund_gives_back_what_the_retired_ones_order_had_of_limits_cards_and_rules_that_give_once()
    {
        var program = CupCards.Program with
        {
            Rules = [Samples.Per(1, 20), new FixedPoints { Name = "welcome", Unit = "points", Points = 100, Terms = new() { OncePer = "reference" } }],
            Limits = [new() { Name = "daily", Unit = "points", Per = CapPeriod.Day, Most = 6, Rules = ["base"] }],
            Cascade = Cascade.None,
        };
        var club = Club.Of(program);
        await club.Meets("amy");
        await club.Records(CupCards.Purchase("till:1", 2) with { Identity = Ben });
        await club.Records(CupCards.Purchase("till:2", 3) with { Identity = Ben });
        await MergedAsync(club);

        await club.Records(CupCards.Refund("till:3", "till:1", 1) with { Identity = Ben });
        Assert.Equal((104L, 4L), await Kept());
        await club.Records(CupCards.Refund("till:4", "till:1", 1) with { Identity = Ben });
        Assert.Equal((3L, 3L), await Kept());
        Assert.Equal(103, (await club.Drinks(4)).Total("points"));
        Assert.Empty(await DifferencesAsync(club, new LoyaltyModule(program)));

        async Task<(long Points, long Stamps)> Kept() => (await club.Amy()).Slot<LoyaltyState>(LoyaltyNames.KeepingModule).In("tea-club") is var membership ? (membership.Wallet("points").Balance, membership.Card("cups").Stamps) : default;
    }

    [Fact]
    public async Task What_both_were_given_once_is_not_given_again_when_one_of_them_brings_it_back()
    {
        var program = Samples.TeaClub with { Rules = [new FixedPoints { Name = "welcome", Unit = "points", Points = 10, Terms = new() { OncePer = "reference" } }], Ladders = [], Cascade = Cascade.None };
        var club = Club.Of(program);
        await club.Buys(20, "till:amy");
        await club.Records(Purchase("till:ben", Ben, 20));
        await MergedAsync(club);

        await club.Returns("till:amy", 20);

        Assert.Equal(0, (await club.Buys(20)).Total("points"));
        Assert.Empty(await DifferencesAsync(club, new LoyaltyModule(program)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_both_counted_in_their_own_years_counts_in_the_year_of_who_joined_first(bool survivorJoinedLater)
    {
        var program = Tests.Tiers.Ladders.Program(Tests.Tiers.Ladders.Usual with { Window = new QualificationWindow.Anniversary(12), Tiers = [new("bronze", 0), new("gold", 600)] });
        var club = Club.Of(program);
        var (early, late) = survivorJoinedLater ? (Ben, Samples.Amy) : (Samples.Amy, Ben);
        club.On(2025, 2, 1);
        await club.Records(MemberEvents.Join("app:1", early));
        await club.Records(Purchase("till:0", early, 70));
        club.On(2025, 7, 1);
        await club.Records(MemberEvents.Join("app:2", late));
        club.On(2026, 2, 10);
        await club.Records(Purchase("till:1", late, 500));
        club.On(2026, 2, 20);
        await club.Records(Purchase("till:2", early, 50));
        club.On(2026, 3, 1);

        await MergedAsync(club);

        var standing = (await club.Membership()).Standing()!;
        Assert.Equal((550L, Samples.Local(2026, 2, 1), new LocalDate(2025, 2, 1)), (standing.Counted, standing.Opened, standing.Joined));
        await club.Buys(50);
        Assert.Equal("gold", await club.Tier());
        Assert.Empty(await DifferencesAsync(club, new LoyaltyModule(program)));
        club.On(2027, 2, 1);
        await club.Buys(1);
        Assert.Equal(1, (await club.Membership()).Standing()!.Counted);
    }

    [Fact]
    public async Task What_ran_out_of_either_can_be_given_back()
    {
        var program = Samples.TeaClub with { Units = [new("points", UnitKind.Redeemable) { Expiry = new LotExpiry.WhenIdle(0, 10, LastDay.Included), ReinstateWithinDays = 30 }, new("status", UnitKind.Status)] };
        var club = Club.Of(program);
        club.On(2026, 1, 2);
        await club.Records(Purchase(club.NextKey(), Samples.Amy, 1_000));
        club.On(2026, 1, 5);
        await club.Records(Purchase(club.NextKey(), Ben, 500));
        club.On(2026, 1, 14);
        await club.RunDue();
        club.On(2026, 1, 20);
        await club.RunDue();

        await MergedAsync(club);

        Assert.Equal(0, await club.Points());
        Assert.Equal("nothing-gone", (await club.Records(LoyaltyEvents.Reinstate("desk:21", Samples.Amy, 151, null, "goodwill", "staff:1"))).Refusal?.Code);
        Assert.Equal(150, (await club.Records(LoyaltyEvents.Reinstate("desk:22", Samples.Amy, 150, null, "goodwill", "staff:1"))).Total("points"));
    }

    [Theory]
    [MemberData(nameof(WindowsOfVisits))]
    public async Task A_day_on_which_both_came_is_one(string name, QualificationWindow window, long expected)
    {
        var program = Tests.Tiers.Ladders.Program(Tests.Tiers.Ladders.Usual with
        {
            Metric = new QualificationMetric.Visits { OncePerDay = true }, Window = window, Tiers = [new("bronze", 0), new("gold", 100)], Validity = window is QualificationWindow.SinceTierStart ? new TierValidity.Fixed(12, 0, LastDay.Included) : null,
        });
        var club = Club.Of(program);
        foreach (var (month, day, who) in new[] { (12, 30, "both"), (1, 5, "both"), (1, 6, "both"), (1, 7, "both"), (1, 8, "amy"), (1, 9, "ben"), (1, 10, "amy") })
        {
            club.On(month == 12 ? 2025 : 2026, month, day);
            foreach (var one in new[] { Samples.Amy, Ben }.Where(one => who == "both" || who == one.Value))
            {
                await club.Records(Purchase(club.NextKey(), one, 10));
                await club.Records(Purchase(club.NextKey(), one, 10));
            }
        }

        await MergedAsync(club);

        var standing = (await club.Membership()).Standing()!;
        Assert.Equal((name, expected), (name, window is QualificationWindow.Rolling ? standing.Days.Sum(day => day.Amount) : standing.Counted));
        Assert.Empty(await DifferencesAsync(club, new LoyaltyModule(program)));

        // The last of these days was a visit already, and the next is another.
        await club.Buys(10);
        club.On(2026, 1, 11);
        await club.Buys(10);
        standing = (await club.Membership()).Standing()!;
        Assert.Equal(expected + 1, window is QualificationWindow.Rolling ? standing.Days.Sum(day => day.Amount) : standing.Counted);
    }

    public static TheoryData<string, QualificationWindow, long> WindowsOfVisits => new()
    {
        { "year", QualificationWindow.CalendarYear, 6 },
        { "month", new QualificationWindow.Calendar(CalendarUnit.Month), 6 },
        { "lifetime", QualificationWindow.Lifetime, 7 },
        { "rolling", new QualificationWindow.Rolling(1), 7 },
        { "since the tier", new QualificationWindow.SinceTierStart(), 7 },
    };

    [Fact]
    public void Two_members_who_are_merged_are_who_one_would_have_been() => UnionLaw(() => new LoyaltyModule(Everyone)).Check(Config.QuickThrowOnFailure.WithMaxTest(60));

    [Fact]
    public void Forgetting_what_the_other_counted_is_caught() => Caught(UnionLaw(() => new Altered((one, merged) => merged with { Memberships = merged.Memberships.Select(membership => membership with { Standings = one.In(membership.Program).Standings }).ToSequence() })));

    [Fact]
    public async Task A_tier_of_both_is_held_once_though_it_had_another_name_when_one_of_them_reached_it()
    {
        var later = Ladders.Usual with { Tiers = [new("bronze", 0), new("silver", 20), new("topaz", 50) { Formerly = ["gold"] }] };
        var club = new Club(new LoyaltyModule(new DefinitionCatalog<LoyaltyProgram>([Ladders.Program(Ladders.Usual).Define(), Ladders.Program(later).Define(2, Samples.Local(2026, 3, 1))])));
        await club.Buys(50);
        club.On(2026, 3, 10);
        await club.Records(Purchase("till:1", Ben, 50));

        await MergedAsync(club);

        Assert.Equal("topaz", await club.Tier());
        Assert.Equal([("silver", Samples.Local(2026, 1, 15, 12)), ("gold", Samples.Local(2026, 1, 15, 12))], (await club.Membership()).Standing()!.Held.Select(hold => (hold.Tier, hold.Since)));
    }

    [Fact]
    public void Losing_a_lot_is_caught() => CaughtByTheKernel(UnionLaw(() => new Altered((one, merged) => merged with { Memberships = merged.Memberships.Select(membership => membership with { Holdings = one.In(membership.Program).Holdings }).ToSequence() })));

    [Fact]
    public void Giving_every_lot_the_longest_life_is_caught() => CaughtByTheKernel(UnionLaw(() => new Altered((_, merged) => merged with
    {
        Memberships = merged.Memberships.Select(membership => membership with
        {
            Holdings = membership.Holdings.Select(holding => holding with { Wallet = holding.Wallet with { Lots = holding.Wallet.Lots.IsEmpty ? [] : [holding.Wallet.Lots[^1] with { Amount = holding.Wallet.Lots.Sum(lot => lot.Amount) }] } }).ToSequence(),
        }).ToSequence(),
    })));

    [Fact]
    public void Keeping_what_a_full_card_gives_is_caught() => CaughtByTheKernel(UnionLaw(() => new Altered((one, merged) => merged with
    {
        Memberships = merged.Memberships.Select(membership => membership.With("stars", one.In(membership.Program).Wallet("stars"))).ToSequence(),
    })));

    /// <summary>A club with a tier, a card that gives stars by itself, and a birthday where the member is.</summary>
    private static LoyaltyProgram Everyone { get; } = Samples.TeaClub with
    {
        Units = [.. Samples.TeaClub.Units, new("stars", UnitKind.Redeemable)],
        Rules = [.. Samples.TeaClub.Rules, new YearlyPoints { Name = "birthday", Unit = "points", Points = 50, DateField = "birth-date", ZoneField = "zone" }],
        StampCards = [new() { Name = "visits", Goal = 3, Count = new StampCount.PerVisit(Money.Hkd(100)), Prize = new UnitAmount("stars", 7) }],
    };

    /// <summary>Purchases of two and of one: the same lots with the same lives, the same status, the same tier, the same stamps, also after a refund of either's purchase, and on the next birthday.</summary>
    private static Property UnionLaw(Func<ICustomerModule> module) => Prop.ForAll(
        Arb.From(Gen.ListOf(Gen.Zip(Gen.Choose(0, 300), Gen.Zip(Gen.Choose(0, 45_000), Gen.Choose(0, 1))), 8)),
        Arb.From(Gen.Choose(0, 45_000)),
        async Task<bool> (purchases, refunded) =>
        {
            var (two, one) = (new Club(module()), Club.Of(Everyone));
            var all = purchases.OrderBy(purchase => purchase.Item1).Select((purchase, i) => (Day: purchase.Item1, Event: Purchase($"till:{i}", i < 2 ? (i == 0 ? Samples.Amy : Ben) : purchase.Item2.Item2 == 0 ? Samples.Amy : Ben, purchase.Item2.Item1 / 100m))).ToList();
            foreach (var (day, happened) in all)
            {
                foreach (var (club, sent) in new[] { (two, happened), (one, happened with { Identity = Samples.Amy }) })
                {
                    club.At(Samples.Local(2026, 1, 15, 12) + Duration.FromDays(day));
                    await club.Records(sent with { Profile = Fields.Of(("birth-date", new LocalDate(1990, 12, 25)), ("zone", "Asia/Tokyo")) });
                }
            }

            foreach (var club in new[] { two, one })
            {
                club.At(Samples.Local(2026, 1, 15, 12) + Duration.FromDays(310));
            }

            await MergedAsync(two);
            Assert.Equal(await StandingAsync(one), await StandingAsync(two));
            foreach (var club in new[] { two, one })
            {
                await club.Records(CustomerEvent.Refund("till:refund", club == one ? Samples.Amy : Ben, "till:0", Money.Hkd(refunded / 100m)));
            }

            Assert.Equal(await StandingAsync(one), await StandingAsync(two));
            foreach (var club in new[] { two, one })
            {
                club.On(2026, 12, 26);
            }

            Assert.Equal(await StandingAsync(one), await StandingAsync(two));
            return true;
        });

    // A fact of 0 tells that there was more once, under whichever name.
    private static async Task<string> StandingAsync(Club club)
    {
        var (membership, view) = (await club.Membership(), await club.Amy());
        return string.Join(' ', membership.Holdings.SelectMany(holding => holding.Wallet.Lots.Select(lot => $"{holding.Unit} {lot.Name} {lot.Amount}")).Concat(membership.Standings.Select(standing => $"{standing.Ladder} {standing.Counted}")).Concat(membership.Cards.Select(card => $"{card.Card} {card.Stamps} {card.Completed} {card.Used}")).Concat(view.Facts.Where(fact => fact.Value != Scalar.Of(0)).Select(fact => $"{fact}")));
    }

    private static CustomerEvent Purchase(string key, Identity who, decimal spend) => CustomerEvent.Purchase(key, who, Money.Hkd(spend));

    private static async Task<Receipt> MergedAsync(Club club, Identity? retired = null, string key = "desk:1") =>
        Assert.IsType<MergeResult.Merged>(await club.Engine.MergeAsync(new MergeRequest(EventKey.Parse(key), CustomerRef.Of(Samples.Amy), CustomerRef.Of(retired ?? Ben)), Token)).Receipt;

    private static Task<List<string>> DifferencesAsync(Club club, ICustomerModule module) => club.Differences(module);

    private static LoyaltyProgram Striving(Challenge challenge) => Samples.TeaClub with { Units = [.. Samples.TeaClub.Units, new("stars", UnitKind.Redeemable)], Challenges = [challenge] };

    private static async Task Orders(Club club, int own, int other, int month)
    {
        await club.Meets("ben");
        for (var i = 0; i < own; i++)
        {
            await club.Buys(10);
        }

        for (var i = 0; i < other; i++)
        {
            await club.Records(Purchase($"till:{month}.{i}", Ben, 10));
        }
    }

    private static void Caught(Property law) => Counterfeits.Caught(() => law.Check(Config.QuickThrowOnFailure.WithMaxTest(60)));

    // Which lets no module lose units, before the law looks at what is left.
    private static void CaughtByTheKernel(Property law) => Counterfeits.CaughtBy<ModuleFaultException>(() => law.Check(Config.QuickThrowOnFailure.WithMaxTest(60)));

    /// <summary>Loyalty that does something else with what it has merged.</summary>
    private sealed class Altered(Func<LoyaltyState, LoyaltyState, LoyaltyState> change) : ICustomerModule, IHoldsUnits
    {
        private readonly ICustomerModule real = new LoyaltyModule(Everyone);

        public ModuleContract Contract => real.Contract;

        public Outcome Handle(object state, ModuleContext context) => real.Handle(state, context);

        public Outcome.Accepted Correct(object stored, object without, object with) => real.Correct(stored, without, with);

        public Outcome.Accepted? Merge(object survivor, object retired, ModuleContext context) =>
            real.Merge(survivor, retired, context) is { State: LoyaltyState merged } outcome ? outcome with { State = change((LoyaltyState)survivor, merged) } : null;

        public IEnumerable<UnitsHeld> Held(object state) => ((IHoldsUnits)real).Held(state);
    }
}
