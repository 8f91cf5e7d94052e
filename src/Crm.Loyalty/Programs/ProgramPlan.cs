using System.Collections.Frozen;
using Crm.Conditions;
using Crm.Definitions;
using Crm.Events;
using Crm.Loyalty.Challenges;
using Crm.Loyalty.Members;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Stamps;
using Crm.Loyalty.Tiers;
using Crm.Loyalty.Wallets;
using Crm.Loyalty.Memberships;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Programs;

/// <summary>A version of a programme with everything looked up that an event would otherwise look up each time.</summary>
internal sealed class ProgramPlan
{
    private readonly FrozenDictionary<string, RuleIndex> rules;
    private readonly string[] closeKeys;
    private readonly string[] warningKeys;
    private readonly ProgramPlan? earlier;

    /// <param name="definition">The version.</param>
    /// <param name="later">The versions after it, in their order; none for the last.</param>
    /// <param name="earlier">The version before it; null for the first.</param>
    public ProgramPlan(Definition<LoyaltyProgram> definition, IReadOnlyList<Definition<LoyaltyProgram>> later, ProgramPlan? earlier = null)
    {
        this.earlier = earlier;
        Definition = definition;
        Until = later.Count > 0 ? later[0].ActiveFrom : null;
        Zone = DateTimeZoneProviders.Tzdb[definition.Value.Zone];
        Units = definition.Value.Units.Select(unit => new UnitPlan(definition.Value, unit, WarnsOtherwise(unit, later)?.ActiveFrom)).ToArray();
        Ladders = [.. definition.Value.Ladders.Select(ladder => Resolved(ladder, definition.Value.Collections))];
        closeKeys = [.. Ladders.Select(ladder => LoyaltyNames.CloseKey(definition.Name, ladder.Name))];
        warningKeys = [.. Ladders.Select(ladder => LoyaltyNames.TierWarningKey(definition.Name, ladder.Name))];
        CountingLadders = [.. Ladders.Where(ladder => !ladder.IsLevel && ladder.Unit is null)];
        AskingLadders = definition.Value.Cascade == Cascade.None ? [.. Ladders.Where(ladder => ladder.Unit is not null && ladder.Asks)] : [];
        HasLevels = Ladders.Any(ladder => ladder.IsLevel);
        Challenges = [.. definition.Value.Challenges.Select(challenge => challenge with
        {
            Goals = challenge.Goals.Select(goal => goal with { Lines = goal.Lines.Resolved(definition.Value.Collections) }).ToSequence(),
        })];
        SelfGiving = [.. definition.Value.Rewards.Where(reward => reward.AutoAt is not null)];
        VelocityLimits = definition.Value.VelocityLimits.Select(limit => (limit, limit.ExceededIn(definition.Name, definition.Value.Scope))).ToArray();
        Cards = definition.Value.StampCards.Select(card => new CardPlan(definition.Name, card with { Stamps = card.Stamps.Resolved(definition.Value.Collections) })).ToArray();
        Limits = [.. definition.Value.Limits.Select(limit => new LimitPlan(limit))];
        Budgets = [.. definition.Value.Budgets.Select(budget => new BudgetPlan(definition.Name, budget))];
        Yearly = [.. definition.Value.Rules.OfType<YearlyPoints>()];
        KeepsFirstDay = Yearly.Any(rule => rule.DateField is null) || Lives(definition.Value).Any(life => life is LotExpiry.OnAnniversary);
        ReleaseKinds = [.. definition.Value.Units.Select(unit => unit.Activation).Concat(definition.Value.Rules.Select(rule => rule.Terms.Activation)).OfType<Activation.OnEvent>().Select(activation => activation.Kind).Distinct(StringComparer.Ordinal)];
        rules = Indices(definition.Value);
    }

    public Definition<LoyaltyProgram> Definition { get; }

    /// <summary>When the next version begins; null for the last.</summary>
    public Instant? Until { get; }

    /// <summary>The version that counted at an instant before now; the first where none did.</summary>
    public ProgramPlan At(Instant instant) => earlier is null || Definition.ActiveFrom <= instant ? this : earlier.At(instant);

    /// <summary>Whether refunds decide history again.</summary>
    public bool Cascades => Definition.Value.Cascade != Cascade.None;

    public string Name => Definition.Name;

    public DateTimeZone Zone { get; }

    /// <summary>What conditions of the programme may look at: days and hours are those of its zone, whatever that of the store.</summary>
    public IEvidence Here(IEvidence evidence) => evidence.Moment.Zone.Equals(Zone) ? evidence : new EvidenceAt(evidence, evidence.Moment with { Zone = Zone });

    public UnitPlan[] Units { get; }

    public TierLadder[] Ladders { get; }

    /// <summary>The key on the agenda under which a ladder of the version is looked at again.</summary>
    public string CloseKeyOf(TierLadder ladder) => Array.IndexOf(Ladders, ladder) is >= 0 and var place ? closeKeys[place] : LoyaltyNames.CloseKey(Name, ladder.Name);

    /// <summary>The key on the agenda under which the end of a tier of a ladder of the version is warned of.</summary>
    public string TierWarningKeyOf(TierLadder ladder) => Array.IndexOf(Ladders, ladder) is >= 0 and var place ? warningKeys[place] : LoyaltyNames.TierWarningKey(Name, ladder.Name);

    /// <summary>The ladders that count something of events.</summary>
    public TierLadder[] CountingLadders { get; }

    /// <summary>The ladders of which it is kept what conditions of their tiers answered, because history is not decided again.</summary>
    public TierLadder[] AskingLadders { get; }

    /// <summary>Whether a ladder follows a value as it stands.</summary>
    public bool HasLevels { get; }

    /// <summary>The facts of tiers and of what they grant.</summary>
    public IEnumerable<string> TierFacts => Ladders.SelectMany(ladder => ladder.Tiers.SelectMany(tier => tier.Benefits)
        .Select(benefit => LoyaltyNames.BenefitFact(Name, ladder.Name, benefit.Name)).Prepend(LoyaltyNames.Fact(Name, ladder.Name)));

    /// <summary>The challenges, with the articles of collections looked up.</summary>
    public Challenge[] Challenges { get; }

    /// <summary>The rewards that give themselves.</summary>
    public Reward[] SelfGiving { get; }

    /// <summary>The limits of how often, each with the condition that is true beyond it.</summary>
    public (VelocityLimit Limit, Conditions.Condition Exceeded)[] VelocityLimits { get; }

    public CardPlan[] Cards { get; }

    public LimitPlan[] Limits { get; }

    public BudgetPlan[] Budgets { get; }

    /// <summary>The kinds of events that release pending units.</summary>
    public string[] ReleaseKinds { get; }

    public UnitPlan? UnitNamed(string name) => Named.In(Units, name, static unit => unit.Name);

    /// <summary>What a rule says of the life of its units; null where it says nothing, or is gone.</summary>
    public LotExpiry? ExpiryOfRule(string? rule) => Definition.Value.Rules.FirstOrDefault(one => one.Name == rule)?.Terms.Expiry;

    /// <summary>When what a rule gives becomes available, where it says otherwise than the unit; null where it does not, or is gone.</summary>
    public Activation? ActivationOfRule(string? rule) => Definition.Value.Rules.FirstOrDefault(one => one.Name == rule)?.Terms.Activation;

    /// <summary>When what a rule gave of a unit at an instant is given up if the event that it waits for has not come; null: never.</summary>
    public Instant? LapseOf(string? rule, string unit, Instant at) =>
        ((ActivationOfRule(rule) ?? UnitNamed(unit)?.Definition.Activation) as Activation.OnEvent)?.Lapse(new Moment(at, Zone));

    // The ladder with the articles of the collections that its metric names.
    private static Definition<LoyaltyProgram>? WarnsOtherwise(LoyaltyUnit unit, IEnumerable<Definition<LoyaltyProgram>> later) =>
        later.FirstOrDefault(version => version.Value.Units.Any(other => other.Name == unit.Name && other.WarnDaysBefore != unit.WarnDaysBefore));

    private static TierLadder Resolved(TierLadder ladder, Sequence<ArticleCollection> collections) => ladder.Metric is QualificationMetric.Spend { Basis: EarningBasis.Lines lines } spend
        ? ladder with { Metric = spend with { Basis = lines.Resolved(collections) } }
        : ladder;

    private static IEnumerable<LotExpiry> Lives(LoyaltyProgram program) => program.Units.Select(unit => unit.Expiry)
        .Concat(program.Units.SelectMany(unit => unit.ExpiryByTier).Select(one => one.Expiry))
        .Concat(program.Rules.Select(rule => rule.Terms.Expiry).OfType<LotExpiry>());

    public YearlyPoints[] Yearly { get; }

    /// <summary>Whether anything goes by the day on which a member joined, or of their first event.</summary>
    public bool KeepsFirstDay { get; }

    /// <summary>Whether events of the programme are looked for here at all.</summary>
    public bool Covers(CustomerEvent happened) => Definition.Value.Scope.Covers(happened);

    public CardPlan? CardNamed(string name) => Named.In(Cards, name, static card => card.Name);

    public TierLadder? LadderNamed(string name) => Named.In(Ladders, name, static ladder => ladder.Name);

    public IEnumerable<string> Kinds => ReleaseKinds.Concat(Units.SelectMany(unit => unit.Idle?.On ?? [])).Concat(RuleKinds)
        .Concat(Definition.Value.Challenges.SelectMany(challenge => challenge.Goals).Select(goal => goal.On))
        .Concat(Definition.Value.Surprises.SelectMany(surprise => surprise.On))
        .Concat(Definition.Value.Referrals is null ? [] : [EventKinds.PurchaseName]);

    private IEnumerable<string> RuleKinds => rules.Keys.Concat(Cards.SelectMany(card => card.Definition.On)).Concat(Ladders.SelectMany(ladder => ladder.Metric.On));

    /// <summary>The rules for a kind of event; null where there is none.</summary>
    public RuleIndex? RulesFor(string kind) => rules.GetValueOrDefault(kind);

    /// <summary>The place of a unit among <see cref="Units"/>; -1 where there is none.</summary>
    public int PlaceOf(string unit)
    {
        for (var i = 0; i < Units.Length; i++)
        {
            if (string.Equals(Units[i].Name, unit, StringComparison.Ordinal))
            {
                return i;
            }
        }

        return -1;
    }

    private static FrozenDictionary<string, RuleIndex> Indices(LoyaltyProgram program)
    {
        var groups = program.Groups.ToDictionary(group => group.Name, StringComparer.Ordinal);
        return program.Rules.SelectMany((rule, place) => rule.On.Distinct(StringComparer.Ordinal).Select(kind => (kind, plan: new RulePlan(rule, place, program))))
            .GroupBy(pair => pair.kind, pair => pair.plan, StringComparer.Ordinal)
            .ToFrozenDictionary(kind => kind.Key, kind => Index([.. kind], groups), StringComparer.Ordinal);
    }

    private static RuleIndex Index(RulePlan[] ofOneKind, Dictionary<string, StackingGroup> groups)
    {
        foreach (var group in ofOneKind.Where(plan => plan.Terms.Group is not null).GroupBy(plan => plan.Terms.Group ?? "", StringComparer.Ordinal))
        {
            var members = group.ToArray();
            var leader = members[0];
            foreach (var member in members)
            {
                member.IsLed = member != leader;
            }

            Array.Sort(members, RulePlan.InGroup);
            (leader.Group, leader.Stacking) = (members, groups.GetValueOrDefault(group.Key) ?? new StackingGroup(group.Key, StackingPolicy.Sum));
        }

        return new RuleIndex(ofOneKind.Where(plan => !plan.IsLed));
    }
}

/// <summary>A unit of a version of a programme, with the names that belong to it.</summary>
internal sealed class UnitPlan(LoyaltyProgram program, LoyaltyUnit unit, Instant? warnsOtherwiseFrom)
{
    private readonly Lately<DayOfExpiry> expiries = new(512);

    public string Name => unit.Name;

    public UnitKind Kind => unit.Kind;

    public string Fact { get; } = LoyaltyNames.Fact(program.Name, unit.Name);

    public LoyaltyUnit Definition => unit;

    /// <summary>When a later version begins that warns of what runs out at another time than this one; null: none does.</summary>
    public Instant? WarnsOtherwiseFrom => warnsOtherwiseFrom;

    /// <summary>What keeps units alive that idle; null where none do.</summary>
    public LotExpiry.WhenIdle? Idle { get; } = unit.Idle ?? unit.Expiry as LotExpiry.WhenIdle;

    /// <summary>The lot, without amount, of units earned at a moment, where the award, the rule or the tier may say otherwise than the unit.</summary>
    public Lot LotOf(Moment earned, LotExpiry? instead, Membership membership) => (instead ?? unit.Expiry) switch
    {
        LotExpiry.WhenIdle => new Lot(null, 0) { Idles = true },
        LotExpiry.OnAnniversary anniversary => new Lot(anniversary.Of(earned.Date, JoinedOn(membership) ?? earned.Date) is { } gone ? earned.StartOf(gone) : null, 0),
        _ => new Lot(instead is null ? ExpiryOf(earned) : instead.Of(earned), 0),
    };

    private static LocalDate? JoinedOn(Membership membership) => membership.Counted(LoyaltyNames.FirstDay) is > 0 and var day ? LoyaltyNames.DayOf(day) : null;

    /// <summary>What a tier says of the life of units; null where it says nothing.</summary>
    public LotExpiry? ExpiryInTier(Rules.IMember member)
    {
        foreach (ref readonly var one in unit.ExpiryByTier.AsSpan())
        {
            if (string.Equals(member.TierBefore(one.Ladder), one.Tier, StringComparison.Ordinal))
            {
                return one.Expiry;
            }
        }

        return null;
    }

    /// <summary>When units earned at a moment run out, which all events of a day share.</summary>
    public Instant? ExpiryOf(Moment earned)
    {
        if (unit.Expiry is Wallets.LotExpiry.Forever)
        {
            return null;
        }

        var date = earned.Date;
        var hash = date.GetHashCode();
        return expiries.Find(hash) is { } known && known.Earned == date ? known.Expiry : expiries.Keep(hash, new DayOfExpiry(date, unit.Expiry.Of(earned))).Expiry;
    }

    private sealed record DayOfExpiry(LocalDate Earned, Instant? Expiry);
}

/// <summary>A stamp card of a version of a programme, with the names that belong to it.</summary>
internal sealed class CardPlan(string program, StampCard card)
{
    private readonly string stamps = LoyaltyNames.StampsFact(program, card.Name);
    private readonly string free = LoyaltyNames.FreeFact(program, card.Name);

    public StampCard Definition => card;

    public string Name => card.Name;

    public IEnumerable<string> Facts => [stamps, free];

    /// <summary>The facts that differ between two standings.</summary>
    public IEnumerable<Fact> Changed(CardStanding old, CardStanding standing) => Changed(stamps, free, old, standing);

    /// <summary>The same for a card that may be in no version any more.</summary>
    public static IEnumerable<Fact> Changed(string program, CardStanding old, CardStanding standing) =>
        Changed(LoyaltyNames.StampsFact(program, standing.Card), LoyaltyNames.FreeFact(program, standing.Card), old, standing);

    private static IEnumerable<Fact> Changed(string stamps, string free, CardStanding old, CardStanding standing)
    {
        // Nothing on the card after a purchase filled it is told, also where there was nothing on it before.
        if (old.Stamps != standing.Stamps || old.Completed != standing.Completed)
        {
            yield return new Fact(stamps, standing.Stamps);
        }

        if (old.Free != standing.Free)
        {
            yield return new Fact(free, standing.Free);
        }
    }
}
