using Crm.Conditions;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Tests.RealSales;

/// <summary>Segments of Online Retail as of 10 December 2011, each said twice: as a condition, and by hand.</summary>
public static class RetailSegments
{
    public static readonly DateTime Now = new(2011, 12, 10);
    private const string Heart = "85123A";
    private const string Cakestand = "22423";
    private const string Bag = "85099B";
    private static readonly Currency Pound = RawFiles.Pound;

    /// <summary>Whose line is drawn through everybody: the fifty top spenders of November 2011.</summary>
    public static readonly Condition.EventWindow SpendOfNovember = (Condition.EventWindow)If.Purchases().In(new Window.Between(Utc(2011, 11, 1), Utc(2011, 12, 1))).SumOfSpend(Pound).AtLeast(0);

    public const int Top = 50;

    public static IReadOnlyList<RealSegment<RetailRow>> All(Condition topOfNovember) =>
    [
        new("top-of-november", topOfNovember, customers => customers
            .Select(rows => (rows.Key, Spent: rows.Where(row => row.At.Year == 2011 && row.At.Month == 11).Sum(row => row.Amount))).ToList() is var spent
            && spent.OrderByDescending(one => one.Spent).ElementAt(Top - 1).Spent is var line ? spent.Where(one => one.Spent >= line).Select(one => one.Key) : []),
        Each("three-in-90-days", If.Purchases().InLast(Duration.FromDays(90)).Count().AtLeast(3), rows => rows.Where(row => Within(row, 90)).Select(row => row.Invoice).Distinct().Count() >= 3),
        Each(
            "silent-after-regular",
            If.Purchases().InLast(Duration.FromDays(240), Duration.FromDays(60)).Count().AtLeast(3) & If.Purchases().InLast(Duration.FromDays(60)).Count().Is(0),
            rows => rows.Where(row => Within(row, 240) && !Within(row, 60)).Select(row => row.Invoice).Distinct().Count() >= 3 && !rows.Any(row => Within(row, 60))),
        Each(
            "heart-then-cakestand",
            If.Purchases().Where(Of(Heart)).Then(new Step(new EventPattern("purchase") { Where = Of(Cakestand) }) { Within = Duration.FromDays(14) }).Happened,
            rows => rows.Any(row => row.Sku == Heart && rows.Any(other => other.Sku == Cakestand && other.At > row.At && other.At <= row.At.AddDays(14)))),
        Each(
            "heart-then-cakestand-without-bag",
            If.Purchases().Where(Of(Heart)).Then(new Step(new EventPattern("purchase") { Where = Of(Cakestand) }) { Within = Duration.FromDays(90), Without = new EventPattern("purchase") { Where = Of(Bag) } }).Happened,
            rows => rows.Any(row => row.Sku == Heart && rows.Any(other => other.Sku == Cakestand && other.At > row.At && other.At <= row.At.AddDays(90) && !rows.Any(bag => bag.Sku == Bag && bag.At > row.At && bag.At < other.At)))),
        Each(
            "december-and-again",
            If.Purchases().First(new Measured.At()).LessThan(Utc(2011, 1, 1)) & If.Purchases().SinceFirst("purchase", Duration.FromDays(30)).Count().AtLeast(1),
            rows => rows.Min(row => row.At) is { Year: 2010, Month: 12 } first && rows.Any(row => row.At > first && row.At <= first.AddDays(30))),
        Each("hundred-articles", If.Purchases().Distinct("line.sku").AtLeast(100), rows => rows.Select(row => row.Sku).Distinct().Count() >= 100),
        Each("spent-on-224", If.Purchases().Where(If.Field("line.sku").StartsWith("224")).SumOfSpend(Pound).AtLeast(200), rows => rows.Where(row => row.Sku.StartsWith("224", StringComparison.Ordinal)).Sum(row => row.Amount) >= 200),
        Each("fifty-hearts", If.Purchases().Where(Of(Heart)).SumOfQuantity().AtLeast(50), rows => rows.Where(row => row.Sku == Heart).Sum(row => row.Quantity) >= 50),
        Each(
            "mostly-cakestands",
            If.Purchases().Of(Aggregation.MostFrequent, "line.sku").Is(Cakestand),
            rows => rows.GroupBy(row => row.Sku).OrderByDescending(sku => sku.Count()).ThenBy(sku => sku.Key, StringComparer.Ordinal).First().Key == Cakestand),
        Each(
            "heart-cakestand-and-bag",
            If.Purchases().Unique("line.sku").AllOf(Heart, Cakestand, Bag),
            rows => new[] { Heart, Cakestand, Bag }.All(sku => rows.Any(row => row.Sku == sku))),
        Each(
            "none-of-the-three-lately",
            If.Purchases().InLast(Duration.FromDays(60)).Unique("line.sku").NoneOf(Heart, Cakestand, Bag),
            rows => rows.Any(row => Within(row, 60)) && !rows.Any(row => Within(row, 60) && row.Sku is Heart or Cakestand or Bag)),
        Each("abroad", If.Purchases().Where(If.Field("event.channel").Is("united-kingdom")).Count().Is(0) & If.Purchases().Count().AtLeast(2), rows => rows.All(row => row.Country != "United Kingdom") && rows.Select(row => row.Invoice).Distinct().Count() >= 2),
        Each("lately", If.Purchases().Latest(new Measured.At()).FromNow(Comparison.AtLeast, -Duration.FromDays(7)), rows => rows.Max(row => row.At) >= Now.AddDays(-7)),
        Each(
            "last-month-in-hong-kong",
            If.Purchases().LastWhole(CalendarPeriod.Month, "Asia/Hong_Kong").SumOfSpend(Pound).AtLeast(500),
            rows => rows.Where(row => row.At.AddHours(8) is { Year: 2011, Month: 11 }).Sum(row => row.Amount) >= 500),
        Each("average-400", If.Purchases().Of(Aggregation.Average, new Measured.Spend(Pound)).AtLeast(400), rows => rows.GroupBy(row => row.Invoice).Average(invoice => invoice.Sum(row => row.Amount)) >= 400),
        Each("twenty-days-in-hong-kong", If.Purchases().DaysActive("Asia/Hong_Kong").AtLeast(20), rows => rows.Select(row => row.At.AddHours(8).Date).Distinct().Count() >= 20),
        Each(
            "heart-and-cakestand-no-bag",
            If.All(If.Purchases().Where(Of(Heart)).Count().AtLeast(1), If.Purchases().Where(Of(Cakestand)).Count().AtLeast(1), !If.Purchases().Where(Of(Bag)).Count().AtLeast(1)),
            rows => rows.Any(row => row.Sku == Heart) && rows.Any(row => row.Sku == Cakestand) && rows.All(row => row.Sku != Bag)),
        Each(
            "no-heart-since-bag",
            If.Purchases().Where(Of(Heart)).In(new Window.Since(new EventPattern("purchase") { Where = Of(Bag) }, First: false)).Count().Is(0) & If.Purchases().Where(Of(Bag)).Count().AtLeast(1),
            rows => rows.Any(row => row.Sku == Bag) && !rows.Any(row => row.Sku == Heart && row.At > rows.Where(bag => bag.Sku == Bag).Max(bag => bag.At))),
        Each("regular", If.Purchases().Regularly(2, 4, Duration.FromDays(60)).AtLeast(3), rows => rows.Where(row => Within(row, 240)).GroupBy(row => row.Invoice).GroupBy(invoice => (Now - invoice.First().At).Ticks / TimeSpan.FromDays(60).Ticks).Count(part => part.Count() >= 2) >= 3),
    ];

    private static Condition Of(string sku) => If.Field("line.sku").Is(sku);

    private static bool Within(RetailRow row, int days) => row.At > Now.AddDays(-days) && row.At <= Now;

    private static Instant Utc(int year, int month, int day) => Instant.FromUtc(year, month, day, 0, 0);

    private static RealSegment<RetailRow> Each(string id, Condition where, Func<IGrouping<int, RetailRow>, bool> byHand) => new(id, where, customers => customers.Where(byHand).Select(rows => rows.Key));
}
