using System.Diagnostics.CodeAnalysis;
using Crm.Events;
using Crm.Ledger;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Loyalty.Wallets;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Redemption;

/// <summary>
/// Sets units aside, and captures, voids or lets them lapse: at most once, never more than was set aside, the rest back to the lots it came from; a reward is captured at its price. Units that are set aside do not run out;
/// those whose lot has run out meanwhile are gone when they return.
/// </summary>
internal static class ReservationSteps
{
    private const long LongestSeconds = 366 * 24 * 3600;

    /// <summary>Sets units, and perhaps a reward, aside.</summary>
    public static void SetAside(CustomerEvent request, ProgramPlan plan, string unit, long amount, Duration life, string? reward, int times, Decision decision)
    {
        var reservation = new Reservation
        {
            Id = request.Key.ToString(),
            Unit = unit,
            Until = decision.Context.Moment.Instant + life,
            Reward = reward,
            Times = times,
        };
        if (amount > 0 && plan.PlaceOf(unit) is >= 0 and var place)
        {
            (reservation, var taken) = SetAside(reservation, amount, decision.In(plan.Name).Wallet(unit), plan.Units[place].Definition.Debt, decision);
            decision.SetAside(plan, plan.Units[place], taken, null);
        }

        decision.Stand(plan.Name, reservation);
        decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.Reserved) { Program = plan.Name, Subject = reservation.Id, Text = LoyaltyTexts.Reserved(amount, unit, reward) });
    }

    private static (Reservation Reservation, WalletChange Taken) SetAside(Reservation reservation, long amount, Wallet before, DebtPolicy policy, Decision decision)
    {
        var taken = before.Take(amount, Movement.Offset, intoDebt: decision.Context.AlreadyAccepted, policy)
            ?? throw new InvalidOperationException($"{amount} {reservation.Unit} were found available, and are not.");
        var from = Taken(before, taken);
        var owed = amount - from.Sum(lot => lot.Amount);
        return (reservation with { Lots = from, Owed = owed, IsWrittenOff = owed > 0 && policy != DebtPolicy.Carry }, taken with { Movements = taken.Movements.Add(new LotMovement(Reservation.Lot, Movement.Offset, amount)) });
    }

    /// <summary>Sets aside, captures or returns what a request was recorded to have, where nothing is there any more to decide it.</summary>
    /// <param name="request">The request.</param>
    /// <param name="program">The programme.</param>
    /// <param name="plan">Its version of today; null where it is gone.</param>
    /// <param name="unit">The unit.</param>
    /// <param name="recorded">What went to the units that are set aside, and from them.</param>
    /// <param name="policy">What owing meant.</param>
    /// <param name="decision">What the change is told by.</param>
    /// <returns>Whether there was anything.</returns>
    public static bool MoveAsRecorded(CustomerEvent request, string program, ProgramPlan? plan, string unit, IReadOnlyList<LedgerEntry> recorded, DebtPolicy policy, Decision decision)
    {
        if (recorded.Count == 0)
        {
            return false;
        }

        if (request.Kind is RewardEvents.ReserveName or RewardEvents.ReserveRewardName)
        {
            _ = TryLife(request, decision.Context, out var life, out _);
            var begun = new Reservation { Id = request.Key.ToString(), Unit = unit, Until = decision.Context.Moment.Instant + life, Reward = request.Fields[RewardEvents.Reward].AsCode };
            begun = begun.Reward is null ? begun : begun with { Times = (int)(request.Fields[RewardEvents.Quantity] is { IsMissing: false } some ? some.AsNumber : 1) };
            var (reservation, taken) = SetAside(begun, recorded.Sum(entry => entry.Amount), decision.In(program).Wallet(unit), policy, decision);
            decision.MoveAsRecorded(program, plan, unit, taken, recorded[0]);
            decision.Stand(program, reservation);
            return true;
        }

        var captured = -recorded.Where(entry => entry.Movement == Movement.Spent).Sum(entry => entry.Amount);
        var id = request.Fields[RewardEvents.ReservationField].AsCode;
        foreach (var reservation in decision.In(program).Reservations.Where(reservation => reservation.Unit == unit && (id is null || reservation.Id == id)))
        {
            Return(program, reservation, captured, recorded[0], decision);
        }

        return true;
    }

    /// <summary>A reservation of a programme that is gone returns at its time.</summary>
    public static void LapseOfGone(string program, string id, Decision decision)
    {
        if (decision.In(program).Reservations.FirstOrDefault(item => item.Id == id) is { } reservation)
        {
            Return(program, reservation, 0, null, decision);
        }
    }

    // What was not captured returns, without anything that a programme would say to it.
    private static void Return(string program, Reservation reservation, long captured, LedgerEntry? recorded, Decision decision)
    {
        decision.Drop(program, reservation);
        if (reservation.Amount == 0)
        {
            return;
        }

        var (back, owed, _) = Rest(reservation, captured);
        var put = decision.In(program).Wallet(reservation.Unit).PutBack(back, reservation.IsWrittenOff ? 0 : owed);
        var less = reservation.IsWrittenOff ? put.Wallet.WriteOffLess(owed, Movement.Offset) : new WalletChange(put.Wallet, []);
        LotMovement[] aside = [new(Reservation.Lot, Movement.Spent, -captured), new(Reservation.Lot, Movement.Offset, captured - reservation.Amount)];
        decision.MoveAsRecorded(program, null, reservation.Unit, new WalletChange(less.Wallet, [.. aside.Where(movement => movement.Amount != 0), .. put.Movements, .. less.Movements]), recorded);
        decision.Expire(program, reservation.Unit, null);
    }

    /// <summary>How long something that is asked for is kept: a whole number of seconds, up to a leap year. What was accepted before that was looked at is kept as it was then.</summary>
    public static bool TryLife(CustomerEvent request, ModuleContext context, out Duration life, [NotNullWhen(false)] out Outcome.Refused? refused)
    {
        var asked = request.Fields[RewardEvents.Seconds].AsNumber;
        var seconds = (long)Math.Clamp(asked, 1, LongestSeconds);
        life = Duration.FromSeconds(seconds);
        refused = seconds == asked || context.AlreadyAccepted ? null : new("invalid-seconds", LoyaltyTexts.InvalidSeconds(Scalar.Of(asked).ToString(), LongestSeconds));
        return refused is null;
    }

    public static Outcome Reserve(CustomerEvent request, LoyaltyPlans plans, LoyaltyState state, ModuleContext context)
    {
        if (!PointRequests.TryFind(request, plans, context, out var plan, out var unit, out var refused) || !PointRequests.TryAmount(request, unit, out var amount, out refused) || !TryLife(request, context, out var life, out refused))
        {
            return refused;
        }

        var wallet = state.In(plan.Name).Wallet(unit.Name);
        if (wallet.Balance < amount && !context.AlreadyAccepted)
        {
            return new Outcome.Refused("insufficient-balance", LoyaltyTexts.InsufficientBalance(amount, Math.Max(wallet.Balance, 0), unit.Name));
        }

        var decision = new Decision(state, context);
        SetAside(request, plan, unit.Name, amount, life, null, 0, decision);
        return decision.Outcome();
    }

    public static Outcome Resolve(CustomerEvent request, LoyaltyPlans plans, LoyaltyState state, ModuleContext context)
    {
        if (!RequestedProgram.TryFind(request, plans, context, out var plan, out var refused))
        {
            return refused;
        }

        var id = request.Fields[RewardEvents.ReservationField].AsCode;
        if (state.In(plan.Name).Reservations.FirstOrDefault(item => item.Id == id) is not { } reservation)
        {
            return new Outcome.Refused("already-resolved", LoyaltyTexts.AlreadyResolved(id ?? ""));
        }

        var captures = request.Kind == RewardEvents.CaptureName;
        if (captures && MayNotCapture(request, plan, reservation, state.In(plan.Name), context) is { } wrong && !context.AlreadyAccepted)
        {
            return wrong;
        }

        // A reward that was given before stands in a replay at the price that it has there.
        var amount = !captures ? 0 : reservation.Reward is null ? AskedFor(request, reservation) : reservation.Amount;
        var decision = new Decision(state, context);
        Resolve(plan, reservation, (long)amount, captures, decision);
        return decision.Outcome();
    }

    private static decimal AskedFor(CustomerEvent request, Reservation reservation) =>
        request.Fields[LoyaltyEvents.Amount] is { IsMissing: false } asked ? asked.AsNumber : reservation.Amount;

    private static Outcome.Refused? MayNotCapture(CustomerEvent request, ProgramPlan plan, Reservation reservation, Membership membership, ModuleContext context)
    {
        var amount = AskedFor(request, reservation);
        return reservation.Reward is not { } name
            ? decimal.Truncate(amount) == amount && amount > 0 && amount <= reservation.Amount ? null : new("more-than-reserved", LoyaltyTexts.MoreThanReserved(Scalar.Of(amount).ToString(), reservation.Amount))
            : amount != reservation.Amount ? new("price-differs", LoyaltyTexts.PriceDiffers(Scalar.Of(amount).ToString(), name, reservation.Amount))
            : plan.Definition.Value.Rewards.FirstOrDefault(item => item.Name == name) is { } reward ? RewardSteps.MissesCode(reward, context) ?? RewardSteps.WasGiven(reward, membership, context)
            : RewardSteps.NoSuch(name, plan);
    }

    /// <summary>A reservation whose time is over returns.</summary>
    public static void Lapse(ProgramPlan plan, string id, Decision decision)
    {
        if (decision.In(plan.Name).Reservations.FirstOrDefault(item => item.Id == id) is { } reservation)
        {
            Resolve(plan, reservation, 0, captured: false, decision, isDue: true);
            decision.Tell(new Echo(LoyaltyNames.ReservationLapsed, Fields.Of(
                ("program", plan.Name),
                ("reservation", reservation.Id),
                ("unit", reservation.Unit.Length == 0 ? default : Scalar.Of(reservation.Unit)),
                ("amount", reservation.Amount),
                ("reward", reservation.Reward is { } reward ? Scalar.Of(reward) : default))));
        }
    }

    /// <summary>A reservation returns whose request was taken back.</summary>
    public static void Return(ProgramPlan plan, string id, Decision decision)
    {
        if (decision.In(plan.Name).Reservations.FirstOrDefault(item => item.Id == id) is { } reservation)
        {
            Resolve(plan, reservation, 0, captured: false, decision);
        }
    }

    /// <summary>All of a member's reservations return, as when they leave.</summary>
    public static void ReturnAll(ProgramPlan plan, Decision decision)
    {
        foreach (var reservation in decision.In(plan.Name).Reservations)
        {
            Resolve(plan, reservation, 0, captured: false, decision);
        }
    }

    private static void Resolve(ProgramPlan plan, Reservation reservation, long amount, bool captured, Decision decision, bool isDue = false)
    {
        decision.Drop(plan.Name, reservation);
        if (reservation.Amount > 0 && plan.PlaceOf(reservation.Unit) is >= 0 and var place)
        {
            var (back, owed, drawn) = Rest(reservation, amount);
            var (returned, writtenOff) = (reservation.Amount - amount, 0L);
            var wallet = decision.In(plan.Name).Wallet(reservation.Unit).PutBack(back, reservation.IsWrittenOff ? 0 : owed);
            if (reservation.IsWrittenOff)
            {
                // Of what was written off, what was not captured was not missing.
                var less = wallet.Wallet.WriteOffLess(owed, Movement.Offset);
                wallet = new WalletChange(less.Wallet, [.. wallet.Movements, .. less.Movements]);
                writtenOff = reservation.Owed - owed;
            }
            else if (plan.Units[place].Definition.Debt != DebtPolicy.Carry)
            {
                // What was owed when the programme did not write off yet, and was captured, is not asked back now that it does.
                var least = Math.Min(reservation.Owed - owed, wallet.Wallet.Debt);
                var forgiven = wallet.Wallet.Forgive(least);
                wallet = new WalletChange(forgiven.Wallet, [.. wallet.Movements, .. forgiven.Movements]);
                writtenOff = least;
            }

            var movements = new List<LotMovement>();
            if (amount > 0)
            {
                movements.Add(new LotMovement(Reservation.Lot, Movement.Spent, -amount));
            }

            if (returned > 0)
            {
                movements.Add(new LotMovement(Reservation.Lot, Movement.Offset, -returned));
            }

            decision.SetAside(plan, plan.Units[place], wallet with { Movements = movements.Concat(wallet.Movements).ToSequence() }, reservation.Reward is null ? null : $"reward.{reservation.Reward}");
            if (amount > 0)
            {
                decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.Spent) { Program = plan.Name, Subject = reservation.Reward ?? plan.Name, Unit = reservation.Unit, Amount = -amount });
            }

            // What returns runs out with its lot, in its turn where that is now; only then does the spending keep what is left.
            if (isDue)
            {
                decision.ExpireBefore(plan.Name, reservation.Unit, plan);
            }
            else
            {
                decision.Expire(plan.Name, reservation.Unit, plan);
            }

            if (amount > 0)
            {
                decision.Spend(plan, plan.Units[place]);
            }

            if (amount > 0 && reservation.Reward is null && plan.Units[place].Definition.Returns is not null)
            {
                drawn.Add((Lot.Debt, reservation.Owed - owed - writtenOff));
                drawn.Add((Lot.Shortfall, writtenOff));
                DrawnLots.Remember(plan, plan.Units[place], drawn.Where(lot => lot.Amount > 0), decision);
            }
        }

        if (!captured)
        {
            decision.Add(new ReceiptLine(LoyaltyNames.Module, LineCodes.ReservationReturned) { Program = plan.Name, Subject = reservation.Id, Text = LoyaltyTexts.Returned(reservation.Amount, reservation.Unit, reservation.Reward) });
        }

        if (reservation.Reward is not { } name || plan.Definition.Value.Rewards.FirstOrDefault(item => item.Name == name) is not { } reward)
        {
            return;
        }

        if (captured)
        {
            var issued = RewardSteps.Issued(decision.Context, reservation.Amount > 0 ? new UnitAmount(reservation.Unit, reservation.Amount) : null);
            RewardSteps.Give(plan, reward, reservation.Times, issued, decision, drawsStock: false);
        }
        else if (reward.Stocked)
        {
            decision.Draw(LoyaltyNames.StockOf(plan.Name, name), -reservation.Times);
        }
    }

    // What is captured is what runs out first, and what was owed last of all.
    private static (Sequence<Lot> Lots, long Owed, List<(string Lot, long Amount)> Drawn) Rest(Reservation reservation, long captured)
    {
        var (lots, drawn) = (new List<Lot>(), new List<(string Lot, long Amount)>());
        foreach (var lot in reservation.Lots)
        {
            var taken = Math.Min(captured, lot.Amount);
            captured -= taken;
            drawn.Add((lot.Name, taken));
            if (lot.Amount > taken)
            {
                lots.Add(lot with { Amount = lot.Amount - taken });
            }
        }

        return (lots.ToSequence(), reservation.Owed - captured, drawn);
    }

    // Which lots a wallet gave, told by what is left of them; one that owed settles first, and then gives from what is left.
    private static Sequence<Lot> Taken(Wallet before, WalletChange change)
    {
        var sums = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var movement in change.Movements)
        {
            sums[movement.Lot] = sums.GetValueOrDefault(movement.Lot) + movement.Amount;
        }

        return before.Lots.Where(lot => lot.Amount > 0).Select(lot => lot with { Amount = Math.Min(lot.Amount, -sums.GetValueOrDefault(lot.Name)) }).Where(lot => lot.Amount > 0).ToSequence();
    }
}
