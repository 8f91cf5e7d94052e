using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Wallets;

/// <summary>Which day the length of a lot's life ends on: the field knows both conventions, so a programme says which it means.</summary>
public enum LastDay
{
    /// <summary>Usable through the day: earned on 25 January for one month, usable on 25 February, gone on 26 February at 00:00.</summary>
    Included,

    /// <summary>Usable until the day begins: earned on 1 January for 18 months, usable on 30 June of the next year, gone on 1 July at 00:00.</summary>
    Excluded,
}

/// <summary>A span of the calendar to whose end a lot's life is drawn out.</summary>
public enum PeriodEnd
{
    /// <summary>The day itself: nothing is drawn out.</summary>
    Day,

    /// <summary>To the end of the month of the last usable day.</summary>
    Month,

    /// <summary>To the end of the year of the last usable day.</summary>
    Year,
}

/// <summary>When units run out, counted from the calendar day on which they are earned.</summary>
public abstract record LotExpiry
{
    private protected LotExpiry()
    {
    }

    /// <summary>Never.</summary>
    public static LotExpiry Never { get; } = new Forever();

    /// <summary>A number of days after the day of earning.</summary>
    public static LotExpiry AfterDays(int days, LastDay lastDay, PeriodEnd to = PeriodEnd.Day) => new After(0, days, lastDay, to);

    /// <summary>A number of months after the day of earning; where the month is too short, its last day: 31 January and one month is the last of February.</summary>
    public static LotExpiry AfterMonths(int months, LastDay lastDay, PeriodEnd to = PeriodEnd.Day) => new After(months, 0, lastDay, to);

    /// <summary>From when units earned at a moment are gone; null: never.</summary>
    /// <param name="earned">The moment of earning, in the programme's zone.</param>
    public Instant? Of(Moment earned) => Of(earned.Date) is { } gone ? earned.StartOf(gone) : null;

    /// <summary>The first day on which units earned on a day are gone; null: never.</summary>
    public abstract LocalDate? Of(LocalDate earned);

    /// <summary>What is wrong with it, for a unit; nothing usually.</summary>
    internal virtual IEnumerable<string> Faults(string unit) => [];

    /// <summary>Units do not run out.</summary>
    public sealed record Forever : LotExpiry
    {
        /// <inheritdoc/>
        public override LocalDate? Of(LocalDate earned) => null;
    }

    /// <summary>Units run out some months and days after they are earned.</summary>
    /// <param name="Months">0 or more.</param>
    /// <param name="Days">0 or more, counted after the months.</param>
    /// <param name="LastDay">Whether the day that is reached is still usable.</param>
    /// <param name="To">What the life is drawn out to.</param>
    public sealed record After(int Months, int Days, LastDay LastDay, PeriodEnd To) : LotExpiry
    {
        /// <inheritdoc/>
        internal override IEnumerable<string> Faults(string unit)
        {
            if (Months is < 0 or > 1200 || Days is < 0 or > 36_500)
            {
                yield return $"{Months} months and {Days} days is not a length of life; 0 to 1,200 months and 0 to 36,500 days are expected.";
            }

            if (this is { Months: 0, Days: 0, LastDay: LastDay.Excluded, To: PeriodEnd.Day })
            {
                yield return $"'{unit}' would run out at the beginning of the day on which it is earned; give it a length, or include the last day.";
            }
        }

        /// <inheritdoc/>
        public override LocalDate? Of(LocalDate earned)
        {
            var reached = earned.PlusMonths(Months).PlusDays(Days);
            var last = LastDay == LastDay.Included ? reached : reached.PlusDays(-1);
            var end = To switch
            {
                PeriodEnd.Month => last.With(DateAdjusters.EndOfMonth),
                PeriodEnd.Year => new LocalDate(last.Year, 12, 31),
                _ => last,
            };
            return end.PlusDays(1);
        }
    }
}
