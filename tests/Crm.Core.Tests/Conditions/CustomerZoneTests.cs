using Crm.Conditions;
using Crm.Events;
using Crm.Modules;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Core.Tests.Conditions;

/// <summary>The calendar in each customer's own zone: around midnights and clock changes, for customers who move.</summary>
public sealed class CustomerZoneTests
{
    private const string HongKong = "Asia/Hong_Kong";
    private static readonly CalendarZone.Customer Own = new("customer.zone", HongKong);

    // Clocks change at midnight in Beirut and Cairo, and did in Sao Paulo; Apia skipped a day; Kiritimati and Pago Pago are 25 hours apart.
    private static readonly string[] Zones = [HongKong, "America/New_York", "Asia/Beirut", "Africa/Cairo", "America/Sao_Paulo", "Pacific/Apia", "Pacific/Kiritimati", "Pacific/Pago_Pago"];

    private static readonly Gen<string?> Named = Gen.Elements<string?>([.. Zones, null, "Hong Kong"]);

    /// <summary>Instants on, just before and just after the midnights around a clock change of some zone.</summary>
    private static readonly Gen<(Instant Now, List<(CustomerEvent Event, Instant At)> History, string Zone)> Times =
        from zone in Gen.Elements(Zones)
        from month in Gen.Choose(0, 12 * 20)
        let interval = DateTimeZoneProviders.Tzdb[zone].GetZoneInterval(Instant.FromUtc(2008, 1, 1, 0, 0) + Duration.FromDays(30 * month))
        let about = interval.HasEnd ? interval.End : Instant.FromUtc(2026, 3, 1, 0, 0)
        from now in Near(zone, about)
        from history in Gen.ListOf(Near(zone, about)).Resize(8)
        select (now, history.Select(at => (new CustomerEvent { Key = new EventKey("pos", "1"), Kind = "purchase" }, at)).ToList(), zone);

    private static readonly Gen<Window.Calendar> Windows =
        from unit in Gen.Elements([CalendarPeriod.Day, CalendarPeriod.Day, CalendarPeriod.Day, .. Enum.GetValues<CalendarPeriod>()])
        from skip in Gen.Choose(0, 2)
        from count in Gen.Choose(1, 2)
        select new Window.Calendar(unit, skip, count, Own);

    private static readonly Gen<Condition.EventWindow> Leaves =
        from window in Windows
        from shape in Gen.Choose(0, 4)
        from number in Gen.Choose(0, 3)
        from how in Gen.Elements(Aggregation.First, Aggregation.Latest, Aggregation.Least, Aggregation.Greatest, Aggregation.MostFrequent)
        from comparison in Gen.Elements(Enum.GetValues<Comparison>())
        select shape switch
        {
            0 => new Condition.EventWindow("purchase", new Measure.Count(), window, new Test.AtLeast(number)),
            1 => new Condition.EventWindow("purchase", new Measure.Aggregate(Aggregation.Distinct, new Measured.Day(Own)), new Window.Lifetime(), new Test.EqualTo(number)),
            2 => new Condition.EventWindow("purchase", new Measure.Aggregate(Aggregation.Distinct, new Measured.Day(Own)), window, new Test.AtMost(number)),
            3 => new Condition.EventWindow("purchase", new Measure.Aggregate(how, new Measured.Day(Own)), number == 0 ? window : new Window.Lifetime(), new Test.Relative(comparison, new RelativeTime.Today(Period.FromDays(-number), Own))),
            _ => new Condition.EventWindow("purchase", new Measure.Periods(1, window.Count), window, new Test.AtLeast(1)),
        };

    [Fact]
    public void A_customer_sees_the_calendar_of_the_zone_in_the_profile() => Counts((leaf, history, now, zone) => Evaluator.Evaluate(leaf, new Someone(now, zone, history)));

    [Fact]
    public void The_law_catches_a_calendar_that_is_the_same_for_everybody() => Counterfeits.Caught(() =>
        Counts((leaf, history, now, _) => Evaluator.Evaluate(leaf.WithZones(_ => HongKong), new Someone(now, null, history))));

    [Fact]
    public void The_law_catches_days_of_a_fixed_distance_from_UTC() => Counterfeits.Caught(() =>
        Counts((leaf, history, now, zone) => Evaluator.Evaluate(leaf.WithZones(_ => CalendarZone.Of(DateTimeZone.ForOffset(Known(zone).GetUtcOffset(now)))), new Someone(now, zone, history))));

    [Fact]
    public void A_calendar_changes_exactly_when_it_says_it_will() => ChangesExactly((condition, evidence) => Evaluator.Evaluate(condition, evidence));

    [Fact]
    public void The_law_of_change_catches_the_midnight_of_the_business() => Counterfeits.Caught(() => ChangesExactly((condition, evidence) =>
        Evaluator.Evaluate(condition, evidence) with { ValidUntil = Evaluator.Evaluate(condition.WithZones(_ => HongKong), evidence).ValidUntil }));

    [Fact]
    public void What_is_counted_as_it_comes_is_what_the_history_says_in_whichever_zone_the_customer_is() => Agrees((leaf, history, questions) =>
    {
        var observed = Observe(leaf, history);
        return [.. questions.Select(zone => observed.Answer(leaf.Meant(zone), zone.Moment.Instant))];
    });

    [Fact]
    public void The_law_catches_days_that_stay_those_of_the_zone_in_which_they_were() => Counterfeits.Caught(() => Agrees((leaf, history, questions) =>
    {
        var observed = Observe(leaf, history);
        return [.. questions.Select(_ => observed.Answer(leaf.Meant(questions[0]), questions[0].Moment.Instant))];
    }));

    [Fact]
    public void Moments_are_those_of_the_zone_that_is_stated_and_otherwise_of_the_business()
    {
        var evening = If.Hours(new LocalTime(18, 0), new LocalTime(22, 0));
        var at = Instant.FromUtc(2026, 6, 1, 23, 30);
        bool Holds(Condition condition, string? zone) => Evaluator.Evaluate(condition, new Someone(at, zone, [])).Value;

        Assert.True(Holds(evening.In(Own), "America/New_York"));
        Assert.False(Holds(evening.In(Own), "Europe/London"));
        Assert.False(Holds(evening.In(Own), null));
        Assert.False(Holds(evening, "America/New_York"));
        Assert.False(Holds(evening.In(new CalendarZone.Business()), "America/New_York"));
        Assert.True(Holds(evening.In("America/New_York"), null));
    }

    [Fact]
    public void The_zone_is_declared_in_the_text()
    {
        const string text = """{"all":[{"count":"purchase","window":{"calendar":"day","zone":{"field":"customer.zone","otherwise":"Asia/Hong_Kong"}},"is":{"gte":1}},{"hours":{"from":"18:00","until":"22:00"},"zone":{"field":"customer.zone","otherwise":"Asia/Hong_Kong"}}]}""";
        var written = If.Purchases().This(CalendarPeriod.Day, Own).Count().AtLeast(1) & If.Hours(new LocalTime(18, 0), new LocalTime(22, 0)).In(Own);

        var read = ConditionJson.Read(text);

        Assert.Empty(read.Errors);
        Assert.Equal(written, read.Condition);
        Assert.Equal(text, ConditionJson.Write(written));
        Assert.Equal(["zone"], written.ZoneFields());
        Assert.Equal(
            "at least 1 purchase today in the customer's own zone (the customer's zone, otherwise Asia/Hong_Kong) and from 18:00 to 22:00 in the customer's own zone (the customer's zone, otherwise Asia/Hong_Kong)",
            Explain.Describe(written).English);
        Assert.Equal("今日（按顧客所在時區，見顧客的 zone，未知則按 Asia/Hong_Kong）購買至少 1 次，而且18:00 至 22:00（按顧客所在時區，見顧客的 zone，未知則按 Asia/Hong_Kong）", Explain.Describe(written).Chinese);
    }

    [Fact]
    public void The_zone_of_the_business_is_what_moments_have_by_themselves()
    {
        var weekend = If.On(IsoDayOfWeek.Saturday, IsoDayOfWeek.Sunday);

        Assert.Equal(ConditionJson.Write(weekend), ConditionJson.Write(weekend.In(new CalendarZone.Business())));
        Assert.NotEqual(ConditionJson.Write(weekend), ConditionJson.Write(weekend.In(Own)));
        Assert.NotEqual(ConditionJson.Write(weekend), ConditionJson.Write(weekend.In("UTC")));
    }

    [Fact]
    public void Every_error_of_a_zone_is_reported_with_its_path()
    {
        var errors = ConditionJson.Read("""
            {"all":[
              {"count":"purchase","window":{"calendar":"day","zone":{"field":"zone","otherwise":"Asia/Hongkong"}},"is":{"gte":1}},
              {"on":["monday"],"zone":{"field":"customer.zone"}},
              {"on":["monday"],"zone":7},
              {"between":{"from":"2026-01-01T00:00:00Z"},"zone":"UTC"}]}
            """).Errors.Select(error => error.Path).ToList();

        Assert.Equal(["$.all[0].window.zone.field", "$.all[0].window.zone.otherwise", "$.all[1].zone", "$.all[2].zone", "$.all[3].zone"], errors.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_condition_in_the_customers_zone_is_touched_by_every_event()
    {
        var index = new ConditionIndex([If.Purchases().This(CalendarPeriod.Day, Own).Count().AtLeast(1), If.Purchases().This(CalendarPeriod.Day, HongKong).Count().AtLeast(1)]);

        Assert.Equal([0], index.TouchedByEvent(new CustomerEvent { Key = new EventKey("web", "1"), Kind = "page-view" }).ToArray());
    }

    private static Gen<Instant> Near(string zone, Instant about) =>
        from days in Gen.Choose(-3, 3)
        from hours in Gen.Elements(0, 0, 0, 1, 23)
        from ticks in Gen.Choose(-1, 1)
        let place = DateTimeZoneProviders.Tzdb[zone]
        select place.Start(place.DayOf(about).PlusDays(days)) + Duration.FromHours(hours) + Duration.FromTicks(ticks);

    /// <summary>Often the zone whose clocks change.</summary>
    private static Gen<string?> Near(string zone) => Gen.OneOf(Gen.Constant<string?>(zone), Named);

    private static DateTimeZone Known(string? zone) => zone is null ? DateTimeZoneProviders.Tzdb[HongKong] : DateTimeZoneProviders.Tzdb.GetZoneOrNull(zone) ?? DateTimeZoneProviders.Tzdb[HongKong];

    private static Observed Observe(Condition.EventWindow leaf, List<(CustomerEvent Event, Instant At)> history)
    {
        var catalog = new WindowCatalog([leaf]);
        var observed = Observed.Empty(catalog);
        foreach (var (happened, at) in history)
        {
            observed.Add(happened, at);
        }

        var writer = new SlotWriter();
        observed.Write(writer);
        var reader = new SlotReader(writer.Written);
        return Observed.Read(ref reader, catalog);
    }

    /// <summary>Whole periods of the calendar, counted by hand: an event counts when its period is so many before that of now.</summary>
    private static void Counts(Func<Condition.EventWindow, List<(CustomerEvent Event, Instant At)>, Instant, string?, Truth> answer) =>
        Prop.ForAll((from window in Windows from times in Times from zone in Near(times.Zone) from number in Gen.Choose(1, 3) select (window, times, zone, number)).ToArbitrary(), sample =>
        {
            var ((now, history, _), zone) = (sample.times, Known(sample.zone));
            var counted = history.Count(one => one.At <= now && Before(sample.window.Unit, zone.DayOf(one.At), zone.DayOf(now)) is var periods && periods >= sample.window.Skip && periods < sample.window.Skip + sample.window.Count);
            var leaf = new Condition.EventWindow("purchase", new Measure.Count(), sample.window, new Test.AtLeast(sample.number));

            Assert.Equal(counted >= sample.number, answer(leaf, history, now, sample.zone).Value);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(3_000));

    private static int Before(CalendarPeriod unit, LocalDate day, LocalDate today)
    {
        var periods = 0;
        for (var first = unit.First(today, 0); day < first; first = unit.First(first, -1))
        {
            periods++;
        }

        return periods;
    }

    /// <summary>Before the instant that is said the answer stays, and at it it is the other.</summary>
    private static void ChangesExactly(Func<Condition, IEvidence, Truth> evaluate) =>
        Prop.ForAll((from leaf in Leaves from span in Spans from times in Times from zone in Near(times.Zone) from moment in Gen.Elements(true, false) select (Condition: moment ? span.In(Own) : leaf, times, zone)).ToArbitrary(), sample =>
        {
            var (condition, (now, history, _), zone) = sample;
            var known = history.Where(one => one.At <= now).ToList();
            var truth = evaluate(condition, new Someone(now, zone, known));
            bool At(Instant instant) => Evaluator.Evaluate(condition, new Someone(instant, zone, known)).Value;

            Assert.Equal(At(now), truth.Value);
            var place = Known(zone);
            var end = truth.ValidUntil is { } until && until < now + Duration.FromDays(70) ? until : now + Duration.FromDays(70);
            for (var day = place.DayOf(now).PlusDays(1); place.Start(day) < end; day = day.PlusDays(1))
            {
                Assert.Equal(truth.Value, At(place.Start(day)));
            }

            Assert.True(truth.ValidUntil is not { } change || (At(change) != truth.Value && At(change - Duration.FromTicks(1)) == truth.Value));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(300));

    private static Gen<Condition> Spans { get; } = Gen.Elements(
        If.On(IsoDayOfWeek.Saturday), If.Hours(new LocalTime(0, 0), new LocalTime(1, 0)), If.Hours(new LocalTime(22, 0), new LocalTime(6, 30)), If.Annually(new AnnualDate(3, 8), new AnnualDate(3, 29)));

    private static void Agrees(Func<Condition.EventWindow, List<(CustomerEvent Event, Instant At)>, List<Someone>, List<Truth>> answers) =>
        Prop.ForAll((from leaf in Leaves from times in Times from zones in Gen.ListOf(Near(times.Zone)).Resize(4) from hours in Gen.Choose(0, 60) select (leaf, times, zones, hours)).ToArbitrary(), sample =>
        {
            var history = sample.times.History;
            var newest = history.Select(one => one.At).Append(sample.times.Now).Max();
            var questions = sample.zones.Prepend(null).Select((zone, i) => new Someone(newest + Duration.FromHours(sample.hours * i), zone, history)).ToList();

            Assert.Equal(questions.Select(one => HistoryWindows.Evaluate(sample.leaf.WithZones(_ => Known(one.Zone).Id), history, one.Moment.Instant)), answers(sample.leaf, history, questions));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(300));

    private sealed class Someone(Instant now, string? zone, List<(CustomerEvent Event, Instant At)> history) : IEvidence
    {
        public string? Zone => zone;

        public Moment Moment => new(now, DateTimeZoneProviders.Tzdb[HongKong]);

        public Scalar Field(string name) => default;

        public bool Observed(Condition.Field leaf) => leaf.WhenMissing;

        public Scalar Observed(string field) => field == "zone" && zone is not null ? zone : default(Scalar);

        public Scalar Fact(string name, out Instant? validUntil)
        {
            validUntil = null;
            return default;
        }

        public Truth Window(Condition.EventWindow leaf) => HistoryWindows.Evaluate(leaf, history, now);
    }
}
