using Crm.Conditions;
using Crm.Events;
using Crm.Modules;
using Crm.Segmentation.Memberships;
using Crm.Segmentation.Segments;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Segmentation.Tests.Memberships;

/// <summary>Segments that see the calendar in each customer's own zone, of customers who move from zone to zone.</summary>
public sealed class CustomerZones
{
    private static readonly CalendarZone Own = new CalendarZone.Customer("customer.zone", "Asia/Hong_Kong");
    private static readonly string?[] Zones = ["Asia/Hong_Kong", "America/New_York", "Pacific/Kiritimati", "Pacific/Pago_Pago", "nowhere", null];

    private static readonly Segment[] Segments =
    [
        Samples.Of("today", If.Purchases().This(CalendarPeriod.Day, Own).Count().AtLeast(1)),
        Samples.Of("twice-this-week", If.Purchases().This(CalendarPeriod.Week, Own).Count().AtLeast(2)),
        Samples.Of("spent-yesterday", If.Purchases().LastWhole(CalendarPeriod.Day, Own).SumOfSpend(Currency.Hkd).MoreThan(0)),
        Samples.Of("three-days", If.Purchases().DaysActive(Own).AtLeast(3)),
        Samples.Of("evening", If.Hours(new LocalTime(18, 0), new LocalTime(2, 0)).In(Own)),
        Samples.Of("latest-today", If.Purchases().Latest(new Measured.Day(Own)).FromToday(Comparison.EqualTo, Period.Zero, Own)),
        Samples.Of("birthday", If.Field("customer.born").HasAnniversary(Own)),
        Samples.Of("birthday-without-its-year", If.Field("customer.birthday").HasAnniversary(Own, daysBefore: 1)),
    ];

    private static readonly Gen<List<CustomerEvent>> Events =
        (from hours in Gen.Choose(1, 24 * 20)
         from ticks in Gen.Choose(-1, 1)
         from zone in Gen.Elements(Zones)
         from moves in Gen.Elements(true, false, false)
         from visit in Gen.Elements(true, false, false)
         select Happened(Club.Opening + Duration.FromHours(hours) + Duration.FromTicks(ticks), visit, moves, zone)).ListOf(8)
        .Select(list => list.OrderBy(happened => happened.OccurredAt).Select((happened, i) => happened with { Key = EventKey.Parse($"till:{i}") }).ToList());

    [Fact]
    public async Task Who_moves_has_the_days_of_the_new_zone_from_the_event_that_says_so()
    {
        var club = new Club(Samples.Of("today", If.Purchases().This(CalendarPeriod.Day, Own).Count().AtLeast(1)));
        var (bought, moved) = (Instant.FromUtc(2026, 6, 1, 3, 0), Instant.FromUtc(2026, 6, 1, 20, 0));

        await club.RecordAsync(Club.Purchase("till:1", bought));
        Assert.Equal([new Membership(bought, Instant.FromUtc(2026, 6, 1, 16, 0), 1)], (await club.StateAsync(moved)).MembershipsIn("today").WithoutCauses());

        // It is still the first of June in Honolulu, but the purchase was on the thirty-first of May there.
        await club.RecordAsync(new CustomerEvent { Key = EventKey.Parse("web:1"), Kind = "page-view", Identity = Club.Amy, OccurredAt = moved, Profile = Fields.Of(("zone", "Pacific/Honolulu")) });
        Assert.Single((await club.StateAsync(moved)).MembershipsIn("today"));

        // In Auckland it is the second of June, and what was bought an hour later was bought on it.
        await club.RecordAsync(new CustomerEvent { Key = EventKey.Parse("web:2"), Kind = "page-view", Identity = Club.Amy, OccurredAt = moved + Duration.FromHours(1), Profile = Fields.Of(("zone", "Pacific/Auckland")) });
        await club.RecordAsync(Club.Purchase("till:2", moved + Duration.FromHours(2)));
        Assert.Equal(new Membership(moved + Duration.FromHours(2), Instant.FromUtc(2026, 6, 2, 12, 0), 1), (await club.StateAsync(Instant.FromUtc(2026, 6, 3, 0, 0))).MembershipsIn("today").WithoutCauses().Last());
    }

    [Fact]
    public async Task A_move_lets_in_who_had_left_with_the_old_midnight()
    {
        var club = new Club(Samples.Of("today", If.Purchases().This(CalendarPeriod.Day, Own).Count().AtLeast(1)));
        var bought = Instant.FromUtc(2026, 6, 1, 15, 0);
        await club.RecordAsync(Club.Purchase("till:1", bought));
        await club.RecordAsync(new CustomerEvent { Key = EventKey.Parse("web:1"), Kind = "page-view", Identity = Club.Amy, OccurredAt = bought + Duration.FromHours(3), Profile = Fields.Of(("zone", "America/New_York")) });

        Assert.Equal(
            [new Membership(bought, Instant.FromUtc(2026, 6, 1, 16, 0), 1), new Membership(bought + Duration.FromHours(3), Instant.FromUtc(2026, 6, 2, 4, 0), 1)],
            (await club.StateAsync(Instant.FromUtc(2026, 6, 3, 0, 0))).MembershipsIn("today").WithoutCauses());
    }

    [Fact]
    public async Task An_explanation_says_where_the_zone_was_found_and_not_which_it_is()
    {
        var club = new Club(Samples.Of("today", If.Purchases().This(CalendarPeriod.Day, Own).Count().AtLeast(1)));
        await club.RecordAsync(Club.Purchase("till:1", Club.Day(1)));
        var before = club.Catalog!.Explain(await club.ReadAsync(Club.Day(1.1)), "today");
        await club.RecordAsync(Club.Purchase("till:2", Club.Day(2)) with { Profile = Fields.Of(("zone", "America/New_York")) });
        var after = club.Catalog.Explain(await club.ReadAsync(Club.Day(2.1)), "today");

        Assert.Equal(ZoneSource.Otherwise, before.Why!.Zone);
        Assert.Equal(ZoneSource.Profile, after.Why!.Zone);
        Assert.Equal(1, after.Why.Actual);
        Assert.Contains("today in the customer's own zone (the customer's zone, otherwise Asia/Hong_Kong) (is 1), the zone being that of the profile, until", after.Text.English, StringComparison.Ordinal);
        Assert.Contains("，時區取自顧客資料，", after.Text.Chinese, StringComparison.Ordinal);
        Assert.Contains(", the profile naming no zone, until", before.Text.English, StringComparison.Ordinal);
        Assert.DoesNotContain("New_York", after.Text.English + after.Text.Chinese, StringComparison.Ordinal);
    }

    [Fact]
    public void Memberships_are_at_every_instant_what_the_conditions_say_in_the_zone_of_that_instant() => Holds(Segments);

    [Fact]
    public void The_law_catches_segments_that_see_the_days_of_the_fallback() =>
        Counterfeits.Caught(() => Holds([.. Segments.Select(segment => segment with { Where = segment.Where.WithZones(_ => "Asia/Hong_Kong") })]));

    private static CustomerEvent Happened(Instant at, bool visit, bool moves, string? zone)
    {
        var happened = visit ? new CustomerEvent { Key = EventKey.Parse("web:0"), Kind = "page-view", Identity = Club.Amy, OccurredAt = at } : Club.Purchase("till:0", at);
        return !moves ? happened
            : zone is null ? happened with { ProfileRemoved = ["zone"] }
            : happened with { Profile = Fields.Of(("zone", zone), ("born", new LocalDate(2000, 1, 10)), ("birthday", 112)) };
    }

    /// <summary>What the module keeps, asked before and after every event and midnight, is what the definitions say of the history with the zone that was observed by then.</summary>
    private static void Holds(Segment[] segments) => Prop.ForAll(Events.ToArbitrary(), async events =>
    {
        var club = new Club(segments);
        foreach (var happened in events)
        {
            await club.RecordAsync(happened);
        }

        var state = await club.StateAsync(Club.Day(40));
        var asked = events.Select(happened => happened.OccurredAt ?? default)
            .Concat(Zones.OfType<string>().Where(zone => zone != "nowhere").SelectMany(zone => Enumerable.Range(0, 24).Select(day => CalendarDays.Zone(zone).Start(new LocalDate(2026, 1, 1).PlusDays(day)))))
            .SelectMany(at => new[] { at - Duration.FromTicks(1), at }).Where(at => at >= events[0].OccurredAt).ToList();
        foreach (var at in asked)
        {
            var known = events.Where(happened => happened.OccurredAt <= at).ToList();
            foreach (var segment in Segments)
            {
                Assert.True(Evaluator.Evaluate(segment.Where, new Known(at, known)).Value == state.WasMember(segment.Id, at), $"{segment.Id} at {at}");
            }
        }
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(60));

    private sealed class Known(Instant at, List<CustomerEvent> events) : IEvidence
    {
        public Moment Moment => new(at, DateTimeZone.Utc);

        public Scalar Field(string name) => default;

        public bool Observed(Condition.Field leaf) => throw new InvalidOperationException("Only tests that change as time passes are asked here.");

        public Scalar Observed(string field) => events.LastOrDefault(happened => !happened.Profile[field].IsMissing || happened.ProfileRemoved.Contains(field))?.Profile[field] ?? default;

        public Scalar Fact(string name, out Instant? validUntil)
        {
            validUntil = null;
            return default;
        }

        public Truth Window(Condition.EventWindow leaf) => HistoryWindows.Evaluate(leaf, events.Select(happened => (happened, happened.OccurredAt ?? default)), at);
    }
}
