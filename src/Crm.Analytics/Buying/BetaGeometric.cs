using Crm.Analytics.Fitting;
using Crm.Values;

namespace Crm.Analytics.Buying;

/// <summary>
/// BG/NBD: a customer buys at a rate of their own (over all customers gamma distributed) and after each repeat purchase stops for good with a probability of their own (beta distributed). Who has not bought again is alive for certain.
/// Fader, Hardie and Lee, "Counting your customers the easy way: an alternative to the Pareto/NBD model", Marketing Science 24 (2005); likelihood (6), conditional expectation (10).
/// </summary>
/// <param name="R">Shape of the rates of buying; above 0.</param>
/// <param name="Alpha">Scale of the rates, in the unit of time; the mean rate is r/α; above 0.</param>
/// <param name="A">Shape of the probabilities of stopping; above 0.</param>
/// <param name="B">Shape of the probabilities of going on; the mean probability of stopping is a/(a+b); above 0.</param>
public sealed record BetaGeometric(double R, double Alpha, double A, double B) : BuyingModel
{
    private const string ModelName = "bg-nbd";

    /// <inheritdoc cref="BetaGeometric" path="/param[@name='R']"/>
    public double R { get; } = ModelParameter.Positive(R, "r");

    /// <inheritdoc cref="BetaGeometric" path="/param[@name='Alpha']"/>
    public double Alpha { get; } = ModelParameter.Positive(Alpha, "alpha");

    /// <inheritdoc cref="BetaGeometric" path="/param[@name='A']"/>
    public double A { get; } = ModelParameter.Positive(A, "a");

    /// <inheritdoc cref="BetaGeometric" path="/param[@name='B']"/>
    public double B { get; } = ModelParameter.Positive(B, "b");

    /// <inheritdoc/>
    public override string Name => ModelName;

    /// <inheritdoc/>
    public override Sequence<ModelParameter> Parameters => [new("r", R), new("alpha", Alpha), new("a", A), new("b", B)];

    private BetaGeometricMeaning Meaning => new(R, Alpha, A, B);

    /// <summary>The parameters under which the histories are likeliest.</summary>
    /// <param name="histories">One for each customer, all in one unit; at least one with a repeat.</param>
    /// <param name="from">Where the search begins, such as the model of last week; null: from the averages of the histories. The result is the same but for its last digits.</param>
    /// <exception cref="ArgumentException">No customer bought again.</exception>
    public static ModelFit<BetaGeometric> Fit(IEnumerable<BuyingHistory> histories, BetaGeometric? from = null) =>
        BuyingFit.Of(histories, from, parameters => new BetaGeometric(parameters[0], parameters[1], parameters[2], parameters[3]), BuyingFit.RateAndRisk);

    /// <inheritdoc/>
    public override double LogLikelihood(BuyingHistory history) => Meaning.LogLikelihood(history, mayStop: history.Repeats > 0);

    /// <inheritdoc/>
    public override double Alive(BuyingHistory history) => Meaning.Alive(history, mayStop: history.Repeats > 0);

    /// <inheritdoc/>
    public override double Expected(BuyingHistory history, double horizon) => Alive(history) * Meaning.ExpectedOfTheLiving(history, horizon);
}
