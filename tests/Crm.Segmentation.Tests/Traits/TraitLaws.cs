using Crm.Conditions;
using Crm.Engine;
using Crm.Events;
using Crm.Modules;
using Crm.Segmentation.Memberships;
using Crm.Segmentation.Segments;
using Crm.Segmentation.Traits;
using Crm.Storage;
using Crm.Testing;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Segmentation.Tests.Traits;

using Outcome = Crm.Modules.Outcome;

/// <summary>Values that are kept of each customer are, at every instant, what the history says.</summary>
public sealed class TraitLaws
{
    private static readonly Trait[] Traits =
    [
        Trait.Score("engagement", new("Engagement", "投入度"), new Scored(If.Purchases().InLast(Duration.FromDays(7)).Count().AtLeast(2), 5), new Scored(If.Events("page-view").InLast(Duration.FromDays(1)).Count().AtLeast(1), 1), new Scored(If.On(IsoDayOfWeek.Monday), -2), new Scored(If.Fact(ScoreModule.Points).AtLeast(2), 0.5m)),
        Trait.Measured("spend-30", new("Spend of 30 days", "30 日消費"), Leaf(If.Purchases().InLast(Duration.FromDays(30)).SumOfSpend(Currency.Hkd).AtLeast(0))),
        Trait.Measured("average-14", new("Average of 14 days", "14 日平均消費"), Leaf(If.Purchases().InLast(Duration.FromDays(14)).Of(Aggregation.Average, new Measured.Spend(Currency.Hkd)).AtLeast(0))),
        Trait.Measured("latest", new("Latest purchase", "最近購買"), Leaf(If.Purchases().Latest(new Measured.At()).Passes(new Test.Known()))),
        Trait.Measured("this-month", new("This month", "本月"), Leaf(If.Purchases().This(CalendarPeriod.Month, "Asia/Hong_Kong").Count().AtLeast(0))),
        Trait.Cycle("cycle", new("Purchase cycle", "購買週期"), new EventPattern(EventKinds.PurchaseName)),
        Trait.Measured("channels-14", new("Channels of 14 days", "14 日渠道"), Leaf(If.Purchases().InLast(Duration.FromDays(14)).Unique("event.channel").Passes(new Test.Known()))),
    ];

    private static readonly Gen<List<CustomerEvent>> Events =
        (from hours in Gen.Choose(1, 24 * 40)
         from ticks in Gen.Choose(-1, 1)
         from visit in Gen.Elements(true, false, false)
         from dollars in Gen.Choose(1, 4)
         select Happened(Club.Opening + Duration.FromHours(hours) + Duration.FromTicks(ticks), visit, dollars)).ListOf(7)
        .Select(list => list.OrderBy(happened => happened.OccurredAt).Select((happened, i) => happened with { Key = EventKey.Parse($"till:{i}") }).ToList());

    [Fact]
    public async Task The_cycle_is_the_mean_time_between_purchases()
    {
        var club = Of(Trait.Cycle("cycle", new("Cycle", "週期"), new EventPattern(EventKinds.PurchaseName), least: 3));
        await club.RecordAsync(Club.Purchase("till:1", Club.Day(0)));
        await club.RecordAsync(Club.Purchase("till:2", Club.Day(4)));
        Assert.Equal(default, (await club.ReadAsync(Club.Day(5))).Fact("trait.cycle"));
        await club.RecordAsync(Club.Purchase("till:3", Club.Day(11)));

        Assert.Equal(5.5m, (await club.ReadAsync(Club.Day(12))).Fact("trait.cycle"));
        await club.RecordAsync(CustomerEvent.Refund("till:4", Club.Amy, "till:3", Money.Hkd(50)) with { OccurredAt = Club.Day(13) });
        Assert.Equal(default, (await club.ReadAsync(Club.Day(13))).Fact("trait.cycle"));
    }

    [Fact]
    public async Task A_segment_of_a_trait_changes_at_the_instant_at_which_time_changes_the_trait()
    {
        var club = new House(
            [new TraitsModule(Trait.Score("engagement", new("Engagement", "投入度"), new Scored(If.Purchases().InLast(Duration.FromDays(7)).Count().AtLeast(1), 5), new Scored(If.Purchases().InLast(Duration.FromDays(30)).Count().AtLeast(1), 3)))],
            null,
            Samples.Of("engaged", If.Fact("trait.engagement").AtLeast(4)));
        await club.RecordAsync(Club.Purchase("till:1", Club.Day(1)));

        Assert.Equal([new Membership(Club.Day(1), Club.Day(8), 1)], (await club.ReadAsync(Club.Day(20))).Slot<SegmentationState>(SegmentNames.Module).MembershipsIn("engaged").WithoutCauses());
        Assert.Equal(3, (await club.ReadAsync(Club.Day(20))).Fact("trait.engagement"));
        Assert.Equal(0, (await club.ReadAsync(Club.Day(31))).Fact("trait.engagement"));
    }

    [Fact]
    public async Task After_definitions_have_changed_all_traits_are_worked_out_with_the_next_event()
    {
        var first = Of(Trait.Score("old", new("Old", "舊"), new Scored(If.Purchases().Count().AtLeast(1), 1)));
        await first.RecordAsync(Club.Purchase("till:1", Club.Day(1)));
        var second = new House([new TraitsModule(Trait.Score("new", new("New", "新"), new Scored(If.Purchases().Count().AtLeast(2), 7)))], first.Store);
        await second.RecordAsync(Club.Purchase("till:2", Club.Day(2)));

        Assert.Equal(["trait.new"], (await second.ReadAsync(Club.Day(3))).Facts.Select(fact => fact.Name).Where(name => name.StartsWith("trait.", StringComparison.Ordinal)));
        Assert.Equal(7, (await second.ReadAsync(Club.Day(3))).Fact("trait.new"));
    }

    [Fact]
    public void All_that_is_wrong_with_traits_is_said_at_once() =>
        Assert.Equal(
            ["twice", "Loud", "cycle: least", "mixed: $.score[0].when.fact", "mixed: $.score[1].when.field", "odd: $.count"],
            Assert.Throws<InvalidTraitsException>(() => new TraitsModule(
                Trait.Score("twice", new("a", "a"), new Scored(If.Fact("a").IsKnown, 1)),
                Trait.Score("twice", new("a", "a"), new Scored(If.Fact("a").IsKnown, 1)),
                Trait.Score("Loud", new("a", "a"), new Scored(If.Fact("a").IsKnown, 1)),
                Trait.Cycle("cycle", new("a", "a"), new EventPattern("purchase"), least: 1),
                Trait.Score("mixed", new("a", "a"), new Scored(If.Fact("trait.twice").IsKnown, 1), new Scored(If.Field("event.channel").Is("web"), 1)),
                Trait.Measured("odd", new("a", "a"), Leaf(If.Events("Purchase").Count().AtLeast(0))))).Errors.Select(error => error.Path).OrderBy(path => Array.FindIndex(Wrong, place => path.StartsWith(place, StringComparison.Ordinal))));

    [Fact]
    public void Traits_are_at_every_instant_what_the_history_says() => Holds(new TraitsModule(Traits));

    [Fact]
    public void The_law_catches_traits_that_change_with_events_alone() => Counterfeits.Caught(() => Holds(new Forgetful(new TraitsModule(Traits))));

    private static readonly string[] Wrong = ["twice", "Loud", "cycle", "mixed: $.score[0]", "mixed: $.score[1]", "odd"];

    private static Condition.EventWindow Leaf(Condition condition) => (Condition.EventWindow)condition;

    private static House Of(params Trait[] traits) => new([new TraitsModule(traits)]);

    private static CustomerEvent Happened(Instant at, bool visit, int dollars) =>
        visit ? new CustomerEvent { Key = EventKey.Parse("web:0"), Kind = "page-view", Identity = Club.Amy, OccurredAt = at } : Club.Purchase("till:0", at, 1_000 * dollars) with { Channel = dollars < 3 ? "web" : "shop" };

    /// <summary>The values by hand, over the events themselves, before and after every instant at which one may change.</summary>
    private static void Holds(ICustomerModule module) => Prop.ForAll(Events.ToArbitrary(), async events =>
    {
        var house = new House([module]);
        var hongKong = DateTimeZoneProviders.Tzdb["Asia/Hong_Kong"];
        var edges = events.SelectMany(happened => new[] { 0, 1, 7, 10, 14, 30 }.Select(days => happened.OccurredAt!.Value + Duration.FromDays(days)))
            .Concat(Enumerable.Range(0, 80).Select(day => Club.Day(day))).Concat(Enumerable.Range(1, 4).Select(month => hongKong.AtStartOfDay(new LocalDate(2026, month, 1)).ToInstant()))
            .SelectMany(at => new[] { at - Duration.FromTicks(1), at }).Where(at => at >= events[0].OccurredAt).Distinct().Order();
        var next = 0;
        foreach (var at in edges)
        {
            for (; next < events.Count && events[next].OccurredAt <= at; next++)
            {
                await house.RecordAsync(events[next]);
            }

            var known = events.Take(next).ToList();
            var bought = known.Where(happened => happened.Kind == EventKinds.PurchaseName).ToList();
            int In(IEnumerable<CustomerEvent> some, int days) => some.Count(happened => happened.OccurredAt > at - Duration.FromDays(days));
            var lately = bought.Where(happened => happened.OccurredAt > at - Duration.FromDays(14)).ToList();
            var fortnight = lately.Select(happened => happened.Spend!.Value.Amount).ToList();
            var month = at.InZone(hongKong).Date;
            Scalar[] expected =
            [
                (In(bought, 7) >= 2 ? 5 : 0) + (In(known.Except(bought), 1) >= 1 ? 1 : 0) - (at.InUtc().DayOfWeek == IsoDayOfWeek.Monday ? 2 : 0) + (In(bought, 10) >= 2 ? 0.5m : 0),
                bought.Where(happened => happened.OccurredAt > at - Duration.FromDays(30)).Sum(happened => happened.Spend!.Value.Amount),
                fortnight.Count == 0 ? default(Scalar) : fortnight.Sum() / fortnight.Count,
                bought.Count == 0 ? default(Scalar) : bought.Max(happened => happened.OccurredAt!.Value),
                bought.Count(happened => happened.OccurredAt!.Value.InZone(hongKong).Date is var day && day.Year == month.Year && day.Month == month.Month),
                bought.Count < 2 ? default(Scalar) : decimal.Round((decimal)(bought[^1].OccurredAt!.Value - bought[0].OccurredAt!.Value).BclCompatibleTicks / (bought.Count - 1) / NodaConstants.TicksPerDay, 6, MidpointRounding.ToEven),
                lately.Count == 0 ? default(Scalar) : Scalar.Of(lately.Select(happened => happened.Channel!)),
            ];
            var view = await house.ReadAsync(at);
            foreach (var (trait, value) in Traits.Zip(expected))
            {
                Assert.True(view.Fact(trait.Fact) == value, $"{trait.Fact} is {view.Fact(trait.Fact)} at {at} where {value} is expected");
            }
        }
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(40));

    /// <summary>An engine with a score, traits and segments.</summary>
    private sealed class House
    {
        public House(IEnumerable<ICustomerModule> modules, InMemoryStore? store = null, params Segment[] segments)
        {
            Store = store ?? new InMemoryStore();
            Engine = new CrmEngine(Store, [new ScoreModule(), .. modules, new SegmentationModule(new SegmentCatalog(segments))], new CrmOptions { Zone = DateTimeZone.Utc }, Clock, new SeededIdSource());
        }

        public InMemoryStore Store { get; }

        public FakeClock Clock { get; } = new(Club.Opening);

        public CrmEngine Engine { get; }

        public async Task RecordAsync(CustomerEvent happened)
        {
            Clock.Set(Instant.Max(Clock.GetCurrentInstant(), happened.OccurredAt ?? Club.Opening));
            await Engine.RecordAsync(happened, TestContext.Current.CancellationToken);
        }

        public async Task<CustomerView> ReadAsync(Instant at)
        {
            Clock.Set(Instant.Max(Clock.GetCurrentInstant(), at));
            return await Engine.ReadAsync(CustomerRef.Of(Club.Amy), TestContext.Current.CancellationToken) ?? throw new InvalidOperationException("Amy is nobody.");
        }
    }

    /// <summary>Puts nothing on the agenda.</summary>
    private sealed class Forgetful(ICustomerModule module) : ICustomerModule
    {
        public ModuleContract Contract => module.Contract;

        public Outcome Handle(object state, ModuleContext context) => module.Handle(state, context) is Outcome.Accepted accepted ? accepted with { Agenda = [] } : Outcome.Nothing;

        public Outcome.Accepted Correct(object stored, object without, object with) => module.Correct(stored, without, with);
    }
}
