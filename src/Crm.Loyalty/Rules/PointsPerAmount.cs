using Crm.Conditions;
using Crm.Events;
using Crm.Values;

namespace Crm.Loyalty.Rules;

/// <summary>
/// "X points per every Y": the basis divided by <see cref="Every"/>, rounded to whole steps, times <see cref="Points"/>. Five points per every 2.50 give 5 for 3.00, not 6.
/// An amount in another currency than that of <see cref="Every"/> is converted at the rate that the host looked up for the event, see <see cref="ExchangeRates"/>; without one it earns nothing.
/// </summary>
public sealed record PointsPerAmount : EarningRule
{
    /// <summary>The most units one rule gives for one event; what is more is cut.</summary>
    public const long Most = 1_000_000_000_000_000;

    /// <summary>The unit that is earned.</summary>
    public required string Unit { get; init; }

    /// <summary>How much each step earns; more than 0.</summary>
    public required long Points { get; init; }

    /// <summary>The step; more than 0.</summary>
    public required Money Every { get; init; }

    /// <summary>The amount that is looked at.</summary>
    public required EarningBasis Basis { get; init; }

    /// <summary>What becomes of a part of a step.</summary>
    public Rounding Rounding { get; init; }

    /// <summary>Where steps are rounded.</summary>
    public RoundingPoint RoundAt { get; init; }

    internal override EarningBasis.Lines? Articles => Basis as EarningBasis.Lines;

    /// <summary>What an amount earns, whatever the condition. What a refund takes is this of the amount kept before, less this of the amount kept after.</summary>
    /// <param name="basis">In minor units of the currency of <see cref="Every"/>; below 0 counts as 0.</param>
    public Earning Of(long basis) => Of(basis, out _);

    /// <inheritdoc/>
    protected override Earning? Earn(EarningContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (RoundAt == RoundingPoint.Line)
        {
            return OfLines(context);
        }

        var basis = context.AmountOf(Basis, Every.Currency);
        if (basis <= 0)
        {
            return null;
        }

        if (Rounding == Rounding.Carry)
        {
            var before = context.Carried(Name, Every.Currency.Code);
            var rest = checked(basis + before) % Every.MinorUnits;
            context.Carry(Name, Every.Currency.Code, rest);
            return Of(basis + before) with { CountedOn = AmountOf(context, basis, rest, before) };
        }

        if (RoundAt == RoundingPoint.Award)
        {
            // Exactly basis × points / step: the whole part now, the rest when all rules have been asked.
            var exact = (Int128)basis * Points;
            var whole = exact / Every.MinorUnits;
            return whole >= Most
                ? new Earning(Unit, Most) { CountedOn = AmountOf(context, basis, 0) }
                : new Earning(Unit, (long)whole) { Part = Fraction.Of(exact % Every.MinorUnits, Every.MinorUnits), CountedOn = AmountOf(context, basis, 0) };
        }

        return Of(basis, out var left) with { CountedOn = AmountOf(context, basis, left) };
    }

    internal override EarningRule Resolved(Sequence<ArticleCollection> collections) => Basis is EarningBasis.Lines lines ? this with { Basis = lines.Resolved(collections) } : this;

    private Earning? OfLines(EarningContext context)
    {
        var lines = Basis as EarningBasis.Lines ?? EarningBasis.AllLines;
        var (sum, rounding, all, left) = (0L, 0L, 0L, 0L);
        foreach (ref readonly var line in context.Event.Lines.AsSpan())
        {
            if (lines.Match(in line) && context.Converted(line.Amount.MinorUnits, Every.Currency) is > 0 and var basis)
            {
                var one = Of(basis, out var rest);
                (sum, rounding) = (Math.Min(sum + one.Amount, Most), rounding + one.Rounding);
                (all, left) = (checked(all + basis), checked(left + rest));
            }
        }

        return all > 0 ? new Earning(Unit, sum) { Rounding = sum == Most ? 0 : rounding, CountedOn = AmountOf(context, all, sum == Most ? 0 : left) } : null;
    }

    private Earning Of(long basis, out long left)
    {
        left = 0;
        if (basis <= 0)
        {
            return new Earning(Unit, 0);
        }

        var (steps, rest) = Math.DivRem(basis, Every.MinorUnits);
        var up = Rounded.Up(Rounding, steps, rest, Every.MinorUnits);
        var exact = ((Int128)steps * Points) + (up ? Points : 0);
        if (exact > Most)
        {
            return new Earning(Unit, Most);
        }

        left = up ? 0 : rest;
        return new Earning(Unit, (long)exact) { Rounding = up ? Points : 0 };
    }

    private CountedOn? AmountOf(EarningContext context, long basis, long left, long carried = 0) =>
        context.Explains ? new CountedOn(Every with { MinorUnits = basis }) { Carried = carried, Left = left, Keeps = Rounding == Rounding.Carry && RoundAt != RoundingPoint.Line } : null;
}
