using Crm.Events;
using Crm.Ledger;
using Crm.Loyalty.Challenges;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Stamps;
using Crm.Modules;
using Crm.Values;

namespace Crm.Loyalty.Members;

/// <summary>Decides how a membership begins, rests and ends, and who takes part.</summary>
internal static class MemberSteps
{
    /// <summary>Whether a customer takes part: earns and is counted.</summary>
    public static bool TakesPart(ProgramPlan plan, Membership membership) =>
        membership.Life is { } life ? life.Status == MemberStatus.Member : plan.Definition.Value.Membership.Enrolment == Enrolment.Open;

    /// <summary>Says, where somebody asks, why no rule gives anything: the programme has ended, the customer takes no part, or it happened where the programme does not look.</summary>
    public static void WhyNothing(CustomerEvent happened, ProgramPlan plan, Decision decision)
    {
        if (!WhySteps.IsAsked(decision))
        {
            return;
        }

        var membership = decision.In(plan.Name);
        var reasons = new List<Reason>();
        if (plan.Definition.Value.Ended)
        {
            reasons.Add(new(ReasonCodes.ProgramEnded, LoyaltyTexts.ProgramEnded(plan.Name)));
        }

        if (!TakesPart(plan, membership))
        {
            reasons.Add(membership.Life?.Status == MemberStatus.Suspended ? new(ReasonCodes.MembershipSuspended, LoyaltyTexts.Suspended) : new(ReasonCodes.NotAMember, LoyaltyTexts.NotAMember));
        }

        if (!plan.Covers(happened))
        {
            reasons.Add(new(ReasonCodes.NotCovered, LoyaltyTexts.NotCovered(plan.Name)));
        }

        EarningSteps.ExplainNothing(happened, plan, decision, reasons);
    }

    /// <summary>Why a customer may not spend; null when they may.</summary>
    public static Outcome.Refused? MaySpend(ProgramPlan plan, Membership membership) => WhileSuspended(membership) ?? membership.Life switch
    {
        null when plan.Definition.Value.Membership.Enrolment == Enrolment.Open || membership.Pool is not null => null,
        { Status: MemberStatus.Member } => null,
        _ => new(ReasonCodes.NotAMember, LoyaltyTexts.NotAMember),
    };

    /// <summary>Why a suspended member may not; null where nobody is suspended.</summary>
    public static Outcome.Refused? WhileSuspended(Membership membership) =>
        membership.Life?.Status == MemberStatus.Suspended ? new(ReasonCodes.MembershipSuspended, LoyaltyTexts.Suspended) : null;

    public static Outcome Decide(CustomerEvent request, LoyaltyPlans plans, LoyaltyState state, ModuleContext context)
    {
        if (!RequestedProgram.TryFind(request, plans, context, out var plan, out var refused))
        {
            return refused;
        }

        var life = state.In(plan.Name).Life;
        var decision = new Decision(state, context);
        return request.Kind switch
        {
            MemberEvents.JoinName => Join(request, plan, life, decision),
            MemberEvents.LeaveName => Leave(plan, life, decision),
            _ => Suspend(request, plan, life, decision),
        };
    }

    private static Outcome Join(CustomerEvent request, ProgramPlan plan, MembershipLife? life, Decision decision)
    {
        var rules = plan.Definition.Value.Membership;
        var terms = request.Fields[MemberEvents.Terms].AsCode;
        Outcome.Refused? wrong = life?.Status switch
        {
            _ when plan.Definition.Value.Ended => new("program-ended", LoyaltyTexts.ProgramEnded(plan.Name)),
            MemberStatus.Member when life.Times > 0 => new("already-a-member", LoyaltyTexts.AlreadyAMember),
            MemberStatus.Suspended => new("membership-suspended", LoyaltyTexts.Suspended),
            _ when rules.Terms is { } current && terms != current => new("terms-not-accepted", LoyaltyTexts.TermsExpected(current)),
            _ when rules.Enrolment == Enrolment.ByInvitation && request.Actor is null => new("by-invitation", LoyaltyTexts.ByInvitation),
            _ => null,
        };
        if (wrong is not null && !decision.Context.AlreadyAccepted)
        {
            return wrong;
        }

        var now = decision.Context.Moment.Instant;
        var first = life is null or { Times: 0 };
        Live(plan, new MembershipLife(MemberStatus.Member, now, now, (life?.Times ?? 0) + 1, terms), decision);
        if (life?.Status == MemberStatus.Left)
        {
            decision.BeginAgain(plan);
        }

        YearlySteps.Look(plan, decision, begins: true);
        foreach (var gift in first ? rules.Welcome : [])
        {
            if (plan.PlaceOf(gift.Unit) is >= 0 and var place)
            {
                decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.Gift) { Program = plan.Name, Subject = "welcome", Unit = gift.Unit, Amount = gift.Amount });
                decision.Issue(plan, plan.Units[place], gift.Amount, null, "welcome");
            }
        }

        // An occasion of its own, with all that rules have: terms, limits, budgets, a life of their units.
        EarningSteps.Earn(request with { Kind = first ? MemberEvents.Registered : MemberEvents.Rejoined }, plan, decision);
        ReferralSteps.Come(plan, decision);
        return decision.Outcome();
    }

    private static Outcome Leave(ProgramPlan plan, MembershipLife? life, Decision decision)
    {
        if (MayNotLeave(plan, life) is { } wrong && !decision.Context.AlreadyAccepted)
        {
            return wrong;
        }

        ReservationSteps.ReturnAll(plan, decision);
        if (plan.Definition.Value.Membership.Leaving == LeavePolicy.Forfeit)
        {
            decision.Forfeit(plan);
            StampSteps.Forfeit(plan, decision);
            ChallengeSteps.Forfeit(plan, decision);
            RewardSteps.Forfeit(plan, decision);
            CartSteps.Forfeit(plan, decision);
        }

        Live(plan, new MembershipLife(MemberStatus.Left, decision.Context.Moment.Instant, life?.Joined, life?.Times ?? 0, life?.Terms), decision);
        return decision.Outcome();
    }

    private static Outcome.Refused? MayNotLeave(ProgramPlan plan, MembershipLife? life) => life switch
    {
        { Status: MemberStatus.Suspended } => new("membership-suspended", LoyaltyTexts.Suspended),
        { Status: MemberStatus.Left } => new("not-a-member", LoyaltyTexts.NotAMember),
        null when plan.Definition.Value.Membership.Enrolment != Enrolment.Open => new("not-a-member", LoyaltyTexts.NotAMember),
        _ => null,
    };

    private static Outcome Suspend(CustomerEvent request, ProgramPlan plan, MembershipLife? life, Decision decision)
    {
        var suspends = request.Kind == MemberEvents.SuspendName;
        var suspended = life?.Status == MemberStatus.Suspended;
        var staff = new StaffCheck(request, plan, decision.Context);
        if (staff.Refusal(null, 1) is { } limited)
        {
            return limited;
        }

        if (life is null && plan.Definition.Value.Membership.Enrolment != Enrolment.Open && decision.In(plan.Name).Pool is null && !decision.Context.AlreadyAccepted)
        {
            return new Outcome.Refused(ReasonCodes.NotAMember, LoyaltyTexts.NotAMember);
        }

        if (!decision.Context.AlreadyAccepted && (suspends == suspended || life?.Status == MemberStatus.Left))
        {
            return suspended ? new Outcome.Refused("membership-suspended", LoyaltyTexts.Suspended) : new Outcome.Refused("not-suspended", LoyaltyTexts.NotSuspended);
        }

        decision.Draw(staff.Counted);

        var now = decision.Context.Moment.Instant;
        Live(plan, (life ?? new MembershipLife(MemberStatus.Member, now, null, 0, null)) with { Status = suspends ? MemberStatus.Suspended : MemberStatus.Member, Since = now }, decision);
        return decision.Outcome();
    }

    private static void Live(ProgramPlan plan, MembershipLife life, Decision decision)
    {
        var status = NameOf(life.Status);
        decision.Live(plan.Name, life);
        decision.Publish(new Fact(LoyaltyNames.MemberFact(plan.Name), status));
        decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.Membership) { Program = plan.Name, Subject = status, Text = LoyaltyTexts.Member(life.Status) });
        decision.Tell(new Echo(LoyaltyNames.MembershipChanged, Fields.Of(("program", plan.Name), ("status", status))));
    }

    internal static string NameOf(MemberStatus status) => status switch { MemberStatus.Member => "member", MemberStatus.Suspended => "suspended", _ => "left" };
}
