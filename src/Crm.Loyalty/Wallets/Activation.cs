using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Wallets;

/// <summary>When earned units can be spent.</summary>
public abstract record Activation
{
    private protected Activation()
    {
    }

    /// <summary>At once.</summary>
    public static Activation AtOnce { get; } = new Immediately();

    /// <summary>A number of days later.</summary>
    public static Activation AfterDays(int days) => new After(days);

    /// <summary>The instant from which units earned at a moment can be spent; null: when an event comes.</summary>
    public abstract Instant? Of(Moment earned);

    /// <summary>At once.</summary>
    public sealed record Immediately : Activation
    {
        /// <inheritdoc/>
        public override Instant? Of(Moment earned) => earned.Instant;
    }

    /// <summary>At the beginning of the day that lies so many days after the day of earning.</summary>
    /// <param name="Days">1 or more.</param>
    public sealed record After(int Days) : Activation
    {
        /// <inheritdoc/>
        public override Instant? Of(Moment earned) => earned.StartOf(earned.Date.PlusDays(Days));
    }

    /// <summary>At the beginning of the next such day of a month after the day of earning; where a month is too short, its last day.</summary>
    /// <param name="Day">1 to 31.</param>
    public sealed record OnDayOfMonth(int Day) : Activation
    {
        /// <inheritdoc/>
        public override Instant? Of(Moment earned)
        {
            var month = earned.Date.ToYearMonth();
            var day = In(month);
            return earned.StartOf(day > earned.Date ? day : In(month.PlusMonths(1)));
        }

        private LocalDate In(YearMonth month) => month.OnDayOfMonth(Math.Min(Day, CalendarSystem.Iso.GetDaysInMonth(month.Year, month.Month)));
    }

    /// <summary>When an event of a kind comes whose original is the event that earned them, such as the delivery of an order.</summary>
    /// <param name="Kind">The kind.</param>
    /// <param name="LapseDays">So many days after the day of earning they are given up if it has not come; null: never.</param>
    public sealed record OnEvent(string Kind, int? LapseDays) : Activation
    {
        /// <inheritdoc/>
        public override Instant? Of(Moment earned) => null;

        /// <summary>When units earned at a moment are given up; null: never.</summary>
        public Instant? Lapse(Moment earned) => LapseDays is { } days ? earned.StartOf(earned.Date.PlusDays(days)) : null;
    }
}

/// <summary>What becomes of units that are taken back, or were spent before they turned out not to have been earned, and are not there any more. A request that is cancelled takes back all that it gave: what is missing of that is owed, or with <see cref="ClampToZero"/> written off.</summary>
public enum DebtPolicy
{
    /// <summary>The member owes them; the next units repay. Debts and expiry go together.</summary>
    Carry,

    /// <summary>The balance stops at 0; what is missing is written off and recorded as shortfall.</summary>
    ClampToZero,

    /// <summary>Only units that are still pending are taken back; the rest is recorded as shortfall. For programmes without cascade.</summary>
    PendingOnly,

    /// <summary>Nothing is taken back where not all of it is there; all of it is recorded as shortfall. Each refund is looked at by itself, so pieces may take what the whole does not. For programmes without cascade.</summary>
    Reject,
}
