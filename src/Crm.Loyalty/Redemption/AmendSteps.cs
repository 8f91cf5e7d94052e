using Crm.Events;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Loyalty.Wallets;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Redemption;

/// <summary>
/// Gives units another life, as an explicit act: those that can be spent, those that can be from an instant on, which have it then, and those that are set aside, which have it when they return. The life of units that wait for an
/// event begins when it comes, so there is none to change.
/// </summary>
internal static class AmendSteps
{
    public static Outcome Decide(CustomerEvent request, ProgramPlan plan, UnitPlan unit, LoyaltyState state, ModuleContext context)
    {
        var (membership, chosen, now) = (state.In(plan.Name), request.Fields[LoyaltyEvents.LotField].AsCode, context.Moment.Instant);
        var wallet = membership.Wallet(unit.Name);
        var lots = wallet.Lots.Where(lot => lot.Amount > 0 && IsMeant(lot.Name)).ToList();
        var waiting = wallet.Pending.Where(lot => lot.Lot.Amount > 0 && IsMeant(lot.Name)).ToLookup(lot => lot.ActiveFrom is not null);
        var aside = membership.Reservations.Where(reservation => reservation.Unit == unit.Name).SelectMany(reservation => reservation.Lots).Where(IsMeantAside).ToList();
        var staff = new StaffCheck(request, plan, context);
        if (staff.Refusal(unit.Name, Math.Max(lots.Concat(waiting[true].Select(lot => lot.Lot)).Concat(aside).Sum(lot => lot.Amount), 1)) is { } limited)
        {
            return limited;
        }

        var life = WalletRequests.NewLife(request, plan, unit, membership, context);
        if (!context.AlreadyAccepted && (MayNot(chosen, lots.Count + aside.Count, waiting, unit) ?? WalletRequests.IsOver(life, context) ?? waiting[true].Select(EndsTooSoon).FirstOrDefault(tooSoon => tooSoon is not null)) is { } wrong)
        {
            return wrong;
        }

        var (decision, reason) = (new Decision(state, context), request.Fields[LoyaltyEvents.Reason].AsCode);
        decision.Draw(staff.Counted);
        var (active, moved) = wallet.Amend(lot => IsMeant(lot.Name) ? life with { Issuer = lot.Issuer } : null);
        var pending = active.AmendPending(lot => waiting[true].Contains(lot) && EndsTooSoon(lot) is null ? LifeOf(lot) : null);
        var change = new WalletChange(pending.Wallet, [.. moved, .. pending.Movements]);
        if (life.Idles && unit.Idle is { } idle)
        {
            // Who is asked to stay active is given the whole time once more from now on.
            var moment = new Moment(now, plan.Zone);
            change = change with { Wallet = change.Wallet with { IdleUntil = moment.StartOf(idle.GoneAfter(moment.Date)) } };
        }

        decision.Rearrange(plan, unit, change, reason);
        decision.Rename(plan, unit, pending.Movements);
        decision.Change(plan.Name, known => known with { Reservations = known.Reservations.Select(reservation => reservation.Unit == unit.Name ? Amended(reservation) : reservation).ToSequence() });
        var amended = change.Movements.Where(lot => lot.Amount < 0).Select(lot => lot.Lot).Concat(aside.Where(lot => Becomes(lot) != lot).Select(lot => lot.Name)).Distinct(StringComparer.Ordinal).Count();
        decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.LotsAmended) { Program = plan.Name, Subject = reason, Text = LoyaltyTexts.LotsAmended(amended, request.Fields[LoyaltyEvents.Consent].AsCode ?? "") });
        if (waiting[false].Sum(lot => lot.Lot.Amount) is > 0 and var left)
        {
            decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.LifeNotBegun) { Program = plan.Name, Subject = unit.Name, Text = LoyaltyTexts.LifeNotBegun(left, unit.Name) });
        }

        return decision.Outcome();

        bool IsMeant(string lot) => chosen is null || lot == chosen;

        // What has run out while it was set aside is gone when it returns.
        bool IsMeantAside(Lot lot) => IsMeant(lot.Name) && !(wallet.GoneAt(lot) <= now);

        Lot Becomes(Lot lot) => IsMeantAside(lot) ? life with { Issuer = lot.Issuer, Amount = lot.Amount } : lot;

        Reservation Amended(Reservation reservation) => reservation with
        {
            Lots = reservation.Lots.Select(Becomes).GroupBy(lot => lot.Name, StringComparer.Ordinal).Select(same => same.First() with { Amount = same.Sum(lot => lot.Amount) })
                .Order(Comparer<Lot>.Create((one, two) => one.Compare(two))).ToSequence(),
        };

        // Without an end that is asked for, they live as what is earned when they become available.
        Lot LifeOf(PendingLot lot) =>
            (request.Fields[LoyaltyEvents.ExpiryField].IsMissing && lot.ActiveFrom is { } from ? unit.LotOf(new Moment(from, plan.Zone), null, membership) : life) with { Issuer = lot.Lot.Issuer };

        Outcome.Refused? EndsTooSoon(PendingLot lot) => lot.ActiveFrom is not { } from || LifeOf(lot).Expiry is not { } end || end > from ? null
            : new("over-before-available", LoyaltyTexts.OverBeforeAvailable(lot.Name, end, from));
    }

    private static Outcome.Refused? MayNot(string? chosen, int lots, ILookup<bool, PendingLot> waiting, UnitPlan unit) =>
        chosen is null || lots > 0 || waiting[true].Any() ? null
        : waiting[false].Any() ? new("life-not-begun", LoyaltyTexts.LotWaits(chosen))
        : new("no-such-lot", LoyaltyTexts.NoSuchLot(chosen, unit.Name));
}
