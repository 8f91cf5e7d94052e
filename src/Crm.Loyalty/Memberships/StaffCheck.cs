using Crm.Events;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Modules;

namespace Crm.Loyalty.Memberships;

/// <summary>Whether staff may do what they ask, alone or at all.</summary>
internal static class StaffCheck
{
    /// <summary>Why not; null when they may.</summary>
    /// <param name="request">The request.</param>
    /// <param name="plan">The programme with its limits.</param>
    /// <param name="unit">The unit of the amount; null for requests without.</param>
    /// <param name="amount">How much, whatever the direction.</param>
    public static Outcome.Refused? Refusal(CustomerEvent request, ProgramPlan plan, string? unit, long amount)
    {
        if (request.Actor is not { } actor)
        {
            return new Outcome.Refused("actor-missing", LoyaltyTexts.ActorMissing);
        }

        var second = request.Fields[StaffFields.ApprovedBy].AsCode;
        foreach (var limit in plan.Definition.Value.StaffLimits)
        {
            if (limit.Request != request.Kind || (limit.Unit is { } only && only != unit))
            {
                continue;
            }

            if (amount > limit.Most)
            {
                return new Outcome.Refused("staff-limit", LoyaltyTexts.OverStaffLimit(amount, limit.Most.Value));
            }

            if (amount > limit.Alone && (second is null || second == actor))
            {
                return new Outcome.Refused("approval-needed", LoyaltyTexts.ApprovalNeeded(amount, limit.Alone));
            }
        }

        return null;
    }
}
