using System.Globalization;
using Crm.Tool.Import.Reading;
using Crm.Values;
using NodaTime;
using NodaTime.Text;

namespace Crm.Tool.Import.Assembly;

/// <summary>Reads the local times of a file and finds their instants in a zone.</summary>
internal sealed class LocalTimes
{
    // How dates of workbooks are written down when they are read.
    private static readonly (LocalDatePattern? Date, LocalDateTimePattern Time)[] OfDates = Patterns(["yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd"]);

    private readonly DateTimeZone zone;
    private readonly (LocalDatePattern? Date, LocalDateTimePattern Time)[] ofTexts;
    private (string Text, bool IsDate, Instant Instant)? last;

    /// <param name="formats">How texts say a time. What is a date in a workbook needs none, whatever they are.</param>
    /// <param name="zone">Of the times.</param>
    public LocalTimes(Sequence<string> formats, DateTimeZone zone)
    {
        this.zone = zone;
        ofTexts = Patterns(formats);
        LastDay = zone.StartOf(LocalDate.MaxIsoValue);
    }

    /// <summary>The start of the last day of the calendar, 9999-12-31, as which all times of that day are read: west of UTC not all of them have an instant. Where something ends on it, it never does.</summary>
    public Instant LastDay { get; }

    /// <summary>The instant of a local time; null when no pattern understands it. A skipped time is moved on by the length of the gap, an ambiguous one is the earlier; a date is the start of its day.</summary>
    public Instant? Read(SourceRow row, int place)
    {
        var (text, isDate) = (row.Cells[place], row.IsDate(place));
        if (last is { } before && before.Text == text && before.IsDate == isDate)
        {
            return before.Instant;
        }

        foreach (var (date, time) in isDate ? OfDates : ofTexts)
        {
            Instant? found = date is null
                ? time.Parse(text) is { Success: true } atTime ? InstantOf(atTime.Value) : null
                : date.Parse(text) is { Success: true } onDate ? InstantOf(onDate.Value) : null;
            if (found is { } instant)
            {
                last = (text, isDate, instant);
                return instant;
            }
        }

        return null;
    }

    /// <summary>The day that a cell says and no time of it; null when it says a time, or no pattern understands it.</summary>
    public LocalDate? ReadDay(SourceRow row, int place)
    {
        var text = row.Cells[place];
        foreach (var (date, time) in row.IsDate(place) ? OfDates : ofTexts)
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

    private Instant? InstantOf(LocalDateTime local) => HasAllInstants(local.Date) ? local.InZoneLeniently(zone).ToInstant() : InstantOf(local.Date);

    // The first day of the calendar, which is none of a file, has not all instants east of UTC.
    private Instant? InstantOf(LocalDate date) => HasAllInstants(date) ? zone.StartOf(date) : date == LocalDate.MaxIsoValue ? LastDay : null;

    private static bool HasAllInstants(LocalDate date) => date != LocalDate.MinIsoValue && date != LocalDate.MaxIsoValue;

    private static (LocalDatePattern? Date, LocalDateTimePattern Time)[] Patterns(IEnumerable<string> formats) =>
        [.. formats.Select(format => (DateOnly(format), LocalDateTimePattern.CreateWithInvariantCulture(format)))];

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
