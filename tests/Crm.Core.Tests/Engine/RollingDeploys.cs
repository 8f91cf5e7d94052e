using Crm.Conditions;
using Crm.Engine;
using Crm.Events;
using Crm.Modules;
using Crm.Storage;
using Crm.Testing;
using Crm.Values;
using NodaTime;

namespace Crm.Core.Tests.Engine;

/// <summary>Releases that run side by side on one store while a host is deployed.</summary>
public sealed class RollingDeploys
{
    private static readonly CancellationToken Token = TestContext.Current.CancellationToken;
    private static readonly Identity Ben = Identity.User("ben");
    private readonly InMemoryStore store = new();
    private readonly FakeClock clock = new(Shop.Opening);

    [Fact]
    public async Task A_release_that_reads_the_new_version_and_writes_the_old_runs_beside_both_its_neighbours()
    {
        var (first, second, third) = (Release(writes: 1, reads: 1), Release(writes: 1, reads: 2), Release(writes: 2, reads: 2));
        await RecordAsync(first, "till:1");
        await RecordAsync(second, "till:2");
        await RecordAsync(first, "till:3");
        await RecordAsync(second, "till:4");
        await RecordAsync(third, "till:5");
        await RecordAsync(second, "till:6");
        await RecordAsync(third, "till:7");

        foreach (var release in new[] { second, third })
        {
            var view = await release.ReadAsync(CustomerRef.Of(Shop.Amy), Token);
            Assert.Equal(7, view?.Slot<Visits>("visits").Count);
        }
    }

    [Fact]
    public async Task A_state_of_an_earlier_release_is_read_as_it_was_meant_and_written_as_it_is_now()
    {
        await RecordAsync(Release(writes: 1, reads: 1), "till:1");
        Assert.Equal(1, await VersionAsync(Shop.Amy));
        await RecordAsync(Release(writes: 2, reads: 2), "till:2");

        Assert.Equal(2, await VersionAsync(Shop.Amy));
        Assert.Equal(new Visits(2, Shop.Opening), (await Release(writes: 2, reads: 2).ReadAsync(CustomerRef.Of(Shop.Amy), Token))?.Slot<Visits>("visits"));
    }

    [Fact]
    public async Task A_customer_of_a_later_release_is_refused_and_the_others_of_the_call_are_recorded()
    {
        var (older, newer) = (Release(writes: 1, reads: 1), Release(writes: 2, reads: 2));
        await RecordAsync(newer, "till:1");
        var fault = await Assert.ThrowsAsync<UnreadableStateException>(async () =>
            await older.RecordAsync([Histories.Purchase("till:2", 1_000), Histories.Purchase("till:3", 1_000) with { Identity = Ben }], cancellationToken: Token));

        Assert.Equal("visits", fault.Slot);
        Assert.Equal("The state of 'visits' has version 2; this release reads versions 1 to 1. A later release wrote it: use that release, or a later one, for this customer.", fault.Message);
        Assert.Equal(1, (await older.ReadAsync(CustomerRef.Of(Ben), Token))?.Slot<Visits>("visits").Count);
        var answers = await newer.RecordAsync([Histories.Purchase("till:2", 1_000), Histories.Purchase("till:3", 1_000) with { Identity = Ben }], cancellationToken: Token);
        Assert.IsType<Recorded.New>(answers[0]);
        Assert.IsType<Recorded.Already>(answers[1]);
    }

    [Fact]
    public async Task A_worker_of_an_earlier_release_goes_on_with_those_it_can_read()
    {
        var (older, newer) = (Release(writes: 1, reads: 1), Release(writes: 2, reads: 2));
        await RecordAsync(newer, "till:1");
        await older.RecordAsync(Histories.Purchase("till:2", 1_000) with { Identity = Ben }, Token);
        clock.Advance(Duration.FromDays(2));

        await Assert.ThrowsAsync<UnreadableStateException>(async () => await older.RunDueAsync(cancellationToken: Token));
        Assert.Equal(100, (await older.ReadAsync(CustomerRef.Of(Ben), Token))?.Slot<Visits>("visits").Count - 1);
        clock.Advance(Duration.FromMinutes(5));
        Assert.Equal(new DueReport(1, 0), await newer.RunDueAsync(cancellationToken: Token));

        var pumped = await older.PumpAsync(cancellationToken: Token);
        Assert.Equal((1, 1), (pumped.Sent, pumped.Postponed));
        clock.Advance(Duration.FromHours(2));
        Assert.Equal(1, (await newer.PumpAsync(cancellationToken: Token)).Sent);
    }

    [Fact]
    public async Task Audiences_scans_and_pages_give_a_customer_of_a_later_release_apart()
    {
        var (older, newer) = (Release(writes: 1, reads: 1), Release(writes: 2, reads: 2));
        await RecordAsync(newer, "till:1");
        var ben = (await older.RecordAsync(Histories.Purchase("till:2", 1_000) with { Identity = Ben }, Token)).Customer;
        clock.Advance(Duration.FromDays(2));
        var question = new PastQuestion(clock.GetCurrentInstant()) { IsNow = true };
        var told = new List<UnreadableCustomer>();

        Assert.Equal([ben], await older.SelectAsync(If.Purchases().Count().AtLeast(1), told.Add, Token));
        Assert.Equal([ben], await older.ReadAllAsync(told.Add, Token).Select(view => view.Customer).ToListAsync(Token));
        Assert.Equal([ben], await older.ReadAllAsync(question with { LeavesOutUnreadable = told.Add }, Token).Select(view => view.Customer.Customer).ToListAsync(Token));
        var page = await older.ReadPageAsync(new CustomerPageRequest(), Token);
        var past = await older.ReadPageAsync(new CustomerPageRequest(), question, Token);

        Assert.Equal([ben], page.Customers.Select(view => view.Customer));
        Assert.Equal([ben], past.Customers.Select(view => view.Customer.Customer));
        var amy = (await newer.ReadAsync(CustomerRef.Of(Shop.Amy), Token))!.Customer;
        Assert.Equal(Enumerable.Repeat((amy, "visits"), 5), told.Concat(page.Unreadable).Concat(past.Unreadable).Select(one => (one.Customer, one.Fault.Slot)));
        await Assert.ThrowsAsync<UnreadableStateException>(async () => await older.SelectAsync(If.Purchases().Count().AtLeast(1), Token));
        await Assert.ThrowsAsync<UnreadableStateException>(async () => await older.ReadAllAsync(Token).ToListAsync(Token));
        await Assert.ThrowsAsync<UnreadableStateException>(async () => await older.ReadAllAsync(question, Token).ToListAsync(Token));
    }

    [Fact]
    public async Task An_outcome_of_a_customer_of_a_later_release_waits_for_that_release_and_stops_nobody()
    {
        var (older, newer) = (Release(writes: 1, reads: 1), Release(writes: 2, reads: 2));
        await RecordAsync(newer, "till:1");
        await older.RecordAsync(Histories.Purchase("till:2", 1_000) with { Identity = Ben }, Token);
        clock.Advance(Duration.FromDays(301));

        var pumped = await older.PumpAsync(cancellationToken: Token);

        Assert.Equal((1, 1), (pumped.Stale, pumped.Postponed));
        clock.Advance(Duration.FromHours(2));
        Assert.Equal(1, (await newer.PumpAsync(cancellationToken: Token)).Stale);
    }

    [Fact]
    public async Task A_state_of_the_first_release_of_the_kernel_is_read_and_its_journal_is_not_counted()
    {
        var shop = Release(writes: 1, reads: 1);
        await RecordAsync(shop, "till:1");
        var modules = new ModuleSet([new VisitsModule(1, 1)]);
        var codec = new StateCodec(modules);
        var stored = await store.LoadAsync(CustomerRef.Of(Shop.Amy), Token);
        var state = codec.Decode(stored.Slots, stored.Version);
        Assert.Equal(1, state.Journal?.Count);

        state.Journal = null;
        var uncounted = codec.Decode(codec.EncodeAll(state), stored.Version);
        Assert.Null(uncounted.Journal);
        Assert.Equal(state.RecordedAt, uncounted.RecordedAt);
    }

    private CrmEngine Release(int writes, int reads) => new(store, [new VisitsModule(writes, reads)], new CrmOptions { Zone = DateTimeZone.Utc }, clock, new SeededIdSource((writes * 10) + reads), new CrmPorts { Channels = [new Post()] });

    private static async Task RecordAsync(CrmEngine release, string key) => await release.RecordAsync(Histories.Purchase(key, 1_000), Token);

    private async Task<int> VersionAsync(Identity customer) => (await store.LoadAsync(CustomerRef.Of(customer), Token)).Slots.Single(slot => slot.Name == "visits").Version;

    private sealed class Post : IMessageChannel
    {
        public string Name => "post";

        public ValueTask<SendOutcome> SendAsync(string id, Message message, CustomerView customer, CancellationToken cancellationToken) => ValueTask.FromResult<SendOutcome>(new SendOutcome.Sent());
    }

    /// <param name="First">When the first came; version 2 knows it, and takes the beginning of the year for those it was not noted of.</param>
    private sealed record Visits(long Count, Instant First);

    private sealed class VisitsModule(int writes, int reads) : CustomerModule<Visits>
    {
        public override ModuleContract Contract { get; } = new() { Name = "visits", Handles = [EventKinds.PurchaseName], Codec = new Codec(writes, reads) };

        protected override Outcome Handle(Visits state, ModuleContext context) => context.Stimulus is Stimulus.Due
            ? new Outcome.Accepted { State = state with { Count = state.Count + 100 } }
            : new Outcome.Accepted
            {
                State = state with { Count = state.Count + 1 },
                Agenda = [new AgendaChange("bonus", context.Moment.Instant + Duration.FromDays(1))],
                Messages = [new Message { Occasion = $"thanks-{context.Cause}", Channel = "post", Template = "thanks", Purpose = "service", DecidedAt = context.Moment.Instant, UsefulUntil = context.Moment.Instant + Duration.FromDays(300) }],
            };
    }

    private sealed class Codec(int writes, int reads) : SlotCodec<Visits>
    {
        public override int Version => writes;

        public override int Newest => reads;

        public override Visits Empty => new(0, Shop.Opening);

        protected override void Write(Visits state, SlotWriter writer)
        {
            writer.Whole(state.Count);
            if (writes > 1)
            {
                writer.Instant(state.First);
            }
        }

        protected override Visits Read(int version, ref SlotReader reader) => new(reader.Whole(), version > 1 ? reader.Instant() : Shop.Opening);
    }
}
