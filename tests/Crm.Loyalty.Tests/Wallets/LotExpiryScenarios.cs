using Crm.Loyalty.Wallets;
using Crm.Values;
using NodaTime;
using NodaTime.Text;

namespace Crm.Loyalty.Tests.Wallets;

/// <summary>Published cases of how long units live, each with the day on which they are gone.</summary>
public sealed class LotExpiryScenarios
{
    [Theory]
    [InlineData("VF2a", "2026-01-25", 1, LastDay.Included, PeriodEnd.Day, "2026-02-26")]
    [InlineData("VF2c", "2026-01-01", 0, LastDay.Included, PeriodEnd.Day, "2026-01-02")]
    [InlineData("VF2d", "2026-01-25", 1, LastDay.Included, PeriodEnd.Month, "2026-03-01")]
    [InlineData("OLs3 month", "2018-01-22", 0, LastDay.Included, PeriodEnd.Month, "2018-02-01")]
    [InlineData("OLs3 year", "2018-01-22", 0, LastDay.Included, PeriodEnd.Year, "2019-01-01")]
    [InlineData("KF2", "2018-08-02", 36, LastDay.Included, PeriodEnd.Month, "2021-09-01")]
    [InlineData("SBX1", "2020-12-15", 6, LastDay.Included, PeriodEnd.Month, "2021-07-01")]
    [InlineData("CX1", "2020-01-01", 18, LastDay.Excluded, PeriodEnd.Day, "2021-07-01")]
    [InlineData("LLN1", "2022-03-01", 12, LastDay.Excluded, PeriodEnd.Day, "2023-03-01")]
    [InlineData("TW1", "2025-08-30", 12, LastDay.Included, PeriodEnd.Year, "2027-01-01")]
    [InlineData("month too short", "2026-01-31", 1, LastDay.Included, PeriodEnd.Day, "2026-03-01")]
    [InlineData("leap day", "2024-02-29", 12, LastDay.Excluded, PeriodEnd.Day, "2025-02-28")]
    public void Units_are_gone_on_the_published_day(string id, string earned, int months, LastDay lastDay, PeriodEnd to, string gone)
    {
        var expiry = LotExpiry.AfterMonths(months, lastDay, to);

        Assert.True(expiry.Of(Date(earned)) == Date(gone), $"{id}: {expiry.Of(Date(earned))} instead of {gone}");
    }

    [Fact]
    public void A_year_of_365_days_lapses_on_the_366th() =>
        Assert.Equal(Date("2024-01-01"), LotExpiry.AfterDays(365, LastDay.Excluded).Of(Date("2023-01-01")));

    [Fact]
    public void The_day_begins_in_the_zone_of_the_programme() =>
        Assert.Equal(Instant.FromUtc(2026, 2, 25, 16, 0), LotExpiry.AfterMonths(1, LastDay.Included).Of(new Moment(Instant.FromUtc(2026, 1, 24, 16, 0), Samples.HongKong)));

    [Fact]
    public void Where_midnight_is_skipped_the_day_begins_after_it() =>
        Assert.Equal(
            Instant.FromUtc(2018, 11, 4, 3, 0),
            LotExpiry.AfterDays(1, LastDay.Excluded).Of(new Moment(Instant.FromUtc(2018, 11, 3, 12, 0), DateTimeZoneProviders.Tzdb["America/Sao_Paulo"])));

    [Fact]
    public void What_never_runs_out_has_no_day() => Assert.Null(LotExpiry.Never.Of(Date("2026-01-01")));

    private static LocalDate Date(string text) => LocalDatePattern.Iso.Parse(text).Value;
}
