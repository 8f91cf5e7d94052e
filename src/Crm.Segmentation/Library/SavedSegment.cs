using Crm.Definitions;
using Crm.Segmentation.Linting;
using Crm.Segmentation.Segments;
using Crm.Values;

namespace Crm.Segmentation.Library;

/// <summary>A revision of a segment as it was saved, with what the linter said of it then.</summary>
/// <param name="Revision">What was written.</param>
/// <param name="Findings">For the author to judge; none where a segment was retired. They are not stored: names and linter may be others by the time a revision is read back.</param>
public sealed record SavedSegment(Revision<Segment> Revision, Sequence<LintFinding> Findings);
