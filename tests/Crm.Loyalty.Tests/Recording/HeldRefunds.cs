using Crm.Events;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Tests.Scenarios;
using Crm.Loyalty.Wallets;
using Crm.Modules;
using Crm.Values;

namespace Crm.Loyalty.Tests.Recording;

/// <summary>In a programme without cascade a refund finds units that waited for an event where they are: waiting, in the lot that they went into when it came, or given up.</summary>
public sealed class HeldRefunds
{
    private static readonly EventKind Delivered = new("order.delivered", EventNature.Happening);

    [Fact]
    public async Task What_still_waits_is_taken_where_it_waits()
    {
        var club = Of();
        await club.Buys(100, "pos:sale");
        await club.Buys(70, "pos:other");
        await Arrives(club, "pos:other");

        await club.Returns("pos:sale", 40);

        Assert.Equal((70L, 60L), await Numbers(club));
    }

    [Fact]
    public async Task What_has_come_is_taken_from_its_own_lot()
    {
        var club = Of();
        await club.Buys(100, "pos:early");
        await Arrives(club, "pos:early");
        await club.Buys(50, "pos:sale");
        club.On(2026, 1, 20);
        await Arrives(club, "pos:sale");

        await club.Returns("pos:sale", 50);

        Assert.Equal([(100L, Samples.Local(2026, 2, 15, 0))], (await Wallet(club)).Lots.Select(lot => (lot.Amount, lot.Expiry ?? default)));
    }

    [Fact]
    public async Task What_has_come_and_run_out_is_not_owed()
    {
        var club = Of();
        await club.Buys(100, "pos:sale");
        await Arrives(club, "pos:sale");
        club.On(2026, 4, 1);

        var receipt = await club.Returns("pos:sale", 100);

        Assert.Equal((0L, 0L), ((await Wallet(club)).Balance, receipt.Total("points")));
    }

    [Fact]
    public async Task What_was_given_up_is_not_owed_and_the_rest_of_the_purchase_is()
    {
        var club = Of(Samples.Per(1, 2) with { Name = "at-once", Terms = new() { Activation = Activation.AtOnce } });
        await club.Buys(100, "pos:sale");
        Assert.Equal((50L, 100L), await Numbers(club));
        club.On(2026, 2, 20);
        await club.Buys(20, "pos:later");
        var before = await Numbers(club);
        Assert.Equal((10L, 20L), before);

        var receipt = await club.Returns("pos:sale", 40);

        Assert.Equal(before, await Numbers(club));
        Assert.All(receipt.Lines, line => Assert.True(line.AddsUp));
        Assert.Equal(0, receipt.Total("points"));
    }

    [Theory]
    [InlineData(100)]
    [InlineData(40)]
    public async Task A_cancelled_refund_gives_back_what_waits_to_wait(int refund)
    {
        var club = Of();
        await club.Buys(100, "pos:sale");
        var before = await Wallet(club);
        await club.Records(CustomerEvent.Refund("pos:back", Samples.Amy, "pos:sale", Money.Hkd(refund)));

        await Cancels(club, "pos:back");

        Assert.Equal(before, await Wallet(club));
    }

    [Theory]
    [InlineData(100)]
    [InlineData(40)]
    public async Task A_cancelled_refund_gives_back_nothing_that_would_have_been_given_up(int refund)
    {
        var club = Of();
        await club.Buys(100, "pos:sale");
        await club.Records(CustomerEvent.Refund("pos:back", Samples.Amy, "pos:sale", Money.Hkd(refund)));
        club.On(2026, 2, 20);

        await Cancels(club, "pos:back");

        Assert.Equal((0L, 0L), await Numbers(club));
    }

    [Theory]
    [InlineData(100)]
    [InlineData(40)]
    public async Task A_cancelled_refund_gives_back_into_the_lot_that_they_would_be_in(int refund)
    {
        var club = Of();
        await club.Buys(100, "pos:sale");
        await club.Records(CustomerEvent.Refund("pos:back", Samples.Amy, "pos:sale", Money.Hkd(refund)));
        club.On(2026, 1, 20);
        await Arrives(club, "pos:sale");
        club.On(2026, 1, 22);

        await Cancels(club, "pos:back");

        Assert.Equal([(100L, Samples.Local(2026, 2, 20, 0))], (await Wallet(club)).Lots.Select(lot => (lot.Amount, lot.Expiry ?? default)));
    }

    private static ValueTask<Receipt> Arrives(Club club, string original) => club.Records(new CustomerEvent { Key = EventKey.Parse($"van:{original.Replace(':', '-')}"), Kind = Delivered.Name, Identity = Samples.Amy, Original = EventKey.Parse(original) });

    private static ValueTask<Receipt> Cancels(Club club, string original) => club.Records(new CustomerEvent { Key = EventKey.Parse("desk:cancel"), Kind = EventKinds.CancellationName, Identity = Samples.Amy, Original = EventKey.Parse(original) });

    private static Club Of(params IEarningRule[] more) => new(Module(more));

    // Units wait 30 days for the delivery, and live 30 days from then on.
    private static LoyaltyModule Module(IEarningRule[] more)
    {
        var program = LotScenarios.Points(LotExpiry.AfterDays(30, LastDay.Included), [Samples.Per(1, 1), .. more]);
        return new LoyaltyModule(new([(program with { Units = [program.Units[0] with { Activation = new Activation.OnEvent(Delivered.Name, 30) }, program.Units[1]], Cascade = Cascade.None }).Define()]), [Delivered]);
    }

    private static async Task<Wallet> Wallet(Club club) => (await club.Amy()).Slot<LoyaltyState>(LoyaltyNames.KeepingModule).In("tea-club").Wallet("points");

    private static async Task<(long Available, long Pending)> Numbers(Club club) => await Wallet(club) is var wallet ? (wallet.Available, wallet.PendingTotal) : default;
}
