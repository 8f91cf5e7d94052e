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
    public IEnumerable<string> Segments => standings.Where(standing => standing.Current is not null).Select(standing => standing.Segment);

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

    /// <summary>This state with other standings; those that say nothing are left out.</summary>
    internal SegmentationState Set(IEnumerable<Standing> changed)
    {
        var sorted = new SortedDictionary<string, Standing>(StringComparer.Ordinal);
        foreach (var standing in standings)
        {
            sorted[standing.Segment] = standing;
        }

        foreach (var standing in changed)
        {
            sorted[standing.Segment] = standing;
        }

        return this with { Standings = sorted.Values.Where(standing => standing.SaysSomething).ToSequence() };
    }

    private static Instant? First(Sequence<Standing> standings)
    {
        Instant? first = null;
        foreach (var standing in standings)
        {
            if (standing.Due is { } due && !(first <= due))
            {
                first = due;
            }
        }

        return first;
    }
}
