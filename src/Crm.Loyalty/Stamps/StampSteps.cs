using Crm.Events;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Modules;
using Crm.Values;

namespace Crm.Loyalty.Stamps;

/// <summary>Stamps purchases, and decides requests for the free ones.</summary>
internal static class StampSteps
{
    public static void Stamp(CustomerEvent happened, ProgramPlan plan, Decision decision)
    {
        if (happened.Kind != EventKinds.PurchaseName)
        {
            return;
        }

        foreach (var card in plan.Cards)
        {
            if (card.Definition.Stamps.WholeQuantity(happened) is > 0 and var stamps)
            {
                var before = decision.In(plan.Name).Card(card.Name);
                var after = before.Stamped(stamps, card.Definition.Goal);
                decision.Stand(plan, card, before, after);
                decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.Stamped)
                {
                    Subject = card.Name,
                    Text = LoyaltyTexts.Stamped(card.Name, stamps, after.Stamps, card.Definition.Goal),
                });
                if (after.Completed > before.Completed)
                {
                    decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.CardFull) { Subject = card.Name, Text = LoyaltyTexts.CardFull(card.Name, after.Free) });
                }
            }
        }
    }

    public static Outcome Use(CustomerEvent request, LoyaltyPlans plans, LoyaltyState state, ModuleContext context)
    {
        var (plan, card, refused) = Find(request, plans, context);
        if (plan is null || card is null)
        {
            return refused ?? throw new InvalidOperationException("A card that is not found is refused.");
        }

        var before = state.In(plan.Name).Card(card.Name);
        if (before.Free < 1 && !context.AlreadyAccepted)
        {
            return new Outcome.Refused("no-full-card", LoyaltyTexts.NoFullCard(card.Name, before.Stamps, card.Definition.Goal));
        }

        var decision = new Decision(state, context);
        var after = before with { Used = before.Used + 1 };
        decision.Stand(plan, card, before, after);
        decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.FreeTaken) { Subject = card.Name, Text = LoyaltyTexts.FreeTaken(card.Name, after.Free) });
        return decision.Outcome();
    }

    private static (ProgramPlan? Plan, CardPlan? Card, Outcome.Refused? Refused) Find(CustomerEvent request, LoyaltyPlans plans, ModuleContext context)
    {
        var program = request.Fields[StampEvents.Program].AsCode;
        if (program is not null && plans.Find(program) is null)
        {
            return (null, null, new("unknown-program", LoyaltyTexts.UnknownProgram(program, string.Join(", ", plans.Programs.Select(item => item.Name)))));
        }

        var active = plans.Programs.Where(item => program is null || item.Name == program).Select(item => item.At(context.Moment.Instant)).OfType<ProgramPlan>().ToList();
        if (program is not null && active.Count == 0)
        {
            return (null, null, new("program-inactive", LoyaltyTexts.ProgramInactive(program)));
        }

        var name = request.Fields[StampEvents.Card].AsCode;
        var all = active.SelectMany(plan => plan.Cards.Select(card => (Plan: plan, Card: card))).ToList();
        var found = all.Where(item => name is null || item.Card.Name == name).ToList();
        if (found.Count == 1)
        {
            return (found[0].Plan, found[0].Card, null);
        }

        var known = all.Count == 0 ? "-" : string.Join(", ", all.Select(item => $"{item.Plan.Name}/{item.Card.Name}"));
        return name is null || found.Count > 1
            ? (null, null, new("card-missing", LoyaltyTexts.CardMissing(known)))
            : (null, null, new("unknown-card", LoyaltyTexts.UnknownCard(name, known)));
    }
}
