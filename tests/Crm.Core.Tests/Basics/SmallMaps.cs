using Crm.Conditions;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Core.Tests.Basics;

/// <summary>Fields are a map in the order of names whatever order they come in, and days begin when the zone says, however often they were asked for.</summary>
public sealed class SmallMaps
{
    private static readonly string[] Zones = ["Asia/Hong_Kong", "America/Sao_Paulo", "Pacific/Apia", "Europe/Vienna"];

    [Fact]
    public void The_last_value_of_a_name_counts_and_a_missing_one_takes_it_out() => FieldsLaw(Fields.Of).Check(Config.QuickThrowOnFailure.WithMaxTest(300));

    [Fact]
    public void The_law_catches_fields_of_which_the_first_value_counts() =>
        Counterfeits.Caught(() => FieldsLaw(values => Fields.Of(values.DistinctBy(pair => pair.Name))).Check(Config.QuickThrowOnFailure.WithMaxTest(300)));

    [Fact]
    public void A_name_that_is_missing_is_refused() => Assert.Throws<ArgumentNullException>(() => Fields.Of((null!, true)));

    [Fact]
    public void A_number_is_a_day_of_the_year_where_some_year_has_that_month_and_day()
    {
        var days = Enumerable.Range(0, 366).Select(day => new LocalDate(2000, 1, 1).PlusDays(day)).ToDictionary(date => (date.Month * 100m) + date.Day, date => new AnnualDate(date.Month, date.Day));
        for (var number = -1_300m; number <= 2_000; number += 0.5m)
        {
            Assert.Equal(days.TryGetValue(number, out var annual) ? annual : null, ((Scalar)number).AsAnnualDate);
        }

        Assert.All(new Scalar[] { default, "229", true, new LocalDate(2000, 2, 29), decimal.MaxValue, decimal.MinValue }, value => Assert.Null(value.AsAnnualDate));
    }

    [Fact]
    public void A_day_begins_when_its_zone_says_whoever_asked_before() => DaysLaw((zone, day) => new Moment(default, zone).StartOf(day)).Check(Config.QuickThrowOnFailure.WithMaxTest(300));

    [Theory]
    [InlineData("Pacific/Apia", 2011, 12, 30)]
    [InlineData("Pacific/Fakaofo", 2011, 12, 30)]
    [InlineData("Pacific/Kwajalein", 1993, 8, 21)]
    [InlineData("Pacific/Kiritimati", 1994, 12, 31)]
    public void A_day_that_a_zone_left_out_begins_with_the_day_after_it(string id, int year, int month, int day)
    {
        var (zone, gone) = (DateTimeZoneProviders.Tzdb[id], new LocalDate(year, month, day));
        var next = zone.AtStartOfDay(gone.PlusDays(1)).ToInstant();

        Assert.Throws<SkippedTimeException>(() => zone.AtStartOfDay(gone));
        Assert.Equal(next, new Moment(default, zone).StartOf(gone));
        Assert.Equal(next, zone.Start(gone));
        Assert.Equal(next - Duration.FromDays(1), new Moment(default, zone).StartOf(gone.PlusDays(-1)));
    }

    [Fact]
    public void The_law_catches_days_that_are_remembered_without_their_zone()
    {
        var known = new Dictionary<LocalDate, Instant>();
        Instant Remembered(DateTimeZone zone, LocalDate day) => known.TryGetValue(day, out var start) ? start : known[day] = zone.AtStartOfDay(day).ToInstant();

        Counterfeits.Caught(() => DaysLaw(Remembered).Check(Config.QuickThrowOnFailure.WithMaxTest(300)));
    }

    // Up to thirty values of a few names, some of them missing, so that both ways of sorting are met.
    private static Property FieldsLaw(Func<IEnumerable<(string Name, Scalar Value)>, Fields> of) => Prop.ForAll(
        (from name in Gen.Choose(0, 20) from value in Gen.Choose(0, 3) select ($"f{name}", value == 0 ? default : Scalar.Of(value))).ListOf().Select(list => list.Take(30).ToList()).ToArbitrary(),
        values =>
        {
            var expected = new SortedDictionary<string, Scalar>(StringComparer.Ordinal);
            foreach (var (name, value) in values)
            {
                expected[name] = value;
            }

            Assert.Equal(expected.Where(pair => !pair.Value.IsMissing), of(values));
            return true;
        });

    // The same few days of many years in several zones: days that are remembered under one place are among them.
    private static Property DaysLaw(Func<DateTimeZone, LocalDate, Instant> startOf) => Prop.ForAll(
        (from zone in Gen.Elements(Zones) from day in Gen.Choose(0, 20) from years in Gen.Choose(0, 60) select (zone, new LocalDate(1990, 10, 10).PlusDays(day).PlusYears(years))).ListOf().ToArbitrary(),
        asked =>
        {
            foreach (var (id, day) in asked)
            {
                var zone = DateTimeZoneProviders.Tzdb[id];
                Assert.Equal(zone.AtStartOfDay(day).ToInstant(), startOf(zone, day));
            }

            return true;
        });
}
