using System.Globalization;
using NodaTime;

namespace Crm.Values;

/// <summary>
/// Days that no rule of the common calendar says, such as public holidays or the Mid-Autumn Festival. The host or a package supplies it. What it has said of a day as of an instant it says for ever:
/// what is announced later counts from its announcement on, so that a history that is decided again reads what it read.
/// </summary>
public interface IDayCalendar
{
    /// <summary>Its name in conditions, such as "hk-public-holidays".</summary>
    string Name { get; }

    /// <summary>Whether a day is one of them, for all that was announced at an instant; null for days that the data does not cover.</summary>
    bool? Contains(LocalDate day, Instant asOf);

    /// <summary>The first announcement after an instant that is known by now; null when there is none.</summary>
    Instant? NextAnnouncement(Instant after);
}

/// <summary>The calendars of a host.</summary>
public sealed class DayCalendars
{
    private readonly Dictionary<string, IDayCalendar> byName = new(StringComparer.Ordinal);

    /// <summary>These calendars.</summary>
    /// <exception cref="ArgumentException">Two have one name, or a name is no name.</exception>
    public DayCalendars(params IEnumerable<IDayCalendar> calendars)
    {
        ArgumentNullException.ThrowIfNull(calendars);
        foreach (var calendar in calendars)
        {
            if (!Crm.Values.Names.IsName(calendar.Name) || !byName.TryAdd(calendar.Name, calendar))
            {
                throw new ArgumentException($"A calendar is named '{calendar.Name}'; each calendar has a name of its own of lower-case letters, digits, '-', '_' and '.'.", nameof(calendars));
            }
        }
    }

    /// <summary>No calendar.</summary>
    public static DayCalendars None { get; } = new();

    /// <summary>The names, in ordinal order.</summary>
    public Sequence<string> Names => byName.Keys.Order(StringComparer.Ordinal).ToSequence();

    /// <summary>The calendar with a name; null when there is none.</summary>
    public IDayCalendar? Find(string name) => byName.GetValueOrDefault(name);
}

/// <summary>A list of days, such as a gazette's general holidays.</summary>
/// <param name="Name">Its name in conditions.</param>
/// <param name="From">The first day that the list covers.</param>
/// <param name="To">The last day that it covers.</param>
/// <param name="Days">The days as they were first announced.</param>
public sealed record ListedDays(string Name, LocalDate From, LocalDate To, Sequence<LocalDate> Days) : IDayCalendar
{
    private readonly HashSet<LocalDate> days = [.. Days];
    private readonly Sequence<Announcement> announcements;

    /// <summary>What was announced later. Announcements are added, never taken away or changed.</summary>
    public Sequence<Announcement> Announcements
    {
        get => announcements;
        init => announcements = value.OrderBy(one => one.At).ToSequence();
    }

    /// <inheritdoc/>
    public bool? Contains(LocalDate day, Instant asOf)
    {
        if (day < From || day > To)
        {
            return null;
        }

        for (var i = announcements.Count - 1; i >= 0; i--)
        {
            if (announcements[i].Day == day && announcements[i].At <= asOf)
            {
                return announcements[i].IsIn;
            }
        }

        return days.Contains(day);
    }

    /// <inheritdoc/>
    public Instant? NextAnnouncement(Instant after)
    {
        foreach (ref readonly var one in announcements.AsSpan())
        {
            if (one.At > after)
            {
                return one.At;
            }
        }

        return null;
    }
}

/// <summary>That a day is in a list from an instant on, or no longer.</summary>
/// <param name="At">When it was announced.</param>
/// <param name="Day">The day.</param>
/// <param name="IsIn">Whether the day is in the list from then on.</param>
public readonly record struct Announcement(Instant At, LocalDate Day, bool IsIn);

/// <summary>A day of the Chinese lunisolar year, such as the fifteenth of the eighth month, from 1901 to 2100. Leap months do not count.</summary>
/// <param name="Name">Its name in conditions.</param>
/// <param name="Month">1 to 12.</param>
/// <param name="Day">1 to 30; in a month of 29 days the thirtieth does not come.</param>
public sealed record LunarDay(string Name, int Month, int Day) : IDayCalendar
{
    private static readonly ChineseLunisolarCalendar Lunisolar = new();

    /// <inheritdoc/>
    public bool? Contains(LocalDate day, Instant asOf)
    {
        var date = day.ToDateTimeUnspecified();
        if (date < Lunisolar.MinSupportedDateTime || date > Lunisolar.MaxSupportedDateTime)
        {
            return null;
        }

        // Months are counted through, the leap month among them: one place after the month it repeats.
        var month = Lunisolar.GetMonth(date);
        var leap = Lunisolar.GetLeapMonth(Lunisolar.GetYear(date));
        return Lunisolar.GetDayOfMonth(date) == Day && month != leap && (leap > 0 && month > leap ? month - 1 : month) == Month;
    }

    /// <inheritdoc/>
    public Instant? NextAnnouncement(Instant after) => null;
}
