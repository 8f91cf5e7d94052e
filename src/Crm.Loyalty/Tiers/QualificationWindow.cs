using System.Runtime.InteropServices;
using NodaTime;

namespace Crm.Loyalty.Tiers;

/// <summary>A unit of the calendar.</summary>
public enum CalendarUnit
{
    /// <summary>From the first of January.</summary>
    Year,

    /// <summary>From the first of January or July.</summary>
    HalfYear,

    /// <summary>From the first of January, April, July or October.</summary>
    Quarter,

    /// <summary>From the first.</summary>
    Month,

    /// <summary>From Monday, or where a challenge says so from another day.</summary>
    Week,

    /// <summary>One day.</summary>
    Day,
}

/// <summary>Over which time a metric counts towards a tier. Days begin in the programme's zone.</summary>
public abstract record QualificationWindow
{
    private protected QualificationWindow()
    {
    }

    /// <summary>Everything ever counted.</summary>
    public static QualificationWindow Lifetime { get; } = new Always();

    /// <summary>The calendar year.</summary>
    public static QualificationWindow CalendarYear { get; } = new Calendar(CalendarUnit.Year);

    /// <summary>The period that a day falls in; null for windows that do not come one after the other.</summary>
    /// <param name="day">The day.</param>
    /// <param name="joined">The day from which anniversaries count.</param>
    internal virtual Span? PeriodOf(LocalDate day, LocalDate joined) => null;

    // The period of a length in months that a day falls in, counted from a first day. Months that are too short end a period on their last day.
    private static Span Repeating(LocalDate first, int months, LocalDate day)
    {
        var number = (int)Math.Floor((double)(((day.Year - first.Year) * 12) + day.Month - first.Month) / months);
        while (first.PlusMonths(number * months) > day)
        {
            number--;
        }

        while (first.PlusMonths((number + 1) * months) <= day)
        {
            number++;
        }

        return new Span(first.PlusMonths(number * months), first.PlusMonths((number + 1) * months));
    }

    /// <summary>A period.</summary>
    /// <param name="Start">The first day.</param>
    /// <param name="End">The day after the last.</param>
    [StructLayout(LayoutKind.Auto)]
    internal readonly record struct Span(LocalDate Start, LocalDate End);

    /// <summary>Never closes.</summary>
    public sealed record Always : QualificationWindow;

    /// <summary>One calendar unit after the other.</summary>
    /// <param name="Unit">Which.</param>
    public sealed record Calendar(CalendarUnit Unit) : QualificationWindow
    {
        internal override Span? PeriodOf(LocalDate day, LocalDate joined)
        {
            var start = CalendarUnits.First(Unit, day);
            return new Span(start, CalendarUnits.Next(Unit, start));
        }
    }

    /// <summary>Cycles of equal length from a fixed day, the same for all members: a year from each first of April.</summary>
    /// <param name="From">The first day of one of the cycles; earlier ones are counted back from it.</param>
    /// <param name="Months">1 to 120.</param>
    public sealed record Cycle(LocalDate From, int Months) : QualificationWindow
    {
        internal override Span? PeriodOf(LocalDate day, LocalDate joined) => Repeating(From, Months, day);
    }

    /// <summary>Cycles of equal length from the day on which the customer joined, or first counted: each member's own year.</summary>
    /// <param name="Months">1 to 120.</param>
    public sealed record Anniversary(int Months) : QualificationWindow
    {
        internal override Span? PeriodOf(LocalDate day, LocalDate joined) => Repeating(joined, Months, day);
    }

    /// <summary>The last so many months and days at every moment: what was counted on a day leaves at the start of the day that long after it.</summary>
    /// <param name="Months">0 or more.</param>
    /// <param name="Days">0 or more, counted after the months.</param>
    public sealed record Rolling(int Months, int Days = 0) : QualificationWindow
    {
        /// <summary>The day at whose start what was counted on a day leaves the window.</summary>
        internal LocalDate Leaves(LocalDate counted) => counted.PlusMonths(Months).PlusDays(Days);
    }

    /// <summary>Since the tier was last reached or kept: each tier year counts from its own beginning.</summary>
    public sealed record SinceTierStart : QualificationWindow;
}
