using Crm.Events;
using Crm.Values;
using NodaTime;

namespace Crm.Conditions;

/// <summary>The meaning of measures over events: a scan of the whole history. The kernel's accumulators give the same, faster.</summary>
public static class HistoryWindows
{
    /// <summary>Whether a measure over events passes its test at an instant, and until when that stays so if no event comes.</summary>
    /// <param name="leaf">The measure.</param>
    /// <param name="history">Events with when they count, in any order; those later than <paramref name="now"/> do not count yet. Instants are taken to the tick (100 ns).</param>
    /// <param name="now">The instant of the question.</param>
    public static Truth Evaluate(Condition.EventWindow leaf, IEnumerable<(CustomerEvent Event, Instant At)> history, Instant now)
    {
        ArgumentNullException.ThrowIfNull(leaf);
        ArgumentNullException.ThrowIfNull(history);
        var known = Known(history, now);
        var samples = Samples(leaf, known);
        var anchor = Anchor(leaf.Window, known);
        var edges = samples.SelectMany(sample => Edges(leaf, sample.At, anchor)).Where(edge => edge > now.ToUnixTimeTicks() && edge != WindowMeaning.Never).Distinct().Order().Select(Instant.FromUnixTimeTicks).ToList();
        var answer = leaf.Is.At(ValueAt(leaf, samples, anchor, now), leaf.WhenMissing, now);
        var change = answer.ValidUntil;
        foreach (var edge in edges)
        {
            if (change < edge)
            {
                break;
            }

            var truth = leaf.Is.At(ValueAt(leaf, samples, anchor, edge), leaf.WhenMissing, edge);
            if (truth.Value != answer.Value)
            {
                return answer with { ValidUntil = edge };
            }

            change = truth.ValidUntil;
        }

        return answer with { ValidUntil = change };
    }

    /// <summary>The instant up to which events matter no more to a measure, whatever they are; null: they matter however long ago they were.</summary>
    /// <param name="leaf">The measure.</param>
    /// <param name="now">The instant of the question.</param>
    public static Instant? Forgotten(Condition.EventWindow leaf, Instant now)
    {
        ArgumentNullException.ThrowIfNull(leaf);
        var ticks = now.ToUnixTimeTicks();
        var window = leaf.Window is Window.Between { From: { } from } ? Math.Max(0, ticks - from.ToUnixTimeTicks() + 1) : leaf.Window.Reach();
        var reach = leaf.Measure is Measure.Sequence sequence ? sequence.Reach(window) : window;
        return reach >= WindowMeaning.Forever ? null : Instant.FromUnixTimeTicks(ticks).Moved(-Duration.FromTicks(reach));
    }

    /// <summary>What is measured at an instant, whichever the test; missing where the measure has no value.</summary>
    /// <inheritdoc cref="Evaluate" path="/param"/>
    public static Scalar Measure(Condition.EventWindow leaf, IEnumerable<(CustomerEvent Event, Instant At)> history, Instant now)
    {
        ArgumentNullException.ThrowIfNull(leaf);
        ArgumentNullException.ThrowIfNull(history);
        var known = Known(history, now);
        return ValueAt(leaf, Samples(leaf, known), Anchor(leaf.Window, known), now);
    }

    /// <summary>
    /// What events give a measure, and when each counts, in the order of the events: 1 for whatever is only counted, amounts and values, and 1 for each instant that completes a sequence. Whichever the window and the
    /// test; all of the history is taken to be known. An executor that keeps these has all that a measure is made of.
    /// </summary>
    /// <param name="leaf">The measure; its kind, filter and measure are looked at.</param>
    /// <param name="history">Events with when they count, in any order. Instants are taken to the tick (100 ns).</param>
    public static IReadOnlyList<(Instant At, Scalar Value)> Samples(Condition.EventWindow leaf, IEnumerable<(CustomerEvent Event, Instant At)> history)
    {
        ArgumentNullException.ThrowIfNull(leaf);
        ArgumentNullException.ThrowIfNull(history);
        return [.. Samples(leaf, Known(history, Instant.MaxValue)).OrderBy(sample => sample.At).Select(sample => (Instant.FromUnixTimeTicks(sample.At), sample.Value))];
    }

    /// <summary>The events that a measure counts at an instant, oldest first. For a sequence, those that may take part in one: its beginnings and steps up to the instant.</summary>
    /// <inheritdoc cref="Evaluate" path="/param"/>
    public static IEnumerable<CustomerEvent> EventsOf(Condition.EventWindow leaf, IEnumerable<(CustomerEvent Event, Instant At)> history, Instant now)
    {
        ArgumentNullException.ThrowIfNull(leaf);
        ArgumentNullException.ThrowIfNull(history);
        var known = Known(history, now);
        var anchor = Anchor(leaf.Window, known);
        var ticks = now.ToUnixTimeTicks();
        return known.Where(one => Counts(one)).OrderBy(one => one.At).Select(one => one.Event);

        bool Counts((CustomerEvent Event, long At) one) => leaf.Measure is Conditions.Measure.Sequence sequence
            ? EventFilter.Matches(new EventPattern(leaf.Kind) { Where = leaf.Where }, one.Event) || sequence.Then.Any(step => EventFilter.Matches(step.Event, one.Event))
            : leaf.Window.Enters(one.At, anchor) <= ticks && ticks < leaf.Window.Leaves(one.At, anchor) && EventFilter.Samples(leaf, one.Event, Instant.FromUnixTimeTicks(one.At)).Any();
    }

    private static List<(CustomerEvent Event, long At)> Known(IEnumerable<(CustomerEvent Event, Instant At)> history, Instant now) =>
        history.Select(one => (one.Event, At: one.At.ToUnixTimeTicks())).Where(one => one.At <= now.ToUnixTimeTicks()).ToList();

    private static long Anchor(Window window, List<(CustomerEvent Event, long At)> known)
    {
        if (window is not Window.Since since)
        {
            return WindowMeaning.Never;
        }

        var anchors = known.Where(one => EventFilter.Matches(since.Event, one.Event)).Select(one => one.At).DefaultIfEmpty(WindowMeaning.Never);
        return since.First ? anchors.Min() : anchors.Max();
    }

    private static List<(long At, Scalar Value)> Samples(Condition.EventWindow leaf, List<(CustomerEvent Event, long At)> known) => leaf.Measure is Conditions.Measure.Sequence sequence
        ? Completions(leaf, sequence, known).Distinct().Select(at => (at, (Scalar)1)).ToList()
        : known.SelectMany(one => EventFilter.Samples(leaf, one.Event, Instant.FromUnixTimeTicks(one.At)).Select(value => (one.At, value))).ToList();

    private static IEnumerable<long> Completions(Condition.EventWindow leaf, Measure.Sequence sequence, List<(CustomerEvent Event, long At)> known)
    {
        var begin = new EventPattern(leaf.Kind) { Where = leaf.Where };
        var ends = known.Where(one => EventFilter.Matches(begin, one.Event)).SelectMany(one => Ends(one.At, 0));
        return sequence.Lacking is { For: var wait } lacking
            ? ends.Where(end => !known.Exists(one => one.At > end && one.At <= WindowMeaning.Later(end, WindowMeaning.Ticks(wait)) && EventFilter.Matches(lacking.Event, one.Event)))
                .Select(end => WindowMeaning.Later(end, WindowMeaning.Ticks(wait))).Where(at => at != WindowMeaning.Never)
            : ends;

        IEnumerable<long> Ends(long before, int next)
        {
            if (next == sequence.Then.Count)
            {
                return [before];
            }

            var step = sequence.Then[next];
            return known.Where(one => one.At > before
                    && one.At - before >= WindowMeaning.Ticks(step.After)
                    && (step.Within is not { } within || one.At - before <= WindowMeaning.Ticks(within))
                    && EventFilter.Matches(step.Event, one.Event)
                    && !(step.Without is { } without && known.Exists(other => other.At > before && other.At < one.At && EventFilter.Matches(without, other.Event))))
                .Select(one => one.At).Distinct().SelectMany(at => Ends(at, next + 1));
        }
    }

    private static IEnumerable<long> Edges(Condition.EventWindow leaf, long at, long anchor) => leaf.Measure is Conditions.Measure.Periods periods
        ? leaf.Window.PartEdges(at, periods.OutOf)
        : [leaf.Window.Enters(at, anchor), leaf.Window.Leaves(at, anchor)];

    private static Scalar ValueAt(Condition.EventWindow leaf, List<(long At, Scalar Value)> samples, long anchor, Instant now)
    {
        var ticks = now.ToUnixTimeTicks();
        var counted = samples.Where(one => leaf.Window.Enters(one.At, anchor) <= ticks && ticks < leaf.Window.Leaves(one.At, anchor)).ToList();
        return leaf.Measure switch
        {
            Conditions.Measure.Sequence => counted.Count,
            Conditions.Measure.Periods periods => counted.GroupBy(one => leaf.Window.Part(one.At, periods.OutOf, ticks)).Count(part => part.Count() >= periods.Times),
            Conditions.Measure.Aggregate aggregate => Value(aggregate.How, counted),
            _ => counted.Sum(one => one.Value.AsNumber),
        };
    }

    private static Scalar Value(Aggregation how, List<(long At, Scalar Value)> counted) => how switch
    {
        Aggregation.Sum => counted.Sum(one => one.Value.AsNumber),
        Aggregation.Distinct => counted.Select(one => one.Value).Distinct().Count(),
        _ when counted.Count == 0 => default(Scalar),
        Aggregation.Average => counted.Sum(one => one.Value.AsNumber) / counted.Count,
        Aggregation.Least => counted.Select(one => one.Value).Order(ScalarOrder.Instance).First(),
        Aggregation.Greatest => counted.Select(one => one.Value).Order(ScalarOrder.Instance).Last(),
        Aggregation.First => counted.OrderBy(one => one.At).ThenBy(one => one.Value, ScalarOrder.Instance).First().Value,
        Aggregation.Latest => counted.OrderByDescending(one => one.At).ThenBy(one => one.Value, ScalarOrder.Instance).First().Value,
        Aggregation.MostFrequent => counted.GroupBy(one => one.Value).OrderByDescending(group => group.Count()).ThenBy(group => group.Key, ScalarOrder.Instance).First().Key,
        Aggregation.Unique => Scalar.Of(counted.SelectMany(one => one.Value.AsCodes)),
        _ => throw new InvalidOperationException($"The evaluator has no meaning for the aggregation {how}."),
    };
}
