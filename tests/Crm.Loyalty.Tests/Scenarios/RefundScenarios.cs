using Crm.Definitions;
using Crm.Engine;
using Crm.Events;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Tests.Recording;
using Crm.Loyalty.Wallets;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Tests.Scenarios;

/// <summary>Section 5.4 of the published scenarios: refunds and reversals. Rows with an X assert the opposite of what a competitor documents.</summary>
public sealed class RefundScenarios
{
    internal static readonly (string Id, decimal Step, decimal Sale, decimal[] Refunds, long Left)[] Table =
    [
        ("OD12", 1, 100, [50], 50),
        ("PTZ18 quarter", 1, 50, [12.50m], 37),
        ("PTZ18 half", 1, 50, [12.50m, 12.50m], 25),
        ("NB1", 1, 100, [75], 25),
        ("SQ6 one", 10, 105, [1], 10),
        ("SQ6 five", 10, 105, [5], 10),
        ("SQ6 ten", 10, 105, [10], 9),
        ("SQ6 twenty", 10, 105, [20], 8),
        ("SQ6 split", 10, 105, [5, 5], 9),
        ("SET20 9999", 1, 150, [9_999], 0),
        ("SET20 nothing", 1, 150, [0], 150),
    ];

    public static TheoryData<string> Ids => [.. Table.Select(row => row.Id)];

    [Theory]
    [MemberData(nameof(Ids))]
    public async Task The_published_points_are_left(string id)
    {
        var (_, step, sale, refunds, left) = Table.Single(row => row.Id == id);
        var club = Of(Samples.Per(1, step));
        await club.Buys(sale, "pos:sale");
        foreach (var refund in refunds)
        {
            await club.Returns("pos:sale", refund);
        }

        Assert.Equal(left, await club.Points());
        Assert.DoesNotContain(await club.Ledger(), entry => entry.Lot == Lot.Debt);
    }

    [Fact]
    public async Task One_of_two_articles_takes_back_what_it_earned_OD12()
    {
        var club = Of(Samples.Per(1, 1) with { Basis = EarningBasis.AllLines });
        await club.Records(CustomerEvent.Purchase("pos:sale", Samples.Amy, Money.Hkd(100), Samples.Line("tea", 100) with { Quantity = 2 }));
        await club.Records(CustomerEvent.Refund("pos:back", Samples.Amy, "pos:sale", Money.Hkd(50), Samples.Line("tea", 50)));

        Assert.Equal(50, await club.Points());
    }

    [Fact]
    public async Task A_full_refund_gives_back_what_was_spent_and_takes_what_was_earned_OD13()
    {
        var club = Of(Samples.Per(1, 1));
        await club.Records(LoyaltyEvents.Adjust("desk:1", Samples.Amy, 200, "opening", "staff:1"));
        await club.Buys(70, "pos:sale");
        await club.Records(LoyaltyEvents.Redeem("pos:spend", SpendAuthority.SignedIn(Samples.Amy), 150));
        Assert.Equal(120, await club.Points());

        await club.Returns("pos:sale", 70);
        await Cancels(club, "pos:spend");

        Assert.Equal(200, await club.Points());
    }

    [Theory]
    [InlineData(DebtPolicy.Carry, -100, -150, 100, 0)]
    [InlineData(DebtPolicy.ClampToZero, 0, -50, 0, 100)]
    public async Task What_was_spent_already_is_owed_or_written_off_SET19(DebtPolicy policy, long balance, long taken, long debt, long shortfall)
    {
        var club = Club.Of(WithDebt(policy));
        await club.Buys(150, "pos:sale");
        await club.Redeems(100);
        var before = (await club.Membership()).Wallet("points").Balance;
        await club.Returns("pos:sale", 150);

        var wallet = (await club.Membership()).Wallet("points");
        Assert.Equal((balance, taken, debt, shortfall), (wallet.Balance, wallet.Balance - before, wallet.Debt, wallet.Shortfall));
        Assert.Equal(wallet.Balance, WalletHistory.Totals(await club.Ledger(), "tea-club", "points").Held);
    }

    [Fact]
    public async Task The_same_clawback_twice_is_one_SET20()
    {
        var club = Of(Samples.Per(1, 1));
        await club.Buys(150, "pos:sale");
        var refund = CustomerEvent.Refund("pos:back", Samples.Amy, "pos:sale", Money.Hkd(150));

        await club.Records(refund);
        await club.Records(refund);

        Assert.Single(await club.Ledger(), entry => entry.Amount < 0);
    }

    [Fact]
    public async Task A_refund_of_less_than_nothing_is_no_event_and_takes_nothing_SET20()
    {
        var club = Of(Samples.Per(1, 1));
        await club.Buys(150, "pos:sale");

        await Assert.ThrowsAsync<InvalidEventException>(async () => await club.Returns("pos:sale", -50));

        Assert.Equal(150, await club.Points());
    }

    [Fact]
    public async Task Cancelling_an_order_undoes_what_it_spent_and_earned_NOP3()
    {
        var club = Of(Samples.Per(1, 1));
        await club.Records(LoyaltyEvents.Adjust("desk:1", Samples.Amy, 50, "registration", "system"));
        await club.Records(LoyaltyEvents.Redeem("pos:spend", SpendAuthority.SignedIn(Samples.Amy), 50));
        await club.Buys(21, "pos:sale");
        Assert.Equal(21, await club.Points());

        await Cancels(club, "pos:sale");
        await Cancels(club, "pos:spend");

        Assert.Equal(50, await club.Points());
    }

    [Fact]
    public async Task A_changed_expiry_leaves_old_lots_alone_X2()
    {
        var never = LotScenarios.Points(LotExpiry.Never, Samples.Per(1, 1));
        var months = never with { Units = [never.Units[0] with { Expiry = LotExpiry.AfterMonths(6, LastDay.Included) }, never.Units[1]] };
        var club = new Club(new LoyaltyModule(new DefinitionCatalog<LoyaltyProgram>([never.Define(), months.Define(2, Samples.Local(2026, 2, 1))])));
        await club.Buys(100);
        club.On(2026, 2, 1);
        await club.Buys(10);

        club.On(2030, 1, 1);
        Assert.Equal(100, await club.Points());
    }

    [Fact]
    public async Task A_refund_uses_the_tier_of_the_purchase_X4()
    {
        var doubled = new Multiplier { Name = "gold-double", Unit = "points", ByTier = [new("gold", new Ratio(2, 1))] };
        var club = Club.Of(Samples.TeaClub with { Rules = [.. Samples.TeaClub.Rules, doubled] });
        await club.Buys(100, "pos:early");
        club.On(2026, 1, 16);
        await club.Buys(500);
        Assert.Equal("gold", await club.Tier());
        Assert.Equal(60, await club.Points());

        await club.Returns("pos:early", 50);

        Assert.Equal(55, await club.Points());
    }

    internal static LoyaltyProgram WithDebt(DebtPolicy policy)
    {
        var program = LotScenarios.Points(LotExpiry.AfterMonths(12, LastDay.Included), Samples.Per(1, 1));
        return program with { Units = [program.Units[0] with { Debt = policy }, program.Units[1]] };
    }

    private static Club Of(params IEarningRule[] rules) => Club.Of(LotScenarios.Points(LotExpiry.Never, rules));

    private static async Task Cancels(Club club, string original) =>
        await club.Records(new CustomerEvent { Key = EventKey.Parse(club.NextKey()), Kind = EventKinds.CancellationName, Identity = Samples.Amy, Original = EventKey.Parse(original) });
}
