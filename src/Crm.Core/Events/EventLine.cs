using Crm.Values;

namespace Crm.Events;

/// <summary>One article of an event.</summary>
/// <param name="Sku">The article, as the sender spells it.</param>
/// <param name="Quantity">How many or how much; more than 0.</param>
/// <param name="Amount">The total of the line, not the price of one; not negative, in the currency of the event.</param>
/// <param name="Category">The sender's category; null when it has none.</param>
public readonly record struct EventLine(string Sku, decimal Quantity, Money Amount, string? Category = null);
