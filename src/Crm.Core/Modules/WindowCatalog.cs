using System.Collections.Frozen;
using System.Runtime.CompilerServices;
using Crm.Conditions;
using Crm.Definitions;
using Crm.Events;
using Crm.Values;

namespace Crm.Modules;

/// <summary>A measure over events that the kernel keeps per customer; conditions that differ only in the test share it.</summary>
/// <param name="Index">Its place among the leaves of the catalogue, from 0.</param>
/// <param name="Key">Names it in stored slots, whatever its place: 64 bits of the hash of its canonical form without test.</param>
/// <param name="Leaf">One of the leaves it stands for.</param>
public sealed record WindowLeaf(int Index, ulong Key, Condition.EventWindow Leaf)
{
    /// <summary>The length of a window that ends now, in ticks; null for the lifetime.</summary>
    internal long? Length { get; } = Leaf.Window is Window.Last last ? (long)last.Length.TotalTicks : null;

    /// <summary>Whether the window is the lifetime or one that ends now.</summary>
    internal bool IsPlain { get; } = Leaf.Window is Window.Lifetime || (Leaf.Window is Window.Last { Skip: var skip } && skip == NodaTime.Duration.Zero);
}

/// <summary>One record of events from which all leaves are answered that differ only in window and test.</summary>
/// <param name="Key">Names it in stored slots: 64 bits of the hash of its canonical form without window and test.</param>
/// <param name="Leaf">One of the leaves it answers.</param>
/// <param name="Reach">How far back it must reach for all of them.</param>
internal sealed record WindowSeries(ulong Key, Condition.EventWindow Leaf, SeriesReach Reach)
{
    /// <summary>The kinds of events that may touch it.</summary>
    public Sequence<string> Kinds { get; } = Leaf.Patterns().Select(pattern => pattern.Kind).Distinct(StringComparer.Ordinal).ToSequence();

    public bool LooksAtLines { get; } = EventFilter.LooksAtLines(Leaf.Where);

    /// <summary>How many whole steps make one, so that every amount that an event may have is a whole number: counts are whole, spend has the decimals of its currency, quantities those that events may have.</summary>
    public long Steps { get; } = Leaf.Measure switch
    {
        Measure.SumOfSpend sum => (long)sum.Currency.MinorUnitsPerUnit,
        Measure.SumOfQuantity => EventLine.QuantitySteps,
        _ => 1,
    };

    /// <summary>An amount in whole steps.</summary>
    /// <exception cref="InvalidOperationException">It is finer, or more than can be counted; events with such amounts are not recorded.</exception>
    public long InSteps(decimal amount)
    {
        var steps = amount * Steps;
        return steps <= long.MaxValue && decimal.IsInteger(steps)
            ? (long)steps
            : throw new InvalidOperationException($"The amount {amount.ToString(System.Globalization.CultureInfo.InvariantCulture)} cannot be counted: a multiple of 1/{Steps.ToString(System.Globalization.CultureInfo.InvariantCulture)} is expected.");
    }

    /// <summary>Whether sums answer all its leaves; otherwise it keeps samples.</summary>
    public bool IsSummed { get; } = Leaf is { Measure: Measure.Count or Measure.SumOfSpend or Measure.SumOfQuantity, Window: not Window.Since };
}

/// <summary>A leaf of a condition as it is asked about.</summary>
/// <param name="Leaf">What it measures.</param>
/// <param name="Place">The place of the series that answers it.</param>
/// <param name="Sum">Its test, where it asks for more or less of a sum in a plain window; null for all others.</param>
/// <param name="IsOpen">Whether it is another one for another customer, because of the zone.</param>
internal sealed record AskedLeaf(WindowLeaf Leaf, int Place, SumTest? Sum, bool IsOpen);

/// <summary>How far back a series reaches.</summary>
/// <param name="Window">The longest window in ticks that it can answer; 0: none.</param>
/// <param name="Lifetime">Whether it knows the sum of everything.</param>
internal readonly record struct SeriesReach(long Window, bool Lifetime)
{
    public static SeriesReach Of(WindowLeaf leaf) => leaf.Leaf switch
    {
        { Measure: Measure.Sequence sequence } => new(sequence.Reach(leaf.Leaf.Window.Reach()), false),
        { Window: Conditions.Window.Lifetime } => new(0, true),
        _ => new(Math.Min(leaf.Leaf.Window.Reach(), WindowMeaning.Forever), false),
    };

    /// <summary>What is at or before this is beyond reach.</summary>
    public long Oldest(long newest) => Window >= WindowMeaning.Forever ? long.MinValue : newest - Window;

    public bool Covers(SeriesReach needed) => Window >= needed.Window && (Lifetime || !needed.Lifetime);

    public SeriesReach Or(SeriesReach other) => new(Math.Max(Window, other.Window), Lifetime || other.Lifetime);

    public SeriesReach And(SeriesReach other) => new(Math.Min(Window, other.Window), Lifetime && other.Lifetime);
}

/// <summary>A test of a profile field, whose answer is stored with events because today's profile says nothing about then.</summary>
/// <param name="Index">Its place among the profile leaves of the catalogue, from 0.</param>
/// <param name="Key">Names it in stored slots and observations: 64 bits of the hash of its canonical form.</param>
/// <param name="Leaf">The test.</param>
public sealed record ProfileLeaf(int Index, ulong Key, Condition.Field Leaf);

/// <summary>The distinct leaves that the kernel observes on behalf of all conditions. It is made once at start and shared by all customers.</summary>
public sealed class WindowCatalog
{
    private readonly FrozenDictionary<Condition.EventWindow, AskedLeaf> byReference;
    private readonly FrozenDictionary<Condition.EventWindow, int> byStructure;
    private readonly FrozenDictionary<ulong, int> byKey;
    private readonly FrozenDictionary<string, int[]> byKind;
    private readonly FrozenDictionary<Condition.Field, int> profileByStructure;
    private readonly WindowLeaf[] leaves;
    private readonly ProfileLeaf[] profileLeaves;
    private readonly WindowSeries[] series;
    private readonly int[] seriesOfLeaf;
    private readonly FrozenDictionary<ulong, int> seriesByKey;
    private readonly ConditionalWeakTable<Condition.EventWindow, AskedLeaf> inZones = [];
    private readonly FrozenDictionary<string, int[]> seriesByKind;
    private readonly ConditionIndex seriesByEvent;
    private readonly byte[][] untouched;

    /// <summary>The catalogue of these conditions.</summary>
    public WindowCatalog(IEnumerable<Condition> conditions)
    {
        ArgumentNullException.ThrowIfNull(conditions);
        var asked = conditions.SelectMany(ConditionLeaves.Leaves).ToList();
        var windows = asked.OfType<Condition.EventWindow>().Distinct<Condition.EventWindow>(ReferenceEqualityComparer.Instance).Select(leaf => (leaf, key: KeyOf(leaf))).ToList();
        leaves = [.. windows.DistinctBy(pair => pair.key).OrderBy(pair => pair.key).Select((pair, index) => new WindowLeaf(index, pair.key, pair.leaf))];
        byKey = leaves.ToFrozenDictionary(leaf => leaf.Key, leaf => leaf.Index);
        byStructure = windows.DistinctBy(pair => Untested(pair.leaf)).ToFrozenDictionary(pair => Untested(pair.leaf), pair => byKey[pair.key]);
        byKind = ByKind(leaves.Select(leaf => (leaf.Leaf, leaf.Index)));

        series = [.. leaves.GroupBy(leaf => Hash(Unbounded(leaf.Leaf))).OrderBy(group => group.Key).Select(group => new WindowSeries(group.Key, group.First().Leaf, group.Select(SeriesReach.Of).Aggregate((one, other) => one.Or(other))))];
        seriesByKey = series.Index().ToFrozenDictionary(one => one.Item.Key, one => one.Index);
        seriesOfLeaf = [.. leaves.Select(leaf => seriesByKey[Hash(Unbounded(leaf.Leaf))])];
        byReference = windows.ToFrozenDictionary<(Condition.EventWindow leaf, ulong key), Condition.EventWindow, AskedLeaf>(pair => pair.leaf, pair => AskedAs(pair.leaf, byKey[pair.key]), ReferenceEqualityComparer.Instance);
        seriesByKind = ByKind(series.Index().Select(one => (one.Item.Leaf, one.Index)));
        seriesByEvent = new ConditionIndex(series.Select(one => one.Leaf));
        untouched = [.. series.Select(Untouched)];
        SampledSeries = series.Count(one => !one.IsSummed);
        Reaches = series.Select(one => one.Reach).ToSequence();

        var profiles = asked.OfType<Condition.Field>().Where(field => field.Name.StartsWith(Evaluator.ProfileScope, StringComparison.Ordinal) && !field.Is.IsTimed()).Distinct().Select(leaf => (leaf, key: Hash(leaf))).ToList();
        profileLeaves = [.. profiles.DistinctBy(pair => pair.key).OrderBy(pair => pair.key).Select((pair, index) => new ProfileLeaf(index, pair.key, pair.leaf))];
        profileByStructure = profiles.ToFrozenDictionary(pair => pair.leaf, pair => Array.FindIndex(profileLeaves, leaf => leaf.Key == pair.key));
    }

    /// <summary>The measures over events, by index.</summary>
    public ReadOnlySpan<WindowLeaf> Leaves => leaves;

    /// <summary>The tests of profile fields, by index.</summary>
    public ReadOnlySpan<ProfileLeaf> ProfileLeaves => profileLeaves;

    /// <summary>The leaves that events of a kind may touch.</summary>
    public ReadOnlySpan<int> TouchedBy(string kind) => byKind.GetValueOrDefault(kind);

    /// <summary>The index of a measure over events: at once for an instance that the catalogue was made of, otherwise by what it says.</summary>
    /// <exception cref="InvalidOperationException">No condition of the catalogue has it.</exception>
    public int IndexOf(Condition.EventWindow leaf)
    {
        ArgumentNullException.ThrowIfNull(leaf);
        return Find(leaf)
            ?? throw new InvalidOperationException($"No module's contract has a condition with {ConditionJson.Write(leaf.Declared())}, so it was not observed. List the condition in {nameof(ModuleContract)}.{nameof(ModuleContract.Conditions)}.");
    }

    /// <summary>Whether a condition of the catalogue has a measure over events.</summary>
    internal bool Has(Condition.EventWindow leaf) => Find(leaf) is not null;

    /// <summary>A leaf as it is asked about: at once for an instance that the catalogue was made of.</summary>
    /// <exception cref="InvalidOperationException">No condition of the catalogue has it.</exception>
    internal AskedLeaf Asked(Condition.EventWindow leaf) => byReference.TryGetValue(leaf, out var asked) ? asked
        : !leaf.IsInZones() ? AskedAs(leaf, IndexOf(leaf))
        : inZones.TryGetValue(leaf, out var known) ? known
        : inZones.GetValue(leaf, one => AskedAs(one, IndexOf(one)));

    /// <summary>The index of a test of a profile field.</summary>
    /// <exception cref="InvalidOperationException">No condition of the catalogue has it.</exception>
    public int IndexOf(Condition.Field leaf)
    {
        ArgumentNullException.ThrowIfNull(leaf);
        return profileByStructure.TryGetValue(leaf, out var index)
            ? index
            : throw new InvalidOperationException($"No module's contract has a condition with {ConditionJson.Write(leaf)}, so it was not observed. List the condition in {nameof(ModuleContract)}.{nameof(ModuleContract.Conditions)}.");
    }

    /// <summary>What the leaves are answered from; several may share one.</summary>
    internal ReadOnlySpan<WindowSeries> Series => series;

    /// <summary>How far back each series must reach.</summary>
    internal Sequence<SeriesReach> Reaches { get; }

    /// <summary>How many of the series keep samples.</summary>
    internal int SampledSeries { get; }

    /// <summary>The series that events of a kind may touch.</summary>
    internal ReadOnlySpan<int> SeriesTouchedBy(string kind) => seriesByKind.GetValueOrDefault(kind);

    /// <summary>The series that an event may touch, led to them by what their filters ask for.</summary>
    internal ConditionIndex.Touched SeriesTouchedBy(CustomerEvent happened) => seriesByEvent.TouchedByEvent(happened);

    /// <summary>What is written of a summed series of which nothing was ever counted: most series of most customers.</summary>
    internal ReadOnlySpan<byte> UntouchedSeries(int index) => untouched[index];

    /// <summary>The series that answers a leaf.</summary>
    internal int SeriesOf(int leaf) => seriesOfLeaf[leaf];

    internal int? FindSeries(ulong key) => seriesByKey.TryGetValue(key, out var index) ? index : null;

    private int? Find(Condition.EventWindow leaf)
    {
        if (byReference.TryGetValue(leaf, out var asked))
        {
            return asked.Leaf.Index;
        }

        leaf = leaf.Declared();
        return byStructure.TryGetValue(Untested(leaf), out var index) || byKey.TryGetValue(KeyOf(leaf), out index) ? index : null;
    }

    private AskedLeaf AskedAs(Condition.EventWindow leaf, int index)
    {
        var one = series[seriesOfLeaf[index]];
        return new AskedLeaf(leaves[index], seriesOfLeaf[index], one.IsSummed && leaves[index].IsPlain ? SumTest.Of(leaf.Is, one.Steps) : null, leaf.IsOpen());
    }

    private static byte[] Untouched(WindowSeries series)
    {
        var writer = new SlotWriter();
        if (series.IsSummed)
        {
            writer.Bits(series.Key);
            default(Accumulator).Write(series.Reach, series.Steps, long.MinValue, writer);
        }

        return writer.Written.ToArray();
    }

    private static FrozenDictionary<string, int[]> ByKind(IEnumerable<(Condition.EventWindow Leaf, int Index)> leaves) => leaves
        .SelectMany(one => one.Leaf.Patterns().Select(pattern => pattern.Kind).Distinct(StringComparer.Ordinal).Select(kind => (kind, one.Index)))
        .GroupBy(pair => pair.kind, StringComparer.Ordinal)
        .ToFrozenDictionary(group => group.Key, group => group.Select(pair => pair.Index).ToArray(), StringComparer.Ordinal);

    private static ulong KeyOf(Condition.EventWindow leaf) => Hash(Untested(leaf));

    private static Condition.EventWindow Untested(Condition.EventWindow leaf) => leaf with { Is = Untested(), WhenMissing = false };

    private static Test.Known Untested() => new();

    // Parts of a window are no part of what is kept for them, and days that depend on a customer's zone are made of instants.
    private static Condition.EventWindow Unbounded(Condition.EventWindow leaf) => Untested(leaf) with
    {
        Window = leaf.Window is Window.Since since ? since : new Window.Lifetime(),
        Measure = leaf.Measure switch
        {
            Measure.Periods => new Measure.Periods(1, 1),
            Measure.Aggregate { Of: Measured.Day { Zone: CalendarZone.Customer or CalendarZone.Business } } aggregate => aggregate with { Of = new Measured.At() },
            _ => leaf.Measure,
        },
    };

    private static ulong Hash(Condition leaf) => (ulong)(DefinitionHash.Of(ConditionJson.Write(leaf)).Value >> 64);
}
