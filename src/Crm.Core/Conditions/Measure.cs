using Crm.Values;
using NodaTime;

namespace Crm.Conditions;

/// <summary>What is measured over the events of a window.</summary>
public abstract record Measure
{
    private protected Measure()
    {
    }

    /// <summary>Whether it has no value when no event counts; the others are 0 then.</summary>
    public bool CanBeMissing => this is Aggregate { How: not (Aggregation.Sum or Aggregation.Distinct) };

    /// <summary>How many events.</summary>
    public sealed record Count : Measure;

    /// <summary>The sum of the amounts, in the main unit of a currency (52.50); events of other currencies do not count.</summary>
    /// <param name="Currency">The currency.</param>
    public sealed record SumOfSpend(Currency Currency) : Measure;

    /// <summary>The sum of the quantities of the lines.</summary>
    public sealed record SumOfQuantity : Measure;

    /// <summary>What is made of one value of each event, or of each line. Events without the value do not count.</summary>
    /// <param name="How">How the values become one.</param>
    /// <param name="Of">Which value.</param>
    public sealed record Aggregate(Aggregation How, Measured Of) : Measure;

    /// <summary>In how many of the equal parts of the window the customer was active. A window of 180 days with 6 parts asks 6 times for 30 days; a window of the calendar has a part for each of its days, weeks, months, quarters or years.</summary>
    /// <param name="Times">How many events make a part active; at least 1.</param>
    /// <param name="OutOf">How many parts the window has; for a window of the calendar its count.</param>
    public sealed record Periods(int Times, int OutOf) : Measure;

    /// <summary>
    /// How many instants complete a sequence that the leaf's own kind and filter begin. Each step happens strictly later than the one before it. A sequence that ends with something lacking is complete when the time for it has passed.
    /// </summary>
    /// <param name="Then">The steps after the first, at most <see cref="MostSteps"/>.</param>
    public sealed record Sequence(Sequence<Step> Then) : Measure
    {
        /// <summary>How many steps may follow the first.</summary>
        public const int MostSteps = 8;

        /// <summary>What must not happen after the last step; null: nothing must be lacking.</summary>
        public Lack? Lacking { get; init; }
    }
}

/// <summary>How the values of events become one value.</summary>
public enum Aggregation
{
    /// <summary>The sum of numbers; 0 without events.</summary>
    Sum,

    /// <summary>The average of numbers.</summary>
    Average,

    /// <summary>The least value, in the order of values of one kind; kinds in the order of <see cref="ScalarKind"/>.</summary>
    Least,

    /// <summary>The greatest value.</summary>
    Greatest,

    /// <summary>How many different values; 0 without events.</summary>
    Distinct,

    /// <summary>The value of the earliest event; of several at one instant the least.</summary>
    First,

    /// <summary>The value of the latest event; of several at one instant the least.</summary>
    Latest,

    /// <summary>The value that most events have; of several the least.</summary>
    MostFrequent,

    /// <summary>All different codes, as several codes (<see cref="ScalarKind.Codes"/>). What is no code does not count, nor does a code that cannot be one of several: an empty one, or one with a comma.</summary>
    Unique,
}

/// <summary>Which value of an event is measured.</summary>
public abstract record Measured
{
    private protected Measured()
    {
    }

    /// <summary>What was spent, in the main unit of a currency; events of other currencies do not count. With a filter that asks for lines, the sum of the amounts of the lines that pass.</summary>
    /// <param name="Currency">The currency.</param>
    public sealed record Spend(Currency Currency) : Measured;

    /// <summary>The sum of the quantities of the event's lines, or of the lines that pass the filter; an event without lines does not count.</summary>
    public sealed record Quantity : Measured;

    /// <summary>A field: "event.NAME", or "line.NAME" of each line that passes the filter.</summary>
    /// <param name="Name">The scoped name.</param>
    public sealed record Named(string Name) : Measured;

    /// <summary>When the event counts, as an instant.</summary>
    public sealed record At : Measured;

    /// <summary>The day on which the event counts. The number of distinct days is the number of days active.</summary>
    /// <param name="Zone">The zone in which days begin, such as "Asia/Hong_Kong".</param>
    public sealed record Day(CalendarZone Zone) : Measured;
}

/// <summary>Events of a kind.</summary>
/// <param name="Kind">The kind.</param>
public sealed record EventPattern(string Kind)
{
    /// <summary>Which of them; built like <see cref="Condition.EventWindow.Where"/>. Null: all.</summary>
    public Condition? Where { get; init; }
}

/// <summary>A step of a sequence.</summary>
/// <param name="Event">What happens.</param>
public sealed record Step(EventPattern Event)
{
    /// <summary>The least time since the step before it; 0 or more.</summary>
    public Duration After { get; init; }

    /// <summary>The most time since the step before it, included; null: any. Without it the whole history is kept for the sequence.</summary>
    public Duration? Within { get; init; }

    /// <summary>What must not happen between the two steps, their own instants excluded; null: anything may.</summary>
    public EventPattern? Without { get; init; }
}

/// <summary>What must not happen for a time, as in "viewed, and not bought within four days".</summary>
/// <param name="Event">What must not happen.</param>
/// <param name="For">For how long after the last step: (step, step + For].</param>
public sealed record Lack(EventPattern Event, Duration For);
