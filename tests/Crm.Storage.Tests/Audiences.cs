using Crm.Conditions;
using Crm.Engine;
using Crm.Events;
using Crm.Modules;
using Crm.Testing;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Storage.Tests;

using Outcome = Crm.Modules.Outcome;
using Selecting = Func<CrmEngine, IAudienceQuery, Condition, Moment, Task<IReadOnlyList<CustomerId>>>;

/// <summary>
/// Customers selected in SQL are those of whom what is kept for each customer says so, and those of whom a scan of the whole history says so: at every instant, boundaries included.
/// A further way of selecting joins by being one more <see cref="Selecting"/>.
/// </summary>
public sealed class Audiences
{
    private const int Customers = 6;
    private const string Zone = "America/New_York";
    private static readonly Instant Start = Instant.FromUtc(2026, 3, 1, 0, 0);
    private static readonly Duration Tick = Duration.FromTicks(1);

    private static readonly Gen<Instant> Instants = from hours in Gen.Choose(0, 12) from ticks in Gen.Choose(-1, 1) select Start + Duration.FromHours(hours) + (Tick * ticks);

    private static readonly Gen<EventLine> Lines =
        from sku in Gen.Elements("tea", "cup", "tea,cup") from category in Gen.Elements("drinks", null) from quantity in Gen.Elements(1m, 2m, 0.5m) from amount in Gen.Choose(1, 3) select new EventLine(sku, quantity, Money.Hkd(amount), category);

    private static readonly Gen<(int Customer, Instant At, CustomerEvent Event)> Happenings =
        from customer in Gen.Choose(1, Customers)
        from at in Instants
        from kind in Gen.Elements("purchase", "purchase", "visit")
        from channel in Gen.Elements("web", "shop", null)
        from lines in Gen.ListOf(Lines).Resize(3)
        from currency in Gen.Elements(Currency.Hkd, Currency.Hkd, Currency.Of("USD"), Currency.Of("JPY"))
        from profile in Gen.Elements(
            Fields.None, Fields.None, Fields.Of(("region", "HK")), Fields.Of(("region", "KLN"), ("age", 2.5m)), Fields.Of(("age", 3)), Fields.Of(("born", new LocalDate(2004, 2, 29))), Fields.Of(("born", 229)), Fields.Of(("likes", Scalar.Of(["tea", "cup"])), ("vip", true)))
        let sum = lines.Sum(line => line.Amount.MinorUnits)
        select (customer, at, new CustomerEvent
        {
            Key = new EventKey("pos", "1"),
            Kind = kind,
            Channel = channel,
            Spend = kind == "purchase" ? new Money(sum, currency) : null,
            Lines = kind == "purchase" ? lines.Select(line => line with { Amount = new Money(line.Amount.MinorUnits, currency) }).ToSequence() : [],
            Profile = profile,
        });

    private static readonly Gen<Test> Numbers = ConditionParts.Numbers(8);

    private static readonly Gen<Test> Cents = from cents in Gen.Choose(0, 5) from test in Gen.Elements<Func<Scalar, Test>>(value => new Test.EqualTo(value), value => new Test.AtLeast(value), value => new Test.LessThan(value), value => new Test.OneOf([value, 3m])) select test(cents / 100m);

    private static readonly Gen<Test> Dates = Gen.OneOf(
        from comparison in Gen.Elements(Enum.GetValues<Comparison>()) from days in Gen.Choose(-2, 0) select (Test)new Test.Relative(comparison, new RelativeTime.Today(Period.FromDays(days), Zone)),
        from days in Gen.Choose(0, 3) from test in Gen.Elements<Func<Scalar, Test>>(value => new Test.EqualTo(value), value => new Test.AtLeast(value), value => new Test.AtMost(value), value => new Test.OneOf([value, new LocalDate(2004, 2, 29)])) select test(new LocalDate(2026, 2, 27).PlusDays(days)),
        Gen.Elements<Test>(new Test.Anniversary(1, 1, LeapDayRule.March1, Zone), new Test.Anniversary(0, 2, LeapDayRule.February28, "Asia/Hong_Kong"), new Test.Known()));

    private static readonly Gen<Test> Codes = Gen.Elements<Test>(
        new Test.EqualTo("web"), new Test.OneOf(["tea", "shop"]), new Test.StartsWith("w"), new Test.EndsWith("p"), new Test.Contains("e"), new Test.AnyOf(["web", "cup"]), new Test.Known(), new Test.AtLeast(1));

    private static readonly Gen<Condition> FilterLeaves = Gen.OneOf(
        from name in Gen.Elements("event.channel", "event.source", "event.currency", "line.sku", "line.category", "event.brand")
        from test in Codes
        from missing in Gen.Elements(true, false)
        select (Condition)new Condition.Field(name, test, missing && test is not Test.Known),
        from name in Gen.Elements("event.spend", "line.amount", "line.quantity")
        from test in Gen.OneOf(Numbers, Cents, Gen.Constant<Test>(new Test.Known()))
        from missing in Gen.Elements(true, false)
        select (Condition)new Condition.Field(name, test, missing && test is not Test.Known));

    private static readonly Gen<Condition?> Filters = Gen.OneOf(
        Gen.Constant<Condition?>(null),
        FilterLeaves.Select(leaf => (Condition?)leaf),
        FilterLeaves.Select(leaf => (Condition?)new Condition.Not(leaf)),
        from one in FilterLeaves from other in FilterLeaves from all in Gen.Elements(true, false) select (Condition?)(all ? one & other : one | other));

    private static readonly Gen<Window> Windows = Gen.Elements<Window>(
        new Window.Lifetime(), new Window.Last(Duration.FromHours(1)), new Window.Last(Duration.FromHours(3)), new Window.Last(Duration.FromHours(4)) { Skip = Duration.FromHours(1) }, new Window.Before(Duration.FromHours(2)),
        new Window.Between(Start + Duration.FromHours(2), Start + Duration.FromHours(7)), new Window.Between(null, Start + Duration.FromHours(5)),
        new Window.Calendar(CalendarPeriod.Day, 0, 1, Zone), new Window.Calendar(CalendarPeriod.Day, 1, 1, Zone), new Window.Calendar(CalendarPeriod.Week, 0, 2, Zone), new Window.Calendar(CalendarPeriod.Month, 1, 1, Zone),
        new Window.Since(new EventPattern("visit"), First: true), new Window.Since(new EventPattern("visit"), First: false),
        new Window.Since(new EventPattern("purchase") { Where = If.Field("line.sku").Is("tea") }, First: false), new Window.Since(new EventPattern("visit"), First: true) { Within = Duration.FromHours(2) }, new Window.Since(new EventPattern("purchase"), First: true) { Within = Duration.FromHours(3) });

    private static readonly Gen<Measure> Measures = Gen.Elements<Measure>(
        new Measure.Count(), new Measure.Count(), new Measure.SumOfSpend(Currency.Hkd), new Measure.SumOfSpend(Currency.Hkd), new Measure.SumOfQuantity(),
        new Measure.Aggregate(Aggregation.Average, new Measured.Spend(Currency.Hkd)), new Measure.Aggregate(Aggregation.Least, new Measured.Spend(Currency.Hkd)), new Measure.Aggregate(Aggregation.Greatest, new Measured.Spend(Currency.Hkd)),
        new Measure.Aggregate(Aggregation.Distinct, new Measured.Named("event.channel")), new Measure.Aggregate(Aggregation.Distinct, new Measured.Named("line.sku")), new Measure.Aggregate(Aggregation.Distinct, new Measured.At()));

    private static readonly Gen<(Measure Measure, Test Test)> Values = Gen.OneOf(
        from how in Gen.Elements(Enum.GetValues<Aggregation>())
        from of in Gen.Elements<Measured>(new Measured.Spend(Currency.Hkd), new Measured.Spend(Currency.Of("JPY")), new Measured.Quantity(), new Measured.Named("line.quantity"))
        from test in Gen.OneOf(Numbers, Cents)
        select ((Measure)new Measure.Aggregate(how, of), test),
        from of in Gen.Elements("event.channel", "line.sku", "line.category", "event.currency")
        from test in Gen.Elements<Test>(new Test.AnyOf(["web", "cup"]), new Test.AllOf(["tea"]), new Test.AllOf(["cup", "tea", "tea"]), new Test.AllOf(["HKD", "JPY"]), new Test.Known())
        select ((Measure)new Measure.Aggregate(Aggregation.Unique, new Measured.Named(of)), test),
        from how in Gen.Elements(Aggregation.Least, Aggregation.Greatest, Aggregation.First, Aggregation.Latest, Aggregation.MostFrequent)
        from of in Gen.Elements("event.channel", "line.sku", "line.category", "event.currency")
        from test in Gen.OneOf(Codes, Gen.Elements<Test>(new Test.Matches("^[wt]e"), new Test.Matches("(?i)^HK|P$")))
        select ((Measure)new Measure.Aggregate(how, new Measured.Named(of)), test),
        from how in Gen.Elements(Aggregation.Least, Aggregation.Greatest, Aggregation.First, Aggregation.Latest, Aggregation.MostFrequent)
        from zone in Gen.Elements(Zone, "Asia/Hong_Kong", "UTC")
        from test in Dates
        select ((Measure)new Measure.Aggregate(how, new Measured.Day(zone)), test),
        from of in Gen.Elements<Measured>(new Measured.Day(Zone), new Measured.Day("Asia/Hong_Kong"), new Measured.Named("line.quantity"), new Measured.Quantity(), new Measured.Named("line.category"))
        from test in Numbers
        select ((Measure)new Measure.Aggregate(Aggregation.Distinct, of), test));

    private static readonly Gen<EventPattern> Patterns = from kind in Gen.Elements("purchase", "visit") from filter in Filters select new EventPattern(kind) { Where = filter };

    private static readonly Gen<Measure> Sequences = ConditionParts.Sequences(Patterns);

    private static readonly Gen<Condition> Leaves = Gen.OneOf(
        from kind in Gen.Elements("purchase", "purchase", "visit")
        from measure in Measures
        from window in Windows
        from test in Numbers
        from filter in Filters
        from missing in Gen.Elements(true, false)
        select (Condition)new Condition.EventWindow(kind, measure, window, test) { Where = filter, WhenMissing = missing && measure.CanBeMissing },
        from how in Gen.Elements(Aggregation.First, Aggregation.Latest)
        from window in Windows
        from comparison in Gen.Elements(Enum.GetValues<Comparison>())
        from hours in Gen.Choose(-4, 0)
        from missing in Gen.Elements(true, false)
        select (Condition)new Condition.EventWindow("purchase", new Measure.Aggregate(how, new Measured.At()), window, new Test.Relative(comparison, new RelativeTime.Now(Duration.FromHours(hours)))) { WhenMissing = missing },
        from kind in Gen.Elements("purchase", "visit")
        from measure in Sequences
        from window in Windows
        from test in Numbers
        from filter in Filters
        select (Condition)new Condition.EventWindow(kind, measure, window, test) { Where = filter },
        from kind in Gen.Elements("purchase", "purchase", "visit")
        from value in Values
        from window in Windows
        from filter in Filters
        from missing in Gen.Elements(true, false)
        select (Condition)new Condition.EventWindow(kind, value.Measure, window, value.Test) { Where = filter, WhenMissing = missing && value.Measure.CanBeMissing && value.Test is not Test.Known },
        from times in Gen.Choose(1, 2)
        from window in Gen.Elements<(int OutOf, Window Window)>(
            (3, new Window.Last(Duration.FromHours(6))), (4, new Window.Last(Duration.FromHours(4))), (2, new Window.Calendar(CalendarPeriod.Day, 0, 2, Zone)), (3, new Window.Calendar(CalendarPeriod.Day, 1, 3, "Asia/Hong_Kong")), (2, new Window.Calendar(CalendarPeriod.Week, 0, 2, Zone)))
        from test in Numbers
        from filter in Filters
        select (Condition)new Condition.EventWindow("purchase", new Measure.Periods(times, window.OutOf), window.Window, test) { Where = filter },
        from test in Gen.OneOf(Numbers, Codes)
        from name in Gen.Elements("customer.region", "customer.age", "customer.likes", "customer.vip")
        from missing in Gen.Elements(true, false)
        select (Condition)new Condition.Field(name, test, missing && test is not Test.Known),
        from test in Gen.OneOf(Dates, Dates, Gen.Elements<Test>(new Test.AllOf(["cup", "tea"]), new Test.EqualTo(true)))
        from name in Gen.Elements("customer.born", "customer.likes", "customer.vip")
        from missing in Gen.Elements(true, false)
        select (Condition)new Condition.Field(name, test, missing && test is not Test.Known),
        from test in Gen.OneOf(Dates, Gen.Elements<Test>(new Test.AllOf(["tea", "web"]), new Test.AnyOf(["cup"])))
        from name in Gen.Elements("test.day", "test.tags")
        from missing in Gen.Elements(true, false)
        select (Condition)new Condition.Fact(name, test, missing && test is not Test.Known),
        from test in Gen.OneOf(Numbers, Codes)
        from name in Gen.Elements("test.visits", "test.channel", "test.spend", "quiet.channel")
        from missing in Gen.Elements(true, false)
        select (Condition)new Condition.Fact(name, test, missing && test is not Test.Known),
        from comparison in Gen.Elements(Enum.GetValues<Comparison>())
        from hours in Gen.Choose(-4, 0)
        select (Condition)new Condition.Fact("test.seen", new Test.Relative(comparison, new RelativeTime.Now(Duration.FromHours(hours))), true),
        Gen.Elements(If.Hours(new LocalTime(10, 0), new LocalTime(14, 30)), If.On(IsoDayOfWeek.Sunday)));

    private static readonly Gen<Condition> Conditions = Gen.OneOf(
        Leaves,
        Leaves.Select(leaf => !leaf),
        from one in Leaves from other in Leaves from third in Leaves select (one & other) | !third,
        from one in Leaves from other in Leaves from test in Numbers from points in Gen.Elements(1m, 0.5m) select (Condition)new Condition.Score([new Scored(one, points), new Scored(other, 2)], test));

    private static readonly Gen<(List<Condition> Conditions, List<(int Customer, Instant At, CustomerEvent Event)> History, List<int> Refunded)> Samples =
        from conditions in Gen.ListOf(Conditions.Where(condition => ConditionCheck.Check(condition).IsEmpty)).Resize(16)
        from history in Gen.ListOf(Happenings).Resize(30)
        from refunded in Gen.ListOf(Gen.Choose(0, 29)).Resize(2)
        select (conditions.ToList(), history.OrderBy(one => one.At).ToList(), refunded.ToList());

    private static readonly Selecting Engine = async (engine, _, condition, _) => await engine.SelectAsync(condition, Token);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void SQLite_selects_those_of_whom_the_condition_holds() => Agrees(new SqliteFactory(SqliteKind.Memory), Engine, 60);

    [Fact]
    public void PostgreSQL_selects_those_of_whom_the_condition_holds() => Agrees(new PostgreSqlFactory(new PostgreSql.PostgreSqlStoreOptions()), Engine, 12);

    [Fact]
    public void A_store_that_cannot_select_has_every_customer_asked() => Agrees(new MemoryFactory(), Engine, 20);

    [Fact]
    public void SQLite_selects_them_also_when_events_have_been_disposed_of() => Agrees(new SqliteFactory(SqliteKind.Memory), Engine, 60, disposes: true);

    [Fact]
    public void PostgreSQL_selects_them_also_when_events_have_been_disposed_of() => Agrees(new PostgreSqlFactory(new PostgreSql.PostgreSqlStoreOptions()), Engine, 12, disposes: true);

    [Fact]
    public void Who_is_asked_one_by_one_has_what_was_disposed_of_counted() => Agrees(new MemoryFactory(), Engine, 20, disposes: true);

    [Fact]
    public void SQLite_selects_them_also_when_tills_are_ahead() => Agrees(new SqliteFactory(SqliteKind.Memory), Engine, 60, tillsAreAhead: true);

    [Fact]
    public void PostgreSQL_selects_them_also_when_tills_are_ahead() => Agrees(new PostgreSqlFactory(new PostgreSql.PostgreSqlStoreOptions()), Engine, 12, tillsAreAhead: true);

    [Fact]
    public void The_law_catches_an_answer_that_does_not_count_what_tills_recorded_ahead() => Counterfeits.Caught(() => Agrees(
        new MemoryFactory(),
        async (engine, _, condition, moment) =>
        {
            var members = new List<CustomerId>();
            await foreach (var view in engine.ReadAllAsync(new PastQuestion(moment.Instant) { IsNow = true }, Token))
            {
                if (Evaluator.Evaluate(condition, new OfWhatIsLeft(view, moment)).Value)
                {
                    members.Add(view.Customer.Customer);
                }
            }

            return [.. members.Order()];
        },
        200,
        tillsAreAhead: true));

    [Fact]
    public void The_law_catches_an_answer_that_forgets_what_was_disposed_of() => Counterfeits.Caught(() => Agrees(
        new MemoryFactory(),
        async (engine, _, condition, moment) =>
        {
            var members = new List<CustomerId>();
            await foreach (var view in engine.ReadAllAsync(new PastQuestion(moment.Instant) { IsNow = true }, Token))
            {
                if (Evaluator.Evaluate(condition, new OfWhatIsLeft(view, view.Moment)).Value)
                {
                    members.Add(view.Customer.Customer);
                }
            }

            return [.. members.Order()];
        },
        200,
        disposes: true));

    [Fact]
    public void A_view_of_now_has_what_was_disposed_of_counted() => Agrees(
        new MemoryFactory(),
        async (engine, _, condition, moment) =>
        {
            var members = new List<CustomerId>();
            await foreach (var view in engine.ReadAllAsync(new PastQuestion(moment.Instant) { IsNow = true }, Token))
            {
                Assert.Empty(view.Refusals(condition));
                if (Evaluator.Evaluate(condition, view).Value)
                {
                    members.Add(view.Customer.Customer);
                }
            }

            return [.. members.Order()];
        },
        20,
        disposes: true);

    [Fact]
    public void The_law_catches_an_answer_as_of_a_tick_later() => Refuted(async (engine, query, condition, moment) =>
        query.Refusals(condition, engine.Kinds, null).IsEmpty
            ? (await query.SelectAsync(condition, engine.Kinds, null, moment with { Instant = moment.Instant + Tick }, Token) is var answer && answer.Undecided.IsEmpty ? answer.Members : await engine.SelectAsync(condition, Token))
            : await engine.SelectAsync(condition, Token));

    [Fact]
    public void The_law_catches_an_answer_that_ignores_what_is_missing() => Refuted((engine, _, condition, _) => engine.SelectAsync(Turned(condition), Token).AsTask());

    [Fact]
    public void The_law_catches_an_answer_that_forgets_refunds() => Refuted(async (engine, query, condition, moment) =>
        query.Refusals(condition, engine.Kinds, null).IsEmpty ? (await query.SelectAsync(condition, engine.Kinds, null, moment, Token)).Members : await engine.SelectAsync(condition, Token));

    [Fact]
    public void The_law_catches_rows_of_facts_that_have_none() => Refuted(async (engine, query, condition, moment) =>
        query.Refusals(condition, engine.Kinds, null).IsEmpty && await query.SelectAsync(condition, engine.Kinds, null, moment, Token) is var answer && answer.Undecided.IsEmpty ? answer.Members : await engine.SelectAsync(condition, Token));

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Who_a_fact_without_rows_is_said_of_is_asked_one_by_one(bool isSaid)
    {
        await using var store = Sqlite.SqliteStore.Open(":memory:");
        var engine = new CrmEngine(store, [new FactsModule([])], new CrmOptions(), new FakeClock(Start), new SeededIdSource(7));
        var said = await engine.RecordAsync(Visit(1) with { Channel = "web" }, Token);
        var silent = await engine.RecordAsync(Visit(2), Token);
        var condition = If.Fact("quiet.channel").Is("web");

        Assert.Equal([isSaid ? said.Customer : silent.Customer], await engine.SelectAsync(isSaid ? condition : !condition, Token));
    }

    [Fact]
    public async Task Who_cannot_be_brought_forward_stops_only_an_audience_that_is_about_them()
    {
        await using var store = Sqlite.SqliteStore.Open(":memory:");
        var clock = new FakeClock(Start);
        var (older, newer) = (Release(reads: 1), Release(reads: 2));
        var later = (await newer.RecordAsync(Visit(1), Token)).Customer;
        var own = (await older.RecordAsync(Visit(2), Token)).Customer;
        clock.Advance(Duration.FromDays(1));
        var told = new List<UnreadableCustomer>();

        Assert.Equal(new[] { later, own }.Order(), await older.SelectAsync(If.Events("visit").Count().Is(1), Token));
        Assert.Equal([own], await older.SelectAsync(If.Fact("late.due").Is(1), told.Add, Token));
        Assert.Equal([later], told.Select(one => one.Customer));
        await Assert.ThrowsAsync<UnreadableStateException>(async () => await older.SelectAsync(If.Fact("late.due").Is(1), Token));
        clock.Advance(Duration.FromHours(1));
        Assert.Equal(new[] { later, own }.Order(), await newer.SelectAsync(If.Fact("late.due").Is(1), Token));

        CrmEngine Release(int reads) => new(store, [new LateModule(reads)], new CrmOptions(), clock, new SeededIdSource(reads));
    }

    private static CustomerEvent Visit(int customer) => new() { Key = new EventKey("pos", $"{customer}"), Kind = "visit", Identity = Identity.User(customer), OccurredAt = Start };

    [Fact]
    public void What_the_tables_do_not_say_exactly_is_refused_with_its_path()
    {
        using var store = Sqlite.SqliteStore.Open(":memory:");
        var condition = If.All(
            If.Field("customer.region").Is("HK"),
            !If.Purchases().SumOfQuantity().AtLeast(2),
            If.Purchases().Where(If.Field("event.channel").Is("web") & If.Field("event.table").Is(3)).Count().AtLeast(1),
            If.Purchases().Then(new Step(new EventPattern("purchase") { Where = If.Field("event.table").Is(3) })).Happened,
            new Condition.EventWindow("purchase", new Measure.Aggregate(Aggregation.Greatest, new Measured.Named("event.spend")), new Window.Lifetime(), new Test.AtLeast(1)),
            If.Fact("loyalty.tier").Matches("^g"),
            If.Purchases().Where(If.Field("event.channel").Matches("^w") | If.Field("line.quantity").Matches("^w")).Count().AtLeast(1),
            If.Field("customer.region").Matches("^H"),
            If.Purchases().Unique("line.sku").Is(Scalar.Of(["tea", "cup"])));

        Assert.Equal(["$.all[2].where.all[1].field", "$.all[3].then[0].where.field", "$.all[4]", "$.all[6].where.any[0].is", "$.all[8].is"], store.Refusals(condition, new EventKinds([]), null).Select(error => error.Path));
        Assert.Equal(["$"], store.Refusals(If.Field("customer.region").Is("HK"), new EventKinds([]), new NoView()).Select(error => error.Path));
        Assert.Equal(["$.any[1]"], store.Refusals(If.Any([.. new[] { "region", "age" }.Select(name => If.Field($"customer.{name}").IsKnown)]), new EventKinds([]), new NoView("host", "region")).Select(error => error.Path));
    }

    [Theory]
    [InlineData("9999999999999999999999999999")]
    [InlineData("79228162514264337593543950335")]
    [InlineData("-79228162514264337593543950335")]
    [InlineData("50000000000000000.5")]
    public async Task A_number_that_no_sum_of_the_store_can_be_is_answered_as_any_other(string written)
    {
        var number = decimal.Parse(written, System.Globalization.CultureInfo.InvariantCulture);
        await using var store = Sqlite.SqliteStore.Open(":memory:");
        var engines = new[] { store, (ICustomerStore)new InMemoryStore() }.Select(one => new CrmEngine(one, [], new CrmOptions(), new FakeClock(Start), new SeededIdSource(7))).ToList();
        foreach (var engine in engines)
        {
            await engine.RecordAsync(CustomerEvent.Purchase("pos:1", Identity.User(1), Money.Hkd(50)) with { OccurredAt = Start }, Token);
        }

        var spend = If.Purchases();
        foreach (var condition in new[]
        {
            spend.SumOfSpend(Currency.Hkd).AtLeast(number), spend.SumOfSpend(Currency.Hkd).AtMost(number), spend.SumOfSpend(Currency.Hkd).Is(number), new Condition.EventWindow("purchase", new Measure.SumOfSpend(Currency.Hkd), new Window.Lifetime(), new Test.OneOf([50, number])),
            spend.Of(Aggregation.Average, new Measured.Spend(Currency.Hkd)).AtLeast(number), spend.Of(Aggregation.Greatest, new Measured.Spend(Currency.Hkd)).LessThan(number), spend.Where(If.Field("event.spend").AtLeast(number)).Count().AtLeast(1),
        })
        {
            Assert.Equal(await engines[1].SelectAsync(condition, Token), await engines[0].SelectAsync(condition, Token));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Of_whom_events_have_been_disposed_of_is_asked_one_by_one_where_they_would_count(bool isPostgreSql)
    {
        await using StoreFactory factory = isPostgreSql ? new PostgreSqlFactory(new PostgreSql.PostgreSqlStoreOptions()) : new SqliteFactory(SqliteKind.Memory);
        var store = await factory.OpenAsync("shop", Token);
        var (watched, clock) = (If.Purchases().Count().AtLeast(3), new FakeClock(Start));
        var engine = new CrmEngine(store, [new FactsModule([watched])], new CrmOptions(), clock, new SeededIdSource(7));
        foreach (var (customer, day) in new[] { (1, 0), (1, 1), (1, 50), (2, 48), (2, 49), (2, 50), (3, 50) })
        {
            clock.Set(Start + Duration.FromDays(day));
            await engine.RecordAsync(CustomerEvent.Purchase($"pos:{customer}-{day}", Identity.User(customer), Money.Hkd(50)), Token);
        }

        var before = await engine.SelectAsync(watched, Token);
        await engine.DisposeOfJournalAsync(new DisposalRequest(Start + Duration.FromDays(10)), Token);
        var moment = new Moment(clock.GetCurrentInstant(), DateTimeZone.Utc);
        var answer = await ((IAudienceQuery)store).SelectAsync(watched, engine.Kinds, null, moment, Token);

        Assert.Equal((2, 1), (before.Count, answer.Undecided.Count));
        Assert.Equal(before, await engine.SelectAsync(watched, Token));
        Assert.Empty((await ((IAudienceQuery)store).SelectAsync(If.Purchases().InLast(Duration.FromDays(40)).Count().AtLeast(3), engine.Kinds, null, moment, Token)).Undecided);
        Assert.Contains("$: Events up to", (await Assert.ThrowsAsync<ArgumentException>(async () => await engine.SelectAsync(If.Purchases().SumOfSpend(Currency.Hkd).AtLeast(150), Token))).Message, StringComparison.Ordinal);
    }

    private static Condition Turned(Condition condition) => condition switch
    {
        Condition.Field field when field.Is is not Test.Known => field with { WhenMissing = !field.WhenMissing },
        Condition.EventWindow leaf when leaf.Measure.CanBeMissing && leaf.Is is not Test.Known => leaf with { WhenMissing = !leaf.WhenMissing },
        _ => condition,
    };

    private sealed class NoView(string? view = null, params string[] fields) : ICustomerProfiles
    {
        public string? View => view;

        public IReadOnlyDictionary<string, ScalarKind> ViewFields => fields.ToDictionary(name => name, _ => ScalarKind.Code);

        public ValueTask<Fields> ReadAsync(CustomerId customer, string? user, CancellationToken cancellationToken) => ValueTask.FromResult(Fields.None);

        public IAsyncEnumerable<HostProfile> ReadAllAsync(CancellationToken cancellationToken) => AsyncEnumerable.Empty<HostProfile>();
    }

    private static void Refuted(Selecting counterfeit) => Counterfeits.Caught(() => Agrees(new SqliteFactory(SqliteKind.Memory), counterfeit, 200));

    private static void Agrees(StoreFactory factory, Selecting select, int tests, bool disposes = false, bool tillsAreAhead = false)
    {
        var tenants = 0;
        var inSql = 0;
        var asked = 0;
        Prop.ForAll(Samples.ToArbitrary(), sample => RunAsync(sample).GetAwaiter().GetResult()).Check(Config.QuickThrowOnFailure.WithMaxTest(tests));
        Assert.True(factory is MemoryFactory || inSql == asked, $"Only {inSql} of {asked} questions were answered in SQL.");
        factory.DisposeAsync().AsTask().GetAwaiter().GetResult();

        async Task RunAsync((List<Condition> Conditions, List<(int Customer, Instant At, CustomerEvent Event)> History, List<int> Refunded) sample)
        {
            var store = await factory.OpenAsync($"t{++tenants}", Token);
            var clock = new FakeClock(Start - Duration.FromHours(1));
            var engine = new CrmEngine(store, [new FactsModule(sample.Conditions)], new CrmOptions { Zone = DateTimeZoneProviders.Tzdb["Asia/Hong_Kong"] }, clock, new SeededIdSource(7));
            foreach (var (i, (customer, at, happened)) in sample.History.Index())
            {
                clock.Set(at);
                await engine.RecordAsync(happened with { Key = new EventKey("pos", $"{i}"), Identity = Identity.User(customer), OccurredAt = at }, Token);
            }

            foreach (var i in sample.Refunded.Where(place => place < sample.History.Count && sample.History[place].Event.Spend is { MinorUnits: > 0 }).Distinct())
            {
                clock.Advance(Tick);
                await engine.RecordAsync(CustomerEvent.Refund($"back:{i}", Identity.User(sample.History[i].Customer), $"pos:{i}", sample.History[i].Event.Spend!.Value) with { OccurredAt = clock.GetCurrentInstant() }, Token);
            }

            if (disposes && sample.History.Count > 0)
            {
                await engine.DisposeOfJournalAsync(new DisposalRequest(sample.History[sample.History.Count / 2].At), Token);
            }

            var now = clock.GetCurrentInstant();
            foreach (var customer in Enumerable.Range(1, tillsAreAhead && sample.History.Count > 0 ? Customers : 0))
            {
                var at = now + (customer % 3 == 0 ? Tick : Duration.FromMinutes(customer % 3 * 2));
                var happened = sample.History[customer % sample.History.Count].Event;
                await engine.RecordAsync(happened with { Key = new EventKey("pos", $"ahead-{customer}"), Identity = Identity.User(customer), OccurredAt = at }, Token);
            }

            // What else moves with the clock, as facts that run out and hours of the day do, is asked of the moment.
            var conditions = sample.Conditions.Where(condition => !tillsAreAhead || condition.Leaves().All(leaf => leaf is Condition.EventWindow)).ToList();
            var edges = sample.History.SelectMany(one => new[] { 1, 2, 3, 4 }.Select(hours => one.At + Duration.FromHours(hours))).Append(Start + Duration.FromHours(29)).Where(edge => edge > now).Distinct().Order().Take(3).ToList();
            foreach (var at in edges.SelectMany(edge => new[] { edge - Tick, edge }).Prepend(now).Where(at => at >= now).Distinct().Order())
            {
                clock.Set(at);
                await CompareAsync(engine, store, conditions, at);
            }
        }

        async Task CompareAsync(CrmEngine engine, ICustomerStore store, List<Condition> conditions, Instant at)
        {
            var views = new List<CustomerView>();
            for (var customer = 1; customer <= Customers; customer++)
            {
                if (await engine.ReadAsync(CustomerRef.Of(Identity.User(customer)), Token) is { } view)
                {
                    views.Add(view);
                }
            }

            foreach (var condition in conditions)
            {
                var expected = views.Where(view => Evaluator.Evaluate(condition, view).Value).Select(view => view.Customer).Order().ToList();
                var query = store as IAudienceQuery;
                inSql += query?.Refusals(condition, engine.Kinds, null).IsEmpty == true ? 1 : 0;
                // The form in which conditions are stored selects the same.
                var asks = ++asked % 2 == 0 ? condition : ConditionJson.Read(ConditionJson.Write(condition)).Condition ?? condition;
                var found = await select(engine, query!, asks, new Moment(at, DateTimeZoneProviders.Tzdb["Asia/Hong_Kong"]));
                Assert.True(expected.SequenceEqual(found), $"{ConditionJson.Write(condition)} at {at}: {string.Join(",", found)} instead of {string.Join(",", expected)}");
            }
        }
    }

    /// <summary>A customer of whom only the events count that are still there, up to a moment.</summary>
    private sealed class OfWhatIsLeft(PastView view, Moment moment) : IEvidence
    {
        public Moment Moment => moment;

        public Scalar Field(string name) => default;

        public bool Observed(Condition.Field leaf) => view.Observed(leaf);

        public Scalar Observed(string field) => view.Observed(field);

        public Scalar Fact(string name, out Instant? validUntil) => view.Fact(name, out validUntil);

        public Truth Window(Condition.EventWindow leaf) => HistoryWindows.Evaluate(leaf, view.History.Where(entry => entry.Event is not null).Select(entry => (entry.Event!, entry.EffectiveAt)), Moment.Instant);
    }

    /// <summary>Publishes a number, a code, an instant and an amount that runs out, and declares conditions.</summary>
    private sealed class FactsModule(IEnumerable<Condition> conditions) : CustomerModule<FactsState>
    {
        public override ModuleContract Contract { get; } = new()
        {
            Name = "test",
            Codec = new FactsCodec(),
            Kinds = [new EventKind("visit", EventNature.Happening)],
            Handles = ["*"],
            Publishes = [new FactDeclaration("test.*", Queryable: true), new FactDeclaration("quiet.channel")],
            Conditions = conditions.ToSequence(),
        };

        protected override Outcome Handle(FactsState state, ModuleContext context)
        {
            if (context.Stimulus is not Stimulus.Happened(var happened))
            {
                return Outcome.Nothing;
            }

            return new Outcome.Accepted
            {
                State = new FactsState(state.Visits + 1),
                Facts =
                [
                    new Fact("test.visits", state.Visits + 1),
                    new Fact("test.channel", happened.Channel is { } channel ? channel : default(Scalar)),
                    new Fact("quiet.channel", happened.Channel is { } quiet ? quiet : default(Scalar)),
                    new Fact("test.seen", context.Moment.Instant),
                    new Fact("test.day", DateTimeZoneProviders.Tzdb[Zone].DayOf(context.Moment.Instant)),
                    new Fact("test.tags", happened.Lines.IsEmpty ? default(Scalar) : Scalar.Of(happened.Lines.Select(line => line.Sku).Where(Scalar.CanBeOneOfSeveral).Append(happened.Channel ?? "none"))),
                    new Fact("test.spend", (happened.Spend?.Amount ?? 0) / 4, context.Moment.Instant + Duration.FromHours(2)),
                ],
            };
        }
    }

    /// <summary>Has something due a day after each visit. A release writes the version that it reads.</summary>
    private sealed class LateModule(int reads) : CustomerModule<FactsState>
    {
        public override ModuleContract Contract { get; } = new()
        {
            Name = "late",
            Codec = new FactsCodec(reads),
            Kinds = [new EventKind("visit", EventNature.Happening)],
            Handles = ["visit"],
            Publishes = [new FactDeclaration("late.*", Queryable: true)],
        };

        protected override Outcome Handle(FactsState state, ModuleContext context) => context.Stimulus is Stimulus.Due
            ? new Outcome.Accepted { State = state, Facts = [new Fact("late.due", 1)] }
            : new Outcome.Accepted { State = new FactsState(state.Visits + 1), Agenda = [new AgendaChange("late", context.Moment.Instant + Duration.FromHours(20))] };
    }

    private sealed record FactsState(long Visits);

    private sealed class FactsCodec(int version = 1) : SlotCodec<FactsState>
    {
        public override int Version => version;

        public override FactsState Empty { get; } = new(0);

        protected override void Write(FactsState state, SlotWriter writer) => writer.Whole(state.Visits);

        protected override FactsState Read(int version, ref SlotReader reader) => new(reader.Whole());
    }
}
