using System.Numerics;

namespace Crm.Loyalty.Rules;

/// <summary>An exact part of a unit, at least 0 and less than 1, in lowest terms. The default value is nothing.</summary>
public readonly record struct Fraction
{
    private readonly Terms? terms;

    private Fraction(BigInteger over, BigInteger under)
    {
        var common = BigInteger.GreatestCommonDivisor(over, under);
        terms = over.IsZero ? null : new Terms(over / common, under / common);
    }

    /// <summary>Whether it is nothing.</summary>
    public bool IsZero => terms is null;

    /// <summary>A part: a numerator from 0, less than the denominator.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is below 0, or 1 or more.</exception>
    public static Fraction Of(Int128 over, Int128 under)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(over);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(over, under);
        return new Fraction(over, under);
    }

    /// <summary>The sum; what makes a whole unit of it is the carry.</summary>
    public Fraction Plus(Fraction other, out long carry)
    {
        carry = 0;
        if (terms is not { } one || other.terms is not { } two)
        {
            return IsZero ? other : this;
        }

        var (sum, of) = ((one.Over * two.Under) + (two.Over * one.Under), one.Under * two.Under);
        carry = sum >= of ? 1 : 0;
        return new Fraction(carry == 1 ? sum - of : sum, of);
    }

    /// <summary>Below 0 where it is less than the other, 0 where both are the same, above 0 otherwise.</summary>
    internal int CompareTo(Fraction other) => (terms, other.terms) switch
    {
        ({ } one, { } two) => (one.Over * two.Under).CompareTo(two.Over * one.Under),
        _ => other.IsZero.CompareTo(IsZero),
    };

    /// <summary>The part times a numerator over a denominator, without what is whole in it.</summary>
    internal Fraction Times(long numerator, long denominator) => terms is { } part ? new Fraction(part.Over * numerator % (part.Under * denominator), part.Under * denominator) : this;

    /// <summary>How much is whole in the part times a numerator over a denominator.</summary>
    internal long WholeOfTimes(long numerator, long denominator) => terms is { } part ? (long)(part.Over * numerator / (part.Under * denominator)) : 0;

    /// <summary>Such as "1/3"; "0" for nothing.</summary>
    public override string ToString() => terms is { } part ? FormattableString.Invariant($"{part.Over}/{part.Under}") : "0";

    private sealed record Terms(BigInteger Over, BigInteger Under);
}
