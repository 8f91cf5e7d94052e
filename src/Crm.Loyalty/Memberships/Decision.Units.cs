using Crm.Definitions;
using Crm.Events;
using Crm.Ledger;
using Crm.Loyalty.Openings;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Loyalty.Wallets;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Memberships;

/// <summary>What changes in wallets: units that come, wait, are used, run out and are taken back.</summary>
internal sealed partial class Decision
{
    /// <summary>Gives units by a rule or by hand; status units count on their ladders.</summary>
    public void Issue(ProgramPlan plan, UnitPlan unit, long amount, string? rule, string? code) =>
        Issue(plan, unit, amount, rule, code, new AwardShape(null, Activation.AtOnce, null), byRules: false);

    /// <summary>Gives units by rules: what was earned may have to wait, and is an activity.</summary>
    public void IssueByRules(ProgramPlan plan, UnitPlan unit, long amount, string? rule, string? code, AwardShape shape) => Issue(plan, unit, amount, rule, code, shape, byRules: true);

    private void Issue(ProgramPlan plan, UnitPlan unit, long amount, string? rule, string? code, AwardShape shape, bool byRules)
    {
        var moment = new Moment(context.Moment.Instant, plan.Zone);
        var membership = In(plan.Name);
        var wallet = membership.Wallet(unit.Name);
        var activation = shape.Activation ?? unit.Definition.Activation;
        string name;
        if (activation is Activation.Immediately)
        {
            var lot = unit.LotOf(moment, shape.Expiry, membership) with { Amount = amount, Issuer = shape.Issuer };
            Move(plan, unit, Active(Started(wallet.Issue(lot), lot, unit, shape.Expiry, moment), unit, moment, byRules, byEarning: true), rule, code);
            name = lot.Name;
        }
        else
        {
            var active = activation.Of(moment);
            var lot = unit.LotOf(active is { } from ? moment with { Instant = from } : moment, shape.Expiry, membership);
            var pending = new PendingLot
            {
                ActiveFrom = active,
                Hold = active is null ? context.Cause.ToString() : null,
                LapsesAt = (activation as Activation.OnEvent)?.Lapse(moment),
                Rule = active is null ? rule : null,
                Life = active is null ? shape.Expiry ?? unit.Definition.Expiry : null,
                Lot = (active is null ? new Lot(null, amount) : lot with { Amount = amount }) with { Issuer = shape.Issuer },
            };
            Move(plan, unit, Active(Started(wallet.Issue(pending), pending.Lot, unit, shape.Expiry, moment), unit, moment, byRules, byEarning: true), rule, code);
            Tell(new Echo(LoyaltyNames.PendingAdded, Fields.Of(("program", plan.Name), ("unit", unit.Name), ("amount", amount), ("at", active is { } at ? Scalar.Of(at) : default))));
            name = pending.Name;
        }

        if (byRules && plan.Definition.Value.Cascade == Cascade.None)
        {
            KeepAward(plan, unit, name, amount);
        }

        Count(plan, unit, amount);
        WeighWhereHeld(plan);
    }

    /// <summary>Keeps what is left of an award after a refund.</summary>
    public void Keep(ProgramPlan plan, KeptAward award)
    {
        var membership = In(plan.Name);
        Become(membership with { Awards = membership.Awards.Select(known => known.Key == award.Key && known.Unit == award.Unit && known.Lot == award.Lot ? award : known).ToSequence() });
    }

    // What an event earned is kept where a refund will take back that, and nothing else.
    private void KeepAward(ProgramPlan plan, UnitPlan unit, string lot, long amount)
    {
        var (membership, now, key) = (In(plan.Name), context.Moment.Instant, context.Cause.ToString());
        var known = membership.Awards.FirstOrDefault(award => award.Key == key && award.Unit == unit.Name && award.Lot == lot);
        var award = known is null ? new KeptAward(key, unit.Name, lot, amount, 0, now) : known with { Amount = known.Amount + amount };
        Become(membership with
        {
            Awards = membership.Awards.Where(other => other != known && other.At + Duration.FromDays(KeptAward.RefundableDays) >= now).Append(award).ToSequence(),
        });
    }

    /// <summary>Takes back more or less of what was earned, each from its own lot first, and as many as are to have been taken in all, in however many pieces and in whichever order; status units where they were counted.</summary>
    /// <param name="plan">The programme.</param>
    /// <param name="unit">The unit.</param>
    /// <param name="changes">How many more are taken of each award; below 0: so many come back.</param>
    /// <param name="code">Why, for the ledger.</param>
    public void Refund(ProgramPlan plan, UnitPlan unit, IReadOnlyList<(KeptAward Award, long More)> changes, string code)
    {
        var due = changes.Select(change => (change.Award.Lot, More: change.More > 0 ? change.More - RanOut(plan, unit, change.Award.Lot, change.More, change.Award.At) : change.More)).Where(lot => lot.More != 0).ToList();
        var (membership, moment) = (In(plan.Name), new Moment(context.Moment.Instant, plan.Zone));
        var (wallet, prefix) = (membership.Wallet(unit.Name), LoyaltyNames.Instead(unit.Name));
        var known = membership.Tallies.Where(tally => tally.Name.StartsWith(prefix, StringComparison.Ordinal)).ToList();
        var filled = membership.Awards.Where(award => award.Unit == unit.Name).Select(award => PendingLot.NameAt(award.Lot, moment.Instant)).ToHashSet(StringComparer.Ordinal);
        var instead = new TakenInstead(known.Select(tally => (tally.Name[prefix.Length..], tally.Amount)));
        var (change, then) = wallet.TakeBack(due, instead, filled.Contains, unit.Definition.Debt, unit.LotOf(moment, null, membership), moment.Instant);
        Move(plan, unit, Restarted(change, wallet, unit, moment), null, code);
        known.ForEach(tally => Count(plan, tally with { Amount = 0 }));
        foreach (var (lot, amount) in then.Lots)
        {
            Count(plan, new Tally(prefix + lot, 0, amount));
        }

        foreach (var (award, more) in changes)
        {
            if (unit.Kind == UnitKind.Status)
            {
                Count(plan, unit, -more, award.At);
            }
        }

        WeighWhereHeld(plan);
        TellCancelled(plan.Name, unit.Name, wallet.PendingTotal - change.Wallet.PendingTotal, code);
        Expire(plan.Name, unit.Name, plan);
    }

    /// <summary>Takes back what was given: from its own lot first, pending or not, then as a spend would; status units where they were counted. What has run out of its lot is not owed.</summary>
    /// <param name="plan">The programme.</param>
    /// <param name="unit">The unit.</param>
    /// <param name="lot">The name of the lot.</param>
    /// <param name="amount">More than 0.</param>
    /// <param name="code">Why, for the ledger.</param>
    /// <param name="at">When the units were given.</param>
    /// <param name="undone">The movement, for the ledger, of a request that is taken back: all of it goes, because somebody else or another lot gets it back, so what is not there is owed unless the unit writes off. Null: a refund, which may be content with less.</param>
    public void TakeBack(ProgramPlan plan, UnitPlan unit, string lot, long amount, string code, Instant at, Movement? undone = null)
    {
        var gone = RanOut(plan, unit, lot, amount, at);
        if (gone == amount)
        {
            return;
        }

        var (wallet, policy) = (In(plan.Name).Wallet(unit.Name), unit.Definition.Debt);
        var taken = wallet.TakeBack(lot, amount - gone, undone is null || policy == DebtPolicy.ClampToZero ? policy : DebtPolicy.Carry);
        taken = undone is not { } movement ? taken : taken with { Movements = taken.Movements.Select(moved => moved.Movement == Movement.Reversed ? moved with { Movement = movement } : moved).ToSequence() };
        Take(plan, unit, taken, amount - gone, code, at: at);
        TellCancelled(plan.Name, unit.Name, wallet.PendingTotal - taken.Wallet.PendingTotal, code);
    }

    /// <summary>Of units that are taken back those that ran out: nobody owes them, and they cannot be reinstated any more. What was spent of a lot that ran out was not spent of those that ran out after it, so these count with it.</summary>
    /// <returns>How many need not be taken.</returns>
    private long RanOut(ProgramPlan plan, UnitPlan unit, string lot, long amount, Instant at)
    {
        var (membership, waits, prefix) = (In(plan.Name), PendingLot.Parse(lot), LoyaltyNames.Gone(unit.Name));
        if ((waits?.Lot ?? Lot.Parse(lot)) is not { } own || membership.Tallies.All(tally => !tally.Name.StartsWith(prefix, StringComparison.Ordinal)))
        {
            return 0;
        }

        // What idles ran out after it was given, or was not among it.
        var from = LoyaltyNames.NumberOf((own.Expiry ?? Instant.Max(at, waits?.ActiveFrom ?? at)).InZone(plan.Zone).Date);
        var rest = amount - membership.Wallet(unit.Name).Pending.Where(pending => pending.Name == lot).Sum(pending => pending.Lot.Amount);
        var took = 0L;
        foreach (var (tally, other) in membership.Tallies.Where(tally => tally.Name.StartsWith(prefix, StringComparison.Ordinal)).Select(tally => (tally, Lot: Lot.Parse(tally.Name[prefix.Length..]) ?? default))
            .Where(gone => own.Idles ? gone.Lot.Idles && gone.tally.Period > from : own.Expiry is not null && (gone.Lot.Idles ? gone.tally.Period >= from : gone.Lot.Expiry >= own.Expiry))
            .OrderBy(gone => gone.Lot.Name != own.Name).ThenBy(gone => gone.Lot, Comparer<Lot>.Create((one, two) => one.Compare(two))).ToList())
        {
            var less = Math.Clamp(rest - took, 0, tally.Amount);
            took += less;
            Count(plan, tally with { Amount = tally.Amount - less });
        }

        if (took > 0)
        {
            Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.RanOutBefore) { Subject = lot, Unit = unit.Name, Amount = took });
        }

        return took;
    }

    /// <summary>Gives units back into the lot that they were taken from, where they run out as they would have; status units where they were counted.</summary>
    /// <param name="plan">The programme.</param>
    /// <param name="unit">The unit.</param>
    /// <param name="lot">The name of the lot; units of one that is none, such as a debt, come back as new ones.</param>
    /// <param name="amount">More than 0.</param>
    /// <param name="movement">What took them.</param>
    /// <param name="code">Why, for the ledger.</param>
    /// <param name="at">When the units were taken.</param>
    public void GiveBack(ProgramPlan plan, UnitPlan unit, string lot, long amount, Movement movement, string code, Instant at)
    {
        var (wallet, moment) = (In(plan.Name).Wallet(unit.Name), new Moment(context.Moment.Instant, plan.Zone));
        if (PendingLot.Parse(lot) is { } pending && pending.ActiveFrom > moment.Instant)
        {
            var change = wallet.Issue(pending with { Lot = pending.Lot with { Amount = amount } });
            Move(plan, unit, change with { Movements = change.Movements.Select(moved => moved with { Movement = movement }).ToSequence() }, null, code);
        }
        else
        {
            var own = PendingLot.Parse(lot)?.Lot ?? Lot.Parse(lot);
            Receive(plan, unit, (own ?? unit.LotOf(moment, null, In(plan.Name))) with { Amount = amount }, movement, code, own is null ? null : wallet.IdleUntil);
        }

        if (unit.Kind == UnitKind.Status)
        {
            Count(plan, unit, amount, at);
        }

        WeighWhereHeld(plan);
        Expire(plan.Name, unit.Name, plan);
    }

    /// <summary>Notes that the member did something that keeps units from idling.</summary>
    public void Touch(ProgramPlan plan, UnitPlan unit, string kind)
    {
        if (unit.Idle is { } idle && idle.On.AsSpan().Contains(kind))
        {
            var (wallet, moment) = (In(plan.Name).Wallet(unit.Name), new Moment(context.Moment.Instant, plan.Zone));
            if (wallet.Lots.AsSpan().Length > 0)
            {
                Move(plan, unit, Active(new WalletChange(wallet, []), unit, moment, isActivity: true, byEarning: null), null, null);
            }
        }
    }

    /// <summary>Notes that the member spent what had been set aside.</summary>
    public void Spend(ProgramPlan plan, UnitPlan unit) =>
        Move(plan, unit, Active(new WalletChange(In(plan.Name).Wallet(unit.Name), []), unit, new Moment(context.Moment.Instant, plan.Zone), isActivity: true, byEarning: false), null, null);

    /// <summary>Gives units that come from elsewhere: from another member or unit, or back.</summary>
    /// <param name="idleUntil">The instant up to which units that idle were kept where they come from: of two clocks the later counts. Null: they bring none, and one starts where none runs.</param>
    public void Receive(ProgramPlan plan, UnitPlan unit, Lot lot, Movement movement, string? code, Instant? idleUntil = null)
    {
        var change = In(plan.Name).Wallet(unit.Name).Issue(lot, movement);
        Move(plan, unit, lot.Idles && idleUntil is { } until ? KeptUntil(change, until) : Started(change, lot, unit, null, new Moment(context.Moment.Instant, plan.Zone)), null, code);
        WeighWhereHeld(plan);
    }

    /// <summary>Issues units that were held elsewhere before: they keep their life, and only status units count on ladders.</summary>
    /// <returns>The name of their lot.</returns>
    public string Open(ProgramPlan plan, UnitPlan unit, OpeningLot opening, (Lot Lot, Instant? IdleUntil) become)
    {
        var wallet = In(plan.Name).Wallet(unit.Name);
        var (change, name) = opening.ActiveFrom is { } from && from > context.Moment.Instant && new PendingLot { ActiveFrom = from, Lot = become.Lot } is var pending
            ? (wallet.Issue(pending), pending.Name)
            : (wallet.Issue(become.Lot), become.Lot.Name);
        Move(plan, unit, become.IdleUntil is { } idle ? KeptUntil(change, idle) : change, null, LineCodes.Opened);
        if (unit.Kind == UnitKind.Status)
        {
            Count(plan, unit, opening.Amount);
        }

        WeighWhereHeld(plan);
        return name;
    }

    /// <summary>Takes units out of a wallet that was found to hold them, or into debt; status units from what counts now, or counted at an earlier instant.</summary>
    public void Take(ProgramPlan plan, UnitPlan unit, WalletChange change, long amount, string? code, bool isSpending = false, Instant? at = null)
    {
        Move(plan, unit, Active(change, unit, new Moment(context.Moment.Instant, plan.Zone), isSpending, byEarning: false), null, code);
        if (unit.Kind == UnitKind.Status)
        {
            Count(plan, unit, -amount, at);
        }

        WeighWhereHeld(plan);
    }

    /// <summary>All units of a kind are given up, those too that cannot be spent yet; with status units goes what they counted, and the tiers that it reached.</summary>
    public void Forfeit(ProgramPlan plan, UnitPlan unit)
    {
        const string Why = LineCodes.Forfeited;
        var wallet = In(plan.Name).Wallet(unit.Name);
        var change = wallet.Forfeit();
        var gone = -change.Movements.Where(movement => movement.Movement == Movement.Expired).Sum(movement => movement.Amount);
        if (gone > 0)
        {
            Add(new ReceiptLine(LoyaltyNames.Module, Why) { Subject = plan.Name, Unit = unit.Name, Amount = -gone });
            Move(plan, unit, change, null, Why);
            TellCancelled(plan.Name, unit.Name, wallet.PendingTotal, Why);
        }

        foreach (var ladder in plan.Ladders.Where(ladder => string.Equals(ladder.Unit, unit.Name, StringComparison.Ordinal)))
        {
            if (In(plan.Name).Standing(ladder.Name) is { } standing)
            {
                Stand(plan, ladder, standing, ClimbOn(plan, ladder).Anew(standing));
            }
        }

        WeighWhereHeld(plan);
    }

    /// <summary>Changes a wallet without anything coming in or going out: lots get another life.</summary>
    public void Rearrange(ProgramPlan plan, UnitPlan unit, WalletChange change, string? code) => Move(plan, unit, change, null, code, tellsOffsets: false);

    /// <summary>Moves units between what can be spent and what is set aside, or out of what is set aside.</summary>
    public void SetAside(ProgramPlan plan, UnitPlan unit, WalletChange change, string? code)
    {
        Rearrange(plan, unit, change, code);
        WeighWhereHeld(plan);
    }

    /// <summary>Makes pending units available that are due.</summary>
    public void Activate(ProgramPlan plan, UnitPlan unit)
    {
        Resolve(plan, unit, In(plan.Name).Wallet(unit.Name).Activate(context.Moment.Instant));
    }

    /// <summary>Makes pending units available that waited for an event about another.</summary>
    public void Release(ProgramPlan plan, UnitPlan unit, EventKey original)
    {
        var membership = In(plan.Name);
        var moment = new Moment(context.Moment.Instant, plan.Zone);
        var (released, instead) = (default(Lot), default(LotExpiry));
        var change = membership.Wallet(unit.Name).Release(original.ToString(), lot =>
        {
            // A life that is not known is that of a state from before it was kept.
            var own = lot.Life ?? plan.ExpiryOfRule(lot.Rule);
            var active = unit.LotOf(moment, own, membership) with { Issuer = lot.Lot.Issuer };
            (released, instead) = active.Idles ? (active, own) : (released, instead);
            return active;
        });
        Resolve(plan, unit, Started(change, released, unit, instead, moment));
    }

    /// <summary>Tells of units that run out soon, and looks for the next.</summary>
    public void Warn(ProgramPlan plan, UnitPlan unit)
    {
        if (unit.Definition.WarnDaysBefore is not { } days)
        {
            return;
        }

        var now = context.Moment.Instant.ToUnixTimeTicks();
        foreach (var gone in In(plan.Name).Tallies.Where(tally => (tally.Name == LoyaltyNames.WarnedUntil(unit.Name) || tally.Name.StartsWith(LoyaltyNames.Warned(unit.Name), StringComparison.Ordinal)) && tally.Amount <= now).ToList())
        {
            Count(plan, gone with { Amount = 0 });
        }

        var (until, membership) = (new Moment(context.Moment.Instant, plan.Zone).Date.PlusDays(days), In(plan.Name));
        foreach (var (at, amount) in membership.Wallet(unit.Name).Schedule.Where(lot => !IsWarned(membership, unit, lot.At) && lot.At.InZone(plan.Zone).Date <= until).GroupBy(lot => lot.At).Select(lots => (lots.Key, lots.Sum(lot => lot.Amount))).ToList())
        {
            (echoes ??= []).Add(new Echo(LoyaltyNames.Expiring, Fields.Of(("program", plan.Name), ("unit", unit.Name), ("amount", amount), ("at", at))));
            Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.Expiring) { Subject = Lot.NameOf(at), Text = LoyaltyTexts.Expiring(amount, unit.Name, at.InZone(plan.Zone).Date) });
            Count(plan, new Tally(LoyaltyNames.Warned(unit.Name, at), 0, at.ToUnixTimeTicks()));
        }

        PutWarning(plan, unit);
    }

    /// <summary>Removes what has run out.</summary>
    public void Expire(string program, string unit, ProgramPlan? plan)
    {
        var wallet = In(program).Wallet(unit);
        var change = wallet.Expire(context.Moment.Instant);
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
                Add(LineCodes.Expired, movement.Lot, unit, movement.Amount);
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
        foreach (var old in In(plan.Name).Tallies.Where(tally => tally.Name.StartsWith(prefix, StringComparison.Ordinal) && tally.Period + days < today).ToList())
        {
            Count(plan, old with { Amount = 0 });
        }

        // A lot may run out in several goes, as when what was set aside of it returns later: all of it may be reinstated, as long as the latest may.
        foreach (var movement in change.Movements.Where(movement => movement.Movement == Movement.Expired))
        {
            var name = prefix + movement.Lot;
            Count(plan, new Tally(name, today, checked(In(plan.Name).Tallies.FirstOrDefault(tally => tally.Name == name).Amount - movement.Amount)));
        }
    }

    /// <summary>Adds the wallet of somebody who is the same customer from now on, lot by lot; debts are repaid. What goes over is no movement of the programme's.</summary>
    public void Join(string program, ProgramPlan? plan, string unit, Wallet other)
    {
        var own = In(program).Wallet(unit);
        var sum = own.Plus(other, Wallet.Empty);
        var settled = (sum with { Shortfall = own.Shortfall, IdleUntil = own.IdleUntil > other.IdleUntil ? own.IdleUntil : other.IdleUntil ?? own.IdleUntil }).Settled();
        if (plan?.UnitNamed(unit) is { } known)
        {
            Move(plan, known, settled, null, null);
        }
        else
        {
            Move(program, unit, LoyaltyNames.Fact(program, unit), settled, null, null, null);
        }

        var wallet = In(program).Wallet(unit);
        Become(In(program).With(unit, wallet with { Shortfall = sum.Shortfall }));
    }

    /// <summary>The entry of the agenda at which pending units are next looked at.</summary>
    public static AgendaChange ActivationOf(string program, string unit, Wallet wallet) => new(LoyaltyNames.ActivationKey(program, unit), wallet.NextActivation, Phases.Activation);

    /// <summary>The entry of the agenda at which the next lot of a wallet runs out: one for each wallet, however many lots it has.</summary>
    public static AgendaChange ExpiryOf(string program, string unit, Wallet wallet) => new(LoyaltyNames.ExpiryKey(program, unit), wallet.NextExpiry, Phases.Expiry);

    private void Move(ProgramPlan plan, UnitPlan unit, WalletChange change, string? rule, string? code, bool tellsOffsets = true)
    {
        if (plan.SelfGiving.Length > 0 && change.Wallet.Available > In(plan.Name).Wallet(unit.Name).Available)
        {
            (risen ??= []).Add(plan);
        }

        var warning = unit.Definition.WarnDaysBefore is null ? null : FirstUnwarned(plan, unit);
        Move(plan.Name, unit.Name, unit.Fact, change, rule, code, plan.Definition.Hash, tellsOffsets);
        if (unit.Definition.WarnDaysBefore is not null && warning != FirstUnwarned(plan, unit))
        {
            PutWarning(plan, unit);
        }
    }

    private void Move(string program, string unit, string fact, WalletChange change, string? rule, string? code, DefinitionHash? definition, bool tellsOffsets = true)
    {
        var membership = In(program);
        var old = membership.Wallet(unit);
        if (change.Movements.IsEmpty && old == change.Wallet)
        {
            return;
        }

        Become(membership.With(unit, change.Wallet));
        List<ReceiptLine>? offsets = null;
        foreach (ref readonly var movement in change.Movements.AsSpan())
        {
            entries.Add(new LedgerEntry
            {
                Program = program,
                Unit = unit,
                Lot = movement.Lot,
                Amount = movement.Amount,
                Movement = movement.Movement,
                Cause = context.Cause,
                OccurredAt = context.Moment.Instant,
                Rule = movement.Movement == Movement.Issued ? rule : null,
                Code = movement.Lot == Lot.Shortfall ? Lot.Shortfall : movement.Movement == Movement.Offset && tellsOffsets ? null : code,
                Definition = definition,
            });
            if (movement.Movement == Movement.Offset && tellsOffsets)
            {
                (offsets ??= []).Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.Lot) { Subject = movement.Lot, Unit = unit, Amount = movement.Amount });
            }
        }

        if (offsets is not null)
        {
            Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.DebtRepaid) { Subject = program, Unit = unit, Parts = offsets.ToSequence() });
        }

        if (change.Wallet.Shortfall != old.Shortfall)
        {
            // What is written off was taken by a line of its own, so this one gives it back.
            Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.Shortfall) { Subject = program, Unit = unit, Amount = change.Wallet.Shortfall - old.Shortfall });
        }

        Told(program, unit, fact, old, change.Wallet);
    }

    // What follows from a wallet: facts, and when to look at it again.
    private void Told(string program, string unit, string fact, Wallet old, Wallet wallet)
    {
        if (old.Balance != wallet.Balance)
        {
            facts.Add(new Fact(fact, wallet.Balance));
        }

        if (old.PendingTotal != wallet.PendingTotal)
        {
            facts.Add(new Fact(LoyaltyNames.PendingFact(program, unit), wallet.PendingTotal is 0 ? default : Scalar.Of(wallet.PendingTotal)));
        }

        if (old.NextExpiry != wallet.NextExpiry)
        {
            agenda.Add(ExpiryOf(program, unit, wallet));
        }

        if (old.NextActivation != wallet.NextActivation)
        {
            agenda.Add(ActivationOf(program, unit, wallet));
        }
    }

    /// <summary>Tells of pending units that were given up.</summary>
    public void TellCancelled(string program, string unit, long amount, string reason)
    {
        if (amount > 0)
        {
            Tell(new Echo(LoyaltyNames.PendingCancelled, Fields.Of(("program", program), ("unit", unit), ("amount", amount), ("reason", reason))));
        }
    }

    private void Resolve(ProgramPlan plan, UnitPlan unit, WalletChange change)
    {
        var (activated, lapsed) = (0L, 0L);
        foreach (var movement in change.Movements)
        {
            activated += movement is { Movement: Movement.Offset, Amount: > 0 } ? movement.Amount : 0;
            if (movement.Movement == Movement.Reversed)
            {
                lapsed -= movement.Amount;
                Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.Lapsed) { Subject = movement.Lot, Unit = unit.Name, Amount = movement.Amount });
            }
        }

        if (activated > 0)
        {
            Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.Activated) { Subject = plan.Name, Text = LoyaltyTexts.Activated(activated, unit.Name) });
            Tell(new Echo(LoyaltyNames.PendingActivated, Fields.Of(("program", plan.Name), ("unit", unit.Name), ("amount", activated))));
        }

        TellCancelled(plan.Name, unit.Name, lapsed, "lapsed");

        Move(plan, unit, change, null, null, tellsOffsets: false);
        Move(plan, unit, In(plan.Name).Wallet(unit.Name).Settled(), null, null);
        WeighWhereHeld(plan);
    }

    // An activity moves the day on which what idles runs out, for all of it at once.
    private static WalletChange Active(WalletChange change, UnitPlan unit, Moment moment, bool isActivity, bool? byEarning)
    {
        if (!isActivity || unit.Idle is not { } idle || !(byEarning is null || (byEarning == true ? idle.ByEarning : idle.BySpending)))
        {
            return change;
        }

        return KeptUntil(change, moment.StartOf(idle.GoneAfter(moment.Date)));
    }

    // Units that come in where nothing idles, or everything has run out, have a whole span; while a clock runs, it is for all, and nothing but an activity moves it.
    private static WalletChange Started(WalletChange change, Lot lot, UnitPlan unit, LotExpiry? instead, Moment moment) =>
        lot.Idles && (unit.Idle ?? instead as LotExpiry.WhenIdle) is { } idle && !(change.Wallet.IdleUntil > moment.Instant) ? KeptUntil(change, moment.StartOf(idle.GoneAfter(moment.Date))) : change;

    private static WalletChange Restarted(WalletChange change, Wallet before, UnitPlan unit, Moment moment)
    {
        var idle = change.Wallet.Lots.FirstOrDefault(lot => lot.Idles);
        return idle.Amount > before.Lots.FirstOrDefault(lot => lot.Idles).Amount ? Started(change, idle, unit, null, moment) : change;
    }

    private static WalletChange KeptUntil(WalletChange change, Instant gone) =>
        change.Wallet.IdleUntil >= gone ? change : change with { Wallet = change.Wallet with { IdleUntil = gone } };

    private void PutWarning(ProgramPlan plan, UnitPlan unit)
    {
        Instant? due = FirstUnwarned(plan, unit) is { } at ? plan.Zone.AtStartOfDay(at.InZone(plan.Zone).Date.PlusDays(-(unit.Definition.WarnDaysBefore ?? 0))).ToInstant() : null;
        Put(new AgendaChange(LoyaltyNames.WarningKey(plan.Name, unit.Name), due, Phases.Occasions));
    }

    // What comes later may run out earlier, so each instant at which units run out is told of by itself.
    private Instant? FirstUnwarned(ProgramPlan plan, UnitPlan unit)
    {
        var (membership, first) = (In(plan.Name), default(Instant?));
        var wallet = membership.Wallet(unit.Name);
        foreach (ref readonly var lot in wallet.Lots.AsSpan())
        {
            if (lot.Amount > 0 && wallet.GoneAt(lot) is { } at && !(first <= at) && !IsWarned(membership, unit, at))
            {
                first = at;
            }
        }

        return first;
    }

    private static bool IsWarned(Membership membership, UnitPlan unit, Instant at) =>
        membership.Counted(LoyaltyNames.Warned(unit.Name, at)) != 0 || membership.Counted(LoyaltyNames.WarnedUntil(unit.Name)) >= at.ToUnixTimeTicks();

    private void Count(ProgramPlan plan, UnitPlan unit, long amount, Instant? at = null)
    {
        foreach (var ladder in plan.Ladders)
        {
            if (string.Equals(ladder.Unit, unit.Name, StringComparison.Ordinal))
            {
                Count(plan, ladder, amount, at);
            }
        }
    }
}
