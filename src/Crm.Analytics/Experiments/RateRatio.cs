namespace Crm.Analytics.Experiments;

/// <summary>The end of Koopman's interval of a ratio of rates, found where the score test's chi-square is what the level allows.</summary>
internal static class RateRatio
{
    /// <summary>The least ratio that is not contradicted; 0 where nobody of the numerator did it.</summary>
    public static double Low(Rate numerator, Rate denominator, double level)
    {
        if (numerator.Count == 0)
        {
            return 0;
        }

        var z = ConfidenceInterval.Reach(level);
        var allowed = z * z;

        // The chi-square falls from infinity at ratio 0 to nothing at the estimate.
        var (low, high) = (1.0, denominator.Count == 0 ? 1.0 : numerator.Value / denominator.Value);
        while (ChiSquare(numerator, denominator, high) > allowed)
        {
            high *= 2;
        }

        for (low = Math.Min(low, high); ChiSquare(numerator, denominator, low) < allowed; low /= 2)
        {
            high = low;
        }

        while (true)
        {
            var middle = low + ((high - low) / 2);
            if (middle <= low || middle >= high)
            {
                return middle;
            }

            (low, high) = ChiSquare(numerator, denominator, middle) > allowed ? (middle, high) : (low, middle);
        }
    }

    private static double ChiSquare(Rate numerator, Rate denominator, double ratio)
    {
        // The likeliest rates of which one is so many times the other: the smaller root of a quadratic, in the form that keeps its digits.
        var a = (double)(numerator.People + denominator.People) * ratio;
        var b = (numerator.People * ratio) + numerator.Count + denominator.People + (denominator.Count * ratio);
        var c = (double)numerator.Count + denominator.Count;
        var below = 2 * c / (b + Math.Sqrt(Math.Max(0, (b * b) - (4 * a * c))));
        return Term(numerator, Math.Min(1, ratio * below)) + Term(denominator, Math.Min(1, below));
    }

    private static double Term(Rate seen, double rate)
    {
        var away = seen.Count - (seen.People * rate);
        return away == 0 ? 0 : away * away / (seen.People * rate * (1 - rate));
    }
}
