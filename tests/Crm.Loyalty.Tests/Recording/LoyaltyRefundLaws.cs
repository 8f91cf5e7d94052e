using Crm.Conditions;
using Crm.Events;
using Crm.Ledger;
using Crm.Loyalty.Challenges;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Tiers;
using Crm.Loyalty.Wallets;
using Crm.Storage;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Loyalty.Tests.Recording;

/// <summary>
/// The refund laws over random histories with everything that makes refunds hard: caps, budgets, tiers that multiply, first-purchase bonuses, groups, frequencies, carried rests, pending units,
/// expiry, stamps, challenges, several programmes, a rule in code.
/// </summary>
public sealed class LoyaltyRefundLaws
{
    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(Environment.GetEnvironmentVariable("CRM_LONG") == "1" ? 2_000 : 30);

    // Times as long as units live otherwise: beyond the end of every history.
    private const int Longer = 100;

    private static readonly Instant Start = Samples.Local(2026, 1, 15, 12);
    private static readonly Instant End = Start + Duration.FromDays(400);
    private static readonly long[] Cents = [0, 1, 999, 1_000, 1_001, 1_999, 5_000, 9_999, 25_000, 60_000];

    [Fact]
    public void A_full_refund_leaves_the_history_as_without_the_order() => FullLaw(Honest).Check(Thorough);

    [Fact]
    public void A_refund_in_pieces_is_the_refund() => SplitLaw(Honest, between: true).Check(Thorough);

    [Fact]
    public void The_goods_of_a_free_order_come_back_in_pieces_as_they_do_at_once() => GoodsLaw(Honest, between: true).Check(Thorough);

    [Fact]
    public void Independent_refunds_commute() => CommuteLaw(Honest).Check(Thorough);

    [Fact]
    public void Never_more_is_taken_than_the_order_made_a_difference() => BoundLaw(Honest).Check(Thorough);

    /// <summary>Without cascade law (a) is not claimed.</summary>
    [Fact]
    public void Without_cascade_never_more_is_taken_than_the_order_made_a_difference() => BoundLaw(Kept).Check(Thorough);

    /// <summary>"A split refund equals the single one when no request is decided in between", and here nothing else is either.</summary>
    [Fact]
    public void Without_cascade_a_refund_in_pieces_is_the_refund() => SplitLaw(Lasting).Check(Thorough);

    [Fact]
    public void Without_cascade_the_goods_of_a_free_order_come_back_in_pieces_as_they_do_at_once() => GoodsLaw(Lasting).Check(Thorough);

    /// <summary>What ran out nobody owes, and that too is the same in pieces.</summary>
    [Fact]
    public void Without_cascade_a_refund_in_pieces_is_the_refund_where_units_have_run_out() => SplitLaw(Kept).Check(Thorough);

    [Fact]
    public void Without_cascade_independent_refunds_commute_where_units_have_run_out() => CommuteLaw(Kept).Check(Thorough);

    [Fact]
    public void Without_cascade_a_cancelled_refund_leaves_what_there_was_where_units_have_run_out() => CancelledLaw(Kept).Check(Thorough);

    [Fact]
    public void Without_cascade_a_rule_that_remembers_is_caught_when_a_refund_is_split() => Caught(SplitLaw(() => WithoutCascade(new Remembering(), Longer)));

    [Fact]
    public void Without_cascade_independent_refunds_commute() => CommuteLaw(Lasting).Check(Thorough);

    [Fact]
    public void Without_cascade_a_rule_that_remembers_is_caught_when_refunds_change_places() => Caught(CommuteLaw(() => WithoutCascade(new Remembering(), Longer)));

    [Fact]
    public void Without_cascade_a_cancelled_refund_leaves_what_there_was() => CancelledLaw(Lasting).Check(Thorough);

    [Fact]
    public void Without_cascade_a_rule_that_remembers_is_caught_when_a_refund_is_cancelled() => Caught(CancelledLaw(() => WithoutCascade(new Remembering(), Longer)));

    [Fact]
    public void Without_cascade_taking_everything_of_an_order_is_caught() => Caught(BoundLaw(Kept, takesAll: true));

    [Fact]
    public void Keeping_what_came_later_is_caught() => Caught(FullLaw(Kept));

    [Fact]
    public void A_rule_that_remembers_is_caught_when_a_refund_is_split() => Caught(SplitLaw(() => Programs(new Remembering())));

    [Fact]
    public void A_rule_that_remembers_is_caught_when_the_goods_of_a_free_order_come_back_in_pieces() => Caught(GoodsLaw(() => Programs(new Remembering())));

    [Fact]
    public void Without_cascade_a_rule_that_remembers_is_caught_when_the_goods_of_a_free_order_come_back_in_pieces() => Caught(GoodsLaw(() => WithoutCascade(new Remembering(), Longer)));

    [Fact]
    public void A_rule_that_remembers_is_caught_when_refunds_change_places() => Caught(CommuteLaw(() => Programs(new Remembering())));

    [Fact]
    public void A_rule_that_gives_more_for_less_is_caught_because_then_a_refund_gives() => Caught(BoundLaw(() => Programs(new Perverse())));

    private static LoyaltyProgram[] Honest() => Programs(new Evens());

    private static LoyaltyProgram[] Kept() => WithoutCascade(new Evens());

    private static LoyaltyProgram[] Lasting() => WithoutCascade(new Evens(), Longer);

    private static LoyaltyProgram[] WithoutCascade(IEarningRule inCode, int longer = 1) => [.. Programs(inCode, longer).Select(program => program with { Cascade = Cascade.None })];

    private static LoyaltyProgram[] Programs(IEarningRule inCode, int longer = 1) =>
    [
        Samples.TeaClub with
        {
            Units = [new("points", UnitKind.Redeemable) { Expiry = LotExpiry.AfterDays(90 * longer, LastDay.Included), Activation = Activation.AfterDays(7), Returns = new(60, GoneLots.GraceDays, 5) }, new("status", UnitKind.Status)],
            Rules =
            [
                .. Samples.TeaClub.Rules,
                Samples.Per(1, 7) with { Name = "carried", Rounding = Rounding.Carry, Terms = new() { Activation = Activation.AtOnce } },
                new FixedPoints { Name = "first", Unit = "points", Points = 50, When = If.Purchases().Count().Is(1) },
                new FixedPoints { Name = "third", Unit = "points", Points = 30, When = If.Purchases().InLast(Duration.FromDays(30)).Count().AtLeast(3), Terms = new() { Frequency = new(1, CapPeriod.Month) } },
                Samples.Per(2, 50) with { Name = "big", Terms = new() { Group = "g", Priority = 2, Expiry = LotExpiry.AfterDays(20 * longer, LastDay.Included) } },
                Samples.Per(1, 20) with { Name = "small", Terms = new() { Group = "g", Least = 1 } },
                inCode,
                new Multiplier { Name = "gold-double", Unit = "points", ByTier = [new("gold", new Ratio(2, 1)), new("silver", new Ratio(5, 4))], TierAs = TierMoment.After, Rounding = Rounding.Carry },
            ],
            Groups = [new("g", StackingPolicy.BestOf)],
            Limits = [new() { Name = "monthly", Unit = "points", Per = CapPeriod.Month, Most = 90 }, new() { Name = "daily", Unit = "points", Per = CapPeriod.Day, Most = 70, Rules = ["base", "carried"] }],
            Budgets = [new() { Name = "year", Unit = "points", PerUnit = 3 }],
            StampCards = [new() { Name = "cups", Goal = 3 }],
            Challenges =
            [
                new() { Name = "three-orders", Goals = [new("orders", 3)], Period = CalendarUnit.Month, Recurrence = Recurrence.NextPeriod, Award = [new("points", 25)] },
                new() { Name = "streak", Goals = [new("money", 3_000) { Measure = GoalMeasure.Money, Currency = Currency.Hkd }, new("orders", 1)], Period = CalendarUnit.Month, Consecutive = 2, Freezes = 1, Recurrence = Recurrence.OnCompletion, Award = [new("status", 7)] },
                new() { Name = "mission", Goals = [new("cups", 4) { Measure = GoalMeasure.Articles }], Recurrence = Recurrence.OnCompletion, Award = [new("points", 9)] },
            ],
        },
        Samples.TeaClub with { Name = "other-club", Ladders = [], Units = [new("points", UnitKind.Redeemable) { Expiry = LotExpiry.AfterMonths(12 * longer, LastDay.Included) }, new("status", UnitKind.Status)], Rules = [Samples.Per(3, 10) with { RoundAt = RoundingPoint.Award }, Samples.Per(1, 30) with { Name = "second", RoundAt = RoundingPoint.Award, Terms = new() { Frequency = new(2, CapPeriod.Month) } }], Limits = [new() { Name = "weekly", Unit = "points", Per = CapPeriod.Week, Most = 25, Overflow = Overflow.Reject }] },
    ];

    private static Property FullLaw(Func<LoyaltyProgram[]> programs) => Prop.ForAll(Histories.ToArbitrary(), Places.ToArbitrary(), async Task<bool> (history, places) =>
    {
        var (orders, spends) = history;
        var order = orders[places.Order % orders.Length];
        var at = After(orders, order, places.One);
        var refund = Refund("full", order, 100_000, at) with { Lines = places.Other % 2 == 0 ? order.Lines : [] };
        var (refunded, all) = await PictureAsync(programs(), [.. orders, .. spends, refund]);
        var (without, some) = await PictureAsync(programs(), [.. orders.Where(another => another != order), .. spends, LoyaltyEvents.Visit("web:other", Samples.Amy) with { OccurredAt = at }]);

        // Given the same outside acts: what was accepted with the order may be refused without it, and then the two histories are of different acts.
        if (all == some)
        {
            Assert.Equal(without, refunded);
        }

        return true;
    });

    // Nothing at the one instant and all at the other, or a piece at each: at the end, or with orders after and between them.
    private static Property SplitLaw(Func<LoyaltyProgram[]> programs, bool between = false) => Prop.ForAll(Histories.ToArbitrary(), Amounts.ToArbitrary(), Places.ToArbitrary(), async Task<bool> (history, amounts, places) =>
    {
        var (orders, spends) = history;
        var order = orders[places.Order % orders.Length];
        var (one, other) = between ? (After(orders, order, places.One), After(orders, order, places.Other)) : (End, End);
        var (sooner, later) = (Instant.Min(one, other), Instant.Max(one, other));
        var (single, all) = await PictureAsync(programs(), [.. orders, .. spends, Refund("a", order, 0, sooner), Refund("b", order, amounts.Item1 + amounts.Item2, later)]);
        var (split, some) = await PictureAsync(programs(), [.. orders, .. spends, Refund("a", order, amounts.Item1, sooner), Refund("b", order, amounts.Item2, later)]);
        if (all == some)
        {
            Assert.Equal(single, split);
        }

        return true;
    });

    // As the split law, of an order for which nothing was paid: its cups come back all at the other instant, or some at each.
    private static Property GoodsLaw(Func<LoyaltyProgram[]> programs, bool between = false) => Prop.ForAll(Histories.ToArbitrary(), Cups.ToArbitrary(), Places.ToArbitrary(), async Task<bool> (history, cups, places) =>
    {
        var (orders, spends) = history;
        var order = orders[places.Order % orders.Length];
        var free = order with { Spend = Money.Hkd(0), Lines = [Of(cups.Sooner + cups.Later + cups.Never)] };
        CustomerEvent[] before = [.. orders.Select(another => another == order ? free : another), .. spends];
        var (one, other) = between ? (After(orders, order, places.One), After(orders, order, places.Other)) : (End, End);
        var (sooner, later) = (Instant.Min(one, other), Instant.Max(one, other));
        var (single, all) = await PictureAsync(programs(), [.. before, LoyaltyEvents.Visit("web:other", Samples.Amy) with { OccurredAt = sooner }, Refund("b", free, 0, later) with { Lines = [Of(cups.Sooner + cups.Later)] }]);
        var (split, some) = await PictureAsync(programs(), [.. before, Refund("a", free, 0, sooner) with { Lines = [Of(cups.Sooner)] }, Refund("b", free, 0, later) with { Lines = [Of(cups.Later)] }]);
        if (all == some)
        {
            Assert.Equal(single, split);
        }

        return true;

        static EventLine Of(int cups) => new("cup", cups, Money.Hkd(10 * cups));
    });

    private static Property CommuteLaw(Func<LoyaltyProgram[]> programs) => Prop.ForAll(Histories.ToArbitrary(), Amounts.ToArbitrary(), async Task<bool> (history, amounts) =>
    {
        var (orders, spends) = history;
        var (one, other, third) = (Refund("a", orders[0], amounts.Item1), Refund("b", orders[^1], amounts.Item2), Refund("c", orders[orders.Length / 2], amounts.Item1 / 3));
        var (first, _) = await PictureAsync(programs(), [.. orders, .. spends, third, one, other]);
        var (second, _) = await PictureAsync(programs(), [.. orders, .. spends, other, one, third]);
        Assert.Equal(first, second);
        return true;
    });

    private static Property CancelledLaw(Func<LoyaltyProgram[]> programs) => Prop.ForAll(Histories.ToArbitrary(), Amounts.ToArbitrary(), async Task<bool> (history, amounts) =>
    {
        var (orders, spends) = history;
        var (one, other) = (Refund("a", orders[0], amounts.Item1), Refund("b", orders[^1], amounts.Item2));
        var cancelled = new CustomerEvent { Key = EventKey.Parse("desk:cancel"), Kind = EventKinds.CancellationName, Identity = Samples.Amy, Original = one.Key, OccurredAt = End };
        var (never, _) = await PictureAsync(programs(), [.. orders, .. spends, other]);
        var (taken, _) = await PictureAsync(programs(), [.. orders, .. spends, one, other, cancelled]);
        Assert.Equal(never, taken);
        return true;
    });

    private static Property BoundLaw(Func<LoyaltyProgram[]> programs, bool takesAll = false) => Prop.ForAll(Histories.ToArbitrary(), Amounts.ToArbitrary(), async Task<bool> (history, amounts) =>
    {
        // In a programme that only adds, a part of a refund leaves at least what the whole one does. Without cascade a rest that an order left for later ones is theirs.
        LoyaltyProgram Adding(LoyaltyProgram program) => program with { Units = [program.Units[0] with { Expiry = LotExpiry.Never }, program.Units[1]], Rules = [.. program.Rules.Where(rule => rule.Name is "base" or "in-code" or "small" || (rule.Name == "carried" && program.Cascade == Cascade.History))], Groups = [new("g", StackingPolicy.Sum)], Ladders = [], Limits = [], Budgets = [], Challenges = [.. program.Challenges.Where(challenge => challenge.Recurrence == Recurrence.NextPeriod)] };
        var (orders, _) = history;
        var some = await BalanceAsync([Adding(programs()[0])], [.. orders, Refund("a", orders[0], takesAll ? 100_000 : amounts.Item1)]);
        var left = await BalanceAsync([Adding(programs()[0])], [Left(orders[0], amounts.Item1), .. orders[1..], LoyaltyEvents.Visit("web:other", Samples.Amy) with { OccurredAt = End }]);
        var none = await BalanceAsync([Adding(programs()[0])], [.. orders, Refund("a", orders[0], 100_000)]);
        var whole = await BalanceAsync([Adding(programs()[0])], orders);
        Assert.True(0 <= none && none <= some && some <= whole, $"{whole} were given, {some} are left of a part and {none} of the whole.");
        Assert.True(left <= some, $"{some} are left, and {left} would have been given for what is left.");
        return true;
    });

    private static CustomerEvent Left(CustomerEvent order, long refund) => (order.Spend?.MinorUnits ?? 0) is var spend && refund >= spend
        ? LoyaltyEvents.Visit("web:instead", Samples.Amy) with { OccurredAt = order.OccurredAt }
        : order with { Spend = new Money(spend - refund, Currency.Hkd), Lines = order.Lines.Select(line => line with { Amount = new Money(spend - refund, Currency.Hkd) }).ToSequence() };

    private static void Caught(Property law) => Counterfeits.Caught(() => law.Check(Thorough));

    private static Gen<(int, int)> Amounts => from one in Gen.OneOf(Gen.Choose(0, 2_500), Gen.Choose(0, 60_000)) from other in Gen.OneOf(Gen.Choose(0, 2_500), Gen.Choose(0, 60_000)) select (one, other);

    private static Gen<(int Sooner, int Later, int Never)> Cups => from sooner in Gen.Choose(1, 3) from later in Gen.Choose(1, 3) from never in Gen.Choose(0, 1) select (sooner, later, never);

    private static Gen<(CustomerEvent[] Orders, CustomerEvent[] Spends)> Histories =>
        from orders in (from day in Gen.Choose(0, 120) from cents in Gen.Elements(Cents) from pieces in Gen.Choose(0, 2) select (day, cents, pieces)).NonEmptyListOf()
        from spends in (from day in Gen.Choose(0, 120) from amount in Gen.Choose(1, 20) from back in Gen.Choose(-20, 20) select (day, amount, back)).ListOf()
        select (Orders([.. orders]), spends.SelectMany((spend, i) => Spends(i, spend.day, spend.amount, spend.back)).ToArray());

    // A redemption, and where some of it is to come back, that.
    private static IEnumerable<CustomerEvent> Spends(int place, int day, int amount, int back)
    {
        var at = Start + Duration.FromDays(day) + Duration.FromHours(1) + Duration.FromSeconds(place);
        yield return LoyaltyEvents.Redeem($"app:{place}", SpendAuthority.SignedIn(Samples.Amy), amount, "tea-club", "points") with { OccurredAt = at };
        if (back > 0 && LoyaltyEvents.Return($"app:{place}-back", Samples.Amy, $"app:{place}", Math.Min(back, amount)) is var came)
        {
            yield return came with { Fields = came.Fields.With("program", "tea-club").With("unit", "points"), OccurredAt = at + Duration.FromDays(2 * back) };
        }
    }

    private static CustomerEvent[] Orders((int Day, long Cents, int Pieces)[] orders) =>
    [
        .. orders.OrderBy(order => order.Day).Select((order, i) => CustomerEvent.Purchase(
            $"till:{i}",
            Samples.Amy,
            new Money(i == 0 ? Math.Max(order.Cents, 1_500) : order.Cents, Currency.Hkd),
            order.Pieces == 0 ? [] : [new EventLine("cup", order.Pieces, new Money(i == 0 ? Math.Max(order.Cents, 1_500) : order.Cents, Currency.Hkd))]) with { OccurredAt = Start + Duration.FromDays(order.Day) + Duration.FromSeconds(i) }),
    ];

    private static CustomerEvent Refund(string key, CustomerEvent order, long cents, Instant? at = null) =>
        CustomerEvent.Refund($"till:{key}", Samples.Amy, order.Key.ToString(), new Money(cents, Currency.Hkd)) with { OccurredAt = at ?? End };

    // At once, around every order that comes later, some days after it, when what it earned has run out, or at the end.
    private static Instant After(CustomerEvent[] orders, CustomerEvent order, int pick)
    {
        Instant[] instants = [End, .. orders.Select(another => another.OccurredAt!.Value).Where(at => at >= order.OccurredAt).SelectMany(at => new[] { at, at + Duration.FromTicks(1), at + Duration.FromDays(10), at + Duration.FromDays(95) }).Distinct()];
        return instants[pick % instants.Length];
    }

    // Which order is taken back, and when: picks of what the history offers.
    private static Gen<(int Order, int One, int Other)> Places => from order in Gen.Choose(0, 1_000) from one in Gen.Choose(0, 1_000) from other in Gen.Choose(0, 1_000) select (order, one, other);

    private static async Task<long> BalanceAsync(LoyaltyProgram[] programs, CustomerEvent[] events)
    {
        var club = await PlayedAsync(programs, events);
        var slots = programs[0].Cascade == Cascade.None ? LoyaltyNames.KeepingModule : LoyaltyNames.Module;
        return (await club.Amy()).Slot<LoyaltyState>(slots).In("tea-club").Wallet("points") is var wallet ? wallet.Balance + wallet.PendingTotal : 0;
    }

    private static async Task<Club> PlayedAsync(LoyaltyProgram[] programs, CustomerEvent[] events)
    {
        var club = new Club([.. LoyaltyModule.Of(new(programs.Select(program => program.Define())), [])]);
        await ((IQuotas)club.Store).SetAsync("loyalty.tea-club.year", 1_000_000, TestContext.Current.CancellationToken);
        foreach (var happened in events.OrderBy(happened => happened.OccurredAt))
        {
            club.At(happened.OccurredAt ?? default);
            await club.Records(happened);
        }

        return club;
    }

    // Everything that can be seen of the customer, and which requests were accepted.
    private static async Task<(string Picture, string Accepted)> PictureAsync(LoyaltyProgram[] programs, CustomerEvent[] events)
    {
        var club = new Club([.. LoyaltyModule.Of(new(programs.Select(program => program.Define())), [])]);
        IQuotas quotas = club.Store;
        await quotas.SetAsync("loyalty.tea-club.year", 1_000_000, TestContext.Current.CancellationToken);
        var accepted = new List<string>();
        foreach (var happened in events.OrderBy(happened => happened.OccurredAt))
        {
            club.At(happened.OccurredAt ?? default);
            var receipt = await club.Records(happened);
            if (happened.Kind is LoyaltyEvents.RedeemName or LoyaltyEvents.ReturnName && receipt.Accepted)
            {
                accepted.Add(happened.Key.Value);
            }
        }

        club.At(End + Duration.FromDays(1));
        await club.RunDue();
        var amy = await club.Amy();
        var net = (await club.Ledger()).GroupBy(entry => (entry.Program, entry.Unit, entry.Lot, Movement: entry.Movement == Movement.Reversed ? Movement.Issued : entry.Movement))
            .Select(group => (group.Key, Amount: group.Sum(entry => entry.Amount))).Where(group => group.Amount != 0)
            .Select(group => $"net {group.Key.Program} {group.Key.Unit} {group.Key.Lot} {group.Key.Movement} {group.Amount}").Order(StringComparer.Ordinal);
        var slots = programs[0].Cascade == Cascade.None ? LoyaltyNames.KeepingModule : LoyaltyNames.Module;
        var picture = string.Join(
            "\n",
            [
                .. amy.Slot<LoyaltyState>(slots).Memberships.Where(membership => membership != new Membership { Program = membership.Program }).Select(membership => $"{membership}"),
                .. amy.Facts.Select(fact => $"fact {fact}"),
                .. net,
                $"budget {await quotas.AvailableAsync("loyalty.tea-club.year", TestContext.Current.CancellationToken)}",
            ]);
        return (picture, string.Join(' ', accepted));
    }

    /// <summary>A rule in code: a point for every whole 20.00 of the spend.</summary>
    private sealed class Evens : InCode
    {
        protected override long Points(EarningContext context) => (context.Event.Spend?.MinorUnits ?? 0) / 2_000;
    }

    /// <summary>Gives the more, the more often it was asked.</summary>
    private sealed class Remembering : InCode
    {
        private long asked;

        protected override long Points(EarningContext context) => ++asked % 17;
    }

    /// <summary>Gives the more, the less is paid.</summary>
    private sealed class Perverse : InCode
    {
        protected override long Points(EarningContext context) => Math.Max(0, 10_000 - ((context.Event.Spend?.MinorUnits ?? 0) / 10));
    }

    private abstract class InCode : IEarningRule
    {
        public string Name => "in-code";

        public int Version => 1;

        public IEnumerable<Earning> Evaluate(EarningContext context) => [new("points", Points(context))];

        protected abstract long Points(EarningContext context);
    }
}
