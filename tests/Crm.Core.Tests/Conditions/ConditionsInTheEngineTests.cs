using Crm.Conditions;
using Crm.Core.Tests.Engine;
using Crm.Events;
using Crm.Values;
using NodaTime;

namespace Crm.Core.Tests.Conditions;

/// <summary>What modules ask through the engine means what the evaluator says.</summary>
public sealed class ConditionsInTheEngineTests
{
    [Theory]
    [InlineData("web", true)]
    [InlineData("shop", false)]
    public async Task A_module_sees_the_fields_and_the_window_of_the_event_at_hand(string channel, bool holds)
    {
        var shop = new Shop(new WatchModule(
            If.Field("event.channel").Is("web"),
            If.Field("event.spend").AtLeast(52.5m) & If.Field("event.kind").Is("purchase"),
            If.Field("lookup.weather").Is("rain"),
            If.Purchases().Where(If.Field("event.channel").Is("web")).InLast(Duration.FromDays(1)).Count().Is(1)));

        await shop.RecordAsync(CustomerEvent.Purchase("pos:1", Shop.Amy, Money.Hkd(52.50m)) with { Channel = channel, OccurredAt = Shop.Opening, Lookups = Fields.Of(("weather", "rain")) });

        var view = await shop.ReadAsync();
        Assert.Equal([holds, true, true, holds], Enumerable.Range(0, 4).Select(place => view.Fact($"watch.{place}").AsFlag));
    }

    [Fact]
    public void An_engine_does_not_start_with_wrong_conditions()
    {
        var error = Assert.Throws<ArgumentException>(() => new Shop(new WatchModule(If.Events("page-vew").Count().AtLeast(1), If.On() & If.Field("region").Is("HK"))));

        Assert.Contains("In condition 1 of the module 'watch', at $.count: No event kind is named 'page-vew'. Did you mean 'page-view'?", error.Message, StringComparison.Ordinal);
        Assert.Contains("In condition 2 of the module 'watch', at $.all[0].on: There is no day of the week", error.Message, StringComparison.Ordinal);
        Assert.Contains("In condition 2 of the module 'watch', at $.all[1].field: 'region' is not the name of a field", error.Message, StringComparison.Ordinal);
    }
}
