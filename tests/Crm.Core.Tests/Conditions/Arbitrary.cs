using Crm.Conditions;
using Crm.Events;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Core.Tests.Conditions;

/// <summary>Random histories and conditions, whose instants lie on, just before and just after the edges of one another's windows.</summary>
internal static class Arbitrary
{
    public static readonly Instant Start = Instant.FromUtc(2026, 3, 1, 0, 0);
    public const string Zone = "America/New_York";
    private static readonly Duration Tick = Duration.FromTicks(1);

    public static Gen<Instant> Instants { get; } =
        from hours in Gen.Choose(0, 12)
        from ticks in Gen.Choose(-1, 1)
        select Start + Duration.FromHours(hours) + (Tick * ticks);

    private static Gen<EventLine> Lines { get; } =
        from sku in Gen.Elements("tea", "cup", "tea,cup")
        from category in Gen.Elements("drinks", null)
        from quantity in Gen.Elements(1m, 2m, 0.5m)
        from amount in Gen.Choose(0, 3)
        select new EventLine(sku, quantity, Money.Hkd(amount), category);

    private static Gen<CustomerEvent> Events { get; } =
        from kind in Gen.Elements("purchase", "purchase", "visit")
        from channel in Gen.Elements("web", "shop", null)
        from amount in Gen.Choose(0, 6)
        from currency in Gen.Elements(Currency.Hkd, Currency.Hkd, Currency.Of("USD"))
        from lines in Gen.ListOf(Lines).Resize(3)
        from table in Gen.Choose(0, 2)
        select new CustomerEvent
        {
            Key = new EventKey("pos", "1"),
            Kind = kind,
            Channel = channel,
            Spend = amount == 6 ? null : new Money(amount * 50, currency),
            Lines = lines.ToSequence(),
            Fields = Fields.Of(("table", table)),
        };

    /// <summary>Events in the order in which they arrive, which is not the order in which they happened.</summary>
    public static Gen<List<(CustomerEvent Event, Instant At)>> Histories { get; } =
        Gen.ListOf(from happened in Events from at in Instants select (happened, at)).Resize(12).Select(list => list.ToList());

    public static Gen<Test> NumberTests { get; } = Gen.Frequency((7, ConditionParts.Numbers(8)), (1, Gen.Constant<Test>(new Test.Known())));

    private static Gen<Condition> FilterLeaves { get; } = Gen.Elements<Condition>(
        new Condition.Field("event.channel", new Test.EqualTo("web"), false),
        new Condition.Field("event.channel", new Test.EqualTo("web"), true),
        new Condition.Field("event.spend", new Test.AtLeast(1), false),
        new Condition.Field("event.table", new Test.OneOf([1, 2]), false),
        new Condition.Field("event.source", new Test.Known(), false),
        new Condition.Field("line.sku", new Test.EqualTo("tea"), false),
        new Condition.Field("line.category", new Test.EqualTo("drinks"), true),
        new Condition.Field("line.amount", new Test.MoreThan(1), false),
        new Condition.Field("line.quantity", new Test.LessThan(2), false));

    public static Gen<Condition> Filters { get; } = Nested(FilterLeaves, 2);

    /// <summary>Leaves that count or sum over plain windows.</summary>
    private static Gen<Condition.EventWindow> Plain { get; } =
        from kind in Gen.Elements("purchase", "purchase", "visit")
        from measure in Gen.Elements<Measure>(new Measure.Count(), new Measure.SumOfSpend(Currency.Hkd), new Measure.SumOfQuantity())
        from window in Gen.Elements<Window>(new Window.Lifetime(), new Window.Last(Duration.FromHours(1)), new Window.Last(Duration.FromHours(3)), new Window.Last(Duration.FromHours(5) + Tick))
        from test in NumberTests
        from filtered in Gen.Choose(0, 2)
        from filter in Filters
        select new Condition.EventWindow(kind, measure, window, test) { Where = filtered == 0 ? filter : null };

    /// <summary>Days, weeks and months of New York begin at 05:00 UTC of the first of March 2026, or the day after: within the histories.</summary>
    private static Gen<Window> CalendarWindows { get; } = Gen.Elements<Window>(
        new Window.Calendar(CalendarPeriod.Day, 0, 1, Zone), new Window.Calendar(CalendarPeriod.Day, 1, 1, Zone), new Window.Calendar(CalendarPeriod.Day, 0, 2, Zone), new Window.Calendar(CalendarPeriod.Day, 1, 2, Zone),
        new Window.Calendar(CalendarPeriod.Week, 0, 1, Zone), new Window.Calendar(CalendarPeriod.Month, 1, 1, Zone), new Window.Calendar(CalendarPeriod.Month, 0, 1, Zone), new Window.Calendar(CalendarPeriod.Quarter, 0, 1, Zone));

    private static Gen<EventPattern> Patterns { get; } =
        from kind in Gen.Elements("purchase", "visit")
        from filtered in Gen.Choose(0, 2)
        from filter in Filters
        select new EventPattern(kind) { Where = filtered == 0 ? filter : null };

    /// <summary>Windows of every sort.</summary>
    public static Gen<Window> AnyWindow { get; } = Gen.OneOf(
        Gen.Elements<Window>(
            new Window.Lifetime(), new Window.Last(Duration.FromHours(3)), new Window.Last(Duration.FromHours(4)) { Skip = Duration.FromHours(1) }, new Window.Last(Duration.FromHours(5)) { Skip = Duration.FromHours(5) - Tick },
            new Window.Before(Duration.FromHours(2)), new Window.Between(Start + Duration.FromHours(2), Start + Duration.FromHours(7)), new Window.Between(null, Start + Duration.FromHours(5)), new Window.Between(Start + Duration.FromHours(4), null)),
        CalendarWindows,
        from pattern in Patterns from first in Gen.Elements(true, false) from within in Gen.Elements<Duration?>(null, Duration.FromHours(2), Duration.FromHours(3)) select (Window)new Window.Since(pattern, first) { Within = within });

    private static Gen<Condition.EventWindow> Summed { get; } =
        from plain in Plain from window in AnyWindow select plain with { Window = window };

    private static Gen<(Measured Value, bool IsNumber, Gen<Test> Tests)> Values { get; } = Gen.Elements(
        ((Measured)new Measured.Spend(Currency.Hkd), true, Gen.Choose(0, 6).Select(value => (Test)new Test.AtLeast(25 * value))),
        (new Measured.Quantity(), true, NumberTests!),
        (new Measured.Named("event.table"), true, NumberTests!),
        (new Measured.Named("line.amount"), true, NumberTests!),
        (new Measured.Named("line.sku"), false, Gen.Elements<Test>(new Test.EqualTo("tea"), new Test.StartsWith("c"), new Test.Contains("e"), new Test.Matches("^.a"), new Test.EndsWith("p"), new Test.AnyOf(["tea", "cake"]), new Test.AllOf(["tea", "cup"]), new Test.Known())),
        (new Measured.At(), false, Gen.OneOf(
            from comparison in Gen.Elements(Enum.GetValues<Comparison>()) from hours in Gen.Choose(-4, 1) select (Test)new Test.Relative(comparison, new RelativeTime.Now(Duration.FromHours(hours))),
            Instants.Select(instant => (Test)new Test.AtMost(instant)))),
        (new Measured.Day(Zone), false, Gen.OneOf(
            from comparison in Gen.Elements(Enum.GetValues<Comparison>()) from days in Gen.Choose(-2, 1) select (Test)new Test.Relative(comparison, new RelativeTime.Today(Period.FromDays(days), Zone)),
            Gen.Constant((Test)new Test.EqualTo(new LocalDate(2026, 3, 1))))));

    private static Gen<Condition.EventWindow> Aggregates { get; } =
        from plain in Plain
        from window in AnyWindow
        from value in Values
        from how in Gen.Elements(Enum.GetValues<Aggregation>().Where(how => how switch
        {
            Aggregation.Sum or Aggregation.Average => value.IsNumber,
            Aggregation.Unique => value.Value is Measured.Named { Name: "line.sku" },
            _ => true,
        }).ToArray())
        from number in NumberTests
        from test in value.Tests
        from missing in Gen.Elements(true, false)
        let measure = new Measure.Aggregate(how, value.Value)
        let asked = how is Aggregation.Sum or Aggregation.Average or Aggregation.Distinct ? number : test
        select plain with { Measure = measure, Window = window, Is = asked, WhenMissing = missing && measure.CanBeMissing && asked is not Test.Known };

    private static Gen<Condition.EventWindow> Regular { get; } =
        from plain in Plain
        from times in Gen.Choose(1, 2)
        from window in Gen.Elements<(Window, int)>(
            (new Window.Last(Duration.FromHours(6)), 3), (new Window.Last(Duration.FromHours(4)), 4), (new Window.Calendar(CalendarPeriod.Day, 0, 2, Zone), 2), (new Window.Calendar(CalendarPeriod.Day, 1, 1, Zone), 1))
        select plain with { Measure = new Measure.Periods(times, window.Item2), Window = window.Item1 };

    private static Gen<Step> Steps { get; } =
        from pattern in Patterns
        from after in Gen.Elements(Duration.Zero, Duration.Zero, Duration.FromHours(1), Duration.FromHours(2) + Tick)
        from within in Gen.Elements<Duration?>(null, Duration.FromHours(3), Duration.FromHours(4) - Tick)
        from excluded in Gen.Choose(0, 2)
        from without in Patterns
        select new Step(pattern) { After = after, Within = within, Without = excluded == 0 ? without : null };

    private static Gen<Condition.EventWindow> Sequences { get; } =
        from plain in Plain
        from window in AnyWindow
        from steps in Gen.ListOf(Steps).Resize(3)
        from ends in Gen.Choose(0, 2)
        from lacking in Patterns
        from hours in Gen.Choose(1, 3)
        let lack = ends == 0 || steps.Count == 0 ? new Lack(lacking, Duration.FromHours(hours)) : null
        select plain with { Measure = new Measure.Sequence(steps.ToSequence()) { Lacking = lack }, Window = window };

    /// <summary>Measures of every sort.</summary>
    public static Gen<Condition.EventWindow> Windows { get; } = Gen.OneOf(Plain, Plain, Summed, Aggregates, Aggregates, Regular, Sequences);

    private static Gen<Condition> Moments { get; } = Gen.Elements<Condition>(
        new Condition.Moment(new Span.Between(Start + Duration.FromHours(2), null)),
        new Condition.Moment(new Span.Between(null, Start + Duration.FromHours(7))),
        new Condition.Moment(new Span.Between(Start + Duration.FromHours(2), Start + Duration.FromHours(7))),
        new Condition.Moment(new Span.Weekdays([IsoDayOfWeek.Sunday])),
        new Condition.Moment(new Span.Weekdays([IsoDayOfWeek.Monday, IsoDayOfWeek.Friday])),
        new Condition.Moment(new Span.Hours(new LocalTime(10, 0), new LocalTime(14, 30))),
        new Condition.Moment(new Span.Annual(new AnnualDate(2, 20), new AnnualDate(3, 1))),
        new Condition.Moment(new Span.Annual(new AnnualDate(3, 2), new AnnualDate(2, 28))),
        new Condition.Moment(new Span.Listed("holidays", false)),
        new Condition.Moment(new Span.Hours(new LocalTime(22, 0), new LocalTime(9, 0))));

    private static Gen<Condition> Facts { get; } =
        from name in Gen.Elements("loyalty.tier", "loyalty.points", "segment.vip")
        from test in Gen.Elements<Test>(new Test.EqualTo("gold"), new Test.OneOf(["gold", "silver"]), new Test.AtLeast(100), new Test.EqualTo(true), new Test.Known())
        from missing in Gen.Elements(true, false)
        select (Condition)new Condition.Fact(name, test, missing && test is not Test.Known);

    private static Gen<Condition> FieldLeaves { get; } =
        from name in Gen.Elements("customer.region", "customer.joined", "event.channel", "lookup.weather")
        from test in Gen.Elements<Test>(new Test.EqualTo("web"), new Test.OneOf(["rain", "HK"]), new Test.MoreThan(1.5m), new Test.Contains("K"), new Test.Matches("^[A-Z]+$|b"), new Test.StartsWith("w"), new Test.AnyOf(["HK", "MO"]), new Test.AllOf(["web", "app"]), new Test.Between(1, 2), new Test.Relative(Comparison.AtLeast, new RelativeTime.Today(Period.FromMonths(-1), Zone)), new Test.Anniversary(1, 2, LeapDayRule.March1, Zone), new Test.EqualTo(new LocalDate(2026, 3, 1)), new Test.LessThan(Start))
        from missing in Gen.Elements(true, false)
        select (Condition)new Condition.Field(name, test, missing);

    private static Gen<Condition> Scores { get; } =
        from parts in Gen.ListOf(from part in Gen.OneOf(Moments, Facts, Plain.Select(leaf => (Condition)leaf)) from points in Gen.Elements(1, 2, -1) select new Scored(part, points)).Resize(3)
        from test in NumberTests
        where parts.Count > 0 && test is not Test.Known
        select (Condition)new Condition.Score(parts.ToSequence(), test);

    /// <summary>Conditions of every sort, nested up to three deep; some see the calendar in the customer's own zone, or in that of the business.</summary>
    public static Gen<Condition> Conditions { get; } =
        from condition in Nested(Gen.OneOf(Scores, Windows.Select(window => (Condition)window), Windows.Select(window => (Condition)window), Moments, Facts, FieldLeaves), 3)
        from zone in Gen.Elements<CalendarZone?>(null, null, new CalendarZone.Customer("customer.zone", Zone), new CalendarZone.Customer("customer.region", Zone), new CalendarZone.Business())
        select zone is null ? condition : condition.WithZones(_ => zone).In(zone);

    private static Gen<Condition> Nested(Gen<Condition> leaves, int depth) => depth == 0
        ? leaves
        : Gen.OneOf(
            leaves,
            Nested(leaves, depth - 1).Select(part => (Condition)new Condition.Not(part)),
            Gen.ListOf(Nested(leaves, depth - 1)).Resize(3).Select(parts => (Condition)new Condition.All(parts.ToSequence())),
            Gen.ListOf(Nested(leaves, depth - 1)).Resize(3).Select(parts => (Condition)new Condition.Any(parts.ToSequence())));
}
