using Crm.Engine;
using Crm.Events;
using Crm.Ledger;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Tests.Recording;
using Crm.Loyalty.Tests.Redemption;
using Crm.Loyalty.Tests.Tiers;
using Crm.Loyalty.Tiers;
using Crm.Loyalty.Wallets;
using Crm.Storage;
using Crm.Testing;
using Crm.Tests.Shared;
using Crm.Values;
using NodaTime;

namespace Crm.Loyalty.Tests.Members;

/// <summary>HO1: what a screen shows of one member, and of many, comes of plain values and of one load.</summary>
public sealed class Screens
{
    private static readonly Reward Gold = RewardClub.Mug with { Name = "gold-mug", When = RewardClub.Gold };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task HO1_one_load_gives_balances_lots_tiers_and_rewards_with_reasons()
    {
        var program = RewardClub.Program(RewardClub.Mug, Gold);
        var club = Club.Of(program);
        await club.Buys(150);
        await club.Reserves("pos:a", 40);
        var store = new CountingStore(club.Store);
        var engine = new CrmEngine(store, LoyaltyModule.Of(program), new CrmOptions(), new FakeClock(club.Now), new SeededIdSource());

        var view = await engine.ReadAsync(CustomerRef.Of(Samples.Amy), Token) ?? throw new InvalidOperationException("Nobody is called Amy.");
        var shown = Assert.Single(new LoyaltyModule(program).Show(view));

        Assert.Equal(1, store.RoundTrips);
        var points = shown.Units.Single(unit => unit.Unit == "points");
        Assert.Equal((110L, 40L, 0L), (points.Available, points.Reserved, points.Debt));
        Assert.Equal(Samples.Local(2027, 1, 16, 0), Assert.Single(points.Lots).Expiry);
        Assert.Equal(("basic", "gold"), (Assert.Single(shown.Tiers).Tier, shown.Tiers[0].Next?.Tier));
        Assert.Equal([("mug", ""), ("gold-mug", "reward-inactive")], shown.Rewards.Select(reward => (reward.Reward.Name, string.Join(',', reward.Reasons.Select(reason => reason.Code)))));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(true, 1)]
    [InlineData(1.5, 1)]
    [InlineData(-3, 0)]
    [InlineData(null, 0)]
    public async Task HO1_a_screen_counts_a_value_of_the_profile_as_the_ladder_does_E9(object? rank, long counted)
    {
        var program = Ladders.Program(Ladders.Usual with { Metric = new QualificationMetric.ProfileValue("rank"), Window = QualificationWindow.Lifetime, Tiers = [new("silver", 1), new("gold", 2)] });
        var club = Club.Of(program);
        var value = rank switch { null => default, bool flag => flag, double part => (decimal)part, var whole => (Scalar)(int)whole };
        await club.Records(CustomerEvent.Purchase(club.NextKey(), Samples.Amy, Money.Hkd(1)) with { Profile = Fields.Of(("rank", value)) });

        var shown = Assert.Single(new LoyaltyModule(program).Show(await club.Amy())).Tiers[0];

        Assert.Equal((await club.Tier(), counted), (shown.Tier, shown.Counted));
        Assert.Equal(counted > 0 ? new TierStep("gold", 2 - counted, null) : new TierStep("silver", 1, null), shown.Next);
    }

    [Fact]
    public async Task HO1_the_same_screen_shows_any_day_of_the_past_and_of_the_future()
    {
        var program = RewardClub.Program(RewardClub.Mug);
        var club = Club.Of(program);
        await club.Buys(150);
        club.On(2026, 3, 1);
        await club.Buys(30);

        foreach (var (at, expected) in new[] { (Samples.Local(2026, 2, 1, 0), 150L), (Samples.Local(2026, 3, 2, 0), 180L), (Samples.Local(2027, 2, 1, 0), 30L), (Samples.Local(2027, 4, 1, 0), 0L) })
        {
            Assert.Equal(expected, await On(club, program, at));
        }
    }

    [Fact]
    public async Task HO1_a_page_of_members_shows_what_each_one_alone_shows()
    {
        var program = RewardClub.Program(RewardClub.Mug);
        var club = Club.Of(program);
        await club.Buys(150);
        foreach (var name in new[] { "ben", "cat", "dan" })
        {
            await club.Meets(name);
        }

        var page = await club.Engine.ReadPageAsync(new CustomerPageRequest(3), Token);
        var last = await club.Engine.ReadPageAsync(new CustomerPageRequest(3) { After = page.Next }, Token);

        Assert.Equal((3, 1, null), (page.Customers.Count, last.Customers.Count, last.Next));
        foreach (var view in page.Customers.Concat(last.Customers))
        {
            var alone = await club.Engine.ReadAsync(CustomerRef.Of(view.Customer), Token) ?? throw new InvalidOperationException("A listed customer is nobody.");
            Assert.Equal(new LoyaltyModule(program).Show(alone), new LoyaltyModule(program).Show(view));
        }

        Assert.Equal(150, page.Customers.Concat(last.Customers).Sum(view => new LoyaltyModule(program).Show(view)[0].Units[0].Available));
    }

    [Fact]
    public async Task HO1_what_idles_is_shown_with_the_instant_at_which_it_runs_out_if_nothing_happens()
    {
        var usual = RewardClub.Program();
        var program = usual with { Units = usual.Units.Select(unit => unit.Name == "points" ? unit with { Expiry = new LotExpiry.WhenIdle(0, 30, LastDay.Excluded) } : unit).ToSequence() };
        var club = Club.Of(program);
        await club.Buys(150);
        club.On(2026, 1, 20);
        await club.Buys(30);
        var gone = Samples.Local(2026, 2, 19, 0);

        var points = new LoyaltyModule(program).Show(await club.Amy())[0].Units.Single(unit => unit.Unit == "points");

        Assert.Equal([new LotEnd(Lot.Idle, gone, 180)], points.Schedule);
        Assert.Equal((180L, 0L), (await On(club, program, gone - Duration.FromTicks(1)), await On(club, program, gone)));
    }

    [Fact]
    public async Task HO1_the_schedule_has_every_lot_that_runs_out_by_when_and_no_other()
    {
        var program = RewardClub.Program(RewardClub.Mug);
        var club = Club.Of(program);
        await club.Buys(150);
        club.On(2026, 3, 1);
        await club.Buys(30);

        var points = new LoyaltyModule(program).Show(await club.Amy())[0].Units.Single(unit => unit.Unit == "points");

        Assert.Equal([150L, 30L], points.Schedule.Select(lot => lot.Amount));
        var left = points.Available;
        foreach (var lot in points.Schedule)
        {
            Assert.Equal(left, await On(club, program, lot.At - Duration.FromTicks(1)));
            left -= lot.Amount;
            Assert.Equal(left, await On(club, program, lot.At));
        }
    }

    [Fact]
    public async Task What_has_fallen_due_and_nobody_has_written_is_told_and_of_a_past_that_was_decided_again_the_ledger_has_it()
    {
        var program = RewardClub.Program();
        var club = Club.Of(program);
        await club.Buys(150);
        Assert.Equal([], (await club.Amy()).Unwritten);
        club.On(2027, 2, 1);

        var entry = Assert.Single((await club.Amy()).Unwritten ?? []);

        Assert.Equal((Movement.Expired, "points", -150L, Samples.Local(2027, 1, 16, 0)), (entry.Movement, entry.Unit, entry.Amount, entry.OccurredAt));
        await club.Buys(30);
        Assert.Equal([], (await club.Amy()).Unwritten);
        var past = await club.Engine.ReadAsync(CustomerRef.Of(Samples.Amy), new PastQuestion(Samples.Local(2026, 2, 1, 0)), Token) ?? throw new InvalidOperationException("Nothing is known of Amy.");
        Assert.Null(past.Customer.Unwritten);
    }

    private static async Task<long> On(Club club, LoyaltyProgram program, Instant at)
    {
        var past = await club.Engine.ReadAsync(CustomerRef.Of(Samples.Amy), new PastQuestion(at), Token) ?? throw new InvalidOperationException("Nothing is known of Amy.");
        return new LoyaltyModule(program).Show(past.Customer)[0].Units.Single(unit => unit.Unit == "points").Available;
    }
}
