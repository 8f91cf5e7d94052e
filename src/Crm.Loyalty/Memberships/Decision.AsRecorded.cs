using Crm.Events;
using Crm.Ledger;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Wallets;
using Crm.Values;

namespace Crm.Loyalty.Memberships;

/// <summary>What was moved where nothing is there any more to decide it: as it was recorded.</summary>
internal sealed partial class Decision
{
    /// <summary>Moves what an event was recorded to have moved of a unit. What it took is taken as a spend would take it now, and owed where it is missing; what came in goes into its lot; what is over runs out.</summary>
    /// <param name="happened">The event.</param>
    /// <param name="program">The programme.</param>
    /// <param name="plan">Its version of today; null where it is gone.</param>
    /// <param name="unit">The unit.</param>
    /// <param name="recorded">The movements.</param>
    public void MoveAsRecorded(CustomerEvent happened, string program, ProgramPlan? plan, string unit, IReadOnlyList<LedgerEntry> recorded)
    {
        var policy = recorded.Any(entry => entry.Lot == Lot.Shortfall) ? DebtPolicy.ClampToZero : DebtPolicy.Carry;
        var isAside = ReservationSteps.MoveAsRecorded(happened, program, plan, unit, [.. recorded.Where(entry => entry.Lot == Reservation.Lot)], policy, this);
        if (recorded.Where(entry => entry is { Movement: Movement.Spent, Amount: < 0 }).Sum(entry => -entry.Amount) is > 0 and var spent)
        {
            Become(In(program).With(new Tally(LoyaltyNames.Away(happened.Key.ToString(), unit), 0, spent)));
        }

        foreach (var part in recorded.Where(entry => entry.Lot != Reservation.Lot).GroupBy(entry => entry.Movement))
        {
            switch (part.Key)
            {
                case Movement.Offset:
                    if (!isAside)
                    {
                        MoveAsRecorded(program, plan, unit, In(program).Wallet(unit).MoveBetween(part), part.First());
                    }

                    break;
                case Movement.Expired when part.Any(entry => entry is { Code: LineCodes.Forfeited, Amount: < 0 }):
                    MoveAsRecorded(program, plan, unit, In(program).Wallet(unit).Forfeit(), part.First());
                    break;
                case Movement.Spent when happened.Original is { } redemption:
                    Exchange(program, plan, unit, StillAway(program, unit, redemption, part), policy);
                    break;
                default:
                    Exchange(program, plan, unit, part.Where(entry => part.Key != Movement.Issued || entry.Lot != Lot.Shortfall), policy);
                    break;
            }
        }

        Expire(program, unit, plan);
    }

    // Of a redemption that was itself taken back nothing comes back once more.
    private List<LedgerEntry> StillAway(string program, string unit, EventKey redemption, IEnumerable<LedgerEntry> returned)
    {
        var (name, back) = (LoyaltyNames.Away(redemption.ToString(), unit), new List<LedgerEntry>());
        foreach (var entry in returned)
        {
            var amount = Math.Min(entry.Amount, In(program).Counted(name));
            Become(In(program).With(new Tally(name, 0, In(program).Counted(name) - amount)));
            back.Add(entry with { Amount = amount });
        }

        return back;
    }

    /// <summary>Changes a wallet as it was recorded, also of a programme or of a unit that is gone.</summary>
    public void MoveAsRecorded(string program, ProgramPlan? plan, string unit, WalletChange change, LedgerEntry? recorded)
    {
        if (plan?.UnitNamed(unit) is { } known)
        {
            Move(plan, known, change, recorded?.Rule, recorded?.Code, decidedBy: recorded?.Definition);
            WeighWhereHeld(plan);
        }
        else
        {
            Move(program, unit, LoyaltyNames.Fact(program, unit), change, recorded?.Rule, recorded?.Code, recorded?.Definition);
        }
    }

    private void Exchange(string program, ProgramPlan? plan, string unit, IEnumerable<LedgerEntry> recorded, DebtPolicy policy)
    {
        // What ran out then does so now by itself.
        foreach (var taken in recorded.Where(entry => entry is { Amount: < 0, Movement: not Movement.Expired }).GroupBy(entry => entry.Definition))
        {
            if (In(program).Wallet(unit).Take(-taken.Sum(entry => entry.Amount), taken.First().Movement, intoDebt: true, policy) is { } change)
            {
                MoveAsRecorded(program, plan, unit, change, taken.FirstOrDefault(entry => entry.Lot != Lot.Shortfall) ?? taken.First());
            }
        }

        foreach (var given in recorded.Where(entry => entry.Amount > 0))
        {
            if (given.Movement == Movement.Issued && plan is not null)
            {
                IssueAsRecorded(plan, given);
            }
            else if (given.Movement == Movement.Issued)
            {
                IssueAsRecorded(program, given);
            }
            else if (Lot.Parse(given.Lot) is { } lot)
            {
                MoveAsRecorded(program, plan, unit, In(program).Wallet(unit).Issue(lot with { Amount = given.Amount }, given.Movement), given);
            }
        }
    }
}
