using Crm.Events;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Wallets;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Members;

/// <summary>Notes who brought whom, and pays both sides once what it pays for stands.</summary>
internal static class ReferralSteps
{
    public static Outcome Decide(CustomerEvent request, LoyaltyPlans plans, LoyaltyState state, ModuleContext context)
    {
        if (!RequestedProgram.TryFind(request, plans, context, out var plan, out var refused))
        {
            return refused;
        }

        if (plan.Definition.Value.Referrals is not { } rules)
        {
            return new Outcome.Refused("no-referrals", LoyaltyTexts.NoReferrals(plan.Name));
        }

        return request.Kind == ReferralEvents.ApproveName ? Approve(request, plan, rules, state, context) : Accept(request, plan, rules, state, context);
    }

    /// <summary>Counts a friend's purchase.</summary>
    public static void Count(CustomerEvent happened, ProgramPlan plan, Decision decision)
    {
        if (happened.Kind != EventKinds.PurchaseName || plan.Definition.Value.Referrals is not { } rules || decision.In(plan.Name).Referral is not { } standing)
        {
            return;
        }

        standing = standing.Bringing(happened.Spend);
        var context = decision.Counting(happened, plan, rules.Minimum?.Currency);
        if (rules.For == ReferralFor.Coming || (rules.Minimum is { } least && !context.Spends(least)))
        {
            decision.Stand(plan.Name, standing);
            return;
        }

        standing = standing with { Purchases = standing.Purchases + 1 };
        var pays = rules.For switch
        {
            ReferralFor.FirstPurchase => standing.Purchases == 1,
            ReferralFor.SecondPurchase => standing.Purchases == 2,
            _ => true,
        };
        decision.Stand(plan.Name, standing);
        if (pays)
        {
            Owe(plan, rules, standing, decision);
        }
    }

    /// <summary>Pays once for coming: a friend has come who was brought and takes part, in whichever order.</summary>
    public static void Come(ProgramPlan plan, Decision decision)
    {
        if (plan.Definition.Value.Referrals is { For: ReferralFor.Coming } rules && decision.In(plan.Name) is { Referral: { Payments: 0 } standing } membership && MemberSteps.TakesPart(plan, membership))
        {
            Owe(plan, rules, standing, decision);
        }
    }

    /// <summary>Pays what has stood long enough.</summary>
    public static void Pay(ProgramPlan plan, Decision decision)
    {
        if (plan.Definition.Value.Referrals is not { } rules || decision.In(plan.Name).Referral is not { } standing)
        {
            return;
        }

        var due = standing.Waiting.Where(at => at <= decision.Context.Moment.Instant).ToList();
        var paid = standing.Payments - standing.Waiting.Count;
        decision.Stand(plan.Name, standing with { Waiting = standing.Waiting.Skip(due.Count).ToSequence() }, isDue: true);
        for (var i = 1; i <= due.Count; i++)
        {
            Pay(plan, rules, standing.Advocate, paid + i, decision);
        }
    }

    /// <summary>The advocate's side.</summary>
    public static void Succeeded(CustomerEvent happened, LoyaltyPlans plans, Decision decision)
    {
        if (plans.Find(happened.Fields["program"].AsCode ?? "")?.At(decision.Context.Moment.Instant) is not { Definition.Value.Referrals: { Advocate: { } gift } rules } plan)
        {
            return;
        }

        if (IsPaidEnough(plan, rules, decision))
        {
            decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.Velocity) { Program = plan.Name, Subject = "referrals", Text = LoyaltyTexts.TooOften("referrals") });
        }
        else if (Gift(plan, gift, "referral.advocate", decision) && rules.MostPerAdvocate is not null)
        {
            var name = LoyaltyNames.Advocated(decision.Context.Moment.Instant);
            decision.Count(plan, new Tally(name, 0, decision.In(plan.Name).Counted(name) + 1));
        }
    }

    /// <summary>The advocate's side came back: nobody gets it.</summary>
    public static Outcome Unclaimed(CustomerEvent happened) => new Outcome.Accepted
    {
        Lines = [new ReceiptLine(LoyaltyNames.Module, LineCodes.ReferralUnclaimed) { Program = happened.Fields["program"].AsCode, Subject = happened.Fields["program"].AsCode, Text = LoyaltyTexts.ReferralUnclaimed }],
    };

    private static Outcome Accept(CustomerEvent request, ProgramPlan plan, ReferralRules rules, LoyaltyState state, ModuleContext context)
    {
        var signals = (request.Fields[ReferralEvents.Signals].AsCode ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var blocked = signals.FirstOrDefault(signal => rules.Block.Contains(signal));
        if (!CustomerId.TryParse(request.Fields[ReferralEvents.Advocate].AsCode, out var advocate))
        {
            return new Outcome.Refused("unknown-advocate", LoyaltyTexts.UnknownAdvocate);
        }

        if (!context.AlreadyAccepted)
        {
            Outcome.Refused? wrong = advocate == context.Customer ? new("self-referral", LoyaltyTexts.ReferralBlocked("self"))
                : blocked is not null ? new("referral-blocked", LoyaltyTexts.ReferralBlocked(blocked))
                : state.In(plan.Name).Referral is not null ? new("already-referred", LoyaltyTexts.AlreadyReferred)
                : context.Evaluate(ReferralRules.BoughtBefore).Value ? new("not-new", LoyaltyTexts.NotNew)
                : null;
            if (wrong is not null)
            {
                return wrong;
            }
        }

        var flagged = signals.FirstOrDefault(signal => rules.Flag.Contains(signal));
        var standing = new ReferralStanding { Advocate = advocate, Flagged = flagged is not null };
        var decision = new Decision(state, context);
        decision.Stand(plan.Name, standing);
        decision.Add(new ReceiptLine(LoyaltyNames.Module, flagged is null ? LineCodes.Referred : LineCodes.ReferralFlagged) { Program = plan.Name, Subject = flagged ?? plan.Name, Text = LoyaltyTexts.Referred(flagged) });
        Come(plan, decision);
        return decision.Outcome();
    }

    private static Outcome Approve(CustomerEvent request, ProgramPlan plan, ReferralRules rules, LoyaltyState state, ModuleContext context)
    {
        var staff = new StaffCheck(request, plan, context);
        if (staff.Refusal(null, 1) is { } limited)
        {
            return limited;
        }

        if (state.In(plan.Name).Referral is not { Flagged: true } standing)
        {
            return new Outcome.Refused("not-flagged", LoyaltyTexts.NotFlagged);
        }

        var decision = new Decision(state, context);
        decision.Draw(staff.Counted);
        standing = standing with { Flagged = false };
        decision.Stand(plan.Name, standing);
        decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.Referred) { Program = plan.Name, Subject = plan.Name, Text = LoyaltyTexts.Referred(null) });

        // What would have paid while it was flagged pays from now on.
        Come(plan, decision);
        var owed = rules.For switch
        {
            ReferralFor.Coming => 0,
            ReferralFor.FirstPurchase => Math.Min(standing.Purchases, 1),
            ReferralFor.SecondPurchase => Math.Min(standing.Purchases / 2, 1),
            _ => standing.Purchases,
        };
        for (var i = 0; i < owed; i++)
        {
            Owe(plan, rules, decision.In(plan.Name).Referral ?? standing, decision);
        }

        return decision.Outcome();
    }

    private static void Owe(ProgramPlan plan, ReferralRules rules, ReferralStanding standing, Decision decision)
    {
        if (standing.Flagged)
        {
            return;
        }

        standing = standing with { Payments = standing.Payments + 1 };
        if (rules.HoldDays == 0)
        {
            decision.Stand(plan.Name, standing);
            Pay(plan, rules, standing.Advocate, standing.Payments, decision);
            return;
        }

        var moment = new Moment(decision.Context.Moment.Instant, plan.Zone);
        decision.Stand(plan.Name, standing with { Waiting = standing.Waiting.Append(moment.StartOf(moment.Date.PlusDays(rules.HoldDays))).Order().ToSequence() });
    }

    private static void Pay(ProgramPlan plan, ReferralRules rules, CustomerId advocate, int number, Decision decision)
    {
        if (rules.Friend is { } gift)
        {
            Gift(plan, gift, "referral.friend", decision);
        }

        if (rules.Advocate is not null)
        {
            decision.Send(new CustomerEvent
            {
                Key = new EventKey(LoyaltyNames.Module, $"referral/{plan.Name}/{decision.Context.Customer}/{number}"),
                Kind = ReferralEvents.SucceededName,
                Customer = advocate,
                OccurredAt = decision.Context.Moment.Instant,
                Fields = Fields.Of(("program", plan.Name), (ReferralEvents.Number, number)),
            });
        }
    }

    // What was paid longer ago counts no more, and is forgotten.
    private static bool IsPaidEnough(ProgramPlan plan, ReferralRules rules, Decision decision)
    {
        if (rules.MostPerAdvocate is not { } most)
        {
            return false;
        }

        var first = LoyaltyNames.Advocated(decision.Context.Moment.Instant - Duration.FromDays(365) + Duration.FromTicks(1));
        var paid = decision.In(plan.Name).TalliesOf(LoyaltyNames.AllAdvocated).ToLookup(tally => string.CompareOrdinal(tally.Name, first) < 0);
        foreach (var old in paid[true])
        {
            decision.Count(plan, old with { Amount = 0 });
        }

        return paid[false].Sum(tally => tally.Amount) >= most;
    }

    // Who takes no part gets nothing, whoever they brought or were brought by, and nobody does once the programme is over.
    private static bool Gift(ProgramPlan plan, UnitAmount gift, string code, Decision decision)
    {
        if (plan.Definition.Value.Ended || !MemberSteps.TakesPart(plan, decision.In(plan.Name)) || plan.PlaceOf(gift.Unit) is not (>= 0 and var place))
        {
            return false;
        }

        decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.Gift) { Program = plan.Name, Subject = code, Unit = gift.Unit, Amount = gift.Amount });
        decision.Issue(plan, plan.Units[place], gift.Amount, null, code);
        return true;
    }
}
