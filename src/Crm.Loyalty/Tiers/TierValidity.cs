using Crm.Loyalty.Wallets;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Tiers;

/// <summary>How long a tier that was reached is held.</summary>
public abstract record TierValidity
{
    private protected TierValidity()
    {
    }

    /// <summary>To the end of the window after the one in which it was reached: what a calendar year earns is kept through the next.</summary>
    public static TierValidity NextPeriod { get; } = new ToPeriodEnd(1);

    /// <summary>Until when a tier is held that is reached at a moment; null: without end.</summary>
    internal abstract Instant? From(Moment reached, QualificationWindow window, LocalDate joined);

    /// <summary>As long as the count reaches the threshold; from the moment it does not, as when its window closes, the grace of the ladder runs.</summary>
    public sealed record WhileQualified : TierValidity
    {
        internal override Instant? From(Moment reached, QualificationWindow window, LocalDate joined) => null;
    }

    /// <summary>For ever once reached.</summary>
    public sealed record Forever : TierValidity
    {
        internal override Instant? From(Moment reached, QualificationWindow window, LocalDate joined) => null;
    }

    /// <summary>To the end of a period of the ladder's window, and perhaps a little longer.</summary>
    /// <param name="Periods">0: the period in which it is reached; 1: the next.</param>
    /// <param name="ExtraMonths">Added after the end; 0 or more.</param>
    /// <param name="ExtraDays">Added after the months; 0 or more.</param>
    public sealed record ToPeriodEnd(int Periods, int ExtraMonths = 0, int ExtraDays = 0) : TierValidity
    {
        internal override Instant? From(Moment reached, QualificationWindow window, LocalDate joined)
        {
            if (window.PeriodOf(reached.Date, joined) is not { } period)
            {
                return null;
            }

            for (var i = 0; i < Periods && window.PeriodOf(period.End, joined) is { } next; i++)
            {
                period = next;
            }

            // "A month longer than the end of February" is the end of March: the last day moves, not the day after it.
            var last = period.End.PlusDays(-1);
            var moved = ExtraMonths > 0 && last == last.With(DateAdjusters.EndOfMonth) ? last.PlusMonths(ExtraMonths).With(DateAdjusters.EndOfMonth) : last.PlusMonths(ExtraMonths);
            return reached.StartOf(moved.PlusDays(ExtraDays + 1));
        }
    }

    /// <summary>For a length of time from the day on which it is reached; reaching it again starts the time anew.</summary>
    /// <param name="Months">0 or more.</param>
    /// <param name="Days">0 or more, counted after the months.</param>
    /// <param name="LastDay">Whether the day that is reached still belongs to it.</param>
    public sealed record Fixed(int Months, int Days, LastDay LastDay) : TierValidity
    {
        internal override Instant? From(Moment reached, QualificationWindow window, LocalDate joined) =>
            new LotExpiry.After(Months, Days, LastDay, PeriodEnd.Day).Of(reached);
    }

    /// <summary>Through the next of some days of the year, such as 31 March. 29 February is 28 February in a common year.</summary>
    /// <param name="Days">At least one.</param>
    public sealed record ToDayOfYear(Sequence<AnnualDate> Days) : TierValidity
    {
        internal override Instant? From(Moment reached, QualificationWindow window, LocalDate joined)
        {
            var last = Days.SelectMany(day => new[] { day.InYear(reached.Date.Year), day.InYear(reached.Date.Year + 1) }).Where(date => date >= reached.Date).Min();
            return reached.StartOf(last.PlusDays(1));
        }
    }
}

/// <summary>When a tier that was reached begins.</summary>
public enum TierStart
{
    /// <summary>At once.</summary>
    AtOnce,

    /// <summary>With the next period of the window.</summary>
    NextPeriod,
}

/// <summary>Where a customer falls whose tier is over.</summary>
public enum TierFall
{
    /// <summary>To the highest tier that is still held.</summary>
    ToEarned,

    /// <summary>One level down, to the next that can be earned, for another validity, unless a higher one is still held: the soft landing.</summary>
    OneLevel,

    /// <summary>To the lowest level, whatever else is held; what is held for life, or while the count reaches it, stays.</summary>
    ToBase,

    /// <summary>Nowhere: a tier once reached stays.</summary>
    Never,
}

/// <summary>What becomes of a count when its window closes.</summary>
public enum Rollover
{
    /// <summary>It starts anew.</summary>
    None,

    /// <summary>What is over the threshold of the highest level that it reached begins the next window; below the lowest threshold nothing does.</summary>
    Surplus,
}
