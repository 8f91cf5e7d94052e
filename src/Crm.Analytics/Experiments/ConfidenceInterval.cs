using System.Globalization;
using System.Runtime.InteropServices;
using Crm.Analytics.Numerics;

namespace Crm.Analytics.Experiments;

/// <summary>The values that what was seen does not contradict: of all intervals that are made so, the share <paramref name="Level"/> holds the true value.</summary>
/// <param name="Low">The least; minus infinity where nothing bounds it.</param>
/// <param name="High">The greatest; infinite where nothing bounds it.</param>
/// <param name="Level">The share of such intervals that are right, such as 0.95. It is that of one look, decided on beforehand: whoever looks every day and stops when they like what they see is wrong more often.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct ConfidenceInterval(double Low, double High, double Level)
{
    /// <summary>Whether a value is in it, the ends included.</summary>
    public bool Contains(double value) => Low <= value && value <= High;

    /// <summary>The interval of so many times what this one is of.</summary>
    internal ConfidenceInterval Times(double factor) => factor >= 0 ? new(Low * factor, High * factor, Level) : new(High * factor, Low * factor, Level);

    /// <summary>The level, which must be between 0 and 1, as the standard deviations that an interval reaches to each side.</summary>
    internal static double Reach(double level) => level is > 0 and < 1
        ? Tails.NormalReach(level)
        : throw new ArgumentOutOfRangeException(nameof(level), string.Create(CultureInfo.InvariantCulture, $"The level is {level}; a number between 0 and 1 is expected, such as 0.95."));

    /// <summary>The interval as "[low, high]", to the last digit.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"[{Low:R}, {High:R}]");
}
