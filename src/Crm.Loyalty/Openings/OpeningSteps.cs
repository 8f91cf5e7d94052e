using Crm.Conditions;
using Crm.Events;
using Crm.Ledger;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Loyalty.Stamps;
using Crm.Loyalty.Tiers;
using Crm.Loyalty.Wallets;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Openings;

/// <summary>Opens balances: units are issued into lots with the life that they had, so that nobody gains by the import and the books begin with what was brought.</summary>
internal static class OpeningSteps
{
    public static Outcome Decide(CustomerEvent request, LoyaltyPlans plans, LoyaltyState state, ModuleContext context)
    {
        if (!RequestedProgram.TryFind(request, plans, context, out var plan, out var refused))
        {
            return refused;
        }

        var (balance, opened) = (OpeningEvents.Read(request), LoyaltyNames.Opened(request.Fields[OpeningEvents.Provenance].AsCode ?? ""));
        var staff = new StaffCheck(request, plan, context);
        if (Limited(balance, plan, staff) is { } limited)
        {
            return limited;
        }

        if (!context.AlreadyAccepted && (Unreadable(request, balance) ?? Refusal(balance, opened, plan, state, context)) is { } no)
        {
            return no;
        }

        var decision = new Decision(state, context);
        decision.Draw(staff.Counted);
        decision.Count(plan, new Tally(opened, 0, 1));
        foreach (var unit in plan.Units)
        {
            Units(balance, plan, unit, decision);
        }

        foreach (var tier in balance.Tiers)
        {
            Tier(tier, plan, decision);
        }

        foreach (var card in balance.Cards)
        {
            Card(card, plan, decision);
        }

        return decision.Outcome();
    }

    private static Outcome.Refused? Limited(OpeningBalance balance, ProgramPlan plan, StaffCheck staff)
    {
        foreach (var unit in plan.Units)
        {
            if (staff.Refusal(unit.Name, Math.Abs(balance.Net(unit.Name))) is { } limited)
            {
                return limited;
            }
        }

        // What brings no units, as a tier or stamps, counts as one.
        return plan.Units.All(unit => balance.Net(unit.Name) == 0) ? staff.Refusal(null, 1) : null;
    }

    // What cannot be read would be missing, and nobody would notice.
    private static Outcome.Refused? Unreadable(CustomerEvent request, OpeningBalance balance) =>
        OpeningEvents.Items(request) is var items && items == balance.Lots.Count + balance.Debts.Count + balance.Tiers.Count + balance.Cards.Count ? null : new("unreadable", LoyaltyTexts.OpeningUnreadable(items));

    private static Outcome.Refused? Refusal(OpeningBalance balance, string opened, ProgramPlan plan, LoyaltyState state, ModuleContext context)
    {
        if (state.In(plan.Name).Counted(opened) > 0)
        {
            return new Outcome.Refused("already-opened", LoyaltyTexts.AlreadyOpened(plan.Name));
        }

        var problems = OpeningCheck.Problems(balance, plan.Definition.Value, context.Moment.Instant);
        return problems.IsEmpty ? CardRefusal(balance, plan, state)
            : new Outcome.Refused(problems[0].Code, new Text(string.Join(' ', problems), string.Join(' ', problems.Select(problem => problem.Reason.Chinese))));
    }

    // What is stamped already and what is brought must fit on one card.
    private static Outcome.Refused? CardRefusal(OpeningBalance balance, ProgramPlan plan, LoyaltyState state)
    {
        foreach (var card in balance.Cards)
        {
            if (OpeningCheck.CardOf(card, plan.Definition.Value) is { } known && state.In(plan.Name).Card(known.Name) is var standing && standing.Stamps + card.Stamps >= (standing.Goal > 0 ? standing.Goal : known.Goal))
            {
                return new Outcome.Refused("stamps-overflow", LoyaltyTexts.StampsNotGiven(known.Name, card.Stamps));
            }
        }

        return null;
    }

    private static void Units(OpeningBalance balance, ProgramPlan plan, UnitPlan unit, Decision decision)
    {
        var parts = new List<ReceiptLine>();
        foreach (var lot in balance.Lots)
        {
            if (lot.Unit == unit.Name)
            {
                parts.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.Lot) { Subject = decision.Open(plan, unit, lot, Become(lot, plan, unit, decision)), Unit = unit.Name, Amount = lot.Amount });
            }
        }

        foreach (var debt in balance.Debts)
        {
            if (debt.Unit == unit.Name && decision.In(plan.Name).Wallet(unit.Name).Take(debt.Amount, Movement.Reversed, intoDebt: true) is { } taken)
            {
                parts.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.Lot) { Subject = Lot.Debt, Unit = unit.Name, Amount = -debt.Amount });
                decision.Rearrange(plan, unit, taken, LineCodes.Opened);
            }
        }

        if (parts.Count > 0)
        {
            decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.Opened) { Program = plan.Name, Subject = plan.Name, Unit = unit.Name, Amount = parts.Sum(part => part.Amount), Parts = parts.ToSequence() });
            decision.Expire(plan.Name, unit.Name, plan);
        }
    }

    // The lot, and the instant up to which what idles is kept.
    private static (Lot Lot, Instant? IdleUntil) Become(OpeningLot lot, ProgramPlan plan, UnitPlan unit, Decision decision)
    {
        var earned = lot.Earned is { } day ? new Moment(plan.Zone.Start(day), plan.Zone) : new Moment(decision.Context.Moment.Instant, plan.Zone);
        var become = lot.Expiry is { } expiry ? new Lot(expiry, lot.Amount)
            : lot.Earned is null ? new Lot(null, lot.Amount)
            : unit.LotOf(earned, null, decision.In(plan.Name)) with { Amount = lot.Amount };
        return (become with { Issuer = lot.Issuer }, become.Idles && unit.Idle is { } idle ? earned.StartOf(idle.GoneAfter(earned.Date)) : null);
    }

    private static void Tier(OpeningTier tier, ProgramPlan plan, Decision decision)
    {
        if (OpeningCheck.LadderOf(tier, plan.Definition.Value) is not { } ladder || ladder.LevelOf(tier.Tier) is not (>= 0 and var level))
        {
            return;
        }

        var now = new Moment(decision.Context.Moment.Instant, plan.Zone);
        decision.Stand(plan, ladder, standing =>
        {
            var since = tier.Since ?? (standing.Opened is { } opened ? opened - Duration.FromTicks(1) : now.Instant);
            var until = tier.Until ?? (ladder.Tiers[level].ForLife ? null : ladder.Held.From(now, ladder.Window, standing.Joined));
            return standing with { Held = standing.Held.Add(new TierHold(tier.Tier, since, until)) };
        });
        decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.TierBrought) { Program = plan.Name, Subject = ladder.Name, Text = LoyaltyTexts.TierBrought(tier.Tier) });
    }

    private static void Card(OpeningCard card, ProgramPlan plan, Decision decision)
    {
        if (OpeningCheck.CardOf(card, plan.Definition.Value) is not { } definition || plan.CardNamed(definition.Name) is not { } known)
        {
            return;
        }

        // Only the stamps and their life, but all of them: limits of a visit, gifts for signing up and prizes on the way were for those who stamped, and where a late purchase has filled the card, or the next one was to be
        // asked for, what was brought goes on with another.
        var before = decision.In(plan.Name).Card(known.Name);
        var stamping = new Stamping(known.Definition with { MostPerVisit = null, MostPerDay = null, SignUp = 0, Milestones = [], Prize = null, Overflow = StampOverflow.Carry }, new Moment(decision.Context.Moment.Instant, plan.Zone));
        var stamped = card.Stamps > 0 ? stamping.Give(before with { Waits = false }, card.Stamps).Standing : before;
        decision.Stand(plan, known, before, stamped with { Completed = checked(stamped.Completed + card.Free) });
        decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.CardBrought) { Program = plan.Name, Subject = known.Name, Text = LoyaltyTexts.CardBrought(known.Name, card.Stamps, card.Free) });
    }
}
