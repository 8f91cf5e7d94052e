using Crm.Events;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Modules;
using Crm.Values;

namespace Crm.Loyalty.Memberships;

/// <summary>Whether staff may do what they ask, alone or at all; and what is counted of it.</summary>
/// <param name="request">The request.</param>
/// <param name="plan">The programme with its limits.</param>
/// <param name="context">Knows what was granted before.</param>
internal sealed class StaffCheck(CustomerEvent request, ProgramPlan plan, ModuleContext context)
{
    private readonly List<QuotaDraw> counted = [];

    /// <summary>What the request comes to, for limits over several requests: it is drawn where the request is granted, also where that was long ago, so that what is cancelled comes off.</summary>
    public IReadOnlyList<QuotaDraw> Counted => counted;

    /// <summary>Why staff may not; null when they may, or did when it was first decided.</summary>
    /// <param name="unit">The unit of the amount; null for requests without.</param>
    /// <param name="amount">How much, whatever the direction.</param>
    public Outcome.Refused? Refusal(string? unit, long amount)
    {
        if (request.Actor is not { } actor)
        {
            return context.AlreadyAccepted ? null : new Outcome.Refused("actor-missing", LoyaltyTexts.ActorMissing);
        }

        foreach (var limit in plan.Definition.Value.StaffLimits)
        {
            if (limit.Request == request.Kind && (limit.Unit is null || limit.Unit == unit) && Refusal(limit, actor, amount) is { } limited && !context.AlreadyAccepted)
            {
                return limited;
            }
        }

        return null;
    }

    private Outcome.Refused? Refusal(StaffLimit limit, string actor, long amount)
    {
        var isApproved = request.Fields[StaffFields.ApprovedBy].AsCode is { } second && IsSomebodyElse(second, actor);
        if (!context.AlreadyAccepted && amount > limit.Most)
        {
            return new Outcome.Refused("staff-limit", LoyaltyTexts.OverStaffLimit(amount, limit));
        }

        if (!context.AlreadyAccepted && amount > limit.Alone && !isApproved)
        {
            return new Outcome.Refused("approval-needed", LoyaltyTexts.ApprovalNeeded(amount, limit));
        }

        if (limit.Per is null || amount == 0)
        {
            return null;
        }

        // Nobody fills the supply: it counts down from 0, as far as the limit, in the commit itself.
        var name = LoyaltyNames.StaffCount(plan.Name, limit, new Moment(context.Moment.Instant, plan.Zone), actor);
        var most = limit.Most ?? long.MaxValue;
        var draw = new QuotaDraw(name, amount) { Credit = isApproved ? most : limit.Alone };
        var all = draw with { Amount = checked(amount + counted.Where(other => other.Name == name).Sum(other => other.Amount)) };
        counted.Add(draw);
        return context.MayDraw(all) ? null
            : isApproved || !context.MayDraw(all with { Credit = most }) ? new Outcome.Refused("staff-limit", LoyaltyTexts.OverStaffLimit(amount, limit))
            : new Outcome.Refused("approval-needed", LoyaltyTexts.ApprovalNeeded(amount, limit));
    }

    // Who leaves the field blank, or writes their own name in other letters, has asked nobody.
    private static bool IsSomebodyElse(string second, string actor) =>
        second.AsSpan().Trim() is { Length: > 0 } named && !named.Equals(actor.AsSpan().Trim(), StringComparison.OrdinalIgnoreCase);
}
