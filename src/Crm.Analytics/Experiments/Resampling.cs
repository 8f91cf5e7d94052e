namespace Crm.Analytics.Experiments;

/// <summary>
/// The interval of a difference of means without asking how the amounts are distributed: the bootstrap percentile interval, Efron and Tibshirani, "An introduction to the bootstrap" (1993), chapter 13.
/// Nothing is left to chance: the same amounts in the same order with the same seed give the same interval.
/// </summary>
/// <param name="Difference">By how much the mean is higher with the treatment.</param>
/// <param name="StandardError">How much that varies over the resamples.</param>
/// <param name="Interval">The interval.</param>
public sealed record Resampling(double Difference, double StandardError, ConfidenceInterval Interval)
{
    /// <summary>The effect on a mean amount.</summary>
    /// <param name="treated">The amounts with the treatment, one for each person, 0 included.</param>
    /// <param name="control">The amounts without.</param>
    /// <param name="seed">Any number, decided on beforehand.</param>
    /// <param name="resamples">How many samples are drawn from those that there are; 100 or more.</param>
    /// <param name="level">That of the interval; between 0 and 1.</param>
    /// <exception cref="ArgumentException">There is nobody in an arm.</exception>
    public static Resampling OfMeans(IReadOnlyList<double> treated, IReadOnlyList<double> control, ulong seed, int resamples = 2_000, double level = 0.95)
    {
        ArgumentNullException.ThrowIfNull(treated);
        ArgumentNullException.ThrowIfNull(control);
        ArgumentOutOfRangeException.ThrowIfLessThan(resamples, 100);
        _ = ConfidenceInterval.Reach(level);
        if (treated.Count == 0 || control.Count == 0)
        {
            throw new ArgumentException($"There are {treated.Count} people with the treatment and {control.Count} without; at least one of each is expected.", nameof(treated));
        }

        var luck = new SplitMix(seed);
        var (with, without) = (treated.ToArray(), control.ToArray());
        var differences = new double[resamples];
        for (var i = 0; i < resamples; i++)
        {
            differences[i] = Drawn(with, luck) - Drawn(without, luck);
        }

        var mean = differences.Average();
        var error = Math.Sqrt(differences.Sum(difference => (difference - mean) * (difference - mean)) / (resamples - 1));
        Array.Sort(differences);
        return new Resampling(with.Average() - without.Average(), error, new(Quantile(differences, (1 - level) / 2), Quantile(differences, (1 + level) / 2), level));
    }

    private static double Drawn(double[] amounts, SplitMix luck)
    {
        var sum = 0.0;
        for (var i = 0; i < amounts.Length; i++)
        {
            sum += amounts[luck.Below(amounts.Length)];
        }

        return sum / amounts.Length;
    }

    private static double Quantile(double[] sorted, double share)
    {
        var at = (sorted.Length - 1) * share;
        var below = (int)at;
        return sorted[below] + ((at - below) * (sorted[Math.Min(below + 1, sorted.Length - 1)] - sorted[below]));
    }
}
