using System.Globalization;

namespace Crm.Analytics.Numerics;

/// <summary>Gauss' hypergeometric function in the two forms that the models need, each with parameters that stay small or only sum up positive terms.</summary>
internal static class Hypergeometric
{
    private const int MostTerms = 20_000_000;
    private const double Precision = 1e-16;

    /// <summary>
    /// ln ₂F₁(1, b; c; z) for 0 ≤ z &lt; 1 and 0 &lt; b ≤ c, by Gauss' continued fraction (DLMF 15.7): the nearer z is to 1, the more of its parts it needs, but far fewer than the series has terms.
    /// How many are enough is found from the front (Steed's method: what each part adds is positive and shrinks), and the value from there backwards, where each step makes the roundings of those before it smaller.
    /// </summary>
    public static double LogOfUnit(double b, double c, double z)
    {
        var value = 1.0;
        for (var i = PartsOfUnit(b, c, z); i > 0; i--)
        {
            value = 1 - (PartOfUnit(b, c, z, i) / value);
        }

        return -Math.Log(value);
    }

    private static int PartsOfUnit(double b, double c, double z)
    {
        var root = Math.Sqrt(1 - z);
        var (sum, added, before, slowest) = (1.0, 1.0, 1.0, (1 - root) / (1 + root));
        for (var i = 1; i < MostTerms; i++)
        {
            var part = PartOfUnit(b, c, z, i);
            var down = 1 / (1 - (part * before));
            var ratio = part * before * down;
            added *= ratio;
            sum += added;
            before = down;
            if (added <= Precision * sum * (1 - Math.Max(ratio, slowest)))
            {
                return i;
            }
        }

        throw Lost(z);
    }

    private static double PartOfUnit(double b, double c, double z, int i)
    {
        var n = i / 2;
        return i % 2 == 1
            ? (b + n) * (c - 1 + n) / ((c - 1 + (2.0 * n)) * (c + (2.0 * n))) * z
            : n * (c - 1 - b + n) / ((c - 2 + (2.0 * n)) * (c - 1 + (2.0 * n))) * z;
    }

    /// <summary>Σ z^n (p)ₙ (q)ₙ₋₁ / ((s)ₙ₋₁ n!) over n ≥ 1, for 0 ≤ z &lt; 1 and q, s &gt; 0: (₂F₁(p, q − 1; s − 1; z) − 1) · (s − 1) / (q − 1), which stays finite at q = 1 and s = 1.</summary>
    public static double Remainder(double p, double q, double s, double z)
    {
        var term = p * z;
        var sum = 0.0;
        for (var n = 1; n < MostTerms; n++)
        {
            sum += term;
            var ratio = (p + n) * (q + n - 1) / ((s + n - 1) * (n + 1.0)) * z;
            term *= ratio;

            // What is left is at most that of a geometric series, once the terms shrink for good.
            if (term == 0 || (Math.Abs(ratio) < 1 && n > Math.Abs(p) && Math.Abs(term) <= Precision * Math.Abs(sum) * (1 - Math.Max(Math.Abs(ratio), z))))
            {
                return sum + term;
            }
        }

        throw Lost(z);
    }

    private static InvalidOperationException Lost(double z) =>
        new(string.Create(CultureInfo.InvariantCulture, $"A hypergeometric function was not found to full precision at {z:R}: the horizon is millions of times longer than the customer is known. A shorter horizon is expected."));
}
