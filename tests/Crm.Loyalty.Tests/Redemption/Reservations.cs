using Crm.Conditions;
using Crm.Definitions;
using Crm.Events;
using Crm.Loyalty.Members;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Tests.Recording;
using Crm.Loyalty.Tiers;
using Crm.Loyalty.Wallets;
using Crm.Modules;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;
using Outcome = Crm.Modules.Outcome;

namespace Crm.Loyalty.Tests.Redemption;

/// <summary>What is set aside first has the same price, the same limits and the same code as what is taken at once.</summary>
public sealed class Reservations
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(99)]
    [InlineData(101)]
    public async Task A_reward_is_taken_at_its_price_or_not_at_all(long amount)
    {
        var club = RewardClub.With(RewardClub.Mug);
        await club.Buys(150);
        await SetsAside(club, "app:r");

        Assert.Equal("price-differs", (await club.Captures("app:r", amount)).Refusal?.Code);
        Assert.Equal((50L, 0), (await club.Points(), (await club.Membership()).Rewards.Count));
        Assert.True((await club.Captures("app:r", 100)).Accepted);
        Assert.Equal((50L, 1L), (await club.Points(), (await club.Membership()).Rewards[0].Taken));
    }

    [Fact]
    public async Task Without_an_amount_a_reward_is_taken_at_its_price()
    {
        var club = RewardClub.With(RewardClub.Mug);
        await club.Buys(150);
        await SetsAside(club, "app:r");

        Assert.Equal(-100, (await club.Captures("app:r")).Total("points"));
    }

    [Theory]
    [InlineData(RewardSpan.Ever)]
    [InlineData(RewardSpan.Month)]
    public async Task What_is_set_aside_counts_as_had(RewardSpan per)
    {
        var module = new LoyaltyModule(RewardClub.Program(RewardClub.Mug with { MostPerMember = 2, Per = per }));
        var club = new Club(module);
        await club.Buys(500);
        Assert.True((await SetsAside(club, "app:1")).Accepted);
        Assert.True((await club.Takes("mug")).Accepted);

        Assert.Equal("limit-reached", (await SetsAside(club, "app:2")).Refusal?.Code);
        Assert.Equal("limit-reached", (await club.Takes("mug")).Refusal?.Code);
        Assert.Equal(["limit-reached"], module.Show(await club.Amy())[0].Rewards[0].Reasons.Select(reason => reason.Code));
        await club.Captures("app:1");
        Assert.Equal("limit-reached", (await club.Takes("mug")).Refusal?.Code);
        Assert.Equal(2, (await club.Membership()).Rewards[0].Taken);
    }

    [Theory]
    [InlineData("0", "invalid-seconds")]
    [InlineData("-1", "invalid-seconds")]
    [InlineData("0.5", "invalid-seconds")]
    [InlineData("1.5", "invalid-seconds")]
    [InlineData("1", null)]
    [InlineData("31622400", null)]
    [InlineData("31622401", "invalid-seconds")]
    public async Task What_is_set_aside_is_so_for_a_second_to_a_leap_year(string seconds, string? refusal)
    {
        var club = Club.Of(RewardClub.Program(RewardClub.Mug) with { Payment = new() { Unit = "points", Points = 1, Value = new Money(1, Currency.Hkd) } });
        await club.Buys(500);

        async Task<string?> Asks(CustomerEvent request) =>
            (await club.Records(request with { Key = EventKey.Parse(club.NextKey()), Fields = request.Fields.With("seconds", decimal.Parse(seconds, System.Globalization.CultureInfo.InvariantCulture)) })).Refusal?.Code;

        Assert.Equal(refusal, await Asks(RewardEvents.Reserve("app:1", RewardClub.Authority, 50, Duration.FromHours(1), unit: "points")));
        Assert.Equal(refusal, await Asks(RewardEvents.ReserveReward("app:2", RewardClub.Authority, "mug", Duration.FromHours(1))));
        Assert.Equal(refusal, await Asks(CartEvents.Want("app:3", RewardClub.Authority, "cart-1", 20, Duration.FromHours(1))));
        Assert.Equal(refusal is null ? (350L, 2, 1) : (500L, 0, 0), (await club.Points(), (await club.Membership()).Reservations.Count, (await club.Membership()).Carts.Count));
    }

    [Fact]
    public async Task What_was_set_aside_for_no_time_before_that_was_refused_is_so_for_a_second_when_it_is_decided_again()
    {
        var (module, store) = (new LoyaltyModule(RewardClub.Program(RewardClub.Mug)), new EarlierRelease(happened => happened.Kind == RewardEvents.ReserveName ? happened with { Fields = happened.Fields.With("seconds", 0) } : happened));
        var engine = new Crm.Engine.CrmEngine(store, [module], new Crm.Engine.CrmOptions(), new Crm.Testing.FakeClock(Samples.Local(2026, 1, 15, 12)), new Crm.Testing.SeededIdSource());
        await engine.RecordAsync(CustomerEvent.Purchase("pos:1", Samples.Amy, Money.Hkd(100)));
        await engine.RecordAsync(RewardEvents.Reserve("app:1", RewardClub.Authority, 50, Duration.FromSeconds(1), unit: "points"));

        // The journal is not what it was when it was sealed; what it leads to is.
        Assert.All(await store.Differences(module), difference => Assert.StartsWith("the journal entry 'app:1': its content", difference, StringComparison.Ordinal));
    }

    // All of it at the same midnight: what is set aside returns, the year closes whose tier asks what the balance is, and all points run out.
    [Theory]
    [InlineData(null)]
    [InlineData(10)]
    [InlineData(100)]
    public async Task What_returns_at_midnight_runs_out_after_tiers_have_closed_at_it(int? aside)
    {
        var module = new LoyaltyModule(RewardClub.Program() with
        {
            Units = [Points(12), new("status", UnitKind.Status)],
            Ladders = [new() { Unit = "status", Window = QualificationWindow.CalendarYear, Start = TierStart.NextPeriod, Tiers = [new("basic", 0), new("gold", 100) { When = If.Fact("loyalty.tea-club.points").AtLeast(100) }] }],
        });
        var club = new Club(module);
        club.On(2026, 12, 20);
        await club.Buys(100);
        club.On(2026, 12, 21);
        if (aside is { } amount)
        {
            await club.Records(RewardEvents.Reserve("app:r", RewardClub.Authority, amount, Samples.Local(2027, 1, 1) - club.Now, unit: "points"));
        }

        club.At(Samples.Local(2027, 1, 1) - Duration.FromTicks(1));
        Assert.Equal(("basic", 100L - (aside ?? 0)), (await club.Tier(), await club.Points()));
        club.On(2027, 1, 1, 0);
        Assert.Equal(("gold", 0L), (await club.Tier(), await club.Points()));
        await club.RunDue();
        Assert.Empty(await club.Differences(module));
    }

    [Theory]
    [InlineData(-1, 40L)]
    [InlineData(0, 0L)]
    [InlineData(1, 0L)]
    public async Task What_returns_is_gone_where_its_lot_has_run_out(int seconds, long left)
    {
        var club = Club.Of(RewardClub.Program() with { Units = [Points(10), new("status", UnitKind.Status)] });
        await club.Buys(40);
        club.On(2026, 1, 20);
        await club.Records(RewardEvents.Reserve("app:r", RewardClub.Authority, 40, Samples.Local(2026, 1, 25) - club.Now + Duration.FromSeconds(seconds), unit: "points"));

        club.At(Samples.Local(2026, 1, 25) + Duration.FromSeconds(seconds));

        Assert.Equal((left, 0), (await club.Points(), (await club.Membership()).Reservations.Count));
    }

    [Fact]
    public async Task What_was_given_up_or_lapsed_makes_room_again()
    {
        var club = RewardClub.With(RewardClub.Mug with { MostPerMember = 1 });
        await club.Buys(500);
        await SetsAside(club, "app:1");
        await club.Records(RewardEvents.Void(club.NextKey(), Samples.Amy, "app:1"));
        Assert.True((await SetsAside(club, "app:2")).Accepted);
        club.At(club.Now + Duration.FromMinutes(6));

        Assert.True((await club.Takes("mug")).Accepted);
    }

    [Fact]
    public async Task Several_of_one_reward_count_each()
    {
        var club = RewardClub.With(RewardClub.Mug with { MostPerMember = 3 });
        await club.Buys(500);
        await club.Records(RewardEvents.ReserveReward("app:1", RewardClub.Authority, "mug", Duration.FromMinutes(5), quantity: 2));

        Assert.Equal("limit-reached", (await club.Takes("mug", 2)).Refusal?.Code);
        Assert.True((await club.Takes("mug")).Accepted);
    }

    [Fact]
    public async Task A_reward_with_a_code_is_handed_over_with_one_and_it_is_the_owners()
    {
        var form = new RewardCodeForm { Pattern = "TEA-####-####" };
        var club = RewardClub.With(RewardClub.Mug with { Code = form });
        var bob = Identity.User("bob");
        await club.Buys(500);
        await club.Records(CustomerEvent.Purchase(club.NextKey(), bob, Money.Hkd(500)));
        await SetsAside(club, "app:r");
        await club.Records(RewardEvents.ReserveReward("app:bobs", SpendAuthority.SignedIn(bob), "mug", Duration.FromMinutes(5)));
        var code = form.New();

        Assert.Equal("code-missing", (await club.Captures("app:r")).Refusal?.Code);
        Assert.Equal("code-invalid", (await club.Captures("app:r", code: "TEA-1")).Refusal?.Code);
        Assert.True((await club.Captures("app:r", code: code)).Accepted);
        Assert.False((await club.Records(RewardEvents.Capture("app:c", bob, "app:bobs", code: code))).Accepted);
        Assert.Equal("unknown-code", (await club.Records(RewardEvents.Use(club.NextKey(), bob, code))).Refusal?.Code);
        Assert.True((await club.Records(RewardEvents.Use(club.NextKey(), Samples.Amy, code))).Accepted);
    }

    [Fact]
    public async Task A_reward_that_a_later_version_does_not_have_is_not_paid_for()
    {
        var (first, second) = (RewardClub.Program(RewardClub.Mug), RewardClub.Program());
        var club = new Club(new LoyaltyModule(new DefinitionCatalog<LoyaltyProgram>([first.Define(), second.Define(2, Samples.Local(2026, 1, 20))])));
        await club.Buys(100);
        await club.Records(RewardEvents.ReserveReward("app:r", RewardClub.Authority, "mug", Duration.FromDays(30)));
        club.On(2026, 1, 25);

        Assert.Equal("unknown-reward", (await club.Captures("app:r")).Refusal?.Code);
        Assert.True((await club.Records(RewardEvents.Void(club.NextKey(), Samples.Amy, "app:r"))).Accepted);
        Assert.Equal(100, await club.Points());
    }

    [Fact]
    public async Task A_reward_that_was_given_stands_when_history_has_another_price_for_it()
    {
        var club = RewardClub.With(RewardClub.Mug with { Costs = [new("points", 50) { When = RewardClub.Gold }, new("points", 100)] });
        await club.Buys(1_000, "pos:sale");
        await club.Buys(200);
        await SetsAside(club, "app:r");
        await club.Captures("app:r", 50);
        Assert.Equal(1_150, await club.Points());
        await club.Returns("pos:sale", 1_000);

        Assert.Equal((100L, 1L, 0L), (await club.Points(), (await club.Membership()).Rewards[0].Taken, (await club.Membership()).Reserved("points")));
    }

    [Fact]
    public async Task Units_that_were_set_aside_and_taken_can_come_back_to_their_lots()
    {
        var program = RewardClub.Program();
        var club = Club.Of(program with { Units = [program.Units[0] with { Returns = new(60, GoneLots.StillExpired) }, .. program.Units.Skip(1)] });
        await club.Buys(60);
        club.On(2026, 2, 15);
        await club.Buys(60);
        await club.Reserves("pos:r", 100);
        await club.Records(RewardEvents.Capture("pos:c", Samples.Amy, "pos:r", 80));

        Assert.Equal("nothing-drawn", (await club.Records(Returned("pos:b0", "pos:r"))).Refusal?.Code);
        Assert.Equal("nothing-drawn", (await club.Records(Returned("pos:b1", "pos:c", 81))).Refusal?.Code);
        var receipt = await club.Records(Returned("pos:b2", "pos:c", 30));

        Assert.Equal(30, receipt.Total("points"));
        Assert.Equal([(Samples.Local(2027, 1, 16), 10L), (Samples.Local(2027, 2, 16), 60L)], (await club.Membership()).Wallet("points").Lots.Select(lot => (lot.Expiry ?? default, lot.Amount)));
        Assert.Equal(50, (await club.Records(Returned("pos:b3", "pos:c"))).Total("points"));
    }

    [Fact]
    public async Task What_was_taken_though_it_was_not_there_comes_back_as_less_debt()
    {
        var program = RewardClub.Program();
        var club = Club.Of(program with { Units = [program.Units[0] with { Returns = new(60, GoneLots.StillExpired) }, .. program.Units.Skip(1)] });
        await club.Buys(100, "pos:sale");
        await club.Reserves("pos:r", 80);
        await club.Returns("pos:sale", 50);
        await club.Records(RewardEvents.Capture("pos:c", Samples.Amy, "pos:r"));
        Assert.Equal(-30, (await club.Membership()).Wallet("points").Balance);

        await club.Records(Returned("pos:back", "pos:c"));

        Assert.Equal((50L, 0L), (await club.Points(), (await club.Membership()).Wallet("points").Debt));
    }

    [Theory]
    [InlineData(true, 20, 30)]
    [InlineData(false, 70, 0)]
    public async Task What_is_not_there_is_written_off_at_once_where_the_unit_writes_off_and_comes_back_with_what_was_not_taken(bool taken, long points, long writtenOff)
    {
        var module = new LoyaltyModule(Owing(DebtPolicy.ClampToZero));
        var club = new Club(module);
        await club.Buys(100, "pos:sale");
        await club.Reserves("pos:r", 80);
        await club.Returns("pos:sale", 50);
        Assert.Equal((0L, 80L, 0L, 30L), await WalletOf(club));
        Assert.Equal(50 + 30, (await club.Membership()).BalancesAt("points", club.Now).Reserved);

        // Units that come in meanwhile repay nothing.
        await club.Buys(20);
        Assert.Equal((20L, 80L, 0L, 30L), await WalletOf(club));
        Assert.Equal(new WalletBalances(70, 0, 0, 0), (await club.Membership()).BalancesAt("points", club.Now + Duration.FromHours(1)));

        await (taken ? club.Captures("pos:r") : club.Records(RewardEvents.Void("pos:void", Samples.Amy, "pos:r")));

        Assert.Equal((points, 0L, 0L, writtenOff), await WalletOf(club));
        Assert.Equal(points, (await club.Ledger()).Where(entry => entry.Unit == "points").Sum(entry => entry.Amount));
        Assert.Empty(await club.Differences(module));
    }

    [Fact]
    public async Task Of_what_was_written_off_and_is_taken_in_part_the_rest_comes_back()
    {
        var module = new LoyaltyModule(Owing(DebtPolicy.ClampToZero));
        var club = new Club(module);
        await club.Buys(100, "pos:sale");
        await club.Reserves("pos:r", 80);
        await club.Returns("pos:sale", 50);
        await club.Captures("pos:r", 60);

        Assert.Equal((0L, 0L, 0L, 10L), await WalletOf(club));
        Assert.Equal(0, (await club.Ledger()).Where(entry => entry.Unit == "points").Sum(entry => entry.Amount));
        Assert.Empty(await club.Differences(module));
    }

    [Theory]
    [InlineData(DebtPolicy.Carry)]
    [InlineData(DebtPolicy.ClampToZero)]
    public void What_is_set_aside_and_taken_leaves_what_is_taken_at_once_leaves(DebtPolicy policy) => SameLaw(policy, policy).Check(Thorough);

    [Fact]
    public void A_reservation_that_owes_where_the_unit_writes_off_is_caught() => Counterfeits.Caught(() => SameLaw(DebtPolicy.ClampToZero, DebtPolicy.Carry).Check(Thorough));

    // One redeems at once, one sets aside and takes it at the end; between them the same is bought and brought back.
    private static LoyaltyUnit Points(int days) => new("points", UnitKind.Redeemable) { Expiry = LotExpiry.AfterDays(days, LastDay.Excluded) };

    private static Property SameLaw(DebtPolicy atOnce, DebtPolicy setAside) => Prop.ForAll(
        Arb.From(Gen.Zip(Gen.Elements(1, 60, 99, 100), Gen.Elements(0, 1, 40, 100))),
        Arb.From(Gen.Elements(0, 1, 30, 100).ListOf().Where(bought => bought.Count < 4)),
        async Task<bool> (amounts, bought) =>
        {
            var (one, other) = (Club.Of(Owing(atOnce)), Club.Of(Owing(setAside)));
            foreach (var club in new[] { one, other })
            {
                await club.Buys(100, "pos:sale");
                await (club == one ? club.Redeems(amounts.Item1, unit: "points") : club.Reserves("pos:r", amounts.Item1));
                if (amounts.Item2 > 0)
                {
                    await club.Returns("pos:sale", amounts.Item2);
                }

                foreach (var spend in bought)
                {
                    await club.Buys(spend);
                }
            }

            await other.Captures("pos:r");
            return await WalletOf(one) == await WalletOf(other);
        });

    private static LoyaltyProgram Owing(DebtPolicy policy) => RewardClub.Program() is var program
        ? program with { Units = [program.Units[0] with { Debt = policy }, .. program.Units.Skip(1)] }
        : throw new InvalidOperationException();

    private static async Task<(long Available, long Reserved, long Debt, long Shortfall)> WalletOf(Club club) =>
        await club.Membership() is var found ? (found.Wallet("points").Available, found.Reserved("points"), found.Wallet("points").Debt, found.Wallet("points").Shortfall) : default;

    [Fact]
    public void Nobody_gets_more_of_a_reward_than_its_limit_or_for_less_than_its_price() => Law(program => new LoyaltyModule(program)).Check(Thorough);

    [Fact]
    public void A_reservation_that_limits_do_not_see_is_caught() => Counterfeits.Caught(() => Law(program => new Blind(program)).Check(Thorough));

    [Fact]
    public void A_reward_that_is_taken_for_nothing_is_caught() => Counterfeits.Caught(() => Law(program => new ForNothing(program)).Check(Thorough));

    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(60);

    private static Property Law(Func<LoyaltyProgram, ICustomerModule> module) => Prop.ForAll(
        (from most in Gen.Choose(1, 3)
         from span in Gen.Elements(RewardSpan.Ever, RewardSpan.Day)
         from steps in (from what in Gen.Choose(0, 4) from which in Gen.Choose(0, 5) from amount in Gen.Elements<long?>(null, 0, 1, 100, 200) from hours in Gen.Elements(0, 0, 1, 13) select (what, which, amount, hours)).ArrayOf()
         select (most, span, steps)).ToArbitrary(),
        given => Holds(module(RewardClub.Program(RewardClub.Mug with { MostPerMember = given.most, Per = given.span })), given.most, given.span, given.steps).GetAwaiter().GetResult());

    private static async Task Holds(ICustomerModule module, int most, RewardSpan span, (int What, int Which, long? Amount, int Hours)[] steps)
    {
        var club = new Club(module);
        await club.Buys(2_000);
        var (reservations, given) = (new List<string>(), new Dictionary<LocalDate, long>());
        foreach (var (what, which, amount, hours) in steps)
        {
            club.At(club.Now + Duration.FromHours(hours));
            if (what is 0 or 1)
            {
                reservations.Add(club.NextKey());
                await club.Records(RewardEvents.ReserveReward(reservations[^1], RewardClub.Authority, "mug", Duration.FromHours(20), quantity: 1 + (which % 2)));
                continue;
            }

            var before = (await club.Membership()).Rewards.Sum(reward => reward.Taken);
            var receipt = what == 2 ? await club.Takes("mug")
                : reservations.Count == 0 ? null
                : what == 3 ? await club.Captures(reservations[which % reservations.Count], amount)
                : await club.Records(RewardEvents.Void(club.NextKey(), Samples.Amy, reservations[which % reservations.Count]));
            var times = (await club.Membership()).Rewards.Sum(reward => reward.Taken) - before;
            Assert.Equal(-100 * times, receipt?.Total("points") ?? 0);
            var today = span == RewardSpan.Ever ? default : new Moment(club.Now, Samples.HongKong).Date;
            given[today] = given.GetValueOrDefault(today) + times;
        }

        Assert.All(given.Values, times => Assert.InRange(times, 0, most));
    }

    private static ValueTask<Receipt> SetsAside(Club club, string key) => club.Records(RewardEvents.ReserveReward(key, RewardClub.Authority, "mug", Duration.FromMinutes(5)));

    private static CustomerEvent Returned(string key, string original, long? amount = null) =>
        LoyaltyEvents.Return(key, Samples.Amy, original, amount) is var back ? back with { Fields = back.Fields.With("unit", "points") } : throw new InvalidOperationException();

    /// <summary>Asked for a reward, it does not know what is set aside.</summary>
    private sealed class Blind(LoyaltyProgram program) : CustomerModule<LoyaltyState>
    {
        private readonly ICustomerModule inner = new LoyaltyModule(program);

        public override ModuleContract Contract => inner.Contract;

        protected override Outcome Handle(LoyaltyState state, ModuleContext context)
        {
            if (context.Stimulus is not Stimulus.Happened { Event.Kind: RewardEvents.RedeemName or RewardEvents.ReserveRewardName } || state.Memberships.IsEmpty)
            {
                return inner.Handle(state, context);
            }

            var kept = state.In("tea-club").Reservations;
            return inner.Handle(state.With(state.In("tea-club") with { Reservations = [] }), context) is Outcome.Accepted { State: LoyaltyState next } accepted
                ? accepted with { State = next.With(kept.Aggregate(next.In("tea-club"), (membership, reservation) => membership.With(reservation))) }
                : inner.Handle(state, context);
        }
    }

    /// <summary>A capture gives the reward, and what it took goes back.</summary>
    private sealed class ForNothing(LoyaltyProgram program) : CustomerModule<LoyaltyState>
    {
        private readonly ICustomerModule inner = new LoyaltyModule(program);

        public override ModuleContract Contract => inner.Contract;

        protected override Outcome Handle(LoyaltyState state, ModuleContext context) =>
            inner.Handle(state, context) is var outcome && context.Stimulus is Stimulus.Happened { Event.Kind: RewardEvents.CaptureName } && outcome is Outcome.Accepted accepted
                ? accepted with { Lines = accepted.Lines.Where(line => line.Code != LineCodes.Spent).ToSequence() }
                : outcome;
    }

    /// <summary>What is set aside again, because its capture was cancelled, returns at its instant in the order in which all else does, also where other rules had decided what there was.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_a_correction_sets_aside_returns_in_its_turn(bool replaced)
    {
        var program = RewardClub.Program() with { Referrals = new() { For = ReferralFor.FirstPurchase, Friend = new UnitAmount("stars", 2), HoldDays = 14 } };
        var club = Club.Of(program);
        await club.Records(ReferralEvents.Accept(club.NextKey(), Samples.Amy, await club.Meets("bob")));
        await club.Buys(100);
        club.On(2026, 1, 16);
        await club.Records(RewardEvents.Reserve("pos:r", RewardClub.Authority, 40, Samples.Local(2026, 1, 29) - club.Now, unit: "points"));
        await club.Records(RewardEvents.Capture("pos:c", Samples.Amy, "pos:r"));
        club.On(2026, 1, 17);
        if (replaced)
        {
            club.StartsAgainWith(new LoyaltyModule(program with { Ladders = [program.Ladders[0] with { Tiers = [new("basic", 0), new("gold", 50)] }] }));
        }

        await club.Records(CustomerEvent.Cancellation("pos:cancel", Samples.Amy, "pos:c"));
        Assert.Equal(40, (await club.Membership()).Reserved("points"));
        club.On(2026, 1, 30);
        await club.RunDue();

        var due = (await club.Ledger()).Where(entry => entry.OccurredAt == Samples.Local(2026, 1, 29) && (entry.Unit == "stars" || entry.Lot == Reservation.Lot));
        Assert.Equal([("stars", 2L), ("points", -40L)], due.Select(entry => (entry.Unit, entry.Amount)));
    }
}
