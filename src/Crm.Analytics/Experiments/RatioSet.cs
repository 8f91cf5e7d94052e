using System.Globalization;

namespace Crm.Analytics.Experiments;

/// <summary>The values of a ratio that are not contradicted, after Fieller, "Some problems in interval estimation", Journal of the Royal Statistical Society B 16 (1954): where the denominator may be 0, no interval holds them, and this says so.</summary>
public abstract record RatioSet
{
    private protected RatioSet(double level) => Level = level;

    /// <summary>The share of such sets that hold the true ratio.</summary>
    public double Level { get; }

    /// <summary>Whether a ratio is in it.</summary>
    public abstract bool Contains(double ratio);

    /// <summary>All from one to another: the denominator is not 0.</summary>
    /// <param name="Low">The least.</param>
    /// <param name="High">The greatest.</param>
    /// <param name="Level">The level.</param>
    public sealed record Between(double Low, double High, double Level) : RatioSet(Level)
    {
        /// <inheritdoc/>
        public override bool Contains(double ratio) => Low <= ratio && ratio <= High;

        /// <summary>The ends.</summary>
        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"[{Low:R}, {High:R}]");
    }

    /// <summary>All but those between two: the denominator may be 0 and the numerator is not, so the ratio may be of any size with either sign.</summary>
    /// <param name="Low">The greatest below the gap.</param>
    /// <param name="High">The least above the gap.</param>
    /// <param name="Level">The level.</param>
    public sealed record Outside(double Low, double High, double Level) : RatioSet(Level)
    {
        /// <inheritdoc/>
        public override bool Contains(double ratio) => ratio <= Low || High <= ratio;

        /// <summary>Both parts.</summary>
        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"(-∞, {Low:R}] ∪ [{High:R}, ∞)");
    }

    /// <summary>Every ratio: neither numerator nor denominator is known to differ from 0.</summary>
    /// <param name="Level">The level.</param>
    public sealed record Anything(double Level) : RatioSet(Level)
    {
        /// <inheritdoc/>
        public override bool Contains(double ratio) => true;

        /// <summary>All numbers.</summary>
        public override string ToString() => "(-∞, ∞)";
    }

    /// <summary>The set of ratios ρ with (numerator − ρ·denominator)² ≤ reach²·(its variance).</summary>
    /// <param name="numerator">The mean above, and its variance.</param>
    /// <param name="denominator">The mean below, and its variance.</param>
    /// <param name="covariance">Of the two means.</param>
    /// <param name="reach">How many standard deviations are allowed.</param>
    /// <param name="level">What share of sets that allowance makes right.</param>
    internal static RatioSet Fieller((double Mean, double Variance) numerator, (double Mean, double Variance) denominator, double covariance, double reach, double level)
    {
        // a·ρ² − 2b·ρ + c ≤ 0
        var square = reach * reach;
        var a = (denominator.Mean * denominator.Mean) - (square * denominator.Variance);
        var b = (numerator.Mean * denominator.Mean) - (square * covariance);
        var c = (numerator.Mean * numerator.Mean) - (square * numerator.Variance);
        var root = (b * b) - (a * c);
        if (a <= 0 && root < 0)
        {
            return new Anything(level);
        }

        // The root that adds what has one sign, and the other from the product of both: neither loses digits.
        var far = b + (b < 0 ? -Math.Sqrt(Math.Max(0, root)) : Math.Sqrt(Math.Max(0, root)));
        var (one, other) = far == 0 ? (0.0, 0.0) : (c / far, a == 0 ? double.NaN : far / a);
        return (a, far) switch
        {
            (> 0, _) => new Between(Math.Min(one, other), Math.Max(one, other), level),
            (0, 0) => new Anything(level),
            (0, > 0) => new Outside(double.NegativeInfinity, one, level),
            (0, _) => new Outside(one, double.PositiveInfinity, level),
            _ => new Outside(Math.Min(one, other), Math.Max(one, other), level),
        };
    }
}
