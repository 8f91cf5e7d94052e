using System.Collections.Frozen;
using Crm.Definitions;
using Crm.Engine;
using Crm.Events;
using Crm.Loyalty.Challenges;
using Crm.Loyalty.Linting;
using Crm.Loyalty.Members;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Openings;
using Crm.Loyalty.Pools;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Stamps;
using Crm.Loyalty.Tiers;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty;

/// <summary>
/// Loyalty as a module: events earn units by the rules of the programmes that are active at their moment, requests spend them, lots run out and tiers close at their
/// exact instants. Refunds need nothing of their own: what is left of a purchase earns what it would have earned from the start.
/// </summary>
public sealed class LoyaltyModule : CustomerModule<LoyaltyState>, IHoldsUnits
{
    private static readonly EventKind[] AllKinds =
        [.. LoyaltyEvents.Kinds, .. RewardEvents.Kinds, .. CartEvents.Kinds, .. StampEvents.Kinds, .. TierEvents.Kinds, .. MemberEvents.Kinds, .. ReferralEvents.Kinds, .. ChallengeEvents.Kinds, .. OpeningEvents.Kinds, .. PoolEvents.Kinds];

    internal static readonly FrozenSet<string> Asks = AllKinds.Where(kind => kind.Nature == EventNature.Request).Select(kind => kind.Name).ToFrozenSet(StringComparer.Ordinal);

    private static readonly FrozenSet<string> Spends = new[]
    {
        LoyaltyEvents.RedeemName, LoyaltyEvents.TransferName, LoyaltyEvents.ConvertName, RewardEvents.RedeemName, RewardEvents.ReserveName, RewardEvents.ReserveRewardName, RewardEvents.PayName, CartEvents.WantName, PoolEvents.GiveName, StampEvents.UseName,
    }.ToFrozenSet(StringComparer.Ordinal);

    private readonly LoyaltyPlans plans;
    private readonly bool seesMerges;

    /// <summary>Loyalty with these programmes, each counting from the beginning of time.</summary>
    /// <exception cref="InvalidLoyaltyProgramException">Something is wrong with a programme; the message lists all of it.</exception>
    public LoyaltyModule(params IEnumerable<LoyaltyProgram> programs)
        : this(new DefinitionCatalog<LoyaltyProgram>(programs.Select(program => new Definition<LoyaltyProgram>(program.Name, 1, Instant.MinValue, program, program.Hash))))
    {
    }

    /// <summary>Loyalty with all versions of these programmes; the one active at an event's moment decides.</summary>
    /// <exception cref="InvalidLoyaltyProgramException">Something is wrong with a programme; the message lists all of it.</exception>
    public LoyaltyModule(DefinitionCatalog<LoyaltyProgram> programs)
        : this(programs, [])
    {
    }

    /// <summary>Loyalty with all versions of these programmes, and kinds of events of the host's own that their rules look at.</summary>
    /// <exception cref="InvalidLoyaltyProgramException">Something is wrong with a programme; the message lists all of it.</exception>
    public LoyaltyModule(DefinitionCatalog<LoyaltyProgram> programs, IEnumerable<EventKind> kinds)
        : this(programs, kinds, [])
    {
    }

    private LoyaltyModule(DefinitionCatalog<LoyaltyProgram> programs, IEnumerable<EventKind> kinds, IEnumerable<Definition<LoyaltyProgram>> elsewhere)
    {
        ArgumentNullException.ThrowIfNull(kinds);
        ArgumentNullException.ThrowIfNull(programs);
        plans = new LoyaltyPlans(programs, elsewhere);
        seesMerges = plans.Handled.Any(kind => kind is "*" or EventKinds.MergedName);
        var keeps = programs.All.Any(definition => definition.Value.Cascade == Cascade.None);
        if (keeps && programs.All.Any(definition => definition.Value.Cascade != Cascade.None))
        {
            throw new ArgumentException($"Programmes with and without cascade are two modules, because refunds decide the history of one again and not of the other; make them with {nameof(LoyaltyModule)}.{nameof(Of)}, or with AddLoyalty. All versions of a programme have one cascade.", nameof(programs));
        }

        var follows = Metrics<QualificationMetric>(programs).Any(metric => metric.IsLevel) || plans.Programs.Any(versions => versions.All.Any(plan => plan.AskingLadders.Length > 0));
        Contract = new ModuleContract
        {
            Name = keeps ? LoyaltyNames.KeepingModule : LoyaltyNames.Module,
            Reversible = !keeps,
            Codec = new LoyaltyStateCodec(plans),
            Kinds = [.. AllKinds, .. kinds],
            Handles = plans.Handled.Concat(keeps ? [EventKinds.RefundName, EventKinds.CancellationName] : []).Concat(AllKinds.Select(kind => kind.Name)).Append(EventKinds.MergedName).Concat(follows ? [Echo.FactsChanged] : []).Distinct(StringComparer.Ordinal).ToSequence(),
            Emits = LoyaltyEchoes.All.Select(echo => echo.Kind).ToSequence(),
            Reads = Metrics<QualificationMetric.FactValue>(programs).Select(metric => metric.Fact).Distinct().ToSequence(),
            Observes = Metrics<QualificationMetric.ProfileValue>(programs).Select(metric => metric.Field).Concat(plans.DateFields).Distinct(StringComparer.Ordinal).ToSequence(),
            Publishes = plans.Facts.Select(fact => new FactDeclaration(fact, Queryable: true)).ToSequence(),
            Conditions = programs.All.SelectMany(definition => definition.Value.Conditions).Distinct().ToSequence(),
            Definitions = programs.All.Select(definition => definition.Hash).Distinct().ToSequence(),
            Starts = programs.All.Where(definition => definition.ActiveFrom > Instant.MinValue).Select(definition => new DefinitionStart(definition.Hash, definition.ActiveFrom)).ToSequence(),
        };
    }

    /// <summary>The modules of these programmes: one for those whose refunds decide history again, and one, irrevocable, for those whose refunds reach no further than the purchase.</summary>
    /// <exception cref="InvalidLoyaltyProgramException">Something is wrong with a programme; the message lists all of it.</exception>
    public static IEnumerable<LoyaltyModule> Of(DefinitionCatalog<LoyaltyProgram> programs, IEnumerable<EventKind> kinds)
    {
        ArgumentNullException.ThrowIfNull(programs);
        var kept = programs.All.Where(definition => definition.Value.Cascade == Cascade.None).Select(definition => definition.Name).ToHashSet(StringComparer.Ordinal);
        var parts = programs.All.GroupBy(definition => kept.Contains(definition.Name)).OrderBy(part => part.Key).Select(part => part.ToList()).ToList();
        return parts.Count < 2
            ? [new LoyaltyModule(programs, kinds)]
            : [.. parts.Select(part => new LoyaltyModule(new DefinitionCatalog<LoyaltyProgram>(part), kinds, programs.All.Except(part)))];
    }

    /// <summary>The modules of these programmes, each counting from the beginning of time.</summary>
    /// <exception cref="InvalidLoyaltyProgramException">Something is wrong with a programme; the message lists all of it.</exception>
    public static IEnumerable<LoyaltyModule> Of(params IEnumerable<LoyaltyProgram> programs) =>
        Of(new DefinitionCatalog<LoyaltyProgram>(programs.Select(program => new Definition<LoyaltyProgram>(program.Name, 1, Instant.MinValue, program, program.Hash))), []);

    /// <inheritdoc/>
    public override ModuleContract Contract { get; }

    /// <summary>What the linter finds in the latest versions, all of it at once, for a host to log at start; the paths are those within the programme.</summary>
    public Sequence<(string Program, ProgramFinding Finding)> Findings => plans.Programs
        .SelectMany(versions => ProgramLinter.Findings(versions.Latest.Definition.Value).Select(finding => (versions.Name, finding))).ToSequence();

    /// <summary>What a customer may see of the programmes: a hidden one only once it has given them something.</summary>
    /// <param name="customer">The customer as read.</param>
    /// <param name="stock">What the supply of a name has, as the host looked it up; null: stocks are not looked at.</param>
    public Sequence<MemberView> Show(CustomerView customer, Func<string, long>? stock = null)
    {
        ArgumentNullException.ThrowIfNull(customer);
        var state = customer.Slot<LoyaltyState>(Contract.Name);
        return plans.Programs.Select(versions => versions.At(customer.Moment.Instant)).OfType<ProgramPlan>()
            .Where(plan => !plan.Definition.Value.Hidden || state.In(plan.Name).Revealed)
            .Select(plan => MemberView.Of(plan, state.In(plan.Name), customer, stock)).ToSequence();
    }

    /// <summary>What the wish that a cart keeps comes to for the cart as it is now. Nothing is written, and nothing is set aside: asked again, it is worked out anew.</summary>
    /// <param name="customer">The customer as read.</param>
    /// <param name="cart">The cart.</param>
    /// <param name="order">What the cart comes to now.</param>
    /// <param name="program">The programme; null where one of them lets units pay.</param>
    /// <param name="rate">How much in the currency in which units pay one of the order's currency is, as the look-up of <see cref="Rules.ExchangeRates.Name"/> says; null: they are the same.</param>
    /// <returns>Null where nothing is wanted for the cart.</returns>
    /// <exception cref="ArgumentException">The order is in another currency, and there is no rate above 0.</exception>
    public CartView? Cart(CustomerView customer, string cart, Money order, string? program = null, decimal? rate = null)
    {
        ArgumentNullException.ThrowIfNull(customer);
        var state = customer.Slot<LoyaltyState>(Contract.Name);
        foreach (var plan in plans.Programs.Select(versions => versions.At(customer.Moment.Instant)).OfType<ProgramPlan>())
        {
            if (plan.Definition.Value.Payment is { } terms && (program is null || plan.Name == program)
                && state.In(plan.Name).Carts.FirstOrDefault(known => known.Cart == cart) is { } wish)
            {
                var available = Math.Max(0, state.In(plan.Name).Wallet(terms.Unit).Balance);
                var (points, pays) = rate is { } known ? terms.Quote(wish.Wanted, available, order, known) : terms.Quote(wish.Wanted, available, order);
                return new CartView(wish.Wanted, available, points, pays);
            }
        }

        return null;
    }

    /// <inheritdoc/>
    IEnumerable<UnitsHeld> IHoldsUnits.Held(object state) => ((LoyaltyState)state).Held;

    /// <inheritdoc/>
    protected override Outcome Handle(LoyaltyState state, ModuleContext context)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(context);
        return context.Stimulus switch
        {
            Stimulus.Happened { Event: var other } when plans.IsElsewhere(other) || StampSteps.IsElsewhere(other, plans, context) => Outcome.Nothing,
            Stimulus.Happened { Event: { Kind: LoyaltyEvents.CountPastName } opened } => CountPast(opened, state, context),
            Stimulus.Happened { Event: { Kind: ReferralEvents.UnclaimedName } unclaimed } => ReferralSteps.Unclaimed(unclaimed),
            Stimulus.Happened { Event: { Kind: PoolEvents.JoinedName } joined } => PoolJoins.Joined(joined, plans, state, context),
            Stimulus.Happened { Event: { Kind: PoolEvents.MergedName } merged } => PoolJoins.MemberMerged(merged, state, context),
            Stimulus.Happened { Event: { Kind: LoyaltyEvents.ReceiveName or LoyaltyEvents.CameBackName } received } => Kept(received, WalletRequests.Receive(received, plans, state, context), context),
            Stimulus.Happened { Event: var happened } => Asked(happened, state, context) is { } asked ? Kept(happened, asked, context) : Happened(happened, state, context),
            Stimulus.Echoed { Echo: var echo } => Echoed(echo, state, context),
            Stimulus.Due due => Due(due.Key, state, context),
            _ => Outcome.Nothing,
        };
    }

    /// <inheritdoc/>
    protected override Outcome.Accepted Correct(LoyaltyState stored, LoyaltyState without, LoyaltyState with)
    {
        ArgumentNullException.ThrowIfNull(stored);
        ArgumentNullException.ThrowIfNull(without);
        ArgumentNullException.ThrowIfNull(with);
        return plans.Published(new CorrectionSteps(plans, stored).Apply(with, without));
    }

    /// <inheritdoc/>
    protected override Outcome.Accepted? Merge(LoyaltyState survivor, LoyaltyState retired, ModuleContext context)
    {
        ArgumentNullException.ThrowIfNull(survivor);
        ArgumentNullException.ThrowIfNull(retired);
        ArgumentNullException.ThrowIfNull(context);
        return MergeSteps.Merge(plans, survivor, retired, context);
    }

    /// <inheritdoc/>
    protected override Outcome.Accepted? Pin(LoyaltyState state, LoyaltyState seen)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(seen);
        var (pinned, agenda) = (state, new List<AgendaChange>());
        foreach (var membership in seen.Memberships)
        {
            pinned = RewardSteps.Seen(pinned.In(membership.Program), membership) is { } known ? pinned.With(known) : pinned;
            if (ChallengeSteps.Seen(pinned.In(membership.Program), membership) is { } achieved)
            {
                pinned = pinned.With(achieved);
            }

            if (plans.Find(membership.Program) is null && !pinned.Memberships.Any(known => known.Program == membership.Program))
            {
                // What was given in a programme that is gone goes to who had it there.
                pinned = pinned.With(new Membership { Program = membership.Program });
            }

            agenda.AddRange(pinned.In(membership.Program).Challenges.Where(challenge => challenge.Owed is not null).Select(challenge => ChallengeSteps.KeepingOf(membership.Program, challenge)));
        }

        return ReferenceEquals(pinned, state) ? null : new Outcome.Accepted { State = pinned, Agenda = agenda.ToSequence() };
    }

    /// <inheritdoc/>
    protected override Outcome.Accepted? PinPassed(LoyaltyState state, LoyaltyState passed) => Pin(state, passed);

    private Outcome Kept(CustomerEvent request, Outcome outcome, ModuleContext context) => !Contract.Reversible && UndoSteps.CanUndo(request.Kind) ? MovedLots.Keep(request, outcome, context) : outcome;

    // The answer to a request; null for what is none.
    private Outcome? Asked(CustomerEvent request, LoyaltyState state, ModuleContext context)
    {
        if (!Asks.Contains(request.Kind))
        {
            return null;
        }

        if (!context.AlreadyAccepted && MayNot(request, state, context) is { } refused)
        {
            return refused;
        }

        Outcome? outcome = request.Kind switch
        {
            LoyaltyEvents.RedeemName => PointRequests.Redeem(request, plans, state, context),
            LoyaltyEvents.AdjustName => PointRequests.Adjust(request, plans, state, context),
            LoyaltyEvents.TransferName or LoyaltyEvents.ConvertName or LoyaltyEvents.AmendName or LoyaltyEvents.ReinstateName or LoyaltyEvents.ReturnName => WalletRequests.Decide(request, plans, state, context),
            RewardEvents.PayName => PointRequests.Pay(request, plans, state, context),
            CartEvents.WantName => CartSteps.Want(request, plans, state, context),
            RewardEvents.ReserveName => ReservationSteps.Reserve(request, plans, state, context),
            RewardEvents.CaptureName or RewardEvents.VoidName => ReservationSteps.Resolve(request, plans, state, context),
            RewardEvents.RedeemName => RewardSteps.Redeem(request, plans, state, context),
            RewardEvents.ReserveRewardName => RewardSteps.Reserve(request, plans, state, context),
            RewardEvents.UseName => RewardSteps.Use(request, plans, state, context),
            StampEvents.UseName or StampEvents.GiveName or StampEvents.OpenName => StampSteps.Decide(request, plans, state, context),
            TierEvents.FloorName or TierEvents.PinName or TierEvents.ReleaseName => TierRequests.Decide(request, plans, state, context),
            MemberEvents.JoinName or MemberEvents.LeaveName or MemberEvents.SuspendName or MemberEvents.ResumeName => MemberSteps.Decide(request, plans, state, context),
            ReferralEvents.AcceptName or ReferralEvents.ApproveName => ReferralSteps.Decide(request, plans, state, context),
            ChallengeEvents.JoinName => ChallengeSteps.Join(request, plans, state, context),
            OpeningEvents.OpenName => OpeningSteps.Decide(request, plans, state, context),
            PoolEvents.GiveName => PoolSteps.Give(request, plans, state, context),
            PoolEvents.OpenName or PoolEvents.AdmitName or PoolEvents.LeaveName or PoolEvents.DissolveName => PoolSteps.Decide(request, plans, state, context),
            _ => null,
        };
        if (outcome is Outcome.Refused && RecordedSteps.CarryOut(request, plans, state, context) is { } recorded)
        {
            return recorded;
        }

        return outcome is not null && Spends.Contains(request.Kind) ? PoolSteps.Charge(request, plans, state, context, outcome) : outcome;
    }

    // Who is no member of the programme that is meant spends nothing, who is suspended uses no code either, and nobody asks more often than a limit of it allows.
    private Outcome.Refused? MayNot(CustomerEvent request, LoyaltyState state, ModuleContext context)
    {
        var meant = request.Fields["program"].AsCode ?? StampSteps.ProgramOf(request, plans, context);
        foreach (var versions in plans.Programs)
        {
            if ((meant is not null && versions.Name != meant) || versions.At(context.Moment.Instant) is not { } plan)
            {
                continue;
            }

            foreach (var (limit, exceeded) in plan.VelocityLimits)
            {
                if (limit.Kind == request.Kind && context.Evaluate(exceeded).Value)
                {
                    return new Outcome.Refused("too-often", LoyaltyTexts.TooOften(limit.Name));
                }
            }

            // What was set aside before a suspension is promised to a till, which takes it or gives it back.
            var membership = state.In(plan.Name);
            var refused = Spends.Contains(request.Kind) ? MemberSteps.MaySpend(plan, membership) ?? PoolSteps.MaySpend(request, membership)
                : request.Kind == RewardEvents.UseName ? MemberSteps.WhileSuspended(membership) : null;
            if (refused is not null)
            {
                return refused;
            }
        }

        return null;
    }

    private static bool IsTooOften(CustomerEvent happened, ProgramPlan plan, Decision decision)
    {
        foreach (var (limit, exceeded) in plan.VelocityLimits)
        {
            if (limit.Kind == happened.Kind && decision.Context.Evaluate(exceeded).Value)
            {
                decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.Velocity) { Program = plan.Name, Subject = limit.Name, Text = LoyaltyTexts.TooOften(limit.Name) });
                if (WhySteps.IsAsked(decision))
                {
                    EarningSteps.ExplainNothing(happened, plan, decision, new Reason(ReasonCodes.TooOften, LoyaltyTexts.TooOften(limit.Name)) { Subject = limit.Name });
                }

                return true;
            }
        }

        return false;
    }

    private static IEnumerable<T> Metrics<T>(DefinitionCatalog<LoyaltyProgram> programs) =>
        programs.All.SelectMany(definition => definition.Value.Ladders).Select(ladder => ladder.Metric).OfType<T>();
    private Outcome Happened(CustomerEvent happened, LoyaltyState state, ModuleContext context)
    {
        var decision = new Decision(state, context);
        if (happened.Kind == EventKinds.MergedName)
        {
            foreach (var membership in state.Memberships)
            {
                PoolJoins.SayMerged(membership.Program, decision);
            }

            if (!seesMerges)
            {
                return decision.Outcome();
            }
        }

        if (happened.Kind == ReferralEvents.SucceededName)
        {
            ReferralSteps.Succeeded(happened, plans, decision);
        }

        foreach (var versions in plans.Programs)
        {
            if (versions.At(context.Moment.Instant, state) is not { } plan)
            {
                ClawbackSteps.TakeBack(versions.All[0], decision, own: false);
                RecordedSteps.Give(happened, versions.All[0], decision);
                continue;
            }

            var (covers, takesPart) = (plan.Covers(happened), MemberSteps.TakesPart(plan, state.In(plan.Name)));
            decision.Ask(plan);
            YearlySteps.Look(plan, decision, begins: covers && takesPart);
            if (happened.Original is { } original && Array.IndexOf(plan.ReleaseKinds, happened.Kind) >= 0)
            {
                foreach (var unit in plan.Units)
                {
                    decision.Release(plan, unit, original);
                }
            }

            foreach (var unit in covers ? plan.Units : [])
            {
                decision.Touch(plan, unit, happened.Kind);
            }

            ClawbackSteps.TakeBack(plan, decision, own: false);
            var stands = RecordedSteps.Give(happened, plan, decision);
            if (!covers || !takesPart || plan.Definition.Value.Ended)
            {
                MemberSteps.WhyNothing(happened, plan, decision);
            }

            if (plan.Definition.Value.Ended || !takesPart)
            {
                continue;
            }

            if (!covers)
            {
                // It happened where the programme does not look, but values as they stand are those of the member wherever they were noticed.
                TierSteps.Weigh(plan, decision);
                continue;
            }

            if (IsTooOften(happened, plan, decision))
            {
                continue;
            }

            if (!stands)
            {
                EarningSteps.Earn(happened, plan, decision);
            }

            RewardSteps.GiveThemselves(plan, decision);
            StampSteps.Stamp(happened, plan, decision);
            TierSteps.Count(happened, plan, decision);
            ChallengeSteps.Count(happened, plan, decision);
            ReferralSteps.Count(happened, plan, decision);
            RewardSteps.Surprise(happened, plan, decision);
            ClawbackSteps.TakeBack(plan, decision, own: true);
        }

        if (!context.RecordedPrograms.Any())
        {
            return decision.Outcome();
        }

        RecordedSteps.GiveOfGone(happened, state, plans, decision);
        return plans.Published(decision.Outcome());
    }

    // From here on the programme counts, though it begins later.
    private Outcome CountPast(CustomerEvent opened, LoyaltyState state, ModuleContext context)
    {
        var program = opened.Fields[LoyaltyEvents.Program].AsCode ?? "";
        var decision = new Decision(state, context);
        if (plans.Find(program) is { } versions)
        {
            decision.Count(versions.All[0], new Tally(LoyaltyNames.CountsPast, 0, 1));
        }
        else if (Contract.Reversible || plans.AreAll)
        {
            decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.UnknownProgram) { Subject = program, Text = LoyaltyTexts.UnknownProgram(program, plans.Known) });
        }

        return decision.Outcome();
    }

    private Outcome Echoed(Echo echo, LoyaltyState state, ModuleContext context)
    {
        var decision = new Decision(state, context);
        var happened = new CustomerEvent { Key = context.Cause, Kind = echo.Kind, OccurredAt = context.Moment.Instant, Fields = echo.Fields };
        foreach (var plan in plans.Programs.Select(versions => versions.At(context.Moment.Instant, state)).OfType<ProgramPlan>())
        {
            decision.Ask(plan);
            if (!plan.Definition.Value.Ended && MemberSteps.TakesPart(plan, state.In(plan.Name)) && decision.Recorded(plan) is null)
            {
                EarningSteps.Earn(happened, plan, decision);
            }

            if (plan.HasLevels)
            {
                decision.Weigh(plan);
            }
        }

        return decision.Outcome();
    }

    private Outcome Due(string key, LoyaltyState state, ModuleContext context)
    {
        var (what, program, name) = LoyaltyNames.Parse(key);
        var plan = plans.Find(program)?.At(context.Moment.Instant, state);
        var decision = new Decision(state, context);
        switch (what)
        {
            case LoyaltyNames.Expire:
                decision.Expire(program, name, plan);
                if (plan is { HasLevels: true })
                {
                    decision.Weigh(plan);
                }

                break;
            case LoyaltyNames.Close when plan?.LadderNamed(name) is { } ladder:
                decision.Close(plan, ladder);
                break;
            case LoyaltyNames.Ask when plan?.LadderNamed(name) is { } ladder && Array.IndexOf(plan.AskingLadders, ladder) >= 0:
                decision.AskAgain(plan, ladder);
                break;
            case LoyaltyNames.Activate when plan?.UnitNamed(name) is { } unit:
                decision.Activate(plan, unit);
                break;
            case LoyaltyNames.Activate:
                decision.Activate(program, name);
                break;
            case LoyaltyNames.Warning when plan?.UnitNamed(name) is { } unit:
                decision.Warn(plan, unit);
                break;
            case LoyaltyNames.TierWarning when plan?.LadderNamed(name) is { } ladder:
                decision.WarnOfEnd(plan, ladder);
                break;
            case LoyaltyNames.Yearly when plan is { Definition.Value.Ended: false }:
                YearlySteps.Give(plan, name, decision);
                break;
            case LoyaltyNames.Stamps when plan?.CardNamed(name) is { } card:
                StampSteps.Expire(plan, card, decision);
                break;
            case LoyaltyNames.Reservation when plan is not null:
                ReservationSteps.Lapse(plan, name, decision);
                break;
            case LoyaltyNames.Reservation:
                ReservationSteps.LapseOfGone(program, name, decision);
                break;
            case LoyaltyNames.Cart:
                decision.DropCart(program, name);
                break;
            case LoyaltyNames.Referral when plan is not null:
                ReferralSteps.Pay(plan, decision);
                break;
            case LoyaltyNames.Challenge when plan?.Challenges.FirstOrDefault(known => known.Name == name) is { } challenge:
                ChallengeSteps.Keep(plan, challenge, decision);
                break;
        }

        // Units of what is gone become available and run out, too.
        return plans.Published(decision.Outcome());
    }
}
