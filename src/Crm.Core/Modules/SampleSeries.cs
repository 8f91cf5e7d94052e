using Crm.Conditions;
using Crm.Values;
using NodaTime;

namespace Crm.Modules;

/// <summary>
/// What one series keeps whose leaves need more than sums: values at their instants as far back as it reaches, and a <see cref="SampleSummary"/> of everything where a lifetime leaf asks for it.
/// It is never changed: adding gives another, which shares the memory.
/// </summary>
internal sealed class SampleSeries
{
    private readonly SampleList list;
    private readonly int start;
    private readonly int end;
    private readonly long anchor;

    private SampleSeries(SampleList list, int start, int end, long anchor, SampleSummary summary)
    {
        this.list = list;
        this.start = start;
        this.end = end;
        this.anchor = anchor;
        Summary = summary;
    }

    /// <summary>Nothing yet.</summary>
    public static SampleSeries Empty { get; } = new(new SampleList([], 0), 0, 0, WindowMeaning.Never, SampleSummary.Empty);

    /// <summary>What is known of everything.</summary>
    public SampleSummary Summary { get; }

    private ReadOnlySpan<Sample> Samples => list.Items.AsSpan(start, end - start);

    /// <summary>With one more value.</summary>
    /// <param name="series">The series; how far back it must reach.</param>
    /// <param name="ticks">When the value counts.</param>
    /// <param name="value">The value.</param>
    /// <param name="newest">The newest instant seen: what is beyond reach by then is forgotten.</param>
    public SampleSeries Add(WindowSeries series, long ticks, Scalar value, long newest) =>
        Add(series, ticks, value, newest, series.Reach.Lifetime && series.Leaf.Measure is Measure.Aggregate { How: var how } ? Summary.Add(how, ticks, value) : Summary);

    /// <summary>With all that another one of the same series has.</summary>
    public SampleSeries Join(WindowSeries series, SampleSeries other, long newest)
    {
        var joined = other.anchor == WindowMeaning.Never ? this : Anchor(series.Leaf.Window is Window.Since { First: true }, other.anchor);
        foreach (ref readonly var sample in other.Samples)
        {
            joined = joined.Add(series, sample.Ticks, sample.Value, newest, joined.Summary);
        }

        return series.Reach.Lifetime && series.Leaf.Measure is Measure.Aggregate { How: var how }
            ? new SampleSeries(joined.list, joined.start, joined.end, joined.anchor, joined.Summary.Join(how, other.Summary))
            : joined;
    }

    private SampleSeries Add(WindowSeries series, long ticks, Scalar value, long newest, SampleSummary summary)
    {
        var oldest = Oldest(series.Leaf, series.Reach, newest, anchor);
        var from = start;
        while (from < end && list.Items[from].Ticks <= oldest)
        {
            from++;
        }

        if (ticks <= oldest)
        {
            return new SampleSeries(list, from, end, anchor, summary);
        }

        var sample = new Sample(ticks, value);
        if ((from == end || list.Items[end - 1].CompareTo(sample) <= 0) && list.TryAppend(end, sample))
        {
            return new SampleSeries(list, from, end + 1, anchor, summary);
        }

        var count = end - from;
        var items = new Sample[Math.Max(4, count + 2 + (count / 4))];
        var place = count;
        while (place > 0 && list.Items[from + place - 1].CompareTo(sample) > 0)
        {
            place--;
        }

        list.Items.AsSpan(from, place).CopyTo(items);
        items[place] = sample;
        list.Items.AsSpan(from + place, count - place).CopyTo(items.AsSpan(place + 1));
        return new SampleSeries(new SampleList(items, count + 1), 0, count + 1, anchor, summary);
    }

    /// <summary>With one more event since which others count.</summary>
    public SampleSeries Anchor(bool first, long ticks) =>
        new(list, start, end, anchor == WindowMeaning.Never ? ticks : first ? Math.Min(anchor, ticks) : Math.Max(anchor, ticks), Summary);

    /// <summary>The answer of a leaf at an instant not before the newest seen.</summary>
    public Truth Answer(Condition.EventWindow leaf, long now)
    {
        if (IsSummed(leaf))
        {
            return leaf.Is.At(ValueOf(leaf, now), leaf.WhenMissing, Instant.FromUnixTimeTicks(now));
        }

        var counting = new SampleCounting(leaf, Counted(leaf), anchor);
        var answer = leaf.Is.At(counting.ValueAt(now), leaf.WhenMissing, Instant.FromUnixTimeTicks(now));
        var change = answer.ValidUntil;
        for (var edge = counting.NextEdge(now); edge != WindowMeaning.Never; edge = counting.NextEdge(edge))
        {
            var at = Instant.FromUnixTimeTicks(edge);
            if (change < at)
            {
                break;
            }

            var truth = leaf.Is.At(counting.ValueAt(edge), leaf.WhenMissing, at);
            if (truth.Value != answer.Value)
            {
                return answer with { ValidUntil = at };
            }

            change = truth.ValidUntil;
        }

        return answer with { ValidUntil = change };
    }

    /// <summary>What a leaf measures at an instant not before the newest seen.</summary>
    public Scalar ValueOf(Condition.EventWindow leaf, long now) => IsSummed(leaf) && leaf.Measure is Measure.Aggregate aggregate
        ? SampleDays.Of(leaf) is { } days ? days.Value(Summary, aggregate.How) : Summary.Value(aggregate.How)
        : new SampleCounting(leaf, Counted(leaf), anchor).ValueAt(now);

    /// <summary>Writes what is within reach as of the newest instant seen.</summary>
    public void Write(SlotWriter writer, WindowSeries series, SeriesReach reach, long newest)
    {
        writer.Whole(reach.Window);
        writer.Flag(reach.Lifetime);
        writer.Flag(anchor != WindowMeaning.Never);
        if (anchor != WindowMeaning.Never)
        {
            writer.Whole(anchor);
        }

        if (reach.Lifetime)
        {
            Summary.Write(writer);
        }

        var oldest = Oldest(series.Leaf, reach, newest, anchor);
        var samples = Samples;
        var first = 0;
        while (first < samples.Length && samples[first].Ticks <= oldest)
        {
            first++;
        }

        writer.Whole(samples.Length - first);
        var ticks = 0L;
        foreach (ref readonly var sample in samples[first..])
        {
            writer.Whole(sample.Ticks - ticks);
            writer.Scalar(sample.Value);
            ticks = sample.Ticks;
        }
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    public static SampleSeries Read(ref SlotReader reader, out SeriesReach reach)
    {
        reach = new SeriesReach(reader.Whole(), reader.Flag());
        var since = reader.Flag() ? reader.Whole() : WindowMeaning.Never;
        var summary = reach.Lifetime ? SampleSummary.Read(ref reader) : SampleSummary.Empty;
        var items = new Sample[reader.Int()];
        var ticks = 0L;
        for (var i = 0; i < items.Length; i++)
        {
            ticks += reader.Whole();
            items[i] = new Sample(ticks, reader.Scalar());
        }

        return new SampleSeries(new SampleList(items, items.Length), 0, items.Length, since, summary);
    }

    private static bool IsSummed(Condition.EventWindow leaf) => leaf is { Window: Window.Lifetime, Measure: Measure.Aggregate };

    // What is at or before this matters no more. The first event since which others count may yet become an earlier one, the latest only a later one; a sequence may have begun before it.
    private static long Oldest(Condition.EventWindow leaf, SeriesReach reach, long newest, long anchor) =>
        leaf is { Window: Window.Since { First: false }, Measure: not Measure.Sequence } ? anchor == WindowMeaning.Never ? long.MinValue : anchor
        : newest == long.MinValue ? long.MinValue : reach.Oldest(newest);

    private ReadOnlySpan<Sample> Counted(Condition.EventWindow leaf) => leaf.Measure is Measure.Sequence sequence ? SequenceCompletion.Of(sequence, Samples)
        : SampleDays.Of(leaf) is { } days ? days.Of(Samples)
        : Samples;

    /// <summary>Samples of which each series sees its own part; only the one that sees the last may write the next.</summary>
    private sealed class SampleList(Sample[] items, int used)
    {
        private int used = used;

        public Sample[] Items { get; } = items;

        public bool TryAppend(int at, Sample sample)
        {
            if (at >= Items.Length || Interlocked.CompareExchange(ref used, at + 1, at) != at)
            {
                return false;
            }

            Items[at] = sample;
            return true;
        }
    }
}

/// <summary>A value at an instant in ticks; ordered by instant, then by value.</summary>
internal readonly record struct Sample(long Ticks, Scalar Value) : IComparable<Sample>
{
    public int CompareTo(Sample other) => Ticks != other.Ticks ? Ticks.CompareTo(other.Ticks) : ScalarOrder.Instance.Compare(Value, other.Value);
}
