using System.Globalization;
using Crm.Analytics.Numerics;
using Crm.Values;

namespace Crm.Analytics.Experiments;

/// <summary>What the sizes of the arms say of how an experiment was run.</summary>
public enum ShareVerdict
{
    /// <summary>The sizes are what chance gives.</summary>
    AsPlanned,

    /// <summary>Chance does not give such sizes: something moved, lost or doubled people, and the effect that is seen may come of that. Find the cause before believing any figure.</summary>
    Mismatch,

    /// <summary>Fewer than 5 people are expected in an arm, so the test says nothing yet.</summary>
    TooFew,
}

/// <summary>
/// Whether arms have the sizes that their shares ask for (sample ratio mismatch): Pearson's chi-square test of goodness of fit, with the alarm at p below 0.0005.
/// Fabijan and others, "Diagnosing sample ratio mismatch in online controlled experiments", KDD 2019, find one in about 6 of 100 experiments; Kohavi, Tang and Xu, "Trustworthy online controlled experiments" (2020), chapters 3 and 21.
/// </summary>
public sealed record ShareCheck
{
    /// <summary>The p value below which the alarm is raised unless told: 1 experiment in 2,000 that is run as it should be raises it.</summary>
    public const double UsualThreshold = 0.0005;

    private ShareCheck(double chiSquare, double pValue, ShareVerdict verdict) => (ChiSquare, PValue, Verdict) = (chiSquare, pValue, verdict);

    /// <summary>Pearson's sum of squares over what is expected.</summary>
    public double ChiSquare { get; }

    /// <summary>How probable sizes are that are at least as far from the shares.</summary>
    public double PValue { get; }

    /// <summary>What that means.</summary>
    public ShareVerdict Verdict { get; }

    /// <summary>Holds sizes against shares.</summary>
    /// <param name="arms">For each arm how many people it has and its share; shares are weights of any sum, each above 0.</param>
    /// <param name="threshold">Below which p value the alarm is raised; between 0 and 1.</param>
    /// <exception cref="ArgumentException">There are fewer than two arms, or a size or share cannot be one; the message lists all that is wrong.</exception>
    public static ShareCheck Of(IEnumerable<(long People, double Share)> arms, double threshold = UsualThreshold)
    {
        var all = arms.ToSequence();
        var errors = all.SelectMany((arm, place) => Errors(arm.People, arm.Share, place + 1))
            .Concat(all.Count < 2 ? [string.Create(CultureInfo.InvariantCulture, $"{all.Count} arms were found; two or more are expected.")] : [])
            .Concat(threshold is > 0 and < 1 ? [] : [string.Create(CultureInfo.InvariantCulture, $"The threshold is {threshold}; a number between 0 and 1 is expected, such as 0.0005.")])
            .ToList();
        if (errors.Count > 0)
        {
            throw new ArgumentException(string.Join(Environment.NewLine, errors), nameof(arms));
        }

        var (people, shares) = (all.Sum(arm => arm.People), all.Sum(arm => arm.Share));
        var (sum, least) = (0.0, double.PositiveInfinity);
        foreach (var (size, share) in all)
        {
            var expected = people * (share / shares);
            sum += people == 0 ? 0 : (size - expected) * (size - expected) / expected;
            least = Math.Min(least, expected);
        }

        var p = Tails.ChiSquare(sum, all.Count - 1);
        return new ShareCheck(sum, p, least < 5 ? ShareVerdict.TooFew : p < threshold ? ShareVerdict.Mismatch : ShareVerdict.AsPlanned);
    }

    private static IEnumerable<string> Errors(long people, double share, int number)
    {
        if (people < 0)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"Arm {number} has {people} people; 0 or more are expected.");
        }

        if (!double.IsFinite(share) || share <= 0)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"Arm {number} has the share {share}; a number above 0 is expected.");
        }
    }
}
