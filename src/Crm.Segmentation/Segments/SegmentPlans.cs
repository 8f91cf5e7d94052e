using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Globalization;
using Crm.Conditions;
using Crm.Definitions;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Segments;

/// <summary>A catalogue made ready for use: segments in the order of their references, and an index from events and facts to the segments they can touch.</summary>
internal sealed class SegmentPlans
{
    private const int MostAdded = 2;

    private readonly ConditionIndex index;
    private readonly int[] segmentOfCondition;
    private readonly FrozenDictionary<string, int> byFact;
    private readonly FrozenDictionary<string, int> byId;
    private readonly FrozenDictionary<ulong, int> versionHashes;
    private static readonly Condition Nobody = new Condition.Any([]);
    private readonly ConcurrentDictionary<ulong, int[]> added = new();
    private readonly ConcurrentDictionary<(ulong Fingerprint, Duration Ahead), Nearby> concerned = new();

    public SegmentPlans(DefinitionCatalog<Segment> catalog)
    {
        var ids = SegmentReferences.InOrder(catalog).ToList();
        var ranks = ids.Order(StringComparer.Ordinal).Index().ToDictionary(one => one.Item, one => one.Index, StringComparer.Ordinal);
        Segments = [.. ids.Select((id, place) => new SegmentPlan(id, place, ranks[id], catalog.All.Where(definition => definition.Name == id)))];
        byFact = Segments.ToFrozenDictionary(segment => segment.Fact, segment => segment.Place, StringComparer.Ordinal);
        byId = Segments.ToFrozenDictionary(segment => segment.Id, segment => segment.Place, StringComparer.Ordinal);
        var conditions = Segments.SelectMany(segment => segment.Versions.Select(version => (segment.Place, version.Value.Where))).ToList();
        index = new ConditionIndex(conditions.Select(pair => pair.Where));
        segmentOfCondition = [.. conditions.Select(pair => pair.Place)];
        Dependents = [.. Segments.Select(segment => Touching(segment.Fact))];
        versionHashes = Segments.SelectMany(segment => segment.Versions.Select(version => (segment.Place, Hash: HashOf(version)))).DistinctBy(one => one.Hash).ToFrozenDictionary(one => one.Hash, one => one.Place);
        Fingerprint = Segments.SelectMany(segment => segment.Versions).Aggregate(1ul, (sum, version) => unchecked(sum + HashOf(version)));
        InOrder = [.. Segments.OrderBy(segment => segment.Rank)];
        LastActivation = Segments.SelectMany(segment => segment.Versions).Select(version => version.ActiveFrom).DefaultIfEmpty(Instant.MinValue).Max();
    }

    /// <summary>The segments; each comes after those it names.</summary>
    public SegmentPlan[] Segments { get; }

    /// <summary>The segments in the ordinal order of their ids.</summary>
    public SegmentPlan[] InOrder { get; }

    /// <summary>From when on all versions have begun to count.</summary>
    private Instant LastActivation { get; }

    /// <summary>For each segment, those that name it.</summary>
    public int[][] Dependents { get; }

    /// <summary>Names what all versions mean, and from when. A state that was decided by the same needs to be asked only about what is touched. It is a sum over the versions, so that a difference tells which were added.</summary>
    public ulong Fingerprint { get; }

    /// <summary>The segments with versions that were added since others, where one or two were and nothing else changed; none where that is not so.</summary>
    public ReadOnlySpan<int> AddedSince(ulong fingerprint) => added.GetOrAdd(fingerprint, static (other, plans) => plans.Terms(unchecked(plans.Fingerprint - other), MostAdded) ?? [], this);

    /// <summary>A condition without which a customer with a state need not be asked about these definitions; null where there is none that says so. The same one for states of the same definitions.</summary>
    /// <param name="state">Where the customer stands.</param>
    /// <param name="now">When they would be asked.</param>
    /// <param name="ahead">How much later the condition is asked.</param>
    public Condition? Concerned(Memberships.SegmentationState state, Instant now, Duration ahead)
    {
        if (state.Fingerprint == Fingerprint)
        {
            return Nobody;
        }

        var isNew = state.Fingerprint == 0 && state.Undated.IsEmpty;
        ReadOnlySpan<int> places = isNew ? Enumerable.Range(0, Segments.Length).ToArray() : AddedSince(state.Fingerprint);
        foreach (var place in places)
        {
            if (state.PlaceOf(Segments[place], this) >= 0)
            {
                return null;
            }
        }

        return places.IsEmpty || LastActivation > now ? null : concerned.GetOrAdd((state.Fingerprint, ahead), static (_, asked) => asked.Plans.Near(asked.Places, asked.Ahead), (Plans: this, Places: places.ToArray(), Ahead: ahead)).Condition;
    }

    private Nearby Near(int[] places, Duration ahead)
    {
        var facts = places.Select(place => Segments[place].Fact).ToHashSet(StringComparer.Ordinal);
        var conditions = places.Select(place => Segments[place].Versions[^1].Value.Where).ToList();

        // Nobody has the fact of a segment that nobody was asked about: what names it cannot be selected by it.
        var near = conditions.SelectMany(ConditionLeaves.Leaves).OfType<Condition.Fact>().Any(fact => facts.Contains(fact.Name)) ? [] : conditions.ConvertAll(condition => NearbyConditions.Near(condition, ahead));
        return new Nearby(near.Count == 0 || near.Contains(null) ? null : new Condition.Any(near.OfType<Condition>().ToSequence()));
    }

    public IEnumerable<Condition> Conditions => Segments.SelectMany(segment => segment.Versions).Select(version => version.Value.Where);

    /// <summary>What snapshots are taken by. Measures are read from the journal when a snapshot is taken; what it asks of the profile has to be observed until then.</summary>
    public IEnumerable<Condition> Taken => Segments.SelectMany(segment => segment.Versions).Select(version => version.Value.Taken?.Where).OfType<Condition>();

    /// <summary>The place of the segment with this fact; null where the fact is none of a segment.</summary>
    public int? PlaceOfFact(string fact) => byFact.TryGetValue(fact, out var place) ? place : null;

    /// <summary>The place of a segment; null where no version defines it any more.</summary>
    public int? PlaceOf(string id) => byId.TryGetValue(id, out var place) ? place : null;

    /// <summary>Marks the segments whose membership an event may change.</summary>
    public void Mark(Events.CustomerEvent happened, Span<ulong> marks)
    {
        foreach (var condition in index.TouchedByEvent(happened))
        {
            Mark(marks, segmentOfCondition[condition]);
        }
    }

    /// <summary>Marks the segments whose membership a changed fact may change.</summary>
    public void Mark(string fact, Span<ulong> marks)
    {
        foreach (var condition in index.TouchedByFact(fact))
        {
            Mark(marks, segmentOfCondition[condition]);
        }
    }

    public static void Mark(Span<ulong> marks, int place) => marks[place >> 6] |= 1ul << (place & 63);

    public static void Unmark(Span<ulong> marks, int place) => marks[place >> 6] &= ~(1ul << (place & 63));

    public static bool IsMarked(ReadOnlySpan<ulong> marks, int place) => (marks[place >> 6] & (1ul << (place & 63))) != 0;

    private int[] Touching(string fact)
    {
        var places = new SortedSet<int>();
        foreach (var condition in index.TouchedByFact(fact))
        {
            places.Add(segmentOfCondition[condition]);
        }

        return [.. places];
    }

    /// <summary>The segments of so many versions at most whose hashes make a sum; null where there are none.</summary>
    private int[]? Terms(ulong sum, int most)
    {
        if (versionHashes.TryGetValue(sum, out var last))
        {
            return [last];
        }

        foreach (var (hash, place) in most > 1 ? versionHashes : FrozenDictionary<ulong, int>.Empty)
        {
            if (Terms(unchecked(sum - hash), most - 1) is { } others)
            {
                return [place, .. others];
            }
        }

        return null;
    }

    /// <summary>What is worked out once.</summary>
    private sealed record Nearby(Condition? Condition);

    private static ulong HashOf(Definition<Segment> version) =>
        (ulong)(DefinitionHash.Of(string.Create(CultureInfo.InvariantCulture, $"{version.Name} {version.Version} {version.ActiveFrom} {version.Hash}")).Value >> 64);
}

/// <summary>The versions of one segment that differ in meaning: a version that only changes the label is the one before it.</summary>
internal sealed class SegmentPlan
{
    private readonly PlanVersion[] steps;

    public SegmentPlan(string id, int place, int rank, IEnumerable<Definition<Segment>> definitions)
    {
        Id = id;
        Place = place;
        Rank = rank;
        Fact = SegmentNames.Fact(id);
        var versions = new List<Definition<Segment>>();
        foreach (var definition in definitions.OrderBy(definition => definition.Version))
        {
            History = definition.Value.History;
            if (versions.Count == 0 || versions[^1].Hash != definition.Hash)
            {
                versions.Add(definition);
            }
        }

        Versions = [.. versions];
        steps = [.. versions.Select(version => new PlanVersion(version))];
    }

    public string Id { get; }

    /// <summary>Its place in the order of references.</summary>
    public int Place { get; }

    /// <summary>Its place in the ordinal order of ids, in which states keep their standings.</summary>
    public int Rank { get; }

    public string Fact { get; }

    public Definition<Segment>[] Versions { get; }

    /// <summary>How much of its past is kept, as its latest version says.</summary>
    public SegmentHistory History { get; }

    /// <summary>The fact of one who is in the segment, or who is not.</summary>
    public Fact FactWhen(bool isMember) => new(Fact, isMember ? true : default(Scalar));

    /// <summary>The version that counts at an instant; null before the first.</summary>
    public PlanVersion? At(Instant instant)
    {
        for (var i = steps.Length - 1; i >= 0; i--)
        {
            if (steps[i].ActiveFrom <= instant)
            {
                return steps[i];
            }
        }

        return null;
    }

    /// <summary>When the next version begins to count, as the first tick not before it; none where the last does.</summary>
    public TickOrNone NextActivation(Instant after)
    {
        foreach (var step in steps)
        {
            if (step.ActiveFrom > after)
            {
                return step.Begins;
            }
        }

        return default;
    }
}

/// <summary>What every event asks of a version.</summary>
internal sealed class PlanVersion(Definition<Segment> definition)
{
    public Instant ActiveFrom { get; } = definition.ActiveFrom;

    /// <summary>The first tick not before <see cref="ActiveFrom"/>.</summary>
    public TickOrNone Begins { get; } = new Truth(false, definition.ActiveFrom).AskAgain;

    public int Number { get; } = definition.Version;

    public Condition Where { get; } = definition.Value.Where;
}
