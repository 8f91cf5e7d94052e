using Crm.Ledger;
using Crm.Loyalty.Wallets;

namespace Crm.Loyalty.Tests.Wallets;

/// <summary>Published cases of lots; the names end with the ids of the scenarios.</summary>
public sealed class WalletScenarios
{
    [Fact]
    public void What_runs_out_first_is_spent_first_SET13()
    {
        var wallet = Samples.Holding((100, Samples.Local(2027, 6, 1)), (100, Samples.Local(2027, 1, 1)));

        var spent = wallet.Take(100)!;

        Assert.Equal([new Lot(Samples.Local(2027, 6, 1), 100)], spent.Wallet.Lots);
        Assert.Equal([new LotMovement("2026-12-31T16:00:00Z", Movement.Spent, -100)], spent.Movements);
    }

    [Fact]
    public void A_spend_goes_on_into_the_next_lot_SET15() =>
        Assert.Equal([new Lot(Samples.Local(2027, 2, 1), 30)], Samples.Holding((50, Samples.Local(2027, 1, 1)), (50, Samples.Local(2027, 2, 1))).Take(70)!.Wallet.Lots);

    [Fact]
    public void What_stays_for_ever_is_spent_last() =>
        Assert.Equal([new Lot(null, 50), ], Samples.Holding((50, null), (30, Samples.Local(2027, 1, 1))).Take(30)!.Wallet.Lots);

    [Fact]
    public void What_runs_out_by_a_day_is_known_beforehand_SET18()
    {
        var wallet = Samples.Holding((100, Samples.Local(2027, 2, 1)), (200, Samples.Local(2027, 6, 1)), (50, null));

        Assert.Equal(100, wallet.ExpiringBy(Samples.Local(2027, 3, 1)));
        Assert.Equal(300, wallet.ExpiringBy(Samples.Local(2027, 7, 1)));
    }

    [Fact]
    public void Only_what_was_not_spent_runs_out_PTZ16()
    {
        var expired = Samples.Holding((400, Samples.Local(2027, 1, 1))).Take(150)!.Wallet.Expire(Samples.Local(2027, 1, 1));

        Assert.Equal([-250], expired.Movements.Select(movement => movement.Amount));
        Assert.Equal(Wallet.Empty, expired.Wallet);
    }

    [Fact]
    public void What_has_run_out_cannot_be_spent_OLs1()
    {
        var (january, february) = (Samples.Local(2027, 1, 1), Samples.Local(2027, 2, 1));
        var wallet = Samples.Holding((300, january), (200, february)).Take(200)!.Wallet.Expire(january).Wallet.Expire(february).Wallet;

        Assert.Null(wallet.Take(1));
    }

    [Fact]
    public void New_units_repay_a_debt_first_SET17()
    {
        var owing = Samples.Holding((50, null)).Take(80, intoDebt: true)!;
        var repaid = owing.Wallet.Issue(Samples.Local(2027, 1, 1), 100);

        Assert.Equal(30, owing.Wallet.Debt);
        Assert.Equal([("forever", Movement.Spent, -50), ("debt", Movement.Spent, -30)], owing.Movements.Select(Plain));
        Assert.Equal((70, 0), (repaid.Wallet.Available, repaid.Wallet.Debt));
        Assert.Equal(
            [("2026-12-31T16:00:00Z", Movement.Issued, 100), ("2026-12-31T16:00:00Z", Movement.Offset, -30), ("debt", Movement.Offset, 30)],
            repaid.Movements.Select(Plain));
    }

    [Fact]
    public void Lots_that_run_out_together_are_one_lot() =>
        Assert.Equal([new Lot(Samples.Local(2027, 1, 1), 30)], Samples.Holding((10, Samples.Local(2027, 1, 1)), (20, Samples.Local(2027, 1, 1))).Lots);

    [Fact]
    public void Nothing_is_taken_when_something_is_missing() => Assert.Null(Samples.Holding((10, null)).Take(11));

    [Fact]
    public void A_lot_is_gone_at_its_instant_and_there_a_tick_before()
    {
        var wallet = Samples.Holding((10, Samples.Local(2027, 1, 1)));

        Assert.Equal(10, wallet.Expire(Samples.Local(2027, 1, 1).PlusTicks(-1)).Wallet.Available);
        Assert.Equal(0, wallet.Expire(Samples.Local(2027, 1, 1)).Wallet.Available);
    }

    private static (string, Movement, long) Plain(LotMovement movement) => (movement.Lot, movement.Movement, movement.Amount);
}
