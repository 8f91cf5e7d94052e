using Crm.Conditions;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Core.Tests.Conditions;

/// <summary>Spans of the calendar, above all around changes of the clocks.</summary>
public sealed class SpanTests
{
    /// <summary>Clocks that change at 2, at midnight, a minute past midnight (back into the day before), by half an hour, by a whole day, and never.</summary>
    private static readonly DateTimeZone[] Zones =
        [.. new[] { "America/New_York", "Asia/Beirut", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Hong_Kong" }.Select(id => DateTimeZoneProviders.Tzdb[id])];

    private static readonly Gen<Span> Spans = Gen.OneOf(
        from bits in Gen.Choose(1, 127)
        select (Span)new Span.Weekdays(Enumerable.Range(0, 7).Where(day => (bits >> day & 1) == 1).Select(day => (IsoDayOfWeek)(day + 1)).ToSequence()),
        from start in Gen.Choose(0, 47)
        from end in Gen.Choose(0, 47)
        select (Span)new Span.Hours(LocalTime.FromMinutesSinceMidnight(30 * start), LocalTime.FromMinutesSinceMidnight(30 * end)));

    private static readonly Gen<Moment> Moments =
        from zone in Gen.Elements(Zones)
        from hours in Gen.Choose(0, 24 * 365 * 30)
        from near in Gen.Choose(-200, 200)
        let somewhen = Instant.FromUtc(1995, 1, 1, 0, 0) + Duration.FromHours(hours)
        let interval = zone.GetZoneInterval(somewhen)
        select new Moment(hours % 3 == 0 || !interval.HasEnd ? somewhen : interval.End + Duration.FromMinutes(15 * near), zone);

    [Fact]
    public void A_span_stays_exactly_until_it_says_it_changes() =>
        Prop.ForAll((from span in Spans from moment in Moments select (span, moment)).ToArbitrary(), sample =>
        {
            var (span, moment) = sample;
            var truth = span.At(moment);
            Assert.Equal(Holds(span, moment), truth.Value);
            var end = truth.ValidUntil ?? moment.Instant + Duration.FromDays(10);
            for (var instant = moment.Instant; instant < end; instant += Duration.FromMinutes(7))
            {
                Assert.Equal(truth.Value, Holds(span, moment with { Instant = instant }));
            }

            Assert.True(truth.ValidUntil is not { } change || (change > moment.Instant && Holds(span, moment with { Instant = change }) != truth.Value && Holds(span, moment with { Instant = change - Duration.Epsilon }) == truth.Value));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(400));

    [Theory]
    [InlineData("2026-03-08T06:59:59Z", false, "2026-03-08T07:00:00Z")] // 01:59:59 in New York; at 2 the clock goes on to 3
    [InlineData("2026-03-08T07:00:00Z", true, "2026-03-08T08:00:00Z")] // 03:00, inside; until 04:00
    [InlineData("2026-11-01T05:59:59Z", false, "2026-11-01T07:00:00Z")] // 01:59:59 for the first time; 2 comes an hour later
    public void Hours_follow_the_clocks_of_the_zone(string at, bool holds, string until)
    {
        var hours = new Span.Hours(new LocalTime(2, 30), new LocalTime(4, 0));
        var early = new Span.Hours(new LocalTime(2, 0), new LocalTime(4, 0));

        var truth = (at.StartsWith("2026-11", StringComparison.Ordinal) ? early : hours).At(new Moment(Parse(at), Zones[0]));

        Assert.Equal(new Truth(holds, Parse(until)), truth);
    }

    [Theory]
    [InlineData(null, "2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z", true, "2026-01-02T00:00:00Z")]
    [InlineData(null, "2026-01-02T00:00:00Z", "2026-01-02T00:00:00Z", false, null)]
    [InlineData("2026-01-02T00:00:00Z", null, "2026-01-01T00:00:00Z", false, "2026-01-02T00:00:00Z")]
    [InlineData("2026-01-02T00:00:00Z", null, "2026-01-02T00:00:00Z", true, null)]
    public void A_fixed_span_holds_its_first_instant_and_not_its_last(string? from, string? until, string at, bool holds, string? validUntil)
    {
        var span = new Span.Between(from is null ? null : Parse(from), until is null ? null : Parse(until));

        Assert.Equal(new Truth(holds, validUntil is null ? null : Parse(validUntil)), span.At(new Moment(Parse(at), DateTimeZone.Utc)));
    }

    [Fact]
    public void Hours_that_end_where_they_begin_and_all_seven_days_never_change()
    {
        var moment = new Moment(Arbitrary.Start, Zones[0]);

        Assert.Equal(new Truth(true, null), new Span.Hours(LocalTime.Noon, LocalTime.Noon).At(moment));
        Assert.Equal(new Truth(true, null), new Span.Weekdays(Enumerable.Range(1, 7).Select(day => (IsoDayOfWeek)day).ToSequence()).At(moment));
    }

    private static bool Holds(Span span, Moment moment) => span switch
    {
        Span.Weekdays weekdays => weekdays.Days.Contains(moment.Date.DayOfWeek),
        Span.Hours { From: var from, Until: var until } when from == until => true,
        Span.Hours { From: var from, Until: var until } when from < until => moment.Local.TimeOfDay >= from && moment.Local.TimeOfDay < until,
        Span.Hours { From: var from, Until: var until } => !(moment.Local.TimeOfDay >= until && moment.Local.TimeOfDay < from),
        _ => throw new ArgumentOutOfRangeException(nameof(span)),
    };

    private static Instant Parse(string text) => NodaTime.Text.InstantPattern.General.Parse(text).Value;
}
