using Crm.Campaigns.Decisions;
using Crm.Campaigns.Journeys;
using Crm.Campaigns.Records;
using Crm.Engine;
using Crm.Events;
using Crm.Modules;
using Crm.Storage;
using Crm.Testing;
using Crm.Values;
using NodaTime;

namespace Crm.Campaigns.Tests.Decisions;

/// <summary>What begins a journey by an echo moves when history is decided again: by another event, or at another time. Who was written to for it is not written to again.</summary>
public sealed class MovedEchoes
{
    private readonly InMemoryStore store = new();
    private readonly FakeClock clock = new(Day(1));
    private readonly ICustomerModule[] modules;
    private readonly MailBox mail;
    private readonly CrmEngine engine;

    public MovedEchoes()
        : this("marketing")
    {
    }

    private MovedEchoes(string purpose)
    {
        var plan = CampaignPlan.Of(
            Samples.Of("welcome", new Trigger.OnEcho("club.changed", Fields.Of(("to", "regular")))) with { Message = new JourneyMessage("email", "welcome", purpose, Duration.FromDays(30)) },
            Samples.Of("miss", new Trigger.OnEcho("club.changed", Fields.Of(("to", "away")))) with { Message = new JourneyMessage("email", "miss", purpose, Duration.FromDays(30)) });
        mail = new MailBox("email", clock);
        modules = [new ClubModule(), CampaignsModule.WithoutGate(plan, "Nobody asks for consent here.")];
        engine = new CrmEngine(store, modules, new CrmOptions { CheckpointEvery = 8 }, clock, new SeededIdSource(), new CrmPorts { Channels = [CampaignsModule.Capped(mail, plan)] });
    }

    [Fact]
    public async Task A_late_event_that_makes_it_come_about_earlier_brings_no_second_message()
    {
        await Buys(1, 10, 20);
        clock.Set(Day(22));
        await Buys(5);
        await Works();

        Assert.Equal(["welcome:pos:20"], Sent);
        Assert.Equal(("welcome:pos:10", MessageOutcomes.Failed, Reasons.SentBefore), await LastOutcome());
        await Fits();
    }

    [Fact]
    public async Task A_late_event_that_comes_before_the_message_has_left_moves_the_message()
    {
        clock.Set(Day(20));
        await engine.RecordAsync([.. new[] { 1, 10, 20 }.Select(Purchase)]);
        await Buys(5);
        await Works();

        Assert.Equal(["welcome:pos:10"], Sent);
        await Fits();
    }

    [Fact]
    public async Task A_decision_that_a_message_has_answered_before_has_seen_more_than_one_that_sends()
    {
        var (answered, sending) = (new MovedEchoes(JourneyMessage.Service), new MovedEchoes(JourneyMessage.Service));
        await answered.Buys(1, 10, 20);
        await answered.Voids(10);
        await answered.Buys(23);
        await sending.Buys(1, 20, 23);

        var (first, second) = (await answered.LastDecision("welcome:pos:23"), await sending.LastDecision("welcome:pos:23"));
        Assert.Equal((Reasons.SentBefore, null, first.At), (first.Reason, second.Reason, second.At));
        Assert.NotEqual(first.Inputs, second.Inputs);
        await answered.Fits();
    }

    [Fact]
    public async Task A_cancellation_that_makes_it_come_about_later_brings_no_second_message()
    {
        await Buys(1, 10, 20);
        await Voids(10);
        await Buys(23);

        Assert.Equal(["welcome:pos:20"], Sent);
        Assert.Equal(Reasons.SentBefore, (await State()).In("welcome").Last?.Reason);
        await Fits();
    }

    [Fact]
    public async Task Who_was_written_to_when_time_passed_is_written_to_when_it_passes_the_next_time()
    {
        await Buys(1);
        clock.Set(Day(32));
        await Works();
        await Buys(41);
        clock.Set(Day(75));
        await Works();
        await Buys(20);
        await Works();
        Assert.Equal(["miss:#2026-01-31T04:00:00Z", "miss:#2026-03-12T04:00:00Z"], Sent);

        await Buys(150);
        clock.Set(Day(185));
        await Works();
        await Buys(200);
        clock.Set(Day(240));
        await Works();

        Assert.Equal(["miss:#2026-01-31T04:00:00Z", "miss:#2026-03-12T04:00:00Z", "miss:#2026-06-29T04:00:00Z", "miss:#2026-08-18T04:00:00Z"], Sent);
        await Fits();
    }

    private static Instant Day(int day) => Samples.Local(2026, 1, 1) + Duration.FromDays(day - 1);

    private List<string> Sent => [.. mail.Sent.Select(sent => sent.Message.Occasion)];

    private static CustomerEvent Purchase(int day) => CustomerEvent.Purchase($"pos:{day}", Samples.Amy, Money.Hkd(50)) with { OccurredAt = Day(day) };

    private async Task Buys(params int[] days)
    {
        foreach (var day in days)
        {
            if (Day(day) > clock.GetCurrentInstant())
            {
                clock.Set(Day(day));
            }

            await engine.RecordAsync(Purchase(day));
            await Works();
        }
    }

    private async Task Voids(int day)
    {
        clock.Set(Day(22));
        await engine.RecordAsync(new CustomerEvent { Key = EventKey.Parse("pos:void"), Kind = EventKinds.CancellationName, Identity = Samples.Amy, Original = EventKey.Parse($"pos:{day}") });
    }

    private async Task Works()
    {
        await engine.RunDueAsync();
        await engine.PumpAsync();
    }

    private async Task<CampaignState> State() => ((await engine.ReadAsync(CustomerRef.Of(Samples.Amy)))!).Slot<CampaignState>(CampaignNames.Module);

    private async Task<Crm.Events.DecisionRecord> LastDecision(string occasion) => (await engine.ReadDecisionsAsync(CustomerRef.Of(Samples.Amy)))!.Entries.Last(entry => entry.Record.Occasion == occasion).Record;

    private async Task<(string?, string, string?)> LastOutcome()
    {
        var log = await engine.ReadDecisionsAsync(CustomerRef.Of(Samples.Amy));
        var last = log!.Outcomes[^1];
        return (last.Occasion, last.Kind, last.Reason);
    }

    private async Task Fits()
    {
        var stored = await store.LoadAsync(CustomerRef.Of(Samples.Amy), CancellationToken.None);
        var verdict = new CustomerVerifier(modules, new CrmOptions { CheckpointEvery = 8 }).Verify(stored, await store.LoadWholeAsync(stored.Customer ?? default, CancellationToken.None), []);
        Assert.Null(verdict.NotRedecided);
        Assert.Empty(verdict.Differences);
    }

    /// <summary>Says who has bought three times, and who has not bought for thirty days.</summary>
    private sealed class ClubModule : CustomerModule<ClubModule.Bought>
    {
        public override ModuleContract Contract { get; } = new() { Name = "club", Codec = new Codec(), Handles = [EventKinds.PurchaseName], Emits = ["club.changed"] };

        protected override Outcome Handle(Bought state, ModuleContext context)
        {
            if (context.Stimulus is Stimulus.Due)
            {
                return new Outcome.Accepted { Echoes = [new Echo("club.changed", Fields.Of(("to", "away")))] };
            }

            var times = state.Times + 1;
            return new Outcome.Accepted
            {
                State = new Bought(times),
                Agenda = [new AgendaChange("away", context.Moment.Instant + Duration.FromDays(30))],
                Echoes = times == 3 ? [new Echo("club.changed", Fields.Of(("to", "regular")))] : [],
            };
        }

        internal sealed record Bought(int Times);

        private sealed class Codec : SlotCodec<Bought>
        {
            public override int Version => 1;

            public override Bought Empty { get; } = new(0);

            protected override void Write(Bought state, SlotWriter writer) => writer.Whole(state.Times);

            protected override Bought Read(int version, ref SlotReader reader) => new(reader.Int());
        }
    }
}
