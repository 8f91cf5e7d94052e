using Crm.Conditions;
using Crm.Values;
using NodaTime;

namespace Crm.Segmentation.Columns;

/// <summary>Tests what the samples of a window make, customer by customer. Samples lie by instant, so those of a window are neighbours.</summary>
/// <param name="columns">The samples.</param>
/// <param name="range">Which count, in ticks.</param>
/// <param name="since">What else they are counted since; null: nothing.</param>
/// <param name="passes">Whether the samples of the places from the first until the second make a value that passes.</param>
internal sealed class SampleScan(SampleColumns columns, TickRange range, SinceEvent? since, Func<int, int, bool> passes) : Scan.OneByOne
{
    protected override ulong Word(int first, int end)
    {
        var bits = 0UL;
        for (var customer = first; customer < end; customer++)
        {
            var (after, until) = since is null ? (range.After, range.Until) : since.RangeOf(customer, range.Until);
            var (start, last) = (columns.Firsts[customer], columns.Firsts[customer + 1]);
            while (last > start && columns.Ticks[last - 1] > until)
            {
                last--;
            }

            var from = last;
            while (from > start && columns.Ticks[from - 1] > after)
            {
                from--;
            }

            bits |= passes(from, last) ? 1UL << (customer - first) : 0;
        }

        return bits;
    }
}

/// <summary>The first, or the latest, event since which others count.</summary>
/// <param name="columns">Those events.</param>
/// <param name="isFirst">Whether the first is meant.</param>
/// <param name="within">For how long others count, in ticks; null: up to now.</param>
internal sealed class SinceEvent(SampleColumns columns, bool isFirst, long? within)
{
    /// <summary>The ticks that count for a customer; without such an event none.</summary>
    public (long After, long Until) RangeOf(int customer, long now)
    {
        var (start, last) = (columns.Firsts[customer], columns.Firsts[customer + 1]);
        while (last > start && columns.Ticks[last - 1] > now)
        {
            last--;
        }

        if (last == start)
        {
            return (long.MaxValue, long.MinValue);
        }

        var at = columns.Ticks[isFirst ? start : last - 1];
        return (at, within is { } length && length < now - at ? at + length : now);
    }
}

/// <summary>What samples make: a number or one of their values, as the evaluator says, and whether it passes.</summary>
internal sealed class SampleMeasure(SampleColumns columns, Condition.EventWindow leaf, Instant now)
{
    private const int Few = 128;
    private readonly bool[] answers = leaf.Measure is Measure.Aggregate { How: Aggregation.Least or Aggregation.Greatest or Aggregation.First or Aggregation.Latest or Aggregation.MostFrequent }
        ? [.. columns.Known.Select(value => Evaluator.Passes(leaf.Is, value, leaf.WhenMissing, now).Value)]
        : [];

    /// <summary>The test of samples that are neighbours.</summary>
    public Func<int, int, bool> Test() => leaf.Measure switch
    {
        Measure.Count or Measure.Sequence => (from, until) => Passes(until - from),
        Measure.SumOfSpend or Measure.SumOfQuantity => (from, until) => Passes(Sum(from, until)),
        Measure.Periods periods => Periods(periods),
        Measure.Aggregate aggregate => Aggregate(aggregate.How),
        _ => throw new InvalidOperationException($"There is no scan for the measure {leaf.Measure.GetType().Name}."),
    };

    private int[] Places => columns.Places ?? throw new InvalidOperationException("These samples are only counted.");

    private Func<int, int, bool> Aggregate(Aggregation how) => how switch
    {
        Aggregation.Sum => (from, until) => Passes(Sum(from, until)),
        Aggregation.Average => (from, until) => Passes(until == from ? default(Scalar) : Sum(from, until) / (until - from)),
        Aggregation.Distinct => (from, until) => Passes(Distinct(from, until)),
        Aggregation.Least => (from, until) => Answer(from, until, Least),
        Aggregation.Greatest => (from, until) => Answer(from, until, Greatest),
        Aggregation.First => (from, until) => Answer(from, until, First),
        Aggregation.Latest => (from, until) => Answer(from, until, Latest),
        Aggregation.MostFrequent => (from, until) => Answer(from, until, MostFrequent),
        Aggregation.Unique => (from, until) => Passes(Unique(from, until)),
        _ => throw new InvalidOperationException($"There is no scan for the aggregation {how}."),
    };

    private bool Passes(Scalar value) => Evaluator.Passes(leaf.Is, value, leaf.WhenMissing, now).Value;

    private bool Answer(int from, int until, Func<int, int, int> which) => from == until ? leaf.WhenMissing && leaf.Is is not Conditions.Test.Known : answers[which(from, until)];

    private decimal Sum(int from, int until)
    {
        var sum = 0m;
        for (var place = from; place < until; place++)
        {
            sum += columns.Known[Places[place]].AsNumber;
        }

        return sum;
    }

    private int Least(int from, int until) => Min(Places.AsSpan(from, until - from));

    private int Greatest(int from, int until)
    {
        var greatest = Places[from];
        for (var place = from + 1; place < until; place++)
        {
            greatest = Math.Max(greatest, Places[place]);
        }

        return greatest;
    }

    // Of several at one instant the least is meant.
    private int First(int from, int until)
    {
        var last = from + 1;
        while (last < until && columns.Ticks[last] == columns.Ticks[from])
        {
            last++;
        }

        return Min(Places.AsSpan(from, last - from));
    }

    private int Latest(int from, int until)
    {
        var first = until - 1;
        while (first > from && columns.Ticks[first - 1] == columns.Ticks[until - 1])
        {
            first--;
        }

        return Min(Places.AsSpan(first, until - first));
    }

    private static int Min(ReadOnlySpan<int> places)
    {
        var least = places[0];
        foreach (var place in places)
        {
            least = Math.Min(least, place);
        }

        return least;
    }

    private int Distinct(int from, int until)
    {
        Span<int> sorted = until - from <= Few ? stackalloc int[until - from] : new int[until - from];
        Sort(from, until, sorted);
        var distinct = 0;
        for (var i = 0; i < sorted.Length; i++)
        {
            distinct += i == 0 || sorted[i] != sorted[i - 1] ? 1 : 0;
        }

        return distinct;
    }

    private Scalar Unique(int from, int until)
    {
        var codes = new HashSet<string>(StringComparer.Ordinal);
        foreach (var place in Places.AsSpan(from, until - from))
        {
            codes.UnionWith(columns.Known[place].AsCodes);
        }

        return from == until ? default(Scalar) : Scalar.Of(codes);
    }

    private int MostFrequent(int from, int until)
    {
        Span<int> sorted = until - from <= Few ? stackalloc int[until - from] : new int[until - from];
        Sort(from, until, sorted);
        var (best, most, times) = (sorted[0], 0, 0);
        for (var i = 0; i < sorted.Length; i++)
        {
            times = i > 0 && sorted[i] == sorted[i - 1] ? times + 1 : 1;
            if (times > most)
            {
                (best, most) = (sorted[i], times);
            }
        }

        return best;
    }

    private void Sort(int from, int until, Span<int> sorted)
    {
        Places.AsSpan(from, until - from).CopyTo(sorted);
        sorted.Sort();
    }

    /// <summary>Parts of a window lie by instant too, so the samples of one are neighbours.</summary>
    private Func<int, int, bool> Periods(Measure.Periods periods)
    {
        var part = Part(periods);
        return (from, until) =>
        {
            var active = 0;
            for (int place = from, next; place < until; place = next)
            {
                var own = part(columns.Ticks[place]);
                for (next = place + 1; next < until && part(columns.Ticks[next]) == own; next++)
                {
                }

                active += next - place >= periods.Times ? 1 : 0;
            }

            return Passes(active);
        };
    }

    private Func<long, long> Part(Measure.Periods periods)
    {
        if (leaf.Window is Window.Last last)
        {
            var (ticks, length) = (now.ToUnixTimeTicks(), last.Length.BclCompatibleTicks / periods.OutOf);
            return at => (ticks - at) / length;
        }

        var calendar = (Window.Calendar)leaf.Window;
        var zone = CalendarDays.Zone(calendar.Zone);
        var today = zone.DayOf(now);
        var starts = Enumerable.Range(0, calendar.Count).Select(i => zone.Start(calendar.Unit, today, -calendar.Skip - i).ToUnixTimeTicks()).ToArray();
        return at => Array.FindIndex(starts, start => at >= start);
    }
}
