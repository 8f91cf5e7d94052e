using Crm.Events;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Rules;
using Crm.Values;

namespace Crm.Loyalty.Testing;

/// <summary>What a rule's author says of it, and what cases are made of. A rule is held to every law unless a claim lets it off.</summary>
public sealed record RuleClaims
{
    /// <summary>Nothing particular: points, Hong Kong dollars, three articles.</summary>
    public static RuleClaims Usual { get; } = new();

    /// <summary>Whether the order of the lines matters to the rule.</summary>
    public bool LineOrderMatters { get; init; }

    /// <summary>Whether two lines of one article and one line of both may earn differently.</summary>
    public bool SplittingLinesMatters { get; init; }

    /// <summary>Whether a higher amount never earns less, all else being equal.</summary>
    public bool IsMonotone { get; init; }

    /// <summary>The most that the rule ever gives of a unit for one event; null: no bound but that of the core.</summary>
    public long? Most { get; init; }

    /// <summary>The units that the rule may give.</summary>
    public Sequence<LoyaltyUnit> Units { get; init; } = [new("points", UnitKind.Redeemable)];

    /// <summary>The zone of the programme.</summary>
    public string Zone { get; init; } = "Asia/Hong_Kong";

    /// <summary>The currency of the cases.</summary>
    public Currency Currency { get; init; } = Currency.Hkd;

    /// <summary>The articles of the cases, with their categories.</summary>
    public Sequence<(string Sku, string? Category)> Articles { get; init; } = [("tea", "drink"), ("cake", "food"), ("bag", null)];

    /// <summary>What each case has beside spend and lines: channel, fields, look-ups; called with a number that differs from case to case.</summary>
    public Func<CustomerEvent, int, CustomerEvent> Arrange { get; init; } = (happened, _) => happened;

    /// <summary>The kinds of rules by which a rule that is written as JSON is read back; without the rule's own kind that law does not apply.</summary>
    public EarningRuleKinds Kinds { get; init; } = EarningRuleKinds.None;
}
