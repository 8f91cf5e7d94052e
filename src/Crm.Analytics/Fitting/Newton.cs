using MathNet.Numerics.LinearAlgebra;

namespace Crm.Analytics.Fitting;

/// <summary>Newton's method with Levenberg's damping, over derivatives from differences: the functions are smooth to thirteen digits, so differences of fourth order tell slopes to nine.</summary>
internal static class Newton
{
    private const int MostSteps = 60;
    private const double Gain = 1e-6;
    private const double Width = 1e-3;
    private const double LongestStep = 1.5;

    /// <summary>Goes downhill from a point near the lowest.</summary>
    public static Summit Climb(Func<double[], double> misfit, double[] from)
    {
        var (at, value, damping) = (Vector<double>.Build.DenseOfArray(from), misfit(from), 0.0);
        for (var step = 0; step < MostSteps; step++)
        {
            var (slope, curvature) = Derivatives(misfit, at, value);
            if (Solve(curvature, slope, 0) is { } rest && slope.DotProduct(rest) / 2 < Gain)
            {
                // One last step, if it is one down: the estimate is then good to far more digits than the gain says.
                var last = at - rest;
                return misfit(last.AsArray()) is var found && found <= value ? new Summit(last.ToArray(), found, curvature) : new Summit(at.ToArray(), value, curvature);
            }

            var scale = curvature.Diagonal().AbsoluteMaximum() + 1e-12;
            var moved = false;
            for (var tries = 0; tries < 40 && !moved; tries++)
            {
                if (Solve(curvature, slope, damping * scale) is { } down)
                {
                    var next = at - (down * Math.Min(1, LongestStep / down.AbsoluteMaximum()));
                    var found = misfit(next.ToArray());
                    if (found < value)
                    {
                        (at, value, moved) = (next, found, true);
                        damping = damping < 1e-6 ? 0 : damping / 10;
                        continue;
                    }
                }

                damping = damping == 0 ? 1e-6 : damping * 10;
            }

            if (!moved)
            {
                break;
            }
        }

        return new Summit(at.ToArray(), value, null);
    }

    // The step that ends where the parabola is lowest; null where it is not curved upwards in every direction.
    private static Vector<double>? Solve(Matrix<double> curvature, Vector<double> slope, double damping)
    {
        var damped = curvature + (Matrix<double>.Build.DenseIdentity(slope.Count) * damping);
        var values = damped.Evd(Symmetricity.Symmetric).EigenValues;
        return values.All(one => one.Real > 1e-9 * Math.Max(1, values.Max(other => other.Real))) ? damped.Cholesky().Solve(slope) : null;
    }

    private static (Vector<double> Slope, Matrix<double> Curvature) Derivatives(Func<double[], double> misfit, Vector<double> at, double value)
    {
        var slope = Vector<double>.Build.Dense(at.Count);
        var curvature = Matrix<double>.Build.Dense(at.Count, at.Count);
        double Off(int i, double byI, int j, double byJ)
        {
            var moved = at.ToArray();
            moved[i] += byI * Width;
            moved[j] += byJ * Width;
            return misfit(moved);
        }

        for (var i = 0; i < at.Count; i++)
        {
            var (twoBack, back, ahead, twoAhead) = (Off(i, -2, i, 0), Off(i, -1, i, 0), Off(i, 1, i, 0), Off(i, 2, i, 0));
            slope[i] = (twoBack - (8 * back) + (8 * ahead) - twoAhead) / (12 * Width);
            curvature[i, i] = (-twoBack + (16 * back) - (30 * value) + (16 * ahead) - twoAhead) / (12 * Width * Width);
            for (var j = 0; j < i; j++)
            {
                curvature[i, j] = curvature[j, i] = (Off(i, 1, j, 1) - Off(i, 1, j, -1) - Off(i, -1, j, 1) + Off(i, -1, j, -1)) / (4 * Width * Width);
            }
        }

        return (slope, curvature);
    }
}
