using System.Numerics;

namespace Crm.Loyalty.Rules;

/// <summary>An exact part of a unit, at least 0 and less than 1, in lowest terms.</summary>
public readonly record struct Fraction
{
    private readonly BigInteger over;
    private readonly BigInteger under;

    private Fraction(BigInteger over, BigInteger under)
    {
        var common = BigInteger.GreatestCommonDivisor(over, under);
        (this.over, this.under) = over.IsZero ? (0, 0) : (over / common, under / common);
    }

    /// <summary>Whether it is nothing.</summary>
    public bool IsZero => over.IsZero;

    /// <summary>A part: less than 1.</summary>
    public static Fraction Of(Int128 over, Int128 under) => new(over, under);

    /// <summary>The sum; what makes a whole unit of it is the carry.</summary>
    public Fraction Plus(Fraction other, out long carry)
    {
        carry = 0;
        if (other.IsZero)
        {
            return this;
        }

        if (IsZero)
        {
            return other;
        }

        var (sum, of) = ((over * other.under) + (other.over * under), under * other.under);
        carry = sum >= of ? 1 : 0;
        return new Fraction(carry == 1 ? sum - of : sum, of);
    }

    /// <summary>The part times a numerator over a denominator, without what is whole in it.</summary>
    internal Fraction Times(long numerator, long denominator) => IsZero ? this : new Fraction(over * numerator % (under * denominator), under * denominator);

    /// <summary>How much is whole in the part times a numerator over a denominator.</summary>
    internal long WholeOfTimes(long numerator, long denominator) => IsZero ? 0 : (long)(over * numerator / (under * denominator));

    /// <summary>Such as "1/3"; "0" for nothing.</summary>
    public override string ToString() => IsZero ? "0" : FormattableString.Invariant($"{over}/{under}");
}
