using Crm.Values;

namespace Crm.Analytics.Fitting;

/// <summary>A model fitted to customers, and how far it can be trusted.</summary>
/// <typeparam name="TModel">The model.</typeparam>
public sealed record ModelFit<TModel>
    where TModel : class
{
    /// <summary>The model with the likeliest parameters that were found.</summary>
    public required TModel Model { get; init; }

    /// <summary>The logarithm of its likelihood, summed over all customers.</summary>
    public required double LogLikelihood { get; init; }

    /// <summary>From how many customers.</summary>
    public required int Customers { get; init; }

    /// <summary>
    /// Whether it is a maximum: the likelihood falls in every direction from there, and a step to where a parabola through it would be highest would not raise its logarithm by a millionth. Where it is false the customers do not tell the parameters
    /// apart (too few of them, or all alike): use the model with care, and its standard errors not at all.
    /// </summary>
    public required bool Converged { get; init; }

    /// <summary>One standard error of each parameter, in their order: from the curvature of the likelihood at the maximum (the observed information), in the logarithms of the parameters, carried over by the delta method. Empty where it has not converged.</summary>
    public required Sequence<double> StandardErrors { get; init; }

    /// <summary>How often the likelihood of all customers was worked out to find it; a refit from an earlier model needs fewer.</summary>
    public required int Evaluations { get; init; }
}
