using Crm.Conditions;
using Crm.Engine;
using Crm.Events;
using Crm.Storage;
using Crm.Testing;
using Crm.Tests.Shared;
using Crm.Values;
using FsCheck;
using FsCheck.Fluent;
using NodaTime;

namespace Crm.Core.Tests.Engine;

/// <summary>What an engine remembers saves loads and changes nothing else, whoever else writes to the store.</summary>
public sealed class RememberedCustomers
{
    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(150);
    private static readonly Identity Ben = Identity.User("ben");
    private static readonly Identity Cat = Identity.User("cat");
    private static readonly CancellationToken Token = TestContext.Current.CancellationToken;

    [Fact]
    public void Two_engines_that_remember_do_together_what_one_that_loads_does() => Law(store => store).Check(Thorough);

    [Fact]
    public void A_store_that_takes_any_version_is_caught() => Counterfeits.Caught(() => Law(store => new CarelessStore(store)).Check(Thorough));

    [Fact]
    public async Task The_second_event_of_a_customer_is_one_round_trip()
    {
        var counted = default(LoadCounter);
        var shop = Remembering(store => counted = new LoadCounter(store));
        await shop.RecordAsync(Histories.Purchase("till:1", 1_000));
        await shop.RecordAsync(Histories.Purchase("till:2", 2_000));
        await shop.RecordAsync(Histories.Purchase("till:3", 3_000));
        Assert.Equal(1, counted?.Loads);
        Assert.Equal(6, (await shop.ReadAsync()).Fact("club.points").AsNumber);
    }

    [Fact]
    public async Task An_error_of_the_store_makes_the_engine_forget_everybody()
    {
        var counted = default(LoadCounter);
        var shop = Remembering(store => counted = new LoadCounter(store));
        await shop.RecordAsync(Histories.Purchase("till:1", 1_000));
        counted!.IsDown = true;
        await Assert.ThrowsAsync<IOException>(() => shop.RecordAsync(Histories.Purchase("till:2", 2_000)));
        counted.IsDown = false;
        await shop.RecordAsync(Histories.Purchase("till:2", 2_000));
        Assert.Equal(2, counted.Loads);
        Assert.Equal(3, (await shop.ReadAsync()).Fact("club.points").AsNumber);
    }

    [Fact]
    public async Task A_severed_identity_is_not_remembered_to_be_anybodys()
    {
        var shop = Remembering(store => store);
        await shop.RecordAsync(Histories.Purchase("till:1", 1_000));
        var known = await shop.Store.LoadAsync(CustomerRef.Of(Shop.Amy), Token);
        await shop.Store.CommitAsync(
            new Commit { Customer = known.Customer!.Value, ExpectedVersion = known.Version, Version = known.Version + 1, RecordedAt = Shop.Opening, Severed = [Shop.Amy] },
            Token);
        await shop.RecordAsync(Histories.Purchase("till:2", 2_000));
        Assert.NotEqual(known.Customer, (await shop.Store.LoadAsync(CustomerRef.Of(Shop.Amy), Token)).Customer);
        Assert.Equal(2, (await shop.ReadAsync()).Fact("club.points").AsNumber);
    }

    [Fact]
    public async Task A_store_that_lost_what_is_remembered_and_came_to_the_same_version_by_others_is_noticed() => Assert.Equal(1 + 4 + 8, await PointsAfterLossAsync(store => store));

    [Fact]
    public async Task A_store_that_looks_at_the_version_alone_is_caught() => Assert.NotEqual(1 + 4 + 8, await PointsAfterLossAsync(store => new VersionsOnly(store)));

    [Fact]
    public async Task Memory_that_keeps_misleading_is_hardly_asked()
    {
        var shop = Remembering(store => store);
        var conflicts = new ConflictCounter(shop.Store);
        var (first, second) = (Engine(), Engine());
        for (var n = 0; n < 500; n++)
        {
            await first.RecordAsync(Histories.Purchase($"till:{n}", 1_000), Token);
            await second.RecordAsync(Histories.Purchase($"web:{n}", 1_000), Token);
        }

        Assert.InRange(conflicts.Found, 1, 20);
        Assert.Equal(1_000, (await shop.ReadAsync()).Fact("club.points").AsNumber);

        CrmEngine Engine() => new(conflicts, shop.Modules, shop.Options, shop.Clock, new SeededIdSource(7));
    }

    [Fact]
    public async Task Memory_is_asked_again_when_it_was_left_aside()
    {
        var counted = default(LoadCounter);
        var shop = Remembering(store => counted = new LoadCounter(store));
        var other = new CrmEngine(shop.Store, shop.Modules, shop.Options, shop.Clock, new SeededIdSource(7));
        for (var n = 0; n < 10; n++)
        {
            await shop.RecordAsync(Histories.Purchase($"till:{n}", 1_000));
            await other.RecordAsync(Histories.Purchase($"web:{n}", 1_000), Token);
        }

        var before = counted!.Loads;
        for (var n = 10; n < 310; n++)
        {
            await shop.RecordAsync(Histories.Purchase($"till:{n}", 1_000));
        }

        Assert.InRange(counted.Loads - before, 1, 150);
    }

    [Fact]
    public async Task Who_was_erased_is_remembered_no_more()
    {
        var shop = Remembering(store => store);
        var conflicts = new ConflictCounter(shop.Store);
        var engine = new CrmEngine(conflicts, shop.Modules, shop.Options, shop.Clock, new SeededIdSource(7));
        await engine.RecordAsync(Histories.Purchase("till:1", 1_000), Token);
        await engine.EraseAsync(new EraseRequest(EventKey.Parse("desk:1"), CustomerRef.Of(Shop.Amy)) { KeepJournal = true }, Token);

        await engine.RecordAsync(Histories.Purchase("till:2", 2_000), Token);

        Assert.Equal(0, conflicts.Found);
        Assert.Equal(2, (await shop.ReadAsync()).Fact("club.points").AsNumber);
    }

    [Fact]
    public async Task Who_comes_now_by_one_name_and_now_by_another_is_remembered_by_both()
    {
        var host = new Host();
        await host.RecordAsync("till:1", Shop.Amy, 1_000, alsoKnownAs: Histories.Phone);
        for (var n = 2; n < 8; n++)
        {
            await host.RecordAsync($"till:{n}", n % 2 == 0 ? Histories.Phone : Shop.Amy, 1_000);
        }

        Assert.Equal((1, 0, 7), (host.Between.Loads, host.Between.Conflicts, await host.PointsAsync(Shop.Amy)));
    }

    [Fact]
    public async Task Each_event_keeps_the_name_that_it_came_by()
    {
        var shop = Remembering(store => store);
        await shop.RecordAsync(Histories.Birth);
        await shop.RecordAsync(Histories.Purchase("till:1", 1_000) with { Identity = Histories.Phone });
        await shop.RecordAsync(Histories.Purchase("till:2", 1_000));
        await shop.RecordAsync(Histories.Purchase("till:3", 1_000) with { Identity = Histories.Phone });
        Assert.Equal("till:1 by 2, till:2 by 1, till:3 by 2, till:birth by 1", await shop.NamesAsync());
    }

    [Fact]
    public async Task Another_name_of_somebody_who_is_remembered_costs_one_load()
    {
        var host = new Host();
        await host.Elsewhere().RecordAsync(Purchase("web:1", Shop.Amy, 1_000) with { AlsoKnownAs = [Histories.Phone] }, Token);
        await host.RecordAsync("till:1", Shop.Amy, 1_000);
        await host.RecordAsync("till:2", Histories.Phone, 1_000);
        await host.RecordAsync("till:3", Shop.Amy, 1_000);
        await host.RecordAsync("till:4", Histories.Phone, 1_000);

        Assert.Equal((2, 0, 5), (host.Between.Loads, host.Between.Conflicts, await host.PointsAsync(Shop.Amy)));
    }

    [Fact]
    public async Task A_name_that_was_cut_elsewhere_leads_to_nobody_who_is_remembered_after_another_name_was_loaded()
    {
        var host = new Host();
        await host.Elsewhere().RecordAsync(Purchase("web:1", Shop.Amy, 1_000) with { AlsoKnownAs = [Histories.Phone] }, Token);
        await host.RecordAsync("till:1", Shop.Amy, 1_000);
        await host.CutAsync(Shop.Amy);

        await host.RecordAsync("till:2", Histories.Phone, 1_000);
        await host.RecordAsync("till:3", Shop.Amy, 4_000);

        Assert.Equal((3, 4), (await host.PointsAsync(Histories.Phone), await host.PointsAsync(Shop.Amy)));
    }

    [Fact]
    public async Task A_name_that_was_cut_elsewhere_leads_to_nobody_in_one_call_with_another_name()
    {
        var host = new Host();
        await host.Elsewhere().RecordAsync(Purchase("web:1", Shop.Amy, 1_000) with { AlsoKnownAs = [Histories.Phone] }, Token);
        await host.RecordAsync("till:1", Shop.Amy, 1_000);
        await host.CutAsync(Shop.Amy);

        await host.Engine.RecordAsync([Purchase("till:2", Histories.Phone, 1_000), Purchase("till:3", Shop.Amy, 4_000)], cancellationToken: Token);

        Assert.Equal((3, 4), (await host.PointsAsync(Histories.Phone), await host.PointsAsync(Shop.Amy)));
    }

    [Fact]
    public async Task A_name_that_was_cut_in_a_store_that_came_to_the_same_version_is_remembered_no_more()
    {
        var host = new Host();
        var (other, failing) = (new InMemoryStore(), new FailingOver(host.Store));
        var replica = new Host(other);
        var engine = new CrmEngine(failing, [new ClubModule(new Condition.Any([]))], Host.Options, host.Clock, new SeededIdSource(7));
        await host.Elsewhere(7).RecordAsync(Purchase("web:1", Shop.Amy, 1_000) with { AlsoKnownAs = [Histories.Phone] }, Token);
        await replica.Elsewhere(7).RecordAsync(Purchase("web:1", Shop.Amy, 1_000) with { AlsoKnownAs = [Histories.Phone] }, Token);
        await engine.RecordAsync(Purchase("till:1", Shop.Amy, 2_000), Token);
        failing.To = other;
        await replica.CutAsync(Shop.Amy);

        await engine.RecordAsync(Purchase("till:2", Histories.Phone, 4_000), Token);
        await engine.RecordAsync(Purchase("till:3", Shop.Amy, 8_000), Token);

        Assert.Equal((5, 8), (await replica.PointsAsync(Histories.Phone), await replica.PointsAsync(Shop.Amy)));
    }

    [Fact]
    public async Task What_the_engine_itself_does_apart_from_events_misleads_nobody()
    {
        var host = new Host();
        await host.RecordAsync("till:1", Shop.Amy, 1_000, alsoKnownAs: Histories.Phone);
        await host.RecordAsync("till:2", Ben, 2_000);
        await host.Engine.MergeAsync(new MergeRequest(EventKey.Parse("desk:1"), CustomerRef.Of(Shop.Amy), CustomerRef.Of(Ben)), Token);
        await host.RecordAsync("till:3", Ben, 4_000);
        var quote = await host.Engine.QuoteAsync(Purchase("till:4", Shop.Amy, 8_000), Token);
        Assert.IsType<Quoted.Committed>(await host.Engine.CommitAsync(Purchase("till:4", Shop.Amy, 8_000), quote.Token, Token));
        await host.RecordAsync("till:5", Ben, 16_000);
        await host.RecordAsync("till:6", Cat, 1_000);
        host.Clock.Advance(Duration.FromMinutes(1));
        Assert.Equal(1, (await host.Engine.DisposeOfJournalAsync(new DisposalRequest(host.Clock.GetCurrentInstant()), Token)).Customers);
        await host.RecordAsync("till:7", Cat, 2_000);

        Assert.Equal(0, host.Between.Conflicts);
        Assert.Equal((31, 3), (await host.PointsAsync(Ben), await host.PointsAsync(Cat)));
    }

    [Fact]
    public async Task An_event_that_was_committed_before_an_erasure_and_answered_after_it_leaves_nobody_in_memory()
    {
        var host = new Host();
        var amy = await host.RecordAsync("till:1", Shop.Amy, 1_000, alsoKnownAs: Histories.Phone);
        host.Between.Written = async () => Assert.IsType<EraseResult.Erased>(await host.Engine.EraseAsync(new EraseRequest(EventKey.Parse("desk:1"), CustomerRef.Of(Shop.Amy)) { KeepJournal = true }, Token));
        await host.RecordAsync("till:2", Histories.Phone, 2_000);
        var loads = host.Between.Loads;

        await host.Engine.RecordAsync(Purchase("till:3", Shop.Amy, 4_000) with { Identity = null, Customer = amy.Customer }, Token);
        await host.RecordAsync("till:4", Histories.Phone, 8_000);

        Assert.Equal((2, 0), (host.Between.Loads - loads, host.Between.Conflicts));
        Assert.Equal(8, await host.PointsAsync(Histories.Phone));
    }

    [Fact]
    public async Task Whoever_is_erased_elsewhere_is_somebody_new_here()
    {
        var host = new Host();
        var amy = await host.RecordAsync("till:1", Shop.Amy, 1_000);
        await host.Elsewhere().EraseAsync(new EraseRequest(EventKey.Parse("desk:1"), CustomerRef.Of(Shop.Amy)), Token);

        var again = await host.RecordAsync("till:2", Shop.Amy, 2_000);

        Assert.NotEqual(amy.Customer, again.Customer);
        Assert.Equal(2, await host.PointsAsync(Shop.Amy));
    }

    [Fact]
    public async Task An_erasure_that_the_store_did_not_answer_leaves_nobody_in_memory()
    {
        var host = new Host();
        await host.RecordAsync("till:1", Shop.Amy, 1_000);
        await host.RecordAsync("till:2", Ben, 1_000);
        host.Between.Written = () => throw new InvalidOperationException("The store fell over after it had written.");
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await host.Engine.EraseAsync(new EraseRequest(EventKey.Parse("desk:1"), CustomerRef.Of(Shop.Amy)) { KeepJournal = true }, Token));
        var loads = host.Between.Loads;

        await host.RecordAsync("till:3", Ben, 1_000);
        await host.RecordAsync("till:4", Shop.Amy, 2_000);

        Assert.Equal((2, 0), (host.Between.Loads - loads, host.Between.Conflicts));
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 2)]
    public async Task Nobody_is_remembered_for_longer_than_was_chosen(int ticksMore, int loads)
    {
        var host = new Host();
        await host.RecordAsync("till:1", Shop.Amy, 1_000);
        host.Clock.Advance(Host.Options.RememberFor + Duration.FromTicks(ticksMore));
        await host.RecordAsync("till:2", Shop.Amy, 1_000);
        Assert.Equal(loads, host.Between.Loads);
    }

    [Fact]
    public async Task An_event_that_is_sent_again_is_looked_for_and_not_decided_in_vain()
    {
        var host = new Host();
        await host.RecordAsync("till:1", Shop.Amy, 1_000);
        await host.RecordAsync("till:2", Shop.Amy, 1_000);
        await host.RecordAsync("till:1", Shop.Amy, 1_000);
        Assert.Equal((2, 2, 2), (host.Between.Loads, host.Between.Commits, await host.PointsAsync(Shop.Amy)));
    }

    [Fact]
    public async Task What_is_wrong_with_one_customer_makes_the_engine_forget_no_other()
    {
        var host = new Host();
        await host.RecordAsync("till:1", Shop.Amy, 1_000);
        await Assert.ThrowsAsync<InvalidEventException>(async () => await host.Engine.RecordAsync(Purchase("till:2", Ben, 1_000) with { Identity = null, Customer = new CustomerId(77) }, Token));
        var loads = host.Between.Loads;
        await host.RecordAsync("till:3", Shop.Amy, 1_000);
        Assert.Equal(loads, host.Between.Loads);
    }

    [Fact]
    public async Task Many_who_record_at_once_by_two_names_at_two_hosts_lose_nothing()
    {
        var host = new Host(options: Host.Options with { Attempts = 100 });
        var other = new Host(host.Store, Host.Options with { Attempts = 100 });
        await host.RecordAsync("till:1", Shop.Amy, 1_000, alsoKnownAs: Histories.Phone);

        await Task.WhenAll(Enumerable.Range(0, 8).Select(writer => Task.Run(
            async () =>
            {
                for (var n = 0; n < 50; n++)
                {
                    await (writer % 2 == 0 ? host : other).RecordAsync($"web:{writer}-{n}", (writer / 2) % 2 == 0 ? Shop.Amy : Histories.Phone, 1_000);
                }
            },
            Token)));

        Assert.Equal(401, await host.PointsAsync(Shop.Amy));
    }

    [Fact]
    public void No_more_are_remembered_than_were_chosen_and_the_oldest_go_first()
    {
        var recent = new RecentCustomers(3, Duration.FromHours(1));
        foreach (var n in (int[])[1, 2, 3])
        {
            Keep(recent, n, 10);
        }

        Keep(recent, 1, 10, version: 2);
        Keep(recent, 4, 10);

        Assert.Equal(3, recent.Count);
        Assert.Equal([true, false, true, true], Enumerable.Range(1, 4).Select(n => recent.Find(CustomerRef.Of(Identity.User(n)), Shop.Opening) is not null));
        Assert.Equal([true, false, true, true], Enumerable.Range(1, 4).Select(n => recent.Find(CustomerRef.Of(new CustomerId((ulong)n)), Shop.Opening) is not null));
    }

    [Fact]
    public void Large_customers_leave_room_for_fewer()
    {
        var recent = new RecentCustomers(8, Duration.FromHours(1));
        for (var n = 1; n <= 8; n++)
        {
            Keep(recent, n, 2 * RecentCustomers.BytesEach);
        }

        Assert.Equal(3, recent.Count);
        Keep(recent, 9, 8 * RecentCustomers.BytesEach);
        Assert.Equal(0, recent.Count);
    }

    [Fact]
    public void A_worker_forgets_whose_time_is_over()
    {
        var recent = new RecentCustomers(8, Duration.FromHours(1));
        Keep(recent, 1, 10);
        Keep(recent, 2, 10, Shop.Opening + Duration.FromMinutes(1));
        recent.ForgetOld(Shop.Opening + Duration.FromMinutes(60) + Duration.FromTicks(1));
        Assert.Equal(1, recent.Count);
    }

    [Fact]
    public void An_erasure_within_a_transaction_of_the_host_empties_the_memory_of_the_engine_too()
    {
        var store = new InMemoryStore();
        var kernel = new Kernel(new ModuleSet([new ClubModule(new Condition.Any([]))], DayCalendars.None), new CrmOptions(), store, null);
        Keep(kernel.Recent, 1, 10);
        kernel.Once(store).ForgetEverybody();
        Assert.Equal(0, kernel.Recent.Count);
    }

    [Fact]
    public void A_later_commit_that_was_kept_first_stays()
    {
        var recent = new RecentCustomers(8, Duration.FromHours(1));
        Keep(recent, 1, 10, version: 3);
        Keep(recent, 1, 10, version: 2);
        Assert.Equal(3, recent.Find(CustomerRef.Of(new CustomerId(1)), Shop.Opening)?.Version);
        recent.Forget(new CustomerId(1), 2);
        Assert.Equal(1, recent.Count);
    }

    [Fact]
    public async Task What_falls_due_within_the_time_that_is_remembered_misleads_nobody()
    {
        var host = new Host(options: new CrmOptions { Zone = DateTimeZone.Utc, RememberFor = Duration.FromDays(1_000) });
        await host.RecordAsync("till:1", Shop.Amy, 1_000);
        await host.RecordAsync("till:2", Shop.Amy, 2_000);
        host.Clock.Advance(Duration.FromDays(400));
        Assert.Equal(1, (await host.Engine.RunDueAsync(cancellationToken: Token)).Customers);
        await host.RecordAsync("till:3", Shop.Amy, 4_000);
        Assert.Equal((3, 0), (host.Between.Loads, host.Between.Conflicts)); // the run loads who is due
    }

    private static CustomerEvent Purchase(string key, Identity customer, long cents) => Merges.Purchase(key, customer, cents);

    private static void Keep(RecentCustomers recent, int customer, int bytes, Instant? at = null, long version = 1)
    {
        var slot = new StoredSlot("kernel", 1, new byte[bytes].ToSequence());
        var commit = new Commit { Customer = new CustomerId((ulong)customer), ExpectedVersion = version - 1, Version = version, RecordedAt = Shop.Opening, Slots = [slot] };
        recent.Keep(new CustomerSnapshot { Version = version - 1 }, commit, [(Identity.User(customer), 1)], recent.Began, at ?? Shop.Opening);
    }

    /// <summary>A host with the defaults over a store that others write to as well.</summary>
    private sealed class Host
    {
        public static readonly CrmOptions Options = new() { Zone = DateTimeZone.Utc };

        private readonly CrmOptions chosen;

        public Host(InMemoryStore? store = null, CrmOptions? options = null)
        {
            chosen = options ?? Options;
            Store = store ?? new InMemoryStore();
            Between = new Counter(Store);
            Engine = Open(Between, 1);
        }

        public InMemoryStore Store { get; }

        public Counter Between { get; }

        public FakeClock Clock { get; } = new(Shop.Opening);

        public CrmEngine Engine { get; }

        /// <summary>The engine of another process.</summary>
        public CrmEngine Elsewhere(int seed = 2) => Open(Store, seed);

        public async Task<Receipt> RecordAsync(string key, Identity customer, long cents, Identity? alsoKnownAs = null) =>
            await Engine.RecordAsync(Purchase(key, customer, cents) with { AlsoKnownAs = alsoKnownAs is { } other ? [other] : [] }, Token);

        public async Task<decimal> PointsAsync(Identity customer) => (await Elsewhere().ReadAsync(CustomerRef.Of(customer), Token))!.Fact("club.points").AsNumber;

        /// <summary>Cuts a name behind the backs of all engines.</summary>
        public async Task CutAsync(Identity name)
        {
            var known = await Store.LoadAsync(CustomerRef.Of(name), Token);
            var commit = new Commit { Customer = known.Customer!.Value, ExpectedVersion = known.Version, Version = known.Version + 1, RecordedAt = Clock.GetCurrentInstant(), Severed = [name] };
            Assert.Equal(CommitResult.Done, await Store.CommitAsync(commit, Token));
        }

        private CrmEngine Open(ICustomerStore store, int seed) => new(store, [new ClubModule(new Condition.Any([]))], chosen, Clock, new SeededIdSource(seed));
    }

    // Of events that bring 1, 2, 4 and 8 points, the second is lost; another engine, which knows nothing of it, records the third; then the one that remembers the second records the fourth.
    private static async Task<decimal> PointsAfterLossAsync(Func<ICustomerStore, ICustomerStore> between)
    {
        var shop = Remembering(store => store);
        var kept = new InMemoryStore();
        var failing = new FailingOver(shop.Store);
        var engine = new CrmEngine(between(failing), shop.Modules, shop.Options, shop.Clock, new SeededIdSource(7));
        await engine.RecordAsync(Histories.Purchase("till:1", 1_000), Token);
        var replica = new CrmEngine(kept, shop.Modules, shop.Options, shop.Clock, new SeededIdSource(7));
        await replica.RecordAsync(Histories.Purchase("till:1", 1_000), Token);
        await engine.RecordAsync(Histories.Purchase("till:2", 2_000), Token);
        failing.To = kept;
        shop.Clock.Advance(Duration.FromSeconds(1));
        await replica.RecordAsync(Histories.Purchase("till:3", 4_000), Token);
        await engine.RecordAsync(Histories.Purchase("till:4", 8_000), Token);
        return (await replica.ReadAsync(CustomerRef.Of(Shop.Amy), Token))!.Fact("club.points").AsNumber;
    }

    private static Shop Remembering(Func<InMemoryStore, ICustomerStore> between) =>
        new Shop(new CrmOptions { Zone = DateTimeZone.Utc, RememberCustomers = 16 }, new ClubModule(new Condition.Any([]))).Over(between);

    private static Property Law(Func<InMemoryStore, ICustomerStore> between) =>
        Prop.ForAll(
            Arb.From(Gen.Zip(Histories.Clubs, Histories.WithRequests)),
            Arb.From(Gen.Choose(0, int.MaxValue)),
            async Task<bool> (given, seed) =>
            {
                var (club, events) = given;
                var alone = Shop.With(club with { Options = club.Options with { RememberCustomers = 0 } });
                var together = Shop.With(club with { Options = club.Options with { RememberCustomers = 16 } }).Over(between);
                var other = new CrmEngine(between(together.Store), together.Modules, together.Options, together.Clock, new SeededIdSource(7));
                events = [Histories.Birth, .. Histories.UnderTwoNames(events)];
                for (var i = 0; i < events.Length; i++)
                {
                    await alone.RecordAsync(events[i]);
                    together.Clock.Set(alone.Clock.GetCurrentInstant());
                    var turn = (seed >> (i % 31)) & 1;
                    var (first, second) = turn == 0 ? (together.Engine, other) : (other, together.Engine);
                    var receipt = await AnsweredAsync(first, events[i]);
                    if ((seed >> ((i + 7) % 31)) % 3 == 0)
                    {
                        Assert.Equal(receipt, await AnsweredAsync(second, events[i]));
                    }
                }

                Assert.Equal(await alone.PictureAsync(Histories.End, netted: false), await together.PictureAsync(Histories.End, netted: false));
                Assert.Equal(await alone.NamesAsync(), await together.NamesAsync());
                return true;
            });

    // Whoever loads each time was answered.
    private static async Task<Receipt> AnsweredAsync(CrmEngine engine, CustomerEvent happened)
    {
        Receipt? receipt = null;
        Assert.Null(await Record.ExceptionAsync(async () => receipt = await engine.RecordAsync(happened, Token)));
        return receipt!;
    }

    // Counts loads, and can be out of order.
    private sealed class LoadCounter(InMemoryStore store) : ICustomerStore
    {
        public int Loads { get; private set; }

        public bool IsDown { get; set; }

        public ValueTask<CustomerSnapshot> LoadAsync(CustomerRef customer, CancellationToken cancellationToken)
        {
            Loads++;
            return store.LoadAsync(customer, cancellationToken);
        }

        public ValueTask<CustomerHistory> LoadHistoryAsync(CustomerId customer, HistoryStart start, CancellationToken cancellationToken) => store.LoadHistoryAsync(customer, start, cancellationToken);

        public ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken) =>
            IsDown ? throw new IOException("The store is out of order.") : store.CommitAsync(commit, cancellationToken);

        public IAsyncEnumerable<JournalEntry> ReadJournalAsync(CustomerId customer, long afterVersion, CancellationToken cancellationToken) => store.ReadJournalAsync(customer, afterVersion, cancellationToken);
    }

    private sealed class VersionsOnly(ICustomerStore store) : Passing(store)
    {
        public override ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken) => base.CommitAsync(commit with { Upon = null }, cancellationToken);
    }

    // Becomes another store, as an address does behind which another server takes over.
    private sealed class FailingOver(ICustomerStore store) : Passing(store);

    private sealed class ConflictCounter(InMemoryStore store) : Passing(store), ICustomerIdentities
    {
        public ValueTask<IReadOnlyList<Identity>> IdentitiesOfAsync(CustomerId customer, CancellationToken cancellationToken) => store.IdentitiesOfAsync(customer, cancellationToken);

        public int Found { get; private set; }

        public override async ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken)
        {
            var result = await base.CommitAsync(commit, cancellationToken);
            Found += result is CommitResult.VersionConflict ? 1 : 0;
            return result;
        }
    }

    /// <summary>Counts, and lets somebody do something once, after a commit is written and before it is answered.</summary>
    private sealed class Counter(InMemoryStore store) : Passing(store), ICustomerIdentities, IAtomicCommits, IWakeups, IJournalDisposal, IJournalScan
    {
        private readonly InMemoryStore store = store;

        public int Loads { get; private set; }

        public int Commits { get; private set; }

        public int Conflicts { get; private set; }

        public Func<Task>? Written { get; set; }

        public override ValueTask<CustomerSnapshot> LoadAsync(CustomerRef customer, CancellationToken cancellationToken)
        {
            Loads++;
            return base.LoadAsync(customer, cancellationToken);
        }

        public override async ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken)
        {
            Commits++;
            var result = await base.CommitAsync(commit, cancellationToken);
            Conflicts += result is CommitResult.VersionConflict ? 1 : 0;
            if (Written is { } written)
            {
                Written = null;
                await written();
            }

            return result;
        }

        public ValueTask<IReadOnlyList<Identity>> IdentitiesOfAsync(CustomerId customer, CancellationToken cancellationToken) => store.IdentitiesOfAsync(customer, cancellationToken);

        public ValueTask<AtomicResult> CommitTogetherAsync(IReadOnlyList<Commit> commits, CancellationToken cancellationToken) => store.CommitTogetherAsync(commits, cancellationToken);

        public ValueTask<IReadOnlyList<CustomerId>> LeaseDueAsync(Instant due, Instant now, Instant until, int most, CancellationToken cancellationToken) => store.LeaseDueAsync(due, now, until, most, cancellationToken);

        public IAsyncEnumerable<CustomerId> ReadCustomersAsync(CancellationToken cancellationToken) => store.ReadCustomersAsync(cancellationToken);

        public IAsyncEnumerable<(CustomerId Customer, JournalEntry Entry)> ReadAllAsync(CancellationToken cancellationToken) => store.ReadAllAsync(cancellationToken);

        public IAsyncEnumerable<(CustomerId Customer, Ledger.LedgerEntry Entry)> ReadLedgerAsync(CancellationToken cancellationToken) => store.ReadLedgerAsync(cancellationToken);

        public IAsyncEnumerable<(CustomerId Customer, Identity Identity)> ReadIdentitiesAsync(CancellationToken cancellationToken) => store.ReadIdentitiesAsync(cancellationToken);

        public IAsyncEnumerable<(CustomerId Customer, Crm.Modules.Fact Fact)> ReadFactsAsync(CancellationToken cancellationToken) => store.ReadFactsAsync(cancellationToken);

        public ValueTask<CommitResult> DisposeOfAsync(JournalDisposal disposal, CancellationToken cancellationToken) => store.DisposeOfAsync(disposal, cancellationToken);

        public ValueTask<IReadOnlyList<Ledger.LedgerEntry>> LedgerOfAsync(CustomerId customer, CancellationToken cancellationToken) => store.LedgerOfAsync(customer, cancellationToken);
    }

    private abstract class Passing(ICustomerStore store) : ICustomerStore
    {
        public ICustomerStore To { get; set; } = store;

        public virtual ValueTask<CustomerSnapshot> LoadAsync(CustomerRef customer, CancellationToken cancellationToken) => To.LoadAsync(customer, cancellationToken);

        public ValueTask<CustomerHistory> LoadHistoryAsync(CustomerId customer, HistoryStart start, CancellationToken cancellationToken) => To.LoadHistoryAsync(customer, start, cancellationToken);

        public virtual ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken) => To.CommitAsync(commit, cancellationToken);

        public IAsyncEnumerable<JournalEntry> ReadJournalAsync(CustomerId customer, long afterVersion, CancellationToken cancellationToken) => To.ReadJournalAsync(customer, afterVersion, cancellationToken);
    }

    // Writes what was decided on top of whatever there is by now.
    private sealed class CarelessStore(InMemoryStore store) : ICustomerStore, IWakeups
    {
        public ValueTask<CustomerSnapshot> LoadAsync(CustomerRef customer, CancellationToken cancellationToken) => store.LoadAsync(customer, cancellationToken);

        public ValueTask<CustomerHistory> LoadHistoryAsync(CustomerId customer, HistoryStart start, CancellationToken cancellationToken) => store.LoadHistoryAsync(customer, start, cancellationToken);

        public async ValueTask<CommitResult> CommitAsync(Commit commit, CancellationToken cancellationToken)
        {
            var shift = (await store.LoadAsync(CustomerRef.Of(commit.Customer), cancellationToken)).Version - commit.ExpectedVersion;
            return await store.CommitAsync(
                commit with
                {
                    Upon = null,
                    ExpectedVersion = commit.ExpectedVersion + shift,
                    Version = commit.Version + shift,
                    Entries = commit.Entries.Select(entry => entry with { Version = entry.Version + shift }).ToSequence(),
                },
                cancellationToken);
        }

        public IAsyncEnumerable<JournalEntry> ReadJournalAsync(CustomerId customer, long afterVersion, CancellationToken cancellationToken) => store.ReadJournalAsync(customer, afterVersion, cancellationToken);

        public ValueTask<IReadOnlyList<CustomerId>> LeaseDueAsync(Instant due, Instant now, Instant until, int most, CancellationToken cancellationToken) => store.LeaseDueAsync(due, now, until, most, cancellationToken);
    }
}
