using Crm.Analytics.Experiments;
using Crm.Campaigns;
using Crm.Campaigns.Experiments;
using Crm.Campaigns.Journeys;
using Crm.Engine;
using Crm.Events;
using Crm.Ledger;
using Crm.Loyalty;
using Crm.Loyalty.Programs;
using Crm.Loyalty.Redemption;
using Crm.Loyalty.Rules;
using Crm.Loyalty.Wallets;
using Crm.Modules;
using Crm.Storage;
using Crm.Testing;
using Crm.Tests.Shared;
using Crm.Values;
using NodaTime;

namespace Crm.Analytics.Tests.Experiments;

/// <summary>What points cost in an experiment, by real programmes whose refunds decide history again and by those whose refunds take back what was recorded. A point costs 1, and Amy is exposed on day 0.</summary>
public sealed class CostOfUnits
{
    private static readonly Instant Opening = Instant.FromUtc(2026, 3, 2, 4, 0);
    private static readonly Identity Amy = Identity.User("amy");
    private static readonly Identity Ben = Identity.User("ben");
    private static readonly Experiment Letters = new("letters", [new("control", 1) { HoldsOut = true }, new("letter", 1)]) { From = Opening };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Cascade.History)]
    [InlineData(Cascade.None)]
    public async Task What_was_earned_in_the_window_and_comes_back_after_it_was_no_cost(Cascade cascade)
    {
        var club = new Club(cascade);
        await club.Visits(0);
        await club.Buys(1, 100, "till:1");
        await club.Buys(2, 30, "till:2");
        await club.Returns(20, "till:1", 100);

        Assert.Equal(30, await club.CostAsync());
    }

    [Theory]
    [InlineData(Cascade.History)]
    [InlineData(Cascade.None)]
    public async Task What_was_earned_before_the_exposure_and_comes_back_in_the_window_takes_nothing_off(Cascade cascade)
    {
        var club = new Club(cascade);
        await club.Buys(-2, 100, "till:1");
        await club.Visits(0);
        await club.Returns(1, "till:1", 60);
        Assert.Equal(0, await club.CostAsync());

        await club.Buys(2, 30, "till:2");
        await club.Returns(3, "till:1", 40);

        Assert.Equal(30, await club.CostAsync());
    }

    [Theory]
    [InlineData(Cascade.History)]
    [InlineData(Cascade.None)]
    public async Task Of_what_comes_back_in_part_the_rest_is_a_cost(Cascade cascade)
    {
        var club = new Club(cascade);
        await club.Visits(0);
        await club.Buys(1, 100, "till:1");
        await club.Returns(3, "till:1", 25);
        await club.Returns(20, "till:1", 40);

        Assert.Equal(35, await club.CostAsync());
    }

    [Theory]
    [InlineData(Cascade.History)]
    [InlineData(Cascade.None)]
    public async Task It_does_not_matter_from_which_lot_units_are_taken_back(Cascade cascade)
    {
        var (early, late) = (new Club(cascade), new Club(cascade));
        foreach (var club in new[] { early, late })
        {
            await club.Buys(-2, 100, "till:1");
            await club.Visits(0);
            await club.Buys(1, 80, "till:2");
            await club.Redeems(2, 120);
        }

        await early.Returns(20, "till:1", 100);
        await late.Returns(20, "till:2", 80);

        Assert.Equal((80, 0), (await early.CostAsync(), await late.CostAsync()));
    }

    /// <summary>Both programmes spread it over all purchases. The books of the one say of each what came back, those of the other how much it was in all, and then it is the latest that cost less.</summary>
    [Theory]
    [InlineData(Cascade.History, 49, 24)]
    [InlineData(Cascade.None, 19, 0)]
    public async Task Without_a_receipt_what_comes_back_is_taken_off_as_far_as_the_books_tell_of_what(Cascade cascade, decimal first, decimal second)
    {
        var club = new Club(cascade);
        await club.Buys(-2, 100, "till:1");
        await club.Visits(0);
        await club.Buys(1, 40, "till:2");
        await club.Buys(2, 30, "till:3");
        await club.Returns(20, null, 50);
        Assert.Equal(first, await club.CostAsync());

        await club.Returns(21, null, 60);

        Assert.Equal(second, await club.CostAsync());
    }

    [Theory]
    [InlineData(Cascade.History)]
    [InlineData(Cascade.None)]
    public async Task What_was_issued_under_an_id_that_went_comes_back_to_whom_it_leads(Cascade cascade)
    {
        var club = new Club(cascade);
        await club.Visits(0);
        await club.Buys(1, 100, "till:1", Ben);
        await club.Buys(1, 70, "till:2", Ben);
        await club.MergesAsync(2);
        await club.Returns(20, "till:1", 40);
        await club.Returns(21, "till:2", 70);

        Assert.Equal(60, await club.CostAsync());
    }

    [Fact]
    public async Task What_is_written_off_was_spent_and_stays_a_cost()
    {
        var club = new Club(Cascade.None, DebtPolicy.ClampToZero);
        await club.Visits(0);
        await club.Buys(1, 100, "till:1");
        await club.Redeems(2, 70);
        await club.Returns(20, "till:1", 100);

        Assert.Equal(70, await club.CostAsync());
    }

    [Fact]
    public async Task Only_of_ids_that_went_is_it_asked_whom_they_lead_to()
    {
        var club = new Club(Cascade.History);
        await club.Visits(0);
        await club.Buys(1, 100, "till:1", Ben);
        for (var n = 0; n < 20; n++)
        {
            await club.Buys(1, 10, $"web:{n}", Identity.User($"stranger{n}"));
        }

        await club.MergesAsync(2);

        Assert.Equal(100, await club.CostAsync());
        Assert.Equal(1, await club.RoundTripsAsync(unitsCost: true) - await club.RoundTripsAsync(unitsCost: false));
    }

    private sealed class Club
    {
        private readonly FakeClock clock = new(Opening - Duration.FromDays(10));
        private readonly InMemoryStore store = new();
        private readonly LoyaltyProgram program;
        private readonly CrmEngine engine;
        private int keys;

        public Club(Cascade cascade, DebtPolicy debt = DebtPolicy.Carry)
        {
            program = new LoyaltyProgram
            {
                Name = "club",
                Zone = "Asia/Hong_Kong",
                Cascade = cascade,
                Units = [new("points", UnitKind.Redeemable) { Expiry = LotExpiry.AfterDays(90, LastDay.Included), Debt = debt }],
                Rules = [new PointsPerAmount { Name = "base", Unit = "points", Points = 1, Every = Money.Hkd(1), Basis = EarningBasis.WholeSpend }],
            };
            engine = Over(store);
        }

        public Task Visits(int day) => Records(day, new CustomerEvent { Key = Key(), Kind = "visit", Identity = Amy });

        public Task Buys(int day, decimal spend, string key, Identity? who = null) => Records(day, CustomerEvent.Purchase(key, who ?? Amy, Money.Hkd(spend)));

        public Task Returns(int day, string? purchase, decimal amount) => Records(day, CustomerEvent.Refund(Key().ToString(), Amy, purchase, Money.Hkd(amount)));

        public Task Redeems(int day, long amount) => Records(day, LoyaltyEvents.Redeem(Key().ToString(), SpendAuthority.SignedIn(Amy), amount, "club", "points"));

        public async Task MergesAsync(int day)
        {
            clock.Set(Opening + Duration.FromDays(day));
            Assert.IsType<MergeResult.Merged>(await engine.MergeAsync(new MergeRequest(Key(), CustomerRef.Of(Amy), CustomerRef.Of(Ben)), Token));
        }

        public async Task<decimal> CostAsync()
        {
            var report = await ExperimentReading.ReadAsync(engine, Question(unitsCost: true), clock.GetCurrentInstant(), store, Token);
            Assert.Equal(1, report.Arms.Sum(arm => arm.Converted.People));
            return report.Arms.Sum(arm => arm.Cost);
        }

        public async Task<int> RoundTripsAsync(bool unitsCost)
        {
            var counting = new Listing(store);
            await ExperimentReading.ReadAsync(Over(counting), Question(unitsCost), clock.GetCurrentInstant(), store, Token);
            return counting.RoundTrips;
        }

        private static ExperimentQuestion Question(bool unitsCost) => new()
        {
            Experiment = "letters",
            Arms = [.. Letters.Arms.Select(arm => new ExpectedArm(arm.Name, arm.Share))],
            Control = "control",
            Goal = new("purchase", Duration.FromDays(7), Currency.Hkd),
            Costs = unitsCost ? new() { PerUnit = new Dictionary<string, decimal>(StringComparer.Ordinal) { ["points"] = 1 } } : new(),
        };

        private CrmEngine Over(ICustomerStore over)
        {
            var campaigns = CampaignPlan.Of(new Journey { Id = "hello", Trigger = new Trigger.OnEvent("visit"), Experiment = Letters, Message = new JourneyMessage("email", "hello", "marketing", Duration.FromDays(1)) });
            return new CrmEngine(over, [new LoyaltyModule(program), CampaignsModule.WithoutGate(campaigns, "a test of costs")], new CrmOptions { Zone = DateTimeZone.Utc }, clock, new SeededIdSource());
        }

        private EventKey Key() => new("desk", $"{++keys}");

        private async Task Records(int day, CustomerEvent happened)
        {
            clock.Set(Opening + Duration.FromDays(day));
            Assert.True((await engine.RecordAsync(happened, cancellationToken: Token)).Accepted);
        }
    }

    private sealed class Listing(InMemoryStore store) : CountingStore(store), IJournalScan
    {
        public IAsyncEnumerable<CustomerId> ReadCustomersAsync(CancellationToken cancellationToken) => Ask().ReadCustomersAsync(cancellationToken);

        public IAsyncEnumerable<(CustomerId Customer, JournalEntry Entry)> ReadAllAsync(CancellationToken cancellationToken) => Ask().ReadAllAsync(cancellationToken);

        public IAsyncEnumerable<(CustomerId Customer, LedgerEntry Entry)> ReadLedgerAsync(CancellationToken cancellationToken) => Ask().ReadLedgerAsync(cancellationToken);

        public IAsyncEnumerable<(CustomerId Customer, Identity Identity)> ReadIdentitiesAsync(CancellationToken cancellationToken) => Ask().ReadIdentitiesAsync(cancellationToken);

        public IAsyncEnumerable<(CustomerId Customer, Fact Fact)> ReadFactsAsync(CancellationToken cancellationToken) => Ask().ReadFactsAsync(cancellationToken);
    }
}
