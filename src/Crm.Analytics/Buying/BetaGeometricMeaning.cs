using System.Runtime.InteropServices;
using Crm.Analytics.Numerics;

namespace Crm.Analytics.Buying;

/// <summary>What BG/NBD and MBG/NBD share: the second is the first with b + 1, a factor b/(a+b), and a chance to stop at the first purchase.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct BetaGeometricMeaning(double R, double Alpha, double A, double B)
{
    public double LogLikelihood(BuyingHistory history, bool mayStop)
    {
        var x = history.Repeats;
        return LogSpace.LogRising(R, x) + LogSpace.LogRising(B, x) - LogSpace.LogRising(A + B, x)
            - (x * Math.Log(Alpha + history.Age)) - (R * LogSpace.LogOnePlus(history.Age / Alpha))
            + (mayStop ? LogSpace.LogOnePlusExp(LogOddsOfHavingStopped(history)) : 0);
    }

    public double Alive(BuyingHistory history, bool mayStop) => mayStop ? LogSpace.Against(LogOddsOfHavingStopped(history)) : 1;

    /// <summary>
    /// The published formula with Euler's transformation of the hypergeometric function: c/(a−1)·[1 − (1−z)^(a−1)·₂F₁(a+b−1−r, a−1; c; z)] with c = a+b+x−1 and z = t/(α+T+t). No parameter above the line grows with x,
    /// and both c/(a−1) and the bracket are put so that a = 1 and c = 0 are nothing special.
    /// </summary>
    public double ExpectedOfTheLiving(BuyingHistory history, double horizon)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(horizon);
        var x = history.Repeats;
        var log = LogSpace.LogOnePlus(horizon / (Alpha + history.Age));
        var z = horizon / (Alpha + history.Age + horizon);
        var remainder = Hypergeometric.Remainder(A + B - 1 - R, A, A + B + x, z);
        return Math.Max(0, ((A + B + x - 1) * LogSpace.Saturation(A - 1, log)) - (Math.Exp(-(A - 1) * log) * remainder));
    }

    private double LogOddsOfHavingStopped(BuyingHistory history)
    {
        var x = history.Repeats;
        return Math.Log(A / (B + x - 1)) + ((R + x) * LogSpace.LogOnePlus(history.Silence / (Alpha + history.Latest)));
    }
}
