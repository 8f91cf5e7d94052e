using Crm.Conditions;
using Crm.Events;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Core.Tests.Conditions;

/// <summary>Random histories and conditions, whose instants lie on, just before and just after the edges of one another's windows.</summary>
internal static class Arbitrary
{
    public static readonly Instant Start = Instant.FromUtc(2026, 3, 1, 0, 0);
    private static readonly Duration Tick = Duration.FromTicks(1);

    public static Gen<Instant> Instants { get; } =
        from hours in Gen.Choose(0, 12)
        from ticks in Gen.Choose(-1, 1)
        select Start + Duration.FromHours(hours) + (Tick * ticks);

    private static Gen<EventLine> Lines { get; } =
        from sku in Gen.Elements("tea", "cup")
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

    public static Gen<Test> NumberTests { get; } =
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
            5 => new Test.OneOf([value, other]),
            _ => (Test)new Test.Known(),
        };

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

    public static Gen<Condition.EventWindow> Windows { get; } =
        from kind in Gen.Elements("purchase", "purchase", "visit")
        from measure in Gen.Elements<Measure>(new Measure.Count(), new Measure.SumOfSpend(Currency.Hkd), new Measure.SumOfQuantity())
        from window in Gen.Elements<Window>(new Window.Lifetime(), new Window.Last(Duration.FromHours(1)), new Window.Last(Duration.FromHours(3)), new Window.Last(Duration.FromHours(5) + Tick))
        from test in NumberTests
        from filtered in Gen.Choose(0, 2)
        from filter in Filters
        select new Condition.EventWindow(kind, measure, window, test) { Where = filtered == 0 ? filter : null };

    private static Gen<Condition> Moments { get; } = Gen.Elements<Condition>(
        new Condition.Moment(new Span.Between(Start + Duration.FromHours(2), null)),
        new Condition.Moment(new Span.Between(null, Start + Duration.FromHours(7))),
        new Condition.Moment(new Span.Between(Start + Duration.FromHours(2), Start + Duration.FromHours(7))),
        new Condition.Moment(new Span.Weekdays([IsoDayOfWeek.Sunday])),
        new Condition.Moment(new Span.Weekdays([IsoDayOfWeek.Monday, IsoDayOfWeek.Friday])),
        new Condition.Moment(new Span.Hours(new LocalTime(10, 0), new LocalTime(14, 30))),
        new Condition.Moment(new Span.Hours(new LocalTime(22, 0), new LocalTime(9, 0))));

    private static Gen<Condition> Facts { get; } =
        from name in Gen.Elements("loyalty.tier", "loyalty.points", "segment.vip")
        from test in Gen.Elements<Test>(new Test.EqualTo("gold"), new Test.OneOf(["gold", "silver"]), new Test.AtLeast(100), new Test.EqualTo(true), new Test.Known())
        from missing in Gen.Elements(true, false)
        select (Condition)new Condition.Fact(name, test, missing && test is not Test.Known);

    private static Gen<Condition> FieldLeaves { get; } =
        from name in Gen.Elements("customer.region", "event.channel", "lookup.weather")
        from test in Gen.Elements<Test>(new Test.EqualTo("web"), new Test.OneOf(["rain", "HK"]), new Test.MoreThan(1.5m), new Test.EqualTo(new LocalDate(2026, 3, 1)), new Test.LessThan(Start))
        from missing in Gen.Elements(true, false)
        select (Condition)new Condition.Field(name, test, missing);

    /// <summary>Conditions of every sort, nested up to three deep.</summary>
    public static Gen<Condition> Conditions { get; } =
        Nested(Gen.OneOf(Windows.Select(window => (Condition)window), Windows.Select(window => (Condition)window), Moments, Facts, FieldLeaves), 3);

    private static Gen<Condition> Nested(Gen<Condition> leaves, int depth) => depth == 0
        ? leaves
        : Gen.OneOf(
            leaves,
            Nested(leaves, depth - 1).Select(part => (Condition)new Condition.Not(part)),
            Gen.ListOf(Nested(leaves, depth - 1)).Resize(3).Select(parts => (Condition)new Condition.All(parts.ToSequence())),
            Gen.ListOf(Nested(leaves, depth - 1)).Resize(3).Select(parts => (Condition)new Condition.Any(parts.ToSequence())));
}
