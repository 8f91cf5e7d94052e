using Crm.Conditions;
using Crm.Engine;
using Crm.Events;
using Crm.Modules;
using Crm.Storage;
using Crm.Testing;
using Crm.Values;
using NodaTime;

namespace Crm.Core.Tests.Engine;

public sealed class OutboxTests
{
    private static readonly CancellationToken Token = TestContext.Current.CancellationToken;
    private readonly InMemoryStore store = new();
    private readonly FakeClock clock = new(Shop.Opening);
    private readonly Postman postman = new();
    private readonly Gate gate = new();

    [Fact]
    public async Task A_message_leaves_after_the_commit_once_and_its_outcome_comes_back_as_an_event()
    {
        var engine = Engine();
        var receipt = await engine.RecordAsync(Histories.Purchase("till:1", 1_000), Token);
        Assert.Equal(1, (await engine.PumpAsync(cancellationToken: Token)).Sent);
        Assert.Equal(new PumpReport(0, 0, 0, 0, 0, 0), await engine.PumpAsync(cancellationToken: Token));
        Assert.Equal(["welcome:1"], postman.Delivered);
        var outcome = await store.ReadJournalAsync(receipt.Customer, 1, Token).SingleAsync(Token);
        Assert.Equal((MessageOutcomes.Sent, "welcome:1"), (outcome.Event.Kind, outcome.Event.Fields["occasion"].AsCode));
    }

    [Fact]
    public async Task What_the_gate_refuses_at_the_lease_does_not_leave()
    {
        var engine = Engine();
        var receipt = await engine.RecordAsync(Histories.Purchase("till:1", 1_000), Token);
        gate.Answer = new GateAnswer(false, "withdrawn");
        Assert.Equal(1, (await engine.PumpAsync(cancellationToken: Token)).Refused);
        Assert.Empty(postman.Delivered);
        var outcome = await store.ReadJournalAsync(receipt.Customer, 1, Token).SingleAsync(Token);
        Assert.Equal((MessageOutcomes.Refused, "withdrawn"), (outcome.Event.Kind, outcome.Event.Fields["reason"].AsCode));
    }

    [Fact]
    public async Task What_is_not_useful_any_more_is_recorded_stale_and_never_sent()
    {
        var engine = Engine();
        await engine.RecordAsync(Histories.Purchase("till:1", 1_000), Token);
        clock.Advance(Duration.FromDays(1) + Duration.FromTicks(1));
        Assert.Equal(1, (await engine.PumpAsync(cancellationToken: Token)).Stale);
        Assert.Empty(postman.Delivered);
    }

    [Fact]
    public async Task A_channel_in_trouble_is_tried_again_later_and_at_last_given_up()
    {
        var engine = Engine();
        await engine.RecordAsync(Histories.Purchase("till:1", 1_000), Token);
        postman.Trouble = true;
        for (var attempt = 1; attempt < 5; attempt++)
        {
            Assert.Equal(1, (await engine.PumpAsync(cancellationToken: Token)).Postponed);
            Assert.Equal(0, (await engine.PumpAsync(cancellationToken: Token)).Postponed);
            clock.Advance(Duration.FromHours(1));
        }

        Assert.Equal(1, (await engine.PumpAsync(cancellationToken: Token)).Failed);
    }

    [Fact]
    public async Task A_worker_that_died_holding_a_message_is_replaced_after_its_lease()
    {
        var engine = Engine();
        await engine.RecordAsync(Histories.Purchase("till:1", 1_000), Token);
        IOutbox outbox = store;
        Assert.Equal(2, (await outbox.LeaseAsync(clock.GetCurrentInstant(), clock.GetCurrentInstant() + Duration.FromMinutes(2), 10, Token)).Count);
        Assert.Equal(0, (await engine.PumpAsync(cancellationToken: Token)).Sent);
        clock.Advance(Duration.FromMinutes(2));
        Assert.Equal(1, (await engine.PumpAsync(cancellationToken: Token)).Sent);
    }

    [Fact]
    public async Task An_outcome_that_a_module_cannot_take_stops_nobody_else_and_is_tried_again()
    {
        var ben = Identity.User("ben");
        var broken = true;
        var faulty = new ScriptModule("faulty", ["*"], (_, context) => broken && context.Cause.Source == "outbox" && context.Customer == SeededFirst ? throw new InvalidOperationException("It broke.") : Outcome.Nothing);
        var engine = new CrmEngine(store, [Welcome, faulty], new CrmOptions { Zone = DateTimeZone.Utc }, clock, new SeededIdSource(), new CrmPorts { Channels = [postman] });
        var amy = await engine.RecordAsync(Histories.Purchase("till:1", 1_000), Token);
        Assert.Equal(SeededFirst, amy.Customer);
        await engine.RecordAsync(Histories.Purchase("till:2", 1_000) with { Identity = ben }, Token);

        var report = await engine.PumpAsync(cancellationToken: Token);

        Assert.Equal((1, 1), (report.Sent, report.Postponed));
        broken = false;
        clock.Advance(Duration.FromMinutes(1));
        Assert.Equal(1, (await engine.PumpAsync(cancellationToken: Token)).Sent);
        Assert.Equal(3, postman.Delivered.Count);
    }

    [Fact]
    public async Task A_run_that_is_cancelled_writes_down_what_it_has_handed_over()
    {
        using var cancelling = new CancellationTokenSource();
        var engine = Engine();
        var amy = await engine.RecordAsync(Histories.Purchase("till:1", 1_000), Token);
        await engine.RecordAsync(Histories.Purchase("till:2", 1_000) with { Identity = Identity.User("ben") }, Token);
        postman.AfterDelivery = cancelling.Cancel;

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await engine.PumpAsync(cancellationToken: cancelling.Token));

        Assert.Single(postman.Delivered);
        postman.AfterDelivery = () => { };
        clock.Advance(Duration.FromMinutes(3));
        Assert.Equal(1, (await engine.PumpAsync(cancellationToken: Token)).Sent);
        Assert.Equal(2, postman.Delivered.Count);
        Assert.Single(await store.ReadJournalAsync(amy.Customer, 1, Token).ToListAsync(Token));
    }

    [Fact]
    public async Task Imported_history_sends_nothing()
    {
        var engine = Engine();
        await engine.RecordAsync([Histories.Purchase("till:1", 1_000)], RecordMode.Backfill, Token);
        await engine.PumpAsync(cancellationToken: Token);
        Assert.Empty(postman.Delivered);
    }

    [Fact]
    public async Task A_cancelled_purchase_withdraws_its_unsent_message_and_its_follow_up()
    {
        var engine = Engine();
        await engine.RecordAsync(Histories.Purchase("till:1", 1_000), Token);
        await engine.RecordAsync(Histories.Cancellation("till:2", EventKey.Parse("till:1")), Token);
        await engine.PumpAsync(cancellationToken: Token);
        Assert.Empty(postman.Delivered);
        var friend = await engine.ReadAsync(CustomerRef.Of(Friend), Token);
        Assert.NotNull(friend);
        Assert.Empty(friend.Slot<Notes>("welcome").Lines);
        var gifts = await store.ReadJournalAsync(friend.Customer, 0, Token).Select(entry => entry.Event.Kind).ToListAsync(Token);
        Assert.Equal(["gift", EventKinds.CancellationName], gifts);
    }

    [Fact]
    public async Task A_follow_up_arrives_once_however_often_the_outbox_is_pumped()
    {
        var engine = Engine();
        await engine.RecordAsync(Histories.Purchase("till:1", 1_000), Token);
        Assert.Equal(1, (await engine.PumpAsync(cancellationToken: Token)).FollowUps);
        Assert.Equal(0, (await engine.PumpAsync(cancellationToken: Token)).FollowUps);
        Assert.Equal(["welcome gift 1"], (await engine.ReadAsync(CustomerRef.Of(Friend), Token))!.Slot<Notes>("welcome").Lines);
    }

    [Fact]
    public async Task A_follow_up_that_cannot_be_recorded_is_kept_and_holds_up_nobody()
    {
        var wild = new ScriptModule("wild", [EventKinds.PurchaseName], (_, context) => context.Cause.Source == "gift" ? Outcome.Nothing : new Outcome.Accepted
        {
            FollowUps =
            [
                new CustomerEvent { Key = new EventKey("gift", $"wrong {context.Cause}"), Kind = "no-such-kind", Identity = Friend },
                CustomerEvent.Purchase($"gift:right {context.Cause}", Friend, Money.Hkd(0)) with { Kind = EventKinds.PurchaseName },
            ],
        });
        var engine = new CrmEngine(store, [wild], new CrmOptions { Zone = DateTimeZone.Utc }, clock, new SeededIdSource());
        await engine.RecordAsync(Histories.Purchase("till:1", 1_000), Token);
        var report = await engine.PumpAsync(most: 2, Token);
        Assert.Equal((1, 1), (report.FollowUps, report.Postponed));
        clock.Advance(Duration.FromMinutes(1));
        Assert.Equal(1, (await engine.PumpAsync(most: 1, Token)).Postponed);
    }

    [Fact]
    public async Task The_last_unit_of_a_supply_goes_to_one_of_fifty_and_comes_back_with_a_refund()
    {
        IQuotas quotas = store;
        await quotas.SetAsync("mugs", 1, Token);
        var engine = new CrmEngine(store, [Mugs], new CrmOptions { Zone = DateTimeZone.Utc }, clock, new SeededIdSource());
        var receipts = await Task.WhenAll(Enumerable.Range(0, 50).Select(i => Task.Run(async () => await engine.RecordAsync(Histories.Purchase($"till:{i}", 1_000) with { Identity = Identity.User(i) }, Token), Token)));
        var winner = Assert.Single(receipts, receipt => receipt.Lines.Any(line => line.Code == "mug"));
        Assert.Equal(49, receipts.Count(receipt => receipt.Lines.Any(line => line.Code == "no-mug")));
        Assert.Equal(0, await quotas.AvailableAsync("mugs", Token));
        await engine.RecordAsync(new CustomerEvent { Key = EventKey.Parse("till:back"), Kind = EventKinds.CancellationName, Customer = winner.Customer, Original = winner.Key }, Token);
        Assert.Equal(1, await quotas.AvailableAsync("mugs", Token));
    }

    private static CustomerId SeededFirst => new SeededIdSource().NewCustomerId();

    private static Identity Friend => Identity.User("friend");

    private static ScriptModule Mugs => new("mugs", [EventKinds.PurchaseName], (_, context) => context.MayDraw("mugs", 1)
        ? new Outcome.Accepted { Quotas = [new QuotaDraw("mugs", 1)], Lines = [new ReceiptLine("mugs", "mug")] }
        : new Outcome.Accepted { Lines = [new ReceiptLine("mugs", "no-mug")] });

    private static ScriptModule Welcome => new(
        new ModuleContract { Name = "welcome", Handles = ["*"], Codec = NotesCodec.Instance, Kinds = [new EventKind("gift", EventNature.Happening)] },
        (notes, context) => context.Stimulus switch
        {
            Stimulus.Happened({ Kind: EventKinds.PurchaseName }) => new Outcome.Accepted
            {
                Messages =
                [
                    new Message { Occasion = "welcome:1", Channel = "post", Template = "welcome", Purpose = "service", DecidedAt = context.Moment.Instant, UsefulUntil = context.Moment.Instant + Duration.FromDays(1) },
                ],
                FollowUps = [new CustomerEvent { Key = new EventKey("gift", $"of {context.Cause}"), Kind = "gift", Identity = Friend }],
            },
            Stimulus.Happened({ Kind: "gift" }) => notes.Plus("welcome gift 1"),
            _ => Outcome.Nothing,
        });

    private CrmEngine Engine() =>
        new(store, [Welcome], new CrmOptions { Zone = DateTimeZone.Utc }, clock, new SeededIdSource(), new CrmPorts { Channels = [postman], Gate = gate });

    private sealed class Postman : IMessageChannel
    {
        public string Name => "post";

        public bool Trouble { get; set; }

        public List<string> Delivered { get; } = [];

        public Action AfterDelivery { get; set; } = () => { };

        public ValueTask<SendOutcome> SendAsync(string id, Message message, CustomerView customer, CancellationToken cancellationToken)
        {
            if (Trouble)
            {
                throw new IOException("The letter box is stuck.");
            }

            Delivered.Add(message.Occasion);
            AfterDelivery();
            return ValueTask.FromResult<SendOutcome>(new SendOutcome.Sent());
        }
    }

    private sealed class Gate : ISendGate
    {
        public GateAnswer Answer { get; set; } = new(true);

        public GateAnswer AskAtDecision(Message message, IEvidence customer) => new(true);

        public ValueTask<GateAnswer> AskAtLeaseAsync(Message message, CustomerView customer, CancellationToken cancellationToken) => ValueTask.FromResult(Answer);
    }
}
