using Crm.Customers;
using Crm.Events;
using Crm.Loyalty.Stamps;
using Crm.Privacy.Consents;
using Crm.Tool.Demo;
using NodaTime;

namespace Crm.Tool.Tests.Demo;

/// <summary>What the simulated shop lives through.</summary>
public sealed class Simulating
{
    private static readonly IReadOnlyList<Arrival> Year = new ShopSimulation(1, 300, 365).Arrivals();

    [Fact]
    public void The_same_seed_draws_the_same_life() =>
        Assert.Equal(new ShopSimulation(7, 30, 40).Arrivals(), new ShopSimulation(7, 30, 40).Arrivals());

    [Fact]
    public void Another_seed_draws_another_life() =>
        Assert.NotEqual(new ShopSimulation(7, 30, 40).Arrivals(), new ShopSimulation(8, 30, 40).Arrivals());

    [Fact]
    public void What_a_customer_does_does_not_depend_on_how_many_others_there_are()
    {
        var few = new ShopSimulation(3, 20, 60).Arrivals();
        var many = new ShopSimulation(3, 50, 60).Arrivals().Where(arrival => string.CompareOrdinal(arrival.Event.Identity?.Value, "00020") <= 0);

        Assert.Equal(few, many);
    }

    [Fact]
    public void Events_arrive_in_order_and_never_before_they_occur()
    {
        Assert.Equal(Year.OrderBy(arrival => arrival.At).Select(arrival => arrival.At), Year.Select(arrival => arrival.At));
        Assert.All(Year, arrival => Assert.True(arrival.Event.OccurredAt <= arrival.At));
        Assert.Equal(Year.Count, Year.Select(arrival => arrival.Event.Key).Distinct().Count());
    }

    [Fact]
    public void A_till_without_a_line_sends_hours_later_and_after_later_events_of_the_same_customer()
    {
        var overtaken = Year.GroupBy(arrival => arrival.Event.Identity)
            .Sum(life => life.Zip(life.Skip(1)).Count(pair => pair.First.Event.OccurredAt > pair.Second.Event.OccurredAt));

        Assert.Contains(Year, arrival => arrival.At - arrival.Event.OccurredAt > Duration.FromHours(2));
        Assert.InRange(overtaken, 1, Year.Count / 20);
    }

    [Fact]
    public void Everything_that_the_packages_have_to_bear_happens()
    {
        string[] kinds =
        [
            EventKinds.PurchaseName, EventKinds.RefundName, CustomerEvents.ProfileChanged, CustomerEvents.TagAdded, ConsentEvents.Given, ConsentEvents.Refused, ConsentEvents.Withdrawn,
            StampEvents.UseName, Crm.Loyalty.Redemption.LoyaltyEvents.RedeemName, WebShop.CartUpdatedName, WebShop.CartAbandonedName,
        ];

        Assert.Equal(kinds.Order(StringComparer.Ordinal), Year.Select(arrival => arrival.Event.Kind).Distinct().Order(StringComparer.Ordinal));
        Assert.Contains(Year, arrival => arrival.Event.Profile["birthday"].AsNumber == 229);
        Assert.Contains(Year, arrival => arrival.Event is { Kind: EventKinds.RefundName, Original: null });
        Assert.Contains(Year, arrival => arrival.Event is { Kind: EventKinds.RefundName, Lines.IsEmpty: true });
    }

    [Fact]
    public void The_lines_of_a_purchase_add_up_to_its_spend() => Assert.All(
        Year.Where(arrival => arrival.Event.Kind == EventKinds.PurchaseName),
        arrival => Assert.Equal(arrival.Event.Spend?.MinorUnits, arrival.Event.Lines.Sum(line => line.Amount.MinorUnits)));

    [Fact]
    public void A_year_has_a_sensible_number_of_events_for_each_customer() => Assert.InRange(Year.Count / 300, 25, 60);

    [Fact]
    public void Heavy_customers_buy_many_times_as_often_as_light_ones()
    {
        var purchases = Year.Where(arrival => arrival.Event.Kind == EventKinds.PurchaseName).CountBy(arrival => arrival.Event.Identity?.Value ?? "").Select(pair => pair.Value).Order().ToList();

        Assert.True(purchases[^10] > 5 * purchases[purchases.Count / 2], $"The tenth of the most loyal bought {purchases[^10]} times, the one in the middle {purchases[purchases.Count / 2]} times.");
    }
}
