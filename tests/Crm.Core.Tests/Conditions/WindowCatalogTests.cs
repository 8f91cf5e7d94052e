using Crm.Conditions;
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
