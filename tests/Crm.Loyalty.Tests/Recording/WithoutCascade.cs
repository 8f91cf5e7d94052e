using Crm.Events;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Stamps;
using Crm.Loyalty.Tests.Scenarios;
using Crm.Loyalty.Tests.Stamps;
using Crm.Loyalty.Wallets;
using Crm.Conditions;
using Crm.Values;

namespace Crm.Loyalty.Tests.Recording;

/// <summary>Programmes whose refunds reach no further than the purchase: what it earned is taken back by what was recorded, and nothing else is decided again.</summary>
public sealed class WithoutCascade
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_card_that_one_of_two_modules_has_is_found_without_its_programme(bool named)
    {
        var kept = CupCards.Program with { Name = "kept-club", Cascade = Cascade.None };
        var club = new Club([.. LoyaltyModule.Of(new([Samples.TeaClub.Define(), kept.Define()]), [])]);
        await club.Records(CupCards.Purchase("till:1", 9));

        Assert.Null((await club.Records(StampEvents.Use("app:1", Samples.Amy, card: named ? "cups" : null))).Refusal);
        Assert.Equal("no-full-card", (await club.Records(StampEvents.Use("app:2", Samples.Amy, card: named ? "cups" : null))).Refusal?.Code);
        Assert.Equal("unknown-card", (await club.Records(StampEvents.Use("app:3", Samples.Amy, card: "glasses"))).Refusal?.Code);
    }

    [Fact]
    public async Task A_card_that_both_of_two_modules_have_needs_its_programme()
    {
        var (club, kept) = (CupCards.Program, CupCards.Program with { Name = "kept-club", Cascade = Cascade.None });
        var shop = new Club([.. LoyaltyModule.Of(new([club.Define(), kept.Define()]), [])]);
        await shop.Records(CupCards.Purchase("till:1", 9));

        var refused = await shop.Records(StampEvents.Use("app:1", Samples.Amy, card: "cups"));

        Assert.Equal("card-missing", refused.Refusal?.Code);
        Assert.Contains("kept-club/cups, tea-club/cups", refused.Refusal?.Detail.English, StringComparison.Ordinal);
        Assert.True((await shop.Records(StampEvents.Use("app:2", Samples.Amy, "kept-club", "cups"))).Accepted);
        Assert.Equal(1, (await shop.Membership()).Card("cups").Free);
    }

    [Fact]
    public async Task A_store_in_which_a_purchase_came_late_fits_together()
    {
        var module = new LoyaltyModule(Samples.TeaClub with { Units = [new("points", UnitKind.Redeemable) { Expiry = LotExpiry.AfterDays(60, LastDay.Included) }, Samples.TeaClub.Units[1]], Cascade = Cascade.None });
        var club = new Club(module);
        club.On(2026, 4, 23);
        await club.Records(LoyaltyEvents.Visit("web:1", Samples.Amy));
        club.On(2026, 4, 26);
        await club.Records(CustomerEvent.Purchase("pos:late", Samples.Amy, Money.Hkd(115)) with { OccurredAt = Samples.Local(2026, 4, 15) });
        club.On(2026, 8, 1);
        await club.RunDue();

        Assert.Empty(await club.Differences(module));
    }

    [Fact]
    public async Task A_refund_takes_the_award_and_leaves_later_bonuses()
    {
        var second = new FixedPoints { Name = "second", Unit = "points", Points = 500, When = If.Purchases().Count().Is(2) };
        var (kept, history) = (Of(DebtPolicy.Carry, Cascade.None, Samples.Per(1, 1), second), Of(DebtPolicy.Carry, Cascade.History, Samples.Per(1, 1), second));
        foreach (var club in new[] { kept, history })
        {
            await club.Buys(100, "pos:first");
            club.On(2026, 1, 16);
            await club.Buys(100, "pos:second");
            await club.Returns("pos:first", 100);
        }

        Assert.Equal((600, 100), (await Available(kept, LoyaltyNames.KeepingModule), await Available(history, LoyaltyNames.Module)));
    }

    [Fact]
    public async Task What_came_late_runs_out_when_it_was_recorded_to_and_the_books_are_sound()
    {
        LoyaltyModule module = new(Samples.TeaClub with { Cascade = Cascade.None, Units = [new("points", UnitKind.Redeemable) { Expiry = LotExpiry.AfterDays(30, LastDay.Included) }, Samples.TeaClub.Units[1]] });
        var club = new Club(module);
        club.On(2026, 1, 20);
        await club.Buys(10, "pos:first");
        await club.Records(CustomerEvent.Purchase("pos:late", Samples.Amy, Money.Hkd(50)) with { OccurredAt = Samples.Local(2026, 1, 10, 12) });
        club.On(2026, 3, 1);
        await club.RunDue();

        Assert.Empty(await club.Differences(module));
    }

    [Theory]
    [InlineData(DebtPolicy.Carry, 0, 50, 0)]
    [InlineData(DebtPolicy.ClampToZero, 0, 0, 50)]
    [InlineData(DebtPolicy.PendingOnly, 50, 0, 100)]
    [InlineData(DebtPolicy.Reject, 50, 0, 100)]
    public async Task What_is_not_there_is_treated_as_the_policy_says(DebtPolicy policy, long available, long debt, long shortfall)
    {
        var club = Of(policy, Cascade.None, Samples.Per(1, 1));
        await club.Buys(100, "pos:sale");
        await club.Redeems(50);

        var receipt = await club.Returns("pos:sale", 100);

        var wallet = await Wallet(club);
        Assert.Equal((available, debt, shortfall), (wallet.Available, wallet.Debt, wallet.Shortfall));
        Assert.Equal(available - debt - 50, receipt.Total("points"));
        Assert.Equal(wallet.Balance, WalletHistory.Totals(await club.Ledger(), "tea-club", "points").Held);
    }

    [Fact]
    public async Task Pending_units_are_taken_back_first_and_alone_where_the_policy_says_so()
    {
        var club = Of(DebtPolicy.PendingOnly, Cascade.None, Samples.Per(1, 1) with { Terms = new() { Activation = Activation.AfterDays(10) } });
        await club.Buys(100, "pos:sale");
        await club.Returns("pos:sale", 60);
        Assert.Equal((0, 40, 0), (await Numbers(club)));
        club.On(2026, 2, 1);
        await club.Returns("pos:sale", 40);

        Assert.Equal((40, 0, 40), await Numbers(club));
    }

    [Fact]
    public async Task A_debt_runs_beside_expiry_and_the_next_units_repay_it()
    {
        var club = Of(DebtPolicy.Carry, Cascade.None, Samples.Per(1, 1) with { Terms = new() { Expiry = LotExpiry.AfterDays(10, LastDay.Included) } });
        await club.Buys(100, "pos:sale");
        await club.Redeems(100);
        await club.Returns("pos:sale", 100);
        await club.Buys(130);
        Assert.Equal(30, (await Wallet(club)).Available);
        club.On(2026, 2, 1);

        Assert.Equal((0, 0), ((await Wallet(club)).Available, (await Wallet(club)).Debt));
    }

    [Fact]
    public async Task A_refund_without_a_receipt_takes_from_the_article_and_otherwise_from_all_in_proportion()
    {
        var club = Of(DebtPolicy.Carry, Cascade.None, Samples.Per(1, 1));
        await club.Records(CustomerEvent.Purchase(club.NextKey(), Samples.Amy, Money.Hkd(100), Samples.Line("cup", 60), Samples.Line("pot", 40)));
        await club.Buys(50);

        await club.Records(CustomerEvent.Refund(club.NextKey(), Samples.Amy, null, Money.Hkd(60), Samples.Line("cup", 60)));
        Assert.Equal([(100L, 60L), (50L, 0L)], (await Membership(club)).Awards.Select(award => (award.Amount, award.Taken)));
        await club.Records(CustomerEvent.Refund(club.NextKey(), Samples.Amy, null, Money.Hkd(45)));

        Assert.Equal([(100L, 80L), (50L, 25L)], (await Membership(club)).Awards.Select(award => (award.Amount, award.Taken)));
        Assert.Equal(45, (await Wallet(club)).Available);
    }

    [Fact]
    public async Task A_refund_takes_status_units_too_and_the_tier_with_them()
    {
        var club = new Club([.. LoyaltyModule.Of(new([(Samples.TeaClub with { Cascade = Cascade.None }).Define()]), [])]);
        await club.Buys(500, "pos:sale");
        Assert.Equal("gold", await club.Tier());

        await club.Returns("pos:sale", 500);

        Assert.NotEqual("gold", await club.Tier());
    }

    [Fact]
    public async Task Programmes_with_and_without_cascade_stand_side_by_side()
    {
        var kept = Program(DebtPolicy.Carry, Cascade.None, Samples.Per(1, 1)) with { Name = "kept-club" };
        var club = new Club([.. LoyaltyModule.Of(new([Samples.TeaClub.Define(), kept.Define()]), [])]);
        await club.Buys(100, "pos:sale");

        Assert.True((await club.Redeems(60, "kept-club", "points")).Accepted);
        Assert.True((await club.Redeems(5, "tea-club", "points")).Accepted);
        await club.Returns("pos:sale", 50);

        Assert.Equal((0, -10), ((await club.Membership()).Wallet("points").Balance, (await club.Amy()).Slot<LoyaltyState>(LoyaltyNames.KeepingModule).In("kept-club").Wallet("points").Balance));
        Assert.Throws<ArgumentException>(() => new LoyaltyModule(Samples.TeaClub, kept));
    }

    [Fact]
    public void Policies_that_take_back_less_need_a_programme_without_cascade() =>
        Assert.Contains("cascade be none", Assert.Throws<InvalidLoyaltyProgramException>(() => Program(DebtPolicy.Reject, Cascade.History, Samples.Per(1, 1)).Define()).Message);

    private static LoyaltyProgram Program(DebtPolicy policy, Cascade cascade, params IEarningRule[] rules)
    {
        var program = LotScenarios.Points(LotExpiry.Never, rules);
        return program with { Units = [program.Units[0] with { Debt = policy }, program.Units[1]], Cascade = cascade };
    }

    private static Club Of(DebtPolicy policy, Cascade cascade, params IEarningRule[] rules) => Club.Of(LoyaltyProgramJson.Read(LoyaltyProgramJson.Write(Program(policy, cascade, rules))));

    private static async Task<Membership> Membership(Club club, string module = LoyaltyNames.KeepingModule) => (await club.Amy()).Slot<LoyaltyState>(module).In("tea-club");

    private static async Task<Wallet> Wallet(Club club) => (await Membership(club)).Wallet("points");

    private static async Task<long> Available(Club club, string module) => (await Membership(club, module)).Wallet("points").Available;

    private static async Task<(long, long, long)> Numbers(Club club) => await Wallet(club) is var wallet ? (wallet.Available, wallet.PendingTotal, wallet.Shortfall) : default;
}
