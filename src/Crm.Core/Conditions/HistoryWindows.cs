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
        var looksAtLines = EventFilter.LooksAtLines(leaf.Where);
        var counted = history
            .Select(one => (At: ToTick(one.At), Amount: EventFilter.Contribution(leaf, looksAtLines, one.Event) ?? 0))
            .Where(one => one.Amount != 0 && one.At <= now)
            .ToList();
        if (leaf.Window is not Window.Last { Length: var length })
        {
            return new Truth(Holds(leaf, counted.Sum(one => one.Amount)), null);
        }

        var value = Holds(leaf, SumAt(now));
        var edges = counted.Select(one => one.At + length).Where(edge => edge > now).Distinct().Order();
        return new Truth(value, edges.Select(edge => (Instant?)edge).FirstOrDefault(edge => Holds(leaf, SumAt(edge!.Value)) != value));

        decimal SumAt(Instant instant) => counted.Where(one => one.At > instant - length).Sum(one => one.Amount);
    }

    private static bool Holds(Condition.EventWindow leaf, decimal sum) => leaf.Is.Holds(Scalar.Of(sum), leaf.WhenMissing);

    private static Instant ToTick(Instant instant) => Instant.FromUnixTimeTicks(instant.ToUnixTimeTicks());
}
