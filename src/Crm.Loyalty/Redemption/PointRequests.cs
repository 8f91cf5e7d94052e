using System.Diagnostics.CodeAnalysis;
using Crm.Events;
using Crm.Ledger;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Wallets;
using Crm.Modules;
using Crm.Values;

namespace Crm.Loyalty.Redemption;

/// <summary>Decides requests that move units: each is carried out in full, or refused with a code and the numbers.</summary>
internal static class PointRequests
{
    public static Outcome Redeem(CustomerEvent request, LoyaltyPlans plans, LoyaltyState state, ModuleContext context)
    {
        if (!TryFind(request, plans, context, out var plan, out var unit, out var refused))
        {
            return refused;
        }

        if (!TryAmount(request, unit, out var asked, out refused))
        {
            return refused;
        }

        return Take(plan, unit, asked, Movement.Spent, LineCodes.Spent, plan.Name, null, new Decision(state, context));
    }

    public static Outcome Adjust(CustomerEvent request, LoyaltyPlans plans, LoyaltyState state, ModuleContext context)
    {
        if (!TryFind(request, plans, context, out var plan, out var unit, out var refused))
        {
            return refused;
        }

        var change = request.Fields[LoyaltyEvents.Amount].AsNumber;
        if (decimal.Truncate(change) != change || change is 0 or < -PointsPerAmount.Most or > PointsPerAmount.Most)
        {
            return new Outcome.Refused("invalid-amount", LoyaltyTexts.InvalidAmount(Scalar.Of(change).ToString(), "a whole number other than 0", "非零的整數"));
        }

        var staff = new StaffCheck(request, plan, context);
        if (staff.Refusal(unit.Name, (long)Math.Abs(change)) is { } limited)
        {
            return limited;
        }

        var decision = new Decision(state, context);
        decision.Draw(staff.Counted);
        var reason = request.Fields[LoyaltyEvents.Reason].AsCode;
        if (change < 0)
        {
            return Take(plan, unit, (long)-change, Movement.Reversed, LineCodes.Adjusted, reason, reason, decision);
        }

        decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.Adjusted) { Program = plan.Name, Subject = reason, Unit = unit.Name, Amount = (long)change });
        decision.Issue(plan, unit, (long)change, null, reason);
        return decision.Outcome();
    }

    private static Outcome Take(ProgramPlan plan, UnitPlan unit, long amount, Movement movement, string line, string? subject, string? code, Decision decision)
    {
        var wallet = decision.In(plan.Name).Wallet(unit.Name);
        if (wallet.Take(amount, movement, decision.Context.AlreadyAccepted, unit.Definition.Debt) is not { } taken)
        {
            return new Outcome.Refused("insufficient-balance", LoyaltyTexts.InsufficientBalance(amount, Math.Max(wallet.Balance, 0), unit.Name));
        }

        var parts = taken.Movements.Where(moved => moved.Movement == movement)
            .Select(moved => new ReceiptLine(LoyaltyNames.Module, LineCodes.Lot) { Subject = moved.Lot, Unit = unit.Name, Amount = moved.Amount }).ToSequence();
        decision.Add(new ReceiptLine(LoyaltyNames.Module, line) { Program = plan.Name, Subject = subject, Unit = unit.Name, Amount = -amount, Parts = parts.Count > 1 ? parts : default });
        decision.Take(plan, unit, taken, amount, code, isSpending: movement == Movement.Spent);
        if (movement == Movement.Spent && unit.Definition.Returns is not null)
        {
            DrawnLots.Remember(plan, unit, taken.Movements.Where(moved => moved is { Movement: Movement.Spent, Amount: < 0 }).Select(moved => (moved.Lot, -moved.Amount)), decision);
        }

        return decision.Outcome();
    }

    /// <summary>Pays a part of an order with units, as the programme's terms of payment allow here and now.</summary>
    public static Outcome Pay(CustomerEvent request, LoyaltyPlans plans, LoyaltyState state, ModuleContext context)
    {
        if (!RequestedProgram.TryFind(request, plans, context, out var plan, out var refused))
        {
            return refused;
        }

        if (plan.Definition.Value.Payment is not { } terms || plan.PlaceOf(terms.Unit) is not (>= 0 and var place))
        {
            return new Outcome.Refused("no-payment", LoyaltyTexts.NoPayment(plan.Name));
        }

        var unit = plan.Units[place];
        if (!TryAmount(request, unit, out var asked, out refused))
        {
            return refused;
        }

        if (request.Spend is not { } order)
        {
            return new Outcome.Refused("no-order", LoyaltyTexts.NoOrder);
        }

        var rates = new EarningContext(request, context.Moment, context);
        if (rates.RateTo(terms.Value.Currency) is var rate && rate <= 0)
        {
            return new Outcome.Refused(LineCodes.RateMissing, LoyaltyTexts.PaymentRateMissing(order.Currency, terms.Value.Currency));
        }

        var quote = terms.Quote(asked, asked, order, rate);
        if (quote.Points != asked && !context.AlreadyAccepted)
        {
            return new Outcome.Refused("not-payable", LoyaltyTexts.NotPayable(asked, quote.Points, unit.Name));
        }

        if (CartSteps.Obstacle(request, asked, state.In(plan.Name)) is { } obstacle && !context.AlreadyAccepted)
        {
            return obstacle;
        }

        var decision = new Decision(state, context);
        decision.NoteRate(rates, terms.Value.Currency);
        CartSteps.Fulfil(request, plan, decision);
        var held = Math.Max(0, state.In(plan.Name).Wallet(unit.Name).Balance);
        if (asked > held && terms.ClampsToBalance && (context.AlreadyAccepted || CartSteps.WishOf(request, state.In(plan.Name))?.Covered >= asked))
        {
            // What the cart was shown is given; what is missing is not there any more.
            decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.QuoteShort) { Program = plan.Name, Subject = plan.Name, Text = LoyaltyTexts.Shortfall(asked - held, unit.Name) });
            asked = held;
        }

        return asked == 0 ? decision.Outcome() : Take(plan, unit, asked, Movement.Spent, LineCodes.Spent, plan.Name, "payment", decision);
    }

    /// <summary>How much of a unit a request asks for; whole, more than 0, of a unit that can be spent.</summary>
    public static bool TryAmount(CustomerEvent request, UnitPlan unit, out long amount, [NotNullWhen(false)] out Outcome.Refused? refused)
    {
        var asked = request.Fields[LoyaltyEvents.Amount].AsNumber;
        refused = unit.Kind == UnitKind.Status ? new Outcome.Refused("not-spendable", LoyaltyTexts.NotSpendable(unit.Name))
            : decimal.Truncate(asked) != asked || asked is < 1 or > PointsPerAmount.Most
                ? new Outcome.Refused("invalid-amount", LoyaltyTexts.InvalidAmount(Scalar.Of(asked).ToString(), "a whole number above 0", "大於零的整數"))
                : null;
        amount = refused is null ? (long)asked : 0;
        return refused is null;
    }

    internal static bool TryFind(
        CustomerEvent request,
        LoyaltyPlans plans,
        ModuleContext context,
        [NotNullWhen(true)] out ProgramPlan? plan,
        [NotNullWhen(true)] out UnitPlan? unit,
        [NotNullWhen(false)] out Outcome.Refused? refused)
    {
        (plan, unit) = (null, null);
        var program = request.Fields[LoyaltyEvents.Program].AsCode ?? plans.OnlyAt(context.Moment.Instant);
        if (program is null || plans.Find(program) is not { } versions)
        {
            var known = plans.Known;
            refused = program is null
                ? new("program-missing", LoyaltyTexts.ProgramMissing(known))
                : new("unknown-program", LoyaltyTexts.UnknownProgram(program, known));
            return false;
        }

        plan = versions.At(context.Moment.Instant);
        if (plan is null)
        {
            refused = new("program-inactive", LoyaltyTexts.ProgramInactive(program));
            return false;
        }

        var name = request.Fields[LoyaltyEvents.Unit].AsCode;
        var candidates = plan.Units.Where(item => name is null ? item.Kind == UnitKind.Redeemable : item.Name == name).ToList();
        if (candidates.Count != 1)
        {
            var known = string.Join(", ", plan.Units.Select(item => item.Name));
            refused = name is null
                ? new("unit-missing", LoyaltyTexts.UnitMissing(known))
                : new("unknown-unit", LoyaltyTexts.UnknownUnit(name, known));
            return false;
        }

        unit = candidates[0];
        refused = null;
        return true;
    }
}
