using Crm.Events;
using Crm.Ledger;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Tests.Pools;
using Crm.Loyalty.Tests.Recording;
using Crm.Modules;
using Crm.Values;

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

    [Fact]
    public void Only_happenings_are_written_with_their_cause() =>
        Assert.Contains("only happenings can be", Assert.Throws<ArgumentException>(() => new EventKinds([new EventKind("ask", EventNature.Request) { WithCause = true }])).Message, StringComparison.Ordinal);

    private static async Task<Receipt> Gives(Household club, Identity from, Identity to, long amount) => await club.Records(LoyaltyEvents.Transfer(club.Key(), from, await club.IdOf(to), amount, unit: "points"));

    /// <summary>Fails at what comes from others for as long as it is told to.</summary>
    private sealed class Grumpy : CustomerModule<VipWhen.Nothing>
    {
        public bool Fails { get; set; }

        public override ModuleContract Contract { get; } = new() { Name = "grumpy", Codec = new VipWhen.NothingCodec(), Handles = [LoyaltyEvents.ReceiveName] };

        protected override Outcome Handle(VipWhen.Nothing state, ModuleContext context) => Fails ? throw new InvalidOperationException("Not today.") : Outcome.Nothing;
    }
}
