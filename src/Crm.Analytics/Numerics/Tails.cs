using MathNet.Numerics;
using MathNet.Numerics.Distributions;

namespace Crm.Analytics.Numerics;

/// <summary>Tails of distributions, computed from their far side so that small probabilities keep their digits.</summary>
internal static class Tails
{
    /// <summary>The probability of a standard normal value at least so far from 0, on both sides together.</summary>
    public static double Normal(double distance) => SpecialFunctions.Erfc(Math.Abs(distance) / Constants.Sqrt2);

    /// <summary>How far a standard normal value lies from 0 at most, with a probability.</summary>
    public static double NormalReach(double probability) => Constants.Sqrt2 * SpecialFunctions.ErfcInv(1 - probability);

    /// <summary>The standard normal value that a share lies below.</summary>
    public static double NormalQuantile(double share) => -Constants.Sqrt2 * SpecialFunctions.ErfcInv(2 * share);

    /// <summary>The share of a standard normal that lies below a value.</summary>
    public static double NormalBelow(double value) => 0.5 * SpecialFunctions.Erfc(-value / Constants.Sqrt2);

    /// <summary>The probability of a value of Student's t at least so far from 0, on both sides together.</summary>
    public static double Student(double distance, double freedom) => 2 * StudentT.CDF(0, 1, freedom, -Math.Abs(distance));

    /// <summary>How far a value of Student's t lies from 0 at most, with a probability.</summary>
    public static double StudentReach(double probability, double freedom) => StudentT.InvCDF(0, 1, freedom, (1 + probability) / 2);

    /// <summary>The probability of a chi-square of at least so much.</summary>
    public static double ChiSquare(double value, int freedom) => value <= 0 ? 1 : SpecialFunctions.GammaUpperRegularized(freedom / 2.0, value / 2);
}
