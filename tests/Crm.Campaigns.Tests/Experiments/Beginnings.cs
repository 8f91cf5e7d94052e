using Crm.Campaigns.Decisions;
using Crm.Campaigns.Experiments;
using Crm.Campaigns.Journeys;
using Crm.Definitions;
using Crm.Engine;
using Crm.Events;
using Crm.Modules;
using Crm.Storage;
using Crm.Testing;
using Crm.Values;
using NodaTime;

namespace Crm.Campaigns.Tests.Experiments;

/// <summary>What is added to a store with history begins when it says, and rewrites nothing of before.</summary>
public sealed class Beginnings
{
    private static readonly Instant March = Samples.Local(2026, 3, 1, 0);
    private static readonly QuietHours Nights = new(new LocalTime(21, 0), new LocalTime(9, 0));
    private static readonly Holdout Nobody = new("everyone", 999_999, 1_000_000) { From = March };

    [Fact]
    public async Task A_holdout_and_quiet_hours_that_are_added_change_nothing_of_before()
    {
        var shop = new Shop();
        shop.Opens(Plan());
        await shop.Buys("pos:1", Samples.Local(2026, 1, 10));
        await shop.Buys("pos:2", Samples.Local(2026, 1, 20, 22));
        var before = await shop.State();

        shop.Opens(Plan(Nobody, Nights with { Since = March }));
        Assert.Empty(await shop.Differences());
        await shop.Returns("pos:r", "pos:1", Samples.Local(2026, 3, 5));
        await shop.Buys("pos:late", Samples.Local(2026, 3, 6), Samples.Local(2026, 1, 15, 23));

        var after = await shop.State();
        Assert.Empty(after.Exposures);
        Assert.Equal(before.In("thanks").Last, after.In("thanks").Last);
        Assert.Equal((2, 0), (after.In("thanks").Count("decided"), after.In("thanks").Tallies.Count(tally => tally.Code.StartsWith("suppressed", StringComparison.Ordinal))));
        Assert.Empty(await shop.Differences());

        await shop.Buys("pos:3", Samples.Local(2026, 3, 7, 22));
        var exposure = Assert.Single((await shop.State()).Exposures);
        Assert.Equal(Samples.Local(2026, 3, 7, 22), exposure.At);
        Assert.Equal(Reasons.HeldOutOfAll, (await shop.State()).In("thanks").Last?.Reason);
        Assert.Empty(await shop.Differences());
    }

    // The books show what comes of a beginning that lies before what was decided.
    [Fact]
    public async Task Verifying_catches_a_holdout_and_quiet_hours_that_are_put_before_what_was_decided()
    {
        foreach (var early in new[] { Plan(Nobody with { From = Samples.LongAgo }), Plan(quiet: Nights) })
        {
            var shop = new Shop();
            shop.Opens(Plan());
            await shop.Buys("pos:1", Samples.Local(2026, 1, 20, 22));
            shop.Opens(early);
            Assert.NotEmpty(await shop.Differences());
        }
    }

    [Fact]
    public async Task History_imported_from_before_the_beginning_exposes_nobody()
    {
        var letters = new Experiment("letters", [new("control", 1) { HoldsOut = true }, new("letter", 1)]) { From = March };
        var town = new Town(new CampaignPlan(new DefinitionCatalog<Journey>([(Samples.Thanks with { Experiment = letters }).Define()]), holdout: Nobody));
        town.On(2026, 3, 10);
        await town.Imports([.. Enumerable.Range(1, 12).Select(month => CustomerEvent.Purchase($"pos:{month}", Samples.Amy, Money.Hkd(10)) with { OccurredAt = Samples.Local(2025, month, 5) })]);

        Assert.Empty((await town.State()).Exposures);
        Assert.Empty(await town.Differences());

        town.On(2026, 3, 11);
        await town.Buys("pos:13");
        Assert.Equal((Nobody.Id, town.Now), Assert.Single((await town.State()).Exposures) is var exposure ? (exposure.Experiment, exposure.At) : default);
    }

    [Fact]
    public async Task The_beginning_itself_counts()
    {
        var shop = new Shop();
        shop.Opens(Plan(Nobody));
        await shop.Buys("pos:1", March - Duration.FromTicks(1));
        Assert.Empty((await shop.State()).Exposures);
        await shop.Buys("pos:2", March);
        Assert.Single((await shop.State()).Exposures);
    }

    [Fact]
    public async Task WhyNot_tells_of_no_holdout_and_no_quiet_hours_before_they_begin()
    {
        var letters = new Experiment("letters", [new("control", 999_999) { HoldsOut = true }, new("letter", 1)]) { From = March };
        var town = new Town(new CampaignPlan(new DefinitionCatalog<Journey>([(Samples.Thanks with { Experiment = letters }).Define()]), holdout: Nobody, quiet: Nights with { Since = March }));
        await town.Buys("pos:1", Samples.Local(2026, 1, 20, 22));
        Assert.Empty((await Codes()).Intersect([Reasons.HeldOut, Reasons.HeldOutOfAll, Reasons.QuietHours, "arm"]));

        town.On(2026, 3, 2, 22);
        Assert.Equal([Reasons.HeldOutOfAll, Reasons.HeldOut, Reasons.QuietHours], (await Codes()).Intersect([Reasons.HeldOut, Reasons.HeldOutOfAll, Reasons.QuietHours, "arm"]));

        async Task<IEnumerable<string>> Codes() => (town.Module ?? throw new InvalidOperationException()).WhyNot("thanks", await town.Amy()).Findings.Select(finding => finding.Code);
    }

    private static CampaignPlan Plan(Holdout? holdout = null, QuietHours? quiet = null) => new(new DefinitionCatalog<Journey>([Samples.Thanks.Define()]), holdout: holdout, quiet: quiet);

    // One store, and one host after the other over it.
    private sealed class Shop
    {
        private readonly InMemoryStore store = new();
        private readonly FakeClock clock = new(Samples.Local(2026, 1, 1, 0));
        private readonly CrmOptions options = new() { CheckpointEvery = 8 };
        private CampaignsModule? module;
        private CrmEngine? engine;
        private int engines;

        private CrmEngine Engine => engine ?? throw new InvalidOperationException("The shop is not open.");

        public void Opens(CampaignPlan plan)
        {
            module = CampaignsModule.WithoutGate(plan, "a test of beginnings");
            engine = new CrmEngine(store, [module], options, clock, new SeededIdSource(++engines), new CrmPorts { Channels = [CampaignsModule.Capped(new MailBox("email", clock), plan)] });
        }

        public async Task Buys(string key, Instant now, Instant? at = null)
        {
            clock.Set(now);
            await Engine.RecordAsync(CustomerEvent.Purchase(key, Samples.Amy, Money.Hkd(100)) with { OccurredAt = at });
        }

        public async Task Returns(string key, string purchase, Instant now)
        {
            clock.Set(now);
            await Engine.RecordAsync(CustomerEvent.Refund(key, Samples.Amy, purchase, Money.Hkd(100)));
        }

        public async Task<CampaignState> State() => (await Engine.ReadAsync(CustomerRef.Of(Samples.Amy)))?.Slot<CampaignState>(CampaignNames.Module) ?? CampaignState.Empty;

        public async Task<IEnumerable<Difference>> Differences()
        {
            var stored = await store.LoadAsync(CustomerRef.Of(Samples.Amy), CancellationToken.None);
            var history = await store.LoadWholeAsync(stored.Customer ?? default, CancellationToken.None);
            var verdict = new CustomerVerifier([module ?? throw new InvalidOperationException("The shop is not open.")], options).Verify(stored, history, []);
            return verdict.NotRedecided is null ? verdict.Differences : throw new InvalidOperationException(verdict.NotRedecided);
        }
    }
}
