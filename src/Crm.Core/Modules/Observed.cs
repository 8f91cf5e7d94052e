using Crm.Conditions;
using Crm.Events;
using Crm.Values;
using NodaTime;

namespace Crm.Modules;

/// <summary>
/// What the kernel has counted for one customer: one series of events for all leaves of a <see cref="WindowCatalog"/> that differ only in window and test. It gives what <see cref="HistoryWindows"/> gives, without the history.
/// It changes in place; a <see cref="Clone"/> is cheap and independent.
/// </summary>
public sealed class Observed
{
    private readonly WindowCatalog catalog;
    private Accumulator[] accumulators;
    private SampleSeries[] samples;
    private bool shared;
    private readonly Sequence<SeriesReach> reaches;
    private long newest;

    private Observed(WindowCatalog catalog, Sequence<SeriesReach> reaches, Accumulator[] accumulators, SampleSeries[] samples, bool shared, long newest, Sequence<int> missingLeaves)
    {
        this.reaches = reaches;
        this.catalog = catalog;
        this.accumulators = accumulators;
        this.samples = samples;
        this.shared = shared;
        this.newest = newest;
        MissingLeaves = missingLeaves;
    }

    /// <summary>The indices of leaves that the bytes did not have, because a definition came later: their answers mean nothing until the whole history has been added to an <see cref="Empty"/> one.</summary>
    public Sequence<int> MissingLeaves { get; }

    /// <summary>What is known of a customer without history.</summary>
    public static Observed Empty(WindowCatalog catalog)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        return new Observed(catalog, catalog.Reaches, new Accumulator[catalog.Series.Length], NoSamples(catalog), shared: false, long.MinValue, default);
    }

    /// <summary>Takes an event in. Events may come in any order; the order makes no difference.</summary>
    /// <param name="happened">What is left of the event.</param>
    /// <param name="at">When it counts, taken to the tick (100 ns).</param>
    public void Add(CustomerEvent happened, Instant at)
    {
        ArgumentNullException.ThrowIfNull(happened);
        var ticks = at.ToUnixTimeTicks();
        newest = Math.Max(newest, ticks);
        Count(happened, ticks, already: null);
    }

    /// <summary>Whether an event of an instant would be the newest: whatever windows have lost by then is forgotten with it, also where nothing counts it.</summary>
    internal bool IsNewest(Instant at) => at.ToUnixTimeTicks() > newest;

    /// <summary>The instant after which events count for the series that <see cref="MissingLeaves"/> need; null where they do however long ago they were.</summary>
    internal Instant? LackingAfter
    {
        get
        {
            var after = newest == long.MinValue ? long.MinValue : Lacking.Min(index => catalog.Series[index].Reach is { Lifetime: false } reach ? reach.Oldest(newest) : long.MinValue);
            return after < Instant.MinValue.ToUnixTimeTicks() ? null : Instant.FromUnixTimeTicks(after);
        }
    }

    /// <summary>The kinds of events that those series count.</summary>
    internal IEnumerable<string> LackingKinds => Lacking.SelectMany(index => catalog.Series[index].Kinds);

    // The series that leaves need which the bytes did not reach.
    private IEnumerable<int> Lacking => Enumerable.Range(0, reaches.Count).Where(index => reaches[index] != catalog.Reaches[index]);

    /// <summary>The same with what was missing counted: as if the whole history had been added to an <see cref="Empty"/> one.</summary>
    /// <param name="entries">Those of <see cref="LackingKinds"/> after <see cref="LackingAfter"/>, all of them, of a history of which nothing was ever taken back; further ones change nothing.</param>
    internal Observed Filled(IEnumerable<(CustomerEvent Event, Instant At)> entries)
    {
        var filled = AsWhole();
        foreach (var index in Lacking)
        {
            if (catalog.Series[index].IsSummed)
            {
                filled.accumulators[index] = default;
            }
            else
            {
                filled.samples[index] = SampleSeries.Empty;
            }
        }

        foreach (var (happened, at) in entries)
        {
            filled.Count(happened, at.ToUnixTimeTicks(), already: reaches);
        }

        return filled;
    }

    // Series that reach far enough already, where that is given, have counted it.
    private void Count(CustomerEvent happened, long ticks, Sequence<SeriesReach>? already)
    {
        foreach (var index in catalog.SeriesTouchedBy(happened))
        {
            var series = catalog.Series[index];
            if (already is { } known && known[index] == series.Reach)
            {
                continue;
            }

            if (!series.IsSummed)
            {
                AddSamples(series, index, happened, ticks);
            }
            else if (EventFilter.Contribution(series.Leaf, series.LooksAtLines, happened) is { } amount and not 0)
            {
                Own()[index].Add(series.Reach, ticks, series.InSteps(amount), newest);
            }
        }
    }

    /// <summary>Takes in all that another one has taken in: afterwards it is what it would be had it been given the events of both.</summary>
    /// <param name="other">Of the same catalogue, complete as this one is. It is not changed.</param>
    /// <exception cref="ArgumentException">It is of another catalogue.</exception>
    public void Join(Observed other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (other.catalog != catalog)
        {
            throw new ArgumentException("What was counted by other conditions cannot be joined; both are to be of one catalogue.", nameof(other));
        }

        newest = Math.Max(newest, other.newest);
        Own();
        for (var index = 0; index < catalog.Series.Length; index++)
        {
            if (catalog.Series[index].IsSummed)
            {
                accumulators[index].Join(catalog.Series[index].Reach, other.accumulators[index], newest);
            }
            else
            {
                samples[index] = samples[index].Join(catalog.Series[index], other.samples[index], newest);
            }
        }
    }

    /// <summary>Whether a leaf holds at an instant, and the first instant at which that changes if no event comes.</summary>
    /// <param name="leaf">A leaf of a condition of the catalogue.</param>
    /// <param name="now">Not before the newest event taken in: what has left a window by then is forgotten.</param>
    /// <exception cref="InvalidOperationException">The catalogue does not have the leaf.</exception>
    public Truth Answer(Condition.EventWindow leaf, Instant now) => Answer(catalog.Asked(leaf), leaf, now);

    /// <summary>The same of a leaf whose zone may be the customer's or that of the moment.</summary>
    internal Truth Answer(Condition.EventWindow leaf, Instant now, IEvidence evidence)
    {
        var asked = catalog.Asked(leaf);
        return asked.IsOpen ? Answer(leaf.Meant(evidence), now) : Answer(asked, leaf, now);
    }

    private Truth Answer(AskedLeaf asked, Condition.EventWindow leaf, Instant now)
    {
        if (asked.Sum is { } test)
        {
            return accumulators[asked.Place].Answer(test, asked.Leaf.Length, now.ToUnixTimeTicks());
        }

        var series = catalog.Series[asked.Place];
        return !series.IsSummed ? samples[asked.Place].Answer(leaf, now.ToUnixTimeTicks())
            : asked.Leaf.IsPlain ? accumulators[asked.Place].Answer(leaf, series.Steps, asked.Leaf.Length, now.ToUnixTimeTicks())
            : accumulators[asked.Place].AnswerAny(leaf, series.Steps, now.ToUnixTimeTicks());
    }

    /// <summary>What a leaf measures at an instant, whichever its test; missing where it has no value.</summary>
    /// <param name="leaf">A leaf of a condition of the catalogue.</param>
    /// <param name="now">Not before the newest event taken in.</param>
    /// <exception cref="InvalidOperationException">The catalogue does not have the leaf.</exception>
    public Scalar Measure(Condition.EventWindow leaf, Instant now)
    {
        var (known, place, _, _) = catalog.Asked(leaf);
        var series = catalog.Series[place];
        return !series.IsSummed ? samples[place].ValueOf(leaf, now.ToUnixTimeTicks())
            : (decimal)(known.IsPlain ? accumulators[place].Amount(known.Length, now.ToUnixTimeTicks()) : accumulators[place].AmountAny(leaf.Window, now.ToUnixTimeTicks())) / series.Steps;
    }

    /// <summary>The same, with whatever the bytes did not reach taken as not having happened: what was disposed of cannot be counted any more.</summary>
    public Observed AsComplete() => MissingLeaves.IsEmpty ? this : AsWhole();

    private Observed AsWhole() => new(catalog, catalog.Reaches, [.. accumulators], [.. samples], shared: false, newest, default);

    /// <summary>An independent copy. Both share what neither has changed.</summary>
    public Observed Clone()
    {
        shared = true;
        return new Observed(catalog, reaches, accumulators, samples, shared: true, newest, MissingLeaves);
    }

    /// <summary>Writes it compactly. The same events give the same bytes, in whichever order they came.</summary>
    public void Write(SlotWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Whole(newest);
        writer.Whole(accumulators.Length - catalog.SampledSeries);
        for (var index = 0; index < accumulators.Length; index++)
        {
            if (catalog.Series[index].IsSummed && accumulators[index].IsUntouched && reaches[index] == catalog.Reaches[index])
            {
                writer.Copy(catalog.UntouchedSeries(index));
            }
            else if (catalog.Series[index].IsSummed)
            {
                writer.Bits(catalog.Series[index].Key);
                accumulators[index].Write(reaches[index], catalog.Series[index].Steps, newest, writer);
            }
        }

        if (catalog.SampledSeries > 0)
        {
            WriteSamples(writer);
        }
    }

    /// <summary>Reads what <see cref="Write"/> wrote, perhaps with another catalogue: what no leaf needs any more is dropped, leaves that the bytes do not reach are <see cref="MissingLeaves"/>.</summary>
    public static Observed Read(ref SlotReader reader, WindowCatalog catalog)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        var begin = reader;
        if (ReadWhole(ref reader, catalog) is { } whole)
        {
            return whole;
        }

        reader = begin;
        var seen = reader.Whole();
        var read = new Accumulator[catalog.Series.Length];
        var sampled = NoSamples(catalog);
        var found = new SeriesReach[read.Length];
        for (var remaining = reader.Int(); remaining > 0; remaining--)
        {
            var index = catalog.FindSeries(reader.Bits());
            var accumulator = Accumulator.Read(ref reader, index is { } known ? catalog.Series[known].Steps : 1, out var reach);
            if (index is { } place)
            {
                read[place] = accumulator;
                found[place] = reach.And(catalog.Series[place].Reach);
            }
        }

        if (!reader.AtEnd)
        {
            ReadSamples(ref reader, catalog, sampled, found);
        }

        return found.AsSpan().SequenceEqual(catalog.Reaches.AsSpan())
            ? new Observed(catalog, catalog.Reaches, read, sampled, shared: false, seen, default)
            : new Observed(catalog, found.ToSequence(), read, sampled, shared: false, seen, Missing(catalog, found));
    }

    /// <summary>Reads what was written by the same catalogue, series after series; null where anything is otherwise.</summary>
    private static Observed? ReadWhole(ref SlotReader reader, WindowCatalog catalog)
    {
        var seen = reader.Whole();
        if (reader.Int() != catalog.Series.Length - catalog.SampledSeries)
        {
            return null;
        }

        var read = new Accumulator[catalog.Series.Length];
        for (var index = 0; index < read.Length; index++)
        {
            var series = catalog.Series[index];
            if (!series.IsSummed || reader.Passes(catalog.UntouchedSeries(index)))
            {
                continue;
            }

            if (reader.Bits() != series.Key)
            {
                return null;
            }

            read[index] = Accumulator.Read(ref reader, series.Steps, out var reach);
            if (reach != series.Reach)
            {
                return null;
            }
        }

        var sampled = NoSamples(catalog);
        if (catalog.SampledSeries > 0)
        {
            if (reader.AtEnd)
            {
                return null;
            }

            var found = new SeriesReach[read.Length];
            ReadSamples(ref reader, catalog, sampled, found);
            for (var index = 0; index < found.Length; index++)
            {
                if (!catalog.Series[index].IsSummed && found[index] != catalog.Series[index].Reach)
                {
                    return null;
                }
            }
        }

        return new Observed(catalog, catalog.Reaches, read, sampled, shared: false, seen, default);
    }

    private static SampleSeries[] NoSamples(WindowCatalog catalog)
    {
        if (catalog.SampledSeries == 0)
        {
            return [];
        }

        var none = new SampleSeries[catalog.Series.Length];
        Array.Fill(none, SampleSeries.Empty);
        return none;
    }

    private void AddSamples(WindowSeries series, int index, CustomerEvent happened, long ticks)
    {
        if (series.Leaf.Window is Window.Since since && EventFilter.Matches(since.Event, happened))
        {
            Own();
            samples[index] = samples[index].Anchor(since.First, ticks);
        }

        foreach (var value in EventFilter.Samples(series.Leaf, happened, Instant.FromUnixTimeTicks(ticks)))
        {
            Own();
            samples[index] = samples[index].Add(series, ticks, value, newest);
        }
    }

    // Each series with its length, so that one that no leaf needs any more can be passed over.
    private void WriteSamples(SlotWriter writer)
    {
        writer.Whole(catalog.SampledSeries);
        var part = new SlotWriter();
        for (var index = 0; index < samples.Length; index++)
        {
            if (!catalog.Series[index].IsSummed)
            {
                part.Clear();
                samples[index].Write(part, catalog.Series[index], reaches[index], newest);
                writer.Bits(catalog.Series[index].Key);
                writer.Bytes(part.Written);
            }
        }
    }

    private static void ReadSamples(ref SlotReader reader, WindowCatalog catalog, SampleSeries[] sampled, SeriesReach[] found)
    {
        for (var remaining = reader.Int(); remaining > 0; remaining--)
        {
            var place = catalog.FindSeries(reader.Bits());
            var part = new SlotReader(reader.Bytes());
            if (place is { } index && !catalog.Series[index].IsSummed)
            {
                sampled[index] = SampleSeries.Read(ref part, out var reach);
                found[index] = reach.And(catalog.Series[index].Reach);
            }
        }
    }

    private static Sequence<int> Missing(WindowCatalog catalog, SeriesReach[] found) =>
        catalog.Leaves.ToArray().Where(leaf => !found[catalog.SeriesOf(leaf.Index)].Covers(SeriesReach.Of(leaf))).Select(leaf => leaf.Index).ToSequence();

    private Accumulator[] Own()
    {
        if (shared)
        {
            accumulators = (Accumulator[])accumulators.Clone();
            samples = samples.Length == 0 ? samples : (SampleSeries[])samples.Clone();
            shared = false;
        }

        return accumulators;
    }
}
