using Crm.Ledger;
using Crm.Loyalty.Wallets;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Loyalty.Tests.Wallets;

/// <summary>What holds for every history of a wallet.</summary>
public sealed class WalletLaws
{
    private static readonly Instant Start = Samples.Local(2026, 1, 1);

    [Fact]
    public void All_movements_of_a_lot_add_up_to_the_lot() => Holds(Steps, steps =>
    {
        var (wallet, movements) = Run(steps);
        var held = wallet.Lots.ToDictionary(lot => lot.Name, lot => lot.Amount);
        if (wallet.Debt != 0)
        {
            held[Lot.Debt] = -wallet.Debt;
        }

        var written = movements.GroupBy(movement => movement.Lot).Select(group => (group.Key, Sum: group.Sum(movement => movement.Amount)))
            .Where(pair => pair.Sum != 0).ToDictionary(pair => pair.Key, pair => pair.Sum);
        Assert.Equal(held.OrderBy(pair => pair.Key), written.OrderBy(pair => pair.Key));
        Assert.Equal(wallet.Available - wallet.Debt, movements.Sum(movement => movement.Amount));
        Assert.Equal(wallet.Balance, wallet.Available - wallet.Debt);
    });

    [Fact]
    public void Issued_less_spent_expired_and_reversed_is_what_is_held_less_the_debt() => Holds(Steps, steps =>
    {
        var (wallet, movements) = Run(steps);
        long Of(Movement kind) => movements.Where(movement => movement.Movement == kind).Sum(movement => movement.Amount);
        Assert.Equal(0, Of(Movement.Offset));
        Assert.Equal(wallet.Available - wallet.Debt, Of(Movement.Issued) + Of(Movement.Spent) + Of(Movement.Expired) + Of(Movement.Reversed));
    });

    [Fact]
    public void No_lot_is_ever_below_zero_and_nobody_owes_who_holds() => Holds(Steps, steps =>
    {
        var (wallet, _) = Run(steps);
        Assert.All(wallet.Lots, lot => Assert.True(lot.Amount > 0));
        Assert.True(wallet.Debt >= 0);
        Assert.True(wallet.Debt == 0 || wallet.Available == 0);
    });

    [Fact]
    public void Lots_are_in_the_order_of_their_expiry_and_none_comes_twice() => Holds(Steps, steps =>
    {
        var expiries = Run(steps).Wallet.Lots.Select(lot => lot.Expiry ?? Instant.MaxValue).ToList();
        Assert.Equal(expiries.Distinct().Order(), expiries);
    });

    [Fact]
    public void Spending_in_two_steps_is_spending_once() => Holds(Spends, sample =>
    {
        var wallet = Run(sample.Steps).Wallet;
        var (first, second) = (sample.First, sample.Second);
        var twice = wallet.Take(first, intoDebt: true)!.Wallet.Take(second, intoDebt: true)!.Wallet;
        Assert.Equal(wallet.Take(first + second, intoDebt: true)!.Wallet, twice);
    });

    [Fact]
    public void Adding_the_difference_of_two_wallets_turns_the_one_into_the_other() => Holds(Steps.Generator.Two().ToArbitrary(), pair =>
    {
        var (without, with) = (Run(pair.Item1).Wallet, Run(pair.Item2).Wallet);
        Assert.Equal(with, without.Plus(with, without));
    });

    [Fact]
    public void A_correction_keeps_the_sum_of_movements_and_the_next_one_settles_it() => Holds(Steps.Generator.Three().ToArbitrary(), three =>
    {
        var (stored, without, with) = (Run(three.Item1).Wallet, Run(three.Item2).Wallet, Run(three.Item3).Wallet);
        var corrected = stored.Plus(with, without);
        Assert.Equal(stored.Balance + with.Balance - without.Balance, corrected.Balance);
        var next = corrected.Issue(null, 1);
        Assert.All(next.Wallet.Lots, lot => Assert.True(lot.Amount > 0));
        Assert.True(next.Wallet.Debt >= 0);
        Assert.Equal(corrected.Balance + 1, next.Wallet.Balance);
        Assert.Equal(1, next.Movements.Sum(movement => movement.Amount));
    });

    private static Arbitrary<Step[]> Steps { get; } =
        (from what in Gen.Choose(0, 4)
         from amount in Gen.Choose(1, 60)
         from day in Gen.Choose(0, 6)
         select new Step(what, amount, day)).ArrayOf().ToArbitrary();

    private static Arbitrary<(Step[] Steps, int First, int Second)> Spends { get; } =
        (from steps in Steps.Generator
         from first in Gen.Choose(1, 100)
         from second in Gen.Choose(1, 100)
         select (steps, first, second)).ToArbitrary();

    private static (Wallet Wallet, List<LotMovement> Movements) Run(Step[] steps)
    {
        var wallet = Wallet.Empty;
        var movements = new List<LotMovement>();
        foreach (var step in steps)
        {
            var at = Start + Duration.FromDays(step.Day);
            var change = step.What switch
            {
                0 => wallet.Issue(at, step.Amount),
                1 => wallet.Issue(null, step.Amount),
                2 => wallet.Take(step.Amount),
                3 => wallet.Take(step.Amount, Movement.Reversed, intoDebt: true),
                _ => wallet.Expire(at),
            };
            wallet = change?.Wallet ?? wallet;
            movements.AddRange(change?.Movements ?? default);
        }

        return (wallet, movements);
    }

    private static void Holds<T>(Arbitrary<T> arbitrary, Action<T> law) =>
        Prop.ForAll(arbitrary, law).Check(Config.QuickThrowOnFailure.WithMaxTest(200));

    private sealed record Step(int What, int Amount, int Day);
}
