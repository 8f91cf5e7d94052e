using System.Globalization;
using Crm.Values;

namespace Crm.Analytics.Buying;

/// <summary>
/// A model of customers who buy at times that no contract tells, and some day silently stop: how likely a history is, whether who has it still buys, and what they will yet buy. A model is a value; two with the same parameters are equal.
/// Probabilities and expectations are worked out in logarithms and without differences of large numbers, so they are right for thousands of purchases too.
/// </summary>
public abstract record BuyingModel
{
    private protected BuyingModel()
    {
    }

    /// <summary>The name in files and on the command line, such as "bg-nbd".</summary>
    public abstract string Name { get; }

    /// <summary>The parameters by the names that the literature has for them, in its order.</summary>
    public abstract Sequence<ModelParameter> Parameters { get; }

    /// <summary>The logarithm of the likelihood of a history: of a density in the times of the purchases, so it may be above 0; without repeats, of the probability of having none.</summary>
    public abstract double LogLikelihood(BuyingHistory history);

    /// <summary>P(alive): the probability that the customer has not stopped buying, 0 to 1.</summary>
    public abstract double Alive(BuyingHistory history);

    /// <summary>How many purchases are expected from now to a horizon; 0 or more. For a new customer (the default history), how many repeats are expected from the first purchase on.</summary>
    /// <param name="history">The customer so far.</param>
    /// <param name="horizon">For how long, in the unit of the model; 0 or more.</param>
    /// <exception cref="InvalidOperationException">The horizon is millions of times longer than the customer is known.</exception>
    public abstract double Expected(BuyingHistory history, double horizon);

    /// <summary>The probability that nothing is bought from now to a horizon, 0 to 1: how much less likely the history is when it goes on in silence.</summary>
    /// <param name="history">The customer so far.</param>
    /// <param name="horizon">For how long, in the unit of the model; 0 or more.</param>
    public double Silent(BuyingHistory history, double horizon) => Math.Min(1, Math.Exp(LogLikelihood(history.AfterSilence(horizon)) - LogLikelihood(history)));

    /// <summary>The logarithm of the likelihood of all histories together.</summary>
    public double LogLikelihood(IEnumerable<BuyingHistory> histories)
    {
        ArgumentNullException.ThrowIfNull(histories);
        return histories.Sum(LogLikelihood);
    }

    /// <summary>Name and parameters, such as "bg-nbd r=0.243 alpha=4.414 a=0.793 b=2.426", to the last digit.</summary>
    public sealed override string ToString() => $"{Name} {string.Join(' ', Parameters)}";
}

/// <summary>A parameter of a model.</summary>
/// <param name="Name">The name in the literature, such as "alpha".</param>
/// <param name="Value">Its value.</param>
public readonly record struct ModelParameter(string Name, double Value)
{
    /// <summary>Such as "alpha=4.414", to the last digit.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Name}={Value:R}");

    internal static double Positive(double value, string name) => double.IsFinite(value) && value > 0
        ? value
        : throw new ArgumentOutOfRangeException(name, string.Create(CultureInfo.InvariantCulture, $"The parameter {name} is {value}; a number above 0 is expected."));
}
