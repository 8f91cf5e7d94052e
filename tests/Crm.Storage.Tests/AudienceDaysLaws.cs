using Crm.Conditions;
using Crm.Storage.Sql;
using Crm.Tests.Shared;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Storage.Tests;

/// <summary>The days of SQL are those of the evaluator, whatever the clocks of a zone have done.</summary>
public sealed class AudienceDaysLaws
{
    // Clocks that went back over a midnight, forward over one, and over a whole day.
    private static readonly string[] Zones = ["America/St_Johns", "America/Sao_Paulo", "America/Havana", "Asia/Amman", "Pacific/Apia", "Pacific/Kwajalein", "America/New_York", "Asia/Hong_Kong", "Europe/Dublin", "UTC"];

    private static readonly Gen<(string Zone, Instant At)> Instants =
        from zone in Gen.Elements(Zones)
        from transition in Gen.Elements(DateTimeZoneProviders.Tzdb[zone].GetZoneIntervals(Instant.FromUtc(1900, 1, 1, 0, 0), Instant.FromUtc(2027, 1, 1, 0, 0)).Where(interval => interval.HasEnd).Select(interval => interval.End).DefaultIfEmpty(Instant.FromUtc(2000, 1, 1, 0, 0)).ToArray())
        from minutes in Gen.Choose(-1_500, 1_500)
        from ticks in Gen.Choose(-1, 1)
        select (zone, transition + Duration.FromMinutes(minutes) + Duration.FromTicks(ticks));

    [Fact]
    public void Days_are_those_of_the_calendar() => Prop.ForAll(Instants.ToArbitrary(), sample =>
    {
        var zone = DateTimeZoneProviders.Tzdb[sample.Zone];
        Assert.Equal(Period.DaysBetween(new LocalDate(1970, 1, 1), zone.DayOf(sample.At)), (int)new AudienceDays(zone, Instant.FromUtc(2028, 1, 1, 0, 0)).DayOf(sample.At.ToUnixTimeTicks()));
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(2_000));

    [Fact]
    public void The_law_catches_days_by_what_the_clock_shows() => Counterfeits.Caught(() => Prop.ForAll(Instants.ToArbitrary(), sample =>
    {
        var zone = DateTimeZoneProviders.Tzdb[sample.Zone];
        Assert.Equal(zone.DayOf(sample.At), sample.At.InZone(zone).Date);
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(20_000)));
}
