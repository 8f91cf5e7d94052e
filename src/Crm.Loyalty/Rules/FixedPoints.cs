using Crm.Values;

namespace Crm.Loyalty.Rules;

/// <summary>A fixed number of units for an event: a visit (three drinks in one transaction are one visit), a review, joining, entering a segment, a code.</summary>
public sealed record FixedPoints : EarningRule
{
    /// <summary>The unit that is earned.</summary>
    public required string Unit { get; init; }

    /// <summary>How many; more than 0.</summary>
    public required long Points { get; init; }

    /// <summary>The event has to have one of these lines; null: it need not.</summary>
    public EarningBasis.Lines? With { get; init; }

    internal override EarningBasis.Lines? Articles => With;

    /// <inheritdoc/>
    protected override Earning? Earn(EarningContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return With is null || With.Matches(context.Event) ? new Earning(Unit, Points) : null;
    }

    internal override EarningRule Resolved(Sequence<ArticleCollection> collections) => With is null ? this : this with { With = With.Resolved(collections) };
}
