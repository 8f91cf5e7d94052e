using System.Globalization;
using System.Runtime.InteropServices;
using Crm.Values;

namespace Crm.Analytics.Scores;

/// <summary>Scores from one to another, both included.</summary>
/// <param name="From">The least.</param>
/// <param name="To">The greatest.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct ScoreRange(int From, int To)
{
    /// <summary>Whether a score is in it.</summary>
    public bool Contains(int score) => From <= score && score <= To;
}

/// <summary>A named range of scores.</summary>
/// <param name="Name">What its customers are called.</param>
/// <param name="R">By recency.</param>
/// <param name="F">By frequency.</param>
/// <param name="M">By amount.</param>
public sealed record RfmSegment(string Name, ScoreRange R, ScoreRange F, ScoreRange M);

/// <summary>Names for scores: the first segment that contains them counts.</summary>
public sealed class RfmSegments
{
    /// <summary>The name of customers whose scores are in no segment.</summary>
    public const string Others = "Others";

    /// <summary>Segments in their order.</summary>
    /// <exception cref="ArgumentException">A range is none of scores, or a name is empty or comes twice; the message lists all that is wrong.</exception>
    public RfmSegments(params IEnumerable<RfmSegment> segments)
    {
        Segments = segments.ToSequence();
        var errors = Segments.SelectMany(Errors)
            .Concat(Segments.GroupBy(segment => segment.Name, StringComparer.Ordinal).Where(group => group.Count() > 1).Select(group => $"The segment '{group.Key}' comes {group.Count()} times; once is expected."))
            .ToList();
        if (errors.Count > 0)
        {
            throw new ArgumentException(string.Join(Environment.NewLine, errors), nameof(segments));
        }
    }

    /// <summary>The ten segments of the R package rfm.</summary>
    public static RfmSegments OfRfmPackage { get; } = new(
        new("Champions", new(5, 5), new(5, 5), new(5, 5)),
        new("Potential Loyalist", new(3, 5), new(3, 5), new(2, 5)),
        new("Loyal Customers", new(2, 4), new(2, 4), new(2, 4)),
        new("Promising", new(3, 4), new(1, 3), new(3, 5)),
        new("New Customers", new(4, 5), new(1, 3), new(1, 5)),
        new("Can't Lose Them", new(1, 2), new(3, 4), new(4, 5)),
        new("At Risk", new(1, 2), new(2, 5), new(4, 5)),
        new("Need Attention", new(1, 3), new(3, 5), new(3, 5)),
        new("About To Sleep", new(2, 3), new(1, 3), new(1, 4)),
        new("Lost", new(1, 1), new(1, 5), new(1, 5)));

    /// <summary>The segments, the first that contains scores being that of a customer.</summary>
    public Sequence<RfmSegment> Segments { get; }

    /// <summary>The name of the segment of scores.</summary>
    public string Of(RfmScores scores)
    {
        foreach (var segment in Segments)
        {
            if (segment.R.Contains(scores.R) && segment.F.Contains(scores.F) && segment.M.Contains(scores.M))
            {
                return segment.Name;
            }
        }

        return Others;
    }

    private static IEnumerable<string> Errors(RfmSegment segment)
    {
        if (string.IsNullOrWhiteSpace(segment.Name))
        {
            yield return "A segment has no name.";
        }

        foreach (var (name, range) in new[] { ("r", segment.R), ("f", segment.F), ("m", segment.M) })
        {
            if (range.From < 1 || range.To > 5 || range.From > range.To)
            {
                yield return string.Create(CultureInfo.InvariantCulture, $"The segment '{segment.Name}' has {name} from {range.From} to {range.To}; scores from 1 to 5 are expected, the lesser first.");
            }
        }
    }
}
