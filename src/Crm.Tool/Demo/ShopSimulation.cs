using NodaTime;

namespace Crm.Tool.Demo;

/// <summary>
/// A tea shop in Hong Kong with two counters and a web shop: its customers, and all that they do in so many days. Pure: the same seed, customers and days give the same events, whatever the
/// machine and the calendar of the day. The more customers or days, the more events; those of a customer do not depend on how many others there are.
/// </summary>
/// <param name="seed">Draws everything.</param>
/// <param name="customers">How many members the shop wins in the time.</param>
/// <param name="days">How many days.</param>
internal sealed class ShopSimulation(long seed, int customers, int days)
{
    /// <summary>The zone of the shop's days.</summary>
    public static DateTimeZone Zone { get; } = DateTimeZoneProviders.Tzdb["Asia/Hong_Kong"];

    /// <summary>The first day.</summary>
    public static LocalDate Opening { get; } = new(2026, 1, 1);

    /// <summary>Midnight before the first day.</summary>
    public static Instant Start { get; } = Zone.AtStartOfDay(Opening).ToInstant();

    /// <summary>Midnight after the last day.</summary>
    public Instant End => Zone.AtStartOfDay(Opening.PlusDays(days)).ToInstant();

    /// <summary>Everything that arrives until the end, in the order of arrival. What a till sends only after the end is not in it.</summary>
    public IReadOnlyList<Arrival> Arrivals()
    {
        var outages = new TillOutages(seed);
        return
        [
            .. Enumerable.Range(1, customers)
                .SelectMany(number => new SimulatedCustomer(number, seed, days, outages).Life())
                .Where(arrival => arrival.At < End)
                .OrderBy(arrival => arrival.At).ThenBy(arrival => arrival.Event.Key),
        ];
    }
}
