using Crm.Conditions;
using Crm.Events;
using Crm.Segmentation.Linting;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Tests.Linting;

/// <summary>How versions differ in meaning, and whom it concerns.</summary>
public sealed class DiffScenarios
{
    private static readonly Condition ThreeInAQuarter = If.Purchases().InLast(Duration.FromDays(90)).Count().AtLeast(3);

    [Fact]
    public void Each_part_that_changed_is_said_in_words()
    {
        var diff = SegmentDiff.Of(
            If.All(ThreeInAQuarter, If.Fact("loyalty.tier").Is("gold"), If.Purchases().SumOfSpend(Currency.Hkd).AtLeast(1_000), !If.Field("customer.region").Is("MO"), If.Fact("test.score").AtLeast(2)),
            If.All(If.Fact("test.score").AtLeast(2), If.Purchases().InLast(Duration.FromDays(90)).Count().AtLeast(2), If.Fact("loyalty.tier").OneOf("gold", "silver"), If.Purchases().InLast(Duration.FromDays(365)).SumOfSpend(Currency.Hkd).AtLeast(1_000), If.Field("customer.language").Is("en")));

        Assert.Equal(
            [
                "Loosened: at least 3 purchases in the last 90 days → at least 2 purchases in the last 90 days.",
                "Loosened: loyalty.tier is gold → loyalty.tier is gold or silver.",
                "Tightened: at least 1000 HKD spent in purchases so far → at least 1000 HKD spent in purchases in the last 365 days.",
                "Removed: the customer's region is not MO or is unknown.",
                "Added: the customer's language is en.",
            ],
            diff.Leaves.Select(leaf => leaf.Sentence.English));
        Assert.StartsWith("放寬：", diff.Leaves[0].Sentence.Chinese, StringComparison.Ordinal);
        Assert.True(diff.SomeMayEnter && diff.SomeMayLeave);
    }

    [Fact]
    public void Order_nesting_and_spelling_are_no_difference()
    {
        var gold = If.Fact("loyalty.tier").Is("gold");
        var diff = SegmentDiff.Of(ThreeInAQuarter & gold, If.All(If.All(gold), !!ThreeInAQuarter));

        Assert.Empty(diff.Leaves);
        Assert.False(diff.SomeMayEnter || diff.SomeMayLeave);
        Assert.Empty(SegmentDiff.Of(If.Purchases().Count().MoreThan(2), If.Purchases().Count().AtLeast(3)).Leaves);
    }

    [Fact]
    public void A_time_that_moves_with_now_is_loosened_or_tightened_where_only_one_side_is_possible()
    {
        var joined = If.Field("customer.joined").WhenMissing(false);
        var latest = If.Purchases().Latest(new Measured.At()).WhenMissing(false);
        Assert.Equal([LeafChange.Tightened], Changes(Before(-30), Before(-60)));
        Assert.Equal([LeafChange.Loosened], Changes(Before(-60), Before(-30)));
        Assert.Equal([LeafChange.Loosened], Changes(!Before(-30), !Before(-60)));
        Assert.Equal([LeafChange.Tightened], Changes(latest.FromNow(Comparison.LessThan, -Duration.FromDays(60)), latest.FromNow(Comparison.LessThan, -Duration.FromDays(90))));
        Assert.Equal([LeafChange.Loosened], Changes(Before(-30), joined.FromToday(Comparison.AtMost, Period.FromDays(-30), "UTC")));
        Assert.Equal([LeafChange.Moved], Changes(Before(-30), joined.FromToday(Comparison.LessThan, Period.FromDays(-60), "Asia/Hong_Kong")));
        Assert.Equal([LeafChange.Moved], Changes(Before(-30), joined.FromToday(Comparison.LessThan, Period.FromMonths(-1), "UTC")));
        Assert.Equal([LeafChange.Moved], Changes(Before(-30), joined.WhenMissing(true).FromToday(Comparison.LessThan, Period.FromDays(-60), "UTC")));
        Assert.False(SegmentDiff.Of(Before(-30), Before(-60)).SomeMayEnter);

        Condition Before(int days) => joined.FromToday(Comparison.LessThan, Period.FromDays(days), "UTC");

        static IEnumerable<LeafChange> Changes(Condition before, Condition after) => SegmentDiff.Of(before, after).Leaves.Select(leaf => leaf.Change);
    }

    [Fact]
    public void Parts_that_are_put_together_otherwise_are_named()
    {
        var (gold, hk, two) = (If.Fact("loyalty.tier").Is("gold"), If.Field("customer.region").Is("HK"), If.Purchases().InLast(Duration.FromDays(90)).Count().AtLeast(2));

        Assert.Equal(
            ["Regrouped: loyalty.tier is gold and at least 3 purchases in the last 90 days → loyalty.tier is gold or at least 3 purchases in the last 90 days."],
            SegmentDiff.Of(gold & ThreeInAQuarter, gold | ThreeInAQuarter).Leaves.Select(leaf => leaf.Sentence.English));
        Assert.Equal([LeafChange.Loosened, LeafChange.Regrouped], SegmentDiff.Of(If.All(gold, hk, ThreeInAQuarter), If.All(gold, If.Any(hk, two))).Leaves.Select(leaf => leaf.Change));
        Assert.Equal([LeafChange.Added], SegmentDiff.Of(gold & ThreeInAQuarter, If.All(hk, If.All(ThreeInAQuarter, gold))).Leaves.Select(leaf => leaf.Change));
        Assert.StartsWith("重組：", SegmentDiff.Of(gold & hk, gold | hk).Leaves[0].Sentence.Chinese, StringComparison.Ordinal);
    }

    [Fact]
    public void A_score_is_compared_with_the_one_that_has_parts_in_common()
    {
        var (gold, hk, en) = (If.Fact("loyalty.tier").Is("gold"), If.Field("customer.region").Is("HK"), If.Field("customer.language").Is("en"));
        var (one, other) = (If.Score(new Test.AtLeast(3), new Scored(gold, 1), new Scored(hk, 2)), If.Score(new Test.AtLeast(1), new Scored(en, 1)));

        var (lower, moreFor, another) = (If.Score(new Test.AtLeast(2), new Scored(gold, 1), new Scored(hk, 2)), If.Score(new Test.AtLeast(3), new Scored(gold, 3), new Scored(hk, 2)), If.Score(new Test.AtLeast(2), new Scored(en, 2), new Scored(gold, 1), new Scored(hk, -2)));

        Assert.Equal([(LeafChange.Loosened, (Condition?)one, (Condition?)lower)], SegmentDiff.Of(one & other, other & lower).Leaves.Select(leaf => (leaf.Change, leaf.Before, leaf.After)));
        Assert.Equal([LeafChange.Loosened], SegmentDiff.Of(one, moreFor).Leaves.Select(leaf => leaf.Change));
        Assert.Equal([LeafChange.Moved], SegmentDiff.Of(one, another).Leaves.Select(leaf => leaf.Change));
        Assert.Equal([LeafChange.Removed, LeafChange.Added], SegmentDiff.Of(one, other).Leaves.Select(leaf => leaf.Change));
    }

    [Fact]
    public async Task A_day_in_another_zone_is_another_day_and_lets_in_whose_day_it_is()
    {
        var club = new Club();
        await club.RecordAsync(Club.Purchase("till:1", Club.Day(0)) with { Profile = Fields.Of(("zone", "America/New_York")) });

        // Sunday, 4 January 2026 in Hong Kong is still Saturday in New York.
        var saturday = If.On(IsoDayOfWeek.Saturday);
        club.Clock.Set(Instant.FromUtc(2026, 1, 4, 0, 0));
        var diff = SegmentDiff.Of(saturday.In("Asia/Hong_Kong"), saturday.In(new CalendarZone.Customer("customer.zone", "Asia/Hong_Kong")));

        Assert.True(diff.SomeMayEnter && diff.SomeMayLeave);
        Assert.Single((await diff.CustomersAsync(club.Engine, TestContext.Current.CancellationToken)).Entering);
    }

    [Fact]
    public async Task The_customers_who_change_side_are_named()
    {
        var club = new Club(Samples.Regulars);
        foreach (var (customer, purchases) in new[] { ("amy", 3), ("ben", 2), ("cat", 1) })
        {
            for (var i = 0; i < purchases; i++)
            {
                await club.RecordAsync(CustomerEvent.Purchase($"{customer}:{i}", Identity.User(customer), Money.Hkd(customer == "amy" ? 1 : 100)) with { OccurredAt = Club.Day(i) });
            }
        }

        var diff = SegmentDiff.Of(Samples.Regulars, Samples.Regulars with { Where = If.Purchases().InLast(Duration.FromDays(90)).Count().AtLeast(2) & If.Purchases().SumOfSpend(Currency.Hkd).AtLeast(100) });
        var sides = await diff.CustomersAsync(club.Engine, TestContext.Current.CancellationToken);

        Assert.Equal(await IdAsync("ben"), Assert.Single(sides.Entering));
        Assert.Equal(await IdAsync("amy"), Assert.Single(sides.Leaving));

        async Task<CustomerId?> IdAsync(string name) => (await club.Engine.ReadAsync(Storage.CustomerRef.Of(Identity.User(name)), TestContext.Current.CancellationToken))?.Customer;
    }
}
