using Crm.Events;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Values;

namespace Crm.Loyalty.Redemption;

/// <summary>Keeps in mind what redemptions drew from each lot, for as long as it may come back, and where requests can be taken back by themselves also how much did come back.</summary>
internal static class DrawnLots
{
    /// <summary>Notes from which lots the event that is decided drew; what was not there, and so is owed or was written off, is kept with them.</summary>
    public static void Remember(ProgramPlan plan, UnitPlan unit, IEnumerable<(string Lot, long Amount)> drawn, Decision decision)
    {
        var today = Today(plan, decision);
        foreach (var old in decision.In(plan.Name).Tallies.Where(tally => LoyaltyNames.IsDrawn(tally.Name, unit.Name) && !MayReturn(tally, unit, today)).ToList())
        {
            decision.Count(plan, old with { Amount = 0 });
        }

        foreach (var tally in LotsInOrder.Of(LoyaltyNames.Drawn(decision.Context.Cause.ToString(), unit.Name), today, drawn))
        {
            decision.Count(plan, tally);
        }
    }

    /// <summary>Whether what a tally keeps may come back on a day.</summary>
    public static bool MayReturn(Tally drawn, UnitPlan unit, long today) => drawn.Period + (unit.Definition.Returns?.WithinDays ?? 0) >= today;

    /// <summary>Notes that so much of a redemption came back. It is never forgotten, because a redemption may be cancelled however long ago it was.</summary>
    public static void CameBack(string redemption, ProgramPlan plan, UnitPlan unit, long amount, Decision decision)
    {
        if (plan.Definition.Value.Cascade == Cascade.None)
        {
            var name = LoyaltyNames.CameBack(redemption, unit.Name);
            decision.Count(plan, new Tally(name, 0, decision.In(plan.Name).Counted(name) + amount));
        }
    }

    /// <summary>What a cancelled redemption drew and is still away, lot by lot: what came back since was drawn last. Nothing of it can come back from now on.</summary>
    /// <param name="redemption">Its key.</param>
    /// <param name="drawn">What it drew, in the order in which it did.</param>
    public static IEnumerable<(string Lot, long Amount)> Release(string redemption, ProgramPlan plan, UnitPlan unit, List<(string Lot, long Amount)> drawn, Decision decision)
    {
        var back = LoyaltyNames.CameBack(redemption, unit.Name);
        var came = decision.In(plan.Name).Counted(back);
        foreach (var tally in decision.In(plan.Name).TalliesOf(LoyaltyNames.Drawn(redemption, unit.Name)))
        {
            decision.Count(plan, tally with { Amount = 0 });
        }

        decision.Count(plan, new Tally(back, 0, 0));
        for (var i = drawn.Count - 1; i >= 0; i--)
        {
            var less = Math.Min(drawn[i].Amount, came);
            came -= less;
            drawn[i] = drawn[i] with { Amount = drawn[i].Amount - less };
        }

        return drawn.Where(lot => lot.Amount > 0);
    }

    /// <summary>A return is cancelled: what came back is away again, and may come back once more.</summary>
    /// <param name="original">The redemption.</param>
    /// <param name="did">The membership right after the return.</param>
    /// <param name="without">The membership as it would have been then without it.</param>
    /// <returns>False where the redemption itself was cancelled since: then nothing is away.</returns>
    public static bool DrawAgain(string original, ProgramPlan plan, Membership did, Membership without, Decision decision)
    {
        foreach (var unit in plan.Units)
        {
            var (back, today) = (LoyaltyNames.CameBack(original, unit.Name), Today(plan, decision));
            var again = without.TalliesOf(LoyaltyNames.Drawn(original, unit.Name)).Select(tally => tally with { Amount = tally.Amount - did.Counted(tally.Name, tally.Period) }).Where(tally => tally.Amount > 0).ToList();
            var (sum, came) = (again.Sum(tally => tally.Amount), decision.In(plan.Name).Counted(back));
            if (came < sum)
            {
                return false;
            }

            if (sum == 0)
            {
                continue;
            }

            decision.Count(plan, new Tally(back, 0, came - sum));
            foreach (var tally in again.Where(tally => MayReturn(tally, unit, today)))
            {
                decision.Count(plan, tally with { Amount = decision.In(plan.Name).Counted(tally.Name, tally.Period) + tally.Amount });
            }
        }

        return true;
    }

    private static long Today(ProgramPlan plan, Decision decision) => LoyaltyNames.NumberOf((decision.Context.Moment with { Zone = plan.Zone }).Date);
}
