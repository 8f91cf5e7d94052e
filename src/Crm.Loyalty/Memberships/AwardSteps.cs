using Crm.Events;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Loyalty.Rules;
using Crm.Values;

namespace Crm.Loyalty.Memberships;

/// <summary>One award on its way from what a rule wants to what is given; every cut leaves a part in the receipt, and the parts add up.</summary>
/// <param name="makers">The rules whose parts make it together, each as often as it has one; null where the rule makes it alone.</param>
/// <param name="dropped">What they drop together.</param>
internal ref struct AwardSteps(RulePlan rule, Earning proposed, ProgramPlan plan, EarningContext context, Decision decision, List<RulePlan>? makers = null, Fraction dropped = default)
{
    private readonly long wanted = proposed.Amount;
    private long amount = proposed.Amount;
    private List<ReceiptLine>? cuts;

    /// <summary>Brings what the rule gives of the unit for the event between its least and its most.</summary>
    /// <param name="isLast">Whether the rule proposes no more of the unit.</param>
    public void Bound(bool isLast)
    {
        if (rule.Terms.Least is { } least && isLast && least - Given(rule.Name) is var lacking && amount < lacking)
        {
            Change(LineCodes.Least, rule.Name, lacking - amount);
        }

        if (rule.Terms.Most is { } most && Math.Max(most - Given(rule.Name), 0) is var room && amount > room)
        {
            Change(LineCodes.Most, rule.Name, room - amount);
        }
    }

    /// <summary>Gives way to another rule of the group, with what limits and budgets have left.</summary>
    public void Outrank(string group)
    {
        if (amount > 0)
        {
            Change(LineCodes.Outranked, group, -amount);
        }
    }

    /// <summary>Takes off what something else than the award itself forbids.</summary>
    public void Cut(string code, string subject, long by) => Change(code, subject, -by);

    /// <summary>What keeps the rule, with all that it has given, from giving one more unit for the event, and its name; null when nothing does.</summary>
    public readonly (string Code, string Subject)? Full()
    {
        if (rule.Terms.Most is { } most && Given(rule.Name) >= most)
        {
            return (LineCodes.Most, rule.Name);
        }

        foreach (var limit in plan.Limits)
        {
            if (Covers(limit) && Used(limit) >= limit.Definition.Most)
            {
                return (LineCodes.Limited, limit.Definition.Name);
            }
        }

        foreach (var budget in plan.Budgets)
        {
            if (Covers(budget) && !decision.MayDraw(budget.Quota, budget.Definition.PerUnit))
            {
                return (LineCodes.BudgetExhausted, budget.Definition.Name);
            }
        }

        return null;
    }

    /// <summary>Cuts the award where it goes over a limit, and stops it where a budget does not suffice.</summary>
    public void Limit()
    {
        foreach (var limit in plan.Limits)
        {
            if (amount > 0 && Covers(limit))
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
            if (amount > 0 && Covers(budget) && !decision.MayDraw(budget.Quota, checked(amount * budget.Definition.PerUnit)))
            {
                Change(LineCodes.BudgetExhausted, budget.Definition.Name, -amount);
            }
        }
    }

    /// <summary>Notes the award in the receipt, counts it and draws on budgets; null when nothing is given.</summary>
    /// <param name="code">The line in the receipt.</param>
    public readonly Earning? Finish(string code = LineCodes.Issued)
    {
        if (amount == 0 && (proposed.Part.IsZero || cuts is not null))
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
        }

        Tell(code);
        return new Earning(proposed.Unit, amount) { Part = cuts is null ? proposed.Part : default, Expiry = proposed.Expiry ?? rule.Terms.Expiry, Activation = proposed.Activation ?? rule.Terms.Activation, Issuer = proposed.Issuer ?? rule.Terms.Issuer };
    }

    private readonly bool Covers(LimitPlan limit)
    {
        var covers = makers is null && limit.Covers(rule.Name, proposed.Unit);
        for (var i = 0; i < makers?.Count && !covers; i++)
        {
            covers = limit.Covers(makers[i].Name, proposed.Unit);
        }

        return covers;
    }

    private readonly bool Covers(BudgetPlan budget)
    {
        var covers = makers is null && budget.Covers(rule.Name, proposed.Unit);
        for (var i = 0; i < makers?.Count && !covers; i++)
        {
            covers = budget.Covers(makers[i].Name, proposed.Unit);
        }

        return covers;
    }

    // What a rule has given of the unit for the event.
    private readonly long Given(string name)
    {
        var sum = 0L;
        foreach (ref readonly var award in context.Earlier)
        {
            sum += string.Equals(award.Rule, name, StringComparison.Ordinal) && string.Equals(award.Earning.Unit, proposed.Unit, StringComparison.Ordinal) ? award.Earning.Amount : 0;
        }

        return sum;
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
                var membership = decision.In(plan.Name);
                var wallet = membership.Wallet(proposed.Unit);
                return wallet.Balance + wallet.PendingTotal + membership.Reserved(proposed.Unit) + context.NotIssued(proposed.Unit);
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

    /// <summary>Counts what was given on limits, and draws on budgets, where these cover the rule.</summary>
    /// <param name="rule">The rule; null where several gave it.</param>
    public static void Count(string? rule, string unit, long amount, ProgramPlan plan, Moment at, Decision decision)
    {
        foreach (var limit in plan.Limits)
        {
            if (limit.Covers(rule ?? "", unit))
            {
                Count(limit, amount, plan, at, decision);
            }
        }

        foreach (var budget in plan.Budgets)
        {
            if (budget.Covers(rule ?? "", unit))
            {
                Count(budget, amount, plan, decision);
            }
        }
    }

    private static void Count(LimitPlan limit, long amount, ProgramPlan plan, Moment at, Decision decision)
    {
        if (limit.Definition.Per is not (CapPeriod.Award or CapPeriod.Balance))
        {
            var period = Periods.Of(limit.Definition.Per, at);
            decision.Count(plan, new Tally(limit.Tally, period, decision.In(plan.Name).Counted(limit.Tally, period) + amount));
        }
    }

    private static void Count(BudgetPlan budget, long amount, ProgramPlan plan, Decision decision)
    {
        var drawn = checked(amount * budget.Definition.PerUnit);
        decision.Draw(budget.Quota, drawn);
        if (!plan.Cascades)
        {
            decision.Count(plan, new Tally(budget.Tally, 0, checked(decision.In(plan.Name).Counted(budget.Tally) + drawn)));
        }
    }

    private readonly void Count()
    {
        foreach (var limit in plan.Limits)
        {
            if (Covers(limit))
            {
                Count(limit, amount, plan, context.Moment, decision);
            }
        }

        foreach (var budget in plan.Budgets)
        {
            if (Covers(budget))
            {
                Count(budget, amount, plan, decision);
            }
        }

        if (makers is null)
        {
            Count(rule);
            return;
        }

        // Who gave whole units besides has been counted with them.
        foreach (var maker in makers.Distinct())
        {
            if (Given(maker.Name) == 0)
            {
                Count(maker);
            }
        }
    }

    private readonly void Count(RulePlan one)
    {
        if (one.HasTerms)
        {
            TermSteps.Count(one, plan, context, decision);
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

    private readonly ReceiptLine Line(string code) => new(LoyaltyNames.Module, code) { Program = plan.Name, Subject = rule.Name, Unit = proposed.Unit, Amount = amount, CountedOn = proposed.CountedOn, Parts = Parts() };

    // Nothing where the award is the base alone.
    private readonly Sequence<ReceiptLine> Parts()
    {
        var rate = context.RateUsed((rule.Rule as PointsPerAmount)?.Every.Currency);
        var leastAt = context.RateUsed(rule.Terms.MinimumSpend?.Currency) is { } other && other != rate ? other : null;
        var (left, keeps) = Left();
        var met = proposed.Parts;
        if (proposed.Rounding == 0 && cuts is null && rate is null && leastAt is null && left.IsZero && met is null)
        {
            return default;
        }

        var parts = new List<ReceiptLine>(4);
        AddPart(parts, LineCodes.Basis, met?.Basis ?? default);
        AddPart(parts, LineCodes.Carried, met?.Carried ?? default);
        parts.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.Base) { Subject = rule.Name, Unit = proposed.Unit, Amount = wanted - proposed.Rounding });
        foreach (var used in (ReadOnlySpan<string?>)[rate, leastAt])
        {
            if (used is not null)
            {
                parts.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.Rate) { Subject = used });
                decision.NamesRate(used);
            }
        }

        if (proposed.Rounding != 0)
        {
            parts.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.Rounding) { Subject = rule.Name, Unit = proposed.Unit, Amount = proposed.Rounding });
        }

        AddPart(parts, keeps ? LineCodes.Kept : LineCodes.Dropped, left);
        if (cuts is not null)
        {
            parts.AddRange(cuts);
        }

        return parts.ToSequence();
    }

    // The part of a unit that is left: kept for the next event or for the parts together, or dropped.
    private readonly (Fraction Left, bool Keeps) Left() =>
        makers is not null ? (dropped, false)
        : !proposed.Part.IsZero ? (proposed.Part, cuts is null)
        : proposed.Parts is { } met ? (met.Left, met.Keeps)
        : default;

    private readonly void AddPart(List<ReceiptLine> parts, string code, Fraction part)
    {
        if (!part.IsZero)
        {
            parts.Add(new ReceiptLine(LoyaltyNames.Module, code) { Subject = $"{part} {proposed.Unit}" });
        }
    }
}
