using Crm.Conditions;
using Crm.Events;
using Crm.Ledger;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Loyalty.Wallets;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Memberships;

/// <summary>What runs out, and what is given up.</summary>
internal sealed partial class Decision
{
    /// <summary>All units are given up, those too that cannot be spent yet, and with them what was counted towards tiers and the tiers that it reached.</summary>
    public void Forfeit(ProgramPlan plan)
    {
        foreach (var holding in In(plan.Name).Holdings)
        {
            Forfeit(plan, holding);
        }

        foreach (var ladder in plan.Ladders)
        {
            if (In(plan.Name).Standing(ladder.Name) is { } standing)
            {
                // A value as it stands may be somebody else's, who has not taken it back.
                var (climb, value) = (ClimbOn(plan, ladder), LevelOf(plan, ladder));
                Stand(plan, ladder, standing, ladder.IsLevel ? climb.Bring(climb.Anew(standing), value) : climb.Anew(standing));
            }
        }
    }

    // Units of earlier versions of the programme among them.
    private void Forfeit(ProgramPlan plan, Holding holding)
    {
        const string Why = LineCodes.Forfeited;
        var change = holding.Wallet.Forfeit();
        var gone = -change.Movements.Where(movement => movement.Movement == Movement.Expired).Sum(movement => movement.Amount);
        if (plan.Definition.Value.Cascade == Cascade.None)
        {
            // Refunds of what was bought before find so much less to take back.
            Count(plan, new Tally(LoyaltyNames.GivenUp(holding.Unit), 0, checked(Math.Max(0, In(plan.Name).Counted(LoyaltyNames.GivenUp(holding.Unit))) + gone)));
            Count(plan, new Tally(LoyaltyNames.GivenUpAt(holding.Unit), 0, context.Moment.Instant.ToUnixTimeTicks()));
        }

        if (gone == 0)
        {
            return;
        }

        Add(new ReceiptLine(LoyaltyNames.Module, Why) { Program = plan.Name, Subject = plan.Name, Unit = holding.Unit, Amount = -gone });
        if (plan.UnitNamed(holding.Unit) is { } unit)
        {
            Move(plan, unit, change, null, Why);
        }
        else
        {
            Move(plan.Name, holding.Unit, LoyaltyNames.Fact(plan.Name, holding.Unit), change, null, Why, plan.Definition.Hash);
        }

        TellCancelled(plan.Name, holding.Unit, holding.Wallet.PendingTotal, Why);
    }

    /// <summary>Removes what has run out.</summary>
    public void Expire(string program, string unit, ProgramPlan? plan) => Expire(program, unit, plan, context.Moment.Instant);

    /// <summary>Removes what ran out before now. What runs out at this very instant still counts for whatever falls due at it and comes before that.</summary>
    public void ExpireBefore(string program, string unit, ProgramPlan plan) => Expire(program, unit, plan, context.Moment.Instant - Duration.Epsilon);

    private void Expire(string program, string unit, ProgramPlan? plan, Instant until)
    {
        var wallet = In(program).Wallet(unit);
        var change = wallet.Expire(until);
        Move(program, unit, LoyaltyNames.Fact(program, unit), change, null, null, plan?.Definition.Hash);
        if (plan?.UnitNamed(unit) is { } known && (known.Definition.ReinstateWithinDays is not null || plan.Definition.Value.Cascade == Cascade.None))
        {
            Remember(plan, known, change);
        }

        var gone = 0L;
        foreach (var movement in change.Movements)
        {
            if (movement.Movement == Movement.Expired)
            {
                Add(program, LineCodes.Expired, movement.Lot, unit, movement.Amount);
                gone -= movement.Amount;
            }
        }

        if (gone > 0 && context.IsHeard(LoyaltyNames.Expired))
        {
            Tell(new Echo(LoyaltyNames.Expired, Fields.Of(("program", program), ("unit", unit), ("amount", gone))));
        }
    }

    // What ran out is known for as long as it may be reinstated, or the purchase that gave it be refunded.
    private void Remember(ProgramPlan plan, UnitPlan unit, WalletChange change)
    {
        var (prefix, days) = (LoyaltyNames.Gone(unit.Name), Math.Max(unit.Definition.ReinstateWithinDays ?? 0, plan.Definition.Value.Cascade == Cascade.None ? KeptAward.RefundableDays : 0));
        var today = LoyaltyNames.NumberOf(new Moment(context.Moment.Instant, plan.Zone).Date);
        foreach (var old in In(plan.Name).TalliesOf(prefix).Where(tally => tally.Period + days < today))
        {
            Count(plan, old with { Amount = 0 });
        }

        // What refunds have asked up to now is settled: what runs out now is looked for only by those that come after it.
        if (change.Movements.Any(movement => movement.Movement == Movement.Expired))
        {
            Close(plan, unit);
        }

        // A lot may run out in several goes, as when what was set aside of it returns later: all of it may be reinstated, as long as the latest may.
        var idleUntil = change.Wallet.IdleUntil is { } until ? LoyaltyNames.NumberOf(plan.Zone.DayOf(until)) : today;
        foreach (var movement in change.Movements.Where(movement => movement.Movement == Movement.Expired))
        {
            var name = GoneLot.NameOf(unit.Name, movement.Lot, idleUntil);
            Count(plan, new Tally(name, today, checked(In(plan.Name).Tallies.FirstOrDefault(tally => tally.Name == name).Amount - movement.Amount)));
        }
    }

    /// <summary>The entry of the agenda at which the next lot of a wallet runs out: one for each wallet, however many lots it has.</summary>
    public static AgendaChange ExpiryOf(string program, string unit, Wallet wallet) => new(LoyaltyNames.ExpiryKey(program, unit), wallet.NextExpiry, Phases.Expiry);

    /// <summary>What refunds have taken back up to now is settled: what had run out of it is not looked for anew.</summary>
    public void Close(ProgramPlan plan, UnitPlan unit)
    {
        foreach (var tally in In(plan.Name).TalliesOf(LoyaltyNames.Unowed(unit.Name)))
        {
            Count(plan, tally with { Amount = 0 });
        }

        foreach (var award in In(plan.Name).Awards.Where(award => award.Unit == unit.Name && (award.TakenBefore != award.Taken || award.UnowedBefore != award.Unowed)).ToList())
        {
            Keep(plan, award with { TakenBefore = award.Taken, UnowedBefore = award.Unowed });
        }
    }
}
