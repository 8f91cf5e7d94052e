using Crm.Events;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Loyalty.Rules;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Stamps;

/// <summary>Stamps purchases, and decides requests for the free ones.</summary>
internal static class StampSteps
{
    public static void Stamp(CustomerEvent happened, ProgramPlan plan, Decision decision)
    {
        foreach (var card in plan.Cards)
        {
            if (!card.Definition.On.Contains(happened.Kind))
            {
                continue;
            }

            if (card.Definition.Count.Of(decision.Counting(happened, plan, card.Definition.Count.Currency), card.Definition.Stamps) is > 0 and var stamps)
            {
                Give(plan, card, stamps, decision);
            }
        }
    }

    /// <summary>Takes off a card what has run out.</summary>
    public static void Expire(ProgramPlan plan, CardPlan card, Decision decision)
    {
        var before = decision.In(plan.Name).Card(card.Name);
        var after = new Stamping(card.Definition, MomentOf(plan, decision)).Expire(before);
        decision.Stand(plan, card, before, after, isDue: true);
        if (after.Stamps < before.Stamps)
        {
            decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.StampsExpired) { Program = plan.Name, Subject = card.Name, Text = LoyaltyTexts.StampsExpired(card.Name, before.Stamps - after.Stamps) });
        }
    }

    /// <summary>Adds the card of somebody who is the same customer from now on; what the two reach only together is given as one would have been.</summary>
    public static void Join(ProgramPlan plan, CardPlan card, CardStanding other, Decision decision)
    {
        var before = decision.In(plan.Name).Card(card.Name);
        var result = new Stamping(card.Definition, MomentOf(plan, decision)).Join(before, other);
        decision.Stand(plan, card, before, result.Standing);
        Reach(plan, card, result, decision);
    }

    /// <summary>Cards are given up, with the free ones that wait.</summary>
    public static void Forfeit(ProgramPlan plan, Decision decision)
    {
        foreach (var card in plan.Cards)
        {
            var before = decision.In(plan.Name).Card(card.Name);
            decision.Stand(plan, card, before, before.Forfeited);
            if (before.Stamps > 0 || before.Free > 0)
            {
                decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.StampsForfeited) { Program = plan.Name, Subject = card.Name, Text = LoyaltyTexts.StampsForfeited(card.Name, before.Stamps, Math.Max(0, before.Free)) });
            }
        }
    }

    /// <summary>Takes off a card, in a programme without cascade, what an event put on it of which there is less left, or puts it back. What was handed out stays, and is owed where the stamps do not cover it any more.</summary>
    public static void TakeBack(string key, Membership before, Membership left, ProgramPlan plan, Decision decision)
    {
        foreach (var card in plan.Cards)
        {
            var standing = decision.In(plan.Name).Card(card.Name);
            var more = (left.Card(card.Name).Past?.StampsOf(key) ?? 0) - (before.Card(card.Name).Past?.StampsOf(key) ?? 0);
            if (more == 0 || standing.Past?.With(key, more) is not { } past)
            {
                continue;
            }

            var (stamping, now) = (StampingOf(plan, card), decision.Context.Moment.Instant);
            var ((was, gave), (made, gives)) = (standing.Past.Made(stamping, now), past.Made(stamping, now));
            var after = standing.Plus(made, was).Gives(gave, gives).Settled(card.Definition.Goal) with { Past = past };
            decision.Stand(plan, card, standing, after);
            Told(plan, card, standing.Completed, after.Completed, decision);
            decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.StampsTakenBack) { Program = plan.Name, Subject = card.Name, Text = LoyaltyTexts.StampsTakenBack(card.Name, -more) });
        }
    }

    public static Outcome Decide(CustomerEvent request, LoyaltyPlans plans, LoyaltyState state, ModuleContext context)
    {
        var (plan, card, refused) = Find(request, plans, context);
        if (plan is null || card is null)
        {
            return refused ?? throw new InvalidOperationException("A card that is not found is refused.");
        }

        return request.Kind switch
        {
            StampEvents.GiveName => ByHand(request, plan, card, state, context),
            StampEvents.OpenName => Open(plan, card, state, context),
            _ => Use(plan, card, state, context),
        };
    }

    /// <summary>The programme of the card that a request is about, which the request need not name; null for requests about no card, or none that is found.</summary>
    public static string? ProgramOf(CustomerEvent request, LoyaltyPlans plans, ModuleContext context) =>
        request.Kind is StampEvents.UseName or StampEvents.GiveName or StampEvents.OpenName ? Find(request, plans, context).Plan?.Name : null;

    /// <summary>Whether a request is about a card that another loyalty module of the host has, and none of here.</summary>
    public static bool IsElsewhere(CustomerEvent request, LoyaltyPlans plans, ModuleContext context) =>
        request.Kind is StampEvents.UseName or StampEvents.GiveName or StampEvents.OpenName && request.Fields[StampEvents.Program].IsMissing
        && !Named(request, plans.CardsHere(context.Moment.Instant)).Any() && Named(request, plans.CardsElsewhere(context.Moment.Instant)).Any();

    // Those of the cards that a request may mean: of the name that it says, or any.
    private static IEnumerable<(string Program, string Card)> Named(CustomerEvent request, IEnumerable<(string Program, string Card)> cards) =>
        request.Fields[StampEvents.Card].AsCode is { } name ? cards.Where(one => one.Card == name) : cards;

    private static void Give(ProgramPlan plan, CardPlan card, long stamps, Decision decision)
    {
        var before = decision.In(plan.Name).Card(card.Name);
        var result = new Stamping(card.Definition, MomentOf(plan, decision)).Give(before, stamps);
        decision.Stand(plan, card, before, Marked(result.Standing, before, new CardMark(decision.Context.Cause.ToString(), decision.Context.Moment.Instant, result.Given), plan, card));
        if (result.Refused > 0)
        {
            decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.StampsNotGiven) { Program = plan.Name, Subject = card.Name, Text = LoyaltyTexts.StampsNotGiven(card.Name, result.Refused) });
        }

        if (result.Given > 0)
        {
            decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.Stamped)
            {
                Program = plan.Name,
                Subject = card.Name,
                Text = LoyaltyTexts.Stamped(card.Name, result.Given, result.Standing.Stamps, result.Standing.Goal > 0 ? result.Standing.Goal : card.Definition.Goal),
            });
        }

        Reach(plan, card, result, decision);
    }

    // What cards that became full, and places on the way, give and tell.
    private static void Reach(ProgramPlan plan, CardPlan card, StampResult result, Decision decision)
    {
        if (result.Filled > 0)
        {
            decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.CardFull) { Program = plan.Name, Subject = card.Name, Text = LoyaltyTexts.CardFull(card.Name, result.Standing.Free) });
            Tell(plan, card, result.Filled, decision);
        }

        var standing = decision.In(plan.Name).Card(card.Name);
        var covering = standing.Cover(result.Prizes, out var prizes);
        if (covering != standing)
        {
            decision.Stand(plan, card, standing, covering);
            decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.PrizeCovered) { Program = plan.Name, Subject = card.Name, Text = LoyaltyTexts.PrizeCovered(card.Name) });
        }

        foreach (var prize in prizes.GroupBy(item => item.Prize.Unit))
        {
            if (plan.PlaceOf(prize.Key) is >= 0 and var place)
            {
                var amount = (long)Math.Min(prize.Sum(item => (decimal)item.Prize.Amount * item.Times), PointsPerAmount.Most);
                decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.CardPrize) { Program = plan.Name, Subject = card.Name, Unit = prize.Key, Amount = amount });
                decision.Issue(plan, plan.Units[place], amount, null, $"card.{card.Name}");
            }
        }
    }

    // Of cards that are full no more it stays told that they were.
    private static void Told(ProgramPlan plan, CardPlan card, long before, long after, Decision decision)
    {
        var name = LoyaltyNames.Told(card.Name);
        if (Math.Max(before, decision.In(plan.Name).Counted(name)) is var told && (after < told || before < told))
        {
            decision.Count(plan, new Tally(name, 0, after < told ? told : 0));
        }
    }

    // A card that a refund took from, and that is full again, was told of.
    private static void Tell(ProgramPlan plan, CardPlan card, long filled, Decision decision)
    {
        var (name, full) = (LoyaltyNames.Told(card.Name), decision.In(plan.Name).Card(card.Name).Completed);
        var told = decision.In(plan.Name).Counted(name);
        if ((told > 0 ? Math.Min(filled, full - told) : filled) is > 0 and var times)
        {
            decision.Tell(new Echo(LoyaltyNames.CardCompleted, Fields.Of(("program", plan.Name), ("card", card.Name), ("times", times), ("number", full))));
        }

        if (told > 0 && told <= full)
        {
            decision.Count(plan, new Tally(name, 0, 0));
        }
    }

    // Where nothing cascades it is kept what was put on the card.
    private static CardStanding Marked(CardStanding standing, CardStanding before, CardMark mark, ProgramPlan plan, CardPlan card) =>
        plan.Cascades || (mark.Stamps == 0 && !mark.Opens) ? standing : standing with { Past = (before.Past ?? new CardPast(before with { Ahead = [] }, [])).With(mark, StampingOf(plan, card)) };

    // As the version of the programme has it that counted at the instant.
    private static Func<Instant, Stamping> StampingOf(ProgramPlan plan, CardPlan card) => at => new Stamping((plan.At(at).CardNamed(card.Name) ?? card).Definition, new Moment(at, plan.Zone));

    private static Moment MomentOf(ProgramPlan plan, Decision decision) => new(decision.Context.Moment.Instant, plan.Zone);

    private static Outcome ByHand(CustomerEvent request, ProgramPlan plan, CardPlan card, LoyaltyState state, ModuleContext context)
    {
        var asked = request.Fields[StampEvents.Stamps].AsNumber;
        if (decimal.Truncate(asked) != asked || asked is < 1 or > StampCard.MostStamps)
        {
            return new Outcome.Refused("invalid-amount", LoyaltyTexts.InvalidAmount(Scalar.Of(asked).ToString(), "a whole number from 1 to 1,000", "1 至 1,000 的整數"));
        }

        var staff = new StaffCheck(request, plan, context);
        if (staff.Refusal(null, (long)asked) is { } limited)
        {
            return limited;
        }

        var result = new Stamping(card.Definition, new Moment(context.Moment.Instant, plan.Zone)).Give(state.In(plan.Name).Card(card.Name), (long)asked);
        if (result.Given == 0 && !context.AlreadyAccepted)
        {
            return new Outcome.Refused("stamps-overflow", LoyaltyTexts.StampsNotGiven(card.Name, (long)asked));
        }

        var decision = new Decision(state, context);
        decision.Draw(staff.Counted);
        Give(plan, card, (long)asked, decision);
        return decision.Outcome();
    }

    private static Outcome Open(ProgramPlan plan, CardPlan card, LoyaltyState state, ModuleContext context)
    {
        var before = state.In(plan.Name).Card(card.Name);
        if (!before.Waits && !context.AlreadyAccepted)
        {
            return new Outcome.Refused("card-open", LoyaltyTexts.CardIsOpen(card.Name));
        }

        var decision = new Decision(state, context);
        decision.Stand(plan, card, before, Marked(before with { Waits = false }, before, new CardMark(context.Cause.ToString(), context.Moment.Instant, 0) { Opens = true }, plan, card));
        decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.CardOpened) { Program = plan.Name, Subject = card.Name, Text = LoyaltyTexts.CardOpened(card.Name) });
        return decision.Outcome();
    }

    private static Outcome Use(ProgramPlan plan, CardPlan card, LoyaltyState state, ModuleContext context)
    {
        var before = state.In(plan.Name).Card(card.Name);
        if (before.Free < 1 && !context.AlreadyAccepted)
        {
            return new Outcome.Refused("no-full-card", LoyaltyTexts.NoFullCard(card.Name, before.Stamps, before.Goal > 0 ? before.Goal : card.Definition.Goal));
        }

        var decision = new Decision(state, context);
        var after = before with { Used = before.Used + 1 };
        decision.Stand(plan, card, before, after);
        decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.FreeTaken) { Program = plan.Name, Subject = card.Name, Text = LoyaltyTexts.FreeTaken(card.Name, after.Free) });
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
        var others = program is null ? plans.CardsElsewhere(context.Moment.Instant).ToList() : [];
        var count = found.Count + Named(request, others).Count();
        if (count == 1 && found.Count == 1)
        {
            return (found[0].Plan, found[0].Card, null);
        }

        var known = string.Join(", ", all.Select(item => (Program: item.Plan.Name, Card: item.Card.Name)).Concat(others).OrderBy(item => item.Program, StringComparer.Ordinal).Select(item => $"{item.Program}/{item.Card}").DefaultIfEmpty("-"));
        return name is null || count > 1
            ? (null, null, new("card-missing", LoyaltyTexts.CardMissing(known)))
            : (null, null, new("unknown-card", LoyaltyTexts.UnknownCard(name, known)));
    }
}
