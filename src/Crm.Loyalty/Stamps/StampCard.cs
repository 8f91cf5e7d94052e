using Crm.Loyalty.Rules;

namespace Crm.Loyalty.Stamps;

/// <summary>
/// A stamp card (印花卡): a stamp for every article bought, and when the card is full the next one is free. "Buy 9, the 10th is free" is a goal of 9.
/// Stamps over the goal begin the next card, and any number of free ones may wait.
/// </summary>
public sealed record StampCard
{
    /// <summary>The largest goal of a card.</summary>
    public const int MostStamps = 1_000;

    /// <summary>Its name within the programme.</summary>
    public required string Name { get; init; }

    /// <summary>How many stamps fill a card; the free one is not among them.</summary>
    public required int Goal { get; init; }

    /// <summary>
    /// Which lines of a purchase are stamped: one stamp for each whole one of the quantity that refunds have left; all lines unless said otherwise.
    /// Lines of 0.00 are never stamped: what is free was not bought.
    /// </summary>
    public EarningBasis.Lines Stamps { get; init; } = EarningBasis.AllLines;
}
