using Crm.Conditions;
using Crm.Definitions;
using Crm.Loyalty.Challenges;
using Crm.Loyalty.Members;
using Crm.Loyalty.Pools;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Stamps;
using Crm.Loyalty.Tiers;
using Crm.Loyalty.Wallets;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Programs;

/// <summary>What a unit is for. The two never mix: what can be spent does not make a tier, and what makes a tier is never spent.</summary>
public enum UnitKind
{
    /// <summary>Can be spent.</summary>
    Redeemable,

    /// <summary>Counts towards tiers; never spent, and does not run out.</summary>
    Status,
}

/// <summary>A kind of unit that a programme issues, such as points or stars.</summary>
/// <param name="Name">Such as "points".</param>
/// <param name="Kind">What it is for.</param>
public sealed record LoyaltyUnit(string Name, UnitKind Kind)
{
    /// <summary>When its lots run out; never, unless said otherwise.</summary>
    public LotExpiry Expiry { get; init; } = LotExpiry.Never;

    /// <summary>Other lives for members of a tier; the first that fits counts, and the tier is that before the event. What a rule or an award says goes before it.</summary>
    public Sequence<TierExpiry> ExpiryByTier { get; init; }

    /// <summary>When what rules give can be spent; at once unless said otherwise. What is given by hand always can.</summary>
    public Activation Activation { get; init; } = Activation.AtOnce;

    /// <summary>
    /// What keeps units of an earlier version alive that run out when the member is idle, now that <see cref="Expiry"/> says otherwise; null: nothing does, or the expiry itself says it.
    /// </summary>
    public LotExpiry.WhenIdle? Idle { get; init; }

    /// <summary>What becomes of units that are taken back and are not there any more.</summary>
    public DebtPolicy Debt { get; init; }

    /// <summary>Whether members may give the units to each other.</summary>
    public bool Transferable { get; init; }

    /// <summary>So many days before the day on which units run out, an echo "points.expiring" tells of it; null: nobody is told.</summary>
    public int? WarnDaysBefore { get; init; }

    /// <summary>So many days after they ran out, units may be reinstated by staff; null: never.</summary>
    public int? ReinstateWithinDays { get; init; }

    /// <summary>How spent units come back when what they bought does not; null: they do not, other than by taking the redemption back as a whole.</summary>
    public ReturnPolicy? Returns { get; init; }
}

/// <summary>How far a refund reaches.</summary>
public enum Cascade
{
    /// <summary>History is decided again without what was taken back: tiers, caps, bonuses and later awards are as if it had never been bought. The refund laws hold in full.</summary>
    History,

    /// <summary>
    /// Only what the purchase itself made is taken back: the difference of what it would have earned at its moment for the whole and for what is left of it, the stamps that it gave and what it counted towards tiers and challenges.
    /// Budgets, and limits and frequencies whose span goes on, have room again for it. What was decided later stays, and so does what a card or a challenge handed out: the next time it is reached it gives nothing for it.
    /// A full refund is then not as if nothing had been bought, but never takes more than the purchase was granted.
    /// </summary>
    None,
}

/// <summary>When units of members of a tier run out.</summary>
/// <param name="Ladder">The ladder.</param>
/// <param name="Tier">The tier.</param>
/// <param name="Expiry">When.</param>
public sealed record TierExpiry(string Ladder, string Tier, LotExpiry Expiry);

/// <summary>
/// A loyalty programme: an immutable value, written in C# or read with <see cref="LoyaltyProgramJson"/>. It is checked as a whole by <see cref="LoyaltyProgramValidator"/>
/// when it becomes a definition, which reports all that is wrong at once.
/// </summary>
public sealed record LoyaltyProgram
{
    /// <summary>Its name; all versions of the programme share it.</summary>
    public required string Name { get; init; }

    /// <summary>The zone in which its days, months and years begin, such as "Asia/Hong_Kong".</summary>
    public required string Zone { get; init; }

    /// <summary>The units it issues; at least one.</summary>
    public required Sequence<LoyaltyUnit> Units { get; init; }

    /// <summary>The rules by which events earn, in the order they are asked.</summary>
    public Sequence<IEarningRule> Rules { get; init; }

    /// <summary>
    /// Which events the programme looks at: those elsewhere earn nothing, are not stamped, and count towards nothing. Occasions of the member's own, such as a birthday, joining, a segment or a tier, happen nowhere, and so in every
    /// scope; requests are to the programme. Programmes of one host with scopes of their own are wallets per shop or brand.
    /// </summary>
    public EarningScope Scope { get; init; } = EarningScope.Everywhere;

    /// <summary>Labels, brands of goods and other named sets of articles, for rules to refer to.</summary>
    public Sequence<ArticleCollection> Collections { get; init; }

    /// <summary>Rules that compete; a group that rules name has to be here.</summary>
    public Sequence<StackingGroup> Groups { get; init; }

    /// <summary>How far refunds reach.</summary>
    public Cascade Cascade { get; init; }

    /// <summary>Exchanges of one unit into another.</summary>
    public Sequence<UnitConversion> Conversions { get; init; }

    /// <summary>Caps on what a member earns.</summary>
    public Sequence<EarningLimit> Limits { get; init; }

    /// <summary>Supplies that all members share.</summary>
    public Sequence<EarningBudget> Budgets { get; init; }

    /// <summary>The ladders of tiers.</summary>
    public Sequence<TierLadder> Ladders { get; init; }

    /// <summary>The stamp cards.</summary>
    public Sequence<StampCard> StampCards { get; init; }

    /// <summary>What can be bought with units.</summary>
    public Sequence<Reward> Rewards { get; init; }

    /// <summary>How units pay a part of an order; null: they do not.</summary>
    public PointsPayment? Payment { get; init; }

    /// <summary>Something to achieve.</summary>
    public Sequence<Challenge> Challenges { get; init; }

    /// <summary>How customers come into the programme and leave it.</summary>
    public MembershipRules Membership { get; init; } = MembershipRules.Usual;

    /// <summary>What recommending friends brings; null: nothing.</summary>
    public ReferralRules? Referrals { get; init; }

    /// <summary>How members hold units together; null: they do not.</summary>
    public PoolRules? Pools { get; init; }

    /// <summary>Gifts that nobody is told of before.</summary>
    public Sequence<Surprise> Surprises { get; init; }

    /// <summary>How often things may happen to one customer.</summary>
    public Sequence<VelocityLimit> VelocityLimits { get; init; }

    /// <summary>Whether members see nothing of the programme until it has surprised them.</summary>
    public bool Hidden { get; init; }

    /// <summary>Whether the programme is over: nothing is earned, stamped or counted, and nobody joins. What members hold stays theirs, can be spent, and runs out as it would have.</summary>
    public bool Ended { get; init; }

    /// <summary>What staff may do alone, and at all; requests of theirs without a limit here need no second person.</summary>
    public Sequence<StaffLimit> StaffLimits { get; init; }

    /// <summary>Every condition in it.</summary>
    internal IEnumerable<Condition> Conditions =>
        Rules.SelectMany(rule => rule.Conditions)
            .Concat(Rewards.SelectMany(reward => reward.Costs.Select(cost => cost.When).Append(reward.When)).OfType<Condition>())
            .Concat(Challenges.SelectMany(challenge => challenge.Goals).SelectMany(goal => (goal.Kind?.Conditions ?? []).Append(goal.When).OfType<Condition>()))
            .Concat(Surprises.Select(surprise => surprise.When).OfType<Condition>())
            .Concat(VelocityLimits.Select(limit => limit.ExceededIn(Name, Scope)))
            .Concat(Referrals is null ? [] : [ReferralRules.BoughtBefore])
            .Concat(Ladders.SelectMany(ladder => ladder.Metric.Conditions.Concat(ladder.Tiers.Select(tier => tier.When).OfType<Condition>())));

    /// <summary>The hash of the canonical form, which the ledger entries of this version name.</summary>
    public DefinitionHash Hash => DefinitionHash.Of(LoyaltyProgramJson.Write(this));

    /// <summary>This programme as a version that counts from the beginning of time.</summary>
    /// <exception cref="InvalidLoyaltyProgramException">Something is wrong with it.</exception>
    public Definition<LoyaltyProgram> Define() => Define(1, Instant.MinValue);

    /// <summary>This programme as a version that counts from an instant on.</summary>
    /// <param name="version">From 1, counting up.</param>
    /// <param name="activeFrom">From when it counts, included.</param>
    /// <exception cref="InvalidLoyaltyProgramException">Something is wrong with it; the message lists all of it.</exception>
    public Definition<LoyaltyProgram> Define(int version, Instant activeFrom)
    {
        LoyaltyProgramValidator.Check(this);
        return new Definition<LoyaltyProgram>(Name, version, activeFrom, this, Hash);
    }
}
