namespace Crm.Loyalty.Rules;

/// <summary>What a rule looked at and what it left, so that the receipt can say how the award came about; nothing for a rule that looks at no amount.</summary>
/// <param name="Basis">In minor units of the step, in articles, or in units that are multiplied.</param>
/// <param name="Rest">What rounding left of it: in the measure of the basis, or over <paramref name="Under"/> where that is not 0.</param>
internal readonly record struct Looked(long Basis, long Rest = 0, long Under = 0)
{
    /// <summary>What was kept of earlier events on top of the basis, as the rest is measured.</summary>
    public long Before { get; init; }

    /// <summary>The part of a unit on top of the basis.</summary>
    public Fraction Part { get; init; }
}
