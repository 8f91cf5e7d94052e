using Crm.Events;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Tests.Recording;
using Crm.Loyalty.Tests.Redemption;
using Crm.Loyalty.Tests.Scenarios;
using Crm.Loyalty.Wallets;
using Crm.Modules;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using Outcome = Crm.Modules.Outcome;

namespace Crm.Loyalty.Tests.Wallets;

/// <summary>Spent units that came back stay back, whatever is refunded of the purchases that earned them.</summary>
public sealed class Returns
{
    [Theory]
    [InlineData(DebtPolicy.Carry)]
    [InlineData(DebtPolicy.ClampToZero)]
    public async Task A_refund_of_the_purchase_leaves_nothing_of_a_redemption_that_came_back(DebtPolicy debt)
    {
        var club = Of(debt);
        await club.Buys(100, "pos:sale");
        await club.Records(LoyaltyEvents.Redeem("app:spend", RewardClub.Authority, 100));
        await club.Records(LoyaltyEvents.Return("app:back", Samples.Amy, "app:spend"));
        Assert.Equal(100, await club.Points());
        await club.Returns("pos:sale", 100);

        var wallet = (await club.Membership()).Wallet("points");
        Assert.Equal((0L, 0L, 0L), (wallet.Available, wallet.Debt, wallet.Shortfall));
    }

    [Theory]
    [InlineData(DebtPolicy.Carry)]
    [InlineData(DebtPolicy.ClampToZero)]
    public async Task A_refund_of_a_part_leaves_what_the_rest_had_earned(DebtPolicy debt)
    {
        var club = Of(debt);
        await club.Buys(100, "pos:sale");
        await club.Records(LoyaltyEvents.Redeem("app:spend", RewardClub.Authority, 100));
        await club.Records(LoyaltyEvents.Return("app:back", Samples.Amy, "app:spend"));
        await club.Returns("pos:sale", 40);

        var wallet = (await club.Membership()).Wallet("points");
        Assert.Equal((60L, 0L, 0L), (wallet.Available, wallet.Debt, wallet.Shortfall));
    }

    [Theory]
    [InlineData(1.5)]
    [InlineData(0.0)]
    [InlineData(-1.0)]
    public async Task Only_whole_units_come_back(double amount)
    {
        var club = Of(DebtPolicy.Carry);
        await club.Buys(100);
        await club.Records(LoyaltyEvents.Redeem("app:spend", RewardClub.Authority, 100));

        var receipt = await club.Records(LoyaltyEvents.Return("app:back", Samples.Amy, "app:spend") with { Fields = Fields.Of(("amount", (decimal)amount)) });

        Assert.Equal(("invalid-amount", 0L), (receipt.Refusal?.Code, await club.Points()));
    }

    [Fact]
    public async Task What_came_back_in_part_leaves_the_rest_owed()
    {
        var club = Of(DebtPolicy.Carry);
        await club.Buys(100, "pos:sale");
        await club.Records(LoyaltyEvents.Redeem("app:spend", RewardClub.Authority, 100));
        await club.Records(LoyaltyEvents.Return("app:back", Samples.Amy, "app:spend", 30));
        await club.Returns("pos:sale", 100);
        Assert.Equal(-70, (await club.Membership()).Wallet("points").Balance);

        var receipt = await club.Records(LoyaltyEvents.Return("app:more", Samples.Amy, "app:spend"));

        Assert.Equal((70L, 0L), (receipt.Total("points"), (await club.Membership()).Wallet("points").Balance));
        Assert.All(receipt.Lines, line => Assert.True(line.AddsUp));
    }

    [Fact]
    public async Task What_was_written_off_and_came_back_is_written_off_no_more()
    {
        var club = Of(DebtPolicy.ClampToZero);
        await club.Buys(100, "pos:sale");
        await club.Records(LoyaltyEvents.Redeem("app:spend", RewardClub.Authority, 100));
        await club.Returns("pos:sale", 60);
        Assert.Equal((0L, 60L), ((await club.Membership()).Wallet("points").Balance, (await club.Membership()).Wallet("points").Shortfall));

        var receipt = await club.Records(LoyaltyEvents.Return("app:back", Samples.Amy, "app:spend"));

        var wallet = (await club.Membership()).Wallet("points");
        Assert.Equal((40L, 40L, 0L), (receipt.Total("points"), wallet.Balance, wallet.Shortfall));
        Assert.All(receipt.Lines, line => Assert.True(line.AddsUp));
    }

    [Fact]
    public async Task A_redemption_that_is_taken_back_as_a_whole_does_not_come_back_besides()
    {
        var club = Of(DebtPolicy.Carry);
        await club.Buys(100);
        await club.Records(LoyaltyEvents.Redeem("app:spend", RewardClub.Authority, 100));
        await club.Records(LoyaltyEvents.Return("app:back", Samples.Amy, "app:spend"));
        await club.Records(new CustomerEvent { Key = EventKey.Parse("app:undo"), Kind = EventKinds.CancellationName, Identity = Samples.Amy, Original = EventKey.Parse("app:spend") });

        Assert.Equal(100, await club.Points());
    }

    [Fact]
    public async Task A_payment_that_took_what_there_was_can_come_back()
    {
        var program = Program(DebtPolicy.Carry) with { Payment = new() { Unit = "points", Points = 1, Value = new Money(1, Currency.Hkd), ClampsToBalance = true } };
        var club = Club.Of(program);
        await club.Buys(100);
        await club.Records(CartEvents.Want("web:want", RewardClub.Authority, "cart", 100));
        await club.Redeems(60);
        await club.Records(RewardEvents.Pay("pos:pay", RewardClub.Authority, 100, Money.Hkd(100), cart: "cart"));
        Assert.Equal(0, await club.Points());

        Assert.Equal(40, (await club.Records(LoyaltyEvents.Return("app:back", Samples.Amy, "pos:pay"))).Total("points"));
    }

    [Fact]
    public async Task A_payment_that_history_decided_again_makes_smaller_comes_back_as_far_as_it_went()
    {
        var program = Program(DebtPolicy.Carry) with { Payment = new() { Unit = "points", Points = 1, Value = new Money(1, Currency.Hkd), ClampsToBalance = true } };
        var club = Club.Of(program);
        await club.Buys(100, "pos:sale");
        await club.Records(RewardEvents.Pay("pos:pay", RewardClub.Authority, 100, Money.Hkd(100)));
        await club.Records(LoyaltyEvents.Return("app:back", Samples.Amy, "pos:pay", 100));
        await club.Returns("pos:sale", 60);

        Assert.Equal(40, (await club.Membership()).Wallet("points").Balance);
    }

    [Fact]
    public async Task A_redemption_of_one_unit_leaves_those_of_another_returnable()
    {
        var program = Program(DebtPolicy.Carry) with
        {
            Units = [new("points", UnitKind.Redeemable) { Returns = new(60, GoneLots.StillExpired) }, new("stars", UnitKind.Redeemable) { Returns = new(2, GoneLots.StillExpired) }],
            Rules = [Samples.Per(1, 1), Samples.Per(1, 1) with { Name = "stars", Unit = "stars" }],
        };
        var club = Club.Of(program);
        await club.Buys(100);
        await club.Records(LoyaltyEvents.Redeem("app:points", RewardClub.Authority, 10, unit: "points"));
        club.On(2026, 1, 25);
        await club.Redeems(10, unit: "stars");

        Assert.Equal(10, (await club.Records(LoyaltyEvents.Return("app:back", Samples.Amy, "app:points") is var asked ? asked with { Fields = asked.Fields.With("unit", "points") } : throw new InvalidOperationException())).Total("points"));
    }

    [Fact]
    public void What_was_spent_and_came_back_is_as_if_it_had_never_been_spent_whatever_is_refunded() => Law(program => new LoyaltyModule(program)).Check(Thorough);

    [Fact]
    public void A_return_that_a_replay_drops_is_caught() => Counterfeits.Caught(() => Law(program => new Forgetting(program)).Check(Thorough));

    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(60);

    private static Property Law(Func<LoyaltyProgram, ICustomerModule> module) => Prop.ForAll(
        (from debt in Gen.Elements(DebtPolicy.Carry, DebtPolicy.ClampToZero)
         from orders in Gen.Choose(1, 80).NonEmptyListOf().Where(orders => orders.Count < 8)
         from spends in (from amount in Gen.Choose(1, 60) from first in Gen.Choose(1, 60) select (amount, first)).NonEmptyListOf().Where(spends => spends.Count < 6)
         from refunds in (from order in Gen.Choose(0, 7) from amount in Gen.Choose(1, 80) select (order, amount)).NonEmptyListOf().Where(refunds => refunds.Count < 6)
         select (debt, orders, spends, refunds)).ToArbitrary(),
        given => Holds(module, given.debt, [.. given.orders], [.. given.spends], [.. given.refunds]).GetAwaiter().GetResult());

    // The same purchases and refunds, with everything that was spent in between coming back in two pieces, and with nothing spent at all.
    private static async Task Holds(Func<LoyaltyProgram, ICustomerModule> module, DebtPolicy debt, int[] orders, (int Amount, int First)[] spends, (int Order, int Amount)[] refunds)
    {
        var (with, without) = (new Club(module(Program(debt))), new Club(module(Program(debt))));
        foreach (var club in new[] { with, without })
        {
            for (var i = 0; i < orders.Length; i++)
            {
                await club.Buys(orders[i], $"till:{i}");
            }

            for (var i = 0; club == with && i < spends.Length; i++)
            {
                if ((await club.Records(LoyaltyEvents.Redeem($"app:{i}", RewardClub.Authority, spends[i].Amount))).Accepted)
                {
                    await club.Records(LoyaltyEvents.Return($"app:{i}-one", Samples.Amy, $"app:{i}", Math.Min(spends[i].First, spends[i].Amount)));
                    await club.Records(LoyaltyEvents.Return($"app:{i}-two", Samples.Amy, $"app:{i}"));
                }
            }

            foreach (var (order, amount) in refunds)
            {
                await club.Returns($"till:{order % orders.Length}", amount);
            }
        }

        Assert.Equal((await without.Membership()).Wallet("points"), (await with.Membership()).Wallet("points"));
    }

    private static LoyaltyProgram Program(DebtPolicy debt)
    {
        var program = LotScenarios.Points(LotExpiry.Never, Samples.Per(1, 1));
        return program with { Units = [program.Units[0] with { Debt = debt, Returns = new(60, GoneLots.StillExpired) }, program.Units[1]] };
    }

    private static Club Of(DebtPolicy debt) => Club.Of(Program(debt));

    /// <summary>In a replay a return finds only lots to give back to, and is dropped where the redemption took none.</summary>
    private sealed class Forgetting(LoyaltyProgram program) : CustomerModule<LoyaltyState>
    {
        private readonly ICustomerModule inner = new LoyaltyModule(program);

        public override ModuleContract Contract => inner.Contract;

        protected override Outcome Handle(LoyaltyState state, ModuleContext context) =>
            context is { AlreadyAccepted: true, Stimulus: Stimulus.Happened { Event.Kind: LoyaltyEvents.ReturnName } } && state.In("tea-club").Wallet("points").Balance <= 0
                ? Outcome.Nothing
                : inner.Handle(state, context);
    }
}
