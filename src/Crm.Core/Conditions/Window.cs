using NodaTime;

namespace Crm.Conditions;

/// <summary>Which events a measure looks at.</summary>
public abstract record Window
{
    private protected Window()
    {
    }

    /// <summary>Everything up to now.</summary>
    public sealed record Lifetime : Window;

    /// <summary>The events in (now − length, now − skip]; lengths are elapsed time, a day being 24 hours.</summary>
    /// <param name="Length">More than 0, at most 3,660 days.</param>
    public sealed record Last(Duration Length) : Window
    {
        /// <summary>How much of the time just past is left out; less than the length.</summary>
        public Duration Skip { get; init; }
    }

    /// <summary>The events that are at least so old: everything up to now − age.</summary>
    /// <param name="Age">More than 0, at most 3,660 days.</param>
    public sealed record Before(Duration Age) : Window;

    /// <summary>Whole periods of the calendar, counted back from the one that now belongs to: this month is (month, skip 0, count 1), last month (month, skip 1, count 1).</summary>
    /// <param name="Unit">The periods.</param>
    /// <param name="Skip">How many of the latest periods are left out; 0 begins with the one that lasts.</param>
    /// <param name="Count">How many periods; at least 1.</param>
    /// <param name="Zone">The zone in which days begin, such as "Asia/Hong_Kong".</param>
    public sealed record Calendar(CalendarPeriod Unit, int Skip, int Count, CalendarZone Zone) : Window;

    /// <summary>The events of a fixed time.</summary>
    /// <param name="From">Included; null: from ever.</param>
    /// <param name="Until">Excluded; null: for ever.</param>
    public sealed record Between(Instant? From, Instant? Until) : Window;

    /// <summary>The events after another event; without one, none.</summary>
    /// <param name="Event">The other event.</param>
    /// <param name="First">Whether after the first of them, otherwise after the latest.</param>
    public sealed record Since(EventPattern Event, bool First) : Window
    {
        /// <summary>For how long after the other event, the end included: (other, other + within]. More than 0, at most 3,660 days; null: up to now.</summary>
        public Duration? Within { get; init; }
    }
}

/// <summary>A period of the calendar.</summary>
public enum CalendarPeriod
{
    /// <summary>A day.</summary>
    Day,

    /// <summary>A week from Monday.</summary>
    Week,

    /// <summary>A month.</summary>
    Month,

    /// <summary>Three months from January, April, July or October.</summary>
    Quarter,

    /// <summary>A year from January.</summary>
    Year,
}
