namespace Crm.Segmentation.Studies;

/// <summary>About how many customers a segment has, told from some of them.</summary>
/// <param name="Population">How many customers there are.</param>
/// <param name="Asked">How many of them were asked.</param>
/// <param name="Hits">How many of those are in it.</param>
/// <param name="Size">The most likely size.</param>
/// <param name="Least">With a confidence of 95 %, not less.</param>
/// <param name="Most">With a confidence of 95 %, not more.</param>
public sealed record SizeEstimate(int Population, int Asked, int Hits, int Size, int Least, int Most)
{
    // The 97.5th percentile of the normal distribution.
    private const double Z = 1.959963984540054;

    /// <summary>Wilson's score interval (1927), narrowed because those asked are drawn without being put back; exact when everybody was asked.</summary>
    internal static SizeEstimate Of(int population, int asked, int hits)
    {
        if (asked == 0 || asked == population)
        {
            return new SizeEstimate(population, asked, hits, hits, hits, hits);
        }

        var share = (double)hits / asked;
        // So many independent draws would tell as much.
        var draws = asked * (population - 1.0) / (population - asked);
        var middle = (share + (Z * Z / (2 * draws))) / (1 + (Z * Z / draws));
        var half = Z / (1 + (Z * Z / draws)) * Math.Sqrt((share * (1 - share) / draws) + (Z * Z / (4 * draws * draws)));
        return new SizeEstimate(
            population,
            asked,
            hits,
            (int)Math.Round(share * population),
            Math.Max(hits, (int)Math.Floor((middle - half) * population)),
            Math.Min(population - asked + hits, (int)Math.Ceiling((middle + half) * population)));
    }
}
