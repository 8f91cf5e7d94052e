using Crm.Conditions;
using Crm.Values;

namespace Crm.Loyalty.Rules;

/// <summary>Which whole number of steps an amount makes.</summary>
public enum Rounding
{
    /// <summary>Only whole steps count.</summary>
    Floor,

    /// <summary>The nearest whole number of steps; half a step goes to the even number.</summary>
    Nearest,

    /// <summary>A step that has begun counts.</summary>
    Ceiling,
}

/// <summary>
/// "X points per every Y": the basis divided by <see cref="Every"/>, rounded to whole steps, times <see cref="Points"/>. Five points per every 2.50 give 5 for 3.00, not 6.
/// Amounts in another currency than that of <see cref="Every"/> earn nothing.
/// </summary>
public sealed record PointsPerAmount : IEarningRule
{
    /// <summary>The most units one rule gives for one event; what is more is cut.</summary>
    public const long Most = 1_000_000_000_000_000;

    /// <inheritdoc/>
    public required string Name { get; init; }

    /// <summary>Always 1: everything that changes the result is in the other members, and so in the programme's hash.</summary>
    public int Version => 1;

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

    /// <summary>The rule applies only where this holds; null: always.</summary>
    public Condition? When { get; init; }

    /// <inheritdoc/>
    public Sequence<string> On { get; init; } = IEarningRule.OnPurchase;

    /// <inheritdoc/>
    public Sequence<Condition> Conditions => When is null ? [] : [When];

    /// <summary>What an amount earns, whatever the condition. What a refund takes is this of the amount kept before, less this of the amount kept after.</summary>
    /// <param name="basis">In minor units of the currency of <see cref="Every"/>; below 0 counts as 0.</param>
    public Earning Of(long basis)
    {
        if (basis <= 0)
        {
            return new Earning(Unit, 0);
        }

        var (steps, rest) = Math.DivRem(basis, Every.MinorUnits);
        var up = Rounding switch
        {
            Rounding.Floor => false,
            Rounding.Nearest => rest > Every.MinorUnits - rest || (rest == Every.MinorUnits - rest && long.IsOddInteger(steps)),
            Rounding.Ceiling => rest > 0,
            _ => throw new InvalidOperationException($"Rounding {(int)Rounding} of rule '{Name}' is not one of floor, nearest and ceiling."),
        };
        var exact = (Int128)steps * Points;
        var amount = exact + (up ? Points : 0);
        return amount > Most
            ? new Earning(Unit, Most)
            : new Earning(Unit, (long)amount) { Rounding = up ? Points : 0 };
    }

    /// <inheritdoc/>
    public IEnumerable<Earning> Evaluate(EarningContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return TryEarn(context, out var earning) ? [earning] : [];
    }

    internal bool TryEarn(EarningContext context, out Earning earning)
    {
        var basis = Basis.Of(context.Event, Every.Currency);
        earning = basis <= 0 || (When is not null && !context.Holds(When)) ? default : Of(basis);
        return earning.Amount > 0;
    }
}
