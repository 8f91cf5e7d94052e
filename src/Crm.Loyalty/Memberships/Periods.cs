using Crm.Loyalty.Rules;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Memberships;

/// <summary>Names spans of the calendar by a number, in the zone of a moment.</summary>
internal static class Periods
{
    private static readonly LocalDate Epoch = new(1970, 1, 1);

    /// <summary>The number of the span in which a moment lies; 0 for spans that never end.</summary>
    public static long Of(CapPeriod period, Moment moment) => period switch
    {
        CapPeriod.Day => DayOf(moment.Date),
        CapPeriod.Week => DayOf(moment.Date.PlusDays(1 - (int)moment.Date.DayOfWeek)),
        CapPeriod.Month => (moment.Date.Year * 12L) + moment.Date.Month,
        CapPeriod.Year => moment.Date.Year,
        _ => 0,
    };

    /// <summary>When the span after that of a moment begins; null for spans that never end.</summary>
    public static Instant? EndOf(CapPeriod period, Moment moment) => period switch
    {
        CapPeriod.Day => moment.StartOf(moment.Date.PlusDays(1)),
        CapPeriod.Week => moment.StartOf(moment.Date.Next(IsoDayOfWeek.Monday)),
        CapPeriod.Month => moment.StartOf(moment.Date.With(DateAdjusters.StartOfMonth).PlusMonths(1)),
        CapPeriod.Year => moment.StartOf(new LocalDate(moment.Date.Year + 1, 1, 1)),
        _ => null,
    };

    private static long DayOf(LocalDate date) => Period.DaysBetween(Epoch, date);
}
