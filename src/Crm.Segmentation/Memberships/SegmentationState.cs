using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Memberships;

/// <summary>
/// What the segmentation module keeps of a customer: in which segments, since when by which version and why; when each is to be asked about again; and the past memberships, so
/// that any instant can be asked about.
/// </summary>
public sealed record SegmentationState
{
    private readonly Sequence<Standing> standings;

    /// <summary>A customer of whom nothing was asked yet.</summary>
    public static SegmentationState Empty { get; } = new();

    /// <summary>Where the customer stands with the segments of which there is something to say, in ordinal order of their ids.</summary>
    public Sequence<Standing> Standings
    {
        get => standings;
        init
        {
            standings = value;
            Wake = First(value);
        }
    }

    /// <summary>Names the definitions that decided it; 0 when all segments are to be asked about again.</summary>
    internal ulong Fingerprint { get; init; }

    /// <summary>The first instant at which a segment is to be asked about again: the module's one entry on the agenda.</summary>
    internal Instant? Wake { get; private init; }

    /// <summary>The ids of the segments that the customer is in.</summary>
    public IEnumerable<string> Segments => standings.Where(standing => standing.IsMember).Select(standing => standing.Segment);

    /// <summary>Where the customer stands with a segment; null when there is nothing to say: not in it, and never was.</summary>
    public Standing? With(string segment)
    {
        var items = standings.AsSpan();
        var (low, high) = (0, items.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            var order = string.CompareOrdinal(items[middle].Segment, segment);
            if (order == 0)
            {
                return items[middle];
            }

            (low, high) = order < 0 ? (middle + 1, high) : (low, middle);
        }

        return null;
    }

    /// <summary>Whether the customer was in a segment at an instant, for all that is known now; null when that is no longer kept.</summary>
    public bool? WasMember(string segment, Instant at) => With(segment) is { } standing ? standing.WasMember(at) : false;

    /// <summary>The memberships in a segment that are kept, oldest first; the last one may last.</summary>
    public IEnumerable<Membership> MembershipsIn(string segment) =>
        With(segment) is { } standing ? standing.Current is { } current ? standing.Past.Append(current) : standing.Past : [];

    /// <summary>The same, looked for first where it would be if there were something to say of every segment.</summary>
    internal Standing? With(string segment, int place) => place < standings.Count && standings[place] is var there && string.Equals(there.Segment, segment, StringComparison.Ordinal) ? there : With(segment);

    /// <summary>This state with other standings; those that say nothing are left out.</summary>
    /// <param name="changed">Each segment at most once, in any order; it is put in order.</param>
    internal SegmentationState Set(Standing[] changed)
    {
        Array.Sort(changed, static (one, other) => string.CompareOrdinal(one.Segment, other.Segment));
        return SetInOrder(changed);
    }

    /// <summary>This state with other standings; those that say nothing are left out.</summary>
    /// <param name="changed">Each segment at most once, in the ordinal order of ids.</param>
    internal SegmentationState SetInOrder(ReadOnlySpan<Standing> changed)
    {
        var kept = standings.AsSpan();
        var merged = new Standing[kept.Length + changed.Length];
        var (count, next) = (0, 0);
        foreach (var standing in changed)
        {
            while (next < kept.Length && string.CompareOrdinal(kept[next].Segment, standing.Segment) < 0)
            {
                merged[count++] = kept[next++];
            }

            next += next < kept.Length && string.Equals(kept[next].Segment, standing.Segment, StringComparison.Ordinal) ? 1 : 0;
            if (standing.SaysSomething)
            {
                merged[count++] = standing;
            }
        }

        kept[next..].CopyTo(merged.AsSpan(count));
        return this with { Standings = Sequence.Create<Standing>(merged.AsSpan(0, count + kept.Length - next)) };
    }

    private static Instant? First(Sequence<Standing> standings)
    {
        var first = default(TickOrNone);
        foreach (var standing in standings.AsSpan())
        {
            first = standing.DueTick.CompareTo(first) < 0 ? standing.DueTick : first;
        }

        return first.Instant;
    }
}
