using Crm.Definitions;
using Crm.Events;
using Crm.Ledger;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Wallets;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Loyalty.Tests.Recording;

/// <summary>Refunds by replay, through the engine: nothing in the module knows of them.</summary>
public sealed class Refunds
{
    [Theory]
    [InlineData(1, 0)]
    [InlineData(5, 0)]
    [InlineData(10, 1)]
    [InlineData(20, 2)]
    public async Task A_part_refund_takes_what_the_part_had_earned_SQ6(decimal refund, long taken)
    {
        var club = Club.TeaClub();
        await club.Buys(105, "pos:sale");

        await club.Returns("pos:sale", refund);

        Assert.Equal(10 - taken, await club.Points());
    }

    [Fact]
    public async Task A_full_refund_leaves_neither_units_nor_tier()
    {
        var club = Club.TeaClub();
        await club.Buys(500, "pos:sale");
        Assert.Equal("gold", await club.Tier());

        await club.Returns("pos:sale", 500);

        Assert.Equal(new Membership { Program = "tea-club" }, await club.Membership());
        Assert.Empty((await club.Amy()).Facts);
        Assert.All((await club.Ledger()).GroupBy(entry => (entry.Unit, entry.Lot)), lot => Assert.Equal(0, lot.Sum(entry => entry.Amount)));
    }

    [Fact]
    public async Task What_was_spent_and_not_earned_is_owed_and_the_next_units_repay_it()
    {
        var club = Club.TeaClub();
        await club.Buys(100, "pos:sale");
        await club.Redeems(10);
        await club.Returns("pos:sale", 100);

        var owing = (await club.Membership()).Wallet("points");
        Assert.Equal((0L, 10L), (owing.Available, owing.Debt));
        Assert.Equal(Scalar.Of(-10m), (await club.Amy()).Fact("loyalty.tea-club.points"));

        var receipt = await club.Buys(150);

        Assert.Equal(5, await club.Points());
        Assert.Equal(15, receipt.Total("points"));
        Assert.Contains(receipt.Lines, line => line.Code == "debt-repaid" && line.AddsUp);
    }

    [Fact]
    public async Task A_spend_moves_to_the_lot_that_is_left_rather_than_into_debt()
    {
        var club = Club.TeaClub();
        await club.Buys(100, "pos:first");
        club.On(2026, 2, 15);
        await club.Buys(100);
        await club.Redeems(10);

        await club.Returns("pos:first", 100);

        var wallet = (await club.Membership()).Wallet("points");
        Assert.Equal((0L, 0L), (wallet.Available, wallet.Debt));
    }

    [Theory]
    [InlineData(Cascade.History)]
    [InlineData(Cascade.None)]
    public async Task A_refund_takes_by_the_version_of_the_purchase_though_a_later_one_gives_more_or_nothing_D4(Cascade cascade)
    {
        var single = Samples.TeaClub with { Cascade = cascade };
        var doubled = single with { Rules = [Samples.Per(2, 10), Samples.TeaClub.Rules[1]] };
        var ended = single with { Rules = [Samples.TeaClub.Rules[1]] };
        var club = new Club(new LoyaltyModule(new DefinitionCatalog<LoyaltyProgram>([single.Define(), doubled.Define(2, Samples.Local(2026, 2, 1)), ended.Define(3, Samples.Local(2026, 3, 1))])));
        await club.Buys(100, "pos:sale");

        club.On(2026, 2, 2);
        await club.Returns("pos:sale", 50);
        Assert.Equal(5, (await club.Amy()).Fact("loyalty.tea-club.points").AsNumber);

        club.On(2026, 3, 2);
        await club.Returns("pos:sale", 20);
        Assert.Equal(3, (await club.Amy()).Fact("loyalty.tea-club.points").AsNumber);
    }

    [Fact]
    public void Entries_add_up_to_the_wallets_after_any_history()
    {
        var steps = (from what in Gen.Choose(0, 5) from amount in Gen.Choose(1, 400) from days in Gen.Choose(0, 120) from which in Gen.Choose(0, 5) select (what, amount, days, which)).ArrayOf();
        Prop.ForAll(steps.ToArbitrary(), history => AddUp(history).GetAwaiter().GetResult()).Check(Config.QuickThrowOnFailure.WithMaxTest(100));
    }

    private static async Task AddUp((int What, int Amount, int Days, int Which)[] history)
    {
        var club = Club.TeaClub();
        var now = Samples.Local(2026, 1, 15, 12);
        var purchases = new List<string>();
        await club.Buys(10, "pos:born");
        foreach (var (what, amount, days, which) in history)
        {
            now += Duration.FromDays(days);
            club.At(now);
            switch (what)
            {
                case 0 when purchases.Count > 0:
                    await club.Returns(purchases[which % purchases.Count], amount);
                    break;
                case 1:
                    await club.Redeems((amount / 20) + 1);
                    break;
                case 2:
                    await club.RunDue();
                    break;
                case 3:
                    var late = CustomerEvent.Purchase(club.NextKey(), Samples.Amy, Money.Hkd(amount)) with { OccurredAt = now - Duration.FromDays(which * 40) };
                    await club.Records(late);
                    break;
                case 4:
                    await club.Records(LoyaltyEvents.Adjust(club.NextKey(), Samples.Amy, which < 3 ? amount : -amount, "test", "staff:1"));
                    break;
                default:
                    purchases.Add(club.NextKey());
                    await club.Buys(amount, purchases[^1]);
                    break;
            }
        }

        await club.RunDue();
        var membership = await club.Membership();
        var held = membership.Holdings
            .SelectMany(holding => holding.Wallet.Lots.Select(lot => (holding.Unit, Lot: lot.Name, lot.Amount)).Append((holding.Unit, Lot: Lot.Debt, Amount: -holding.Wallet.Debt)))
            .Where(lot => lot.Amount != 0).Order();
        var written = (await club.Ledger()).GroupBy(entry => (entry.Unit, entry.Lot)).Select(lot => (lot.Key.Unit, lot.Key.Lot, Amount: lot.Sum(entry => entry.Amount)))
            .Where(lot => lot.Amount != 0).Order();
        Assert.Equal(held, written);
        Assert.Equal(membership.Wallet("points").Balance, (long)(await club.Amy()).Fact(LoyaltyNames.Fact("tea-club", "points")).AsNumber);
        Assert.Equal(0, (await club.Ledger()).Where(entry => entry.Movement == Movement.Offset).Sum(entry => entry.Amount));
        Assert.DoesNotContain(await club.Ledger(), entry => entry.Movement == Movement.Issued && entry.Amount < 0);
    }
}
