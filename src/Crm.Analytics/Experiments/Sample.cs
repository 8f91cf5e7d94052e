using System.Globalization;
using System.Runtime.InteropServices;

namespace Crm.Analytics.Experiments;

/// <summary>What is needed to know of many amounts: how many, their mean and their variance.</summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct Sample
{
    /// <summary>A sample.</summary>
    /// <param name="count">How many amounts; 2 or more.</param>
    /// <param name="mean">Their mean.</param>
    /// <param name="variance">Their variance, over one less than there are; 0 or more.</param>
    /// <exception cref="ArgumentOutOfRangeException">One of them cannot be.</exception>
    public Sample(long count, double mean, double variance)
    {
        if (count < 2 || !double.IsFinite(mean) || !double.IsFinite(variance) || variance < 0)
        {
            throw new ArgumentOutOfRangeException(nameof(count), string.Create(CultureInfo.InvariantCulture, $"A sample of {count} with mean {mean} and variance {variance} was found; two or more, a number, and a number not below 0 are expected."));
        }

        (Count, Mean, Variance) = (count, mean, variance);
    }

    /// <summary>How many amounts.</summary>
    public long Count { get; }

    /// <summary>Their mean.</summary>
    public double Mean { get; }

    /// <summary>Their variance, over one less than there are.</summary>
    public double Variance { get; }

    /// <summary>What they add up to.</summary>
    public double Total => Mean * Count;

    /// <summary>The variance of the mean.</summary>
    internal double MeanVariance => Variance / Count;

    /// <summary>The sample of amounts; people without any are there with 0.</summary>
    public static Sample Of(IEnumerable<double> amounts) => ArmReturns.Of(amounts.Select(amount => (amount, 0.0))).Revenue;
}
