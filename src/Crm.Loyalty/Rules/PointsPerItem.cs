using Crm.Events;
using Crm.Values;

namespace Crm.Loyalty.Rules;

/// <summary>Points for articles: for every so many whole ones that refunds have left. Lines of 0.00 do not count: what is free was not bought.</summary>
public sealed record PointsPerItem : EarningRule
{
    /// <summary>The unit that is earned.</summary>
    public required string Unit { get; init; }

    /// <summary>How much every <see cref="Every"/> articles earn; more than 0.</summary>
    public required long Points { get; init; }

    /// <summary>How many articles make a step; 1 or more. A part of a step earns nothing.</summary>
    public int Every { get; init; } = 1;

    /// <summary>Which lines count; all unless said otherwise.</summary>
    public EarningBasis.Lines Items { get; init; } = EarningBasis.AllLines;

    internal override EarningBasis.Lines? Articles => Items;

    /// <inheritdoc/>
    protected override Earning? Earn(EarningContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var items = Items.WholeQuantity(context.Event);
        return items == 0 ? null : new Earning(Unit, (long)Int128.Min((Int128)(items / Every) * Points, PointsPerAmount.Most)) { CountedOn = context.Explains ? new CountedOn(articles: items) { Left = items % Every } : null };
    }

    internal override EarningRule Resolved(Sequence<ArticleCollection> collections) => this with { Items = Items.Resolved(collections) };
}
