using Crm.Conditions;
using Crm.Events;
using Crm.Values;

namespace Crm.Loyalty.Rules;

/// <summary>
/// A fixed number of units for entering a segment, once ever unless the terms say otherwise. Whoever was inside already when the rule began gets nothing, unless <see cref="Backfill"/> is said.
/// </summary>
public sealed record SegmentEntry : EarningRule
{
    /// <summary>The echo that tells of an entry; its field "segment" names the segment.</summary>
    public const string Entered = "segment.entered";

    /// <summary>Once ever.</summary>
    public static EarningTerms Once { get; } = EarningTerms.Usual with { Frequency = new Frequency(1, CapPeriod.Ever) };

    /// <summary>A rule that gives once ever.</summary>
    public SegmentEntry() => Terms = Once;

    /// <summary>The unit that is earned.</summary>
    public required string Unit { get; init; }

    /// <summary>How many; more than 0.</summary>
    public required long Points { get; init; }

    /// <summary>The segment.</summary>
    public required string Segment { get; init; }

    /// <summary>Also gives to members who were inside before, with their next purchase or visit.</summary>
    public bool Backfill { get; init; }

    /// <inheritdoc/>
    public override Sequence<string> On => Backfill ? [Entered, EventKinds.PurchaseName, Redemption.LoyaltyEvents.VisitName] : [Entered];

    /// <inheritdoc/>
    public override Sequence<Condition> Conditions => Backfill ? [.. base.Conditions, Inside] : base.Conditions;

    private Condition.Fact Inside => new($"segment.{Segment}", new Test.EqualTo(true), WhenMissing: false);

    /// <inheritdoc/>
    protected override Earning? Earn(EarningContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var entered = context.Event.Kind == Entered ? context.Event.Fields["segment"].AsCode == Segment : context.Holds(Inside);
        return entered ? new Earning(Unit, Points) : null;
    }
}
