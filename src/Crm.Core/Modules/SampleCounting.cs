using Crm.Conditions;
using Crm.Values;

namespace Crm.Modules;

/// <summary>What a leaf measures over samples that are ordered by instant, at any instant.</summary>
internal readonly ref struct SampleCounting(Condition.EventWindow leaf, ReadOnlySpan<Sample> samples, long anchor)
{
    private readonly ReadOnlySpan<Sample> samples = samples;

    /// <summary>The value at an instant.</summary>
    public Scalar ValueAt(long now)
    {
        var (first, after) = (FirstToLeave(now), FirstToEnter(now));
        var counted = first < after ? samples[first..after] : default;
        return leaf.Measure switch
        {
            Measure.Sequence => Instants(counted),
            Measure.Periods periods => Active(periods, counted, now),
            Measure.Aggregate aggregate => Value(aggregate.How, counted),
            _ => Sum(counted),
        };
    }

    /// <summary>The next instant at which another sample counts, one counts no more or one goes to another part; <see cref="WindowMeaning.Never"/> when there is none.</summary>
    public long NextEdge(long now)
    {
        var next = WindowMeaning.Never;
        if (leaf.Measure is Measure.Periods periods)
        {
            for (var i = FirstToLeave(now); i < samples.Length; i++)
            {
                foreach (var edge in leaf.Window.PartEdges(samples[i].Ticks, periods.OutOf))
                {
                    next = edge > now ? Math.Min(next, edge) : next;
                }
            }

            return next;
        }

        var (first, after) = (FirstToLeave(now), FirstToEnter(now));
        next = first < samples.Length ? leaf.Window.Leaves(samples[first].Ticks, anchor) : next;
        return after < samples.Length ? Math.Min(next, leaf.Window.Enters(samples[after].Ticks, anchor)) : next;
    }

    private int FirstToLeave(long now)
    {
        var (low, high) = (0, samples.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = leaf.Window.Leaves(samples[middle].Ticks, anchor) > now ? (low, middle) : (middle + 1, high);
        }

        return low;
    }

    private int FirstToEnter(long now)
    {
        var (low, high) = (0, samples.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = leaf.Window.Enters(samples[middle].Ticks, anchor) > now ? (low, middle) : (middle + 1, high);
        }

        return low;
    }

    private int Active(Measure.Periods periods, ReadOnlySpan<Sample> counted, long now)
    {
        var (active, inPart, part) = (0, 0, -1);
        foreach (ref readonly var sample in counted)
        {
            var of = leaf.Window.Part(sample.Ticks, periods.OutOf, now);
            inPart = of == part ? inPart + 1 : 1;
            part = of;
            active += inPart == periods.Times ? 1 : 0;
        }

        return active;
    }

    private static int Instants(ReadOnlySpan<Sample> counted)
    {
        var instants = 0;
        for (var i = 0; i < counted.Length; i++)
        {
            instants += i == 0 || counted[i].Ticks != counted[i - 1].Ticks ? 1 : 0;
        }

        return instants;
    }

    private static decimal Sum(ReadOnlySpan<Sample> counted)
    {
        var sum = 0m;
        foreach (ref readonly var sample in counted)
        {
            sum += sample.Value.AsNumber;
        }

        return sum;
    }

    private static Scalar Value(Aggregation how, ReadOnlySpan<Sample> counted)
    {
        switch (how)
        {
            case Aggregation.Sum:
                return Sum(counted);
            case Aggregation.Distinct or Aggregation.MostFrequent or Aggregation.Unique:
                return Different(how, counted);
            case var _ when counted.IsEmpty:
                return default;
            case Aggregation.Average:
                return Sum(counted) / counted.Length;
            case Aggregation.First:
                return counted[0].Value;
            case Aggregation.Latest:
                var latest = counted.Length - 1;
                while (latest > 0 && counted[latest - 1].Ticks == counted[^1].Ticks)
                {
                    latest--;
                }

                return counted[latest].Value;
            default:
                var best = counted[0].Value;
                foreach (ref readonly var sample in counted)
                {
                    var order = ScalarOrder.Instance.Compare(sample.Value, best);
                    best = (how == Aggregation.Least ? order < 0 : order > 0) ? sample.Value : best;
                }

                return best;
        }
    }

    private static Scalar Different(Aggregation how, ReadOnlySpan<Sample> counted)
    {
        var summary = new Dictionary<Scalar, long>();
        foreach (ref readonly var sample in counted)
        {
            summary[sample.Value] = summary.GetValueOrDefault(sample.Value) + 1;
        }

        return SampleSummary.Of(how, [.. summary.Select(pair => (pair.Key, pair.Value))]);
    }
}
