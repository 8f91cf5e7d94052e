using Crm.Engine;
using Crm.Events;
using Crm.Modules;
using Crm.Testing;
using Crm.Values;
using NodaTime;

namespace Crm.Storage.Tests;

/// <summary>What follows from imported history sends nothing, whoever it reaches.</summary>
public sealed class ImportedFollowUps
{
    private readonly Postman postman = new();
    private readonly FakeClock clock = new(Samples.Start);

    public static TheoryData<string> Stores => [.. TestedStore.All.Select(store => store.Name)];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Stores))]
    public async Task Nothing_leaves_for_what_a_friend_gets_from_imported_history(string name)
    {
        var journal = await PumpAsync(name, RecordMode.Backfill);

        Assert.Empty(postman.Delivered);
        Assert.True(journal.Backfill);
    }

    // Otherwise a module that says nothing would pass.
    [Theory]
    [MemberData(nameof(Stores))]
    public async Task A_friend_is_told_of_what_happens_now(string name)
    {
        var journal = await PumpAsync(name, RecordMode.Live);

        Assert.Equal(["thanks of shop:1"], postman.Delivered);
        Assert.False(journal.Backfill);
    }

    // Whether or not a worker has come before.
    [Theory]
    [MemberData(nameof(Stores))]
    public async Task A_friend_is_told_of_what_was_due_by_itself_before_what_they_get_from_imported_history(string name)
    {
        await using var factory = TestedStore.All.Single(tested => tested.Name == name).Fresh();
        var engine = Engine(await factory.OpenAsync("default", Token));

        await VisitedAndGivenAsync(engine);
        clock.Advance(Duration.FromHours(1));
        await engine.PumpAsync(cancellationToken: Token);

        Assert.Equal(["come again after 2"], postman.Delivered);
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public async Task What_was_due_by_itself_before_an_imported_follow_up_does_not_leave_once_its_cause_is_cancelled(string name)
    {
        await using var factory = TestedStore.All.Single(tested => tested.Name == name).Fresh();
        var engine = Engine(await factory.OpenAsync("default", Token));

        await VisitedAndGivenAsync(engine);
        await engine.RecordAsync(new CustomerEvent { Key = new EventKey("shop", "3"), Kind = EventKinds.CancellationName, Identity = Samples.User(2), Original = new EventKey("shop", "2") }, Token);
        clock.Advance(Duration.FromHours(1));
        await engine.PumpAsync(cancellationToken: Token);

        Assert.Empty(postman.Delivered);
    }

    // What the one who goes is not told any more, others still are.
    [Theory]
    [MemberData(nameof(Stores))]
    public async Task A_friend_is_told_of_what_they_get_when_somebody_is_erased(string name)
    {
        await using var factory = TestedStore.All.Single(tested => tested.Name == name).Fresh();
        var store = await factory.OpenAsync("default", Token);
        var engine = Engine(store);
        await engine.RecordAsync([CustomerEvent.Purchase("shop:1", Samples.User(1), Money.Hkd(52))], RecordMode.Backfill, Token);

        await engine.EraseAsync(new EraseRequest(new EventKey("desk", "1"), CustomerRef.Of(Samples.User(1))), Token);
        await engine.PumpAsync(cancellationToken: Token);
        // The friend gets both presents at one instant, so the second counts a tick later.
        clock.Advance(Duration.FromSeconds(1));
        await engine.PumpAsync(cancellationToken: Token);

        Assert.Equal(["thanks of desk:1"], postman.Delivered);
    }

    [Fact]
    public void What_an_earlier_release_has_left_in_the_outbox_is_live()
    {
        var item = (OutboxItem.OfFollowUp)Samples.FollowUp(1, "crm:settle-1");

        Assert.Equal(item.Event, Binary.ReadFollowUp(Binary.Write(item.Event), out var ofEarlier));
        Assert.False(ofEarlier);
        Assert.Equal(item.Event, Binary.ReadFollowUp(Binary.Write(item with { Backfill = true }), out var ofImport));
        Assert.True(ofImport);
        Assert.Equal(Binary.Write(item.Event), Binary.Write(item));
    }

    private async Task<JournalEntry> PumpAsync(string name, RecordMode mode)
    {
        await using var factory = TestedStore.All.Single(tested => tested.Name == name).Fresh();
        var store = await factory.OpenAsync("default", Token);
        var engine = Engine(store);
        await engine.RecordAsync([CustomerEvent.Purchase("shop:1", Samples.User(1), Money.Hkd(52))], mode, Token);

        Assert.Equal(1, (await engine.PumpAsync(cancellationToken: Token)).FollowUps);
        await engine.PumpAsync(cancellationToken: Token);

        var friend = await engine.ReadAsync(CustomerRef.Of(Samples.User(2)), Token);
        return await store.ReadJournalAsync(friend!.Customer, 0, Token).FirstAsync(Token);
    }

    // The friend was there at first, and is to be asked back an hour later; what is imported then is delivered an hour after that, and nobody has looked meanwhile.
    private async Task VisitedAndGivenAsync(CrmEngine engine)
    {
        await engine.RecordAsync(new CustomerEvent { Key = new EventKey("shop", "2"), Kind = "visit", Identity = Samples.User(2) }, Token);
        clock.Advance(Duration.FromHours(2));
        await engine.RecordAsync([CustomerEvent.Purchase("shop:1", Samples.User(1), Money.Hkd(52)) with { OccurredAt = Samples.Start }], RecordMode.Backfill, Token);
        Assert.Equal(1, (await engine.PumpAsync(cancellationToken: Token)).FollowUps);
        Assert.Empty(postman.Delivered);
    }

    private CrmEngine Engine(ICustomerStore store) => new(store, [new Presents()], new CrmOptions(), clock, new SeededIdSource(), new CrmPorts { Channels = [postman] });

    /// <summary>Who buys, or goes, gives a friend a present, and whoever gets one thanks for it within a day; whoever visits is asked to come again.</summary>
    private sealed class Presents : CustomerModule<Nothing>
    {
        public override ModuleContract Contract { get; } = new()
        {
            Name = "presents",
            Handles = [EventKinds.PurchaseName, EventKinds.ErasedName, "present", "visit"],
            Kinds = [new EventKind("present", EventNature.Happening), new EventKind("visit", EventNature.Happening)],
            Codec = new NoState(),
        };

        protected override Outcome Handle(Nothing state, ModuleContext context) => context.Stimulus switch
        {
            Stimulus.Happened({ Kind: "visit" }) => new Outcome.Accepted { Agenda = [new AgendaChange($"after {context.Cause.Value}", context.Moment.Instant + Duration.FromHours(1))] },
            Stimulus.Happened({ Kind: "present" }) => Told($"thanks {context.Cause.Value}", context, Duration.Zero),
            Stimulus.Due(var visit) => Told($"come again {visit}", context, Duration.FromMinutes(90)),
            _ => new Outcome.Accepted { FollowUps = [new CustomerEvent { Key = new EventKey("present", $"of {context.Cause}"), Kind = "present", Identity = Samples.User(2) }] },
        };

        private static Outcome.Accepted Told(string occasion, ModuleContext context, Duration wait) => new()
        {
            Messages =
            [
                new Message
                {
                    Occasion = occasion,
                    Channel = "post",
                    Template = "thanks",
                    Purpose = "service",
                    DecidedAt = context.Moment.Instant,
                    NotBefore = context.Moment.Instant + wait,
                    UsefulUntil = context.Moment.Instant + Duration.FromDays(1),
                },
            ],
        };
    }

    private sealed record Nothing;

    private sealed class NoState : SlotCodec<Nothing>
    {
        public override int Version => 1;

        public override Nothing Empty => new();

        protected override void Write(Nothing state, SlotWriter writer)
        {
        }

        protected override Nothing Read(int version, ref SlotReader reader) => new();
    }

    private sealed class Postman : IMessageChannel
    {
        public string Name => "post";

        public List<string> Delivered { get; } = [];

        public ValueTask<SendOutcome> SendAsync(string id, Message message, CustomerView customer, CancellationToken cancellationToken)
        {
            Delivered.Add(message.Occasion);
            return ValueTask.FromResult<SendOutcome>(new SendOutcome.Sent());
        }
    }
}
