using Crm.Definitions;
using Crm.Engine;
using Crm.Events;
using Crm.Ledger;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Tests.Recording;
using Crm.Loyalty.Tests.Scenarios;
using Crm.Loyalty.Tiers;
using Crm.Loyalty.Wallets;
using Crm.Storage;
using Crm.Testing;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Loyalty.Tests.Wallets;

/// <summary>What wallets can do beside holding and spending, through the engine.</summary>
public sealed class WalletFeatures
{
    private static readonly EventKind Delivered = new("order.delivered", EventNature.Happening);

    [Fact]
    public async Task Pending_units_become_available_on_their_day_and_live_from_then_on()
    {
        var club = Of(unit => unit with { Activation = Activation.AfterDays(14), Expiry = LotExpiry.AfterDays(10, LastDay.Included) });
        var receipt = await club.Buys(100);
        Assert.Equal(100, receipt.Total("points"));
        Assert.Equal("insufficient-balance", (await club.Redeems(1)).Refusal?.Code);
        Assert.Equal(Scalar.Of(100m), (await club.Amy()).Fact("loyalty.tea-club.points.pending"));

        club.At(Samples.Local(2026, 1, 29));

        var wallet = (await club.Membership()).Wallet("points");
        Assert.Equal((100, 0, Samples.Local(2026, 2, 9)), (wallet.Available, wallet.PendingTotal, wallet.NextExpiry));
        Assert.True((await club.Amy()).Fact("loyalty.tea-club.points.pending").IsMissing);
        await club.RunDue();
        Assert.Equal([100, -100, 100], (await club.Ledger()).Select(entry => entry.Amount));
    }

    [Fact]
    public async Task Pending_units_may_wait_for_a_day_of_the_month()
    {
        var club = Of(unit => unit with { Activation = new Activation.OnDayOfMonth(31) });
        await club.Buys(10);
        club.On(2026, 1, 31);
        await club.Buys(10);

        Assert.Equal(10, await club.Points());
        club.On(2026, 2, 28);
        Assert.Equal(20, await club.Points());
    }

    [Fact]
    public async Task Units_held_for_an_event_are_released_by_it_and_lapse_without()
    {
        var program = Program(unit => unit with { Activation = new Activation.OnEvent("order.delivered", 30), Expiry = LotExpiry.AfterDays(10, LastDay.Included) });
        var club = new Club(new LoyaltyModule(new([program.Define()]), [Delivered]));
        await club.Buys(100, "pos:one");
        await club.Buys(40, "pos:two");
        Assert.Equal(0, await club.Points());
        club.On(2026, 1, 20);

        var receipt = await club.Records(new CustomerEvent { Key = EventKey.Parse("wms:1"), Kind = "order.delivered", Identity = Samples.Amy, Original = EventKey.Parse("pos:one") });

        Assert.Equal("100 points can be spent now.", receipt.Lines.Single().Text?.English);
        Assert.Equal([new Lot(Samples.Local(2026, 1, 31), 100)], (await club.Membership()).Wallet("points").Lots);
        club.On(2026, 2, 14);
        Assert.Equal((0, 0), (await Points(club), (await club.Membership()).Wallet("points").PendingTotal));
        await club.RunDue();
        Assert.Contains(await club.Ledger(), entry => entry is { Movement: Movement.Reversed, Amount: -40 });
    }

    [Fact]
    public async Task A_refund_of_pending_units_touches_nothing_that_can_be_spent()
    {
        var club = Of(unit => unit with { Activation = Activation.AfterDays(14) });
        await club.Records(LoyaltyEvents.Adjust("desk:1", Samples.Amy, 30, "opening", "staff:1"));
        await club.Buys(100, "pos:sale");
        await club.Returns("pos:sale", 60);

        var wallet = (await club.Membership()).Wallet("points");
        Assert.Equal((30, 40), (wallet.Available, wallet.PendingTotal));
    }

    [Fact]
    public async Task A_rule_and_an_award_say_before_the_unit_when_units_can_be_spent()
    {
        var rule = Samples.Per(1, 1) with { Name = "slow", Terms = new() { Activation = Activation.AfterDays(7), Issuer = "wellcome" } };
        var club = Of(unit => unit, Samples.Per(1, 1), rule);
        await club.Buys(10);
        Assert.Equal(10, await club.Points());
        club.On(2026, 1, 22);

        Assert.Equal([(10, null), (10, "wellcome")], (await club.Membership()).Wallet("points").Lots.Select(lot => (lot.Amount, lot.Issuer)));
        Assert.Equal("forever@wellcome", (await club.Membership()).Wallet("points").Lots[1].Name);
    }

    [Fact]
    public async Task Units_that_become_available_repay_a_debt_first()
    {
        var club = Of(unit => unit with { Activation = Activation.AfterDays(1) });
        await club.Records(LoyaltyEvents.Adjust("desk:1", Samples.Amy, 30, "opening", "staff:1"));
        await club.Redeems(30);
        await club.Buys(100);
        await club.Records(new CustomerEvent { Key = EventKey.Parse("desk:2"), Kind = EventKinds.CancellationName, Identity = Samples.Amy, Original = EventKey.Parse("desk:1") });
        Assert.Equal(30, (await club.Membership()).Wallet("points").Debt);
        club.On(2026, 1, 16);

        Assert.Equal((70, 0), (await Points(club), (await club.Membership()).Wallet("points").Debt));
    }

    [Fact]
    public async Task A_gift_moves_lots_with_their_life_and_nothing_is_lost_on_the_way()
    {
        var club = Of(unit => unit with { Transferable = true, Expiry = LotExpiry.AfterDays(20, LastDay.Included) });
        await club.Buys(60);
        club.On(2026, 1, 20);
        await club.Buys(60);
        var bob = await club.Meets("bob");

        var receipt = await club.Records(LoyaltyEvents.Transfer("app:gift", Samples.Amy, bob, 100));
        await club.Pump();

        Assert.Equal(-100, receipt.Total("points"));
        Assert.Equal([20], (await club.Membership()).Wallet("points").Lots.Select(lot => lot.Amount));
        Assert.Equal([new Lot(Samples.Local(2026, 2, 5), 60), new Lot(Samples.Local(2026, 2, 10), 40)], (await club.MembershipOf("bob")).Wallet("points").Lots);
        Assert.Equal(0, (await club.Ledger()).Where(entry => entry.Movement == Movement.Transferred).Sum(entry => entry.Amount));
    }

    [Fact]
    public async Task Twenty_gifts_of_everything_are_one_CC1()
    {
        var club = Of(unit => unit with { Transferable = true });
        await club.Buys(100);
        var friends = new List<CustomerId>();
        for (var i = 0; i < 20; i++)
        {
            friends.Add(await club.Meets($"friend-{i}"));
        }

        var receipts = await Task.WhenAll(friends.Select((friend, i) => club.Records(LoyaltyEvents.Transfer($"app:gift-{i}", Samples.Amy, friend, 100)).AsTask()));
        await club.Pump();

        Assert.Single(receipts, receipt => receipt.Accepted);
        Assert.Equal(0, await club.Points());
        Assert.Equal(100, (await club.Ledger()).Where(entry => entry is { Movement: Movement.Transferred, Amount: > 0 }).Sum(entry => entry.Amount));
    }

    [Fact]
    public async Task Gifts_need_a_unit_that_may_be_given_and_somebody_else()
    {
        var club = Of(unit => unit with { Transferable = true });
        await club.Buys(10);
        var amy = (await club.Amy()).Customer;
        var friend = await club.Meets("friend");

        Assert.Equal("unknown-member", (await club.Records(LoyaltyEvents.Transfer("app:1", Samples.Amy, amy, 1))).Refusal?.Code);
        Assert.Equal("insufficient-balance", (await club.Records(LoyaltyEvents.Transfer("app:2", Samples.Amy, friend, 11))).Refusal?.Code);
        var closed = Of(unit => unit);
        await closed.Buys(10);
        Assert.Equal("not-transferable", (await closed.Records(LoyaltyEvents.Transfer("app:3", Samples.Amy, await closed.Meets("friend"), 1))).Refusal?.Code);
    }

    [Fact]
    public async Task Units_are_exchanged_in_whole_steps_and_the_rest_stays()
    {
        var program = Program(unit => unit) with { Units = [new("points", UnitKind.Redeemable), new("miles", UnitKind.Redeemable)], Conversions = [new("to-miles", "points", "miles", 15, 1)] };
        var club = Club.Of(LoyaltyProgramJson.Read(LoyaltyProgramJson.Write(program)));
        await club.Buys(100);

        var receipt = await club.Records(LoyaltyEvents.Convert("app:1", Samples.Amy, 40));

        Assert.Equal((-30, 2), (receipt.Total("points"), receipt.Total("miles")));
        Assert.Equal((70, 2), (await Points(club), (await club.Membership()).Wallet("miles").Available));
        Assert.Equal("too-few", (await club.Records(LoyaltyEvents.Convert("app:2", Samples.Amy, 14))).Refusal?.Code);
    }

    [Fact]
    public async Task Lots_live_on_as_an_explicit_act_with_reason_and_consent()
    {
        var club = Of(unit => unit with { Expiry = LotExpiry.AfterDays(10, LastDay.Included) });
        await club.Buys(100);

        var receipt = await club.Records(LoyaltyEvents.AmendLots("desk:1", Samples.Amy, Samples.Local(2027, 1, 1), "goodwill", "terms-2026", "staff:1"));

        Assert.True(receipt.Accepted);
        Assert.Equal([new Lot(Samples.Local(2027, 1, 1), 100)], (await club.Membership()).Wallet("points").Lots);
        Assert.Equal([-100L, 100L], (await club.Ledger()).Where(entry => entry is { Movement: Movement.Offset, Code: "goodwill" }).Select(entry => entry.Amount));
        Assert.Equal("actor-missing", (await club.Records(LoyaltyEvents.AmendLots("desk:2", Samples.Amy, null, "goodwill", "terms-2026", "staff:1") with { Actor = null })).Refusal?.Code);
    }

    [Theory]
    [InlineData(false, "2027-01-01")]
    [InlineData(true, "2027-01-01")]
    [InlineData(false, null)]
    [InlineData(true, null)]
    public async Task Lots_that_cannot_be_spent_yet_have_their_new_life_when_they_can_be_C7(bool named, string? until)
    {
        var before = Program(unit => unit with { Activation = Activation.AfterDays(14), Expiry = LotExpiry.AfterDays(10, LastDay.Included) });
        var after = before with { Units = [before.Units[0] with { Expiry = LotExpiry.AfterDays(30, LastDay.Included) }, .. before.Units.Skip(1)] };
        var module = new LoyaltyModule(new DefinitionCatalog<LoyaltyProgram>([before.Define(), after.Define(2, Samples.Local(2026, 1, 18))]));
        var club = new Club(module);
        await club.Buys(100, "till:1");
        club.On(2026, 1, 20);
        var pending = Assert.Single((await club.Membership()).Wallet("points").Pending);

        Instant? end = until is null ? null : Samples.Local(2027, 1, 1);
        Assert.True((await club.Records(LoyaltyEvents.AmendLots("desk:1", Samples.Amy, end, "goodwill", "terms-2026", "staff:1", named ? pending.Name : null))).Accepted);

        Assert.Equal((0L, 100L), (await club.Membership()).Wallet("points") is var waits ? (waits.Available, waits.PendingTotal) : default);
        club.On(2026, 1, 29, 0);
        Assert.Equal([new Lot(end ?? Samples.Local(2026, 3, 1), 100)], (await club.Membership()).Wallet("points").Lots);
        await club.RunDue();
        Assert.Equal(new WalletBalances(100, 0, 0, 0), WalletHistory.BalancesAt(await club.Ledger(), "tea-club", "points", club.Now));
        await club.Returns("till:1", 100);
        Assert.Equal((0L, 0L), (await club.Membership()).Wallet("points") is var back ? (back.Balance, back.PendingTotal) : default);
        Assert.Empty(await club.Differences(module));
    }

    [Theory]
    [InlineData(-1, "over-before-available")]
    [InlineData(0, "over-before-available")]
    [InlineData(1, null)]
    public async Task Lots_that_cannot_be_spent_yet_get_no_life_that_is_over_before_they_can_be(int seconds, string? refusal)
    {
        var club = Of(unit => unit with { Activation = Activation.AfterDays(14), Expiry = LotExpiry.AfterDays(10, LastDay.Included) });
        await club.Buys(100);

        Assert.Equal(refusal, (await club.Records(LoyaltyEvents.AmendLots("desk:1", Samples.Amy, Samples.Local(2026, 1, 29) + Duration.FromSeconds(seconds), "goodwill", "terms-2026", "staff:1"))).Refusal?.Code);

        club.On(2026, 1, 29, 0);
        Assert.Equal(100, await club.Points());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_is_set_aside_has_its_new_life_when_it_returns(bool named)
    {
        var program = Program(unit => unit with { Expiry = LotExpiry.AfterDays(10, LastDay.Included), Returns = new(60, GoneLots.StillExpired) });
        var club = Club.Of(program);
        await club.Buys(100);
        await club.Records(RewardEvents.Reserve("pos:r", SpendAuthority.SignedIn(Samples.Amy), 100, Duration.FromDays(20), unit: "points"));

        var receipt = await club.Records(LoyaltyEvents.AmendLots("desk:1", Samples.Amy, Samples.Local(2027, 1, 1), "goodwill", "terms-2026", "staff:1", named ? Lot.NameOf(Samples.Local(2026, 1, 26)) : null));

        Assert.Equal("1 lot has another life now; the members agreed by 'terms-2026'.", Assert.Single(receipt.Lines, line => line.Code == LineCodes.LotsAmended).Text?.English);
        club.On(2026, 2, 10);
        Assert.Equal([new Lot(Samples.Local(2027, 1, 1), 100)], (await club.Membership()).Wallet("points").Lots);
        Assert.Empty(await club.Differences(new LoyaltyModule(program)));
    }

    [Fact]
    public async Task What_ran_out_while_it_was_set_aside_does_not_come_alive_because_other_lots_live_on()
    {
        var club = Of(unit => unit with { Expiry = LotExpiry.AfterDays(10, LastDay.Included) });
        await club.Buys(100);
        await club.Records(RewardEvents.Reserve("pos:r", SpendAuthority.SignedIn(Samples.Amy), 100, Duration.FromDays(20), unit: "points"));
        club.On(2026, 1, 26, 0);
        await club.Records(LoyaltyEvents.AmendLots("desk:1", Samples.Amy, Samples.Local(2027, 1, 1), "goodwill", "terms-2026", "staff:1"));

        await club.Records(RewardEvents.Void("pos:v", Samples.Amy, "pos:r"));

        Assert.Equal(0, await club.Points());
    }

    [Fact]
    public async Task Units_that_wait_for_an_event_have_no_life_yet_that_could_be_another()
    {
        var program = Program(unit => unit with { Activation = new Activation.OnEvent("order.delivered", 30), Expiry = LotExpiry.AfterDays(10, LastDay.Included) });
        var club = new Club(new LoyaltyModule(new([program.Define()]), [Delivered]));
        await club.Buys(100, "pos:1");
        var held = Assert.Single((await club.Membership()).Wallet("points").Pending);

        Assert.Equal("life-not-begun", (await club.Records(LoyaltyEvents.AmendLots("desk:1", Samples.Amy, Samples.Local(2027, 1, 1), "goodwill", "terms-2026", "staff:1", held.Name))).Refusal?.Code);
        var all = await club.Records(LoyaltyEvents.AmendLots("desk:2", Samples.Amy, Samples.Local(2027, 1, 1), "goodwill", "terms-2026", "staff:1"));

        Assert.Equal(
            ("100 points wait for an event and stay as they are: their life begins when it comes.", "100 points 尚待事件發生，維持不變，有效期屆時才開始。"),
            Assert.Single(all.Lines, line => line.Code == LineCodes.LifeNotBegun).Text is { } text ? (text.English, text.Chinese) : default);
        Assert.Equal([held], (await club.Membership()).Wallet("points").Pending);
    }

    [Fact]
    public async Task A_lot_that_is_not_there_cannot_live_on()
    {
        var club = Of(unit => unit with { Expiry = LotExpiry.AfterDays(10, LastDay.Included) });
        await club.Buys(100);

        var receipt = await club.Records(LoyaltyEvents.AmendLots("desk:1", Samples.Amy, Samples.Local(2027, 1, 1), "goodwill", "terms-2026", "staff:1", "2026-01-24T16:00:00Z"));

        Assert.Equal("no-such-lot", receipt.Refusal?.Code);
        Assert.Equal(("The member has no points in a lot '2026-01-24T16:00:00Z'.", "會員沒有批次「2026-01-24T16:00:00Z」的 points。"), (receipt.Refusal?.Detail.English, receipt.Refusal?.Detail.Chinese));
    }

    [Theory]
    [InlineData(-1, "already-over")]
    [InlineData(0, "already-over")]
    [InlineData(1, null)]
    public async Task Lots_get_no_life_that_is_over_C10(int seconds, string? refusal)
    {
        var club = Of(unit => unit with { Expiry = LotExpiry.AfterDays(10, LastDay.Included), ReinstateWithinDays = 30 });
        await club.Buys(100);

        Assert.Equal(refusal, (await club.Records(LoyaltyEvents.AmendLots("desk:1", Samples.Amy, club.Now + Duration.FromSeconds(seconds), "goodwill", "terms-2026", "staff:1"))).Refusal?.Code);
        Assert.Equal(100, await Points(club));

        club.On(2026, 2, 10);
        Assert.Equal(0, await Points(club));
        Assert.Equal(refusal, (await club.Records(LoyaltyEvents.Reinstate("desk:2", Samples.Amy, 100, club.Now + Duration.FromSeconds(seconds), "goodwill", "staff:1"))).Refusal?.Code);
        Assert.Equal(refusal is null ? 100 : 0, await Points(club));
    }

    [Fact]
    public async Task A_life_that_was_over_and_was_given_before_that_was_refused_stays_given_when_history_is_decided_again()
    {
        var program = Program(unit => unit with { Expiry = LotExpiry.AfterDays(10, LastDay.Included) });
        var (module, clock) = (new LoyaltyModule(program), new FakeClock(Samples.Local(2026, 1, 15, 12)));
        var ended = Samples.Local(2026, 1, 1);
        var store = new EarlierRelease(happened => happened.Kind == LoyaltyEvents.AmendName ? happened with { Fields = happened.Fields.With("expiry", Scalar.Of(ended)) } : happened);
        var engine = new CrmEngine(store, [module], new CrmOptions(), clock, new SeededIdSource());
        await engine.RecordAsync(CustomerEvent.Purchase("pos:1", Samples.Amy, Money.Hkd(100)));
        await engine.RecordAsync(LoyaltyEvents.AmendLots("desk:1", Samples.Amy, Samples.Local(2027, 1, 1), "goodwill", "terms-2026", "staff:1"));

        await engine.RecordAsync(CustomerEvent.Purchase("pos:2", Samples.Amy, Money.Hkd(50)) with { OccurredAt = Samples.Local(2026, 1, 14) });

        // The late units are given the life that all lots were given, and are gone with it.
        var amy = await engine.ReadAsync(CustomerRef.Of(Samples.Amy)) ?? throw new InvalidOperationException();
        Assert.Equal(100, amy.Slot<LoyaltyState>(LoyaltyNames.Module).In("tea-club").Wallet("points").Balance);
    }

    [Theory]
    [InlineData(0L, null, 40L, "approval-needed")]
    [InlineData(0L, null, 0L, "approval-needed")]
    [InlineData(40L, null, 40L, null)]
    [InlineData(40L, null, 41L, "approval-needed")]
    [InlineData(40L, "staff:1", 41L, "approval-needed")]
    [InlineData(40L, "staff:2", 41L, null)]
    [InlineData(40L, "staff:2", 61L, "staff-limit")]
    public async Task Staff_give_no_more_units_another_life_than_the_programme_lets_them_HO9(long alone, string? second, long units, string? refusal)
    {
        var club = Club.Of(Program(unit => unit with { Expiry = LotExpiry.AfterDays(10, LastDay.Included) }) with { StaffLimits = [new() { Request = LoyaltyEvents.AmendName, Alone = alone, Most = 60 }] });
        await club.Buys(units);
        var asked = LoyaltyEvents.AmendLots("desk:1", Samples.Amy, null, "goodwill", "terms-2026", "staff:1");

        var receipt = await club.Records(second is null ? asked : asked with { Fields = asked.Fields.With(StaffFields.ApprovedBy, second) });

        Assert.Equal(refusal, receipt.Refusal?.Code);
    }

    [Fact]
    public async Task What_one_person_may_not_reinstate_two_may_HO9()
    {
        var club = Club.Of(Program(unit => unit with { Expiry = LotExpiry.AfterDays(10, LastDay.Included), ReinstateWithinDays = 30 }) with { StaffLimits = [new() { Request = LoyaltyEvents.ReinstateName, Alone = 40 }] });
        await club.Buys(100);
        club.On(2026, 2, 10);
        var asked = LoyaltyEvents.Reinstate("desk:1", Samples.Amy, 41, null, "goodwill", "staff:1");

        Assert.Equal("approval-needed", (await club.Records(asked)).Refusal?.Code);
        Assert.Equal(41, (await club.Records(asked with { Key = EventKey.Parse("desk:2"), Fields = asked.Fields.With(StaffFields.ApprovedBy, "staff:2") })).Total("points"));
    }

    [Fact]
    public async Task What_staff_give_another_life_is_only_the_lot_that_they_name_HO9()
    {
        var club = Club.Of(Program(unit => unit with { Expiry = LotExpiry.AfterDays(10, LastDay.Included) }) with { StaffLimits = [new() { Request = LoyaltyEvents.AmendName, Alone = 40 }] });
        await club.Buys(40);
        club.On(2026, 1, 16);
        await club.Buys(60);
        var lots = (await club.Membership()).Wallet("points").Lots;

        Assert.Equal("approval-needed", (await club.Records(LoyaltyEvents.AmendLots("desk:1", Samples.Amy, null, "goodwill", "terms-2026", "staff:1", lots[1].Name))).Refusal?.Code);
        Assert.Null((await club.Records(LoyaltyEvents.AmendLots("desk:2", Samples.Amy, null, "goodwill", "terms-2026", "staff:1", lots[0].Name))).Refusal);
    }

    [Fact]
    public async Task What_ran_out_can_be_given_back_for_some_days()
    {
        var club = Of(unit => unit with { Expiry = LotExpiry.AfterDays(10, LastDay.Included), ReinstateWithinDays = 30 });
        await club.Buys(100);
        club.On(2026, 2, 10);
        Assert.Equal(0, await club.Points());

        Assert.Equal("nothing-gone", (await club.Records(LoyaltyEvents.Reinstate("desk:1", Samples.Amy, 101, null, "goodwill", "staff:1"))).Refusal?.Code);
        Assert.Equal(60, (await club.Records(LoyaltyEvents.Reinstate("desk:2", Samples.Amy, 60, null, "goodwill", "staff:1"))).Total("points"));
        Assert.Equal("nothing-gone", (await club.Records(LoyaltyEvents.Reinstate("desk:3", Samples.Amy, 41, null, "goodwill", "staff:1"))).Refusal?.Code);
        Assert.Equal([new Lot(Samples.Local(2026, 2, 21), 60)], (await club.Membership()).Wallet("points").Lots);

        club.On(2026, 3, 15);
        Assert.Equal("nothing-gone", (await club.Records(LoyaltyEvents.Reinstate("desk:4", Samples.Amy, 1, null, "goodwill", "staff:1", "2026-01-25T16:00:00Z"))).Refusal?.Code);
    }

    [Fact]
    public async Task What_ran_out_of_a_lot_in_two_goes_can_all_be_given_back()
    {
        var club = Of(unit => unit with { Expiry = LotExpiry.AfterDays(10, LastDay.Included), ReinstateWithinDays = 30 });
        await club.Buys(150);
        await club.Records(RewardEvents.Reserve("app:r", SpendAuthority.SignedIn(Samples.Amy), 50, Duration.FromDays(60)));
        club.On(2026, 1, 27);
        await club.RunDue();
        club.On(2026, 1, 29);
        await club.Records(RewardEvents.Void("app:v", Samples.Amy, "app:r"));
        Assert.Equal((0L, 0L), (await club.Points(), (await club.Membership()).Reserved("points")));

        Assert.Equal("nothing-gone", (await club.Records(LoyaltyEvents.Reinstate("desk:1", Samples.Amy, 151, null, "goodwill", "staff:1"))).Refusal?.Code);
        Assert.Equal(150, (await club.Records(LoyaltyEvents.Reinstate("desk:2", Samples.Amy, 150, null, "goodwill", "staff:1"))).Total("points"));
    }

    [Theory]
    [InlineData(GoneLots.StillExpired, 0, 40)]
    [InlineData(GoneLots.GraceDays, 60, 40)]
    [InlineData(GoneLots.NewLot, 60, 40)]
    public async Task Spent_units_come_back_to_the_lots_that_they_came_from(GoneLots ifGone, long fromGone, long fromLiving)
    {
        var club = Of(unit => unit with { Expiry = LotExpiry.AfterDays(10, LastDay.Included), Returns = new ReturnPolicy(60, ifGone, ifGone == GoneLots.GraceDays ? 5 : 0) });
        await club.Buys(60);
        club.On(2026, 1, 20);
        await club.Buys(50);
        await club.Records(LoyaltyEvents.Redeem("app:spend", SpendAuthority.SignedIn(Samples.Amy), 100));
        club.On(2026, 1, 27);

        var receipt = await club.Records(LoyaltyEvents.Return("app:back", Samples.Amy, "app:spend"));

        Assert.True(receipt.Accepted);
        Assert.All(receipt.Lines, line => Assert.True(line.AddsUp));
        var wallet = (await club.Membership()).Wallet("points");
        Assert.Equal(10 + fromLiving + fromGone, wallet.Available);
        Assert.Equal(10 + fromLiving, wallet.Lots.Single(lot => lot.Expiry == Samples.Local(2026, 1, 31)).Amount);
        Assert.Equal("nothing-drawn", (await club.Records(LoyaltyEvents.Return("app:again", Samples.Amy, "app:spend"))).Refusal?.Code);
    }

    [Fact]
    public async Task A_part_of_what_was_spent_comes_back_last_drawn_first()
    {
        var club = Of(unit => unit with { Expiry = LotExpiry.AfterDays(10, LastDay.Included), Returns = new ReturnPolicy(60, GoneLots.StillExpired) });
        await club.Buys(60);
        club.On(2026, 1, 20);
        await club.Buys(50);
        await club.Records(LoyaltyEvents.Redeem("app:spend", SpendAuthority.SignedIn(Samples.Amy), 100));

        await club.Records(LoyaltyEvents.Return("app:one", Samples.Amy, "app:spend", 45));

        Assert.Equal([(26, 5L), (31, 50L)], (await club.Membership()).Wallet("points").Lots.Select(lot => (lot.Expiry?.InZone(Samples.HongKong).Day ?? 0, lot.Amount)));
        Assert.Equal("nothing-drawn", (await club.Records(LoyaltyEvents.Return("app:two", Samples.Amy, "app:spend", 56))).Refusal?.Code);
        Assert.Equal(55, (await club.Records(LoyaltyEvents.Return("app:three", Samples.Amy, "app:spend"))).Total("points"));
    }

    [Fact]
    public async Task Everybody_is_told_once_of_each_lot_before_it_runs_out()
    {
        var listener = new Listener(LoyaltyNames.Expiring);
        var club = new Club(new LoyaltyModule(Program(unit => unit with { Expiry = LotExpiry.AfterDays(30, LastDay.Included), WarnDaysBefore = 7 })), listener);
        await club.Buys(100);
        club.On(2026, 1, 20);
        await club.Buys(10);
        club.On(2026, 2, 7);
        await club.RunDue();
        Assert.Empty(listener.Heard);
        club.On(2026, 2, 8);
        await club.RunDue();
        await club.RunDue();
        Assert.Single(listener.Heard);
        club.On(2026, 2, 13);
        await club.RunDue();

        Assert.Equal(2, listener.Heard.Count);
    }

    /// <summary>Of two versions known beforehand, nobody has to come by for the later one to tell in time; of one that comes as a surprise, whoever comes by is told.</summary>
    [Theory]
    [InlineData(null, true)]
    [InlineData(null, false)]
    [InlineData(2, true)]
    [InlineData(2, false)]
    public async Task A_version_that_warns_otherwise_tells_of_what_was_earned_before_it(int? before, bool known)
    {
        var listener = new Listener(LoyaltyNames.Expiring);
        LoyaltyProgram Warning(int? days) => Program(unit => unit with { Expiry = LotExpiry.AfterDays(30, LastDay.Included), WarnDaysBefore = days });
        var (first, second) = (Warning(before).Define(), Warning(7).Define(2, Samples.Local(2026, 1, 20)));
        var both = new LoyaltyModule(new DefinitionCatalog<LoyaltyProgram>([first, second]));
        var club = new Club(known ? both : new LoyaltyModule(new DefinitionCatalog<LoyaltyProgram>([first])), listener);
        await club.Buys(100);
        club.On(2026, 1, 21);
        if (!known)
        {
            club.StartsAgainWith(both, listener);
            await club.Buys(10);
        }

        club.On(2026, 2, 7, 23);
        await club.RunDue();
        Assert.Empty(listener.Heard);
        club.On(2026, 2, 8);
        await club.RunDue();
        Assert.Single(listener.Heard);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(5)]
    public async Task A_version_that_warns_of_tiers_otherwise_tells_of_those_reached_before_it(int? before)
    {
        var listener = new Listener(LoyaltyNames.TierExpiring);
        LoyaltyProgram Warning(int? days) => Samples.TeaClub with { Ladders = [Samples.TeaClub.Ladders[0] with { Window = new QualificationWindow.SinceTierStart(), Validity = new TierValidity.Fixed(12, 0, LastDay.Excluded), WarnDaysBefore = days }] };
        var club = new Club(new LoyaltyModule(new DefinitionCatalog<LoyaltyProgram>([Warning(before).Define(), Warning(30).Define(2, Samples.Local(2026, 6, 1))])), listener);
        await club.Buys(500);
        club.On(2026, 12, 15, 23);
        await club.RunDue();
        Assert.Empty(listener.Heard);
        club.On(2026, 12, 16);
        await club.RunDue();
        Assert.Single(listener.Heard);
    }

    [Fact]
    public async Task What_comes_later_and_runs_out_earlier_is_told_of_too_C9()
    {
        var listener = new Listener(LoyaltyNames.Expiring);
        FixedPoints Flash(string name, int days) => new() { Name = name, Unit = "points", Points = 1, On = [LoyaltyEvents.VisitName], Terms = new() { Expiry = LotExpiry.AfterDays(days, LastDay.Included), Scope = new() { Stores = [name] } } };
        var club = new Club(new LoyaltyModule(Program(unit => unit with { Expiry = LotExpiry.AfterDays(30, LastDay.Included), WarnDaysBefore = 7 }, Samples.Per(1, 1), Flash("three", 3), Flash("four", 4))), listener);
        await club.Buys(100);
        club.On(2026, 2, 8);
        await club.RunDue();
        Assert.Single(listener.Heard);

        // The units of the promotions are gone before those that were told of, and the second come between.
        club.On(2026, 2, 9);
        await club.Records(LoyaltyEvents.Visit(club.NextKey(), Samples.Amy, "three"));
        await club.RunDue();
        Assert.Equal(2, listener.Heard.Count);
        await club.Records(LoyaltyEvents.Visit(club.NextKey(), Samples.Amy, "four"));
        await club.RunDue();
        Assert.Equal(3, listener.Heard.Count);

        club.On(2026, 2, 20);
        await club.RunDue();
        Assert.Equal(3, listener.Heard.Count);
    }

    [Fact]
    public async Task What_ran_out_is_not_kept_in_mind_as_told_of_C9()
    {
        var listener = new Listener(LoyaltyNames.Expiring);
        var club = new Club(new LoyaltyModule(Program(unit => unit with { Expiry = LotExpiry.AfterDays(10, LastDay.Included), WarnDaysBefore = 7 })), listener);
        for (var day = 1; day <= 28; day++)
        {
            club.On(2026, 2, day);
            await club.Buys(1);
            await club.RunDue();
        }

        Assert.Equal(24, listener.Heard.Count);
        Assert.InRange((await club.Membership()).Tallies.Count(tally => tally.Name.StartsWith("warned/", StringComparison.Ordinal)), 1, 9);
    }

    [Fact]
    public async Task A_wallet_is_known_at_any_instant_of_the_past_and_of_the_future()
    {
        var club = Of(unit => unit with { Activation = Activation.AfterDays(5), Expiry = LotExpiry.AfterDays(20, LastDay.Included) });
        await club.Buys(100);
        club.On(2026, 1, 25);
        await club.Redeems(30);
        var (amy, entries) = ((await club.Membership()).Wallet("points"), await club.Ledger());

        Assert.Equal([(0, 100), (100, 0), (70, 0), (0, 0)], new[] { Samples.Local(2026, 1, 16), Samples.Local(2026, 1, 21), Samples.Local(2026, 1, 26), Samples.Local(2026, 2, 10) }
            .Select(at => WalletHistory.At(entries, "tea-club", "points", at)).Select(wallet => ((int)wallet.Available, (int)wallet.PendingTotal)));
        Assert.Equal((70, 0), (amy.At(Samples.Local(2026, 2, 9)).Available, amy.At(Samples.Local(2026, 2, 10)).Available));
        Assert.Equal([(Samples.Local(2026, 2, 10), 70L)], amy.Schedule.Select(lot => (lot.At, lot.Amount)));
    }

    [Fact]
    public void Every_kind_of_movement_adds_up_to_what_is_held_after_any_history() =>
        Prop.ForAll(Histories.ToArbitrary(), history => AddUp(history, DebtPolicy.Carry).GetAwaiter().GetResult()).Check(Config.QuickThrowOnFailure.WithMaxTest(60));

    [Fact]
    public void The_same_with_shortfalls_written_off() =>
        Prop.ForAll(Histories.ToArbitrary(), history => AddUp(history, DebtPolicy.ClampToZero).GetAwaiter().GetResult()).Check(Config.QuickThrowOnFailure.WithMaxTest(60));

    private static Gen<(int What, int Amount, int Days, int Which)[]> Histories =>
        (from what in Gen.Choose(0, 13) from amount in Gen.Choose(1, 200) from days in Gen.Choose(0, 30) from which in Gen.Choose(0, 5) select (what, amount, days, which)).ArrayOf();

    private static async Task AddUp((int What, int Amount, int Days, int Which)[] history, DebtPolicy policy)
    {
        var club = Of(
            unit => unit with { Activation = Activation.AfterDays(3), Expiry = LotExpiry.AfterDays(40, LastDay.Included), Transferable = true, ReinstateWithinDays = 60, Returns = new(60, GoneLots.GraceDays, 5), Debt = policy },
            Samples.Per(1, 1),
            Samples.Per(1, 5) with { Name = "at-once", Terms = new() { Activation = Activation.AtOnce, Expiry = LotExpiry.AfterDays(90, LastDay.Included) } });
        var (now, friend) = (Samples.Local(2026, 1, 15, 12), await club.Meets("friend"));
        var (purchases, spends, reservations) = (new List<string>(), new List<string>(), new List<string>());
        foreach (var (what, amount, days, which) in history.Prepend((9, 100, 0, 0)))
        {
            now += Duration.FromDays(days);
            club.At(now);
            switch (what)
            {
                case 0 when purchases.Count > 0:
                    await club.Returns(purchases[which % purchases.Count], amount);
                    break;
                case 1:
                    spends.Add(club.NextKey());
                    await club.Records(LoyaltyEvents.Redeem(spends[^1], SpendAuthority.SignedIn(Samples.Amy), amount));
                    break;
                case 2:
                    await club.RunDue();
                    break;
                case 3:
                    await club.Records(CustomerEvent.Purchase(club.NextKey(), Samples.Amy, Money.Hkd(amount)) with { OccurredAt = now - Duration.FromDays(which * 10) });
                    break;
                case 4:
                    await club.Records(LoyaltyEvents.Transfer(club.NextKey(), Samples.Amy, friend, amount));
                    break;
                case 5:
                    await club.Records(LoyaltyEvents.AmendLots(club.NextKey(), Samples.Amy, now + Duration.FromDays(amount), "test", "test", "staff:1"));
                    break;
                case 6:
                    await club.Records(LoyaltyEvents.Reinstate(club.NextKey(), Samples.Amy, (amount / 4) + 1, null, "test", "staff:1"));
                    break;
                case 7 when spends.Count > 0:
                    await club.Records(LoyaltyEvents.Return(club.NextKey(), Samples.Amy, spends[which % spends.Count]));
                    break;
                case 10:
                    reservations.Add(club.NextKey());
                    await club.Records(RewardEvents.Reserve(reservations[^1], SpendAuthority.SignedIn(Samples.Amy), amount, Duration.FromDays((which * 7) + 1), unit: "points"));
                    break;
                case 11 when reservations.Count > 0:
                    await club.Records(RewardEvents.Capture(club.NextKey(), Samples.Amy, reservations[which % reservations.Count], (amount / 2) + 1));
                    break;
                case 12 when reservations.Count > 0:
                    await club.Records(RewardEvents.Void(club.NextKey(), Samples.Amy, reservations[which % reservations.Count]));
                    break;
                default:
                    purchases.Add(club.NextKey());
                    await club.Buys(amount, purchases[^1]);
                    break;
            }
        }

        // What came at one instant counts a tick apart.
        now += Duration.FromSeconds(1);
        club.At(now);
        await club.RunDue();
        var (membership, entries) = (await club.Membership(), await club.Store.LedgerOfAsync((await club.Amy()).Customer, TestContext.Current.CancellationToken));
        var wallet = membership.Wallet("points");
        var (balances, totals) = (membership.Balances("points"), WalletHistory.Totals(entries, "tea-club", "points"));
        Assert.Equal(balances, WalletHistory.BalancesAt(entries, "tea-club", "points", now));
        Assert.Equal((balances.Held, balances.Pending, balances.Reserved), (totals.Held, totals.Pending, totals.Reserved));
        Assert.Equal(wallet.Balance + wallet.PendingTotal + membership.Reserved("points"), balances.Held);
        Assert.Equal(0, entries.Where(entry => entry.Movement == Movement.Offset).Sum(entry => entry.Amount));
        Assert.Equal(0, entries.Where(entry => entry.Lot == Lot.Shortfall).Sum(entry => entry.Amount));
        var held = wallet.Lots.Select(lot => (lot.Name, lot.Amount)).Concat(wallet.Pending.Select(lot => (lot.Name, lot.Lot.Amount)))
            .Append((Lot.Debt, -wallet.Debt)).Append((Reservation.Lot, membership.Reserved("points"))).Where(lot => lot.Item2 != 0).Order();
        Assert.Equal(held, entries.GroupBy(entry => entry.Lot).Select(lot => (lot.Key, lot.Sum(entry => entry.Amount))).Where(lot => lot.Item2 != 0).Order());
        Assert.True(policy == DebtPolicy.Carry || wallet.Debt <= membership.Reservations.Sum(reservation => reservation.Owed));

        // What is foretold comes, with what returns, becomes available and runs out until then.
        foreach (var days in new[] { 2, 9, 50 })
        {
            var foretold = membership.BalancesAt("points", now + Duration.FromDays(days));
            club.At(now + Duration.FromDays(days));
            Assert.Equal(foretold, (await club.Membership()).Balances("points"));
        }
    }

    [Fact]
    public async Task What_is_set_aside_is_a_balance_of_its_own_in_facts_books_and_screens()
    {
        var module = new LoyaltyModule(Program(unit => unit with { Activation = Activation.AfterDays(3) }));
        var club = new Club(module);
        await club.Buys(40);
        await club.Records(LoyaltyEvents.Adjust("desk:1", Samples.Amy, 100, "opening", "staff:1"));
        await club.Records(RewardEvents.Reserve("pos:r", SpendAuthority.SignedIn(Samples.Amy), 60, Duration.FromDays(1), unit: "points"));

        Assert.Equal(new WalletBalances(40, 40, 60, 0), (await club.Membership()).Balances("points"));
        Assert.Equal(new WalletBalances(140, 0, 0, 0), (await club.Membership()).BalancesAt("points", Samples.Local(2026, 1, 19)));
        Assert.Equal(Scalar.Of(60), (await club.Amy()).Fact(LoyaltyNames.ReservedFact("tea-club", "points")));
        Assert.Equal(new WalletBalances(40, 40, 60, 0), module.Show(await club.Amy())[0].Units.Single(unit => unit.Unit == "points").Balances);

        await club.Records(RewardEvents.Capture(club.NextKey(), Samples.Amy, "pos:r", 25));
        Assert.True((await club.Amy()).Fact(LoyaltyNames.ReservedFact("tea-club", "points")).IsMissing);
        var totals = WalletHistory.Totals(await club.Ledger(), "tea-club", "points");
        Assert.Equal((60, 35, 25, 0), (totals.SetAside, totals.PutBack, totals.Captured, totals.Reserved));
        Assert.Equal((40, 0, 0, 40), (totals.Promised, totals.Activated, totals.GivenUp, totals.Pending));
    }

    [Fact]
    public async Task Books_with_something_pending_and_something_set_aside_are_in_order()
    {
        var module = new LoyaltyModule(Program(unit => unit with { Activation = Activation.AfterDays(3) }));
        var club = new Club(module);
        var amy = (await club.Buys(40)).Customer;
        await club.Records(LoyaltyEvents.Adjust("desk:1", Samples.Amy, 100, "opening", "staff:1"));
        await club.Records(RewardEvents.Reserve("pos:r", SpendAuthority.SignedIn(Samples.Amy), 60, Duration.FromDays(1), unit: "points"));

        var cancel = TestContext.Current.CancellationToken;
        var verdict = new Crm.Engine.CustomerVerifier([module], new Crm.Engine.CrmOptions()).Verify(
            await club.Store.LoadAsync(CustomerRef.Of(amy), cancel), await club.Store.LoadHistoryAsync(amy, new HistoryStart.Beginning(), cancel), await club.Ledger());

        Assert.Empty(verdict.Differences);
    }

    [Fact]
    public async Task What_was_set_aside_and_turned_out_not_to_be_there_is_written_off_where_the_programme_does_so()
    {
        var club = Of(unit => unit with { Debt = DebtPolicy.ClampToZero });
        await club.Buys(100, "pos:sale");
        await club.Records(RewardEvents.Reserve("pos:r", SpendAuthority.SignedIn(Samples.Amy), 80, Duration.FromDays(1), unit: "points"));
        await club.Returns("pos:sale", 100);
        Assert.Equal((new WalletBalances(0, 0, 80, 0), 80), (await club.Membership()) is var aside ? (aside.Balances("points"), aside.Wallet("points").Shortfall) : default);

        // What is not captured was not missing: of what was held 50 are spent, and 30 are written off no more.
        var receipt = await club.Records(RewardEvents.Capture(club.NextKey(), Samples.Amy, "pos:r", 50));

        var membership = await club.Membership();
        Assert.Equal((new WalletBalances(0, 0, 0, 0), 50), (membership.Balances("points"), membership.Wallet("points").Shortfall));
        Assert.Equal(-50 - 30, receipt.Total("points"));
        Assert.Equal(0, WalletHistory.Totals(await club.Ledger(), "tea-club", "points").Held);
    }

    private static LoyaltyProgram Program(Func<LoyaltyUnit, LoyaltyUnit> change, params IEarningRule[] rules)
    {
        var program = LotScenarios.Points(LotExpiry.Never, rules.Length == 0 ? [Samples.Per(1, 1)] : rules);
        return LoyaltyProgramJson.Read(LoyaltyProgramJson.Write(program with { Units = [change(program.Units[0]), program.Units[1]] }));
    }

    private static Club Of(Func<LoyaltyUnit, LoyaltyUnit> change, params IEarningRule[] rules) => Club.Of(Program(change, rules));

    private static async Task<long> Points(Club club) => await club.Points();
}
