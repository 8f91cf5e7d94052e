using Crm.Values;
using NodaTime;

namespace Crm.Conditions;

/// <summary>A span of the calendar.</summary>
public abstract record Span
{
    private protected Span()
    {
    }

    /// <summary>From one instant until another.</summary>
    /// <param name="From">Included; null: from ever.</param>
    /// <param name="Until">Excluded; null: for ever.</param>
    public sealed record Between(Instant? From, Instant? Until) : Span;

    /// <summary>On these days of the week.</summary>
    /// <param name="Days">At least one, in order from Monday.</param>
    public sealed record Weekdays(Sequence<IsoDayOfWeek> Days) : Span;

    /// <summary>At these hours of each day.</summary>
    /// <param name="From">Included.</param>
    /// <param name="Until">Excluded; earlier than <paramref name="From"/> when the span runs past midnight. The same: the whole day.</param>
    public sealed record Hours(LocalTime From, LocalTime Until) : Span;

    /// <summary>On these days of every year; over the turn of the year when the end is the earlier date.</summary>
    /// <param name="From">The first day.</param>
    /// <param name="To">The last day, included.</param>
    /// <param name="LeapDay">Where 29 February is in common years; it matters only to ends that are that day. A span with an end that a year does not have begins or ends on the nearest day inside it.</param>
    public sealed record Annual(AnnualDate From, AnnualDate To, LeapDayRule LeapDay = LeapDayRule.February28) : Span;

    /// <summary>On the days of a calendar that the host or a package supplies, such as public holidays or a day of the lunar year.</summary>
    /// <param name="Calendar">The calendar's name.</param>
    /// <param name="WhenMissing">The answer on days that the calendar's data does not cover.</param>
    public sealed record Listed(string Calendar, bool WhenMissing) : Span;
}

/// <summary>Where 29 February is in a year that does not have it.</summary>
public enum LeapDayRule
{
    /// <summary>On 28 February.</summary>
    February28,

    /// <summary>On 1 March.</summary>
    March1,

    /// <summary>Nowhere: only leap years have it.</summary>
    LeapYearsOnly,
}
