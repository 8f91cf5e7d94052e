using Crm.Events;
using Crm.Loyalty.Challenges;
using Crm.Loyalty.Members;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Pools;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Stamps;
using Crm.Loyalty.Tiers;
using Crm.Loyalty.Wallets;
using Crm.Modules;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Loyalty.Tests.Memberships;

/// <summary>What holds for every state of a customer.</summary>
public sealed class StateLaws
{
    private static readonly ISlotCodec Codec = new LoyaltyModule(Samples.TeaClub).Contract.Codec;

    [Fact]
    public void What_is_written_is_read_back() => Holds(state =>
    {
        var bytes = Bytes(state);
        var reader = new SlotReader(bytes);
        Assert.Equal(state, Codec.Read(Codec.Version, ref reader));
        Assert.True(reader.AtEnd);
    });

    [Fact]
    public void States_that_were_built_in_another_order_are_equal_and_give_equal_bytes() => Holds(state =>
    {
        var turned = LoyaltyState.Empty;
        foreach (var membership in state.Memberships.Reverse())
        {
            var copy = membership with { Holdings = [], Standings = [], Cards = [] };
            copy = membership.Holdings.Reverse().Aggregate(copy, (sum, holding) => sum.With(holding.Unit, holding.Wallet));
            copy = membership.Standings.Reverse().Aggregate(copy, (sum, standing) => sum.With(standing));
            turned = turned.With(membership.Cards.Reverse().Aggregate(copy, (sum, card) => sum.With(card)));
        }

        Assert.Equal(state, turned);
        Assert.Equal(Bytes(state), Bytes(turned));
    });

    [Fact]
    public void A_usual_state_is_small()
    {
        var wallet = Enumerable.Range(1, 12).Aggregate(Wallet.Empty, (sum, month) => sum.Issue(Samples.Local(2027, month, 1), 100).Wallet);
        var state = LoyaltyState.Empty.With(new Membership { Program = "tea-club" }.With("points", wallet));

        Assert.InRange(Bytes(state).Length, 1, 12 * 13 + 25);
    }

    [Theory]
    [InlineData(1, 2026, 3, 2028)]
    [InlineData(2, 2026, 0, 2027)]
    public void A_state_of_the_versions_that_knew_years_is_still_read(int version, int year, long counted, int until)
    {
        var writer = new SlotWriter();
        writer.Whole(1);
        writer.Text("tea-club");
        writer.Whole(0);
        writer.Whole(1);
        writer.Text("tier");
        writer.Whole(year);
        writer.Whole(counted);
        writer.Whole(60);
        writer.Text("gold");
        for (var cards = 1; cards < version; cards++)
        {
            writer.Whole(0);
        }

        var reader = new SlotReader(writer.Written);
        var standing = ((LoyaltyState)Codec.Read(version, ref reader)).In("tea-club").Standing();

        Assert.True(reader.AtEnd);
        Assert.Equal((counted, "gold", Instant.FromUtc(until, 1, 1, 0, 0)), (standing!.Counted, standing.Tier, standing.Held[0].Until));
    }

    [Theory]
    [InlineData("Asia/Hong_Kong")]
    [InlineData("America/Los_Angeles")]
    [InlineData("Pacific/Honolulu")]
    [InlineData("Pacific/Kiritimati")]
    [InlineData("Pacific/Pago_Pago")]
    public void An_award_of_the_versions_that_knew_days_was_given_on_that_day_in_the_zone_of_the_programme(string zone)
    {
        var day = new LocalDate(2026, 3, 20);
        var writer = new SlotWriter();
        writer.Whole(1);
        writer.Text("tea-club");
        for (var empty = 0; empty < 4; empty++)
        {
            writer.Whole(0);
        }

        writer.Whole(1);
        writer.Text("pos:1");
        writer.Text("points");
        writer.Text("forever");
        foreach (var number in new[] { 100, 25, 10_000, 7_500, LoyaltyNames.NumberOf(day) })
        {
            writer.Whole(number);
        }

        var reader = new SlotReader(writer.Written);
        var award = ((LoyaltyState)new LoyaltyModule(Samples.TeaClub with { Zone = zone, Cascade = Cascade.None }).Contract.Codec.Read(5, ref reader)).In("tea-club").Awards.Single();

        Assert.True(reader.AtEnd);
        Assert.Equal((100, 25, 25, day), (award.Amount, award.Taken, award.TakenBefore, award.At.InZone(DateTimeZoneProviders.Tzdb[zone]).Date));
    }

    [Theory]
    [InlineData(2, "orders 2, reviews 1")]
    [InlineData(3, "goal-1 2, goal-2 1, goal-3 0")]
    public void What_was_counted_by_place_goes_to_the_goals_that_stood_there(int counted, string read)
    {
        var writer = new SlotWriter();
        writer.Whole(1);
        writer.Text("tea-club");
        for (var empty = 0; empty < 5; empty++)
        {
            writer.Whole(0);
        }

        // A membership that has challenges and nothing else; one of them, which has no period.
        writer.Whole(32);
        writer.Whole(1);
        writer.Text("start");
        foreach (var number in new[] { 0, 0, 0, 0, counted, 2, 1, 0 }.Take(5 + counted))
        {
            writer.Whole(number);
        }

        var program = Samples.TeaClub with { Challenges = [new() { Name = "start", Goals = [new("orders", 3), new("reviews", 1) { On = "review" }], Award = [new UnitAmount("points", 10)] }] };
        var reader = new SlotReader(writer.Written);
        var standing = ((LoyaltyState)new LoyaltyModule(program).Contract.Codec.Read(11, ref reader)).In("tea-club").Challenge("start");

        Assert.True(reader.AtEnd);
        Assert.Equal(read, string.Join(", ", standing!.Counts.Select(count => $"{count.Goal} {count.Done}")));
    }

    /// <summary>Until version 10 nothing said what became of units that wait, and until version 11 nothing until when they do, but they themselves and the programme that gave them.</summary>
    [Theory]
    [InlineData(10)]
    [InlineData(11)]
    public void Awards_of_the_versions_that_did_not_keep_until_when_they_wait_are_still_read(int version)
    {
        var given = Samples.Local(2026, 3, 20);
        var own = Samples.Local(2026, 5, 1);
        var writer = new SlotWriter();
        writer.Whole(1);
        writer.Text("tea-club");
        writer.Whole(1);
        writer.Text("points");
        WalletCodec.Write(new Wallet { Pending = [new PendingLot { Hold = "pos:1", LapsesAt = own, Rule = "base", Lot = new Lot(null, 9) }] }, writer);
        for (var empty = 0; empty < 3; empty++)
        {
            writer.Whole(0);
        }

        (string Key, int Taken)[] awards = [("pos:1", 1), ("pos:2", 10), ("pos:3", 4)];
        writer.Whole(awards.Length);
        foreach (var (key, taken) in awards)
        {
            writer.Text(key);
            writer.Text("points");
            writer.Text($"held:{key}:base:forever");
            writer.Whole(10);
            writer.Whole(taken);
            writer.Instant(given);
            if (version == 11)
            {
                writer.Whole(0);
            }
        }

        writer.Whole(0);
        var units = Samples.TeaClub.Units.Select(unit => unit.Name == "points" ? unit with { Activation = new Activation.OnEvent("order.delivered", 30) } : unit).ToSequence();
        var codec = new LoyaltyModule(new([(Samples.TeaClub with { Units = units, Cascade = Cascade.None }).Define()]), [new("order.delivered", EventNature.Happening)]).Contract.Codec;
        var reader = new SlotReader(writer.Written);
        var read = ((LoyaltyState)codec.Read(version, ref reader)).In("tea-club").Awards;

        Assert.True(reader.AtEnd);
        var lapse = Samples.Local(2026, 4, 19, 0);
        Assert.Equal([own, lapse, version == 10 ? null : lapse], read.Select(award => award.LapsesAt));
        Assert.Equal([null, null, version == 10 ? new Awaited("held:pos:3:base:forever", given) : null], read.Select(award => award.Awaited));
    }

    /// <summary>In version 11 counts were what was left of them.</summary>
    [Fact]
    public void A_standing_of_before_answers_were_kept_is_still_read()
    {
        var (at, until) = (Samples.Local(2026, 3, 20), Samples.Local(2027, 1, 1));
        var writer = new SlotWriter();
        writer.Whole(1);
        writer.Text("tea-club");
        writer.Whole(0);
        writer.Whole(1);
        writer.Text("tier");
        writer.Date(new LocalDate(2026, 1, 15));
        writer.Instant(default(Instant?));
        writer.Whole(450);
        writer.Text("gold");
        writer.Whole(1);
        writer.Text("gold");
        writer.Instant(at);
        writer.Instant((Instant?)until);
        writer.Whole(32);
        writer.Whole(1);
        writer.Instant(at);
        writer.Whole(450);
        for (var empty = 0; empty < 4; empty++)
        {
            writer.Whole(0);
        }

        var reader = new SlotReader(writer.Written);
        var standing = ((LoyaltyState)Codec.Read(11, ref reader)).In("tea-club").Standing();

        Assert.True(reader.AtEnd);
        Assert.Equal(new TierStanding { Ladder = "tier", Joined = new LocalDate(2026, 1, 15), Counted = 450, Tier = "gold", Held = [new TierHold("gold", at, until)], Counts = [new TierCount(at, 450)] }, standing);
    }

    /// <summary>Until version 12 nothing said what was put on cards and counted towards challenges lately.</summary>
    [Fact]
    public void Cards_and_challenges_of_before_their_past_was_kept_are_still_read()
    {
        var writer = new SlotWriter();
        writer.Whole(1);
        writer.Text("tea-club");
        writer.Whole(0);
        writer.Whole(0);
        writer.Whole(1);
        writer.Text("cups");
        foreach (var number in (long[])[2, 1, 1, 9, 2, 17, 7])
        {
            writer.Whole(number);
        }

        writer.Whole(0);
        writer.Whole(0);
        writer.Whole(32);
        writer.Whole(1);
        writer.Text("run");
        foreach (var number in (long[])[3, 2, 1, 5, 1])
        {
            writer.Whole(number);
        }

        writer.Text("visits");
        writer.Whole(4);
        var reader = new SlotReader(writer.Written);
        var read = ((LoyaltyState)Codec.Read(12, ref reader)).In("tea-club");

        Assert.True(reader.AtEnd);
        Assert.Equal(new CardStanding { Card = "cups", Stamps = 2, Completed = 1, Used = 1, Goal = 9, Opened = 2, Waits = true, Peak = 7 }, read.Card("cups"));
        Assert.Equal(new ChallengeStanding { Challenge = "run", Joined = true, Met = true, Streak = 2, Frozen = 1, Completed = 5, Counts = [new("visits", 4)] }, read.Challenge("run"));
    }

    private static byte[] Bytes(LoyaltyState state)
    {
        var writer = new SlotWriter();
        Codec.Write(state, writer);
        return writer.Written.ToArray();
    }

    private static void Holds(Action<LoyaltyState> law)
    {
        var lots = from day in Gen.Choose(-1, 400) from amount in Gen.Choose(-50, 5_000) select (day, amount);
        var wallets =
            from items in lots.ArrayOf()
            from debt in Gen.Choose(0, 50)
            select items.Aggregate(new Wallet { Debt = debt }, (wallet, item) =>
                wallet.Plus(new Wallet { Lots = item.amount == 0 ? [] : [new Lot(item.day < 0 ? null : Samples.Local(2026, 1, 1) + Duration.FromDays(item.day), item.amount)] }, Wallet.Empty));
        var standings =
            from counted in Gen.Choose(-10, 100_000)
            from held in (from name in Gen.Elements("gold", "silver") from since in Gen.Choose(0, 400) from until in Gen.Choose(-1, 800)
                select new TierHold(name, Samples.Local(2026, 1, 1) + Duration.FromDays(since), until < 0 ? null : Samples.Local(2026, 1, 1) + Duration.FromDays(until))).ArrayOf()
            from days in (from day in Gen.Choose(0, 400) from amount in Gen.Choose(1, 500) select new DayCount(new LocalDate(2026, 1, 1).PlusDays(day), amount)).ArrayOf()
            from has in Gen.Choose(0, 15)
            from tier in Gen.Elements(null, "gold", "金")
            select new TierStanding
            {
                Ladder = "tier",
                Joined = new LocalDate(2026, 1, 15),
                Opened = (has & 1) == 0 ? null : Samples.Local(2026, 1, 1),
                Counted = counted,
                Held = held.ToSequence(),
                Days = (has & 2) == 0 ? [] : days.ToSequence(),
                LastDay = (has & 4) == 0 ? null : new LocalDate(2026, 5, 1),
                Floor = (has & 8) == 0 ? null : new TierGrant("silver", null),
                Pin = (has & 3) != 3 ? null : new TierGrant("gold", Samples.Local(2027, 1, 1)),
                Tier = tier,
            };
        var cards =
            from name in Gen.Elements("cups", "cakes", "b")
            from stamps in Gen.Choose(0, 8)
            from completed in Gen.Choose(0, 300)
            from used in Gen.Choose(0, 301)
            from has in Gen.Choose(0, 15)
            select new CardStanding
            {
                Card = name,
                Stamps = stamps,
                Completed = completed,
                Used = used,
                Goal = stamps == 0 ? 0 : 9,
                Opened = completed + 1,
                Waits = (has & 1) != 0,
                Peak = (has & 4) == 0 || stamps == 0 ? 0 : stamps + 1,
                Expires = (has & 2) == 0 ? null : Samples.Local(2026, 9, 1),
                Each = (has & 4) == 0 ? [] : [new Lot(Samples.Local(2026, 9, 1), stamps)],
                Recent = (has & 8) == 0 ? [] : [new StampTime(Samples.Local(2026, 8, 1), 2)],
                Past = (has & 1) == 0 ? null : new CardPast(new CardStanding { Card = name, Stamps = stamps, Goal = 9, Opened = 1 }, [new CardMark("pos:1", Samples.Local(2026, 7, 1), used), new CardMark("pos:2", Samples.Local(2026, 8, 1), 0) { Opens = true }]),
                Ahead = (has & 2) == 0 ? [] : [new PrizeAhead(0, 1), new PrizeAhead(5, completed + 1)],
            };
        var rests =
            from has in Gen.Choose(0, 255)
            from number in Gen.Choose(0, 400)
            select new Membership
            {
                Program = "rest",
                Life = (has & 1) == 0 ? null : new MembershipLife((MemberStatus)(number % 3), Samples.Local(2026, 1, 1), number % 5 == 0 ? null : Samples.Local(2025, 1, 1), number, number % 2 == 0 ? null : "v2"),
                Revealed = (has & 2) != 0,
                Referral = (has & 4) == 0 ? null : new ReferralStanding { Advocate = new CustomerId(((UInt128)number << 70) + 1), Flagged = number % 2 == 0, Purchases = number, Payments = 1, Waiting = [Samples.Local(2026, 5, 1)], Brought = number % 2 == 0 ? [] : [Money.Hkd(number), Money.Of(5, Currency.Of("MOP"))] },
                Pool = (has & 128) == 0 ? null : new PoolStanding(Samples.Local(2026, 5, 1), number % 2 == 0, [new PoolMember(new CustomerId(((UInt128)number << 70) + 1), (PoolRole)(number % 3), Samples.Local(2026, 5, 1), number % 2 == 0 ? [] : [new PoolShare("points", number, 3)])]),
                Carts = (has & 64) == 0 ? [] : [new CartRequest("a", number + 1, Samples.Local(2026, 5, 1)) { Covered = number }, new CartRequest("b", 1, Samples.Local(2026, 6, 1))],
                Reservations = (has & 8) == 0 ? [] : [new Reservation { Id = $"pos:{number}", Unit = "points", Until = Samples.Local(2026, 5, 1), Lots = [new Lot(null, number)], Owed = number % 3, IsWrittenOff = number % 6 == 1, Reward = number % 2 == 0 ? null : "mug", Times = 1 }],
                Rewards = (has & 16) == 0 ? [] : [new RewardStanding { Reward = "mug", Taken = number, Recent = [Samples.Local(2026, 5, 1)], Open = [new IssuedReward("TEA-1", null), new IssuedReward("TEA-2", Samples.Local(2026, 5, 1)) { Times = 2, Paid = new UnitAmount("points", number + 1) }], Used = number % 2 == 0 ? [] : [new UsedReward("TEA-0", Samples.Local(2026, 5, 1), 3, null), new UsedReward("TEA-3", Samples.Local(2026, 5, 2), 1, new UnitAmount("points", 5)) { Until = Samples.Local(2026, 6, 2) }] }],
                Challenges = (has & 32) == 0 ? [] : [new ChallengeStanding { Challenge = "run", Joined = true, Met = number % 2 == 0, Period = number % 3 == 0 ? null : new LocalDate(2026, 5, 1), Counts = [new("visits", number), new("cups", 2)], Streak = 3, Frozen = 1, Completed = number, Ahead = number % 4, Kept = number % 2 == 0 ? [] : [new(number, "pos:7", Samples.Local(2026, 5, 2))], Past = number % 2 == 0 ? null : new ChallengePast(new ChallengeStanding { Challenge = "run", Counts = [new("visits", 1)] }, [new ChallengeMark("pos:1", Samples.Local(2026, 5, 3), [new("visits", 1), new("cups", 0)])]) }],
            };
        var memberships =
            from program in Gen.Elements("tea-club", "coffee", "z")
            from points in wallets
            from status in wallets
            from standing in standings
            from items in cards.ArrayOf()
            from rest in rests
            select items.Aggregate((rest with { Program = program }).With("points", points).With("status", status).With(standing), (sum, card) => sum.With(card));
        var states = memberships.ArrayOf().Select(items => items.Aggregate(LoyaltyState.Empty, (state, item) => state.With(item)));
        Prop.ForAll(states.ToArbitrary(), law).Check(Config.QuickThrowOnFailure.WithMaxTest(200));
    }
}
