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
                var alone = Shop.With(club);
                var together = Shop.With(club with { Options = club.Options with { RememberCustomers = 16 } }).Over(between);
                var other = new CrmEngine(between(together.Store), together.Modules, together.Options, together.Clock, new SeededIdSource(7));
                for (var i = 0; i < events.Length; i++)
                {
                    await alone.RecordAsync(events[i]);
                    together.Clock.Set(alone.Clock.GetCurrentInstant());
                    var turn = (seed >> (i % 31)) & 1;
                    var (first, second) = turn == 0 ? (together.Engine, other) : (other, together.Engine);
                    var receipt = await first.RecordAsync(events[i], Token);
                    if ((seed >> ((i + 7) % 31)) % 3 == 0)
                    {
                        Assert.Equal(receipt, await second.RecordAsync(events[i], Token));
                    }
                }

                Assert.Equal(await alone.PictureAsync(Histories.End, netted: false), await together.PictureAsync(Histories.End, netted: false));
                return true;
            });

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

    private abstract class Passing(ICustomerStore store) : ICustomerStore
    {
        public ICustomerStore To { get; set; } = store;

        public ValueTask<CustomerSnapshot> LoadAsync(CustomerRef customer, CancellationToken cancellationToken) => To.LoadAsync(customer, cancellationToken);

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
