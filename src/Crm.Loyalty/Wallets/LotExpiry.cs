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

    /// <summary>To the end of the quarter of the last usable day.</summary>
    Quarter,

    /// <summary>To the end of the half-year of the last usable day.</summary>
    HalfYear,
}

/// <summary>When units run out, counted from the calendar day on which they become available.</summary>
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

    /// <summary>The first day on which units earned on a day are gone; null: never, or not by the calendar.</summary>
    public abstract LocalDate? Of(LocalDate earned);

    /// <summary>The first day on which units earned on a day are gone, by a member who joined on a day.</summary>
    internal virtual LocalDate? Of(LocalDate earned, LocalDate joined) => Of(earned);

    /// <summary>What is wrong with it, for a unit; nothing usually.</summary>
    internal virtual IEnumerable<string> Faults(string unit) => [];

    /// <summary>What is wrong with it for a card or a code, which has no wallet that could idle and whose life no anniversary ends; nothing usually.</summary>
    internal IEnumerable<string> FaultsOf(string name) => this is WhenIdle or OnAnniversary
        ? [$"'{name}' is no unit, so it neither idles nor ends with an anniversary; months, days or dates are expected."]
        : Faults(name);

    private static IEnumerable<string> LengthFaults(int months, int days)
    {
        if (months is < 0 or > 1200 || days is < 0 or > 36_500)
        {
            yield return $"{months} months and {days} days is not a length of life; 0 to 1,200 months and 0 to 36,500 days are expected.";
        }
    }

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
        /// <summary>The last month of the year that <see cref="PeriodEnd.Year"/> means: 12, or 3 for a year from April to March. Quarters and half-years are those of that year.</summary>
        public int YearEndsIn { get; init; } = 12;

        /// <inheritdoc/>
        public override LocalDate? Of(LocalDate earned)
        {
            var reached = earned.PlusMonths(Months).PlusDays(Days);
            var last = LastDay == LastDay.Included ? reached : reached.PlusDays(-1);
            var end = To switch
            {
                PeriodEnd.Month => last.With(DateAdjusters.EndOfMonth),
                PeriodEnd.Quarter => EndOf(last, 3),
                PeriodEnd.HalfYear => EndOf(last, 6),
                PeriodEnd.Year => EndOf(last, 12),
                _ => last,
            };
            return end.PlusDays(1);
        }

        /// <inheritdoc/>
        internal override IEnumerable<string> Faults(string unit)
        {
            foreach (var fault in LengthFaults(Months, Days))
            {
                yield return fault;
            }

            // Drawn out to a month or longer it would still be so on the first day of one.
            if (this is { Months: 0, Days: 0, LastDay: LastDay.Excluded })
            {
                yield return $"'{unit}' would run out at the beginning of the day on which it is earned{(To == PeriodEnd.Day ? "" : ", where that is the first of the span")}; give it a length, or include the last day.";
            }

            if (YearEndsIn is < 1 or > 12 || !Enum.IsDefined(To) || !Enum.IsDefined(LastDay))
            {
                yield return $"A year that ends in month {YearEndsIn}, drawn out to {To}, is not known; months 1 to 12 and day, month, quarter, half-year or year are expected.";
            }
        }

        // The end of the span of so many months that a day lies in, spans being counted from the end of the year.
        private LocalDate EndOf(LocalDate day, int months)
        {
            var ahead = (YearEndsIn - day.Month + 12) % months;
            return day.With(DateAdjusters.StartOfMonth).PlusMonths(ahead).With(DateAdjusters.EndOfMonth);
        }
    }

    /// <summary>Units run out on fixed days of the year: on the first of them that comes.</summary>
    /// <param name="Days">1 to 20 days of the year.</param>
    /// <param name="LastDay">Whether that day is still usable.</param>
    public sealed record OnDates(Sequence<DayOfYear> Days, LastDay LastDay) : LotExpiry
    {
        /// <inheritdoc/>
        public override LocalDate? Of(LocalDate earned)
        {
            var first = Enumerable.Range(earned.Year, 2).SelectMany(year => Days.Select(day => day.InYear(year)))
                .Where(day => LastDay == LastDay.Included ? day >= earned : day > earned).Min();
            return LastDay == LastDay.Included ? first.PlusDays(1) : first;
        }

        /// <inheritdoc/>
        internal override IEnumerable<string> Faults(string unit) =>
            Days.Count is < 1 or > 20 ? [$"'{unit}' runs out on {Days.Count} days of the year; 1 to 20 are expected."] : [];
    }

    /// <summary>Units run out on the anniversary of joining or, in an open programme, of the member's first event in it, the next one after they are earned.</summary>
    /// <param name="Years">How many anniversaries later; 1 is the next.</param>
    public sealed record OnAnniversary(int Years) : LotExpiry
    {
        /// <inheritdoc/>
        public override LocalDate? Of(LocalDate earned) => Of(earned, earned);

        /// <inheritdoc/>
        internal override LocalDate? Of(LocalDate earned, LocalDate joined)
        {
            var years = Math.Max(earned.Year - joined.Year, 0);
            var passed = joined.PlusYears(years) > earned ? years - 1 : years;
            return joined.PlusYears(Math.Max(passed, 0) + Years);
        }

        /// <inheritdoc/>
        internal override IEnumerable<string> Faults(string unit) =>
            Years is < 1 or > 100 ? [$"'{unit}' runs out on the anniversary {Years} years on; 1 to 100 are expected."] : [];
    }

    /// <summary>
    /// All such units of the member run out together when the member has been idle for long. Idleness belongs to the wallet: an activity moves the day for all of them at once, no lot is written anew, and the time runs on though all of them are spent.
    /// What refunds give back is no activity, nor is what others give or what staff give; where no time runs yet, or any more, such units have the whole of it, and those of another member bring the day that they had there.
    /// </summary>
    /// <param name="Months">0 or more.</param>
    /// <param name="Days">0 or more, counted after the months.</param>
    /// <param name="LastDay">Whether the day that is reached is still usable.</param>
    public sealed record WhenIdle(int Months, int Days, LastDay LastDay) : LotExpiry
    {
        /// <summary>Whether units that a rule gives are an activity.</summary>
        public bool ByEarning { get; init; } = true;

        /// <summary>Whether spending is an activity.</summary>
        public bool BySpending { get; init; } = true;

        /// <summary>Kinds of events that are an activity whatever they earn, such as "visit".</summary>
        public Sequence<string> On { get; init; }

        /// <inheritdoc/>
        public override LocalDate? Of(LocalDate earned) => null;

        /// <summary>The first day on which everything is gone after an activity on a day.</summary>
        public LocalDate GoneAfter(LocalDate activity)
        {
            var reached = activity.PlusMonths(Months).PlusDays(Days);
            return LastDay == LastDay.Included ? reached.PlusDays(1) : reached;
        }

        /// <inheritdoc/>
        internal override IEnumerable<string> Faults(string unit)
        {
            foreach (var fault in LengthFaults(Months, Days))
            {
                yield return fault;
            }

            if (this is { Months: 0, Days: 0 })
            {
                yield return $"'{unit}' would run out on the day of its last activity; give it a length.";
            }

            if (this is { ByEarning: false, BySpending: false, On.IsEmpty: true })
            {
                yield return $"Nothing keeps '{unit}' from running out; earning, spending or a kind of event is expected to be an activity.";
            }
        }
    }
}
