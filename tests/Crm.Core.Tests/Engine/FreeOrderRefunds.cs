using Crm.Conditions;
using Crm.Engine;
using Crm.Events;
using Crm.Storage;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Core.Tests.Engine;

/// <summary>What refunds leave of an order that cost nothing: no money says how much of it came back, so its goods do.</summary>
public sealed class FreeOrderRefunds
{
    private const int Stays = -1;
    private const int MostPieces = 3;
    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(150);
    private static readonly Instant RefundsAt = Shop.Opening + Duration.FromDays(1);

    [Fact]
    public void Goods_in_pieces_leave_what_they_leave_at_once_and_only_all_of_them_take_the_order() => PiecesLaw(LeftAsync).Check(Thorough);

    [Fact]
    public void Taking_the_order_for_some_of_its_goods_is_caught() => Caught((order, refunds) => Task.FromResult(refunds.Length == 0 ? order : null));

    [Fact]
    public void Keeping_an_order_without_goods_is_caught() => Caught(async (order, refunds) => await LeftAsync(order, refunds) ?? order with { Lines = [] });

    [Fact]
    public void Rounding_the_price_after_each_piece_is_caught() => Caught((order, refunds) => Task.FromResult(RoundingEach(order, refunds)));

    [Fact]
    public async Task Prices_and_discount_shrink_with_the_quantity()
    {
        var order = Order(new EventLine("tea", 2, Money.Hkd(40)), new EventLine("mug", 1, Money.Hkd(30))) with { Fields = Fields.Of((EventKinds.DiscountField, 70)) };
        var left = await LeftAsync(order, [Refund("till:a", order, new EventLine("tea", 1, Money.Hkd(20)))]);
        Assert.Equal(([new EventLine("tea", 1, Money.Hkd(20)), new EventLine("mug", 1, Money.Hkd(30))], Money.Hkd(0), 50m), Seen(left));
    }

    [Fact]
    public async Task Of_goods_without_prices_the_discount_shrinks_with_their_number()
    {
        var order = Order(new EventLine("tea", 3, Money.Hkd(0)), new EventLine("mug", 1, Money.Hkd(0))) with { Fields = Fields.Of((EventKinds.DiscountField, 40)) };
        var left = await LeftAsync(order, [Refund("till:a", order, new EventLine("tea", 1, Money.Hkd(0)))]);
        Assert.Equal(([new EventLine("tea", 2, Money.Hkd(0)), new EventLine("mug", 1, Money.Hkd(0))], Money.Hkd(0), 30m), Seen(left));
    }

    [Fact]
    public async Task A_refund_that_names_no_goods_takes_the_order_wholly_whatever_else_comes_back()
    {
        var tea = new EventLine("tea", 2, Money.Hkd(40));
        var (order, cup) = (Order(tea), tea with { Quantity = 1 });
        Assert.Null(await LeftAsync(order, [Refund("till:a", order)]));
        Assert.Null(await LeftAsync(order, [Refund("till:a", order), Refund("till:b", order, cup)]));
        Assert.Null(await LeftAsync(order, [Refund("till:b", order, cup), Refund("till:a", order)]));
    }

    [Fact]
    public async Task An_order_whose_goods_nobody_knows_is_taken_wholly_for_any() =>
        Assert.Null(await LeftAsync(Order(), [Refund("till:a", Order(), new EventLine("tea", 1, Money.Hkd(0)))]));

    [Fact]
    public async Task Goods_that_are_not_in_the_order_take_nothing_and_the_receipt_says_so()
    {
        var shop = Open();
        var order = Order(new EventLine("tea", 2, Money.Hkd(0)));
        await shop.RecordAsync(order);
        var receipt = await shop.RecordAsync(Refund("till:a", order, new EventLine("mug", 1, Money.Hkd(0))));
        Assert.Equal((1, 0), (receipt.TakenBack?.LinesNotFound, receipt.TakenBack?.LinesInFull));
        Assert.Equal(order.Lines, (await LeftInAsync(shop))?.Lines);
    }

    [Fact]
    public async Task A_refund_that_does_not_name_the_order_takes_only_its_goods_too()
    {
        var order = Order(new EventLine("tea", 2, Money.Hkd(40)));
        var unnamed = Refund("till:a", order, new EventLine("tea", 1, Money.Hkd(0))) with { Original = null };
        Assert.Equal([new EventLine("tea", 1, Money.Hkd(20))], (await LeftAsync(order, [unnamed]))?.Lines ?? []);
        Assert.Null(await LeftAsync(order, [unnamed, unnamed with { Key = EventKey.Parse("till:b") }]));
    }

    [Fact]
    public async Task An_order_that_came_back_wholly_has_no_goods_left_for_a_refund_that_names_none()
    {
        var shop = Open();
        var tea = new EventLine("tea", 1, Money.Hkd(0));
        var (order, gone) = (Order(tea), Order(tea) with { Key = EventKey.Parse("till:2") });
        foreach (var happened in (CustomerEvent[])[order, gone, Refund("till:a", gone), Refund("till:b", order, tea) with { Original = null }])
        {
            await shop.RecordAsync(happened);
        }

        Assert.Null(await LeftInAsync(shop));
    }

    /// <summary>There the money says how much came back, and all of it is a full refund.</summary>
    [Fact]
    public async Task An_order_that_cost_something_goes_with_its_money_though_a_gift_stays()
    {
        var tea = new EventLine("tea", 1, Money.Hkd(40));
        var order = Order(tea, new EventLine("sticker", 1, Money.Hkd(0))) with { Spend = Money.Hkd(40) };
        Assert.Null(await LeftAsync(order, [Refund("till:a", order, tea) with { Spend = Money.Hkd(40) }]));
    }

    private static Property PiecesLaw(Func<CustomerEvent, CustomerEvent[], Task<CustomerEvent?>> leftOf) => Prop.ForAll(Arb.From(Orders), async Task<bool> (articles) =>
    {
        var order = Order([.. articles.Select(article => article.Line(article.Refunds.Length))]) with { Fields = Fields.Of((EventKinds.DiscountField, articles.Sum(article => article.Cents) / 100m)) };
        CustomerEvent[] atOnce = [.. Refunds(order, articles, "till:all", by => by != Stays)];
        CustomerEvent[] inPieces = [.. Enumerable.Range(0, MostPieces).SelectMany(piece => Refunds(order, articles, $"till:{(char)('a' + piece)}", by => by == piece))];
        var left = await leftOf(order, inPieces);
        Assert.Equal(await leftOf(order, atOnce), left);
        Assert.Equal(await leftOf(order, [.. Enumerable.Reverse(inPieces)]), left);

        var stay = Quantities(articles.Select(article => article.Line(article.Refunds.Count(by => by == Stays))));
        Assert.Equal(stay, Quantities(left?.Lines ?? []));
        Assert.Equal(stay.Count == 0, left is null);
        return true;
    });

    // Everything comes back in half of the cases.
    private static Gen<List<Article>> Orders =>
        from least in Gen.Elements(Stays, 0)
        from count in Gen.Choose(1, 3)
        from articles in Gen.ListOf(Articles(least), count)
        select articles.ToList();

    private static Gen<Article> Articles(int least) =>
        from sku in Gen.Elements("tea", "mug")
        from cents in Gen.Elements(0L, 1, 3, 7, 999, 2_000)
        from halves in Gen.Choose(1, 6)
        from refunds in Gen.ListOf(Gen.Choose(least, MostPieces - 1), halves)
        select new Article(sku, cents, [.. refunds]);

    private static IEnumerable<CustomerEvent> Refunds(CustomerEvent order, List<Article> articles, string key, Func<int, bool> comesBack)
    {
        EventLine[] lines = [.. articles.Select(article => article.Line(article.Refunds.Count(comesBack))).Where(line => line.Quantity > 0)];
        return lines.Length == 0 ? [] : [Refund(key, order, lines)];
    }

    private static List<(string Sku, decimal Quantity)> Quantities(IEnumerable<EventLine> lines) =>
        [.. lines.GroupBy(line => line.Sku, StringComparer.Ordinal).Select(same => (same.Key, same.Sum(line => line.Quantity))).Where(same => same.Item2 > 0).Order()];

    private static void Caught(Func<CustomerEvent, CustomerEvent[], Task<CustomerEvent?>> leftOf) => Counterfeits.Caught(() => PiecesLaw(leftOf).Check(Thorough));

    private static CustomerEvent? RoundingEach(CustomerEvent order, CustomerEvent[] refunds)
    {
        EventLine[] lines = [.. order.Lines];
        foreach (var returned in refunds.SelectMany(refund => refund.Lines))
        {
            var wanted = returned.Quantity;
            for (var i = 0; i < lines.Length; i++)
            {
                if (lines[i].Sku == returned.Sku && Math.Min(wanted, lines[i].Quantity) is > 0 and var taken)
                {
                    var stays = lines[i].Quantity - taken;
                    lines[i] = lines[i] with { Quantity = stays, Amount = new Money((long)decimal.Ceiling(lines[i].Amount.MinorUnits * stays / lines[i].Quantity), Currency.Hkd) };
                    wanted -= taken;
                }
            }
        }

        var left = lines.Where(line => line.Quantity > 0).ToSequence();
        return left.IsEmpty ? null : order with { Lines = left };
    }

    private static async Task<CustomerEvent?> LeftAsync(CustomerEvent order, CustomerEvent[] refunds)
    {
        var shop = Open();
        foreach (var happened in refunds.Prepend(order))
        {
            await shop.RecordAsync(happened);
        }

        return await LeftInAsync(shop);
    }

    private static async Task<CustomerEvent?> LeftInAsync(Shop shop) =>
        (await shop.Engine.ReadAsync(CustomerRef.Of(Shop.Amy), new PastQuestion(RefundsAt), TestContext.Current.CancellationToken))?.History[0].Event;

    private static (Sequence<EventLine> Lines, Money? Spend, decimal Discount) Seen(CustomerEvent? left) =>
        (left?.Lines ?? [], left?.Spend, left?.Fields[EventKinds.DiscountField].AsNumber ?? 0);

    private static Shop Open() => new(new ClubModule(new Condition.Any([])));

    private static CustomerEvent Order(params EventLine[] lines) => CustomerEvent.Purchase("till:1", Shop.Amy, Money.Hkd(0), lines.ToSequence()) with { OccurredAt = Shop.Opening };

    private static CustomerEvent Refund(string key, CustomerEvent order, params EventLine[] lines) =>
        CustomerEvent.Refund(key, Shop.Amy, order.Key.ToString(), Money.Hkd(0), lines.ToSequence()) with { OccurredAt = RefundsAt };

    /// <param name="Sku">The article.</param>
    /// <param name="Cents">What all of it would have cost.</param>
    /// <param name="Refunds">For each half of one by which refund it comes back, if it does.</param>
    private sealed record Article(string Sku, long Cents, int[] Refunds)
    {
        public EventLine Line(int halves) => new(Sku, halves / 2m, new Money(Cents, Currency.Hkd));
    }
}
