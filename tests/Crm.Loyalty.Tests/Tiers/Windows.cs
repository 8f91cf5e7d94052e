using Crm.Loyalty.Tiers;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Loyalty.Tests.Tiers;

/// <summary>Where windows begin and end.</summary>
public sealed class Windows
{
    public static TheoryData<QualificationWindow, LocalDate, LocalDate, LocalDate> Cases => new()
    {
        { new QualificationWindow.Calendar(CalendarUnit.Year), new(2026, 5, 17), new(2026, 1, 1), new(2027, 1, 1) },
        { new QualificationWindow.Calendar(CalendarUnit.HalfYear), new(2026, 7, 1), new(2026, 7, 1), new(2027, 1, 1) },
        { new QualificationWindow.Calendar(CalendarUnit.Quarter), new(2026, 6, 30), new(2026, 4, 1), new(2026, 7, 1) },
        { new QualificationWindow.Calendar(CalendarUnit.Month), new(2028, 2, 29), new(2028, 2, 1), new(2028, 3, 1) },
        { new QualificationWindow.Calendar(CalendarUnit.Week), new(2026, 3, 1), new(2026, 2, 23), new(2026, 3, 2) },
        { new QualificationWindow.Calendar(CalendarUnit.Day), new(2026, 2, 28), new(2026, 2, 28), new(2026, 3, 1) },
        { new QualificationWindow.Cycle(new(2020, 4, 1), 12), new(2026, 3, 31), new(2025, 4, 1), new(2026, 4, 1) },
        { new QualificationWindow.Cycle(new(2030, 4, 1), 12), new(2026, 4, 1), new(2026, 4, 1), new(2027, 4, 1) },
        { new QualificationWindow.Anniversary(12), new(2026, 1, 30), new(2025, 1, 31), new(2026, 1, 31) },
        { new QualificationWindow.Anniversary(1), new(2026, 2, 28), new(2026, 2, 28), new(2026, 3, 31) },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_day_falls_in_one_period(QualificationWindow window, LocalDate day, LocalDate start, LocalDate end) =>
        Assert.Equal(new QualificationWindow.Span(start, end), window.PeriodOf(day, new LocalDate(2024, 1, 31)));

    [Fact]
    public void Periods_follow_each_other_without_gap_or_overlap()
    {
        var windows = Gen.OneOf(
            Gen.Elements(Enum.GetValues<CalendarUnit>()).Select(unit => (QualificationWindow)new QualificationWindow.Calendar(unit)),
            (from day in Gen.Choose(0, 20_000) from months in Gen.Choose(1, 30) select (QualificationWindow)new QualificationWindow.Cycle(new LocalDate(1990, 1, 1).PlusDays(day), months)),
            Gen.Choose(1, 30).Select(months => (QualificationWindow)new QualificationWindow.Anniversary(months)));
        var days = Gen.Choose(0, 20_000).Select(day => new LocalDate(1990, 1, 1).PlusDays(day));
        Prop.ForAll(Gen.Zip(windows, Gen.Zip(days, days)).ToArbitrary(), given =>
        {
            var (window, (day, joined)) = given;
            var period = window.PeriodOf(day, joined)!.Value;
            Assert.True(period.Start <= day && day < period.End);
            Assert.Equal(period, window.PeriodOf(period.Start, joined));
            Assert.Equal(period.End, window.PeriodOf(period.End, joined)!.Value.Start);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));
    }

    [Theory]
    [InlineData(2026, 3, 10, 2026, 4, 1)]
    [InlineData(2026, 3, 31, 2026, 4, 1)]
    [InlineData(2026, 4, 1, 2026, 10, 1)]
    [InlineData(2026, 10, 1, 2027, 4, 1)]
    public void A_validity_by_days_of_the_year_ends_after_the_next_of_them(int year, int month, int day, int untilYear, int untilMonth, int untilDay) => Assert.Equal(
        Samples.Local(untilYear, untilMonth, untilDay),
        new TierValidity.ToDayOfYear([new AnnualDate(3, 31), new AnnualDate(9, 30)]).From(Samples.At(year, month, day), QualificationWindow.Lifetime, default));
}
