using Crm.Events;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Tiers;

/// <summary>Decides what staff ask about tiers.</summary>
internal static class TierRequests
{
    private static readonly Text LadderWord = new("ladder", "等級階梯");

    public static Outcome Decide(CustomerEvent request, LoyaltyPlans plans, LoyaltyState state, ModuleContext context)
    {
        if (!RequestedProgram.TryFind(request, plans, context, out var plan, out var refused)
            || !RequestedProgram.TryChoose(request, TierEvents.Ladder, LadderWord, plan.Ladders, ladder => ladder.Name, out var ladder, out refused))
        {
            return refused;
        }

        var staff = new StaffCheck(request, plan, context);
        if (staff.Refusal(null, 1) is { } limited)
        {
            return limited;
        }

        if (request.Kind == TierEvents.ReleaseName)
        {
            return Granted(request, plan, ladder, state, context, staff, standing => standing with { Floor = null, Pin = null });
        }

        var tier = request.Fields[TierEvents.Tier].AsCode ?? "";
        if (ladder.LevelOf(tier) < 0 && !context.AlreadyAccepted)
        {
            return new Outcome.Refused("unknown-tier", LoyaltyTexts.NotThere(new Text("tier", "等級"), tier, string.Join(", ", ladder.Tiers.Select(item => item.Name))));
        }

        var moment = new Moment(context.Moment.Instant, plan.Zone);

        // After the last day of the calendar there is none.
        var grant = new TierGrant(tier, request.Fields[TierEvents.Through].AsDate is { } last && last < LocalDate.MaxIsoValue ? moment.StartOf(last.PlusDays(1)) : null);
        if (grant.Until <= moment.Instant && !context.AlreadyAccepted)
        {
            return new Outcome.Refused("already-over", LoyaltyTexts.AlreadyOver);
        }

        return request.Kind == TierEvents.PinName
            ? Granted(request, plan, ladder, state, context, staff, standing => standing with { Pin = grant })
            : Granted(request, plan, ladder, state, context, staff, standing => standing with { Floor = grant });
    }

    private static Outcome Granted(CustomerEvent request, ProgramPlan plan, TierLadder ladder, LoyaltyState state, ModuleContext context, StaffCheck staff, Func<TierStanding, TierStanding> grant)
    {
        var decision = new Decision(state, context);
        decision.Draw(staff.Counted);
        decision.Add(new ReceiptLine(LoyaltyNames.Module, request.Kind) { Program = plan.Name, Subject = ladder.Name, Text = LoyaltyTexts.TierByStaff(request) });
        decision.Stand(plan, ladder, grant);
        return decision.Outcome();
    }
}
