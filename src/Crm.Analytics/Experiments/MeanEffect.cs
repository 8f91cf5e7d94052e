using Crm.Analytics.Numerics;

namespace Crm.Analytics.Experiments;

/// <summary>
/// What an arm did to a mean amount, by intention to treat: Welch's test of means with unequal variances (Biometrika 34, 1947; degrees of freedom after Satterthwaite).
/// It assumes that the means of such samples vary normally, which is so for thousands of people whatever the amounts are, and not so for few of whom one spends most: then ask <see cref="Resampling"/> too, and believe neither where they differ much.
/// </summary>
public sealed record MeanEffect
{
    private MeanEffect(Sample treated, Sample control, double level)
    {
        (Treated, Control) = (treated, control);
        Difference = treated.Mean - control.Mean;
        var variance = treated.MeanVariance + control.MeanVariance;
        StandardError = Math.Sqrt(variance);
        Freedom = variance == 0 ? treated.Count + control.Count - 2 : variance * variance / (Share(treated) + Share(control));
        _ = ConfidenceInterval.Reach(level);
        var reach = StandardError == 0 ? 0 : Tails.StudentReach(level, Freedom) * StandardError;
        Interval = new(Difference - reach, Difference + reach, level);
        PValue = (StandardError, Difference) switch { (0, 0) => 1, (0, _) => 0, _ => Tails.Student(Difference / StandardError, Freedom) };

        static double Share(Sample sample) => sample.MeanVariance * sample.MeanVariance / (sample.Count - 1);
    }

    /// <summary>The amounts with the treatment.</summary>
    public Sample Treated { get; }

    /// <summary>The amounts without.</summary>
    public Sample Control { get; }

    /// <summary>By how much the mean is higher with the treatment.</summary>
    public double Difference { get; }

    /// <summary>The standard error of the difference.</summary>
    public double StandardError { get; }

    /// <summary>The degrees of freedom.</summary>
    public double Freedom { get; }

    /// <summary>The interval of the difference.</summary>
    public ConfidenceInterval Interval { get; }

    /// <summary>How probable a difference at least so large is where there is none.</summary>
    public double PValue { get; }

    /// <summary>The effect.</summary>
    /// <param name="treated">The amounts with the treatment, of everybody who was assigned to it.</param>
    /// <param name="control">The amounts without.</param>
    /// <param name="level">That of the interval; between 0 and 1.</param>
    public static MeanEffect Of(Sample treated, Sample control, double level = 0.95) => treated.Count > 0 && control.Count > 0
        ? new MeanEffect(treated, control, level)
        : throw new ArgumentException($"There are {treated.Count} people with the treatment and {control.Count} without; at least two of each are expected.", nameof(treated));
}
