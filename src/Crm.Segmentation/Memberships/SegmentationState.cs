using Crm.Segmentation.Segments;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Memberships;

/// <summary>
/// What the segmentation module keeps of a customer: in which segments, since when by which version and why; when each is to be asked about again; and the past memberships, so
/// that any instant can be asked about.
/// </summary>
public sealed record SegmentationState
{
    // When to ask again lies apart from all else: an event moves many of these instants and changes hardly anything else, so a change of them is one array of numbers.
    private readonly UndatedStandings undated = UndatedStandings.None;
    private readonly Sequence<TickOrNone> dues;

    private SegmentationState()
    {
    }

    private SegmentationState(UndatedStandings undated, Sequence<TickOrNone> dues)
    {
        this.undated = undated;
        this.dues = dues;
        Wake = First(dues.AsSpan()).Instant;
    }

    /// <summary>A customer of whom nothing was asked yet.</summary>
    public static SegmentationState Empty { get; } = new();

    /// <summary>Where the customer stands with the segments of which there is something to say, in ordinal order of their ids.</summary>
    public Sequence<Standing> Standings
    {
        get
        {
            var standings = new Standing[undated.Items.Count];
            for (var place = 0; place < standings.Length; place++)
            {
                standings[place] = At(place);
            }

            return Sequence.Given(standings);
        }

        init
        {
            undated = new(value.Select(standing => new UndatedStanding(standing)).ToSequence());
            dues = value.Select(standing => standing.DueTick).ToSequence();
            Wake = First(dues.AsSpan()).Instant;
        }
    }

    /// <summary>Names the definitions that decided it; 0 when all segments are to be asked about again.</summary>
    internal ulong Fingerprint { get; init; }

    /// <summary>The places of the segments of which definitions that the customer was not asked about yet say otherwise than what stands, already before whatever is being handled; null when nobody has looked. Never stored.</summary>
    internal Sequence<int>? Redefined { get; init; }

    /// <summary>The first instant at which a segment is to be asked about again: the module's one entry on the agenda.</summary>
    internal Instant? Wake { get; private init; }

    /// <summary>The ids of the segments that the customer is in.</summary>
    public IEnumerable<string> Segments => undated.Items.Where(standing => standing.IsMember).Select(standing => standing.Segment);

    /// <summary>Where the customer stands with all segments, but for when each is to be asked about again.</summary>
    internal ReadOnlySpan<UndatedStanding> Undated => undated.Items.AsSpan();

    /// <summary>When each of <see cref="Undated"/> is to be asked about again.</summary>
    internal Sequence<TickOrNone> Dues => dues;

    /// <summary>Where the customer stands with a segment; null when there is nothing to say: not in it, and never was.</summary>
    public Standing? With(string segment) => undated.PlaceOf(segment) is >= 0 and var place ? At(place) : null;

    /// <summary>Whether the customer was in a segment at an instant, for all that is known now; null when that is no longer kept.</summary>
    public bool? WasMember(string segment, Instant at) => With(segment) is { } standing ? standing.WasMember(at) : false;

    /// <summary>The memberships in a segment that are kept, oldest first; the last one may last.</summary>
    public IEnumerable<Membership> MembershipsIn(string segment) =>
        With(segment) is { } standing ? standing.Current is { } current ? standing.Past.Append(current) : standing.Past : [];

    /// <summary>The state of these standings.</summary>
    /// <param name="undated">In ordinal order of their ids, without when they are to be asked about again. The array is given away.</param>
    /// <param name="dues">When each is to be asked about again. The array is given away.</param>
    internal static SegmentationState Of(ulong fingerprint, UndatedStanding[] undated, TickOrNone[] dues) =>
        new(new UndatedStandings(Sequence.Given(undated)), Sequence.Given(dues)) { Fingerprint = fingerprint };

    /// <summary>The place of a segment among the standings; -1 where there is nothing to say of it.</summary>
    internal int PlaceOf(SegmentPlan segment, SegmentPlans plans) => undated.PlaceOf(segment, plans);

    /// <summary>Whether another state says the same of all segments, whichever definitions decided it.</summary>
    internal bool HasStandingsOf(SegmentationState other) => dues == other.dues && undated.Equals(other.undated);

    /// <summary>The standing at a place.</summary>
    internal Standing At(int place) => undated.Items[place].Standing.With(dues[place]);

    /// <summary>This state with other standings; those that say nothing are left out.</summary>
    /// <param name="changed">Each segment at most once, in any order; it is put in order.</param>
    internal SegmentationState Set(Standing[] changed)
    {
        Array.Sort(changed, static (one, other) => string.CompareOrdinal(one.Segment, other.Segment));
        return SetInOrder(dues, changed);
    }

    /// <summary>The same standings to be asked about at other instants.</summary>
    internal SegmentationState With(Sequence<TickOrNone> moved) => new(undated, moved) { Fingerprint = Fingerprint };

    /// <summary>This state to be asked about at other instants and then with other standings; those that say nothing are left out.</summary>
    /// <param name="moved">For each standing that there is, when it is to be asked about again.</param>
    /// <param name="changed">Each segment at most once, in the ordinal order of ids.</param>
    internal SegmentationState SetInOrder(Sequence<TickOrNone> moved, ReadOnlySpan<Standing> changed)
    {
        var kept = undated.Items.AsSpan();
        var until = moved.AsSpan();
        var (standings, instants) = (new UndatedStanding[kept.Length + changed.Length], new TickOrNone[kept.Length + changed.Length]);
        var (count, next) = (0, 0);
        foreach (var standing in changed)
        {
            var from = next;
            while (next < kept.Length && string.CompareOrdinal(kept[next].Segment, standing.Segment) < 0)
            {
                next++;
            }

            kept[from..next].CopyTo(standings.AsSpan(count));
            until[from..next].CopyTo(instants.AsSpan(count));
            count += next - from;
            next += next < kept.Length && string.Equals(kept[next].Segment, standing.Segment, StringComparison.Ordinal) ? 1 : 0;
            if (standing.SaysSomething)
            {
                (standings[count], instants[count]) = (new UndatedStanding(standing), standing.DueTick);
                count++;
            }
        }

        kept[next..].CopyTo(standings.AsSpan(count));
        until[next..].CopyTo(instants.AsSpan(count));
        count += kept.Length - next;
        return new(new UndatedStandings(Exactly(standings, count)), Exactly(instants, count)) { Fingerprint = Fingerprint };
    }

    private static Sequence<T> Exactly<T>(T[] items, int count) => count == items.Length ? Sequence.Given(items) : Sequence.Create<T>(items.AsSpan(0, count));

    private static TickOrNone First(ReadOnlySpan<TickOrNone> dues)
    {
        var first = default(TickOrNone);
        foreach (var due in dues)
        {
            first = due.CompareTo(first) < 0 ? due : first;
        }

        return first;
    }
}
