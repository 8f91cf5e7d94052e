using Crm.Definitions;
using Crm.Segmentation.Linting;
using Crm.Segmentation.Segments;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Library;

/// <summary>What a revision does to a segment.</summary>
public enum RevisionKind
{
    /// <summary>Writes a definition down that does not count yet.</summary>
    Draft,

    /// <summary>Lets a definition count, from its own instant on.</summary>
    Active,

    /// <summary>Ends a segment: from an instant on nobody is in it. Its past stays.</summary>
    Retired,
}

/// <summary>Where a segment stands at an instant.</summary>
public enum SegmentStatus
{
    /// <summary>Only drafts of it are there.</summary>
    Draft,

    /// <summary>Its first version has yet to begin.</summary>
    Scheduled,

    /// <summary>It counts.</summary>
    Active,

    /// <summary>It has been ended.</summary>
    Retired,
}

/// <summary>One change of a segment, never overwritten.</summary>
/// <param name="Segment">The id.</param>
/// <param name="Number">The number of the change, from 1.</param>
/// <param name="Kind">What it does.</param>
/// <param name="By">Who made it, as a code such as "staff:17".</param>
/// <param name="At">When it was made.</param>
/// <param name="Definition">The definition that it writes or ends.</param>
public sealed record SegmentRevision(string Segment, int Number, RevisionKind Kind, string By, Instant At, Definition<Segment> Definition)
{
    /// <summary>What the linter said when the revision was saved; none where it is read back, because names and linter may be others by then.</summary>
    public Sequence<LintFinding> Findings { get; init; }
}
