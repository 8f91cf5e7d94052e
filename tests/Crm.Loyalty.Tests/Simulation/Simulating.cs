using Crm.Conditions;
using Crm.Engine;
using Crm.Events;
using Crm.Loyalty.Memberships;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Simulation;
using Crm.Loyalty.Tests.Recording;
using Crm.Storage;
using Crm.Testing;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Loyalty.Tests.Simulation;

/// <summary>The past under another programme: as if it had decided from the beginning, compared with what decides now.</summary>
public sealed class Simulating
{
    private static readonly Instant Start = Samples.Local(2026, 1, 15, 12);
    private static readonly Instant End = Start + Duration.FromDays(400);

    private static readonly LoyaltyProgram Rich = Samples.TeaClub with
    {
        Rules = [.. Samples.TeaClub.Rules, new FixedPoints { Name = "first", Unit = "points", Points = 20, When = If.Purchases().Count().Is(1) }, new Multiplier { Name = "gold", Unit = "points", ByTier = [new("gold", new Ratio(2, 1))], TierAs = TierMoment.After }],
        Limits = [new() { Name = "monthly", Unit = "points", Per = CapPeriod.Month, Most = 80 }],
        Rewards = [new() { Name = "ten", Kind = new RewardKind.Discount(Money.Hkd(10)), Costs = [new("points", 20)] }],
    };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void A_programme_compared_with_itself_differs_in_nothing_and_holds_what_is_held() => SameLaw(program => program).Check(Config.QuickThrowOnFailure.WithMaxTest(60));

    [Fact]
    public void The_law_catches_a_programme_that_gives_one_point_more() =>
        Counterfeits.Caught(() => SameLaw(program => program with { Rules = [.. program.Rules, new FixedPoints { Name = "one", Unit = "points", Points = 1, When = If.Field("event.spend").AtLeast(300) }] }).Check(Config.QuickThrowOnFailure.WithMaxTest(60)));

    [Fact]
    public async Task Twice_the_points_are_twice_the_points_and_lift_nobody()
    {
        var club = await Played(Samples.TeaClub with { Rewards = Rich.Rewards });
        var twice = Samples.TeaClub with { Rewards = Rich.Rewards, Rules = [Samples.Per(2, 10), Samples.TeaClub.Rules[1]] };

        var report = await ProgramSimulation.RunAsync(Request(twice, Samples.TeaClub with { Rewards = Rich.Rewards }), club.Store, 1, Cancel);

        // 105.00, 480.00 and 20.00 by Amy, of which 20.00 came back, and 90.00 by Ben; 15 points were redeemed.
        var points = report.Units.Single(unit => unit.Unit == "points");
        Assert.Equal((67L, 134L, 52L, 119L), (points.Now.Issued, points.Then.Issued, points.Now.Available, points.Then.Available));
        Assert.Equal((2L, 67L, 0L), (points.Winners, points.Gained, points.Losers));
        Assert.Equal((Money.Hkd(26), Money.Hkd(59.5m), Money.Hkd(33.5m), Money.Hkd(67)), (points.LiabilityNow, points.LiabilityThen, points.CostNow, points.CostThen));
        Assert.All(report.Tiers, move => Assert.Equal(move.Now, move.Then));
        Assert.Equal(2, report.Tiers.Sum(move => move.Customers));
    }

    [Fact]
    public async Task Budgets_burn_as_much_as_the_histories_would_draw_and_refunds_give_back()
    {
        var running = Samples.TeaClub with { Budgets = [new() { Name = "spring", Unit = "points", PerUnit = 5 }, new() { Name = "old", Unit = "points", Rules = ["base"] }] };
        var club = await Played(Samples.TeaClub);
        var candidate = running with { Rules = [Samples.Per(2, 10), Samples.TeaClub.Rules[1]], Budgets = [running.Budgets[0], new() { Name = "new", Unit = "status" }] };

        var report = await ProgramSimulation.RunAsync(Request(candidate, running), club.Store, 2, Cancel);

        // 67 points and 67 of status are kept of what was bought.
        Assert.Equal([new("new", 0, 67), new("old", 67, 0), new("spring", 335, 670)], report.Budgets);
    }

    [Fact]
    public async Task Other_thresholds_move_customers_from_tier_to_tier()
    {
        var club = await Played(Samples.TeaClub);
        var steep = Samples.TeaClub with { Ladders = [Samples.TeaClub.Ladders[0] with { Tiers = [new("bronze", 0), new("silver", 55), new("gold", 200)] }] };

        var report = await ProgramSimulation.RunAsync(Request(steep, Samples.TeaClub), club.Store, 2, Cancel);

        Assert.Contains(new SimulatedMove("tier", "gold", "silver", 1), report.Tiers);
        Assert.Contains(new SimulatedMove("tier", "bronze", "bronze", 1), report.Tiers);
        Assert.Empty(report.Changes);
    }

    [Fact]
    public async Task What_was_redeemed_stays_redeemed_and_is_owed_where_it_would_not_have_been_earned()
    {
        var club = await Played(Samples.TeaClub);
        var mean = Samples.TeaClub with { Rules = [Samples.Per(1, 1_000), Samples.TeaClub.Rules[1]] };

        var report = await ProgramSimulation.RunAsync(Request(mean, Samples.TeaClub), club.Store, 1, Cancel);

        var points = report.Units.Single(unit => unit.Unit == "points");
        Assert.Equal((15L, 15L, 2L), (points.Then.Spent, points.Then.Debt, points.Losers));
    }

    [Fact]
    public async Task The_report_is_the_same_for_any_number_of_workers()
    {
        var club = Club.Of(Rich);
        for (var i = 0; i < 300; i++)
        {
            club.At(Start + Duration.FromHours(i));
            await club.Records(CustomerEvent.Purchase($"pos:{i}", Identity.User($"c{i % 70}"), Money.Hkd(10 + (i * 7 % 300))));
        }

        var twice = Rich with { Rules = [Samples.Per(2, 10), .. Rich.Rules.Skip(1)] };
        var one = await ProgramSimulation.RunAsync(Request(twice, Rich), club.Store, 1, Cancel);
        var four = await ProgramSimulation.RunAsync(Request(twice, Rich), club.Store, 4, Cancel);

        Assert.Equal((70L, 300L), (one.Customers, one.Events));
        Assert.Equal(one, four);
    }

    [Fact]
    public async Task A_new_programme_is_compared_with_nothing()
    {
        var club = await Played(Samples.TeaClub);

        var report = await ProgramSimulation.RunAsync(Request(Samples.TeaClub with { Name = "new-club" }, Samples.TeaClub), club.Store, 1, Cancel);

        Assert.Equal((false, 2L, 0L), (report.Compared, report.Units.Single(unit => unit.Unit == "points").Winners, report.Units.Single(unit => unit.Unit == "points").Now.Issued));
    }

    [Fact]
    public async Task A_rule_that_fails_is_the_answer_of_a_simulation_and_does_not_hang_it()
    {
        var club = Club.TeaClub();
        for (var i = 0; i < 2_000; i++)
        {
            await club.Records(CustomerEvent.Purchase($"pos:{i}", Identity.User($"c{i}"), Money.Hkd(10)));
        }

        await Assert.ThrowsAsync<ModuleFaultException>(async () => await ProgramSimulation.RunAsync(Request(Samples.TeaClub with { Rules = [new Failing()] }, Samples.TeaClub), club.Store, 2, Cancel));
    }

    [Fact]
    public async Task A_backfill_gives_what_the_past_would_have_earned_once_and_undone_nets_to_nothing()
    {
        var club = await Played(Samples.TeaClub);
        var twice = Samples.TeaClub with { Rules = [Samples.Per(2, 10), Samples.TeaClub.Rules[1]] };
        var before = (await club.Ledger()).Sum(entry => entry.Unit == "points" ? entry.Amount : 0);
        var plan = Backfill.Plan(await ProgramSimulation.RunAsync(Request(twice, Samples.TeaClub), club.Store, 1, Cancel), "points", "double-past", "new-rule", "staff:1");

        // The plan is the trial: nothing was given yet.
        Assert.Equal((2, 67L, before), (plan.Grants.Count, plan.Grants.Sum(grant => grant.Amount), (await club.Ledger()).Sum(entry => entry.Unit == "points" ? entry.Amount : 0)));
        await plan.RunAsync(club.Engine, Cancel);
        var again = await plan.RunAsync(club.Engine, Cancel);
        Assert.Equal((67L, before + 67), (again.Units, (await club.Ledger()).Sum(entry => entry.Unit == "points" ? entry.Amount : 0)));
        await plan.UndoAsync(club.Engine, Cancel);
        Assert.Equal(before, (await club.Ledger()).Sum(entry => entry.Unit == "points" ? entry.Amount : 0));
    }

    [Fact]
    public async Task A_shadow_lists_each_event_about_which_the_programmes_differ_with_both_receipts()
    {
        var (live, clock) = (new InMemoryStore(), new FakeClock(Start));
        var bonus = Samples.TeaClub with { Rules = [.. Samples.TeaClub.Rules, new FixedPoints { Name = "large", Unit = "points", Points = 5, When = If.Field("event.spend").AtLeast(200) }] };
        var run = new ShadowRun(Engine(live, clock, Samples.TeaClub), Engine(new InMemoryStore(), clock, bonus));

        await run.RecordAsync(CustomerEvent.Purchase("pos:1", Samples.Amy, Money.Hkd(50)), Cancel);
        var large = await run.RecordAsync(CustomerEvent.Purchase("pos:2", Samples.Amy, Money.Hkd(200)), Cancel);
        var redeemed = await run.RecordAsync(LoyaltyEvents.Redeem("app:1", SpendAuthority.SignedIn(Samples.Amy), 28), Cancel);

        Assert.Equal(["pos:2", "app:1"], run.Divergences.Select(divergence => divergence.Live.Key.ToString()));
        Assert.Equal((large, 25L), (run.Divergences[0].Live, run.Divergences[0].Shadow?.Total("points")));
        Assert.Equal("insufficient-balance", redeemed.Refusal?.Code);
        Assert.True(run.Divergences[1].Shadow?.Accepted);
        Assert.Equal(2, (await run.ReadShadowAsync(large.Customer, Cancel))?.Slot<LoyaltyState>("loyalty").In("tea-club").Wallet("points").Available);
    }

    [Fact]
    public async Task What_one_programme_gives_more_and_another_less_of_units_of_one_name_is_listed()
    {
        var (clock, coffee) = (new FakeClock(Start), Samples.TeaClub with { Name = "coffee-club", Rules = [Samples.Per(2, 10), Samples.TeaClub.Rules[1]] });
        var run = new ShadowRun(Beside(Samples.TeaClub, coffee), Beside(Samples.TeaClub with { Rules = coffee.Rules }, coffee with { Rules = Samples.TeaClub.Rules }));

        var first = await run.RecordAsync(CustomerEvent.Purchase("pos:1", Samples.Amy, Money.Hkd(100)), Cancel);
        await run.RecordAsync(CustomerEvent.Purchase("pos:2", Samples.Amy, Money.Hkd(5)), Cancel);
        await run.RecordAsync(CustomerEvent.Purchase("pos:3", Samples.Amy, Money.Hkd(20)) with { Customer = first.Customer, Identity = null }, Cancel);

        Assert.Equal(["pos:1", "pos:3"], run.Divergences.Select(divergence => divergence.Live.Key.ToString()));
        Assert.Equal((30L, 30L), (first.Total("points"), run.Divergences[0].Shadow?.Total("points")));

        CrmEngine Beside(params LoyaltyProgram[] programs) => new(new InMemoryStore(), [new LoyaltyModule(programs)], new CrmOptions(), clock, new SeededIdSource());
    }

    [Fact]
    public async Task What_was_recorded_before_is_compared_programme_by_programme_too()
    {
        var (clock, coffee, sale) = (new FakeClock(Start), Samples.TeaClub with { Name = "coffee-club", Rules = [Samples.Per(2, 10), Samples.TeaClub.Rules[1]] }, CustomerEvent.Purchase("pos:1", Samples.Amy, Money.Hkd(100)));
        var live = new CrmEngine(new InMemoryStore(), [new LoyaltyModule(Samples.TeaClub, coffee)], new CrmOptions(), clock, new SeededIdSource());
        var shadow = new CrmEngine(new InMemoryStore(), [new LoyaltyModule(Samples.TeaClub with { Rules = coffee.Rules }, coffee with { Rules = Samples.TeaClub.Rules })], new CrmOptions(), clock, new SeededIdSource());
        await live.RecordAsync(sale, Cancel);
        var run = new ShadowRun(live, shadow);

        await run.RecordAsync(sale, Cancel);

        Assert.Equal("pos:1", Assert.Single(run.Divergences).Live.Key.ToString());
    }

    [Fact]
    public async Task A_gift_goes_to_the_same_member_in_the_shadow_though_ids_are_others_there()
    {
        var (clock, program) = (new FakeClock(Start), Samples.TeaClub with { Units = [Samples.TeaClub.Units[0] with { Transferable = true }, Samples.TeaClub.Units[1]] });
        var (live, shadow) = (Engine(new InMemoryStore(), clock, program), Engine(new InMemoryStore(), clock, program));
        await shadow.RecordAsync(LoyaltyEvents.Visit("door:0", Identity.User("zoe")), Cancel);
        var run = new ShadowRun(live, shadow);
        var ben = Identity.User("ben");
        var to = (await run.RecordAsync(LoyaltyEvents.Visit("door:1", ben), Cancel)).Customer;
        await run.RecordAsync(CustomerEvent.Purchase("pos:1", Samples.Amy, Money.Hkd(500)), Cancel);
        await run.RecordAsync(LoyaltyEvents.Transfer("app:1", Samples.Amy, to, 20), Cancel);
        await live.PumpAsync(cancellationToken: Cancel);
        await shadow.PumpAsync(cancellationToken: Cancel);
        var spent = await run.RecordAsync(LoyaltyEvents.Redeem("app:2", SpendAuthority.SignedIn(ben), 20), Cancel);

        Assert.True(spent.Accepted);
        Assert.Empty(run.Divergences);
    }

    [Fact]
    public async Task A_shadow_that_fails_is_noted_and_the_live_answer_is_given()
    {
        var (live, clock) = (new InMemoryStore(), new FakeClock(Start));
        var run = new ShadowRun(Engine(live, clock, Samples.TeaClub), Engine(new InMemoryStore(), clock, Samples.TeaClub with { Rules = [new Failing()] }));

        var receipt = await run.RecordAsync(CustomerEvent.Purchase("pos:1", Samples.Amy, Money.Hkd(50)), Cancel);

        Assert.Equal(5, receipt.Total("points"));
        Assert.Contains("loyalty", Assert.Single(run.Divergences).Fault);
    }

    [Fact]
    public async Task A_time_out_in_the_shadow_is_noted_too()
    {
        var (live, clock) = (new InMemoryStore(), new FakeClock(Start));
        var run = new ShadowRun(Engine(live, clock, Samples.TeaClub), new CrmEngine(new TimesOut(), [new LoyaltyModule(Samples.TeaClub)], new CrmOptions(), clock, new SeededIdSource()));

        var receipt = await run.RecordAsync(CustomerEvent.Purchase("pos:1", Samples.Amy, Money.Hkd(50)), Cancel);

        Assert.Equal(5, receipt.Total("points"));
        Assert.Equal("Too slow.", Assert.Single(run.Divergences).Fault);
    }

    private sealed class TimesOut : ICustomerStore
    {
        public ValueTask<CustomerSnapshot> LoadAsync(CustomerRef customer, CancellationToken cancellationToken) => throw new TaskCanceledException("Too slow.");

        public ValueTask<CustomerHistory> LoadHistoryAsync(CustomerId customer, HistoryStart start, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken) => throw new NotSupportedException();

        public IAsyncEnumerable<JournalEntry> ReadJournalAsync(CustomerId customer, long afterVersion, CancellationToken cancellationToken) => throw new NotSupportedException();
    }

    // Amy buys, redeems and brings a part back; Ben buys once.
    private static async Task<Club> Played(LoyaltyProgram program)
    {
        var club = Club.Of(program);
        club.At(Start);
        await club.Buys(105);
        club.At(Start + Duration.FromDays(1));
        await club.Buys(480, "pos:large");
        await club.Redeems(15, "tea-club", "points");
        await club.Buys(20, "pos:small");
        club.At(Start + Duration.FromDays(2));
        await club.Records(CustomerEvent.Purchase("pos:ben", Identity.User("ben"), Money.Hkd(90)));
        await club.Returns("pos:small", 20);
        return club;
    }

    private static Property SameLaw(Func<LoyaltyProgram, LoyaltyProgram> candidate) => Prop.ForAll(Histories.ToArbitrary(), async Task<bool> (history) =>
    {
        var club = Club.Of(Rich);
        foreach (var happened in history.OrderBy(happened => happened.OccurredAt))
        {
            club.At(happened.OccurredAt ?? default);
            await club.Records(happened);
        }

        club.At(End);
        await club.RunDue();
        var report = await ProgramSimulation.RunAsync(Request(candidate(Rich), Rich) with { Until = End }, club.Store, 1, Cancel);
        Assert.Empty(report.Changes);
        Assert.All(report.Units, unit => Assert.Equal(unit.Now, unit.Then));
        var wallet = (await club.Membership()).Wallet("points");
        var points = report.Units.Single(unit => unit.Unit == "points").Then;
        Assert.Equal((wallet.Available, wallet.Debt), (points.Available, points.Debt));
        Assert.True(points.IsConserved);
        return true;
    });

    private static Gen<List<CustomerEvent>> Histories =>
        from orders in (from day in Gen.Choose(0, 90) from amount in Gen.Elements(5, 10, 99, 300, 520) from back in Gen.Elements(0, 0, 1, 2) select (day, amount, back)).NonEmptyListOf()
        from spends in (from day in Gen.Choose(0, 90) from amount in Gen.Choose(1, 25) select (day, amount)).ListOf()
        select orders.SelectMany((order, i) => Order(order.day, order.amount, order.back, i))
            .Concat(spends.Select((spend, i) => LoyaltyEvents.Redeem($"app:{i}", SpendAuthority.SignedIn(Samples.Amy), spend.amount, "tea-club", "points") with { OccurredAt = Start + Duration.FromDays(spend.day) + Duration.FromMinutes(i + 600) })).ToList();

    private static IEnumerable<CustomerEvent> Order(int day, int amount, int back, int number)
    {
        yield return CustomerEvent.Purchase($"till:{number}", Samples.Amy, Money.Hkd(amount)) with { OccurredAt = Start + Duration.FromDays(day) + Duration.FromMinutes(number) };
        if (back > 0)
        {
            yield return CustomerEvent.Refund($"back:{number}", Samples.Amy, $"till:{number}", Money.Hkd(back == 1 ? amount : 3)) with { OccurredAt = Start + Duration.FromDays(day + 5) + Duration.FromMinutes(number) };
        }
    }

    private static SimulationRequest Request(LoyaltyProgram candidate, params LoyaltyProgram[] running) => new() { Running = [.. running], Candidate = candidate, Until = Start + Duration.FromDays(20) };

    private static CrmEngine Engine(InMemoryStore store, FakeClock clock, LoyaltyProgram program) => new(store, [new LoyaltyModule(program)], new CrmOptions(), clock, new SeededIdSource());

    private sealed class Failing : IEarningRule
    {
        public string Name => "failing";

        public int Version => 1;

        public IEnumerable<Earning> Evaluate(EarningContext context) => throw new InvalidOperationException("It fails.");
    }
}
