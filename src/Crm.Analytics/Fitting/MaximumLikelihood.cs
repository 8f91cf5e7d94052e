using Crm.Values;
using MathNet.Numerics.LinearAlgebra;
using MathNet.Numerics.Optimization;

namespace Crm.Analytics.Fitting;

/// <summary>
/// Finds the parameters under which a likelihood is highest. All parameters are above 0, so the search goes over their logarithms: a simplex (Nelder and Mead) comes near from the best of some fixed starts, and steps of Newton's, damped where the
/// likelihood is not curved like a hill, end at the maximum. No luck is involved: the same customers in the same order give the same model to the last bit.
/// </summary>
internal static class MaximumLikelihood
{
    private const double Furthest = 25;
    private const int MostSimplexSteps = 2_000;
    private const double SimplexTolerance = 1e-7;
    private const int Rounds = 3;

    /// <summary>The fit.</summary>
    /// <param name="starts">Where the search may begin.</param>
    /// <param name="make">The model with these parameters.</param>
    /// <param name="logLikelihood">Of all customers under a model.</param>
    /// <param name="customers">How many there are.</param>
    /// <param name="warm">Whether the start is likely to be near the maximum already.</param>
    public static ModelFit<TModel> Find<TModel>(double[][] starts, Func<double[], TModel> make, Func<TModel, double> logLikelihood, int customers, bool warm)
        where TModel : class
    {
        var evaluations = 0;

        // Beyond e^±25 a parameter says nothing that it does not say there; a slope leads the search back.
        double Misfit(double[] logs)
        {
            evaluations++;
            var beyond = logs.Sum(log => Math.Max(0, Math.Abs(log) - Furthest));
            var misfit = -logLikelihood(make(Parameters(logs)));
            return (double.IsFinite(misfit) ? misfit : double.MaxValue / 1e10) + (beyond * beyond * customers);
        }

        var best = starts.Select(start => start.Select(parameter => Math.Log(parameter)).ToArray()).MinBy(Misfit) ?? throw new ArgumentException("There is no start.", nameof(starts));
        var summit = new Summit(best, double.MaxValue, null);
        for (var round = warm ? 0 : 1; round <= Rounds && summit.Curvature is null; round++)
        {
            var near = round == 0 ? summit.At : Simplex(Misfit, summit.At);
            summit = Newton.Climb(Misfit, near);
        }

        var model = make(Parameters(summit.At));
        return new ModelFit<TModel>
        {
            Model = model,
            LogLikelihood = logLikelihood(model),
            Customers = customers,
            Converged = summit.Curvature is not null,
            StandardErrors = StandardErrors(summit),
            Evaluations = evaluations,
        };
    }

    private static double[] Parameters(double[] logs) => [.. logs.Select(log => Math.Exp(Math.Clamp(log, -Furthest, Furthest)))];

    private static Sequence<double> StandardErrors(Summit summit) => summit.Curvature is not { } curvature
        ? []
        : Parameters(summit.At).Zip(curvature.Inverse().Diagonal(), (parameter, variance) => parameter * Math.Sqrt(variance)).ToSequence();

    private static double[] Simplex(Func<double[], double> misfit, double[] from)
    {
        var best = (At: from, Misfit: misfit(from));
        var objective = ObjectiveFunction.Value(at =>
        {
            var found = misfit(at.AsArray());
            if (found < best.Misfit)
            {
                best = ([.. at], found);
            }

            return found;
        });
        try
        {
            NelderMeadSimplex.Minimum(objective, Vector<double>.Build.DenseOfArray(from), Vector<double>.Build.Dense(from.Length, 0.7), SimplexTolerance, MostSimplexSteps);
        }
        catch (MaximumIterationsException)
        {
            // The simplex is still on its way; the best point so far is a start for Newton's steps, which say whether it is a maximum.
            return best.At;
        }

        return best.At;
    }
}

/// <summary>Where a search ended.</summary>
/// <param name="At">The logarithms of the parameters.</param>
/// <param name="Misfit">Minus the logarithm of the likelihood there.</param>
/// <param name="Curvature">The matrix of second derivatives of the misfit by the logarithms; null where the point is no maximum of the likelihood.</param>
internal sealed record Summit(double[] At, double Misfit, Matrix<double>? Curvature);
