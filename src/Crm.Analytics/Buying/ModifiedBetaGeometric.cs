using Crm.Analytics.Fitting;
using Crm.Values;

namespace Crm.Analytics.Buying;

/// <summary>
/// MBG/NBD: as <see cref="BetaGeometric"/>, but a customer may stop after the first purchase too, so that who never came back is not alive for certain.
/// Batislam, Denizel and Filiztekin, "Empirical validation and comparison of models for customer base analysis", International Journal of Research in Marketing 24 (2007).
/// </summary>
/// <param name="R">Shape of the rates of buying; above 0.</param>
/// <param name="Alpha">Scale of the rates, in the unit of time; the mean rate is r/α; above 0.</param>
/// <param name="A">Shape of the probabilities of stopping; above 0.</param>
/// <param name="B">Shape of the probabilities of going on; the mean probability of stopping is a/(a+b); above 0.</param>
public sealed record ModifiedBetaGeometric(double R, double Alpha, double A, double B) : BuyingModel
{
    private const string ModelName = "mbg-nbd";

    /// <inheritdoc cref="ModifiedBetaGeometric" path="/param[@name='R']"/>
    public double R { get; } = ModelParameter.Positive(R, "r");

    /// <inheritdoc cref="ModifiedBetaGeometric" path="/param[@name='Alpha']"/>
    public double Alpha { get; } = ModelParameter.Positive(Alpha, "alpha");

    /// <inheritdoc cref="ModifiedBetaGeometric" path="/param[@name='A']"/>
    public double A { get; } = ModelParameter.Positive(A, "a");

    /// <inheritdoc cref="ModifiedBetaGeometric" path="/param[@name='B']"/>
    public double B { get; } = ModelParameter.Positive(B, "b");

    /// <inheritdoc/>
    public override string Name => ModelName;

    /// <inheritdoc/>
    public override Sequence<ModelParameter> Parameters => [new("r", R), new("alpha", Alpha), new("a", A), new("b", B)];

    // Having gone on after the first purchase is one more time of going on, known from the start.
    private BetaGeometricMeaning Meaning => new(R, Alpha, A, B + 1);

    /// <inheritdoc cref="BetaGeometric.Fit"/>
    public static ModelFit<ModifiedBetaGeometric> Fit(IEnumerable<BuyingHistory> histories, ModifiedBetaGeometric? from = null) =>
        BuyingFit.Of(histories, from, parameters => new ModifiedBetaGeometric(parameters[0], parameters[1], parameters[2], parameters[3]), BuyingFit.RateAndRisk);

    /// <inheritdoc/>
    public override double LogLikelihood(BuyingHistory history) => Math.Log(B / (A + B)) + Meaning.LogLikelihood(history, mayStop: true);

    /// <inheritdoc/>
    public override double Alive(BuyingHistory history) => Meaning.Alive(history, mayStop: true);

    /// <inheritdoc/>
    public override double Expected(BuyingHistory history, double horizon) => Alive(history) * Meaning.ExpectedOfTheLiving(history, horizon);
}
