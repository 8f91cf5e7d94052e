using Crm.Conditions;
using Crm.Events;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Core.Tests.Conditions;

/// <summary>What the kernel observes on behalf of all conditions.</summary>
public sealed class WindowCatalogTests
{
    private static readonly Condition ThreeWebOrders = If.Purchases().Where(If.Field("event.channel").Is("web")).InLast(Duration.FromDays(90)).Count().AtLeast(3);
    private static readonly Condition NoWebOrders = If.Purchases().Where(If.All(If.Field("event.channel").Is("web"))).InLast(Duration.FromHours(90 * 24)).Count().Is(0);
    private static readonly Condition Spend = If.Purchases().SumOfSpend(Currency.Hkd).AtLeast(1000);
    private static readonly Condition Visits = If.Events("visit").InLast(Duration.FromDays(7)).Count().AtLeast(1);

    [Fact]
    public void Leaves_that_differ_only_in_their_test_or_spelling_are_counted_once()
    {
        var catalog = new WindowCatalog([ThreeWebOrders & !Spend, If.Any(NoWebOrders, Visits)]);

        Assert.Equal(3, catalog.Leaves.Length);
        Assert.Equal(catalog.IndexOf(Leaf(ThreeWebOrders)), catalog.IndexOf(Leaf(NoWebOrders)));
        Assert.Equal(catalog.IndexOf(Leaf(Spend)), catalog.IndexOf(Leaf(If.Purchases().SumOfSpend(Currency.Hkd).LessThan(5))));
        Assert.Equal(catalog.IndexOf(Leaf(ThreeWebOrders)), catalog.IndexOf(Leaf(If.Purchases().Where(If.Field("event.channel").OneOf("web")).InLast(Duration.FromDays(90)).Count().Is(1))));
        Assert.Equal([catalog.IndexOf(Leaf(Visits))], catalog.TouchedBy("visit").ToArray());
        Assert.Equal(2, catalog.TouchedBy("purchase").Length);
        Assert.Empty(catalog.TouchedBy("message.sent").ToArray());
    }

    [Fact]
    public void A_key_never_changes_because_stored_slots_have_it() => // SHA-256 of {"count":"purchase","where":…,"window":{"last":"P90D"},"is":{"known":true}}
        Assert.Equal([0xb48342bef634cf32UL], new WindowCatalog([ThreeWebOrders]).Leaves.ToArray().Select(leaf => leaf.Key));

    [Fact]
    public void An_event_reaches_every_measure_that_counts_it_however_many_ask_for_values_of_one_field()
    {
        var conditions = Enumerable.Range(0, 20).Select(i => If.Purchases().Where(If.Field("event.channel").Is($"c{i}")).InLast(Duration.FromDays(2)).Count().AtLeast(1))
            .Concat([Spend, ThreeWebOrders, If.Events("visit").Where(If.Field("event.channel").OneOf("c1", "c2")).Count().AtLeast(1), If.Purchases().Where(If.Field("event.channel").WhenMissing(true).Is("c3")).Count().AtLeast(1)])
            .ToList();
        var catalog = new WindowCatalog(conditions);
        var observed = Observed.Empty(catalog);
        var history = new List<(CustomerEvent Event, Instant At)>();
        for (var i = 0; i < 60; i++)
        {
            var at = Instant.FromUtc(2026, 1, 1, 0, 0) + Duration.FromHours(i);
            var happened = (i % 3 == 0 ? new CustomerEvent { Key = new EventKey("web", $"{i}"), Kind = "visit" } : CustomerEvent.Purchase($"pos:{i}", Identity.User(1), Money.Hkd(40)))
                with { Channel = (i % 7) switch { 0 => null, 1 => "web", var other => $"c{other * (i % 4)}" }, OccurredAt = at };
            history.Add((happened, at));
            observed.Add(happened, at);
            foreach (var leaf in conditions)
            {
                Assert.Equal(HistoryWindows.Evaluate(Leaf(leaf), history, at), observed.Answer(Leaf(leaf), at));
            }
        }
    }

    [Fact]
    public void A_leaf_in_no_contract_is_refused_by_name()
    {
        var error = Assert.Throws<InvalidOperationException>(() => new WindowCatalog([Spend]).IndexOf(Leaf(Visits)));

        Assert.Equal(
            """No module's contract has a condition with {"count":"visit","window":{"last":"P7D"},"is":{"gte":1}}, so it was not observed. List the condition in ModuleContract.Conditions.""",
            error.Message);
    }

    [Fact]
    public void Tests_of_profile_fields_are_listed_once_and_others_not()
    {
        var region = (Condition.Field)If.Field("customer.region").Is("HK");
        var catalog = new WindowCatalog([region, If.Not(If.Field("customer.region").Is("HK")), If.Field("event.channel").Is("web"), If.Field("customer.region").WhenMissing(true).Is("HK")]);

        Assert.Equal(2, catalog.ProfileLeaves.Length);
        Assert.Equal(region, catalog.ProfileLeaves[catalog.IndexOf(region)].Leaf);
        Assert.Throws<InvalidOperationException>(() => catalog.IndexOf((Condition.Field)If.Field("customer.age").AtLeast(18)));
    }

    private static Condition.EventWindow Leaf(Condition condition) => (Condition.EventWindow)condition;
}
