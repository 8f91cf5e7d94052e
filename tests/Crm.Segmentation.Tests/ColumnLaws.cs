using Crm.Conditions;
using Crm.Events;
using Crm.Modules;
using Crm.Segmentation.Columns;
using Crm.Tests.Shared;
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
        from lines in Gen.ListOf(
            from sku in Gen.Elements("tea", "cup") from category in Gen.Elements("drinks", null) from quantity in Gen.Elements(1m, 2m, 0.5m) from amount in Gen.Choose(1, 3) select new EventLine(sku, quantity, new Money(amount, currency), category)).Resize(3)
        from table in Gen.Choose(0, 3)
        select (new CustomerEvent
        {
            Key = new EventKey("pos", "1"),
            Kind = kind,
            Channel = channel,
            Spend = dollars == 4 ? null : new Money(50 * dollars, currency),
            Lines = kind == "purchase" ? lines.ToSequence() : [],
            Fields = table == 0 ? Fields.None : Fields.Of(("table", table)),
        }, at);

    private static readonly Gen<Fields> Profiles = Gen.Elements(
        Fields.None, Fields.None, Fields.Of(("region", "HK")), Fields.Of(("region", "KLN"), ("age", 2.5m)), Fields.Of(("age", 3)), Fields.Of(("age", 1.00001m)), Fields.Of(("region", 4)),
        Fields.Of(("born", new LocalDate(2004, 2, 29))), Fields.Of(("born", 229)), Fields.Of(("born", new LocalDate(1990, 3, 1)), ("likes", Scalar.Of(["tea", "cup"])), ("vip", true)), Fields.Of(("likes", Scalar.Of(["cup"])), ("vip", false)));

    private static readonly Gen<Fact> Facts =
        from name in Gen.Elements("test.points", "test.tier", "test.vip", "test.seen", "test.tags", "test.fine")
        from number in Gen.Choose(-1, 8)
        from until in Gen.Choose(0, 14)
        select new Fact(name, name switch { "test.points" => number / 2m, "test.tier" => number % 2 == 0 ? "gold" : "silver", "test.vip" => number % 2 == 0, "test.tags" => Scalar.Of(number % 2 == 0 ? ["tea", "cup"] : ["tea"]), "test.fine" => 1.00001m * number, _ => Start + Duration.FromHours(number) }, until > 12 ? null : Start + Duration.FromHours(until));

    private static readonly Gen<Test> Numbers = ConditionParts.Numbers(8);

    private static readonly Gen<Test> Codes = Gen.Elements<Test>(
        new Test.EqualTo("web"), new Test.OneOf(["tea", "shop"]), new Test.StartsWith("w"), new Test.EndsWith("p"), new Test.Contains("e"), new Test.Matches("^[wt]e"), new Test.Matches("(?i)P$"), new Test.AnyOf(["web", "cup"]), new Test.AllOf(["cup", "tea"]), new Test.Known(), new Test.AtLeast(1), new Test.EqualTo("HK"), new Test.AllOf(["tea"]), new Test.EqualTo(true));

    private static readonly Gen<Test> Dates = Gen.OneOf(
        from comparison in Gen.Elements(Enum.GetValues<Comparison>()) from days in Gen.Choose(-2, 0) select (Test)new Test.Relative(comparison, new RelativeTime.Today(Period.FromDays(days), Zone)),
        from days in Gen.Choose(0, 3) from test in Gen.Elements<Func<Scalar, Test>>(value => new Test.EqualTo(value), value => new Test.AtLeast(value), value => new Test.OneOf([value, new LocalDate(2004, 2, 29)])) select test(new LocalDate(2026, 2, 27).PlusDays(days)),
        Gen.Elements<Test>(new Test.Anniversary(1, 1, LeapDayRule.March1, Zone), new Test.Anniversary(0, 2, LeapDayRule.February28, "Asia/Hong_Kong"), new Test.Known()));

    private static readonly Gen<Test> Times =
        from comparison in Gen.Elements(Enum.GetValues<Comparison>()) from hours in Gen.Choose(-4, 0) select (Test)new Test.Relative(comparison, new RelativeTime.Now(Duration.FromHours(hours)));

    private static readonly Gen<Condition?> AnyFilters = Gen.OneOf(
        Gen.Constant<Condition?>(null),
        from name in Gen.Elements("event.channel", "line.sku", "line.category", "event.brand") from test in Codes from missing in Gen.Elements(true, false) select (Condition?)new Condition.Field(name, test, missing && test is not Test.Known),
        from name in Gen.Elements("line.quantity", "line.amount", "event.spend", "event.table") from test in Numbers from missing in Gen.Elements(true, false) select (Condition?)new Condition.Field(name, test, missing),
        Gen.Elements<Condition?>(If.Field("line.sku").Is("tea") & If.Field("line.quantity").AtLeast(1), !If.Field("line.sku").Is("tea") | If.Field("event.table").Is(2)));

    private static readonly Gen<Window> Windows = Gen.Elements<Window>(
        new Window.Lifetime(), new Window.Last(Duration.FromHours(1)), new Window.Last(Duration.FromHours(3)), new Window.Last(Duration.FromHours(4)) { Skip = Duration.FromHours(1) }, new Window.Before(Duration.FromHours(2)),
        new Window.Between(Start + Duration.FromHours(2), Start + Duration.FromHours(7)), new Window.Between(null, Start + Duration.FromHours(5)), new Window.Calendar(CalendarPeriod.Day, 0, 1, Zone), new Window.Calendar(CalendarPeriod.Day, 1, 1, Zone),
        new Window.Since(new EventPattern("visit"), First: true), new Window.Since(new EventPattern("visit"), First: false), new Window.Since(new EventPattern("purchase") { Where = If.Field("line.sku").Is("tea") }, First: false),
        new Window.Since(new EventPattern("visit"), First: true) { Within = Duration.FromHours(2) }, new Window.Since(new EventPattern("purchase"), First: true) { Within = Duration.FromHours(3) });

    private static readonly Gen<(Measure Measure, Test Test)> Values = Gen.OneOf(
        from measure in Gen.Elements<Measure>(new Measure.Count(), new Measure.SumOfSpend(Currency.Hkd), new Measure.SumOfQuantity()) from test in Numbers select (measure, test),
        from how in Gen.Elements(Enum.GetValues<Aggregation>())
        from of in Gen.Elements<Measured>(new Measured.Spend(Currency.Hkd), new Measured.Quantity(), new Measured.Named("line.quantity"), new Measured.Named("event.table"), new Measured.Named("event.spend"))
        from test in Numbers
        select ((Measure)new Measure.Aggregate(how, of), test),
        from how in Gen.Elements(Aggregation.Least, Aggregation.Greatest, Aggregation.First, Aggregation.Latest, Aggregation.MostFrequent)
        from value in Gen.OneOf(
            from of in Gen.Elements("event.channel", "line.sku", "line.category") from test in Codes select ((Measured)new Measured.Named(of), test),
            from test in Dates select ((Measured)new Measured.Day(Zone), test),
            from test in Times select ((Measured)new Measured.At(), test))
        select ((Measure)new Measure.Aggregate(how, value.Item1), value.test),
        from of in Gen.Elements("event.channel", "line.sku", "line.category") from test in Gen.OneOf(Codes, Gen.Elements<Test>(new Test.AllOf(["cup", "tea"]), new Test.AnyOf(["web", "shop"]), new Test.AllOf(["shop", "web"]))) select ((Measure)new Measure.Aggregate(Aggregation.Unique, new Measured.Named(of)), test),
        from of in Gen.Elements<Measured>(new Measured.Day(Zone), new Measured.At(), new Measured.Named("line.category")) from test in Numbers select ((Measure)new Measure.Aggregate(Aggregation.Distinct, of), test));

    private static readonly Gen<EventPattern> Patterns = from kind in Gen.Elements("purchase", "visit") from filter in AnyFilters select new EventPattern(kind) { Where = filter };

    private static readonly Gen<Measure> Sequences = ConditionParts.Sequences(Patterns);

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
        from kind in Gen.Elements("purchase", "purchase", "visit")
        from value in Gen.OneOf(Values, Values, Values, from sequence in Sequences from test in Numbers select (sequence, test))
        from window in Windows
        from filter in AnyFilters
        from missing in Gen.Elements(true, false)
        select (Condition)new Condition.EventWindow(kind, value.Item1, window, value.Item2) { Where = filter, WhenMissing = missing && value.Item1.CanBeMissing && value.Item2 is not Test.Known },
        from times in Gen.Choose(1, 2)
        from window in Gen.Elements<(int OutOf, Window Window)>(
            (3, new Window.Last(Duration.FromHours(6))), (4, new Window.Last(Duration.FromHours(4))), (2, new Window.Calendar(CalendarPeriod.Day, 0, 2, Zone)), (3, new Window.Calendar(CalendarPeriod.Day, 1, 3, "Asia/Hong_Kong")))
        from test in Numbers
        from filter in AnyFilters
        select (Condition)new Condition.EventWindow("purchase", new Measure.Periods(times, window.OutOf), window.Window, test) { Where = filter },
        from name in Gen.Elements("region", "age", "likes", "vip", "born")
        from test in Gen.OneOf(Numbers, Codes, Dates)
        from missing in Gen.Elements(true, false)
        select (Condition)new Condition.Field("customer." + name, test, missing && test is not Test.Known),
        from name in Gen.Elements("test.tier", "test.tags", "test.fine", "test.seen")
        from test in Gen.OneOf(Numbers, Codes, Times)
        from missing in Gen.Elements(true, false)
        select (Condition)new Condition.Fact(name, test, missing && test is not Test.Known),
        Gen.Elements(If.Fact("test.vip").Is(true), If.Fact("test.seen").AtLeast(Start + Duration.FromHours(2)), If.Hours(new LocalTime(10, 0), new LocalTime(14, 30))));

    private static readonly Gen<Condition> Conditions = Gen.OneOf(
        Leaves,
        Leaves.Select(leaf => !leaf),
        from one in Leaves from other in Leaves from third in Leaves select (one & other) | !third,
        from one in Leaves from other in Leaves select (one | other) & If.All(),
        from one in Leaves from other in Leaves from test in Numbers from points in Gen.Elements(1m, 0.5m) select (Condition)new Condition.Score([new Scored(one, points), new Scored(!other, 2)], test));

    private static readonly Gen<(List<(History History, List<Fact> Facts, Fields Profile)> Customers, Condition Condition, Instant Now)> Samples =
        from customers in Gen.ListOf(
            from history in Gen.ListOf(Happenings).Resize(8)
            from facts in Gen.ListOf(Facts).Resize(3)
            from profile in Profiles
            select (history.ToList(), facts.DistinctBy(fact => fact.Name).ToList(), profile)).Resize(150)
        from condition in Conditions.Where(condition => ConditionCheck.Check(condition).IsEmpty)
        from now in Instants
        select (customers.ToList(), condition, now);

    [Fact]
    public void A_scan_selects_those_of_whom_the_condition_holds() => Agrees((population, condition, moment) => population.Select(condition, moment));

    [Fact]
    public void The_law_catches_a_scan_as_of_a_tick_earlier() =>
        Counterfeits.Caught(() => Agrees((population, condition, moment) => population.Select(condition, moment with { Instant = moment.Instant - Tick })));

    [Fact]
    public void The_law_catches_a_scan_that_forgets_the_filter() =>
        Counterfeits.Caught(() => Agrees((population, condition, moment) => population.Select(WithoutFilter(condition), moment), WithoutFilter));

    [Fact]
    public void The_law_catches_a_scan_that_forgets_what_others_are_counted_since() =>
        Counterfeits.Caught(() => Agrees((population, condition, moment) => population.Select(condition is Condition.EventWindow { Window: Window.Since } leaf ? leaf with { Window = new Window.Last(Duration.FromDays(1)) } : condition, moment)));

    [Fact]
    public void The_law_catches_a_scan_that_turns_round_what_is_missing() =>
        Counterfeits.Caught(() => Agrees((population, condition, moment) => population.Select(condition is Condition.Field { Is: not Test.Known } field ? field with { WhenMissing = !field.WhenMissing } : condition, moment)));

    [Fact]
    public void A_measure_that_reaches_back_to_what_was_disposed_of_is_refused()
    {
        var at = Instant.FromUtc(2026, 3, 31, 0, 0);
        var (lifetime, last) = (If.Purchases().Count().AtLeast(1), If.Purchases().InLast(Duration.FromDays(10)).Count().AtLeast(1));
        var builder = new PopulationBuilder(lifetime, last);
        builder.Add(new CustomerId(1), [(CustomerEvent.Purchase("till:1", Identity.User("amy"), Money.Hkd(50)), at)], [], disposedUntil: at - Duration.FromDays(10));
        builder.Add(new CustomerId(2), [], []);
        var population = builder.Build();

        Assert.Equal(["$.all[1]"], population.Refusals(last & lifetime).Select(error => error.Path));
        Assert.Equal(1, population.Select(last, new Moment(at, DateTimeZone.Utc)).Count);
        Assert.Contains("$: Events up to 2026-03-21T00:00:00Z have been disposed of", Assert.Throws<ArgumentException>(() => population.Select(last, new Moment(at - Tick, DateTimeZone.Utc))).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => population.Select(lifetime, new Moment(at, DateTimeZone.Utc)));
    }

    [Fact]
    public void What_the_population_was_made_without_is_refused_with_its_path()
    {
        var since = If.Purchases().SumOfQuantity().AtLeast(2) is Condition.EventWindow leaf ? leaf with { Window = new Window.Since(new EventPattern("visit"), First: true) } : If.Any();
        var condition = If.All(If.Field("customer.region").Is("HK"), !If.Purchases().SumOfQuantity().AtLeast(2), If.Purchases().Where(If.Field("line.sku").Is("tea")).Count().AtLeast(1), If.Fact("loyalty.tier").StartsWith("g"), since, If.Purchases().Count().AtLeast(1));
        var population = new PopulationBuilder().Build();

        Assert.Equal(["$.all[0]", "$.all[1].not", "$.all[2]", "$.all[3].fact", "$.all[4]", "$.all[5]"], population.Refusals(condition).Select(error => error.Path));
        Assert.Equal(["$.all[4].window"], new PopulationBuilder(condition is Condition.All all ? all.Of.Where((_, i) => i != 4) : []).Build().Refusals(condition).Select(error => error.Path));
        Assert.Throws<ArgumentException>(() => population.Select(condition, new Moment(Start, DateTimeZone.Utc)));
        Assert.Empty(new PopulationBuilder(condition).Build().Refusals(condition));
    }

    [Fact]
    public void The_memory_of_a_population_counts_the_values_that_are_kept_once()
    {
        var condition = If.Fact("loyalty.tier").Is("gold") & new Condition.EventWindow("purchase", new Measure.Aggregate(Aggregation.MostFrequent, new Measured.Named("event.channel")), new Window.Lifetime(), new Test.EqualTo("web"));
        var (one, many) = (Filled(_ => "x"), Filled(customer => $"{new string('x', 1_000)}{customer}"));

        Assert.InRange(many.CustomerBytes - one.CustomerBytes, 100 * 2_000, 100 * 2_200);
        Assert.InRange(many.EventBytes - one.EventBytes, 100 * 2_000, 100 * 2_200);

        Population Filled(Func<int, string> codeOf)
        {
            var builder = new PopulationBuilder(condition);
            for (var i = 1; i <= 100; i++)
            {
                builder.Add(new CustomerId((UInt128)i), [(CustomerEvent.Purchase("pos:1", Identity.User(1), Money.Hkd(10)) with { Channel = codeOf(i) }, Start)], [new Fact("loyalty.tier", codeOf(i))]);
            }

            return builder.Build();
        }
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
        Assert.Equal(one.Customers, population.Select(If.All(), moment).Customers.Where(one.Contains));
        Assert.Equal(two.Customers, population.Select(If.All(), moment).Customers.Where(two.Contains));
        Assert.False(one.Contains(new CustomerId(UInt128.MaxValue)));
        Assert.Throws<ArgumentException>(() => one.Overlap(builder.Build().Select(condition, moment)));
        Assert.Throws<ArgumentException>(() => builder.Add(new CustomerId((UInt128)200), [], []));
    }

    private static Condition WithoutFilter(Condition condition) => condition is Condition.EventWindow leaf ? leaf with { Where = null } : condition;

    /// <param name="select">Is held to what the conditions say.</param>
    /// <param name="also">What a counterfeit asks instead, for which the population is made too.</param>
    private static void Agrees(Func<Population, Condition, Moment, PopulationSet> select, Func<Condition, Condition>? also = null)
    {
        Prop.ForAll(Samples.ToArbitrary(), sample =>
        {
            // The form in which conditions are stored selects the same.
            var stored = Canonical.Of(sample.Condition);
            Condition[] asked = [sample.Condition, stored];
            var builder = new PopulationBuilder([.. asked, .. also is null ? [] : asked.Select(also)]);
            var known = sample.Customers.Select(customer => (History: customer.History.Where(one => one.At <= sample.Now).ToList(), customer.Facts, customer.Profile)).ToList();
            foreach (var (i, (history, facts, profile)) in known.Index())
            {
                builder.Add(new CustomerId((UInt128)(i + 1)), history, facts, profile);
            }

            var population = builder.Build();
            Assert.Empty(population.Refusals(sample.Condition));
            var latest = known.SelectMany(customer => customer.History).Select(one => one.At).DefaultIfEmpty(sample.Now).Max();
            foreach (var at in new[] { 0, 1, 2, 3, 4, 24 }.SelectMany(hours => new[] { latest + Duration.FromHours(hours), latest + Duration.FromHours(hours) - Tick }).Append(sample.Now).Where(at => at >= sample.Now))
            {
                var moment = new Moment(at, DateTimeZoneProviders.Tzdb["Asia/Hong_Kong"]);
                var expected = known.Index().Where(one => Evaluator.Evaluate(sample.Condition, new Known(moment, one.Item.History, one.Item.Facts, one.Item.Profile)).Value).Select(one => new CustomerId((UInt128)(one.Index + 1)));
                Assert.Equal(expected, select(population, sample.Condition, moment).Customers);
                Assert.Equal(expected, select(population, stored, moment).Customers);
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(400));
    }

    private sealed record Known(Moment Moment, History History, List<Fact> Facts, Fields Profile) : IEvidence
    {
        public Scalar Field(string name) => default;

        public bool Observed(Condition.Field leaf) => Evaluator.Passes(leaf.Is, Observed(leaf.Name[Evaluator.ProfileScope.Length..]), leaf.WhenMissing, Moment.Instant).Value;

        public Scalar Observed(string field) => Profile[field];

        public Scalar Fact(string name, out Instant? validUntil)
        {
            var fact = Facts.Find(one => one.Name == name);
            validUntil = fact.ValidUntil;
            return fact.Name is null || fact.ValidUntil <= Moment.Instant ? default : fact.Value;
        }

        public Truth Window(Condition.EventWindow leaf) => HistoryWindows.Evaluate(leaf, History, Moment.Instant);
    }
}
