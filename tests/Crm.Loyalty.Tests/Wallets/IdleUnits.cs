using Crm.Events;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Members;
using Crm.Loyalty.Pools;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Tests.Pools;
using Crm.Loyalty.Tests.Recording;
using Crm.Loyalty.Tests.Redemption;
using Crm.Loyalty.Tests.Scenarios;
using Crm.Loyalty.Wallets;
using Crm.Modules;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;
using Outcome = Crm.Modules.Outcome;

namespace Crm.Loyalty.Tests.Wallets;

/// <summary>Units that run out when the member is idle: the account has one clock, an activity moves it, and whatever else comes in starts one where none runs.</summary>
public sealed class IdleUnits
{
    private static readonly LotExpiry.WhenIdle Idle = new(18, 0, LastDay.Excluded);
    private static readonly LotExpiry.WhenIdle TenDays = new(0, 10, LastDay.Included) { On = [LoyaltyEvents.VisitName] };

    [Fact]
    public async Task What_staff_give_after_everything_ran_out_lives_a_whole_span_from_then_on()
    {
        var club = Of(Idle);
        club.On(2023, 1, 1);
        await club.Buys(100);
        club.On(2026, 3, 1);
        await club.Records(LoyaltyEvents.Adjust("desk:1", Samples.Amy, 500, "goodwill", "staff:1"));

        Assert.Equal(Samples.Local(2027, 9, 1), (await club.Membership()).Wallet("points").NextExpiry);
        club.At(Samples.Local(2027, 9, 1) - Duration.FromTicks(1));
        Assert.Equal(500, await club.Points());
        club.At(Samples.Local(2027, 9, 1));
        Assert.Equal(0, await club.Points());
    }

    [Fact]
    public async Task What_staff_give_is_no_activity_while_the_clock_runs()
    {
        var club = Of(Idle);
        await club.Buys(100);
        club.On(2026, 3, 1);
        await club.Records(LoyaltyEvents.Adjust("desk:1", Samples.Amy, 500, "goodwill", "staff:1"));

        Assert.Equal(Samples.Local(2027, 7, 15), (await club.Membership()).Wallet("points").NextExpiry);
    }

    [Fact]
    public async Task A_welcome_gift_runs_out_though_the_member_never_did_anything()
    {
        var club = Club.Of(Program(Idle) with { Membership = new() { Welcome = [new("points", 50)] } });
        await club.Records(MemberEvents.Join("web:1", Samples.Amy));

        Assert.Equal(Samples.Local(2027, 7, 15), (await club.Membership()).Wallet("points").NextExpiry);
    }

    [Fact]
    public async Task A_visit_keeps_what_cannot_be_spent_yet_C5()
    {
        var club = Club.Of(Program(TenDays, unit => unit with { Activation = Activation.AfterDays(8) }));
        await club.Buys(100);
        club.On(2026, 1, 22);
        await club.Records(LoyaltyEvents.Visit("door:1", Samples.Amy));

        club.At(Samples.Local(2026, 2, 2) - Duration.FromTicks(1));
        Assert.Equal(100, await club.Points());
        club.On(2026, 2, 2, 0);
        Assert.Equal(0, await club.Points());
    }

    [Theory]
    [InlineData(24, 100)]
    [InlineData(26, 0)]
    public async Task A_visit_keeps_what_is_set_aside_while_its_time_is_not_over_C5(int day, long left)
    {
        var club = Of(TenDays);
        await club.Buys(100);
        club.On(2026, 1, 20);
        await club.Reserves("pos:aside", 100, 60 * 24 * 15);
        club.On(2026, 1, day);
        await club.Records(LoyaltyEvents.Visit("door:1", Samples.Amy));
        club.On(2026, 1, 30);
        await club.Records(RewardEvents.Void("pos:back", Samples.Amy, "pos:aside"));

        Assert.Equal(left, await club.Points());
    }

    [Fact]
    public async Task A_visit_of_who_holds_nothing_that_idles_takes_no_life_from_what_comes_later_C5()
    {
        var club = Club.Of(Program(TenDays with { ByEarning = false }) with { Rules = [Samples.Per(1, 1) with { Terms = new() { Expiry = LotExpiry.Never } }] });
        await club.Buys(100);
        club.On(2026, 1, 20);
        await club.Records(LoyaltyEvents.Visit("door:1", Samples.Amy));
        club.On(2026, 1, 25);
        await club.Records(LoyaltyEvents.Adjust("desk:1", Samples.Amy, 7, "goodwill", "staff:1"));

        Assert.Equal(Samples.Local(2026, 2, 5), (await club.Membership()).Wallet("points").NextExpiry);
    }

    [Theory]
    [InlineData(null, 2026, 1, 31)]
    [InlineData(22, 2026, 2, 2)]
    public async Task The_clock_is_the_accounts_and_runs_on_though_nothing_is_left_C5(int? visit, int year, int month, int day)
    {
        var club = Of(TenDays);
        await club.Buys(100);
        club.On(2026, 1, 20);
        await club.Redeems(100, unit: "points");
        if (visit is { } on)
        {
            club.On(2026, 1, on);
            await club.Records(LoyaltyEvents.Visit("door:1", Samples.Amy));
        }

        club.On(2026, 1, 25);
        await club.Records(LoyaltyEvents.Adjust("desk:1", Samples.Amy, 7, "goodwill", "staff:1"));

        Assert.Equal(Samples.Local(year, month, day), (await club.Membership()).Wallet("points").NextExpiry);
    }

    [Fact]
    public async Task A_gift_brings_the_clock_of_who_gave_it()
    {
        var club = Of(Idle);
        await club.Buys(100);
        club.On(2026, 6, 1);
        var bob = await club.Meets("bob");
        await club.Records(LoyaltyEvents.Transfer("app:gift", Samples.Amy, bob, 40));
        await club.Pump();

        var wallet = (await club.MembershipOf("bob")).Wallet("points");
        Assert.Equal((Samples.Local(2027, 7, 15), 40L), (wallet.NextExpiry, wallet.Available));
        Assert.Equal(Samples.Local(2027, 7, 15), (await club.Membership()).Wallet("points").NextExpiry);
    }

    [Theory]
    [InlineData(2025, 10, 1, 2027, 7, 15)]
    [InlineData(2026, 5, 1, 2027, 11, 1)]
    public async Task Of_two_clocks_the_later_counts_so_a_gift_takes_no_life_from_anybody(int year, int month, int day, int untilYear, int untilMonth, int untilDay)
    {
        var club = Of(Idle);
        club.On(year, month, day);
        var bob = await club.Meets("bob");
        await club.Records(CustomerEvent.Purchase(club.NextKey(), Identity.User("bob"), Money.Hkd(10)));
        club.On(2026, 1, 15);
        await club.Buys(100);
        club.On(2026, 6, 1);
        await club.Records(LoyaltyEvents.Transfer("app:gift", Samples.Amy, bob, 40));
        await club.Pump();

        Assert.Equal(Samples.Local(untilYear, untilMonth, untilDay), (await club.MembershipOf("bob")).Wallet("points").NextExpiry);
    }

    [Fact]
    public async Task Units_go_through_a_pool_and_back_with_their_clock()
    {
        var program = Household.Program(new() { Leaving = PoolLeaving.Return });
        var club = await new Household(program with { Units = [program.Units[0] with { Expiry = Idle }, .. program.Units.Skip(1)] }).Opened();
        await club.Buys(Household.Amy, 100);
        club.Later(10);
        await club.Gives(Household.Amy, 60);
        await club.Settles();
        Assert.Equal(Samples.Local(2027, 7, 15), (await club.Of(Household.Home)).Wallet("points").NextExpiry);
        club.Later(10);
        await club.Dissolves(Household.Amy);
        await club.Settles();

        Assert.Equal((Samples.Local(2027, 7, 15), 100L), ((await club.Of(Household.Amy)).Wallet("points").NextExpiry, await club.Points(Household.Amy)));
    }

    [Fact]
    public async Task A_gift_that_was_sent_stays_as_it_was_when_history_has_another_clock_for_it()
    {
        var club = Of(Idle);
        await club.Buys(100);
        club.On(2026, 2, 15);
        await club.Buys(10, "pos:later");
        var bob = await club.Meets("bob");
        await club.Records(LoyaltyEvents.Transfer("app:gift", Samples.Amy, bob, 40));
        await club.Pump();
        await club.Returns("pos:later", 10);
        await club.Pump();

        Assert.Equal((Samples.Local(2027, 7, 15), 60L), ((await club.Membership()).Wallet("points").NextExpiry, await club.Points()));
        var wallet = (await club.MembershipOf("bob")).Wallet("points");
        Assert.Equal((Samples.Local(2027, 8, 15), 40L), (wallet.NextExpiry, wallet.Available));
    }

    [Fact]
    public async Task What_is_exchanged_begins_to_idle_where_nothing_did()
    {
        var club = Club.Of(Program(Idle) with { Units = [new("points", UnitKind.Redeemable), new("miles", UnitKind.Redeemable) { Expiry = Idle }], Conversions = [new("to-miles", "points", "miles", 10, 1)] });
        await club.Buys(100);
        await club.Records(LoyaltyEvents.Convert("app:1", Samples.Amy, 100));

        Assert.Equal(Samples.Local(2027, 7, 15), (await club.Membership()).Wallet("miles").NextExpiry);
    }

    [Fact]
    public async Task What_is_reinstated_without_a_day_lives_as_if_earned_then()
    {
        var club = Of(Idle);
        club.On(2024, 1, 1);
        await club.Buys(100);
        club.On(2025, 7, 10);
        Assert.Equal(0, await club.Points());
        await club.Records(LoyaltyEvents.Reinstate("desk:1", Samples.Amy, 100, null, "goodwill", "staff:1"));

        Assert.Equal(Samples.Local(2027, 1, 10), (await club.Membership()).Wallet("points").NextExpiry);
        club.On(2025, 7, 11);
        Assert.Equal(100, await club.Points());
    }

    [Fact]
    public async Task What_was_reinstated_is_not_given_besides_when_an_activity_that_comes_late_kept_it_alive()
    {
        var club = Of(new(0, 30, LastDay.Included));
        await club.Buys(100);
        club.On(2026, 2, 20);
        await club.Records(LoyaltyEvents.Reinstate("desk:1", Samples.Amy, 60, null, "goodwill", "staff:1"));
        Assert.Equal(60, await club.Points());
        await club.Records(CustomerEvent.Purchase("pos:offline", Samples.Amy, Money.Hkd(5)) with { OccurredAt = Samples.Local(2026, 2, 10) });

        Assert.Equal(105, await club.Points());
    }

    [Fact]
    public async Task What_was_reinstated_goes_with_the_purchase_that_earned_it()
    {
        var club = Of(new(0, 30, LastDay.Included));
        await club.Buys(100, "pos:sale");
        club.On(2026, 2, 20);
        await club.Records(LoyaltyEvents.Reinstate("desk:1", Samples.Amy, 60, null, "goodwill", "staff:1"));
        await club.Returns("pos:sale", 70);
        Assert.Equal(30, await club.Points());
        await club.Returns("pos:sale", 30);

        Assert.Equal(0, (await club.Membership()).Wallet("points").Balance);
    }

    [Theory]
    [InlineData(GoneLots.StillExpired, null)]
    [InlineData(GoneLots.GraceDays, "2026-02-26")]
    [InlineData(GoneLots.NewLot, "2026-03-23")]
    public async Task Spent_units_that_come_back_after_all_ran_out_are_treated_as_the_policy_says(GoneLots ifGone, string? until)
    {
        var club = Club.Of(Program(new(0, 30, LastDay.Included), unit => unit with { Returns = new(90, ifGone, ifGone == GoneLots.GraceDays ? 5 : 0) }));
        await club.Buys(100);
        await club.Records(LoyaltyEvents.Redeem("app:spend", SpendAuthority.SignedIn(Samples.Amy), 60));
        club.On(2026, 2, 20);
        Assert.Equal(0, await club.Points());
        await club.Records(LoyaltyEvents.Return("app:back", Samples.Amy, "app:spend"));

        Assert.Equal(until is null ? 0 : 60, await club.Points());
        if (until is not null)
        {
            var day = NodaTime.Text.LocalDatePattern.Iso.Parse(until).Value;
            Assert.Equal(Samples.Local(day.Year, day.Month, day.Day), (await club.Membership()).Wallet("points").NextExpiry);
        }
    }

    [Fact]
    public async Task Spent_units_that_come_back_while_the_clock_runs_do_not_move_it()
    {
        var club = Club.Of(Program(Idle, unit => unit with { Returns = new(90, GoneLots.StillExpired) }));
        await club.Buys(100);
        await club.Records(LoyaltyEvents.Redeem("app:spend", SpendAuthority.SignedIn(Samples.Amy), 60));
        club.On(2026, 2, 20);
        await club.Records(LoyaltyEvents.Return("app:back", Samples.Amy, "app:spend"));

        Assert.Equal((Samples.Local(2027, 7, 15), 100L), ((await club.Membership()).Wallet("points").NextExpiry, await club.Points()));
    }

    [Fact]
    public async Task Taking_what_was_set_aside_is_spending()
    {
        var club = Of(Idle);
        await club.Buys(100);
        await club.Records(RewardEvents.Reserve("pos:r", SpendAuthority.SignedIn(Samples.Amy), 60, Duration.FromDays(60)));
        club.On(2026, 2, 20);
        Assert.Equal(Samples.Local(2027, 7, 15), (await club.Membership()).Wallet("points").NextExpiry);
        await club.Records(RewardEvents.Capture("pos:c", Samples.Amy, "pos:r", 10));

        Assert.Equal((Samples.Local(2027, 8, 20), 90L), ((await club.Membership()).Wallet("points").NextExpiry, await club.Points()));
    }

    [Fact]
    public async Task What_a_capture_leaves_is_gone_where_all_ran_out_meanwhile()
    {
        var club = Of(new(0, 30, LastDay.Included));
        await club.Buys(100);
        await club.Records(RewardEvents.Reserve("pos:r", SpendAuthority.SignedIn(Samples.Amy), 60, Duration.FromDays(60)));
        club.On(2026, 2, 20);
        await club.Records(RewardEvents.Capture("pos:c", Samples.Amy, "pos:r", 10));

        Assert.Equal(0, await club.Points());
    }

    [Fact]
    public async Task Held_units_begin_to_idle_when_they_are_released()
    {
        var program = Program(new(0, 30, LastDay.Included), unit => unit with { Activation = new Activation.OnEvent("order.delivered", 90) });
        var club = new Club(new LoyaltyModule(new([program.Define()]), [new EventKind("order.delivered", EventNature.Happening)]));
        await club.Buys(100, "pos:one");
        club.On(2026, 3, 1);
        await club.Records(new CustomerEvent { Key = EventKey.Parse("wms:1"), Kind = "order.delivered", Identity = Samples.Amy, Original = EventKey.Parse("pos:one") });

        Assert.Equal((Samples.Local(2026, 4, 1), 100L), ((await club.Membership()).Wallet("points").NextExpiry, await club.Points()));
    }

    [Fact]
    public async Task A_rule_alone_may_say_that_its_units_idle()
    {
        var club = Club.Of(Program(Idle) with { Units = [new("points", UnitKind.Redeemable)], Rules = [Samples.Per(1, 1) with { Terms = new() { Expiry = Idle } }] });
        await club.Buys(100);

        Assert.Equal(Samples.Local(2027, 7, 15), (await club.Membership()).Wallet("points").NextExpiry);
    }

    [Fact]
    public void Whoever_holds_units_that_idle_has_one_clock_that_only_activities_move() => Law(program => new LoyaltyModule(program)).Check(Thorough);

    [Fact]
    public void What_comes_in_without_a_clock_is_caught() => Counterfeits.Caught(() => Law(program => new WithoutClock(program)).Check(Thorough));

    [Fact]
    public void A_gift_that_is_an_activity_is_caught() => Counterfeits.Caught(() => Law(program => new WithoutClock(program, startsAnew: true)).Check(Thorough));

    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(60);

    // Amy and Bob buy, spend, get units from staff, give to each other and look in; what they hold and until when is held against the rule in a few lines.
    private static Property Law(Func<LoyaltyProgram, ICustomerModule> module) => Prop.ForAll(
        (from what in Gen.Choose(0, 4) from who in Gen.Choose(0, 1) from amount in Gen.Choose(1, 60) from days in Gen.Elements(0, 1, 5, 15, 29, 30, 31, 32, 45) select (what, who, amount, days)).ArrayOf().ToArbitrary(),
        steps => Holds(module(Program(new(0, 30, LastDay.Included) { On = [LoyaltyEvents.VisitName] })), steps).GetAwaiter().GetResult());

    private static async Task Holds(ICustomerModule module, (int What, int Who, int Amount, int Days)[] steps)
    {
        var club = new Club(module);
        string[] names = ["amy", "bob"];
        var ids = new List<CustomerId>();
        foreach (var name in names)
        {
            ids.Add(await club.Meets(name));
        }

        var held = new (long Units, Instant Until)[2];
        foreach (var (what, who, amount, days) in steps)
        {
            club.At(club.Now + Duration.FromDays(days));
            var (now, whole) = (club.Now, new Moment(club.Now, Samples.HongKong).Date.PlusDays(31) is var gone ? Samples.Local(gone.Year, gone.Month, gone.Day) : default);
            held = Array.ConvertAll(held, one => one.Until <= now ? (0, one.Until) : one);
            var (me, mine) = (Identity.User(names[who]), held[who]);
            var accepted = (await club.Records(what switch
            {
                0 => CustomerEvent.Purchase(club.NextKey(), me, Money.Hkd(amount)),
                1 => LoyaltyEvents.Redeem(club.NextKey(), SpendAuthority.SignedIn(me), amount),
                2 => LoyaltyEvents.Adjust(club.NextKey(), me, amount, "test", "staff:1"),
                3 => LoyaltyEvents.Transfer(club.NextKey(), me, ids[1 - who], amount),
                _ => LoyaltyEvents.Visit(club.NextKey(), me),
            })).Accepted;
            Assert.Equal(what is 0 or 2 or 4 || mine.Units >= amount, accepted);
            if (!accepted)
            {
                continue;
            }

            held[who] = what switch
            {
                0 => (mine.Units + amount, whole),
                1 => (mine.Units - amount, whole),
                2 => (mine.Units + amount, mine.Until > now ? mine.Until : whole),
                3 => (mine.Units - amount, mine.Until),
                _ => (mine.Units, mine.Until > now ? whole : mine.Until),
            };
            if (what == 3)
            {
                await club.Pump();
                held[1 - who] = (held[1 - who].Units + amount, Instant.Max(held[1 - who].Until, mine.Until));
            }

            for (var i = 0; i < 2; i++)
            {
                var wallet = (await club.MembershipOf(names[i])).Wallet("points");
                Assert.Equal((held[i].Units, held[i].Units > 0 ? held[i].Until : default(Instant?)), (wallet.Available, wallet.NextExpiry));
            }
        }
    }

    private static LoyaltyProgram Program(LotExpiry.WhenIdle idle, Func<LoyaltyUnit, LoyaltyUnit>? change = null)
    {
        var program = LotScenarios.Points(idle, Samples.Per(1, 1));
        var unit = program.Units[0] with { Transferable = true, ReinstateWithinDays = 60 };
        return program with { Units = [change?.Invoke(unit) ?? unit, program.Units[1]] };
    }

    private static Club Of(LotExpiry.WhenIdle idle) => Club.Of(Program(idle));

    /// <summary>What comes otherwise than by purchases finds the clock as it was, or starts a whole span.</summary>
    private sealed class WithoutClock(LoyaltyProgram program, bool startsAnew = false) : CustomerModule<LoyaltyState>
    {
        private readonly ICustomerModule inner = new LoyaltyModule(program);

        public override ModuleContract Contract => inner.Contract;

        protected override Outcome Handle(LoyaltyState state, ModuleContext context)
        {
            var outcome = inner.Handle(state, context);
            if (outcome is not Outcome.Accepted { State: LoyaltyState next } accepted || context.Stimulus is not Stimulus.Happened { Event.Kind: LoyaltyEvents.AdjustName or LoyaltyEvents.ReceiveName })
            {
                return outcome;
            }

            var (old, membership) = (state.In("tea-club").Wallet("points"), next.In("tea-club"));
            var clock = startsAnew ? context.Moment.Instant + Duration.FromDays(31) : old.IdleUntil;
            return accepted with { State = next.With(membership.With("points", membership.Wallet("points") with { IdleUntil = clock })) };
        }
    }
}
