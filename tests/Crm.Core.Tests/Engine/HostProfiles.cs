using Crm.Engine;
using Crm.Events;
using Crm.Modules;
using Crm.Storage;
using Crm.Testing;
using Crm.Values;
using NodaTime;

namespace Crm.Core.Tests.Engine;

/// <summary>The host keeps the profiles, under a key of its own.</summary>
public sealed class HostProfiles
{
    private static readonly CancellationToken Token = TestContext.Current.CancellationToken;
    private static readonly Identity Phone = Identity.Phone("+85291234567");
    private readonly InMemoryStore store = new();
    private readonly FakeClock clock = new(Shop.Opening);

    [Fact]
    public async Task A_customer_is_read_with_the_hosts_profile_however_it_is_named()
    {
        var engine = Engine(store);
        var receipt = await engine.RecordAsync(Histories.Purchase("till:1", 1_000) with { AlsoKnownAs = [Phone] }, Token);

        foreach (var customer in new[] { CustomerRef.Of(Shop.Amy), CustomerRef.Of(Phone), CustomerRef.Of(receipt.Customer) })
        {
            Assert.Equal("kowloon", (await engine.ReadAsync(customer, Token))!.Profile["district"].AsCode);
        }
    }

    [Fact]
    public async Task An_event_sees_the_hosts_profile_whichever_identity_it_came_with()
    {
        var engine = Engine(store);
        var receipt = await engine.RecordAsync(Histories.Purchase("till:1", 1_000) with { AlsoKnownAs = [Phone] }, Token);
        await engine.RecordAsync(Histories.Purchase("till:2", 1_000) with { Identity = Phone }, Token);
        await engine.RecordAsync(Histories.Purchase("till:3", 1_000) with { Identity = null, Customer = receipt.Customer }, Token);

        Assert.Equal(["kowloon", "kowloon", "kowloon"], (await engine.ReadAsync(CustomerRef.Of(Shop.Amy), Token))!.Slot<Notes>("districts").Lines);
    }

    [Fact]
    public async Task A_store_that_does_not_tell_identities_leaves_the_key_out()
    {
        var engine = Engine(new ForgetfulStore(store));
        var receipt = await engine.RecordAsync(Histories.Purchase("till:1", 1_000), Token);

        Assert.Equal("kowloon", (await engine.ReadAsync(CustomerRef.Of(Shop.Amy), Token))!.Profile["district"].AsCode);
        Assert.True((await engine.ReadAsync(CustomerRef.Of(receipt.Customer), Token))!.Profile["district"].IsMissing);
    }

    [Fact]
    public async Task A_field_that_was_empty_and_has_a_value_now_is_noticed_and_so_is_one_that_is_empty_again()
    {
        var table = new Table { District = null };
        var engine = Engine(store, table);
        await engine.RecordAsync(Histories.Purchase("till:1", 1_000), Token);

        Assert.Equal(new ObserveReport(1, 1, 0), await engine.ObserveProfilesAsync(Token));
        table.District = "kowloon";
        Assert.Equal(new ObserveReport(1, 1, 1), await engine.ObserveProfilesAsync(Token));
        table.District = null;
        Assert.Equal(new ObserveReport(1, 1, 1), await engine.ObserveProfilesAsync(Token));
        table.District = "lantau";
        Assert.True(await engine.ObserveProfileAsync(CustomerRef.Of(Shop.Amy), Token));

        Assert.Equal(["nowhere", "kowloon", "nowhere", "lantau"], (await engine.ReadAsync(CustomerRef.Of(Shop.Amy), Token))!.Slot<Notes>("districts").Lines);
        var stored = await store.LoadAsync(CustomerRef.Of(Shop.Amy), Token);
        var verdict = new CustomerVerifier([Districts], new CrmOptions { Zone = DateTimeZone.Utc }).Verify(stored, await ((ICustomerStore)store).LoadWholeAsync(stored.Customer!.Value, Token), []);
        Assert.Null(verdict.NotRedecided);
        Assert.Empty(verdict.Differences);
    }

    [Fact]
    public async Task A_field_that_nobody_asked_about_before_waits_for_the_next_event()
    {
        var table = new Table();
        await new CrmEngine(store, [new ScriptModule("districts", [EventKinds.PurchaseName], (_, _) => Outcome.Nothing)], new CrmOptions { Zone = DateTimeZone.Utc }, clock, new SeededIdSource(), new CrmPorts { Profiles = table })
            .RecordAsync(Histories.Purchase("till:1", 1_000), Token);

        Assert.Equal(new ObserveReport(1, 1, 0), await Engine(store, table).ObserveProfilesAsync(Token));
    }

    [Theory]
    [InlineData(typeof(TaskCanceledException))]
    [InlineData(typeof(IOException))]
    public async Task A_profile_that_cannot_be_read_is_said_so_and_keeps_no_message_of_others_waiting(Type trouble)
    {
        var table = new Table();
        var engine = new CrmEngine(store, [Greeting], new CrmOptions { Zone = DateTimeZone.Utc }, clock, new SeededIdSource(), new CrmPorts { Profiles = table, Channels = [new LetterBox()] });
        await engine.RecordAsync(Histories.Purchase("till:1", 1_000), Token);
        await engine.RecordAsync(Histories.Purchase("till:2", 1_000) with { Identity = Ben }, Token);
        table.Trouble = (Exception)Activator.CreateInstance(trouble)!;

        var fault = await Assert.ThrowsAsync<ProfileFaultException>(async () => await engine.RecordAsync(Histories.Purchase("till:3", 1_000), Token));
        var report = await engine.PumpAsync(cancellationToken: Token);

        Assert.Same(table.Trouble, fault.InnerException);
        Assert.Equal((1, 1, 2), (report.Sent, report.FollowUps, report.Postponed));
        table.Trouble = null;
        clock.Advance(Duration.FromMinutes(1));
        var rest = await engine.PumpAsync(cancellationToken: Token);
        Assert.Equal((1, 1, 0), (rest.Sent, rest.FollowUps, rest.Postponed));
    }

    [Fact]
    public async Task Whoever_cancels_is_told_so_and_not_of_the_profile()
    {
        using var cancelling = new CancellationTokenSource();
        var engine = new CrmEngine(store, [Districts], new CrmOptions { Zone = DateTimeZone.Utc }, clock, new SeededIdSource(), new CrmPorts { Profiles = new Table { Meanwhile = cancelling.Cancel } });

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await engine.RecordAsync([Histories.Purchase("till:1", 1_000)], cancellationToken: cancelling.Token));
    }

    private CrmEngine Engine(ICustomerStore over, Table? table = null) => new(over, [Districts], new CrmOptions { Zone = DateTimeZone.Utc }, clock, new SeededIdSource(), new CrmPorts { Profiles = table ?? new Table() });

    private static ScriptModule Districts => new(
        new ModuleContract { Name = "districts", Handles = [EventKinds.PurchaseName, EventKinds.ProfileObservedName], Observes = ["district"], Codec = NotesCodec.Instance },
        (notes, context) => notes.Plus(context.Observed("district").AsCode ?? "nowhere"));

    // Amy and Ben get a letter for each purchase at the till, and each the other's gift.
    private static ScriptModule Greeting => new("greeting", [EventKinds.PurchaseName], (_, context) => context.Cause.Source != "till" ? Outcome.Nothing : new Outcome.Accepted
    {
        Messages = [new Message { Occasion = $"thanks for {context.Cause}", Channel = "post", Template = "thanks", Purpose = "service", DecidedAt = context.Moment.Instant, UsefulUntil = context.Moment.Instant + Duration.FromDays(1) }],
        FollowUps = [CustomerEvent.Purchase($"gift:{context.Cause.Value}", context.Cause.Value == "1" ? Ben : Shop.Amy, Money.Hkd(0))],
    });

    private static Identity Ben => Identity.User("ben");

    private sealed class LetterBox : IMessageChannel
    {
        public string Name => "post";

        public ValueTask<SendOutcome> SendAsync(string id, Message message, CustomerView customer, CancellationToken cancellationToken) => ValueTask.FromResult<SendOutcome>(new SendOutcome.Sent());
    }

    private sealed class Table : ICustomerProfiles
    {
        /// <summary>Is thrown when Amy is asked about; null: nothing is.</summary>
        public Exception? Trouble { get; set; }

        public Action Meanwhile { get; init; } = () => { };

        /// <summary>Amy's; null: the table has none.</summary>
        public string? District { get; set; } = "kowloon";

        public ValueTask<Fields> ReadAsync(CustomerId customer, string? user, CancellationToken cancellationToken)
        {
            Meanwhile();
            cancellationToken.ThrowIfCancellationRequested();
            return user != Shop.Amy.Value ? ValueTask.FromResult(Fields.None) : Trouble is { } trouble ? throw trouble : ValueTask.FromResult(Row);
        }

        public IAsyncEnumerable<HostProfile> ReadAllAsync(CancellationToken cancellationToken) => new[] { new HostProfile(Shop.Amy.Value, Row, District ?? "-") }.ToAsyncEnumerable();

        private Fields Row => District is null ? Fields.None : Fields.Of(("district", District));
    }
}
