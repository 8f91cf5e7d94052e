using MathNet.Numerics;

namespace Crm.Analytics.Numerics;

/// <summary>Sums and differences of numbers of which only the logarithms can be held.</summary>
internal static class LogSpace
{
    /// <summary>ln(1 + x) without loss for small x.</summary>
    public static double LogOnePlus(double x) => SpecialFunctions.Log1p(x);

    /// <summary>e^x − 1 without loss for small x: twice sinh(x/2)·e^(x/2). (The library's own function is good to eight digits only.)</summary>
    public static double ExpMinusOne(double x) => x < -40 ? -1 : 2 * Math.Sinh(x / 2) * Math.Exp(x / 2);

    /// <summary>ln(1 + e^x).</summary>
    public static double LogOnePlusExp(double x) => x > 0 ? x + LogOnePlus(Math.Exp(-x)) : LogOnePlus(Math.Exp(x));

    /// <summary>ln(1 − e^−x) for x ≥ 0; minus infinity at 0.</summary>
    public static double LogOneMinusExp(double x) => x switch
    {
        <= 0 => double.NegativeInfinity,
        < 0.693 => Math.Log(-ExpMinusOne(-x)),
        _ => LogOnePlus(-Math.Exp(-x)),
    };

    /// <summary>1 / (1 + e^x): the probability with these log odds against it.</summary>
    public static double Against(double logOdds) => logOdds > 0 ? Math.Exp(-logOdds) / (1 + Math.Exp(-logOdds)) : 1 / (1 + Math.Exp(logOdds));

    /// <summary>ln(Γ(a + n) / Γ(a)).</summary>
    public static double LogRising(double a, double n) => n == 0 ? 0 : SpecialFunctions.GammaLn(a + n) - SpecialFunctions.GammaLn(a);

    /// <summary>(1 − e^−px) / p, and its limit x where p is 0.</summary>
    public static double Saturation(double p, double x) => p == 0 ? x : -ExpMinusOne(-p * x) / p;
}
