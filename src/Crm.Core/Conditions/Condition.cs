using Crm.Values;
using NodaTime;

namespace Crm.Conditions;

/// <summary>
/// A statement about a customer that is true or false at an instant: data with one meaning. Loyalty rules, segments, triggers and gates share it.
/// The hierarchy is closed; build one with <see cref="If"/> or read it with <see cref="ConditionJson"/>.
/// </summary>
public abstract record Condition
{
    private protected Condition()
    {
    }

    /// <summary>Both.</summary>
    public static Condition operator &(Condition left, Condition right) => new All([left, right]);

    /// <summary>At least one of two.</summary>
    public static Condition operator |(Condition left, Condition right) => new Any([left, right]);

    /// <summary>Not.</summary>
    public static Condition operator !(Condition condition) => new Not(condition);

    /// <summary>True when every part is; with no part, true.</summary>
    /// <param name="Of">The parts.</param>
    public sealed record All(Sequence<Condition> Of) : Condition;

    /// <summary>True when at least one part is; with no part, false.</summary>
    /// <param name="Of">The parts.</param>
    public sealed record Any(Sequence<Condition> Of) : Condition;

    /// <summary>True when the part is false.</summary>
    /// <param name="Of">The part.</param>
    public sealed record Not(Condition Of) : Condition;

    /// <summary>
    /// Tests one value: "customer.NAME" is a field of the profile, "event.NAME" belongs to the event being handled, "line.NAME" to a line (only inside <see cref="EventWindow.Where"/>), "lookup.NAME" was looked up by the host.
    /// </summary>
    /// <param name="Name">The scoped name. Events have kind, channel, brand, actor, spend, currency, source, and the fields of their kind; lines have sku, category, quantity, amount.</param>
    /// <param name="Is">The test.</param>
    /// <param name="WhenMissing">The answer where there is no value, or one of another kind than the test's.</param>
    public sealed record Field(string Name, Test Is, bool WhenMissing) : Condition;

    /// <summary>Tests a fact that a module publishes, such as "loyalty.tier".</summary>
    /// <param name="Name">The fact.</param>
    /// <param name="Is">The test.</param>
    /// <param name="WhenMissing">The answer where the fact has no value, or one of another kind than the test's.</param>
    public sealed record Fact(string Name, Test Is, bool WhenMissing) : Condition;

    /// <summary>
    /// Tests a measure over the customer's events in a window that ends now, now included: (now − length, now]. Events taken back by refunds count with what is left of them,
    /// not at all when nothing is. No event gives 0 for counts and sums, so these are never missing.
    /// </summary>
    /// <param name="Kind">The kind of events.</param>
    /// <param name="Measure">What is measured.</param>
    /// <param name="Window">Which events.</param>
    /// <param name="Is">The test of the measure.</param>
    public sealed record EventWindow(string Kind, Measure Measure, Window Window, Test Is) : Condition
    {
        /// <summary>Which of the events count; built of all, any, not and fields of "event." and "line." only. Null: all of the kind.</summary>
        /// <remarks>With a test of "line." fields, an event counts when one line satisfies the whole filter, and amounts and quantities are those of such lines.</remarks>
        public Condition? Where { get; init; }

        /// <summary>The answer of measures that can be without a value (minimum, first); counts and sums never are.</summary>
        public bool WhenMissing { get; init; }
    }

    /// <summary>True inside a recurring or fixed span of the calendar, in the zone of the moment.</summary>
    /// <param name="Within">The span.</param>
    public sealed record Moment(Span Within) : Condition;
}

/// <summary>What is measured over the events of a window.</summary>
public abstract record Measure
{
    private protected Measure()
    {
    }

    /// <summary>How many events.</summary>
    public sealed record Count : Measure;

    /// <summary>The sum of the amounts, in the main unit of a currency (52.50); events of other currencies do not count.</summary>
    /// <param name="Currency">The currency.</param>
    public sealed record SumOfSpend(Currency Currency) : Measure;

    /// <summary>The sum of the quantities of the lines.</summary>
    public sealed record SumOfQuantity : Measure;
}

/// <summary>Which events a measure looks at.</summary>
public abstract record Window
{
    private protected Window()
    {
    }

    /// <summary>Everything up to now.</summary>
    public sealed record Lifetime : Window;

    /// <summary>The events in (now − length, now]; the length is elapsed time, a day being 24 hours.</summary>
    /// <param name="Length">More than 0, at most 3,660 days.</param>
    public sealed record Last(Duration Length) : Window;
}

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
}

/// <summary>A test of one value.</summary>
public abstract record Test
{
    private protected Test()
    {
    }

    /// <summary>Equal to a value.</summary>
    /// <param name="Value">The value.</param>
    public sealed record EqualTo(Scalar Value) : Test;

    /// <summary>More than a value.</summary>
    /// <param name="Value">The value.</param>
    public sealed record MoreThan(Scalar Value) : Test;

    /// <summary>A value or more.</summary>
    /// <param name="Value">The value.</param>
    public sealed record AtLeast(Scalar Value) : Test;

    /// <summary>Less than a value.</summary>
    /// <param name="Value">The value.</param>
    public sealed record LessThan(Scalar Value) : Test;

    /// <summary>A value or less.</summary>
    /// <param name="Value">The value.</param>
    public sealed record AtMost(Scalar Value) : Test;

    /// <summary>One of several values.</summary>
    /// <param name="Values">At least one; all of one kind.</param>
    public sealed record OneOf(Sequence<Scalar> Values) : Test;

    /// <summary>There is a value, whichever.</summary>
    public sealed record Known : Test;
}

/// <summary>The value of a condition at an instant, and until when it surely stays so.</summary>
/// <param name="Value">True or false.</param>
/// <param name="ValidUntil">If nothing happens, the value does not change before this instant; at it, ask again. Null: it never changes by the passing of time.</param>
public readonly record struct Truth(bool Value, Instant? ValidUntil);
