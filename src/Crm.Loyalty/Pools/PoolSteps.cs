using Crm.Conditions;
using Crm.Events;
using Crm.Ledger;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Loyalty.Redemption;
using Crm.Modules;
using Crm.Values;

namespace Crm.Loyalty.Pools;

/// <summary>Decides what is asked of a pool, and what a pool takes. Units only ever move: what a pool does not take, or gives up, is sent to whom it belongs.</summary>
internal static class PoolSteps
{
    public static Outcome Decide(CustomerEvent request, LoyaltyPlans plans, LoyaltyState state, ModuleContext context)
    {
        if (!RequestedProgram.TryFind(request, plans, context, out var plan, out var refused))
        {
            return refused;
        }

        if (plan.Definition.Value.Pools is not { } rules)
        {
            return new Outcome.Refused("no-pools", LoyaltyTexts.NoPools(plan.Name));
        }

        var decision = new Decision(state, context);
        return request.Kind == PoolEvents.OpenName ? Open(request, plan, decision)
            : decision.In(plan.Name).Pool is not { } pool ? new Outcome.Refused("not-a-pool", LoyaltyTexts.NotAPool)
            : request.Kind switch
            {
                PoolEvents.AdmitName => Admit(request, plan, rules, pool, decision),
                PoolEvents.LeaveName => Leave(request, plan, rules, pool, decision),
                _ => Dissolve(request, plan, pool, decision),
            };
    }

    /// <summary>A member gives units to a pool.</summary>
    public static Outcome Give(CustomerEvent request, LoyaltyPlans plans, LoyaltyState state, ModuleContext context)
    {
        if (!PointRequests.TryFind(request, plans, context, out var plan, out var unit, out var refused) || !PointRequests.TryAmount(request, unit, out var amount, out refused))
        {
            return refused;
        }

        if (plan.Definition.Value.Pools is null)
        {
            return new Outcome.Refused("no-pools", LoyaltyTexts.NoPools(plan.Name));
        }

        if (IdOf(request, PoolEvents.Pool) is not { } pool || pool == context.Customer || state.In(plan.Name).Pool is not null)
        {
            return new Outcome.Refused("unknown-pool", LoyaltyTexts.UnknownPool(request.Fields[PoolEvents.Pool].AsCode ?? ""));
        }

        var decision = new Decision(state, context);
        return Send(plan, unit, amount, pool, $"received/{request.Key}", from: context.Customer, decision) is { } insufficient ? insufficient : decision.Outcome();
    }

    /// <summary>What came from a member: the pool takes it, and knows whose it was, or it goes back.</summary>
    /// <returns>Whether it is taken.</returns>
    public static bool Takes(CustomerEvent received, ProgramPlan plan, UnitPlan unit, long amount, Decision decision)
    {
        if (PoolJoins.WhoIs(received, LoyaltyEvents.From, decision.In(plan.Name)) is not { } from)
        {
            return true;
        }

        if (decision.In(plan.Name).Pool is { Dissolved: false } pool && pool.Member(from) is { } member)
        {
            var share = member.Share(unit.Name);
            decision.Stand(plan.Name, pool.With(member.With(share with { Given = checked(share.Given + amount) })));
            return true;
        }

        decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.Pool) { Program = plan.Name, Subject = "not-taken", Text = LoyaltyTexts.PoolNotTaken(amount, unit.Name) });
        decision.Send(Bringing(plan, unit, received.Fields[LoyaltyEvents.LotsField].AsCode ?? "", from, $"returned/{received.Key}", from: null));
        return false;
    }

    /// <summary>Whether an event brings units that a member gives to a pool; nobody else takes them.</summary>
    public static bool IsFromMember(CustomerEvent received) => received.Kind == LoyaltyEvents.ReceiveName && IdOf(received, LoyaltyEvents.From) is not null;

    /// <summary>
    /// A gift to a pool is taken back: the pool gives it back to who gave it, each unit with its life, and owes what is not there any more. What ran out in the pool does not come back, and what the giver took along when they left, or when
    /// the pool was dissolved, has come back already.
    /// </summary>
    public static void GiveBack(AmendedEvent amended, ProgramPlan plan, Decision decision)
    {
        var received = amended.Whole;
        if (IdOf(received, LoyaltyEvents.From) is not { } from || plan.UnitNamed(received.Fields[LoyaltyEvents.Unit].AsCode ?? "") is not { } unit)
        {
            return;
        }

        var (lots, idleUntil, back) = (WalletRequests.LotsIn(received), decision.In(plan.Name).Wallet(unit.Name).IdleUntil, new List<(string Lot, long Amount)>());
        var owed = lots.Select(lot => (lot.Lot.Name, Amount: decision.Owed(plan, unit, lot.Lot.Name, lot.Lot.Amount, amended.At))).ToList();
        var amount = lots.Sum(lot => lot.Lot.Amount);
        var settled = Settle(from, amended, plan, unit, amount, owed.Sum(lot => lot.Amount), decision);
        if (amount - settled is > 0 and var due)
        {
            decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.TakenBack) { Program = plan.Name, Subject = received.Key.ToString(), Unit = unit.Name, Amount = -due });
        }

        foreach (var (lot, left) in owed)
        {
            var already = Math.Min(settled, left);
            settled -= already;
            if (left > already)
            {
                decision.TakeOwed(plan, unit, lot, left - already, UndoSteps.Cancelled, amended.At, Movement.Transferred);
                back.Add((lot, left - already));
            }
        }

        if (back.Count > 0)
        {
            decision.Send(Bringing(plan, unit, WalletRequests.LotsOf(back, idleUntil), from, $"given-back/{received.Key}", from: null));
        }
    }

    /// <summary>A gift that was taken back before it came goes back to who gave it; one that is not from a member of a pool was given back there.</summary>
    public static void SendBack(CustomerEvent received, ProgramPlan plan, UnitPlan unit, Decision decision)
    {
        if (IdOf(received, LoyaltyEvents.From) is { } from)
        {
            decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.Pool) { Program = plan.Name, Subject = "not-taken", Text = LoyaltyTexts.PoolNotTaken(WalletRequests.LotsIn(received).Sum(lot => lot.Lot.Amount), unit.Name) });
            decision.Send(Bringing(plan, unit, received.Fields[LoyaltyEvents.LotsField].AsCode ?? "", from, $"given-back/{received.Key}", from: null));
        }
    }

    // How much of what a gift still owes its giver has had back since; who still belongs to the pool has given so much less.
    private static long Settle(CustomerId from, AmendedEvent amended, ProgramPlan plan, UnitPlan unit, long amount, long owed, Decision decision)
    {
        var membership = decision.In(plan.Name);
        if (PoolJoins.LeftAs(from, amended.At, membership) is not { } left)
        {
            if (membership.Pool is { } pool && pool.Member(PoolJoins.WhoIs(from, membership)) is { } member)
            {
                var share = member.Share(unit.Name);
                decision.Stand(plan.Name, pool.With(member.With(share with { Given = Math.Max(0, share.Given - amount) })));
            }

            return 0;
        }

        var name = LoyaltyNames.PoolReturned(left, unit.Name);
        var returned = membership.Counted(name);
        var settled = Math.Min(owed, returned);
        decision.Count(plan, new Tally(name, 0, returned - settled));
        return settled;
    }

    // What somebody takes along is known where gifts can be taken back by themselves.
    private static void TakesAlong(CustomerId who, ProgramPlan plan, UnitPlan unit, long amount, Decision decision)
    {
        if (plan.Definition.Value.Cascade == Cascade.None)
        {
            var name = LoyaltyNames.PoolReturned(who, unit.Name);
            decision.Count(plan, new Tally(name, 0, checked(decision.In(plan.Name).Counted(name) + amount)));
        }
    }

    /// <summary>Why a request may not spend from an account; null where it may, or where it does not concern a pool.</summary>
    public static Outcome.Refused? MaySpend(CustomerEvent request, Membership membership)
    {
        var member = PoolJoins.WhoIs(request, PoolEvents.Member, membership);
        return membership.Pool switch
        {
            null => member is null ? null : new("not-a-pool", LoyaltyTexts.NotAPool),
            { Dissolved: true } => new("pool-dissolved", LoyaltyTexts.PoolDissolved),
            _ when request.Kind is not (LoyaltyEvents.RedeemName or RewardEvents.RedeemName or RewardEvents.PayName) => new("not-from-a-pool", LoyaltyTexts.NotFromAPool),
            var pool when member is not { } who || pool.Member(who) is not { } known => new("not-a-pool-member", LoyaltyTexts.NotAPoolMember),
            var pool when pool.Member(member.GetValueOrDefault())?.Role == PoolRole.Giver => new("may-not-spend", LoyaltyTexts.MayNotSpend),
            _ => null,
        };
    }

    /// <summary>Charges what was spent from a pool to the member who spent it; refused where it is over the member's limit.</summary>
    public static Outcome Charge(CustomerEvent request, LoyaltyPlans plans, LoyaltyState before, ModuleContext context, Outcome outcome)
    {
        if (outcome is not Outcome.Accepted { State: LoyaltyState state } accepted
            || !RequestedProgram.TryFind(request, plans, context, out var plan, out _) || PoolJoins.WhoIs(request, PoolEvents.Member, before.In(plan.Name)) is not { } who
            || before.In(plan.Name).Pool is not { } pool || pool.Member(who) is not { } member)
        {
            return outcome;
        }

        var rules = plan.Definition.Value.Pools;
        var membership = state.In(plan.Name);
        var moment = new Moment(context.Moment.Instant, plan.Zone);
        var period = Periods.Of(rules?.SpendPer ?? default, moment);
        foreach (var spent in accepted.Entries.Where(entry => entry.Program == plan.Name && entry.Movement == Movement.Spent).GroupBy(entry => entry.Unit, StringComparer.Ordinal))
        {
            var (amount, tally) = (-spent.Sum(entry => entry.Amount), LoyaltyNames.PoolSpent(who, spent.Key));
            var sum = checked(membership.Counted(tally, period) + amount);
            if (sum > rules?.SpendMost && !context.AlreadyAccepted)
            {
                return new Outcome.Refused("pool-limit", LoyaltyTexts.PoolLimit(rules.SpendMost.Value, spent.Key));
            }

            var share = member.Share(spent.Key);
            member = member.With(share with { Spent = checked(share.Spent + amount) });
            membership = Remember(request.Key, who, spent.Key, amount, LoyaltyNames.NumberOf(moment.Date), membership.With(new Tally(tally, period, sum)));
        }

        return accepted with { State = state.With(membership with { Pool = pool.With(member) }) };
    }

    /// <summary>What comes back to a pool was not spent after all by the member who had spent it: it makes room again in the span in which it was spent.</summary>
    public static void Credit(string redemption, ProgramPlan plan, UnitPlan unit, long amount, Decision decision)
    {
        var (membership, prefix) = (decision.In(plan.Name), LoyaltyNames.PoolSpender(redemption, unit.Name));
        if (membership.Pool is not { } pool || membership.TalliesOf(prefix) is not [var spent, ..]
            || !CustomerId.TryParse(spent.Name[prefix.Length..], out var spender))
        {
            return;
        }

        var who = PoolJoins.WhoIs(spender, membership);
        var tally = LoyaltyNames.PoolSpent(who, unit.Name);
        var period = Periods.Of(plan.Definition.Value.Pools?.SpendPer ?? default, new Moment(plan.Zone.Start(LoyaltyNames.DayOf(spent.Period)), plan.Zone));
        decision.Count(plan, spent with { Amount = Math.Max(0, spent.Amount - amount) });
        if (membership.Counted(tally, period) is > 0 and var counted)
        {
            decision.Count(plan, new Tally(tally, period, Math.Max(0, counted - amount)));
        }

        if (pool.Member(who) is { } member && member.Share(unit.Name) is { Spent: > 0 } share)
        {
            decision.Stand(plan.Name, pool.With(member.With(share with { Spent = Math.Max(0, share.Spent - amount) })));
        }
    }

    /// <summary>A request about a pool is taken back by itself: what it had charged to a member is credited, less what came back since, what it had credited is charged again.</summary>
    /// <param name="request">The request.</param>
    /// <param name="plan">The programme.</param>
    /// <param name="did">The membership right after the request.</param>
    /// <param name="without">The membership as it would have been then without it.</param>
    /// <param name="decision">What the change is told by; what came back of the request is still known there.</param>
    public static void Undo(CustomerEvent request, ProgramPlan plan, Membership did, Membership without, Decision decision)
    {
        foreach (var (then, _, _, shares) in did.Pool?.Members ?? [])
        {
            var who = PoolJoins.WhoIs(then, decision.In(plan.Name));
            foreach (var share in shares)
            {
                var before = without.Pool?.Member(then)?.Share(share.Unit) ?? new PoolShare(share.Unit, 0, 0);
                if (share.Spent == before.Spent)
                {
                    continue;
                }

                var came = decision.In(plan.Name).Counted(LoyaltyNames.CameBack(request.Key.ToString(), share.Unit));
                var spent = Math.Max(share.Spent - before.Spent, 0) is > 0 and var charged ? Math.Max(0, charged - came) : share.Spent - before.Spent;
                Uncount(LoyaltyNames.PoolSpent(then, share.Unit), LoyaltyNames.PoolSpent(who, share.Unit), came, plan, did, without, decision);
                if (decision.In(plan.Name).Pool is { } pool && pool.Member(who) is { } member && member.Share(share.Unit) is var own)
                {
                    decision.Stand(plan.Name, pool.With(member.With(own with { Spent = Math.Max(0, own.Spent - spent) })));
                }
            }
        }

        foreach (var spender in did.TalliesOf(LoyaltyNames.AllSpenders).Concat(without.TalliesOf(LoyaltyNames.AllSpenders)).DistinctBy(tally => tally.Name))
        {
            var change = without.Counted(spender.Name, spender.Period) - did.Counted(spender.Name, spender.Period);
            if (change != 0)
            {
                decision.Count(plan, spender with { Amount = Math.Max(0, decision.In(plan.Name).Counted(spender.Name, spender.Period) + change) });
            }
        }
    }

    // Room in a span is made, or taken again, while no later span is counted.
    private static void Uncount(string then, string name, long came, ProgramPlan plan, Membership did, Membership without, Decision decision)
    {
        var (after, before) = (did.TalliesOf(then).FirstOrDefault(tally => tally.Name == then), without.TalliesOf(then).FirstOrDefault(tally => tally.Name == then));
        var period = after.Name is null ? before.Period : after.Period;
        var change = did.Counted(then, period) - without.Counted(then, period);
        change = change > 0 ? Math.Max(0, change - came) : change;
        var own = decision.In(plan.Name).TalliesOf(name).FirstOrDefault(tally => tally.Name == name);
        if (change != 0 && (own.Name is null || own.Period == period))
        {
            decision.Count(plan, new Tally(name, period, Math.Max(0, own.Amount - change)));
        }
    }

    // While it is kept in mind what a redemption drew, so is who asked for it.
    private static Membership Remember(EventKey redemption, CustomerId who, string unit, long amount, long today, Membership membership)
    {
        bool MayComeBack(string name) => membership.TalliesOf(LoyaltyNames.Drawn(name, unit)).Count > 0;
        membership = membership with { Tallies = membership.Tallies.Where(tally => LoyaltyNames.SpentBySomebody(tally.Name, unit) is not { } earlier || MayComeBack(earlier)).ToSequence() };
        return MayComeBack(redemption.ToString()) ? membership.With(new Tally(LoyaltyNames.PoolSpender(redemption.ToString(), unit) + who, today, amount)) : membership;
    }

    private static Outcome Open(CustomerEvent request, ProgramPlan plan, Decision decision)
    {
        var membership = decision.In(plan.Name);
        if (IdOf(request, PoolEvents.Owner) is not { } owner || owner == decision.Context.Customer)
        {
            return new Outcome.Refused("unknown-member", LoyaltyTexts.UnknownMember(request.Fields[PoolEvents.Owner].AsCode ?? ""));
        }

        if (!decision.Context.AlreadyAccepted && (membership.Pool is not null || membership.Life is not null || membership.Holdings.Any(holding => membership.Balances(holding.Unit) != new Wallets.WalletBalances(0, 0, 0, 0))))
        {
            return new Outcome.Refused("account-in-use", LoyaltyTexts.AccountInUse);
        }

        var now = decision.Context.Moment.Instant;
        PoolJoins.SayJoined(request, owner, plan, decision);
        return Done(plan, new PoolStanding(now, Dissolved: false, [new PoolMember(owner, PoolRole.Owner, now, [])]), "opened", decision);
    }

    private static Outcome Admit(CustomerEvent request, ProgramPlan plan, PoolRules rules, PoolStanding pool, Decision decision)
    {
        var role = PoolEvents.RoleNamed(request.Fields[PoolEvents.Role].AsCode);
        if (PoolJoins.WhoIs(request, PoolEvents.Member, decision.In(plan.Name)) is not { } who || who == decision.Context.Customer || role is not { } given)
        {
            return role is null
                ? new Outcome.Refused("unknown-role", LoyaltyTexts.UnknownRole(request.Fields[PoolEvents.Role].AsCode ?? ""))
                : new Outcome.Refused("unknown-member", LoyaltyTexts.UnknownMember(request.Fields[PoolEvents.Member].AsCode ?? ""));
        }

        var known = pool.Member(who);
        if (!decision.Context.AlreadyAccepted)
        {
            Outcome.Refused? wrong = !MayManage(request, pool, decision.In(plan.Name)) ? new("not-pool-owner", LoyaltyTexts.NotPoolOwner)
                : pool.Dissolved ? new("pool-dissolved", LoyaltyTexts.PoolDissolved)
                : known is null && pool.Members.Count >= rules.MostMembers ? new("pool-full", LoyaltyTexts.PoolFull(rules.MostMembers))
                : known is { Role: PoolRole.Owner } && given != PoolRole.Owner && IsLastOwner(pool, who) ? new("last-owner", LoyaltyTexts.LastOwner)
                : null;
            if (wrong is not null)
            {
                return wrong;
            }
        }

        if (known is null)
        {
            PoolJoins.SayJoined(request, who, plan, decision);
        }

        return Done(plan, pool.With(known is null ? new PoolMember(who, given, decision.Context.Moment.Instant, []) : known with { Role = given }), "admitted", decision);
    }

    private static Outcome Leave(CustomerEvent request, ProgramPlan plan, PoolRules rules, PoolStanding pool, Decision decision)
    {
        if (PoolJoins.WhoIs(request, PoolEvents.Member, decision.In(plan.Name)) is not { } who || pool.Member(who) is not { } member)
        {
            return new Outcome.Refused("not-a-pool-member", LoyaltyTexts.NotAPoolMember);
        }

        if (!decision.Context.AlreadyAccepted)
        {
            Outcome.Refused? wrong = !MayManage(request, pool, decision.In(plan.Name)) && PoolJoins.WhoIs(request, PoolEvents.By, decision.In(plan.Name)) != who ? new("not-pool-owner", LoyaltyTexts.NotPoolOwner)
                : pool.Dissolved ? new("pool-dissolved", LoyaltyTexts.PoolDissolved)
                : member.Role == PoolRole.Owner && IsLastOwner(pool, who) ? new("last-owner", LoyaltyTexts.LastOwner)
                : null;
            if (wrong is not null)
            {
                return wrong;
            }
        }

        foreach (var unit in rules.Leaving == PoolLeaving.Return ? plan.Units : [])
        {
            var (weight, weights) = (member.Share(unit.Name).Left, pool.Members.Aggregate((Int128)0, (sum, one) => sum + one.Share(unit.Name).Left));
            var part = weights == 0 ? 0 : (long)(Math.Max(0, decision.In(plan.Name).Wallet(unit.Name).Balance) * (Int128)weight / weights);
            if (part > 0)
            {
                Send(plan, unit, part, who, $"pool-left/{request.Key}/{unit.Name}", from: null, decision);
                TakesAlong(who, plan, unit, part, decision);
            }
        }

        return Done(plan, pool.Without(who), "left", decision);
    }

    private static Outcome Dissolve(CustomerEvent request, ProgramPlan plan, PoolStanding pool, Decision decision)
    {
        var membership = decision.In(plan.Name);
        if (!decision.Context.AlreadyAccepted)
        {
            Outcome.Refused? wrong = !MayManage(request, pool, membership) ? new("not-pool-owner", LoyaltyTexts.NotPoolOwner)
                : pool.Dissolved && plan.Units.All(unit => membership.Wallet(unit.Name).Balance <= 0) ? new("pool-dissolved", LoyaltyTexts.PoolDissolved)
                : plan.Units.Any(unit => membership.Wallet(unit.Name).PendingTotal > 0) ? new("units-pending", LoyaltyTexts.UnitsPending)
                : null;
            if (wrong is not null)
            {
                return wrong;
            }
        }

        foreach (var unit in plan.Units.Where(unit => unit.Kind == UnitKind.Redeemable))
        {
            var parts = Parts(pool, unit.Name, Math.Max(0, membership.Wallet(unit.Name).Balance));
            foreach (var (member, part) in pool.Members.Zip(parts).Where(pair => pair.Second > 0))
            {
                Send(plan, unit, part, member.Customer, $"pool-dissolved/{request.Key}/{member.Customer}/{unit.Name}", from: null, decision);
                TakesAlong(member.Customer, plan, unit, part, decision);
            }
        }

        return Done(plan, pool with { Dissolved = true, Members = pool.Members.Select(member => member with { Shares = [] }).ToSequence() }, "dissolved", decision);
    }

    // All of an amount, in proportion of what each has given and not spent; where nobody has anything left, of what each has given, and where nobody gave, in equal parts.
    // What is over after whole units goes to the largest remainders, among equals to those who come first.
    private static long[] Parts(PoolStanding pool, string unit, long amount)
    {
        var shares = pool.Members.Select(member => member.Share(unit)).ToArray();
        var weights = shares.Any(share => share.Left > 0) ? Array.ConvertAll(shares, share => share.Left)
            : shares.Any(share => share.Given > 0) ? Array.ConvertAll(shares, share => share.Given)
            : Array.ConvertAll(shares, _ => 1L);
        var sum = weights.Aggregate((Int128)0, (all, weight) => all + weight);
        var parts = Array.ConvertAll(weights, weight => (long)(amount * (Int128)weight / sum));
        var over = amount - parts.Sum();
        foreach (var place in Enumerable.Range(0, parts.Length).OrderByDescending(place => amount * (Int128)weights[place] % sum).ThenBy(place => place).Take((int)over))
        {
            parts[place]++;
        }

        return parts;
    }

    // Moves units out of the account; what is sent is part of the key, so that history decided again never counts one amount here and another there.
    private static Outcome.Refused? Send(ProgramPlan plan, UnitPlan unit, long amount, CustomerId to, string key, CustomerId? from, Decision decision)
    {
        var wallet = decision.In(plan.Name).Wallet(unit.Name);
        if (wallet.Take(amount, Movement.Transferred, decision.Context.AlreadyAccepted, unit.Definition.Debt) is not { } taken)
        {
            return new Outcome.Refused("insufficient-balance", LoyaltyTexts.InsufficientBalance(amount, Math.Max(wallet.Balance, 0), unit.Name));
        }

        var lots = WalletRequests.LotsOf(taken);
        decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.TransferredOut) { Program = plan.Name, Subject = plan.Name, Unit = unit.Name, Amount = -amount });
        decision.Take(plan, unit, taken, amount, null);
        decision.Send(Bringing(plan, unit, lots, to, from is null ? $"{key}/{Definitions.DefinitionHash.Of(lots).Value >> 64:x16}" : key, from));
        return null;
    }

    private static CustomerEvent Bringing(ProgramPlan plan, UnitPlan unit, string lots, CustomerId to, string key, CustomerId? from) => new()
    {
        Key = new EventKey(LoyaltyNames.Module, key),
        Kind = LoyaltyEvents.ReceiveName,
        Customer = to,
        Fields = Fields.Of(
            (LoyaltyEvents.Program, plan.Name),
            (LoyaltyEvents.Unit, unit.Name),
            (LoyaltyEvents.LotsField, lots),
            (LoyaltyEvents.From, from is { } giver ? Scalar.Of(giver.ToString()) : default)),
    };

    private static Outcome Done(ProgramPlan plan, PoolStanding pool, string what, Decision decision)
    {
        decision.Stand(plan.Name, pool);
        decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.Pool) { Program = plan.Name, Subject = what, Text = LoyaltyTexts.PoolIs(what, pool.Members.Count) });
        return decision.Outcome();
    }

    // Owners manage, and staff whom the event names.
    private static bool MayManage(CustomerEvent request, PoolStanding pool, Membership membership) =>
        PoolJoins.WhoIs(request, PoolEvents.By, membership) is { } by ? pool.Member(by) is { Role: PoolRole.Owner } : request.Actor is not null;

    private static bool IsLastOwner(PoolStanding pool, CustomerId who) => pool.Members.All(member => member.Customer == who || member.Role != PoolRole.Owner);

    /// <summary>The customer whom a field of an event names; null where it names none.</summary>
    public static CustomerId? IdOf(CustomerEvent happened, string field) =>
        CustomerId.TryParse(happened.Fields[field].AsCode, out var id) ? id : null;
}
