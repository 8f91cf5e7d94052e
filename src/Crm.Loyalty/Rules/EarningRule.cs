using Crm.Conditions;
using Crm.Values;

namespace Crm.Loyalty.Rules;

/// <summary>
/// A rule that gives at most one award for an event, with the terms that the core sees to. All rules that can be written as JSON are of this kind; a team's own may be.
/// </summary>
public abstract record EarningRule : IEarningRule
{
    /// <inheritdoc/>
    public required string Name { get; init; }

    /// <inheritdoc/>
    public virtual int Version => 1;

    /// <summary>The rule applies only where this holds, at the moment of the event and in the programme's zone; null: always.</summary>
    public Condition? When { get; init; }

    /// <inheritdoc/>
    public virtual Sequence<string> On { get; init; } = IEarningRule.OnPurchase;

    /// <inheritdoc/>
    public EarningTerms Terms { get; init; } = EarningTerms.Usual;

    /// <inheritdoc/>
    public virtual Sequence<Condition> Conditions => When is null ? [] : [When];

    /// <inheritdoc/>
    public IEnumerable<Earning> Evaluate(EarningContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return TryEarn(context, out var earning) ? [earning] : [];
    }

    /// <summary>What an event earns by the rule; null where the rule does not apply, which is not the same as 0: a least award is given for 0.</summary>
    protected abstract Earning? Earn(EarningContext context);

    /// <summary>The rule with the articles of the collections that it names.</summary>
    internal virtual EarningRule Resolved(Sequence<ArticleCollection> collections) => this;

    /// <summary>The rule's articles, one of which an event must have for it to apply; null when it need not.</summary>
    internal virtual EarningBasis.Lines? Articles => null;

    internal bool TryEarn(EarningContext context, out Earning earning)
    {
        if ((When is null || context.Holds(When)) && Earn(context) is { } earned)
        {
            earning = earned;
            return true;
        }

        earning = default;
        return false;
    }
}
