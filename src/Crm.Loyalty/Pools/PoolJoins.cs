using Crm.Events;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Loyalty.Redemption;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Pools;

/// <summary>What a pool and its members know of each other, so that a pool hears of it when one of them is merged into somebody else: who is admitted is told so, keeps it in mind, and whoever they become tells the pool.</summary>
internal static class PoolJoins
{
    /// <summary>Tells somebody that they belong to the pool from now on.</summary>
    public static void SayJoined(CustomerEvent request, CustomerId member, ProgramPlan plan, Decision decision) => decision.Send(new CustomerEvent
    {
        Key = new EventKey(LoyaltyNames.Module, $"pool-joined/{request.Key}"),
        Kind = PoolEvents.JoinedName,
        Customer = member,
        Fields = Fields.Of((PoolEvents.Pool, decision.Context.Customer.ToString()), (PoolEvents.Member, member.ToString()), (LoyaltyEvents.Program, plan.Name)),
    });

    /// <summary>Somebody is told that they belong to a pool. They may have been merged on the way.</summary>
    public static Outcome Joined(CustomerEvent joined, LoyaltyPlans plans, LoyaltyState state, ModuleContext context)
    {
        var (program, decision) = (joined.Fields[LoyaltyEvents.Program].AsCode ?? "", new Decision(state, context));
        if (plans.Find(program) is not null && PoolSteps.IdOf(joined, PoolEvents.Member) is { } member && PoolSteps.IdOf(joined, PoolEvents.Pool) is { } pool)
        {
            decision.Change(program, membership => membership.With(new Tally(LoyaltyNames.InPool(member, pool), 0, 1)));
            SayMerged(program, decision);
        }

        return decision.Outcome();
    }

    /// <summary>Tells the pools of a programme that know a customer by an id of before who they are now.</summary>
    public static void SayMerged(string program, Decision decision)
    {
        var survivor = decision.Context.Customer;
        foreach (var tally in decision.In(program).TalliesOf(LoyaltyNames.AllInPools).ToList())
        {
            if (tally.Name[LoyaltyNames.AllInPools.Length..].Split('/') is [var known, var pool] && CustomerId.TryParse(known, out var member) && member != survivor && CustomerId.TryParse(pool, out var account))
            {
                decision.Change(program, membership => membership.With(tally with { Amount = 0 }).With(new Tally(LoyaltyNames.InPool(survivor, account), 0, 1)));
                decision.Send(new CustomerEvent
                {
                    Key = new EventKey(LoyaltyNames.Module, $"pool-merged/{program}/{pool}/{known}/{survivor}"),
                    Kind = PoolEvents.MergedName,
                    Customer = account,
                    Fields = Fields.Of((PoolEvents.Member, known), (PoolEvents.Survivor, survivor.ToString()), (LoyaltyEvents.Program, program)),
                });
            }
        }
    }

    /// <summary>A member of the pool is another from now on: what the pool knows of them it knows of who stays, and finds by either id.</summary>
    public static Outcome MemberMerged(CustomerEvent merged, LoyaltyState state, ModuleContext context)
    {
        var (program, decision) = (merged.Fields[LoyaltyEvents.Program].AsCode ?? "", new Decision(state, context));
        var membership = decision.In(program);
        if (membership.Pool is not { } pool || WhoIs(merged, PoolEvents.Member, membership) is not { } retired || WhoIs(merged, PoolEvents.Survivor, membership) is not { } survivor || retired == survivor)
        {
            return Outcome.Nothing;
        }

        var since = pool.Dissolved ? null : pool.Member(retired)?.Since;
        membership = membership.With(new Tally(LoyaltyNames.PoolMerged(retired) + survivor, context.Moment.Instant.ToUnixTimeTicks(), since?.ToUnixTimeTicks() ?? long.MaxValue));
        foreach (var tally in membership.TalliesOf(LoyaltyNames.PoolSpent(retired)))
        {
            membership = MergeSteps.With(membership.With(tally with { Amount = 0 }), tally with { Name = LoyaltyNames.PoolSpent(survivor) + tally.Name[LoyaltyNames.PoolSpent(retired).Length..] });
        }

        pool = pool.Merged(retired, survivor);
        decision.Change(program, _ => membership);
        decision.Stand(program, pool);
        decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.Pool) { Program = program, Subject = "merged", Text = LoyaltyTexts.PoolIs("merged", pool.Members.Count) });
        return decision.Outcome();
    }

    /// <summary>Who a customer whom an event names is by now; null where it names none.</summary>
    public static CustomerId? WhoIs(CustomerEvent happened, string field, Membership membership) => PoolSteps.IdOf(happened, field) is { } id ? WhoIs(id, membership) : null;

    /// <summary>Who a customer is by now whom the pool knows by an id.</summary>
    public static CustomerId WhoIs(CustomerId id, Membership membership)
    {
        while (MergedInto(id, membership) is { } merge)
        {
            id = merge.Survivor;
        }

        return id;
    }

    /// <summary>The id by which somebody who belonged to a pool at an instant has left it since, or was there when it was dissolved; null: they belong to it still, whoever they are by now.</summary>
    public static CustomerId? LeftAs(CustomerId id, Instant at, Membership membership)
    {
        while (MergedInto(id, membership) is { } merge)
        {
            if (merge.Since > at.ToUnixTimeTicks())
            {
                return id;
            }

            (id, at) = (merge.Survivor, Instant.FromUnixTimeTicks(merge.At));
        }

        return membership.Pool is { Dissolved: false } pool && pool.Member(id) is { } member && member.Since <= at ? null : id;
    }

    private static (CustomerId Survivor, long At, long Since)? MergedInto(CustomerId id, Membership membership)
    {
        var prefix = LoyaltyNames.PoolMerged(id);
        return membership.TalliesOf(prefix) is [var merged, ..] && CustomerId.TryParse(merged.Name[prefix.Length..], out var survivor) ? (survivor, merged.Period, merged.Amount) : null;
    }
}
