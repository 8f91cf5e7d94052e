using Crm.Events;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Loyalty.Rules;
using Crm.Values;

namespace Crm.Loyalty.Memberships;

/// <summary>One award on its way from what a rule wants to what is given; every cut leaves a part in the receipt, and the parts add up.</summary>
internal ref struct AwardSteps(RulePlan rule, Earning proposed, ProgramPlan plan, EarningContext context, Decision decision)
{
    private readonly long wanted = proposed.Amount;
    private long amount = proposed.Amount;
    private List<ReceiptLine>? cuts;

    /// <summary>Brings the award between the least and the most of its rule.</summary>
    public void Bound()
    {
        if (rule.Terms.Least is { } least && amount < least)
        {
            Change(LineCodes.Least, rule.Name, least - amount);
        }

        if (rule.Terms.Most is { } most && amount > most)
        {
            Change(LineCodes.Most, rule.Name, most - amount);
        }
    }

    /// <summary>Gives way to another rule of the group.</summary>
    public void Outrank(string group) => Change(LineCodes.Outranked, group, -amount);

    /// <summary>Cuts the award where it goes over a limit, and stops it where a budget does not suffice.</summary>
    public void Limit()
    {
        foreach (var limit in plan.Limits)
        {
            if (amount > 0 && limit.Covers(rule.Name, proposed.Unit))
            {
                var room = Math.Max(limit.Definition.Most - Used(limit), 0);
                if (amount > room)
                {
                    Change(LineCodes.Limited, limit.Definition.Name, limit.Definition.Overflow == Overflow.Truncate ? room - amount : -amount);
                }
            }
        }

        foreach (var budget in plan.Budgets)
        {
            if (amount > 0 && budget.Covers(rule.Name, proposed.Unit) && !decision.Context.MayDraw(budget.Quota, checked(amount * budget.Definition.PerUnit)))
            {
                Change(LineCodes.BudgetExhausted, budget.Definition.Name, -amount);
            }
        }
    }

    /// <summary>Notes the award in the receipt, counts it and draws on budgets; null when nothing is given.</summary>
    public readonly Earning? Finish()
    {
        if (amount == 0 && proposed.Part.IsZero)
        {
            if (cuts is not null)
            {
                Tell(LineCodes.Withheld);
            }

            return null;
        }

        if (amount > 0)
        {
            Count();
            Tell(LineCodes.Issued);
        }

        return new Earning(proposed.Unit, amount) { Part = cuts is null ? proposed.Part : default, Expiry = proposed.Expiry ?? rule.Terms.Expiry, Activation = proposed.Activation ?? rule.Terms.Activation, Issuer = proposed.Issuer ?? rule.Terms.Issuer };
    }

    private void Change(string code, string subject, long by)
    {
        amount += by;
        (cuts ??= []).Add(new ReceiptLine(LoyaltyNames.Module, code) { Subject = subject, Unit = proposed.Unit, Amount = by });
    }

    private readonly long Used(LimitPlan limit)
    {
        switch (limit.Definition.Per)
        {
            case CapPeriod.Balance:
                var wallet = decision.In(plan.Name).Wallet(proposed.Unit);
                return wallet.Balance + wallet.PendingTotal + context.NotIssued(proposed.Unit);
            case CapPeriod.Award:
                var sum = 0L;
                foreach (ref readonly var award in context.Earlier)
                {
                    sum += limit.Covers(award.Rule, award.Earning.Unit) ? award.Earning.Amount : 0;
                }

                return sum;
            default:
                return decision.In(plan.Name).Counted(limit.Tally, Periods.Of(limit.Definition.Per, context.Moment));
        }
    }

    private readonly void Count()
    {
        foreach (var limit in plan.Limits)
        {
            if (limit.Definition.Per is not (CapPeriod.Award or CapPeriod.Balance) && limit.Covers(rule.Name, proposed.Unit))
            {
                var period = Periods.Of(limit.Definition.Per, context.Moment);
                decision.Count(plan, new Tally(limit.Tally, period, decision.In(plan.Name).Counted(limit.Tally, period) + amount));
            }
        }

        foreach (var budget in plan.Budgets)
        {
            if (budget.Covers(rule.Name, proposed.Unit))
            {
                decision.Draw(budget.Quota, checked(amount * budget.Definition.PerUnit));
            }
        }

        if (rule.HasTerms)
        {
            TermSteps.Count(rule, plan, context, decision);
        }
    }

    private readonly void Tell(string code)
    {
        if (decision.Explains)
        {
            decision.Add(Line(code));
        }
        else
        {
            decision.Note();
        }
    }

    private readonly ReceiptLine Line(string code) => new(LoyaltyNames.Module, code) { Subject = rule.Name, Unit = proposed.Unit, Amount = amount, Parts = Parts() };

    private readonly Sequence<ReceiptLine> Parts()
    {
        var rate = RateUsed();
        if (proposed.Rounding == 0 && cuts is null && rate is null)
        {
            return default;
        }

        var parts = new List<ReceiptLine>(4) { new(LoyaltyNames.Module, LineCodes.Base) { Subject = rule.Name, Unit = proposed.Unit, Amount = wanted - proposed.Rounding } };
        if (rate is not null)
        {
            parts.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.Rate) { Subject = rate });
        }

        if (proposed.Rounding != 0)
        {
            parts.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.Rounding) { Subject = rule.Name, Unit = proposed.Unit, Amount = proposed.Rounding });
        }

        if (cuts is not null)
        {
            parts.AddRange(cuts);
        }

        return parts.ToSequence();
    }

    private readonly string? RateUsed() => rule.Rule is PointsPerAmount { Every.Currency: var own } && context.Event.Spend is { } spend && spend.Currency != own
        ? FormattableString.Invariant($"{ExchangeRates.Name(spend.Currency, own)} {Scalar.Of(context.RateTo(own))}")
        : null;
}
