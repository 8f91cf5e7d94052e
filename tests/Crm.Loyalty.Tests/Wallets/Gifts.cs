using Crm.Definitions;
using Crm.Events;
using Crm.Ledger;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Receipts;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Tests.Pools;
using Crm.Loyalty.Tests.Recording;
using Crm.Loyalty.Wallets;
using Crm.Modules;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Tests.Wallets;

/// <summary>The two sides of a gift are written together where the store can, and the outbox brings the other side where it cannot.</summary>
public sealed class Gifts
{
    [Fact]
    public async Task Both_sides_of_a_gift_are_in_one_commit()
    {
        var club = new Household();
        await club.Buys(Household.Amy, 100);
        await club.Buys(Household.Bob, 1);

        var receipt = await Gives(club, Household.Amy, Household.Bob, 60);

        Assert.True(receipt.Accepted);
        Assert.Equal((40L, 61L), (await club.Points(Household.Amy), await club.Points(Household.Bob)));
        Assert.Equal(0, await club.Settles());
        Assert.Equal((40L, 61L), (await club.Points(Household.Amy), await club.Points(Household.Bob)));
        Assert.Equal([-60L, 60L], (await club.Ledger()).Where(entry => entry.Movement == Movement.Transferred).Select(entry => entry.Amount).Order());
    }

    [Fact]
    public async Task Where_the_store_writes_one_customer_at_a_time_the_outbox_brings_it()
    {
        var club = new Household(together: false);
        await club.Buys(Household.Amy, 100);
        await club.Buys(Household.Bob, 1);
        await Gives(club, Household.Amy, Household.Bob, 60);
        Assert.Equal((40L, 1L), (await club.Points(Household.Amy), await club.Points(Household.Bob)));

        Assert.Equal(1, await club.Settles());

        Assert.Equal((40L, 61L), (await club.Points(Household.Amy), await club.Points(Household.Bob)));
    }

    [Fact]
    public async Task A_gift_that_the_other_side_cannot_take_now_waits_and_is_not_lost()
    {
        var grumpy = new Grumpy { Fails = true };
        var club = new Household(modules: [grumpy]);
        await club.Buys(Household.Amy, 100);
        await club.Buys(Household.Bob, 1);

        Assert.True((await Gives(club, Household.Amy, Household.Bob, 60)).Accepted);
        await club.Engine.PumpAsync(cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal((40L, 1L), (await club.Points(Household.Amy), await club.Points(Household.Bob)));
        grumpy.Fails = false;

        Assert.Equal(1, await club.Settles());
        Assert.Equal((40L, 61L), (await club.Points(Household.Amy), await club.Points(Household.Bob)));
    }

    [Fact]
    public async Task Who_give_to_each_other_at_once_neither_wait_for_each_other_nor_lose_anything()
    {
        var club = new Household();
        await club.Buys(Household.Amy, 200);
        await club.Buys(Household.Bob, 200);
        await club.Buys(Household.Cat, 200);
        var people = new[] { Household.Amy, Household.Bob, Household.Cat };

        var receipts = await Task.WhenAll(Enumerable.Range(0, 120).Select(n => Task.Run(() => Gives(club, people[n % 3], people[(n + 1 + (n / 3 % 2)) % 3], 5))));

        Assert.All(receipts, receipt => Assert.True(receipt.Accepted));
        Assert.Equal(0, await club.Settles());
        Assert.Equal(600, await club.Points(people[0]) + await club.Points(people[1]) + await club.Points(people[2]));
        Assert.Equal(240, (await club.Ledger()).Count(entry => entry.Movement == Movement.Transferred));
    }

    [Fact]
    public async Task Many_gifts_to_one_person_at_once_all_arrive()
    {
        var club = new Household();
        await club.Buys(Household.Bob, 1);
        var bob = await club.IdOf(Household.Bob);
        var givers = Enumerable.Range(0, 40).Select(n => Identity.User($"giver-{n}")).ToList();
        foreach (var giver in givers)
        {
            await club.Buys(giver, 10);
        }

        await Task.WhenAll(givers.Select(giver => Task.Run(async () => await club.Records(LoyaltyEvents.Transfer(club.Key(), giver, bob, 10, unit: "points")))));

        Assert.Equal(401, await club.Points(Household.Bob));
        Assert.Equal(0, await club.Settles());
    }

    [Theory]
    [InlineData(LoyaltyEvents.ReceiveName)]
    [InlineData(LoyaltyEvents.CameBackName)]
    public async Task Units_that_come_when_the_programme_has_none_of_the_kind_any_more_are_kept_with_their_life(string kind)
    {
        var (first, second) = (Samples.TeaClub with { Units = [.. Samples.TeaClub.Units, new("stars", UnitKind.Redeemable)] }, Samples.TeaClub);
        var club = new Club(new LoyaltyModule(new DefinitionCatalog<LoyaltyProgram>([first.Define(1, Instant.MinValue), second.Define(2, Samples.Local(2026, 2, 1))])));
        club.On(2026, 2, 2);

        await club.Records(Bringing(kind, "tea-club", "stars", $"forever=60;{Lot.NameOf(Samples.Local(2026, 5, 1))}=40"));

        Assert.Equal([(40L, Samples.Local(2026, 5, 1)), (60L, default(Instant?))], (await club.Membership()).Wallet("stars").Lots.Select(lot => (lot.Amount, lot.Expiry)));
        Assert.Equal(100, (await club.Ledger()).Sum(entry => entry.Amount));
        club.On(2026, 5, 2);
        Assert.Equal(60, (await club.Membership()).Wallet("stars").Balance);
    }

    [Fact]
    public async Task Units_that_come_before_the_programme_begins_are_kept()
    {
        var club = new Club(new LoyaltyModule(new DefinitionCatalog<LoyaltyProgram>([Samples.TeaClub.Define(1, Samples.Local(2026, 3, 1))])));

        await club.Records(Bringing(LoyaltyEvents.ReceiveName, "tea-club", "points", "forever=60"));

        Assert.Equal(60, await club.Points());
    }

    [Theory]
    [InlineData("chess-club", "points", "No programme is named 'chess-club'. There are: tea-club.")]
    [InlineData("tea-club", "stars", "No unit is named 'stars'. There are: points, status.")]
    public async Task Units_of_a_programme_or_a_kind_that_nobody_knows_are_named(string program, string unit, string said)
    {
        var club = Club.TeaClub();

        var receipt = await club.Records(Bringing(LoyaltyEvents.ReceiveName, program, unit, "forever=60"));

        var line = receipt.Lines.Single(line => line.Code == LineCodes.NotBooked);
        Assert.Equal((unit, 60L, said), (line.Unit, line.Amount, line.Text?.English));
    }

    [Fact]
    public void Only_happenings_are_written_with_their_cause() =>
        Assert.Contains("only happenings can be", Assert.Throws<ArgumentException>(() => new EventKinds([new EventKind("ask", EventNature.Request) { WithCause = true }])).Message, StringComparison.Ordinal);

    private static CustomerEvent Bringing(string kind, string program, string unit, string lots) => new()
    {
        Key = EventKey.Parse("loyalty:received"),
        Kind = kind,
        Identity = Samples.Amy,
        Fields = Fields.Of(("program", program), ("unit", unit), ("lots", lots)),
    };

    private static async Task<Receipt> Gives(Household club, Identity from, Identity to, long amount) => await club.Records(LoyaltyEvents.Transfer(club.Key(), from, await club.IdOf(to), amount, unit: "points"));

    /// <summary>Fails at what comes from others for as long as it is told to.</summary>
    private sealed class Grumpy : CustomerModule<VipWhen.Nothing>
    {
        public bool Fails { get; set; }

        public override ModuleContract Contract { get; } = new() { Name = "grumpy", Codec = new VipWhen.NothingCodec(), Handles = [LoyaltyEvents.ReceiveName] };

        protected override Outcome Handle(VipWhen.Nothing state, ModuleContext context) => Fails ? throw new InvalidOperationException("Not today.") : Outcome.Nothing;
    }
}
