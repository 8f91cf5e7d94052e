using Crm.Conditions;
using Crm.Events;
using Crm.Values;
using NodaTime;

namespace Crm.Modules;

/// <summary>
/// What the kernel has counted for one customer: an accumulator per leaf of a <see cref="WindowCatalog"/>. It gives what <see cref="HistoryWindows"/> gives, without the history.
/// It changes in place; a <see cref="Clone"/> is cheap and independent.
/// </summary>
public sealed class Observed
{
    private readonly WindowCatalog catalog;
    private Accumulator[] accumulators;
    private bool shared;
    private long newest;

    private Observed(WindowCatalog catalog, Accumulator[] accumulators, bool shared, long newest, Sequence<int> missingLeaves)
    {
        this.catalog = catalog;
        this.accumulators = accumulators;
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
        return new Observed(catalog, new Accumulator[catalog.Leaves.Length], shared: false, long.MinValue, default);
    }

    /// <summary>Takes an event in. Events may come in any order; the order makes no difference.</summary>
    /// <param name="happened">What is left of the event.</param>
    /// <param name="at">When it counts, taken to the tick (100 ns).</param>
    public void Add(CustomerEvent happened, Instant at)
    {
        ArgumentNullException.ThrowIfNull(happened);
        var ticks = at.ToUnixTimeTicks();
        newest = Math.Max(newest, ticks);
        foreach (var index in catalog.TouchedBy(happened.Kind))
        {
            var leaf = catalog.Leaves[index];
            if (EventFilter.Contribution(leaf.Leaf, leaf.LooksAtLines, happened) is { } amount and not 0)
            {
                Own()[index].Add(leaf.Length, ticks, amount, newest);
            }
        }
    }

    /// <summary>Whether a leaf holds at an instant, and the first instant at which that changes if no event comes.</summary>
    /// <param name="leaf">A leaf of a condition of the catalogue.</param>
    /// <param name="now">Not before the newest event taken in: what has left a window by then is forgotten.</param>
    /// <exception cref="InvalidOperationException">The catalogue does not have the leaf.</exception>
    public Truth Answer(Condition.EventWindow leaf, Instant now)
    {
        var index = catalog.IndexOf(leaf);
        return accumulators[index].Answer(leaf, catalog.Leaves[index].Length, now.ToUnixTimeTicks());
    }

    /// <summary>What a leaf measures at an instant, whichever its test.</summary>
    /// <param name="leaf">A leaf of a condition of the catalogue.</param>
    /// <param name="now">Not before the newest event taken in.</param>
    /// <exception cref="InvalidOperationException">The catalogue does not have the leaf.</exception>
    public decimal Measure(Condition.EventWindow leaf, Instant now)
    {
        var index = catalog.IndexOf(leaf);
        return accumulators[index].Amount(catalog.Leaves[index].Length, now.ToUnixTimeTicks());
    }

    /// <summary>An independent copy. Both share what neither has changed.</summary>
    public Observed Clone()
    {
        shared = true;
        return new Observed(catalog, accumulators, shared: true, newest, MissingLeaves);
    }

    /// <summary>Writes it compactly. The same events give the same bytes, in whichever order they came.</summary>
    public void Write(SlotWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.Whole(newest);
        writer.Whole(accumulators.Length - MissingLeaves.Count);
        for (var index = 0; index < accumulators.Length; index++)
        {
            if (!MissingLeaves.AsSpan().Contains(index))
            {
                var leaf = catalog.Leaves[index];
                writer.Bits(leaf.Key);
                accumulators[index].Write(leaf.Length, newest, writer);
            }
        }
    }

    /// <summary>Reads what <see cref="Write"/> wrote, perhaps with another catalogue: leaves that are gone are dropped, those that are new are <see cref="MissingLeaves"/>.</summary>
    public static Observed Read(ref SlotReader reader, WindowCatalog catalog)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        var seen = reader.Whole();
        var read = new Accumulator[catalog.Leaves.Length];
        var found = new bool[read.Length];
        for (var remaining = reader.Int(); remaining > 0; remaining--)
        {
            var index = catalog.Find(reader.Bits());
            var accumulator = Accumulator.Read(ref reader);
            if (index is { } place)
            {
                read[place] = accumulator;
                found[place] = true;
            }
        }

        return new Observed(catalog, read, shared: false, seen, Enumerable.Range(0, found.Length).Where(index => !found[index]).ToSequence());
    }

    private Accumulator[] Own()
    {
        if (shared)
        {
            accumulators = (Accumulator[])accumulators.Clone();
            shared = false;
        }

        return accumulators;
    }
}
