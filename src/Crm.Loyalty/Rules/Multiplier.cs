using Crm.Events;
using Crm.Values;

namespace Crm.Loyalty.Rules;

/// <summary>Which tier a rule asks about when the very event may lift the member.</summary>
public enum TierMoment
{
    /// <summary>The tier before the event.</summary>
    Before,

    /// <summary>The tier with what the event itself counts; such a rule is asked after all others.</summary>
    After,
}

/// <summary>The factor of a tier.</summary>
/// <param name="Tier">The tier.</param>
/// <param name="Factor">What is multiplied by.</param>
public readonly record struct TierFactor(string Tier, Ratio Factor);

/// <summary>
/// Multiplies what the rules before it gave of a unit: adds the sum times the factor, less the sum, so "× 3/2" on 10 adds 5. The sum is multiplied and rounded once.
/// Factors below 1 add nothing: what a rule gave is not taken by another.
/// </summary>
public sealed record Multiplier : EarningRule
{
    /// <summary>The unit.</summary>
    public required string Unit { get; init; }

    /// <summary>The factor, where <see cref="ByTier"/> says nothing else; 1 unless said otherwise.</summary>
    public Ratio Factor { get; init; }

    /// <summary>The rules whose awards are multiplied; empty: all before this one.</summary>
    public Sequence<string> Of { get; init => field = EarningBasis.Sorted(value); }

    /// <summary>Factors that depend on the member's tier; a tier that is not listed has <see cref="Factor"/>.</summary>
    public Sequence<TierFactor> ByTier { get; init; }

    /// <summary>The ladder of the tiers.</summary>
    public string Ladder { get; init; } = Tiers.TierLadder.UsualName;

    /// <summary>Which tier, when the event may change it.</summary>
    public TierMoment TierAs { get; init; }

    /// <summary>What becomes of a part of a unit.</summary>
    public Rounding Rounding { get; init; }

    /// <summary>Where it is rounded; a multiplier has no lines.</summary>
    public RoundingPoint RoundAt { get; init; }

    /// <inheritdoc/>
    protected override Earning? Earn(EarningContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var (sum, part) = Sum(context);
        if (sum == 0 && part.IsZero)
        {
            return null;
        }

        var factor = FactorFor(context);
        var more = factor.Numerator - factor.Denominator;
        if (more <= 0)
        {
            return null;
        }

        var exact = (Int128)sum * more;
        if (RoundAt == RoundingPoint.Award)
        {
            var whole = exact / factor.Denominator;
            var rest = Fraction.Of(exact % factor.Denominator, factor.Denominator).Plus(part.Times(more, factor.Denominator), out var carry);
            return new Earning(Unit, (long)Int128.Min(whole + carry + part.WholeOfTimes(more, factor.Denominator), PointsPerAmount.Most)) { Part = rest, CountedOn = SumOf(context, sum), Parts = Met(context, part, default, default) };
        }

        // The sum is multiplied as a whole and rounded once; what the rules before gave is taken off after.
        exact = (Int128)sum * factor.Numerator;
        var before = 0L;
        if (Rounding == Rounding.Carry)
        {
            before = context.Carried(Name, factor.Denominator);
            exact += before;
            context.Carry(Name, factor.Denominator, (long)(exact % factor.Denominator));
        }

        var (multiplied, left) = (exact / factor.Denominator, exact % factor.Denominator);
        var up = Rounded.Up(Rounding, multiplied, left, factor.Denominator) ? 1 : 0;
        var added = multiplied + up - sum;
        return added > PointsPerAmount.Most
            ? new Earning(Unit, PointsPerAmount.Most) { CountedOn = SumOf(context, sum) }
            : new Earning(Unit, (long)added) { Rounding = up, CountedOn = SumOf(context, sum), Parts = Met(context, default, Fraction.Of(before, factor.Denominator), up == 0 ? Fraction.Of(left, factor.Denominator) : default) };
    }

    private CountedOn? SumOf(EarningContext context, long sum) => sum > 0 && context.Explains ? new CountedOn(sum, Unit) : null;

    private UnitParts? Met(EarningContext context, Fraction basis, Fraction carried, Fraction left) =>
        context.Explains && !(basis.IsZero && carried.IsZero && left.IsZero) ? new UnitParts(basis, carried, left, Rounding == Rounding.Carry) : null;

    private (long Sum, Fraction Part) Sum(EarningContext context)
    {
        var sum = 0L;
        var part = default(Fraction);
        foreach (ref readonly var award in context.Earlier)
        {
            if (string.Equals(award.Earning.Unit, Unit, StringComparison.Ordinal) && (Of.IsEmpty || EarningBasis.Has(Of, award.Rule)))
            {
                part = part.Plus(award.Earning.Part, out var carry);
                sum += award.Earning.Amount + carry;
            }
        }

        return (sum, part);
    }

    private Ratio FactorFor(EarningContext context)
    {
        if (ByTier.IsEmpty || context.Tier(Ladder) is not { } tier)
        {
            return Factor;
        }

        foreach (ref readonly var one in ByTier.AsSpan())
        {
            if (string.Equals(one.Tier, tier, StringComparison.Ordinal))
            {
                return one.Factor;
            }
        }

        return Factor;
    }
}
