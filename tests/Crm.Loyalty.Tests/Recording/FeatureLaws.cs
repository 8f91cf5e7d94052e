using Crm.Conditions;
using Crm.Events;
using Crm.Ledger;
using Crm.Loyalty.Challenges;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Stamps;
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

/// <summary>
/// The refund laws over programmes with every sort of ladder, card, reward, challenge and surprise: taking back is the difference of two histories, whatever a programme has in it.
/// Each law is broken on purpose once, to show that it can be.
/// </summary>
public sealed class FeatureLaws
{
    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(80);
    private static readonly Instant Opening = Samples.Local(2026, 1, 15, 12);
    private static readonly Instant RefundsAt = Opening + Duration.FromDays(200);

    [Fact]
    public void A_full_refund_leaves_the_history_as_without_the_order() => Full(program => new LoyaltyModule(program)).Check(Thorough);

    [Fact]
    public void A_split_refund_equals_the_single_one() => Split(program => new LoyaltyModule(program), between: true).Check(Thorough);

    [Fact]
    public void Independent_refunds_commute() => Commute(program => new LoyaltyModule(program)).Check(Thorough);

    /// <summary>Without cascade on ladders alone whose windows the calendar sets, with cards and challenges of every kind: what a ladder holds after several things were taken back is worked out from what it held before, and not from what was counted.</summary>
    [Fact]
    public void Without_cascade_a_split_refund_equals_the_single_one() => Split(Kept, Calendars).Check(Thorough);

    [Fact]
    public void Without_cascade_independent_refunds_commute() => Commute(Kept, Calendars).Check(Thorough);

    [Fact]
    public void Without_cascade_a_cancelled_refund_leaves_what_there_was() => Cancelled(Kept, Calendars).Check(Thorough);

    [Fact]
    public void Remembering_a_refund_that_was_cancelled_is_caught() => Caught(Cancelled(program => new ByRule(program), Calendars));

    [Fact]
    public void Entries_add_up_to_the_wallets_and_what_is_set_aside() => Sums(program => new LoyaltyModule(program)).Check(Thorough);

    [Fact]
    public void Keeping_what_an_order_brought_is_caught() => Caught(Full(program => new ByRule(program)));

    [Fact]
    public void Rounding_each_refund_by_itself_is_caught() => Caught(Split(program => new ByRule(program)));

    [Fact]
    public void Remembering_which_refund_came_first_is_caught() => Caught(Commute(program => new ByRule(program)));

    [Fact]
    public void An_entry_that_no_wallet_has_is_caught() => Caught(Sums(program => new WritesTwice(program)));

    [Fact]
    public void Rounding_each_refund_by_itself_is_caught_on_those_ladders_too() => Caught(Split(program => new ByRule(program), Calendars));

    [Fact]
    public void Remembering_which_refund_came_first_is_caught_on_those_ladders_too() => Caught(Commute(program => new ByRule(program), Calendars));

    [Fact]
    public void What_was_achieved_and_stays_is_had_after_a_full_refund_and_all_else_is_as_without_the_order() => Stays(program => new LoyaltyModule(program)).Check(Thorough);

    [Fact]
    public void A_split_refund_equals_the_single_one_where_achievements_stay() => Split(program => new LoyaltyModule(program), Keeping).Check(Thorough);

    [Fact]
    public void Independent_refunds_commute_where_achievements_stay() => Commute(program => new LoyaltyModule(program), Keeping).Check(Thorough);

    [Fact]
    public void An_achievement_that_goes_back_though_it_stays_is_caught() =>
        Caught(Stays(program => new LoyaltyModule(program with { Challenges = [.. program.Challenges.Select(challenge => challenge with { KeepsAchieved = false })] })));

    [Fact]
    public void Keeping_all_that_an_order_brought_is_caught_where_achievements_stay() => Caught(Stays(program => new ByRule(program)));

    [Fact]
    public void Counting_a_challenge_that_stays_back_once_only_is_caught_when_a_refund_is_split() => Caught(Split(program => new NeverCountsBack(program, onlyOnce: true), Keeping));

    [Fact]
    public void Counting_a_challenge_that_stays_back_once_only_is_caught_when_refunds_change_places() => Caught(Commute(program => new NeverCountsBack(program, onlyOnce: true), Keeping));

    [Fact]
    public void A_challenge_that_is_never_counted_back_is_caught_by_the_full_refund() => Caught(Full(program => new NeverCountsBack(program), Challenging));

    [Fact]
    public void A_challenge_that_is_counted_back_once_only_is_caught_when_a_refund_is_split() => Caught(Split(program => new NeverCountsBack(program, onlyOnce: true), Challenging));

    [Fact]
    public void A_challenge_that_is_counted_back_once_only_is_caught_when_refunds_change_places() => Caught(Commute(program => new NeverCountsBack(program, onlyOnce: true), Challenging));

    private static LoyaltyModule Kept(LoyaltyProgram program) => new(program with { Cascade = Cascade.None });

    private static Property Full(Func<LoyaltyProgram, ICustomerModule> module, Gen<LoyaltyProgram>? programs = null) => Prop.ForAll(Arb.From(Gen.Zip(programs ?? Programs, Orders)), Arb.From(Places), (given, places) =>
    {
        var (program, orders) = given;
        var order = orders[places.Order % orders.Length];
        var at = After(orders, order, places.One);
        Run(async () =>
        {
            var other = new CustomerEvent { Key = EventKey.Parse("web:other"), Kind = VipKind, Identity = Samples.Amy, OccurredAt = at };
            Assert.Equal(
                await Picture(module(program), [.. orders.Where(another => another != order), other]),
                await Picture(module(program), [.. orders, Refund("till:full", order, order.Spend!.Value.MinorUnits, at)]));
        });
    });

    // Nothing at the one instant and all at the other, or a piece at each: at the end, or with orders after and between them.
    private static Property Split(Func<LoyaltyProgram, ICustomerModule> module, Gen<LoyaltyProgram>? programs = null, bool between = false) => Prop.ForAll(Arb.From(Gen.Zip(programs ?? Programs, Orders)), Arb.From(Gen.Zip(Gen.Choose(0, 100), Gen.Choose(0, 100))), Arb.From(Places), (given, percents, places) =>
    {
        var (program, orders) = given;
        var order = orders[places.Order % orders.Length];
        var whole = order.Spend!.Value.MinorUnits * Math.Max(percents.Item1, percents.Item2) / 100;
        var part = order.Spend!.Value.MinorUnits * Math.Min(percents.Item1, percents.Item2) / 100;
        var (one, other) = between ? (After(orders, order, places.One), After(orders, order, places.Other)) : (RefundsAt, RefundsAt);
        var (sooner, later) = (Instant.Min(one, other), Instant.Max(one, other));
        Run(async () => Assert.Equal(
            await Picture(module(program), [.. orders, Refund("till:a", order, 0, sooner), Refund("till:b", order, whole, later)]),
            await Picture(module(program), [.. orders, Refund("till:a", order, part, sooner), Refund("till:b", order, whole - part, later)])));
    });

    // The stars are what the challenge gives, and nothing else gives any.
    private static Property Stays(Func<LoyaltyProgram, ICustomerModule> module) => Prop.ForAll(Arb.From(Gen.Zip(Keeping, Orders)), Arb.From(Gen.Choose(0, 1_000)), (given, pick) =>
    {
        var (program, orders) = given;
        var order = orders[pick % orders.Length];
        Run(async () =>
        {
            var other = new CustomerEvent { Key = EventKey.Parse("web:other"), Kind = VipKind, Identity = Samples.Amy, OccurredAt = RefundsAt };
            var (before, without) = (await Recorded(module(program), orders), await Recorded(module(program), [.. orders.Where(another => another != order), other]));
            var after = await Recorded(module(program), [.. orders, Refund("till:full", order, order.Spend!.Value.MinorUnits)]);
            Assert.Equal(await Achieved(before), await Achieved(after));
            Assert.Equal(await AllElse(without), await AllElse(after));
        });
    });

    private static async Task<(int Completed, long Stars)> Achieved(Club club) =>
        ((await club.Membership()).Challenge("run")?.Completed ?? 0, (await club.Ledger()).Where(entry => entry.Unit == "stars").Sum(entry => entry.Amount));

    private static async Task<string> AllElse(Club club)
    {
        var membership = await club.Membership();
        var ledger = (await club.Ledger()).Where(entry => entry.Unit != "stars").GroupBy(entry => (entry.Unit, entry.Lot)).Select(lot => (lot.Key.Unit, lot.Key.Lot, Sum: lot.Sum(entry => entry.Amount))).Where(lot => lot.Sum != 0).Order();
        return $"{string.Join('\n', membership.Standings)}\n{string.Join('\n', (await club.Amy()).Facts.Where(fact => fact.Name.StartsWith("loyalty", StringComparison.Ordinal) && !fact.Name.Contains("stars", StringComparison.Ordinal)))}\n{string.Join('\n', ledger)}";
    }

    private static Property Commute(Func<LoyaltyProgram, ICustomerModule> module, Gen<LoyaltyProgram>? programs = null) => Prop.ForAll(Arb.From(Gen.Zip(programs ?? Programs, Orders.Where(orders => orders.Length > 1))), Arb.From(Gen.Zip(Gen.Choose(0, 100), Gen.Choose(0, 100))), (given, percents) =>
    {
        var (program, orders) = given;
        var first = Refund("till:a", orders[0], orders[0].Spend!.Value.MinorUnits * percents.Item1 / 100);
        var second = Refund("till:b", orders[^1], orders[^1].Spend!.Value.MinorUnits * percents.Item2 / 100);
        Run(async () => Assert.Equal(await Picture(module(program), [.. orders, first, second]), await Picture(module(program), [.. orders, second, first])));
    });

    // There is an order afterwards either way, so that ladders are looked at in both: a window that counted nothing is closed when somebody looks.
    private static Property Cancelled(Func<LoyaltyProgram, ICustomerModule> module, Gen<LoyaltyProgram> programs) => Prop.ForAll(Arb.From(Gen.Zip(programs, Orders)), Arb.From(Gen.Zip(Gen.Choose(0, 100), Gen.Choose(1, 100))), (given, percents) =>
    {
        var (program, orders) = given;
        var first = Refund("till:a", orders[0], orders[0].Spend!.Value.MinorUnits * percents.Item1 / 100);
        var second = Refund("till:b", orders[^1], orders[^1].Spend!.Value.MinorUnits * percents.Item2 / 100);
        var cancelled = new CustomerEvent { Key = EventKey.Parse("desk:cancel"), Kind = EventKinds.CancellationName, Identity = Samples.Amy, Original = first.Key, OccurredAt = RefundsAt };
        var later = CustomerEvent.Purchase("till:later", Samples.Amy, Money.Hkd(30)) with { OccurredAt = RefundsAt + Duration.FromDays(1) };
        Run(async () => Assert.Equal(await Picture(module(program), [.. orders, second, later]), await Picture(module(program), [.. orders, first, second, cancelled, later])));
    });

    private static Property Sums(Func<LoyaltyProgram, ICustomerModule> module) => Prop.ForAll(Arb.From(Gen.Zip(Programs, Orders)), Arb.From(Gen.Choose(0, 100)), (given, percent) =>
    {
        var (program, orders) = given;
        Run(async () =>
        {
            var club = await Recorded(module(program), [.. orders, Refund("till:a", orders[0], orders[0].Spend!.Value.MinorUnits * percent / 100)]);
            await club.RunDue();
            var membership = await club.Membership();
            var held = membership.Holdings
                .SelectMany(holding => holding.Wallet.Lots.Select(lot => (holding.Unit, Lot: lot.Name, lot.Amount))
                    .Append((holding.Unit, Lot: Lot.Debt, Amount: -holding.Wallet.Debt)).Append((holding.Unit, Lot: Reservation.Lot, Amount: membership.Reserved(holding.Unit))))
                .Where(lot => lot.Amount != 0).Order();
            var written = (await club.Ledger()).GroupBy(entry => (entry.Unit, entry.Lot)).Select(lot => (lot.Key.Unit, lot.Key.Lot, Amount: lot.Sum(entry => entry.Amount)))
                .Where(lot => lot.Amount != 0).Order();
            Assert.Equal(held, written);
        });
    });

    private const string VipKind = "vip.off";

    private static async Task<Club> Recorded(ICustomerModule module, CustomerEvent[] events)
    {
        var club = new Club(new VipWhen("vip.on", VipKind), module);
        foreach (var happened in events.OrderBy(happened => happened.OccurredAt))
        {
            club.At(happened.OccurredAt!.Value);
            await club.Records(happened);
        }

        club.At(RefundsAt + Duration.FromDays(3));
        return club;
    }

    private static async Task<string> Picture(ICustomerModule module, CustomerEvent[] events)
    {
        var club = await Recorded(module, events);
        var amy = await club.Amy();
        var writer = new SlotWriter();
        module.Contract.Codec.Write(amy.Slot<LoyaltyState>(module.Contract.Name), writer);
        var ledger = (await club.Ledger()).GroupBy(entry => (entry.Unit, entry.Lot)).Select(lot => (lot.Key.Unit, lot.Key.Lot, Sum: lot.Sum(entry => entry.Amount))).Where(lot => lot.Sum != 0).Order();
        return $"{Convert.ToHexString(writer.Written)}\n{string.Join('\n', amy.Facts.Where(fact => fact.Name.StartsWith("loyalty", StringComparison.Ordinal)))}\n{string.Join('\n', ledger)}";
    }

    private static CustomerEvent Refund(string key, CustomerEvent order, long cents, Instant? at = null) =>
        CustomerEvent.Refund(key, Samples.Amy, order.Key.ToString(), new Money(cents, Currency.Hkd)) with { OccurredAt = at ?? RefundsAt };

    // At once, around every order that comes later, some days after it, when what it earned has run out, or at the end.
    private static Instant After(CustomerEvent[] orders, CustomerEvent order, int pick)
    {
        Instant[] instants = [RefundsAt, .. orders.Select(another => another.OccurredAt!.Value).Where(at => at >= order.OccurredAt).SelectMany(at => new[] { at, at + Duration.FromTicks(1), at + Duration.FromDays(10), at + Duration.FromDays(65) }).Where(at => at < RefundsAt).Distinct()];
        return instants[pick % instants.Length];
    }

    // Which order is taken back, and when: picks of what the history offers.
    private static Gen<(int Order, int One, int Other)> Places => from order in Gen.Choose(0, 1_000) from one in Gen.Choose(0, 1_000) from other in Gen.Choose(0, 1_000) select (order, one, other);

    private static void Run(Func<Task> law) => law().GetAwaiter().GetResult();

    private static void Caught(Property law) => Counterfeits.Caught(() => law.Check(Thorough));

    private static Gen<CustomerEvent[]> Orders =>
        from orders in (from dollars in Gen.Choose(1, 90) from day in Gen.Choose(0, 190) from cups in Gen.Choose(0, 12) select (dollars, day, cups)).ArrayOf().Where(orders => orders.Length is > 0 and < 12)
        select orders.OrderBy(order => order.day).Select((order, place) => CustomerEvent.Purchase(
            $"till:{place}",
            Samples.Amy,
            Money.Hkd(order.dollars),
            order.cups == 0 ? [] : [new EventLine("tea", order.cups, Money.Hkd(order.dollars), "tea")]) with { OccurredAt = Opening + Duration.FromDays(order.day) + Duration.FromMinutes(place) }).ToArray();

    private static Gen<LoyaltyProgram> Programs =>
        from ladder in Ladder
        from card in Card
        from challenge in Challenge
        from mask in Gen.Choose(0, 31)
        from activation in Gen.Elements(Activation.AtOnce, Activation.AfterDays(4))
        select new LoyaltyProgram
        {
            Name = "tea-club",
            Zone = "Asia/Hong_Kong",
            Units = [new("points", UnitKind.Redeemable) { Expiry = LotExpiry.AfterDays(60, LastDay.Included), Activation = activation }, new("status", UnitKind.Status), new("stars", UnitKind.Redeemable)],
            Rules =
            [
                Samples.Per(1, 3), Samples.Per(1, 1) with { Name = "status", Unit = "status" },
                Samples.Per(1, 7) with { Name = "gold", When = If.Fact("loyalty.tea-club.tier").Is("gold") },
            ],
            Ladders = [ladder],
            StampCards = (mask & 1) == 0 ? [] : [card],
            Challenges = (mask & 2) == 0 ? [] : [challenge],
            Rewards = (mask & 4) == 0 ? [] : [new Reward { Name = "star", Kind = new RewardKind.Units(new UnitAmount("stars", 1)), Costs = [new("points", 20)], AutoAt = 25 }],
            Surprises = (mask & 8) == 0 ? [] : [new Surprise { Name = "gift", OneIn = 3, Seed = "0123456789abcdef", Gift = new UnitAmount("stars", 7) }],
            VelocityLimits = (mask & 16) == 0 ? [] : [new() { Name = "often", Kind = "purchase", Most = 2, Within = Duration.FromDays(20) }],
        };

    // Ladders that count for ever, or in windows of the calendar or the member's year, of which nothing goes over into the next; units that outlive the history.
    private static Gen<LoyaltyProgram> Calendars => Programs.Where(program => program.Ladders[0].Window is not (QualificationWindow.Rolling or QualificationWindow.SinceTierStart))
        .Select(program => program with { Ladders = [program.Ladders[0] with { Rollover = Rollover.None }], Units = [program.Units[0] with { Expiry = LotExpiry.AfterDays(6_000, LastDay.Included) }, .. program.Units.Skip(1)] });

    private static Gen<LoyaltyProgram> Challenging => Programs.Where(program => !program.Challenges.IsEmpty);

    // What was achieved by the time of a refund depends on when it is, so such programmes have their refunds at the end.
    private static Gen<LoyaltyProgram> Keeping => Challenging.Select(program => program with
    {
        Challenges = [program.Challenges[0] with { KeepsAchieved = true }], StampCards = [], Rewards = [], Surprises = [], VelocityLimits = [],
    });

    private static Gen<TierLadder> Ladder =>
        from window in Gen.Elements<QualificationWindow>(
            QualificationWindow.Lifetime, new QualificationWindow.Calendar(CalendarUnit.Month), new QualificationWindow.Calendar(CalendarUnit.Quarter), new QualificationWindow.Rolling(0, 45),
            new QualificationWindow.Anniversary(2), new QualificationWindow.SinceTierStart())
        from fall in Gen.Elements(TierFall.ToEarned, TierFall.OneLevel, TierFall.ToBase, TierFall.Never)
        from rollover in Gen.Elements(Rollover.None, Rollover.Surplus)
        from next in Gen.Elements(true, false)
        from grace in Gen.Choose(0, 12)
        from metric in Gen.Elements<IQualificationMetric>(new QualificationMetric.UnitsEarned("status"), new QualificationMetric.Visits { OncePerDay = true }, new QualificationMetric.Spend(Currency.Hkd))
        let scale = metric is QualificationMetric.Visits ? 1 : metric is QualificationMetric.Spend ? 2_000 : 20
        let rolling = window is QualificationWindow.Rolling
        select new TierLadder
        {
            Metric = metric,
            Window = window,
            Start = next && window is QualificationWindow.Calendar or QualificationWindow.Anniversary ? TierStart.NextPeriod : TierStart.AtOnce,
            Validity = window is QualificationWindow.SinceTierStart ? new TierValidity.Fixed(0, 40, LastDay.Included) : null,
            Fall = rolling && fall == TierFall.OneLevel ? TierFall.ToEarned : fall,
            Rollover = rollover,
            Grace = new(0, grace),
            Tiers = [new("basic", 0), new("silver", scale), new("gold", 3 * scale), new("top", 6 * scale)],
        };

    private static Gen<StampCard> Card =>
        from goal in Gen.Choose(2, 9)
        from overflow in Gen.Elements(StampOverflow.Carry, StampOverflow.Drop, StampOverflow.Reject)
        from life in Gen.Elements(StampLife.FirstStamp, StampLife.LatestStamp, StampLife.EachStamp)
        from expires in Gen.Elements(true, false)
        from prize in Gen.Elements(true, false)
        from most in Gen.Elements(default(int?), 3)
        from day in Gen.Elements(DayKind.Calendar, DayKind.Rolling)
        from signUp in Gen.Choose(0, 1)
        select new StampCard
        {
            Name = "cups",
            Goal = goal,
            Overflow = overflow,
            Expiry = expires ? new StampExpiry(life, LotExpiry.AfterDays(25, LastDay.Included)) : null,
            Prize = prize ? new UnitAmount("stars", 2) : null,
            Milestones = [new(1, new UnitAmount("stars", 1))],
            MostPerDay = most,
            Day = day,
            SignUp = signUp,
        };

    private static Gen<Challenge> Challenge =>
        from period in Gen.Elements(default(CalendarUnit?), CalendarUnit.Month, CalendarUnit.Week)
        from weekStart in Gen.Choose(1, 7)
        from consecutive in Gen.Choose(1, 3)
        from freezes in Gen.Choose(0, 1)
        from recurrence in Gen.Elements(Recurrence.Once, Recurrence.OnCompletion)
        from target in Gen.Choose(1, 3)
        from own in Gen.Elements(default(IGoalKind?), new Dollars())
        select new Challenge
        {
            Name = "run",
            Goals = [new ChallengeGoal("own", target) { Kind = own }, new ChallengeGoal("visits", target), new ChallengeGoal("money", 100 * target) { Measure = GoalMeasure.Money, Currency = Currency.Hkd }],
            Period = period,
            WeekStart = period == CalendarUnit.Week ? (IsoDayOfWeek)weekStart : IsoDayOfWeek.Monday,
            Consecutive = period is null ? 1 : consecutive,
            Freezes = period is null ? 0 : freezes,
            Recurrence = recurrence,
            Award = [new UnitAmount("stars", 3)],
        };

    /// <summary>A team's own goal, which counts what is left of an order.</summary>
    private sealed record Dollars : IGoalKind
    {
        public string Name => "dollars";

        public int Version => 1;

        public long Of(EarningContext context) => context.Event.Spend?.MinorUnits / 100 ?? 0;
    }

    /// <summary>As known systems do it: what was counted towards a challenge is never counted back, or only for the first refund, whatever comes back of the orders.</summary>
    private sealed class NeverCountsBack(LoyaltyProgram program, bool onlyOnce = false) : CustomerModule<LoyaltyState>
    {
        private readonly ICustomerModule inner = new LoyaltyModule(program);
        private Instant latest = Instant.MinValue;
        private Sequence<GoalCount> most = [];
        private int completed;
        private int replays;

        public override ModuleContract Contract => inner.Contract;

        protected override Outcome Handle(LoyaltyState state, ModuleContext context)
        {
            // History goes back twice for each refund: without it, and with it.
            replays += context.Moment.Instant < latest ? 1 : 0;
            latest = context.Moment.Instant;
            var outcome = inner.Handle(state, context);
            if (outcome is not Outcome.Accepted { State: LoyaltyState next } accepted || next.In("tea-club").Challenge("run") is not { } run || (onlyOnce && replays < 2))
            {
                return outcome;
            }

            completed = Math.Max(completed, run.Completed);
            most = [.. run.Counts.Select((count, place) => count with { Done = Math.Max(count.Done, place < most.Count ? most[place].Done : 0) })];
            return onlyOnce && replays == 2 ? outcome : accepted with { State = next.With(next.In("tea-club").With(run with { Completed = completed, Counts = most })) };
        }
    }

    /// <summary>As known systems do it: what was earned stays, and each refund takes a star for each whole dollar of its own, the first one another.</summary>
    private sealed class ByRule(LoyaltyProgram program) : CustomerModule<LoyaltyState>
    {
        private readonly ICustomerModule inner = new LoyaltyModule(program);

        public override ModuleContract Contract => field ??= inner.Contract with { Reversible = false, Handles = [.. inner.Contract.Handles, EventKinds.RefundName] };

        protected override Outcome Handle(LoyaltyState state, ModuleContext context)
        {
            if (context.Stimulus is not Stimulus.Happened { Event: { Kind: EventKinds.RefundName } refund })
            {
                return inner.Handle(state, context);
            }

            var membership = state.In("tea-club");
            var stars = membership.Wallet("stars");
            var taken = (refund.Spend!.Value.MinorUnits / 100) + (stars.Debt == 0 ? 1 : 2);
            return new Outcome.Accepted { State = state.With(membership.With("stars", stars with { Debt = (stars.Debt * 2) + taken })) };
        }
    }

    /// <summary>Writes what moves first into the ledger twice, and into the wallet once.</summary>
    private sealed class WritesTwice(LoyaltyProgram program) : ICustomerModule
    {
        private readonly ICustomerModule inner = new LoyaltyModule(program);

        public ModuleContract Contract => inner.Contract;

        public Outcome Handle(object state, ModuleContext context) =>
            inner.Handle(state, context) is var outcome && outcome is Outcome.Accepted { Entries: [{ Movement: not Movement.Offset } first, ..] entries } accepted ? accepted with { Entries = [first, .. entries] } : outcome;

        public Outcome.Accepted Correct(object stored, object without, object with) => inner.Correct(stored, without, with);
    }
}
