using Crm.Conditions;
using Crm.Definitions;
using Crm.Values;

namespace Crm.Segmentation.Traits;

/// <summary>
/// A value that is worked out of each customer's events and facts and kept as the fact "trait.ID": conditions of segments, journeys and rules compare it, stores select by it, and it is right at every instant,
/// because it is worked out anew when an event or a fact can change it and at the very instant at which time does.
/// </summary>
public sealed record Trait
{
    /// <summary>Its name for ever, such as "engagement". Lower-case letters, digits, '-' and '_'.</summary>
    public required string Id { get; init; }

    /// <summary>What people call it.</summary>
    public required Text Label { get; init; }

    /// <summary>What it is.</summary>
    public required TraitValue Value { get; init; }

    /// <summary>The fact in which it is kept.</summary>
    public string Fact => TraitNames.Prefix + Id;

    /// <summary>A score: the sum of the points of those parts that hold; 0 where none does.</summary>
    public static Trait Score(string id, Text label, params Sequence<Scored> parts) => new() { Id = id, Label = label, Value = new TraitValue.Score(parts) };

    /// <summary>What a measure over events amounts to, such as the spend of the last year, the most frequent article or the instant of the latest purchase.</summary>
    /// <param name="id">Its name.</param>
    /// <param name="label">What people call it.</param>
    /// <param name="measure">The measure; its test is not looked at.</param>
    public static Trait Measured(string id, Text label, Condition.EventWindow measure) => new() { Id = id, Label = label, Value = new TraitValue.Measured(measure) };

    /// <summary>The cycle of a customer: the mean time between one event and the next, over the whole life.</summary>
    /// <param name="id">Its name.</param>
    /// <param name="label">What people call it.</param>
    /// <param name="events">Which events, such as purchases.</param>
    /// <param name="least">How many events there must be for it to have a value; at least 2.</param>
    public static Trait Cycle(string id, Text label, EventPattern events, int least = 2) => new() { Id = id, Label = label, Value = new TraitValue.Cycle(events, least) };

    internal DefinitionHash Hash => DefinitionHash.Of(string.Join('\n', TraitPlan.Of(this).Meaning.Prepend(Id)));
}

/// <summary>What a trait is.</summary>
public abstract record TraitValue
{
    private protected TraitValue()
    {
    }

    /// <summary>The sum of the points of those parts that hold.</summary>
    /// <param name="Of">The parts.</param>
    public sealed record Score(Sequence<Scored> Of) : TraitValue;

    /// <summary>What a measure amounts to; no value where it has none.</summary>
    /// <param name="Of">The measure; its test is not looked at.</param>
    public sealed record Measured(Condition.EventWindow Of) : TraitValue;

    /// <summary>The mean time between one event and the next, in days of 24 hours to six decimals: (latest − first) / (number − 1).</summary>
    /// <param name="Of">Which events.</param>
    /// <param name="Least">Fewer events than this give no value.</param>
    public sealed record Cycle(EventPattern Of, int Least) : TraitValue;
}

/// <summary>Names of the traits module.</summary>
public static class TraitNames
{
    /// <summary>The module's name.</summary>
    public const string Module = "traits";

    /// <summary>Before the id of a trait in the name of its fact.</summary>
    public const string Prefix = "trait.";
}
