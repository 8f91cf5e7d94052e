using Crm.Conditions;
using Crm.Definitions;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Segments;

/// <summary>
/// A set of customers under a name: an immutable value, written in C# or read with <see cref="SegmentJson"/>. Usually those of whom a condition holds; <see cref="Manual"/> and <see cref="Snapshot"/> make
/// the other kinds. A condition may ask for membership in other segments, of any kind, by their facts: <c>If.Fact("segment.regulars").Is(true)</c>.
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

    /// <summary>How customers come into it.</summary>
    public SegmentKind Kind { get; internal init; }

    /// <summary>What a snapshot is taken of; null for the other kinds.</summary>
    public SnapshotSource? Taken { get; internal init; }

    /// <summary>What its author asks: <see cref="Where"/>, and of a snapshot the condition that it is taken by.</summary>
    public Condition Asked => Taken?.Where ?? Where;

    /// <summary>How much of its past is kept. A change of it changes nobody's membership.</summary>
    public SegmentHistory History { get; init; }

    /// <summary>The hash of who is in it: of id and condition, not of label or history. Versions with equal hashes are one meaning.</summary>
    public DefinitionHash Hash => DefinitionHash.Of(SegmentJson.Meaning(this));

    /// <summary>A segment that people put customers into, with <see cref="SegmentListing.Add"/>, and take them out of, with <see cref="SegmentListing.Remove"/>.</summary>
    public static Segment Manual(string id, Text label) => new() { Id = id, Label = label, Kind = SegmentKind.Manual, Where = SegmentListing.WhereListed(id) };

    /// <summary>The set of those of whom a condition held at an instant. It is empty until it is taken, with <see cref="Studies.SegmentStudy.TakeAsync"/>, and never changes afterwards, whatever comes late.</summary>
    /// <remarks>What it asks of the profile is answered by what was observed up to the instant: from when a host has the snapshot among its segments, with every event of a customer, or for everybody with <see cref="Studies.SegmentStudy.BackfillAsync"/>. So it is made before its instant.</remarks>
    public static Segment Snapshot(string id, Text label, Condition where, Instant asOf)
    {
        ArgumentNullException.ThrowIfNull(where);
        var source = new SnapshotSource(where, asOf);
        return new() { Id = id, Label = label, Kind = SegmentKind.Snapshot, Taken = source, Where = SegmentListing.WhereCaptured(id, source) };
    }

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
