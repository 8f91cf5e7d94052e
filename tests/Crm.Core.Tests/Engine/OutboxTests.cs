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
    public async Task A_reason_that_no_database_keeps_is_told_as_such_and_the_message_is_done_with()
    {
        var engine = Engine();
        var receipt = await engine.RecordAsync(Histories.Purchase("till:1", 1_000), Token);
        gate.Answer = new GateAnswer(false, "cut \uD83C");
        Assert.Equal(1, (await engine.PumpAsync(cancellationToken: Token)).Refused);
        var outcome = await store.ReadJournalAsync(receipt.Customer, 1, Token).SingleAsync(Token);
        Assert.Equal("unreadable", outcome.Event.Fields["reason"].AsCode);
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
    public async Task A_channel_that_times_out_holds_up_nobody_and_is_given_up_at_last()
    {
        var engine = Engine();
        var amy = await engine.RecordAsync(Histories.Purchase("till:1", 1_000), Token);
        await engine.RecordAsync(Histories.Purchase("till:2", 1_000) with { Identity = Identity.User("ben") }, Token);
        postman.TimesOutFor = amy.Customer;

        Assert.Equal((1, 1), await engine.PumpAsync(cancellationToken: Token) is var first ? (first.Sent, first.Postponed) : default);
        for (var attempt = 2; attempt < 5; attempt++)
        {
            clock.Advance(Duration.FromHours(1));
            Assert.Equal(1, (await engine.PumpAsync(cancellationToken: Token)).Postponed);
        }

        clock.Advance(Duration.FromHours(1));
        Assert.Equal(1, (await engine.PumpAsync(cancellationToken: Token)).Failed);
    }

    [Fact]
    public async Task A_gate_in_trouble_lets_nothing_leave_and_holds_up_nobody()
    {
        var engine = Engine();
        var amy = await engine.RecordAsync(Histories.Purchase("till:1", 1_000), Token);
        await engine.RecordAsync(Histories.Purchase("till:2", 1_000) with { Identity = Identity.User("ben") }, Token);
        foreach (var trouble in new Exception[] { new TaskCanceledException("The registry did not answer in time."), new IOException("The registry is down.") })
        {
            gate.TroubleWith = (amy.Customer, trouble);
            Assert.Equal(1, (await engine.PumpAsync(cancellationToken: Token)).Postponed);
            Assert.Single(postman.Delivered);
            clock.Advance(Duration.FromHours(1));
        }

        gate.TroubleWith = null;
        Assert.Equal(1, (await engine.PumpAsync(cancellationToken: Token)).Sent);
    }

    [Fact]
    public async Task What_is_put_off_uses_up_no_attempt()
    {
        var engine = Engine();
        await engine.RecordAsync(Histories.Purchase("till:1", 1_000), Token);
        for (var night = 0; night < 9; night++)
        {
            postman.PutOffUntil = clock.GetCurrentInstant() + Duration.FromHours(1);
            Assert.Equal(1, (await engine.PumpAsync(cancellationToken: Token)).Postponed);
            clock.Advance(Duration.FromHours(1));
        }

        (postman.PutOffUntil, postman.Trouble) = (null, true);
        Assert.Equal((1, 0), await engine.PumpAsync(cancellationToken: Token) is var trouble ? (trouble.Postponed, trouble.Failed) : default);
        clock.Advance(Duration.FromHours(1));
        postman.Trouble = false;
        Assert.Equal(1, (await engine.PumpAsync(cancellationToken: Token)).Sent);
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
    public async Task Two_workers_of_a_slow_channel_hand_every_message_over_once()
    {
        var (worker, other) = (Engine(Letters), Engine(Letters));
        await WelcomeAsync(worker, 250);
        var nested = false;
        postman.Meanwhile = async () =>
        {
            // A second for each message, and while one worker waits for the channel, the other looks whether there is something to do.
            clock.Advance(Duration.FromSeconds(1));
            if (!nested)
            {
                nested = true;
                await other.PumpAsync(cancellationToken: Token);
                nested = false;
            }
        };

        while ((await worker.PumpAsync(cancellationToken: Token)).IsCutShort)
        {
        }

        Assert.Equal(250, postman.Ids.Count);
        Assert.Equal(250, postman.Ids.Distinct().Count());
        Assert.Equal(250, await store.ReadAllAsync(Token).CountAsync(each => each.Entry.Event.Kind == MessageOutcomes.Sent, Token));
    }

    [Fact]
    public async Task A_run_ends_while_half_of_its_lease_is_left_and_gives_back_what_it_has_not_handed_over()
    {
        var engine = Engine(Letters);
        await WelcomeAsync(engine, 250);
        postman.AfterDelivery = () => clock.Advance(Duration.FromSeconds(1));

        var report = await engine.PumpAsync(cancellationToken: Token);

        Assert.Equal((60, 60, true), (report.Sent, report.Items, report.IsCutShort));
        IOutbox outbox = store;
        var rest = await outbox.LeaseAsync(clock.GetCurrentInstant(), clock.GetCurrentInstant(), 1_000, Token);
        Assert.Equal(190, rest.OfType<OutboxItem.OfMessage>().Count());
        Assert.All(rest, item => Assert.Equal((0, Shop.Opening), (item.Attempts, item.NotBefore)));
    }

    [Fact]
    public async Task A_clock_that_is_set_back_during_a_run_lets_nobody_hand_over_after_the_lease()
    {
        var engine = Engine(Letters);
        await WelcomeAsync(engine, 250);
        var began = clock.GetCurrentInstant();
        clock.Advance(Duration.FromHours(2));
        var handedOver = 0;
        postman.AfterDelivery = () =>
        {
            // After the first two hundred the clock goes wrong, and each of the rest takes ten seconds.
            clock.Set(++handedOver == 200 ? began + Duration.FromHours(1) : clock.GetCurrentInstant() + Duration.FromSeconds(handedOver > 200 ? 10 : 0));
        };

        var report = await engine.PumpAsync(cancellationToken: Token);

        Assert.Equal((206, true), (report.Sent, report.IsCutShort));
    }

    [Fact]
    public async Task A_clock_that_is_set_back_behind_the_lease_ends_it_and_the_rest_leaves_in_another_run()
    {
        var engine = Engine(Letters);
        await WelcomeAsync(engine, 100);
        var began = clock.GetCurrentInstant();
        clock.Advance(Duration.FromHours(2));
        var handedOver = 0;
        postman.AfterDelivery = () =>
        {
            if (++handedOver == 50)
            {
                clock.Set(began + Duration.FromHours(1));
            }
        };

        var report = await engine.PumpAsync(cancellationToken: Token);
        var next = await engine.PumpAsync(cancellationToken: Token);

        Assert.Equal((50, true), (report.Sent, report.IsCutShort));
        Assert.Equal((50, false), (next.Sent, next.IsCutShort));
        Assert.Equal(100, postman.Ids.Distinct().Count());
    }

    [Fact]
    public async Task What_became_of_messages_is_written_while_the_run_goes_on()
    {
        var engine = Engine(Letters);
        await WelcomeAsync(engine, 40);
        var written = new List<int>();
        postman.Meanwhile = async () =>
        {
            written.Add(await store.ReadAllAsync(Token).CountAsync(each => each.Entry.Event.Kind == MessageOutcomes.Sent, Token));
            clock.Advance(Duration.FromSeconds(1));
        };

        await engine.PumpAsync(cancellationToken: Token);

        // A hundredth of the lease is 1.2 seconds, so that never more than two are at stake.
        Assert.Equal(Enumerable.Range(0, 40).Select(sent => sent / 2 * 2), written);
    }

    [Fact]
    public async Task A_message_whose_outcome_is_in_the_journal_is_not_handed_over()
    {
        var (worker, late) = (Engine(Letters), Engine(Letters));
        await WelcomeAsync(worker, 2);
        IOutbox outbox = store;
        var items = (await outbox.LeaseAsync(clock.GetCurrentInstant(), clock.GetCurrentInstant(), 10, Token)).OfType<OutboxItem.OfMessage>().ToList();
        postman.Meanwhile = async () => await late.RecordAsync(OutboxPump.Outcome(items[1].Id, items[1].Customer, items[1].Message, MessageOutcomes.Sent, null), Token);

        Assert.Equal(1, (await worker.PumpAsync(cancellationToken: Token)).Sent);

        Assert.Equal([items[0].Id], postman.Ids);
        Assert.Empty((await outbox.LeaseAsync(Instant.MaxValue, Instant.MaxValue, 10, Token)).OfType<OutboxItem.OfMessage>());
    }

    [Fact]
    public async Task A_worker_that_lost_its_lease_does_not_end_that_of_another()
    {
        var engine = Engine(Letters);
        await WelcomeAsync(engine, 1);
        IOutbox outbox = store;
        IReadOnlyList<OutboxItem> others = [];
        postman.Meanwhile = async () =>
        {
            clock.Advance(Duration.FromMinutes(2));
            others = await outbox.LeaseAsync(clock.GetCurrentInstant(), clock.GetCurrentInstant() + Duration.FromMinutes(2), 10, Token);
            throw new IOException("The channel broke after two minutes.");
        };

        await engine.PumpAsync(cancellationToken: Token);

        var held = Assert.Single(others.OfType<OutboxItem.OfMessage>());
        clock.Advance(Duration.FromMinutes(2) - Duration.FromTicks(1));
        Assert.DoesNotContain(await outbox.LeaseAsync(clock.GetCurrentInstant(), clock.GetCurrentInstant(), 10, Token), item => item.Id == held.Id);
    }

    private static async Task WelcomeAsync(CrmEngine engine, int customers) =>
        await engine.RecordAsync([.. Enumerable.Range(0, customers).Select(n => Histories.Purchase($"till:{n}", 1_000) with { Identity = Identity.User(n) })], cancellationToken: Token);

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

    private static ScriptModule Letters => new("letters", [EventKinds.PurchaseName], (_, context) => new Outcome.Accepted
    {
        Messages = [new Message { Occasion = "welcome:1", Channel = "post", Template = "welcome", Purpose = "service", DecidedAt = context.Moment.Instant, UsefulUntil = context.Moment.Instant + Duration.FromDays(1) }],
    });

    private CrmEngine Engine() => Engine(Welcome);

    private CrmEngine Engine(ScriptModule module) =>
        new(store, [module], new CrmOptions { Zone = DateTimeZone.Utc }, clock, new SeededIdSource(), new CrmPorts { Channels = [postman], Gate = gate });

    private sealed class Postman : IMessageChannel
    {
        public string Name => "post";

        public bool Trouble { get; set; }

        public CustomerId? TimesOutFor { get; set; }

        public Instant? PutOffUntil { get; set; }

        public List<string> Delivered { get; } = [];

        public List<string> Ids { get; } = [];

        public Action AfterDelivery { get; set; } = () => { };

        public Func<Task> Meanwhile { get; set; } = () => Task.CompletedTask;

        public async ValueTask<SendOutcome> SendAsync(string id, Message message, CustomerView customer, CancellationToken cancellationToken)
        {
            if (Trouble)
            {
                throw new IOException("The letter box is stuck.");
            }

            if (customer.Customer == TimesOutFor)
            {
                throw new TaskCanceledException("The request was canceled due to the configured HttpClient.Timeout of 100 seconds elapsing.", new TimeoutException());
            }

            if (PutOffUntil is { } until)
            {
                return new SendOutcome.PutOff(until);
            }

            Delivered.Add(message.Occasion);
            Ids.Add(id);
            AfterDelivery();
            await Meanwhile();
            return new SendOutcome.Sent();
        }
    }

    private sealed class Gate : ISendGate
    {
        public GateAnswer Answer { get; set; } = new(true);

        public (CustomerId Customer, Exception Fault)? TroubleWith { get; set; }

        public GateAnswer AskAtDecision(Message message, IEvidence customer) => new(true);

        public ValueTask<GateAnswer> AskAtLeaseAsync(Message message, CustomerView customer, CancellationToken cancellationToken) =>
            TroubleWith is { } trouble && trouble.Customer == customer.Customer ? throw trouble.Fault : ValueTask.FromResult(Answer);
    }
}
