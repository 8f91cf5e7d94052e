using Crm.Conditions;
using Crm.Values;

namespace Crm.Modules;

/// <summary>What aggregates over a whole life need, without the instants: counters and the extremes. It is never changed: adding gives another.</summary>
internal sealed record SampleSummary
{
    private long count;
    private decimal sum;
    private Sample? kept;
    private Sequence<(Scalar Value, long Times)> values;

    /// <summary>The different values with how often each came, in their order; only where they are asked for.</summary>
    public Sequence<(Scalar Value, long Times)> Values => values;

    /// <summary>Nothing yet.</summary>
    public static SampleSummary Empty { get; } = new();

    /// <summary>With one more value, for one way of making one value of many.</summary>
    public SampleSummary Add(Aggregation how, long ticks, Scalar value)
    {
        var sample = new Sample(ticks, value);
        return how switch
        {
            Aggregation.Sum or Aggregation.Average => this with { count = count + 1, sum = sum + value.AsNumber },
            Aggregation.Distinct or Aggregation.MostFrequent or Aggregation.Unique => this with { values = Counted(value, 1) },
            _ => kept is { } before && !Replaces(how, sample, before) ? this : this with { kept = sample },
        };
    }

    /// <summary>With all values of another, for one way of making one value of many.</summary>
    public SampleSummary Join(Aggregation how, SampleSummary other)
    {
        var joined = this with { count = count + other.count, sum = sum + other.sum };
        foreach (var (value, times) in other.values)
        {
            joined = joined with { values = joined.Counted(value, times) };
        }

        return other.kept is { } sample && (kept is not { } before || Replaces(how, sample, before)) ? joined with { kept = sample } : joined;
    }

    /// <summary>The value; missing when there is none.</summary>
    public Scalar Value(Aggregation how) => how switch
    {
        Aggregation.Sum => sum,
        Aggregation.Average => count == 0 ? default(Scalar) : sum / count,
        Aggregation.Distinct or Aggregation.MostFrequent or Aggregation.Unique => Of(how, values),
        _ => kept?.Value ?? default,
    };

    /// <summary>What different values and how often each came amount to: how many they are, all of them, or the one that comes most often, of several the least. Without values the last two are missing.</summary>
    public static Scalar Of(Aggregation how, IReadOnlyCollection<(Scalar Value, long Times)> values) => how switch
    {
        Aggregation.Distinct => values.Count,
        Aggregation.Unique => values.Count == 0 ? default(Scalar) : Scalar.Of(values.SelectMany(one => one.Value.AsCodes)),
        _ => values.OrderByDescending(one => one.Times).ThenBy(one => one.Value, ScalarOrder.Instance).Select(one => one.Value).FirstOrDefault(),
    };

    public void Write(SlotWriter writer)
    {
        writer.Whole(count);
        writer.Number(sum);
        writer.Flag(kept is not null);
        if (kept is { } sample)
        {
            writer.Whole(sample.Ticks);
            writer.Scalar(sample.Value);
        }

        writer.Whole(values.Count);
        foreach (var (value, times) in values)
        {
            writer.Scalar(value);
            writer.Whole(times);
        }
    }

    public static SampleSummary Read(ref SlotReader reader)
    {
        var summary = new SampleSummary { count = reader.Whole(), sum = reader.Number() };
        if (reader.Flag())
        {
            summary.kept = new Sample(reader.Whole(), reader.Scalar());
        }

        var counted = new (Scalar, long)[reader.Int()];
        for (var i = 0; i < counted.Length; i++)
        {
            counted[i] = (reader.Scalar(), reader.Whole());
        }

        summary.values = counted.ToSequence();
        return summary;
    }

    private static bool Replaces(Aggregation how, Sample sample, Sample before) => how switch
    {
        Aggregation.Least => ScalarOrder.Instance.Compare(sample.Value, before.Value) is var order && (order < 0 || (order == 0 && sample.Ticks < before.Ticks)),
        Aggregation.Greatest => ScalarOrder.Instance.Compare(sample.Value, before.Value) is var order && (order > 0 || (order == 0 && sample.Ticks < before.Ticks)),
        Aggregation.First => sample.CompareTo(before) < 0,
        _ => sample.Ticks > before.Ticks || (sample.Ticks == before.Ticks && ScalarOrder.Instance.Compare(sample.Value, before.Value) < 0),
    };

    private Sequence<(Scalar Value, long Times)> Counted(Scalar value, long times)
    {
        var items = values.AsSpan();
        var place = 0;
        while (place < items.Length && ScalarOrder.Instance.Compare(items[place].Value, value) < 0)
        {
            place++;
        }

        var isKnown = place < items.Length && items[place].Value == value;
        var next = new (Scalar, long)[items.Length + (isKnown ? 0 : 1)];
        items[..place].CopyTo(next);
        next[place] = (value, isKnown ? items[place].Times + times : times);
        items[(isKnown ? place + 1 : place)..].CopyTo(next.AsSpan(place + 1));
        return Sequence.Create<(Scalar Value, long Times)>(next);
    }
}
