using Crm.Values;

namespace Crm.Events;

/// <summary>One article of an event.</summary>
/// <param name="Sku">The article, as the sender spells it.</param>
/// <param name="Quantity">How many or how much; more than 0, at most <see cref="MostQuantity"/>, with at most <see cref="QuantityDecimals"/> decimals.</param>
/// <param name="Amount">The total of the line, not the price of one; not negative, in the currency of the event.</param>
/// <param name="Category">The sender's category; null when it has none.</param>
public readonly record struct EventLine(string Sku, decimal Quantity, Money Amount, string? Category = null)
{
    /// <summary>The largest quantity of one line.</summary>
    public const int MostQuantity = 1_000_000;

    /// <summary>How fine a quantity may be: a milligram of a kilogram.</summary>
    public const int QuantityDecimals = 6;

    /// <summary>Whether a line may have a quantity. It is compared by its value: zeros at its end make it no finer.</summary>
    public static bool IsQuantity(decimal quantity) => quantity is > 0 and <= MostQuantity && decimal.Round(quantity, QuantityDecimals) == quantity;

    /// <summary>How many of the finest quantities make one.</summary>
    internal const int QuantitySteps = 1_000_000;
}
