using NodaTime;
using NodaTime.Text;

namespace Crm.Campaigns.Journeys;

/// <summary>Lengths of time in their written form: "P3D", "PT36H"; a day is 24 hours.</summary>
internal static class Lengths
{
    public const string Expected = "a length of days (24 hours each), hours, minutes and seconds such as \"P3D\" or \"PT36H\"";

    public static string Write(Duration length)
    {
        var builder = new PeriodBuilder { Days = length.Days, Hours = length.Hours, Minutes = length.Minutes, Seconds = length.Seconds, Nanoseconds = length.SubsecondNanoseconds };
        return PeriodPattern.NormalizingIso.Format(builder.Build());
    }

    public static Duration? Read(string text) =>
        PeriodPattern.NormalizingIso.Parse(text) is { Success: true, Value: { Years: 0, Months: 0 } period } ? period.ToDuration() : null;
}
