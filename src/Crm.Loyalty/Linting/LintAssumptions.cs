using System.Runtime.InteropServices;
using Crm.Values;

namespace Crm.Loyalty.Linting;

/// <summary>What a programme does not say and its cost depends on.</summary>
public sealed record LintAssumptions
{
    /// <summary>Prices of articles are not known; no article and no purchase costs less than 1 of its currency.</summary>
    public static LintAssumptions Usual { get; } = new();

    /// <summary>What articles sell for: those that rewards give, and those that rules look for.</summary>
    public Sequence<ArticlePrice> Prices { get; init; }

    /// <summary>The least that a purchase, or an article without a price here, costs, in the main unit of its currency; more than 0. Something that is given for every purchase is the dearer, the cheaper a purchase can be.</summary>
    public decimal Least { get; init; } = 1;

    /// <summary>What an article sells for; null where it is not known.</summary>
    internal Money? PriceOf(string sku) => Prices.FirstOrDefault(price => price.Sku == sku) is { Sku: not null } known ? known.Price : null;

    internal Money LeastIn(Currency currency) => Money.Rounded(Math.Max(Least, 0), currency) is { MinorUnits: > 0 } least ? least : new Money(1, currency);
}

/// <summary>What an article sells for.</summary>
/// <param name="Sku">The article.</param>
/// <param name="Price">The price of one.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct ArticlePrice(string Sku, Money Price);
