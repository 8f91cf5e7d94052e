using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Rules;

/// <summary>What day stands for 29 February in a year without one.</summary>
public enum LeapDayPolicy
{
    /// <summary>28 February.</summary>
    Before,

    /// <summary>1 March.</summary>
    After,
}

/// <summary>
/// Units on a day of every year, at its beginning in the member's zone, or in the programme's where none is known: a birthday, or the day of joining, which in a programme that is open to everybody is that of the first event in it where nobody joined before. Once for the day of each calendar year, whatever becomes of the date:
/// who changes a birthday to a later day of a year that has paid, or of one before it, waits for the next year. Who takes no part in the programme on the day gets nothing for it.
/// </summary>
public sealed record YearlyPoints : EarningRule
{
    /// <summary>The kind of the occasion at which the rule is asked.</summary>
    public const string Occasion = "loyalty.yearly";

    /// <summary>The unit that is earned.</summary>
    public required string Unit { get; init; }

    /// <summary>How many; more than 0.</summary>
    public required long Points { get; init; }

    /// <summary>The date field of the profile, such as "birth-date", or a day of the year as the number MMDD; null: the day on which the member joined or, in an open programme, of their first event in it. Only its values enter the journal, as observations.</summary>
    public string? DateField { get; init; }

    /// <summary>The field of the profile with the member's zone, such as "Asia/Taipei"; null, or a value that is no zone: the day begins in the programme's. Who moves to another zone is given in the one that is known when the day begins there.</summary>
    public string? ZoneField { get; init; }

    /// <summary>What day stands for 29 February.</summary>
    public LeapDayPolicy LeapDay { get; init; }

    /// <summary>A date that becomes known so many days after the day still pays at once, for the year of that day; 0: only from the next time on.</summary>
    public int CatchUpDays { get; init; }

    /// <inheritdoc/>
    public override Sequence<string> On => [Occasion];

    /// <summary>The day of a year on which the rule gives.</summary>
    public LocalDate DayIn(int year, LocalDate date) => date is { Month: 2, Day: 29 } && !CalendarSystem.Iso.IsLeapYear(year)
        ? LeapDay == LeapDayPolicy.Before ? new LocalDate(year, 2, 28) : new LocalDate(year, 3, 1)
        : new LocalDate(year, date.Month, date.Day);

    /// <inheritdoc/>
    protected override Earning? Earn(EarningContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.Event.Fields["rule"].AsCode == Name ? new Earning(Unit, Points) : null;
    }
}
