using Crm.Conditions;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Tests.RealSales;

/// <summary>A segment, and which customers are in it by LINQ over the lines of the raw file.</summary>
public sealed record RealSegment<TRow>(string Id, Condition Where, Func<ILookup<int, TRow>, IEnumerable<int>> ByHand);

/// <summary>Segments of CDNOW as of 1 July 1998, each said twice: as a condition, and by hand.</summary>
public static class CdnowSegments
{
    public static readonly DateTime Now = new(1998, 7, 1);
    private static readonly Currency Dollar = RawFiles.Dollar;

    /// <summary>Whose line is drawn through everybody: the hundred top spenders of January 1998.</summary>
    public static readonly Condition.EventWindow SpendOfJanuary = (Condition.EventWindow)If.Purchases().In(new Window.Between(Utc(1998, 1, 1), Utc(1998, 2, 1))).SumOfSpend(Dollar).AtLeast(0);

    public const int Top = 100;

    public static IReadOnlyList<RealSegment<CdRow>> All(Condition topOfJanuary) =>
    [
        new("top-of-january", topOfJanuary, customers => customers
            .Select(rows => (rows.Key, Spent: rows.Where(row => row.Day.Year == 1998 && row.Day.Month == 1).Sum(row => row.Dollars))).ToList() is var spent
            && spent.OrderByDescending(one => one.Spent).ElementAt(Top - 1).Spent is var line ? spent.Where(one => one.Spent >= line).Select(one => one.Key) : []),
        Each("three-in-90-days", If.Purchases().InLast(Duration.FromDays(90)).Count().AtLeast(3), rows => rows.Count(row => Within(row, 90)) >= 3),
        Each(
            "silent-after-regular",
            If.Purchases().InLast(Duration.FromDays(240), Duration.FromDays(60)).Count().AtLeast(3) & If.Purchases().InLast(Duration.FromDays(60)).Count().Is(0),
            rows => rows.Count(row => Within(row, 240) && !Within(row, 60)) >= 3 && !rows.Any(row => Within(row, 60))),
        Each("regular", If.Purchases().Regularly(1, 6, Duration.FromDays(30)).AtLeast(4), rows => rows.Where(row => Within(row, 180)).Select(row => (int)((Now - row.Day).TotalDays / 30)).Distinct().Count() >= 4),
        Each("stopped", If.Purchases().Stopped(Duration.FromDays(180)), rows => rows.Max(row => row.Day) <= Now.AddDays(-180)),
        Each(
            "resumed",
            If.Purchases().Resumed(Duration.FromDays(30), Duration.FromDays(90)),
            rows => rows.Any(row => Within(row, 30)) && !rows.Any(row => Within(row, 120) && !Within(row, 30)) && rows.Any(row => !Within(row, 120))),
        Each("began-late", If.Purchases().FirstTimeInLast(Duration.FromDays(475)), rows => rows.Min(row => row.Day) > Now.AddDays(-475)),
        Each(
            "february-and-again",
            If.Purchases().First(new Measured.At()).AtLeast(Utc(1997, 2, 1)) & If.Purchases().First(new Measured.At()).LessThan(Utc(1997, 3, 1)) & If.Purchases().SinceFirst("purchase", Duration.FromDays(30)).Count().AtLeast(1),
            rows => rows.Min(row => row.Day) is { Year: 1997, Month: 2 } first && rows.Any(row => row.Day > first && row.Day <= first.AddDays(30))),
        Each("spent-500", If.Purchases().SumOfSpend(Dollar).AtLeast(500), rows => rows.Sum(row => row.Dollars) >= 500),
        Each("once", If.Purchases().Count().Is(1), rows => rows.Count() == 1),
        Each("average-50", If.Purchases().Of(Aggregation.Average, new Measured.Spend(Dollar)).AtLeast(50), rows => rows.Average(row => row.Dollars) >= 50),
        Each("once-200", If.Purchases().Of(Aggregation.Greatest, new Measured.Spend(Dollar)).AtLeast(200), rows => rows.Max(row => row.Dollars) >= 200),
        Each("never-below-20", If.Purchases().Of(Aggregation.Least, new Measured.Spend(Dollar)).AtLeast(20), rows => rows.Min(row => row.Dollars) >= 20),
        Each("ten-days", If.Purchases().DaysActive("UTC").AtLeast(10), rows => rows.Select(row => row.Day).Distinct().Count() >= 10),
        Each("fifty-discs", If.Purchases().SumOfQuantity().AtLeast(50), rows => rows.Sum(row => row.Cds) >= 50),
        Each("two-at-christmas", If.Purchases().In(new Window.Between(Utc(1997, 12, 1), Utc(1998, 1, 1))).Count().AtLeast(2), rows => rows.Count(row => row.Day is { Year: 1997, Month: 12 }) >= 2),
        Each("last-quarter", If.Purchases().LastWhole(CalendarPeriod.Quarter, "UTC").SumOfSpend(Dollar).AtLeast(100), rows => rows.Where(row => row.Day.Year == 1998 && row.Day.Month is >= 4 and <= 6).Sum(row => row.Dollars) >= 100),
        Each(
            "two-of-three",
            If.AtLeast(2, If.Purchases().SumOfSpend(Dollar).MoreThan(100), If.Purchases().Count().MoreThan(4), If.Purchases().InLast(Duration.FromDays(100)).Count().AtLeast(1)),
            rows => new[] { rows.Sum(row => row.Dollars) > 100, rows.Count() > 4, rows.Any(row => Within(row, 100)) }.Count(holds => holds) >= 2),
        Each(
            "again-within-a-week",
            If.Purchases().Then(new Step(new EventPattern("purchase")) { Within = Duration.FromDays(7) }).Times().AtLeast(2),
            rows => rows.Where(row => rows.Any(other => other.Day < row.Day && other.Day >= row.Day.AddDays(-7))).Select(row => row.Day).Distinct().Count() >= 2),
        Each(
            "bought-and-fell-silent-300",
            If.Purchases().ThenNo(new EventPattern("purchase"), Duration.FromDays(300)).AtLeast(1),
            rows => rows.Any(row => row.Day.AddDays(300) <= Now && !rows.Any(other => other.Day > row.Day && other.Day <= row.Day.AddDays(300)))),
        Each("two-large", If.Purchases().Where(If.Field("event.spend").AtLeast(100)).Count().AtLeast(2), rows => rows.Count(row => row.Dollars >= 100) >= 2),
        Each(
            "small-or-old-not-both",
            (If.Purchases().SumOfSpend(Dollar).LessThan(30) | If.Purchases().InLast(Duration.FromDays(365)).Count().Is(0)) & !(If.Purchases().SumOfSpend(Dollar).LessThan(30) & If.Purchases().InLast(Duration.FromDays(365)).Count().Is(0)),
            rows => rows.Sum(row => row.Dollars) < 30 != !rows.Any(row => Within(row, 365))),
    ];

    private static bool Within(CdRow row, int days) => row.Day > Now.AddDays(-days) && row.Day <= Now;

    private static Instant Utc(int year, int month, int day) => Instant.FromUtc(year, month, day, 0, 0);

    private static RealSegment<CdRow> Each(string id, Condition where, Func<IGrouping<int, CdRow>, bool> byHand) => new(id, where, customers => customers.Where(byHand).Select(rows => rows.Key));
}
