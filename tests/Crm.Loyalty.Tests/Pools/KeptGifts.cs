using Crm.Engine;
using Crm.Events;
using Crm.Ledger;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Pools;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Wallets;
using Crm.Modules;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using static Crm.Loyalty.Tests.Pools.Household;
using Outcome = Crm.Modules.Outcome;

namespace Crm.Loyalty.Tests.Pools;

/// <summary>Gifts to pools that are cancelled, in programmes without cascade: the pool gives them back, and owes what is not there any more.</summary>
public sealed class KeptGifts
{
    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(Environment.GetEnvironmentVariable("CRM_LONG") == "1" ? 3_000 : 60);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_cancelled_gift_to_a_pool_goes_back_to_who_gave_it_with_its_life(bool together)
    {
        var house = await Opened(together, LotExpiry.AfterMonths(12, LastDay.Included));
        var before = (await house.Of(Bob)).Wallet("points");
        await house.Gives(Bob, 60, "app:gift");
        await house.Settles();
        Assert.Equal((240L, 60L), (await house.Points(Bob), await house.Points(Home)));

        var receipt = await house.Cancels("app:gift", Bob);
        await house.Settles();

        Assert.DoesNotContain(receipt.Lines, line => line.Code == "not-undone");
        Assert.Contains(receipt.Lines, line => line is { Code: "pool", Subject: "asked-back" });
        Assert.Equal((before, 0L), ((await house.Of(Bob)).Wallet("points"), await house.Points(Home)));
        Assert.Equal(new PoolShare("points", 0, 0), await Share(house, Bob));
        Assert.Equal(0, (await house.Ledger()).Where(entry => entry.Movement == Movement.Transferred).Sum(entry => entry.Amount));
    }

    [Theory]
    [InlineData(DebtPolicy.Carry, -40, 0)]
    [InlineData(DebtPolicy.PendingOnly, -40, 0)]
    [InlineData(DebtPolicy.Reject, -40, 0)]
    [InlineData(DebtPolicy.ClampToZero, 0, 40)]
    public async Task What_was_spent_of_a_cancelled_gift_the_pool_owes_unless_the_unit_writes_off(DebtPolicy policy, long balance, long shortfall)
    {
        var house = await Opened(debt: policy);
        await house.Gives(Bob, 60, "app:gift");
        await house.Spends(Bob, 40);

        await house.Cancels("app:gift", Bob);
        await house.Settles();

        Assert.Equal((300L, balance, shortfall), (await house.Points(Bob), await house.Points(Home), (await house.Of(Home)).Wallet("points").Shortfall));
        Assert.Equal(new PoolShare("points", 0, 40), await Share(house, Bob));
    }

    [Fact]
    public async Task A_gift_that_is_cancelled_again_after_its_cancellation_was_taken_back_comes_back_once()
    {
        var house = await Opened();
        await house.Gives(Bob, 60, "app:gift");
        await house.Records(Cancellation("desk:1", "app:gift", Bob));
        await house.Records(Cancellation("desk:2", "desk:1", Bob));
        await house.Records(Cancellation("desk:3", "app:gift", Bob));
        await house.Settles();

        Assert.Equal((300L, 0L), (await house.Points(Bob), await house.Points(Home)));
    }

    [Fact]
    public async Task A_gift_that_the_pool_did_not_take_does_not_come_back_twice()
    {
        var house = await Opened();
        await house.Leaves(Bob, Amy);
        await house.Gives(Bob, 60, "app:gift");
        await house.Settles();
        Assert.Equal(300, await house.Points(Bob));

        await house.Cancels("app:gift", Bob);
        await house.Settles();

        Assert.Equal((300L, 0L), (await house.Points(Bob), await house.Points(Home)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_the_giver_took_along_has_come_back_already(bool dissolves)
    {
        var house = await Opened();
        await house.Gives(Bob, 200, "app:gift");
        await house.Gives(Cat, 100);
        await house.Spends(Bob, 50, "app:spent");
        await (dissolves ? house.Dissolves(Amy) : house.Leaves(Bob));
        await house.Settles();
        Assert.Equal(250, await house.Points(Bob));

        await house.Cancels("app:gift", Bob);
        await house.Settles();

        // The 50 that were spent are owed.
        Assert.Equal((300L, dissolves ? -50L : 50L), (await house.Points(Bob), await house.Points(Home)));
        await house.Cancels("app:spent", Home);
        await house.Settles();
        Assert.Equal((300L, dissolves ? 0L : 100L), (await house.Points(Bob), await house.Points(Home)));
    }

    [Fact]
    public async Task What_was_given_after_coming_back_is_not_what_was_taken_along_before()
    {
        var house = await Opened();
        await house.Gives(Bob, 100);
        await house.Leaves(Bob);
        house.Later();
        await house.Admits(Bob, PoolRole.Spender);
        await house.Gives(Bob, 60, "app:gift");

        await house.Cancels("app:gift", Bob);
        await house.Settles();

        Assert.Equal((300L, 0L, 0L), (await house.Points(Bob), await house.Points(Home), (await Share(house, Bob)).Given));
    }

    [Fact]
    public async Task What_ran_out_in_the_pool_does_not_come_back()
    {
        var house = await Opened(expiry: LotExpiry.AfterDays(10, LastDay.Included));
        await house.Gives(Bob, 60, "app:gift");
        house.Later(20);
        await house.Buys(Bob, 5);
        await house.Buys(Cat, 30);
        await house.Gives(Cat, 30);

        await house.Cancels("app:gift", Bob);
        await house.Settles();

        Assert.Equal((5L, 30L), (await house.Points(Bob), await house.Points(Home)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_cancelled_gift_of_somebody_who_was_merged_since_goes_back_to_who_they_are_now_once(bool leaves)
    {
        var house = await Opened();
        await house.Gives(Bob, 60, "app:gift");
        var (home, bob) = (await house.IdOf(Home), await house.IdOf(Bob));
        await house.Merges(Cat, Bob);
        Assert.Equal((540L, 60L), (await house.Points(Cat), await house.Points(Home)));
        if (leaves)
        {
            await house.Records(PoolEvents.Leave(house.Key(), Home, await house.IdOf(Amy), bob));
            await house.Settles();
            Assert.Equal((600L, 0L), (await house.Points(Cat), await house.Points(Home)));
        }

        await house.Cancels("app:gift", Cat);
        await house.Settles();

        Assert.Equal((600L, 0L), (await house.Points(Cat), await house.Points(Home)));
        var pool = (await house.Of(home)).Pool;
        Assert.Equal((null, 0L), (pool?.Member(bob), pool?.Member(await house.IdOf(Cat))?.Share("points").Given));
    }

    [Theory]
    [InlineData("app:first", "app:second")]
    [InlineData("app:second", "app:first")]
    public async Task What_ran_out_in_the_pool_is_none_of_what_its_giver_took_along(string one, string other)
    {
        var house = await Opened(expiry: LotExpiry.AfterDays(10, LastDay.Included));
        await house.Gives(Bob, 60, "app:first");
        house.Later(20);
        await house.Buys(Bob, 100);
        await house.Gives(Bob, 60, "app:second");
        await house.Leaves(Bob);
        await house.Settles();
        Assert.Equal((100L, 0L), (await house.Points(Bob), await house.Points(Home)));

        await house.Cancels(one, Bob);
        await house.Cancels(other, Bob);
        await house.Settles();

        Assert.Equal((100L, 0L), (await house.Points(Bob), await house.Points(Home)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_gift_that_comes_after_it_was_cancelled_goes_back(bool toPool)
    {
        var house = await Opened();
        var (to, from) = (toPool ? Home : Cat, toPool ? await house.IdOf(Bob) : default(CustomerId?));
        var received = new EventKey("loyalty", "received/app:gift");
        var before = await house.Points(to);
        await house.Records(new CustomerEvent { Key = new EventKey("loyalty", "taken-back/app:gift"), Kind = EventKinds.CancellationName, Customer = await house.IdOf(to), Original = received });

        await house.Records(new CustomerEvent
        {
            Key = received,
            Kind = LoyaltyEvents.ReceiveName,
            Customer = await house.IdOf(to),
            Fields = Fields.Of(("program", "tea-club"), ("unit", "points"), ("lots", "forever=60"), ("from", from is { } who ? Scalar.Of(who.ToString()) : default)),
        });
        await house.Settles();

        Assert.Equal((before, toPool ? 360L : 300L), (await house.Points(to), await house.Points(Bob)));
    }

    /// <summary>Whatever is given, spent, and taken along by who leaves: when all gifts and all that was spent is cancelled, in whatever order, everybody has what they had, and the pool has and owes nothing.</summary>
    [Fact]
    public void When_everything_is_cancelled_everybody_has_what_they_had() => GiftLaw(static module => module, static _ => true).Check(Thorough);

    [Fact]
    public void Leaving_gifts_where_they_are_is_caught() => Counterfeits.Caught(() => GiftLaw(static module => module, static key => !key.StartsWith("app:gift", StringComparison.Ordinal)).Check(Thorough));

    [Fact]
    public void Forgetting_what_was_taken_along_is_caught() => Counterfeits.Caught(() => GiftLaw(static module => new Forgetful(module), static _ => true).Check(Thorough));

    private static Property GiftLaw(Func<LoyaltyModule, ICustomerModule> wrap, Func<string, bool> cancels) => Prop.ForAll(Stories.ToArbitrary(), async Task<bool> (story) =>
    {
        var house = await Opened(story.Together, wrap: wrap);
        var done = new List<(string Key, Identity Whose)>();
        foreach (var (what, who, amount, place) in story.Steps.Select((step, place) => (step.What, step.Who, step.Amount, place)))
        {
            var (key, giver) = ($"app:{(what == 0 ? "gift" : "spent")}-{place}", who % 2 == 0 ? Bob : Cat);
            var receipt = what == 0 ? await house.Gives(giver, amount, key) : await house.Spends(who % 2 == 0 ? Bob : Amy, amount, key);
            await house.Settles();
            if (receipt.Accepted)
            {
                done.Add((key, what == 0 ? giver : Home));
            }
        }

        foreach (var who in story.Leave)
        {
            await (who == 2 ? house.Dissolves(Amy) : house.Leaves(who == 0 ? Bob : Cat));
            await house.Settles();
        }

        foreach (var (key, whose) in done.OrderBy(one => (done.IndexOf(one) + 1) * story.Order % 31).Where(one => cancels(one.Key)))
        {
            await house.Cancels(key, whose);
            await house.Settles();
        }

        Assert.Equal((0L, 300L, 300L, 0L), (await house.Points(Amy), await house.Points(Bob), await house.Points(Cat), await house.Points(Home)));
        Assert.Equal(0, (await house.Ledger()).Where(entry => entry.Movement == Movement.Transferred).Sum(entry => entry.Amount));
        return true;
    });

    private static Gen<Story> Stories =>
        from steps in (from what in Gen.Elements(0, 0, 1) from who in Gen.Choose(0, 1) from amount in Gen.Choose(1, 120) select (what, who, amount)).NonEmptyListOf()
        from leave in Gen.Elements<int[]>([], [0], [1], [2], [0, 1], [1, 2])
        from order in Gen.Choose(1, 30)
        from together in Gen.Elements(true, true, false)
        select new Story([.. steps], leave, order, together);

    private static CustomerEvent Cancellation(string key, string of, Identity whose) => new() { Key = EventKey.Parse(key), Kind = EventKinds.CancellationName, Identity = whose, Original = EventKey.Parse(of) };

    private static async Task<PoolShare> Share(Household house, Identity who) => (await house.Of(Home)).Pool?.Member(await house.IdOf(who))?.Share("points") ?? throw new InvalidOperationException($"{who.Value} is no member.");

    // Bob and Cat have 300 each.
    private static async Task<Household> Opened(bool together = true, LotExpiry? expiry = null, DebtPolicy debt = DebtPolicy.Carry, Func<LoyaltyModule, ICustomerModule>? wrap = null)
    {
        var club = Program(new PoolRules { Leaving = PoolLeaving.Return });
        var house = await new Household(club with { Units = [club.Units[0] with { Debt = debt, Expiry = expiry ?? LotExpiry.Never }, .. club.Units.Skip(1)], Cascade = Cascade.None }, together, wrap ?? (static module => module)).Opened();
        await house.Buys(Bob, 300);
        await house.Buys(Cat, 300);
        return house;
    }

    private sealed record Story(List<(int What, int Who, int Amount)> Steps, int[] Leave, int Order, bool Together);

    /// <summary>Forgets what members took along.</summary>
    private sealed class Forgetful(ICustomerModule inner) : CustomerModule<LoyaltyState>
    {
        public override ModuleContract Contract => inner.Contract;

        protected override Outcome Handle(LoyaltyState state, ModuleContext context) =>
            inner.Handle(state, context) is var outcome && outcome is Outcome.Accepted { State: LoyaltyState next } accepted && next.In("tea-club") is var membership
                ? accepted with { State = next.With(membership with { Tallies = membership.Tallies.Where(tally => !tally.Name.StartsWith("pool-returned/", StringComparison.Ordinal)).ToSequence() }) }
                : outcome;
    }
}
