using Crm.Conditions;
using Crm.Events;
using Crm.Ledger;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Tests.Redemption;
using Crm.Loyalty.Wallets;
using Crm.Modules;
using Crm.Values;
using NodaTime;
using NodaTime.Text;
using Outcome = Crm.Modules.Outcome;

namespace Crm.Loyalty.Tests.Recording;

/// <summary>How much a cancelled request moves in a programme without cascade: all that it moved itself and that followed from it at its moment, once; whatever a refund would be content with.</summary>
public sealed class CancelledRequests
{
    private static readonly LotExpiry.WhenIdle Idle = new(0, 30, LastDay.Included);

    [Fact]
    public async Task A_bonus_for_the_tier_that_a_grant_lifted_to_goes_once()
    {
        var club = Club.Of(Program(DebtPolicy.Carry));
        await club.Buys(5);
        var before = await Amy(club);
        await club.Records(LoyaltyEvents.Adjust("desk:up", Samples.Amy, 1_000, "goodwill", "staff:1", unit: "status"));
        Assert.Equal(505, await Balance(club));

        var receipt = await Cancels(club, "desk:up");

        Assert.Equal(before.Holdings, (await Amy(club)).Holdings);
        Assert.Equal(-500, receipt.Total("points"));
    }

    [Theory]
    [InlineData(DebtPolicy.Carry)]
    [InlineData(DebtPolicy.PendingOnly)]
    [InlineData(DebtPolicy.Reject)]
    public async Task A_bonus_that_was_spent_is_owed_once(DebtPolicy policy)
    {
        var club = Club.Of(Program(policy));
        await club.Records(LoyaltyEvents.Adjust("desk:up", Samples.Amy, 1_000, "goodwill", "staff:1", unit: "status"));
        await club.Redeems(300, unit: "points");

        await Cancels(club, "desk:up");

        Assert.Equal((-300L, 300L, 0L), await Numbers(club, "amy"));
    }

    [Fact]
    public async Task A_bonus_that_was_never_recorded_is_not_taken()
    {
        var club = Club.Of(Program(DebtPolicy.Carry));
        await club.Buys(1_000, "pos:lifts");
        club.On(2026, 1, 20);
        await club.Records(LoyaltyEvents.Adjust("desk:more", Samples.Amy, 1_000, "goodwill", "staff:1", unit: "status"));
        await club.Records(CustomerEvent.Refund("pos:late", Samples.Amy, "pos:lifts", Money.Hkd(1_000)) with { OccurredAt = Samples.Local(2026, 1, 18) });
        Assert.Equal(0, await Balance(club));

        await Cancels(club, "desk:more");

        Assert.Equal(0, await Balance(club));
    }

    [Theory]
    [InlineData(DebtPolicy.Carry, -40, 40, 0)]
    [InlineData(DebtPolicy.PendingOnly, -40, 40, 0)]
    [InlineData(DebtPolicy.Reject, -40, 40, 0)]
    [InlineData(DebtPolicy.ClampToZero, 0, 0, 40)]
    public async Task What_was_spent_of_a_cancelled_grant_is_owed_unless_the_unit_writes_off(DebtPolicy policy, long balance, long debt, long shortfall)
    {
        var club = Club.Of(Program(policy));
        await club.Records(LoyaltyEvents.Adjust("desk:gift", Samples.Amy, 60, "goodwill", "staff:1", unit: "points"));
        await club.Redeems(40, unit: "points");

        var receipt = await Cancels(club, "desk:gift");

        Assert.Equal((balance, debt, shortfall), await Numbers(club, "amy"));
        Assert.Equal(balance - 20, receipt.Total("points"));
        Assert.Equal(balance, (await club.Ledger()).Where(entry => entry.Unit == "points").Sum(entry => entry.Amount));
    }

    [Theory]
    [InlineData(DebtPolicy.Carry)]
    [InlineData(DebtPolicy.PendingOnly)]
    [InlineData(DebtPolicy.Reject)]
    public async Task A_cancelled_gift_leaves_nobody_what_the_giver_gets_back(DebtPolicy policy)
    {
        var club = Club.Of(Program(policy));
        await club.Buys(100);
        var ben = await club.Meets("ben");
        await club.Records(LoyaltyEvents.Transfer("app:gift", Samples.Amy, ben, 60, unit: "points"));
        await club.Pump();
        await club.Records(LoyaltyEvents.Redeem("app:spent", SpendAuthority.SignedIn(Identity.User("ben")), 25, unit: "points"));

        await Cancels(club, "app:gift");
        await club.Pump();

        Assert.Equal((100L, 0L, 0L), await Numbers(club, "amy"));
        Assert.Equal((-25L, 25L, 0L), await Numbers(club, "ben"));
        Assert.Equal(0, (await club.Ledger()).Where(entry => entry.Movement == Movement.Transferred).Sum(entry => entry.Amount));
    }

    [Theory]
    [InlineData(DebtPolicy.PendingOnly)]
    [InlineData(DebtPolicy.Reject)]
    public async Task A_cancelled_exchange_leaves_nobody_both_sides_of_it(DebtPolicy policy)
    {
        var program = Program(policy);
        var club = Club.Of(program with { Units = [.. program.Units, new("miles", UnitKind.Redeemable) { Debt = policy }], Conversions = [new("to-miles", "points", "miles", 10, 1)] });
        await club.Buys(100);
        await club.Records(LoyaltyEvents.Convert("app:exchange", Samples.Amy, 100));
        await club.Redeems(4, unit: "miles");

        await Cancels(club, "app:exchange");

        Assert.Equal((100, -4), (await Balance(club), (await Amy(club)).Wallet("miles").Balance));
    }

    [Fact]
    public async Task A_redemption_is_given_back_after_its_time_to_return_though_another_came_since()
    {
        var club = Club.Of(Returning());
        await club.Buys(100);
        var before = (await Amy(club)).Wallet("points");
        await club.Records(LoyaltyEvents.Redeem("app:1", RewardClub.Authority, 80, unit: "points"));
        club.On(2026, 5, 1);
        await club.Records(LoyaltyEvents.Redeem("app:2", RewardClub.Authority, 5, unit: "points"));
        Assert.False((await club.Records(LoyaltyEvents.Return("app:back", Samples.Amy, "app:1"))).Accepted);

        await Cancels(club, "app:1");
        await Cancels(club, "app:2");

        Assert.Equal(before, (await Amy(club)).Wallet("points"));
    }

    [Fact]
    public async Task What_a_redemption_drew_is_known_when_all_else_about_it_is_forgotten()
    {
        var club = Club.Of(Returning(LotExpiry.Never));
        await club.Buys(100);
        await club.Records(LoyaltyEvents.Redeem("app:1", RewardClub.Authority, 80, unit: "points"));
        await club.Records(LoyaltyEvents.Return("app:back", Samples.Amy, "app:1", 30));
        club.On(2029, 5, 1);
        await club.Records(LoyaltyEvents.Redeem("app:2", RewardClub.Authority, 5, unit: "points"));
        Assert.DoesNotContain((await Amy(club)).Tallies, tally => tally.Name.StartsWith("drawn/app:1", StringComparison.Ordinal));

        await Cancels(club, "app:1");

        Assert.Equal(95, await Balance(club));
    }

    [Theory]
    [InlineData("app:1", "app:back")]
    [InlineData("app:back", "app:1")]
    public async Task A_redemption_and_its_return_are_cancelled_in_either_order(string first, string second)
    {
        var club = Club.Of(Returning());
        await club.Buys(100);
        var before = (await Amy(club)).Wallet("points");
        await club.Records(LoyaltyEvents.Redeem("app:1", RewardClub.Authority, 80, unit: "points"));
        await club.Records(LoyaltyEvents.Return("app:back", Samples.Amy, "app:1", 30));

        await Cancels(club, first);
        await Cancels(club, second);

        Assert.Equal(before, (await Amy(club)).Wallet("points"));
        Assert.DoesNotContain((await Amy(club)).Tallies, tally => tally.Name.Contains("app:1", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_return_that_was_cancelled_may_be_asked_for_again()
    {
        var club = Club.Of(Returning());
        await club.Buys(100);
        await club.Records(LoyaltyEvents.Redeem("app:1", RewardClub.Authority, 80, unit: "points"));
        await club.Records(LoyaltyEvents.Return("app:back", Samples.Amy, "app:1", 30));
        await Cancels(club, "app:back");
        Assert.Equal(20, await Balance(club));

        await club.Records(LoyaltyEvents.Return("app:again", Samples.Amy, "app:1"));

        Assert.Equal(100, await Balance(club));
    }

    [Fact]
    public async Task A_cancellation_that_is_taken_back_brings_no_bonus_for_what_stays_undone()
    {
        var club = Club.Of(Program(DebtPolicy.Carry));
        await club.Buys(5);
        await club.Records(LoyaltyEvents.Adjust("desk:up", Samples.Amy, 1_000, "goodwill", "staff:1", unit: "status"));
        await Cancels(club, "desk:up");

        var receipt = await Cancels(club, "desk:desk-up");

        Assert.Contains(receipt.Lines, line => line is { Code: "not-undone", Subject: "desk:up" });
        Assert.Equal((5L, 5L), (await Balance(club), (await Amy(club)).Wallet("status").Balance));
    }

    [Fact]
    public async Task A_request_that_is_cancelled_again_after_its_cancellation_was_taken_back_moves_nothing_twice()
    {
        var club = Club.Of(Program(DebtPolicy.Carry));
        await club.Buys(100);
        await club.Records(LoyaltyEvents.Redeem("app:1", RewardClub.Authority, 60, unit: "points"));
        await Cancels(club, "app:1");
        await Cancels(club, "desk:app-1");

        await club.Records(new CustomerEvent { Key = EventKey.Parse("desk:again"), Kind = EventKinds.CancellationName, Identity = Samples.Amy, Original = EventKey.Parse("app:1") });

        Assert.Equal(100, await Balance(club));
    }

    [Theory]
    [InlineData("app:1|points|0000")]
    [InlineData("app:1|points")]
    [InlineData("app:1%7Cpoints")]
    public async Task What_a_request_moved_is_not_taken_for_what_one_moved_whose_key_begins_as_its_own(string other)
    {
        var club = Club.Of(Returning());
        await club.Buys(100);
        await club.Records(LoyaltyEvents.Redeem("app:1", RewardClub.Authority, 60, unit: "points"));
        await club.Records(LoyaltyEvents.Redeem(other, RewardClub.Authority, 30, unit: "points"));
        await club.Records(LoyaltyEvents.Return("app:back", Samples.Amy, other, 10));

        await Cancels(club, "app:1");
        Assert.Equal(80, await Balance(club));
        await club.Records(LoyaltyEvents.Return("app:rest", Samples.Amy, other));
        Assert.Equal(100, await Balance(club));
        await Cancels(club, other);

        Assert.Equal(100, await Balance(club));
        Assert.DoesNotContain((await Amy(club)).Tallies, tally => tally.Name.Contains("app:1", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Of_a_cancelled_request_nothing_is_left_that_another_refund_could_claim_of_what_ran_out()
    {
        // Of the bonus for the grant 7 had run out when a refund of it was settled, in a state from before its key.
        var program = Program(DebtPolicy.Carry);
        program = program with { Units = [program.Units[0] with { Expiry = LotExpiry.AfterDays(10, LastDay.Included) }, program.Units[1]] };
        var club = new Club(new Handed(program, "desk:up", 300));
        await club.Records(LoyaltyEvents.Adjust("desk:up", Samples.Amy, 1_000, "goodwill", "staff:1", unit: "status"));
        await club.Buys(500, "pos:sale");
        await club.Redeems(600, unit: "points");
        club.On(2026, 2, 1);
        await club.Records(new CustomerEvent { Key = EventKey.Parse("desk:settles"), Kind = LoyaltyEvents.VisitName, Identity = Samples.Amy });
        Assert.Equal(300, (await Amy(club)).TalliesOf("unowed/points|").Sum(tally => tally.Amount));

        await Cancels(club, "desk:up");
        await club.Returns("pos:sale", 500);

        // Of 1,000 that came and went 600 were spent, and 400 had run out; those that were settled before were 300.
        Assert.Equal(-600, await Balance(club));
    }

    [Fact]
    public async Task What_is_still_away_comes_back_into_its_own_lots()
    {
        var club = Club.Of(Returning());
        await club.Buys(60);
        club.On(2026, 3, 20);
        await club.Buys(60);
        var before = (await Amy(club)).Wallet("points");
        await club.Records(LoyaltyEvents.Redeem("app:1", RewardClub.Authority, 80, unit: "points"));
        await club.Records(LoyaltyEvents.Return("app:back", Samples.Amy, "app:1", 15));

        await Cancels(club, "app:1");

        Assert.Equal(before, (await Amy(club)).Wallet("points"));
    }

    [Theory]
    [InlineData(DebtPolicy.PendingOnly)]
    [InlineData(DebtPolicy.Reject)]
    public async Task What_was_spent_of_units_that_a_refund_left_comes_back(DebtPolicy policy)
    {
        var club = Club.Of(Program(policy));
        await club.Buys(100, "pos:sale");
        await club.Redeems(50, unit: "points");
        await club.Returns("pos:sale", 100);
        Assert.Equal((50L, 0L, 100L), await Numbers(club, "amy"));
        var before = (await Amy(club)).Wallet("points");
        await club.Records(LoyaltyEvents.Redeem("app:1", RewardClub.Authority, 50, unit: "points"));

        await Cancels(club, "app:1");

        Assert.Equal(before, (await Amy(club)).Wallet("points"));
    }

    [Fact]
    public async Task What_a_request_moved_is_kept_as_long_as_awards_are()
    {
        var club = Club.Of(Program(DebtPolicy.Carry));
        await club.Buys(100);
        await club.Records(LoyaltyEvents.Redeem("app:1", RewardClub.Authority, 20, unit: "points"));
        Assert.Contains((await Amy(club)).Tallies, tally => tally.Name.StartsWith("moved/app:1|points|", StringComparison.Ordinal));
        club.At(club.Now + NodaTime.Duration.FromDays(KeptAward.RefundableDays + 1));
        await club.Buys(100);
        await club.Records(LoyaltyEvents.Redeem("app:2", RewardClub.Authority, 20, unit: "points"));

        Assert.DoesNotContain((await Amy(club)).Tallies, tally => tally.Name.Contains("app:1", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Idle_units_that_come_back_after_all_ran_out_are_gone_too()
    {
        var program = Program(DebtPolicy.Carry);
        var club = Club.Of(program with { Units = [program.Units[0] with { Expiry = Idle }, .. program.Units.Skip(1)] });
        await club.Buys(100);
        await club.Records(LoyaltyEvents.Redeem("app:1", RewardClub.Authority, 60, unit: "points"));
        club.On(2026, 5, 1);

        await Cancels(club, "app:1");

        Assert.Equal(0, await Balance(club));
        Assert.Equal(-100, (await club.Ledger()).Where(entry => entry.Movement == Movement.Expired).Sum(entry => entry.Amount));
    }

    [Fact]
    public async Task Idle_units_that_come_back_do_not_move_the_clock()
    {
        var program = Program(DebtPolicy.Carry);
        var club = Club.Of(program with { Units = [program.Units[0] with { Expiry = Idle }, .. program.Units.Skip(1)] });
        await club.Buys(100);
        await club.Records(LoyaltyEvents.Redeem("app:1", RewardClub.Authority, 100, unit: "points"));
        club.On(2026, 2, 1);

        await Cancels(club, "app:1");

        Assert.Equal((100, Samples.Local(2026, 2, 15)), (await Balance(club), (await Amy(club)).Wallet("points").NextExpiry));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("2026-12-31")]
    public async Task Lots_have_the_lives_again_that_they_had_before_they_were_amended(string? expiry)
    {
        var (club, before) = await Amended(DebtPolicy.Carry, expiry);

        await Cancels(club, "desk:amend");

        Assert.Equal(before, (await Amy(club)).Wallet("points").Lots);
        Assert.Empty(await club.Differences(new LoyaltyModule(Program(DebtPolicy.Carry))));
    }

    [Fact]
    public async Task What_ran_out_since_it_was_amended_is_there_again_when_that_is_cancelled()
    {
        var (club, before) = await Amended(DebtPolicy.Carry, "2026-01-31");
        club.On(2026, 2, 5);
        Assert.Equal(0, await Balance(club));

        await Cancels(club, "desk:amend");

        Assert.Equal(before, (await Amy(club)).Wallet("points").Lots);
        Assert.Empty(await club.Differences(new LoyaltyModule(Program(DebtPolicy.Carry))));
    }

    [Theory]
    [InlineData(DebtPolicy.Carry)]
    [InlineData(DebtPolicy.ClampToZero)]
    public async Task What_was_spent_since_it_was_amended_stays_spent_when_that_is_cancelled(DebtPolicy policy)
    {
        var (club, before) = await Amended(policy, null);
        var held = before.Sum(lot => lot.Amount);
        await club.Redeems(held - 10, unit: "points");

        await Cancels(club, "desk:amend");

        Assert.Equal((10L, 0L, 0L), await Numbers(club, "amy"));
        Assert.Empty(await club.Differences(new LoyaltyModule(Program(policy))));
    }

    [Theory]
    [InlineData(DebtPolicy.Carry)]
    [InlineData(DebtPolicy.ClampToZero)]
    [InlineData(DebtPolicy.PendingOnly)]
    public async Task A_refund_finds_what_cannot_be_spent_yet_though_it_has_another_life_since(DebtPolicy policy)
    {
        var (club, _) = await Waiting(policy);

        await club.Returns("pos:waits", 60);
        Assert.Equal((0L, 40L, 0L), (await Amy(club)).Wallet("points") is var left ? (left.Balance, left.PendingTotal, left.Shortfall) : default);
        await club.Returns("pos:waits", 40);
        Assert.Equal((0L, 0L, 0L), (await Amy(club)).Wallet("points") is var gone ? (gone.Balance, gone.PendingTotal, gone.Shortfall) : default);
        Assert.Empty(await club.Differences(new LoyaltyModule(Pending(policy))));
    }

    [Theory]
    [InlineData(20)]
    [InlineData(30)]
    public async Task What_cannot_be_spent_yet_has_the_life_again_that_it_had_before_it_was_amended(int day)
    {
        var (club, before) = await Waiting(DebtPolicy.Carry);
        club.On(2026, 1, day);

        var receipt = await Cancels(club, "desk:amend");

        Assert.DoesNotContain(receipt.Lines, line => line.Code == LineCodes.RanOutBefore);
        club.On(2026, 1, 30);
        Assert.Equal([before.Lot], (await Amy(club)).Wallet("points").Lots);
        Assert.Empty(await club.Differences(new LoyaltyModule(Pending(DebtPolicy.Carry))));
    }

    // A hundred points that can be spent from the 29th on, and have another life since the 20th.
    private static async Task<(Club Club, PendingLot Before)> Waiting(DebtPolicy policy)
    {
        var club = Club.Of(Pending(policy));
        await club.Buys(100, "pos:waits");
        club.On(2026, 1, 20);
        var before = Assert.Single((await Amy(club)).Wallet("points").Pending);
        Assert.True((await club.Records(LoyaltyEvents.AmendLots("desk:amend", Samples.Amy, Samples.Local(2027, 6, 1), "goodwill", "terms-2026", "staff:1"))).Accepted);
        Assert.NotEqual(before, Assert.Single((await Amy(club)).Wallet("points").Pending));
        return (club, before);
    }

    private static LoyaltyProgram Pending(DebtPolicy policy)
    {
        var program = Program(policy);
        return program with { Units = [program.Units[0] with { Activation = Activation.AfterDays(14) }, .. program.Units.Skip(1)] };
    }

    // Two lots that become one.
    private static async Task<(Club Club, Sequence<Lot> Before)> Amended(DebtPolicy policy, string? expiry)
    {
        var club = Club.Of(Program(policy));
        await club.Buys(300);
        club.On(2026, 1, 18);
        await club.Buys(200);
        var before = (await Amy(club)).Wallet("points").Lots;
        club.On(2026, 1, 20);
        Instant? until = expiry is null ? null : Samples.HongKong.AtStartOfDay(LocalDatePattern.Iso.Parse(expiry).Value).ToInstant();
        await club.Records(LoyaltyEvents.AmendLots("desk:amend", Samples.Amy, until, "goodwill", "terms-2026", "staff:1"));
        Assert.NotEqual(before, (await Amy(club)).Wallet("points").Lots);
        return (club, before);
    }

    private static LoyaltyProgram Program(DebtPolicy policy)
    {
        var program = RewardClub.Program();
        var bonus = new FixedPoints { Name = "up", Unit = "points", Points = 500, On = [LoyaltyNames.TierChanged], When = If.Field("event.to").Is("gold") };
        return program with { Units = [program.Units[0] with { Debt = policy, Transferable = true }, program.Units[1]], Rules = [.. program.Rules, bonus], Cascade = Cascade.None };
    }

    private static LoyaltyProgram Returning(LotExpiry? expiry = null)
    {
        var program = Program(DebtPolicy.Carry);
        return program with { Units = [program.Units[0] with { Returns = new(30, GoneLots.StillExpired), Expiry = expiry ?? program.Units[0].Expiry }, .. program.Units.Skip(1)] };
    }

    private static async Task<Receipt> Cancels(Club club, string original)
    {
        var receipt = await club.Records(new CustomerEvent { Key = EventKey.Parse($"desk:{original.Replace(':', '-')}"), Kind = EventKinds.CancellationName, Identity = Samples.Amy, Original = EventKey.Parse(original) });
        Assert.All(receipt.Lines, line => Assert.True(line.AddsUp));
        return receipt;
    }

    private static async Task<Membership> Amy(Club club) => await Of(club, "amy");

    private static async Task<long> Balance(Club club) => (await Amy(club)).Wallet("points").Balance;

    private static async Task<(long Balance, long Debt, long Shortfall)> Numbers(Club club, string name) => (await Of(club, name)).Wallet("points") is var wallet ? (wallet.Balance, wallet.Debt, wallet.Shortfall) : default;

    private static async Task<Membership> Of(Club club, string name) =>
        (await club.Reads(Identity.User(name)))?.Slot<LoyaltyState>(LoyaltyNames.KeepingModule).In("tea-club") ?? throw new InvalidOperationException($"Nobody is called {name}.");

    /// <summary>At a visit, takes over a state in which so many units of the award of a request were taken back, and had run out.</summary>
    private sealed class Handed(LoyaltyProgram program, string request, long amount) : CustomerModule<LoyaltyState>
    {
        private readonly ICustomerModule inner = new LoyaltyModule(program);

        public override ModuleContract Contract => inner.Contract;

        protected override Outcome Handle(LoyaltyState state, ModuleContext context)
        {
            var membership = state.In(program.Name);
            if (context.Stimulus is not Stimulus.Happened { Event.Kind: LoyaltyEvents.VisitName } || membership.Awards.All(award => award.Key != request) || membership.TalliesOf("gone/points|") is not [var gone])
            {
                return inner.Handle(state, context);
            }

            return new Outcome.Accepted
            {
                State = state.With((membership with { Awards = membership.Awards.Select(award => award.Key == request ? award with { Taken = amount, Unowed = amount } : award).ToSequence() })
                    .With(gone with { Amount = gone.Amount - amount }).With(gone with { Name = gone.Name.Replace("gone/", "unowed/", StringComparison.Ordinal), Amount = amount })),
            };
        }
    }
}
