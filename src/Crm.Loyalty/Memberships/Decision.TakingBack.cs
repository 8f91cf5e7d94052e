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

/// <summary>What was earned, and what is taken back of it or comes back.</summary>
internal sealed partial class Decision
{
    /// <summary>What a programme would have of an event alone, upon a state without history.</summary>
    /// <param name="amended">The event that comes back.</param>
    /// <param name="happened">As much of it as is asked about; null: nothing.</param>
    /// <param name="plan">The programme.</param>
    public Membership Had(AmendedEvent amended, CustomerEvent? happened, ProgramPlan plan) => ((LoyaltyState)context.StateHad(amended.Whole.Key, happened)).In(plan.Name);

    /// <summary>Keeps what is left of an award after a refund.</summary>
    public void Keep(ProgramPlan plan, KeptAward award)
    {
        var membership = In(plan.Name);
        Become(membership with { Awards = membership.Awards.Select(known => known.Key == award.Key && known.Unit == award.Unit && known.Lot == award.Lot ? award : known).ToSequence() });
    }

    /// <summary>What waits, and has another life from now on, is found by refunds under its new name.</summary>
    /// <param name="plan">The programme.</param>
    /// <param name="unit">The unit.</param>
    /// <param name="moved">The lots, each followed by what it became.</param>
    public void Rename(ProgramPlan plan, UnitPlan unit, IReadOnlyList<LotMovement> moved)
    {
        for (var i = 0; !plan.Cascades && i < moved.Count; i += 2)
        {
            var (old, now) = (moved[i].Lot, moved[i + 1].Lot);
            Change(plan.Name, membership => membership with
            {
                Awards = membership.Awards.Select(award => award.Unit == unit.Name && award.Lot == old ? award with { Lot = now } : award)
                    .GroupBy(award => (award.Key, award.Unit, award.Lot)).Select(same => same.Aggregate((one, other) => one.With(other))).ToSequence(),
            });
        }
    }

    // What an event earned is kept where a refund will take back that, and nothing else.
    private void KeepAward(ProgramPlan plan, UnitPlan unit, string lot, long amount, Instant? lapsesAt)
    {
        var (now, key) = (context.Moment.Instant, context.Cause.ToString());
        // What had run out of an award is settled before the award is forgotten: nobody would claim it afterwards.
        foreach (var settled in In(plan.Name).Awards.Where(other => IsForgotten(other, now) && other.Unowed != other.UnowedBefore).Select(other => plan.UnitNamed(other.Unit)).OfType<UnitPlan>().Distinct().ToList())
        {
            Close(plan, settled);
        }

        var membership = In(plan.Name);
        var known = membership.Awards.FirstOrDefault(award => award.Key == key && award.Unit == unit.Name && award.Lot == lot);
        var award = known is null ? new KeptAward(key, unit.Name, lot, amount, 0, now) { LapsesAt = lapsesAt } : known with { Amount = known.Amount + amount };
        Become(membership with
        {
            Awards = membership.Awards.Where(other => other != known && !IsForgotten(other, now)).Append(award).ToSequence(),
        });
    }

    private static bool IsForgotten(KeptAward award, Instant now) => award.At + KeptAward.Refundable < now;

    /// <summary>Takes back more or less of what was earned, each from its own lot first, and as many as are to have been taken in all, in however many pieces and in whichever order; status units where they were counted. What has run out, or was given up, nobody owes.</summary>
    /// <param name="plan">The programme.</param>
    /// <param name="unit">The unit.</param>
    /// <param name="changes">How many more are taken of each award; below 0: so many come back.</param>
    /// <param name="code">Why, for the ledger.</param>
    public void Refund(ProgramPlan plan, UnitPlan unit, IReadOnlyList<(KeptAward Award, long More)> changes, string code)
    {
        foreach (var (award, more) in changes)
        {
            Keep(plan, award with { Taken = award.Taken + more });
            Add(new ReceiptLine(LoyaltyNames.Module, more > 0 ? LineCodes.TakenBack : LineCodes.GivenBack) { Program = plan.Name, Subject = award.Key, Unit = unit.Name, Amount = -more });
        }

        var owed = Owed(plan, unit, changes);
        var (membership, moment) = (In(plan.Name), new Moment(context.Moment.Instant, plan.Zone));
        var (wallet, prefix) = (membership.Wallet(unit.Name), LoyaltyNames.Instead(unit.Name));
        var known = membership.TalliesOf(prefix);
        var filled = membership.Awards.Where(award => award.Unit == unit.Name).Select(award => PendingLot.NameAt(award.Place ?? "", moment.Instant)).ToHashSet(StringComparer.Ordinal);
        var held = changes.Select(change => Held(change.Award)).OfType<PendingLot>().DistinctBy(lot => lot.Name).ToDictionary(lot => lot.Name, StringComparer.Ordinal);
        var instead = new TakenInstead(known.Select(tally => (tally.Name[prefix.Length..], tally.Amount)));
        var (change, then) = wallet.TakeBack(owed, instead, filled.Contains, unit.Definition.Debt, unit.LotOf(moment, null, membership), moment.Instant, name => held.GetValueOrDefault(name));
        Move(plan, unit, Restarted(change, wallet, unit, moment), null, code);
        foreach (var tally in known)
        {
            Count(plan, tally with { Amount = 0 });
        }

        foreach (var (lot, amount) in then.Lots)
        {
            Count(plan, new Tally(prefix + lot, 0, amount));
        }

        foreach (var (award, more) in unit.Kind == UnitKind.Status ? changes : [])
        {
            Count(plan, unit, -more, award.At);
        }

        WeighWhereHeld(plan);
        TellCancelled(plan.Name, unit.Name, wallet.PendingTotal - change.Wallet.PendingTotal, code);
        Expire(plan.Name, unit.Name, plan);
    }

    // Of what is taken back, what is taken from the wallet: not what was given up, and not what had run out. What had is looked for anew for all that refunds have asked since units last ran out, in the order of the awards, so it is
    // the same in however many pieces they asked, and in whichever order.
    private List<(string Lot, long More)> Owed(ProgramPlan plan, UnitPlan unit, IReadOnlyList<(KeptAward Award, long More)> changes)
    {
        var (prefix, undone) = (LoyaltyNames.Gone(unit.Name), LoyaltyNames.Unowed(unit.Name));
        foreach (var tally in In(plan.Name).TalliesOf(undone))
        {
            var name = prefix + tally.Name[undone.Length..];
            Count(plan, new Tally(name, tally.Period, checked(In(plan.Name).TalliesOf(name).FirstOrDefault(gone => gone.Name == name).Amount + tally.Amount)));
            Count(plan, tally with { Amount = 0 });
        }

        var owed = new List<(string Lot, long More)>();
        foreach (var award in In(plan.Name).Awards.Where(award => award.Unit == unit.Name).OrderBy(award => award.At).ThenBy(award => award.Key, StringComparer.Ordinal).ThenBy(award => award.Lot, StringComparer.Ordinal).ToList())
        {
            var more = changes.Where(change => change.Award.Key == award.Key && change.Award.Lot == award.Lot).Sum(change => change.More);
            var place = Held(award) is { } held && IsGivenUp(plan, unit, held) ? null : award.Place;
            if (place is null)
            {
                TellUnowed(plan, unit, award.Lot, more);
                if (award.Awaited is null)
                {
                    Keep(plan, award with { Awaited = new Awaited(null, context.Moment.Instant) });
                }

                continue;
            }

            var settled = Math.Min(award.UnowedBefore, award.Taken);
            var unowed = settled + (award.Taken > award.TakenBefore ? RanOut(plan, unit, place, award.Taken - award.TakenBefore, award.From, undone) : 0);
            if (settled < award.UnowedBefore && Gone(plan, unit, place, award.From) is { } own)
            {
                // What had run out when it was taken back comes back, and has run out.
                Count(plan, own with { Amount = own.Amount + award.UnowedBefore - settled });
            }

            TellUnowed(plan, unit, place, unowed - award.Unowed);
            if (unowed != award.Unowed || settled != award.UnowedBefore)
            {
                Keep(plan, award with { Unowed = unowed, UnowedBefore = settled, TakenBefore = Math.Min(award.TakenBefore, award.Taken) });
            }

            if (NotGivenUp(plan, unit, award, more - (unowed - award.Unowed)) is not 0 and var due)
            {
                owed.Add((place, due));
            }
        }

        return owed;
    }

    // What refunds take back of what was earned before the member left is first that which they gave up, whichever award it was of; what comes back of such a refund was given up again.
    private long NotGivenUp(ProgramPlan plan, UnitPlan unit, KeptAward award, long more)
    {
        var membership = In(plan.Name);
        if (more == 0 || award.At.ToUnixTimeTicks() > membership.Counted(LoyaltyNames.GivenUpAt(unit.Name)))
        {
            return more;
        }

        var left = membership.Counted(LoyaltyNames.GivenUp(unit.Name));
        Count(plan, new Tally(LoyaltyNames.GivenUp(unit.Name), 0, checked(left - more)));
        var owed = Math.Max(0, more - left) - Math.Max(0, -left);
        TellUnowed(plan, unit, award.Lot, more - owed);
        return owed;
    }

    private Tally? Gone(ProgramPlan plan, UnitPlan unit, string lot, Instant at)
    {
        if (Lot.Parse(lot) is not { } own)
        {
            return null;
        }

        var (name, today) = (GoneLot.NameOf(unit.Name, lot, 0), LoyaltyNames.NumberOf(new Moment(context.Moment.Instant, plan.Zone).Date));
        return own.Idles
            ? FirstIdle(GoneLot.Of(In(plan.Name), unit.Name), LoyaltyNames.NumberOf(plan.Zone.DayOf(at))) is { Tally: var idle } ? idle : new Tally(GoneLot.NameOf(unit.Name, lot, today), today, 0)
            : In(plan.Name).TalliesOf(name).FirstOrDefault(tally => tally.Name == name) is { Name: not null } known ? known
            : new Tally(name, today, 0);
    }

    // What idles runs out all at once, so of what was given on a day it is the first time after it.
    private static GoneLot? FirstIdle(List<GoneLot> ranOut, long from) => ranOut.Where(gone => gone.Lot.Idles && gone.Day > from).OrderBy(gone => gone.Day).Select(gone => (GoneLot?)gone).FirstOrDefault();

    private void TellUnowed(ProgramPlan plan, UnitPlan unit, string lot, long amount)
    {
        if (amount != 0)
        {
            Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.RanOutBefore) { Program = plan.Name, Subject = lot, Unit = unit.Name, Amount = amount });
        }
    }

    // The units of an award that still wait for an event, or were all taken back while they did, without amount; null for others.
    private static PendingLot? Held(KeptAward award) => award.Awaited is null && PendingLot.Held(award.Lot, award.Key) is { } held ? held with { LapsesAt = award.LapsesAt } : null;

    private bool IsGivenUp(ProgramPlan plan, UnitPlan unit, PendingLot held) => held.LapsesAt <= context.Moment.Instant && In(plan.Name).Wallet(unit.Name).Pending.All(lot => lot.Name != held.Name);

    /// <summary>
    /// Takes back what a request gave that is itself taken back: from its own lot first, pending or not, then as a spend would; status units where they were counted. What has run out of its lot is not owed.
    /// All else goes, because somebody else or another lot gets it back, so what is not there is owed unless the unit writes off.
    /// </summary>
    /// <param name="plan">The programme.</param>
    /// <param name="unit">The unit.</param>
    /// <param name="lot">The name of the lot.</param>
    /// <param name="amount">More than 0.</param>
    /// <param name="code">Why, for the ledger.</param>
    /// <param name="at">When the units were given.</param>
    /// <param name="undone">The movement of the request, for the ledger.</param>
    /// <returns>How many were taken, owed or written off: all but those that ran out.</returns>
    public long TakeBack(ProgramPlan plan, UnitPlan unit, string lot, long amount, string code, Instant at, Movement undone)
    {
        var owed = Owed(plan, unit, lot, amount, at);
        TakeOwed(plan, unit, lot, owed, code, at, undone);
        return owed;
    }

    /// <summary>How much of what is taken back is owed: what ran out of its lot is not, and cannot be reinstated any more.</summary>
    /// <param name="plan">The programme.</param>
    /// <param name="unit">The unit.</param>
    /// <param name="lot">The name of the lot.</param>
    /// <param name="amount">More than 0.</param>
    /// <param name="at">When the units were given.</param>
    public long Owed(ProgramPlan plan, UnitPlan unit, string lot, long amount, Instant at)
    {
        var waiting = In(plan.Name).Wallet(unit.Name).Pending.Where(pending => pending.Name == lot).Sum(pending => pending.Lot.Amount);
        var gone = RanOut(plan, unit, lot, Math.Max(0, amount - waiting), at, null);
        TellUnowed(plan, unit, lot, gone);
        return amount - gone;
    }

    /// <summary>Takes back what is owed, as <see cref="TakeBack"/> does of all.</summary>
    public void TakeOwed(ProgramPlan plan, UnitPlan unit, string lot, long amount, string code, Instant at, Movement undone)
    {
        if (amount == 0)
        {
            return;
        }

        // What an amendment moved comes back at once into the lots it was in, and repays what is owed here.
        var amends = undone == Movement.Offset;
        var wallet = In(plan.Name).Wallet(unit.Name);
        var taken = wallet.TakeBack(lot, amount, writesOff: !amends && unit.Definition.Debt == DebtPolicy.ClampToZero);
        taken = taken with { Movements = taken.Movements.Select(moved => moved.Movement == Movement.Reversed ? moved with { Movement = undone } : moved).ToSequence() };
        Take(plan, unit, taken, amount, code, at: at, tellsOffsets: !amends);
        TellCancelled(plan.Name, unit.Name, amends ? 0 : wallet.PendingTotal - taken.Wallet.PendingTotal, code);
    }

    /// <summary>Of units that are taken back those that ran out: nobody owes them, and they cannot be reinstated any more. What was spent of a lot that ran out was not spent of those that ran out after it, so these count with it.</summary>
    /// <param name="undone">How the names of tallies begin by which it can be looked for anew; null: it stands.</param>
    /// <returns>How many need not be taken.</returns>
    private long RanOut(ProgramPlan plan, UnitPlan unit, string lot, long amount, Instant at, string? undone)
    {
        var (membership, waits) = (In(plan.Name), PendingLot.Parse(lot));
        if (unit.Kind == UnitKind.Status || (waits?.Lot ?? Lot.Parse(lot)) is not { } own || GoneLot.Of(membership, unit.Name) is not { Count: > 0 } ranOut)
        {
            return 0;
        }

        var from = LoyaltyNames.NumberOf(plan.Zone.DayOf(own.Expiry ?? Instant.Max(at, waits?.ActiveFrom ?? at)));
        var first = FirstIdle(ranOut, from)?.Day;
        var took = 0L;
        foreach (var (tally, _, _) in ranOut.Where(gone => own.Idles ? gone.Lot.Idles && gone.Day == first : own.Expiry is not null && (gone.Lot.Idles ? gone.Day >= from : gone.Lot.Expiry >= own.Expiry))
            .OrderBy(gone => gone.Lot.Name != own.Name).ThenBy(gone => gone.Lot, Comparer<Lot>.Create((one, two) => one.Compare(two))).ToList())
        {
            var less = Math.Clamp(amount - took, 0, tally.Amount);
            took += less;
            Count(plan, tally with { Amount = tally.Amount - less });
            if (undone is not null && less > 0 && undone + tally.Name[LoyaltyNames.Gone(unit.Name).Length..] is var name)
            {
                Count(plan, new Tally(name, tally.Period, membership.Counted(name, tally.Period) + less));
                membership = In(plan.Name);
            }
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
            Move(plan, unit, change with { Movements = change.Movements.Select(moved => moved with { Movement = movement }).ToSequence() }, null, code, tellsOffsets: movement != Movement.Offset);
        }
        else
        {
            var own = PendingLot.Parse(lot)?.Lot ?? Lot.Parse(lot);
            Receive(plan, unit, (own ?? unit.LotOf(moment, null, In(plan.Name))) with { Amount = amount }, movement, code, own is null ? null : wallet.IdleUntil, tellsOffsets: movement != Movement.Offset);
        }

        if (unit.Kind == UnitKind.Status)
        {
            Count(plan, unit, amount, at);
        }

        WeighWhereHeld(plan);
        Expire(plan.Name, unit.Name, plan);
    }

    private static WalletChange Restarted(WalletChange change, Wallet before, UnitPlan unit, Moment moment)
    {
        var idle = change.Wallet.Lots.FirstOrDefault(lot => lot.Idles);
        return idle.Amount > before.Lots.FirstOrDefault(lot => lot.Idles).Amount ? Started(change, idle, unit, null, moment) : change;
    }
}
