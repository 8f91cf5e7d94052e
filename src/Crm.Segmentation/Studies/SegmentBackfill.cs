using Crm.Engine;
using Crm.Segmentation.Memberships;
using Crm.Values;

namespace Crm.Segmentation.Studies;

/// <summary>Asks for the segments of today's definitions to be filled in for the customers that a store has.</summary>
public sealed record BackfillRequest
{
    /// <summary>From their histories, as if the definitions had always been there (each from its own instant on); or from now.</summary>
    public RebuildFrom From { get; init; }

    /// <summary>Whether nothing is written, and only said what would be.</summary>
    public bool DryRun { get; init; }

    /// <summary>Where an earlier run has stopped, <see cref="BackfillReport.Last"/>; null: from the first customer.</summary>
    public CustomerId? After { get; init; }

    /// <summary>At most so many customers in this run.</summary>
    public int Most { get; init; } = int.MaxValue;

    /// <summary>Is told after every few hundred customers, and after some thousands of them after every two thousand; null: nobody.</summary>
    public IProgress<BackfillReport>? Progress { get; init; }
}

/// <summary>How far a backfill has come.</summary>
/// <param name="Seen">How many customers were looked at.</param>
/// <param name="Changed">For how many of them something changed.</param>
/// <param name="Last">The last one that is done: where the next run goes on. Null when none is.</param>
/// <param name="IsComplete">Whether there are no more.</param>
/// <param name="Segments">The segments for which something changed, in the order of their ids.</param>
public sealed record BackfillReport(int Seen, int Changed, CustomerId? Last, bool IsComplete, Sequence<BackfilledSegment> Segments)
{
    /// <summary>Those who were looked at and passed over, because a later release wrote their state: it fills them in.</summary>
    public Sequence<UnreadableCustomer> Unreadable { get; init; }
}

/// <summary>What a backfill did to a segment.</summary>
/// <param name="Segment">The id.</param>
/// <param name="Joined">How many customers are in it now and were not before.</param>
/// <param name="Gone">How many were in it and are not any more.</param>
/// <param name="Memberships">How many memberships, past ones included, were found that were not there before.</param>
public sealed record BackfilledSegment(string Segment, int Joined, int Gone, int Memberships);

/// <summary>Counts what a backfill does, segment by segment.</summary>
internal sealed class BackfillCount
{
    private readonly SortedDictionary<string, BackfilledSegment> segments = new(StringComparer.Ordinal);

    public void Take(SegmentationState before, SegmentationState after)
    {
        foreach (var id in before.Standings.Concat(after.Standings).Select(standing => standing.Segment).Distinct(StringComparer.Ordinal))
        {
            var (was, isNow) = (before.With(id), after.With(id));
            var found = after.MembershipsIn(id).Except(before.MembershipsIn(id)).Count();
            var (joined, gone) = (was?.Current is null && isNow?.Current is not null ? 1 : 0, was?.Current is not null && isNow?.Current is null ? 1 : 0);
            if (joined + gone + found > 0)
            {
                var so = segments.GetValueOrDefault(id) ?? new BackfilledSegment(id, 0, 0, 0);
                segments[id] = so with { Joined = so.Joined + joined, Gone = so.Gone + gone, Memberships = so.Memberships + found };
            }
        }
    }

    public BackfillReport With(RebuildReport report) => new(report.Seen, report.Changed, report.Last, report.IsComplete, segments.Values.ToSequence()) { Unreadable = report.Unreadable };
}
