using Crm.Events;
using Crm.Ledger;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Loyalty.Wallets;
using Crm.Modules;
using Crm.Values;

namespace Crm.Loyalty.Redemption;

/// <summary>
/// Takes a request back in a programme whose refunds reach no further: what the request itself moved at its moment moves back, each unit into the lot it came from. What was decided later stays.
/// </summary>
internal static class UndoSteps
{
    private const string Cancelled = "cancelled";

    /// <summary>Takes a cancelled request back.</summary>
    public static void Undo(AmendedEvent amended, ProgramPlan plan, Decision decision)
    {
        var request = amended.Whole;
        if (decision.In(plan.Name).Reservations.Any(reservation => reservation.Id == request.Key.ToString()))
        {
            if (amended.Left is null)
            {
                ReservationSteps.Return(plan, request.Key.ToString(), decision);
            }

            return;
        }

        var (did, without) = (Had(amended, request, plan, decision), Had(amended, null, plan, decision));
        if (did == without)
        {
            return;
        }

        if (MovementOf(request.Kind) is not { } movement || amended is not { Before: not null, Left: null })
        {
            decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.NotUndone) { Subject = request.Key.ToString(), Text = LoyaltyTexts.NotUndone(request.Kind) });
            return;
        }

        foreach (var unit in plan.Units)
        {
            Move(amended, plan, unit, did, without, movement, decision);
        }

        // What came back and goes again may come back once more.
        foreach (var drawn in without.Tallies.Where(tally => tally.Name.StartsWith(LoyaltyNames.AllDrawn, StringComparison.Ordinal) && tally.Amount > did.Counted(tally.Name, tally.Period)))
        {
            decision.Count(plan, drawn with { Amount = decision.In(plan.Name).Counted(drawn.Name, drawn.Period) + drawn.Amount - did.Counted(drawn.Name, drawn.Period) });
        }

        TakeRewards(plan, did, without, decision);
        if (request.Kind == LoyaltyEvents.TransferName)
        {
            WalletRequests.TakeBack(request, decision);
        }
    }

    /// <summary>What kind of movement a request makes; null for requests whose doings reach further than units and rewards of their own member, and stay.</summary>
    private static Movement? MovementOf(string kind) => kind switch
    {
        LoyaltyEvents.RedeemName or RewardEvents.PayName or RewardEvents.RedeemName or LoyaltyEvents.ReturnName => Movement.Spent,
        LoyaltyEvents.TransferName or LoyaltyEvents.ReceiveName or LoyaltyEvents.ConvertName => Movement.Transferred,
        LoyaltyEvents.ReinstateName => Movement.Expired,
        LoyaltyEvents.AmendName => Movement.Offset,
        LoyaltyEvents.AdjustName => Movement.Reversed,
        _ => null,
    };

    private static Membership Had(AmendedEvent amended, CustomerEvent? happened, ProgramPlan plan, Decision decision) => ((LoyaltyState)decision.Context.StateHad(amended.Whole.Key, happened)).In(plan.Name);

    private static void Move(AmendedEvent amended, ProgramPlan plan, UnitPlan unit, Membership did, Membership without, Movement movement, Decision decision)
    {
        var key = amended.Whole.Key.ToString();
        var moved = Moved(did.Wallet(unit.Name), without.Wallet(unit.Name));
        var most = Forget(LoyaltyNames.Drawn(key, unit.Name), plan, did, decision);
        var (taken, given) = (moved.Where(lot => lot.Amount > 0).ToList(), new List<ReceiptLine>());
        if (taken.Count > 0)
        {
            decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.TakenBack) { Subject = key, Unit = unit.Name, Amount = -taken.Sum(lot => lot.Amount) });
            taken.ForEach(lot => decision.TakeBack(plan, unit, lot.Lot, lot.Amount, Cancelled, amended.At, movement));
        }

        foreach (var (lot, amount) in moved.Where(lot => lot.Amount < 0).Select(lot => (lot.Lot, Math.Min(-lot.Amount, most))).Where(lot => lot.Item2 > 0))
        {
            most -= amount;
            given.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.Lot) { Subject = lot, Unit = unit.Name, Amount = amount });
            decision.GiveBack(plan, unit, lot, amount, movement, Cancelled, amended.At);
        }

        if (given.Count > 0)
        {
            decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.GivenBack) { Subject = key, Unit = unit.Name, Amount = given.Sum(lot => lot.Amount), Parts = given.ToSequence() });
        }
    }

    // Lot by lot what the request moved: above 0 what came in, below 0 what went out.
    private static List<(string Lot, long Amount)> Moved(Wallet did, Wallet without) =>
    [
        .. Lots(did).Select(lot => (lot.Lot, lot.Amount)).Concat(Lots(without).Select(lot => (lot.Lot, Amount: -lot.Amount)))
            .GroupBy(lot => lot.Lot, StringComparer.Ordinal).Select(lot => (lot.Key, Amount: lot.Sum(one => one.Amount))).Where(lot => lot.Amount != 0),
    ];

    private static IEnumerable<(string Lot, long Amount)> Lots(Wallet wallet) => wallet.Lots.Select(lot => (lot.Name, lot.Amount))
        .Concat(wallet.Pending.Select(lot => (lot.Name, lot.Lot.Amount))).Append((Lot.Debt, -wallet.Debt));

    // What has come back by itself does not come back again: where it is kept in mind what was drawn, no more comes back than is still away.
    private static long Forget(string drawn, ProgramPlan plan, Membership did, Decision decision)
    {
        if (!did.Tallies.Any(tally => tally.Name.StartsWith(drawn, StringComparison.Ordinal)))
        {
            return long.MaxValue;
        }

        var away = 0L;
        foreach (var tally in decision.In(plan.Name).Tallies.Where(tally => tally.Name.StartsWith(drawn, StringComparison.Ordinal)).ToList())
        {
            away += tally.Amount;
            decision.Count(plan, tally with { Amount = 0 });
        }

        return away;
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
            decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.RewardTakenBack) { Subject = reward.Reward, Text = LoyaltyTexts.RewardTakenBack(reward.Reward, (int)times) });
            if (plan.Definition.Value.Rewards.Any(known => known.Name == reward.Reward && known.Stocked))
            {
                decision.Draw(LoyaltyNames.StockOf(plan.Name, reward.Reward), -times);
            }
        }
    }
}
