using Crm.Campaigns.Decisions;
using Crm.Campaigns.Journeys;
using Crm.Campaigns.Records;
using Crm.Campaigns.Simulation;
using Crm.Engine;
using Crm.Events;
using Crm.Modules;
using Crm.Storage;
using Crm.Testing;
using Crm.Values;
using NodaTime;

namespace Crm.Campaigns.Tests;

/// <summary>An engine over a store in memory with campaigns and a channel that keeps what it sends; Amy is its customer.</summary>
internal sealed class Town
{
    private readonly InMemoryStore store = new();
    private readonly FakeClock clock = new(Samples.Local(2026, 1, 1, 0));
    private readonly CrmEngine engine;
    private readonly CrmOptions options = new() { CheckpointEvery = 8 };
    private readonly ICustomerModule[] modules;
    private int events;
    private int engines;

    public Town(params Journey[] journeys)
        : this(CampaignPlan.Of(journeys))
    {
    }

    public Town(CampaignPlan plan)
        : this(plan, new CampaignsModule(plan, new FactGate()))
    {
    }

    /// <summary>With a module that stands in for campaigns, such as a counterfeit, and perhaps with channels as they are.</summary>
    public Town(CampaignPlan plan, ICustomerModule module, bool capped = true)
    {
        Module = module as CampaignsModule;
        var email = new MailBox("email", clock);
        Mail = email;
        modules = [new DoorModule(), module];
        Plan = plan;
        Ports = new CrmPorts { Gate = new FactGate(), Channels = [capped ? CampaignsModule.Capped(email, plan) : email] };
        engine = Another();
    }

    public CampaignPlan Plan { get; }

    public CrmEngine Engine => engine;

    public CampaignDecisions Record => new(engine, Plan);

    private CrmPorts Ports { get; }

    /// <summary>Another engine over the same store, as another process would have.</summary>
    public CrmEngine Another() => new(store, modules, options, clock, new SeededIdSource(++engines), Ports);

    public ValueTask<Sequence<CampaignDecision>> Decided(DecisionQuery? query = null) => Record.OfAsync(CustomerRef.Of(Samples.Amy), query);

    /// <summary>What does not fit together of what is stored of Amy, decided again from the journal; where a change is given, as if the decisions in the receipt of an event had been changed so.</summary>
    public Task<Sequence<Difference>> Differences(Func<Sequence<DecisionRecord>, Sequence<DecisionRecord>>? change = null, EventKey? of = null) =>
        DifferencesIf(entry => change is not null && entry.Event.Key == of ? change(entry.Receipt.Decisions) : entry.Receipt.Decisions);

    /// <summary>The same, as if the receipt of each event had other decisions.</summary>
    public async Task<Sequence<Difference>> DifferencesIf(Func<JournalEntry, Sequence<DecisionRecord>> decisions)
    {
        var stored = await store.LoadAsync(CustomerRef.Of(Samples.Amy), CancellationToken.None);
        var history = await store.LoadWholeAsync(stored.Customer ?? default, CancellationToken.None);
        history = history with { Entries = history.Entries.Select(entry => entry with { Receipt = entry.Receipt with { Decisions = decisions(entry) } }).ToSequence() };
        var verdict = new CustomerVerifier(modules, options).Verify(stored, history, []);
        return verdict.NotRedecided is null ? verdict.Differences : throw new InvalidOperationException(verdict.NotRedecided);
    }

    public InMemoryStore Store => store;

    /// <summary>A simulation by the modules of the town.</summary>
    public CampaignSimulation Simulation => new(modules, options);

    public CampaignsModule? Module { get; }

    public MailBox Mail { get; }

    public Instant Now => clock.GetCurrentInstant();

    public void At(Instant instant) => clock.Set(instant);

    public void On(int year, int month, int day, int hour = 12) => clock.Set(Samples.Local(year, month, day, hour));

    public ValueTask<Receipt> Buys(string? key = null, Instant? at = null, decimal spend = 100) => Records(CustomerEvent.Purchase(key ?? $"pos:n{++events}", Samples.Amy, Money.Hkd(spend)) with { OccurredAt = at });

    public ValueTask<Receipt> Returns(string purchase, decimal spend = 100) => Records(CustomerEvent.Refund($"pos:n{++events}", Samples.Amy, purchase, Money.Hkd(spend)));

    public ValueTask<Receipt> HasBirthday(int? day) => Records(new CustomerEvent { Key = new EventKey("web", $"n{++events}"), Kind = "door.knocked", Identity = Samples.Amy, Profile = Fields.Of(("birthday", day ?? 0)) });

    public ValueTask<Receipt> Closes(bool closed = true) => Records(new CustomerEvent { Key = new EventKey("web", $"n{++events}"), Kind = "door.moved", Identity = Samples.Amy, Fields = Fields.Of(("closed", closed)) });

    public ValueTask<Receipt> Records(CustomerEvent happened)
    {
        if (happened.OccurredAt is { } at && at > Now)
        {
            clock.Set(at);
        }

        return engine.RecordAsync(happened);
    }

    public ValueTask<IReadOnlyList<Recorded>> Imports(params CustomerEvent[] history) => engine.RecordAsync(history, RecordMode.Backfill);

    public ValueTask<DueReport> Works() => engine.RunDueAsync();

    public ValueTask<PumpReport> Pumps() => engine.PumpAsync();

    public async Task<CustomerView> Amy() => await engine.ReadAsync(CustomerRef.Of(Samples.Amy)) ?? throw new InvalidOperationException("Nobody is called Amy.");

    public async Task<CampaignState> State() => (await Amy()).Slot<CampaignState>(CampaignNames.Module);

    /// <summary>What waits in the outbox, after everything due has been handled.</summary>
    public async Task<List<Message>> Waiting()
    {
        await Works();
        IOutbox outbox = store;
        var items = await outbox.LeaseAsync(Instant.MaxValue, Now, int.MaxValue, CancellationToken.None);
        return [.. items.OfType<OutboxItem.OfMessage>().Select(item => item.Message).OrderBy(message => message.DecidedAt).ThenBy(message => message.Occasion, StringComparer.Ordinal)];
    }
}

/// <summary>A channel that keeps what it sends and when.</summary>
internal sealed class MailBox(string name, IClock clock) : IMessageChannel
{
    public List<(Message Message, Instant At)> Sent { get; } = [];

    public string Name => name;

    public ValueTask<SendOutcome> SendAsync(string id, Message message, CustomerView customer, CancellationToken cancellationToken)
    {
        Sent.Add((message, clock.GetCurrentInstant()));
        return ValueTask.FromResult<SendOutcome>(new SendOutcome.Sent());
    }
}

/// <summary>Stands in for consent and for segments: a fact that events set, and echoes by events and by the passing of time.</summary>
internal sealed class DoorModule : CustomerModule<DoorModule.Door>
{
    public override ModuleContract Contract { get; } = new()
    {
        Name = "door",
        Codec = new DoorCodec(),
        Kinds = [new EventKind("door.moved", EventNature.Happening) { Fields = [new("closed", ScalarKind.Flag)] }, new EventKind("door.knocked", EventNature.Happening)],
        Handles = ["door.moved", "purchase"],
        Emits = ["tier.changed", "segment.entered"],
        Publishes = [new FactDeclaration("door.closed")],
    };

    protected override Outcome Handle(Door state, ModuleContext context) => context.Stimulus switch
    {
        Stimulus.Happened { Event: { Kind: "door.moved" } moved } => new Outcome.Accepted { Facts = [new Fact("door.closed", moved.Fields["closed"])] },
        Stimulus.Happened { Event.Spend.MinorUnits: >= 100_000 } => new Outcome.Accepted
        {
            Echoes = [new Echo("tier.changed", Fields.Of(("to", "gold"))), new Echo("tier.changed", Fields.Of(("to", "gold")))],
            Agenda = [new AgendaChange("later", context.Moment.Instant + Duration.FromDays(7))],
        },
        Stimulus.Due => new Outcome.Accepted { Echoes = [new Echo("segment.entered", Fields.Of(("segment", "vip")))] },
        _ => Outcome.Nothing,
    };

    internal sealed record Door;

    private sealed class DoorCodec : SlotCodec<Door>
    {
        public override int Version => 1;

        public override Door Empty { get; } = new();

        protected override void Write(Door state, SlotWriter writer)
        {
        }

        protected override Door Read(int version, ref SlotReader reader) => Empty;
    }
}
