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

/// <summary>What changes in wallets: units that come, wait, are used and are given back.</summary>
internal sealed partial class Decision
{
    /// <summary>Gives units by a rule or by hand; status units count on their ladders.</summary>
    public void Issue(ProgramPlan plan, UnitPlan unit, long amount, string? rule, string? code)
    {
        // What was recorded has been issued, prizes among it.
        if (Recorded(plan) is null)
        {
            Issue(plan, unit, amount, rule, code, new AwardShape(null, Activation.AtOnce, null), byRules: false);
        }
    }

    /// <summary>Gives units by rules: what was earned may have to wait, and is an activity.</summary>
    public void IssueByRules(ProgramPlan plan, UnitPlan unit, long amount, string? rule, string? code, AwardShape shape) => Issue(plan, unit, amount, rule, code, shape, byRules: true);

    private void Issue(ProgramPlan plan, UnitPlan unit, long amount, string? rule, string? code, AwardShape shape, bool byRules)
    {
        var moment = new Moment(context.Moment.Instant, plan.Zone);
        var membership = In(plan.Name);
        var wallet = membership.Wallet(unit.Name);
        var activation = shape.Activation ?? unit.Definition.Activation;
        string name;
        Instant? lapsesAt = null;
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
            (name, lapsesAt) = (pending.Name, pending.LapsesAt);
        }

        if (byRules && plan.Definition.Value.Cascade == Cascade.None)
        {
            KeepAward(plan, unit, name, amount, lapsesAt);
        }

        Count(plan, unit, amount);
        WeighWhereHeld(plan);
    }

    /// <summary>What the event was recorded to have given in the programme, where other rules decided that than those of the version; null where these decide, as they do in a past that was opened to the programme only later.</summary>
    public RecordedAward? Recorded(ProgramPlan plan) =>
        context.Recorded(plan.Name, plan.Definition.Hash) is { } award && !(award.Entries.IsEmpty && In(plan.Name).Counted(LoyaltyNames.CountsPast) > 0) ? award : null;

    /// <summary>Issues what an event was recorded to have given, into the lot that it went into; status units count on the ladders of today.</summary>
    public void IssueAsRecorded(ProgramPlan plan, LedgerEntry given)
    {
        if (plan.UnitNamed(given.Unit) is not { } unit)
        {
            IssueAsRecorded(plan.Name, given);
            return;
        }

        var (moment, byRules) = (new Moment(context.Moment.Instant, plan.Zone), given.Code is null);
        var (change, lot, lapsesAt) = AsRecorded(plan.Name, given, plan.LapseOf(given.Rule, given.Unit, moment.Instant));
        Move(plan, unit, Active(Started(change, lot, unit, null, moment), unit, moment, byRules, byEarning: true), given.Rule, given.Code, decidedBy: given.Definition);
        if (byRules && plan.Definition.Value.Cascade == Cascade.None)
        {
            KeepAward(plan, unit, given.Lot, given.Amount, lapsesAt);
        }

        Count(plan, unit, given.Amount);
        WeighWhereHeld(plan);
    }

    /// <summary>Issues what an event was recorded to have given in a programme, or of a unit, that is gone.</summary>
    public void IssueAsRecorded(string program, LedgerEntry given) =>
        Move(program, given.Unit, LoyaltyNames.Fact(program, given.Unit), AsRecorded(program, given, null).Change, given.Rule, given.Code, given.Definition);

    // The life of units is in the name of their lot, but for the end of those that wait for an event.
    private (WalletChange Change, Lot Lot, Instant? LapsesAt) AsRecorded(string program, LedgerEntry given, Instant? lapse)
    {
        var wallet = In(program).Wallet(given.Unit);
        if ((PendingLot.Parse(given.Lot) ?? PendingLot.Held(given.Lot, context.Cause.ToString())) is not { } pending)
        {
            var lot = (Lot.Parse(given.Lot) ?? default) with { Amount = given.Amount };
            return (wallet.Issue(lot), lot, null);
        }

        pending = pending with { Lot = pending.Lot with { Amount = given.Amount }, LapsesAt = pending.Hold is null ? null : lapse };
        return (wallet.Issue(pending), pending.Lot, pending.LapsesAt);
    }

    /// <summary>Notes that the member did something that keeps units from idling.</summary>
    public void Touch(ProgramPlan plan, UnitPlan unit, string kind)
    {
        if (unit.Idle is { } idle && idle.On.AsSpan().Contains(kind) && IsKept(In(plan.Name).Wallet(unit.Name)))
        {
            Move(plan, unit, Active(new WalletChange(In(plan.Name).Wallet(unit.Name), []), unit, new Moment(context.Moment.Instant, plan.Zone), isActivity: true, byEarning: null), null, null);
        }
    }

    // The clock is the account's: it runs on when nothing is left of what started it.
    private bool IsKept(Wallet wallet) => wallet.HoldsIdle || wallet.IdleUntil > context.Moment.Instant;

    /// <summary>Notes that the member spent what had been set aside.</summary>
    public void Spend(ProgramPlan plan, UnitPlan unit) =>
        Move(plan, unit, Active(new WalletChange(In(plan.Name).Wallet(unit.Name), []), unit, new Moment(context.Moment.Instant, plan.Zone), isActivity: true, byEarning: false), null, null);

    /// <summary>Gives units that come from elsewhere: from another member or unit, or back.</summary>
    /// <param name="idleUntil">The instant up to which units that idle were kept where they come from: of two clocks the later counts. Null: they bring none, and one starts where none runs.</param>
    public void Receive(ProgramPlan plan, UnitPlan unit, Lot lot, Movement movement, string? code, Instant? idleUntil = null, bool tellsOffsets = true)
    {
        var change = In(plan.Name).Wallet(unit.Name).Issue(lot, movement);
        Move(plan, unit, lot.Idles && idleUntil is { } until ? KeptUntil(change, until) : Started(change, lot, unit, null, new Moment(context.Moment.Instant, plan.Zone)), null, code, tellsOffsets);
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
    public void Take(ProgramPlan plan, UnitPlan unit, WalletChange change, long amount, string? code, bool isSpending = false, Instant? at = null, bool tellsOffsets = true)
    {
        Move(plan, unit, Active(change, unit, new Moment(context.Moment.Instant, plan.Zone), isSpending, byEarning: false), null, code, tellsOffsets);
        if (unit.Kind == UnitKind.Status)
        {
            Count(plan, unit, -amount, at);
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
        var (wallet, now) = (In(plan.Name).Wallet(unit.Name), context.Moment.Instant);
        Resolve(plan, unit, wallet.Activate(now));
        Awaited(plan, award => award.Unit == unit.Name && wallet.Pending.Any(lot => lot.ActiveFrom is null && lot.Due <= now && lot.Name == award.Lot), _ => null);
    }

    /// <summary>Makes pending units available that are due, of a programme or of a unit that is gone.</summary>
    public void Activate(string program, string unit)
    {
        var fact = LoyaltyNames.Fact(program, unit);
        Move(program, unit, fact, In(program).Wallet(unit).Activate(context.Moment.Instant), null, null, null, tellsOffsets: false);
        Move(program, unit, fact, In(program).Wallet(unit).Settled(), null, null, null);
    }

    /// <summary>Makes pending units available that waited for an event about another.</summary>
    public void Release(ProgramPlan plan, UnitPlan unit, EventKey original)
    {
        var membership = In(plan.Name);
        var moment = new Moment(context.Moment.Instant, plan.Zone);
        var (released, instead, hold) = (default(Lot), default(LotExpiry), original.ToString());
        var waiting = membership.Wallet(unit.Name).Pending.Where(lot => lot.Hold == hold).Select(lot => lot.Name).ToHashSet(StringComparer.Ordinal);
        var change = membership.Wallet(unit.Name).Release(hold, lot =>
        {
            var (active, own) = Becomes(lot);
            (released, instead) = active.Idles ? (active, own) : (released, instead);
            return active;
        });
        Resolve(plan, unit, Started(change, released, unit, instead, moment));
        Awaited(plan, award => award.Key == hold && award.Unit == unit.Name && (waiting.Contains(award.Lot) || (Held(award) is { } held && !IsGivenUp(plan, unit, held))), award => Held(award) is { } held ? Becomes(held).Lot.Name : null);

        // A life that is not known is that of a state from before it was kept.
        (Lot Lot, LotExpiry? Own) Becomes(PendingLot lot)
        {
            var own = lot.Life ?? plan.ExpiryOfRule(lot.Rule);
            return (unit.LotOf(moment, own, membership) with { Issuer = lot.Lot.Issuer }, own);
        }
    }

    // What was earned, and waited for an event: it has come, or did not.
    private void Awaited(ProgramPlan plan, Func<KeptAward, bool> which, Func<KeptAward, string?> lot)
    {
        foreach (var award in In(plan.Name).Awards.Where(award => award.Awaited is null && which(award)).ToList())
        {
            Keep(plan, award with { Awaited = new Awaited(lot(award), context.Moment.Instant) });
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

    private void Move(ProgramPlan plan, UnitPlan unit, WalletChange change, string? rule, string? code, bool tellsOffsets = true, DefinitionHash? decidedBy = null)
    {
        if (plan.SelfGiving.Length > 0 && change.Wallet.Available > In(plan.Name).Wallet(unit.Name).Available)
        {
            (risen ??= []).Add(plan);
        }

        Move(plan.Name, unit.Name, unit.Fact, change, rule, code, decidedBy ?? plan.Definition.Hash, tellsOffsets);
        PutWarning(plan, unit);
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
            Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.DebtRepaid) { Program = program, Subject = program, Unit = unit, Parts = offsets.ToSequence() });
        }

        if (change.Wallet.Shortfall != old.Shortfall)
        {
            // What is written off was taken by a line of its own, so this one gives it back.
            Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.Shortfall) { Program = program, Subject = program, Unit = unit, Amount = change.Wallet.Shortfall - old.Shortfall });
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
                Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.Lapsed) { Program = plan.Name, Subject = movement.Lot, Unit = unit.Name, Amount = movement.Amount });
            }
        }

        if (activated > 0)
        {
            Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.Activated) { Program = plan.Name, Subject = plan.Name, Text = LoyaltyTexts.Activated(activated, unit.Name) });
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

    // Units that come in where no clock runs, because nothing ever idled or its time was over, have a whole span; while one runs, it is for all, and nothing but an activity moves it.
    private static WalletChange Started(WalletChange change, Lot lot, UnitPlan unit, LotExpiry? instead, Moment moment) =>
        lot.Idles && (unit.Idle ?? instead as LotExpiry.WhenIdle) is { } idle && !(change.Wallet.IdleUntil > moment.Instant) ? KeptUntil(change, moment.StartOf(idle.GoneAfter(moment.Date))) : change;

    private static WalletChange KeptUntil(WalletChange change, Instant gone) =>
        change.Wallet.IdleUntil >= gone ? change : change with { Wallet = change.Wallet with { IdleUntil = gone } };

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
