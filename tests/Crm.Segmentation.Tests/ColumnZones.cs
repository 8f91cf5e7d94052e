using Crm.Conditions;
using Crm.Events;
using Crm.Segmentation.Columns;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Segmentation.Tests;

/// <summary>A scan of columns sees each customer's calendar in the zone that the profile names.</summary>
public sealed class ColumnZones
{
    private static readonly CalendarZone.Customer Own = new("customer.zone", "Asia/Hong_Kong");
    private static readonly DateTimeZone Business = DateTimeZoneProviders.Tzdb["Europe/London"];
    private static readonly Instant Start = Instant.FromUtc(2026, 3, 7, 0, 0);

    private static readonly Condition[] Conditions =
    [
        If.Purchases().This(CalendarPeriod.Day, Own).Count().AtLeast(1),
        !If.Purchases().LastWhole(CalendarPeriod.Day, Own, 2).SumOfSpend(Currency.Hkd).AtLeast(50),
        If.Purchases().This(CalendarPeriod.Week, Own).SumOfQuantity().LessThan(2) & If.Purchases().This(CalendarPeriod.Day, new CalendarZone.Business()).Count().Is(0),
        If.Hours(new LocalTime(18, 0), new LocalTime(2, 0)).In(Own) | If.Hours(new LocalTime(9, 0), new LocalTime(12, 0)).In(new CalendarZone.Business()),
        If.Field("customer.born").HasAnniversary(Own, 1, 1),
        If.Field("customer.born").WhenMissing(true).FromToday(Comparison.LessThan, Period.FromYears(-20), Own),
        If.Purchases().This(CalendarPeriod.Month, Own).Of(Aggregation.Latest, new Measured.At()).FromNow(Comparison.AtLeast, Duration.FromHours(-6)),
        If.Purchases().This(CalendarPeriod.Day, new CalendarZone.Customer("customer.home", "America/New_York")).Count().AtLeast(1) & If.On(IsoDayOfWeek.Sunday).In(Own),
        new Condition.Score([new Scored(If.Purchases().This(CalendarPeriod.Day, Own).Count().AtLeast(2), 2), new Scored(If.On(IsoDayOfWeek.Saturday).In(Own), 1)], new Test.AtLeast(2)),
    ];

    private static readonly Gen<Fields> Profiles =
        from zone in Gen.Elements<Scalar>("Asia/Hong_Kong", "America/New_York", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Hong Kong", 8, default)
        from home in Gen.Elements<Scalar>("Africa/Cairo", default)
        from born in Gen.Elements<Scalar>(new LocalDate(2006, 3, 8), new LocalDate(2004, 2, 29), default)
        select Fields.Of(new[] { ("zone", zone), ("home", home), ("born", born) }.Where(pair => !pair.Item2.IsMissing));

    private static readonly Gen<(List<(Fields Profile, List<(CustomerEvent Event, Instant At)> History)> Customers, Condition Condition, Instant Now)> Samples =
        from customers in Gen.ListOf(
            from profile in Profiles
            from history in Gen.ListOf(
                from hours in Gen.Choose(0, 72) from ticks in Gen.Choose(-1, 1) from dollars in Gen.Choose(1, 2)
                select (CustomerEvent.Purchase("pos:1", Identity.User(1), Money.Hkd(30 * dollars)) with { Lines = [new EventLine("tea", 1, Money.Hkd(30 * dollars))] }, Start + Duration.FromHours(hours) + Duration.FromTicks(ticks))).Resize(5)
            select (profile, history.ToList())).Resize(70)
        from condition in Gen.Elements(Conditions)
        from hours in Gen.Choose(0, 96)
        from ticks in Gen.Choose(-1, 1)
        select (customers.ToList(), condition, Start + Duration.FromHours(hours) + Duration.FromTicks(ticks));

    [Fact]
    public void A_scan_selects_those_of_whom_the_condition_holds_in_their_own_zone() => Agrees((population, condition, moment) => population.Select(condition, moment));

    [Fact]
    public void The_law_catches_a_scan_that_sees_one_calendar_for_all() =>
        Counterfeits.Caught(() => Agrees((population, condition, moment) => population.Select(condition.WithZones(zone => zone is CalendarZone.Customer own ? own.Otherwise : zone), moment)));

    [Fact]
    public void Days_of_each_customers_own_zone_are_refused_with_their_path()
    {
        var condition = If.All(If.Purchases().This(CalendarPeriod.Day, Own).Count().AtLeast(1), If.Purchases().DaysActive(Own).AtLeast(2), If.Purchases().DaysActive(new CalendarZone.Business()).AtLeast(2));

        Assert.Equal(["$.all[1].zone", "$.all[2].zone"], new PopulationBuilder(condition).Build().Refusals(condition).Select(error => error.Path));
        Assert.Equal(["$.all[0]", "$.all[1]", "$.all[2].zone"], new PopulationBuilder().Build().Refusals(condition).Select(error => error.Path));
    }

    private static void Agrees(Func<Population, Condition, Moment, PopulationSet> select) => Prop.ForAll(Samples.ToArbitrary(), sample =>
    {
        var builder = new PopulationBuilder(sample.Condition);
        var known = sample.Customers.Select(customer => (customer.Profile, History: customer.History.Where(one => one.At <= sample.Now).ToList())).ToList();
        foreach (var (i, (profile, history)) in known.Index())
        {
            builder.Add(new CustomerId((UInt128)(i + 1)), history, [], profile);
        }

        var population = builder.Build();
        var moment = new Moment(sample.Now, Business);
        Assert.Empty(population.Refusals(sample.Condition));
        var expected = known.Index().Where(one => Evaluator.Evaluate(sample.Condition, new Known(moment, one.Item.History, one.Item.Profile)).Value).Select(one => new CustomerId((UInt128)(one.Index + 1)));
        Assert.Equal(expected, select(population, sample.Condition, moment).Customers);
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(300));

    private sealed record Known(Moment Moment, List<(CustomerEvent Event, Instant At)> History, Fields Profile) : IEvidence
    {
        public Scalar Field(string name) => default;

        public bool Observed(Condition.Field leaf) => Evaluator.Passes(leaf.Is, Observed(leaf.Name[Evaluator.ProfileScope.Length..]), leaf.WhenMissing, Moment.Instant).Value;

        public Scalar Observed(string field) => Profile[field];

        public Scalar Fact(string name, out Instant? validUntil)
        {
            validUntil = null;
            return default;
        }

        public Truth Window(Condition.EventWindow leaf) => HistoryWindows.Evaluate(leaf, History, Moment.Instant);
    }
}
