using System.Globalization;
using Crm.Analytics.Numerics;

namespace Crm.Analytics.Experiments;

/// <summary>
/// How many people an experiment needs to find an effect that is there, and how likely so many find it: normal approximations for a two-sided test.
/// Fleiss, Levin and Paik, "Statistical methods for rates and proportions" (2003), chapter 4, as R's power.prop.test has them; Chow, Shao and Wang, "Sample size calculations in clinical research" (2008), section 3.2.
/// </summary>
/// <param name="Power">How likely the effect is to be found; between 0 and 1.</param>
/// <param name="Alpha">How likely an effect is to be found that is not there; between 0 and 1.</param>
/// <param name="ControlForEachTreated">How many are held out for each who is treated; above 0. A tenth held out for nine tenths treated is 1/9.</param>
public sealed record SampleSize(double Power = 0.8, double Alpha = 0.05, double ControlForEachTreated = 1)
{
    /// <inheritdoc cref="SampleSize" path="/param[@name='Power']"/>
    public double Power { get; } = Probability(Power, "power");

    /// <inheritdoc cref="SampleSize" path="/param[@name='Alpha']"/>
    public double Alpha { get; } = Probability(Alpha, "alpha");

    /// <inheritdoc cref="SampleSize" path="/param[@name='ControlForEachTreated']"/>
    public double ControlForEachTreated { get; } = double.IsFinite(ControlForEachTreated) && ControlForEachTreated > 0
        ? ControlForEachTreated
        : throw new ArgumentOutOfRangeException(nameof(ControlForEachTreated), string.Create(CultureInfo.InvariantCulture, $"{ControlForEachTreated} are held out for each who is treated; a number above 0 is expected."));

    private double Reach => Tails.NormalReach(1 - Alpha);

    /// <summary>How many people have to be treated so that a difference between two rates is found; a whole number is the next above.</summary>
    /// <param name="treated">The rate with the treatment; between 0 and 1.</param>
    /// <param name="control">The rate without; between 0 and 1, another one.</param>
    public double TreatedForRates(double treated, double control)
    {
        var (apart, none, some) = Rates(treated, control);
        var sum = (Reach * none) + (Tails.NormalQuantile(Power) * some);
        return sum * sum / (apart * apart);
    }

    /// <summary>How likely a difference between two rates is to be found.</summary>
    /// <param name="people">How many are treated.</param>
    /// <param name="treated">The rate with the treatment; between 0 and 1.</param>
    /// <param name="control">The rate without; between 0 and 1, another one.</param>
    public double PowerForRates(double people, double treated, double control)
    {
        var (apart, none, some) = Rates(treated, control);
        return Tails.NormalBelow(((Math.Sqrt(people) * apart) - (Reach * none)) / some);
    }

    /// <summary>How many people have to be treated so that a difference between two means is found.</summary>
    /// <param name="difference">The difference; not 0.</param>
    /// <param name="deviation">The standard deviation of the amounts of single people, those without any as 0; above 0. That of revenue is often many times its mean.</param>
    public double TreatedForMeans(double difference, double deviation)
    {
        var reach = Reach + Tails.NormalQuantile(Power);
        return (1 + (1 / ControlForEachTreated)) * Square(reach * Positive(deviation, "deviation") / Positive(Math.Abs(difference), "difference"));
    }

    /// <summary>The least difference between two means that so many people find.</summary>
    /// <param name="people">How many are treated; above 0.</param>
    /// <param name="deviation">The standard deviation of the amounts of single people; above 0.</param>
    public double LeastDifferenceOfMeans(double people, double deviation) =>
        (Reach + Tails.NormalQuantile(Power)) * Positive(deviation, "deviation") * Math.Sqrt((1 + (1 / ControlForEachTreated)) / Positive(people, "people"));

    private (double Apart, double None, double Some) Rates(double treated, double control)
    {
        Probability(treated, "rate of the treated");
        Probability(control, "rate of those held out");
        var each = ControlForEachTreated;
        var pooled = (treated + (each * control)) / (1 + each);
        return (
            Positive(Math.Abs(treated - control), "difference"),
            Math.Sqrt(pooled * (1 - pooled) * (1 + (1 / each))),
            Math.Sqrt((treated * (1 - treated)) + (control * (1 - control) / each)));
    }

    private static double Square(double x) => x * x;

    private static double Probability(double value, string name) => value is > 0 and < 1
        ? value
        : throw new ArgumentOutOfRangeException(name, string.Create(CultureInfo.InvariantCulture, $"The {name} is {value}; a number between 0 and 1 is expected."));

    private static double Positive(double value, string name) => double.IsFinite(value) && value > 0
        ? value
        : throw new ArgumentOutOfRangeException(name, string.Create(CultureInfo.InvariantCulture, $"The {name} is {value}; a number other than 0 is expected."));
}
