using Crm.Conditions;
using Crm.Values;
using NodaTime;

namespace Crm.Modules;

/// <summary>The days that instants are in a zone that only the customer knows: what is kept are the instants, so that a customer who moves has the days of the new zone at once.</summary>
/// <param name="Zone">The zone.</param>
internal readonly record struct SampleDays(DateTimeZone Zone)
{
    /// <summary>The days that a leaf asks for; null where it asks for none, or for those of a zone that is the same for everybody, which are kept as days.</summary>
    public static SampleDays? Of(Condition.EventWindow leaf) =>
        leaf.Measure is Measure.Aggregate { Of: Measured.Day { Zone: CalendarZone.Meant meant } } && meant.Declared.IsOpen() ? new SampleDays(meant.Zone) : null;

    /// <summary>The samples with days instead of instants.</summary>
    public ReadOnlySpan<Sample> Of(ReadOnlySpan<Sample> samples)
    {
        var days = new Sample[samples.Length];
        for (var i = 0; i < samples.Length; i++)
        {
            days[i] = samples[i] with { Value = Day(samples[i].Value) };
        }

        return days;
    }

    /// <summary>What days of a whole life amount to.</summary>
    public Scalar Value(SampleSummary summary, Aggregation how)
    {
        if (how is not (Aggregation.Distinct or Aggregation.MostFrequent))
        {
            return Day(summary.Value(how));
        }

        var times = new Dictionary<Scalar, long>();
        foreach (var (instant, count) in summary.Values)
        {
            var day = Day(instant);
            times[day] = times.GetValueOrDefault(day) + count;
        }

        return SampleSummary.Of(how, [.. times.Select(pair => (pair.Key, pair.Value))]);
    }

    private Scalar Day(Scalar instant) => instant.AsInstant is { } at ? Zone.DayOf(at) : default(Scalar);
}
