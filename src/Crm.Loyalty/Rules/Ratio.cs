using System.Globalization;
using System.Runtime.InteropServices;

namespace Crm.Loyalty.Rules;

/// <summary>An exact factor such as 3/2, in lowest terms. The default value is 1.</summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct Ratio
{
    /// <summary>The largest numerator and denominator.</summary>
    public const long Largest = 1_000_000;

    private readonly long numerator;
    private readonly long denominator;

    /// <summary>A numerator over a denominator.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The numerator is below 0 or the denominator below 1, or, in lowest terms, one is above a million.</exception>
    public Ratio(long numerator, long denominator)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(numerator);
        ArgumentOutOfRangeException.ThrowIfLessThan(denominator, 1);
        var (one, other) = (numerator, denominator);
        while (other != 0)
        {
            (one, other) = (other, one % other);
        }

        ArgumentOutOfRangeException.ThrowIfGreaterThan(numerator / one, Largest, nameof(numerator));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(denominator / one, Largest, nameof(denominator));
        this.numerator = numerator / one;
        this.denominator = denominator / one;
    }

    /// <summary>What is multiplied by; 0 or more.</summary>
    public long Numerator => denominator == 0 ? 1 : numerator;

    /// <summary>What is divided by; 1 or more.</summary>
    public long Denominator => denominator == 0 ? 1 : denominator;

    /// <summary>Reads "3/2", "1.5" or "2"; false for everything else, and for what is out of range.</summary>
    public static bool TryParse(string text, out Ratio ratio)
    {
        ArgumentNullException.ThrowIfNull(text);
        ratio = default;
        var parts = text.Split('/');
        if (parts.Length > 2
            || !decimal.TryParse(parts[0], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var over)
            || !decimal.TryParse(parts.Length == 2 ? parts[1] : "1", NumberStyles.None, CultureInfo.InvariantCulture, out var under)
            || over > Largest || under is < 1 or > Largest || over.Scale > 6 || (parts.Length == 2 && over.Scale > 0))
        {
            return false;
        }

        var scale = (long)Math.Pow(10, over.Scale);
        var (numerator, denominator) = ((Int128)(over * scale), (Int128)under * scale);
        var (one, other) = (numerator, denominator);
        while (other != 0)
        {
            (one, other) = (other, one % other);
        }

        if (numerator / one > Largest || denominator / one > Largest)
        {
            return false;
        }

        ratio = new Ratio((long)(numerator / one), (long)(denominator / one));
        return true;
    }

    /// <summary>Such as "3/2" or "2".</summary>
    public override string ToString() => Denominator == 1
        ? Numerator.ToString(CultureInfo.InvariantCulture)
        : string.Create(CultureInfo.InvariantCulture, $"{Numerator}/{Denominator}");
}
