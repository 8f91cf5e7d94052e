using Crm.Analytics.Fitting;
using Crm.Analytics.Numerics;
using Crm.Values;

namespace Crm.Analytics.Buying;

/// <summary>
/// Pareto/NBD: a customer buys at a rate of their own and stops at a time of their own, whether or not they buy; over all customers both rates are gamma distributed.
/// Schmittlein, Morrison and Colombo, "Counting your customers: who are they and what will they do next?", Management Science 33 (1987); formulas as in Fader and Hardie, "A note on deriving the Pareto/NBD model and related expressions" (2005).
/// </summary>
/// <param name="R">Shape of the rates of buying; above 0.</param>
/// <param name="Alpha">Scale of the rates of buying, in the unit of time; the mean rate is r/α; above 0.</param>
/// <param name="S">Shape of the rates of stopping; above 0.</param>
/// <param name="Beta">Scale of the rates of stopping, in the unit of time; the mean rate is s/β; above 0.</param>
public sealed record ParetoNbd(double R, double Alpha, double S, double Beta) : BuyingModel
{
    private const string ModelName = "pareto-nbd";

    /// <inheritdoc cref="ParetoNbd" path="/param[@name='R']"/>
    public double R { get; } = ModelParameter.Positive(R, "r");

    /// <inheritdoc cref="ParetoNbd" path="/param[@name='Alpha']"/>
    public double Alpha { get; } = ModelParameter.Positive(Alpha, "alpha");

    /// <inheritdoc cref="ParetoNbd" path="/param[@name='S']"/>
    public double S { get; } = ModelParameter.Positive(S, "s");

    /// <inheritdoc cref="ParetoNbd" path="/param[@name='Beta']"/>
    public double Beta { get; } = ModelParameter.Positive(Beta, "beta");

    /// <inheritdoc/>
    public override string Name => ModelName;

    /// <inheritdoc/>
    public override Sequence<ModelParameter> Parameters => [new("r", R), new("alpha", Alpha), new("s", S), new("beta", Beta)];

    /// <inheritdoc cref="BetaGeometric.Fit"/>
    public static ModelFit<ParetoNbd> Fit(IEnumerable<BuyingHistory> histories, ParetoNbd? from = null) =>
        BuyingFit.Of(histories, from, parameters => new ParetoNbd(parameters[0], parameters[1], parameters[2], parameters[3]), BuyingFit.RateAndEnd);

    /// <inheritdoc/>
    public override double LogLikelihood(BuyingHistory history)
    {
        var x = history.Repeats;
        return LogSpace.LogRising(R, x) - (x * Math.Log(Alpha + history.Age)) - (R * LogSpace.LogOnePlus(history.Age / Alpha)) - (S * LogSpace.LogOnePlus(history.Age / Beta))
            + LogSpace.LogOnePlusExp(LogOddsOfHavingStopped(history));
    }

    /// <inheritdoc/>
    public override double Alive(BuyingHistory history) => LogSpace.Against(LogOddsOfHavingStopped(history));

    /// <inheritdoc/>
    public override double Expected(BuyingHistory history, double horizon)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(horizon);
        var rest = Beta + history.Age;
        return Alive(history) * (R + history.Repeats) * rest / (Alpha + history.Age) * LogSpace.Saturation(S - 1, LogSpace.LogOnePlus(horizon / rest));
    }

    // The published s/(r+s+x)·(α+T)^(r+x)·(β+T)^s·(F(t_x) − F(T)), where F(y) = (α+y)^−(r+x)·(β+y)^−s·G(y) by Euler's transformation, and G changes little with y: all that grows beyond bounds has cancelled.
    private double LogOddsOfHavingStopped(BuyingHistory history)
    {
        if (history.Silence == 0)
        {
            return double.NegativeInfinity;
        }

        var growth = ((R + history.Repeats) * LogSpace.LogOnePlus(history.Silence / (Alpha + history.Latest))) + (S * LogSpace.LogOnePlus(history.Silence / (Beta + history.Latest)));
        var atLatest = LogG(history.Repeats, history.Latest);
        return Math.Log(S / (R + S + history.Repeats)) + growth + atLatest + LogSpace.LogOneMinusExp(growth + atLatest - LogG(history.Repeats, history.Age));
    }

    private double LogG(int x, double y)
    {
        var (most, least) = (Math.Max(Alpha, Beta) + y, Math.Min(Alpha, Beta) + y);
        var z = (most - least) / most;
        return Alpha >= Beta
            ? Hypergeometric.LogOfUnit(R + x, R + S + x + 1, z)
            : Hypergeometric.LogOfUnit(S + 1, R + S + x + 1, z) + Math.Log(least / most);
    }
}
