using NodaTime;
using NodaTime.Text;

namespace Crm.Conditions;

/// <summary>Reads and writes how far a date is from today, as an ISO 8601 period of years, months, weeks and days such as "-P1Y6M" or "P7D".</summary>
internal static class RelativePeriod
{
    /// <summary>What a period looks like, for messages.</summary>
    public const string Expected = "a period of whole years, months, weeks and days such as \"-P30D\", \"P1Y\" or \"P0D\" is expected";

    /// <summary>The most days, roughly, that a period may have.</summary>
    public const int MostDays = 200 * 366;

    /// <summary>Months within the year, and days without weeks.</summary>
    public static Period Normal(Period period)
    {
        var months = (12L * period.Years) + period.Months;
        return new PeriodBuilder { Years = (int)(months / 12), Months = (int)(months % 12), Days = (int)((7L * period.Weeks) + period.Days) }.Build();
    }

    /// <summary>The period in its one form.</summary>
    public static string Write(Period period)
    {
        var (length, isPast) = Length(period);
        return (isPast ? "-" : "") + (length is { Years: 0, Months: 0, Days: 0 } ? "P0D" : PeriodPattern.Roundtrip.Format(length));
    }

    /// <summary>How long a period is in years, months and days, and whether it goes back.</summary>
    public static (Period Length, bool IsPast) Length(Period period)
    {
        var normal = Normal(period);
        return normal.Years < 0 || normal.Months < 0 || normal.Days < 0
            ? (new PeriodBuilder { Years = -normal.Years, Months = -normal.Months, Days = -normal.Days }.Build(), true)
            : (normal, false);
    }

    /// <summary>The period that a text says; null when it says none.</summary>
    public static Period? Read(string text)
    {
        var isPast = text.StartsWith('-');
        return PeriodPattern.Roundtrip.Parse(isPast ? text[1..] : text) is { Success: true, Value: var read } && IsRight(read) && read is { Years: >= 0, Months: >= 0, Weeks: >= 0, Days: >= 0 }
            ? isPast ? new PeriodBuilder { Years = -read.Years, Months = -read.Months, Weeks = -read.Weeks, Days = -read.Days }.Build() : read
            : null;
    }

    /// <summary>Whether a period has only date parts of one sign and is not longer than 200 years.</summary>
    public static bool IsRight(Period period)
    {
        var days = (366L * period.Years) + (31L * period.Months) + (7L * period.Weeks) + period.Days;
        var signs = new[] { period.Years, period.Months, period.Weeks, period.Days };
        return !period.HasTimeComponent && Math.Abs(days) <= MostDays && (signs.All(part => part >= 0) || signs.All(part => part <= 0));
    }
}
