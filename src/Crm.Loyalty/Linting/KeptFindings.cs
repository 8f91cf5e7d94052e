using Crm.Events;
using Crm.Loyalty.Challenges;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Rules;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Linting;

/// <summary>Finds challenges whose award pays though everything that achieved them was brought back.</summary>
internal static class KeptFindings
{
    private const int MostPurchases = 400;

    public static IEnumerable<ProgramFinding> Of(Carts carts)
    {
        var program = carts.Program;
        foreach (var (challenge, place) in program.Challenges.Select((challenge, place) => (challenge, place)))
        {
            if (!challenge.KeepsAchieved || challenge.ByJoining || challenge.Consecutive != 1 || !challenge.RunsAt(carts.Noon) || Achieving(carts, challenge) is not { } purchases)
            {
                continue;
            }

            var most = challenge.Recurrence == Recurrence.OnCompletion ? MostPurchases / purchases.Count : 1;
            foreach (var award in challenge.Award)
            {
                if (PumpFindings.Spending(carts, award.Unit) is not var (worth, times) || carts.Redeem(worth, times, carts.Noon + Duration.FromMinutes(2 * (MostPurchases + 1))) is not { } redeeming)
                {
                    continue;
                }

                var rounds = ((times * worth.Units) + award.Amount - 1) / award.Amount;
                if (rounds > most)
                {
                    continue;
                }

                var (spend, pays) = (purchases[0] with { MinorUnits = checked(purchases.Sum(one => one.MinorUnits)) }, worth.Pays with { MinorUnits = checked(worth.Pays.MinorUnits * times) });
                yield return new ProgramFinding(
                    FindingCodes.RefundLoop,
                    $"challenges[{place}].keepsAchieved",
                    new Text(
                        $"Who buys for {spend}, which achieves '{challenge.Name}', and brings everything back keeps the {award.Unit} that it gives: '{worth.Path}' pays {pays} for those of {rounds} times.",
                        $"消費 {spend} 完成「{challenge.Name}」後全數退貨，仍保留所得的 {award.Unit}：{rounds} 次所得經「{worth.Path}」可換得 {pays}。"),
                    new Witness([.. carts.Joining(carts.Noon), .. Enumerable.Range(0, (int)rounds).SelectMany(round => Round(carts, purchases, round)), redeeming], new WitnessClaim.MoneyBack()) { Supplies = carts.Filled });
                break;
            }
        }
    }

    // Purchases that achieve a challenge whose goals everybody sees: so many, and so much money; null where it asks for something else.
    private static List<Money>? Achieving(Carts carts, Challenge challenge)
    {
        var (number, sum) = (1L, 0L);
        var currency = challenge.Goals.Select(goal => goal.Currency).FirstOrDefault(known => known is not null) ?? carts.UsualCurrency;
        foreach (var goal in challenge.Goals)
        {
            switch (goal)
            {
                case { Kind: null, When: null, On: EventKinds.PurchaseName, Measure: GoalMeasure.Events }:
                    number = Math.Max(number, goal.Target);
                    break;
                case { Kind: null, When: null, On: EventKinds.PurchaseName, Measure: GoalMeasure.Money } when goal.Currency == currency && goal.Lines == EarningBasis.AllLines:
                    sum = Math.Max(sum, goal.Target);
                    break;
                default:
                    return null;
            }
        }

        var each = Math.Max(carts.Assumptions.LeastIn(currency).MinorUnits, (sum + number - 1) / number);
        return number > MostPurchases ? null : [.. Enumerable.Repeat(new Money(each, currency), (int)number)];
    }

    private static IEnumerable<WitnessStep> Round(Carts carts, List<Money> purchases, int round)
    {
        var bought = purchases.Select((spend, place) => carts.Purchase(FormattableString.Invariant($"purchase-{round}-{place}"), spend, carts.Noon + Duration.FromMinutes(2 * ((round * purchases.Count) + place)))).ToList();
        var back = carts.Noon + Duration.FromMinutes((2 * (round + 1) * purchases.Count) - 1);
        return bought.Select(purchase => new WitnessStep(purchase)).Concat(bought.Select((purchase, place) => new WitnessStep(CustomerEvent.Refund(FormattableString.Invariant($"witness:refund-{round}-{place}"), Witness.Customer, purchase.Key.ToString(), purchase.Spend ?? purchases[place]) with { OccurredAt = back })));
    }
}
