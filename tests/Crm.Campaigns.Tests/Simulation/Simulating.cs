using Crm.Campaigns.Decisions;
using Crm.Campaigns.Experiments;
using Crm.Campaigns.Journeys;
using Crm.Campaigns.Records;
using Crm.Campaigns.Simulation;
using Crm.Definitions;
using Crm.Engine;
using Crm.Events;
using Crm.Modules;
using Crm.Storage;
using Crm.Values;
using NodaTime;

namespace Crm.Campaigns.Tests.Simulation;

public sealed class Simulating
{
    private static readonly Identity Bob = Identity.User("bob");

    [Fact]
    public async Task A_plan_that_never_ran_says_what_would_have_been_sent_and_what_not_and_why()
    {
        var town = new Town();
        await town.Buys("pos:1", Samples.Local(2026, 1, 1));
        await town.Closes();
        await town.Buys("pos:2", Samples.Local(2026, 3, 20));
        await town.Closes(false);
        await town.Buys("pos:3", Samples.Local(2026, 3, 25));
        await town.Buys("pos:4", Samples.Local(2026, 3, 25, 13));
        town.On(2026, 5, 1);

        var decisions = await Simulated(town, Capped(Samples.Thanks with { Priority = 1 }, Samples.WakeUp));

        Assert.Equal(
            [
                ("thanks:pos:1", DecisionStatus.Sent, null), ("wake-up:pos:1:30", DecisionStatus.Suppressed, "consent-withdrawn"), ("wake-up:pos:1:60", DecisionStatus.Suppressed, "consent-withdrawn"),
                ("thanks:pos:2", DecisionStatus.Suppressed, "consent-withdrawn"), ("thanks:pos:3", DecisionStatus.Sent, null), ("thanks:pos:4", DecisionStatus.Suppressed, Reasons.ChannelCap),
                ("wake-up:pos:4:30", DecisionStatus.Sent, null),
            ],
            decisions.Select(decision => (decision.Occasion, decision.Status, decision.Reason)));
        Assert.Equal(Samples.Local(2026, 4, 24, 13), decisions[^1].SettledAt);
        Assert.StartsWith("2026-04-24 13:00 發出了旅程「wake-up」", decisions[^1].Text.Chinese, StringComparison.Ordinal);
        Assert.Empty(await town.Decided());
    }

    [Fact]
    public async Task What_had_left_before_a_refund_was_known_has_left_and_what_was_decided_after_it_has_not()
    {
        var town = new Town();
        await town.Buys("pos:1", Samples.Local(2026, 1, 1));
        town.On(2026, 2, 1);
        await town.Returns("pos:1");
        town.On(2026, 4, 1);

        var decisions = await Simulated(town, CampaignPlan.Of(Samples.Thanks, Samples.WakeUp));

        Assert.Equal([("thanks:pos:1", DecisionStatus.Sent, true), ("wake-up:pos:1:30", DecisionStatus.Sent, true)], decisions.Select(decision => (decision.Occasion, decision.Status, decision.IsCauseGone)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_came_late_finds_that_the_message_has_left_unless_the_plan_ran_and_nobody_had_sent_it(bool ran)
    {
        var town = ran ? new Town(Samples.WakeUp) : new Town();
        await town.Buys("pos:1", Samples.Local(2026, 1, 1));
        town.On(2026, 2, 1);
        await town.Buys("pos:2", Samples.Local(2026, 1, 30));
        town.On(2026, 2, 2);

        var decisions = await Simulated(town, CampaignPlan.Of(Samples.WakeUp));

        Assert.Equal(
            ran ? [] : [("wake-up:pos:1:30", DecisionStatus.Sent, Samples.Local(2026, 1, 31), true)],
            decisions.Select(decision => (decision.Occasion, decision.Status, decision.SettledAt, decision.IsCauseGone)));
        Assert.Empty(await town.Decided());
    }

    [Fact]
    public async Task A_message_that_history_changes_after_it_has_left_does_not_leave_again()
    {
        var town = new Town();
        await town.Buys("pos:1", Samples.Local(2026, 1, 1), 100);
        town.On(2026, 1, 2);
        await town.Returns("pos:1", 40);
        town.On(2026, 1, 3);
        var entries = new List<HistoryEntry>();
        await foreach (var (_, entry) in ((IJournalScan)town.Store).ReadAllAsync(CancellationToken.None))
        {
            entries.Add(HistoryEntry.Of(entry));
        }

        var replay = new VirtualReplay([new DoorModule(), new CampaignsModule(CampaignPlan.Of(Samples.Thanks), new FactGate())], new CrmOptions());
        var log = replay.Run(new StoredHistory((await town.Amy()).Customer, entries), town.Now, _ => true);

        Assert.Equal((MessageOutcomes.Sent, Samples.Local(2026, 1, 1)), (Assert.Single(log.Outcomes).Kind, log.Outcomes[0].At));
        Assert.Equal(2, log.Entries.Count);
    }

    [Fact]
    public async Task A_new_journey_beside_those_that_run_meets_the_messages_that_were_really_sent()
    {
        var town = new Town(Capped(Samples.Thanks));
        await town.Buys("pos:1", Samples.Local(2026, 1, 1));
        town.On(2026, 1, 2, 13);
        await town.Pumps();
        await town.Buys("pos:2", Samples.Local(2026, 1, 2, 14));

        var decisions = await Simulated(town, Capped(Samples.Thanks, Samples.Of("more", new Trigger.OnEvent("purchase")) with { Priority = 5 }));

        Assert.Equal(
            [
                ("more:pos:1", DecisionStatus.Sent, Samples.Local(2026, 1, 1)), ("thanks:pos:1", DecisionStatus.Lost, null), ("more:pos:2", DecisionStatus.Sent, (Instant?)Samples.Local(2026, 1, 2, 14)), ("thanks:pos:2", DecisionStatus.Lost, null),
            ],
            decisions.Select(decision => (decision.Occasion, decision.Status, decision.SettledAt)));
        Assert.Equal([DecisionStatus.Sent, DecisionStatus.Suppressed], (await town.Decided()).Select(decision => decision.Status));
    }

    [Fact]
    public async Task Who_is_held_out_is_told_with_the_reason()
    {
        var town = new Town();
        await town.Buys("pos:1", Samples.Local(2026, 1, 1));
        town.On(2026, 1, 2);
        var control = Samples.Thanks with { Experiment = new Experiment("thanking", [new Arm("control", 999_999) { HoldsOut = true }, new Arm("letter", 1)]) { From = Samples.LongAgo } };
        var everybody = new CampaignPlan(new DefinitionCatalog<Journey>([Samples.Thanks.Define()]), holdout: new Holdout("all", 999_999, 1_000_000) { From = Samples.LongAgo });

        Assert.Equal((DecisionStatus.Suppressed, Reasons.HeldOut), Assert.Single(await Simulated(town, CampaignPlan.Of(control))) is var one ? (one.Status, one.Reason) : default);
        Assert.Equal((DecisionStatus.Suppressed, Reasons.HeldOutOfAll), Assert.Single(await Simulated(town, everybody)) is var all ? (all.Status, all.Reason) : default);
        var comparison = await town.Simulation.CompareAsync(town.Store, CampaignPlan.Of(Samples.Thanks), everybody, new CampaignSimulationRequest { Until = town.Now });
        Assert.Equal(new DecisionChange("thanks", DecisionStatus.Sent, null, DecisionStatus.Suppressed, Reasons.HeldOutOfAll, 1), Assert.Single(comparison.Changes));
    }

    [Fact]
    public async Task Two_versions_are_compared_by_who_would_be_contacted_more_and_less_and_why()
    {
        var town = new Town(Samples.WakeUp);
        await town.Buys("pos:1", Samples.Local(2026, 1, 1));
        await town.Engine.RecordAsync(CustomerEvent.Purchase("pos:2", Bob, Money.Hkd(10)));
        town.On(2026, 1, 20);
        await town.Engine.RecordAsync(CustomerEvent.Purchase("pos:3", Bob, Money.Hkd(10)));
        town.On(2026, 2, 1);
        await town.Works();
        await town.Pumps();
        town.On(2026, 2, 1, 13);
        var then = CampaignPlan.Of(Samples.Of("wake-up", new Trigger.WhenSilent("purchase", [14])));

        var comparison = await town.Simulation.CompareAsync(town.Store, CampaignPlan.Of(Samples.WakeUp), then, new CampaignSimulationRequest { Until = town.Now });

        Assert.Equal((1, 0, 1, 2), (comparison.More, comparison.Fewer, (int)comparison.Now.Sent, (int)comparison.Then.Sent));
        Assert.Equal(
            [new DecisionChange("wake-up", null, null, DecisionStatus.Sent, null, 2), new DecisionChange("wake-up", DecisionStatus.Sent, null, null, null, 1)],
            comparison.Changes);
        Assert.Equal((0, 1), (Assert.Single(comparison.Customers).Now, comparison.Customers[0].Then));
    }

    [Fact]
    public async Task Imported_history_is_silent_unless_it_is_taken_as_it_occurred()
    {
        var town = new Town(Samples.Thanks);
        town.On(2026, 3, 1);
        await town.Imports(CustomerEvent.Purchase("pos:1", Samples.Amy, Money.Hkd(10)) with { OccurredAt = Samples.Local(2026, 1, 1) }, CustomerEvent.Purchase("pos:2", Samples.Amy, Money.Hkd(10)) with { OccurredAt = Samples.Local(2026, 2, 10) });

        town.On(2026, 3, 2);

        Assert.Equal([DecisionStatus.Silent, DecisionStatus.Silent], (await Simulated(town, town.Plan)).Select(decision => decision.Status));
        var live = await Simulated(town, town.Plan, importsAsLive: true);
        Assert.Equal([(DecisionStatus.Sent, Samples.Local(2026, 1, 1)), (DecisionStatus.Sent, (Instant?)Samples.Local(2026, 2, 10))], live.Select(decision => (decision.Status, decision.SettledAt)));
    }

    [Fact]
    public async Task What_comes_before_the_first_instant_counts_and_is_not_told_and_who_was_merged_is_left_out()
    {
        var town = new Town();
        await town.Buys("pos:1", Samples.Local(2026, 1, 1, 0));
        await town.Buys("pos:2", Samples.Local(2026, 1, 1, 1));
        await town.Engine.RecordAsync(CustomerEvent.Purchase("pos:3", Bob, Money.Hkd(10)));
        var plan = Capped(Samples.Thanks);

        var told = await town.Simulation.RunAsync(town.Store, plan, new CampaignSimulationRequest { From = Samples.Local(2026, 1, 1, 1), Until = town.Now });

        Assert.Equal([new DecisionCount("thanks", 1, DecisionStatus.Sent, null, 1), new DecisionCount("thanks", 1, DecisionStatus.Suppressed, Reasons.ChannelCap, 1)], told.Decisions);
        Assert.Equal((2L, 0L), (told.Customers, told.LeftOut));
        await town.Engine.MergeAsync(new MergeRequest(EventKey.Parse("desk:1"), CustomerRef.Of(Samples.Amy), CustomerRef.Of(Bob)));
        var merged = await town.Simulation.RunAsync(town.Store, plan, new CampaignSimulationRequest { Until = town.Now });
        Assert.Equal((0L, 2L), (merged.Customers, merged.LeftOut));
    }

    [Fact]
    public async Task What_the_page_shows_compares_two_plans()
    {
        var town = new Town(Samples.Thanks);
        await town.Buys("pos:1", Samples.Local(2026, 1, 1));
        await town.Pumps();
        town.On(2026, 1, 2);

        var comparison = await WhyContacted.TryAPlan.CompareAsync([new DoorModule(), new CampaignsModule(town.Plan, new FactGate())], new CrmOptions(), town.Store, town.Plan, CampaignPlan.Of(), Samples.Local(2026, 1, 1, 0), town.Now);

        Assert.Equal((0, 1, new DecisionChange("thanks", DecisionStatus.Sent, null, null, null, 1)), (comparison.More, comparison.Fewer, Assert.Single(comparison.Changes)));
    }

    [Fact]
    public void Without_campaigns_and_without_a_gate_nobody_would_be_asked() =>
        Assert.Contains("nobody would be asked for consent", Assert.Throws<ArgumentException>(() => new CampaignSimulation([new DoorModule()], new CrmOptions())).Message, StringComparison.Ordinal);

    [Fact]
    public async Task A_host_without_campaigns_gives_the_gate()
    {
        var store = new InMemoryStore();
        var engine = new CrmEngine(store, [new DoorModule()], new CrmOptions(), new Crm.Testing.FakeClock(Samples.Local(2026, 1, 1)), new Crm.Testing.SeededIdSource());
        await engine.RecordAsync(CustomerEvent.Purchase("pos:1", Bob, Money.Hkd(10)));

        var report = await new CampaignSimulation([new DoorModule()], new CrmOptions(), new FactGate()).RunAsync(store, CampaignPlan.Of(Samples.Thanks), new CampaignSimulationRequest { Until = Samples.Local(2026, 2, 1) });

        Assert.Equal(1, report.Sent);
    }

    [Fact]
    public async Task Messages_of_other_modules_count_for_caps_as_they_did()
    {
        var (store, clock, plan) = (new InMemoryStore(), new Crm.Testing.FakeClock(Samples.Local(2026, 1, 1)), Capped(Samples.Thanks));
        ICustomerModule[] modules = [new DoorModule(), new Notifier(), new CampaignsModule(plan, new FactGate())];
        var engine = new CrmEngine(store, modules, new CrmOptions(), clock, new Crm.Testing.SeededIdSource(), new CrmPorts { Gate = new FactGate(), Channels = [new MailBox("email", clock)] });
        await engine.RecordAsync(new CustomerEvent { Key = EventKey.Parse("web:1"), Kind = "door.knocked", Identity = Samples.Amy });
        await engine.PumpAsync();
        await engine.RecordAsync(CustomerEvent.Purchase("pos:1", Samples.Amy, Money.Hkd(10)));
        clock.Advance(Duration.FromHours(1));

        var report = await new CampaignSimulation(modules, new CrmOptions()).RunAsync(store, plan, new CampaignSimulationRequest { Until = clock.GetCurrentInstant() });

        Assert.Equal(new DecisionCount("thanks", 1, DecisionStatus.Suppressed, Reasons.ChannelCap, 1), Assert.Single(report.Decisions));
        Assert.Equal(DecisionStatus.Suppressed, Assert.Single(await new CampaignDecisions(engine, plan).OfAsync(CustomerRef.Of(Samples.Amy))).Status);
    }

    private static CampaignPlan Capped(params Journey[] journeys) => new(new DefinitionCatalog<Journey>(journeys.Select(journey => journey.Define())), [new("email", [new Cap.PerDay(1)])]);

    private static async Task<List<CampaignDecision>> Simulated(Town town, CampaignPlan plan, bool importsAsLive = false)
    {
        var decisions = new List<CampaignDecision>();
        await foreach (var customer in town.Simulation.ReadAsync(town.Store, plan, new CampaignSimulationRequest { Until = town.Now, ImportsAsLive = importsAsLive }))
        {
            decisions.AddRange(customer.Decisions);
        }

        return decisions;
    }

    /// <summary>Sends a message of its own, of which it keeps no record.</summary>
    private sealed class Notifier : CustomerModule<Notifier.Nothing>
    {
        public override ModuleContract Contract { get; } = new() { Name = "notifier", Codec = new NothingCodec(), Handles = ["door.knocked"] };

        protected override Outcome Handle(Nothing state, ModuleContext context) => new Outcome.Accepted
        {
            Messages = [new Message { Occasion = "knock:1", Channel = "email", Template = "who-is-there", Purpose = "marketing", DecidedAt = context.Moment.Instant, UsefulUntil = context.Moment.Instant + Duration.FromDays(1) }],
        };

        internal sealed record Nothing;

        private sealed class NothingCodec : SlotCodec<Nothing>
        {
            public override int Version => 1;

            public override Nothing Empty { get; } = new();

            protected override void Write(Nothing state, SlotWriter writer)
            {
            }

            protected override Nothing Read(int version, ref SlotReader reader) => Empty;
        }
    }
}
