using Crm.Conditions;
using Crm.Definitions;
using NodaTime;

namespace Crm.Segmentation.Segments;

/// <summary>How customers come into a segment. Whichever it is, membership has a history, can be named by other segments, and is explained.</summary>
public enum SegmentKind
{
    /// <summary>While a condition holds of them.</summary>
    Dynamic,

    /// <summary>Because a condition held of them at one instant. The set is taken once and never changes.</summary>
    Snapshot,

    /// <summary>Because somebody has put them in, until somebody takes them out.</summary>
    Manual,
}

/// <summary>How much of its past a segment keeps of each customer.</summary>
public enum SegmentHistory
{
    /// <summary>Every membership, for ever.</summary>
    Intervals,

    /// <summary>The latest memberships only, <see cref="Memberships.Standing.LatestKept"/> of them: for segments that everybody enters and leaves every day, such as those that ask for the hour.</summary>
    Latest,
}

/// <summary>What a snapshot is taken of.</summary>
/// <param name="Where">Who belongs to the set: those of whom this held.</param>
/// <param name="AsOf">At which instant.</param>
public sealed record SnapshotSource(Condition Where, Instant AsOf)
{
    /// <summary>Names the set: the hash of condition and instant. Customers are captured into the set of a hash, so a changed snapshot is another set.</summary>
    public DefinitionHash Set => DefinitionHash.Of($"{ConditionJson.Write(Where)}\n{NodaTime.Text.InstantPattern.ExtendedIso.Format(AsOf)}");
}
