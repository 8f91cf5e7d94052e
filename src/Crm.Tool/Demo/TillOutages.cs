using NodaTime;

namespace Crm.Tool.Demo;

/// <summary>When a counter's till has no line and sends its receipts hours later.</summary>
internal sealed class TillOutages(long seed)
{
    private const int InTenThousand = 600;
    private static readonly LocalTime From = new(11, 0);
    private static readonly LocalTime Until = new(19, 0);

    /// <summary>When what a till prints reaches the engine.</summary>
    /// <param name="till">The counter.</param>
    /// <param name="printed">When, by the clock on the wall.</param>
    public Instant Sent(string till, LocalDateTime printed)
    {
        var at = ShopSimulation.Zone.AtLeniently(printed).ToInstant();

        // Parts beyond those of customers, one for each day and till.
        var day = (uint)((Period.DaysBetween(ShopSimulation.Opening, printed.Date) * 2) + (till == Shops.Central ? 0 : 1));
        var random = SeededRandom.For(seed, (1UL << 40) | day);
        return printed.TimeOfDay >= From && printed.TimeOfDay < Until && random.Happens(InTenThousand)
            ? ShopSimulation.Zone.AtLeniently(random.Happens(5_000) ? printed.Date.At(new LocalTime(21, 45)) : printed.Date.PlusDays(1).At(new LocalTime(13, 10))).ToInstant()
            : at;
    }
}

/// <summary>Where the shop sells.</summary>
internal static class Shops
{
    public const string Central = "central";
    public const string MongKok = "mong-kok";
    public const string Web = "web";
}
