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
