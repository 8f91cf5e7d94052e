using Crm.Conditions;
using Crm.Events;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Tests.Memberships;

/// <summary>Segments of all sorts of leaves, named "s0", "s1" and so on in their order, of which some name others.</summary>
internal static class Puzzles
{
    public static IEnumerable<Condition> Segments()
    {
        var hours = new[] { 2, 24, 96 };
        foreach (var window in hours.Select(Duration.FromHours))
        {
            yield return If.Purchases().InLast(window).Count().AtLeast(2);
            yield return If.Purchases().InLast(window).SumOfSpend(Currency.Hkd).MoreThan(150);
            yield return If.Purchases().Where(If.Field("event.channel").Is("web")).InLast(window).Count().Is(0);
            yield return If.Purchases().Stopped(window);
            yield return If.Purchases().InLast(window).Of(Aggregation.Greatest, new Measured.Spend(Currency.Hkd)).AtLeast(120);
        }

        yield return If.Purchases().SumOfSpend(Currency.Hkd).AtLeast(1_000);
        yield return If.Purchases().Of(Aggregation.MostFrequent, "event.channel").Is("web");
        yield return If.Purchases().This(CalendarPeriod.Day, "Asia/Hong_Kong").Count().AtLeast(1);
        yield return If.Purchases().Regularly(1, 4, Duration.FromHours(12)).AtLeast(2);
        yield return If.Purchases().SinceLatest("page-view", Duration.FromHours(20)).Count().AtLeast(1);
        yield return If.Events("page-view").Then(new Step(new EventPattern("purchase")) { Within = Duration.FromHours(6) }).Happened;
        yield return Samples.In("s0") & !Samples.In("s6");
        yield return If.Hours(new LocalTime(22, 0), new LocalTime(6, 0)) | Samples.In("s15");
    }
}

/// <summary>Segments of what the calendar says, in zones whose clocks change, and of windows and steps that hang on other events; named after those of <see cref="Puzzles"/>.</summary>
internal static class CalendarPuzzles
{
    private const string NewYork = "America/New_York";

    /// <summary>The calendars that they name.</summary>
    public static DayCalendars Calendars { get; } = new(new LunarDay("lunar-new-year", 1, 1), new LunarDay("last-of-the-year", 12, 29));

    /// <summary>A day or two before something that the segments ask for begins: the year, the Lunar New Year, and the nights in which clocks go forward and back in New York.</summary>
    public static Instant[] Starts { get; } = [Instant.FromUtc(2026, 1, 1, 0, 0), Instant.FromUtc(2026, 2, 14, 0, 0), Instant.FromUtc(2026, 3, 7, 0, 0), Instant.FromUtc(2026, 10, 31, 0, 0)];

    public static IEnumerable<Condition> Segments()
    {
        yield return If.Purchases().This(CalendarPeriod.Day, NewYork).Count().AtLeast(2);
        yield return If.Purchases().LastWhole(CalendarPeriod.Day, NewYork).SumOfSpend(Currency.Hkd).MoreThan(100);
        yield return If.Purchases().This(CalendarPeriod.Week, NewYork).Count().LessThan(4);
        yield return If.Hours(new LocalTime(1, 30), new LocalTime(3, 30)).In(NewYork) & If.Purchases().InLast(Duration.FromHours(36)).Count().AtLeast(1);
        yield return If.On(IsoDayOfWeek.Sunday).In(NewYork) | Samples.In("s0");
        yield return If.Annually(new AnnualDate(3, 8), new AnnualDate(11, 1)).In(NewYork) & If.Purchases().Count().AtLeast(2);
        yield return If.OnDayOf("lunar-new-year").In("Asia/Hong_Kong") | If.OnDayOf("last-of-the-year").In("Asia/Hong_Kong") | Samples.In("s3");
        yield return If.Purchases().SinceFirst("page-view", Duration.FromHours(48)).Count().AtLeast(2);
        yield return If.Purchases().SinceFirst("page-view").SumOfSpend(Currency.Hkd).AtLeast(500);
        yield return If.Events("page-view").Then(new Step(new EventPattern("purchase")) { Within = Duration.FromHours(48), Without = new EventPattern("page-view") }).Happened;
        yield return If.Purchases().Latest(new Measured.At()).FromNow(Comparison.LessThan, -Duration.FromHours(36));
        yield return If.Purchases().First(new Measured.Day(NewYork)).FromToday(Comparison.AtMost, Period.FromDays(-2), NewYork);
    }
}

/// <summary>A linear congruence: the high bits are random enough.</summary>
internal sealed class Luck(ulong state)
{
    private ulong state = state;

    public int Below(int end)
    {
        state = unchecked((state * 6364136223846793005) + 1442695040888963407);
        return (int)((state >> 33) % (ulong)end);
    }
}
