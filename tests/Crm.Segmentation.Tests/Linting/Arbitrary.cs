using Crm.Conditions;
using Crm.Events;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Segmentation.Tests.Linting;

/// <summary>Conditions over few names and values, so that parts often contradict each other, and customers on the boundaries.</summary>
internal static class Arbitrary
{
    private static readonly Instant Start = Instant.FromUtc(2026, 3, 1, 0, 0);

    private static readonly CalendarZone Own = new CalendarZone.Customer("customer.zone", "Asia/Hong_Kong");

    private static Gen<Test> Numbers { get; } = ConditionParts.Numbers(6);

    private static Gen<Test> Codes { get; } = Gen.Elements<Test>(
        new Test.EqualTo("tea"), new Test.EqualTo("cup"), new Test.OneOf(["tea", "cup"]), new Test.StartsWith("t"), new Test.EndsWith("p"), new Test.Contains("e"), new Test.Matches("^t.a$"), new Test.AnyOf(["tea"]), new Test.AllOf(["cup", "tea"]), new Test.Known(), new Test.AtLeast("cup"), new Test.LessThan("tea"));

    private static Gen<Window> Windows { get; } = Gen.Elements<Window>(
        new Window.Lifetime(), new Window.Last(Duration.FromHours(2)), new Window.Last(Duration.FromHours(4)), new Window.Last(Duration.FromHours(4)) { Skip = Duration.FromHours(2) }, new Window.Before(Duration.FromHours(2)), new Window.Before(Duration.FromHours(1)),
        new Window.Between(Start, Start + Duration.FromHours(4)), new Window.Between(Start + Duration.FromHours(2), null), new Window.Calendar(CalendarPeriod.Day, 0, 1, "UTC"), new Window.Calendar(CalendarPeriod.Day, 0, 2, "UTC"),
        new Window.Since(new EventPattern("visit"), First: true), new Window.Since(new EventPattern("visit"), First: false), new Window.Since(new EventPattern("visit"), First: true) { Within = Duration.FromHours(2) }, new Window.Since(new EventPattern("visit"), First: false) { Within = Duration.FromHours(1) });

    private static Gen<Condition?> Filters { get; } = Gen.Elements<Condition?>(
        null, null, null, If.Field("event.channel").Is("tea"), If.Field("line.sku").Is("tea"), If.Field("line.sku").Is("tea") & If.Field("line.sku").Is("cup"), If.Field("event.channel").IsNot("tea"));

    private static Gen<Condition> Measured { get; } =
        from measure in Gen.Elements<Measure>(
            new Measure.Count(), new Measure.Count(), new Measure.SumOfSpend(Currency.Hkd), new Measure.SumOfQuantity(), new Measure.Aggregate(Aggregation.Distinct, new Measured.Named("line.sku")), new Measure.Aggregate(Aggregation.Average, new Measured.Spend(Currency.Hkd)),
            new Measure.Aggregate(Aggregation.Greatest, new Measured.Spend(Currency.Hkd)), new Measure.Aggregate(Aggregation.Sum, new Measured.Named("event.spend")), new Measure.Sequence([new Step(new EventPattern("visit"))]))
        from window in Windows
        from test in Numbers
        from filter in Filters
        from missing in Gen.Elements(true, false)
        select (Condition)new Condition.EventWindow("purchase", measure, window, test) { Where = filter, WhenMissing = missing && measure.CanBeMissing };

    // Tests of one day, and of the latest visit, by times that move with now; the first months are of 28 to 31 days.
    private static Gen<Condition> Moving { get; } = Gen.Elements(true, false).SelectMany(ofFact => MovingOf(ofFact, Zones, Gen.Elements(true, false)));

    private static Gen<CalendarZone> Zones => Gen.Elements<CalendarZone>("UTC", "UTC", "Asia/Hong_Kong", Own);

    private static Gen<Condition> MovingOf(bool ofFact, Gen<CalendarZone> zones, Gen<bool> missings) =>
        from comparison in Gen.Elements(Enum.GetValues<Comparison>())
        from shift in Gen.Elements("P0D", "-P1D", "-P2D", "-P1M", "-P28D", "-P31D", "-P1M3D")
        from hours in Gen.Choose(0, 4)
        from zone in zones
        from missing in missings
        select ofFact
            ? (Condition)new Condition.Fact("test.day", new Test.Relative(comparison, new RelativeTime.Today(NodaTime.Text.PeriodPattern.Roundtrip.Parse(shift.TrimStart('-')).Value is var period && shift.StartsWith('-') ? Period.Zero - period : period, zone)), missing)
            : new Condition.EventWindow("visit", new Measure.Aggregate(Aggregation.Latest, new Measured.At()), new Window.Lifetime(), new Test.Relative(comparison, new RelativeTime.Now(-Duration.FromHours(hours)))) { WhenMissing = missing };

    // Days of the week and of the year and hours of the day, in zones where they begin at different instants.
    private static Gen<Condition> Moments { get; } =
        from moment in Gen.Elements(
            If.On(IsoDayOfWeek.Sunday), If.Hours(new LocalTime(1, 0, 30), new LocalTime(1, 0, 45)), If.Hours(new LocalTime(1, 0, 45), new LocalTime(1, 1)), If.On(IsoDayOfWeek.Monday, IsoDayOfWeek.Sunday), If.On(IsoDayOfWeek.Monday), If.Hours(new LocalTime(0, 0), new LocalTime(2, 0)), If.Hours(new LocalTime(2, 0), new LocalTime(0, 0)), If.Hours(new LocalTime(1, 0), new LocalTime(3, 0)),
            If.Between(Start, Start + Duration.FromHours(2)), If.Between(Start + Duration.FromHours(2), null),
            If.Annually(new AnnualDate(3, 2), new AnnualDate(3, 1)), If.Annually(new AnnualDate(2, 29), new AnnualDate(3, 1), LeapDayRule.March1), If.Annually(new AnnualDate(2, 20), new AnnualDate(2, 29)), If.Annually(new AnnualDate(3, 2), new AnnualDate(3, 2)))
        from zone in Gen.Elements<CalendarZone?>(null, null, "Asia/Hong_Kong", "America/New_York", Own)
        select zone is null ? moment : moment.In(zone);

    private static Gen<Condition> Leaves { get; } = Gen.OneOf(
        Measured,
        from how in Gen.Elements(Aggregation.First, Aggregation.Latest)
        from hour in Gen.Choose(0, 4)
        from test in Gen.Elements<Func<Scalar, Test>>(value => new Test.AtLeast(value), value => new Test.LessThan(value), value => new Test.EqualTo(value))
        from missing in Gen.Elements(true, false)
        select (Condition)new Condition.EventWindow("purchase", new Measure.Aggregate(how, new Measured.At()), new Window.Lifetime(), test(Start + Duration.FromHours(hour))) { WhenMissing = missing },
        Moving,
        from periods in Gen.Elements(2, 4)
        from test in Numbers
        select (Condition)new Condition.EventWindow("purchase", new Measure.Periods(1, periods), new Window.Last(Duration.FromHours(4)), test),
        from name in Gen.Elements("customer.drink", "customer.age")
        from test in Gen.OneOf(Numbers, Codes)
        from missing in Gen.Elements(true, false)
        select (Condition)new Condition.Field(name, test, missing && test is not Test.Known),
        from test in Gen.OneOf(Numbers, Codes, Gen.Elements<Test>(new Test.EqualTo(true), new Test.AtLeast(new LocalDate(2026, 3, 1)), new Test.AtMost(new LocalDate(2026, 3, 1))))
        from missing in Gen.Elements(true, false)
        select (Condition)new Condition.Fact("test.tier", test, missing && test is not Test.Known),
        Moments);

    /// <summary>Two tests of one day, or of one visit, by times that move with now.</summary>
    public static Gen<Condition> MovingPairs { get; } =
        from ofFact in Gen.Elements(true, true, false) from zone in Zones from missing in Gen.Elements(true, false)
        let moving = MovingOf(ofFact, Gen.Constant(zone), Gen.Constant(missing))
        from pair in Pairs(moving)
        select pair;

    /// <summary>Two days of the week, or hours of the day, in zones that may differ.</summary>
    public static Gen<Condition> MomentPairs { get; } = Pairs(Moments);

    /// <summary>Conditions of up to three levels, and pairs of leaves about the same: the same measure over two windows, moving times, moments.</summary>
    public static Gen<Condition> Conditions { get; } = Gen.OneOf(
        Parts(2),
        from test in Numbers from other in Numbers from missing in Gen.Elements(true, false) from both in Gen.Elements(true, false)
        let one = new Condition.Field("customer.age", test, missing)
        select both ? one & one with { Is = other } : one | !(one with { Is = other }),
        from leaf in Measured from window in Windows from test in Numbers from both in Gen.Elements(true, false) from not in Gen.Elements(true, false)
        let other = (Condition)((Condition.EventWindow)leaf with { Window = window, Is = test })
        select both ? leaf & (not ? !other : other) : leaf | (not ? !other : other),
        Pairs(Moving),
        MovingPairs,
        MomentPairs).Where(condition => ConditionCheck.Check(condition).IsEmpty);

    /// <summary>Who a customer is, when.</summary>
    public static Gen<Customer> Customers { get; } =
        from events in Gen.ListOf(
            from hours in Gen.Choose(0, 8)
            from ticks in Gen.Choose(-1, 1)
            from kind in Gen.Elements("purchase", "purchase", "visit")
            from channel in Gen.Elements("tea", "cup", null)
            from skus in Gen.ListOf(Gen.Elements("tea", "cup")).Resize(2)
            from halves in Gen.Choose(0, 4)
            select (new CustomerEvent
            {
                Key = new EventKey("pos", "1"),
                Kind = kind,
                Channel = channel,
                Spend = kind == "purchase" ? new Money(50 * halves * Math.Max(1, skus.Count), Currency.Hkd) : null,
                Lines = skus.Select(sku => new EventLine(sku, 1, new Money(50 * halves, Currency.Hkd))).ToSequence(),
            }, Start + Duration.FromHours(hours) + Duration.FromTicks(ticks))).Resize(5)
        from drink in Values
        from age in Values
        from tier in Values
        from hours in Gen.Choose(0, 30)
        from ticks in Gen.Choose(-1, 1)
        from seconds in Gen.Elements(0, 0, 30, 45)
        from zone in Gen.Elements("UTC", "Asia/Hong_Kong", "America/New_York")
        select new Customer(new Moment(Start + Duration.FromHours(hours) + Duration.FromSeconds(seconds) + Duration.FromTicks(ticks), DateTimeZone.Utc), [.. events], drink, age, tier, zone);

    private static Gen<Scalar> Values => Gen.OneOf(
        Gen.Elements<Scalar>(default, true, false, "tea", "cup", "trap", "", Scalar.Of(["cup", "tea"]), Scalar.Of(["cup"]), new LocalDate(2026, 3, 1), new LocalDate(2026, 2, 28), Start), Gen.Choose(-1, 7).Select(half => Scalar.Of(half / 2m)));

    private static Gen<Condition> Pairs(Gen<Condition> leaves) =>
        from one in leaves from other in leaves from both in Gen.Elements(true, false) from not in Gen.Elements(true, false)
        select both ? one & (not ? !other : other) : one | (not ? !other : other);

    private static Gen<Condition> Parts(int depth) => depth == 0 ? Leaves : Gen.OneOf(
        Leaves,
        from one in Parts(depth - 1) from other in Parts(depth - 1) select one & other,
        from one in Parts(depth - 1) from other in Parts(depth - 1) select one | other,
        from one in Parts(depth - 1) select !one,
        from one in Parts(depth - 1) from other in Parts(depth - 1) from test in Numbers select If.Score(test, new Scored(one, 1), new Scored(other, 2)));

    /// <summary>A customer at a moment.</summary>
    internal sealed record Customer(Moment Moment, List<(CustomerEvent Event, Instant At)> History, Scalar Drink, Scalar Age, Scalar Tier, Scalar Zone) : IEvidence
    {
        public Scalar Field(string name) => default;

        public bool Observed(Condition.Field leaf) => Evaluator.Evaluate(new Condition.Fact(leaf.Name, leaf.Is, leaf.WhenMissing), this).Value;

        public Scalar Observed(string field) => field == "zone" ? Zone : default;

        public Scalar Fact(string name, out Instant? validUntil)
        {
            validUntil = null;
            return name switch { "customer.drink" => Drink, "customer.age" => Age, "test.day" => DayOf(Age), _ => Tier };
        }

        // Around the bounds of tests that move with today; none, or no day, where the other is none.
        private Scalar DayOf(Scalar number) => number.Kind != ScalarKind.Number ? number
            : Scalar.Of(Moment.Instant.InUtc().Date + (new[] { Period.Zero, Period.FromDays(-1), Period.FromDays(-2), Period.FromDays(-28), Period.FromMonths(-1), Period.FromDays(-31) }[(int)Math.Abs(number.AsNumber) % 6]));

        public Truth Window(Condition.EventWindow leaf) => HistoryWindows.Evaluate(leaf, History, Moment.Instant);
    }
}
