using System.Globalization;
using System.Text;
using Crm.Conditions;
using NodaTime;

namespace Crm.Storage.Sql;

/// <summary>
/// The day of a zone to which an instant belongs, as whole numbers: between two changes of the clock, what is to be added before dividing by the length of a day.
/// It says what <see cref="CalendarDays.DayOf"/> says, also where a clock goes back over midnight.
/// </summary>
internal sealed class AudienceDays
{
    private const long Day = NodaConstants.TicksPerDay;

    // Division cuts towards zero, so all that is divided is made positive: no event is older than this.
    private const long Ages = 3_000_000;

    private readonly List<(long Until, long Offset)> steps = [];

    /// <summary>The days of a zone for instants up to one.</summary>
    public AudienceDays(DateTimeZone zone, Instant latest)
    {
        foreach (var interval in zone.GetZoneIntervals(Instant.MinValue, latest + Duration.FromTicks(1)))
        {
            var offset = interval.WallOffset.Ticks;
            if (steps.Count > 0)
            {
                // The clock has gone back over a midnight: until that midnight comes again, it is still the later day.
                var (changed, before) = steps[^1];
                var reached = Floor(changed - 1 + before);
                if (reached > Floor(changed + offset))
                {
                    steps.Add(((reached * Day) - offset, before));
                }
            }

            if (interval.HasEnd && interval.End <= latest)
            {
                steps.Add((interval.End.ToUnixTimeTicks(), offset));
            }
            else
            {
                steps.Add((long.MaxValue, offset));
                break;
            }
        }
    }

    /// <summary>The day, counted from 1970-01-01.</summary>
    public long DayOf(long ticks) => Floor(ticks + steps.First(step => ticks < step.Until).Offset);

    /// <summary>The same in SQL. The latest changes are asked first, because most events are recent.</summary>
    public string Sql(string at)
    {
        var offset = steps[0].Offset.ToString(CultureInfo.InvariantCulture);
        if (steps.Count > 1)
        {
            var cases = new StringBuilder("CASE");
            for (var i = steps.Count - 1; i > 0; i--)
            {
                cases.Append(CultureInfo.InvariantCulture, $" WHEN {at} >= {steps[i - 1].Until} THEN {steps[i].Offset}");
            }

            offset = string.Create(CultureInfo.InvariantCulture, $"{cases} ELSE {steps[0].Offset} END");
        }

        return string.Create(CultureInfo.InvariantCulture, $"(({at} + {offset} + {Ages * Day}) / {Day} - {Ages})");
    }

    private static long Floor(long ticks) => ((ticks + (Ages * Day)) / Day) - Ages;
}
