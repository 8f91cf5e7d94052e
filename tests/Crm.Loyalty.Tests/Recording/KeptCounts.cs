using Crm.Events;
using Crm.Loyalty.Challenges;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Stamps;
using Crm.Loyalty.Tests.Stamps;
using Crm.Loyalty.Tiers;
using Crm.Loyalty.Wallets;
using Crm.Modules;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;
using Outcome = Crm.Modules.Outcome;

namespace Crm.Loyalty.Tests.Recording;

/// <summary>What refunds give back of stamps, challenges, limits, frequencies and budgets in programmes without cascade: what the order itself had of them.</summary>
public sealed class KeptCounts
{
    private const string Budget = "loyalty.tea-club.spring";
    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(Environment.GetEnvironmentVariable("CRM_LONG") == "1" ? 3_000 : 100);
    private static readonly Instant Opening = Samples.Local(2026, 1, 15, 9);

    [Fact]
    public async Task A_refund_after_the_free_one_was_taken_leaves_it_owed_until_the_card_is_full_again_F8()
    {
        var club = Cups(card => card);
        await club.Records(CupCards.Purchase("pos:a", cups: 9));
        await club.TakesTheFreeOne();
        var receipt = await club.Records(CupCards.Refund("pos:b", "pos:a", cups: 1));
        Assert.Equal((8L, -1L), await Card(club) is var card ? (card.Stamps, card.Free) : default);
        Assert.Contains(receipt.Lines, line => line.Code == LineCodes.StampsTakenBack && LoyaltyTexts.Describe(line).English == "1 stamp of card 'cups' taken back.");

        await club.Drinks(1);

        Assert.Equal((0L, 0L, 1L), await Card(club) is var full ? (full.Stamps, full.Free, full.Used) : default);
    }

    [Fact]
    public async Task What_a_card_gave_by_itself_stays_and_is_not_given_again_for_the_same_place_F8()
    {
        var club = Cups(card => card with { Prize = new UnitAmount("points", 50), Milestones = [new(5, new UnitAmount("points", 7))] });
        await club.Records(CupCards.Purchase("pos:a", cups: 4));
        await club.Drinks(5);
        Assert.Equal(57, await Points(club));

        await club.Records(CupCards.Refund("pos:b", "pos:a", cups: 4));
        Assert.Equal((57L, 5L, 0L), await Card(club) is var card ? (await Points(club), card.Stamps, card.Free) : default);
        var receipt = await club.Drinks(4);
        Assert.Equal((57L, 0L), (await Points(club), (await Card(club)).Stamps));
        Assert.Contains(receipt.Lines, line => line.Code == LineCodes.PrizeCovered);

        await club.Drinks(9);
        Assert.Equal(114, await Points(club));
    }

    [Fact]
    public async Task Each_free_cup_that_comes_back_takes_its_own_stamp_along_and_the_last_the_order()
    {
        var program = CupCards.Program with { Challenges = [new() { Name = "orders", Goals = [new("orders", 3)], Award = [new("points", 25)] }], Cascade = Cascade.None };
        var club = Club.Of(program);
        await club.Records(CupCards.Free("pos:a", cups: 3));
        Assert.Equal((3L, 1L), await Counted());

        await club.Records(CupCards.Refund("pos:b", "pos:a", cups: 1) with { Spend = Money.Hkd(0) });
        Assert.Equal((2L, 1L), await Counted());

        await club.Records(CupCards.Refund("pos:c", "pos:a", cups: 2) with { Spend = Money.Hkd(0) });
        Assert.Equal((0L, 0L), await Counted());

        async Task<(long Stamps, long Orders)> Counted() =>
            ((await Card(club)).Stamps, (await Membership(club)).Challenge("orders")?.Done("orders") ?? 0);
    }

    [Fact]
    public async Task Stamps_that_had_run_out_when_they_came_back_are_not_owed()
    {
        var club = Cups(card => card with { Expiry = new StampExpiry(StampLife.FirstStamp, LotExpiry.AfterDays(10, LastDay.Included)) });
        await club.Records(CupCards.Purchase("pos:a", cups: 4));
        club.On(2026, 2, 10);
        await club.Drinks(3);

        await club.Records(CupCards.Refund("pos:b", "pos:a", cups: 4));

        Assert.Equal((3L, 0L), await Card(club) is var card ? (card.Stamps, card.Completed) : default);
    }

    [Fact]
    public async Task A_card_that_waits_to_be_asked_for_is_open_again_when_it_is_not_full_any_more()
    {
        var club = Cups(card => card with { Next = NextCard.OnRequest, Overflow = StampOverflow.Drop });
        await club.Records(CupCards.Purchase("pos:a", cups: 9));
        await club.Records(CupCards.Refund("pos:b", "pos:a", cups: 2));

        await club.Drinks(1);

        Assert.Equal((8L, false), await Card(club) is var card ? (card.Stamps, card.Waits) : default);
    }

    [Fact]
    public async Task Stamps_given_by_hand_stay_when_an_order_comes_back()
    {
        var club = Cups(card => card);
        await club.Records(CupCards.Purchase("pos:a", cups: 4));
        await club.Records(StampEvents.Give("desk:gift", Samples.Amy, 3, "sorry", "staff:1"));

        await club.Records(CupCards.Refund("pos:b", "pos:a", cups: 4));
        await club.Records(Cancelling("desk:gift"));

        Assert.Equal(3, (await Card(club)).Stamps);
    }

    [Fact]
    public async Task A_card_that_is_filled_again_after_a_refund_was_told_of_already()
    {
        var listener = new Listener(LoyaltyNames.CardCompleted);
        var club = new Club(new LoyaltyModule(CupCards.Program with { Cascade = Cascade.None }), listener);
        await club.Records(CupCards.Purchase("pos:a", cups: 4));
        Assert.Equal([(2L, 2L)], await Told(15));
        await club.Records(CupCards.Refund("pos:b", "pos:a", cups: 4));
        Assert.Equal(1, (await Card(club)).Completed);

        Assert.Empty(await Told(3));
        Assert.Equal((2L, 0L), await Card(club) is var full ? (full.Completed, full.Stamps) : default);
        Assert.Equal([(1L, 3L)], await Told(9));

        async Task<List<(long Times, long Number)>> Told(int cups)
        {
            listener.Echoes.Clear();
            await club.Drinks(cups);
            return [.. listener.Echoes.Select(echo => ((long)echo.Fields["times"].AsNumber, (long)echo.Fields["number"].AsNumber))];
        }
    }

    [Theory]
    [InlineData(true, 2)]
    [InlineData(false, 0)]
    public async Task A_card_that_a_refund_opened_is_full_again_when_the_refund_is_taken_back_and_the_next_is_told_of(bool takenBack, long number)
    {
        var listener = new Listener(LoyaltyNames.CardCompleted);
        var club = new Club(new LoyaltyModule(CupCards.Program with { Cascade = Cascade.None }), listener);
        await club.Records(CupCards.Purchase("pos:a", cups: 9));
        await club.Records(CupCards.Refund("pos:b", "pos:a", cups: 9));
        if (takenBack)
        {
            await club.Records(Cancelling("pos:b"));
        }

        listener.Echoes.Clear();
        await club.Drinks(9);

        Assert.Equal(number, listener.Echoes.Sum(echo => (long)echo.Fields["number"].AsNumber));
        Assert.Empty((await Membership(club)).TalliesOf("told/"));
    }

    [Fact]
    public async Task What_an_order_counted_towards_a_challenge_goes_with_it_and_an_award_that_was_given_is_not_given_again()
    {
        var program = CupCards.Program with { StampCards = [], Challenges = [new() { Name = "orders", Goals = [new("orders", 3)], Recurrence = Recurrence.OnCompletion, Award = [new("points", 25)] }], Cascade = Cascade.None };
        var club = Club.Of(program);
        await club.Buys(10, "pos:a");
        await club.Buys(10);
        await club.Buys(10);
        Assert.Equal((25L, 1), (await Points(club), (await Run(club)).Completed));

        var receipt = await club.Returns("pos:a", 10);
        Assert.Equal((25L, 0, 2L), (await Points(club), (await Run(club)).Completed, (await Run(club)).Done("orders")));
        Assert.Contains(receipt.Lines, line => line.Code == LineCodes.ChallengeTakenBack && LoyaltyTexts.Describe(line).Chinese.Contains("orders", StringComparison.Ordinal));
        receipt = await club.Buys(10);
        Assert.Equal((25L, 1), (await Points(club), (await Run(club)).Completed));
        Assert.Contains(receipt.Lines, line => line.Code == LineCodes.PrizeCovered);

        await club.Buys(10);
        await club.Buys(10);
        await club.Buys(10);
        Assert.Equal(50, await Points(club));

        async Task<ChallengeStanding> Run(Club of) => (await Membership(of)).Challenge("orders")!;
    }

    [Fact]
    public async Task A_limit_has_room_again_for_what_was_earned_in_its_span_and_one_that_is_over_needs_nothing()
    {
        var club = Earning(Samples.Per(1, 1), program => program with { Limits = [new() { Name = "daily", Unit = "points", Per = CapPeriod.Day, Most = 60 }] });
        await club.Buys(50, "pos:a");
        await club.Returns("pos:a", 30);
        await club.Buys(80, "pos:b");
        Assert.Equal(60, await Points(club));
        club.On(2026, 1, 16);
        await club.Buys(20);

        await club.Returns("pos:b", 80);

        Assert.Equal((40L, 20L), (await Points(club), (await Membership(club)).TalliesOf("limit/").Single().Amount));
    }

    [Fact]
    public async Task An_order_that_comes_late_counts_on_the_day_on_which_it_comes_and_leaves_what_that_has_counted()
    {
        var club = Earning(Samples.Per(1, 1), program => program with { Limits = [new() { Name = "daily", Unit = "points", Per = CapPeriod.Day, Most = 60 }] });
        await club.Buys(10);
        club.On(2026, 1, 16);
        await club.Buys(50);

        foreach (var (amount, given) in new[] { (7, 7L), (80, 3L) })
        {
            Assert.Equal(given, (await club.Records(CustomerEvent.Purchase(club.NextKey(), Samples.Amy, Money.Hkd(amount)) with { OccurredAt = Samples.Local(2026, 1, 15, 11) })).Total("points"));
        }

        Assert.Equal((0L, 60L), ((await club.Buys(20)).Total("points"), (await Membership(club)).TalliesOf("limit/").Single().Amount));
    }

    [Fact]
    public async Task A_rule_that_gives_once_in_a_span_or_for_one_reference_or_after_a_rest_gives_again()
    {
        EarningTerms[] terms = [new() { Frequency = new(1, CapPeriod.Month) }, new() { OncePer = "spend" }, new() { Cooldown = Duration.FromDays(5) }];
        foreach (var one in terms)
        {
            var club = Earning(new FixedPoints { Name = "ten", Unit = "points", Points = 10, Terms = one }, program => program);
            await club.Buys(30, "pos:a");
            await club.Buys(30);
            Assert.Equal(10, await Points(club));
            await club.Returns("pos:a", 30);
            Assert.Equal(0, await Points(club));

            await club.Buys(30);

            Assert.Equal(10, await Points(club));
        }
    }

    [Fact]
    public async Task A_budget_has_what_came_back_however_long_after_and_pays_again_when_that_is_taken_back_A20()
    {
        var program = CupCards.Program with { Rules = [Samples.Per(1, 1)], Budgets = [new() { Name = "spring", Unit = "points", PerUnit = 10 }], Cascade = Cascade.None };
        var club = Club.Of(program);
        await club.Fills(Budget, 700);
        await club.Buys(50, "pos:a");
        club.On(2027, 2, 10);
        await club.Records(CustomerEvent.Refund("pos:b", Samples.Amy, "pos:a", Money.Hkd(20)));
        Assert.Equal(400, await club.Stock(Budget));
        await club.Buys(40);
        Assert.Equal(0, await club.Stock(Budget));

        await club.Records(Cancelling("pos:b"));

        Assert.Equal((-200L, 90L), (await club.Stock(Budget), await Points(club)));
        Assert.Empty(await club.Differences(new LoyaltyModule(program)));
    }

    [Fact]
    public void Refunds_leave_the_cards_and_challenges_that_deciding_history_again_leaves() => TwinLaw(program => new LoyaltyModule(program)).Check(Thorough);

    [Fact]
    public void A_refund_that_leaves_everything_as_it_was_is_caught() => Caught(TwinLaw(program => new Forgetful(program)));

    [Fact]
    public void What_comes_after_a_refund_earns_as_if_the_order_before_it_had_not_been() => ProbeLaw(program => new LoyaltyModule(program)).Check(Thorough);

    [Fact]
    public void A_refund_that_gives_nothing_back_is_caught_by_what_comes_after_it() => Caught(ProbeLaw(program => new Forgetful(program)));

    [Fact]
    public void Pieces_order_and_cancellations_of_refunds_make_no_difference() => SumLaw(program => new LoyaltyModule(program)).Check(Thorough);

    [Fact]
    public void Giving_back_for_the_first_refund_only_is_caught() => Caught(SumLaw(program => new Forgetful(program, onlyLater: true)));

    // A card and a challenge without cascade are those with it, where nothing of what came later would have been refused.
    private static Property TwinLaw(Func<LoyaltyProgram, ICustomerModule> kept) => Prop.ForAll(Gen.Zip(Counting, Histories).ToArbitrary(), async Task<bool> (given) =>
    {
        var (program, (orders, refunds)) = given;
        var end = Opening + Duration.FromDays(220);
        var (one, other) = (await PlayedAsync(kept(program with { Cascade = Cascade.None }), orders, refunds, end), await PlayedAsync(new LoyaltyModule(program), orders, refunds, end));
        var (mine, theirs) = (await Membership(one), await other.Membership());
        Assert.Equal(theirs.Card("cups"), mine.Card("cups") with { Past = null, Ahead = [] });
        Assert.Equal(Progress(theirs), Progress(mine));
        return true;

        ChallengeProgress Progress(Membership membership) => ChallengeProgress.Of(program.Challenges[0], membership.Challenge("run"), new Moment(end, Samples.HongKong));
    });

    private static Property ProbeLaw(Func<LoyaltyProgram, ICustomerModule> kept) => Prop.ForAll(Gen.Zip(Limiting, Gen.Zip(Orders, Gen.Choose(0, 90))).ToArbitrary(), async Task<bool> (given) =>
    {
        var (program, (orders, hours)) = given;
        var last = orders[^1];
        var (back, probe) = (last.OccurredAt!.Value + Duration.FromMinutes(30), CustomerEvent.Purchase("till:probe", Samples.Amy, Money.Hkd(70)) with { OccurredAt = last.OccurredAt.Value + Duration.FromHours(1 + hours) });
        var end = probe.OccurredAt.Value + Duration.FromHours(1);
        var (refunded, without) = (await PlayedAsync(kept(program), [.. orders, probe], [Refund("till:back", last, 100_000, back)], end), await PlayedAsync(kept(program), [.. orders[..^1], probe], [], end));
        Assert.Equal((await Given(without), await without.Stock(Budget)), (await Given(refunded), await refunded.Stock(Budget)));
        return true;

        static async Task<long> Given(Club club) => (await club.Ledger()).Where(entry => entry.Cause == EventKey.Parse("till:probe")).Sum(entry => entry.Amount);
    });

    // All on two days, so that spans go on: in one piece or two, in any order, and one of them taken back.
    private static Property SumLaw(Func<LoyaltyProgram, ICustomerModule> kept) => Prop.ForAll(Gen.Zip(Limiting, Gen.Zip(Orders, Gen.Zip(Gen.Choose(0, 100), Gen.Choose(1, 100)))).ToArbitrary(), async Task<bool> (given) =>
    {
        var (program, (orders, (some, more))) = given;
        var (order, at) = (orders[0], orders[^1].OccurredAt!.Value + Duration.FromMinutes(30));
        long Cents(int percent) => order.Spend!.Value.MinorUnits * percent / 100;
        var (part, rest, other) = (Refund("till:a", order, Cents(some), at), Refund("till:b", order, Cents(Math.Max(some, more)) - Cents(some), at), Refund("till:c", orders[^1], 500, at));
        var third = Refund("till:d", orders[orders.Length / 2], 100_000, at);
        var whole = await PictureAsync(Refund("till:a", order, 0, at), Refund("till:b", order, Cents(Math.Max(some, more)), at), other);
        Assert.Equal(whole, await PictureAsync(part, rest, other));
        Assert.Equal(whole, await PictureAsync(other, rest, part));
        Assert.Equal(whole, await PictureAsync(part, third, rest, other, Cancelling("till:d") with { OccurredAt = at }));
        return true;

        async Task<string> PictureAsync(params CustomerEvent[] refunds)
        {
            var club = await PlayedAsync(kept(program), orders, refunds, at + Duration.FromHours(1));
            return $"{await Membership(club)}\n{await club.Stock(Budget)}";
        }
    });

    private static Gen<LoyaltyProgram> Counting =>
        from goal in Gen.Choose(2, 9)
        from life in Gen.Elements(default(StampLife?), StampLife.FirstStamp, StampLife.LatestStamp, StampLife.EachStamp)
        from prize in Gen.Elements(true, false)
        from signUp in Gen.Choose(0, 1)
        from period in Gen.Elements(default(CalendarUnit?), CalendarUnit.Month, CalendarUnit.Quarter)
        from consecutive in Gen.Choose(1, 3)
        from freezes in Gen.Choose(0, 1)
        from target in Gen.Choose(1, 3)
        from next in Gen.Elements(true, false)
        select CupCards.Program with
        {
            StampCards = [CupCards.Buy(goal) with { SignUp = signUp, Expiry = life is { } begins ? new StampExpiry(begins, LotExpiry.AfterDays(25, LastDay.Included)) : null, Prize = prize ? new UnitAmount("points", 50) : null, Milestones = [new(1, new UnitAmount("points", 3))] }],
            Challenges =
            [
                new()
                {
                    Name = "run",
                    Goals = [new("orders", target), new("money", 6_000 * target) { Measure = GoalMeasure.Money, Currency = Currency.Hkd }],
                    Period = period,
                    Consecutive = period is null ? 1 : consecutive,
                    Freezes = period is null ? 0 : freezes,
                    Recurrence = period is not null && next ? Recurrence.NextPeriod : Recurrence.OnCompletion,
                    Award = [new UnitAmount("points", 25)],
                },
            ],
        };

    private static Gen<(CustomerEvent[] Orders, CustomerEvent[] Refunds)> Histories =>
        from orders in (from day in Gen.Choose(0, 120) from cups in Gen.Choose(1, 12) select (day, cups)).NonEmptyListOf()
        from refunds in (from order in Gen.Choose(0, 1_000) from cents in Gen.OneOf(Gen.Choose(0, 5_000), Gen.Constant(100_000)) from day in Gen.Choose(0, 90) select (order, cents, day)).NonEmptyListOf()
        let bought = orders.OrderBy(order => order.day).Select((order, place) => CupCards.Purchase($"till:{place}", order.cups) with { OccurredAt = Opening + Duration.FromDays(order.day) + Duration.FromMinutes(place) }).ToArray()
        select (bought, refunds.Select((refund, place) => bought[refund.order % bought.Length] is var order ? Refund($"back:{place}", order, refund.cents, order.OccurredAt!.Value + Duration.FromDays(refund.day) + Duration.FromSeconds(1 + place)) : order).ToArray());

    private static Gen<CustomerEvent[]> Orders =>
        from orders in (from dollars in Gen.Choose(1, 90) from hour in Gen.Choose(0, 30) select (dollars, hour)).NonEmptyListOf()
        select orders.OrderBy(order => order.hour).Select((order, place) => CustomerEvent.Purchase($"till:{place}", Samples.Amy, Money.Hkd(order.dollars)) with { OccurredAt = Opening + Duration.FromHours(order.hour) + Duration.FromSeconds(place) }).ToArray();

    private static Gen<LoyaltyProgram> Limiting =>
        from per in Gen.Elements(CapPeriod.Day, CapPeriod.Week, CapPeriod.Month, CapPeriod.Ever)
        from often in Gen.Elements(CapPeriod.Day, CapPeriod.Month, CapPeriod.Ever)
        from most in Gen.Choose(20, 200)
        from times in Gen.Choose(1, 3)
        from reject in Gen.Elements(true, false)
        select CupCards.Program with
        {
            StampCards = [],
            Cascade = Cascade.None,
            Rules =
            [
                Samples.Per(1, 1),
                new FixedPoints { Name = "often", Unit = "points", Points = 10, Terms = new() { Frequency = new(times, often) } },
                new FixedPoints { Name = "once", Unit = "points", Points = 5, Terms = new() { OncePer = "spend" } },
                new FixedPoints { Name = "rests", Unit = "points", Points = 3, Terms = new() { Cooldown = Duration.FromHours(20) } },
            ],
            Limits = [new() { Name = "limit", Unit = "points", Per = per, Most = most, Rules = ["base"], Overflow = reject ? Overflow.Reject : Overflow.Truncate }],
            Budgets = [new() { Name = "spring", Unit = "points", PerUnit = 2 }],
        };

    private static async Task<Club> PlayedAsync(ICustomerModule module, CustomerEvent[] orders, CustomerEvent[] refunds, Instant end)
    {
        var club = new Club(module);
        await club.Fills(Budget, 1_000_000);
        foreach (var happened in orders.Concat(refunds).OrderBy(happened => happened.OccurredAt))
        {
            club.At(happened.OccurredAt!.Value);
            await club.Records(happened);
        }

        club.At(end);
        return club;
    }

    private static CustomerEvent Refund(string key, CustomerEvent order, long cents, Instant at) => CustomerEvent.Refund(key, Samples.Amy, order.Key.ToString(), new Money(cents, Currency.Hkd)) with { OccurredAt = at };

    private static CustomerEvent Cancelling(string original) => new() { Key = EventKey.Parse("desk:cancel"), Kind = EventKinds.CancellationName, Identity = Samples.Amy, Original = EventKey.Parse(original) };

    private static Club Cups(Func<StampCard, StampCard> change) => Club.Of(CupCards.Program with { StampCards = [change(CupCards.Buy(9))], Cascade = Cascade.None });

    private static Club Earning(IEarningRule rule, Func<LoyaltyProgram, LoyaltyProgram> change) => Club.Of(change(CupCards.Program with { StampCards = [], Rules = [rule], Cascade = Cascade.None }));

    private static async Task<Membership> Membership(Club club) => (await club.Amy()).Slot<LoyaltyState>(LoyaltyNames.KeepingModule).In("tea-club");

    private static async Task<CardStanding> Card(Club club) => (await Membership(club)).Card("cups");

    private static async Task<long> Points(Club club) => (await Membership(club)).Wallet("points").Balance;

    private static void Caught(Property law) => Counterfeits.Caught(() => law.Check(Thorough));

    /// <summary>Takes the units of a refund back and leaves all that was counted as it was: always, or from the second refund on.</summary>
    private sealed class Forgetful(LoyaltyProgram program, bool onlyLater = false) : CustomerModule<LoyaltyState>
    {
        private readonly ICustomerModule inner = new LoyaltyModule(program);
        private int refunds;

        public override ModuleContract Contract => inner.Contract;

        protected override Outcome Handle(LoyaltyState state, ModuleContext context)
        {
            var outcome = inner.Handle(state, context);
            if (context.Stimulus is not Stimulus.Happened { Event.Kind: EventKinds.RefundName } || outcome is not Outcome.Accepted { State: LoyaltyState next } accepted || (refunds++ == 0 && onlyLater))
            {
                return outcome;
            }

            var (was, has) = (state.In("tea-club"), next.In("tea-club"));
            return accepted with { State = next.With(has with { Cards = was.Cards, Challenges = was.Challenges, Tallies = was.Tallies }), Quotas = [], Agenda = [] };
        }
    }
}
