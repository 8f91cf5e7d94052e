using System.Runtime.InteropServices;
using Crm.Modules;
using Crm.Segmentation.Segments;
using Crm.Values;

namespace Crm.Segmentation.Memberships;

/// <summary>Where a customer stands with all segments of which there is something to say, but for when each is to be asked about again. States that differ in nothing else share it.</summary>
/// <param name="Items">In ordinal order of the ids.</param>
internal sealed record UndatedStandings(Sequence<UndatedStanding> Items)
{
    // Below so many questions, and where most segments have no standing, searching is less than finding all places.
    private const int Few = 8;
    private Ranks? ranks;
    private int searched;

    public static UndatedStandings None { get; } = new(default(Sequence<UndatedStanding>));

    /// <summary>The place of a segment; -1 where there is nothing to say of it.</summary>
    public int PlaceOf(string segment)
    {
        var items = Items.AsSpan();
        var (low, high) = (0, items.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            var order = string.CompareOrdinal(items[middle].Segment, segment);
            if (order == 0)
            {
                return middle;
            }

            (low, high) = order < 0 ? (middle + 1, high) : (low, middle);
        }

        return -1;
    }

    /// <summary>The same for a segment of known plans: where it would be if there were something to say of every segment it is looked for first.</summary>
    public int PlaceOf(SegmentPlan segment, SegmentPlans plans)
    {
        var items = Items.AsSpan();
        if (segment.Rank < items.Length && string.Equals(items[segment.Rank].Segment, segment.Id, StringComparison.Ordinal))
        {
            return segment.Rank;
        }

        return ranks is { } known && ReferenceEquals(known.Plans, plans) ? known.Places[segment.Rank]
            : items.Length < plans.InOrder.Length / 4 || ++searched <= Few ? PlaceOf(segment.Id)
            : (ranks = new Ranks(plans, PlacesIn(plans))).Places[segment.Rank];
    }

    public bool Equals(UndatedStandings? other) => other is not null && Items == other.Items;

    public override int GetHashCode() => Items.GetHashCode();

    // Both are in the same order, so one walk along both finds all.
    private int[] PlacesIn(SegmentPlans plans)
    {
        var items = Items.AsSpan();
        var places = new int[plans.InOrder.Length];
        var next = 0;
        for (var rank = 0; rank < places.Length; rank++)
        {
            var id = plans.InOrder[rank].Id;
            var order = -1;
            while (next < items.Length && (order = string.CompareOrdinal(items[next].Segment, id)) < 0)
            {
                next++;
            }

            places[rank] = next < items.Length && order == 0 ? next : -1;
        }

        return places;
    }

    /// <summary>The places of segments by their rank, found once.</summary>
    private sealed record Ranks(SegmentPlans Plans, int[] Places);
}

/// <summary>
/// Where a customer stands with a segment, but for when it is to be asked about again. What every event looks at lies here, side by side with that of other segments; what few look at lies elsewhere, and nowhere if there is none.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal readonly struct UndatedStanding : IEquatable<UndatedStanding>
{
    // A standing, or where it is written: most of what is read is written again and never looked at.
    private readonly object? said;
    private readonly int from;

    public UndatedStanding(Standing standing)
    {
        Segment = standing.Segment;
        IsMember = standing.IsMember;
        said = standing.With(default(TickOrNone)) is { SaysSomething: true } more ? more : null;
    }

    /// <summary>One of a segment of which there is nothing to say but when to ask.</summary>
    public UndatedStanding(string segment) => Segment = segment;

    /// <summary>One of a segment that is read when somebody looks at it.</summary>
    public UndatedStanding(string segment, bool isMember, WrittenStandings written, int from)
    {
        Segment = segment;
        IsMember = isMember;
        said = written;
        this.from = from;
    }

    /// <summary>The id of the segment.</summary>
    public string Segment { get; }

    /// <summary>Whether the customer is in it.</summary>
    public bool IsMember { get; }

    /// <summary>Whether there is anything to keep.</summary>
    public bool SaysSomething => said is not null;

    /// <summary>The same as a standing without an instant at which to ask.</summary>
    public Standing Standing => said switch
    {
        WrittenStandings written => written.Read(Segment, from),
        Standing standing => standing,
        _ => new Standing { Segment = Segment },
    };

    /// <summary>Writes what there is to keep.</summary>
    public void Write(SlotWriter apart)
    {
        if (said is WrittenStandings written)
        {
            apart.Bytes(written.At(from));
        }
        else if (said is Standing standing)
        {
            WrittenStandings.Write(standing, apart);
        }
    }

    public bool Equals(UndatedStanding other) => Segment == other.Segment && IsMember == other.IsMember
        && ((ReferenceEquals(said, other.said) && from == other.from) || (SaysSomething == other.SaysSomething && Standing == other.Standing));

    public override bool Equals(object? obj) => obj is UndatedStanding other && Equals(other);

    public override int GetHashCode() => HashCode.Combine(Segment, IsMember);
}
