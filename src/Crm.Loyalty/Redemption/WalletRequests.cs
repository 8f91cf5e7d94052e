using System.Globalization;
using Crm.Events;
using Crm.Ledger;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Pools;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Wallets;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Redemption;

/// <summary>Decides requests that move units between members, between units and between lots; each is carried out in full, or refused with a code and the numbers.</summary>
internal static class WalletRequests
{
    public static Outcome Decide(CustomerEvent request, LoyaltyPlans plans, LoyaltyState state, ModuleContext context)
    {
        if (request.Kind == LoyaltyEvents.ConvertName)
        {
            // At what it came to then.
            return RecordedSteps.CarryOut(request, plans, state, context) is { } recorded ? recorded
                : RequestedProgram.TryFind(request, plans, context, out var program, out var no) ? Convert(request, program, state, context) : no;
        }

        if (!PointRequests.TryFind(request, plans, context, out var plan, out var unit, out var refused))
        {
            return refused;
        }

        return unit.Kind == UnitKind.Status
            ? new Outcome.Refused("not-spendable", LoyaltyTexts.NotSpendable(unit.Name))
            : request.Kind switch
            {
                LoyaltyEvents.TransferName => Transfer(request, plan, unit, state, context),
                LoyaltyEvents.AmendName => AmendSteps.Decide(request, plan, unit, state, context),
                LoyaltyEvents.ReinstateName => Reinstate(request, plan, unit, state, context),
                _ => Return(request, plan, unit, state, context),
            };
    }

    /// <summary>Units came from another member, or came back: into lots with the life that they had there.</summary>
    public static Outcome Receive(CustomerEvent received, LoyaltyPlans plans, LoyaltyState state, ModuleContext context)
    {
        var (program, name) = (received.Fields[LoyaltyEvents.Program].AsCode ?? "", received.Fields[LoyaltyEvents.Unit].AsCode ?? "");
        var (decision, lots) = (new Decision(state, context), LotsIn(received));
        var sum = lots.Sum(one => one.Lot.Amount);
        var versions = plans.Find(program);
        if (versions?.Knowing(name, context.Moment.Instant) is not { } plan || plan.UnitNamed(name) is not { } unit)
        {
            if (RecordedSteps.CarryOut(received, plans, state, context) is { } recorded)
            {
                return recorded;
            }

            decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.NotBooked)
            {
                Program = program,
                Subject = program,
                Unit = name,
                Amount = sum,
                Text = versions is null ? LoyaltyTexts.UnknownProgram(program, plans.Known) : LoyaltyTexts.UnknownUnit(name, string.Join(", ", versions.Latest.Units.Select(known => known.Name))),
            });
            return decision.Outcome();
        }

        if (context.Amended.Any(amended => amended.Whole.Key == received.Key && amended.Left is null))
        {
            // It was taken back before it came: nothing comes in, and what a pool is sent goes back to whom it belongs.
            PoolSteps.SendBack(received, plan, unit, decision);
            return decision.Outcome();
        }

        var cameBack = received.Kind == LoyaltyEvents.CameBackName;
        if (!cameBack && (!PoolSteps.Takes(received, plan, unit, sum, decision) || IsSentBack(received, plan, unit, sum, decision)))
        {
            return decision.Outcome();
        }

        foreach (var (lot, idleUntil) in lots)
        {
            decision.Receive(plan, unit, lot, Movement.Transferred, null, idleUntil);
        }

        decision.Add(new ReceiptLine(LoyaltyNames.Module, cameBack ? LineCodes.CameBack : LineCodes.TransferredIn) { Program = plan.Name, Subject = plan.Name, Unit = unit.Name, Amount = sum });
        return decision.Outcome();
    }

    /// <summary>Whether a gift goes back, because who is to get it has left the programme; and to whom.</summary>
    public static bool GoesBack(CustomerEvent received, Membership membership, out CustomerId giver)
    {
        giver = default;
        return received.Kind == LoyaltyEvents.ReceiveName && membership.Life?.Status == Members.MemberStatus.Left && CustomerId.TryParse(received.Fields[LoyaltyEvents.Giver].AsCode, out giver);
    }

    private static bool IsSentBack(CustomerEvent received, ProgramPlan plan, UnitPlan unit, long amount, Decision decision)
    {
        if (!GoesBack(received, decision.In(plan.Name), out var giver))
        {
            return false;
        }

        decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.NotTaken) { Program = plan.Name, Subject = plan.Name, Unit = unit.Name, Amount = amount });
        decision.Send(new CustomerEvent
        {
            Key = SentBackKey(received),
            Kind = LoyaltyEvents.ReceiveName,
            Customer = giver,
            Fields = received.Fields.With(LoyaltyEvents.Giver, default),
        });
        return true;
    }

    private static EventKey SentBackKey(CustomerEvent received) => new(LoyaltyNames.Module, $"returned/{received.Key}");

    /// <summary>The lots that an event brings; those that idle with the instant up to which they are kept.</summary>
    public static List<(Lot Lot, Instant? IdleUntil)> LotsIn(CustomerEvent received)
    {
        var lots = new List<(Lot Lot, Instant? IdleUntil)>();
        foreach (var text in (received.Fields[LoyaltyEvents.LotsField].AsCode ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = text.Split('=');
            var kept = parts[^1].Split('~');
            if (parts.Length == 2 && Lot.Parse(parts[0]) is { } lot && long.TryParse(kept[0], NumberStyles.None, CultureInfo.InvariantCulture, out var amount) && amount > 0)
            {
                lots.Add((lot with { Amount = amount }, kept.Length == 2 ? Lot.Parse(kept[1])?.Expiry : null));
            }
        }

        return lots;
    }

    /// <summary>
    /// The lots that units were taken from, as an event brings them to somebody else; those that idle with the instant up to which they are kept. What a replay finds missing is the giver's debt; the other got it, and keeps it.
    /// </summary>
    public static string LotsOf(WalletChange taken)
    {
        return LotsOf(taken.Movements.Where(moved => moved.Movement == Movement.Transferred).Select(moved => (moved.Lot, -moved.Amount)), taken.Wallet.IdleUntil);
    }

    /// <summary>Lots as an event brings them; those that idle with the instant up to which they are kept.</summary>
    public static string LotsOf(IEnumerable<(string Lot, long Amount)> lots, Instant? idleUntil)
    {
        var kept = idleUntil is { } until ? $"~{Lot.NameOf(until)}" : "";
        return string.Join(';', lots.Select(lot => FormattableString.Invariant($"{(lot.Lot is Lot.Debt or Lot.Shortfall ? Lot.Forever : lot.Lot)}={lot.Amount}{(Lot.Parse(lot.Lot) is { Idles: true } ? kept : "")}")));
    }

    private static Outcome Transfer(CustomerEvent request, ProgramPlan plan, UnitPlan unit, LoyaltyState state, ModuleContext context)
    {
        if (!unit.Definition.Transferable)
        {
            return new Outcome.Refused("not-transferable", LoyaltyTexts.NotTransferable(unit.Name));
        }

        var to = request.Fields[LoyaltyEvents.To].AsCode ?? "";
        if (!CustomerId.TryParse(to, out var id) || id == context.Customer)
        {
            return new Outcome.Refused("unknown-member", LoyaltyTexts.UnknownMember(to));
        }

        if (!TryAmount(request, out var amount, out var refused))
        {
            return refused;
        }

        if (state.In(plan.Name).Wallet(unit.Name).Take(amount, Movement.Transferred, context.AlreadyAccepted, unit.Definition.Debt) is not { } taken)
        {
            return Insufficient(plan, unit, amount, state);
        }

        var decision = new Decision(state, context);
        decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.TransferredOut) { Program = plan.Name, Subject = plan.Name, Unit = unit.Name, Amount = -amount });
        decision.Take(plan, unit, taken, amount, null);
        decision.Send(Bringing(request, plan.Name, unit.Name, LotsOf(taken), id, context));
        return decision.Outcome();
    }

    private static CustomerEvent Bringing(CustomerEvent transfer, string program, string unit, string lots, CustomerId to, ModuleContext context) => new()
    {
        Key = ReceivedKey(transfer),
        Kind = LoyaltyEvents.ReceiveName,
        Customer = to,
        Fields = Fields.Of((LoyaltyEvents.Program, program), (LoyaltyEvents.Unit, unit), (LoyaltyEvents.LotsField, lots), (LoyaltyEvents.Giver, context.Customer.ToString())),
    };

    /// <summary>Brings to another member, or to a pool, what a request was recorded to have brought, so that it is taken from there where the request is taken back.</summary>
    /// <returns>False where it is not known to whom a request of its kind brought units.</returns>
    public static bool BringAsRecorded(CustomerEvent request, IReadOnlyList<LedgerEntry> given, Decision decision)
    {
        var to = request.Kind switch
        {
            LoyaltyEvents.TransferName => request.Fields[LoyaltyEvents.To].AsCode,
            PoolEvents.GiveName => request.Fields[PoolEvents.Pool].AsCode,
            _ => null,
        };
        if (!CustomerId.TryParse(to, out var id))
        {
            return request.Kind == LoyaltyEvents.ConvertName;
        }

        decision.Send(Bringing(request, given[0].Program, given[0].Unit, LotsOf(given.Select(entry => (entry.Lot, -entry.Amount)), null), id, decision.Context));
        return true;
    }

    /// <summary>Takes back from the other member, or the pool, what a transfer gave.</summary>
    public static void TakeBack(CustomerEvent transfer, string to, Decision decision)
    {
        if (CustomerId.TryParse(transfer.Fields[to].AsCode, out var id))
        {
            decision.Send(Cancelling(transfer, ReceivedKey(transfer), id));
        }
    }

    /// <summary>Takes back from a giver what went back to them, because they undo the gift themselves.</summary>
    public static void TakeBackSentBack(CustomerEvent received, CustomerId giver, Decision decision) => decision.Send(Cancelling(received, SentBackKey(received), giver));

    private static CustomerEvent Cancelling(CustomerEvent cause, EventKey original, CustomerId of) => new()
    {
        Key = new EventKey(LoyaltyNames.Module, $"taken-back/{cause.Key}"),
        Kind = EventKinds.CancellationName,
        Customer = of,
        Original = original,
    };

    private static EventKey ReceivedKey(CustomerEvent transfer) => new("loyalty", $"received/{transfer.Key}");

    private static Outcome Convert(CustomerEvent request, ProgramPlan plan, LoyaltyState state, ModuleContext context)
    {
        var (all, name) = (plan.Definition.Value.Conversions, request.Fields[LoyaltyEvents.Conversion].AsCode);
        var conversion = name is null && all.Count == 1 ? all[0] : all.FirstOrDefault(one => one.Name == name);
        if (conversion is null || plan.UnitNamed(conversion.From) is not { } from || plan.UnitNamed(conversion.To) is not { } to)
        {
            return new Outcome.Refused("unknown-conversion", LoyaltyTexts.NoSuchConversion(name, all.IsEmpty ? "-" : string.Join(", ", all.Select(one => one.Name))));
        }

        if (!TryAmount(request, out var amount, out var refused))
        {
            return refused;
        }

        var steps = amount / conversion.Give;
        if (steps == 0)
        {
            return new Outcome.Refused("too-few", LoyaltyTexts.TooFewToConvert(amount, conversion.Give, from.Name));
        }

        var (give, get) = (steps * conversion.Give, (long)Int128.Min((Int128)steps * conversion.Get, PointsPerAmount.Most));
        if (state.In(plan.Name).Wallet(from.Name).Take(give, Movement.Transferred, context.AlreadyAccepted, from.Definition.Debt) is not { } taken)
        {
            return Insufficient(plan, from, give, state);
        }

        var decision = new Decision(state, context);
        decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.Converted) { Program = plan.Name, Subject = conversion.Name, Unit = from.Name, Amount = -give });
        decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.Converted) { Program = plan.Name, Subject = conversion.Name, Unit = to.Name, Amount = get });
        decision.Take(plan, from, taken, give, conversion.Name);
        var (lot, given, got) = (to.LotOf(MomentIn(plan, context), null, decision.In(plan.Name)), 0L, 0L);
        foreach (var issuer in taken.Movements.Where(moved => moved.Movement == Movement.Transferred).GroupBy(moved => Lot.Parse(moved.Lot)?.Issuer, StringComparer.Ordinal))
        {
            // Who issued what is given owes what is got for it; each has the whole units that the sum up to there comes to.
            given -= issuer.Sum(moved => moved.Amount);
            var part = (long)((Int128)get * given / give) - got;
            got += part;
            if (part > 0)
            {
                decision.Receive(plan, to, lot with { Amount = part, Issuer = issuer.Key }, Movement.Transferred, conversion.Name);
            }
        }

        return decision.Outcome();
    }

    private static Outcome Reinstate(CustomerEvent request, ProgramPlan plan, UnitPlan unit, LoyaltyState state, ModuleContext context)
    {
        if (!TryAmount(request, out var amount, out var refused))
        {
            return refused;
        }

        var staff = new StaffCheck(request, plan, context);
        if (staff.Refusal(unit.Name, amount) is { } limited)
        {
            return limited;
        }

        var membership = state.In(plan.Name);
        var (lot, within) = (request.Fields[LoyaltyEvents.LotField].AsCode, unit.Definition.ReinstateWithinDays ?? -1);
        var gone = GoneLot.Of(membership, unit.Name).Where(gone => (lot is null || gone.Lot.Name == lot) && gone.Tally.Period + within >= Today(plan, context)).ToList();
        // Of what ran out less when history is decided again, or never was, no more comes back than did run out.
        var most = gone.Sum(one => one.Tally.Amount);
        if (most < amount && (!context.AlreadyAccepted || most == 0))
        {
            return new Outcome.Refused("nothing-gone", LoyaltyTexts.NothingGone(unit.Name));
        }

        // Without a day they live as if earned now: what idles has the whole time once more, as where lots are amended. Who issued them still did.
        var (moment, life) = (MomentIn(plan, context), NewLife(request, plan, unit, membership, context));
        if (IsOver(life, context) is { } over)
        {
            return over;
        }

        amount = Math.Min(amount, most);

        var (decision, reason, rest) = (new Decision(state, context), request.Fields[LoyaltyEvents.Reason].AsCode, amount);
        decision.Draw(staff.Counted);
        decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.Reinstated) { Program = plan.Name, Subject = reason, Unit = unit.Name, Amount = amount });
        var taken = new List<(string? Issuer, long Amount)>();
        foreach (var (tally, own, _) in gone)
        {
            var part = Math.Min(tally.Amount, rest);
            rest -= part;
            taken.Add((own.Issuer, part));
            decision.Count(plan, tally with { Amount = tally.Amount - part });
        }

        foreach (var issuer in taken.Where(one => one.Amount > 0).GroupBy(one => one.Issuer, one => one.Amount, StringComparer.Ordinal))
        {
            decision.Receive(plan, unit, life with { Amount = issuer.Sum(), Issuer = issuer.Key }, Movement.Expired, reason, unit.Idle is { } idle ? moment.StartOf(idle.GoneAfter(moment.Date)) : null);
        }

        return decision.Outcome();
    }

    private static Outcome Return(CustomerEvent request, ProgramPlan plan, UnitPlan unit, LoyaltyState state, ModuleContext context)
    {
        if (!request.Fields[LoyaltyEvents.Amount].IsMissing && !TryAmount(request, out _, out var invalid) && !context.AlreadyAccepted)
        {
            return invalid;
        }

        var (membership, policy) = (state.In(plan.Name), unit.Definition.Returns);
        var (original, today) = (request.Original?.ToString() ?? "", Today(plan, context));
        var prefix = LoyaltyNames.Drawn(original, unit.Name);
        var drawn = policy is null ? [] : membership.TalliesOf(prefix).Where(tally => DrawnLots.MayReturn(tally, unit, today)).Reverse().ToList();
        var all = drawn.Sum(tally => tally.Amount);
        var asked = request.Fields[LoyaltyEvents.Amount].IsMissing ? all : (long)Math.Clamp(request.Fields[LoyaltyEvents.Amount].AsNumber, -1, PointsPerAmount.Most);
        if (context.AlreadyAccepted && asked > all)
        {
            // History decided again may have spent less, as a payment does that takes what there is; no more than that comes back.
            asked = all;
        }

        if (policy is null || all == 0 || asked < 1 || asked > all)
        {
            return new Outcome.Refused("nothing-drawn", LoyaltyTexts.NothingDrawn(original));
        }

        var (decision, parts, rest) = (new Decision(state, context), new List<ReceiptLine>(), asked);
        foreach (var tally in drawn)
        {
            var amount = Math.Min(tally.Amount, rest);
            if (amount == 0)
            {
                break;
            }

            rest -= amount;
            decision.Count(plan, tally with { Amount = tally.Amount - amount });
            var name = LotsInOrder.LotOf(tally, prefix);
            if (name == Lot.Shortfall)
            {
                decision.Rearrange(plan, unit, decision.In(plan.Name).Wallet(unit.Name).WriteOffLess(amount), null);
                parts.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.Lot) { Subject = name, Unit = unit.Name, Amount = amount });
                continue;
            }

            // What was owed is repaid first; where others have repaid it since, it lives as if earned now.
            var lot = Lot.Parse(name) ?? unit.LotOf(MomentIn(plan, context), null, membership);
            var until = lot.Idles ? membership.Wallet(unit.Name).IdleUntil : lot.Expiry;
            var back = until <= context.Moment.Instant ? Instead(policy, plan, unit, lot, membership, context) : lot;
            decision.Receive(plan, unit, back with { Amount = amount }, Movement.Spent, null, policy.IfGone == GoneLots.NewLot ? null : until);
            parts.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.Lot) { Subject = back.Name, Unit = unit.Name, Amount = amount });
        }

        DrawnLots.CameBack(original, plan, unit, asked, decision);
        PoolSteps.Credit(original, plan, unit, asked, decision);
        decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.Returned) { Program = plan.Name, Subject = plan.Name, Unit = unit.Name, Amount = asked, Parts = parts.ToSequence() });
        decision.Expire(plan.Name, unit.Name, plan);
        return decision.Outcome();
    }

    // A lot that has run out takes its units with it, unless the policy gives them another life.
    private static Lot Instead(ReturnPolicy policy, ProgramPlan plan, UnitPlan unit, Lot lot, Membership membership, ModuleContext context)
    {
        var moment = MomentIn(plan, context);
        return policy.IfGone switch
        {
            GoneLots.GraceDays => new Lot(moment.StartOf(moment.Date.PlusDays(policy.GraceDays + 1)), 0) { Issuer = lot.Issuer },
            GoneLots.NewLot => unit.LotOf(moment, null, membership) with { Issuer = lot.Issuer },
            _ => lot,
        };
    }

    /// <summary>The life that is asked for, or, where none is, that of what is earned now.</summary>
    public static Lot NewLife(CustomerEvent request, ProgramPlan plan, UnitPlan unit, Membership membership, ModuleContext context) =>
        request.Fields[LoyaltyEvents.ExpiryField].AsInstant is { } expiry ? new Lot(expiry, 0) : unit.LotOf(MomentIn(plan, context), null, membership);

    /// <summary>Units with a life that is over would be gone at once, whatever was meant.</summary>
    public static Outcome.Refused? IsOver(Lot life, ModuleContext context) =>
        life.Expiry is { } end && end <= context.Moment.Instant && !context.AlreadyAccepted ? new("already-over", LoyaltyTexts.LifeAlreadyOver(end, context.Moment.Instant)) : null;

    private static bool TryAmount(CustomerEvent request, out long amount, [System.Diagnostics.CodeAnalysis.NotNullWhen(false)] out Outcome.Refused? refused)
    {
        var asked = request.Fields[LoyaltyEvents.Amount].AsNumber;
        var isWhole = decimal.Truncate(asked) == asked && asked is >= 1 and <= PointsPerAmount.Most;
        amount = isWhole ? (long)asked : 0;
        refused = isWhole ? null : new("invalid-amount", LoyaltyTexts.InvalidAmount(Scalar.Of(asked).ToString(), "a whole number above 0", "大於零的整數"));
        return isWhole;
    }

    private static Outcome.Refused Insufficient(ProgramPlan plan, UnitPlan unit, long amount, LoyaltyState state) =>
        new("insufficient-balance", LoyaltyTexts.InsufficientBalance(amount, Math.Max(state.In(plan.Name).Wallet(unit.Name).Balance, 0), unit.Name));

    private static Moment MomentIn(ProgramPlan plan, ModuleContext context) => new(context.Moment.Instant, plan.Zone);

    private static long Today(ProgramPlan plan, ModuleContext context) => LoyaltyNames.NumberOf(MomentIn(plan, context).Date);
}
