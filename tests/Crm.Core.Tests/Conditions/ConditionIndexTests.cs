using Crm.Conditions;
using Crm.Events;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Core.Tests.Conditions;

/// <summary>An index may ask too many conditions, never too few.</summary>
public sealed class ConditionIndexTests
{
    [Fact]
    public void A_condition_that_an_event_does_not_touch_answers_the_same_with_and_without_it() =>
        Untouched((conditions, happened) => new ConditionIndex(conditions).TouchedByEvent(happened).ToArray());

    [Fact]
    public void The_law_catches_an_index_that_forgets_events_at_hand() =>
        Counterfeits.Caught(() => Untouched((conditions, happened) => Places(conditions, leaf => leaf is Condition.EventWindow window && window.Kind == happened.Kind)));

    [Fact]
    public void The_law_catches_an_index_that_forgets_measures() =>
        Counterfeits.Caught(() => Untouched((conditions, happened) => Places(conditions, leaf => leaf is Condition.Field)));

    [Fact]
    public void A_changed_fact_touches_the_conditions_that_ask_for_it()
    {
        var index = new ConditionIndex([If.Fact("loyalty.tier").Is("gold"), If.Purchases().Count().Is(1), !If.Fact("loyalty.points").AtLeast(5) & If.Fact("loyalty.tier").IsKnown]);

        Assert.Equal([0, 2], index.TouchedByFact("loyalty.tier").ToArray());
        Assert.Equal([2], index.TouchedByFact("loyalty.points").ToArray());
        Assert.Empty(index.TouchedByFact("loyalty.lots").ToArray());
    }

    [Fact]
    public void Kind_and_required_values_of_fields_keep_conditions_from_being_asked()
    {
        Condition[] conditions =
        [
            If.Purchases().Count().AtLeast(1), // 0
            If.Events("visit").Count().AtLeast(1), // 1
            If.Purchases().Where(If.Field("event.channel").Is("web")).Count().AtLeast(1), // 2
            If.Field("event.kind").Is("purchase") & If.Field("event.channel").OneOf("app", "shop") & If.Purchases().Count().Is(1), // 3
            If.Field("event.channel").IsNot("web"), // 4: may hold for any other channel, and for none
            If.Fact("loyalty.tier").Is("gold") & If.On(IsoDayOfWeek.Monday), // 5: no event changes it by itself
            If.Field("customer.region").Is("HK"), // 6: the profile may have changed with the event
            If.Field("event.spend").AtLeast(100) & If.Field("event.kind").Is("visit"), // 7
        ];
        var index = new ConditionIndex(conditions);

        Assert.Equal([0, 3, 4, 6], Touched("purchase", "shop"));
        Assert.Equal([0, 2, 4, 6], Touched("purchase", "web"));
        Assert.Equal([1, 4, 6, 7], Touched("visit", null));
        Assert.Equal([4, 6], Touched("message.sent", null));

        int[] Touched(string kind, string? channel) => index.TouchedByEvent(new CustomerEvent { Key = new EventKey("pos", "1"), Kind = kind, Channel = channel }).ToArray();
    }

    [Fact]
    public void An_index_of_many_names_those_that_an_index_of_each_alone_names() =>
        Prop.ForAll(
            (from some in Gen.ListOf(Arbitrary.Conditions).Resize(12)
             from channels in Gen.ListOf(Gen.Elements("web", "shop", "app", "fair")).Resize(24)
             from history in Arbitrary.Histories
             from own in Gen.Elements("web", "app", "nowhere", null)
             where history.Count > 0
             select (some, channels, happened: history[^1].Event with { Channel = own })).ToArbitrary(),
            sample =>
            {
                List<Condition> conditions = [.. sample.some, .. sample.channels.Select((channel, i) => If.Purchases().Where(If.Field("event.channel").Is(channel)).Count().AtLeast(i)), .. sample.channels.Select(channel => If.Field("event.channel").OneOf(channel, "web"))];
                var alone = conditions.Index().Where(one => new ConditionIndex([one.Item]).TouchedByEvent(sample.happened).ToArray().Length > 0).Select(one => one.Index);

                Assert.Equal(alone, new ConditionIndex(conditions).TouchedByEvent(sample.happened).ToArray());
            }).Check(Config.QuickThrowOnFailure.WithMaxTest(200));

    [Fact]
    public void Looking_up_allocates_nothing()
    {
        var index = new ConditionIndex(Enumerable.Range(0, 20).Select(i => If.Purchases().Where(If.Field("event.channel").Is(i % 2 == 0 ? "web" : "shop")).Count().AtLeast(i)));
        var happened = CustomerEvent.Purchase("pos:1", Identity.User(1), Money.Hkd(1)) with { Channel = "web" };
        Assert.Equal(10, Count());

        var before = GC.GetAllocatedBytesForCurrentThread();
        Count();

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());

        int Count()
        {
            var count = 0;
            foreach (var _ in index.TouchedByEvent(happened))
            {
                count++;
            }

            return count;
        }
    }

    private static void Untouched(Func<List<Condition>, CustomerEvent, int[]> touched) =>
        Prop.ForAll((from conditions in Gen.ListOf(Arbitrary.Conditions).Resize(6) from history in Arbitrary.Histories where history.Count > 0 select (conditions: conditions.ToList(), history)).ToArbitrary(), sample =>
        {
            var (happened, _) = sample.history[^1];
            var now = sample.history.Max(one => one.At);
            var moment = new Moment(now, DateTimeZone.Utc);
            var without = new TestEvidence(moment) { History = sample.history[..^1] };
            var with = without with { History = [.. sample.history[..^1], (happened, now)], Event = happened };
            var untouched = Enumerable.Range(0, sample.conditions.Count).Except(touched(sample.conditions, happened));

            Assert.All(untouched, place => Assert.Equal(Evaluator.Evaluate(sample.conditions[place], without).Value, Evaluator.Evaluate(sample.conditions[place], with).Value));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));

    private static int[] Places(List<Condition> conditions, Func<Condition, bool> touches) =>
        [.. conditions.Index().Where(one => one.Item.Leaves().Any(touches)).Select(one => one.Index)];
}
