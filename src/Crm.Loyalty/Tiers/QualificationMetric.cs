using Crm.Conditions;
using Crm.Events;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Rules;
using Crm.Values;

namespace Crm.Loyalty.Tiers;

/// <summary>
/// What a ladder counts. A team's own metric adds something for each event; it is pure, and part of the programme's hash by name and version.
/// Those that come along are the cases of <see cref="QualificationMetric"/>.
/// </summary>
public interface IQualificationMetric
{
    /// <summary>Its name, by which a programme in JSON refers to it.</summary>
    string Name { get; }

    /// <summary>From 1; counts up whenever the same event would count otherwise.</summary>
    int Version { get; }

    /// <summary>The kinds of events that it looks at; purchases unless it says otherwise.</summary>
    Sequence<string> On => [EventKinds.PurchaseName];

    /// <summary>Every condition that it will ever ask <see cref="EarningContext.Holds"/> about.</summary>
    Sequence<Condition> Conditions => [];

    /// <summary>What an event adds, with what refunds have left of it; less than 0 counts as 0.</summary>
    long Of(EarningContext context);
}

/// <summary>The metrics that come along. Some add up over a window, others are a value that is read as it stands.</summary>
public abstract record QualificationMetric : IQualificationMetric
{
    private protected QualificationMetric()
    {
    }

    /// <inheritdoc/>
    public abstract string Name { get; }

    /// <summary>Always 1: what changes the count is in the other members, and so in the programme's hash.</summary>
    public int Version => 1;

    /// <inheritdoc/>
    public virtual Sequence<string> On => [];

    /// <summary>Whether it is a value as it stands rather than a count over a window; it has no use for a window then.</summary>
    public virtual bool IsLevel => false;

    /// <inheritdoc/>
    public virtual long Of(EarningContext context) => 0;

    /// <summary>The value as it stands; 0 for a count over a window.</summary>
    internal virtual long ValueOf(Membership membership, IEvidence evidence) => 0;

    private static long WholeOf(Scalar value) => value.Kind == ScalarKind.Flag ? (value.AsFlag ? 1 : 0) : (long)Math.Clamp(decimal.Truncate(value.AsNumber), 0, PointsPerAmount.Most);

    /// <summary>Units of a kind that were earned, whoever gave them: by rules, by hand, as rewards. The field's usual choice.</summary>
    /// <param name="Unit">A unit of kind status.</param>
    public sealed record UnitsEarned(string Unit) : QualificationMetric
    {
        /// <inheritdoc/>
        public override string Name => "units-earned";
    }

    /// <summary>Money spent, in minor units of a currency: of what refunds have left of purchases. Thresholds are minor units too.</summary>
    /// <param name="Currency">Amounts in other currencies count at the rate that the host looked up for the event, see <see cref="ExchangeRates"/>, and not without one.</param>
    public sealed record Spend(Currency Currency) : QualificationMetric
    {
        /// <summary>Which part of a purchase counts.</summary>
        public EarningBasis Basis { get; init; } = EarningBasis.WholeSpend;

        /// <inheritdoc/>
        public override string Name => "spend";

        /// <inheritdoc/>
        public override Sequence<string> On => [EventKinds.PurchaseName];

        /// <inheritdoc/>
        public override long Of(EarningContext context)
        {
            ArgumentNullException.ThrowIfNull(context);
            return context.AmountOf(Basis, Currency);
        }
    }

    /// <summary>Visits: events of some kinds, one by one or each day once.</summary>
    public sealed record Visits : QualificationMetric
    {
        /// <summary>The kinds of events that are a visit.</summary>
        public Sequence<string> Kinds { get; init; } = [EventKinds.PurchaseName];

        /// <summary>Whether several on one day, in the programme's zone, are one.</summary>
        public bool OncePerDay { get; init; }

        /// <inheritdoc/>
        public override string Name => "visits";

        /// <inheritdoc/>
        public override Sequence<string> On => Kinds;

        /// <inheritdoc/>
        public override long Of(EarningContext context) => 1;
    }

    /// <summary>The balance of a unit as it stands. A trap where the unit can be spent, because spending then lowers the tier; so it is never the default.</summary>
    /// <param name="Unit">Any unit.</param>
    public sealed record UnitsHeld(string Unit) : QualificationMetric
    {
        /// <inheritdoc/>
        public override string Name => "units-held";

        /// <inheritdoc/>
        public override bool IsLevel => true;

        internal override long ValueOf(Membership membership, IEvidence evidence) => membership.Wallet(Unit).Balance;
    }

    /// <summary>A fact of another package as it stands: a number, or 1 for true, such as membership of a segment.</summary>
    /// <param name="Fact">Such as "segment.vip".</param>
    public sealed record FactValue(string Fact) : QualificationMetric
    {
        /// <inheritdoc/>
        public override string Name => "fact";

        /// <inheritdoc/>
        public override bool IsLevel => true;

        internal override long ValueOf(Membership membership, IEvidence evidence) => WholeOf(evidence.Fact(Fact, out _));
    }

    /// <summary>A field of the profile that the host keeps, such as a rank from elsewhere: a number, or 1 for true, as observed with the customer's latest event.</summary>
    /// <param name="Field">Without scope, such as "partner-rank".</param>
    public sealed record ProfileValue(string Field) : QualificationMetric
    {
        /// <inheritdoc/>
        public override string Name => "profile";

        /// <inheritdoc/>
        public override bool IsLevel => true;

        internal override long ValueOf(Membership membership, IEvidence evidence) => WholeOf(evidence.Observed(Field));
    }
}
