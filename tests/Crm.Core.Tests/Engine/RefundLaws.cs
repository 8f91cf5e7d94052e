using Crm.Events;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Core.Tests.Engine;

/// <summary>The refund laws: taking back is a function of what was taken back in all, not of how, in which pieces or in which order.</summary>
public sealed class RefundLaws
{
    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(150);
    private static readonly Instant RefundsAt = Histories.End - Duration.FromDays(2);

    [Fact]
    public void A_full_refund_leaves_the_history_as_without_the_order() => FullLaw(Shop.With).Check(Thorough);


    [Fact]
    public void A_split_refund_equals_the_single_one() => SplitLaw(Shop.With).Check(Thorough);


    [Fact]
    public void A_split_refund_without_its_original_equals_the_single_one() => UnnamedSplitLaw(Shop.With).Check(Thorough);


    [Fact]
    public void Independent_refunds_commute() => CommuteLaw(Shop.With).Check(Thorough);


    [Fact]
    public void Never_more_is_taken_than_was_given() => BoundLaw(Shop.With).Check(Thorough);


    [Fact]
    public async Task Two_halves_take_the_point_that_the_whole_would()
    {
        var order = Histories.Purchase("till:1", 10_500) with { OccurredAt = Shop.Opening };
        var shop = new Shop(new ClubModule(new Crm.Conditions.Condition.Any([])));
        await shop.RecordAsync(order);
        var nextDay = Shop.Opening + Duration.FromDays(1);
        Assert.Equal(0, (await shop.RecordAsync(Refund("till:a", order, 500) with { OccurredAt = nextDay })).Total("points"));
        Assert.Equal(-1, (await shop.RecordAsync(Refund("till:b", order, 500) with { OccurredAt = nextDay })).Total("points"));
    }

    [Fact]
    public async Task Paying_back_nothing_for_an_order_that_cost_nothing_takes_back_what_it_brought()
    {
        var shop = new Shop(new ClubModule(new Crm.Conditions.Condition.All([])));
        var (free, paid) = (Histories.Purchase("till:1", 0) with { OccurredAt = Shop.Opening }, Histories.Purchase("till:2", 1_000) with { OccurredAt = Shop.Opening });
        var nextDay = Shop.Opening + Duration.FromDays(1);
        await shop.RecordAsync(free);
        await shop.RecordAsync(paid);

        Assert.Equal(0, (await shop.RecordAsync(Refund("till:a", paid, 0) with { OccurredAt = nextDay })).Total("points"));
        Assert.Equal(-5, (await shop.RecordAsync(Refund("till:b", free, 0) with { OccurredAt = nextDay })).Total("points"));
        Assert.Equal(5, (await shop.RecordAsync(Histories.Cancellation("till:c", EventKey.Parse("till:b")) with { OccurredAt = nextDay })).Total("points"));
    }

    [Fact]
    public void Keeping_what_an_order_brought_is_caught() => Caught(FullLaw(ByRule));

    [Fact]
    public void Taking_back_by_rule_is_caught_when_a_refund_is_split() => Caught(SplitLaw(ByRule));

    [Fact]
    public void Taking_back_by_rule_is_caught_when_the_original_is_not_named() => Caught(UnnamedSplitLaw(ByRule));

    [Fact]
    public void Remembering_the_order_of_refunds_is_caught() => Caught(CommuteLaw(club => new Shop(club.Options, new ClubModule(club.Bonus), new WatchModule([.. club.Watched]), new OrderKeeper(reversible: true))));

    [Fact]
    public void Taking_back_by_rule_takes_more_than_was_given_and_is_caught() => Caught(BoundLaw(ByRule));

    private static Property FullLaw(Func<Clubhouse, Shop> open) =>
        Prop.ForAll(
            Arb.From(Gen.Zip(Histories.Clubs, Histories.Orders)),
            Arb.From(Few(Gen.Choose(0, 11))),
            async Task<bool> (given, picks) =>
            {
                var (club, orders) = given;
                var gone = picks.Select(pick => orders[pick % orders.Length]).Distinct().ToList();
                // A refund is itself an act that modules see; where the order never was, another act stands in its place that nothing watched here counts.
                var blind = club with { Watched = [.. club.Watched.Where(Histories.IsOfPurchases)] };
                var others = gone.Select((_, i) => new CustomerEvent { Key = EventKey.Parse($"web:other{i}"), Kind = "page-view", Identity = Shop.Amy, OccurredAt = RefundsAt });
                var refunded = await PictureAsync(open(blind), [.. orders, .. gone.Select((order, i) => Refund($"till:full{i}", order, CentsOf(order)))]);
                var without = await PictureAsync(open(blind), [.. orders.Except(gone), .. others]);
                Assert.Equal(without, refunded);
                return true;
            });

    // Of two orders, which may be one: the refund of the first is cut into pieces.
    private static Property SplitLaw(Func<Clubhouse, Shop> open) =>
        Prop.ForAll(
            Arb.From(Gen.Zip(Histories.Clubs, Histories.Orders)),
            Arb.From(Gen.Zip(Picks, Picks)),
            Arb.From(Few(Gen.Choose(0, 100))),
            async Task<bool> (given, picks, percents) =>
            {
                var (club, orders) = given;
                var (order, other) = (orders[picks.Item1.Order % orders.Length], orders[picks.Item2.Order % orders.Length]);
                var besides = Refund("till:other", other, CentsOf(other) * picks.Item2.Percent / 100);
                long[] upTo = [0, .. percents.Order().Select(percent => CentsOf(order) * percent / 100)];
                var pieces = upTo.Skip(1).Select((end, i) => Refund($"till:{(char)('a' + i)}", order, end - upTo[i]));
                Assert.Equal(await PictureAsync(open(club), [.. orders, besides, Refund("till:a", order, upTo[^1])]), await PictureAsync(open(club), [.. orders, besides, .. pieces]));
                return true;
            });

    private static Property UnnamedSplitLaw(Func<Clubhouse, Shop> open) =>
        Prop.ForAll(
            Arb.From(Gen.Zip(Histories.Clubs, Histories.Orders)),
            Arb.From(Gen.Zip(Gen.Choose(0, 30_000), Gen.Choose(0, 30_000))),
            async Task<bool> (given, cents) =>
            {
                var (club, orders) = given;
                var single = await PictureAsync(open(club), [.. orders, Unnamed("till:a", cents.Item1 + cents.Item2)]);
                var split = await PictureAsync(open(club), [.. orders, Unnamed("till:a", cents.Item1), Unnamed("till:b", cents.Item2)]);
                Assert.Equal(single, split);
                return true;
            });

    private static Property CommuteLaw(Func<Clubhouse, Shop> open) =>
        Prop.ForAll(
            Arb.From(Gen.Zip(Histories.Clubs, Histories.Orders)),
            Arb.From(Few(Picks).Where(picks => picks.Count > 1)),
            Arb.From(Gen.Choose(1, 100)),
            async Task<bool> (given, picks, by) =>
            {
                var (club, orders) = given;
                var refunds = picks.Select((pick, i) => (Order: orders[pick.Order % orders.Length], pick.Percent, Place: i)).Select(pick => Refund($"till:r{pick.Place}", pick.Order, CentsOf(pick.Order) * pick.Percent / 100)).ToList();
                var turned = refunds.Skip(by % refunds.Count).Concat(refunds.Take(by % refunds.Count));
                Assert.Equal(await PictureAsync(open(club), [.. orders, .. refunds]), await PictureAsync(open(club), [.. orders, .. by % 2 == 0 ? turned : turned.Reverse()]));
                return true;
            });

    private static Property BoundLaw(Func<Clubhouse, Shop> open) =>
        Prop.ForAll(
            Arb.From(Gen.Zip(Histories.Clubs, Histories.Orders)),
            Arb.From(Gen.ListOf(Gen.Zip(Gen.Choose(0, 11), Gen.Choose(0, 60_000)))),
            async Task<bool> (given, refunds) =>
            {
                var (club, bare) = given;
                var shop = open(club);
                // Half off on the whole: what goods cost is not what was paid for them.
                var orders = bare.Select(order => order with { Lines = [new EventLine("tea", 3, order.Spend!.Value), new EventLine("mug", 3, order.Spend!.Value)] }).ToList();
                foreach (var order in orders)
                {
                    await shop.RecordAsync(order);
                }

                var taken = new Dictionary<EventKey, long>();
                foreach (var ((pick, amount), index) in refunds.Select((refund, index) => (refund, index)))
                {
                    var order = orders[pick % orders.Count];
                    var price = order.Spend!.Value;
                    EventLine[] goods = [new EventLine("tea", 1, price with { MinorUnits = price.MinorUnits / 3 }), new EventLine("mug", 2, price with { MinorUnits = price.MinorUnits / 2 })];
                    var receipt = await shop.RecordAsync(Refund($"till:r{index}", order, amount) with { Lines = goods[..(amount % 3)].ToSequence() });
                    var back = receipt.TakenBack!;
                    Assert.Equal(amount, (back.Matched + back.Spread + back.Unmatched).MinorUnits);
                    taken[order.Key] = taken.GetValueOrDefault(order.Key) + (back.Matched + back.Spread).MinorUnits;
                }

                foreach (var order in orders)
                {
                    var rest = await shop.RecordAsync(Histories.Cancellation($"till:rest{order.Key.Value}", order.Key) with { OccurredAt = RefundsAt });
                    Assert.Equal(CentsOf(order), taken.GetValueOrDefault(order.Key) + rest.TakenBack!.Matched.MinorUnits);
                }

                var view = await shop.ReadAsync();
                Assert.All(view.Slot<ClubState>("club").Lots, lot => Assert.True(lot.Value >= 0, "Without redemptions no lot falls below 0."));
                return true;
            });

    private static Gen<List<T>> Few<T>(Gen<T> one) => Gen.Choose(1, 4).SelectMany(count => Gen.ListOf(one, count)).Select(some => some.ToList());

    // Which order, of as many as there are, and how much of it.
    private static Gen<(int Order, int Percent)> Picks => Gen.Zip(Gen.Choose(0, 11), Gen.OneOf(Gen.Choose(0, 100), Gen.Elements(0, 100))).Select(pick => (pick.Item1, pick.Item2));

    private static void Caught(Property law) => Counterfeits.Caught(() => law.Check(Thorough));

    // As known systems do it: what was earned stays, and each refund takes a point for each whole 10.00 of its own.
    private static Shop ByRule(Clubhouse club) => new(club.Options, new ClubModule(club.Bonus, takesBackByRule: true), new WatchModule([.. club.Watched]));

    private static async Task<string> PictureAsync(Shop shop, CustomerEvent[] events)
    {
        foreach (var happened in events)
        {
            await shop.RecordAsync(happened);
        }

        return await shop.PictureAsync(Histories.End, netted: true);
    }

    private static long CentsOf(CustomerEvent order) => order.Spend!.Value.MinorUnits;

    private static CustomerEvent Refund(string key, CustomerEvent order, long cents) =>
        CustomerEvent.Refund(key, Shop.Amy, order.Key.ToString(), new Money(cents, Currency.Hkd)) with { OccurredAt = RefundsAt };

    private static CustomerEvent Unnamed(string key, long cents) =>
        CustomerEvent.Refund(key, Shop.Amy, null, new Money(cents, Currency.Hkd)) with { OccurredAt = RefundsAt };
}
