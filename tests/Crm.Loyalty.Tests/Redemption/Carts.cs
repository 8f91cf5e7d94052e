using Crm.Events;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Tests.Recording;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Loyalty.Tests.Redemption;

/// <summary>A cart keeps what is wanted for it; what that comes to is worked out anew each time, and units are taken when the order is placed.</summary>
public sealed class Carts
{
    private static LoyaltyProgram Program { get; } = RewardClub.Program() with
    {
        Payment = new() { Unit = "points", Points = 1, Value = new Money(1, Currency.Hkd), Minimum = 100, MostPercent = 50 },
    };

    [Fact]
    public async Task What_is_wanted_is_kept_and_cut_anew_each_time_somebody_looks()
    {
        var shop = new Shop(Program);
        await shop.Club.Buys(700, "pos:sale");
        await shop.Wants("cart-1", 1_000);

        Assert.Equal(new CartView(1_000, 700, 700, Money.Hkd(7)), await shop.Looks("cart-1", 100));
        Assert.Equal(new CartView(1_000, 700, 500, Money.Hkd(5)), await shop.Looks("cart-1", 10));
        await shop.Club.Redeems(300, unit: "points");
        Assert.Equal(new CartView(1_000, 400, 400, Money.Hkd(4)), await shop.Looks("cart-1", 100));
        await shop.Club.Buys(900);
        Assert.Equal(1_000, (await shop.Looks("cart-1", 100))?.Points);
        await shop.Club.Returns("pos:sale", 700);
        Assert.Equal((600, 600, 0), await shop.Looks("cart-1", 100) is { } now ? (now.Available, now.Points, now.Left) : default);
        Assert.Equal(0, (await shop.Looks("cart-1", 1))?.Points);
        Assert.Null(await shop.Looks("cart-2", 100));
    }

    [Fact]
    public async Task Nothing_moves_until_the_order_is_placed_and_then_what_was_shown_is_taken()
    {
        var shop = new Shop(Program);
        await shop.Club.Buys(700);
        await shop.Wants("cart-1", 500);
        await shop.Wants("cart-1", 600);
        Assert.Single(await shop.Club.Ledger(), entry => entry.Unit == "points");
        Assert.Equal("more-than-wanted", (await shop.Pays("cart-1", 601, 100)).Refusal?.Code);

        var receipt = await shop.Pays("cart-1", 600, 100);

        Assert.Equal((-600, 100L), (receipt.Total("points"), await shop.Club.Points()));
        Assert.Null(await shop.Looks("cart-1", 100));
        Assert.Equal("nothing-wanted", (await shop.Pays("cart-1", 100, 100)).Refusal?.Code);
    }

    [Fact]
    public async Task What_was_shown_and_is_not_there_any_more_is_refused_or_taken_as_far_as_it_goes_PTZ14()
    {
        foreach (var clamps in new[] { false, true })
        {
            var shop = new Shop(Program with { Payment = Program.Payment! with { ClampsToBalance = clamps } });
            await shop.Club.Buys(1_000);
            await shop.Wants("cart-1", 1_000);
            Assert.Equal(1_000, (await shop.Looks("cart-1", 100))?.Points);
            await shop.Club.Redeems(600, unit: "points");

            var receipt = await shop.Pays("cart-1", 1_000, 100);

            Assert.Equal(clamps ? null : "insufficient-balance", receipt.Refusal?.Code);
            Assert.Equal(clamps, receipt.Lines.Any(line => line.Code == LineCodes.QuoteShort));
            Assert.Equal((clamps ? 0 : 400, clamps), (await shop.Club.Points(), await shop.Looks("cart-1", 100) is null));
        }
    }

    [Fact]
    public async Task A_wish_is_forgotten_when_it_is_cleared_and_at_its_time()
    {
        var shop = new Shop(Program);
        await shop.Club.Buys(700);
        await shop.Wants("a", 500, Duration.FromHours(2));
        await shop.Wants("b", 500);
        await shop.Wants("c", 500);
        await shop.Wants("c", 0);
        Assert.Equal(["a", "b"], (await shop.Club.Membership()).Carts.Select(cart => cart.Cart));

        shop.Club.On(2026, 1, 15, 15);
        Assert.Equal(["b"], (await shop.Club.Membership()).Carts.Select(cart => cart.Cart));
        shop.Club.On(2026, 2, 14, 13);
        Assert.Empty((await shop.Club.Membership()).Carts);
        Assert.Equal("nothing-wanted", (await shop.Pays("b", 100, 100)).Refusal?.Code);
    }

    [Fact]
    public async Task A_wish_takes_authority_terms_of_payment_and_a_whole_number_and_twenty_carts_are_enough()
    {
        var shop = new Shop(Program);
        Assert.Equal("invalid-amount", (await shop.Wants("a", -1)).Refusal?.Code);
        for (var cart = 0; cart < 20; cart++)
        {
            Assert.True((await shop.Wants($"cart-{cart}", 100)).Accepted);
        }

        Assert.Equal("too-many-carts", (await shop.Wants("one-more", 100)).Refusal?.Code);
        Assert.True((await shop.Wants("cart-7", 200)).Accepted);
        Assert.Equal("no-payment", (await new Shop(RewardClub.Program()).Wants("a", 100)).Refusal?.Code);
    }

    [Fact]
    public void A_cart_always_shows_what_the_terms_allow_of_what_is_there()
    {
        var steps = (from what in Gen.Choose(0, 4) from amount in Gen.Choose(1, 900) select (what, amount)).NonEmptyListOf();
        Prop.ForAll(steps.ToArbitrary(), history => Agrees([.. history]).GetAwaiter().GetResult()).Check(Config.QuickThrowOnFailure.WithMaxTest(60));
    }

    private static async Task Agrees((int What, int Amount)[] history)
    {
        var shop = new Shop(Program);
        var (wanted, sales) = (0L, new List<string>());
        foreach (var (what, amount) in history)
        {
            switch (what)
            {
                case 0:
                    wanted = amount;
                    await shop.Wants("cart", amount);
                    break;
                case 1:
                    await shop.Club.Redeems(amount, unit: "points");
                    break;
                case 2 when sales.Count > 0:
                    await shop.Club.Returns(sales[amount % sales.Count], amount);
                    break;
                case 3 when await shop.Looks("cart", amount) is { Points: > 0 and var points }:
                    var before = await shop.Club.Points();
                    Assert.Equal(-points, (await shop.Pays("cart", points, amount)).Total("points"));
                    Assert.Equal(before - points, await shop.Club.Points());
                    wanted = 0;
                    break;
                default:
                    sales.Add(shop.Club.NextKey());
                    await shop.Club.Buys(amount, sales[^1]);
                    break;
            }

            var held = Math.Max(0, (await shop.Club.Membership()).Wallet("points").Balance);
            Assert.Equal(wanted == 0 ? null : Program.Payment!.Quote(wanted, held, Money.Hkd(amount)).Points, (await shop.Looks("cart", amount))?.Points);
        }
    }

    private sealed class Shop
    {
        private readonly LoyaltyModule module;

        public Shop(LoyaltyProgram program)
        {
            module = new LoyaltyModule(LoyaltyProgramJson.Read(LoyaltyProgramJson.Write(program)));
            Club = new Club(module);
        }

        public Club Club { get; }

        public ValueTask<Receipt> Wants(string cart, long units, Duration? keep = null) => Club.Records(CartEvents.Want(Club.NextKey(), RewardClub.Authority, cart, units, keep));

        public ValueTask<Receipt> Pays(string cart, long units, decimal order) => Club.Records(RewardEvents.Pay(Club.NextKey(), RewardClub.Authority, units, Money.Hkd(order), cart: cart));

        public async Task<CartView?> Looks(string cart, decimal order) => await Club.Reads(Samples.Amy) is { } amy ? module.Cart(amy, cart, Money.Hkd(order)) : null;
    }
}
