using NodaTime;

namespace Crm.Values;

/// <summary>
/// The general holidays of Hong Kong from 2024 to 2027, Sundays apart, as the Government has gazetted them under the General Holidays Ordinance (Cap. 149) and lists them on
/// gov.hk ("General holidays for 2024" to "for 2027", www.gov.hk/en/about/abouthk/holiday). By the ordinance every Sunday is a general holiday too; a condition says so with <c>If.On(IsoDayOfWeek.Sunday)</c>.
/// </summary>
public static class HongKongHolidays
{
    /// <summary>The name of the calendar in conditions.</summary>
    public const string Name = "hk-public-holidays";

    /// <summary>The calendar. Days before 2024 and after 2027 are not covered; nothing is said of them. A day that is announced later is added with <see cref="ListedDays.Announcements"/>.</summary>
    public static ListedDays Calendar { get; } = new(
        Name,
        new LocalDate(2024, 1, 1),
        new LocalDate(2027, 12, 31),
        [
            // The first day of January; Lunar New Year's Day, the third and the fourth day (the second is a Sunday); Good Friday and the day following; Easter Monday; Ching Ming; Labour Day; the Birthday of the Buddha;
            // Tuen Ng; the Establishment Day; the day following Mid-Autumn; National Day; Chung Yeung; Christmas Day and the first weekday after.
            .. Of(2024, (1, 1), (2, 10), (2, 12), (2, 13), (3, 29), (3, 30), (4, 1), (4, 4), (5, 1), (5, 15), (6, 10), (7, 1), (9, 18), (10, 1), (10, 11), (12, 25), (12, 26)),
            .. Of(2025, (1, 1), (1, 29), (1, 30), (1, 31), (4, 4), (4, 18), (4, 19), (4, 21), (5, 1), (5, 5), (5, 31), (7, 1), (10, 1), (10, 7), (10, 29), (12, 25), (12, 26)),

            // Ching Ming is Easter Sunday, so the days following Ching Ming and Easter Monday; the days following the Birthday of the Buddha and Chung Yeung, which are Sundays.
            .. Of(2026, (1, 1), (2, 17), (2, 18), (2, 19), (4, 3), (4, 4), (4, 6), (4, 7), (5, 1), (5, 25), (6, 19), (7, 1), (9, 26), (10, 1), (10, 19), (12, 25), (12, 26)),

            // The second day of Lunar New Year is a Sunday, so the fourth; the day after Christmas Day is one.
            .. Of(2027, (1, 1), (2, 6), (2, 8), (2, 9), (3, 26), (3, 27), (3, 29), (4, 5), (5, 1), (5, 13), (6, 9), (7, 1), (9, 16), (10, 1), (10, 8), (12, 25), (12, 27)),
        ]);

    private static List<LocalDate> Of(int year, params ReadOnlySpan<(int Month, int Day)> days)
    {
        var dates = new List<LocalDate>();
        foreach (var (month, day) in days)
        {
            dates.Add(new LocalDate(year, month, day));
        }

        return dates;
    }
}
