using Crm.Events;
using Crm.Ledger;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Pools;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Loyalty.Wallets;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Redemption;

/// <summary>
/// Takes a request back in a programme whose refunds reach no further: what the request itself moved at its moment moves back, each unit into the lot it came from. What was decided later stays.
/// </summary>
internal static class UndoSteps
{
    internal const string Cancelled = "cancelled";

    /// <summary>Takes a cancelled request back, and with it what rules gave because of it.</summary>
    /// <returns>Whether what rules gave goes or stays with what the request did; otherwise it is settled by itself, as of any other event.</returns>
    public static bool Undo(AmendedEvent amended, ProgramPlan plan, Decision decision)
    {
        var (request, key) = (amended.Whole, amended.Whole.Key.ToString());
        if (decision.In(plan.Name).Reservations.Any(reservation => reservation.Id == key))
        {
            if (amended.Left is null)
            {
                ReservationSteps.Return(plan, key, decision);
            }

            return false;
        }

        if (request.Kind == LoyaltyEvents.CameBackName && !request.Fields[LoyaltyEvents.From].IsMissing)
        {
            // A gift to a pool that nobody has: who takes it back has it back already.
            return true;
        }

        var (did, without) = (decision.Had(amended, request, plan), decision.Had(amended, null, plan));
        if (amended.Left is null && WalletRequests.GoesBack(request, did, out var giver))
        {
            // It went back at once; what it brought back is taken from there.
            WalletRequests.TakeBackSentBack(request, giver, decision);
            return true;
        }

        if (did == without && !MovedLots.Knows(request.Key, decision.In(plan.Name)))
        {
            return false;
        }

        if (MovementOf(request.Kind) is not { } movement || amended is not { Before: not null, Left: null } || decision.In(plan.Name).Counted(LoyaltyNames.StaysUndone(key)) > 0)
        {
            if (CanUndo(request.Kind) && amended is { Before: null, Left: not null })
            {
                // It stays undone, so it is not undone again where it is cancelled once more.
                decision.Count(plan, new Tally(LoyaltyNames.StaysUndone(key), 0, 1));
            }

            decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.NotUndone) { Program = plan.Name, Subject = key, Text = LoyaltyTexts.NotUndone(request.Kind) });
            return CanUndo(request.Kind);
        }

        if (request.Kind == LoyaltyEvents.ReturnName && !DrawnLots.DrawAgain(request.Original?.ToString() ?? "", plan, did, without, decision))
        {
            return true;
        }

        if (Used(amended, did, without, plan, decision) is { } used)
        {
            // It was had, so it stays and is paid for; only what rules gave because of it goes.
            decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.RewardUsed) { Program = plan.Name, Subject = used, Text = LoyaltyTexts.RewardUsed(used) });
            return false;
        }

        // Of a gift to a pool the pool knows what is to come back, and sends it.
        var (isOfPool, isGift) = (PoolSteps.IsFromMember(request), request.Kind == PoolEvents.GiveName);
        if (!isOfPool)
        {
            PoolSteps.Undo(request, plan, did, without, decision);
        }

        foreach (var unit in plan.Units)
        {
            Move(amended, plan, unit, did, without, movement, isOfPool || isGift, decision);
        }

        if (isOfPool)
        {
            PoolSteps.GiveBack(amended, plan, decision);
        }

        MovedLots.Forget(request.Key, plan, decision);
        TakeRewards(plan, did, without, decision);
        CountBackSteps.CountBack(amended, plan, decision, isRequest: true);
        if (request.Kind == LoyaltyEvents.TransferName || isGift)
        {
            WalletRequests.TakeBack(request, isGift ? PoolEvents.Pool : LoyaltyEvents.To, decision);
        }

        if (isGift)
        {
            decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.Pool) { Program = plan.Name, Subject = "asked-back", Text = LoyaltyTexts.PoolAskedBack });
        }

        return true;
    }

    /// <summary>Whether requests of a kind can be undone; what others do reaches further than units and rewards of their own member, and stays.</summary>
    public static bool CanUndo(string kind) => MovementOf(kind) is not null;

    private static Movement? MovementOf(string kind) => kind switch
    {
        LoyaltyEvents.RedeemName or RewardEvents.PayName or RewardEvents.RedeemName or LoyaltyEvents.ReturnName => Movement.Spent,
        LoyaltyEvents.TransferName or LoyaltyEvents.ReceiveName or LoyaltyEvents.CameBackName or LoyaltyEvents.ConvertName or PoolEvents.GiveName => Movement.Transferred,
        LoyaltyEvents.ReinstateName => Movement.Expired,
        LoyaltyEvents.AmendName => Movement.Offset,
        LoyaltyEvents.AdjustName => Movement.Reversed,
        _ => null,
    };

    private static void Move(AmendedEvent amended, ProgramPlan plan, UnitPlan unit, Membership did, Membership without, Movement movement, bool onlyAwards, Decision decision)
    {
        var key = amended.Whole.Key.ToString();
        var awards = Awards(key, unit, decision.In(plan.Name));
        if (awards.Count > 0)
        {
            // What refunds have asked up to now is settled, that of the request among it: it asks for the rest, and is not looked at anew.
            decision.Close(plan, unit);
            awards = Awards(key, unit, decision.In(plan.Name));
        }

        awards.ForEach(award => decision.Keep(plan, award with { Taken = award.Amount, TakenBefore = award.Amount, UnowedBefore = award.Unowed }));
        var gave = awards.SelectMany(award => award.Place is { } place ? new[] { (place, award.Amount - award.Taken) } : []);
        var moved = onlyAwards ? Sum(gave) : MovedLots.Knows(amended.Whole.Key, decision.In(plan.Name)) ? Sum(MovedLots.Of(amended.Whole.Key, unit, decision.In(plan.Name)).Concat(gave)) : Told(amended, unit, did, without, gave, decision);
        var (taken, given, held) = (moved.Where(lot => lot.Amount > 0).ToList(), new List<ReceiptLine>(), 0L);
        if (taken.Count > 0)
        {
            decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.TakenBack) { Program = plan.Name, Subject = key, Unit = unit.Name, Amount = -taken.Sum(lot => lot.Amount) });
            held = taken.Sum(lot => decision.TakeBack(plan, unit, lot.Lot, lot.Amount, Cancelled, amended.At, onlyAwards ? Movement.Reversed : movement));
        }

        // What has come back by itself does not come back again.
        foreach (var (lot, amount) in DrawnLots.Release(key, plan, unit, [.. moved.Where(lot => lot.Amount < 0).Select(lot => (lot.Lot, -lot.Amount))], decision))
        {
            given.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.Lot) { Subject = lot, Unit = unit.Name, Amount = amount });

            // What went from lot to lot goes back so; what ran out of the life that an amendment gave did not.
            var offset = movement == Movement.Offset ? Math.Min(amount, held) : amount;
            held -= offset;
            foreach (var (part, how) in ((long, Movement)[])[(offset, movement), (amount - offset, Movement.Expired)])
            {
                if (part > 0)
                {
                    decision.GiveBack(plan, unit, lot, part, how, Cancelled, amended.At);
                }
            }
        }

        if (given.Count > 0)
        {
            decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.GivenBack) { Program = plan.Name, Subject = key, Unit = unit.Name, Amount = given.Sum(lot => lot.Amount), Parts = given.ToSequence() });
        }
    }

    // What history tells that a request moved too long ago. What rules gave because of it goes once, and as it was recorded as long as that is known.
    private static List<(string Lot, long Amount)> Told(AmendedEvent amended, UnitPlan unit, Membership did, Membership without, IEnumerable<(string Lot, long Amount)> gave, Decision decision)
    {
        var moved = Less(Lots(without.Wallet(unit.Name))).Concat(Lots(did.Wallet(unit.Name)));
        return Sum(amended.At + KeptAward.Refundable < decision.Context.Moment.Instant
            ? moved
            : moved.Concat(gave).Concat(Less(Awards(amended.Whole.Key.ToString(), unit, did).Select(award => (award.Lot, award.Amount)))));
    }

    private static List<KeptAward> Awards(string key, UnitPlan unit, Membership membership) => [.. membership.Awards.Where(award => award.Key == key && award.Unit == unit.Name)];

    // Lot by lot: above 0 what came in, below 0 what went out.
    private static List<(string Lot, long Amount)> Sum(IEnumerable<(string Lot, long Amount)> moved) =>
        [.. moved.GroupBy(lot => lot.Lot, StringComparer.Ordinal).Select(lot => (lot.Key, Amount: lot.Sum(one => one.Amount))).Where(lot => lot.Amount != 0)];

    private static IEnumerable<(string Lot, long Amount)> Less(IEnumerable<(string Lot, long Amount)> lots) => lots.Select(lot => (lot.Lot, -lot.Amount));

    private static IEnumerable<(string Lot, long Amount)> Lots(Wallet wallet) => wallet.Lots.Select(lot => (lot.Name, lot.Amount))
        .Concat(wallet.Pending.Select(lot => (lot.Name, lot.Lot.Amount))).Append((Lot.Debt, -wallet.Debt));

    // The reward that a request gave with a code that was used since: known by its name, or by its not being open any more though its time is not over. Of one that is over for so long that its use is forgotten, history tells.
    private static string? Used(AmendedEvent amended, Membership did, Membership without, ProgramPlan plan, Decision decision)
    {
        var now = decision.Context.Moment.Instant;
        foreach (var reward in did.Rewards)
        {
            var (own, other) = (decision.In(plan.Name).Rewards.FirstOrDefault(item => item.Reward == reward.Reward), without.Rewards.FirstOrDefault(item => item.Reward == reward.Reward));
            foreach (var given in reward.Open.Where(given => other is null || !other.Open.Contains(given)))
            {
                var isUsed = own is not null && (IsUsed(given, own) || (!(given.Until <= now) && own.Open.All(open => open.Code != given.Code)));
                if (isUsed || (given.Until is { } end && new UsedReward(given.Code, end, given.Times, given.Paid) { Until = end }.IsForgotten(now) && WasUsed(reward.Reward, given, end)))
                {
                    return reward.Reward;
                }
            }
        }

        return null;

        bool WasUsed(string reward, IssuedReward given, Instant end) =>
            ((LoyaltyState)decision.Context.StateLater(amended.Whole.Key, end)).In(plan.Name).Rewards.Any(item => item.Reward == reward && IsUsed(given, item));

        static bool IsUsed(IssuedReward given, RewardStanding standing) => standing.Used.Any(used => used.Code == given.Code);
    }

    private static void TakeRewards(ProgramPlan plan, Membership did, Membership without, Decision decision)
    {
        foreach (var reward in did.Rewards)
        {
            var times = reward.Taken - (without.Rewards.FirstOrDefault(other => other.Reward == reward.Reward)?.Taken ?? 0);
            if (times == 0)
            {
                continue;
            }

            decision.Change(plan.Name, membership => membership.PlusReward(reward.Reward, without, did));
            decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.RewardTakenBack) { Program = plan.Name, Subject = reward.Reward, Text = LoyaltyTexts.RewardTakenBack(reward.Reward, (int)times) });
            if (plan.Definition.Value.Rewards.Any(known => known.Name == reward.Reward && known.Stocked))
            {
                decision.Draw(LoyaltyNames.StockOf(plan.Name, reward.Reward), -times);
            }
        }
    }
}
