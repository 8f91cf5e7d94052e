using Crm.Conditions;
using Crm.Events;
using Crm.Modules;
using Crm.Segmentation.Columns;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Segmentation.Tests;

using History = List<(CustomerEvent Event, Instant At)>;

/// <summary>A scan of columns selects those of whom the evaluator says so, at every instant, boundaries included.</summary>
public sealed class ColumnLaws
{
    private const string Zone = "America/New_York";
    private static readonly Instant Start = Instant.FromUtc(2026, 3, 1, 0, 0);
    private static readonly Duration Tick = Duration.FromTicks(1);

    private static readonly Gen<Instant> Instants = from hours in Gen.Choose(0, 12) from ticks in Gen.Choose(-1, 1) select Start + Duration.FromHours(hours) + (Tick * ticks);

    private static readonly Gen<(CustomerEvent Event, Instant At)> Happenings =
        from at in Instants
        from kind in Gen.Elements("purchase", "purchase", "visit")
        from channel in Gen.Elements("web", "shop", null)
        from dollars in Gen.Choose(0, 4)
        from currency in Gen.Elements(Currency.Hkd, Currency.Hkd, Currency.Of("USD"))
        select (new CustomerEvent { Key = new EventKey("pos", "1"), Kind = kind, Channel = channel, Spend = dollars == 4 ? null : new Money(50 * dollars, currency) }, at);

    private static readonly Gen<Fact> Facts =
        from name in Gen.Elements("test.points", "test.tier", "test.vip", "test.seen")
        from number in Gen.Choose(-1, 8)
        from until in Gen.Choose(0, 14)
        select new Fact(name, name switch { "test.points" => number / 2m, "test.tier" => number % 2 == 0 ? "gold" : "silver", "test.vip" => number % 2 == 0, _ => Start + Duration.FromHours(number) }, until > 12 ? null : Start + Duration.FromHours(until));

    private static readonly Gen<Test> Numbers =
        from value in Gen.Choose(0, 8).Select(half => half / 2m)
        from other in Gen.Choose(0, 4)
        from kind in Gen.Choose(0, 6)
        select kind switch
        {
            0 => new Test.EqualTo(value),
            1 => new Test.MoreThan(value),
            2 => new Test.AtLeast(value),
            3 => new Test.LessThan(value),
            4 => new Test.AtMost(value),
            5 => new Test.Between(Math.Min(value, other), Math.Max(value, other)),
            _ => (Test)new Test.OneOf([value, other]),
        };

    private static readonly Gen<Condition?> Filters = Gen.Elements<Condition?>(
        null, null, If.Field("event.channel").Is("web"), If.Field("event.channel").WhenMissing(true).IsNot("shop"), If.Field("event.channel").IsKnown, If.Field("event.source").Is("pos") & !If.Field("event.channel").StartsWith("w"), If.Any());

    private static readonly Gen<Condition> Leaves = Gen.OneOf(
        from kind in Gen.Elements("purchase", "purchase", "visit")
        from measure in Gen.Elements<Measure>(new Measure.Count(), new Measure.SumOfSpend(Currency.Hkd), new Measure.SumOfSpend(Currency.Of("USD")))
        from window in Gen.Elements<Window>(
            new Window.Lifetime(), new Window.Last(Duration.FromHours(1)), new Window.Last(Duration.FromHours(3)), new Window.Last(Duration.FromHours(4)) { Skip = Duration.FromHours(1) }, new Window.Before(Duration.FromHours(2)),
            new Window.Between(Start + Duration.FromHours(2), Start + Duration.FromHours(7)), new Window.Between(null, Start + Duration.FromHours(5)), new Window.Calendar(CalendarPeriod.Day, 0, 1, Zone), new Window.Calendar(CalendarPeriod.Day, 1, 1, Zone))
        from test in Numbers
        from filter in Filters
        select (Condition)new Condition.EventWindow(kind, measure, window, test) { Where = filter },
        from name in Gen.Elements("test.points", "test.tier")
        from test in Gen.OneOf(Numbers, Gen.Elements<Test>(new Test.EqualTo("gold"), new Test.OneOf(["silver", "bronze"]), new Test.Known()))
        from missing in Gen.Elements(true, false)
        select (Condition)new Condition.Fact(name, test, missing && test is not Test.Known),
        Gen.Elements(If.Fact("test.vip").Is(true), If.Fact("test.seen").AtLeast(Start + Duration.FromHours(2)), If.Hours(new LocalTime(10, 0), new LocalTime(14, 30))));

    private static readonly Gen<Condition> Conditions = Gen.OneOf(
        Leaves,
        Leaves.Select(leaf => !leaf),
        from one in Leaves from other in Leaves from third in Leaves select (one & other) | !third,
        from one in Leaves from other in Leaves select (one | other) & If.All());

    private static readonly Gen<(List<(History History, List<Fact> Facts)> Customers, Condition Condition, Instant Now)> Samples =
        from customers in Gen.ListOf(
            from history in Gen.ListOf(Happenings).Resize(8)
            from facts in Gen.ListOf(Facts).Resize(3)
            select (history.ToList(), facts.DistinctBy(fact => fact.Name).ToList())).Resize(150)
        from condition in Conditions
        from now in Instants
        select (customers.ToList(), condition, now);

    [Fact]
    public void A_scan_selects_those_of_whom_the_condition_holds() => Agrees((population, condition, moment) => population.Select(condition, moment));

    [Fact]
    public void The_law_catches_a_scan_as_of_a_tick_earlier() =>
        Assert.ThrowsAny<Exception>(() => Agrees((population, condition, moment) => population.Select(condition, moment with { Instant = moment.Instant - Tick })));

    [Fact]
    public void The_law_catches_a_scan_that_forgets_the_filter() =>
        Assert.ThrowsAny<Exception>(() => Agrees((population, condition, moment) => population.Select(condition is Condition.EventWindow leaf ? leaf with { Where = null } : condition, moment)));

    [Fact]
    public void What_the_columns_do_not_say_is_refused_with_its_path()
    {
        var condition = If.All(If.Field("customer.region").Is("HK"), !If.Purchases().SumOfQuantity().AtLeast(2), If.Purchases().Where(If.Field("line.sku").Is("tea")).Count().AtLeast(1), If.Fact("loyalty.tier").StartsWith("g"));
        var population = new PopulationBuilder(condition).Build();

        Assert.Equal(["$.all[0]", "$.all[1].not", "$.all[2].where", "$.all[3].is"], population.Refusals(condition).Select(error => error.Path));
        Assert.Throws<ArgumentException>(() => population.Select(condition, new Moment(Start, DateTimeZone.Utc)));
    }

    [Fact]
    public void Sets_of_one_population_overlap_and_those_of_two_do_not_mix()
    {
        var condition = If.Purchases().Count().AtLeast(1);
        var builder = new PopulationBuilder(condition);
        var purchase = CustomerEvent.Purchase("pos:1", Identity.User(1), Money.Hkd(10));
        for (var i = 1; i <= 200; i++)
        {
            builder.Add(new CustomerId((UInt128)i), Enumerable.Repeat((purchase, Start), i % 3), []);
        }

        var population = builder.Build();
        var moment = new Moment(Start, DateTimeZone.Utc);
        var one = population.Select(condition, moment);
        var two = population.Select(If.Purchases().Count().AtLeast(2), moment);

        Assert.Equal((200, 134, 67, 67), (population.Count, one.Count, two.Count, one.Overlap(two)));
        Assert.Throws<ArgumentException>(() => one.Overlap(builder.Build().Select(condition, moment)));
        Assert.Throws<ArgumentException>(() => builder.Add(new CustomerId((UInt128)200), [], []));
    }

    private static void Agrees(Func<Population, Condition, Moment, PopulationSet> select)
    {
        var (asked, refused) = (0, 0);
        Prop.ForAll(Samples.ToArbitrary(), sample =>
        {
            var builder = new PopulationBuilder(sample.Condition);
            var known = sample.Customers.Select(customer => (History: customer.History.Where(one => one.At <= sample.Now).ToList(), customer.Facts)).ToList();
            foreach (var (i, (history, facts)) in known.Index())
            {
                builder.Add(new CustomerId((UInt128)(i + 1)), history, facts);
            }

            var population = builder.Build();
            asked++;
            if (!population.Refusals(sample.Condition).IsEmpty)
            {
                refused++;
                return;
            }

            var latest = known.SelectMany(customer => customer.History).Select(one => one.At).DefaultIfEmpty(sample.Now).Max();
            foreach (var at in new[] { 0, 1, 2, 3, 4, 24 }.SelectMany(hours => new[] { latest + Duration.FromHours(hours), latest + Duration.FromHours(hours) - Tick }).Append(sample.Now).Where(at => at >= sample.Now))
            {
                var moment = new Moment(at, DateTimeZoneProviders.Tzdb["Asia/Hong_Kong"]);
                var expected = known.Index().Where(one => Evaluator.Evaluate(sample.Condition, new Known(moment, one.Item.History, one.Item.Facts)).Value).Select(one => new CustomerId((UInt128)(one.Index + 1)));
                Assert.Equal(expected, select(population, sample.Condition, moment).Customers);
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(400));
        Assert.True(refused < asked / 2, $"{refused} of {asked} conditions were refused.");
    }

    private sealed record Known(Moment Moment, History History, List<Fact> Facts) : IEvidence
    {
        public Scalar Field(string name) => default;

        public bool Observed(Condition.Field leaf) => leaf.WhenMissing;

        public Scalar Fact(string name, out Instant? validUntil)
        {
            var fact = Facts.Find(one => one.Name == name);
            validUntil = fact.ValidUntil;
            return fact.Name is null || fact.ValidUntil <= Moment.Instant ? default : fact.Value;
        }

        public Truth Window(Condition.EventWindow leaf) => HistoryWindows.Evaluate(leaf, History, Moment.Instant);
    }
}
