using System.Runtime.InteropServices;
using Crm.Conditions;
using Crm.Loyalty.Members;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Redemption;

/// <summary>Whether a member can have a reward, what it costs them, and if not, why not.</summary>
public sealed record RewardOffer
{
    /// <summary>The reward.</summary>
    public required Reward Reward { get; init; }

    /// <summary>What it costs this member now; null where no cost is for them, or it costs nothing.</summary>
    public RewardCost? Cost { get; init; }

    /// <summary>Why not, all that is in the way; empty when they can have it.</summary>
    public Sequence<RewardReason> Reasons { get; init; }

    /// <summary>Whether they can have it.</summary>
    public bool IsAvailable => Reasons.IsEmpty;

    /// <summary>The offer of a reward to a member.</summary>
    /// <param name="plan">The programme.</param>
    /// <param name="reward">The reward.</param>
    /// <param name="membership">The member.</param>
    /// <param name="evidence">What conditions may look at.</param>
    /// <param name="times">How many are asked for.</param>
    /// <param name="inStock">Whether the stock has so many; null: it is not known, or not limited.</param>
    internal static RewardOffer Of(ProgramPlan plan, Reward reward, Membership membership, IEvidence evidence, long times, bool? inStock)
    {
        evidence = plan.Here(evidence);
        var reasons = new List<RewardReason>();
        if (MemberSteps.MaySpend(plan, membership) is { } refused)
        {
            reasons.Add(new(refused.Code, refused.Detail));
        }

        if (reward.When is { } condition && !Evaluator.Evaluate(condition, evidence).Value)
        {
            reasons.Add(new(ReasonCodes.RewardInactive, LoyaltyTexts.RewardInactive(reward.Name)));
        }

        if (reward.MostPerMember is { } most && TakenIn(reward, membership, evidence.Moment) + times > most)
        {
            reasons.Add(new(ReasonCodes.LimitReached, LoyaltyTexts.RewardLimit(reward.Name, most)));
        }

        if (inStock == false)
        {
            reasons.Add(new(ReasonCodes.OutOfStock, LoyaltyTexts.OutOfStock(reward.Name)));
        }

        RewardCost? cost = null;
        foreach (var candidate in reward.Costs)
        {
            if (candidate.When is null || Evaluator.Evaluate(candidate.When, evidence).Value)
            {
                cost = candidate;
                break;
            }
        }

        if (cost is null && !reward.Costs.IsEmpty)
        {
            reasons.Add(new(ReasonCodes.NoMatchingCost, LoyaltyTexts.NoMatchingCost(reward.Name)));
        }
        else if (cost is { } price && Missing(price, membership, times) is > 0 and var missing)
        {
            reasons.Add(new(ReasonCodes.InsufficientBalance, LoyaltyTexts.InsufficientBalance(price.Amount * times, price.Amount * times - missing, price.Unit)) { Missing = missing });
        }

        return new RewardOffer { Reward = reward, Cost = cost, Reasons = reasons.ToSequence() };
    }

    private static long Missing(RewardCost price, Membership membership, long times) =>
        (long)Int128.Min(long.MaxValue, ((Int128)price.Amount * times) - Math.Max(0, membership.Wallet(price.Unit).Balance));

    private static long TakenIn(Reward reward, Membership membership, Moment moment)
    {
        // What is set aside will be had in whichever span it is captured, so it counts in each.
        var setAside = membership.Reservations.Where(item => item.Reward == reward.Name).Sum(item => (long)item.Times);
        var standing = membership.Rewards.FirstOrDefault(item => item.Reward == reward.Name);
        if (standing is null || reward.Per == RewardSpan.Ever)
        {
            return checked(setAside + (standing?.Taken ?? 0));
        }

        var from = StartOf(reward.Per, moment);
        return setAside + standing.Recent.Count(at => at >= from);
    }

    /// <summary>When a span began.</summary>
    internal static Instant StartOf(RewardSpan span, Moment moment) => moment.StartOf(span switch
    {
        RewardSpan.Month => new LocalDate(moment.Date.Year, moment.Date.Month, 1),
        RewardSpan.Year => new LocalDate(moment.Date.Year, 1, 1),
        _ => moment.Date,
    });
}

/// <summary>Why a member cannot have a reward.</summary>
/// <param name="Code">One of <see cref="ReasonCodes.OfRewards"/>.</param>
/// <param name="Detail">A sentence with the numbers.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct RewardReason(string Code, Text Detail)
{
    /// <summary>For a balance, how many units are missing; otherwise 0.</summary>
    public long Missing { get; init; }
}
