using Crm.Engine;
using Crm.Events;
using Crm.Ledger;
using Crm.Loyalty.Challenges;
using Crm.Loyalty.Members;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Stamps;
using Crm.Loyalty.Tests.Recording;
using Crm.Loyalty.Tests.Redemption;
using Crm.Loyalty.Tests.Stamps;
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

/// <summary>Who leaves a programme that says so gives up all they have, and stands, when they come back, where somebody new does.</summary>
public sealed class Leaving
{
    private static readonly Identity Ben = Identity.User("ben");

    private const string Codes = "23456789";

    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(40);

    [Theory]
    [InlineData(Cascade.History)]
    [InlineData(Cascade.None)]
    public void Who_comes_back_stands_where_somebody_new_does(Cascade cascade) => Law(cascade, program => new LoyaltyModule(program)).Check(Thorough);

    [Theory]
    [InlineData(Cascade.History)]
    [InlineData(Cascade.None)]
    public void Units_that_come_back_are_caught(Cascade cascade) => Caught(cascade, (before, after) => after with { Holdings = before.Holdings });

    [Theory]
    [InlineData(Cascade.History)]
    [InlineData(Cascade.None)]
    public void What_was_counted_towards_tiers_and_comes_back_is_caught(Cascade cascade) => Caught(cascade, (before, after) => after with { Standings = before.Standings });

    [Theory]
    [InlineData(Cascade.History)]
    [InlineData(Cascade.None)]
    public void Stamps_that_come_back_are_caught(Cascade cascade) => Caught(cascade, (before, after) => after with { Cards = before.Cards });

    [Theory]
    [InlineData(Cascade.History)]
    [InlineData(Cascade.None)]
    public void Challenges_that_go_on_are_caught(Cascade cascade) => Caught(cascade, (before, after) => after with { Challenges = before.Challenges });

    [Theory]
    [InlineData(Cascade.History)]
    [InlineData(Cascade.None)]
    public void Codes_that_can_still_be_used_are_caught(Cascade cascade) => Caught(cascade, (before, after) => after with { Rewards = before.Rewards });

    [Theory]
    [InlineData(Cascade.History)]
    [InlineData(Cascade.None)]
    public void Wishes_of_carts_that_stay_are_caught(Cascade cascade) => Caught(cascade, (before, after) => after with { Carts = before.Carts });

    [Theory]
    [InlineData(Cascade.History, LeavePolicy.Forfeit, "unknown-code", 0)]
    [InlineData(Cascade.History, LeavePolicy.Keep, null, 1)]
    [InlineData(Cascade.None, LeavePolicy.Forfeit, "unknown-code", 0)]
    [InlineData(Cascade.None, LeavePolicy.Keep, null, 1)]
    public async Task A_code_that_was_not_used_and_what_was_wanted_for_a_cart_go_with_who_leaves_where_all_is_given_up(Cascade cascade, LeavePolicy leaving, string? refusal, int carts)
    {
        var program = Program(cascade);
        var module = new LoyaltyModule(program with { Membership = program.Membership with { Leaving = leaving } });
        var club = new Club(module);
        await club.Records(MemberEvents.Join("app:join", Samples.Amy));
        foreach (var code in new[] { "TEA-2222-2222", "TEA-2222-3333", "TEA-2222-4444" })
        {
            await club.Takes("voucher", code: code);
        }

        await club.Records(RewardEvents.Use("pos:use", Samples.Amy, "TEA-2222-2222"));
        await club.Records(CartEvents.Want("app:want", RewardClub.Authority, "cart-1", 50));

        var receipt = await club.Records(MemberEvents.Leave("app:leave", Samples.Amy));

        Assert.Equal(refusal, (await club.Records(RewardEvents.Use("pos:later", Samples.Amy, "TEA-2222-3333"))).Refusal?.Code);
        Assert.Equal(carts, (await Of(club, module)).Carts.Count);
        Assert.Equal(
            leaving == LeavePolicy.Forfeit ? [("2 of reward 'voucher' were given up by leaving, with the codes not used.", "退出計劃，放棄未使用的獎賞「voucher」2 份。")] : Array.Empty<(string?, string?)>(),
            receipt.Lines.Where(line => line.Code == "reward-forfeited").Select(line => (line.Text?.English, line.Text?.Chinese)));
        Assert.Empty(await club.Differences(module));
    }

    [Fact]
    public async Task Whoever_had_left_when_they_used_a_code_and_nobody_knew_it_yet_owes_nothing_for_it()
    {
        var module = new LoyaltyModule(RewardClub.Program(RewardClub.Mug with { Code = new() { Pattern = "TEA-####-####" } }));
        var club = new Club(module);
        await club.Buys(100);
        await club.Takes("mug", code: "TEA-2222-2222");
        club.On(2026, 1, 16);
        Assert.True((await club.Records(RewardEvents.Use("pos:use", Samples.Amy, "TEA-2222-2222"))).Accepted);

        await club.Records(MemberEvents.Leave("app:late", Samples.Amy) with { OccurredAt = Samples.Local(2026, 1, 15, 20) });

        var membership = await club.Membership();
        Assert.Equal((0L, 1L, 1), (membership.Wallet("points").Balance, membership.Rewards[0].Taken, membership.Rewards[0].Used.Count));
        Assert.Empty(await club.Differences(module));
    }

    [Theory]
    [InlineData(Cascade.History)]
    [InlineData(Cascade.None)]
    public async Task A_redemption_that_is_cancelled_after_leaving_gives_back_what_was_paid_though_its_code_was_given_up(Cascade cascade)
    {
        var module = new LoyaltyModule(RewardClub.Program(RewardClub.Mug with { Code = new() { Pattern = "TEA-####-####" } }) with { Cascade = cascade, Membership = new() { Leaving = LeavePolicy.Forfeit } });
        var club = new Club(module);
        await club.Buys(100);
        await club.Records(RewardEvents.Redeem("app:mug", RewardClub.Authority, "mug", code: "TEA-2222-2222"));
        await club.Records(MemberEvents.Leave("app:leave", Samples.Amy));

        await club.Records(CustomerEvent.Cancellation("desk:cancel", Samples.Amy, "app:mug"));

        // History decided again had the units given up by leaving; alone, the redemption is undone as a whole.
        Assert.Equal((cascade == Cascade.None ? 100L : 0, 0L), await Of(club, module) is var left ? (left.Wallet("points").Balance, left.Rewards.Sum(reward => reward.Taken)) : default);
        Assert.Equal("unknown-code", (await club.Records(RewardEvents.Use("pos:use", Samples.Amy, "TEA-2222-2222"))).Refusal?.Code);
        Assert.Empty(await club.Differences(module));
    }

    [Theory]
    [InlineData(Cascade.History, 100, 60)]
    [InlineData(Cascade.History, 50, 10)]
    [InlineData(Cascade.History, 40, 0)]
    [InlineData(Cascade.None, 100, 60)]
    [InlineData(Cascade.None, 50, 10)]
    [InlineData(Cascade.None, 40, 0)]
    public async Task Of_what_a_refund_takes_back_nobody_owes_what_was_given_up(Cascade cascade, decimal returned, long owed)
    {
        var module = new LoyaltyModule(RewardClub.Program() with { Cascade = cascade });
        var club = new Club(module);
        await club.Buys(100, "pos:sale");
        await club.Redeems(60, unit: "points");
        await club.Records(MemberEvents.Leave("app:leave", Samples.Amy));

        // In one piece or in two.
        await club.Returns("pos:sale", returned - 30);
        await club.Returns("pos:sale", 30);

        var wallet = (await Of(club, module)).Wallet("points");
        Assert.Equal((owed, 0L), (wallet.Debt, wallet.Available));
        Assert.Empty(await club.Differences(module));
    }

    [Theory]
    [InlineData(Cascade.History)]
    [InlineData(Cascade.None)]
    public async Task A_refund_of_what_was_bought_after_coming_back_takes_it_back(Cascade cascade)
    {
        var module = new LoyaltyModule(RewardClub.Program() with { Cascade = cascade });
        var club = new Club(module);
        await club.Buys(100);
        await club.Records(MemberEvents.Leave("app:leave", Samples.Amy));
        await club.Records(MemberEvents.Join("app:back", Samples.Amy));
        await club.Buys(70, "pos:again");
        await club.Returns("pos:again", 70);

        Assert.Equal((0L, 0L), (await Of(club, module)).Wallet("points") is var wallet ? (wallet.Available, wallet.Debt) : default);
    }

    [Fact]
    public async Task Free_ones_that_wait_are_given_up_and_those_that_are_owed_stay_owed()
    {
        var club = CupCards.OfGoal(3);
        await club.Records(CupCards.Purchase("pos:six", 6));
        await club.TakesTheFreeOne();
        await club.Records(MemberEvents.Leave("app:leave", Samples.Amy));
        Assert.Equal((0L, 0L), await club.Card() is var left ? (left.Free, left.Stamps) : default);

        await club.Records(CupCards.Refund("pos:back", "pos:six", 6));
        Assert.Equal(-1, (await club.Card()).Free);
        await club.Records(MemberEvents.Join("app:back", Samples.Amy));
        await club.Drinks(3);
        Assert.Equal("no-full-card", (await club.TakesTheFreeOne()).Refusal?.Code);
        await club.Drinks(3);
        Assert.Null((await club.TakesTheFreeOne()).Refusal);
    }

    [Theory]
    [InlineData(Cascade.History, -1)]
    [InlineData(Cascade.None, 0)]
    public async Task A_free_one_that_was_taken_is_owed_after_leaving_where_history_is_decided_again_and_stays_where_not(Cascade cascade, long free)
    {
        var module = new LoyaltyModule(CupCards.Program with { StampCards = [CupCards.Buy(3)], Cascade = cascade });
        var club = new Club(module);
        await club.Records(CupCards.Purchase("pos:six", 6));
        await club.TakesTheFreeOne();
        await club.Records(MemberEvents.Leave("app:leave", Samples.Amy));

        await club.Records(CupCards.Refund("pos:back", "pos:six", 6));

        Assert.Equal(free, (await Of(club, module)).Card("cups").Free);
        Assert.Empty(await club.Differences(module));
    }

    [Fact]
    public async Task Leaving_says_what_was_given_up()
    {
        var club = Club.Of(Program(Cascade.History));
        await club.Records(MemberEvents.Join("app:join", Samples.Amy));
        await club.Records(Purchase("pos:1", Samples.Amy, 400, 6));

        var receipt = await club.Records(MemberEvents.Leave("app:leave", Samples.Amy));

        Assert.Equal(
            ["Card 'cups' was given up by leaving: stamps 2, free ones 1.", "Card 'gifts' was given up by leaving: stamps 1, free ones 0."],
            receipt.Lines.Where(line => line.Code == "stamps-forfeited").Select(line => line.Text?.English));
        Assert.Equal(["three", "months"], receipt.Lines.Where(line => line.Code == "challenge-forfeited").Select(line => line.Subject));
    }

    [Theory]
    [InlineData(Recurrence.Once)]
    [InlineData(Recurrence.NextPeriod)]
    public async Task Nobody_achieves_a_challenge_again_by_leaving_and_coming_back(Recurrence recurrence)
    {
        var challenge = new Challenge { Name = "twice", Goals = [new("buy", 2)], Recurrence = recurrence, Period = recurrence == Recurrence.Once ? null : CalendarUnit.Month, Award = [new UnitAmount("stars", 7)] };
        var club = Club.Of(RewardClub.Program() with { Challenges = [challenge], Membership = new() { Enrolment = Enrolment.ByJoining } });
        await club.Records(MemberEvents.Join("app:join", Samples.Amy));
        await club.Buys(10);
        await club.Buys(10);
        Assert.Equal(7, (await club.Membership()).Wallet("stars").Available);

        await club.Records(MemberEvents.Leave("app:leave", Samples.Amy));
        await club.Records(MemberEvents.Join("app:back", Samples.Amy));
        await club.Buys(10);
        await club.Buys(10);

        Assert.Equal((0L, 1), (await club.Membership()) is var found ? (found.Wallet("stars").Available, found.Challenge("twice")!.Completed) : default);
        club.On(2026, 2, 2);
        await club.Buys(10);
        await club.Buys(10);
        Assert.Equal(recurrence == Recurrence.Once ? 0 : 7, (await club.Membership()).Wallet("stars").Available);
    }

    [Fact]
    public async Task Whoever_takes_part_in_a_challenge_says_so_again_after_coming_back()
    {
        var challenge = new Challenge { Name = "tour", Goals = [new("buy", 2)], ByJoining = true, Award = [new UnitAmount("stars", 7)] };
        var club = Club.Of(RewardClub.Program() with { Challenges = [challenge], Membership = new() { Enrolment = Enrolment.ByJoining } });
        await club.Records(MemberEvents.Join("app:join", Samples.Amy));
        await club.Records(ChallengeEvents.Join("app:tour", Samples.Amy, "tour"));
        await club.Buys(10);
        await club.Records(MemberEvents.Leave("app:leave", Samples.Amy));
        await club.Records(MemberEvents.Join("app:back", Samples.Amy));
        await club.Buys(10);
        await club.Buys(10);

        Assert.Equal(0, (await club.Membership()).Wallet("stars").Available);
        Assert.True((await club.Records(ChallengeEvents.Join("app:again", Samples.Amy, "tour"))).Accepted);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_merge_brings_nothing_back_of_what_was_given_up_and_takes_nothing_of_the_others(bool survivorLeft)
    {
        var module = new LoyaltyModule(Program(Cascade.History));
        var club = new Club(module);
        var (leaver, stays) = survivorLeft ? (Samples.Amy, Ben) : (Ben, Samples.Amy);
        foreach (var who in new[] { leaver, stays })
        {
            await club.Records(MemberEvents.Join(club.NextKey(), who));
            await club.Records(Purchase(club.NextKey(), who, who == leaver ? 470 : 210, who == leaver ? 7 : 1));
        }

        await club.Records(MemberEvents.Leave("app:leave", leaver));
        var before = Standing((await club.Reads(stays))!.Slot<LoyaltyState>(LoyaltyNames.Module).In("tea-club"), club.Now);

        await club.Engine.MergeAsync(new MergeRequest(EventKey.Parse("desk:merge"), CustomerRef.Of(Samples.Amy), CustomerRef.Of(Ben)), TestContext.Current.CancellationToken);

        Assert.Equal(before, Standing(await club.Membership(), club.Now));
        Assert.Equal(MemberStatus.Member, (await club.Membership()).Life?.Status);
        await club.Records(MemberEvents.Leave("app:leave-2", Samples.Amy));
        await club.Records(MemberEvents.Join("app:back", Samples.Amy));
        await club.Records(Purchase("pos:last", Samples.Amy, 20, 1));
        var (fresh, own) = (new Club(module), await club.Membership());
        await fresh.Records(MemberEvents.Join("app:join", Samples.Amy));
        await fresh.Records(Purchase("pos:last", Samples.Amy, 20, 1));
        Assert.Equal(Standing(await fresh.Membership(), club.Now), Standing(own, club.Now));
        Assert.Empty(await club.Differences(module));
    }

    [Fact]
    public async Task Who_never_joined_an_open_programme_has_not_joined_by_being_suspended_and_may_join_afterwards()
    {
        var welcoming = Samples.TeaClub with
        {
            Membership = new() { Welcome = [new UnitAmount("points", 88)] },
            Ladders = [new() { Unit = "status", Window = new QualificationWindow.Anniversary(12), Tiers = [new("bronze", 0), new("silver", 20)] }],
        };
        var club = Club.Of(welcoming);
        await club.Records(MemberEvents.Suspend("desk:1", Samples.Amy, "fraud", "staff:17"));
        Assert.Null((await club.Membership()).Life!.Joined);
        club.On(2026, 2, 1);
        await club.Records(MemberEvents.Resume("desk:2", Samples.Amy, "cleared", "staff:17"));
        club.On(2026, 6, 1);
        await club.Buys(10);

        // Years begin when something first counted.
        Assert.Equal(new LocalDate(2026, 6, 1), (await club.Membership()).Standing()!.Joined);
        var joins = await club.Records(MemberEvents.Join("app:join", Samples.Amy));
        Assert.Equal((null, 88L), (joins.Refusal?.Code, joins.Total("points")));
        Assert.Equal((1, new LocalDate(2026, 6, 1)), (await club.Membership()).Life is { Joined: { } joined } life ? (life.Times, joined.InZone(Samples.HongKong).Date) : default);
        Assert.Equal("already-a-member", (await club.Records(MemberEvents.Join("app:more", Samples.Amy))).Refusal?.Code);
        Assert.Empty(await club.Differences(new LoyaltyModule(welcoming)));
    }

    [Fact]
    public async Task Who_left_an_open_programme_without_having_joined_joins_for_the_first_time_once()
    {
        var club = Club.Of(Samples.TeaClub with { Membership = new() { Welcome = [new UnitAmount("points", 88)] } });
        await club.Buys(100);
        await club.Records(MemberEvents.Leave("app:leave", Samples.Amy));
        Assert.Null((await club.Membership()).Life!.Joined);
        Assert.Equal(88, (await club.Records(MemberEvents.Join("app:join", Samples.Amy))).Total("points"));
        await club.Records(MemberEvents.Leave("app:leave-2", Samples.Amy));
        Assert.Equal(0, (await club.Records(MemberEvents.Join("app:join-2", Samples.Amy))).Total("points"));
    }

    private static void Caught(Cascade cascade, Func<Membership, Membership, Membership> keeps) =>
        Counterfeits.Caught(() => Law(cascade, program => new Keeping(new LoyaltyModule(program), keeps)).Check(Thorough));

    // Amy has a past that she has given up; Ben comes when she comes back. Whatever they do from then on, refunds of what she bought before among it, they stand alike.
    private static Property Law(Cascade cascade, Func<LoyaltyProgram, ICustomerModule> moduleOf) => Prop.ForAll(
        Arb.From(Gen.Zip(Bought(1, 8), Gen.Elements(0, 1, 40, 400))),
        Arb.From(Gen.Zip(Bought(1, 6), Gen.Choose(0, 8))),
        async Task<bool> (past, then) =>
        {
            var module = moduleOf(Program(cascade));
            var club = new Club(module);
            await club.Records(MemberEvents.Join("app:join", Samples.Amy));
            foreach (var (place, (days, amount, cups)) in past.Item1.Index())
            {
                club.At(club.Now + Duration.FromDays(days));
                await club.Records(Purchase($"past:{place}", Samples.Amy, amount, cups));
                await club.Takes("voucher", code: $"TEA-2222-222{Codes[place]}");
                await club.Records(CartEvents.Want(club.NextKey(), RewardClub.Authority, $"cart-{place}", amount, Duration.FromDays(366)));
            }

            await club.Records(MemberEvents.Leave("app:leave", Samples.Amy));
            club.At(club.Now + Duration.FromDays(past.Item2));
            foreach (var who in new[] { Samples.Amy, Ben })
            {
                await club.Records(MemberEvents.Join(club.NextKey(), who));
            }

            foreach (var (place, (days, amount, cups)) in then.Item1.Index())
            {
                club.At(club.Now + Duration.FromDays(days));
                foreach (var who in new[] { Samples.Amy, Ben })
                {
                    await club.Records(Purchase(club.NextKey(), who, amount, cups));
                }

                if (place + then.Item2 < past.Item1.Count)
                {
                    await club.Returns($"past:{place + then.Item2}", past.Item1[place + then.Item2].Amount);
                }

                Assert.Equal(Standing((await club.Reads(Ben))!.Slot<LoyaltyState>(module.Contract.Name).In("tea-club"), club.Now), Standing(await Of(club, module), club.Now));
            }

            return module is not LoyaltyModule || (await club.Differences(module)).Count == 0;
        });

    private static Gen<List<(int Days, int Amount, int Cups)>> Bought(int least, int most) =>
        from count in Gen.Choose(least, most)
        from bought in (from days in Gen.Elements(0, 0, 1, 20, 35, 90) from amount in Gen.Elements(10, 90, 200, 510) from cups in Gen.Choose(1, 5) select (days, amount, cups)).ListOf(count)
        select bought.ToList();

    // What a member has: units, tiers with what counts towards them, cards, how far they are with challenges, codes that can be used, and what is wanted for carts. What came at one instant counts a tick apart.
    private static string Standing(Membership membership, Instant now) => string.Join("; ", (string[])
    [
        .. new[] { "points", "status", "stars" }.Select(unit => $"{unit} {membership.Balances(unit)} {string.Join(' ', membership.Wallet(unit).Lots.Select(lot => $"{lot.Name}:{lot.Amount}"))}"),
        .. new[] { "tier", "spend", "visits", "year", "held" }.Select(ladder => membership.Standing(ladder) is { } standing
            ? $"{ladder} {standing.Tier} {standing.Counted} {(ladder == "held" ? "" : standing.Joined)} {string.Join(' ', standing.Days)} {string.Join(' ', standing.Held.Select(hold => $"{hold.Tier}..{hold.Until}").Distinct())}" : ladder),
        .. new[] { "cups", "gifts" }.Select(card => membership.Card(card) is var standing ? $"{card} {standing.Stamps} of {standing.Goal}, {standing.Free}" : card),
        .. new[] { "three", "months" }.Select(challenge => membership.Challenge(challenge) is { } standing ? $"{challenge} {string.Join(' ', standing.Counts)} {standing.Period} {standing.Met} {standing.Streak} {standing.Frozen}" : challenge),
        .. membership.Rewards.SelectMany(reward => reward.Open).Where(open => !(open.Until <= now + Duration.FromSeconds(1))).Select(open => open.Code),
        .. membership.Carts.Select(cart => cart.Cart),
    ]);

    private static LoyaltyProgram Program(Cascade cascade) => new()
    {
        Name = "tea-club",
        Zone = "Asia/Hong_Kong",
        Cascade = cascade,
        Units = [new("points", UnitKind.Redeemable) { Expiry = LotExpiry.AfterMonths(12, LastDay.Included) }, new("status", UnitKind.Status), new("stars", UnitKind.Redeemable)],
        Rules = [Samples.Per(1, 10), Samples.Per(1, 10) with { Name = "status", Unit = "status" }],
        Ladders =
        [
            new() { Unit = "status", Window = QualificationWindow.CalendarYear, Tiers = [new("bronze", 0), new("silver", 20), new("gold", 50)] },
            new() { Name = "spend", Metric = new QualificationMetric.Spend(Currency.Hkd), Tiers = [new("s0", 0), new("s1", 30_000)] },
            new() { Name = "visits", Metric = new QualificationMetric.Visits { OncePerDay = true }, Window = new QualificationWindow.Rolling(3), Tiers = [new("v0", 0), new("v1", 3)] },
            new() { Name = "year", Metric = new QualificationMetric.Spend(Currency.Hkd), Window = new QualificationWindow.Anniversary(12), Tiers = [new("y0", 0), new("y1", 20_000)] },
            new() { Name = "held", Metric = new QualificationMetric.UnitsHeld("points"), Tiers = [new("h0", 0), new("h1", 30)] },
        ],
        StampCards =
        [
            new() { Name = "cups", Goal = 4, Milestones = [new(2, new UnitAmount("stars", 3))] },
            new() { Name = "gifts", Goal = 5, Prize = new UnitAmount("stars", 10) },
        ],
        Challenges =
        [
            new() { Name = "three", Goals = [new("buy", 3)], Recurrence = Recurrence.OnCompletion, Award = [new UnitAmount("stars", 7)] },
            new() { Name = "months", Goals = [new("buy", 1)], Period = CalendarUnit.Month, Consecutive = 24, Freezes = 1, Award = [new UnitAmount("stars", 11)] },
        ],
        Rewards = [new() { Name = "voucher", Kind = new RewardKind.Discount(Money.Hkd(5)), Code = new() { Pattern = "TEA-####-####" } }],
        Payment = new() { Unit = "points", Points = 1, Value = new Money(1, Currency.Hkd) },
        Membership = new() { Enrolment = Enrolment.ByJoining },
    };

    private static CustomerEvent Purchase(string key, Identity who, int amount, int cups) => CustomerEvent.Purchase(key, who, Money.Hkd(amount), [new EventLine("oolong", cups, Money.Hkd(amount), "tea")]);

    private static async Task<Membership> Of(Club club, ICustomerModule module) => (await club.Amy()).Slot<LoyaltyState>(module.Contract.Name).In("tea-club");

    /// <summary>Loyalty that leaves somebody who leaves something of what they had.</summary>
    private sealed class Keeping(ICustomerModule inner, Func<Membership, Membership, Membership> keeps) : CustomerModule<LoyaltyState>
    {
        public override ModuleContract Contract => inner.Contract;

        protected override Outcome Handle(LoyaltyState state, ModuleContext context) =>
            inner.Handle(state, context) is var outcome && context.Stimulus is Stimulus.Happened { Event.Kind: MemberEvents.LeaveName } && outcome is Outcome.Accepted { State: LoyaltyState left } accepted
                ? accepted with { State = left.With(keeps(state.In("tea-club"), left.In("tea-club"))) }
                : outcome;
    }
}
