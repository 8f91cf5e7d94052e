using System.Globalization;
using System.Runtime.InteropServices;
using Crm.Analytics.Buying;
using Crm.Analytics.Fitting;
using Crm.Analytics.Numerics;
using Crm.Values;
using MathNet.Numerics;

namespace Crm.Analytics.Spending;

/// <summary>What the model of spend needs to know of a customer: how many purchases were averaged, and to what. The default value is a customer of whom nothing is known.</summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct SpendHistory
{
    /// <summary>A history of spend.</summary>
    /// <param name="purchases">How many purchases were averaged; customarily the repeats, without the first purchase. 0: none.</param>
    /// <param name="average">Their mean amount in the main unit of a currency; above 0, or 0 where there is none.</param>
    /// <exception cref="ArgumentOutOfRangeException">The two do not fit together.</exception>
    public SpendHistory(int purchases, double average)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(purchases);
        if (!double.IsFinite(average) || average < 0 || (purchases == 0) != (average == 0))
        {
            throw new ArgumentOutOfRangeException(nameof(average), string.Create(CultureInfo.InvariantCulture, $"The average of {purchases} purchases is {average}; a number above 0 is expected, or 0 of none."));
        }

        (Purchases, Average) = (purchases, average);
    }

    /// <summary>The history of someone who spent so much on so many purchases; where it is nothing, or less, nothing is known of what they spend.</summary>
    /// <param name="purchases">How many purchases; 0 or more.</param>
    /// <param name="total">What was spent on them together, in the main unit of a currency.</param>
    public static SpendHistory OfTotal(int purchases, decimal total) => purchases > 0 && total > 0 ? new(purchases, (double)(total / purchases)) : default;

    /// <summary>How many purchases were averaged.</summary>
    public int Purchases { get; }

    /// <summary>Their mean amount.</summary>
    public double Average { get; }
}

/// <summary>
/// Gamma-Gamma: the amounts of a customer's purchases vary around a mean of their own, which varies over customers, and how much somebody spends says nothing of how often.
/// Fader and Hardie, "The Gamma-Gamma model of monetary value" (2013); likelihood (1a), conditional expectation (5).
/// </summary>
/// <param name="P">Shape of the amounts of one customer; above 0.</param>
/// <param name="Q">Shape of the scales over customers; above 0. Up to 1 the mean over customers is infinite.</param>
/// <param name="V">Scale of the scales, in the main unit of the currency; above 0.</param>
public sealed record GammaGamma(double P, double Q, double V)
{
    /// <inheritdoc cref="GammaGamma" path="/param[@name='P']"/>
    public double P { get; } = ModelParameter.Positive(P, "p");

    /// <inheritdoc cref="GammaGamma" path="/param[@name='Q']"/>
    public double Q { get; } = ModelParameter.Positive(Q, "q");

    /// <inheritdoc cref="GammaGamma" path="/param[@name='V']"/>
    public double V { get; } = ModelParameter.Positive(V, "v");

    /// <summary>The parameters by the names that the literature has for them.</summary>
    public Sequence<ModelParameter> Parameters => [new("p", P), new("q", Q), new("v", V)];

    /// <summary>The mean over all customers, p·v/(q−1); infinite where q is at most 1.</summary>
    public double Mean => Q > 1 ? P * V / (Q - 1) : double.PositiveInfinity;

    /// <summary>The parameters under which the averages are likeliest.</summary>
    /// <param name="histories">One for each customer; those without purchases say nothing and are not counted.</param>
    /// <param name="from">Where the search begins; null: from the averages of the histories.</param>
    /// <exception cref="ArgumentException">Fewer than two customers have purchases.</exception>
    public static ModelFit<GammaGamma> Fit(IEnumerable<SpendHistory> histories, GammaGamma? from = null)
    {
        ArgumentNullException.ThrowIfNull(histories);
        var groups = Group<SpendHistory>.Of(histories.Where(history => history.Purchases > 0));
        var customers = groups.Sum(group => group.Count);
        if (customers < 2)
        {
            throw new ArgumentException($"{customers} customers have purchases with amounts; two are the least from which spend can be learned.", nameof(histories));
        }

        var mean = groups.Sum(group => group.Count * group.Item.Average) / customers;
        double[][] starts = from is null ? [[2, 3, mean], [6, 4, mean / 2], [1, 2, mean]] : [[from.P, from.Q, from.V]];
        return MaximumLikelihood.Find(
            starts,
            parameters => new GammaGamma(parameters[0], parameters[1], parameters[2]),
            model => groups.Sum(group => group.Count * model.LogLikelihood(group.Item)),
            customers,
            warm: from is not null);
    }

    /// <summary>The logarithm of the likelihood of an average: of its density; 0 without purchases.</summary>
    public double LogLikelihood(SpendHistory history)
    {
        if (history.Purchases == 0)
        {
            return 0;
        }

        var shape = P * history.Purchases;
        var sum = history.Purchases * history.Average;

        // (v/(v+xm))^q and (xm/(v+xm))^px, each as one logarithm.
        return SpecialFunctions.GammaLn(shape + Q) - SpecialFunctions.GammaLn(shape) - SpecialFunctions.GammaLn(Q)
            - (Q * LogSpace.LogOnePlus(sum / V)) - (shape * LogSpace.LogOnePlus(V / sum)) - Math.Log(history.Average);
    }

    /// <summary>The mean amount of a customer's purchases that is expected: between the customer's own average and <see cref="Mean"/>, the nearer to the former the more purchases there are.</summary>
    /// <returns>In the main unit of the currency; infinite where nothing is known of the customer and the mean over customers is.</returns>
    public double Expected(SpendHistory history) => history.Purchases == 0
        ? Mean
        : (P * (V + (history.Purchases * history.Average)) / ((P * history.Purchases) + Q - 1)) is > 0 and var expected ? expected : double.PositiveInfinity;

    /// <summary>The parameters, to the last digit.</summary>
    public override string ToString() => $"gamma-gamma {string.Join(' ', Parameters)}";
}
