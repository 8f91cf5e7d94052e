using Crm.Conditions;
using Crm.Events;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Tests.Recording;
using Crm.Values;

namespace Crm.Loyalty.Tests.Scenarios;

/// <summary>Section 5.1 of the published scenarios, earning and rounding: each row a cart, rules and the points that the source publishes, through the engine.</summary>
public sealed class EarningScenarios
{
    private static readonly EventLine[] OlCart = [Samples.Line("SKU123", 12, "red"), Samples.Line("SKU000", 100, "blue"), Samples.Line("DELIVERY", 40, "delivery")];

    private static readonly Row[] Table =
    [
        new("OL1", [Ol(4)], [OlSale()], [608]),
        new("OL2", [Ol(4, new() { ExceptSkus = ["SKU000"] })], [OlSale()], [208]),
        new("OL4", [Ol(4, new() { ExceptCategories = ["red", "delivery"] })], [OlSale()], [400]),
        new("OL5", [Ol(10) with { Name = "ten" }, Ol(4)], [OlSale()], [2_128]),
        new("OL7 by article", [Ol(4, new() { ExceptSkus = ["SKU123"] }), Ol(4, new() { Skus = ["SKU123"] }) with { Name = "red" }, Triple("red")], [OlSale()], [704]),
        new("OL7 by label", [Ol(4, new() { ExceptCollections = ["red-label"] }), Ol(4, new() { Collections = ["red-label"] }) with { Name = "red" }, Triple("red")], [OlSale()], [704]),
        new("OL9 from 100", [Ol(4) with { Terms = new() { MinimumSpend = Money.Hkd(100) } }], [OlSale()], [608]),
        new("OL9 from 300", [Ol(4) with { Terms = new() { MinimumSpend = Money.Hkd(300) } }], [OlSale()], [0]),
        new("SET1", [Samples.Per(1, 1), Samples.Per(1, 2) with { Name = "half" }], [Sale(19.99m)], [28]) { Breakdown = [("base", 19), ("half", 9)] },
        new("SET3", [Fixed("low", 50, new() { Group = "g", Priority = 5, Exclusive = true }), Fixed("high", 200, new() { Group = "g", Priority = 20, Exclusive = true })], [Sale(10)], [200]) { Policy = StackingPolicy.PriorityExclusive },
        new("SET5", [Samples.Per(1, 1) with { Name = "rule-7" }, Fixed("rule-9", 5)], [Sale(19.99m)], [24]) { Breakdown = [("rule-7", 19), ("rule-9", 5)] },
        new("SET6", [Samples.Per(3, 1)], [Sale(40)], [120]),
        new("PTZ1", [Samples.Per(2, 1) with { Basis = EarningBasis.AllLines }], [Sale(50, Samples.Line("tea", 25), Samples.Line("tea", 25))], [100]),
        new("PTZ3 most", [Samples.Per(2, 1) with { Terms = new() { Most = 30 } }], [Sale(50)], [30]),
        new("PTZ3 least", [Samples.Per(1, 100) with { Terms = new() { Least = 25 } }], [Sale(25)], [25]),
        new("PTZ4", [Samples.Per(1, 1)], [Sale(100), Sale(100)], [60, 0]) { Limit = new() { Name = "ever", Unit = "points", Per = CapPeriod.Ever, Most = 60 } },
        new("PTZ6 stop", [Samples.Per(1, 1) with { Name = "a", Terms = new() { Group = "g", Priority = 1, Exclusive = true } }, Samples.Per(10, 1) with { Name = "b", Terms = new() { Group = "g" } }], [Sale(25)], [25]) { Policy = StackingPolicy.PriorityExclusive },
        new("PTZ6 go on", [Samples.Per(1, 1) with { Name = "a" }, Samples.Per(2, 1) with { Name = "c" }], [Sale(25)], [75]),
        new("PTZ8", [Samples.Per(1, 1) with { When = If.Purchases().Count().Is(1) }], [Sale(25), Sale(25)], [25, 0]),
        new("PTZ9", [Samples.Per(1, 1)], [Sale(25) with { Key = EventKey.Parse("pos:same") }, Sale(25) with { Key = EventKey.Parse("pos:same") }], [25, 25]) { Balance = 25, Entries = 1 },
        new("SQ1", [Fixed("base", 5), new Multiplier { Name = "promotion", Unit = "points", Factor = new Ratio(3, 1) }], [Sale(10)], [15]),
        new("SQ3", [Samples.Per(1, 10)], [Sale(105)], [10]),
        new("SQ4", [Samples.Per(1, 10) with { Basis = new EarningBasis.Spend { WithoutTax = true } }], [With(Sale(23.35m), ("tax", 1.45m))], [2]),
        new("NOP1", [Samples.Per(5, 2.50m)], [Sale(3)], [5]),
        new("OD1", [Samples.Per(1, 1)], [TenPercentOff(Samples.Line("tea", 100))], [90]) { Due = 90 },
        new("OD1 before the code", [Samples.Per(1, 1) with { Basis = new EarningBasis.Spend { BeforeDiscount = true } }], [TenPercentOff(Samples.Line("tea", 100))], [100]) { Due = 90 },
        new("OD2", [Samples.Per(1, 1) with { Basis = new EarningBasis.Lines { Categories = ["food"] } }], [TenPercentOff(Samples.Line("rice", 100, "food"), Samples.Line("soap", 50))], [100]) { Due = 135 },
        new("OD6 without code", [Fixed("code", 10) with { When = If.Field("lookup.code").Is("PROMO") }], [Sale(30)], [0]),
        new("OD6 with code", [Fixed("code", 10) with { When = If.Field("lookup.code").Is("PROMO") }], [Sale(30) with { Lookups = Fields.Of(("code", "PROMO")) }], [10]),
        new("YI1 per line", [Samples.Per(1, 10) with { Basis = EarningBasis.AllLines, Rounding = Rounding.Nearest, RoundAt = RoundingPoint.Line }], [Sale(99.80m, Samples.Line("a", 19.90m), Samples.Line("b", 79.90m))], [10]),
        new("YI1 per cart", [Samples.Per(1, 10) with { Basis = EarningBasis.AllLines }], [Sale(99.80m, Samples.Line("a", 19.90m), Samples.Line("b", 79.90m))], [9]),
        new("BK1", [Samples.Per(1, 10)], [Sale(20)], [2]),
        new("BK1 not carried", [Samples.Per(1, 10)], [Sale(15), Sale(15)], [1, 1]),
    ];

    public static TheoryData<string> Ids => [.. Table.Select(row => row.Id)];

    [Theory]
    [MemberData(nameof(Ids))]
    public async Task The_published_points_are_earned(string id)
    {
        var row = Table.Single(one => one.Id == id);
        var program = Samples.TeaClub with
        {
            Ladders = [],
            Rules = row.Rules,
            Groups = row.Policy is { } policy ? [new("g", policy)] : [],
            Limits = row.Limit is { } limit ? [limit] : [],
            Collections = [new() { Name = "red-label", Skus = ["SKU123"] }],
        };
        var club = Club.Of(LoyaltyProgramJson.Read(LoyaltyProgramJson.Write(program)));

        var receipts = new List<Receipt>();
        foreach (var sale in row.Sales)
        {
            receipts.Add(await club.Records(sale.Key.Value == "1" ? sale with { Key = EventKey.Parse(club.NextKey()) } : sale));
        }

        Assert.Equal(row.Expected, receipts.Select(receipt => receipt.Total("points")));
        Assert.Equal(row.Balance ?? row.Expected.Sum(), await club.Points());
        Assert.All(receipts.SelectMany(receipt => receipt.Lines), line => Assert.True(line.AddsUp));
        Assert.Equal(row.Due, row.Due is null ? null : row.Sales.Single().Spend?.Amount);
        if (row.Entries is { } entries)
        {
            Assert.Equal(entries, (await club.Ledger()).Count);
        }

        if (row.Breakdown is { } breakdown)
        {
            Assert.Equal(breakdown, receipts.Single().Lines.Select(line => (line.Subject ?? "", line.Amount)));
        }
    }

    private static CustomerEvent Sale(decimal spend, params EventLine[] lines) => Samples.Purchase(spend, lines);

    // As a till that takes a code: what is due is less by a tenth of the goods.
    private static CustomerEvent TenPercentOff(params EventLine[] lines)
    {
        var goods = lines.Sum(line => line.Amount.Amount);
        return With(Sale(goods * 90 / 100, lines), ("discount", goods * 10 / 100));
    }

    private static CustomerEvent OlSale() => Sale(152, OlCart);

    private static CustomerEvent With(CustomerEvent sale, params (string, Scalar)[] fields) => sale with { Fields = Fields.Of(fields) };

    private static PointsPerAmount Ol(long points, EarningBasis.Lines? lines = null) => Samples.Per(points, 1) with { Basis = lines ?? EarningBasis.AllLines };

    private static Multiplier Triple(string rule) => new() { Name = "triple", Unit = "points", Factor = new Ratio(3, 1), Of = [rule] };

    private static FixedPoints Fixed(string name, long points, EarningTerms? terms = null) => new() { Name = name, Unit = "points", Points = points, Terms = terms ?? EarningTerms.Usual };

    private sealed record Row(string Id, Sequence<IEarningRule> Rules, CustomerEvent[] Sales, long[] Expected)
    {
        public StackingPolicy? Policy { get; init; }

        public EarningLimit? Limit { get; init; }

        /// <summary>What is held in the end, where receipts repeat; null: the sum of what was earned.</summary>
        public long? Balance { get; init; }

        public (string, long)[]? Breakdown { get; init; }

        /// <summary>What the one order comes to; null: the source says nothing of it.</summary>
        public decimal? Due { get; init; }

        /// <summary>How many entries the ledger has in the end; null: the source says nothing of it.</summary>
        public int? Entries { get; init; }
    }
}
