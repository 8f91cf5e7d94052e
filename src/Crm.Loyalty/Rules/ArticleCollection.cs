using Crm.Values;

namespace Crm.Loyalty.Rules;

/// <summary>
/// A named set of articles: a label, a brand of goods, a collection. It belongs to the version of the programme, so a purchase is always decided by what the label held then.
/// </summary>
public sealed record ArticleCollection
{
    /// <summary>The name, by which rules refer to it.</summary>
    public required string Name { get; init; }

    /// <summary>Its articles.</summary>
    public Sequence<string> Skus { get; init => field = EarningBasis.Sorted(value); }

    /// <summary>Categories all of whose articles are in it.</summary>
    public Sequence<string> Categories { get; init => field = EarningBasis.Sorted(value); }
}
