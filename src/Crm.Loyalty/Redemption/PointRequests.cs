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

        if (unit.Kind == UnitKind.Status)
        {
            return new Outcome.Refused("not-spendable", LoyaltyTexts.NotSpendable(unit.Name));
        }

        var asked = request.Fields[LoyaltyEvents.Amount].AsNumber;
        if (decimal.Truncate(asked) != asked || asked is < 1 or > PointsPerAmount.Most)
        {
            return new Outcome.Refused("invalid-amount", LoyaltyTexts.InvalidAmount(Scalar.Of(asked).ToString(), "a whole number above 0", "大於零的整數"));
        }

        return Take(request, plan, unit, (long)asked, Movement.Spent, LineCodes.Spent, plan.Name, null, state, context);
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

        if (StaffCheck.Refusal(request, plan, unit.Name, (long)Math.Abs(change)) is { } limited && !context.AlreadyAccepted)
        {
            return limited;
        }

        var reason = request.Fields[LoyaltyEvents.Reason].AsCode;
        if (change < 0)
        {
            return Take(request, plan, unit, (long)-change, Movement.Reversed, LineCodes.Adjusted, reason, reason, state, context);
        }

        var decision = new Decision(state, context);
        decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.Adjusted) { Subject = reason, Unit = unit.Name, Amount = (long)change });
        decision.Issue(plan, unit, (long)change, null, reason);
        return decision.Outcome();
    }

    private static Outcome Take(CustomerEvent request, ProgramPlan plan, UnitPlan unit, long amount, Movement movement, string line, string? subject, string? code, LoyaltyState state, ModuleContext context)
    {
        var wallet = state.In(plan.Name).Wallet(unit.Name);
        if (wallet.Take(amount, movement, context.AlreadyAccepted, unit.Definition.Debt) is not { } taken)
        {
            return new Outcome.Refused("insufficient-balance", LoyaltyTexts.InsufficientBalance(amount, Math.Max(wallet.Balance, 0), unit.Name));
        }

        var parts = taken.Movements.Where(moved => moved.Movement == movement)
            .Select(moved => new ReceiptLine(LoyaltyNames.Module, LineCodes.Lot) { Subject = moved.Lot, Unit = unit.Name, Amount = moved.Amount }).ToSequence();
        var decision = new Decision(state, context);
        decision.Add(new ReceiptLine(LoyaltyNames.Module, line) { Subject = subject, Unit = unit.Name, Amount = -amount, Parts = parts.Count > 1 ? parts : default });
        decision.Take(plan, unit, taken, amount, code, isSpending: movement == Movement.Spent);
        if (movement == Movement.Spent && unit.Definition.Returns is not null)
        {
            WalletRequests.Remember(plan, unit, taken, request, decision);
        }

        return decision.Outcome();
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
        var program = request.Fields[LoyaltyEvents.Program].AsCode ?? (plans.Programs.Length == 1 ? plans.Programs[0].Name : null);
        if (program is null || plans.Find(program) is not { } versions)
        {
            var known = string.Join(", ", plans.Programs.Select(item => item.Name));
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
