using Crm.Analytics.Numerics;

namespace Crm.Analytics.Experiments;

/// <summary>What an arm did to a rate, by intention to treat: everybody counts in the arm that they were assigned to, whatever became of the message.</summary>
public sealed record RateEffect
{
    private RateEffect(Rate treated, Rate control, double level)
    {
        (Treated, Control) = (treated, control);
        var (t, c) = (treated.Interval(level), control.Interval(level));
        Difference = treated.Value - control.Value;
        DifferenceInterval = new(
            Difference - Hypotenuse(treated.Value - t.Low, c.High - control.Value),
            Difference + Hypotenuse(t.High - treated.Value, control.Value - c.Low),
            level);
        Ratio = control.Count == 0 ? null : treated.Value / control.Value;
        RatioInterval = new(RateRatio.Low(treated, control, level), 1 / RateRatio.Low(control, treated, level), level);
        PValue = Pooled(treated, control);
    }

    /// <summary>The rate with the treatment.</summary>
    public Rate Treated { get; }

    /// <summary>The rate without.</summary>
    public Rate Control { get; }

    /// <summary>By how much the rate is higher with the treatment, as a share of all people: 0.01 is one more of a hundred.</summary>
    public double Difference { get; }

    /// <summary>The interval of the difference: Newcombe's hybrid score interval, method 10 of "Interval estimation for the difference between independent proportions", Statistics in Medicine 17 (1998).</summary>
    public ConfidenceInterval DifferenceInterval { get; }

    /// <summary>The rate with the treatment over that without; null where the latter is 0.</summary>
    public double? Ratio { get; }

    /// <summary>The interval of the ratio: Koopman's asymptotic score interval, Biometrics 40 (1984). Infinite above where nobody without the treatment did it.</summary>
    public ConfidenceInterval RatioInterval { get; }

    /// <summary>How probable a difference at least so large is where there is none: the pooled normal test, which is Pearson's chi-square without correction.</summary>
    public double PValue { get; }

    /// <summary>The effect.</summary>
    /// <param name="treated">The rate with the treatment; of at least one person.</param>
    /// <param name="control">The rate without; of at least one person.</param>
    /// <param name="level">That of the intervals; between 0 and 1.</param>
    /// <exception cref="ArgumentException">There is nobody in an arm.</exception>
    public static RateEffect Of(Rate treated, Rate control, double level = 0.95) => treated.People > 0 && control.People > 0
        ? new RateEffect(treated, control, level)
        : throw new ArgumentException($"There are {treated.People} people with the treatment and {control.People} without; at least one of each is expected.", nameof(treated));

    private static double Hypotenuse(double a, double b) => Math.Sqrt((a * a) + (b * b));

    private static double Pooled(Rate treated, Rate control)
    {
        var pooled = (double)(treated.Count + control.Count) / (treated.People + control.People);
        var error = Math.Sqrt(pooled * (1 - pooled) * ((1.0 / treated.People) + (1.0 / control.People)));
        return error == 0 ? 1 : Tails.Normal((treated.Value - control.Value) / error);
    }
}
