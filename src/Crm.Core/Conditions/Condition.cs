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
    /// Tests a measure over the customer's events in a window, such as (now − length, now]. Events taken back by refunds count with what is left of them,
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

        /// <summary>The answer of measures that can be without a value (<see cref="Conditions.Measure.CanBeMissing"/>); counts and sums never are.</summary>
        public bool WhenMissing { get; init; }
    }

    /// <summary>Tests the sum of the points of those parts that hold. With one point each it asks for so many of the parts.</summary>
    /// <param name="Of">The parts with their points.</param>
    /// <param name="Is">The test of the sum.</param>
    public sealed record Score(Sequence<Scored> Of, Test Is) : Condition;

    /// <summary>True inside a recurring or fixed span of the calendar.</summary>
    /// <param name="Within">The span.</param>
    public sealed record Moment(Span Within) : Condition
    {
        /// <summary>In which zone days and hours are seen; null: in that of the business, which is the zone of the moment. A span from one instant to another has no use for it.</summary>
        public CalendarZone? Zone { get; init; }
    }
}

/// <summary>A part of a score.</summary>
/// <param name="When">When it counts.</param>
/// <param name="Points">How much it counts then; may be negative.</param>
public sealed record Scored(Condition When, decimal Points);
