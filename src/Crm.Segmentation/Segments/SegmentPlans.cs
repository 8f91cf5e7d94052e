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
    private readonly ConditionIndex index;
    private readonly int[] segmentOfCondition;
    private readonly FrozenDictionary<string, int> byFact;
    private readonly FrozenDictionary<string, int> byId;

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
        Fingerprint = FingerprintOf(Segments);
        InOrder = [.. Segments.OrderBy(segment => segment.Rank)];
    }

    /// <summary>The segments; each comes after those it names.</summary>
    public SegmentPlan[] Segments { get; }

    /// <summary>The segments in the ordinal order of their ids.</summary>
    public SegmentPlan[] InOrder { get; }

    /// <summary>For each segment, those that name it.</summary>
    public int[][] Dependents { get; }

    /// <summary>Names what all versions mean, and from when. A state that was decided by the same needs to be asked only about what is touched.</summary>
    public ulong Fingerprint { get; }

    public IEnumerable<Condition> Conditions => Segments.SelectMany(segment => segment.Versions).Select(version => version.Value.Where);

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

    private int[] Touching(string fact)
    {
        var places = new SortedSet<int>();
        foreach (var condition in index.TouchedByFact(fact))
        {
            places.Add(segmentOfCondition[condition]);
        }

        return [.. places];
    }

    private static ulong FingerprintOf(IEnumerable<SegmentPlan> segments)
    {
        var text = string.Join('\n', segments.OrderBy(segment => segment.Id, StringComparer.Ordinal).SelectMany(segment => segment.Versions)
            .Select(version => string.Create(CultureInfo.InvariantCulture, $"{version.Name} {version.Version} {version.ActiveFrom} {version.Hash}")));
        return (ulong)(DefinitionHash.Of(text).Value >> 64);
    }
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
