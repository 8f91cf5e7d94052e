using System.Globalization;
using System.Runtime.InteropServices;
using Crm.Values;

namespace Crm.Analytics.Scores;

/// <summary>What a customer is scored by.</summary>
/// <param name="RecencyDays">How long ago the latest purchase was; 0 or more, the less the better.</param>
/// <param name="Frequency">How many purchases there are.</param>
/// <param name="Monetary">What they amount to.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct RfmValues(int RecencyDays, int Frequency, decimal Monetary);

/// <summary>Scores from 1, the worst, to 5.</summary>
/// <param name="R">By recency.</param>
/// <param name="F">By frequency.</param>
/// <param name="M">By amount.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct RfmScores(int R, int F, int M)
{
    /// <summary>The three digits, such as "543".</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{R}{F}{M}");
}

/// <summary>How values become scores.</summary>
public abstract record RfmBins
{
    private protected RfmBins()
    {
    }

    /// <summary>The scores of customers, in their order.</summary>
    public Sequence<RfmScores> Score(IReadOnlyList<RfmValues> customers)
    {
        ArgumentNullException.ThrowIfNull(customers);
        var recency = Score(RfmDimension.Recency, [.. customers.Select(customer => (decimal)customer.RecencyDays)]);
        var frequency = Score(RfmDimension.Frequency, [.. customers.Select(customer => (decimal)customer.Frequency)]);
        var monetary = Score(RfmDimension.Monetary, [.. customers.Select(customer => customer.Monetary)]);
        return customers.Select((_, place) => new RfmScores(6 - recency[place], frequency[place], monetary[place])).ToSequence();
    }

    /// <summary>For each value the bin from 1, the least values, to 5.</summary>
    private protected abstract int[] Score(RfmDimension dimension, decimal[] values);

    /// <summary>Fifths of the customers: each score has as many as the others, to one. Of equal values those that come earlier in the list are taken for less, so the order of the list should be one that does not change.</summary>
    public sealed record QuintileByRank : RfmBins
    {
        private protected override int[] Score(RfmDimension dimension, decimal[] values)
        {
            var bins = new int[values.Length];
            var rank = 0L;
            foreach (var place in Enumerable.Range(0, values.Length).OrderBy(place => values[place]).ThenBy(place => place))
            {
                bins[place] = 1 + (int)(5 * rank++ / values.Length);
            }

            return bins;
        }
    }

    /// <summary>Cuts at the quintiles of the values (interpolated linearly, R's type 7), each with the values up to it: equal values have equal scores.</summary>
    public sealed record QuintileByValue : RfmBins
    {
        private protected override int[] Score(RfmDimension dimension, decimal[] values) => UpTo(Quintiles(values), values);
    }

    /// <summary>Cuts as the R package rfm has them: quintiles plus 1, each with the values below it. For whole numbers with whole quintiles the same as <see cref="QuintileByValue"/>; what lies less than 1 above a quintile falls lower.</summary>
    public sealed record RfmPackage : RfmBins
    {
        private protected override int[] Score(RfmDimension dimension, decimal[] values)
        {
            var cuts = Quintiles(values);
            return [.. values.Select(value => 1 + cuts.Count(cut => value >= cut + 1))];
        }
    }

    /// <summary>Stated cuts, four for each of the three, rising, each with the values up to it.</summary>
    /// <param name="Recency">In days.</param>
    /// <param name="Frequency">In purchases.</param>
    /// <param name="Monetary">In the main unit of the currency.</param>
    public sealed record Fixed(Sequence<decimal> Recency, Sequence<decimal> Frequency, Sequence<decimal> Monetary) : RfmBins
    {
        /// <inheritdoc cref="Fixed" path="/param[@name='Recency']"/>
        public Sequence<decimal> Recency { get; } = FourRising(Recency, "recency");

        /// <inheritdoc cref="Fixed" path="/param[@name='Frequency']"/>
        public Sequence<decimal> Frequency { get; } = FourRising(Frequency, "frequency");

        /// <inheritdoc cref="Fixed" path="/param[@name='Monetary']"/>
        public Sequence<decimal> Monetary { get; } = FourRising(Monetary, "monetary");

        private protected override int[] Score(RfmDimension dimension, decimal[] values) => UpTo(
            dimension switch { RfmDimension.Recency => Recency, RfmDimension.Frequency => Frequency, _ => Monetary },
            values);

        private static Sequence<decimal> FourRising(Sequence<decimal> cuts, string name)
        {
            var rising = cuts.Count == 4;
            for (var i = 1; i < cuts.Count; i++)
            {
                rising &= cuts[i - 1] < cuts[i];
            }

            return rising ? cuts : throw new ArgumentException($"The cuts of {name} are {cuts}; four rising numbers are expected.", name);
        }
    }

    private static int[] UpTo(IReadOnlyList<decimal> cuts, decimal[] values) => [.. values.Select(value => 1 + cuts.Count(cut => value > cut))];

    private static decimal[] Quintiles(decimal[] values)
    {
        if (values.Length == 0)
        {
            return [];
        }

        var sorted = values.Order().ToArray();
        return [.. Enumerable.Range(1, 4).Select(fifth =>
        {
            var at = (sorted.Length - 1) * fifth / 5m;
            var below = (int)decimal.Floor(at);
            return sorted[below] + ((at - below) * (sorted[Math.Min(below + 1, sorted.Length - 1)] - sorted[below]));
        })];
    }
}

/// <summary>One of the three.</summary>
internal enum RfmDimension
{
    Recency,
    Frequency,
    Monetary,
}
