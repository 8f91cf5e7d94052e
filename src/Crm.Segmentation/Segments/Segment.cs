using Crm.Conditions;
using Crm.Definitions;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Segments;

/// <summary>
/// The customers of whom a condition holds now: an immutable value, written in C# or read with <see cref="SegmentJson"/>. A condition may ask for membership in other segments
/// by their facts: <c>If.Fact("segment.regulars").Is(true)</c>.
/// </summary>
public sealed record Segment
{
    /// <summary>Its name for ever, such as "regulars"; all versions share it. Lower-case letters, digits, '-' and '_'.</summary>
    public required string Id { get; init; }

    /// <summary>What people call it. A new label changes nobody's membership.</summary>
    public required Text Label { get; init; }

    /// <summary>
    /// Who is in it. It asks about the customer: facts, profile fields, measures over events, moments. Fields of the event being handled and look-ups are refused, because they say nothing of the customer when it is over.
    /// Facts of modules before segmentation are those of the same pass, facts of modules after it those of the pass before, until the fold has told of their change.
    /// </summary>
    public required Condition Where { get; init; }

    /// <summary>The hash of who is in it: of id and condition, not of the label. Versions with equal hashes are one meaning.</summary>
    public DefinitionHash Hash => DefinitionHash.Of(SegmentJson.Meaning(this));

    /// <summary>This segment as a version that counts from the beginning of time.</summary>
    /// <exception cref="InvalidSegmentException">Something is wrong with it; the message lists all of it.</exception>
    public Definition<Segment> Define() => Define(1, Instant.MinValue);

    /// <summary>This segment as a version that counts from an instant on.</summary>
    /// <param name="version">From 1, counting up.</param>
    /// <param name="activeFrom">From when it counts, included.</param>
    /// <exception cref="InvalidSegmentException">Something is wrong with it; the message lists all of it.</exception>
    public Definition<Segment> Define(int version, Instant activeFrom)
    {
        SegmentValidator.Check(this);
        return new Definition<Segment>(Id, version, activeFrom, this, Hash);
    }
}
