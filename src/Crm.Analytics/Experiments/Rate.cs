using System.Globalization;
using System.Runtime.InteropServices;

namespace Crm.Analytics.Experiments;

/// <summary>How many of how many people did something. The default value is nobody of nobody.</summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct Rate
{
    /// <summary>A rate.</summary>
    /// <param name="count">Of how many people it is true; 0 to <paramref name="people"/>.</param>
    /// <param name="people">How many there are.</param>
    /// <exception cref="ArgumentOutOfRangeException">The two do not fit together.</exception>
    public Rate(long count, long people)
    {
        if (count < 0 || count > people)
        {
            throw new ArgumentOutOfRangeException(nameof(count), string.Create(CultureInfo.InvariantCulture, $"{count} of {people} people were found; 0 to {Math.Max(0, people)} are expected."));
        }

        (Count, People) = (count, people);
    }

    /// <summary>Of how many people it is true.</summary>
    public long Count { get; }

    /// <summary>How many there are.</summary>
    public long People { get; }

    /// <summary>The share of whom it is true; 0 of nobody.</summary>
    public double Value => People == 0 ? 0 : (double)Count / People;

    /// <summary>The interval of the share: Wilson's score interval without correction for continuity (Journal of the American Statistical Association 22, 1927). Of nobody it is 0 to 1.</summary>
    /// <param name="level">Between 0 and 1.</param>
    public ConfidenceInterval Interval(double level = 0.95)
    {
        var z = ConfidenceInterval.Reach(level);
        var middle = Count + (z * z / 2);
        var reach = z * Math.Sqrt((Count * (1 - Value)) + (z * z / 4));
        var whole = People + (z * z);
        return new(Count == 0 ? 0 : (middle - reach) / whole, Count == People ? 1 : (middle + reach) / whole, level);
    }
}
