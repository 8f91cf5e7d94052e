using System.Globalization;
using Crm.Values;
using NodaTime;
using NodaTime.Text;

namespace Crm.Tool.Import.Assembly;

/// <summary>Reads the local times of a file and finds their instants in a zone.</summary>
internal sealed class LocalTimes
{
    private readonly DateTimeZone zone;
    private readonly (LocalDatePattern? Date, LocalDateTimePattern Time)[] patterns;
    private (string Text, Instant Instant) last = ("", default);

    public LocalTimes(Sequence<string> formats, DateTimeZone zone)
    {
        this.zone = zone;
        patterns = [.. formats.Select(format => (DateOnly(format), LocalDateTimePattern.CreateWithInvariantCulture(format)))];
    }

    /// <summary>The instant of a local time; null when no pattern understands it. A skipped time is moved on by the length of the gap, an ambiguous one is the earlier; a date is the start of its day.</summary>
    public Instant? Read(string text)
    {
        if (text == last.Text)
        {
            return last.Instant;
        }

        foreach (var (date, time) in patterns)
        {
            Instant? found = date is null
                ? time.Parse(text) is { Success: true } atTime ? atTime.Value.InZoneLeniently(zone).ToInstant() : null
                : date.Parse(text) is { Success: true } onDate ? zone.AtStartOfDay(onDate.Value).ToInstant() : null;
            if (found is { } instant)
            {
                last = (text, instant);
                return instant;
            }
        }

        return null;
    }

    /// <summary>The day that a text says and no time of it; null when it says a time, or no pattern understands it.</summary>
    public LocalDate? ReadDay(string text)
    {
        foreach (var (date, time) in patterns)
        {
            if (date?.Parse(text) is { Success: true } onDate)
            {
                return onDate.Value;
            }

            if (date is null && time.Parse(text).Success)
            {
                return null;
            }
        }

        return null;
    }

    private static LocalDatePattern? DateOnly(string format)
    {
        try
        {
            return LocalDatePattern.Create(format, CultureInfo.InvariantCulture);
        }
        catch (InvalidPatternException)
        {
            return null;
        }
    }
}
