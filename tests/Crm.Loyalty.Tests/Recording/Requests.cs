using Crm.Events;
using Crm.Ledger;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Wallets;
using Crm.Values;

namespace Crm.Loyalty.Tests.Recording;

/// <summary>What customers and staff ask for, through the engine.</summary>
public sealed class Requests
{
    [Fact]
    public async Task A_redemption_spends_what_runs_out_first_and_shows_the_lots()
    {
        var club = Club.TeaClub();
        await club.Buys(100);
        club.On(2026, 2, 15);
        await club.Buys(100);

        var receipt = await club.Redeems(15);

        Assert.True(receipt.Accepted);
        Assert.Equal(-15, receipt.Total("points"));
        Assert.Equal([("2027-01-15T16:00:00Z", -10L), ("2027-02-15T16:00:00Z", -5L)], receipt.Lines.Single().Parts.Select(part => (part.Subject!, part.Amount)));
        Assert.Equal(5, await club.Points());
    }

    [Fact]
    public async Task More_than_is_held_is_refused_with_the_numbers_and_changes_nothing()
    {
        var club = Club.TeaClub();
        await club.Buys(100);

        var receipt = await club.Redeems(11);

        Assert.Equal(
            new Refusal("loyalty", "insufficient-balance", new Text("11 points are asked for, and 10 are available.", "要求 11 points，現有 10。")),
            receipt.Refusal);
        Assert.Equal(10, await club.Points());
        Assert.DoesNotContain(await club.Ledger(), entry => entry.Movement == Movement.Spent);
    }

    [Theory]
    [InlineData(0, null, null, "invalid-amount")]
    [InlineData(-3, null, null, "invalid-amount")]
    [InlineData(1, "coffee-club", null, "unknown-program")]
    [InlineData(1, "tea-club", "miles", "unknown-unit")]
    [InlineData(1, "tea-club", "status", "not-spendable")]
    [InlineData(10, "tea-club", "points", null)]
    public async Task A_request_that_makes_no_sense_is_refused_with_a_code(long amount, string? program, string? unit, string? code)
    {
        var club = Club.TeaClub();
        await club.Buys(100);

        Assert.Equal(code, (await club.Redeems(amount, program, unit)).Refusal?.Code);
    }

    [Fact]
    public async Task With_several_programmes_a_request_has_to_name_one()
    {
        var club = Club.Of(Samples.TeaClub, Samples.TeaClub with { Name = "coffee-club" });
        await club.Buys(100);

        var refusal = (await club.Redeems(1)).Refusal;

        Assert.Equal("program-missing", refusal?.Code);
        Assert.Equal("The request has to name a programme. There are: coffee-club, tea-club.", refusal?.Detail.English);
    }

    [Fact]
    public async Task Half_a_point_cannot_be_spent()
    {
        var club = Club.TeaClub();
        await club.Buys(100);
        var half = LoyaltyEvents.Redeem("app:1", SpendAuthority.SignedIn(Samples.Amy), 1);

        Assert.Equal("invalid-amount", (await club.Records(half with { Fields = half.Fields.With("amount", 0.5m) })).Refusal?.Code);
    }

    [Fact]
    public async Task Staff_give_and_take_with_a_reason()
    {
        var club = Club.TeaClub();

        var given = await club.Records(LoyaltyEvents.Adjust("desk:1", Samples.Amy, 40, "goodwill", "staff:17"));
        var taken = await club.Records(LoyaltyEvents.Adjust("desk:2", Samples.Amy, -15, "mistake", "staff:17"));

        Assert.Equal((40L, -15L), (given.Total("points"), taken.Total("points")));
        Assert.Equal([(Movement.Issued, 40L, "goodwill"), (Movement.Reversed, -15L, "mistake")], (await club.Ledger()).Select(entry => (entry.Movement, entry.Amount, entry.Code!)));
        Assert.Equal(25, await club.Points());
    }

    [Fact]
    public async Task Nobody_adjusts_without_a_name_or_more_than_there_is()
    {
        var club = Club.TeaClub();

        Assert.Equal("actor-missing", (await club.Records(LoyaltyEvents.Adjust("desk:1", Samples.Amy, 40, "goodwill", "staff:17") with { Actor = null })).Refusal?.Code);
        Assert.Equal("insufficient-balance", (await club.Records(LoyaltyEvents.Adjust("desk:2", Samples.Amy, -1, "mistake", "staff:17"))).Refusal?.Code);
    }

    [Fact]
    public async Task Status_units_given_by_hand_lift_the_tier()
    {
        var club = Club.TeaClub();

        await club.Records(LoyaltyEvents.Adjust("desk:1", Samples.Amy, 50, "invitation", "staff:17", unit: "status"));

        Assert.Equal("gold", await club.Tier());
    }

    [Fact]
    public async Task Where_there_are_several_every_request_about_units_names_programme_and_unit_B12()
    {
        LoyaltyUnit Unit(string name) => new(name, UnitKind.Redeemable) { Expiry = LotExpiry.AfterDays(10, LastDay.Included), Returns = new(30, GoneLots.NewLot), ReinstateWithinDays = 30 };
        LoyaltyProgram Program(string name) => new() { Name = name, Zone = "Asia/Hong_Kong", Units = [Unit("points"), Unit("stars")], Conversions = [new("swap", "points", "stars", 10, 1)] };
        var club = Club.Of(Program("tea-club"), Program("cake-club"));
        await club.Records(LoyaltyEvents.Adjust("desk:1", Samples.Amy, 100, "goodwill", "staff:1", "cake-club", "points"));
        await club.Records(LoyaltyEvents.Redeem("app:1", SpendAuthority.SignedIn(Samples.Amy), 40, "cake-club", "points"));

        Receipt[] receipts =
        [
            await club.Records(LoyaltyEvents.Return("app:2", Samples.Amy, "app:1", 30, "cake-club", "points")),
            await club.Records(LoyaltyEvents.Convert("app:3", Samples.Amy, 20, program: "cake-club")),
            await club.Records(LoyaltyEvents.AmendLots("desk:2", Samples.Amy, Samples.Local(2026, 2, 1), "goodwill", "terms-2026", "staff:1", program: "cake-club", unit: "points")),
            await RunOut(),
        ];

        Assert.All(receipts, receipt => Assert.Null(receipt.Refusal));
        var cakes = await club.Membership("cake-club");
        Assert.Equal((5L, 0L), (cakes.Wallet("points").Available, cakes.Wallet("stars").Available));

        async Task<Receipt> RunOut()
        {
            club.On(2026, 2, 10);
            return await club.Records(LoyaltyEvents.Reinstate("desk:3", Samples.Amy, 5, null, "goodwill", "staff:1", program: "cake-club", unit: "points"));
        }
    }
}
